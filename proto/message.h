/* SPDX-License-Identifier: MIT */
/*
 * message.h: what a frame's payload says: a header byte, a body, a CRC (SPEC.md, section 4).
 *
 * The header's upper two bits are the kind; the lower six are the low bits of the sequence number, or, in a frame that
 * belongs to no session, its type.
 */
#ifndef KDIO_PROTO_MESSAGE_H
#define KDIO_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/crc32c.h"
#include "proto/frame.h"

#define KDIO_PROTOCOL_VERSION 1u /* The only one yet. */

#define KDIO_SEQ_BITS   6u
#define KDIO_SEQ_MASK   0x3fu
#define KDIO_WINDOW_MAX 32u /* Half of the sequence space: old and new can be told apart. */

enum kdio_kind {
    KDIO_KIND_PLAIN = 0x00,  /* Host: a plain program.    Stub: REPLY, every operation done. */
    KDIO_KIND_ATOMIC = 0x40, /* Host: an atomic program.  Stub: FAILED, stopped at an operation. */
    KDIO_KIND_NOTE = 0x80,   /* A note of the session; its type follows. */
    KDIO_KIND_FREE = 0xc0,   /* Of no session; the type is in the header. */
    KDIO_KIND_MASK = 0xc0,
};
#define KDIO_KIND_REPLY  KDIO_KIND_PLAIN
#define KDIO_KIND_FAILED KDIO_KIND_ATOMIC

/* Header bytes of the frames of no session. */
#define KDIO_FREE_OPEN   0xf0u /* Host. */
#define KDIO_FREE_HELLO  0xf1u /* Stub. */
#define KDIO_FREE_ANSWER 0xf2u /* Stub: to OPEN. */
#define KDIO_FREE_REFUSE 0xf3u /* Stub: to a type of frame it does not know. */

/* Types of notes, the byte after the header. */
#define KDIO_NOTE_EXPECT      0x01u /* Stub: a frame was bad or missing; sequence number of the next one wanted. */
#define KDIO_NOTE_ALIVE       0x02u /* Stub: the program `seq` is still running. */
#define KDIO_NOTE_EVENT       0x03u /* Stub: something is to be fetched. */
#define KDIO_NOTE_TAKEN       0x04u /* Stub: another host holds the line. */
#define KDIO_NOTE_UNSUPPORTED 0x05u /* Stub: a note of that type is not known. */
#define KDIO_NOTE_CANCEL      0x08u /* Host: stop the program `seq`. */
#define KDIO_NOTE_KEEP        0x09u /* Host: a sign of life, where nothing is asked. */

#define KDIO_HEADER_SIZE  1u
#define KDIO_MESSAGE_MIN  (KDIO_HEADER_SIZE + KDIO_CRC32C_SIZE)
#define KDIO_FAILED_SIZE  16u /* Bytes before the results in FAILED: those of struct kdio_failure. */
/* What a reply of n bytes of results counts against the reply window. */
#define KDIO_REPLY_COST(n) ((n) + KDIO_HEADER_SIZE + KDIO_FAILED_SIZE + KDIO_CRC32C_SIZE + 2u)

#define KDIO_OPEN_SIZE    11u /* Payload of OPEN: its COBS code is 0c, and the frame 15 bytes. */
#define KDIO_OPEN_FLOOR   0xa0u /* L13: every byte of an OPEN but its COBS code and delimiters is at least this. */
#define KDIO_ANSWER_SIZE  49u
#define KDIO_HELLO_SIZE   11u
#define KDIO_CONTROL_SIZE 56u /* Any message that is no request and no reply fits. */

/*
 * The fields of the answer to OPEN (L4), in wire order, with the letters of cursor.h.
 *
 * X(name, letter)
 *   status              KDIO_DONE or KDIO_VERSION
 *   version             chosen; 0 when there is none in common
 *   version_min, version_max, boot_id   as in HELLO, which is these three
 *   challenge
 *   frame_max           largest payload the stub takes, header and CRC included
 *   request_window      wire bytes of requests that may be unanswered
 *   reply_window        bytes of replies (KDIO_REPLY_COST) that may be unreceived
 *   results_max         bytes of results in one reply
 *   program_max         operations in a program
 *   frame_window        requests that may be unanswered
 *   burst               wire bytes in an exchange; 0: no such limit
 *   capabilities
 *   previous_session    challenge of the session in force when OPEN came; 0: none
 *   previous_requests, previous_operations   executed in it
 *   link_port           first port of the link's own UART
 *   link_ports          their number; 0 for a UART in memory
 */
#define KDIO_ANSWER_FIELDS(X) \
    X(status, "b") \
    X(version, "b") \
    X(version_min, "b") \
    X(version_max, "b") \
    X(boot_id, "d") \
    X(challenge, "d") \
    X(frame_max, "w") \
    X(request_window, "w") \
    X(reply_window, "w") \
    X(results_max, "w") \
    X(program_max, "w") \
    X(frame_window, "b") \
    X(burst, "b") \
    X(capabilities, "d") \
    X(previous_session, "d") \
    X(previous_requests, "d") \
    X(previous_operations, "d") \
    X(link_port, "w") \
    X(link_ports, "w")

#define KDIO_FIELD_MEMBER(name, letter) uint32_t name;
#define KDIO_FIELD_LETTER(name, letter) letter
#define KDIO_FIELD_COUNT(name, letter) +1
#define KDIO_ANSWER_FIELD_COUNT (0 KDIO_ANSWER_FIELDS(KDIO_FIELD_COUNT))

struct kdio_answer {
    union {
        struct {
            KDIO_ANSWER_FIELDS(KDIO_FIELD_MEMBER)
        };
        uint32_t fields[KDIO_ANSWER_FIELD_COUNT];
    };
};

struct kdio_hello {
    uint32_t version_min, version_max;
    uint32_t boot_id;
};

/* Body of FAILED. */
struct kdio_failure {
    union {
        struct {
            uint32_t status;
            uint32_t index; /* Operation that stopped the program. */
            uint32_t done;  /* Operations done; their results follow, and what the one that stopped gives. */
            uint32_t vector; /* With FAULT: of the exception; 0 where no memory is. */
            uint32_t code;   /* With FAULT: the exception's error code. */
            uint32_t detail, detail_high; /* With FAULT the address; with NO_MATCH the value. */
        };
        uint32_t fields[7];
    };
};

/* Of struct kdio_hello, and of the same fields within struct kdio_answer. */
#define KDIO_HELLO_LETTERS "bbd"

/* Writes a whole message of no session, or a note: header, fields (cursor.h), and the CRC started from `start`;
 * returns its size. */
size_t kdio_message_write(uint8_t payload[KDIO_CONTROL_SIZE], uint8_t header, const char *letters,
                          const uint32_t *fields, uint32_t start);

/* Completes a payload of `size` bytes with its CRC, started from `start`; returns the whole size. */
size_t kdio_message_seal(uint8_t *payload, size_t size, uint32_t start);

/* True when a whole payload's CRC is right. */
bool kdio_message_intact(const uint8_t *payload, size_t size, uint32_t start);

/* Writes OPEN for a nonce; false when its bytes break L13 and another nonce must be drawn. Returns KDIO_OPEN_SIZE
 * bytes. */
bool kdio_open_write(uint8_t payload[KDIO_OPEN_SIZE], uint8_t version_min, uint8_t version_max, uint32_t nonce);
/* Decoders take the payload without its CRC; false when it is too short. Surplus bytes belong to later versions. */
bool kdio_open_read(const uint8_t *payload, size_t size, uint8_t *version_min, uint8_t *version_max, uint32_t *nonce);

size_t kdio_answer_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_answer *answer, uint32_t nonce);
bool kdio_answer_read(const uint8_t *payload, size_t size, struct kdio_answer *answer);

size_t kdio_hello_write(uint8_t payload[KDIO_CONTROL_SIZE], const struct kdio_hello *hello);
bool kdio_hello_read(const uint8_t *payload, size_t size, struct kdio_hello *hello);

/* The KDIO_FAILED_SIZE bytes of a failure. */
void kdio_failure_write(uint8_t body[KDIO_FAILED_SIZE], const struct kdio_failure *failure);
bool kdio_failure_read(const uint8_t *body, size_t size, struct kdio_failure *failure);

#endif
