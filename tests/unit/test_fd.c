/* Descriptors: their flags from birth, files read within bounds. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/fd.h"
#include "shared/poison.h"

static void
test_pipe(void **state)
{
	int p[2], i;
	char c;

	(void)state;
	assert_int_equal(fd_pipe(p), 0);
	for (i = 0; i < 2; i++) {
		assert_true(fcntl(p[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(p[i], F_GETFL) & O_NONBLOCK);
	}
	assert_int_equal(read(p[0], &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fd_set_nonblock(p[0], false), 0);
	assert_int_equal(fd_set_cloexec(p[0], false), 0);
	assert_false(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(p[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_write_all(p[1], "x", 1), 0);
	assert_int_equal(read(p[0], &c, 1), 1);
	i = p[0];
	errno = EPROTO;
	fd_close(&p[0]);
	fd_close(&p[0]);
	fd_close(&p[1]);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(p[0], -1);
	assert_int_equal(fcntl(i, F_GETFD), -1);
	assert_int_equal(fd_set_nonblock(-1, true), -1);
	assert_int_equal(fd_set_cloexec(-1, true), -1);
	assert_int_equal(fd_write_all(-1, "x", 1), -1);
}

/* In a child: nothing from lowest up is left, what is below stays. */
static void
test_close_from(void **state)
{
	int low, high, status;
	pid_t pid;

	(void)state;
	low = open("/dev/null", O_RDONLY);
	high = fcntl(low, F_DUPFD, low + 20);
	assert_true(high > low);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		fd_close_from(low + 1);
		_exit(fcntl(low, F_GETFD) != -1 && fcntl(high, F_GETFD) == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fd_close(&low);
	fd_close(&high);
}

static void
test_read_file(void **state)
{
	char path[] = "fd_test_XXXXXX", data[5000];
	char *text = NULL;
	struct err e;
	size_t len = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	memset(data, 'd', sizeof(data));
	data[7] = '\0';
	assert_int_equal(fd_write_all(fd, data, sizeof(data)), 0);
	fd_close(&fd);
	assert_int_equal(fd_read_file(path, sizeof(data), &text, &len, &e), 0);
	assert_int_equal(len, sizeof(data));
	assert_memory_equal(text, data, sizeof(data));
	assert_int_equal(text[len], '\0');
	free(text);
	text = NULL;
	assert_int_equal(fd_read_file(path, sizeof(data) - 1, &text, &len, &e), -1);
	assert_null(text);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "4999"));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(fd_read_file(path, 0, &text, &len, &e), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
	unlink(path);
}

/* What is no regular file ends in a message, never in waiting. */
static void
test_read_odd_files(void **state)
{
	char dir[] = "fd_test_XXXXXX", fifo[32], *text = NULL;
	struct err e;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fd_read_file(dir, 100, &text, &len, &e), -1);
	assert_non_null(strstr(e.text, dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	assert_int_equal(fd_read_file(fifo, 100, &text, &len, &e), -1);
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(10);
	assert_int_equal(fd_read_file(fifo, 100, &text, &len, &e), -1);
	alarm(0);
	assert_non_null(strstr(e.text, "not a regular file"));
	assert_int_equal(fd_read_file("/dev/zero", 100, &text, &len, &e), -1);
	assert_null(text);
	unlink(fifo);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pipe),
	    cmocka_unit_test(test_close_from),
	    cmocka_unit_test(test_read_file),
	    cmocka_unit_test(test_read_odd_files),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
