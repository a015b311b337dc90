#include "config.h"

#include "worker/list_ports.h"

#include <stdio.h>
#include <string.h>

#include "shared/log.h"
#include "shared/text.h"
#include "worker/serial_port.h"
#include "shared/poison.h"

static void
put_field(const char *text, char end)
{
	char safe[1024];

	text_printable(safe, sizeof(safe), text, strlen(text));
	printf("%s%c", safe[0] == '\0' ? "-" : safe, end);
}

int
list_ports_main(void)
{
	struct serial_port ports[SERIAL_PORTS_MAX];
	char id[16];
	struct err e;
	int i, n;

	n = serial_port_list(ports, &e);
	if (n == -1) {
		log_warn("%s", e.text);
		return 1;
	}
	for (i = 0; i < n; i++) {
		id[0] = '\0';
		if (ports[i].vid != -1)
			snprintf(id, sizeof(id), "%04x:%04x", (unsigned)ports[i].vid & 0xffff,
			    (unsigned)ports[i].pid & 0xffff);
		put_field(ports[i].path, '\t');
		put_field(id, '\t');
		put_field(ports[i].usb_serial, '\t');
		put_field(ports[i].description, '\n');
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
