#!/usr/bin/env bats
# What the manual pages, the README and the completions say is what the programs do.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	man=$LWS_SRCDIR/man
}

# same TITLE A B: two lists, one word or row a line, are not empty and hold the same.
same() {
	[ -n "$2" ] || { echo "$1: nothing was found"; return 1; }
	diff <(sort <<<"$2") <(sort <<<"$3") >"$BATS_TEST_TMPDIR/diff" && return 0
	echo "$1 (< the program, > the document):"
	cat "$BATS_TEST_TMPDIR/diff"
	return 1
}

help_options() {
	"$LWS_BUILDDIR/$1" --help | sed -nE 's/^  (--[a-z-]+).*/\1/p'
}

# section PAGE NAME: the source of one section of a manual page.
section() {
	awk -v name="$2" '/^\.Sh / { on = substr($0, 5) == name; next } on' "$man/$1"
}

# page_options PAGE: the options that are explained.
page_options() {
	sed -nE 's/^\.It Fl -([a-z-]+).*/--\1/p' "$man/$1"
}

synopsis_options() {
	section "$1" SYNOPSIS | grep -oE '(^| )-[a-z][a-z-]+' | sed 's/^ */-/' | sort -u
}

completion_options() {
	case $1 in
	bash) grep -oE '^--[a-z-]+' "$man/completions/bash/$2" ;;
	zsh) sed -n "/^_$(tr - _ <<<"$2")()/,/^}/p" "$man/completions/zsh/_lwstress" |
	    sed -nE "s/^[[:space:]]*'(\([^)]*\))?(--[a-z-]+).*/\2/p" | sed 's/-*$//' ;;
	fish) sed -nE 's/.* -l ([a-z-]+).*/--\1/p' "$man/completions/fish/$2.fish" ;;
	esac
}

compare_options() {
	local shell options
	options=$(help_options "$1")
	same "$1.1" "$options" "$(page_options "$1.1")"
	same "$1.1, synopsis" "$options" "$(synopsis_options "$1.1")"
	for shell in bash zsh fish; do
		same "completion of $shell" "$options" "$(completion_options "$shell" "$1")"
	done
}

@test "options of lwstress-coord: --help, manual page, completions" {
	compare_options lwstress-coord
}

@test "options of lwstress-sim: --help, manual page, completions" {
	compare_options lwstress-sim
}

@test "faults of lwstress-sim: --help, manual page, completions" {
	faults=$("$SIM" --help | sed -n '/^faults/,$p' | grep -oE '^  [a-z][a-z-]+' | tr -d ' ')
	same lwstress-sim.1 "$faults" "$(section lwstress-sim.1 FAULTS |
	    awk '/^\.Bl/ { depth++ } /^\.El/ { depth-- } depth == 1 && /^\.It Cm/ { print $3 }')"
	same bash "$faults" "$(sed -n "/faults='/,/'$/p" "$man/completions/bash/lwstress-sim" |
	    sed '1d' | tr -d "='")"
	same zsh "$faults" "$(sed -n '/^_lwstress_faults()/,/^}/p' "$man/completions/zsh/_lwstress" |
	    sed -nE "s/^[[:space:]]*'\*?([a-z-]+).*/\1/p")"
	same fish "$faults" "$(sed -n "s/.*string split ' ' '\(.*\)'/\1/p" \
	    "$man/completions/fish/lwstress-sim.fish" | tr ' ' '\n' | tr -d =)"
}

@test "defaults in --help and in the manual page" {
	same lwstress-coord.1 \
	    "$("$COORD" --help | sed -nE 's/^  --([a-z-]+).*\(default:? ([^ ,)]+).*/\1 \2/p')" \
	    "$(section lwstress-coord.1 OPTIONS | awk '
		/^\.It Fl/ { option = substr($3, 2) }
		/^Default:/ {
			value = $2
			if (value == "") { getline; value = $2 }
			sub(/[.,;]$/, "", value)
			print option, value
		}')"
}

@test "every environment variable is in the manual page" {
	same lwstress-coord.1 \
	    "$(grep -ohE '"LWSTRESS_[A-Z_]+' "$LWS_SRCDIR"/coordinator/*.c | tr -d '"' | sort -u)" \
	    "$(section lwstress-coord.1 ENVIRONMENT | sed -nE 's/^\.It Ev (LWSTRESS_.*)/\1/p')"
	same --help "$(section lwstress-coord.1 ENVIRONMENT | sed -nE 's/^\.It Ev (LWSTRESS_.*)/\1/p')" \
	    "$("$COORD" --help | grep -oE 'LWSTRESS_[A-Z_]+')"
}

@test "exit statuses: the program's, --help, manual page, README" {
	statuses=$(sed -nE 's/^.*EXIT_[A-Z]+ = ([0-9]+).*/\1/p' "$LWS_SRCDIR/coordinator/verdict.h")
	same --help "$statuses" "$("$COORD" --help | sed -n '/^Exit status/,$p' | grep -oE '[0-9]+')"
	same lwstress-coord.1 "$statuses" "$(section lwstress-coord.1 'EXIT STATUS' |
	    sed -nE 's/^\.It ([0-9]+)/\1/p')"
	same README.md "$statuses" "$(sed -n '/^## Exit status/,/^## /p' "$LWS_SRCDIR/README.md" |
	    sed -nE 's/^\| ([0-9]+) .*/\1/p')"
}

@test "built-in profiles: the program's, manual page, README" {
	profiles=$("$LWS_BUILDDIR/tests/lib/print_profiles" quick typical stress)
	same lwstress-profile.5 "$profiles" "$(section lwstress-profile.5 'BUILT-IN PROFILES' |
	    sed -n 's/^\.It \([a-z]\)/\1/p' | sed 's/ Ta / /g')"
	same README.md "$profiles" "$(sed -nE 's/^\| ((quick|typical|stress) .*) \|$/\1/p' \
	    "$LWS_SRCDIR/README.md" | sed 's/ | / /g')"
}

@test "the example of lwstress-profile(5) is run as it stands" {
	example=$BATS_TEST_TMPDIR/night.json
	section lwstress-profile.5 EXAMPLES | sed -n '/^\.Bd/,/^\.Ed/p' | sed '/^\./d' >"$example"
	coord_gives 0 --simulate --profile "$example" --scenario-duration 1
	check_json "$(report)" e="$example" 'd["profile"] == e["name"]' \
	    '[r["name"] for r in d["results"]] == [s["name"] for s in e["scenarios"]]' \
	    '[r["rest"]["planned"] for r in d["results"]] == [-(-s.get("rest_hz", 0) // 1) for s in e["scenarios"]]' \
	    '[r["ws"]["planned"] for r in d["results"]] == [-(-s.get("ws_hz", 0) // 1) for s in e["scenarios"]]' \
	    '[p["path"] for p in rest["by_path"]] == e["rest_paths"]'
}

@test "the fields of lwstress-report(5) are those of the schema" {
	"$PYTHON3" - "$man/lwstress-report.5" "$LWS_SRCDIR/coordinator/lwstress-report.schema.json" <<-'END'
	import json, re, sys

	page = open(sys.argv[1], encoding="utf-8").read()
	fields, values = set(), set()

	def walk(node):
	    if isinstance(node, dict):
	        fields.update(node.get("properties", {}))
	        values.update(v for v in node.get("enum", []) if isinstance(v, str))
	        for child in node.values():
	            walk(child)
	    elif isinstance(node, list):
	        for child in node:
	            walk(child)

	walk(json.load(open(sys.argv[2], encoding="utf-8")))
	words = lambda pattern: {w for line in re.findall(pattern, page, re.M) for w in re.findall("[a-z][a-z0-9_]*", line)}
	missing = fields - words(r"^\.(?:It |Pq (?:and )?|Op )?Li (.*)") - words(r"^\.Ss (.*)")
	unknown = words(r"^\.It Li (.*)") - fields - values
	print("in the schema only:", sorted(missing), "in the page only:", sorted(unknown))
	sys.exit(not fields or bool(missing or unknown))
	END
}

@test "mandoc has nothing to say about the manual pages" {
	run -0 mandoc -T lint -W warning "$man"/*.[15]
	[ -z "$output" ]
	# Each page in the source is one that is installed.
	same include.am "$(cd "$LWS_SRCDIR" && ls man/*.[15])" \
	    "$(grep -hoE 'man/lwstress-[a-z]+\.[15]' "$man/include.am")"
}
