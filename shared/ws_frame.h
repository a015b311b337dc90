/*
 * WebSocket frames (RFC 6455 section 5), both roles, as pure functions of bytes: no I/O, no clock,
 * no random numbers. The parser takes the stream cut anywhere and gives whole messages and
 * control frames; what breaks the protocol or a limit is a fault with a name and the close code
 * to send. No extension is known, so a reserved bit is a fault.
 */
#ifndef LWS_WS_FRAME_H
#define LWS_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_MESSAGE_MAX 65536	/* default bound of a message, bytes */
#define WS_FRAGMENTS_MAX 4096	/* default bound of the frames of one message */
#define WS_CONTROL_MAX 125
#define WS_REASON_MAX 123
#define WS_HEADER_MAX 14

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

/* Close codes that this program sends or looks for (RFC 6455 section 7.4 and IANA's registry). */
enum {
	WS_CODE_NORMAL = 1000,
	WS_CODE_GOING_AWAY = 1001,
	WS_CODE_PROTOCOL = 1002,
	WS_CODE_NONE = 1005,		/* never on the wire: a close frame without a code */
	WS_CODE_ABNORMAL = 1006,	/* never on the wire: no close frame came */
	WS_CODE_DATA = 1007,
	WS_CODE_POLICY = 1008,
	WS_CODE_TOO_BIG = 1009,
	WS_CODE_INTERNAL = 1011,
	WS_CODE_RESTART = 1012,
	WS_CODE_TRY_LATER = 1013
};

/* Which end we are. A client masks what it sends and takes nothing masked; a server the reverse. */
enum ws_side { WS_CLIENT, WS_SERVER };

enum ws_fault {
	WS_FAULT_NONE,
	WS_FAULT_RESERVED_BITS,
	WS_FAULT_OPCODE,		/* 3 to 7, 11 to 15 */
	WS_FAULT_MASKED,		/* a server masked */
	WS_FAULT_UNMASKED,		/* a client did not */
	WS_FAULT_LENGTH_FORM,		/* not the shortest form */
	WS_FAULT_LENGTH_HUGE,		/* bit 63 is set */
	WS_FAULT_CONTROL_LENGTH,	/* control frame over 125 bytes */
	WS_FAULT_CONTROL_FRAGMENT,	/* control frame without FIN */
	WS_FAULT_CONTINUATION,		/* nothing to continue */
	WS_FAULT_INTERLEAVED,		/* new message inside a fragmented one */
	WS_FAULT_UTF8,
	WS_FAULT_CLOSE_LENGTH,		/* close payload of 1 byte */
	WS_FAULT_CLOSE_CODE,
	WS_FAULT_CLOSE_UTF8,
	WS_FAULT_MESSAGE_SIZE,
	WS_FAULT_FRAGMENTS,
	WS_FAULT_MEMORY,
	WS_FAULT_COUNT
};

/* What a fault is called, in a few words ("reserved bit set"). */
const char *ws_fault_name(enum ws_fault f);

/* The close code to send for it (1002, 1007, 1008, 1009 or 1011). */
int ws_fault_code(enum ws_fault f);

/* Whether a close frame may carry the code: 1000 to 1003, 1007 to 1014, 3000 to 4999. */
bool ws_code_valid(int code);

/* A whole message, or one control frame. */
struct ws_event {
	enum ws_opcode opcode;	/* WS_TEXT WS_BINARY WS_CLOSE WS_PING WS_PONG */
	const uint8_t *data;	/* CLOSE: the reason. Not ended by a NUL; valid until the next call */
	size_t len;
	int code;		/* CLOSE: the code, WS_CODE_NONE if it carried none */
	size_t frames;		/* TEXT, BINARY: how many frames it came in */
};

struct ws_parser;

/*
 * message_max and fragments_max: 0 for the defaults above. The parser holds one buffer that grows
 * with the message up to message_max. NULL when memory is out.
 */
struct ws_parser *ws_parser_new(enum ws_side side, size_t message_max, size_t fragments_max);
void ws_parser_free(struct ws_parser *p);

/*
 * Take bytes from *data (both advanced past what was taken; the bytes are not changed) until
 * something is whole. 1: *out is an event, call again with the rest. 0: all bytes were taken.
 * -1: a fault, now and at every later call. Text is checked as UTF-8 as it comes, so a fault
 * shows at the first wrong byte. After a CLOSE all further bytes are taken and ignored.
 */
int ws_parser_next(struct ws_parser *p, const uint8_t **data, size_t *len, struct ws_event *out);

enum ws_fault ws_parser_fault(const struct ws_parser *p);

/* Whether a frame or a fragmented message has begun and is not whole. */
bool ws_parser_pending(const struct ws_parser *p);

/*
 * Write the header of a frame with len payload bytes. key: the 4 masking bytes of a client,
 * NULL for a server. Returns its length, at most WS_HEADER_MAX.
 */
size_t ws_header(uint8_t *out, enum ws_opcode opcode, bool fin, uint64_t len, const uint8_t *key);

/* Mask (or unmask) len bytes that begin at byte `offset` of a payload. */
void ws_mask(uint8_t *data, size_t len, const uint8_t key[4], uint64_t offset);

/*
 * Write one whole frame, header and (masked) payload. Returns its length, or 0 when it does not
 * fit into size bytes.
 */
size_t ws_encode(uint8_t *out, size_t size, enum ws_opcode opcode, bool fin, const void *data,
    size_t len, const uint8_t *key);

/* A close frame; code WS_CODE_NONE: empty. The reason is cut at 123 bytes, at a character border. */
size_t ws_encode_close(uint8_t *out, size_t size, int code, const char *reason, const uint8_t *key);

#endif
