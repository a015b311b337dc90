/* Why an ESP32-S3 was reset, as its boot ROM prints it: "rst:0xc (RTC_SW_CPU_RST),boot:…". */
#ifndef LWS_RESET_REASON_H
#define LWS_RESET_REASON_H

#include <stdbool.h>
#include <stdint.h>

/* Reasons that our own opening of the port can cause. */
#define RESET_POWERON 0x01
#define RESET_USB_UART 0x15

/* The reason in words, "panic or ESP.restart() (RTC_SW_CPU_RST)"; "unknown" if it is none. */
const char *reset_reason_words(int64_t reason);

/* May opening the port have caused it (DTR and RTS)? */
bool reset_reason_by_open(int64_t reason);

#endif
