"""What a hostile device does to a ws session: HANDSHAKES before it is one, SESSIONS within it."""
import json
import os
import struct
import time

from ws_peers import answer101, flood, frame, reply_to


def drip(conn, head):
    text = answer101(head, extra="X: " + "y" * 4000 + "\r\n")
    for i in range(0, len(text)):
        conn.sendall(text[i:i + 1])
        time.sleep(0.05)


HANDSHAKES = {
    "200": (lambda c, h: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "status",
            "answered HTTP 200 in place of 101"),
    "429": (lambda c, h: c.sendall(b"HTTP/1.1 429 Too Many\r\n\r\n"), "rejected",
            "answered HTTP 429 in place of 101"),
    "wrong accept": (lambda c, h: c.sendall(answer101(h, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
                     "protocol", 'wrong Sec-WebSocket-Accept "AAAAAAAAAAAAAAAAAAAAAAAAAAA="'),
    "extension": (lambda c, h: c.sendall(answer101(h, extra="Sec-WebSocket-Extensions: x\r\n")),
                  "protocol", "answer names an extension that was not asked for"),
    "no answer": (lambda c, h: None, "timeout", "no whole answer to the handshake in time"),
    "drip": (drip, "timeout", "no whole answer to the handshake in time"),
    "endless head": (lambda c, h: flood(c, b"HTTP/1.1 101 X\r\nX: " + b"y" * 100000), "protocol",
                     "head of the handshake is over 8192 bytes"),
    "garbage": (lambda c, h: c.sendall(os.urandom(3000)), "protocol", "answer is not HTTP/1.1"),
    "close": (lambda c, h: c.close(), "reset", "connection closed without a close frame"),
}


def serve_then(data):
    """A good greeting, one good reply, then data; at later sessions only good behaviour."""
    def hostile(conn, head):
        hostile.sessions += 1
        conn.sendall(answer101(head) + frame(0x81, b'{"type":"status"}'))
        answered = 0
        while True:
            text = read_frame(conn)
            if text is None:
                return
            if text[0] != 0x81:
                continue
            if hostile.sessions == 1 and answered == 1:
                if callable(data):
                    data(conn)
                else:
                    conn.sendall(data)
                continue
            answered += 1
            conn.sendall(frame(0x81, json.dumps(reply_to(json.loads(text[1]))).encode()))
    hostile.sessions = 0
    return hostile


def read_exactly(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            return None
        data += more
    return data


def read_frame(conn):
    """A client's frame: (first byte, payload); every one must be masked."""
    head = read_exactly(conn, 2)
    if head is None:
        return None
    n = head[1] & 0x7f
    if not head[1] & 0x80:
        raise AssertionError("a client's frame is not masked")
    if n == 126:
        n = struct.unpack(">H", read_exactly(conn, 2))[0]
    elif n == 127:
        n = struct.unpack(">Q", read_exactly(conn, 8))[0]
    mask = read_exactly(conn, 4)
    payload = read_exactly(conn, n)
    return head[0], bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


SESSIONS = {
    "masked frame": (frame(0x81, b"x", b"abcd"), "masked frame from a server (closed with 1002)"),
    "reserved bits": (frame(0xc1, b"x"), "reserved bit set (closed with 1002)"),
    "reserved opcode": (frame(0x83), "reserved opcode (closed with 1002)"),
    "huge length": (b"\x82\x7f\x7f" + b"\xff" * 7, "message too big (closed with 1009)"),
    "length of 64 bits": (b"\x82\x7f" + b"\xff" * 8, "length of 64 bits (closed with 1002)"),
    "too big": (frame(0x81, b"x" * 65537), "message too big (closed with 1009)"),
    "bad UTF-8": (frame(0x81, b"\xc0\x80"), "text is not UTF-8 (closed with 1007)"),
    "endless empty fragments": (lambda c: (c.sendall(frame(1)), flood(c, frame(0))),
                                "message of too many fragments (closed with 1008)"),
    "endless fragments": (lambda c: (c.sendall(frame(1)), flood(c, frame(0, b"x" * 100))),
                          "message too big (closed with 1009)"),
    "ping flood": (lambda c: flood(c, frame(0x89, b"x" * 10)), "flood: over 1000 unasked frames or "
                   "4194304 bytes a second (closed with 1008)"),
    "ping flood, large": (lambda c: flood(c, frame(0x89, b"x" * 125)), "flood: over 1000 unasked "
                          "frames or 4194304 bytes a second (closed with 1008)"),
    "pong flood": (lambda c: flood(c, frame(0x8a)), "flood: over 1000 unasked frames or "
                   "4194304 bytes a second (closed with 1008)"),
    "flood of broadcasts": (lambda c: flood(c, frame(0x81, b'{"type":"status"}')),
                            "flood: over 1000 unasked frames or 4194304 bytes a second (closed with 1008)"),
    "flood of large messages": (lambda c: flood(c, frame(0x82, b"x" * 65536)),
                                "flood: over 1000 unasked frames or 4194304 bytes a second (closed with 1008)"),
    "bad close code": (frame(0x88, b"\x03\xed"), "close code not allowed (closed with 1002)"),
    "new message inside": (frame(1, b"a") + frame(0x81, b"b"),
                           "new message inside a fragmented one (closed with 1002)"),
}
