#!/usr/bin/env bats
# The coordinator and workers that misbehave: it ends in time with the right status, its report names
# the worker and why it ended, nobody is left behind, and a restart waits for its back-off.

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/runs"
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	timeout -k 5 90 "$PYTHON3" "$LWS_SRCDIR/tests/e2e/supervise.py" run 3>&-
}

check() {
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	"$PYTHON3" "$LWS_SRCDIR/tests/e2e/supervise.py" check "$1"
}

@test "supervise: a worker that behaves" { check good; }
@test "supervise: stderr is closed and the journal stays whole" { check closed_stderr; }
@test "supervise: no HELLO" { check no_hello; }
@test "supervise: HELLO of another protocol version" { check wrong_version; }
@test "supervise: HELLO of another role" { check wrong_role; }
@test "supervise: HELLO of another generation" { check wrong_generation; }
@test "supervise: HELLO of another process" { check wrong_pid; }
@test "supervise: HELLO twice" { check hello_twice; }
@test "supervise: garbage instead of frames" { check garbage; }
@test "supervise: a frame of 4 GiB" { check huge_length; }
@test "supervise: an array of 2 billion elements in five bytes" { check bomb; }
@test "supervise: a crash before READY" { check crash_before_ready; }
@test "supervise: silence before READY" { check silent_before_ready; }
@test "supervise: a program that cannot be executed" { check no_interpreter; }
@test "supervise: no program at all leaves no files" { check missing; }
@test "supervise: a crash after READY" { check crash_after_ready; }
@test "supervise: leaving without being told to" { check leaves; }
@test "supervise: silence after READY" { check silent; }
@test "supervise: an operation of a scenario that does not run" { check liar; }
@test "supervise: a flood of frames" { check flood; }
@test "supervise: half a frame at the end" { check half_frame; }
@test "supervise: a crash with operations in flight, counted as lost" { check crash_in_flight; }
@test "supervise: a worker that ignores STOP" { check ignores_stop; }
