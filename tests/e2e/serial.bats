#!/usr/bin/env bats
# The serial console through the whole harness: consoles are ptys that Python writes to, or the
# simulator's. All runs are made at once, most of them side by side, as they mostly wait.

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/runs"
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	timeout -k 5 120 "$PYTHON3" -B "$LWS_SRCDIR/tests/e2e/serial.py" run 3>&-
}

check() {
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	"$PYTHON3" -B "$LWS_SRCDIR/tests/e2e/serial.py" check "$1"
}

@test "serial: lines at 1 to 5000 a second in random cuts: counts, heap and the log are exact" {
	check rates
}

@test "serial: shedding, warnings and low heap are in the report" {
	check findings
}

@test "serial: what the manual page asks a console to print is what is understood" {
	check bench
}

@test "serial: a panic under load is one reboot and one reset, with its backtrace; the run goes on" {
	check panic_mixed
}

@test "serial: a panic without a reset line: the log's clock tells that it rebooted" {
	check panic_serial
}

@test "serial: a long backtrace is kept whole" {
	check trace_first
}

@test "serial: a reset caused by opening the port is noted, not gated" {
	check own_reset
}

@test "serial: it does not hide the next reset" {
	check reset_after_own
}

@test "serial: the same reset 3.5 s after opening is gated" {
	check late_reset
}

@test "serial: --fatal-pattern" {
	check pattern
}

@test "serial: a console that prints nothing is no clean PASS" {
	check silent
}

@test "serial: a port that is never open is no clean PASS" {
	check never_open
}

@test "serial: a serial-only run without its port ends with exit status 3" {
	check never_open_serial_only
}

@test "serial: a port that comes late is a gap from the start" {
	check late
}

@test "serial: the simulator's port vanishes and returns" {
	check vanish
}

@test "serial: a port returns as another one under its link" {
	check repointed
}

@test "serial: a killed serial worker loses at most what the kernel had not handed over" {
	check restart
}

@test "serial: console dead, REST alive" {
	check console_dead
}

@test "serial: console dead and no answer either" {
	check device_dead
}

@test "serial: a console that speaks again" {
	check silence_ends
}

@test "serial: the device's own WebSocket counters beside the harness's" {
	check ws_diag
}

@test "serial: 5 MB/s of noise: bounded memory, nothing lost, REST and WebSocket go on" {
	check noise
}

@test "serial: the same load without noise, for comparison" {
	check quiet
}

@test "serial: a restarted worker finds the device it had by its USB serial number" {
	check usb_serial
}

@test "serial: make perf-serial" {
	check make
}
