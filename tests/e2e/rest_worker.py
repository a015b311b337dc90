"""Cases for rest_worker.bats: the real worker, an independent coordinator and independent peers."""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ["LWS_SRCDIR"], "tests/lib"))
from http_peers import HOSTILE, Counting, Hostile  # noqa: E402
from worker_driver import CLASSES, CLOSED_LOOP, EVENTS, METRICS, Worker, mono_us, plan  # noqa: E402

KINDS = ["device/status", "effects/current", "effects", "parameters"]


def sanitized():
    with open(os.path.join(os.environ["LWS_BUILDDIR"], "config.h")) as f:
        return "#define LWS_SANITIZED 1" in f.read()


def run(p, seconds, scenario=0, drain_ms=1000, **start):
    """One scenario from HELLO to FINAL; returns the finished worker and the start moment."""
    with Worker("rest") as w:
        w.send_plan(p)
        ready = w.wait("READY")
        assert ready["ok"] == 1, ready
        at = w.start(scenario, **start)
        w.pump(seconds)
        w.stop(drain_ms)
        final = w.finish()
        assert w.status == 0, w.status
        assert w.holes == 0 and final["frames_dropped"] == 0
        assert final["begun"] == len(w.of("OP_BEGIN"))
        assert final["ended"] == len(w.of("OP_END")) == len({f["id"] for f in w.of("OP_END")})
        return w, at


def slots_of(w):
    dropped = []
    for f in w.of("SLOTS"):
        dropped += range(f["first"], f["first"] + f["count"])
    return [b["slot"] for b, _ in w.ops()], dropped


def middle(values):
    return sorted(values)[len(values) // 2]


def case_grid():
    server = Counting()
    w, at = run(plan(server.url, [(40000, 2, 6)], KINDS, api_key="s3cret"), 2.2)
    seen = server.load()
    assert len(seen) == len(w.ops()) == 80, (len(seen), len(w.ops()))
    assert w.classes() == {"ok": 80}, w.classes()
    for i, (arrived, path, headers) in enumerate(seen):
        assert path == "/api/v1/" + KINDS[i % 4], (i, path)
        assert headers["X-API-Key"] == "s3cret" and headers["User-Agent"].startswith("lwstress/")
        assert -1000 < arrived - (at + i * 25000) < 200000, (i, arrived - at)
    late = [arrived - (at + i * 25000) for i, (arrived, _, _) in enumerate(seen)]
    assert middle(late) < 5000, middle(late)
    for i, (begin, end) in enumerate(w.ops()):
        assert begin["slot"] == i and begin["kind"] == i % 4
        assert begin["due_us"] == at + i * 25000 <= begin["sent_us"] <= end["end_us"]
        assert end["bytes"] > 0 and end["status"] == 200
    assert server.connections <= 6, server.connections
    values = {METRICS[f["metric"]]: f["value"] for f in w.of("TELEMETRY") if f["scenario"] == 0}
    assert values == {"uptime_ms": 4242000, "heap": 27664, "fps_milli": 119500,
                      "cpu_milli": 37250, "rssi_dbm": -61, "ws_clients": 2}, values
    assert len([f for f in w.of("TELEMETRY") if f["scenario"] == 0]) == 6 * 20


def case_preflight():
    server = Counting()
    with Worker("rest", generation=7) as w:
        hello = w.wait("HELLO")
        assert hello["generation"] == 7 and hello["pid"] == w.pid and hello.seq == 1
        w.send_plan(plan(server.url, [(1000, 1, 1)], KINDS), part_size=50)
        ready = w.wait("READY")
        assert ready["ok"] == 1 and 0 < ready["latency_us"] < 4000000, ready
        members = [f["text"].decode() for f in w.of("EVENT") if EVENTS[f["kind"]] == "device"]
        assert members == ["name=LightwaveOS", "firmware=2.1.0", "firmwareVersionNumber=20100",
                           "board=esp32-s3", "psram=true"], members
        assert [r[1] for r in server.requests] == ["/api/v1/device/status", "/api/v1/device/info"]
        assert w.finish()["begun"] == 0 and w.status == 0


def case_fresh():
    server = Counting()
    w, _ = run(plan(server.url, [(50000, 1, 8)], KINDS, fresh_connections=True), 1.2)
    sent, dropped = slots_of(w)
    assert sorted(sent + dropped) == list(range(50)) and len(sent) > 40, (sent, dropped)
    assert server.connections == len(sent) + 2, (server.connections, len(sent))
    connects = [f for f in w.of("EVENT") if EVENTS[f["kind"]] == "connect"]
    assert len(connects) == len(sent), (len(connects), len(sent))
    for _, end in w.ops():
        assert end["connect_us"] > 0 and end["first_byte_us"] > 0 and end["tls_us"] == -1, end


def case_service():
    server = Counting(delay_s=0.03)
    w, _ = run(plan(server.url, [(20000, 1, 2)], KINDS), 1.3)
    p50 = middle([e["end_us"] - b["sent_us"] for b, e in w.ops()])
    assert 30000 <= p50 < 40000, p50
    assert middle([e["first_byte_us"] for _, e in w.ops()]) >= 29000
    kept = [e for _, e in w.ops() if e["connect_us"] == -1]
    assert len(kept) >= len(w.ops()) - 2, len(kept)


def case_stall():
    """1 s of silence in 2.5 s, one lane, 20/s: what falls due meanwhile is dropped, not caught up."""
    server = Counting()
    begun = time.monotonic()
    server.before = lambda *_: None

    def stall(_handler, _index):
        phase = time.monotonic() - begun
        if 0.5 <= phase < 1.5:
            time.sleep(1.5 - phase)
    with Worker("rest") as w:
        w.send_plan(plan(server.url, [(20000, 2.5, 1)], KINDS))
        w.wait("READY")
        begun = time.monotonic()
        server.before = stall
        at = w.start()
        w.pump(2.7)
        w.stop()
        final = w.finish()
    sent, dropped = slots_of(w)
    assert sorted(sent + dropped) == list(range(50)), (sent, dropped)
    assert final["dropped_slots"] == len(dropped) and 18 <= len(dropped) <= 20, dropped
    assert len(w.of("SLOTS")) == 1, w.of("SLOTS")
    slow = [(b, e) for b, e in w.ops() if e["end_us"] - b["sent_us"] > 500000]
    assert len(slow) == 1, slow
    assert w.of("SLOTS")[0]["free_us"] == slow[0][1]["end_us"]
    assert dropped[0] == slow[0][0]["slot"] + 1
    for b, _ in w.ops():
        assert b["due_us"] == at + b["slot"] * 50000 and b["sent_us"] - b["due_us"] < 45000, b
    assert len(server.load()) == len(sent)


def case_hostile():
    server = Hostile()
    for first in range(0, len(HOSTILE), 16):
        names = list(HOSTILE)[first:first + 16]
        with Worker("rest") as w:
            w.send_plan(plan(server.url, [(100000, len(names) / 100, len(names))], names,
                             timeout_ms=1000))
            assert w.wait("READY")["ok"] == 1
            w.start()
            w.wait_until(lambda w: len(w.of("OP_END")) == len(names))
            rss = w.peak_rss_kb()
            w.finish()
            for begin, end in w.ops():
                name = names[begin["kind"]]
                got, want = CLASSES[end["op_class"]], HOSTILE[name][1]
                took_ms = (end["end_us"] - begin["sent_us"]) / 1000
                assert got == want, (name, got, want, end)
                assert took_ms < 1500, (name, took_ms)
                assert (want == "timeout") == (took_ms >= 950), (name, took_ms)
                assert (end["text"] == b"") == (want == "ok"), (name, end)
            assert sanitized() or rss < 40 * 1024, rss
    server.close()


def case_endless_lanes():
    server = Hostile()
    with Worker("rest") as w:
        w.send_plan(plan(server.url, [(CLOSED_LOOP, 1, 50)], ["endless", "drip"], timeout_ms=300))
        w.wait("READY")
        w.start()
        w.pump(1.2)
        rss = w.peak_rss_kb()
        w.stop(0)
        w.finish(0)
        assert set(w.classes()) == {"body", "timeout"}, w.classes()
        assert sanitized() or rss < 40 * 1024, rss
    server.close()


def closed_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s, s.getsockname()[1]


def case_unreachable():
    hold, port = closed_port()
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    queued = [socket.socket() for _ in range(4)]
    for s in queued:
        s.setblocking(False)
        s.connect_ex(full.getsockname())
    mute = socket.socket()
    mute.bind(("127.0.0.1", 0))
    mute.listen(64)
    table = [
        ("http://u:hush@127.0.0.1:%d" % port, {}, "connect", 0),
        ("http://%s.test" % ("a" * 64), {}, "dns", 0),
        ("http://127.0.0.1:%d" % full.getsockname()[1], {}, "connect", 300),
        ("https://127.0.0.1:%d" % mute.getsockname()[1], {}, "tls", 300),
        ("http://127.0.0.1:%d" % mute.getsockname()[1], {}, "timeout", 600),
        ("http://127.0.0.1:1", {"proxy": "http://127.0.0.1:%d" % port}, "connect", 0),
    ]
    for url, more, want, at_least_ms in table:
        with Worker("rest") as w:
            w.send_plan(plan(url, [(10000, 0.3, 4)], KINDS, timeout_ms=600, connect_timeout_ms=300,
                             preflight_timeout_ms=600, **more))
            ready = w.wait("READY")
            assert ready["ok"] == 0 and CLASSES[ready["op_class"]] == want, (url, ready)
            assert at_least_ms <= ready["latency_us"] / 1000 < at_least_ms + 700, ready
            text = ready["text"].decode()
            assert "hush" not in text and "/api/v1/device/status" in text, text
            w.start()
            w.wait_until(lambda w: len(w.of("OP_END")) == 3)
            assert w.classes() == {want: 3}, (url, w.classes())
            w.finish()
    hold.close()


def case_closed_refused():
    hold, port = closed_port()
    with Worker("rest") as w:
        w.send_plan(plan("http://127.0.0.1:%d" % port, [(CLOSED_LOOP, 1, 10)], KINDS))
        w.wait("READY")
        w.start()
        w.pump(1.2)
        w.finish()
        assert 50 <= len(w.ops()) <= 120, len(w.ops())
    hold.close()


def case_closed():
    server = Counting(delay_s=0.01)
    w, at = run(plan(server.url, [(CLOSED_LOOP, 1, 4)], KINDS), 1.3)
    ops = w.ops()
    assert 100 < len(ops) <= 404 and len(server.load()) == len(ops), (len(ops))
    assert w.classes() == {"ok": len(ops)}
    assert server.connections <= 5, server.connections
    for i, (begin, end) in enumerate(ops):
        assert begin["slot"] == i and begin["due_us"] == -1
        assert at <= begin["sent_us"] < at + 1000000


def case_drain():
    """STOP gives requests in flight their time and no more; the next START need not wait for it."""
    server = Counting()
    server.before = lambda handler, index: index >= 2 and index < 5 and time.sleep(3)
    with Worker("rest") as w:
        w.send_plan(plan(server.url, [(30000, 0.1, 5), (20000, 0.5, 5)], KINDS))
        w.wait("READY")
        w.start(0)
        w.wait_until(lambda w: len(w.of("OP_BEGIN")) == 3)
        end = time.monotonic() + 2
        while len(server.requests) < 5 and time.monotonic() < end:
            w.pump(0.01)
        stopped = mono_us()
        w.stop(400)
        w.start(1)
        w.wait_until(lambda w: len(w.of("OP_END")) == 13)
        for begin, end in w.ops():
            took_ms = (end["end_us"] - begin["sent_us"]) / 1000
            if begin["scenario"] == 0:
                assert CLASSES[end["op_class"]] == "timeout", end
                assert 380 <= (end["end_us"] - stopped) / 1000 < 700, (end["end_us"] - stopped)
            else:
                assert CLASSES[end["op_class"]] == "ok" and took_ms < 200, (end, took_ms)
        assert len([1 for b, _ in w.ops() if b["scenario"] == 1]) == 10
        assert w.finish()["ended"] == 13 and w.status == 0


def case_quit_drains():
    server = Counting(delay_s=0.3)
    with Worker("rest") as w:
        w.send_plan(plan(server.url, [(30000, 1, 2)], KINDS))
        w.wait("READY")
        w.start()
        w.wait_until(lambda w: len(w.of("OP_BEGIN")) == 2)
        final = w.finish(2000)
        assert w.classes() == {"ok": 2} and final["ended"] == 2, w.classes()
        assert w.frames[-1].type == "FINAL"


def case_restart():
    """A worker that takes over in mid-scenario sends its own slots, on the old grid."""
    server = Counting()
    begun = mono_us() - 1000000
    w, _ = run(plan(server.url, [(20000, 2, 2)], KINDS), 1.3, at_us=begun, first_slot=25)
    sent, dropped = slots_of(w)
    assert sorted(sent + dropped) == list(range(25, 40)), (sent, dropped)
    assert not dropped and w.ops()[0][0]["due_us"] == begun + 25 * 50000


def case_death():
    with Worker("rest") as w:
        w.wait("HELLO")
        w.close_down()
        assert w.wait_exit(2) == 0
    for nonsense in (b"\0\0\0\1\xc1", b"\xff\xff\xff\xff", b"\0\0\0\4\x93\x03\x01\x05"):
        with Worker("rest") as w:
            w.wait("HELLO")
            w.send_raw(nonsense)
            assert w.wait_exit(2) == 1
    for sent in (("START", 0, 0, 0), ("PLAN", 1, 2, b"x"), ("PLAN", 0, 1, b"{}")):
        with Worker("rest") as w:
            w.wait("HELLO")
            w.send(*sent)
            assert w.wait_exit(2) == 1, sent
    with Worker("rest") as w:
        w.wait("HELLO")
        w.finish()
        assert w.status == 0


def case_signals():
    import signal
    server = Counting()
    with Worker("rest") as w:
        w.send_plan(plan(server.url, [(50000, 0.5, 1)], KINDS))
        w.wait("READY")
        w.start()
        os.kill(w.pid, signal.SIGINT)
        w.wait_until(lambda w: len(w.of("OP_END")) == 25)
        w.finish()
        assert w.status == 0


def case_proxy_environment():
    server = Counting()
    env = dict(os.environ, http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
    with Worker("rest", env=env) as w:
        w.send_plan(plan(server.url, [(1000, 1, 1)], KINDS))
        assert w.wait("READY")["ok"] == 1
        w.finish()


def case_tls():
    with tempfile.TemporaryDirectory() as tmp:
        cert, key = os.path.join(tmp, "cert.pem"), os.path.join(tmp, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server = Counting()
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        url = server.url.replace("http:", "https:")
        for more, want in (({}, "tls"), ({"insecure": True}, "ok"), ({"ca_file": cert}, "ok")):
            with Worker("rest") as w:
                w.send_plan(plan(url, [(20000, 0.5, 1)], KINDS, **more))
                ready = w.wait("READY")
                assert CLASSES[ready["op_class"]] == want, ready
                if want == "ok":
                    w.start()
                    w.wait_until(lambda w: len(w.of("OP_END")) == 10)
                    assert w.classes() == {"ok": 10}
                w.finish()
        w, _ = run(plan(url, [(20000, 0.5, 1)], KINDS, ca_file=cert, fresh_connections=True), 0.8)
        assert w.classes() == {"ok": 10}
        for _, end in w.ops():
            assert end["tls_us"] > end["connect_us"] > 0, end


def case_reset_mid_run():
    """A server that closes after each answer: new connections, no errors, each request counted once."""
    server = Counting()

    def close(handler, _index):
        handler.close_connection = True
    server.before = close
    w, _ = run(plan(server.url, [(50000, 1, 8)], KINDS, preflight=False), 1.2)
    assert w.classes() == {"ok": 50} and len(server.requests) == 50, (w.classes(), server.requests)


if __name__ == "__main__":
    globals()["case_" + sys.argv[1]]()
