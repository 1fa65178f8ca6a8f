/* SPDX-License-Identifier: MIT */
/* frame.c: the decoder takes any slice of the stream, down to single bytes, with the same events. */
#include "proto/frame.h"

enum decoder_state {
    OUTSIDE, /* Text, until a MARK. */
    INSIDE,  /* Payload, until a delimiter. */
    SKIPPING, /* A frame too long for the buffer, until a delimiter. */
};

void kdio_frame_decoder_init(struct kdio_frame_decoder *decoder, uint8_t *buffer, size_t capacity)
{
    *decoder = (struct kdio_frame_decoder){ .buffer = buffer, .capacity = capacity, .state = OUTSIDE };
}

static void enter(struct kdio_frame_decoder *decoder)
{
    decoder->state = INSIDE;
    decoder->size = 0;
    decoder->run = 0;
    decoder->zero_owed = false;
}

static void store(struct kdio_frame_decoder *decoder, uint8_t byte)
{
    if (decoder->size == decoder->capacity)
        decoder->state = SKIPPING;
    else
        decoder->buffer[decoder->size++] = byte;
}

/* One byte of COBS: a code, which says how many bytes follow up to the next zero, or one of those bytes. */
static void decode(struct kdio_frame_decoder *decoder, uint8_t byte)
{
    if (decoder->run) {
        decoder->run--;
        store(decoder, byte);
        return;
    }
    if (decoder->zero_owed)
        store(decoder, 0);
    decoder->zero_owed = byte != 0xff;
    decoder->run = (uint8_t)(byte - 1);
}

static enum kdio_frame_event finish(struct kdio_frame_decoder *decoder)
{
    /* A MARK directly followed by a delimiter is a stray MARK, dropped like any damaged frame. */
    bool whole = decoder->state == INSIDE && decoder->run == 0 && decoder->size != 0;

    decoder->state = OUTSIDE;
    return whole ? KDIO_FRAME_DONE : KDIO_FRAME_BAD;
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
    *event = KDIO_FRAME_NONE;
    decoder->last_us = now_us;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];

        if (byte == KDIO_FRAME_DELIMITER && decoder->state != OUTSIDE) {
            *event = finish(decoder);
            return i + 1;
        }
        if (decoder->state == INSIDE)
            decode(decoder, byte);
        else if (decoder->state == OUTSIDE && byte == KDIO_FRAME_MARK)
            enter(decoder);
        else if (decoder->state == OUTSIDE && byte != KDIO_FRAME_DELIMITER) {
            *event = KDIO_FRAME_TEXT;
            *text_at = i;
            return i + take_text(bytes + i, size - i);
        }
    }
    return size;
}

bool kdio_frame_gap(struct kdio_frame_decoder *decoder, uint64_t now_us)
{
    bool dropped = decoder->state != OUTSIDE && now_us - decoder->last_us > KDIO_FRAME_GAP_US;

    if (dropped)
        decoder->state = OUTSIDE;
    return dropped;
}

bool kdio_frame_inside(const struct kdio_frame_decoder *decoder)
{
    return decoder->state != OUTSIDE;
}

enum encoder_state { IDLE, OPENING, MARKING, CODE, DATA, CLOSING };

void kdio_frame_encoder_start(struct kdio_frame_encoder *encoder, const uint8_t *payload, size_t size, bool force)
{
    encoder->payload = payload;
    encoder->size = size;
    encoder->at = 0;
    encoder->state = encoder->delimited && !force ? MARKING : OPENING;
}

/* The code of the block that begins at `at`: its length up to a zero, the end, or 254 bytes, plus one. */
static uint8_t begin_block(struct kdio_frame_encoder *encoder)
{
    size_t end = encoder->at;

    while (end < encoder->size && end - encoder->at < 254 && encoder->payload[end] != 0)
        end++;
    encoder->block_end = end;
    encoder->block_full = end - encoder->at == 254;
    return (uint8_t)(end - encoder->at + 1);
}

/* After a block: the zero it stands for is skipped; a full block (254 bytes) stands for none. */
static uint8_t after_block(struct kdio_frame_encoder *encoder)
{
    if (encoder->at == encoder->size)
        return CLOSING;
    if (!encoder->block_full)
        encoder->at++;
    return CODE;
}

static uint8_t emit_code(struct kdio_frame_encoder *encoder)
{
    uint8_t code = begin_block(encoder);

    encoder->state = code == 1 ? after_block(encoder) : DATA;
    return code;
}

static uint8_t emit_data(struct kdio_frame_encoder *encoder)
{
    uint8_t byte = encoder->payload[encoder->at++];

    if (encoder->at == encoder->block_end)
        encoder->state = after_block(encoder);
    return byte;
}

static uint8_t emit_byte(struct kdio_frame_encoder *encoder)
{
    switch (encoder->state) {
    case OPENING:
        encoder->state = MARKING;
        return KDIO_FRAME_DELIMITER;
    case MARKING:
        encoder->state = CODE;
        return KDIO_FRAME_MARK;
    case CODE:
        return emit_code(encoder);
    case DATA:
        return emit_data(encoder);
    default:
        encoder->state = IDLE;
        return KDIO_FRAME_DELIMITER;
    }
}

size_t kdio_frame_emit(struct kdio_frame_encoder *encoder, uint8_t *out, size_t capacity)
{
    size_t count = 0;

    while (count < capacity && encoder->state != IDLE)
        out[count++] = emit_byte(encoder);
    if (count)
        encoder->delimited = encoder->state == IDLE;
    return count;
}

bool kdio_frame_encoder_idle(const struct kdio_frame_encoder *encoder)
{
    return encoder->state == IDLE;
}
