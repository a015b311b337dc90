"""A device that tells nonsense of itself and quotes its client's secrets in its errors. The first two
requests (the preflight's) succeed. Prints {"url": …} when it is ready."""
import http.server
import json

answered = 0


class Device(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global answered
        answered += 1
        quoted = "key %s auth %s" % (self.headers.get("X-API-Key"), self.headers.get("Authorization"))
        body = json.dumps({"success": True, "data": {"uptime": 5, "freeHeap": -5}} if answered <= 2 else
                          {"success": False, "error": {"code": "ODD", "message": quoted}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Device)
print(json.dumps({"url": "http://127.0.0.1:%d" % server.server_port}), flush=True)
server.serve_forever()
