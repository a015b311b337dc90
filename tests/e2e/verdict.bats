#!/usr/bin/env bats
# What the run makes of a device: its own limiter, no device at all, a worker that was killed.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
}

teardown() {
	stop_servers
}

@test "a simulated device under its limits passes" {
	coord_gives 0 --simulate --profile "$(rest_profile calm 3 4 1)"
	check_json "$(report)" 'd["overall"] == "PASS"' 'd["exit_code"] == 0' 'rest["ok"] == 12' \
	    'rest["planned"] == 12' 'd["complete"] is True' 'd["schema"] == "lwstress-report/1"'
}

@test "24 a second: the device's own limiter is named, in the figures and in words" {
	coord_gives 1 --simulate --profile "$(rest_profile limit 8 24 2)"
	check_json "$(report)" 'd["overall"] == "FAIL"' 'd["exit_code"] == 1' \
	    'rest["errors_by_class"]["rejected"] == rest["errors"]' 'rest["errors"] > 100' \
	    'rest["ok"] >= 20' \
	    'any(g["name"] == "rest_error_rate" and not g["ok"] for g in d["gates"])'
	grep -E "all [0-9]+ errors are .*device's own rate limiter" "$(report | sed 's/json$/md/')"
}

@test "19 a second stays under the limiter" {
	coord_gives 0 --simulate --profile "$(rest_profile under 4 19 2)"
	check_json "$(report)" 'rest["errors"] == 0' 'rest["sent"] >= 70'
}

@test "an unreachable device: exit 3, the URL, a remedy, and a report that says so" {
	port=$("$PYTHON3" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	coord_gives 3 --host "http://127.0.0.1:$port" --profile quick
	grep -F "http://127.0.0.1:$port" "$BATS_TEST_TMPDIR/coord.err"
	grep -E -- 'is the device switched on.*--host' "$BATS_TEST_TMPDIR/coord.err"
	check_json "$(report)" 'd["exit_code"] == 3' 'd["overall"] == "FAIL"' "'127.0.0.1:$port' in d['host']" \
	    'd["exit_reason"]' 'all(x["rest"]["sent"] == 0 for x in d["results"])'
	grep -iE 'unreachable|could not be reached|preflight' "$(report | sed 's/json$/md/')"
}

@test "a device that answers nothing in the preflight: exit 3 within its time" {
	start_server hostile "$PYTHON3" "$LIB/hostile_server.py" --preflight-ok 0 no-answer
	coord_gives 3 --host "$(member url)" --profile quick --preflight-timeout 1
	check_json "$(report)" 'd["exit_code"] == 3'
}

# The worker of a coordinator: the child of the process in coord.pid that is not the coordinator.
worker_pid() {
	ps -eo pid=,ppid=,args= | awk '/lwstress-worker/ && !/awk/ { print $1 }' | while read -r pid; do
		[ "$(ps -o ppid= -p "$pid" | tr -d ' ')" != "$1" ] || echo "$pid"
	done
}

@test "a killed worker is replaced, named, and what it had sent is accounted for" {
	counts=$BATS_TEST_TMPDIR/counts.json
	start_server count "$PYTHON3" "$LIB/count_server.py" --out "$counts" --latency 30
	limit 60
	"${limit[@]}" "$COORD" --serial-port none --out-dir "$BATS_TEST_TMPDIR/out" --allow-incomplete \
	    --host "$(member url)" --profile "$(rest_profile killed 4 20 2)" \
	    >"$BATS_TEST_TMPDIR/coord.out" 2>"$BATS_TEST_TMPDIR/coord.err" </dev/null 3>&- &
	runner=$!
	wait_for 10 grep -q '"name": "killed"\|killed' "$BATS_TEST_TMPDIR/coord.err"
	child=$(ps -o pid= --ppid "$runner" | tr -d ' ')
	wait_for 10 test -n "$(worker_pid "$child")"
	kill -KILL "$(worker_pid "$child")"
	wait "$runner" && status=0 || status=$?
	stop_server count
	cat "$BATS_TEST_TMPDIR/coord.err"
	[ "$status" -eq 0 ]
	check_json "$(report)" counts="$counts" \
	    'rest["sent"] == rest["ok"] + rest["errors"] + rest["lost"]' \
	    'rest["planned"] == rest["sent"] + rest["dropped_slots"] + rest["missed_slots"]' \
	    'sum(w["restarts"] for w in d["workers"]) == 1 or len(d["workers"]) == 2' \
	    'any("9" in str(w["exit"]) or "KILL" in str(w["exit"]) for w in d["workers"])' \
	    '0 <= rest["sent"] - (counts["requests"] - 4) <= 2' \
	    'rest["lost"] <= 2' 'rest["ok"] > 40'
}

@test "a stderr that nobody reads never stops a run" {
	local profile
	profile=$(rest_profile unread 1 8 1)
	"$PYTHON3" - "$COORD" "$profile" "$BATS_TEST_TMPDIR/out" <<-'END'
		import os, subprocess, sys
		read, write = os.pipe()
		os.set_blocking(write, False)
		try:
		    while os.write(write, b"x" * 4096):
		        pass
		except BlockingIOError:
		    os.set_blocking(write, True)
		done = subprocess.run([sys.argv[1], "--simulate", "--profile", sys.argv[2], "--out-dir",
		                       sys.argv[3]], stderr=write, stdout=subprocess.PIPE, timeout=30)
		assert done.returncode == 0, done
	END
	check_json "$(report)" 'rest["ok"] == 8' 'd["complete"] is True'
}

@test "secrets that a device quotes are hidden, nonsense that it tells is left out" {
	local url
	start_server echo "$PYTHON3" "$LIB/echo_server.py"
	url=$(member url)
	LWSTRESS_API_KEY=k3y-of-ours coord_gives 1 --host "http://bob:hunter2@${url#http://}" \
	    --profile "$(rest_profile quoted 1 8 1)"
	check_json "$(report)" 'rest["errors_by_class"]["api"] == 8' \
	    '"ODD: key *********** auth Basic ****************" in rest["error_texts"][0]["text"]' \
	    'd["workers"][0]["restarts"] == 0' \
	    'any("heap that cannot be" in n for n in d["notes"])'
	run ! grep -raE 'k3y-of-ours|hunter2|Ym9iOmh1bnRlcjI' "$(dirname "$(report)")"
}

@test "sessions refused before the first scenario count where WebSocket load is planned" {
	cat >"$BATS_TEST_TMPDIR/two.json" <<-'END'
		{"name": "two", "scenarios": [{"name": "a", "seconds": 1, "rest_hz": 8},
		    {"name": "b", "seconds": 1, "ws_hz": 4}]}
	END
	coord_gives 1 --simulate=ws-clients=0 --profile "$BATS_TEST_TMPDIR/two.json"
	check_json "$(report)" 'd["results"][0]["ws"]["connect_errors"] == 0' \
	    'd["results"][1]["ws"]["connect_errors"] >= 1' \
	    '[g["scenario"] for g in d["gates"] if not g["ok"]] == ["b"]'
}
