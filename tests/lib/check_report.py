"""Check reports of lwstress from outside.

check_report.py json SCHEMA FILE...   against the schema, and that the figures agree with each other
check_report.py schema SCHEMA         the schema itself: every object closed, every field described
check_report.py md FILE...            tables whole, nothing of the device's text live as markup
"""
import json
import re
import sys

import jsonschema


def fail(text):
    sys.exit("check_report: " + text)


def strict_pairs(pairs):
    keys = [k for k, _ in pairs]
    if len(keys) != len(set(keys)):
        fail("a key comes twice: %s" % keys)
    return dict(pairs)


def load(path):
    with open(path, "rb") as f:
        text = f.read().decode("utf-8")  # strict
    return json.loads(text, object_pairs_hook=strict_pairs, parse_constant=lambda c: fail("constant " + c))


def check_load(name, state, load):
    if load["sent"] != load["ok"] + load["errors"] + load["lost"]:
        fail("%s: sent is not ok + errors + lost" % name)
    if state in ("done", "interrupted") and load["planned"] is not None and \
            load["planned"] != load["sent"] + load["dropped_slots"] + load["missed_slots"]:
        fail("%s: planned is not sent + dropped + missed" % name)
    if sum(load["errors_by_class"].values()) != load["errors"]:
        fail("%s: classes do not add up" % name)
    for key in ("service_ms", "response_ms", "lateness_ms"):
        values = [load[key][q] for q in ("p50", "p90", "p95", "p99", "p999", "max")]
        if (values[0] is None) != (load[key]["samples"] == 0):
            fail("%s: null and samples disagree" % name)
        if values[0] is not None and values != sorted(values):
            fail("%s: percentiles fall" % name)


def check_json(schema, path):
    r = load(path)
    jsonschema.validate(r, schema)
    for s in r["results"]:
        check_load(s["name"] + " rest", s["state"], s["rest"])
        check_load(s["name"] + " ws", s["state"], s["ws"])
        if s["rest_calls"] != s["rest"]["ok"] + s["rest"]["errors"]:
            fail("rest_calls")
        if s["ws_errors"] != s["ws"]["errors"] + s["ws"]["connect_errors"]:
            fail("ws_errors")
        if (s["heap_min"] is None) != (s["heap_samples"] == 0):
            fail("heap_min")
    if r["evidence"]["complete"] != (r["evidence"]["gaps"] == []):
        fail("evidence")
    if not all(g["ok"] for g in r["gates"]) and r["overall"] != "FAIL":
        fail("a crossed gate and no FAIL")
    lengths = {len(v) for v in r["timeline"]["series"].values()}
    if len(lengths) != 1:
        fail("timeline series differ in length")


def walk_schema(node, where):
    if isinstance(node, list):
        for n in node:
            walk_schema(n, where)
    if not isinstance(node, dict):
        return
    if node.get("type") == "object" and node.get("additionalProperties", True) is True:
        fail("%s is open" % where)
    for key, sub in node.get("properties", {}).items():
        if "description" not in sub and "$ref" not in sub:
            fail("%s.%s is not described" % (where, key))
        walk_schema(sub, where + "." + key)
    if "properties" in node and sorted(node.get("required", [])) != sorted(node["properties"]):
        fail("%s: required and properties differ" % where)
    for key in ("items", "additionalProperties"):
        walk_schema(node.get(key), where + "[]")
    for key, sub in node.get("$defs", {}).items():
        walk_schema(sub, key)


def check_md(path):
    with open(path, "rb") as f:
        text = f.read().decode("utf-8")
    if re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text):
        fail("control characters")
    columns, fence, headings = 0, None, []
    for line in text.split("\n"):
        m = re.match(r"(`{3,})(text)?$", line)
        if m and fence is None:
            fence = m.group(1)
            continue
        if fence is not None:
            fence = None if line == fence else fence
            continue
        if line.startswith("#"):
            headings.append(line)
        if re.search(r"<[a-zA-Z/!]", line):
            fail("live HTML: " + line)
        if line.startswith("|"):
            bars = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
            if columns == 0:
                columns = bars
            if bars != columns:
                fail("%d bars instead of %d: %s" % (bars, columns, line))
        else:
            columns = 0
    if fence is not None:
        fail("a fence stays open")
    if headings[0] != "# LightwaveOS Stress Harness Report" or headings[-1] != "## Notes":
        fail("headings: %s" % headings)
    if [h for h in headings[1:] if not re.match(r"## [A-Z][A-Za-z,() ]+$", h)]:
        fail("headings: %s" % headings)


def main(argv):
    if argv[1] == "md":
        for path in argv[2:]:
            check_md(path)
        return
    schema = load(argv[2])
    jsonschema.Draft202012Validator.check_schema(schema)
    if argv[1] == "schema":
        walk_schema(schema, "report")
    for path in argv[3:]:
        check_json(schema, path)


main(sys.argv)
