/* SPDX-License-Identifier: MIT */
/*
 * status.h: the one list of statuses, used on the wire, in the stub and on the host.
 *
 * A status belongs to a class that says who must act. Numbers below 0x40 may travel on the wire; the others exist on
 * the host only. SPEC.md's table is tested against this list.
 *
 * X(NAME, number, class, text)
 */
#ifndef KDIO_PROTO_STATUS_H
#define KDIO_PROTO_STATUS_H

#define KDIO_STATUS_TABLE(X) \
    X(DONE, 0x00, NONE, "done") \
    X(BAD_WIDTH, 0x01, REFUSED, "width is not 1, 2 or 4 bytes") \
    X(BAD_PORT, 0x02, REFUSED, "port is beyond 0xffff") \
    X(MISALIGNED, 0x03, REFUSED, "port is not a multiple of the width") \
    X(BAD_VALUE, 0x04, REFUSED, "value is wider than the access") \
    X(LINK_UART, 0x05, REFUSED, "the port belongs to the link's own UART") \
    X(DENIED, 0x06, REFUSED, "the port is on the deny list") \
    X(READ_ONLY, 0x07, REFUSED, "the target is read-only") \
    X(UNSUPPORTED, 0x08, REFUSED, "this stub has no such operation") \
    X(TOO_LARGE, 0x09, REFUSED, "the program is larger than the stub's limit") \
    X(TOO_LONG, 0x0a, REFUSED, "the program may take longer than the stub's limit") \
    X(FAULT, 0x0b, REFUSED, "the access faulted") \
    X(NO_MATCH, 0x0c, REFUSED, "the value did not match") \
    X(CANCELLED, 0x0d, REFUSED, "cancelled") \
    X(SKIPPED, 0x0e, REFUSED, "the program before it failed") \
    X(BAD_OPERAND, 0x0f, REFUSED, "an operand is out of range") \
    X(NOT_FOUND, 0x10, REFUSED, "not found") \
    X(STUB_FAULT, 0x11, REFUSED, "the stub itself faulted, and executes nothing more") \
    X(NOT_STOPPED, 0x12, REFUSED, "the target is running") \
    X(NO_BREAKPOINT, 0x13, REFUSED, "no breakpoint can be there, or none is left") \
    X(MALFORMED, 0x20, PROTOCOL, "malformed program") \
    X(VERSION, 0x21, PROTOCOL, "no protocol version in common") \
    X(BAD_REPLY, 0x40, PROTOCOL, "the stub's answer makes no sense") \
    X(NO_ANSWER, 0x50, LINK, "nothing answers") \
    X(NOT_KDIO, 0x51, LINK, "something answers, but it is no kdio stub") \
    X(TIMEOUT, 0x52, LINK, "no answer in time") \
    X(LOST, 0x53, LINK, "the connection is gone") \
    X(RESET, 0x54, LINK, "the target was reset") \
    X(TAKEN, 0x55, LINK, "another host took the line over") \
    X(NO_CONNECTION, 0x56, LINK, "cannot connect") \
    X(SYSTEM, 0x60, SYSTEM, "system error") \
    X(NO_MEMORY, 0x61, SYSTEM, "out of memory") \
    X(BAD_ARGUMENT, 0x62, REFUSED, "bad argument") \
    X(INTERRUPTED, 0x63, SYSTEM, "interrupted")

enum kdio_status {
#define X(name, number, class, text) KDIO_##name = number,
    KDIO_STATUS_TABLE(X)
#undef X
};

/* Who must act. */
enum kdio_class {
    KDIO_CLASS_NONE,     /* Nobody: done. */
    KDIO_CLASS_REFUSED,  /* The caller: the request cannot be done as asked. */
    KDIO_CLASS_LINK,     /* Whoever looks after the line: the outcome may be unknown. */
    KDIO_CLASS_PROTOCOL, /* The developers of one end. */
    KDIO_CLASS_SYSTEM,   /* The host's administrator; errno tells. */
};

#define KDIO_STATUS_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

KDIO_STATUS_API enum kdio_class kdio_status_class(enum kdio_status status);
KDIO_STATUS_API const char *kdio_status_name(enum kdio_status status); /* "BAD_PORT"; "?" for a number that is none. */
KDIO_STATUS_API const char *kdio_status_text(enum kdio_status status); /* One clause in English, without a full stop. */

#ifdef __cplusplus
}
#endif

#endif
