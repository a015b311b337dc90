"""bench_ws.py: lwstress over WebSocket beside a bare loop of the same codec, against the same responder.

Both take turns, so that whatever else the machine does meets both; what is asserted is ratios of the
same round. Lateness at 1000 messages a second comes first.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from bench import BUILD, ROUNDS, SECONDS, start_coord, verdict, watch

TESTS = pathlib.Path(BUILD, "tests/bench")
WINDOWS = ((1, 0.9, "window of 1"), (32, 0.8, "flat out, window of 32"))
LATE_P50_MS, LATE_P99_MS = 0.1, 1.0


def run_coord(port, folder, rate, seconds, window):
    process, result = start_coord(folder, {"ws_hz": rate, "ws_sessions": 1, "ws_window": window},
                                  seconds, "--host", f"http://127.0.0.1:{port}")
    own, workers = watch(process)
    return result()["ws"], own or 0, workers


def run_bare(port, window):
    out = subprocess.run([TESTS / "bare_ws", str(port), str(window), str(SECONDS)], check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)["per_s"]


def throughput(port, folder, window, least, words):
    print(f"WebSocket, {words}, {SECONDS} s each, messages a second")
    ratios = []
    for turn in range(ROUNDS):
        ws, own, workers = run_coord(port, folder, "max", SECONDS, window)
        bare = run_bare(port, window)
        coord = ws["ok"] / SECONDS
        ratios.append(coord / bare)
        print(f"  round {turn + 1}: lwstress {coord:.0f}, bare codec {bare:.0f}; "
              f"CPU coordinator {own:.2f} s, worker {workers:.2f} s", flush=True)
    return verdict(f"of a bare loop, {words}", ratios, least)


def lateness(port, folder):
    ws, own, workers = run_coord(port, folder, 1000, 5, 4)
    late = ws["lateness_ms"]
    good = late["p50"] < LATE_P50_MS and late["p99"] < LATE_P99_MS
    print(f"{'ok ' if good else 'BAD'} lateness at 1000 messages/s: p50 {late['p50']} ms (under "
          f"{LATE_P50_MS}), p99 {late['p99']} ms (under {LATE_P99_MS}), max {late['max']} ms, "
          f"{late['samples']} slots, {ws['dropped_slots']} dropped; CPU coordinator {own:.2f} s, "
          f"worker {workers:.2f} s in 5 s")
    return good


def apart(responder):
    """The responder on one processor, who asks on the others: a round trip within one processor takes
    half the time of one between two, and the scheduler would choose anew each round."""
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        os.sched_setaffinity(responder.pid, {max(cpus)})
        os.sched_setaffinity(0, cpus - {max(cpus)})


def main():
    responder = subprocess.Popen([TESTS / "ws_responder"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
    try:
        port = int(responder.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            good = [lateness(port, folder)]
            if hasattr(os, "sched_setaffinity"):
                apart(responder)
            good += [throughput(port, folder, *row) for row in WINDOWS]
    finally:
        responder.communicate(timeout=10)
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
