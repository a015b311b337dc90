# LWS_C11: ask for C11 on autoconf 2.69 as well, whose AC_PROG_CC stops at C99.
AC_DEFUN([LWS_C11], [
AC_MSG_CHECKING([whether $CC speaks C11])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[_Static_assert(__STDC_VERSION__ >= 201112L, "c11");]], [])],
  [AC_MSG_RESULT([yes])],
  [CC="$CC -std=gnu11"
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[_Static_assert(__STDC_VERSION__ >= 201112L, "c11");]], [])],
     [AC_MSG_RESULT([with -std=gnu11])],
     [AC_MSG_ERROR([a C11 compiler is needed; set CC to gcc 5 or clang 3.6 or newer])])])
])

# LWS_TRY_CFLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler takes it.
AC_DEFUN([LWS_TRY_CFLAG], [
lws_save_CFLAGS="$CFLAGS"
CFLAGS="$CFLAGS -Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [$1="$$1 $2"])
CFLAGS="$lws_save_CFLAGS"
])

# LWS_WARNINGS: our flags go into LWS_CFLAGS; CFLAGS stays the user's.
AC_DEFUN([LWS_WARNINGS], [
LWS_CFLAGS=
m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wno-format-nonliteral -Wvla -Wimplicit-fallthrough -fno-common -fstack-protector-strong],
  [LWS_TRY_CFLAG([LWS_CFLAGS], flag)])
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])], [], [enable_werror=no])
AS_IF([test "x$enable_werror" = xyes], [LWS_CFLAGS="$LWS_CFLAGS -Werror"])
AC_SUBST([LWS_CFLAGS])
])

# LWS_SANITIZERS: --enable-sanitizers builds everything with ASan and UBSan.
AC_DEFUN([LWS_SANITIZERS], [
AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers], [build with AddressSanitizer and UndefinedBehaviorSanitizer])], [], [enable_sanitizers=no])
LWS_SANITIZE=
AS_IF([test "x$enable_sanitizers" = xyes],
  [LWS_SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
   AC_DEFINE([LWS_SANITIZED], [1], [Define when built with the sanitizers.])])
AC_SUBST([LWS_SANITIZE])
])

# LWS_FUZZING: --enable-fuzzing builds the targets of tests/fuzz for libFuzzer (needs clang).
AC_DEFUN([LWS_FUZZING], [
AC_ARG_ENABLE([fuzzing], [AS_HELP_STRING([--enable-fuzzing], [build tests/fuzz for libFuzzer (CC=clang)])], [], [enable_fuzzing=no])
LWS_FUZZ_CFLAGS=
AS_IF([test "x$enable_fuzzing" = xyes],
  [LWS_SANITIZE="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
   LWS_FUZZ_LDFLAGS="-fsanitize=fuzzer"])
AC_SUBST([LWS_FUZZ_LDFLAGS])
AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])
])

# LWS_COVERAGE: --enable-coverage instruments for gcov.
AC_DEFUN([LWS_COVERAGE], [
AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [instrument for gcov])], [], [enable_coverage=no])
AS_IF([test "x$enable_coverage" = xyes],
  [LWS_SANITIZE="$LWS_SANITIZE --coverage"
   AC_DEFINE([LWS_GCOV], [1], [Define when built to measure coverage: each process writes its counts.])])
AM_CONDITIONAL([COVERAGE], [test "x$enable_coverage" = xyes])
])

# LWS_REQUIRE(VAR, MODULES, NAME, DEBIAN, FEDORA, HOMEBREW)
# MODULES are alternatives "name >= version", the first found is taken.
AC_DEFUN([LWS_REQUIRE], [
lws_found=no
m4_pushdef([lws_spec], [$2])
set -- m4_bpatsubst(lws_spec, [ >= ], [,])
m4_popdef([lws_spec])
for lws_try in "$[@]"; do
  AS_IF([test $lws_found = no],
    [lws_mod=`AS_ECHO(["$lws_try"]) | tr , ' ' | $SED 's/ / >= /'`
     AS_IF([$PKG_CONFIG --exists "$lws_mod"],
       [lws_found=`AS_ECHO(["$lws_try"]) | $SED 's/,.*//'`])])
done
AC_MSG_CHECKING([for $3])
AS_IF([test $lws_found = no],
  [AC_MSG_RESULT([no])
   AC_MSG_ERROR([$3 ($2) was not found by pkg-config. Run ./bootstrap, or install it: Debian and Ubuntu $4, Fedora $5, Homebrew $6])])
AC_MSG_RESULT([$lws_found `$PKG_CONFIG --modversion $lws_found`])
$1_CFLAGS=`$PKG_CONFIG --cflags $lws_found`
$1_LIBS=`$PKG_CONFIG --libs $lws_found`
LWS_$1_NAME="$lws_found `$PKG_CONFIG --modversion $lws_found`"
AC_SUBST([$1_CFLAGS])
AC_SUBST([$1_LIBS])
])

# LWS_PORTABILITY: calls that some systems lack; --enable-fallbacks pretends all lack them.
AC_DEFUN([LWS_PORTABILITY], [
AC_ARG_ENABLE([fallbacks], [AS_HELP_STRING([--enable-fallbacks], [build the portable fallbacks even where the system has better (for tests)])], [], [enable_fallbacks=no])
AS_IF([test "x$enable_fallbacks" = xyes], [],
  [AC_CHECK_FUNCS([pipe2 accept4 close_range closefrom fdatasync])
   AC_CHECK_HEADERS([sys/prctl.h])])
AC_SEARCH_LIBS([openpty], [util])
AC_CHECK_HEADERS([pty.h util.h libutil.h])
AC_SEARCH_LIBS([sqrt], [m])
AC_SEARCH_LIBS([clock_gettime], [rt])
])

# LWS_SANDBOX: what isolates the workers on Linux; all of it may be missing.
AC_DEFUN([LWS_SANDBOX], [
AC_CHECK_HEADERS([linux/landlock.h])
AC_ARG_WITH([seccomp], [AS_HELP_STRING([--with-seccomp], [filter the workers' system calls with libseccomp (yes, no or auto; default auto)])], [], [with_seccomp=auto])
have_seccomp=no
AS_IF([test "x$with_seccomp" != xno],
  [PKG_CHECK_MODULES([SECCOMP], [libseccomp >= 2.5], [have_seccomp=yes],
     [AS_IF([test "x$with_seccomp" = xyes],
       [AC_MSG_ERROR([libseccomp was not found by pkg-config. Install it: Debian and Ubuntu libseccomp-dev, Fedora libseccomp-devel])])])])
AS_IF([test $have_seccomp = yes], [AC_DEFINE([HAVE_LIBSECCOMP], [1], [Define if libseccomp is there.])])
])

# LWS_PYTHON: the python3 that sees the distribution's modules, for the tests' independent peers.
AC_DEFUN([LWS_PYTHON], [
AC_ARG_VAR([PYTHON3], [python3 with the websockets and jsonschema modules, for tests])
AC_MSG_CHECKING([for a python3 with the test modules])
AS_IF([test -z "$PYTHON3"],
  [for lws_py in /usr/bin/python3 python3; do
     AS_IF([$lws_py -c 'import websockets, jsonschema' >/dev/null 2>&1], [PYTHON3=$lws_py; break])
   done])
AS_IF([test -z "$PYTHON3"], [PYTHON3=missing-python3])
AC_MSG_RESULT([$PYTHON3])
])

# LWS_COMPLETIONS: where bash looks for completions, kept below our own prefix.
AC_DEFUN([LWS_COMPLETIONS], [
AC_MSG_CHECKING([for the folder of bash completions])
bashcompletiondir=`$PKG_CONFIG --define-variable=datadir='${datadir}' --variable=completionsdir bash-completion 2>/dev/null`
AS_CASE([$bashcompletiondir], ['${datadir}/'*], [], [bashcompletiondir='${datadir}/bash-completion/completions'])
AC_MSG_RESULT([$bashcompletiondir])
AC_SUBST([bashcompletiondir])
])
