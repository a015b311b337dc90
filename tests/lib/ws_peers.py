"""Devices for the ws worker to meet: a good one (Python's websockets) and hostile ones (raw sockets)."""
import asyncio
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import websockets

REPLY_TYPES = {"device.getStatus": "device.status", "effects.getCurrent": "effects.current",
               "effects.parameters.get": "effects.parameters"}
KINDS = [("device.getStatus", "{}", "device.status"), ("effects.getCurrent", "{}", "effects.current"),
         ("effects.parameters.get", '{"effectId":6912}', "effects.parameters")]


def reply_to(request, uptime=7):
    data = {"uptime": uptime, "freeHeap": 27000} if request["type"] == "device.getStatus" else {}
    return {"type": REPLY_TYPES.get(request["type"], request["type"]), "success": True,
            "requestId": request["requestId"], "data": data}


class Device:
    """A websockets server in a thread; on_message(ws, request, device) answers, on_open greets."""

    def __init__(self, on_message=None, on_open=None, tls=None):
        self.on_message = on_message or self.answer
        self.on_open = on_open or self.greet
        self.messages = []
        self.sessions = 0
        self.opened_at = []
        self.closes = []
        self.closed = threading.Condition()
        self.replies = 0
        self.tls = tls
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        if not self.ready.wait(10):
            raise TimeoutError("the device did not start")
        self.url = "%s://127.0.0.1:%d/ws" % ("wss" if tls else "ws", self.port)

    def run(self):
        asyncio.set_event_loop(self.loop)

        async def start():
            self.server = await websockets.serve(self.serve, "127.0.0.1", 0, ssl=self.tls,
                                                 compression=None)
            self.port = self.server.sockets[0].getsockname()[1]
            self.ready.set()
        self.loop.run_until_complete(start())
        self.loop.run_forever()

    async def serve(self, ws, path=None):
        self.sessions += 1
        self.opened_at.append(time.monotonic())
        ws.number = self.sessions
        try:
            await self.on_open(ws, self)
            async for text in ws:
                request = json.loads(text)
                self.messages.append(request)
                await self.on_message(ws, request, self)
        except websockets.ConnectionClosed:
            pass
        await ws.wait_closed()
        with self.closed:
            self.closes.append((ws.close_code, ws.close_reason))
            self.closed.notify_all()

    def wait_closes(self, n, timeout=5):
        """The closes when there are n: the worker may be gone before our thread has seen its last."""
        with self.closed:
            self.closed.wait_for(lambda: len(self.closes) >= n, timeout)
            return list(self.closes)

    @staticmethod
    async def greet(ws, device):
        await ws.send(json.dumps({"type": "status", "uptime": 5, "freeHeap": 26000, "fps": 119.5}))

    @staticmethod
    async def answer(ws, request, device):
        device.replies += 1
        await ws.send(json.dumps(reply_to(request)))


class NodePeer:
    """tests/lib/ws_peer.js in its own process; with NodePeer(mode) as peer."""

    def __init__(self, mode):
        self.process = subprocess.Popen(
            ["node", os.path.join(os.path.dirname(__file__), "ws_peer.js"), mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = "ws://127.0.0.1:%d/ws" % int(self.process.stdout.readline())

    def counts(self):
        """What it counted, when all sessions have ended."""
        return json.loads(self.process.communicate(timeout=10)[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def make_tls(directory):
    """A server's context with a certificate of its own, and that certificate's path."""
    key, cert = os.path.join(directory, "key.pem"), os.path.join(directory, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                    cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def accept_of(head):
    key = [line.split(":", 1)[1].strip() for line in head.decode().split("\r\n")
           if line.lower().startswith("sec-websocket-key:")][0]
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def answer101(head, accept=None, extra=""):
    return ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: %s\r\n%s\r\n" % (accept or accept_of(head), extra)).encode()


def frame(first, payload=b"", mask=None):
    n = len(payload)
    bit = 0x80 if mask else 0
    if n < 126:
        out = bytes([first, bit | n])
    elif n < 65536:
        out = bytes([first, bit | 126]) + struct.pack(">H", n)
    else:
        out = bytes([first, bit | 127]) + struct.pack(">Q", n)
    if mask:
        return out + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return out + payload


def read_head(conn):
    head = b""
    while b"\r\n\r\n" not in head:
        data = conn.recv(4096)
        if not data:
            return None
        head += data
    return head


def flood(conn, data, seconds=20):
    """Send data over and over until the other side has had enough."""
    data = data * max(1, 16384 // len(data))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        conn.sendall(data)


class RawPeer:
    """Accepts connections and gives each one, with its request, to hostile(conn, head)."""

    def __init__(self, hostile):
        self.hostile = hostile
        self.accepts = []
        self.got = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.url = "ws://127.0.0.1:%d/ws" % self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.sock.accept()
            self.accepts.append(time.monotonic())
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            conn.settimeout(10)
            head = read_head(conn)
            if head is not None:
                self.hostile(conn, head)
            while True:
                data = conn.recv(65536)
                if not data:
                    break
                self.got.append(data)
        except OSError:
            pass
        finally:
            conn.close()


def after_handshake(data):
    def hostile(conn, head):
        conn.sendall(answer101(head) + data)
    return hostile
