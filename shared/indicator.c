#include "config.h"

#include "shared/indicator.h"

#include "shared/poison.h"

const char *const fatal_names[FATAL_COUNT] = {
	[FATAL_GURU] = "Guru Meditation",
	[FATAL_BACKTRACE] = "Backtrace",
	[FATAL_ABORT] = "abort()",
	[FATAL_RST] = "rst:0x",
	[FATAL_REBOOTING] = "Rebooting...",
	[FATAL_USER] = "--fatal-pattern",
};

const char *const warning_names[WARNING_COUNT] = {
	[WARNING_CORRUPTION] = "HEAP CORRUPTION DETECTED!",
	[WARNING_MALLOC] = "MALLOC FAILED",
};
