"""Plays the coordinator for one lwstress-worker: own msgpack, own field tables, real pipes.

Written from shared/proto.h alone, so that it is a second opinion on the wire format.
"""
import fcntl
import json
import os
import select
import signal
import struct
import time

FIELDS = {
    1: ("PLAN", "part parts data"),
    2: ("START", "scenario start_us first_slot"),
    3: ("STOP", "drain_ms last"),
    16: ("HELLO", "version role generation pid"),
    17: ("READY", "ok op_class latency_us text"),
    18: ("OP_BEGIN", "id scenario slot kind due_us sent_us"),
    19: ("OP_END", "id end_us op_class status dns_us connect_us tls_us first_byte_us bytes text"),
    20: ("SLOTS", "scenario first count free_us"),
    21: ("TELEMETRY", "at_us scenario metric value"),
    22: ("EVENT", "at_us scenario kind value text"),
    23: ("LINE", "at_us line more data"),
    24: ("COUNTERS", "at_us begun ended dropped_slots frames_dropped ring_peak_bytes rss_kb cpu_us"),
    25: ("FINAL", "at_us begun ended dropped_slots frames_dropped ring_peak_bytes rss_kb cpu_us"),
}
TYPES = {name: number for number, (name, _) in FIELDS.items()}
CLASSES = ("ok dns connect tls timeout reset protocol status api body rejected unanswered").split()
METRICS = "uptime_ms heap largest fps_milli cpu_milli rssi_dbm ws_clients".split()
EVENTS = ("note connect ws_connect_ok ws_connect_fail ws_close ws_broadcast ws_unmatched ws_late "
          "serial_open serial_close serial_shed serial_fatal serial_reset serial_ws_diag "
          "serial_warning serial_lines serial_bytes serial_truncated device hold "
          "serial_unlogged sandbox").split()
CLOSED_LOOP = -1


def pack(v):
    if isinstance(v, bytes):
        n = len(v)
        return (b"\xc4" + bytes([n]) if n < 256 else b"\xc5" + struct.pack(">H", n)) + v
    if isinstance(v, (list, tuple)):
        return bytes([0x90 | len(v)]) + b"".join(pack(x) for x in v)
    if 0 <= v < 128:
        return bytes([v])
    if -32 <= v < 0:
        return struct.pack(">b", v)
    return b"\xcf" + struct.pack(">Q", v) if v >= 0 else b"\xd3" + struct.pack(">q", v)


NUMBERS = {0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q",
           0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
BINS = {0xc4: ">B", 0xc5: ">H"}


def unpack(buf, i=0):
    """One object at i; returns (value, index behind it)."""
    b = buf[i]
    i += 1
    if b < 0x80:
        return b, i
    if b >= 0xe0:
        return b - 256, i
    if b in NUMBERS:
        n = struct.calcsize(NUMBERS[b])
        return struct.unpack(NUMBERS[b], buf[i:i + n])[0], i + n
    if b in BINS:
        n = struct.calcsize(BINS[b])
        size = struct.unpack(BINS[b], buf[i:i + n])[0]
        if len(buf) < i + n + size:
            raise ValueError("bin is cut")
        return bytes(buf[i + n:i + n + size]), i + n + size
    if 0x90 <= b <= 0x9f:
        out = []
        for _ in range(b & 15):
            v, i = unpack(buf, i)
            out.append(v)
        return out, i
    raise ValueError("format 0x%02x is not used by the protocol" % b)


class Frame(dict):
    """A message: frame["id"], frame.type."""
    type = None


def parse(payload):
    values, end = unpack(payload)
    if end != len(payload):
        raise ValueError("bytes behind the array")
    name, fields = FIELDS[values[0]]
    fields = fields.split()
    if len(values) != len(fields) + 2:
        raise ValueError("%s has %d fields" % (name, len(values) - 2))
    frame = Frame(zip(fields, values[2:]))
    frame.type = name
    frame.seq = values[1]
    return frame


def mono_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def plan(url, loads, kinds, **more):
    """A work plan; loads are (rate_mhz, duration_s, lanes), kinds names or (name, payload, reply)."""
    p = {"url": url, "api_key": "", "ca_file": "", "proxy": "", "serial_path": "",
         "usb_serial": "", "fatal_pattern": "", "insecure": False, "fresh_connections": False, "sandbox": True,
         "preflight": True, "timeout_ms": 3000, "connect_timeout_ms": 2000, "preflight_timeout_ms": 4000,
         "body_max": 262144}
    p.update(more)
    p["load"] = [{"rate_mhz": r, "duration_us": int(d * 1e6), "lanes": n, "window": 1}
                 for r, d, n in loads]
    p["kind"] = [dict(zip(("name", "payload", "reply"), (k, "", "") if isinstance(k, str) else k))
                 for k in kinds]
    return p


class Worker:
    def __init__(self, role, generation=1, path=None, env=None):
        path = path or os.path.join(os.environ.get("LWS_BUILDDIR", "."), "lwstress-worker")
        down_r, down_w = os.pipe()
        up_r, up_w = os.pipe()
        child = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (down_r, up_w)]
        self.pid = os.posix_spawn(path, [path, role, str(generation)], os.environ if env is None
                                  else env, file_actions=[(os.POSIX_SPAWN_DUP2, child[0], 3),
                                                          (os.POSIX_SPAWN_DUP2, child[1], 4)])
        for fd in child + [down_r, up_w]:
            os.close(fd)
        self.down, self.up = down_w, up_r
        self.seq_down = self.seq_up = self.holes = 0
        self.buf = b""
        self.frames = []
        self.eof = False
        self.status = None

    # down
    def send_raw(self, data):
        os.write(self.down, data)

    def send(self, name, *values):
        self.seq_down += 1
        payload = pack([TYPES[name], self.seq_down] + list(values))
        self.send_raw(struct.pack(">I", len(payload)) + payload)

    def send_plan(self, p, part_size=384):
        text = json.dumps(p).encode()
        parts = [text[i:i + part_size] for i in range(0, len(text), part_size)]
        for i, part in enumerate(parts):
            self.send("PLAN", i, len(parts), part)

    def start(self, scenario=0, at_us=None, first_slot=0):
        at_us = mono_us() if at_us is None else at_us
        self.send("START", scenario, at_us, first_slot)
        return at_us

    def stop(self, drain_ms=1000, last=0):
        self.send("STOP", drain_ms, last)

    # up
    def _read(self, timeout):
        if not select.select([self.up], [], [], max(0, timeout))[0]:
            return False
        data = os.read(self.up, 65536)
        if not data:
            self.eof = True
            if self.buf:
                raise ValueError("the sample pipe ends with half a frame")
            return False
        self.buf += data
        i = 0
        while len(self.buf) - i >= 4:
            n = struct.unpack(">I", self.buf[i:i + 4])[0]
            if n + 4 > 512:
                raise ValueError("frame of %d bytes" % n)
            if len(self.buf) - i < 4 + n:
                break
            frame = parse(self.buf[i + 4:i + 4 + n])
            if frame.seq <= self.seq_up:
                raise ValueError("sequence runs backwards")
            self.holes += frame.seq - self.seq_up - 1
            self.seq_up = frame.seq
            frame.got_us = mono_us()
            self.frames.append(frame)
            i += 4 + n
        self.buf = self.buf[i:]
        return True

    def pump(self, seconds):
        """Read frames for so long."""
        end = time.monotonic() + seconds
        while not self.eof and time.monotonic() < end:
            self._read(end - time.monotonic())

    def wait(self, test, timeout=10):
        """The first frame, seen or to come, for which test is true (or whose type is test)."""
        want = test if callable(test) else lambda f: f.type == test
        end = time.monotonic() + timeout
        seen = 0
        while True:
            for frame in self.frames[seen:]:
                if want(frame):
                    return frame
            seen = len(self.frames)
            if self.eof or time.monotonic() > end:
                raise TimeoutError("no such frame; the last were %r" % self.frames[-5:])
            self._read(end - time.monotonic())

    def wait_until(self, test, timeout=10):
        """Read until test(self) is true."""
        end = time.monotonic() + timeout
        while not test(self):
            if self.eof or time.monotonic() > end:
                raise TimeoutError("not reached; the last frames were %r" % self.frames[-5:])
            self._read(end - time.monotonic())

    def of(self, name):
        return [f for f in self.frames if f.type == name]

    def ops(self):
        """[(begin, end or None)] in order of begin."""
        ends = {f["id"]: f for f in self.of("OP_END")}
        return [(b, ends.get(b["id"])) for b in self.of("OP_BEGIN")]

    def classes(self):
        out = {}
        for _, end in self.ops():
            name = CLASSES[end["op_class"]] if end else "lost"
            out[name] = out.get(name, 0) + 1
        return out

    def finish(self, drain_ms=1000, timeout=10):
        """Last STOP, then everything up to end-of-file; returns the FINAL frame."""
        self.stop(drain_ms, 1)
        final = self.wait("FINAL", timeout)
        self.wait_exit(timeout)
        return final

    def wait_exit(self, timeout=10):
        self.wait_until_eof(timeout)
        end = time.monotonic() + timeout
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise TimeoutError("the worker closed its pipe but is still there")
            else:
                select.select([], [], [], 0.01)
        return self.status

    def wait_until_eof(self, timeout):
        end = time.monotonic() + timeout
        while not self.eof:
            if time.monotonic() > end:
                raise TimeoutError("the worker did not leave")
            self._read(end - time.monotonic())

    def peak_rss_kb(self):
        with open("/proc/%d/status" % self.pid) as f:
            return int([line for line in f if line.startswith("VmHWM")][0].split()[1])

    def close_down(self):
        if self.down != -1:
            os.close(self.down)
            self.down = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close_down()
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self.up)
