/* Descriptors: close-on-exec and non-blocking from the call that makes them, -1 after close. */
#ifndef LWS_FD_H
#define LWS_FD_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/err.h"

/* Fixed descriptors of a worker: control pipe down, sample pipe up. */
#define FD_CONTROL 3
#define FD_SAMPLES 4

/* A pipe, both ends close-on-exec and non-blocking. 0, or -1 with errno. */
int fd_pipe(int p[2]);

/* Change one flag of a descriptor. 0, or -1 with errno. */
int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* Close *fd if it is open and set it to -1; errno is kept. */
void fd_close(int *fd);

/* Close every descriptor from lowest up. Safe between fork and exec. */
void fd_close_from(int lowest);

/* Write all len bytes to a blocking descriptor. 0, or -1 with errno (ENOSPC, EPIPE, …). */
int fd_write_all(int fd, const void *buf, size_t len);

/*
 * Read a whole regular file of at most max bytes into a new buffer with a NUL behind it (caller frees).
 * 0, or -1 with a message that names the path.
 */
int fd_read_file(const char *path, size_t max, char **out, size_t *len, struct err *e);

#endif
