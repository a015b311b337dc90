#!/usr/bin/env bats
# The rows of tests/faults/table that are marked quick, side by side; `make soak` runs them all.

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/rows"
	cd "$BATS_FILE_TMPDIR/rows" || return 1
	timeout -k 5 150 "$PYTHON3" "$LWS_SRCDIR/tests/faults/faults.py" all quick >../log 2>&1 3>&- || :
}

check() {
	cd "$BATS_FILE_TMPDIR/rows" || return 1
	tail -n 30 "$1/log"
	[ "$(<"$1/status")" = 0 ]
}

@test "faults: a worker killed every 1.5 s by KILL, SEGV, ABRT and STOP at 100 REST/s and 50 WS/s" { check mixed_kills; }
@test "faults: the rest worker killed before it was ready" { check rest_at_birth; }
@test "faults: the serial worker killed" { check serial_kill; }
@test "faults: all workers killed at once" { check all_at_once; }
@test "faults: signals that a worker ignores" { check ignored; }
@test "faults: workers stopped for a second" { check short_stop; }
@test "faults: the coordinator stopped for a second" { check coord_stop; }
@test "faults: the coordinator killed, its journal recovered" { check coord_kill; }
@test "faults: the coordinator interrupted" { check coord_int_twice; }
@test "faults: the device killed" { check device_kill; }

@test "faults: every quick row of the table is tested here" {
	for name in $("$PYTHON3" "$LWS_SRCDIR/tests/faults/faults.py" names quick); do
		grep -q "check $name;" "$BATS_TEST_FILENAME"
	done
}
