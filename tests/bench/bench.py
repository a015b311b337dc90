"""bench.py URL: lwstress beside a bare libcurl loop and hey, against the server at URL, in one run.

The three take turns, so that whatever else the machine does meets all of them; what is asserted is
ratios of the same round. Lateness at 100/s and the CPU time of both processes come after.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ["LWS_BUILDDIR"])
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = 50
BARE_RATIO, HEY_RATIO = 0.85, 1.0
LATE_P50_MS, LATE_P99_MS = 0.1, 1.0


def cpu_seconds(pid):
    """CPU time of one process so far; Linux only."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def children(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def watch(process):
    """CPU seconds of the coordinator and of its workers, as last seen before they ended."""
    own, workers = None, {}
    while process.poll() is None:
        own = cpu_seconds(process.pid) or own
        for child in children(process.pid):
            workers[child] = cpu_seconds(child) or workers.get(child)
        time.sleep(0.05)
    return own, sum(seconds or 0 for seconds in workers.values())


def start_coord(folder, load, seconds, *options):
    """The coordinator with a profile of one scenario, and what gives its result when it has ended."""
    name = f"bench_{time.monotonic_ns()}"
    profile = pathlib.Path(folder, f"{name}.json")
    profile.write_text(json.dumps({"name": name, "scenarios": [
        dict({"name": "bench", "seconds": seconds}, **load)]}))
    command = [BUILD / "lwstress-coord", "--serial-port", "none", "--profile", profile,
               "--out-dir", folder, "--allow-incomplete", *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)

    def result():
        said = process.stderr.read()
        if process.returncode != 0:
            sys.exit(f"lwstress-coord ended with {process.returncode}:\n{said}")
        report = next(pathlib.Path(folder).glob(f"stress_harness_{name}_*.json"))
        return json.loads(report.read_text())["results"][0]
    return process, result


def run_coord(url, folder, rate, seconds, connections):
    process, result = start_coord(folder, {"rest_hz": rate, "rest_connections": connections}, seconds,
                                  "--host", url)
    own, workers = watch(process)
    return result()["rest"], own, workers


def run_bare(url):
    out = subprocess.run([BUILD / "tests/bench/bare_curl", url, str(CONNECTIONS), str(SECONDS)],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["per_s"]


def run_hey(url):
    out = subprocess.run(["hey", "-z", f"{SECONDS}s", "-c", str(CONNECTIONS), f"{url}/api/v1/effects"],
                         check=True, capture_output=True, text=True).stdout
    return float(next(line for line in out.splitlines() if "Requests/sec" in line).split()[1])


def throughput(url, folder):
    print(f"flat out, {CONNECTIONS} connections, {SECONDS} s each, requests a second")
    rows = []
    for turn in range(ROUNDS):
        rest, own, workers = run_coord(url, folder, "max", SECONDS, CONNECTIONS)
        coord = rest["ok"] / SECONDS
        bare = run_bare(url)
        hey = run_hey(url) if shutil.which("hey") else None
        rows.append((coord, bare, hey, own, workers))
        print(f"  round {turn + 1}: lwstress {coord:.0f}, bare libcurl {bare:.0f}, "
              f"hey {'-' if hey is None else format(hey, '.0f')}; "
              f"CPU coordinator {own or 0:.2f} s, worker {workers:.2f} s", flush=True)
    good = verdict("of bare libcurl", [row[0] / row[1] for row in rows], BARE_RATIO)
    if rows[0][2] is None:
        print("hey is not installed: not compared")
        return False
    return verdict("of hey", [row[0] / row[2] for row in rows], HEY_RATIO) and good


def verdict(what, ratios, least):
    ratio = statistics.median(ratios)
    print(f"{'ok ' if ratio >= least else 'BAD'} {ratio:.3f} {what}, median of {len(ratios)} rounds "
          f"(at least {least}; {min(ratios):.3f} to {max(ratios):.3f})")
    return ratio >= least


def lateness(url, folder):
    rest, own, workers = run_coord(url, folder, 100, 10, 4)
    late = rest["lateness_ms"]
    good = late["p50"] < LATE_P50_MS and late["p99"] < LATE_P99_MS
    print(f"{'ok ' if good else 'BAD'} lateness at 100/s: p50 {late['p50']} ms (under {LATE_P50_MS}), "
          f"p99 {late['p99']} ms (under {LATE_P99_MS}), max {late['max']} ms, {late['samples']} slots; "
          f"CPU coordinator {own or 0:.2f} s, worker {workers:.2f} s in 10 s")
    return good


def main():
    with tempfile.TemporaryDirectory() as folder:
        good = throughput(sys.argv[1], folder)
        good = lateness(sys.argv[1], folder) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
