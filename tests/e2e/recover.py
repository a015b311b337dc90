"""Cases of recover.bats: runs on the simulated device, harmed in mid-run. `recover.py CASE` in an
empty directory; it prints what it saw and fails with an assertion."""
import ctypes
import glob
import json
import os
import pty
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import time

SRC, BUILD = os.environ["LWS_SRCDIR"], os.environ["LWS_BUILDDIR"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
from journal_reader import check_report, summary

COORD = os.path.join(BUILD, "lwstress-coord")
SLOW = 3 if os.environ.get("LWS_SANITIZE") else 1


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LWSTRESS_")}
    env.update(more)
    return env


def profile(seconds=2, scenarios=1):
    with open("mixed.json", "w") as file:
        json.dump({"name": "mixed", "scenarios": [
            {"name": "mixed%d" % i, "seconds": seconds, "rest_hz": 40, "ws_hz": 30,
             "rest_connections": 2, "ws_sessions": 1} for i in range(scenarios)]}, file)


class Run:
    """A coordinator with its simulated device; says what it wrote to stderr line by line."""

    def __init__(self, *options, faults="limits=off", env=None, limit=None, stdout=None, out="out",
                 **popen):
        self.out = out
        self.lines = []
        self.buf = b""
        self.process = subprocess.Popen(
            [COORD, "--simulate=" + faults, "--profile", "./mixed.json", "--out-dir", out,
             "--allow-incomplete", *options],
            env=env or environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            stdout=stdout or open("stdout", "wb"), preexec_fn=limit, **popen)

    def wait_line(self, word, seconds=20):
        end = time.monotonic() + seconds * SLOW
        while not any(word in line for line in self.lines):
            left = end - time.monotonic()
            assert left > 0 and self.read(left), "no line with %r in %r" % (word, self.lines)

    def read(self, timeout):
        fd = self.process.stderr.fileno()
        if not select.select([fd], [], [], max(0, timeout))[0]:
            return True
        data = os.read(fd, 65536)
        self.buf += data
        *lines, self.buf = self.buf.split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in lines]
        return bool(data)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, seconds=20):
        """Exit status once stderr is at its end and the process is gone."""
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end and self.read(end - time.monotonic()):
            pass
        status = self.process.wait(max(0.1, end - time.monotonic()))
        print("\n".join(self.lines))
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def children(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            return [int(pid) for pid in file.read().split()]


def one(pattern):
    found = glob.glob(pattern)
    assert len(found) == 1, (pattern, found)
    return found[0]


def read(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


def report(directory="out"):
    return json.loads(read(one(directory + "/*.json")))


def check_sums(r):
    for result in r["results"]:
        for load in (result["rest"], result["ws"]):
            assert load["sent"] == load["ok"] + load["errors"] + load["lost"], load


def recover(journal, out="recovered"):
    p = subprocess.run([COORD, "--recover", journal, "--out-dir", out], env=environment(),
                       capture_output=True, text=True, timeout=60)
    print(p.stderr)
    return p


def same():
    """A live report and its recovery are the same bytes."""
    profile(2, 2)
    assert Run().end() == 0
    p = recover(one("out/*.journal"))
    assert p.returncode == 0, p.returncode
    for ext in ("json", "md"):
        live, again = read(one("out/*." + ext), "rb"), read(one("recovered/*." + ext), "rb")
        assert len(live) > 1000 and live == again, ext
    journal = check_report(one("out/*.journal"), report())
    assert journal["ended"] and journal["loads"]["ws"]["1"]["sent"] > 30, journal


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_gone(pids, seconds):
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end, "left after %d s: %r" % (seconds, [p for p in pids if alive(p)])
        time.sleep(0.02)


def killed(seed=20260301, times=6):
    """SIGKILL at any moment: nobody is left, and the journal's content comes out, no more, no less."""
    chance = random.Random(seed)
    profile(2, 1)
    kept = 0
    for number in range(times):
        moment = chance.uniform(0.05, 2.3)
        run = Run(out="out%d" % number)
        run.wait_line("device http://")
        children = run.children()
        assert children, "no simulator"
        end = time.monotonic() + moment
        while time.monotonic() < end:
            run.read(end - time.monotonic())
            children = run.children() or children
        run.kill()
        wait_gone(children, 2 * SLOW)
        path = one("out%d/*.journal" % number)
        p = recover(path, "recovered%d" % number)
        journal = summary(path)
        print("seed %d, %.3f s: %d records" % (seed, moment, journal["records"]))
        if p.returncode == 2:
            assert "plan" in p.stderr and journal["records"] < 5, journal
            continue
        r = report("recovered%d" % number)
        check_report(path, r)
        check_sums(r)
        assert not journal["ended"] and not r["complete"] and not r["evidence"]["complete"], r["evidence"]
        assert "the run has no end" in json.dumps(r["evidence"]) + r["exit_reason"], r["exit_reason"]
        kept += journal["started"]
    assert kept >= times // 2, kept


def killed_while_stopped():
    """Who is stopped cannot see the coordinator's end, and must go all the same."""
    profile(20)
    run = Run()
    run.wait_line("(1 of 1)")
    children = run.children()
    assert len(children) == 4, children
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    run.kill()
    try:
        wait_gone(children, 2 * SLOW)
    finally:
        for pid in filter(alive, children):
            os.kill(pid, signal.SIGKILL)


def interrupted(number, status, words):
    profile(20)
    run = Run()
    run.wait_line("mixed0 (1 of 1)")
    time.sleep(1)
    begin = time.monotonic()
    run.signal(number)
    assert run.end() == status
    assert time.monotonic() - begin < 3 + SLOW
    r = report()
    check_sums(r)
    assert r["interrupted"] and r["exit_code"] == status and words in r["exit_reason"], r["exit_reason"]
    rest = r["results"][0]["rest"]
    assert rest["lost"] == 0 and rest["sent"] > 10, rest
    return r


def sigint():
    interrupted(signal.SIGINT, 130, "SIGINT")
    p = recover(one("out/*.journal"))
    assert p.returncode == 130 and report("recovered") == report()


def sigterm():
    interrupted(signal.SIGTERM, 143, "SIGTERM")


def sighup():
    interrupted(signal.SIGHUP, 143, "SIGHUP")


def twice():
    """Answers take 2.5 s; the second SIGINT does not wait for them, what was under way is lost."""
    profile(20)
    run = Run(faults="limits=off,latency=2500")
    run.wait_line("mixed0 (1 of 1)")
    time.sleep(1)
    begin = time.monotonic()
    run.signal(signal.SIGINT)
    run.wait_line("once more")
    run.signal(signal.SIGINT)
    assert run.end() == 130
    assert time.monotonic() - begin < 1.5 * SLOW, time.monotonic() - begin
    r = report()
    check_sums(r)
    assert r["results"][0]["rest"]["lost"] > 0, r["results"][0]["rest"]


def terminal():
    """The terminal is closed in mid-run: SIGHUP comes from the kernel, and the run goes on."""
    profile(3)
    pid, master = pty.fork()
    if pid == 0:
        os.execve(COORD, [COORD, "--simulate=limits=off", "--profile", "./mixed.json", "--out-dir", "out",
                          "--allow-incomplete"], environment())
    seen = b""
    end = time.monotonic() + 20 * SLOW
    while b"(1 of 1)" not in seen:
        assert time.monotonic() < end, seen
        if select.select([master], [], [], 0.5)[0]:
            seen += os.read(master, 4096)
    os.close(master)
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        assert time.monotonic() < end + 10, "it does not end"
        time.sleep(0.05)
    assert os.waitstatus_to_exitcode(status) == 0, status
    r = report()
    rest = r["results"][0]["rest"]
    assert rest["sent"] + rest["dropped_slots"] == 120 and not r["interrupted"], (rest, r["exit_reason"])
    assert any("terminal was closed" in n for n in r["notes"]), r["notes"]


def broken_stdout():
    profile(1)
    read_end, write_end = os.pipe()
    run = Run(stdout=write_end)
    os.close(write_end)
    os.close(read_end)
    assert run.end() == 0
    assert report()["overall"] == "PASS"


def file_limit():
    """A file may grow to 40 KiB: the journal stops there, the run and its reports do not."""
    profile(4)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40960, 40960))
    run = Run(limit=limit)
    assert run.end() == 5
    r = report()
    check_sums(r)
    assert r["results"][0]["rest"]["sent"] > 140 and r["exit_code"] == 5, r["exit_reason"]
    assert ".journal" in r["exit_reason"] and "File too large" in r["exit_reason"], r["exit_reason"]
    p = recover(one("out/*.journal"))
    again = report("recovered")
    check_report(one("out/*.journal"), again)
    assert 0 < again["results"][0]["rest"]["sent"] < r["results"][0]["rest"]["sent"], p.stderr


def elsewhere(run, words):
    assert run.end() == 5
    said = "\n".join(run.lines)
    assert words in said and "are in %s instead" % os.path.abspath("tmp") in said, said
    r = report("tmp")
    check_sums(r)
    assert r["exit_code"] == 5 and r["results"][0]["rest"]["sent"] > 60, r["exit_reason"]
    assert words in r["exit_reason"], r["exit_reason"]
    assert os.path.abspath(one("tmp/*.json")) in read("stdout"), read("stdout")
    return r


def full_disk():
    """A file system of 128 KiB that another fills: reports go to TMPDIR."""
    profile(3)
    os.mkdir("small")
    os.mkdir("tmp")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"small", b"tmpfs", 0, b"size=128k") != 0:
        print("no right to mount: left out")
        return
    try:
        run = Run(env=environment(TMPDIR=os.path.abspath("tmp")), out="small")
        run.wait_line("(1 of 1)")
        with open("small/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        r = elsewhere(run, "No space left on device")
        assert ".journal" in r["exit_reason"], r["exit_reason"]
    finally:
        libc.umount(b"small")


def removed_dir():
    profile(2)
    os.mkdir("tmp")
    run = Run(env=environment(TMPDIR=os.path.abspath("tmp")))
    run.wait_line("(1 of 1)")
    shutil.rmtree("out")
    elsewhere(run, ".journal was removed")


def dir_made_file():
    profile(2)
    os.mkdir("tmp")
    run = Run(env=environment(TMPDIR=os.path.abspath("tmp")))
    run.wait_line("(1 of 1)")
    os.rename("out", "was_out")
    with open("out", "w"):
        pass
    elsewhere(run, "Not a directory")


def deadline():
    """The deadline holds though a worker is stopped and cannot hear of it."""
    profile(30)
    begin = time.monotonic()
    run = Run("--deadline", "3s")
    run.wait_line("(1 of 1)")
    summary_pids = summary(one("out/*.journal"))["pids"]
    os.kill(summary_pids[0], signal.SIGSTOP)
    assert run.end() == 143
    assert time.monotonic() - begin < 6 + 2 * SLOW, time.monotonic() - begin
    wait_gone(summary_pids, 1)
    r = report()
    check_sums(r)
    assert "deadline" in r["exit_reason"], r["exit_reason"]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
