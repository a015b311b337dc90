/* Each line of the device contract, plain and coloured, and look-alikes that must not match. */
#include "config.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/reset_reason.h"
#include "worker/serial_line.h"
#include "shared/poison.h"

/* What a line holds; members left out are absent, so numbers are stored plus one. */
struct row {
	const char *line;
	int64_t heap1, largest1, clock1, reason1;
	int fatal1, warning1, shed1;
	bool diag;
	const char *ws;
};

#define HEAP(n) .heap1 = (n) + 1
#define LARGEST(n) .largest1 = (n) + 1
#define CLOCK(n) .clock1 = INT64_C(n) + 1
#define REASON(n) .reason1 = (n) + 1
#define FATAL(n) .fatal1 = (n) + 1
#define WARNING(n) .warning1 = (n) + 1
#define SHED(n) .shed1 = (n) + 1

static const struct row contract[] = {
	{"[12787][INFO][AudioCapture] started", CLOCK(12787)},
	{"[12787]\x1b[1;32m[INFO]\x1b[0m[AudioCapture] started", CLOCK(12787)},
	{"\x1b[0m[12787]\x1b[1;32m[INFO]\x1b[0m[AudioCapture] started", CLOCK(12787)},
	{"[ 14424][W][WiFiGeneric.cpp:1062] _eventCallback(): x", CLOCK(14424)},
	{"[     0][E][a.c:1] b(): c", CLOCK(0)},
	{"[4294967295][INFO][A] b", CLOCK(4294967295)},
	{"{\"event\":\"ws.connect\",\"ts_mono_ms\":18905,\"ip\":\"1.2.3.4\"}", CLOCK(18905)},
	{"{\"event\":\"telemetry.boot\",\"ts_mono_ms\":0,\"version\":\"2.0\"}", CLOCK(0)},
	{"{\"event\":\"x\", \"ts_mono_ms\": 77}", CLOCK(77)},
	{"Low-heap shedding ENABLED (internal=19872, largest=11252, shed<20480,resume>26624)",
	    HEAP(19872), LARGEST(11252), SHED(SHED_ENABLED)},
	{"Low-heap shedding active (internal=22968, largest=17396, resume>26624)", HEAP(22968),
	    LARGEST(17396), SHED(SHED_ACTIVE)},
	{"Low-heap shedding DISABLED (internal=27668, largest=17396)", HEAP(27668),
	    LARGEST(17396), SHED(SHED_DISABLED)},
	{"[99][WARN][WebServer] Low-heap shedding active (internal=1, largest=0)", CLOCK(99),
	    HEAP(1), LARGEST(0), SHED(SHED_ACTIVE)},
	{"Heap diag: internal=27664 largest=17396 shed=0", HEAP(27664), LARGEST(17396), .diag = true},
	{"\x1b[33mHeap diag: \x1b[1minternal=\x1b[0m27664\x1b[m largest=17396 shed=0\x1b[0m",
	    HEAP(27664), LARGEST(17396), .diag = true},
	{"WS diag: active=1 ok=3 rejCooldown=0 rejOverlap=0 rejLimit=0 disc=2 parseErr=0 "
	 "oversize=0 unknown=0",
	    .ws = "active=1 ok=3 rejCooldown=0 rejOverlap=0 rejLimit=0 disc=2 parseErr=0 "
		  "oversize=0 unknown=0"},
	{"[7][INFO][Ws] WS diag: active=1 ok=3 di", CLOCK(7), .ws = "active=1 ok=3"},
	{"stats internal_heap=31337", HEAP(31337)},
	{"HEAP CORRUPTION DETECTED! at 0x3fce", WARNING(WARNING_CORRUPTION)},
	{"MALLOC FAILED: Requested 4096 bytes", WARNING(WARNING_MALLOC)},
	{"Guru Meditation Error: Core  1 panic'ed (LoadProhibited). Exception was unhandled.",
	    FATAL(FATAL_GURU)},
	{"Core  1 register dump:", .heap1 = 0},
	{"PC      : 0x4200f9d2  PS      : 0x00060c30", .heap1 = 0},
	{"Backtrace: 0x4200f9cf:0x3fcebc40 0x42010b5d:0x3fcebc60", FATAL(FATAL_BACKTRACE)},
	{"abort() was called at PC 0x40", FATAL(FATAL_ABORT)},
	{"ELF file SHA256: 1f2e3d4c5b6a7988", .heap1 = 0},
	{"Rebooting...", FATAL(FATAL_REBOOTING)},
	{"ESP-ROM:esp32s3-20210327", .heap1 = 0},
	{"rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)", FATAL(FATAL_RST), REASON(0xc)},
	{"rst:0x15 (USB_UART_CHIP_RESET),boot:0x8", FATAL(FATAL_RST), REASON(0x15)},
	{"\xff\x80garbagerst:0x1 (POWERON),boot:0x8", FATAL(FATAL_RST), REASON(1)},
	{"rst:0xA", FATAL(FATAL_RST), REASON(0xa)},
	{"Saved PC:0x420fe706", .heap1 = 0},
};

static const struct row lookalikes[] = {
	{"Heap: 8123456 / min 7123456", .heap1 = 0},
	{"free=12345 minFree=11111", .heap1 = 0},
	{"xinternal=1 min_internal=2 min.internal=3 _largest=4 xlargest=5 internal_heapx=6", .heap1 = 0},
	{"internal =5 internal= 5 internal= largest=", .heap1 = 0},
	{"internal=12kB internal=12.5 internal=50% largest=0x10 largest=-4", .heap1 = 0},
	{"internal=99999999999999999999999999 largest=987198722000", .heap1 = 0},
	{"xinternal=1 internal=2 minlargest=3 largest=4.", HEAP(2), LARGEST(4)},
	{"Internal=4 INTERNAL=5 Largest=6", .heap1 = 0},
	{"Low-heap shedding ENABLEDX", .heap1 = 0},
	{"low-heap shedding active", .heap1 = 0},
	{"Low-heap shedding inactive", .heap1 = 0},
	{"guru meditation", .heap1 = 0},
	{"Rebooting..", .heap1 = 0},
	{"abort ()", .heap1 = 0},
	{"[1] done", .heap1 = 0},
	{"[12787] text without a level", .heap1 = 0},
	{"x[12787][INFO][A] b", .heap1 = 0},
	{"[12787x][INFO] b", .heap1 = 0},
	{"[4294967296][INFO][A] b", .heap1 = 0},
	{"[][INFO] b", .heap1 = 0},
	{"[12][info] b", .heap1 = 0},
	{"[12][I b", .heap1 = 0},
	{"{\"msg\":\"\\\"ts_mono_ms\\\":5\"}", .heap1 = 0},
	{"{\"ts_mono_ms\":18", .heap1 = 0},
	{"{\"ts_mono_ms\":18.5}", .heap1 = 0},
	{"\"ts_mono_ms\":18", .heap1 = 0},
	{"rst:0xzz", FATAL(FATAL_RST)},
	{"rst:0x123", FATAL(FATAL_RST)},
	{"WS diag: none", .heap1 = 0},
	{"", .heap1 = 0},
};

static void
check(const struct row *r, const char *line, size_t len)
{
	static struct serial_line l;

	serial_line_parse(&l, (const uint8_t *)line, len, NULL);
	if (l.heap != r->heap1 - 1 || l.largest != r->largest1 - 1 ||
	    l.clock_ms != r->clock1 - 1 || l.reset_reason != r->reason1 - 1 ||
	    l.fatal != r->fatal1 - 1 || l.warning != r->warning1 - 1 || l.shed != r->shed1 - 1 ||
	    l.heap_diag != r->diag || strcmp(l.ws_diag, r->ws == NULL ? "" : r->ws) != 0)
		fail_msg("\"%s\": heap %lld largest %lld clock %lld reason %lld fatal %d warning %d "
			 "shed %d diag %d ws \"%s\"",
		    line, (long long)l.heap, (long long)l.largest, (long long)l.clock_ms,
		    (long long)l.reset_reason, l.fatal, l.warning, l.shed, l.heap_diag, l.ws_diag);
}

static void
test_contract(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(contract) / sizeof(contract[0]); i++)
		check(&contract[i], contract[i].line, strlen(contract[i].line));
}

static void
test_lookalikes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++)
		check(&lookalikes[i], lookalikes[i].line, strlen(lookalikes[i].line));
}

/* Escape sequences of every kind between any two bytes change nothing. */
static void
test_coloured(void **state)
{
	static const char *const seq[] = {"\x1b[1;32m", "\x1b[m", "\x1b[38;5;196m", "\x1b[2K",
	    "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1b(B", "\x1b=", "\x1bP1$r\x1b\\"};
	static char line[SERIAL_LINE_MAX];
	size_t i, j, n, len, s = 0;

	(void)state;
	for (i = 0; i < sizeof(contract) / sizeof(contract[0]); i++) {
		for (j = 0, len = 0; contract[i].line[j] != '\0'; j++) {
			if (memchr(contract[i].line, '\x1b', strlen(contract[i].line)) == NULL) {
				n = strlen(seq[s]);
				memcpy(line + len, seq[s], n);
				len += n;
				s = (s + 1) % (sizeof(seq) / sizeof(seq[0]));
			}
			line[len++] = contract[i].line[j];
		}
		check(&contract[i], line, len);
	}
}

/* A sequence that was cut or never ends does not hide what follows. */
static void
test_broken_escapes(void **state)
{
	static const struct row rows[] = {
		{"\x1b[0;3Guru Meditation Error", FATAL(FATAL_GURU)},
		{"\x1b]0;tit Guru Meditation Error", FATAL(FATAL_GURU)},
		{"\x1b]0;a\x1b[1mrst:0x3 (SW)", FATAL(FATAL_RST), REASON(3)},
		{"\x1bPRebooting...\x07", FATAL(FATAL_REBOOTING)},
		{"Heap diag: internal=5\x1b", HEAP(5), .diag = true},
		{"Heap diag: internal=5\x1b[", HEAP(5), .diag = true},
		{"Heap diag: internal=5\x1b[1;", HEAP(5), .diag = true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i], rows[i].line, strlen(rows[i].line));
}

static void
test_nul_and_user_pattern(void **state)
{
	static struct serial_line l;
	regex_t re;

	(void)state;
	assert_int_equal(regcomp(&re, "stack (over|under)flow|^panic$", REG_EXTENDED | REG_NOSUB), 0);
	serial_line_parse(&l, (const uint8_t *)"a\0stack \x1b[1munderflow", 20, &re);
	assert_int_equal(l.fatal, -1);	/* 20 bytes: cut before the end */
	serial_line_parse(&l, (const uint8_t *)"a\0stack \x1b[1munderflow", 21, &re);
	assert_int_equal(l.fatal, FATAL_USER);
	assert_int_equal(l.len, 17);
	assert_int_equal(l.text[1], 0x7f);
	serial_line_parse(&l, (const uint8_t *)"\0internal=4096\0", 15, &re);
	assert_int_equal(l.heap, 4096);
	assert_int_equal(l.fatal, -1);
	serial_line_parse(&l, (const uint8_t *)"panic", 5, &re);
	assert_int_equal(l.fatal, FATAL_USER);
	serial_line_parse(&l, (const uint8_t *)"panic abort()", 13, &re);
	assert_int_equal(l.fatal, FATAL_ABORT);
	regfree(&re);
}

static void
test_reason_words(void **state)
{
	(void)state;
	assert_non_null(strstr(reset_reason_words(0xc), "RTC_SW_CPU_RST"));
	assert_non_null(strstr(reset_reason_words(0x15), "USB_UART_CHIP_RESET"));
	assert_non_null(strstr(reset_reason_words(0xf), "brownout"));
	assert_string_equal(reset_reason_words(0x7f), "unknown");
	assert_true(reset_reason_by_open(1) && reset_reason_by_open(0x15));
	assert_false(reset_reason_by_open(0xc) || reset_reason_by_open(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_lookalikes),
		cmocka_unit_test(test_coloured),
		cmocka_unit_test(test_broken_escapes),
		cmocka_unit_test(test_nul_and_user_pattern),
		cmocka_unit_test(test_reason_words),
	};

	return cmocka_run_group_tests_name("serial_line", tests, NULL, NULL);
}
