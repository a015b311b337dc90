#include "config.h"

#include "shared/reset_reason.h"

#include <stddef.h>

#include "shared/poison.h"

static const struct {
	int64_t reason;
	const char *words;
} reasons[] = {
	{RESET_POWERON, "power on (POWERON)"},
	{0x03, "software restart of the whole chip (RTC_SW_SYS_RST)"},
	{0x05, "wake-up from deep sleep (DSLEEP)"},
	{0x07, "timer group 0 watchdog, chip (TG0WDT_SYS_RST)"},
	{0x08, "timer group 1 watchdog, chip (TG1WDT_SYS_RST)"},
	{0x09, "RTC watchdog, digital core (RTCWDT_SYS_RST)"},
	{0x0a, "intrusion test (INTRUSION_RST)"},
	{0x0b, "timer group 0 watchdog, CPU (TG0WDT_CPU_RST)"},
	{0x0c, "panic or ESP.restart() (RTC_SW_CPU_RST)"},
	{0x0d, "RTC watchdog, CPU (RTCWDT_CPU_RST)"},
	{0x0f, "brownout: the supply voltage dropped (RTCWDT_BROWN_OUT_RST)"},
	{0x10, "RTC watchdog, chip and RTC (RTCWDT_RTC_RST)"},
	{0x11, "timer group 1 watchdog, CPU (TG1WDT_CPU_RST)"},
	{0x12, "super watchdog (SUPER_WDT_RST)"},
	{0x13, "clock glitch (GLITCH_RTC_RST)"},
	{0x14, "efuse error (EFUSE_RST)"},
	{RESET_USB_UART, "reset over USB-serial lines (USB_UART_CHIP_RESET)"},
	{0x16, "reset over USB-JTAG (USB_JTAG_CHIP_RESET)"},
	{0x17, "power glitch (PWR_GLITCH_RST)"},
};

const char *
reset_reason_words(int64_t reason)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == reason)
			return reasons[i].words;
	return "unknown";
}

bool
reset_reason_by_open(int64_t reason)
{
	return reason == RESET_POWERON || reason == RESET_USB_UART;
}
