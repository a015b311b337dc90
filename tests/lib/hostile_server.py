"""A server that answers wrongly in one chosen way, after --preflight-ok proper answers.

hostile_server.py MODE prints {"port": …, "url": …} when it is ready; on SIGTERM it writes to --out
how many requests came after the proper ones: {"requests": n}. One thread a connection: each way is
a generator of bytes to send, of seconds to wait, of RESET, and of None for the end of it.
"""
import argparse
import json
import signal
import socket
import struct
import sys
import threading
import time

BOOT = time.monotonic()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FOREVER = 3600.0
RESET = object()


def whole(body, head=HEAD):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def proper():
    data = {"uptime": int(time.monotonic() - BOOT), "freeHeap": 51200, "name": "LightwaveOS"}
    return whole(json.dumps({"success": True, "data": data, "version": "2.0"}).encode())


def garbage():
    yield b"\x00\xff\x1b[2J<html>\r\n\x80\x81 this is no HTTP \r\n\r\n" * 20
    yield None


def endless():
    yield HEAD + b"\r\n" + b'{"success":true,"data":"'
    while True:
        yield b"x" * 65536


def endless_chunked():
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + b"y" * 65536 + b"\r\n"


def drip():
    for byte in proper() * 100:
        yield bytes([byte])
        yield 0.1


def huge_header():
    yield HEAD + b"X-Huge: "
    while True:
        yield b"h" * 65536


def many_headers():
    yield HEAD
    while True:
        yield b"".join(b"X-%d: %s\r\n" % (i, b"v" * 200) for i in range(300))


def redirect():
    yield b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"


def deep_json():
    yield whole(b'{"success":true,"data":' + b"[" * 100000 + b"]" * 100000 + b"}")


def long_length():
    yield HEAD + b"Content-Length: 5000\r\n\r\n" + b'{"success":true'
    yield None


def short_length():
    yield HEAD + b'Content-Length: 10\r\n\r\n{"success":true,"data":{},"version":"2.0"}'


def negative_length():
    yield HEAD + b"Content-Length: -5\r\n\r\n{}"


def bad_chunk():
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzzz\r\n{}\r\n"


def early_close():
    yield None


def reset():
    yield RESET


def no_answer():
    yield FOREVER


def continues():
    for _ in range(600):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield 0.05


def not_json():
    yield whole(b"<html><body>It works!</body></html>")


def empty():
    yield whole(b"")


def no_envelope():
    yield whole(b"[1, 2, 3]")


def trailing():
    yield whole(b'{"success":true,"data":{}} and more')


def api_error():
    yield whole(b'{"success":false,"error":{"code":"BUSY","message":"render\\u001b[31m loop"}}')


def not_ready():
    body = b'{"success":false,"error":{"code":"SYSTEM_NOT_READY","message":"starting"}}'
    yield whole(body, b"HTTP/1.1 503 Service Unavailable\r\n")


def limited():
    body = b'{"success":false,"error":{"code":"RATE_LIMITED","message":"slow down"}}'
    yield whole(body, b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n")


MODES = {function.__name__.replace("_", "-"): function for function in (
    garbage, endless, endless_chunked, drip, huge_header, many_headers, redirect, deep_json,
    long_length, short_length, negative_length, bad_chunk, early_close, reset, no_answer, continues,
    not_json, empty, no_envelope, trailing, api_error, not_ready, limited)}


class Server:
    def __init__(self, mode, preflight_ok):
        self.mode, self.left, self.lock = MODES[mode], preflight_ok, threading.Lock()
        self.requests = 0

    def take_proper(self):
        with self.lock:
            self.left -= 1
            self.requests += self.left < 0
            return self.left >= 0

    def connection(self, peer):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    more = peer.recv(65536)
                    if not more:
                        return
                    data += more
                data = data.split(b"\r\n\r\n", 1)[1]
                if self.take_proper():
                    peer.sendall(proper())
                elif not self.misbehave(peer):
                    return
        except OSError:
            pass
        finally:
            peer.close()

    def misbehave(self, peer):
        for what in self.mode():
            if what is None:
                return False
            if what is RESET:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if isinstance(what, float):
                peer.settimeout(what)
                try:
                    if not peer.recv(65536):
                        return False
                except TimeoutError:
                    pass
                peer.settimeout(None)
            else:
                peer.sendall(what)
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--out")
    parser.add_argument("--preflight-ok", type=int, default=2)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    print(json.dumps({"port": port, "url": f"http://127.0.0.1:{port}"}), flush=True)
    server = Server(options.mode, options.preflight_ok)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=server.connection, args=(peer,), daemon=True).start()
    finally:
        if options.out:
            with open(options.out, "w", encoding="utf-8") as file:
                json.dump({"requests": server.requests}, file)


main()
