"""Independent clients for lwstress-sim: urllib, raw sockets, the websockets module, a plain pty reader.

usage: sim_client.py CHECK ...   each CHECK is a function check_CHECK below.
"""
import asyncio
import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty
import urllib.error
import urllib.request

import websockets

PROGRAM = os.path.join(os.environ.get("LWS_BUILDDIR", "."), "lwstress-sim")
PATHS = ["/api/v1/device/status", "/api/v1/device/info", "/api/v1/effects/current",
         "/api/v1/effects", "/api/v1/parameters"]
COMMANDS = [("device.getStatus", {}, "device.status"),
            ("effects.getCurrent", {}, "effects.current"),
            ("effects.parameters.get", {"effectId": 6912}, "effects.parameters")]


class Sim:
    """One simulator; after the with block, .stats holds what it counted."""

    def __init__(self, faults="", *options, env=None):
        self.dir = tempfile.TemporaryDirectory()
        self.stats_path = os.path.join(self.dir.name, "stats.json")
        args = [PROGRAM, "--stats", self.stats_path, *options]
        if faults:
            args += ["--faults", faults]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, env={**os.environ, **(env or {})})
        ready = json.loads(self.process.stdout.readline())
        assert ready["pid"] == self.process.pid
        self.url, self.ws_url, self.console = ready["url"], ready["ws_url"], ready["console"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        assert code == 0, f"exit status {code}"
        with open(self.stats_path) as f:
            self.stats = json.load(f)
        self.dir.cleanup()

    def get(self, path, method="GET", headers=None, timeout=5):
        """(status, headers, parsed body)"""
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as r:
                return r.status, r.headers, json.load(r)
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.headers, json.loads(e.read() or b"null")

    def connect(self, source=None, timeout=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout,
                                        source_address=(source, 0) if source else None)

    def raw(self, request, limit=1 << 16, timeout=2):
        """All bytes up to the end, the limit or the silence; and how it ended."""
        got = b""
        with self.connect(timeout=timeout) as s:
            s.sendall(request)
            try:
                while len(got) < limit:
                    piece = s.recv(65536)
                    if not piece:
                        return got, "eof"
                    got += piece
            except TimeoutError:
                return got, "silence"
            except ConnectionResetError:
                return got, "reset"
        return got, "more"


def until(what, seconds=10):
    """Wait for a condition of another process, with a deadline."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        select.select([], [], [], 0.02)
    raise AssertionError("it did not happen in time")


def check_rest():
    with Sim("limits=off") as sim:
        for path in PATHS:
            status, headers, body = sim.get(path)
            assert status == 200 and body["success"] is True and body["version"] == "2.0", body
            assert headers["Content-Type"] == "application/json"
            assert isinstance(body["timestamp"], int)
        data = sim.get(PATHS[0])[2]["data"]
        assert {"uptime", "freeHeap", "heapSize", "cpuFreq", "fps", "cpuPercent", "framesRendered",
                "network", "wsClients"} == set(data), data
        assert {"connected", "apMode", "ip", "rssi"} == set(data["network"])
        assert sim.get(PATHS[1])[2]["data"]["name"] == "LightwaveOS"
        effects = sim.get(PATHS[3])[2]["data"]
        assert effects["limit"] == 20 and len(effects["effects"]) == 20
        status, _, body = sim.get("/api/v1/nothing")
        assert status == 404 and body["error"]["code"] == "NOT_FOUND" and body["success"] is False
        assert sim.get(PATHS[0], "POST")[0] == 405
        two = b"GET /api/v1/parameters HTTP/1.1\r\n\r\n" * 2
        assert sim.raw(two, timeout=0.3)[0].count(b"HTTP/1.1 200 OK") == 2
        for garbage in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n"):
            got, how = sim.raw(garbage)
            assert got.startswith(b"HTTP/1.1 400 ") and how == "eof", (garbage, got, how)
        got, how = sim.raw(b"GET / HTTP/1.1\r\nA: " + b"a" * 9000)
        assert got.startswith(b"HTTP/1.1 431 "), got
    assert sim.stats["requests"] == 12 and sim.stats["requests_bad"] == 4, sim.stats
    assert sim.stats["by_path"][PATHS[0]] == 3 and sim.stats["by_path"]["other"] == 1
    assert sim.stats["by_status"] == {"200": 10, "400": 3, "404": 1, "405": 1, "431": 1}


def check_cut_request():
    """A request that arrives byte by byte is one request."""
    with Sim() as sim, sim.connect() as s:
        for byte in b"GET /api/v1/parameters HTTP/1.1\r\nHost: x\r\n\r\n":
            s.sendall(bytes([byte]))
        assert s.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def check_limiter():
    with Sim() as sim:
        statuses = [sim.get(PATHS[i % 4])[0] for i in range(20)]
        assert statuses == [200] * 20, statuses
        status, headers, body = sim.get(PATHS[0])
        assert status == 429 and body["error"]["code"] == "RATE_LIMITED", body
        assert headers["Retry-After"] == "5"
        begun = time.monotonic()
        got, _ = sim.raw(upgrade_request())
        assert got.startswith(b"HTTP/1.1 429 "), got
        with sim.connect(source="127.0.0.2") as other:
            other.sendall(b"GET /api/v1/parameters HTTP/1.1\r\n\r\n")
            assert other.recv(20).startswith(b"HTTP/1.1 200")
        until(lambda: sim.get(PATHS[0])[0] == 200)
        assert 4.7 < time.monotonic() - begun < 5.5, time.monotonic() - begun
    assert sim.stats["rate_limited"] == sim.stats["by_status"]["429"] - 1


def check_connections():
    with Sim("max-connections=3") as sim, contextlib.ExitStack() as held:
        for _ in range(3):
            held.enter_context(sim.connect())
        got, how = refused(sim)
        assert got == b"" and how == "reset", (got, how)
    assert sim.stats["connects"] == 3 and sim.stats["connects_refused"] == 1, sim.stats


def refused(sim):
    try:
        with sim.connect() as s:
            return s.recv(10), "eof"
    except ConnectionResetError:
        return b"", "reset"


def check_latency_and_stall():
    with Sim("latency=80-120,limits=off") as sim:
        begun = time.monotonic()
        for _ in range(5):
            sim.get(PATHS[0])
        assert 0.4 <= time.monotonic() - begun < 1, time.monotonic() - begun
    with Sim("stall=1s/2s") as sim:
        took = []
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            begun = time.monotonic()
            assert sim.get(PATHS[0])[0] == 200
            took.append(time.monotonic() - begun)
            select.select([], [], [], 0.1)
        assert 0.85 < max(took) < 1.2, took
        assert sum(t > 0.05 for t in took) == 1, took


def check_faulty_answers():
    with Sim("error-rate=100,after=2") as sim:
        assert [sim.get(PATHS[0])[0] for _ in range(4)] == [200, 200, 500, 500]
        assert sim.get(PATHS[0])[2]["error"]["code"] == "INTERNAL_ERROR"
    with Sim("not-ready=1s") as sim:
        status, _, body = sim.get(PATHS[0])
        assert status == 503 and body["error"]["code"] == "SYSTEM_NOT_READY"
        until(lambda: sim.get(PATHS[0])[0] == 200 or select.select([], [], [], 0.2) == 0)
    with Sim("api-key", env={"LWSTRESS_SIM_API_KEY": "k3y"}) as sim:
        assert sim.get(PATHS[0])[0] == 401
        assert sim.get(PATHS[0], headers={"X-API-Key": "wrong"})[0] == 401
        assert sim.get(PATHS[0], headers={"X-API-Key": "k3y"})[0] == 200


def split(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    return head, body, int(length.group(1)) if length else None


def check_hostile_bodies():
    get = b"GET /api/v1/device/status HTTP/1.1\r\nConnection: close\r\n\r\n"

    def fetch(kind, limit=1 << 16, timeout=0.5):
        with Sim(f"body={kind}") as sim:
            answer, how = sim.raw(get, limit, timeout)
        assert sim.stats["hostile"] == 1, sim.stats
        return *split(answer), how

    head, body, length, how = fetch("garbage")
    assert head.startswith(b"HTTP/1.1 200") and length == len(body) == 512
    assert not body.startswith(b"{") and how == "silence"
    head, body, length, how = fetch("not-http")
    assert not head.startswith(b"HTTP") and how == "eof"
    head, body, length, how = fetch("endless", 20_000_000, 2)
    assert length is None and len(body) >= 19_000_000 and how == "more"
    begun = time.monotonic()
    head, body, length, how = fetch("drip", 120)
    assert how == "more" and length > 200, (head, body)
    assert abs((time.monotonic() - begun) / 0.1 - len(body)) < 5, (len(body), time.monotonic() - begun)
    head, body, length, how = fetch("huge-header", 1 << 22)
    assert len(head) > 1_000_000 and len(body) == length
    head, body, length, how = fetch("redirect")
    assert head.startswith(b"HTTP/1.1 302") and b"Location: http://127.0.0.1:" in head
    head, body, length, how = fetch("deep")
    assert body.startswith(b"[" * 20000) and len(body) == length
    head, body, length, how = fetch("short-length")
    assert length < len(body) and json.loads(body)["success"] is True
    head, body, length, how = fetch("long-length")
    assert length == len(body) + 100 and how == "silence"
    head, body, length, how = fetch("early-close")
    assert len(body) == length // 2 and how == "eof"
    head, body, length, how = fetch("reset")
    assert head == b"" and how == "reset"
    head, body, length, how = fetch("none")
    assert head == b"" and how == "silence"
    head, body, length, how = fetch("wrong-type")
    assert b"text/html" in head and len(body) == length


def can_connect(sim):
    try:
        sim.connect().close()
        return True
    except ConnectionRefusedError:
        return False


def check_reboot():
    with Sim("reboot-at=2.2,reboot-time=500ms") as sim:
        kept = sim.connect()
        kept.sendall(b"GET /api/v1/device/status HTTP/1.1\r\n\r\n")
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")
        until(lambda: sim.get(PATHS[0])[2]["data"]["uptime"] >= 2 or select.select([], [], [], 0.1) == 0)
        until(lambda: not can_connect(sim))
        try:
            assert kept.recv(1) == b"", "still alive"
        except ConnectionResetError:
            pass
        kept.close()
        until(lambda: can_connect(sim))
        body = sim.get(PATHS[0])[2]
        assert body["data"]["uptime"] == 0 and body["timestamp"] < 1500, body
    assert sim.stats["reboots"] == 1
    with Sim("refuse") as sim:
        until(lambda: not can_connect(sim))


def check_usage():
    for words, named in ((["--faults", "latncy=3"], "latncy"), (["--listen", "0.0.0.0"], "0.0.0.0"),
                         (["--listen", "127.0.0.2"], "127.0.0.2"), (["--port", "70000"], "70000"),
                         (["--bogus"], "--bogus"), (["--port"], "--port"), (["extra"], "extra"),
                         (["--control-fd", "99"], "99"),
                         (["--faults", "api-key"], "LWSTRESS_SIM_API_KEY"),
                         (["--log", "/nonexistent/log"], "/nonexistent/log"),
                         (["--console-link", "/dev/null"], "/dev/null")):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and named in done.stderr and done.stdout == "", (words, done)


def check_control():
    """It ends with its parent: the control descriptor comes to its end."""
    ours, theirs = os.pipe()
    process = subprocess.Popen([PROGRAM, "--control-fd", str(ours)], pass_fds=[ours], stdout=subprocess.PIPE)
    os.close(ours)
    assert json.loads(process.stdout.readline())["console"] is None
    assert process.poll() is None
    os.close(theirs)
    assert process.wait(timeout=5) == 0
    process.stdout.close()


def check_signals():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "stats.json")
        process = subprocess.Popen([PROGRAM, "--stats", path], stdout=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGUSR1)
        until(lambda: os.path.exists(path))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 0
        process.stdout.close()


# WebSocket

def upgrade_request(*extra):
    lines = ["GET /ws HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *extra]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def open_ws(sim, source="127.0.0.1", **kw):
    return websockets.connect(sim.ws_url, compression=None, ping_interval=None,
                              local_addr=(source, 0), **kw)


async def receive(ws, seconds=5):
    return json.loads(await asyncio.wait_for(ws.recv(), seconds))


async def ask(ws, command, payload=None, request_id="r1"):
    await ws.send(json.dumps({"type": command, "requestId": request_id, "payload": payload or {}}))
    return await answer(ws)


async def answer(ws):
    """The next frame that is no broadcast."""
    while True:
        m = await receive(ws)
        if m["type"] != "status":
            return m


async def closed(ws):
    """(code, reason) of the close that the server began."""
    try:
        while True:
            await asyncio.wait_for(ws.recv(), 5)
    except websockets.ConnectionClosed:
        return ws.close_code, ws.close_reason


async def ws_commands():
    with Sim() as sim:
        async with open_ws(sim) as ws:
            first = await receive(ws)
            assert first["type"] == "status" and "requestId" not in first, first
            for i, (command, payload, reply) in enumerate(COMMANDS):
                m = await ask(ws, command, payload, f"id-{i}\u00e9\"")
                assert m["type"] == reply and m["requestId"] == f"id-{i}\u00e9\"" and m["success"] is True, m
            assert {"uptime", "freeHeap"} <= set((await ask(ws, "device.getStatus"))["data"])
            m = await ask(ws, "no.such")
            assert m["type"] == "error" and m["error"]["code"] == "UNKNOWN_COMMAND" and m["requestId"] == "r1"
            await ws.send("{not json")
            m = await answer(ws)
            assert m["error"]["code"] == "INVALID_JSON" and "requestId" not in m, m
            await ws.send("[" * 11 + "]" * 11)
            assert (await answer(ws))["error"]["code"] == "INVALID_JSON"
            assert await ask(ws, "auth") == {"type": "auth", "requestId": "r1", "success": True}
            await ws.ping()
            assert sim.get(PATHS[0])[2]["data"]["wsClients"] == 1
            began = time.monotonic()
            m = await receive(ws, 6)
            assert m["type"] == "status" and time.monotonic() - began < 5.5
    s = sim.stats
    assert s["ws_messages"] == 8 and s["ws_replies"] == 5 and s["ws_errors"] == 3, s
    assert s["ws_sessions"] == s["ws_disconnects"] == s["ws_closes"] == 1, s
    assert s["by_command"]["device.getStatus"] == 2 and s["ws_unknown"] == 1, s
    assert s["ws_broadcasts"] in (2, 3), s


async def ws_policy():
    with Sim() as sim:
        async with open_ws(sim) as ws:
            async with open_ws(sim) as second:
                assert await closed(second) == (1013, "Reconnect too fast")
            refused_at = time.monotonic()
            await asyncio.sleep(2.1)
            async with open_ws(sim) as second:
                assert await closed(second) == (1008, "Only one session per device")
            assert (await ask(ws, "device.getStatus"))["success"] is True
            async with open_ws(sim, source="127.0.0.2") as other:
                assert (await ask(other, "device.getStatus"))["success"] is True
            assert time.monotonic() - refused_at < 4
        for header, status in (("Origin: http://evil.example", b"403"), ("Origin: null", b"403")):
            assert sim.raw(upgrade_request(header))[0].startswith(b"HTTP/1.1 " + status)
        assert sim.raw(upgrade_request().replace(b"13", b"12"))[0].startswith(b"HTTP/1.1 426")
    s = sim.stats
    assert (s["ws_rejected_cooldown"], s["ws_rejected_overlap"], s["ws_upgrades_refused"]) == (1, 1, 3), s
    with Sim("ws-clients=2") as sim:
        async with open_ws(sim), open_ws(sim, "127.0.0.2"):
            async with open_ws(sim, "127.0.0.3") as third:
                assert await closed(third) == (1008, "Connection limit")


async def ws_limiter():
    with Sim() as sim:
        async with open_ws(sim) as ws:
            assert (await receive(ws))["type"] == "status"
            for i in range(50):
                assert (await ask(ws, "effects.getCurrent", request_id=str(i)))["requestId"] == str(i)
            m = await ask(ws, "effects.getCurrent")
            assert m["type"] == "error" and m["error"]["code"] == "RATE_LIMITED", m
            assert "requestId" not in m and m["error"]["retryAfter"] == 5, m
            assert sim.get(PATHS[0])[0] == 429
    assert sim.stats["ws_rate_limited"] == 1 and sim.stats["ws_replies"] == 50


async def ws_auth():
    with Sim("api-key", env={"LWSTRESS_SIM_API_KEY": "k3y"}) as sim:
        async with open_ws(sim) as ws:
            assert (await ask(ws, "device.getStatus"))["error"]["code"] == "UNAUTHORIZED"
            await ws.send(json.dumps({"type": "auth", "apiKey": "no"}))
            assert (await answer(ws))["error"]["code"] == "UNAUTHORIZED"
            await ws.send(json.dumps({"type": "auth", "apiKey": "k3y"}))
            assert await answer(ws) == {"type": "auth", "success": True}
            assert (await ask(ws, "device.getStatus"))["success"] is True


async def ws_limits():
    with Sim("limits=off") as sim:
        async with open_ws(sim) as ws:
            head = '{"type":"device.getStatus","requestId":"big","payload":{"fill":"'
            await ws.send(head + "x" * (65536 - len(head) - 3) + '"}}')
            assert (await answer(ws))["requestId"] == "big"
            await ws.send("x" * 65537)
            assert (await closed(ws))[0] == 1009
        async with open_ws(sim) as ws:
            deep = '{"type":"device.getStatus","requestId":"d","payload":' + "[" * 9 + "]" * 9 + "}"
            await ws.send(deep)
            assert (await answer(ws))["requestId"] == "d"
    assert sim.stats["ws_oversize"] == 1


async def ws_faults():
    with Sim("ws-fragment,ws-ping,limits=off") as sim:
        async with open_ws(sim) as ws:
            for i in range(20):
                assert (await ask(ws, "device.getStatus", request_id=f"f{i}"))["requestId"] == f"f{i}"
    assert sim.stats["ws_pongs"] == 40 and sim.stats["ws_replies"] == 20, sim.stats
    with Sim("ws-no-reply,ws-flood=50") as sim:
        async with open_ws(sim) as ws:
            await ws.send('{"type":"device.getStatus","requestId":"n"}')
            for _ in range(30):
                assert (await receive(ws))["type"] == "status"
    assert sim.stats["ws_unanswered"] == 1 and sim.stats["ws_replies"] == 0
    with Sim("ws-wrong-id") as sim:
        async with open_ws(sim) as ws:
            assert (await ask(ws, "device.getStatus"))["requestId"] != "r1"
    with Sim("ws-binary") as sim:
        async with open_ws(sim) as ws:
            assert (await receive(ws))["type"] == "status"
            await ws.send('{"type":"device.getStatus","requestId":"n"}')
            assert isinstance(await ws.recv(), bytes)
            assert (await answer(ws))["requestId"] == "n"
    with Sim("ws-latency=300") as sim:
        async with open_ws(sim) as ws:
            began = time.monotonic()
            for i in range(3):
                await ws.send(json.dumps({"type": "device.getStatus", "requestId": str(i)}))
            assert [(await answer(ws))["requestId"] for _ in range(3)] == ["0", "1", "2"]
            assert 0.3 <= time.monotonic() - began < 0.6
    with Sim("ws-garbage") as sim:
        async with open_ws(sim) as ws:
            await ws.send('{"type":"device.getStatus","requestId":"n"}')
            assert (await closed(ws))[0] in (1002, 1006)
    with Sim("ws-abrupt=3") as sim:
        async with open_ws(sim) as ws:
            await ask(ws, "device.getStatus")
            await ask(ws, "device.getStatus")
            await ws.send("x")
            assert (await closed(ws))[0] == 1006
    assert sim.stats["ws_messages"] == 3 and sim.stats["ws_disconnects"] == 1


async def ws_shedding():
    """Heap falls by load below 20480, all sessions are closed with 1013, then it recovers."""
    with Sim("heap=29500,limits=off", "--console") as sim, Console(sim.console) as console:
        async with open_ws(sim) as ws, open_ws(sim, "127.0.0.2") as other:
            loop = asyncio.get_running_loop()
            for i in range(40):
                await loop.run_in_executor(None, sim.get, PATHS[0])
            assert await closed(ws) == (1013, "Low heap")
            assert await closed(other) == (1013, "Low heap")
        console.wait_for(r"Low-heap shedding DISABLED \(internal=\d+, largest=\d+\)\r")
        text = console.text
        enabled = re.search(r"shedding ENABLED \(internal=(\d+), largest=\d+, shed<20480,resume>26624\)", text)
        assert enabled and int(enabled.group(1)) < 20480, text
        assert int(re.search(r"DISABLED \(internal=(\d+)", text).group(1)) > 26624
    assert sim.stats["ws_shed"] == 2, sim.stats


async def ws_stall_and_reboot():
    with Sim("reboot-at=1,reboot-time=300ms") as sim:
        async with open_ws(sim) as ws:
            assert (await closed(ws))[0] == 1006
        for _ in range(100):
            if can_connect(sim):
                break
            await asyncio.sleep(0.02)
        async with open_ws(sim) as ws:
            m = await ask(ws, "device.getStatus")
            assert m["data"]["uptime"] == 0, m


# Conformance over a real socket: tests/data/ws_cases.txt, by a frame writer and reader of their own.

FAULT_CODES = {"text_is_not_UTF-8": 1007, "close_reason_is_not_UTF-8": 1007, "message_too_big": 1009,
               "message_of_too_many_fragments": 1008}	# all others: 1002


def unescape(text):
    return re.sub(rb"%([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode())


def frame_bytes(first, length, payload, form="", masked=True):
    head = bytes([first])
    mask_bit = 0x80 if masked else 0
    if form == "h":
        head += bytes([mask_bit | 127]) + (1 << 63).to_bytes(8, "big")
    elif form == "8" or (form == "" and length > 65535):
        head += bytes([mask_bit | 127]) + length.to_bytes(8, "big")
    elif form == "2" or (form == "" and length > 125):
        head += bytes([mask_bit | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([mask_bit | length])
    if not masked:
        return head + payload
    key = b"\x37\xfa\x21\x3d"
    return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload))


def case_bytes(word):
    m = re.fullmatch(r"([0-9a-f]{2})(?:/([^:]+))?:(.*?)(?:\*(\d+))?(?:@(\d+))?", word)
    first, form = int(m.group(1), 16), m.group(2) or ""
    payload = unescape(m.group(3)) * int(m.group(4) or 1)
    length = len(payload)
    if len(form) > 2:
        length, form = int(form), ""
    return frame_bytes(first, length, payload, "" if form == "m" else form, form != "m") * int(m.group(5) or 1)


def wanted(events):
    """What a client sees of these events: pongs, error replies, a close code."""
    seen = []
    for word in events.split():
        m = re.fullmatch(r"(\w+)(?:\((.*)\)|\[(\d+)\])(?:@(\d+))?", word)
        name, content, length, times = m.groups()
        if name == "text":
            seen += [("error", "INVALID_JSON")] * int(times or 1)
        elif name == "ping":
            seen += [("pong", unescape(content) if length is None else int(length))] * int(times or 1)
        elif name == "fault":
            seen.append(("close", FAULT_CODES.get(content, 1002)))
        elif name == "close":
            seen.append(("close", int(content.split(",")[0])))
    return seen


def exactly(f, n):
    data = f.read(n)
    assert len(data) == n, "the stream ends inside a frame"
    return data


def read_frame(f):
    """(opcode, payload) of an unmasked, unfragmented frame in its shortest form; None at the end."""
    head = f.read(2)
    if not head:
        return None
    assert head[0] & 0xf0 == 0x80 and head[1] < 0x80, head
    length = head[1]
    assert length < 127, "longer than any answer of the device"
    if length == 126:
        length = int.from_bytes(exactly(f, 2), "big")
        assert length > 125
    return head[0] & 0x0f, exactly(f, length)


def observed(f):
    """One thing that the server did, broadcasts passed over."""
    while True:
        got = read_frame(f)
        if got is None:
            return None
        opcode, payload = got
        if opcode == 8:
            return "close", int.from_bytes(payload[:2], "big") if payload else 1005
        if opcode == 10:
            return "pong", payload
        assert opcode == 1, got
        m = json.loads(payload)
        if m["type"] != "status":
            return m["type"], m["error"]["code"]


def send_cut(s, data, random):
    """All of data in pieces of random size; the server may end the connection in between."""
    try:
        while data:
            n = random.choice((1, 2, 3, 7, 50, 1000, 20000, 1 << 20))
            s.sendall(data[:n])
            data = data[n:]
    except (BrokenPipeError, ConnectionResetError):
        pass


def run_case(sim, frames, events, random):
    want = wanted(events)
    data = b"".join(map(case_bytes, frames.split()))
    ends = bool(want) and want[-1][0] == "close"
    if not ends:
        data += frame_bytes(0x89, 3, b"end")
        want.append(("pong", b"end"))
    with sim.connect() as s, s.makefile("rb") as f:
        s.sendall(upgrade_request())
        assert f.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        while f.readline() != b"\r\n":
            pass
        send_cut(s, data, random)
        for expected in want:
            got = observed(f)
            if got is not None and expected[0] == "pong" and isinstance(expected[1], int):
                got = got[0], len(got[1])
            assert got == expected, (got, expected)
        if ends:
            assert observed(f) is None, "frames after the close frame"


def check_ws_queue():
    """A burst in one segment is answered whole; a peer that does not read loses answers silently."""
    no_json = frame_bytes(0x81, 1, b"x")
    with Sim("limits=off") as sim:
        with sim.connect() as s, s.makefile("rb") as f:
            s.sendall(upgrade_request() + no_json * 100)
            while f.readline() != b"\r\n":
                pass
            for _ in range(100):
                assert observed(f) == ("error", "INVALID_JSON")
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", sim.port))
            s.sendall(upgrade_request() + no_json * 3000)
            until(lambda: sim.get(PATHS[0])[2]["data"]["wsClients"] == 1)
            s.sendall(frame_bytes(0x88, 2, b"\x03\xe8"))
            until(lambda: sim.get(PATHS[0])[2]["data"]["wsClients"] == 0)
    assert sim.stats["ws_messages"] == 3100, sim.stats
    assert sim.stats["ws_dropped"] > 1000 and sim.stats["ws_closes"] == 1, sim.stats
    assert sim.stats["ws_errors"] + sim.stats["ws_dropped"] in (3100, 3101), sim.stats


def check_ws_conformance():
    import random
    cases = 0
    path = os.path.join(os.environ.get("LWS_SRCDIR", "."), "tests/data/ws_cases.txt")
    with Sim("limits=off") as sim, open(path) as f:
        for line in f:
            m = re.fullmatch(r"([0-9.]+)\t(.*) => (.*)\n", line)
            if not m:
                assert line.startswith("#") or not line.strip(), line
                continue
            cases += 1
            try:
                run_case(sim, m.group(2), m.group(3), random.Random(cases))
            except Exception as e:
                raise AssertionError(f"case {m.group(1)}: {line.strip()[:200]}") from e
    assert cases >= 60 and sim.stats["ws_sessions"] == cases, (cases, sim.stats)


# Console

class Console:
    """A reader of the pseudo terminal, as raw as a serial program's."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.fd)

    @property
    def text(self):
        return self.data.decode("utf-8", "replace")

    def read(self, seconds):
        """False at a hangup."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                piece = os.read(self.fd, 65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            self.data += piece
            return bool(piece)
        return True

    def wait_for(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text[-2000:]!r}"
            assert self.read(0.2), "hangup"

    def drain(self):
        """All that is there until nothing comes for a while."""
        size = -1
        while size != len(self.data):
            size = len(self.data)
            self.read(0.3)


def check_console_boot():
    with Sim("", "--console") as sim, Console(sim.console) as console:
        console.wait_for(r"Heap diag: internal=\d+ largest=\d+ shed=0\r\n")
        console.wait_for(r"WS diag: active=0 ok=0 rejCooldown=0 rejOverlap=0 rejLimit=0 disc=0 "
                         r"parseErr=0 oversize=0 unknown=0\r\n")
        text = console.text
        assert "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8" in text
        assert '{"event":"telemetry.boot","ts_mono_ms":0,"version":"2.0"}\r\n' in text
        assert re.search(r"\[\d+\]\x1b\[1;32m\[INFO\]\x1b\[0m\[AudioCapture\] ", text)
        assert re.search(r"\[ +\d+\]\[W\]\[WiFiGeneric.cpp:1062\] _eventCallback\(\): ", text)
        clocks = [int(m) for m in re.findall(r"^\[ *(\d+)\]", text, re.M)]
        assert clocks == sorted(clocks)


def check_console_panic():
    with Sim("panic-at=1.5,reboot-time=1500ms", "--console") as sim, Console(sim.console) as console:
        console.wait_for(r"Saved PC:0x420fe706\r\n")
        block = console.text[console.text.index("Guru Meditation"):]
        lines = [l for l in block.split("\r\n") if l]
        starts = ["Guru Meditation Error: Core  1 panic'ed (LoadProhibited).", "Core  1 register dump:",
                  "PC      : 0x4200f9d2", "A2", "EXCVADDR", "Backtrace: 0x4200f9cf:0x3fcebc40",
                  "ELF file SHA256: 1f2e3d4c5b6a7988", "Rebooting...", "ESP-ROM:esp32s3-20210327",
                  "Build", "rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)", "Saved PC:"]
        for line, start in zip(lines, starts):
            assert line.startswith(start), (line, start)
        console.wait_for(r"Main\] LightwaveOS 2.0.0 starting(.|\n)*Main\] LightwaveOS 2.0.0 starting")
        clocks = [int(m) for m in re.findall(r"^\[ *(\d+)\]", console.text, re.M)]
        assert clocks != sorted(clocks), "the log clock did not run backwards"
        until(lambda: can_connect(sim))
    assert sim.stats["panics"] == sim.stats["reboots"] == 1


def check_console_rate():
    """2000 lines a second, cut anywhere: what was read is what was counted."""
    with Sim("console-rate=2000,console-cut,console-dead-at=2s,heap-leak=1000", "--console") as sim, \
            Console(sim.console) as console:
        console.wait_for(r"line 3\d\d\d\r")
        console.drain()
    lines = console.data.split(b"\r\n")
    assert lines.pop() == b""
    assert len(lines) == sim.stats["console_lines"] > 3000, (len(lines), sim.stats["console_lines"])
    assert len(console.data) == sim.stats["console_bytes"] and sim.stats["console_dropped"] == 0
    for token, series in ((rb"internal=(\d+)", "console_internal"), (rb"largest=(\d+)", "console_largest")):
        values = [int(v) for v in re.findall(token, console.data)]
        assert sim.stats[series] == {"samples": len(values), "min": min(values), "max": max(values),
                                     "sum": sum(values)}, sim.stats[series]


def check_console_faults():
    with Sim("console-silent", "--console") as sim, Console(sim.console) as console:
        console.drain()
        assert console.data == b""
    with Sim("console-garbage=200000", "--console") as sim, Console(sim.console) as console:
        while len(console.data) < 100000:
            assert console.read(5)
        assert len(set(console.data)) == 256
    with tempfile.TemporaryDirectory() as d:
        link = os.path.join(d, "console")
        with Sim("console-vanish=500ms/500ms", "--console-link", link) as sim:
            assert os.readlink(link) == sim.console
            with Console(link) as console:
                until(lambda: not console.read(0.1))
            assert not os.path.lexists(link)
            until(lambda: os.path.lexists(link))
            with Console(link) as console:
                console.wait_for(r"\[AudioCapture\]|\[Renderer\]|\[System\]|WiFiGeneric")
        assert not os.path.lexists(link)
    with Sim("console-rate=5000", "--console") as sim:
        until(lambda: sim.get(PATHS[0])[2]["data"]["uptime"] >= 3 or select.select([], [], [], 0.3) == 0)
    assert sim.stats["console_dropped"] > 0, "nobody read, so the queue must have filled"


ASYNC = {"ws_commands": ws_commands, "ws_policy": ws_policy, "ws_limiter": ws_limiter, "ws_auth": ws_auth,
         "ws_limits": ws_limits, "ws_faults": ws_faults, "ws_shedding": ws_shedding,
         "ws_reboot": ws_stall_and_reboot}


def main():
    for name in sys.argv[1:]:
        if name in ASYNC:
            asyncio.run(asyncio.wait_for(ASYNC[name](), 60))
        else:
            globals()["check_" + name]()


if __name__ == "__main__":
    main()
