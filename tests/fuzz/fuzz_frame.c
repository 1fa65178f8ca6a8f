/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame.c: the frame decoder against a second one written from SPEC.md, section 2, that sees the stream whole; and
 * decode(encode(x)) = x.
 *
 * A log of events is what both yield: text byte by byte, so that slices make no difference, frames with their payload,
 * dropped frames. As the logs are equal, no text is lost, altered or invented.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/frame.h"

#define STREAM_MAX   4096u
#define LOG_MAX      (4 * STREAM_MAX)
#define CAPACITY_MAX 1024u
#define SLICE_MAX    9u

struct events {
    uint8_t bytes[LOG_MAX];
    size_t size;
};

static struct events expected, seen;

static void put(struct events *events, uint8_t byte)
{
    FUZZ_REQUIRE(events->size < LOG_MAX, "there are no more events than bytes");
    events->bytes[events->size++] = byte;
}

static void put_frame(struct events *events, const uint8_t *payload, size_t size)
{
    put(events, 'D');
    put(events, (uint8_t)size);
    put(events, (uint8_t)(size >> 8));
    for (size_t i = 0; i < size; i++)
        put(events, payload[i]);
}

static void put_text(struct events *events, const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        put(events, 'T');
        put(events, text[i]);
    }
}

/* ---- The second decoder ---- */

static void expect_frame(const uint8_t *bytes, size_t size, size_t capacity)
{
    static uint8_t payload[STREAM_MAX];
    size_t payload_size;

    if (fuzz_unstuff(bytes, size, payload, &payload_size) && payload_size && payload_size <= capacity)
        put_frame(&expected, payload, payload_size);
    else
        put(&expected, 'B');
}

static void expect_stream(const uint8_t *bytes, size_t size, const bool *gaps, size_t capacity)
{
    bool inside = false;
    size_t from = 0;

    expected.size = 0;
    for (size_t i = 0; i < size; i++) {
        if (inside && gaps[i]) {
            put(&expected, 'B');
            inside = false;
        }
        if (inside && bytes[i] == KDIO_FRAME_DELIMITER) {
            expect_frame(bytes + from, i - from, capacity);
            inside = false;
        } else if (!inside && bytes[i] == KDIO_FRAME_MARK) {
            inside = true;
            from = i + 1;
        } else if (!inside && bytes[i] != KDIO_FRAME_DELIMITER) {
            put_text(&expected, bytes + i, 1);
        }
    }
}

/* ---- The decoder of kdio ---- */

static void push_slice(struct kdio_frame_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t now_us)
{
    uint8_t *slice = fuzz_exact_copy(bytes, size);
    enum kdio_frame_event event;
    size_t text_at = 0;
    size_t at = 0;

    while (at < size) {
        size_t taken = kdio_frame_push(decoder, slice + at, size - at, now_us, &event, &text_at);

        FUZZ_REQUIRE(taken && taken <= size - at, "a push takes some bytes and not more than there are");
        if (event == KDIO_FRAME_DONE)
            put_frame(&seen, decoder->buffer, decoder->size);
        else if (event == KDIO_FRAME_BAD)
            put(&seen, 'B');
        else if (event == KDIO_FRAME_TEXT)
            put_text(&seen, slice + at + text_at, taken - text_at);
        at += taken;
    }
    free(slice);
}

static void decode_stream(const uint8_t *bytes, size_t size, const bool *gaps, const bool *cuts, size_t capacity)
{
    struct kdio_frame_decoder decoder;
    uint8_t *buffer = malloc(capacity);
    uint64_t now_us = 0;
    size_t from = 0;

    seen.size = 0;
    kdio_frame_decoder_init(&decoder, buffer, capacity);
    while (from < size) {
        size_t end = from + 1;

        while (end < size && !gaps[end] && !cuts[end])
            end++;
        now_us += gaps[from] ? KDIO_FRAME_GAP_US + 1 : KDIO_FRAME_GAP_US;
        if (kdio_frame_gap(&decoder, now_us))
            put(&seen, 'B');
        push_slice(&decoder, bytes + from, end - from, now_us);
        from = end;
    }
    free(buffer);
}

static void check_events(void)
{
    FUZZ_REQUIRE(seen.size == expected.size && !memcmp(seen.bytes, expected.bytes, seen.size),
                 "both decoders see the same events, however the stream is cut");
}

/* Where the stream is cut and falls silent follows from two bytes of the input: the rest is the stream itself. */
static void scatter(bool *flags, size_t size, uint8_t seed, unsigned one_in)
{
    uint32_t state = seed * 2654435761u;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        flags[i] = seed && (state >> 16) % one_in == 0;
    }
}

static void check_stream(struct fuzz_input *input)
{
    static bool gaps[STREAM_MAX], cuts[STREAM_MAX], none[STREAM_MAX];
    size_t capacity = 1 + fuzz_u16(input) % CAPACITY_MAX;
    uint8_t gap_seed = fuzz_u8(input);
    uint8_t cut_seed = fuzz_u8(input);

    scatter(gaps, input->left, gap_seed & 1 ? gap_seed : 0, 16);
    scatter(cuts, input->left, cut_seed, 1 + cut_seed % SLICE_MAX);
    expect_stream(input->at, input->left, gaps, capacity);
    decode_stream(input->at, input->left, gaps, none, capacity);
    check_events();
    decode_stream(input->at, input->left, gaps, cuts, capacity);
    check_events();
}

/* ---- decode(encode(x)) = x ---- */

static size_t encode(const uint8_t *payload, size_t size, bool force, size_t slice, uint8_t *wire, size_t room)
{
    struct kdio_frame_encoder encoder = { .delimited = true };
    size_t count = 0;

    kdio_frame_encoder_start(&encoder, payload, size, force);
    while (!kdio_frame_encoder_idle(&encoder)) {
        size_t wanted = slice < room - count ? slice : room - count;

        FUZZ_REQUIRE(wanted, "a frame is as long as F6 says");
        count += kdio_frame_emit(&encoder, wire + count, wanted);
    }
    FUZZ_REQUIRE(encoder.delimited, "a frame ends with a delimiter");
    return count;
}

static void check_wire(const uint8_t *wire, size_t count, bool force)
{
    size_t from = force ? 2 : 1;

    FUZZ_REQUIRE(wire[0] == (force ? KDIO_FRAME_DELIMITER : KDIO_FRAME_MARK),
                 "the opening delimiter is there if asked for");
    FUZZ_REQUIRE(wire[from - 1] == KDIO_FRAME_MARK && wire[count - 1] == KDIO_FRAME_DELIMITER, "F1");
    FUZZ_REQUIRE(!memchr(wire + from, KDIO_FRAME_DELIMITER, count - from - 1), "no delimiter inside a frame");
}

static void check_round_trip(const uint8_t *payload, size_t size, bool force, size_t slice)
{
    size_t room = KDIO_FRAME_WIRE_MAX(size);
    uint8_t *wire = malloc(room);
    uint8_t *again = malloc(room);
    size_t count = encode(payload, size, force, room, wire, room);
    static const bool none[KDIO_FRAME_WIRE_MAX(STREAM_MAX)];

    FUZZ_REQUIRE(encode(payload, size, force, slice, again, room) == count && !memcmp(wire, again, count),
                 "a frame is the same whatever the room");
    check_wire(wire, count, force);
    expected.size = 0;
    put_frame(&expected, payload, size);
    decode_stream(wire, count, none, none, size);
    check_events();
    free(wire);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size < STREAM_MAX ? size : STREAM_MAX };
    struct fuzz_input stream = input;

    check_stream(&stream);
    if (input.left > 1)
        check_round_trip(input.at + 1, input.left - 1, input.at[0] & 1, 1 + (input.at[0] >> 1) % SLICE_MAX);
    return 0;
}
