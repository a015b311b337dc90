#!/usr/bin/env bats
# Isolation of the workers: what a probe inside of it can do, and what the report says of it. Each
# refusal is checked beside the same attempt without the sandbox, which must succeed.

load ../lib/helpers

PROBE=$LWS_BUILDDIR/tests/lib/sandbox_probe

setup() {
	# Not below bats' own folder, which only its user can enter.
	open=$(mktemp -d "${TMPDIR:-/tmp}/lwstress-sandbox.XXXXXX")
	chmod 777 "$open"
	touch "$open/existing" "$open/spare"
	chmod 666 "$open/existing" "$open/spare"
}

teardown() {
	stop_servers
	rm -rf "$open"
}

# probe ROLE on|off [MORE]: what it prints is in $said, its first line in $layers.
probe() {
	local role=$1 state=$2
	shift 2
	said=$("$PROBE" "$role" "$state" "$open" "$@") || { echo "the probe failed: $said"; return 1; }
	layers=${said%%$'\n'*}
	echo "$role $state: $said"
	case $layers in *'measure coverage'*) skip 'no sandbox in a build that measures coverage' ;; esac
}

has() {
	[[ " $layers " =~ \ $1(\([0-9]+\))?\  ]]
}

# These attempts gave this. Signal 31 is SIGSYS.
gave() {
	local want=$1 name
	shift
	for name; do
		grep -qxE "$name ($want)" <<<"$said" || { echo "$name: not $want"; return 1; }
	done
}

refused='Operation not permitted|Permission denied|signal 31'

# Where the leak checker must work, processes can still be made and traced.
no_process=(make_process trace_process)
[ -z "$LWS_SANITIZE" ] || no_process=()

@test "without the sandbox all of it can be done" {
	probe rest off
	[ "$layers" = off ]
	gave ok create_file open_write open_read remove_file run_program make_process make_thread \
	    trace_process signal_parent socket_inet socket_local find_name open_tty read_tty set_tty
	! gave 'Address family not supported by protocol' socket_other
}

@test "the rest and ws workers cannot write, start programs or touch terminals" {
	local role
	for role in rest ws; do
		rm -f "$open/new"
		touch "$open/spare"
		probe "$role" on
		has rlimits
		gave "$refused" core_file
		! has landlock || gave 'Permission denied' open_read read_tty
		! has seccomp || {
			gave 'signal 31' run_program
			gave 'Operation not permitted' create_file open_write remove_file open_tty set_tty signal_parent \
			    "${no_process[@]}"
			gave 'Address family not supported by protocol' socket_other
		}
		! has landlock || gave "$refused" create_file open_write remove_file open_tty run_program
		has landlock || has seccomp || [ "$(uname -s)" != Linux ] || skip "this kernel has neither: $layers"
		[ ! -e "$open/new" ] && [ -e "$open/spare" ]
		gave ok make_thread socket_inet socket_local find_name
	done
}

@test "the serial worker cannot write files, start programs or open sockets" {
	probe serial on
	has rlimits
	gave "$refused" core_file
	! has landlock || gave 'Permission denied' open_read open_write
	! has seccomp || {
		gave 'signal 31' run_program
		gave 'Operation not permitted' create_file remove_file signal_parent socket_inet socket_local \
		    socket_other "${no_process[@]}"
	}
	has landlock || has seccomp || [ "$(uname -s)" != Linux ] || skip "this kernel has neither: $layers"
	[ ! -e "$open/new" ] && [ -e "$open/spare" ]
	gave ok open_tty read_tty set_tty
}

@test "root's workers become another user, and keep what they need" {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	id nobody >/dev/null || skip 'there is no user nobody'
	local user='user=(lwstress|nobody) '
	probe rest on
	[[ $layers =~ ^$user ]]
	gave 'Operation not permitted' be_root
	# A port of a group that neither user is in.
	probe serial on 4242
	[[ $layers =~ ^$user ]]
	gave 'Operation not permitted' be_root
	gave ok open_tty set_tty
	# A port of root alone: said, and still open.
	probe serial on
	[[ $layers =~ ^user=root\([a-z]+\ cannot\ open\ /dev/ ]]
	gave ok open_tty
	# So with a certificate that root alone can read.
	touch "$open/ca.pem"
	chmod 600 "$open/ca.pem"
	probe ws on - "$open/ca.pem"
	[[ $layers == "user=root("*" cannot open $open/ca.pem)"* ]]
	gave ok read_ca
	chmod 644 "$open/ca.pem"
	probe ws on - "$open/ca.pem"
	[[ $layers =~ ^$user ]]
	gave ok read_ca
}

# run_by_name ARGUMENT...: 2 s of both loads against a simulated device whose name must be looked up.
run_by_name() {
	start_server sim "$SIM" --console
	coord_gives 0 --serial-port "$(member console)" --host "$(member url | sed s/127.0.0.1/localhost/)" --profile quick \
	    --scenario-duration 1 "$@"
	stop_server sim
}

@test "the report says for each role what was on" {
	local role
	run_by_name
	for role in rest ws serial; do
		probe "$role" on
		[ "$role" = serial ] || check_json "$(report)" "d['sandbox']['$role'] == '$layers'"
		check_json "$(report)" "d['sandbox']['$role'].endswith(' ${layers#* no_new_privs }')"
	done
	grep -q '^Isolation: rest: user=' "$BATS_TEST_TMPDIR"/out/*.md
}

@test "--no-sandbox turns it off, and the report says so" {
	run_by_name --no-sandbox
	check_json "$(report)" "d['sandbox'] == {'rest': 'off', 'ws': 'off', 'serial': 'off'}"
	grep -q 'not isolated (--no-sandbox)' "$BATS_TEST_TMPDIR"/out/*.md
}

# The kernel's own word on the three workers of a coordinator: no_new_privs and seccomp of each.
workers_are() {
	local pid children
	children=$(cat /proc/"$1"/task/"$1"/children)
	for pid in $children; do
		[ "$(cat /proc/"$pid"/comm)" != lwstress-worker ] ||
			awk -v ORS=' ' '/^(NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$pid/status"
	done >"$BATS_TEST_TMPDIR/kernel"
	[ "$(cat "$BATS_TEST_TMPDIR/kernel")" = "$2" ]
}

@test "the kernel says the same of running workers" {
	[ -e /proc/self/status ] || skip 'no /proc'
	probe rest on
	local want='1 2 1 2 1 2 ' option
	has seccomp || want='1 0 1 0 1 0 '
	for option in '' --no-sandbox; do
		[ -z "$option" ] || want='0 0 0 0 0 0 '
		"$COORD" --simulate --profile quick --scenario-duration 5 --deadline 60 $option \
		    --out-dir "$BATS_TEST_TMPDIR/out$option" 3>&- >/dev/null 2>&1 </dev/null &
		echo $! >"$BATS_TEST_TMPDIR/coord.pid"
		wait_for 20 workers_are $! "$want" || { cat "$BATS_TEST_TMPDIR/kernel"; return 1; }
		stop_server coord
	done
}
