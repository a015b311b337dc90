"""An HTTP/1.1 server that has nothing in common with lwstress and counts what reaches it.

It speaks keep-alive over raw asyncio transports and answers as a LightwaveOS device does. When it
is ready it prints {"port": …, "url": …} on one line; on SIGTERM it writes to --out
  {"counts": {path: n}, "load": {path: n}, "arrivals_us": […], "paths": […], "connections": n,
   "requests": n, "headers": {…of the last request…}}
where `load` and `arrivals_us` (CLOCK_MONOTONIC) leave out the preflight: everything up to and with
the first device/info and the first device/status.
"""
import argparse
import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time

INFO = "/api/v1/device/info"
STATUS = "/api/v1/device/status"
BOOT = time.monotonic()
DATA = {
    INFO: lambda: {"name": "LightwaveOS", "firmware": "3.1.0", "board": "ESP32-S3", "sdk": "v5.1"},
    STATUS: lambda: {
        "uptime": int(time.monotonic() - BOOT), "freeHeap": 51200, "heapSize": 327680, "cpuFreq": 240,
        "fps": 120.5, "cpuPercent": 21.5, "framesRendered": 1000, "wsClients": 0,
        "network": {"connected": True, "apMode": False, "ip": "192.168.1.101", "rssi": -61}},
    "/api/v1/effects/current": lambda: {"effectId": 6912, "name": "Ocean", "brightness": 128},
    "/api/v1/effects": lambda: {"total": 1, "offset": 0, "limit": 20, "effects": [{"id": 6912}]},
    "/api/v1/parameters": lambda: {"brightness": 128, "speed": 15, "paletteId": 3},
}


class Log:
    def __init__(self):
        self.counts, self.load, self.headers = {}, {}, {}
        self.arrivals, self.paths = [], []
        self.connections = self.requests = 0

    def in_preflight(self):
        return not (self.counts.get(INFO) and self.counts.get(STATUS))

    def add(self, path, now):
        if not self.in_preflight():
            self.load[path] = self.load.get(path, 0) + 1
            self.arrivals.append(int(now * 1e6))
            self.paths.append(path)
        self.counts[path] = self.counts.get(path, 0) + 1
        self.requests += 1

    def write(self, out):
        with open(out, "w", encoding="utf-8") as file:
            json.dump({"counts": self.counts, "load": self.load, "arrivals_us": self.arrivals,
                       "paths": self.paths, "connections": self.connections,
                       "requests": self.requests, "headers": self.headers}, file)


def answer(path):
    if path not in DATA:
        body = {"success": False, "error": {"code": "NOT_FOUND", "message": "no such path"}}
        line = "404 Not Found"
    else:
        body = {"success": True, "data": DATA[path]()}
        line = "200 OK"
    body.update(timestamp=int((time.monotonic() - BOOT) * 1000), version="2.0")
    text = json.dumps(body).encode()
    return (f"HTTP/1.1 {line}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n").encode() + text


class Stall:
    """Nothing is answered in the middle `seconds` of every `period`, counted from the first load."""

    def __init__(self, text):
        self.seconds, self.period = (float(part) for part in text.split("/"))
        self.start = None

    def delay(self, now):
        if self.start is None:
            self.start = now
        begin = (self.period - self.seconds) / 2
        phase = (now - self.start) % self.period
        return begin + self.seconds - phase if begin <= phase < begin + self.seconds else 0


class Connection(asyncio.Protocol):
    def __init__(self, options, log):
        self.options, self.log, self.data = options, log, b""

    def connection_made(self, transport):
        self.transport = transport
        self.log.connections += 1

    def data_received(self, data):
        now = time.monotonic()
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            self.request(head.decode("latin-1"), now)
        if len(self.data) > 65536:
            self.transport.abort()

    def request(self, head, now):
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1]
        load = not self.log.in_preflight()
        self.log.headers = dict(line.split(": ", 1) for line in lines[1:])
        self.log.add(path, now)
        delay = self.options.latency / 1000
        if load and self.options.stall:
            delay = max(delay, self.options.stall.delay(now))
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self.send, path)
        else:
            self.send(path)

    def send(self, path):
        if not self.transport.is_closing():
            self.transport.write(answer(path))


def make_tls(directory):
    key, cert = os.path.join(directory, "key.pem"), os.path.join(directory, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--stall", type=Stall, help="SECONDS/PERIOD")
    parser.add_argument("--tls", metavar="DIR", help="https, with a new cert.pem in DIR")
    parser.add_argument("--out", help="file for the counts")
    return parser.parse_args()


async def main():
    options, log, stop = parse_options(), Log(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Connection(options, log), "127.0.0.1", 0, backlog=512,
                                      ssl=make_tls(options.tls) if options.tls else None)
    port = server.sockets[0].getsockname()[1]
    scheme = "https" if options.tls else "http"
    print(json.dumps({"port": port, "url": f"{scheme}://127.0.0.1:{port}"}), flush=True)
    await stop.wait()
    if options.out:
        log.write(options.out)


asyncio.run(main())
sys.exit(0)
