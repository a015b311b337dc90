#include "config.h"

#include "worker/serial_port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <libserialport.h>

#include "shared/fd.h"
#include "shared/text.h"
#include "shared/poison.h"

static void
copy_text(char *dst, size_t size, const char *src)
{
	text_copy(dst, size, src == NULL ? "" : src);
}

static void
describe(struct serial_port *out, const struct sp_port *port)
{
	memset(out, 0, sizeof(*out));
	copy_text(out->path, sizeof(out->path), sp_get_port_name(port));
	copy_text(out->description, sizeof(out->description), sp_get_port_description(port));
	out->vid = out->pid = -1;
	if (sp_get_port_transport(port) != SP_TRANSPORT_USB)
		return;
	if (sp_get_port_usb_vid_pid(port, &out->vid, &out->pid) != SP_OK)
		out->vid = out->pid = -1;
	copy_text(out->usb_serial, sizeof(out->usb_serial), sp_get_port_usb_serial(port));
}

int
serial_port_list(struct serial_port ports[SERIAL_PORTS_MAX], struct err *e)
{
	struct sp_port **list = NULL;
	int n = 0;

	if (sp_list_ports(&list) != SP_OK)
		return err_set(e, "cannot list serial ports: %s; name one with --serial-port PATH",
		    strerror(sp_last_error_code()));
	for (; n < SERIAL_PORTS_MAX && list[n] != NULL; n++)
		describe(&ports[n], list[n]);
	sp_free_port_list(list);
	return n;
}

static int
find_auto(const struct serial_port *ports, int n, struct serial_port *out, struct err *e)
{
	const struct serial_port *found = NULL;
	int i;

	for (i = 0; i < n; i++) {
		if (ports[i].vid != SERIAL_USB_VID || ports[i].pid != SERIAL_USB_PID)
			continue;
		if (found != NULL)
			return err_set(e, "%s and %s both have USB id %04x:%04x; choose one with "
			    "--serial-port PATH", found->path, ports[i].path, SERIAL_USB_VID,
			    SERIAL_USB_PID);
		found = &ports[i];
	}
	if (found == NULL)
		return 0;
	*out = *found;
	return 1;
}

/* Does /proc/PID/fd (dir) hold an open descriptor of path? */
static bool
fds_hold(const char *dir, const char *path)
{
	char link[128], target[PATH_MAX];
	bool held = false;
	struct dirent *d;
	ssize_t n;
	DIR *fds = opendir(dir);

	if (fds == NULL)
		return false;
	while (!held && (d = readdir(fds)) != NULL) {
		snprintf(link, sizeof(link), "%s/%.20s", dir, d->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		held = strcmp(target, path) == 0;
	}
	closedir(fds);
	return held;
}

/* Name the process that has path open, as far as /proc tells. */
static void
holder(const char *path, char *dst, size_t size)
{
	char dir[64], name[64] = "";
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int fd;
	ssize_t n;

	snprintf(dst, size, "another program");
	while (proc != NULL && (d = readdir(proc)) != NULL) {
		if (strspn(d->d_name, "0123456789") == 0 ||
		    strtol(d->d_name, NULL, 10) == getpid())
			continue;
		snprintf(dir, sizeof(dir), "/proc/%.20s/fd", d->d_name);
		if (!fds_hold(dir, path))
			continue;
		snprintf(dir, sizeof(dir), "/proc/%.20s/comm", d->d_name);
		fd = open(dir, O_RDONLY | O_CLOEXEC);
		n = fd == -1 ? 0 : read(fd, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		name[strcspn(name, "\n")] = '\0';
		fd_close(&fd);
		snprintf(dst, size, "%s (pid %.20s)", name, d->d_name);
		break;
	}
	if (proc != NULL)
		closedir(proc);
}

static int
busy(const char *path, struct err *e)
{
	char who[128];

	holder(path, who, sizeof(who));
	return err_set(e, "cannot open serial port %s: %s holds it; end that first", path, who);
}

static int
denied(const char *path, struct err *e)
{
	const char *group = "dialout";
	struct group *gr;
	struct stat st;

	if (stat(path, &st) == 0 && st.st_gid != 0 && (gr = getgrgid(st.st_gid)) != NULL)
		group = gr->gr_name;
	return err_set(e, "cannot open serial port %s: %s; add yourself to group %s and log in "
	    "again", path, strerror(EACCES), group);
}

static int
open_failed(const char *path, int error, struct err *e)
{
	if (error == EBUSY || error == EWOULDBLOCK)
		return busy(path, e);
	if (error == EACCES || error == EPERM)
		return denied(path, e);
	return err_set(e, "cannot open serial port %s: %s; --list-ports shows those attached",
	    path, strerror(error));
}

/* What is at this path, on USB or not (listing all ports would open some of them). */
static int
find_path(const char *wanted, struct serial_port *out, struct err *e)
{
	struct sp_port *port = NULL;
	char real[PATH_MAX];

	if (realpath(wanted, real) == NULL)
		return open_failed(wanted, errno, e);
	memset(out, 0, sizeof(*out));
	out->vid = out->pid = -1;
	if (sp_get_port_by_name(real, &port) == SP_OK)
		describe(out, port);
	sp_free_port(port);
	if (!text_copy(out->path, sizeof(out->path), real))
		return err_set(e, "serial port %s: the path is too long", real);
	return 1;
}

static int
find_usb_serial(const char *usb_serial, const struct serial_port *ports, int n,
    struct serial_port *out, struct err *e)
{
	int i;

	for (i = 0; i < n; i++) {
		if (strcmp(ports[i].usb_serial, usb_serial) == 0) {
			*out = ports[i];
			return 1;
		}
	}
	return err_set(e, "no port with USB serial number %s is attached", usb_serial);
}

int
serial_port_find(const char *wanted, const char *usb_serial, struct serial_port *out,
    struct err *e)
{
	struct serial_port ports[SERIAL_PORTS_MAX], at;
	int n, rc;

	if (strcmp(wanted, "auto") != 0) {
		rc = find_path(wanted, &at, e);
		if (rc == 1 && (usb_serial[0] == '\0' || at.usb_serial[0] == '\0' ||
		    strcmp(at.usb_serial, usb_serial) == 0)) {
			*out = at;
			return 1;
		}
		if (usb_serial[0] == '\0')
			return rc;
	}
	n = serial_port_list(ports, e);
	if (n == -1)
		return -1;
	if (usb_serial[0] != '\0')
		return find_usb_serial(usb_serial, ports, n, out, e);
	return find_auto(ports, n, out, e);
}

/* By libserialport; -1 for whatever it refuses, ptys among it. */
static int
open_real(const char *path)
{
	struct sp_port *port = NULL;
	int handle, fd = -1;

	if (sp_get_port_by_name(path, &port) != SP_OK)
		return -1;
	if (sp_open(port, SP_MODE_READ_WRITE) == SP_OK) {
		if (sp_get_port_handle(port, &handle) == SP_OK)
			fd = fcntl(handle, F_DUPFD_CLOEXEC, 0);
		sp_close(port);
	}
	sp_free_port(port);
	return fd;
}

static int
set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) == -1)
		return -1;
	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | HUPCL);
#ifdef CRTSCTS
	t.c_cflag &= ~(tcflag_t)CRTSCTS;
#endif
	t.c_cflag |= CS8 | CREAD | CLOCAL;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	cfsetispeed(&t, B115200);
	cfsetospeed(&t, B115200);
	return tcsetattr(fd, TCSANOW, &t);
}

int
serial_port_open(const char *path, struct err *e)
{
	int fd = open_real(path), rc;
	bool real = fd != -1;

	if (fd == -1)
		fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return open_failed(path, errno, e);
	if (!isatty(fd)) {
		rc = err_set(e, "%s is not a serial port; --list-ports shows those attached", path);
		goto fail;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		rc = open_failed(path, errno, e);
		goto fail;
	}
	/* A pty keeps TIOCEXCL while its other end is open: nobody could open it after us. */
	if (fd_set_nonblock(fd, true) == -1 || set_raw(fd) == -1 ||
	    (real && ioctl(fd, TIOCEXCL) == -1)) {
		rc = err_set(e, "cannot set up serial port %s: %s", path, strerror(errno));
		goto fail;
	}
	return fd;
fail:
	fd_close(&fd);
	return rc;
}
