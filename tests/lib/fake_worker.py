#!/usr/bin/python3
"""A lwstress-worker that misbehaves as the file `mode` beside it says; its generation 2 behaves
if that file says "once". The wire format comes from worker_driver.py, copied beside it too."""
import json
import os
import select
import signal
import struct
import sys
import time

from worker_driver import TYPES, mono_us, pack, unpack

HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
CONTROL, SAMPLES = 3, 4
ROLES = ["rest", "ws", "serial"]


def frame(*values):
    payload = pack(list(values))
    return struct.pack(">I", len(payload)) + payload


class Fake:
    def __init__(self, mode, role, generation):
        self.mode, self.role, self.generation = mode, ROLES.index(role), generation
        self.seq = self.id = 0
        self.buf = self.text = b""
        self.plan = self.started = None
        os.set_blocking(SAMPLES, True)
        os.set_blocking(CONTROL, False)

    def raw(self, data):
        while data:
            data = data[os.write(SAMPLES, data):]

    def send(self, name, *values):
        self.seq += 1
        self.raw(frame(TYPES[name], self.seq, *values))

    def hello(self):
        m = self.mode
        values = [2 if m == "wrong_version" else 1, 1 if m == "wrong_role" else self.role,
                  self.generation + (m == "wrong_generation"),
                  os.getpid() + (m == "wrong_pid")]
        for _ in range(2 if m == "hello_twice" else 1):
            self.send("HELLO", *values)

    def counters(self, name="COUNTERS"):
        self.send(name, mono_us(), self.id, self.id, 0, 0, 0, 1000, 1000)

    def control(self, timeout):
        """Messages that have come within the timeout."""
        if not select.select([CONTROL], [], [], max(0, timeout))[0]:
            return
        data = os.read(CONTROL, 65536)
        if not data:
            sys.exit(0)
        self.buf += data
        while len(self.buf) >= 4:
            size = struct.unpack(">I", self.buf[:4])[0]
            if len(self.buf) < 4 + size:
                return
            values, _ = unpack(self.buf[4:4 + size])
            self.buf = self.buf[4 + size:]
            yield values

    def idle(self):
        while True:
            for _ in self.control(60):
                pass

    def before_ready(self):
        m = self.mode
        if m == "garbage":
            self.raw(b"\r\n\r\nHTTP/1.1 200 OK\r\n" * 20)
        elif m == "huge_length":
            self.raw(b"\xff\xff\xff\xff")
        elif m == "bomb":
            self.raw(b"\x00\x00\x00\x05\xdd\x7f\xff\xff\xff")
        elif m == "crash_before_ready":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif m != "silent_before_ready":
            return
        self.idle()

    def after_ready(self):
        m = self.mode
        if m == "crash_after_ready":
            os.kill(os.getpid(), signal.SIGABRT)
        if m == "leaves":
            sys.exit(0)
        if m == "silent":
            self.idle()

    def flood(self):
        note = [TYPES["EVENT"], 0, 1, 0, 1, 1, b""]
        while True:
            chunk = []
            for _ in range(200000):
                self.seq += 1
                note[1] = self.seq
                chunk.append(frame(*note))
            self.raw(b"".join(chunk))

    def op(self, scenario, slot, due):
        self.id += 1
        self.send("OP_BEGIN", self.id, scenario, slot, slot % len(self.plan["kind"]), due, mono_us())
        if self.mode == "crash_in_flight":
            if self.id == 3:
                os._exit(9)
            return
        self.send("OP_END", self.id, mono_us(), 0, 200, -1, -1, -1, 10, 99, b"")
        if self.id < 3:
            return
        if self.mode == "half_frame":
            self.raw(frame(TYPES["EVENT"], self.seq + 1, 1, 0, 0, 0, b"")[:9])
            sys.exit(0)
        if self.mode == "liar":
            self.send("OP_BEGIN", self.id + 1, 63, slot, 0, due, mono_us())
        if self.mode == "flood":
            self.flood()

    def message(self, values):
        name = values[0]
        if name == TYPES["PLAN"]:
            self.text += values[4]
            if values[2] + 1 == values[3]:
                self.plan = json.loads(self.text)
                self.send("READY", 1, 0, 1000, b"fake")
                self.after_ready()
        elif name == TYPES["START"]:
            self.started = values[2:5]
        elif name == TYPES["STOP"] and self.mode != "ignores_stop":
            self.started = None
            if values[3]:
                self.counters("FINAL")
                sys.exit(0)

    def run(self):
        if self.mode == "no_hello":
            self.idle()
        self.hello()
        self.before_ready()
        told = time.monotonic()
        while True:
            wait = 0.2
            if self.started:
                scenario, start, slot = self.started
                load = self.plan["load"][scenario]
                due = start + slot * 1000000000 // load["rate_mhz"]
                if due >= start + load["duration_us"]:
                    self.started = None
                elif mono_us() >= due:
                    self.op(scenario, slot, due)
                    self.started[2] += 1
                    continue
                else:
                    wait = min(wait, (due - mono_us()) / 1e6)
            for values in self.control(wait):
                self.message(values)
            if time.monotonic() - told > 0.5:
                told = time.monotonic()
                self.counters()


def main():
    with open(os.path.join(HERE, "mode")) as f:
        mode, times = f.read().split()
    with open(os.path.join(HERE, "pids"), "a") as f:
        f.write("%d\n" % os.getpid())
    if times == "once" and sys.argv[2] != "1":
        mode = "good"
    Fake(mode, sys.argv[1], int(sys.argv[2])).run()


main()
