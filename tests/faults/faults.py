"""Faults injected into runs, row by row of the table beside this file, or by chance.

    faults.py names [quick]     the rows
    faults.py run NAME          in an empty directory
    faults.py all [quick]       side by side, each in a directory of its own; status in NAME/status
    faults.py soak SECONDS SEED random faults, at most 100, in runs one after the other
"""
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["LWS_BUILDDIR"]
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "e2e")]
from journal_reader import check_report, summary
from recover import alive, check_sums, environment, one, read, report, wait_gone
from ws_peers import Device, reply_to

COORD = os.path.join(BUILD, "lwstress-coord")
SLOW = 3 if os.environ.get("LWS_SANITIZE") else 1
REST_HZ, WS_HZ = 100, 50
# The sanitizers must leave our signals alone, or a worker would not die of what it is sent.
SANITIZER = ":".join("handle_%s=0" % name for name in ("segv", "abort", "sigbus", "sigill"))


def rows():
    with open(os.path.join(HERE, "table")) as file:
        for line in file:
            if line.strip() and line[0] != "#":
                yield line.split()


def row(name):
    return next(r for r in rows() if r[0] == name)


class Servers:
    """The two servers that count; nothing of them is lwstress's."""

    def __init__(self):
        self.rest = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "..", "lib", "count_server.py"), "--out", "counts.json",
             "--latency", "5"], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.rest.stdout.readline())["url"]
        self.boot = time.monotonic()
        self.ws = Device(self.answer, self.greet)

    def uptime(self):
        return int(time.monotonic() - self.boot)

    async def greet(self, ws, device):
        await ws.send(json.dumps({"type": "status", "uptime": self.uptime(), "freeHeap": 26000}))

    async def answer(self, ws, request, device):
        await ws.send(json.dumps(reply_to(request, self.uptime())))

    def counts(self):
        self.rest.terminate()
        self.rest.wait(10)
        self.rest.stdout.close()
        return {"rest": sum(json.loads(read("counts.json"))["load"].values()),
                "ws": len(self.ws.messages)}


class Run:
    """A coordinator in its own directory, and what the kernel shows of it and its children."""

    def __init__(self, seconds, servers=None):
        self.seconds = seconds
        self.seen = set()
        self.fds, self.rss = [], []
        load = (REST_HZ, WS_HZ) if servers else (40, 20)
        with open("mixed.json", "w") as file:
            json.dump({"name": "mixed", "scenarios": [
                {"name": "mixed", "seconds": seconds, "rest_hz": load[0], "ws_hz": load[1],
                 "rest_connections": 4, "ws_sessions": 2 if servers else 1}]}, file)
        device = (["--host", servers.url, "--ws-url", servers.ws.url, "--serial-port", "none"] if servers
                  else ["--simulate=limits=off"])
        self.stderr = open("stderr", "wb")
        self.process = subprocess.Popen(
            [COORD, *device, "--profile", "./mixed.json", "--out-dir", "out", "--allow-incomplete"],
            env=environment(ASAN_OPTIONS=SANITIZER), stdin=subprocess.DEVNULL, stderr=self.stderr,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))

    def children(self):
        """{"rest": pid, "ws": pid, "serial": pid, "sim": pid} as far as they live."""
        out = {}
        try:
            pids = read("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).split()
        except OSError:
            return out
        for pid in map(int, pids):
            try:
                words = read("/proc/%d/cmdline" % pid).split("\0")
            except OSError:
                continue
            if words[0].endswith("lwstress-worker"):
                out[words[1]] = pid
            elif words[0].endswith("lwstress-sim"):
                out["sim"] = pid
            self.seen.add(pid)
        return out

    def measure(self):
        """With every worker alive and none on its way out, the coordinator's descriptors are counted."""
        try:
            self.fds.append(len(os.listdir("/proc/%d/fd" % self.process.pid)))
            status = read("/proc/%d/status" % self.process.pid)
        except OSError:
            return
        self.rss += [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]

    def wait_word(self, word, seconds=20):
        end = time.monotonic() + seconds * SLOW
        while word not in read("stderr"):
            assert time.monotonic() < end and self.process.poll() is None, read("stderr")
            self.children()
            time.sleep(0.01)

    def wait_child(self, name, seconds):
        end = time.monotonic() + seconds
        while name not in self.children():
            if time.monotonic() >= end or self.process.poll() is not None:
                return None
            time.sleep(0.005)
        return self.children().get(name)

    def end(self, limit):
        end = time.monotonic() + limit
        while self.process.poll() is None and time.monotonic() < end:
            self.children()
            time.sleep(0.02)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it did not end in time:\n" + read("stderr"))
        self.stderr.close()
        wait_gone(self.seen, 2 * SLOW)
        return self.process.returncode


def send(pid, fault):
    """Returns True when the process was there to get it."""
    name, _, pause = fault.partition("/")
    try:
        os.kill(pid, getattr(signal, "SIG" + name))
        if pause:
            time.sleep(float(pause))
            os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return False
    return True


def inject(run, targets, faults, moment):
    kind, _, when = moment.partition("=")
    number = 0
    if when == "ready":
        pid = run.wait_child(targets[0], 10 * SLOW)
        assert pid and send(pid, faults[0]), "no process to harm"
        return [(targets[0], faults[0])]
    done = []
    run.wait_word("(1 of 1)")
    start = time.monotonic()
    while True:
        number += 1
        due = start + float(when) * number
        if time.monotonic() > start + run.seconds - 1 and kind == "every":
            return done
        while time.monotonic() < due and run.process.poll() is None:
            run.children()
            time.sleep(0.01)
        target, fault = targets[number % len(targets)], faults[number // len(targets) % len(faults)]
        for one_of in target.split("+"):
            pid = run.process.pid if one_of == "coord" else run.wait_child(one_of, 3)
            if pid and run.process.poll() is None and send(pid, fault):
                done.append((one_of, fault))
        if kind == "at" or run.process.poll() is not None:
            return done


def check_workers(r):
    """Per worker and in total: what was begun has ended, as ok or error, or is lost."""
    for load, role in (("rest", "rest"), ("ws", "ws")):
        lives = [w for w in r["workers"] if w["role"] == role]
        total = r["results"][0][load]
        assert sum(w["lost_ops"] for w in lives) == total["lost"], (role, lives, total)
        assert sum(w["ops_begun"] for w in lives) == total["sent"], (role, total["sent"])
        assert sum(w["ops_ended"] for w in lives) == total["ok"] + total["errors"], (role, total)
        for w in lives:
            assert w["ops_begun"] == w["ops_ended"] + w["lost_ops"], w
        assert total["planned"] == total["sent"] + total["dropped_slots"] + total["missed_slots"], total


def check_counts(r, counts):
    """What ended reached the server; of what is lost, nobody can know."""
    for load, got in counts.items():
        total = r["results"][0][load]
        print("%s: %d sent, %d at the server, %d lost, %d errors" %
              (load, total["sent"], got, total["lost"], total["errors"]))
        assert 0 <= total["sent"] - got <= total["lost"] + total["errors"], (load, total["sent"], got)


def check_whole(run, status, expect):
    r = report()
    check_sums(r)
    check_workers(r)
    check_report(one("out/*.journal"), r)
    assert r["exit_code"] == status, (r["exit_code"], status)
    if expect in ("ends", "restarted"):
        assert status in (0, 4), (status, r["exit_reason"])
        assert abs(r["results"][0]["actual_s"] - run.seconds) < 4 * SLOW, r["results"][0]["actual_s"]
    elif expect == "fails":
        assert status == 1, (status, r["exit_reason"])
    else:
        assert status in (130, 143) and r["interrupted"], (status, r["exit_reason"])
    return r


def check_recovered():
    p = subprocess.run([COORD, "--recover", one("out/*.journal"), "--out-dir", "recovered"],
                       env=environment(), capture_output=True, text=True, timeout=60)
    if p.returncode == 2 and summary(one("out/*.journal"))["records"] < 5:
        return None
    r = report("recovered")
    check_sums(r)
    check_workers_of_part(r)
    check_report(one("out/*.journal"), r)
    assert not r["complete"] or summary(one("out/*.journal"))["ended"], r["exit_reason"]
    return r


def check_workers_of_part(r):
    for w in r["workers"]:
        assert w["ops_begun"] == w["ops_ended"] + w["lost_ops"], w


def no_complaint():
    for word in ("Sanitizer", "runtime error:", "Assertion"):
        assert word not in read("stderr"), read("stderr")


def run_row(name):
    _, _, device, seconds, moment, target, fault, expect = row(name)
    servers = Servers() if device == "py" else None
    run = Run(float(seconds), servers)
    try:
        done = inject(run, target.split(","), fault.split(","), moment)
        print("injected:", done)
        assert done, "nothing was injected"
        status = run.end(run.seconds + 20 * SLOW)
    finally:
        counts = servers.counts() if servers else None
        if run.process.poll() is None:
            run.process.kill()
    no_complaint()
    if expect == "recovered":
        r = check_recovered()
    else:
        r = check_whole(run, status, expect)
    if counts:
        check_counts(r, counts)
    if expect == "restarted":
        for role in {t for t, _ in done}:
            assert [w for w in r["workers"] if w["role"] == role and w["generation"] > 1], role
    print(r["exit_reason"])


def run_all(names, side_by_side):
    """A process for each row, so that one that hangs or fails leaves the others alone."""
    left, running, failed = list(names), {}, []
    while left or running:
        while left and len(running) < side_by_side:
            name = left.pop(0)
            os.mkdir(name)
            with open(os.path.join(name, "log"), "wb") as log:
                running[name] = subprocess.Popen([sys.executable, os.path.abspath(__file__), "run", name],
                                                 cwd=name, stdout=log, stderr=log)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                failed += [name] if process.returncode else []
                with open(os.path.join(name, "status"), "w") as file:
                    file.write(str(process.returncode))
        time.sleep(0.05)
    return failed


RANDOM = [("rest", "KILL"), ("rest", "SEGV"), ("rest", "ABRT"), ("rest", "STOP"), ("rest", "STOP/0.5"),
          ("ws", "KILL"), ("ws", "SEGV"), ("ws", "ABRT"), ("ws", "STOP"), ("ws", "BUS"),
          ("serial", "KILL"), ("serial", "STOP"), ("serial", "ILL"),
          ("coord", "STOP/0.5"), ("sim", "STOP/0.5")]
LAST = [("coord", "KILL"), ("coord", "ABRT"), ("coord", "INT"), ("coord", "TERM"), ("sim", "KILL"), None]


def soak_run(chance, until, left):
    """One run with faults by chance; returns how many were injected."""
    run = Run(30.0)
    last = chance.choice(LAST)
    done = []
    try:
        run.wait_word("(1 of 1)", 30)
        start = time.monotonic()
        while len(done) < left - 1 and time.monotonic() < min(start + 24, until - 3):
            pause = time.monotonic() + chance.uniform(0.2, 2.0)
            while time.monotonic() < pause:
                if len(run.children()) == 4:
                    run.measure()
                time.sleep(0.05)
            target, fault = chance.choice(RANDOM)
            pid = run.process.pid if target == "coord" else run.children().get(target)
            if pid and send(pid, fault):
                done.append((target, fault))
        if last or time.monotonic() > until - 3:
            target, fault = last or ("coord", "INT")
            pid = run.process.pid if target == "coord" else run.children().get(target)
            done += [(target, fault)] if pid and send(pid, fault) else []
        status = run.end(30 + 20 * SLOW)
    finally:
        if run.process.poll() is None:
            run.process.kill()
    no_complaint()
    if status in (-signal.SIGKILL, -signal.SIGABRT):
        check_recovered()
    else:
        r = report()
        check_sums(r)
        check_workers(r)
        check_report(one("out/*.journal"), r)
        assert r["exit_code"] == status and status in (0, 1, 4, 130, 143), (status, r["exit_reason"])
    check_leaks(run)
    print("%3d faults, exit %4d, descriptors %s to %s, RSS %s to %s kB: %s" % (
        len(done), status, min(run.fds, default=0), max(run.fds, default=0), min(run.rss, default=0),
        max(run.rss, default=0), " ".join("%s:%s" % d for d in done)), flush=True)
    return len(done)


def check_leaks(run):
    """A restart may be under way when descriptors are counted: two pipes, no more."""
    n = len(run.fds)
    if n < 20:
        return
    assert max(run.fds) <= min(run.fds) + 4, run.fds
    assert min(run.fds[n // 2:]) <= min(run.fds[:n // 2]), run.fds
    grown = max(run.rss[n // 2:]) - max(run.rss[:n // 2])
    assert grown < 2048 * (8 if SLOW > 1 else 1), run.rss


def soak(seconds, seed, faults=100):
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    total = runs = 0
    print("soak: %d faults or %d s, seed %d" % (faults, seconds, seed), flush=True)
    while total < faults and time.monotonic() < until - 8:
        os.mkdir("run%d" % runs)
        os.chdir("run%d" % runs)
        total += soak_run(chance, until, faults - total)
        os.chdir("..")
        runs += 1
    print("soak: %d faults in %d runs, seed %d: no report lost, nothing left behind" % (total, runs, seed))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    names = [r[0] for r in rows() if arguments != ["quick"] or r[1] == "quick"]
    if what == "names":
        print("\n".join(names))
    elif what == "run":
        run_row(arguments[0])
    elif what == "all":
        failed = run_all(names, 12 if arguments == ["quick"] else 4)
        for name in failed:
            print("failed: %s\n%s" % (name, read(os.path.join(name, "log"))))
        sys.exit(1 if failed else 0)
    else:
        soak(int(arguments[0]), int(arguments[1]))


main()
