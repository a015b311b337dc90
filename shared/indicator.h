/* What a console line can tell: the values of EV_SERIAL_FATAL and EV_SERIAL_WARNING, by name. */
#ifndef LWS_INDICATOR_H
#define LWS_INDICATOR_H

enum fatal {
	FATAL_GURU,
	FATAL_BACKTRACE,
	FATAL_ABORT,
	FATAL_RST,
	FATAL_REBOOTING,
	FATAL_USER,	/* the user's own pattern */
	FATAL_COUNT
};

enum warning { WARNING_CORRUPTION, WARNING_MALLOC, WARNING_COUNT };

/* The text that a line must hold (case matters); for FATAL_USER the option's name. */
extern const char *const fatal_names[FATAL_COUNT];
extern const char *const warning_names[WARNING_COUNT];

#endif
