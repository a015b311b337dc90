# lwstress-worker rest against independent HTTP servers, driven over its pipes by tests/lib.

bats_require_minimum_version 1.5.0

setup() {
	: "${LWS_SRCDIR:?}" "${LWS_BUILDDIR:?}"
	export PYTHONDONTWRITEBYTECODE=1
}

rest() {
	timeout 60 "$PYTHON3" "$LWS_SRCDIR/tests/e2e/rest_worker.py" "$1"
}

@test "every slot reaches the server on the grid, path by path" { rest grid; }
@test "the preflight reports status and info" { rest preflight; }
@test "fresh connections: one for each request" { rest fresh; }
@test "service time is what the server took" { rest service; }
@test "a stall drops slots and nothing is caught up" { rest stall; }
@test "every hostile answer ends in its class and in time" { rest hostile; }
@test "fifty endless bodies stay under 40 MB" { rest endless_lanes; }
@test "unreachable peers end in their classes" { rest unreachable; }
@test "a closed loop keeps every lane busy and ends with its scenario" { rest closed; }
@test "a closed loop does not hammer a closed port" { rest closed_refused; }
@test "STOP drains for as long as it says" { rest drain; }
@test "the last STOP waits for answers, then FINAL is the last frame" { rest quit_drains; }
@test "a restarted worker takes over on the old grid" { rest restart; }
@test "it leaves with the coordinator and on nonsense" { rest death; }
@test "SIGINT is the coordinator's business" { rest signals; }
@test "proxy variables of the environment are not used" { rest proxy_environment; }
@test "TLS is verified, with --ca-file and --insecure" { rest tls; }
@test "a server that closes after each answer is no error" { rest reset_mid_run; }

@test "by hand it refuses and says what to run" {
	run -2 "$LWS_BUILDDIR/lwstress-worker" rest 1 3<&- 4<&-
	[[ "$output" == *"run lwstress-coord instead"* ]]
	run -2 "$LWS_BUILDDIR/lwstress-worker"
	run -2 "$LWS_BUILDDIR/lwstress-worker" nosuch 1
	[[ "$output" == *nosuch* ]]
	run -2 "$LWS_BUILDDIR/lwstress-worker" rest 1x
	[[ "$output" == *1x* ]]
	run -0 "$LWS_BUILDDIR/lwstress-worker" --version
	[[ "$output" == "lwstress-worker "* ]]
	run -0 "$LWS_BUILDDIR/lwstress-worker" --help
}
