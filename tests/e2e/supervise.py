"""Cases of supervise.bats: `supervise.py run` in an empty directory runs the coordinator once for
each case, side by side; `supervise.py check CASE` looks at what came of it."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

SRC, BUILD = os.environ["LWS_SRCDIR"], os.environ["LWS_BUILDDIR"]
LIMIT_S = 55

# case: how often it misbehaves, exit status, words of the reason in the report, options
CASES = {
    "good": ("once", 0, "", ()),
    "closed_stderr": ("once", 0, "", ()),
    "no_hello": ("always", 5, "no HELLO came in time", ()),
    "wrong_version": ("always", 5, "protocol 2", ()),
    "wrong_role": ("always", 5, "role 1", ()),
    "wrong_generation": ("always", 5, "HELLO is of role 0 generation", ()),
    "wrong_pid": ("always", 5, "HELLO of process", ()),
    "hello_twice": ("always", 5, "HELLO came twice", ()),
    "garbage": ("always", 5, "bad frame", ()),
    "huge_length": ("always", 5, "bad frame", ()),
    "bomb": ("always", 5, "more elements than", ()),
    "crash_before_ready": ("always", 5, "signal 11", ()),
    "silent_before_ready": ("always", 5, "no READY came in time", ("--preflight-timeout", "0.1")),
    "no_interpreter": ("always", 5, "could not be executed", ()),
    "crash_after_ready": ("once", 0, "signal 6", ()),
    "leaves": ("once", 0, "left without being told", ()),
    "silent": ("once", 0, "silent for 5 s", ("--scenario-duration", "8")),
    "liar": ("once", 0, "scenario 63", ()),
    "flood": ("once", 0, "more than 100000 frames", ()),
    "half_frame": ("once", 0, "within a frame", ()),
    "crash_in_flight": ("once", 0, "exit status 9", ()),
    "ignores_stop": ("always", 0, "did not leave when told", ()),
    "missing": ("always", 5, "", ()),
}
LIVES = {"good": 1, "closed_stderr": 1, "ignores_stop": 1, "missing": 0}


def prepare(case):
    os.mkdir(case)
    shutil.copy(os.path.join(BUILD, "lwstress-coord"), case)
    for name in ("fake_worker.py", "worker_driver.py"):
        shutil.copy(os.path.join(SRC, "tests", "lib", name), case)
    with open(os.path.join(case, "fake_worker.py")) as f:
        text = f.read().split("\n", 1)[1]
    worker = os.path.join(case, "lwstress-worker")
    if case != "missing":
        with open(worker, "w") as f:
            f.write("#!%s\n%s" % ("/nowhere/python" if case == "no_interpreter" else sys.executable, text))
        os.chmod(worker, 0o755)
    with open(os.path.join(case, "mode"), "w") as f:
        f.write("%s %s" % (case, CASES[case][0]))
    with open(os.path.join(case, "fake.json"), "w") as f:
        json.dump({"name": "fake", "scenarios": [{"name": "fake", "seconds": 3, "rest_hz": 10}]}, f)


def start(case):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LWSTRESS_")}
    with open(os.path.join(case, "stderr"), "wb") as err:
        return subprocess.Popen(
            ["./lwstress-coord", "--host", "http://127.0.0.1:9", "--serial-port", "none", "--out-dir",
             "out", "--profile", "./fake.json", "--allow-incomplete"] + list(CASES[case][3]),
            cwd=case, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
            preexec_fn=(lambda: os.close(2)) if case == "closed_stderr" else None)


def run():
    running = {}
    for case in CASES:
        prepare(case)
        running[case] = start(case)
    end = time.monotonic() + LIMIT_S
    for case, process in running.items():
        try:
            status = process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            status = "not ended in %d s" % LIMIT_S
        with open(os.path.join(case, "status"), "w") as f:
            f.write(str(status))


def alive(pid, case):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return b"lwstress-worker" in f.read()
    except OSError:
        return False


def pids_of(case):
    try:
        with open(os.path.join(case, "pids")) as f:
            return [int(line) for line in f]
    except OSError:
        return []


def check_counts(r, case):
    rest = r["results"][0]["rest"]
    assert rest["sent"] == rest["ok"] + rest["errors"] + rest["lost"], rest
    assert rest["lost"] == (3 if case == "crash_in_flight" else 0), rest
    assert rest["errors"] == 0 and rest["ok"] >= 3, rest
    assert rest["sent"] + rest["dropped_slots"] + rest["missed_slots"] == rest["planned"], rest


def check_backoff(workers):
    """0.25 s doubling, looked at every 0.25 s; a busy machine may add to that."""
    for i, (before, after) in enumerate(zip(workers, workers[1:])):
        pause = after["start_s"] - before["end_s"]
        assert 0.25 * 2 ** i - 0.001 <= pause < 0.25 * 2 ** i + 2, (i, pause)


def check_journal(case):
    """What the coordinator says must not land in the first file that it opened."""
    with open(glob.glob(os.path.join(case, "out", "*.journal"))[0], "rb") as f:
        data = f.read()
    assert data.startswith(b"LWSJRNL1") and b"[00:" not in data, data[:200]


def check(case):
    times, status, words, _ = CASES[case]
    with open(os.path.join(case, "status")) as f:
        got = f.read()
    with open(os.path.join(case, "stderr")) as f:
        said = f.read()
    print(said)
    assert got == str(status), "exit status %s instead of %d" % (got, status)
    left = [pid for pid in pids_of(case) if alive(pid, case)]
    assert not left, "left behind: %r" % left
    if case == "missing":
        assert "lwstress-worker" in said, said
        assert os.listdir(os.path.join(case, "out")) == [], os.listdir(os.path.join(case, "out"))
        return
    with open(glob.glob(os.path.join(case, "out", "*.json"))[0]) as f:
        report = json.load(f)
    assert report["exit_code"] == status, report["exit_code"]
    check_journal(case)
    workers = report["workers"]
    lives = LIVES.get(case, 5 if times == "always" else 2)
    assert [w["generation"] for w in workers] == list(range(1, lives + 1)), workers
    assert all(w["role"] == "rest" and w["restarts"] == lives - 1 for w in workers), workers
    for w in workers[:1 if times == "once" else lives]:
        assert words in (w["reason"] or ""), w["reason"]
        assert words in said, said
    assert [w["pid"] for w in workers] == pids_of(case) or case == "no_interpreter", workers
    check_backoff(workers)
    if status == 5:
        assert "lost for good" in report["exit_reason"], report["exit_reason"]
        assert not report["evidence"]["complete"]
    else:
        check_counts(report, case)
        assert report["overall"] == "PASS", report["exit_reason"]
        assert workers[-1]["wanted_exit"] == (case != "ignores_stop"), workers


if __name__ == "__main__":
    run() if sys.argv[1] == "run" else check(sys.argv[2])
