#!/usr/bin/env bats
# Who may include whom, what every source file begins with, and which libraries a program carries.

setup() {
	cd "$LWS_SRCDIR" || return 1
}

sources() {
	find shared worker coordinator tests -name '*.[ch]' | sort
}

# Print the includes of folder $1 that match $2 and not $3; nothing printed is what is wanted.
includes() {
	find "$1" -name '*.[ch]' -exec grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]$2" {} + |
		grep -vE "include[[:space:]]+[<\"]${3:-^}" || true
}

none() {
	[ -z "$1" ] || { printf '%s\n' "$1"; return 1; }
}

@test "there are sources to look at, each in a known folder" {
	[ "$(sources | wc -l)" -ge 20 ]
	none "$(find . -name '*.[ch]' ! -path './build*' ! -path './_build*' ! -path './lwstress-*' ! -path './.*' \
		! -path './config.h' ! -path './shared/*' ! -path './worker/*' ! -path './coordinator/*' \
		! -path './tests/*')"
}

@test "shared includes nothing of worker and coordinator" {
	none "$(includes shared '(\.\./|worker/|coordinator/|tests/)')"
}

@test "worker and coordinator never include each other" {
	none "$(includes worker '(coordinator|tests)/')"
	none "$(includes coordinator '(worker|tests)/')"
}

@test "the simulator includes only shared and itself" {
	none "$(includes worker/sim '(worker|coordinator|tests)/' 'worker/sim/')"
}

@test "the worker does not include the simulator" {
	none "$(includes worker 'worker/sim/' | grep -v '^worker/sim/')"
}

@test "own headers are included by their path from the top" {
	none "$(find shared worker coordinator -name '*.[ch]' -exec \
		grep -HnE '^#include "' {} + | grep -vE '"(config\.h|(shared|worker|worker/sim|coordinator)/[a-z0-9_]+\.h)"')"
}

@test "every .c begins with config.h and ends its includes with poison.h" {
	bad=$(for f in $(sources | grep '\.c$'); do
		first=$(grep -E '^#[[:space:]]*include' "$f" | head -n 1)
		last=$(grep -E '^#[[:space:]]*include' "$f" | tail -n 1)
		[ "$first" = '#include "config.h"' ] || echo "$f: begins with $first"
		# A main that is still a stub includes config.h alone.
		[ "$last" = '#include "shared/poison.h"' ] || [ "$last" = '#include "config.h"' ] ||
			echo "$f: ends with $last"
	done)
	none "$bad"
}

@test "every header has its guard" {
	bad=$(for f in $(sources | grep '\.h$'); do
		guard=$(grep -m 1 '^#ifndef LWS_[A-Z0-9_]*_H$' "$f" | cut -d' ' -f2)
		[ -n "$guard" ] && grep -q "^#define $guard\$" "$f" || echo "$f: no guard"
	done)
	none "$bad"
}

@test "no call that poison.h forbids, in code, outside of comments and strings" {
	words=$(sed -n 's/^#pragma GCC poison //p' shared/poison.h | tr ' ' '\n' | paste -sd '|' -)
	[ -n "$words" ]
	none "$(sources | grep -v 'shared/poison\.h$' | while read -r f; do
		sed -e 's/"\([^"\\]\|\\.\)*"//g' -e 's|/\*.*\*/||g' "$f" |
			grep -nE "(^|[^A-Za-z0-9_>.])($words)[[:space:]]*\(" | sed "s|^|$f:|"
	done)"
}

# The libraries that a program names itself (not those that its libraries pull in).
needed() {
	[ -x "$LWS_BUILDDIR/$1" ] || { echo "$1 is not built" >&2; return 1; }
	if command -v readelf >/dev/null; then
		readelf -d "$LWS_BUILDDIR/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
	elif command -v otool >/dev/null; then
		otool -L "$LWS_BUILDDIR/$1" | sed 1d
	else
		echo "neither readelf nor otool is here" >&2
		return 1
	fi
}

@test "lwstress-coord carries neither libcurl nor libserialport, and of libevent the core only" {
	libs=$(needed lwstress-coord)
	[ -n "$libs" ]
	none "$(grep -E 'curl|serialport|libevent' <<<"$libs" | grep -v libevent_core || true)"
}

@test "lwstress-sim carries neither libcurl nor libserialport nor msgpack" {
	libs=$(needed lwstress-sim)
	[ -n "$libs" ]
	none "$(grep -E 'curl|serialport|msgpack' <<<"$libs" || true)"
}

@test "every test in the tree is one that make check runs" {
	for file in $(find tests -name '*.bats'; find tests/unit -name 'test_*.c' | sed 's/\.c$//'); do
		case " $LWS_TESTS " in
		*" $file "*) ;;
		*) echo "$file is not in tests/include.am"; missing=1 ;;
		esac
	done
	[ -z "${missing:-}" ]
}
