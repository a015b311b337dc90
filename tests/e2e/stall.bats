#!/usr/bin/env bats
# A server that stalls 2 s in every 10 s, asked 20 times a second over one connection. A fifth of
# the slots falls due in the stall and waits between 0 and 2 s, evenly: so nine in ten of all slots
# are answered within 1 s of their due time and nineteen in twenty within 1.5 s, while nearly every
# request that was sent at all was answered at once.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
}

teardown() {
	stop_servers
}

@test "response time shows a stall at its true weight, service time does not" {
	counts=$BATS_TEST_TMPDIR/counts.json
	start_server count "$PYTHON3" "$LIB/count_server.py" --out "$counts" --stall 2/10
	coord_gives 0 --host "$(member url)" --profile "$(rest_profile stall 10 20 1)"
	stop_server count
	check_json "$(report)" counts="$counts" \
	    'rest["planned"] == 200' \
	    'rest["planned"] == rest["sent"] + rest["dropped_slots"] + rest["missed_slots"]' \
	    'sum(counts["load"].values()) == rest["sent"]' \
	    '36 <= rest["dropped_slots"] <= 42' \
	    'rest["response_ms"]["samples"] == rest["sent"] + rest["dropped_slots"]' \
	    'abs(rest["response_ms"]["p95"] - 1500) < 100' \
	    'abs(rest["response_ms"]["p90"] - 1000) < 100' \
	    'rest["response_ms"]["p50"] < 100' \
	    'rest["service_ms"]["p50"] < 100' 'rest["service_ms"]["p95"] < 100' \
	    'rest["service_ms"]["max"] > 1800' \
	    'rest["errors"] == 0'
}
