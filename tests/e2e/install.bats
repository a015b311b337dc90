#!/usr/bin/env bats
# make install puts the programs where the design says, make uninstall takes all of them away.

setup() {
	load "$LWS_SRCDIR/tests/lib/helpers.bash"
	unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES TESTS
	dest=$BATS_TEST_TMPDIR/dest
}

@test "install with DESTDIR, then uninstall leaves nothing" {
	make -s -C "$LWS_BUILDDIR" install DESTDIR="$dest" prefix=/p exec_prefix=/p 3>&-
	[ -x "$dest/p/bin/lwstress-coord" ]
	[ -x "$dest/p/bin/lwstress-sim" ]
	[ -x "$dest/p/libexec/lwstress/lwstress-worker" ]
	[ -f "$dest/p/share/man/man1/lwstress-coord.1" ]
	[ -f "$dest/p/share/man/man5/lwstress-profile.5" ]
	[ -f "$dest/p/share/bash-completion/completions/lwstress-coord" ]
	[ -f "$dest/p/share/bash-completion/completions/lwstress-sim" ]
	[ -f "$dest/p/share/zsh/site-functions/_lwstress" ]
	[ -f "$dest/p/share/fish/vendor_completions.d/lwstress-coord.fish" ]
	[ -f "$dest/p/share/fish/vendor_completions.d/lwstress-sim.fish" ]
	make -s -C "$LWS_BUILDDIR" uninstall DESTDIR="$dest" prefix=/p exec_prefix=/p 3>&-
	[ -z "$(find "$dest" ! -type d)" ]
}

@test "the coordinator is not linked with libcurl" {
	run -0 ldd "$LWS_BUILDDIR/lwstress-coord"
	[[ "$output" != *libcurl* ]]
	[[ "$output" == *libevent_core* ]]
}
