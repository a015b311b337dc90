"""Cases of ws.bats: `ws.py run` in an empty directory runs them all, several side by side, each with a
coordinator of its own; `ws.py check CASE` tells what came of one. The peers are independent
WebSocket servers, raw sockets, and the simulated device."""
import glob
import json
import os
import socket
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

SRC, BUILD = os.environ["LWS_SRCDIR"], os.environ["LWS_BUILDDIR"]
sys.path.insert(0, os.path.join(SRC, "tests/lib"))

from ws_hostile import HANDSHAKES, SESSIONS, serve_then
from ws_peers import Device, NodePeer, RawPeer, make_tls, reply_to

SIDE_BY_SIDE = 8
LIMIT_S = 60
RSS_MAX_KB = 40 * 1024
CPU_MAX = 0.1
SANITIZED = "address" in os.environ.get("LWS_SANITIZE", "")
SCHEMA = os.path.join(SRC, "coordinator/lwstress-report.schema.json")


def check(truth, *what):
    if not truth:
        raise AssertionError(" ".join(str(x) for x in what))


def equal(got, want, what=""):
    check(got == want, what, "is", repr(got), "and not", repr(want))


def ws_load(seconds=3, hz=20, **more):
    return dict({"name": "load", "seconds": seconds, "ws_hz": hz, "ws_sessions": 1}, **more)


class Run:
    """One run of the coordinator in the directory `name`: .report, .said, .md, .wall_s."""

    def __init__(self, name, status, scenarios, *options, env=None):
        os.makedirs(name)
        profile = os.path.join(name, "wsrun.json")
        if not isinstance(scenarios, str):
            with open(profile, "w") as f:
                json.dump({"name": "wsrun", "scenarios": scenarios}, f)
            scenarios = profile
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LWSTRESS_")}
        began = time.monotonic()
        done = subprocess.run(
            [os.path.join(BUILD, "lwstress-coord"), "--serial-port", "none", "--allow-incomplete",
             "--out-dir", name, "--profile", scenarios] + list(options),
            env=dict(clean, **(env or {})), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, timeout=LIMIT_S)
        self.wall_s = time.monotonic() - began
        self.said = done.stderr
        equal(done.returncode, status, "exit status, after\n%s\nit" % self.said)
        path, = glob.glob(os.path.join(name, "stress_harness_*.json"))
        subprocess.run([sys.executable, os.path.join(SRC, "tests/lib/check_report.py"), "json", SCHEMA,
                        path], check=True)
        with open(path) as f:
            self.report = json.load(f)
        with open(path[:-4] + "md") as f:
            self.md = f.read()
        self.first = self.report["results"][0]
        self.ws = self.first["ws"]
        self.check_sums()

    def check_sums(self):
        for r in self.report["results"]:
            ws = r["ws"]
            equal(ws["sent"], ws["ok"] + ws["errors"] + ws["lost"], "sent")
            equal(sum(c["calls"] for c in ws["by_command"]), ws["sent"] - ws["lost"], "calls")
            equal(r["ws_receives"], ws["receives"], "receives")
            if ws["planned"] is not None and r["actual_s"] is not None:
                equal(ws["sent"] + ws["dropped_slots"] + ws["missed_slots"], ws["planned"], "slots")

    def total(self, name):
        return sum(r["ws"][name] for r in self.report["results"])

    def classes(self):
        return {c: n for c, n in self.ws["errors_by_class"].items() if n}

    def gate(self):
        """(ok, observed) of the first scenario's WebSocket gate."""
        return next((g["ok"], g["observed"]) for g in self.report["gates"]
                    if g["name"] == "ws_error_rate")

    def check_small(self):
        """The workers' own figures; the worker's word on its memory is checked in ws_worker.bats."""
        for w in self.report["workers"]:
            life_s = w["end_s"] - w["start_s"]
            check(SANITIZED or w["rss_kb"] < RSS_MAX_KB, w["role"], "took", w["rss_kb"], "KB")
            check(SANITIZED or w["cpu_ms"] / 1000 < CPU_MAX * life_s, w["role"], "took", w["cpu_ms"],
                  "ms of processor time in", life_s, "s")
            equal(w["restarts"], 0, "restarts")


def against(name, status, url, scenarios, *options, **more):
    return Run(name, status, scenarios, "--host", "http://127.0.0.1:9", "--ws-url", url, *options,
               **more)


def calls(run):
    """Calls by command in all scenarios."""
    out = {}
    for r in run.report["results"]:
        for c in r["ws"]["by_command"]:
            out[c["command"]] = out.get(c["command"], 0) + c["calls"]
    return out


class CountServer:
    """tests/lib/count_server.py, for the REST half of a mixed run."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(SRC, "tests/lib/count_server.py")], stdout=subprocess.PIPE)
        self.url = json.loads(self.process.stdout.readline())["url"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=10)


# Good devices

def case_python_counts(name):
    d = Device()
    run = against(name, 0, d.url, [ws_load(2, 40), ws_load(2, 30, name="again")])
    equal(len(d.messages), run.total("sent"), "messages that the server counted")
    equal(d.replies, run.total("receives"), "replies that it sent")
    counted = {c: sum(m["type"] == c for m in d.messages) for c in calls(run)}
    equal(counted, calls(run), "messages by command")
    equal([r["ws_messages"] for r in run.report["results"]],
          [r["ws"]["ok"] for r in run.report["results"]], "ws_messages")
    equal((d.sessions, run.total("connects")), (1, 1), "sessions")
    equal(d.wait_closes(1), [(1000, "")], "closes")
    check(run.first["ws_p50_ms"] > 0, "no service time")
    equal(run.report["overall"], "PASS", "overall")


def node(name, mode):
    with NodePeer(mode) as peer:
        run = against(name, 0, peer.url, [ws_load(3, 40)])
        counts = peer.counts()
    equal(counts["messages"], run.ws["sent"], "messages that the server counted")
    equal(counts["replies"], run.ws["receives"], "replies that it sent")
    equal(run.ws["ok"], run.ws["sent"], "ok")
    equal(counts["commands"], calls(run), "messages by command")
    equal(counts["closes"], [1000], "close codes")
    return counts


def case_node_counts(name):
    node(name, "whole")


def case_node_fragments(name):
    counts = node(name, "fragments")
    equal(counts["pongs"], 2 * counts["replies"], "pongs")


def case_python_fragments(name):
    pongs = []

    async def answer(ws, request, device):
        text = json.dumps(dict(reply_to(request), data={"text": "\u20ac" * 50}), ensure_ascii=False)

        async def parts():
            yield text[:5]
            pongs.append(await ws.ping(b"inside"))
            yield text[5:60]
            yield ""
            yield text[60:]
        await ws.send(parts())
        device.replies += 1
    d = Device(on_message=answer)
    run = against(name, 0, d.url, [ws_load(3, 20)])
    equal(len(d.messages), run.ws["sent"], "messages that the server counted")
    equal(d.replies, run.ws["receives"], "one reply each")
    equal(run.ws["ok"], run.ws["sent"], "ok")
    check(len(pongs) == d.replies and all(p.done() for p in pongs), "a ping was not answered")


def case_flat_out(name):
    d = Device()
    run = against(name, 0, d.url, [ws_load(1, "max", ws_window=8)])
    equal(len(d.messages), run.ws["sent"], "messages that the server counted")
    equal(d.replies, run.ws["receives"], "replies that it sent")
    check(run.ws["sent"] > 100, "only", run.ws["sent"])


def case_wss(name):
    os.makedirs(name)
    context, cert = make_tls(name)
    d = Device(tls=context)
    for i, options in enumerate((("--insecure",), ("--ca-file", cert))):
        before = len(d.messages)
        run = against("%s/%d" % (name, i), 0, d.url, [ws_load(1)], *options)
        equal(len(d.messages) - before, run.ws["ok"], "messages that the server counted")
        check(run.ws["ok"] > 10, "only", run.ws["ok"])
    run = against(name + "/unknown", 3, d.url, [ws_load(1)])
    check("certificate" in run.report["exit_reason"] and "--ca-file" in run.said, run.said)


def case_quick(name):
    run = Run(name, 0, "quick", "--simulate", "--scenario-duration", "5")
    equal(run.report["overall"], "PASS", "overall")
    equal([r["name"] for r in run.report["results"]], ["rest_quick", "ws_quick", "mixed_quick"], "scenarios")
    for r, hz in zip(run.report["results"], (0, 8, 6)):
        equal(r["ws"]["planned"], hz * 5, "planned")
        equal((r["ws_messages"], r["ws_receives"]), (hz * 5, hz * 5), r["name"])
        equal(r["ws_p50_ms"] is None, hz == 0, "ws_p50_ms is null")
        equal(r["ws_p95_ms"] is None, hz == 0, "ws_p95_ms is null")
        equal((r["ws_errors"], r["ws"]["unmatched"]), (0, 0), "errors")
    equal(run.total("connects"), 1, "sessions")
    check(run.report["results"][1]["heap"]["ws"]["samples"] > 0, "no heap over WebSocket")
    check("| ws_quick | 5 | 0 | 0 | 40 | 0 |" in run.md, "no row of ws_quick:", run.md)


def case_api_key(name):
    key = {"LWSTRESS_SIM_API_KEY": "k3y-of-th3-s1m"}
    load = [ws_load(2, rest_hz=4, rest_connections=1)]
    run = Run(name + "/right", 0, load, "--simulate=api-key",
              env=dict(key, LWSTRESS_API_KEY="k3y-of-th3-s1m"))
    equal((run.ws["ok"], run.first["rest"]["errors"]), (40, 0), "answers")
    for folder, _, files in os.walk(name):
        for file in files:
            with open(os.path.join(folder, file), "rb") as f:
                check(b"k3y-of" not in f.read(), "the key is in", file)
    run = Run(name + "/wrong", 1, [ws_load(2)], "--simulate=api-key",
              env=dict(key, LWSTRESS_API_KEY="wr0ng"))
    equal((run.ws["sent"], run.gate()[0]), (0, False), "without the key")
    check("authentication failed" in run.ws["connect_error_texts"][0]["text"],
          run.ws["connect_error_texts"])


# Devices that do not answer, or not what was asked

def case_unanswered(name):
    async def silent(ws, request, device):
        pass
    d = Device(on_message=silent)
    run = against(name, 1, d.url, [ws_load(3)], "--ws-timeout", "0.3")
    equal(run.report["overall"], "FAIL", "overall")
    equal(run.classes(), {"unanswered": len(d.messages)}, "classes")
    equal((run.ws["sent"], run.ws["ok"], run.ws["receives"]), (len(d.messages), 0, 0), "sent, ok, receives")
    equal(run.gate(), (False, 1), "gate")


def case_other_ids(name):
    async def other(ws, request, device):
        for number in ("nobody-1", "lw-999999999999", 17):
            await ws.send(json.dumps(dict(reply_to(request), requestId=number)))
    d = Device(on_message=other)
    run = against(name, 1, d.url, [ws_load(3)], "--ws-timeout", "0.3")
    equal(run.classes(), {"unanswered": len(d.messages)}, "classes")
    equal(run.ws["unmatched"], 3 * len(d.messages), "unmatched")
    equal(run.ws["receives"], 3 * len(d.messages), "receives")
    equal(run.gate(), (False, 1), "gate")


def refused_url():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return "ws://127.0.0.1:%d/ws" % s.getsockname()[1]


def all_failed(run, op_class):
    n = run.ws["connect_errors"]
    check(2 <= n <= 4, "attempts:", n)
    equal((run.ws["sent"], run.first["ws_messages"], run.first["ws_errors"]), (0, 0, n),
          "no message, failed connects only")
    equal(run.ws["connect_errors_by_class"][op_class], n, op_class)
    equal((run.report["overall"], run.gate()), ("FAIL", (False, 1)), "verdict")
    check("100" in run.report["exit_reason"] and "ws_error_rate" in run.report["exit_reason"],
          run.report["exit_reason"])


def case_refused_connection(name):
    """REST is well, the port of the WebSocket refuses."""
    with CountServer() as rest:
        run = Run(name, 1, [ws_load(6, rest_hz=5, rest_connections=1)], "--host", rest.url,
                  "--ws-url", refused_url())
    all_failed(run, "connect")
    equal(run.first["rest"]["ok"], 30, "REST went on")


def case_refused_handshake(name):
    """WebSocket alone, and each handshake is answered 404."""
    p = RawPeer(lambda c, h: c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    run = against(name, 1, p.url, [ws_load(6)])
    all_failed(run, "status")
    equal(len(p.accepts), run.ws["connect_errors"], "connections that the server counted")
    check(all(b - a > 2.1 for a, b in zip(p.accepts, p.accepts[1:])), "attempts too close", p.accepts)


# Policy, loss, reboot: the simulated device

def case_one_session_allowed(name):
    run = Run(name, 0, [ws_load(8, 25, ws_sessions=2, ws_window=4)], "--simulate")
    equal((run.ws["sent"], run.ws["ok"], run.ws["dropped_slots"]), (200, 200, 0), "the full rate")
    check(1 <= run.ws["connect_errors"] <= 2, "refusals:", run.ws["connect_errors"])
    equal(run.ws["close_codes"].get("1008"), run.ws["connect_errors"], "closes with 1008")
    notes = [n for n in run.report["notes"] if "allows 1 of 2 WebSocket sessions (close 1008" in n]
    equal(len(notes), 1, "notes of it in %r" % run.report["notes"])


def case_limiter(name):
    run = Run(name, 1, [ws_load(4, 60)], "--simulate")
    equal(run.classes(), {"rejected": run.ws["errors"]}, "classes")
    check(run.ws["ok"] >= 50 and run.ws["errors"] > 100, run.ws["ok"], run.ws["errors"])
    check("all %d" % run.ws["errors"] in run.report["exit_reason"], run.report["exit_reason"])


def case_reboot(name):
    run = Run(name, 1, [ws_load(14, 5, rest_hz=5, rest_connections=1)],
              "--simulate=reboot-at=5,reboot-time=1")
    equal(len(run.report["reboots"]), 1, "reboots")
    equal(sorted(run.report["reboots"][0]["sources"]), ["rest_uptime", "ws_uptime"], "sources")
    equal(run.first["uptime_resets"], 1, "resets")
    equal(run.ws["connects"], 2, "sessions")
    check(run.ws["ok"] > 30, "after the reboot only", run.ws["ok"])
    check(any(c["code"] == 1006 for c in run.ws["close_texts"]), run.ws["close_texts"])


def case_shedding(name):
    run = Run(name, 0, [ws_load(6, 5)], "--simulate=heap=25000,heap-leak=1000")
    check(run.ws["close_codes"].get("1013", 0) >= 1, "close codes", run.ws["close_codes"])
    closed = [c["text"] for c in run.ws["close_texts"] if c["code"] == 1013]
    check(closed and closed[0], "reasons", run.ws["close_texts"])
    check(closed[0] in run.md, "the reason is not in the Markdown")
    check(run.ws["ok"] >= 5, "ok", run.ws["ok"])


# Hostile peers

def hostile_session(name, peer):
    data, text = SESSIONS[peer]
    p = RawPeer(serve_then(data))
    run = against(name, 0, p.url, [ws_load(4, 10)], "--ws-timeout", "1")
    ends = [c["text"] for c in run.ws["close_texts"] if c["code"] == 1006]
    check(any(text in end for end in ends), peer, "ended as", run.ws["close_texts"])
    check(text in run.md.replace("\\", ""), "the Markdown does not say", text)
    equal(run.classes().get("protocol"), 1, "requests lost")
    check(run.ws["ok"] >= 5 and run.ws["connects"] >= 2, "it did not go on:", run.ws)
    run.check_small()
    check(run.wall_s < 8, "it took", run.wall_s, "s")


def hostile_handshake(name, peer, rest):
    hostile, op_class, text = HANDSHAKES[peer]
    p = RawPeer(hostile)
    run = Run(name, 1, [ws_load(3, rest_hz=5, rest_connections=1)], "--host", rest, "--ws-url", p.url,
              "--connect-timeout", "1", "--preflight-timeout", "1.5")
    ends = run.ws["connect_error_texts"]
    if op_class == "reset" and ends[0]["text"] == "connection reset":
        text = "connection reset"
    equal({(e["class"], e["text"]) for e in ends}, {(op_class, text)}, peer)
    equal((run.ws["sent"], run.gate()), (0, (False, 1)), "no message")
    equal(run.first["rest"]["ok"], 15, "REST went on")
    run.check_small()
    check(run.wall_s < 7, "it took", run.wall_s, "s")


def cases():
    """name: function(name), the longest first."""
    out = {k[5:]: f for k, f in globals().items() if k.startswith("case_")}
    for peer in SESSIONS:
        out["session " + peer] = lambda name, peer=peer: hostile_session(name, peer)
    return out


def outcome(name, f, *more):
    try:
        f(name, *more)
        said = ""
    except Exception:
        said = traceback.format_exc()
    with open(name + ".outcome", "w") as file:
        file.write(said)


def run_all(wanted):
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool, CountServer() as rest:
        waiting = [pool.submit(outcome, name, f) for name, f in cases().items()
                   if not wanted or name in wanted]
        waiting += [pool.submit(outcome, "handshake " + peer, hostile_handshake, peer, rest.url)
                    for peer in HANDSHAKES if not wanted or "handshake " + peer in wanted]
        for future in waiting:
            future.result()


def check_outcome(case):
    """One case, or all that begin so: `session `, `handshake `."""
    files = glob.glob(case + "*.outcome") if case.endswith(" ") else [case + ".outcome"]
    want = {"session ": len(SESSIONS), "handshake ": len(HANDSHAKES)}.get(case, 1)
    equal(len(files), want, "cases")
    bad = 0
    for file in files:
        with open(file) as f:
            said = f.read()
        if said:
            bad += 1
            print(file, said, sep=":\n")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run_all(sys.argv[2:])
    else:
        check_outcome(sys.argv[2])
