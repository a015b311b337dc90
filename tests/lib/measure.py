"""measure.py OUT COMMAND...: run it, pass its exit status on, and write to OUT what the kernel says.

{"max_rss_kb": the largest resident set of any process of it, "cpu_s": of all of them together,
 "ended_us": CLOCK_MONOTONIC when it was over}
"""
import json
import resource
import subprocess
import sys
import time

status = subprocess.call(sys.argv[2:])
ended = time.monotonic()
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
scale = 1024 if sys.platform == "darwin" else 1
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump({"max_rss_kb": usage.ru_maxrss // scale, "cpu_s": usage.ru_utime + usage.ru_stime,
               "ended_us": int(ended * 1e6)}, out)
sys.exit(status if status >= 0 else 128 - status)
