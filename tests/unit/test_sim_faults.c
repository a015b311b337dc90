/* The fault list: values, defaults, and messages that name the wrong word. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/sim/faults.h"
#include "shared/poison.h"

static void
test_defaults(void **state)
{
	struct faults f;

	(void)state;
	assert_int_equal(faults_parse("", &f, NULL), 0);
	assert_int_equal(f.limits, LIMITS_ON);
	assert_int_equal(f.max_connections, 10);
	assert_int_equal(f.ws_sessions, 1);
	assert_int_equal(f.ws_clients, 8);
	assert_int_equal(f.reboot_us, 2000000);
	assert_int_equal(f.refuse_at_us, -1);
	assert_int_equal(f.console_dead_us, -1);
	assert_int_equal(f.reboot_at.count, 0);
	assert_int_equal(f.latency_us.b, 0);
}

static void
test_values(void **state)
{
	struct faults f;

	(void)state;
	assert_int_equal(faults_parse("latency=20-1.5s,latency-dist=exp,stall=2s/10s,error-rate=12.5,"
	                              "reboot-at=3,reboot-at=1500ms,refuse,limits=off,body=drip,"
	                              "ws-no-reply,ws-wrong-id=50,console-cut,console-vanish=5/2",
	                     &f, NULL), 0);
	assert_int_equal(f.latency_us.a, 20000);
	assert_int_equal(f.latency_us.b, 1500000);
	assert_int_equal(f.latency_dist, DIST_EXP);
	assert_int_equal(f.stall_us.a, 2000000);
	assert_int_equal(f.stall_us.b, 10000000);
	assert_int_equal(f.error_rate, 12500);
	assert_int_equal(f.reboot_at.count, 2);
	assert_int_equal(f.reboot_at.at_us[1], 1500000);
	assert_int_equal(f.refuse_at_us, 0);
	assert_int_equal(f.limits, LIMITS_OFF);
	assert_int_equal(f.body, BODY_DRIP);
	assert_int_equal(f.ws_no_reply, 100000);
	assert_int_equal(f.ws_wrong_id, 50000);
	assert_int_equal(f.console_cut, 1);
	assert_int_equal(f.console_vanish_us.b, 2000000);
	assert_int_equal(faults_parse("latency=250", &f, NULL), 0);
	assert_int_equal(f.latency_us.a, 250000);
	assert_int_equal(f.latency_us.b, 250000);
}

static void
test_wrong_words(void **state)
{
	static const struct {
		const char *list, *word;
	} rows[] = {
	    {"latncy=3", "latncy"},
	    {"latency=fast", "fast"},
	    {"latency=30-20", "30-20"},
	    {"latency", "latency"},
	    {"stall=3s", "stall=3s"},
	    {"stall=10s/2s", "stall"},
	    {"error-rate=101", "101"},
	    {"body=nice", "nice"},
	    {"limits=maybe", "maybe"},
	    {"api-key=secret", "api-key"},
	    {"seed=1,seed=2", "seed"},
	    {"seed=1,,heap=3", "missing"},
	    {"seed=1,", "missing"},
	    {"max-connections=0", "max-connections"},
	    {"heap=-1", "heap"},
	    {"latency-dist=exp", "latency-dist"},
	    {"LATENCY=3", "LATENCY"},
	    {"reboot-at=1,reboot-at=2,reboot-at=3,reboot-at=4,reboot-at=5,reboot-at=6,reboot-at=7,"
	     "reboot-at=8,reboot-at=9", "reboot-at=9"},
	};
	struct faults f, before;
	struct err e;
	size_t i;

	(void)state;
	memset(&f, 0x5a, sizeof(f));
	before = f;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(faults_parse(rows[i].list, &f, &e), -1);
		if (strstr(e.text, rows[i].word) == NULL)
			fail_msg("%s: \"%s\" does not name %s", rows[i].list, e.text, rows[i].word);
		assert_memory_equal(&f, &before, sizeof(f));
	}
}

static void
test_stall_end(void **state)
{
	struct faults f;

	(void)state;
	assert_int_equal(faults_parse("stall=2s/10s", &f, NULL), 0);
	assert_int_equal(faults_stall_end(&f, 0), 0);
	assert_int_equal(faults_stall_end(&f, 7999999), 7999999);
	assert_int_equal(faults_stall_end(&f, 8000000), 10000000);
	assert_int_equal(faults_stall_end(&f, 9999999), 10000000);
	assert_int_equal(faults_stall_end(&f, 10000000), 10000000);
	assert_int_equal(faults_stall_end(&f, 28500000), 30000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_wrong_words),
	    cmocka_unit_test(test_stall_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
