/* SPDX-License-Identifier: MIT */
/*
 * frame.h: carries payloads over a byte stream that also carries text (SPEC.md, section 2).
 *
 * A frame is DELIMITER, MARK, the payload in COBS (Consistent Overhead Byte Stuffing: Cheshire and Baker, 1999),
 * DELIMITER. Consecutive frames share a delimiter. Any byte outside a frame is text at once; a frame that is damaged,
 * too long or cut short by a quiet gap is one BAD event and never text. Neither side allocates; the decoder's buffer
 * and the encoder's payload belong to the caller.
 */
#ifndef KDIO_PROTO_FRAME_H
#define KDIO_PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KDIO_FRAME_DELIMITER 0x00u
#define KDIO_FRAME_MARK      0xf5u /* Never occurs in UTF-8. */
#define KDIO_FRAME_GAP_US    200000u /* Silence inside a frame that ends it. */

/* Bytes on the wire for a payload of n bytes, both delimiters included: the most. */
#define KDIO_FRAME_WIRE_MAX(n) ((n) + (n) / 254u + 4u)

enum kdio_frame_event {
    KDIO_FRAME_NONE, /* All bytes were taken. */
    KDIO_FRAME_TEXT, /* The bytes taken, from text_at on, are text. */
    KDIO_FRAME_DONE, /* decoder->buffer holds decoder->size bytes of payload, until the next push. */
    KDIO_FRAME_BAD,  /* A frame was dropped. */
};

struct kdio_frame_decoder {
    uint8_t *buffer;
    uint64_t last_us; /* When the last bytes came. */
    uint32_t capacity;
    uint32_t size;    /* Of the payload so far; beyond the capacity the bytes are dropped. */
    bool inside;      /* Since a MARK. */
    bool zero_owed;   /* The next block follows a zero. */
    uint8_t run;      /* Bytes left in the COBS block. */
};

void kdio_frame_decoder_init(struct kdio_frame_decoder *decoder, uint8_t *buffer, size_t capacity);

/*
 * Takes bytes up to the first event and returns how many. For TEXT, *text_at is the offset of the first text byte: the
 * bytes from there to the returned count are text.
 */
size_t kdio_frame_push(struct kdio_frame_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t now_us,
                       enum kdio_frame_event *event, size_t *text_at);

/* The same for one byte. TEXT says that it is text. The time is the caller's to keep, in last_us. */
enum kdio_frame_event kdio_frame_take(struct kdio_frame_decoder *decoder, uint8_t byte);

/* Ends a frame that has been quiet for KDIO_FRAME_GAP_US; true when one was dropped. Call before a push. */
bool kdio_frame_gap(struct kdio_frame_decoder *decoder, uint64_t now_us);

/* True inside a frame: the time of kdio_frame_gap matters. */
bool kdio_frame_inside(const struct kdio_frame_decoder *decoder);

struct kdio_frame_encoder {
    const uint8_t *payload; /* Next byte. Not copied: stays valid until kdio_frame_encoder_idle. */
    uint32_t left;          /* Payload bytes to come. */
    uint8_t state;          /* 0: idle. */
    uint8_t run;            /* Of these, bytes that belong to the current COBS block. */
    bool zero_due;          /* The block stands for a zero, too. */
    bool delimited;         /* The last byte on the wire was a delimiter. */
};

/* Starts a frame. An opening delimiter is sent where the last byte of the stream was none, or where `force` asks. */
void kdio_frame_encoder_start(struct kdio_frame_encoder *encoder, const uint8_t *payload, size_t size, bool force);

/* The next byte of the frame. Not to be called when idle. */
uint8_t kdio_frame_next(struct kdio_frame_encoder *encoder);

/* Ends the frame before its time, so that its receiver drops it. */
void kdio_frame_cut(struct kdio_frame_encoder *encoder);

/* Writes up to `capacity` bytes of the frame and returns how many. */
size_t kdio_frame_emit(struct kdio_frame_encoder *encoder, uint8_t *out, size_t capacity);

static inline bool kdio_frame_encoder_idle(const struct kdio_frame_encoder *encoder)
{
    return encoder->state == 0;
}

#endif
