# Helpers of the end-to-end tests. A test loads this file, works in $BATS_TEST_TMPDIR and asks
# check_json.py about the report. Every server is started with a deadline and stopped in teardown.
[ -z "${BATS_VERSION:-}" ] || bats_require_minimum_version 1.5.0

LIB=$LWS_SRCDIR/tests/lib
COORD=$LWS_BUILDDIR/lwstress-coord
SIM=$LWS_BUILDDIR/lwstress-sim
PYTHON3=${PYTHON3:-/usr/bin/python3}
SERVER_SECONDS=180

unset LWSTRESS_HOST LWSTRESS_WS_URL LWSTRESS_SERIAL_PORT LWSTRESS_OUT_DIR LWSTRESS_API_KEY
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export LC_ALL=C NO_COLOR=1

# A command line in front of another that ends it when it takes longer than SECONDS: an array, so
# that $! is the process to signal and no shell around it.
limit() {
	limit=()
	! command -v timeout >/dev/null || limit=(timeout -k 5 "$1")
}

# start_server NAME COMMAND...: run it in the background and wait for the line with which it
# says that it is ready. That line is left in $ready, the process id in $server_pid.
start_server() {
	local name=$1 dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR} fifo fd
	shift
	fifo=$dir/$name.fifo
	mkfifo "$fifo" || return 1
	exec {fd}<>"$fifo"
	limit "$SERVER_SECONDS"
	"${limit[@]}" "$@" >"$fifo" 2>"$dir/$name.err" 3>&- {fd}>&- </dev/null &
	server_pid=$!
	echo "$server_pid" >"$dir/$name.pid"
	if ! read -r -t 20 -u "$fd" ready; then
		echo "$name did not get ready:"
		cat "$dir/$name.err"
		return 1
	fi
}

# stop_server NAME: end it and wait for it, so that what it writes at its end is there.
stop_server() {
	local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR} pid
	[ -s "$dir/$1.pid" ] || return 0
	pid=$(<"$dir/$1.pid")
	rm -f "$dir/$1.pid"
	kill "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
}

stop_servers() {
	local file
	for file in "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}"/*.pid; do
		[ ! -e "$file" ] || stop_server "$(basename "$file" .pid)"
	done
}

# member KEY: a member of the JSON object in the last server's ready line.
member() {
	"$PYTHON3" -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$ready" "$1"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}

# rest_profile NAME SECONDS RATE CONNECTIONS [MORE-MEMBERS]: writes a profile file, prints its path.
rest_profile() {
	local file=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/$1.json
	printf '{"name": "%s",%s "scenarios": [{"name": "%s", "seconds": %s, "rest_hz": %s, "rest_connections": %s}]}\n' \
	    "$1" "${5:-}" "$1" "$2" "$3" "$4" >"$file"
	echo "$file"
}

# coord ARGUMENT...: run the coordinator with reports in ./out; its exit status is the function's.
# What it says is in coord.out and coord.err, what the kernel says about it in coord.measured.
coord() {
	local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR} status=0
	limit 120
	"${limit[@]}" "$PYTHON3" "$LIB/measure.py" "$dir/coord.measured" \
	    "$COORD" --serial-port none --out-dir "$dir/out" "$@" \
	    >"$dir/coord.out" 2>"$dir/coord.err" </dev/null 3>&- || status=$?
	tail -n 20 "$dir/coord.err"
	return "$status"
}

# coord_gives STATUS ARGUMENT...: run the coordinator and expect that exit status. On a busy machine
# lateness alone can make evidence incomplete, so --allow-incomplete is given.
coord_gives() {
	local want=$1 got=0
	shift
	coord --allow-incomplete "$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit status $got, not $want"; return 1; }
}

# report [DIR]: the path of the one JSON report in DIR (by default ./out).
report() {
	local dir=${1:-${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/out}
	set -- "$dir"/stress_harness_*.json
	[ $# -eq 1 ] && [ -f "$1" ] || { echo "not one report in $dir: $*" >&2; return 1; }
	echo "$1"
}

# check_json FILE [NAME=FILE]... EXPRESSION...: see check_json.py.
check_json() {
	"$PYTHON3" "$LIB/check_json.py" "$@"
}
