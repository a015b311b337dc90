#!/usr/bin/env bats
# WebSocket load through the coordinator: against Python's websockets, Node's ws, hostile peers and the
# simulated device. All runs are made side by side first; the cases are the functions of ws.py.

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/runs"
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	timeout -k 5 180 "$PYTHON3" "$LWS_SRCDIR/tests/e2e/ws.py" run 3>&-
}

check() {
	cd "$BATS_FILE_TMPDIR/runs" || return 1
	"$PYTHON3" "$LWS_SRCDIR/tests/e2e/ws.py" check "$1"
}

@test "ws: what Python's websockets counted is what the report says, in one session" { check python_counts; }
@test "ws: what Node's ws counted is what the report says" { check node_counts; }
@test "ws: fragmented replies with a ping inside are one reply each (Python)" { check python_fragments; }
@test "ws: fragmented replies with a ping inside are one reply each (Node)" { check node_fragments; }
@test "ws: flat out, what the server counted is what the report says" { check flat_out; }
@test "ws: wss with --insecure and --ca-file, and refused without" { check wss; }
@test "ws: the quick profile passes on a simulated device, WebSocket columns filled" { check quick; }
@test "ws: the API key opens the session and is in no file" { check api_key; }
@test "ws: a server that never answers fails the run as unanswered" { check unanswered; }
@test "ws: replies with other ids fail the run and are counted" { check other_ids; }
@test "ws: failed connects and no message fail the run (connection refused)" { check refused_connection; }
@test "ws: failed connects and no message fail the run (handshake refused)" { check refused_handshake; }
@test "ws: two sessions wished, one allowed: the full rate, and a note" { check one_session_allowed; }
@test "ws: the device's limiter is named" { check limiter; }
@test "ws: a reboot in a mixed run is one reset, seen by REST and WebSocket" { check reboot; }
@test "ws: heap shedding closes with 1013, and the report says why" { check shedding; }
@test "ws: every hostile session ends with its reason, small, and the run goes on" { check "session "; }
@test "ws: every hostile handshake ends with its reason, small, and the run goes on" { check "handshake "; }
