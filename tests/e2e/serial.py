"""Cases of serial.bats: `serial.py run` in an empty directory runs all of them, most side by side,
each in a directory of its own; `serial.py check CASE` tells what came of one."""
import collections
import glob
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

SRC, BUILD = os.environ["LWS_SRCDIR"], os.path.abspath(os.environ["LWS_BUILDDIR"])
sys.path[:0] = [os.path.join(SRC, "tests", "lib"), os.path.join(SRC, "tests", "e2e")]
from console import Console  # noqa: E402

LIMIT_S = 100
FATAL = ("Guru Meditation", "Backtrace", "abort()", "rst:0x", "Rebooting...")


class Run:
    """One run of the coordinator in the current directory."""

    def __init__(self, *options, program=os.path.join(BUILD, "lwstress-coord"), env=None):
        env = {k: v for k, v in (env or os.environ).items() if not k.startswith("LWSTRESS_")}
        self.begin = time.monotonic()
        with open("said", "wb") as said:
            self.process = subprocess.Popen([program, "--out-dir", "out", *options], env=env,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)

    def said(self):
        with open("said", encoding="utf-8", errors="replace") as said:
            return said.read()

    def wait_said(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.said(), re.M):
            assert time.monotonic() < end and self.process.poll() is None, self.said()
            time.sleep(0.02)
        return self

    def started(self):
        """Wait for the first scenario."""
        return self.wait_said(r"\(1 of \d+\)")

    def workers(self, role="serial"):
        out = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
                             stdout=subprocess.PIPE, check=True).stdout.decode()
        return [int(line.split()[0]) for line in out.splitlines() if line.endswith(" " + role) or
                " %s " % role in line]

    def over(self, *status):
        """Wait for the end, which must have one of these statuses."""
        _, code, self.usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(code)
        self.took = time.monotonic() - self.begin
        print(self.said())
        with open(glob.glob("out/*.json")[0], encoding="utf-8") as f:
            self.d = json.load(f)
        with open(glob.glob("out/*.md")[0], encoding="utf-8") as f:
            self.md = f.read()
        self.r = self.d["results"][0]
        self.serial = self.r["serial"]
        self.gaps = [g["what"] for g in self.d["evidence"]["gaps"]]
        got = self.process.returncode
        subprocess.run([sys.executable, "-B", os.path.join(SRC, "tests", "lib", "check_report.py"), "json",
                        os.path.join(SRC, "coordinator", "lwstress-report.schema.json"),
                        *glob.glob("out/*.json")], check=True)
        assert got == self.d["exit_code"] and got in status, (got, self.d["exit_reason"])
        return self

    def log(self):
        """The serial log as (time, line)."""
        with open(glob.glob("out/*.serial.log")[0], "rb") as f:
            data = f.read()
        assert data.endswith(b"\n")
        out = [line.split(b" ", 1) for line in data[:-1].split(b"\n")]
        stamps = [stamp.decode() for stamp, _ in out]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d+Z", s) for s in stamps), stamps[:3]
        assert stamps == sorted(stamps)
        return [line for _, line in out]

    def reboots(self, ours=False):
        return [b for b in self.d["reboots"] if b["harness_caused"] == ours]


class Simulator:
    def __init__(self, *options):
        self.process = subprocess.Popen([os.path.join(BUILD, "lwstress-sim"), *options],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.ready = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def profile(seconds, rest=5, ws=5):
    with open("mixed.json", "w", encoding="utf-8") as f:
        json.dump({"name": "mixed", "scenarios": [{
            "name": "mixed", "seconds": seconds, "rest_hz": rest, "rest_connections": 1,
            "ws_hz": ws, "ws_sessions": 1 if ws else 0}]}, f)
    return "--profile", "mixed.json"


def serial_only(seconds, *options, console=None):
    console = console or Console().appear()
    run = Run("--serial-only", "--serial-duration", str(seconds), "--serial-port", console.link, *options)
    return console, run.started()


def chatter(console, seconds, every=0.1):
    """Log lines until the time is over; how many they were."""
    end, n = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        console.log(b"line")
        n += 1
        time.sleep(every)
    return n


# What the console says is counted exactly.

LOOK_ALIKES = (b"free=1 minFree=2", b"Heap: 3 / min 4", b"xinternal=5", b"internal=6x", b"internal=7.5",
               b"internal:8", b"my_internal_heap=9", b"largest=", b"internal=-10", b"total.largest=11")


def a_line(rng, console):
    c = [rng.choice((b"\x1b[1;32m", b"\x1b[0m", b"\x1b[38;5;208m")) if rng.random() < 0.5 else b""
         for _ in range(3)]
    heap, largest = rng.randrange(13000, 40000), rng.randrange(100, 9000)
    text = rng.choice((b"Heap diag: internal=%d %slargest=%d shed=0" % (heap, c[2], largest),
                       b"internal_heap=%d" % heap, rng.choice(LOOK_ALIKES), b"\x00\xff\xc3 plain"))
    return b"[%d]%s[INFO]%s[Heap] %s" % (console.ms(), c[0], c[1], text)


def case_rates():
    rng = random.Random(11)
    console, run = serial_only(7)
    sent = []
    for rate, seconds in ((1, 2), (100, 1), (5000, 2)):
        begin, done = time.monotonic(), 0
        while done < rate * seconds:
            due = min(rate * seconds, int((time.monotonic() - begin) * rate) + 1)
            batch = [a_line(rng, console) for _ in range(due - done)]
            sent += batch
            done = due
            data = b"".join(x + rng.choice((b"\n", b"\r\n")) for x in batch)
            while data:
                n = rng.randrange(1, 300)
                console.write(data[:n])
                data = data[n:]
            time.sleep(max(0.0, min(0.02, begin + done / rate - time.monotonic())))
    print("sent %d lines" % len(sent))
    run.over(0)
    plain = [re.sub(rb"\x1b\[[0-9;]*m", b"", x) for x in sent]
    heap = [int(m[1]) for x in plain for m in [re.search(rb" (?:internal|internal_heap)=(\d+)(?: |$)", x)] if m]
    largest = [int(m[1]) for x in plain for m in [re.search(rb" largest=(\d+) ", x)] if m]
    assert len(heap) > 4000 and len(largest) > 2000
    assert run.r["serial_lines"] == len(sent), (run.r["serial_lines"], len(sent))
    for name, values in (("heap", heap), ("largest", largest)):
        got = [run.r["%s_%s" % (name, part)] for part in ("samples", "min", "max", "avg")]
        assert got[:3] == [len(values), min(values), max(values)], (got, name)
        assert abs(got[3] - sum(values) / len(values)) <= 0.00051, (got, name)
    assert run.log() == sent
    assert run.serial["unlogged_lines"] == run.serial["truncated_lines"] == 0
    assert run.serial["held_ratio"] > 0.95 and run.serial["gaps"] == [] and run.gaps == []
    assert run.d["serial_port"] == os.path.realpath(console.link)


def case_findings():
    console, run = serial_only(7)
    console.log(b"Low-heap shedding ENABLED (internal=19872, largest=11252, shed<20480,resume>26624)")
    for i in range(4):
        time.sleep(0.5)
        console.log(b"Low-heap shedding active (internal=11999, largest=7396, resume>26624)")
    console.log(b"Low-heap shedding DISABLED (internal=27668, largest=17396)")
    console.log(b"MALLOC FAILED: Requested 12 bytes")
    console.log(b"HEAP CORRUPTION DETECTED!")
    console.log(b"MALLOC FAILED: Requested 13 bytes")
    time.sleep(1)
    console.log(b"Low-heap shedding ENABLED (internal=19872, largest=11252, shed<20480,resume>26624)")
    run.over(0)
    shed = run.serial["shedding"]
    assert shed["last"] == "on" and 2 + 2.5 < shed["duration_s"] < 2 + 4.5, shed
    assert run.r["shedding_lines"] == 7 and run.r["heap_min"] == 11999
    assert run.serial["warnings"] == {"heap_corruption": 1, "malloc_failed": 2}
    assert re.search(r"MALLOC FAILED.*: 2$", run.md, re.M) and "below 12,000 bytes" in run.md


def case_bench():
    """The lines that the manual page asks for are those that are understood."""
    with open(os.path.join(SRC, "man", "lwstress-coord.1"), encoding="utf-8") as f:
        page = re.search(r"^\.Sh BURN-IN.*?^\.Sh ", f.read(), re.M | re.S)[0].replace("\\(dq", '"')
    lines = re.findall(r'^\.Li ((?:\[|\{|Heap diag).*)$', page, re.M)
    fatal = re.findall(r"^\.Li (Guru.*)$", page, re.M)[0].replace("\\&", "").split(" , ")
    assert len(lines) == 3 and fatal == [FATAL[0], FATAL[1], FATAL[2], FATAL[3], FATAL[4]], (lines, fatal)
    console, run = serial_only(5)
    for line in lines:
        console.write(line.removesuffix(" ,").replace("...", "x").encode() + b"\n")
        time.sleep(0.5)
    for text in fatal:
        console.write(b"x " + text.encode() + b" 1\n")
    run.over(1)
    assert (run.r["heap_min"], run.r["largest_min"]) == (27664, 17396)
    assert [g["samples"] for g in run.d["gates"] if g["name"] == "uptime_reset"] == [2], run.d["gates"]
    assert run.r["fatal_lines"] == len(fatal)


# Reboots.

def case_panic_mixed():
    run = Run("--simulate=panic-at=4,reboot-time=1", "--allow-incomplete", *profile(10)).over(1)
    assert run.r["uptime_resets"] == 1, run.d["reboots"]
    reboot, = run.reboots()
    assert {"fatal_line", "reset_line", "log_clock", "rest_uptime", "ws_uptime"} == set(reboot["sources"]), reboot
    assert reboot["reset_reason"] == 0xc and "panic" in reboot["reset_reason_text"], reboot
    assert any(x.startswith("Backtrace: 0x4200f9cf") for x in reboot["lines"]), reboot
    assert "Backtrace: 0x4200f9cf" in run.md
    fatal = [x for x in run.log() if any(f in x.decode(errors="replace") for f in FATAL)]
    own = run.reboots(ours=True)
    assert run.r["fatal_lines"] == len(fatal) - len(own) == 4, (fatal, own)
    assert run.r["ws_connects"] == 2 and run.r["rest"]["ok"] > 30, run.r["rest"]
    assert run.log()[-1] != fatal[-1], "nothing was read after the boot"
    assert run.d["overall"] == "FAIL" and run.serial["opens"] == 1


LONG_TRACE = b"Backtrace: " + b" ".join(b"0x4200%04x:0x3fce%04x" % (i, i) for i in range(40))


def case_panic_serial():
    """No rst line: that it rebooted, only the log's clock can tell."""
    console, run = serial_only(8)
    n = chatter(console, 3)
    block = [b"Guru Meditation Error: Core  1 panic'ed (LoadProhibited).", b"Core  1 register dump:",
             LONG_TRACE, b"Rebooting..."]
    console.write(b"\r\n".join(block) + b"\r\n")
    time.sleep(0.5)
    console.boot()
    n += chatter(console, 2)
    run.over(1)
    reboot, = run.d["reboots"]
    assert set(reboot["sources"]) == {"fatal_line", "log_clock"}, reboot
    assert reboot["lines"][:4] == [x.decode() for x in block] and len(reboot["lines"]) <= 5, reboot
    assert run.r["uptime_resets"] == 1 and run.r["fatal_lines"] == 3
    assert run.r["serial_lines"] == n + len(block)


def case_trace_first():
    """The first line of a crash may be the long one."""
    console, run = serial_only(3)
    console.write(LONG_TRACE + b"\n")
    run.over(1)
    assert run.d["reboots"][0]["lines"] == [LONG_TRACE.decode()], run.d["reboots"]
    assert run.r["uptime_resets"] == 0 and run.r["fatal_lines"] == 1


RST = b"ESP-ROM:esp32s3-20210327\r\nrst:0x15 (USB_UART_CHIP_RESET),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"


def case_own_reset():
    console, run = serial_only(6)
    console.write(RST)
    console.boot()
    chatter(console, 3)
    run.over(0)
    assert run.reboots() == [] and run.r["uptime_resets"] == run.r["fatal_lines"] == 0
    assert run.reboots(ours=True)[0]["reset_reason"] == 0x15
    assert "not gated" in run.md


def case_reset_after_own():
    """The reset that opening the port caused must not swallow the one after it."""
    console, run = serial_only(6)
    console.write(RST)
    console.boot()
    chatter(console, 2.5)
    console.boot()
    chatter(console, 1)
    run.over(1)
    assert len(run.reboots(ours=True)) == 1 and run.r["uptime_resets"] == 1, run.d["reboots"]
    assert run.reboots()[0]["sources"] == ["log_clock"] and run.r["fatal_lines"] == 0


def case_late_reset():
    console, run = serial_only(7)
    chatter(console, 3.5)
    console.write(RST)
    console.boot()
    chatter(console, 1)
    run.over(1)
    assert run.reboots(ours=True) == [] and len(run.reboots()) == 1, run.d["reboots"]
    assert run.r["uptime_resets"] == run.r["fatal_lines"] == 1


def case_pattern():
    console, run = serial_only(3, "--fatal-pattern", "stack (overflow|smash)")
    console.log(b"task loop: stack overflow")
    console.log(b"stack ok")
    run.over(1)
    assert run.r["fatal_lines"] == 1 and run.d["reboots"] == [] and run.r["uptime_resets"] == 0


# What was not seen.

def case_silent():
    """A minute stands for the half hour: the rule is the same from 60 s on."""
    _, run = serial_only(61)
    run.over(4)
    assert run.gaps == ["serial_no_line"] and "not one line in 6" in run.md, run.md
    assert run.d["overall"] == "PASS"


def case_never_open():
    sim = Simulator()
    run = Run("--host", sim.ready["url"], "--serial-port", os.path.abspath("missing"), *profile(3)).over(4)
    sim.stop()
    assert "serial_never_open" in run.gaps and "/missing" in run.md
    assert run.serial["gaps"][0]["from_s"] < run.serial["gaps"][0]["to_s"], run.serial
    assert run.serial["held_ratio"] == 0


def case_never_open_serial_only():
    run = Run("--serial-only", "--serial-duration", "3", "--serial-port", os.path.abspath("missing")).over(3)
    assert "/missing" in run.d["exit_reason"] and "No such file" in run.d["exit_reason"]


def case_late():
    sim = Simulator()
    console = Console()
    run = Run("--host", sim.ready["url"], "--serial-port", console.link, *profile(6)).started()
    time.sleep(1.5)
    console.appear()
    n = chatter(console, 1)
    run.over(4)
    sim.stop()
    assert "serial_held" in run.gaps, run.gaps
    gap, = run.serial["gaps"]
    assert 1 < gap["to_s"] - gap["from_s"] < 5 and run.serial["opens"] == 1, run.serial
    assert abs(run.serial["held_ratio"] + (gap["to_s"] - gap["from_s"]) / run.r["actual_s"] - 1) < 0.01
    assert run.r["serial_lines"] == n


def case_vanish():
    run = Run("--simulate=console-vanish=2/2", *profile(8)).over(4)
    assert "serial_held" in run.gaps and "under 95%" in run.md, run.gaps
    gap, = run.serial["gaps"]
    assert 1.5 < gap["to_s"] - gap["from_s"] < 5 and run.serial["opens"] == 2, run.serial


def case_repointed():
    console, run = serial_only(8)
    n = chatter(console, 1)
    console.write(b"half")
    time.sleep(0.1)
    console.vanish()
    time.sleep(1)
    console.appear()
    run.wait_said(r"is open[\s\S]*is open")
    n += chatter(console, 1)
    run.over(4)
    gap, = run.serial["gaps"]
    assert gap["to_s"] - gap["from_s"] > 1 and run.serial["opens"] == 2
    assert run.r["serial_lines"] == n + 1 and b"half" in run.log()
    assert run.d["reboots"] == [] and run.gaps == ["serial_held"]


def case_restart():
    console, run = serial_only(8)
    want = []
    for i in range(3000):
        want.append(console.log(b"number %d" % i))
        if i == 1500:
            pid, = run.workers()
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    run.over(0, 4)
    got = run.log()
    assert run.r["serial_lines"] == len(got) - run.serial["unlogged_lines"], (run.r["serial_lines"], len(got))
    left = collections.Counter(got)
    lost = [x for x in want if not left[x]]
    odd = [x for x in got if x not in set(want)]
    print("lost %d lines, %d odd: %r" % (len(lost), len(odd), odd))
    assert len(odd) <= 2 and sum(len(x) + 2 for x in lost) <= 8192, len(lost)
    first = want.index(lost[0]) if lost else 0
    assert want[first:first + len(lost)] == lost, "lost in more than one place"
    first, second = [w for w in run.d["workers"] if w["role"] == "serial"]
    assert "KILL" in first["exit"] and second["restarts"] == 1
    assert "restarts of the serial worker: 1" in run.md
    assert len(run.serial["gaps"]) == 1 and run.serial["opens"] == 2
    assert run.d["reboots"] == [], run.d["reboots"]


# A console that falls silent, and the device's own counters.

def case_console_dead():
    run = Run("--simulate=console-dead-at=4", *profile(24, rest=3, ws=3)).over(4)
    silence, = run.d["silences"]
    assert silence["state"] == "console_dead" and not silence["resumed"], silence
    assert "no line for 15 s: console dead" in run.said(), run.said()
    assert 2 < silence["from_s"] < 6 and silence["last_answer_s"] > 20, silence
    assert "serial_silent" in run.gaps and "console dead, REST or WebSocket alive" in run.md


def case_device_dead():
    run = Run("--simulate=console-dead-at=4,refuse=4", *profile(24, rest=3, ws=3)).over(1)
    silence, = run.d["silences"]
    assert silence["state"] == "device_silent", silence
    assert "no answer to REST or WebSocket either" in run.md


def case_silence_ends():
    console, run = serial_only(20)
    chatter(console, 1)
    time.sleep(16.5)
    chatter(console, 1)
    run.over(0)
    silence, = run.d["silences"]
    assert silence["state"] == "not_asked" and silence["resumed"], silence
    assert 16 < silence["to_s"] - silence["from_s"] < 19, silence


def case_ws_diag():
    """The simulator prints its counters 5 s after its boot and then each 10 s."""
    run = Run("--simulate=ws-abrupt=20", "--allow-incomplete", *profile(28, rest=2, ws=10)).over(0)
    diag = run.serial["ws_diag"]
    lines = [dict((k, int(v)) for k, v in (x.split("=") for x in line.decode().split("WS diag: ")[1].split()))
             for line in run.log() if b"WS diag: " in line]
    assert len(lines) == run.r["ws_diag_lines"] >= 2, lines
    assert (diag["first"], diag["last"]) == (lines[0], lines[-1]), (diag, lines)
    assert diag["counted"] == {k: lines[-1][k] - lines[0][k] for k in lines[0] if k != "active"}, diag
    assert diag["counted"]["ok"] >= 2 and abs(diag["counted"]["ok"] - diag["worker"]["connects"]) <= 1, diag
    assert abs(diag["counted"]["disc"] - diag["worker"]["closes"]) <= 1, diag
    assert re.search(r"the device counted %d sessions accepted" % diag["counted"]["ok"], run.md)


# Under noise.

def loaded(name, seconds, during):
    sim = Simulator()
    console = Console().appear()
    run = Run("--host", sim.ready["url"], "--serial-port", console.link, "--allow-incomplete",
              *profile(seconds, rest=10, ws=20)).started()
    sent = during(console)
    begin = time.monotonic()
    run.over(0)
    sim.stop()
    rss = {w["role"]: w["rss_kb"] for w in run.d["workers"]}
    print("%s: REST lateness p99 %.3f ms, WS %.3f ms; peak %d kB, workers %s; %d bytes, over after %.1f s" % (
        name, run.r["rest"]["lateness_ms"]["p99"], run.r["ws"]["lateness_ms"]["p99"], run.usage.ru_maxrss,
        rss, sent, time.monotonic() - begin))
    return run, sent, rss


def noise(console):
    data = random.Random(5).randbytes(250000)
    for word in (b"internal", b"rst:", b"abort()"):
        data = data.replace(word, b"-")
    begin, sent, turn = time.monotonic(), 0, 0
    while time.monotonic() - begin < 10:
        console.write(data)
        sent += len(data)
        turn += 1
        time.sleep(max(0.0, begin + turn * 0.05 - time.monotonic()))
    print("%.1f MB/s" % (sent / (time.monotonic() - begin) / 1e6))
    return sent


def case_noise():
    run, sent, rss = loaded("noise", 13, noise)
    for load in (run.r["rest"], run.r["ws"]):
        assert load["lost"] == 0 and load["errors"] == 0, load
        assert load["sent"] + load["dropped_slots"] == load["planned"], load
    assert run.serial["bytes"] == sent
    logged = run.log() if not run.serial["unlogged_lines"] else None
    print("lines %d, not in the log %d" % (run.r["serial_lines"], run.serial["unlogged_lines"]))
    assert logged is None or len(logged) == run.r["serial_lines"]
    assert run.usage.ru_maxrss < 65536 and max(rss.values()) < 40960, (run.usage.ru_maxrss, rss)
    assert run.took < 13 + 8, run.took
    assert all(w["holes"] == w["frames_dropped"] == 0 for w in run.d["workers"] if w["role"] != "serial")


def case_quiet():
    loaded("quiet", 6, lambda console: chatter(console, 1))


# Ports by their USB serial number; make.

def case_usb_serial():
    """A worker that is started again looks for the device that it had, not for any of its kind."""
    if sys.platform != "linux":
        return
    import serial_worker
    fake = serial_worker.FakePort()
    for name, program in (("lwstress-coord", "lwstress-coord"),
                          ("lwstress-worker", "tests/e2e/shimmed_worker")):
        subprocess.run(["cp", os.path.join(BUILD, program), name], check=True)
    one = fake.attach("ttyACM7", b"AA:BB:CC")
    run = Run("--serial-only", "--serial-duration", "6", program="./lwstress-coord", env=fake.env(0)).started()
    fake.attach("ttyACM8", b"DD:EE:FF")
    pid, = run.workers()
    os.kill(pid, signal.SIGKILL)
    run.wait_said(r"is open[\s\S]*is open")
    os.write(one.master, b"after\n")
    run.over(0, 4)
    assert run.log() == [b"after"], run.d["exit_reason"]
    assert run.d["serial_port"] == "/dev/ttyACM7" and run.d["device"]["usb_serial"] == "AA:BB:CC"


def case_make():
    console = Console().appear()
    env = {k: v for k, v in os.environ.items() if not re.match("LWSTRESS_|MAKE|MFLAGS", k)}
    make = subprocess.Popen(["make", "-C", BUILD, "perf-serial", "PERF_SERIAL_PORT=" + console.link,
                             "PERF_SERIAL_DURATION=3", "PERF_OUT_DIR=" + os.path.abspath("out")], env=env)
    for i in range(3):
        console.write(b"[%d][INFO][Main] a line\n" % (1000 + 500 * i))
        time.sleep(0.5)
    assert make.wait() == 0
    with open(glob.glob("out/stress_harness_serial_*.json")[0], encoding="utf-8") as f:
        d = json.load(f)
    assert d["results"][0]["name"] == "serial_only_3s" and d["results"][0]["serial_lines"] == 3, d


CASES = [name[5:] for name in globals() if name.startswith("case_")]
LAST = ("rates", "restart", "noise")	# alone, beside those that only wait


def start(case):
    os.mkdir(case)
    with open(os.path.join(case, "output"), "wb") as out:
        return subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), "one", case], cwd=case,
                                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)


def finish(running, end):
    for case, process in running.items():
        try:
            status = process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        with open(os.path.join(case, "status"), "w", encoding="utf-8") as f:
            f.write(str(status))


def run_all(cases):
    end = time.monotonic() + LIMIT_S
    first = {case: start(case) for case in cases if case not in LAST}
    slow = {case: first.pop(case) for case in ("silent",) if case in first}
    finish(first, end)
    for case in LAST:
        if case in cases:
            finish({case: start(case)}, end)
    finish(slow, end)


def check(case):
    with open(os.path.join(case, "output"), encoding="utf-8", errors="replace") as f:
        print("".join("# " + line for line in f))
    with open(os.path.join(case, "status"), encoding="utf-8") as f:
        sys.exit(0 if f.read() == "0" else 1)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_all(sys.argv[2:] or CASES)
    elif sys.argv[1] == "check":
        check(sys.argv[2])
    else:
        globals()["case_" + sys.argv[2]]()
