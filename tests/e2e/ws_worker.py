"""Cases of ws_worker.bats: `ws_worker.py CASE`. The test plays coordinator and device."""
import json
import os
import re
import select
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

SRC = os.environ.get("LWS_SRCDIR", ".")
sys.path.insert(0, os.path.join(SRC, "tests/lib"))

from worker_driver import CLASSES, CLOSED_LOOP, EVENTS, Worker, mono_us, plan
from ws_hostile import HANDSHAKES, SESSIONS, read_frame, serve_then
from ws_peers import Device, KINDS, NodePeer, RawPeer, answer101, frame, make_tls, reply_to

RSS_MAX_KB = 40 * 1024
SANITIZED = "address" in os.environ.get("LWS_SANITIZE", "")


def events(w, name):
    return [e for e in w.of("EVENT") if EVENTS[e["kind"]] == name]


def total(w, name):
    return sum(e["value"] for e in events(w, name))


def texts(w, name):
    return [e["text"].decode() for e in events(w, name)]


def check(truth, *what):
    if not truth:
        raise AssertionError(" ".join(str(x) for x in what))


def equal(got, want, what=""):
    check(got == want, what, "is", repr(got), "and not", repr(want))


def ready(w, p, ok=1, timeout=10):
    w.send_plan(p)
    frame_ready = w.wait("READY", timeout)
    equal(frame_ready["ok"], ok, "READY %r" % frame_ready["text"])
    return frame_ready


def run(url, loads=((50000, 2, 1),), after=None, window=1, **more):
    """One scenario from READY to the end; returns the worker with all its frames."""
    p = plan(url, loads, KINDS, **dict({"timeout_ms": 2000}, **more))
    for load in p["load"]:
        load["window"] = window
    w = Worker("ws")
    with w:
        ready(w, p)
        w.started = w.start(0, mono_us() + 20000)
        w.pump(0.02 + loads[0][1])
        w.stop(after or 1000)
        w.rss_kb = w.peak_rss_kb()
        w.final = w.finish(after or 1000)
        equal(w.status, 0, "exit status")
        equal(w.holes, 0, "holes in the sequence")
        equal(w.final["begun"], len(w.of("OP_BEGIN")), "begun")
        equal(w.final["ended"], w.final["begun"], "ended")
    if not SANITIZED:
        check(w.rss_kb < RSS_MAX_KB, "the worker took", w.rss_kb, "KB")
    return w


# Good devices

def case_python_counts():
    d = Device()
    w = run(d.url, ((100000, 2, 1),))
    equal(len(d.messages), w.final["begun"], "messages that the server counted")
    equal(w.classes(), {"ok": d.replies}, "classes")
    slots = w.final["begun"] + w.final["dropped_slots"]
    equal(slots, 200, "slots")
    kinds = [m["type"] for m in d.messages]
    want = [KINDS[b["slot"] % 3][0] for b, _ in w.ops()]
    equal(kinds, want, "commands in turn")
    equal(len({m["requestId"] for m in d.messages}), len(d.messages), "different request ids")
    equal([m["payload"] for m in d.messages[:3]], [{}, {}, {"effectId": 6912}], "payloads")
    metrics = [(t["metric"], t["value"]) for t in w.of("TELEMETRY")]
    for want in ((0, 5000), (1, 26000), (3, 119500), (0, 7000), (1, 27000)):
        check(want in metrics, "no telemetry", want)
    equal(total(w, "ws_broadcast"), 1, "broadcasts")


def node(mode):
    with NodePeer(mode) as peer:
        w = run(peer.url, ((100000, 2, 1),))
        counts = peer.counts()
    equal(counts["messages"], w.final["begun"], "messages that the server counted")
    equal(w.classes(), {"ok": counts["replies"]}, "classes")
    equal(counts["closes"], [1000], "close codes")
    return w, counts


def case_node_counts():
    node("whole")


def case_node_fragments():
    _, counts = node("fragments")
    equal(counts["pongs"], 2 * counts["replies"], "pongs")


def case_python_fragments():
    pongs = []

    async def answer(ws, request, device):
        text = json.dumps(dict(reply_to(request), data={"text": "\u20ac" * 50}), ensure_ascii=False)

        async def parts():
            yield text[:5]
            pongs.append(await ws.ping(b"inside"))
            yield text[5:60]
            yield ""
            pongs.append(await ws.ping(b"again"))
            yield text[60:]
        await ws.send(parts())
        device.replies += 1
    d = Device(on_message=answer)
    w = run(d.url)
    equal(len(d.messages), w.final["begun"], "messages that the server counted")
    equal(w.classes(), {"ok": d.replies}, "one reply each")
    equal(len(pongs), 2 * d.replies, "pings")
    check(all(p.done() for p in pongs), "a ping was not answered")


def case_window_closed_loop():
    most = [0, 0]

    async def answer(ws, request, device):
        most[0] += 1
        most[1] = max(most)

        async def later():
            import asyncio
            await asyncio.sleep(0.02)
            most[0] -= 1
            await ws.send(json.dumps(reply_to(request)))
        import asyncio
        asyncio.ensure_future(later())
    d = Device(on_message=answer)
    w = run(d.url, ((CLOSED_LOOP, 1, 1),), window=8)
    equal(len(d.messages), w.final["begun"], "messages that the server counted")
    equal(most[1], 8, "most requests outstanding")
    equal(w.classes(), {"ok": w.final["begun"]}, "classes")
    check(w.final["begun"] > 150, "only", w.final["begun"])
    check(all(b["due_us"] == -1 for b in w.of("OP_BEGIN")), "a due time in a closed loop")


def case_tls():
    context, cert = make_tls(os.environ.get("BATS_TEST_TMPDIR", "/tmp"))
    d = Device(tls=context)
    for more in ({"insecure": True}, {"ca_file": cert}):
        before = len(d.messages)
        w = run(d.url, ((50000, 1, 1),), **more)
        equal(len(d.messages) - before, w.final["begun"], "messages that the server counted")
        equal(w.classes(), {"ok": w.final["begun"]}, "classes")
    with Worker("ws") as w:
        r = ready(w, plan(d.url, [(1000, 1, 1)], KINDS), ok=0)
        equal(CLASSES[r["op_class"]], "tls", "class")


def case_proxy():
    d = Device()
    asked = []

    def tunnel(conn, head):
        asked.append(head.split(b"\r\n")[0].decode())
        host, port = asked[-1].split()[1].rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            for s in select.select([conn, far], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    far.close()
                    return
                (far if s is conn else conn).sendall(data)
    p = RawPeer(tunnel)
    w = run(d.url, ((20000, 1, 1),), proxy=p.url.replace("ws://", "http://").replace("/ws", ""))
    equal(w.classes(), {"ok": len(d.messages)}, "classes")
    equal(asked, ["CONNECT 127.0.0.1:%d HTTP/1.1" % d.port], "what the proxy was asked")


def case_auth():
    async def answer(ws, request, device):
        if request["type"] == "auth":
            good = request.get("apiKey") == 'k"ey'
            await ws.send(json.dumps({"type": "auth", "success": True} if good else {
                "type": "error", "success": False, "error": {"code": "UNAUTHORIZED", "message": "no"}}))
            return
        await Device.answer(ws, request, device)
    d = Device(on_message=answer)
    w = run(d.url, ((20000, 1, 1),), api_key='k"ey')
    equal(d.messages[0], {"type": "auth", "apiKey": 'k"ey'}, "first message")
    equal(w.classes(), {"ok": len(d.messages) - 1}, "classes")
    with Worker("ws") as w:
        r = ready(w, plan(d.url, [(1000, 1, 1)], KINDS, api_key="wrong"), ok=0)
        equal(CLASSES[r["op_class"]], "api", "class")
        equal(r["text"], b"authentication failed: UNAUTHORIZED: no", "text")


# Replies that are none, or not the wanted ones

def case_unanswered():
    async def silent(ws, request, device):
        pass
    d = Device(on_message=silent)
    w = run(d.url, ((10000, 2, 1),), timeout_ms=300)
    equal(w.classes(), {"unanswered": len(d.messages)}, "classes")
    for b, e in w.ops():
        check(295000 <= e["end_us"] - b["sent_us"] < 400000, "ended after", e["end_us"] - b["sent_us"])
    check(w.final["dropped_slots"] >= 10, "dropped", w.final["dropped_slots"])


def case_other_ids():
    async def other(ws, request, device):
        for id in ("nobody-1", "lw-999999999999", "lw-0", "lw--1", "lw-1x", 17):
            await ws.send(json.dumps(dict(reply_to(request), requestId=id)))
    d = Device(on_message=other)
    w = run(d.url, ((5000, 1, 1),), timeout_ms=200)
    equal(w.classes(), {"unanswered": len(d.messages)}, "classes")
    equal(total(w, "ws_unmatched"), 6 * len(d.messages), "unmatched")


def case_late():
    import asyncio

    async def late(ws, request, device):
        await asyncio.sleep(0.2)
        await ws.send(json.dumps(reply_to(request)))
    d = Device(on_message=late)
    w = run(d.url, ((2000, 1, 1),), timeout_ms=100)
    equal(w.classes(), {"unanswered": 2}, "classes")
    equal(total(w, "ws_late"), 2, "late")
    equal(total(w, "ws_unmatched"), 0, "unmatched")


def case_bad_replies():
    answers = {
        "rejected": [{"type": "error", "success": False, "error": {"code": "RATE_LIMITED",
                      "message": "slow down", "retryAfter": 1}},
                     {"type": "error", "success": False, "requestId": 0, "error": {"code": "BUSY"}}],
        "api": [{"type": "error", "success": False, "requestId": 0,
                 "error": {"code": "NOT_FOUND", "message": "none"}},
                {"type": "device.status", "success": False, "requestId": 0}],
        "body": [{"type": "other", "success": True, "requestId": 0},
                 {"type": "device.status", "requestId": 0}, "not JSON", "", '{"a":1}x', "[" * 1000,
                 "17"],
    }
    flat = [(name, a) for name in answers for a in answers[name]]

    async def bad(ws, request, device):
        answer = flat[(len(device.messages) - 1) % len(flat)][1]
        if isinstance(answer, dict):
            answer = dict(answer)
            if "requestId" in answer:
                answer["requestId"] = request["requestId"]
            answer = json.dumps(answer)
        await ws.send(answer)
    d = Device(on_message=bad)
    w = run(d.url, ((20000, (len(flat) + 10) / 20, 1),))
    got = [CLASSES[e["op_class"]] for _, e in w.ops()]
    check(len(got) >= len(flat), "only", len(got))
    equal(got, [flat[i % len(flat)][0] for i in range(len(got))], "classes")
    first = w.ops()[0][1]["text"]
    equal(first, b"RATE_LIMITED: slow down", "text of the in-band refusal")
    equal(w.ops()[2][1]["text"], b"NOT_FOUND: none", "text of an error")


def case_limit_ends_the_oldest():
    import asyncio

    async def answer(ws, request, device):
        if len(device.messages) == 3:
            await ws.send(json.dumps({"type": "error", "success": False,
                                      "error": {"code": "RATE_LIMITED", "message": "x"}}))
            for m in device.messages[1:]:
                await ws.send(json.dumps(reply_to(m)))
    d = Device(on_message=answer)
    with Worker("ws") as w:
        p = plan(d.url, [(30000, 0.1, 1)], KINDS, timeout_ms=2000)
        p["load"][0]["window"] = 3
        ready(w, p)
        w.start()
        w.wait_until(lambda w: len(w.of("OP_END")) == 3)
        w.finish()
        equal([CLASSES[e["op_class"]] for _, e in w.ops()], ["rejected", "ok", "ok"], "classes")


def case_broadcasts():
    async def answer(ws, request, device):
        await ws.send(json.dumps({"type": "status", "freeHeap": 100}))
        await ws.send(b"\x00\x01binary")
        await ws.send(json.dumps({"type": "effects.changed", "success": True}))
        await Device.answer(ws, request, device)
    d = Device(on_message=answer)
    w = run(d.url, ((20000, 1, 1),))
    equal(w.classes(), {"ok": 20}, "classes")
    equal(total(w, "ws_broadcast"), 1 + 3 * 20, "broadcasts")
    check(len(events(w, "ws_broadcast")) <= 5, "broadcasts are not batched")


# Sessions: policy, loss, manners

def case_one_session_allowed():
    open_now = []

    async def greet(ws, device):
        if open_now:
            await ws.close(1008, "Only one session per device")
            return
        open_now.append(ws)
        await Device.greet(ws, device)
    d = Device(on_open=greet)
    w = run(d.url, ((25000, 6, 2),), window=4)
    equal(w.final["begun"], 150, "the full rate")
    equal(w.classes(), {"ok": 150}, "classes")
    refused = [e["text"] for e in events(w, "ws_close") if e["value"] == 1008]
    equal(refused, [b"Only one session per device"], "refusals")
    equal(texts(w, "ws_connect_fail"), ["closed with 1008: Only one session per device"], "failed connects")
    equal(texts(w, "note"), ["the device allows 1 of 2 WebSocket sessions (close 1008: Only one session "
                             "per device); the others stand by"], "notes")


def case_two_sessions():
    d = Device()
    p = plan(d.url, [(50000, 1, 2)], KINDS, timeout_ms=2000)
    with Worker("ws") as w:
        ready(w, p)
        w.wait_until(lambda w: len(events(w, "ws_connect_ok")) == 2, 5)
        check(d.opened_at[1] - d.opened_at[0] >= 2.15, "attempts", d.opened_at)
        w.start()
        w.pump(1.05)
        w.finish()
    equal(w.classes(), {"ok": 50}, "classes")
    equal(d.wait_closes(2), [(1000, "")] * 2, "closes")


def case_spacing_and_backoff():
    p = RawPeer(lambda conn, head: conn.close())
    with Worker("ws") as w:
        r = ready(w, plan(p.url, [(1000, 1, 1)], KINDS), ok=0)
        equal(CLASSES[r["op_class"]], "reset", "class")
        w.wait_until(lambda w: len(p.accepts) == 3, 12)
        w.finish()
    gaps = [b - a for a, b in zip(p.accepts, p.accepts[1:])]
    for gap, least, most in zip(gaps, (2.15, 3.2), (2.5, 4.7)):
        check(least <= gap <= most, "gaps", gaps)


def case_reconnect_too_fast():
    async def greet(ws, device):
        if ws.number == 1:
            await ws.close(1013, "Reconnect too fast")
        else:
            await Device.greet(ws, device)
    d = Device(on_open=greet)
    w = run(d.url, ((20000, 1, 1),))
    equal(w.classes(), {"ok": 20}, "classes")
    equal(d.sessions, 2, "sessions")
    check(d.opened_at[1] - d.opened_at[0] >= 2.15, "attempts", d.opened_at)


def lose(how, want, text):
    async def answer(ws, request, device):
        if len(device.messages) == 10:
            await how(ws)
        else:
            await Device.answer(ws, request, device)
    d = Device(on_message=answer)
    w = run(d.url, ((20000, 4, 1),))
    lost = [e for _, e in w.ops() if e["op_class"] != 0]
    equal([CLASSES[e["op_class"]] for e in lost], [want], "class of the request that was lost")
    equal(lost[0]["text"], text, "its text")
    equal(d.sessions, 2, "sessions")
    equal(w.final["begun"] + w.final["dropped_slots"], 80, "slots")
    runs = w.of("SLOTS")
    back = events(w, "ws_connect_ok")[1]["at_us"]
    equal(len(runs), 1, "runs of dropped slots")
    check(abs(runs[0]["free_us"] - back) < 20000, "free again at", runs[0]["free_us"], "not", back)
    check(40 <= runs[0]["count"] <= 60, "dropped", runs[0]["count"])
    return w


def case_abrupt_loss():
    async def drop(ws):
        ws.transport.abort()
    w = lose(drop, "reset", b"connection closed without a close frame")
    equal([e["value"] for e in events(w, "ws_close")], [1006, 1000], "close codes")


def case_shedding():
    async def shed(ws):
        await ws.close(1013, "Low heap")
    w = lose(shed, "rejected", b"closed with 1013: Low heap")
    equal([e["value"] for e in events(w, "ws_close")], [1013, 1000], "close codes")


def case_restarted():
    d = Device()
    p = plan(d.url, [(20000, 4, 1)], KINDS, timeout_ms=2000, preflight=False)
    with Worker("ws", generation=2) as w:
        ready(w, p, timeout=0.5)
        began = time.monotonic()
        w.start(0, first_slot=40)
        w.pump(3.1)
        w.finish()
    check(d.opened_at[0] - began >= 2, "first attempt after", d.opened_at[0] - began)
    slots = w.of("SLOTS")
    equal(slots[0]["first"], 40, "first dropped slot")
    equal(w.classes(), {"ok": len(d.messages)}, "classes")


def case_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    with Worker("ws") as w:
        r = ready(w, plan("ws://127.0.0.1:%d/ws" % port, [(1000, 1, 1)], KINDS), ok=0)
        equal(CLASSES[r["op_class"]], "connect", "class")
        equal(w.finish()["begun"], 0, "begun")


def case_memory():
    ballast = b"x" * (100 << 20)
    with Worker("ws") as w:
        w.wait("HELLO")
        peak_kb = w.peak_rss_kb()
        told_kb = w.finish()["rss_kb"]
    check(SANITIZED or abs(told_kb - peak_kb) < len(ballast) / 10240, "told", told_kb, "not", peak_kb)


def case_quit_at_once():
    with Worker("ws") as w:
        w.wait("HELLO")
        equal(w.finish()["begun"], 0, "begun")
        equal(w.status, 0, "exit status")


# Hostile peers

def case_hostile_handshakes():
    for name, (hostile, want, text) in HANDSHAKES.items():
        p = RawPeer(hostile)
        with Worker("ws") as w:
            begun = time.monotonic()
            r = ready(w, plan(p.url, [(1000, 1, 1)], KINDS, connect_timeout_ms=1000,
                              preflight_timeout_ms=1500), ok=0)
            if want == "reset" and r["text"] == b"connection reset":
                text = "connection reset"
            equal((CLASSES[r["op_class"]], r["text"].decode()), (want, text), name)
            check(time.monotonic() - begun < 2, name, "took", time.monotonic() - begun)
            check(SANITIZED or w.peak_rss_kb() < RSS_MAX_KB, name, "took", w.peak_rss_kb(), "KB")
            w.finish()


def meet_session(name):
    data, text = SESSIONS[name]
    p = RawPeer(serve_then(data))
    began = time.monotonic()
    w = run(p.url, ((10000, 3.5, 1),), timeout_ms=1000)
    wall = time.monotonic() - began
    closes = events(w, "ws_close")
    check(len(closes) >= 1, name, "ended no session")
    check(text in closes[0]["text"].decode() and closes[0]["value"] == 1006, name, "ended as",
          closes[0]["value"], closes[0]["text"])
    classes = w.classes()
    equal(classes.get("protocol"), 1, "%s: requests lost" % name)
    check(classes["ok"] >= 5, name, "did not go on:", classes)
    cpu = w.final["cpu_us"] / 1e6 / wall
    check(SANITIZED or cpu < 0.1, name, "took", cpu, "of a core")


def case_hostile_sessions():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(meet_session, SESSIONS))


# The conformance list over a real socket

def unescape(text):
    text, _, times = text.partition("*")
    raw = re.sub(rb"%(..)", lambda m: bytes([int(m.group(1), 16)]), text.encode())
    return raw * int(times or 1)


def wire(notation):
    out = b""
    for word in notation.split():
        first, rest = word.split(":", 1)
        rest, _, times = rest.partition("@")
        payload = unescape(rest)
        first, _, form = first.partition("/")
        b = int(first, 16)
        data = frame(b, payload, b"\x37\xfa\x21\x3d" if form == "m" else None)
        if form == "2":
            data = bytes([b, 126]) + struct.pack(">H", len(payload)) + payload
        elif form == "8":
            data = bytes([b, 127]) + struct.pack(">Q", len(payload)) + payload
        elif form == "h":
            data = bytes([b, 127]) + struct.pack(">Q", 1 << 63)
        elif len(form) > 2:
            data = bytes([b, 127]) + struct.pack(">Q", int(form)) + payload
        out += data * int(times or 1)
    return out


CODES = {"text_is_not_UTF-8": 1007, "close_reason_is_not_UTF-8": 1007, "message_too_big": 1009,
         "message_of_too_many_fragments": 1008}


def wanted(expect):
    """The frames that the peer must get back: pongs, then a close with its code."""
    out = []
    for word in expect.split():
        kind, rest = re.match(r"(\w+)(.*)", word).groups()
        rest, _, times = rest.partition("@")
        if kind == "ping":
            content = rest[1:-1]
            payload = b"\xfe" * 125 if rest == "[125]" else unescape(content)
            out += [(0x8a, payload)] * int(times or 1)
        elif kind == "close":
            code = int(rest[1:5])
            out.append((0x88, struct.pack(">H", code) if code != 1005 else b""))
        elif kind == "fault":
            out.append((0x88, struct.pack(">H", CODES.get(rest[1:-1], 1002))))
    return out


def meet(notation, expect):
    """One worker meets one case; returns the frames it sent, up to our closing ping's pong or its close."""
    got = []
    ended = threading.Event()

    def hostile(conn, head):
        conn.sendall(answer101(head) + wire(notation))
        if not ("close" in expect or "fault" in expect):
            conn.sendall(frame(0x89, b"the end"))
        while True:
            f = read_frame(conn)
            if f is None or f == (0x8a, b"the end"):
                break
            got.append((f[0], f[1][:2]) if f[0] == 0x88 else f)
            if f[0] == 0x88:
                break
        ended.set()
    p = RawPeer(hostile)
    with Worker("ws") as w:
        w.send_plan(plan(p.url, [(1000, 1, 1)], KINDS))
        check(ended.wait(5), notation, "did not end")
    return got


def case_conformance():
    bad = []
    count = 0
    for line in open(os.path.join(SRC, "tests/data/ws_cases.txt")):
        if line[0] in "#\n":
            continue
        id, rest = line.rstrip("\n").split("\t")
        notation, expect = rest.split(" => ")
        got = meet(notation, expect)
        count += 1
        if got != wanted(expect):
            bad.append((id, got, wanted(expect)))
    check(not bad, len(bad), "of", count, "cases:", bad[:5])
    check(count >= 60, "only", count, "cases")


if __name__ == "__main__":
    globals()["case_" + sys.argv[1]]()
