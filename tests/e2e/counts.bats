#!/usr/bin/env bats
# What the report says was sent is what independent servers counted, where and when they counted it.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	load "$LWS_SRCDIR/tests/lib/nginx.bash"
	counts=$BATS_TEST_TMPDIR/counts.json
}

teardown() {
	stop_servers
	stop_nginx "$BATS_TEST_TMPDIR/nginx"
}

start_count_server() {
	start_server count "$PYTHON3" "$LIB/count_server.py" --out "$counts" "$@"
	url=$(member url)
}

sums='rest["planned"] == rest["sent"] + rest["dropped_slots"] + rest["missed_slots"]
rest["sent"] == rest["ok"] + rest["errors"] + rest["lost"]
sum(p["calls"] for p in rest["by_path"]) == rest["sent"]
r["rest_calls"] == rest["ok"] + rest["errors"]'

check_sums() {
	local lines
	mapfile -t lines <<<"$sums"
	check_json "$(report)" "${lines[@]}"
}

@test "a Python server counts what was sent, path by path, and sees the grid" {
	start_count_server --latency 20
	coord_gives 0 --host "$url" --profile "$(rest_profile grid 3 40 4)"
	stop_server count
	check_sums
	check_json "$(report)" counts="$counts" measured="$BATS_TEST_TMPDIR/coord.measured" \
	    'd["overall"] == "PASS"' 'rest["planned"] == 120' 'rest["errors"] == 0' \
	    'sum(counts["load"].values()) == rest["sent"]' \
	    '{p["path"]: p["calls"] for p in rest["by_path"]} == counts["load"]' \
	    'counts["connections"] <= 5' \
	    'rest["service_ms"]["p50"] >= 20' 'rest["service_ms"]["p50"] < 60' \
	    'measured["ended_us"] - counts["arrivals_us"][0] < 4000000'
	# In order, without bursts, and half of them within 2.5 ms of a grid of 25 ms through the first
	# that is on time: a machine that is busy may delay some, a wrong grid would spread them all.
	check_json "$counts" \
	    'sorted(d["arrivals_us"]) == d["arrivals_us"]' \
	    'max(sum(t <= a < t + 1000000 for a in d["arrivals_us"]) for t in d["arrivals_us"]) <= 40 + 4' \
	    'max(sum(abs((a - t + 12500) % 25000 - 12500) < 2500 for a in d["arrivals_us"]) for t in d["arrivals_us"]) >= len(d["arrivals_us"]) / 2'
}

@test "nginx counts what was sent, path by path" {
	start_nginx "$BATS_TEST_TMPDIR/nginx"
	coord_gives 0 --host "$nginx_url" --profile "$(rest_profile nginx 3 100 4)"
	stop_nginx "$BATS_TEST_TMPDIR/nginx"
	awk '{ n[$2]++ } END { for (p in n) printf "%s\"%s\": %d", sep[p] = (c++ ? ", " : "{"), p, n[p]; print "}" }' \
	    "$BATS_TEST_TMPDIR/nginx/access.log" >"$counts"
	check_sums
	# One device/status and one device/info are the preflight's.
	check_json "$(report)" counts="$counts" 'rest["planned"] == 300' 'rest["errors"] == 0' \
	    'sum(counts.values()) == rest["sent"] + 2' 'counts["/api/v1/device/info"] == 1' \
	    'all(counts[p["path"]] == p["calls"] + (p["path"] == "/api/v1/device/status") for p in rest["by_path"])'
}

@test "flat out, nginx counts what was sent" {
	NGINX_KEEPALIVE_REQUESTS=100 start_nginx "$BATS_TEST_TMPDIR/nginx"
	coord_gives 0 --host "$nginx_url" --profile "$(rest_profile flat 2 '"max"' 8)"
	stop_nginx "$BATS_TEST_TMPDIR/nginx"
	lines=$(wc -l <"$BATS_TEST_TMPDIR/nginx/access.log")
	check_json "$(report)" "rest['sent'] + 2 == $lines" 'rest["errors"] == 0' \
	    'rest["ok"] == rest["sent"]' 'rest["sent"] > 100'
}

@test "--fresh-connections opens one for each request, otherwise they are kept" {
	start_count_server
	coord_gives 0 --host "$url" --fresh-connections --profile "$(rest_profile fresh 1 20 2)"
	stop_server count
	check_json "$(report)" counts="$counts" 'counts["connections"] == counts["requests"]' \
	    'sum(counts["load"].values()) == rest["sent"]'
}

@test "paths of a profile file are asked in turn" {
	start_count_server
	coord_gives 0 --host "$url" --profile "$(rest_profile paths 2 10 1 \
	    ' "rest_paths": ["/api/v1/effects", "/api/v1/parameters"],')"
	stop_server count
	check_json "$counts" 'set(d["load"]) == {"/api/v1/effects", "/api/v1/parameters"}' \
	    'abs(d["load"]["/api/v1/effects"] - d["load"]["/api/v1/parameters"]) <= 1'
}

@test "https: a certificate is checked, --ca-file knows it, --insecure does not care" {
	start_count_server --tls "$BATS_TEST_TMPDIR"
	profile=$(rest_profile tls 1 10 1)
	coord_gives 3 --host "$url" --profile "$profile"
	grep -qi "$url" "$BATS_TEST_TMPDIR/coord.err"
	rm -r "$BATS_TEST_TMPDIR/out"
	coord_gives 0 --host "$url" --profile "$profile" --ca-file "$BATS_TEST_TMPDIR/cert.pem"
	check_json "$(report)" 'rest["ok"] == rest["sent"]' 'rest["sent"] > 0'
	rm -r "$BATS_TEST_TMPDIR/out"
	coord_gives 0 --host "$url" --profile "$profile" --insecure
	check_json "$(report)" 'rest["ok"] == rest["sent"]'
}

@test "the API key reaches the device and nothing else" {
	start_count_server
	LWSTRESS_API_KEY=k3y-of-th3-d3vic3 coord_gives 0 --host "http://user:p4ssw0rd@${url#http://}" \
	    --profile "$(rest_profile key 1 10 1)"
	stop_server count
	check_json "$counts" 'd["headers"]["X-API-Key"] == "k3y-of-th3-d3vic3"' \
	    'd["headers"]["Authorization"].startswith("Basic ")' '"Origin" not in d["headers"]'
	[ -n "$(ls "$BATS_TEST_TMPDIR/out")" ]
	! grep -rE 'k3y-of|p4ssw0rd' "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/coord.err" "$BATS_TEST_TMPDIR/coord.out"
}
