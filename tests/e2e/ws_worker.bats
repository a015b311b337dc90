#!/usr/bin/env bats
# lwstress-worker ws against Python's websockets, Node's ws and hostile peers. The cases are the
# functions of ws_worker.py.

worker() {
	"$PYTHON3" "$LWS_SRCDIR/tests/e2e/ws_worker.py" "$1"
}

@test "messages and replies are counted alike by Python's websockets" { worker python_counts; }
@test "messages and replies are counted alike by Node's ws" { worker node_counts; }
@test "fragmented replies with a ping inside are one reply each (Python)" { worker python_fragments; }
@test "fragmented replies with a ping inside are one reply each (Node)" { worker node_fragments; }
@test "a closed loop keeps its window full and no fuller" { worker window_closed_loop; }
@test "wss, with and without a known certificate" { worker tls; }
@test "through a proxy" { worker proxy; }
@test "the API key is the first message" { worker auth; }
@test "requests without reply end as unanswered, in time" { worker unanswered; }
@test "replies with other ids answer nothing" { worker other_ids; }
@test "late replies are counted apart" { worker late; }
@test "each wrong reply has its class" { worker bad_replies; }
@test "RATE_LIMITED without requestId ends the oldest request" { worker limit_ends_the_oldest; }
@test "broadcasts are no replies" { worker broadcasts; }
@test "two sessions wished, one allowed: the full rate is sent" { worker one_session_allowed; }
@test "two sessions share the load and are opened apart" { worker two_sessions; }
@test "attempts are 2.2 s apart and back off" { worker spacing_and_backoff; }
@test "a first attempt that came too fast is repeated" { worker reconnect_too_fast; }
@test "a session that breaks is opened again, the slots between are dropped" { worker abrupt_loss; }
@test "a session closed by shedding is a refusal" { worker shedding; }
@test "a restarted worker is ready at once and keeps its distance" { worker restarted; }
@test "an unreachable device fails the preflight" { worker unreachable; }
@test "its peak of memory is its own, not its parent's" { worker memory; }
@test "a worker without a plan leaves when told" { worker quit_at_once; }
@test "every hostile handshake ends with its reason, in time" { worker hostile_handshakes; }
@test "every hostile session ends with its reason, and the run goes on" { worker hostile_sessions; }
@test "the conformance list over a real socket" { worker conformance; }
