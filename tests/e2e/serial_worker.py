"""Cases of serial_worker.bats: serial_worker.py CASE, in an empty directory."""
import atexit
import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.environ["LWS_SRCDIR"], "tests", "lib"))
from worker_driver import EVENTS, METRICS, Worker, plan  # noqa: E402

COLOURS = (b"\x1b[1;32m", b"\x1b[0m", b"\x1b[38;5;208m")


class Console:
    """A pty under a symlink, written without ever blocking for good."""

    def __init__(self, link="console"):
        self.link = os.path.abspath(link)
        self.master = -1

    def appear(self):
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, False)
        raw = termios.tcgetattr(slave)
        raw[0] = raw[1] = raw[3] = 0
        termios.tcsetattr(slave, termios.TCSANOW, raw)
        os.symlink(os.ttyname(slave), self.link + ".new")
        os.rename(self.link + ".new", self.link)
        os.close(slave)
        return self

    def vanish(self):
        os.close(self.master)
        os.unlink(self.link)

    def write(self, data, worker):
        """All of data, reading the worker's frames whenever the pty is full."""
        while data:
            try:
                data = data[os.write(self.master, data):]
            except BlockingIOError:
                worker._read(0)
                select.select([], [self.master], [], 0.01)


def console_plan(path, **more):
    return plan("http://127.0.0.1:9", [(0, 60, 0)] * 3, [], serial_path=path, **more)


def opened(path, program=None, env=None, **more):
    w = Worker("serial", path=program, env=env)
    w.send_plan(console_plan(path, **more))
    assert w.wait("READY")["ok"] == 1, w.frames
    return w


def events(w, kind, scenario=None):
    return [f for f in w.of("EVENT") if EVENTS[f["kind"]] == kind
            and (scenario is None or f["scenario"] == scenario)]


def total(w, kind, scenario=None):
    return sum(f["value"] for f in events(w, kind, scenario))


def samples(w, metric, scenario=None):
    return [f["value"] for f in w.of("TELEMETRY") if METRICS[f["metric"]] == metric
            and (scenario is None or f["scenario"] == scenario)]


def lines(w):
    """The whole raw lines, put together from their parts."""
    out, parts = [], b""
    for f in w.of("LINE"):
        parts += f["data"]
        if not f["more"]:
            out.append(parts)
            parts = b""
    return out


def enter(w, con, scenario):
    """Wait until lines count for this scenario; one line "sync" then has."""
    while True:
        all_before, before = total(w, "serial_lines"), total(w, "serial_lines", scenario)
        con.write(b"sync\n", w)
        w.wait_until(lambda w: total(w, "serial_lines") == all_before + 1)
        if total(w, "serial_lines", scenario) == before + 1:
            return


def log_line(rng, i, heap, largest):
    c = [rng.choice(COLOURS) if rng.random() < 0.5 else b"" for _ in range(3)]
    text = b"[%d]%s[INFO]%s[Heap] Heap diag: internal=%d largest=%d shed=0%s" % (
        1000 + i, c[0], c[1], heap, largest, c[2])
    return rng.choice((text, b"[%d][INFO][Mem] free=1 minFree=2 Heap: 9 / min 8" % (1000 + i)))


def case_rates():
    """Each rate is a scenario; what was sent is counted here, with regular expressions."""
    rng = random.Random(4)
    con = Console().appear()
    w = opened(con.link)
    bulk, found = [], 0
    for scenario, (rate, seconds) in enumerate(((5, 1), (500, 1), (5000, 2))):
        w.start(scenario)
        enter(w, con, scenario)
        before = total(w, "serial_lines")
        sent, begin = [], time.monotonic()
        while len(sent) < rate * seconds:
            due = min(rate * seconds, int((time.monotonic() - begin) * rate) + 1)
            batch = [log_line(rng, len(bulk) + len(sent) + k, rng.randrange(9000, 40000),
                              rng.randrange(100, 9000)) for k in range(due - len(sent))]
            sent += batch
            data = b"".join(x + rng.choice((b"\n", b"\r\n")) for x in batch)
            while data:
                n = rng.randrange(1, 300)
                con.write(data[:n], w)
                data = data[n:]
            w.pump(max(0.0, min(0.02, begin + len(sent) / rate - time.monotonic())))
        w.wait_until(lambda w: total(w, "serial_lines") == before + len(sent))
        plain = [re.sub(rb"\x1b\[[0-9;]*m", b"", x) for x in sent]
        heap = [int(m[1]) for x in plain for m in [re.search(rb" internal=(\d+)", x)] if m]
        largest = [int(m[1]) for x in plain for m in [re.search(rb" largest=(\d+)", x)] if m]
        assert total(w, "serial_lines", scenario) == len(sent) + 1
        assert samples(w, "heap", scenario) == heap, (scenario, heap[:5], samples(w, "heap")[:5])
        assert samples(w, "largest", scenario) == largest
        bulk += sent
        found += len(heap)
        w.stop(0)
        enter(w, con, -1)
    final = w.finish()
    assert [x for x in lines(w) if x != b"sync"] == bulk
    assert w.holes == 0 and final["frames_dropped"] == 0
    assert total(w, "serial_lines") == len(lines(w))
    assert found > 2000
    uptime = len(samples(w, "uptime_ms"))
    assert 4 <= uptime <= 60, uptime


PANIC = b"""Guru Meditation Error: Core  1 panic'ed (LoadProhibited). Exception was unhandled.
Core  1 register dump:
Backtrace: 0x4200f9cf:0x3fcebc40 0x42010b5d:0x3fcebc60
Rebooting...
ESP-ROM:esp32s3-20210327
rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)
"""


def case_findings():
    con = Console().appear()
    w = opened(con.link, fatal_pattern="^E\\(.*stack overflow")
    con.write(b"before\n", w)
    w.wait_until(lambda w: total(w, "serial_lines", -1) == 1)
    w.start(1)
    enter(w, con, 1)
    body = (b"\x1b[33m[9000][WARN][Ws] Low-heap shedding ENABLED (internal=19872, largest=11252, "
            b"shed<20480,resume>26624)\x1b[0m\n"
            b"Low-heap shedding active (internal=22968, largest=17396, resume>26624)\n"
            b"Low-heap shedding DISABLED (internal=27668, largest=17396)\n"
            b"WS diag: active=1 ok=3 rejCooldown=0 unknown=0\n"
            b"HEAP CORRUPTION DETECTED!\nMALLOC FAILED: Requested 12 bytes\n"
            b"E(12) stack overflow\n" + PANIC +
            b"[12][INFO][Boot] hello\n\n\x00\xff" + b"x" * 5000 + b"\nend\n")
    con.write(body, w)
    w.wait_until(lambda w: total(w, "serial_lines", 1) == 1 + body.count(b"\n"))
    w.stop(0)
    enter(w, con, -1)
    con.write(b"after\n", w)
    con.write(b"no end", w)
    final = w.finish()
    want = [x[:4096] for x in (b"before\n" + body + b"after\nno end").split(b"\n")]
    got = lines(w)
    assert [x for x in got if x != b"sync"] == want, "raw lines differ"
    assert [f["line"] for f in w.of("LINE") if not f["more"]] == list(range(1, len(got) + 1))
    assert [f["value"] for f in events(w, "serial_shed", 1)] == [1, 2, 0]
    assert events(w, "serial_shed")[0]["text"].startswith(b"[9000][WARN][Ws] Low-heap")
    assert [f["value"] for f in events(w, "serial_fatal", 1)] == [5, 0, 1, 4, 3]
    assert [f["value"] for f in events(w, "serial_reset", 1)] == [0xc]
    kinds = [EVENTS[f["kind"]] for f in w.of("EVENT")]
    assert kinds.index("serial_reset") == len(kinds) - kinds[::-1].index("serial_fatal") - 2
    assert [f["value"] for f in events(w, "serial_warning", 1)] == [0, 1]
    assert [f["text"] for f in events(w, "serial_ws_diag", 1)] == \
        [b"active=1 ok=3 rejCooldown=0 unknown=0"]
    assert samples(w, "uptime_ms", 1) == [9000, 12], samples(w, "uptime_ms")
    assert total(w, "serial_truncated", 1) == 1
    assert total(w, "serial_bytes") == \
        len(b"before\n" + body + b"after\nno end") + 5 * got.count(b"sync")
    assert w.holes == 0 and final["frames_dropped"] == 0 and w.status == 0


def case_silence():
    con = Console().appear()
    w = opened(con.link)
    con.write(b"Guru Med", w)
    begin = time.monotonic()
    w.wait("LINE")
    took = time.monotonic() - begin
    assert 0.15 < took < 2, took
    con.write(b"\r\nnext\r", w)
    w.wait_until(lambda w: len(lines(w)) == 2)
    w.finish()
    assert lines(w) == [b"Guru Med", b"next"]


def case_hangup():
    con = Console().appear()
    w = opened(con.link)
    con.write(b"[100][I][a] one\nhalf", w)
    w.wait_until(lambda w: total(w, "serial_bytes") == 20)
    con.vanish()
    w.wait_until(lambda w: events(w, "serial_close"))
    w.pump(0.9)
    con.appear()
    w.wait_until(lambda w: len(events(w, "serial_open")) == 2, 4)
    con.write(b"[5][I][a] two\n", w)
    w.wait_until(lambda w: len(lines(w)) == 3)
    w.finish()
    assert lines(w) == [b"[100][I][a] one", b"half", b"[5][I][a] two"]
    assert [f["value"] for f in events(w, "serial_open")] == [1, 2]
    assert len(events(w, "serial_close")) == 1
    assert samples(w, "uptime_ms") == [100, 5]
    order = [EVENTS[f["kind"]] for f in w.of("EVENT")]
    assert order[0] == "serial_open" and order.index("serial_close") < len(order) - 1
    assert w.frames.index(w.of("READY")[0]) > w.frames.index(events(w, "serial_open")[0])


def case_restart():
    """What the first worker told is whole, the second goes on; between them is one read at most."""
    con = Console().appear()
    want = [b"[%d][I][a] line" % i for i in range(2000)]
    first = opened(con.link)
    for text in want[:1500]:
        con.write(text + b"\n", first)
    first.wait_until(lambda w: total(w, "serial_lines") > 700)
    os.kill(first.pid, signal.SIGKILL)
    first.wait_exit()
    assert first.status == -signal.SIGKILL and first.holes == 0
    told = lines(first)
    assert told == want[:len(told)] and 0 < total(first, "serial_lines") <= len(told)
    second = opened(con.link)
    for text in want[1500:]:
        con.write(text + b"\n", second)
    second.wait_until(lambda w: lines(w)[-1:] == want[-1:])
    second.finish()
    rest = lines(second)
    assert rest[1:] == want[-len(rest):][1:], "the first line can be cut, no other"
    lost = want[len(told):len(want) - len(rest)]
    assert sum(len(x) + 1 for x in lost) <= 4096, lost
    print("# %d lines lost" % len(lost))


def refusal(path, program=None, env=None, **more):
    with Worker("serial", path=program, env=env) as w:
        w.send_plan(console_plan(path, **more))
        ready = w.wait("READY")
        assert ready["ok"] == 0, ready
        w.finish()
        assert w.status == 0
        return ready["text"].decode()


def case_refused():
    con = Console().appear()
    holder = opened(con.link)
    real = os.path.realpath(con.link)
    text = refusal(con.link)
    assert "cannot open serial port %s: lwstress-worker (pid %d) holds it" % (real, holder.pid) \
        in text, text
    holder.finish()
    text = refusal("/nowhere/tty")
    assert "/nowhere/tty" in text and "No such file" in text and "--list-ports" in text, text
    open("plain", "w").close()
    text = refusal(os.path.abspath("plain"))
    assert "plain is not a serial port" in text, text
    if os.getuid() == 0:
        denied()


def denied():
    """As another user: the group of the device is named."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.chown(path, 0, 20)
    os.chmod(path, 0o660)
    build = os.environ["LWS_BUILDDIR"]
    probe = "import sys; sys.path.insert(0, sys.argv[2]); " \
        "import serial_worker as t; print(t.refusal(sys.argv[1]))"
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        out = subprocess.run([sys.executable, "-B", "-c", probe, path, here], user=65534, group=65534,
                             extra_groups=[], stdout=subprocess.PIPE, timeout=30, cwd="/",
                             env=dict(os.environ, LWS_BUILDDIR=build)).stdout.decode()
    except PermissionError:
        return
    os.close(master)
    os.close(slave)
    if out:   # nothing when the build directory is closed to others
        print("# " + out)
        assert "Permission denied; add yourself to group dialout" in out, out


def case_noise():
    """Bytes at 5 MB/s for 3 s, every 50 ms a good line: those are all told, the noise is counted."""
    rng = random.Random(7)
    noise = rng.randbytes(250000).replace(b"internal", b"-").replace(b"rst:", b"-")
    con = Console().appear()
    w = opened(con.link)
    w.start(0)
    begin, sent, good = time.monotonic(), 0, 0
    while time.monotonic() - begin < 3:
        data = noise + b"\nHeap diag: internal=%d largest=7\n" % (20000 + good)
        con.write(data, w)
        sent += len(data)
        good += 1
        w.pump(max(0.0, begin + good * 0.05 - time.monotonic()))
    w.wait_until(lambda w: total(w, "serial_bytes") == sent, 20)
    rss = w.peak_rss_kb()
    final = w.finish()
    rate = sent / 3e6
    print("# %.1f MB/s, peak %d kB, cpu %.2f s, ring %d, unlogged %d of %d" % (
        rate, rss, final["cpu_us"] / 1e6, final["ring_peak_bytes"], total(w, "serial_unlogged"),
        total(w, "serial_lines")))
    assert samples(w, "heap") == [20000 + i for i in range(good)]
    assert w.holes == 0 and final["frames_dropped"] == 0
    assert len(lines(w)) + total(w, "serial_unlogged") == total(w, "serial_lines")
    assert rss < 40000, rss
    stalled(con.link, noise)


def stalled(path, noise):
    """A coordinator that reads nothing for a while: lines are left out, and said so, nothing else."""
    con = Console("second").appear()
    w = opened(con.link)
    data = noise * 20
    while data:
        try:
            data = data[os.write(con.master, data):]
        except BlockingIOError:
            assert select.select([], [con.master], [], 10)[1], "the worker does not read"
    w.wait_until(lambda w: total(w, "serial_bytes") == len(noise) * 20, 20)
    final = w.finish()
    print("# stalled: unlogged %d of %d, ring %d" % (
        total(w, "serial_unlogged"), total(w, "serial_lines"), final["ring_peak_bytes"]))
    assert total(w, "serial_unlogged") > 0
    assert len(lines(w)) + total(w, "serial_unlogged") == total(w, "serial_lines")
    assert w.holes == 0 and final["frames_dropped"] == 0


TIOCGEXCL = 0x80045440


class FakePort:
    """A sysfs and a /dev for the shim, with USB ports that are ptys."""

    def __init__(self):
        # Below /dev, which the sandbox of the worker lets it see.
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "."
        self.root = os.path.abspath(tempfile.mkdtemp(prefix="lwstress-root.", dir=shm))
        atexit.register(shutil.rmtree, self.root, True)
        self.log = os.path.abspath("lines.log")
        self.program = os.path.join(os.environ["LWS_BUILDDIR"], "tests", "e2e", "shimmed_worker")
        for d in ("sys/class/tty", "sys/devices", "dev"):
            os.makedirs(os.path.join(self.root, d), exist_ok=True)

    def env(self, lines):
        return dict(os.environ, LWS_SHIM_ROOT=self.root, LWS_SHIM_LOG=self.log,
                    LWS_SHIM_LINES=str(lines))

    def attach(self, name, usb_serial, product=b"USB JTAG/serial debug unit"):
        con = Console(os.path.join(self.root, "dev", name)).appear()
        usb = "sys/devices/usb1/" + name
        tty = os.path.join(self.root, usb, "1:1.0", "tty", name)
        shutil.rmtree(os.path.join(self.root, usb), ignore_errors=True)
        os.makedirs(tty)
        os.symlink("../../../1:1.0", os.path.join(tty, "device"))
        for key, value in (("busnum", b"1"), ("devnum", b"7"), ("idVendor", b"303a"),
                           ("idProduct", b"1001"), ("product", product),
                           ("manufacturer", b"Espressif"), ("serial", usb_serial)):
            with open(os.path.join(self.root, usb, key), "wb") as f:
                f.write(value + b"\n")
        os.symlink("../../../" + usb + "/1:1.0/tty/" + name,
                   os.path.join(self.root, "sys/class/tty", name))
        return con

    def detach(self, con):
        con.vanish()
        os.unlink(os.path.join(self.root, "sys/class/tty", os.path.basename(con.link)))

    def list(self):
        return subprocess.run([self.program, "list-ports"], env=self.env(0), check=True,
                              stdout=subprocess.PIPE, timeout=20).stdout


def case_driver():
    """libserialport's own enumeration and open, whatever DTR and RTS are: they stay so."""
    fake = FakePort()
    con = fake.attach("ttyACM7", b"AA:BB:CC")
    os.symlink("/dev/ttyACM7", "by-id")
    for lines in (0, termios.TIOCM_DTR, termios.TIOCM_RTS, termios.TIOCM_DTR | termios.TIOCM_RTS):
        open(fake.log, "w").close()
        slave = os.open(os.readlink(con.link), os.O_RDWR | os.O_NOCTTY)
        w = opened(os.path.abspath("by-id"), fake.program, fake.env(lines))
        assert fcntl.ioctl(slave, TIOCGEXCL, b"\0" * 4) == b"\1\0\0\0", "not exclusive"
        attr = termios.tcgetattr(slave)
        assert attr[0] == attr[1] == attr[3] == 0
        cflag = attr[2]
        assert cflag & termios.CSIZE == termios.CS8 and attr[4] == attr[5] == termios.B115200
        assert cflag & termios.CREAD and cflag & termios.CLOCAL
        assert not cflag & (termios.HUPCL | termios.CRTSCTS | termios.PARENB | termios.CSTOPB)
        con.write(b"hello\n", w)
        w.wait("LINE")
        w.finish()
        assert events(w, "serial_open")[0]["text"] == b"/dev/ttyACM7"
        assert events(w, "device")[0]["text"] == b"usb_serial=AA:BB:CC"
        fcntl.ioctl(slave, termios.TIOCNXCL)
        os.close(slave)
        with open(fake.log) as f:
            log = f.read().split()
        assert log and set(log) == {str(lines)}, (lines, log)


def case_usb():
    """auto, two ports, the list, and a port that returns under another number."""
    fake = FakePort()
    one = fake.attach("ttyACM7", b"AA:BB:CC", b"tab\there")
    assert fake.list() == b"/dev/ttyACM7\t303a:1001\tAA:BB:CC\ttab\\x09here - AA:BB:CC\n", fake.list()
    w = opened("auto", fake.program, fake.env(0))
    one.write(b"one\n", w)
    w.wait("LINE")
    fake.detach(one)
    w.wait_until(lambda w: events(w, "serial_close"))
    other = fake.attach("ttyACM8", b"DD:EE:FF")
    w.pump(0.6)
    assert len(events(w, "serial_open")) == 1, "opened another device"
    two = fake.attach("ttyACM9", b"AA:BB:CC")
    w.wait_until(lambda w: len(events(w, "serial_open")) == 2, 5)
    assert events(w, "serial_open")[1]["text"] == b"/dev/ttyACM9"
    two.write(b"two\n", w)
    w.wait_until(lambda w: len(lines(w)) == 2)
    w.finish()
    assert lines(w) == [b"one", b"two"]
    text = refusal("auto", program=fake.program, env=fake.env(0))
    assert "/dev/ttyACM8" in text and "/dev/ttyACM9" in text and "--serial-port" in text, text
    w = opened("auto", fake.program, fake.env(0), usb_serial="DD:EE:FF")
    assert events(w, "serial_open")[0]["text"] == b"/dev/ttyACM8"
    w.finish()
    w = opened("/dev/ttyACM8", fake.program, fake.env(0))
    fake.detach(other)
    other = fake.attach("ttyACM8", b"11:22:33")   # another device takes its number
    w.wait_until(lambda w: events(w, "serial_close"))
    w.pump(0.6)
    third = fake.attach("ttyACM3", b"DD:EE:FF")
    w.wait_until(lambda w: len(events(w, "serial_open")) == 2, 5)
    assert events(w, "serial_open")[1]["text"] == b"/dev/ttyACM3", events(w, "serial_open")
    w.finish()
    for con in (two, other, third):
        fake.detach(con)
    assert fake.list() == b""
    w = opened("auto", fake.program, fake.env(0))
    assert w.of("READY")[0]["text"] == b"no port with USB id 303a:1001 is attached"
    assert not events(w, "serial_open")
    w.finish()


def case_pattern():
    con = Console().appear()
    text = refusal(con.link, fatal_pattern="a(b")
    assert text.startswith('--fatal-pattern "a(b": '), text


if __name__ == "__main__":
    globals()["case_" + sys.argv[1]]()
