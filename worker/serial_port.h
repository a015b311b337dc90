/*
 * Serial ports: which there are (libserialport), which one is meant, and opening it without
 * disturbing the device: DTR and RTS stay as they are, HUPCL is off, nobody else gets in.
 */
#ifndef LWS_SERIAL_PORT_H
#define LWS_SERIAL_PORT_H

#include <stddef.h>

#include "shared/err.h"

#define SERIAL_PORTS_MAX 64
#define SERIAL_USB_VID 0x303a
#define SERIAL_USB_PID 0x1001

struct serial_port {
	char path[256];		/* without symlinks */
	int vid, pid;		/* -1 when it is not on USB */
	char usb_serial[128];	/* "" if none */
	char description[128];
};

/* The attached ports, at most SERIAL_PORTS_MAX; their number, or -1 with e. */
int serial_port_list(struct serial_port ports[SERIAL_PORTS_MAX], struct err *e);

/*
 * Find what wanted means: "auto" (the one port with USB id 303a:1001) or a path, symlinks
 * followed. usb_serial, if not "", is the USB serial number that it had before: the port that has
 * it now is taken, wherever it is, and a path that now leads to another one's is not.
 * 1 found, 0 there is none for "auto", -1 with e.
 */
int serial_port_find(const char *wanted, const char *usb_serial, struct serial_port *out,
    struct err *e);

/*
 * Open it exclusively: 115200 8N1 raw, non-blocking, close-on-exec. A descriptor, or -1 with a
 * message that says what to do (group, who holds it).
 */
int serial_port_open(const char *path, struct err *e);

#endif
