#!/bin/bash
# coverage.sh: what the tests that ran in this build directory have executed, from gcov's data: coverage/summary.txt,
# and coverage/index.html where lcov is installed. Called by make coverage.
set -eu
mkdir -p coverage
find coordinator worker shared -name '*.gcda' -print | while read -r data; do
	gcov -n -o "$data" "$data" 2>/dev/null
done | awk -v root="$LWS_SRCDIR/" '
	/^File / {
		file = substr($0, 7, length($0) - 7)
		sub("^" root, "", file)
	}
	/^Lines executed:/ && file ~ /^(coordinator|worker|shared)\/.*\.c$/ {
		split($0, part, /[:% ]+/)
		if (part[5] * part[3] / 100 >= hit[file]) {
			hit[file] = part[5] * part[3] / 100
			lines[file] = part[5]
		}
		file = ""
	}
	END {
		for (file in lines) {
			printf "%6.2f%% of %5d lines  %s\n", 100 * hit[file] / lines[file], lines[file], file | "sort -n"
			all_hit += hit[file]
			all += lines[file]
		}
		close("sort -n")
		if (all == 0)
			exit 1
		printf "%6.2f%% of %5d lines  in all\n", 100 * all_hit / all, all
	}' >coverage/summary.txt
if command -v lcov >/dev/null && command -v genhtml >/dev/null; then
	lcov -q -c -d . -o coverage/all.info
	lcov -q -e coverage/all.info "$LWS_SRCDIR/*" -o coverage/own.info
	genhtml -q -o coverage coverage/own.info
fi
tail -n 1 coverage/summary.txt
echo "see coverage/summary.txt$([ ! -e coverage/index.html ] || echo ' and coverage/index.html')"
