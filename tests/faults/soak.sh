#!/bin/bash
# soak.sh SECONDS [SEED]: called by make soak.
set -eu
seconds=$1 seed=${2:-$RANDOM}
dir=$(mktemp -d)
echo "soak: $seconds s, seed $seed, in $dir (kept when something fails)"
LWS_SOAK=1 timeout "$seconds" tests/unit/test_recover >"$dir/recover.log" 2>&1 || { cat "$dir/recover.log"; exit 1; }
echo "soak: a journal cut at every byte: $SECONDS s"
mkdir "$dir/table" "$dir/random"
(cd "$dir/table" && timeout "$seconds" "$PYTHON3" "$LWS_SRCDIR/tests/faults/faults.py" all)
echo "soak: every row of the table: $SECONDS s"
cd "$dir/random"
"$PYTHON3" "$LWS_SRCDIR/tests/faults/faults.py" soak $((seconds - SECONDS)) "$seed"
rm -rf "$dir"
