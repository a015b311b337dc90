#ifndef LWS_LIST_PORTS_H
#define LWS_LIST_PORTS_H

/*
 * Write the attached serial ports to stdout, one a line, for lwstress-coord --list-ports:
 * path TAB vid:pid TAB USB serial number TAB description, "-" for what there is not, control
 * bytes as \xNN. Returns the exit status.
 */
int list_ports_main(void);

#endif
