/* Text from devices and users, made safe for where it goes. */
#ifndef LWS_TEXT_H
#define LWS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy len bytes of src to dst (size bytes, always ended by a NUL) for a terminal or a log:
 * valid UTF-8 stays, control characters (C0, DEL, C1), NULs and invalid bytes become \xNN.
 * What does not fit is cut at a character border. Returns the length written.
 */
size_t text_printable(char *dst, size_t size, const void *src, size_t len);

/*
 * Copy len bytes of src to dst as valid UTF-8 without NULs: each invalid byte and each NUL
 * becomes U+FFFD, everything else stays (for JSON strings). Returns the length written.
 */
size_t text_utf8_clean(char *dst, size_t size, const void *src, size_t len);

/* Copy the string src to dst, cut to fit; true if all of it fitted. */
bool text_copy(char *dst, size_t size, const char *src);

/* Length in bytes (1 to 4) of the valid UTF-8 character at p, 0 if there is none in len bytes. */
size_t text_utf8_len(const void *p, size_t len);

/* "" for 1, "s" for every other number. */
const char *text_plural(int64_t n);

#endif
