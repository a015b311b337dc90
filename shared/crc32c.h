/* CRC-32C (Castagnoli; RFC 3720 section 12.1): guards the records of the journal. Pure. */
#ifndef LWS_CRC32C_H
#define LWS_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of len more bytes after those that gave crc; begin with 0. */
uint32_t crc32c(uint32_t crc, const void *buf, size_t len);

#endif
