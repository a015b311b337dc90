# The serial worker, driven over its two pipes, reads ptys that Python holds the other end of.

setup() {
	case="$LWS_SRCDIR/tests/e2e/serial_worker.py"
	cd "$BATS_TEST_TMPDIR" || return 1
}

run_case() {
	timeout -k 5 60 "$PYTHON3" -B "$case" "$1"
}

@test "serial worker: lines at 1 to 5000 a second are counted exactly, heap is exact" {
	run_case rates
}

@test "serial worker: findings and raw lines arrive in order, under their scenario" {
	run_case findings
}

@test "serial worker: a line without its end is given out after 0.2 s of silence" {
	run_case silence
}

@test "serial worker: the port vanishes and returns under its symlink" {
	run_case hangup
}

@test "serial worker: killed and started again, it loses one read at most" {
	run_case restart
}

@test "serial worker: a port that is held, missing or no port is refused in words" {
	run_case refused
}

@test "serial worker: 5 MB/s of binary noise in bounded memory, nothing else dropped" {
	run_case noise
}

@test "serial worker: a bad --fatal-pattern is refused" {
	run_case pattern
}

@test "serial worker: libserialport opens a real port; DTR and RTS stay as they were" {
	[ "$(uname)" = Linux ] || skip "the shim knows Linux only"
	run_case driver
}

@test "serial worker: auto, the list of ports, and a return under another number" {
	[ "$(uname)" = Linux ] || skip "the shim knows Linux only"
	run_case usb
}
