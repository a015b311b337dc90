#!/usr/bin/env bats
# Every wrong answer ends in its class and in time, in bounded memory, and is asked for once only.

# How the server answers, and the class in which its answers must end.
expectations() {
	cat <<-'END'
		garbage protocol
		endless body
		endless-chunked body
		drip timeout
		huge-header protocol
		many-headers protocol
		redirect status
		deep-json body
		long-length reset
		short-length body
		negative-length protocol
		bad-chunk protocol
		early-close reset
		reset reset
		no-answer timeout
		continues timeout
		not-json body
		empty body
		no-envelope body
		trailing body
		api-error api
		not-ready status
		limited rejected
	END
}

# One run of 3 s against one server; leaves all that is to be looked at in $BATS_FILE_TMPDIR/MODE.
run_mode() {
	local BATS_FILE_TMPDIR=$BATS_FILE_TMPDIR/$1 status=0
	mkdir "$BATS_FILE_TMPDIR"
	start_server server "$PYTHON3" "$LIB/hostile_server.py" --out "$BATS_FILE_TMPDIR/counts.json" "$1" || return
	coord --host "$(member url)" --rest-timeout 1 --profile "$(rest_profile hostile 3 4 1)" \
	    >/dev/null || status=$?
	echo "$status" >"$BATS_FILE_TMPDIR/status"
	stop_server server
}

# All of them run side by side, eight at a time.
setup_file() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	local mode n=0
	for mode in $(expectations | cut -d ' ' -f 1); do
		run_mode "$mode" >"$BATS_FILE_TMPDIR/$mode.log" 2>&1 3>&- &
		n=$((n + 1))
		[ $((n % 8)) -ne 0 ] || wait
	done
	wait
}

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
}

# each FUNCTION: call it with mode, class and folder of every run, and name those that fail.
each() {
	local mode class bad=
	while read -r mode class; do
		if ! "$1" "$mode" "$class" "$BATS_FILE_TMPDIR/$mode" >"$BATS_TEST_TMPDIR/said" 2>&1; then
			bad="$bad $mode"
			echo "$mode:"
			sed 's/^/    /' "$BATS_TEST_TMPDIR/said"
		fi
	done < <(expectations)
	[ -z "$bad" ]
}

ends_in_class() {
	[ -s "$3/status" ] || { cat "$BATS_FILE_TMPDIR/$1.log" "$3"/*.err; return 1; }
	[ "$(<"$3/status")" -eq 1 ] || { cat "$3/coord.err"; return 1; }
	check_json "$(report "$3/out")" \
	    'd["overall"] == "FAIL"' 'rest["ok"] == 0' 'rest["sent"] >= 2' 'rest["lost"] == 0' \
	    "{c: n for c, n in rest['errors_by_class'].items() if n} == {'$2': rest['errors']}" \
	    'rest["sent"] == rest["errors"]' \
	    'rest["planned"] == rest["sent"] + rest["dropped_slots"] + rest["missed_slots"]'
}

ends_in_time() {
	check_json "$(report "$3/out")" 'rest["service_ms"]["max"] is None or rest["service_ms"]["max"] < 1600' \
	    'all(w["restarts"] == 0 for w in d["workers"])' 'r["actual_s"] < 5'
}

stays_small() {
	check_json "$3/coord.measured" 'd["max_rss_kb"] < 40 * 1024'
}

asks_once() {
	check_json "$(report "$3/out")" counts="$3/counts.json" 'counts["requests"] == rest["sent"]'
}

@test "every wrong answer ends in its class" {
	each ends_in_class
}

@test "every wrong answer ends in time and no worker dies of it" {
	each ends_in_time
}

@test "no process takes more than 40 MB" {
	[ -z "${LWS_SANITIZE:-}" ] || return 0	# the sanitizers' own memory is far more
	each stays_small
}

@test "a request whose connection broke is not sent again behind the report's back" {
	each asks_once
}
