"""HTTP peers for tests: one that counts, and one that misbehaves. 127.0.0.1, free ports only."""
import http.server
import json
import socket
import socketserver
import threading
import time

BOOT = time.monotonic()


def envelope(data):
    body = {"success": True, "data": data, "timestamp": int((time.monotonic() - BOOT) * 1000),
            "version": "2.0"}
    return json.dumps(body).encode()


STATUS = {"uptime": 4242, "freeHeap": 27664, "heapSize": 327680, "cpuFreq": 240, "fps": 119.5,
          "cpuPercent": 37.25, "framesRendered": 99, "wsClients": 2,
          "network": {"connected": True, "apMode": False, "ip": "127.0.0.1", "rssi": -61}}
INFO = {"name": "LightwaveOS", "firmware": "2.1.0", "firmwareVersionNumber": 20100,
        "board": "esp32-s3", "psram": True, "nested": {"not": "scalar"}}
DATA = {"device/status": STATUS, "device/info": INFO, "effects/current": {"effectId": 6912},
        "effects": {"total": 1, "effects": []}, "parameters": {"speed": 3}}


class Counting:
    """An honest device. Counts requests with the moment they arrived; delay_s is its service time."""

    def __init__(self, delay_s=0.0, before=None):
        self.requests = []      # (monotonic us at arrival, path, headers)
        self.connections = 0
        self.delay_s = delay_s
        self.before = before    # called as before(handler, index) -> True: it has answered itself
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self):
                with outer.lock:
                    outer.connections += 1
                super().setup()

            def log_message(self, *args):
                pass

            def do_GET(self):
                at = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                with outer.lock:
                    index = len(outer.requests)
                    outer.requests.append((at, self.path, dict(self.headers)))
                if outer.before is not None and outer.before(self, index):
                    return
                if outer.delay_s:
                    time.sleep(outer.delay_s)
                self.reply(200, envelope(DATA.get(self.path.replace("/api/v1/", "", 1), {})))

            def reply(self, status, body, headers=()):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def load(self):
        """The requests without the preflight's two."""
        with self.lock:
            return self.requests[2:]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


OK_BODY = envelope({})


def head(status="200 OK", **headers):
    lines = ["HTTP/1.1 " + status] + ["%s: %s" % (k.replace("_", "-"), v)
                                      for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def drip(sock, stop):
    sock.sendall(head(Content_Length=1000))
    while not stop.wait(0.05):
        sock.sendall(b" ")


def endless(prefix, chunk):
    def send(sock, stop):
        sock.sendall(prefix)
        while not stop.is_set():
            sock.sendall(chunk)
    return send


def silent(_sock, stop):
    stop.wait(30)


def deep(n):
    body = b'{"success":true,"data":' + b"[" * n + b"]" * n + b"}"
    return head(Content_Length=len(body)) + body


def whole(body, status="200 OK"):
    return head(status, Content_Length=len(body)) + body


# path -> (what goes back, class that it must end in); bytes are sent and the connection closed.
HOSTILE = {
    "garbage": (bytes(range(256)) * 16, "protocol"),
    "endless": (endless(head(), b"x" * 65536), "body"),
    "endless-length": (endless(head(Content_Length=10 ** 12), b"x" * 65536), "body"),
    "endless-chunked": (endless(head(Transfer_Encoding="chunked"), b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
                        "body"),
    "drip": (drip, "timeout"),
    "huge-header": (head(X_Big="h" * 90000, Content_Length=2) + b"{}", "protocol"),
    "vast-header": (head(X_Big="h" * 300000, Content_Length=2) + b"{}", "protocol"),
    "many-headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), "protocol"),
    "endless-100": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), "protocol"),
    "redirect": (head("302 Found", Location="http://127.0.0.1:1/", Content_Length=0), "status"),
    "deep": (deep(40), "body"),
    "very-deep": (deep(100000), "body"),
    "long-length": (head(Content_Length=len(OK_BODY) + 100) + OK_BODY, "reset"),
    "short-length": (head(Content_Length=len(OK_BODY) - 5) + OK_BODY, "body"),
    "bad-length": (head(Content_Length="twelve") + OK_BODY, "protocol"),
    "bad-chunk": (head(Transfer_Encoding="chunked") + b"zz\r\n" + OK_BODY, "protocol"),
    "early-close": (b"", "reset"),
    "half-status": (b"HTTP/1.1 20", "reset"),
    "no-answer": (silent, "timeout"),
    "html": (whole(b"<html>hello</html>"), "body"),
    "bare-json": (whole(b'{"a":1}'), "body"),
    "two-values": (whole(OK_BODY + OK_BODY), "body"),
    "array": (whole(b"[1,2]"), "body"),
    "empty": (whole(b""), "body"),
    "nul": (whole(OK_BODY[:-1] + b"\0}"), "body"),
    "no-content": (head("204 No Content"), "status"),
    "not-ready": (whole(b'{"success":false,"error":{"code":"SYSTEM_NOT_READY","message":"boot"}}',
                        "503 Service Unavailable"), "status"),
    "html-500": (whole(b"<h1>no</h1>", "500 Internal Server Error"), "status"),
    "limited": (whole(b'{"success":false,"error":{"code":"RATE_LIMITED","message":"slow down"}}',
                      "429 Too Many Requests"), "rejected"),
    "limited-200": (whole(b'{"success":false,"error":{"code":"RATE_LIMITED","message":"x"}}'),
                    "rejected"),
    "api-error": (whole(b'{"success":false,"error":{"code":"NOT_FOUND","message":"x"}}'), "api"),
    "good": (whole(OK_BODY), "ok"),
}


class Hostile:
    """/api/v1/NAME answers with HOSTILE[NAME]; device/status and device/info are well-behaved."""

    def __init__(self):
        self.stop = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                data = b""
                while b"\r\n\r\n" not in data:
                    got = self.request.recv(4096)
                    if not got:
                        return
                    data += got
                name = data.split(b" ")[1].decode().replace("/api/v1/", "", 1)
                what = whole(envelope(DATA[name])) if name in DATA else HOSTILE[name][0]
                if callable(what):
                    what(self.request, outer.stop)
                else:
                    self.request.sendall(what)
                    self.request.shutdown(socket.SHUT_WR)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def handle_error(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def close(self):
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()
