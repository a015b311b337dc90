#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# lwstress-sim against independent clients: curl, urllib, raw sockets, Python's websockets, a pty reader.

setup() {
	: "${LWS_SRCDIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
	: "${LWS_BUILDDIR:=.}"
	: "${PYTHON3:=/usr/bin/python3}"
	sim="$LWS_BUILDDIR/lwstress-sim"
	pid=
}

teardown() {
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null || true
	fi
}

check() {
	timeout 100 "$PYTHON3" "$LWS_SRCDIR/tests/e2e/sim_client.py" "$@"
}

@test "curl: every path answers 200, and the simulator counted them" {
	mkfifo "$BATS_TEST_TMPDIR/ready"
	"$sim" --stats "$BATS_TEST_TMPDIR/stats" >"$BATS_TEST_TMPDIR/ready" 3>&- &
	pid=$!
	read -r ready <"$BATS_TEST_TMPDIR/ready"
	url=$(echo "$ready" | sed 's/.*"url":"\([^"]*\)".*/\1/')
	for path in device/status device/info effects/current effects parameters; do
		run -0 curl -sS -o "$BATS_TEST_TMPDIR/body" -w '%{http_code} %{content_type}' "$url/api/v1/$path"
		[ "$output" = "200 application/json" ]
		grep -q '^{"success":true,"data":{.*,"timestamp":[0-9]*,"version":"2.0"}$' "$BATS_TEST_TMPDIR/body"
	done
	kill "$pid"
	wait "$pid"
	pid=
	grep -q '"requests":[[:space:]]*5,' "$BATS_TEST_TMPDIR/stats"
}

@test "REST: shapes, keep-alive, pipelining, garbage, bounds, counts" { check rest; }
@test "REST: a request that arrives byte by byte" { check cut_request; }
@test "REST: 20 a second, then 429, Retry-After and 5 s for that address alone" { check limiter; }
@test "REST: more connections than the device has are reset" { check connections; }
@test "faults: latency and stall" { check latency_and_stall; }
@test "faults: error-rate, not-ready, api-key" { check faulty_answers; }
@test "faults: every hostile body is what its name says" { check hostile_bodies; }
@test "faults: reboot and refuse" { check reboot; }
@test "usage errors: exit 2, the wrong word named, nothing on stdout" { check usage; }
@test "it ends when its control descriptor does" { check control; }
@test "statistics on SIGUSR1, orderly end on SIGINT" { check signals; }
@test "WebSocket: commands, errors, broadcasts, counts" { check ws_commands; }
@test "WebSocket: one session, reconnect pause, client limit, origin" { check ws_policy; }
@test "WebSocket: 50 messages, then RATE_LIMITED and the shared block" { check ws_limiter; }
@test "WebSocket: authentication" { check ws_auth; }
@test "WebSocket: message size and nesting" { check ws_limits; }
@test "WebSocket: the conformance cases over a real socket, cut at random" { check ws_conformance; }
@test "WebSocket: a burst is answered whole, a full queue drops" { check ws_queue; }
@test "WebSocket: faults" { check ws_faults; }
@test "WebSocket: heap shedding closes every session, and the console says so" { check ws_shedding; }
@test "WebSocket: a reboot ends sessions, uptime begins again" { check ws_reboot; }
@test "console: boot text, log lines, diag lines" { check console_boot; }
@test "console: panic block and reboot" { check console_panic; }
@test "console: 2000 lines a second, cut anywhere, none lost" { check console_rate; }
@test "console: silence, noise, vanishing port, full queue" { check console_faults; }

@test "the man page names every option and fault of --help" {
	page="$LWS_SRCDIR/man/lwstress-sim.1"
	"$sim" --help >"$BATS_TEST_TMPDIR/help"
	names=$(sed -n 's/^  \(--\)\{0,1\}\([a-z][a-z-]*\).*/\2/p' "$BATS_TEST_TMPDIR/help")
	[ "$(echo "$names" | wc -l)" -gt 40 ]
	for name in $names; do
		grep -Eq "^\.It (Fl -|Cm )$name( |\$)" "$page" || {
			echo "missing in the man page: $name"
			return 1
		}
	done
	for name in $(sed -n 's/^\.It \(Fl -\|Cm \)\([a-z-]*\).*/\2/p' "$page"); do
		grep -Eq "^  (--)?$name([ =[]|\$)|^ {29}.*\<$name\>" "$BATS_TEST_TMPDIR/help" || {
			echo "not in --help: $name"
			return 1
		}
	done
}
