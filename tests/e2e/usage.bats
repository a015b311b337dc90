#!/usr/bin/env bats
# Whatever is wrong with the command line, the environment or a profile file: exit 2 before anything
# was sent or written, with a message that holds the offending word.

setup_file() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	start_server count "$PYTHON3" "$LIB/count_server.py" --out "$BATS_FILE_TMPDIR/counts.json"
	URL=$(member url)
	export URL
}

teardown_file() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	stop_servers
}

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# refuses WORD ARGUMENT...: exit status 2, WORD in the message, nothing in the working folder.
refuses() {
	local word=$1 got=0 dir=$BATS_TEST_TMPDIR/work
	shift
	rm -rf "$dir"
	mkdir "$dir"
	(cd "$dir" && "$COORD" "$@") >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- || got=$?
	if [ "$got" -ne 2 ] || ! grep -qF -- "$word" "$BATS_TEST_TMPDIR/said" || [ -n "$(ls -A "$dir")" ]; then
		echo "lwstress-coord $*: exit status $got, wanted the word \"$word\"; left: $(ls -A "$dir"); said:"
		cat "$BATS_TEST_TMPDIR/said"
		bad=1
	fi
}

@test "options" {
	bad=0
	refuses --nonsense --nonsense
	refuses -x -x
	refuses nonsense nonsense
	refuses --host --host
	refuses --profile --profile
	refuses gentle --profile gentle
	refuses ./missing.json --profile ./missing.json
	refuses 5x --scenario-duration 5x
	refuses --scenario-duration --scenario-duration 0
	refuses --scenario-duration --scenario-duration -1
	refuses 1e3 --scenario-duration 1e3
	refuses --serial-duration --serial-only --serial-duration 0
	refuses --serial-only --serial-duration 10
	refuses --profile --serial-only --profile quick
	refuses none --serial-only --serial-port none
	refuses --simulate --simulate --host "$URL"
	refuses --ws-url --simulate --ws-url ws://127.0.0.1/ws
	refuses /missing.pem --host "$URL" --ca-file /missing.pem
	refuses --insecure --host "$URL" --ca-file /etc/passwd --insecure
	refuses gopher --host "$URL" --proxy gopher://127.0.0.1
	refuses never --rest-timeout never
	refuses --ws-timeout --ws-timeout 0
	refuses 100000 --connect-timeout 100000
	refuses --preflight-timeout --preflight-timeout ''
	refuses --out-dir --host "$URL" --out-dir ''
	refuses yes --allow-incomplete=yes
	[ "$bad" -eq 0 ]
}

@test "URLs" {
	bad=0
	refuses 192.168.1.1 --host 192.168.1.1
	refuses ftp --host ftp://127.0.0.1
	refuses http:// --host http://
	refuses 99999 --host http://127.0.0.1:99999
	refuses :0 --host http://127.0.0.1:0
	refuses '/api' --host http://127.0.0.1/api
	refuses '?q' --host 'http://127.0.0.1?q'
	refuses '#' --host 'http://127.0.0.1#f'
	refuses --host --host 'http://127.0. 0.1'
	refuses --host --host ''
	refuses 'http://127.0.0.1/ws' --host "$URL" --ws-url http://127.0.0.1/ws
	refuses --ws-url --host "$URL" --ws-url ''
	[ "$bad" -eq 0 ]
}

@test "a refused URL keeps its password to itself" {
	bad=0
	refuses ftp --host ftp://user:s3cr3t@127.0.0.1
	! grep s3cr3t "$BATS_TEST_TMPDIR/said"
	[ "$bad" -eq 0 ]
}

@test "the environment" {
	bad=0
	LWSTRESS_HOST=gopher://x refuses LWSTRESS_HOST
	LWSTRESS_WS_URL=http://x LWSTRESS_HOST=$URL refuses http://x
	LWSTRESS_API_KEY=$'a\nb' LWSTRESS_HOST=$URL refuses LWSTRESS_API_KEY
	[ "$bad" -eq 0 ]
}

# refuses_profile WORD TEXT
refuses_profile() {
	printf '%s' "$2" >"$BATS_TEST_TMPDIR/profile.json"
	refuses "$1" --host "$URL" --profile "$BATS_TEST_TMPDIR/profile.json"
}

# refuses_scenario WORD MEMBERS: a profile whose only scenario has these members besides its name.
refuses_scenario() {
	refuses_profile "$1" "{\"name\": \"p\", \"scenarios\": [{\"name\": \"s\", $2}]}"
}

@test "profile files: what is no profile" {
	bad=0
	refuses_profile JSON ''
	refuses_profile JSON '{'
	refuses_profile JSON '{"name": "p"} trailing'
	refuses_profile object '[]'
	refuses_profile scenarios '{"name": "p"}'
	refuses_profile name '{"scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile name '{"name": "a b", "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile name '{"name": "../../x", "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile name "{\"name\": \"$(printf 'n%.0s' {1..41})\", \"scenarios\": [{\"name\": \"s\", \"seconds\": 1}]}"
	refuses_profile scenarios '{"name": "p", "scenarios": []}'
	refuses_profile scenarios '{"name": "p", "scenarios": {}}'
	refuses_profile 'scenarios[0]' '{"name": "p", "scenarios": [7]}'
	refuses_profile twice '{"name": "p", "name": "q", "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile '"s"' '{"name": "p", "scenarios": [{"name": "s", "seconds": 1}, {"name": "s", "seconds": 1}]}'
	refuses_profile colour '{"name": "p", "colour": 1, "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile rest_paths '{"name": "p", "rest_paths": [], "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile api/v1 '{"name": "p", "rest_paths": ["api/v1"], "scenarios": [{"name": "s", "seconds": 1}]}'
	refuses_profile deep "$(printf '[%.0s' {1..5000})"
	refuses "$BATS_TEST_TMPDIR" --host "$URL" --profile "$BATS_TEST_TMPDIR"
	[ "$bad" -eq 0 ]
}

@test "profile files: scenarios" {
	bad=0
	refuses_scenario seconds '"rest_hz": 1'
	refuses_scenario seconds '"seconds": 0'
	refuses_scenario seconds '"seconds": "ten"'
	refuses_scenario seconds '"seconds": 1e12'
	refuses_scenario rest_hz '"seconds": 1, "rest_hz": -1'
	refuses_scenario rest_hz '"seconds": 1, "rest_hz": 100001'
	refuses_scenario rest_hz '"seconds": 1, "rest_hz": 0.0001'
	refuses_scenario rest_hz '"seconds": 1, "rest_hz": "fast"'
	refuses_scenario rest_hz '"seconds": 1, "rest_hz": null'
	refuses_scenario ws_hz '"seconds": 1, "ws_hz": [1]'
	refuses_scenario rest_connections '"seconds": 1, "rest_connections": 257'
	refuses_scenario rest_connections '"seconds": 1, "rest_connections": 1.5'
	refuses_scenario rest_connections '"seconds": 1, "rest_hz": 1, "rest_connections": 0'
	refuses_scenario ws_sessions '"seconds": 1, "ws_sessions": -1'
	refuses_scenario ws_window '"seconds": 1, "ws_window": 0'
	refuses_scenario ws_window '"seconds": 1, "ws_window": 65'
	refuses_scenario rest_herz '"seconds": 1, "rest_herz": 4'
	refuses_scenario twice '"seconds": 1, "seconds": 2'
	[ "$bad" -eq 0 ]
}

@test "output directories" {
	bad=0
	echo precious >"$BATS_TEST_TMPDIR/file"
	refuses "$BATS_TEST_TMPDIR/file" --host "$URL" --out-dir "$BATS_TEST_TMPDIR/file"
	refuses /dev/null --host "$URL" --out-dir /dev/null/reports
	refuses /proc/reports --host "$URL" --out-dir /proc/reports
	[ "$(<"$BATS_TEST_TMPDIR/file")" = precious ]
	[ "$bad" -eq 0 ]
}

# After all the others: none of them has reached the device.
@test "nothing was sent" {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR stop_server count
	wait_for 5 test -s "$BATS_FILE_TMPDIR/counts.json"
	check_json "$BATS_FILE_TMPDIR/counts.json" 'd["connections"] == 0'
}

@test "--help and --version go to stdout" {
	run --separate-stderr -0 "$COORD" --help
	[[ "$output" == *--host* && -z "$stderr" ]]
	run --separate-stderr -0 "$COORD" --version
	[[ "$output" == *lwstress* && -z "$stderr" ]]
}
