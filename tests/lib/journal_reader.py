"""A second reader of the journal, from the words of coordinator/journal.h and shared/proto.h alone.

    journal_reader.py FILE.journal      prints {"records", "good_bytes", "ended", "loads", "pids"}
"""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_driver import unpack

OP_BEGIN, OP_END, WORKER_START, SCENARIO_START, END = 18, 19, 67, 65, 70


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def records(data):
    """(offset behind it, device, role or None, generation, [type, seq, …]) of each good record."""
    at = 8
    if data[:8] != b"LWSJRNL1":
        raise ValueError("not a journal")
    while len(data) - at >= 8:
        length, crc = struct.unpack_from(">II", data, at)
        body = data[at + 8:at + 8 + length]
        if length < 4 or len(body) < length or crc32c(body) != crc:
            return
        at += 8 + length
        device, role, generation = struct.unpack_from(">BBH", body)
        values, end = unpack(body, 4)
        if end != len(body):
            raise ValueError("bytes behind a message")
        yield at, device, None if role == 255 else role, generation, values


def summary(path):
    with open(path, "rb") as file:
        data = file.read()
    out = {"records": 0, "good_bytes": 8, "ended": False, "pids": [], "started": 0,
           "loads": {"rest": {}, "ws": {}}}
    begun = {}
    for at, _, role, generation, values in records(data):
        out["records"] += 1
        out["good_bytes"] = at
        kind = values[0]
        if kind == WORKER_START:
            out["pids"].append(values[3])
        elif kind == SCENARIO_START:
            out["started"] += 1
        elif kind == END:
            out["ended"] = True
        elif kind == OP_BEGIN:
            begun[role, generation, values[2]] = values[3]
            count(out, role, values[3], "sent")
        elif kind == OP_END:
            scenario = begun.pop((role, generation, values[2]))
            count(out, role, scenario, "errors" if values[4] else "ok")
    for (role, _, _), scenario in begun.items():
        count(out, role, scenario, "lost")
    return out


def count(out, role, scenario, what):
    counts = out["loads"][("rest", "ws")[role]].setdefault(
        str(scenario), {"sent": 0, "ok": 0, "errors": 0, "lost": 0})
    counts[what] += 1


def check_report(path, report):
    """The report of a recovery says what the journal holds, neither more nor less."""
    journal = summary(path)
    for number, result in enumerate(report["results"]):
        for load in ("rest", "ws"):
            want = journal["loads"][load].get(str(number), {"sent": 0, "ok": 0, "errors": 0, "lost": 0})
            got = {key: (result[load] or {}).get(key, 0) for key in want}
            assert got == want, "scenario %d %s: report %r, journal %r" % (number, load, got, want)
    return journal


if __name__ == "__main__":
    json.dump(summary(sys.argv[1]), sys.stdout)
