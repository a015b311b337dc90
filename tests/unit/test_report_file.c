/* Report files on a real directory: names, collisions, paths in the way, replacing the run's
 * own. */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "coordinator/report.h"
#include "shared/fd.h"
#include "tests/unit/result_fixture.h"
#include "shared/poison.h"

#define BASE "stress_harness_quick_2026-03-01_120000"

struct place {
	char dir[256]; /* temporary, removed with all that is in it */
	char out[300]; /* a directory in it that is not there yet */
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	text_copy(p->dir, sizeof(p->dir), "/tmp/lwstress_report_XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	snprintf(p->out, sizeof(p->out), "%s/a/b", p->dir);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ext[] = {".journal", ".json", ".md", ".serial.log",
	    "_2.journal", "_2.json", "_2.md", "_3.journal", "_4.journal"};
	struct place *p = *state;
	char path[512];
	size_t i;

	for (i = 0; i < sizeof(ext) / sizeof(ext[0]); i++) {
		snprintf(path, sizeof(path), "%s/" BASE "%s", p->out, ext[i]);
		unlink(path);
	}
	rmdir(p->out);
	snprintf(path, sizeof(path), "%s/a", p->dir);
	unlink(path);
	rmdir(path);
	/* Whatever else was left there makes this fail. */
	i = rmdir(p->dir) == 0 ? 0 : 1;
	free(p);
	return (int)i;
}

static void
touch(const struct place *p, const char *ext)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/" BASE "%s", p->out, ext);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
reserve(const struct place *p, const char *want_ext)
{
	struct report_paths paths;
	char want[1024];
	struct err e;
	int fd = -1;

	if (report_reserve(p->out, "quick", FIXTURE_WALL, &paths, &fd, &e) == -1)
		fail_msg("%s", e.text);
	snprintf(want, sizeof(want), "%s/" BASE "%s", p->out, want_ext);
	assert_string_equal(paths.base, want);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void
test_reserve_names(void **state)
{
	struct place *p = *state;

	reserve(p, "");
	reserve(p, "_2");
	touch(p, "_3.journal");
	reserve(p, "_4");
}

static void
test_reserve_any_file_counts(void **state)
{
	static const char *const ext[] = {".json", ".md", ".serial.log", ".journal"};
	struct place *p = *state;
	char path[512];
	size_t i;

	reserve(p, "");
	for (i = 0; i < sizeof(ext) / sizeof(ext[0]); i++) {
		snprintf(path, sizeof(path), "%s/" BASE ".journal", p->out);
		unlink(path);
		touch(p, ext[i]);
		reserve(p, "_2");
		snprintf(path, sizeof(path), "%s/" BASE "_2.journal", p->out);
		unlink(path);
		snprintf(path, sizeof(path), "%s/" BASE "%s", p->out, ext[i]);
		unlink(path);
	}
}

static void
test_reserve_file_in_the_way(void **state)
{
	struct place *p = *state;
	struct report_paths paths;
	char path[300], want[1024];
	struct err e;
	int fd = -1;

	snprintf(path, sizeof(path), "%s/a", p->dir);
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(report_reserve(p->out, "quick", FIXTURE_WALL, &paths, &fd, &e), -1);
	assert_int_equal(fd, -1);
	snprintf(want, sizeof(want),
	    "cannot make %s for the report directory %s: Not a directory; choose another directory "
	    "with --out-dir",
	    path, p->out);
	assert_string_equal(e.text, want);
	assert_int_equal(report_reserve("", "quick", FIXTURE_WALL, &paths, &fd, &e), -1);
}

static void
test_reserve_profile_name(void **state)
{
	struct place *p = *state;
	struct report_paths paths;
	char want[1024];
	struct err e;
	int fd = -1;

	assert_int_equal(report_reserve(p->dir, "../a b/ü", FIXTURE_WALL, &paths, &fd, &e), 0);
	close(fd);
	snprintf(want, sizeof(want), "%s/stress_harness_.._a_b____2026-03-01_120000.journal",
	    p->dir);
	assert_int_equal(unlink(want), 0);
}

static char *
slurp(const struct report_paths *paths, const char *ext)
{
	char path[1300], *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s%s", paths->base, ext);
	assert_int_equal(fd_read_file(path, 1 << 20, &text, &len, NULL), 0);
	return text;
}

static void
test_write(void **state)
{
	struct run_result *run = fixture_new(1);
	static struct verdict v;
	struct place *p = *state;
	struct report_paths paths;
	char *json, *md, *want;
	struct err e = {""};
	int fd = -1, i;

	assert_int_equal(report_reserve(p->out, "quick", FIXTURE_WALL, &paths, &fd, &e), 0);
	close(fd);
	for (i = 0; i < 2; i++) {
		run->end = i == 0 ? RUN_ON : RUN_DONE;
		verdict_eval(run, 0, &v);
		assert_int_equal(report_write(&paths, run, 0, &v, &e), 0);
		json = slurp(&paths, ".json");
		md = slurp(&paths, ".md");
		want = report_json(run, 0, &v);
		assert_string_equal(json, want);
		free(want);
		want = report_md(run, 0, &v);
		assert_string_equal(md, want);
		free(want);
		free(json);
		free(md);
	}
	fixture_free(run);
}

static void
test_write_dir_gone(void **state)
{
	struct run_result *run = fixture_new(1);
	static struct verdict v;
	struct place *p = *state;
	struct report_paths paths;
	char path[1300];
	struct err e = {""};
	int fd = -1;

	assert_int_equal(report_reserve(p->out, "quick", FIXTURE_WALL, &paths, &fd, &e), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s.journal", paths.base);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(p->out), 0);
	verdict_eval(run, 0, &v);
	assert_int_equal(report_write(&paths, run, 0, &v, &e), -1);
	snprintf(path, sizeof(path),
	    "cannot write the report %s.json: No such file or directory", paths.base);
	assert_string_equal(e.text, path);
	fixture_free(run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_reserve_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reserve_any_file_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reserve_file_in_the_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reserve_profile_name, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_write, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_write_dir_gone, setup, teardown),
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests_name("report_file", tests, NULL, NULL);
}
