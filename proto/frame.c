/* SPDX-License-Identifier: MIT */
/* frame.c: the decoder takes any slice of the stream, down to single bytes, with the same events. */
#include "proto/frame.h"

#define COBS_BLOCK_MAX 254u

void kdio_frame_decoder_init(struct kdio_frame_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    *decoder = (struct kdio_frame_decoder){ .buffer = buffer, .capacity = (uint32_t)capacity };
}

static void enter(struct kdio_frame_decoder *decoder)
{
    decoder->inside = true;
    decoder->zero_owed = false;
    decoder->run = 0;
    decoder->size = 0;
}

/* One byte of COBS: a code, which says how many bytes follow up to the next zero, or one of those bytes. */
static void decode(struct kdio_frame_decoder *decoder, uint8_t byte)
{
    bool stored = decoder->run || decoder->zero_owed;

    if (decoder->run) {
        decoder->run--;
    } else {
        decoder->zero_owed = byte != COBS_BLOCK_MAX + 1;
        decoder->run = (uint8_t)(byte - 1);
        byte = 0;
    }
    if (stored && decoder->size < decoder->capacity)
        decoder->buffer[decoder->size] = byte;
    decoder->size += stored;
}

/* A MARK directly followed by a delimiter is a stray MARK, dropped like any damaged frame. */
static enum kdio_frame_event finish(struct kdio_frame_decoder *decoder)
{
    decoder->inside = false;
    return decoder->run || !decoder->size || decoder->size > decoder->capacity ? KDIO_FRAME_BAD : KDIO_FRAME_DONE;
}

enum kdio_frame_event kdio_frame_take(struct kdio_frame_decoder *decoder, uint8_t byte)
{
    if (byte == KDIO_FRAME_DELIMITER)
        return decoder->inside ? finish(decoder) : KDIO_FRAME_NONE;
    if (decoder->inside)
        decode(decoder, byte);
    else if (byte == KDIO_FRAME_MARK)
        enter(decoder);
    else
        return KDIO_FRAME_TEXT;
    return KDIO_FRAME_NONE;
}

static size_t take_text(const uint8_t *bytes, size_t size)
{
    size_t count = 0;

    while (count < size && bytes[count] != KDIO_FRAME_DELIMITER && bytes[count] != KDIO_FRAME_MARK)
        count++;
    return count;
}

size_t kdio_frame_push(struct kdio_frame_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t now_us,
                       enum kdio_frame_event *event, size_t *text_at)
{
    size_t i = 0;

    *event = KDIO_FRAME_NONE;
    decoder->last_us = now_us;
    while (i < size && *event == KDIO_FRAME_NONE)
        *event = kdio_frame_take(decoder, bytes[i++]);
    if (*event != KDIO_FRAME_TEXT)
        return i;
    *text_at = i - 1;
    return i + take_text(bytes + i, size - i);
}

bool kdio_frame_gap(struct kdio_frame_decoder *decoder, uint64_t now_us)
{
    bool dropped = decoder->inside && now_us - decoder->last_us > KDIO_FRAME_GAP_US;

    if (dropped)
        decoder->inside = false;
    return dropped;
}

bool kdio_frame_inside(const struct kdio_frame_decoder *decoder)
{
    return decoder->inside;
}

/* What comes next, counted down. */
enum encoder_state { IDLE, BODY, MARKING, OPENING };

void kdio_frame_encoder_start(struct kdio_frame_encoder *encoder, const uint8_t *payload, size_t size, bool force)
{
    encoder->payload = payload;
    encoder->left = (uint32_t)size;
    encoder->run = 0;
    encoder->zero_due = false;
    encoder->state = encoder->delimited && !force ? MARKING : OPENING;
}

/* The code of the next block: its length up to a zero, the end, or COBS_BLOCK_MAX bytes, plus one. */
static uint8_t begin_block(struct kdio_frame_encoder *encoder)
{
    unsigned run = 0;

    encoder->payload += encoder->zero_due;
    encoder->left -= encoder->zero_due;
    while (run < encoder->left && run < COBS_BLOCK_MAX && encoder->payload[run])
        run++;
    encoder->run = (uint8_t)run;
    encoder->zero_due = run != COBS_BLOCK_MAX;
    return (uint8_t)(run + 1);
}

static uint8_t emit_body(struct kdio_frame_encoder *encoder)
{
    if (encoder->run) {
        encoder->run--;
        encoder->left--;
        return *encoder->payload++;
    }
    if (encoder->left)
        return begin_block(encoder);
    encoder->state = IDLE;
    encoder->delimited = true;
    return KDIO_FRAME_DELIMITER;
}

uint8_t kdio_frame_next(struct kdio_frame_encoder *encoder)
{
    encoder->delimited = false;
    if (encoder->state == BODY)
        return emit_body(encoder);
    return encoder->state-- == OPENING ? KDIO_FRAME_DELIMITER : KDIO_FRAME_MARK;
}

void kdio_frame_cut(struct kdio_frame_encoder *encoder)
{
    encoder->left = 0;
    encoder->run = 0;
}

size_t kdio_frame_emit(struct kdio_frame_encoder *encoder, uint8_t *out, size_t capacity)
{
    size_t count = 0;

    while (count < capacity && encoder->state != IDLE)
        out[count++] = kdio_frame_next(encoder);
    return count;
}
