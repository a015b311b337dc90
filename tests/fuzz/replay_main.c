/*
 * What drives a fuzz target where there is no libFuzzer: feeds it every file of the directory
 * given, by default tests/fuzz/seeds/NOUN for a program fuzz_NOUN. No file at all is a failure.
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/fd.h"
#include "shared/poison.h"

#define SEED_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
default_dir(char *dst, size_t size, const char *program)
{
	const char *root = getenv("LWS_SRCDIR"), *name = strrchr(program, '/');

	name = name != NULL ? name + 1 : program;
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	snprintf(dst, size, "%s/tests/fuzz/seeds/%s", root != NULL ? root : ".", name);
}

static int
replay_file(const char *dir, const char *name, struct err *e)
{
	char path[4096 + 300], *data, *exact;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (fd_read_file(path, SEED_MAX, &data, &len, e) == -1)
		return -1;
	/* A copy of just its size, so that the sanitizers see a read too far. */
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL) {
		free(data);
		return err_set(e, "out of memory for %s", path);
	}
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, len);
	free(exact);
	free(data);
	return 0;
}

static int
replay_dir(const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int files = 0, rc = 0;

	if (d == NULL)
		return err_set(e, "cannot open the seeds in %s", dir);
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		rc = replay_file(dir, entry->d_name, e);
		files++;
	}
	closedir(d);
	if (rc == 0 && files == 0)
		return err_set(e, "no seed in %s", dir);
	return rc == 0 ? files : -1;
}

int
main(int argc, char **argv)
{
	char dir[4096];
	struct err e;
	int files;

	if (argc > 1)
		snprintf(dir, sizeof(dir), "%s", argv[1]);
	else
		default_dir(dir, sizeof(dir), argv[0]);
	printf("1..1\n");
	files = replay_dir(dir, &e);
	if (files == -1)
		printf("not ok 1 - %s\n", e.text);
	else
		printf("ok 1 - %d seeds of %s\n", files, dir);
	return files == -1;
}
