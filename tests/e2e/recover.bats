#!/usr/bin/env bats
# What is left when a run is interrupted, killed, or cannot write: all of it, and said so.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	cd "$BATS_TEST_TMPDIR" || return 1
}

check() {
	timeout -k 5 120 "$PYTHON3" "$LWS_SRCDIR/tests/e2e/recover.py" "$1" 3>&-
}

@test "a recovered report is the run's own, byte for byte" { check same; }
@test "SIGKILL at any moment: nobody is left, the journal's content is recovered" { check killed; }
@test "SIGKILL while workers and device are stopped: nobody is left" { check killed_while_stopped; }
@test "SIGINT: what is in flight ends, exit 130" { check sigint; }
@test "SIGTERM: exit 143" { check sigterm; }
@test "SIGHUP: exit 143" { check sighup; }
@test "SIGINT twice: at once" { check twice; }
@test "the terminal is closed and the run goes on" { check terminal; }
@test "stdout is a closed pipe" { check broken_stdout; }
@test "a file can grow no more: exit 5, the reports are whole" { check file_limit; }
@test "the disk is full: the reports are in TMPDIR" { check full_disk; }
@test "the directory is removed in mid-run: the reports are in TMPDIR" { check removed_dir; }
@test "the directory becomes a file in mid-run: the reports are in TMPDIR" { check dir_made_file; }
@test "--deadline holds against a stopped worker" { check deadline; }
