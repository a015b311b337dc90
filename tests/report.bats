#!/usr/bin/env bats
# The golden reports from outside: JSON against the installed schema with Python's jsonschema, Markdown
# for whole tables and for nothing of the device's text being live.

setup() {
	cd "$LWS_SRCDIR" || return 1
	check="tests/lib/check_report.py"
	schema="coordinator/lwstress-report.schema.json"
}

@test "the schema is a schema: every object closed, every field described" {
	"$PYTHON3" "$check" schema "$schema"
}

@test "golden JSON reports match the schema and agree with themselves" {
	"$PYTHON3" "$check" json "$schema" tests/golden/*.json
}

@test "a report with a field too many, one missing or a word for a number is refused" {
	for edit in 'r["extra"] = 1' 'del r["results"][0]["rest"]["lost"]' 'r["exit_code"] = "0"'; do
		"$PYTHON3" -c "import json,sys; r = json.load(open('tests/golden/good.json')); $edit; json.dump(r, open(sys.argv[1], 'w'))" \
			"$BATS_TEST_TMPDIR/bad.json"
		run "$PYTHON3" "$check" json "$schema" "$BATS_TEST_TMPDIR/bad.json"
		[ "$status" -ne 0 ]
	done
}

@test "golden Markdown reports have whole tables and no live markup from outside" {
	"$PYTHON3" "$check" md tests/golden/*.md
}

@test "every field of the schema is in lwstress-report(5)" {
	"$PYTHON3" - "$schema" man/lwstress-report.5 <<'EOF'
import json, re, sys
names = set()
def walk(n):
    if isinstance(n, dict):
        for k, v in n.get("properties", {}).items():
            names.add(k)
        for v in n.values():
            walk(v)
    elif isinstance(n, list):
        for v in n:
            walk(v)
walk(json.load(open(sys.argv[1])))
page = open(sys.argv[2]).read()
missing = [n for n in sorted(names) if not re.search(r"(?<![A-Za-z0-9_])%s(?![A-Za-z0-9_])" % n, page)]
sys.exit("not in the page: %s" % missing if missing else 0)
EOF
}
