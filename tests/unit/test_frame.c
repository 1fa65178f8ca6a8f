/* SPDX-License-Identifier: MIT */
/* test_frame.c: the codec (L1): what goes in comes out however the stream is cut, and damage is never text. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "proto/frame.h"
#include "tests/unit/vectors.h"

#define PAYLOAD_MAX 600u
#define WIRE_SIZE   2048u
#define LOG_SIZE    4096u

/* The events of a stream as a text that two ways of feeding can be compared by: text bytes, then "<...>" for frames. */
struct log {
    uint8_t bytes[LOG_SIZE];
    size_t size;
    unsigned frames, bad, text;
};

struct decoding {
    struct kdio_frame_decoder decoder;
    uint8_t buffer[PAYLOAD_MAX];
    struct log log;
};

static void log_bytes(struct log *log, const uint8_t *bytes, size_t size)
{
    assert_true(log->size + size <= LOG_SIZE);
    if (size)
        memcpy(log->bytes + log->size, bytes, size);
    log->size += size;
}

static void log_event(struct decoding *decoding, enum kdio_frame_event event, const uint8_t *text, size_t text_size)
{
    struct log *log = &decoding->log;

    if (event == KDIO_FRAME_TEXT) {
        log_bytes(log, text, text_size);
        log->text += (unsigned)text_size;
    } else if (event == KDIO_FRAME_DONE) {
        log_bytes(log, (const uint8_t *)"\xff<", 2);
        log_bytes(log, decoding->buffer, decoding->decoder.size);
        log_bytes(log, (const uint8_t *)"\xff>", 2);
        log->frames++;
    } else if (event == KDIO_FRAME_BAD) {
        log_bytes(log, (const uint8_t *)"\xff!", 2);
        log->bad++;
    }
}

static void start(struct decoding *decoding, size_t capacity)
{
    *decoding = (struct decoding){ 0 };
    kdio_frame_decoder_init(&decoding->decoder, decoding->buffer, capacity);
}

static void feed(struct decoding *decoding, const uint8_t *bytes, size_t size)
{
    enum kdio_frame_event event;
    size_t taken, text_at;

    for (size_t at = 0; at < size; at += taken) {
        text_at = 0;
        taken = kdio_frame_push(&decoding->decoder, bytes + at, size - at, 0, &event, &text_at);
        assert_true(taken > 0 && taken <= size - at);
        if (event == KDIO_FRAME_TEXT)
            assert_true(text_at < taken);
        log_event(decoding, event, bytes + at + text_at, taken - text_at);
    }
}

static void assert_same(const struct log *a, const struct log *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->bytes, b->bytes, a->size);
}

/* A frame with its opening delimiter, by chunks of `chunk` bytes. */
static size_t encode(const uint8_t *payload, size_t size, size_t chunk, uint8_t *wire)
{
    struct kdio_frame_encoder encoder = { 0 };
    size_t count = 0, more;

    kdio_frame_encoder_start(&encoder, payload, size, true);
    while ((more = kdio_frame_emit(&encoder, wire + count, chunk)) != 0)
        count += more;
    assert_true(kdio_frame_encoder_idle(&encoder));
    return count;
}

static void assert_frame(const struct decoding *decoding, const uint8_t *payload, size_t size)
{
    assert_int_equal(decoding->log.frames, 1);
    assert_int_equal(decoding->log.bad, 0);
    assert_int_equal(decoding->log.text, 0);
    assert_int_equal(decoding->decoder.size, size);
    assert_memory_equal(decoding->buffer, payload, size);
}

static void round_trip(const uint8_t *payload, size_t size)
{
    uint8_t wire[WIRE_SIZE];
    struct decoding decoding;
    size_t count = encode(payload, size, sizeof wire, wire);

    assert_true(count <= KDIO_FRAME_WIRE_MAX(size));
    assert_int_equal(wire[0], KDIO_FRAME_DELIMITER);
    assert_int_equal(wire[1], KDIO_FRAME_MARK);
    assert_int_equal(wire[count - 1], KDIO_FRAME_DELIMITER);
    assert_null(memchr(wire + 1, KDIO_FRAME_DELIMITER, count - 2));
    start(&decoding, PAYLOAD_MAX);
    feed(&decoding, wire, count);
    assert_frame(&decoding, payload, size);
}

/* ---- Round trips ---- */

static void every_length(void **state)
{
    uint8_t payload[PAYLOAD_MAX];

    (void)state;
    for (unsigned pattern = 0; pattern < 4; pattern++) {
        for (size_t i = 0; i < sizeof payload; i++)
            payload[i] = (uint8_t)(pattern == 0 ? 0 : pattern == 1 ? 0xf5 : pattern == 2 ? i : i % 255 + 1);
        for (size_t size = 1; size <= sizeof payload; size++)
            round_trip(payload, size);
    }
}

/* All ways to set eight bytes to zero or not, alone and behind a stretch that fills blocks. */
static void every_zero_pattern(void **state)
{
    uint8_t payload[PAYLOAD_MAX];

    (void)state;
    memset(payload, 0x7e, sizeof payload);
    for (size_t lead = 0; lead < 520; lead = lead < 248 ? lead + 31 : lead + 1)
        for (unsigned pattern = 0; pattern < 256; pattern++) {
            for (unsigned i = 0; i < 8; i++)
                payload[lead + i] = pattern >> i & 1 ? 0 : 0x55;
            round_trip(payload, lead + 8);
            memset(payload + lead, 0x7e, 8);
        }
}

static void no_payload_is_no_frame(void **state)
{
    uint8_t wire[WIRE_SIZE];
    struct decoding decoding;
    size_t count = encode(NULL, 0, sizeof wire, wire);

    (void)state;
    start(&decoding, PAYLOAD_MAX);
    feed(&decoding, wire, count);
    assert_int_equal(decoding.log.bad, 1);
    assert_int_equal(decoding.log.frames, 0);
}

static void check_vector(const struct vector *vector)
{
    uint8_t payload[VECTOR_BYTES_MAX], expected[VECTOR_BYTES_MAX], wire[WIRE_SIZE];
    size_t size = vector_bytes(vector, "payload", payload);
    size_t expected_size = vector_bytes(vector, "wire", expected);
    struct decoding decoding;

    assert_int_equal(encode(payload, size, sizeof wire, wire), expected_size);
    assert_memory_equal(wire, expected, expected_size);
    start(&decoding, PAYLOAD_MAX);
    feed(&decoding, expected, expected_size);
    assert_frame(&decoding, payload, size);
}

static void agrees_with_vectors(void **state)
{
    (void)state;
    vectors_each("frame.txt", check_vector);
}

static void any_chunk_encodes_the_same(void **state)
{
    uint8_t payload[300], whole[WIRE_SIZE], wire[WIRE_SIZE];
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i % 7 ? i : 0);
    count = encode(payload, sizeof payload, sizeof whole, whole);
    for (size_t chunk = 1; chunk < 40; chunk++) {
        assert_int_equal(encode(payload, sizeof payload, chunk, wire), count);
        assert_memory_equal(wire, whole, count);
    }
}

/* ---- Streams ---- */

/* Text, a frame, text at once, frames that share a delimiter, a stray MARK, a damaged frame, an open one at the end. */
static size_t make_stream(uint8_t *stream)
{
    static const uint8_t payload[] = { 1, 0, 2, 0xf5, 0, 0, 3 };
    static const uint8_t stray[] = { 0xf5, 0x00 }, damaged[] = { 0xf5, 0x09, 'l', 'i', 'e', 0x00 };
    struct kdio_frame_encoder encoder = { 0 };
    size_t size = 0;

    memcpy(stream, "boot\r\n", 6);
    size = 6;
    for (unsigned i = 0; i < 3; i++) {
        kdio_frame_encoder_start(&encoder, payload, sizeof payload - i, false);
        size += kdio_frame_emit(&encoder, stream + size, WIRE_SIZE);
    }
    memcpy(stream + size, "text\n", 5);
    size += 5;
    memcpy(stream + size, stray, sizeof stray);
    size += sizeof stray;
    memcpy(stream + size, damaged, sizeof damaged);
    size += sizeof damaged;
    memcpy(stream + size, "end\xf5\x20open", 9);
    return size + 9;
}

static void any_split_gives_the_same(void **state)
{
    uint8_t stream[WIRE_SIZE];
    size_t size = make_stream(stream);
    struct decoding whole, cut;

    (void)state;
    start(&whole, PAYLOAD_MAX);
    feed(&whole, stream, size);
    assert_int_equal(whole.log.frames, 3);
    assert_int_equal(whole.log.bad, 2);
    assert_int_equal(whole.log.text, 6 + 5 + 3);
    assert_true(kdio_frame_inside(&whole.decoder));
    for (size_t a = 0; a <= size; a++)
        for (size_t b = a; b <= size; b++) {
            start(&cut, PAYLOAD_MAX);
            feed(&cut, stream, a);
            feed(&cut, stream + a, b - a);
            feed(&cut, stream + b, size - b);
            assert_same(&cut.log, &whole.log);
        }
}

static void byte_by_byte_gives_the_same(void **state)
{
    uint8_t stream[WIRE_SIZE];
    size_t size = make_stream(stream);
    struct decoding whole, cut;

    (void)state;
    start(&whole, PAYLOAD_MAX);
    feed(&whole, stream, size);
    start(&cut, PAYLOAD_MAX);
    for (size_t i = 0; i < size; i++)
        feed(&cut, stream + i, 1);
    assert_same(&cut.log, &whole.log);
}

/* Whatever came before, a frame with its own opening delimiter is found: garbage of any last bytes, ended anywhere. */
static void a_good_frame_after_garbage(void **state)
{
    static const uint8_t payload[] = { 0x05, 0x14, 0x80, 0x00, 0x55 };
    uint8_t wire[WIRE_SIZE], garbage[48];
    size_t count = encode(payload, sizeof payload, sizeof wire, wire);
    struct decoding decoding;
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = round % sizeof garbage;

        for (size_t i = 0; i < size; i++) {
            random = random * 1664525 + 1013904223; /* Knuth, volume 2, 3.3.4. */
            garbage[i] = random >> 30 ? (uint8_t)(random >> 16) : KDIO_FRAME_MARK;
        }
        start(&decoding, PAYLOAD_MAX);
        feed(&decoding, garbage, size);
        feed(&decoding, wire, count);
        assert_true(decoding.log.frames > 0);
        assert_int_equal(decoding.decoder.size, sizeof payload);
        assert_memory_equal(decoding.buffer, payload, sizeof payload);
    }
}

static void text_comes_at_once(void **state)
{
    struct decoding decoding;

    (void)state;
    start(&decoding, PAYLOAD_MAX);
    for (unsigned byte = 1; byte < 256; byte++) {
        const uint8_t text = (uint8_t)byte;

        if (byte == KDIO_FRAME_MARK)
            continue;
        feed(&decoding, &text, 1);
        assert_int_equal(decoding.log.size, decoding.log.text);
        assert_int_equal(decoding.log.bytes[decoding.log.size - 1], byte);
    }
    assert_int_equal(decoding.log.text, 254);
}

/* ---- Damage ---- */

/* A frame from which one byte is lost, or in which one is altered: its bytes up to its closing delimiter are never
 * text, unless it is the MARK that is gone: no receiver can tell such bytes from text. */
static void damage_is_never_text(void **state)
{
    uint8_t payload[40], wire[WIRE_SIZE];
    struct decoding decoding;
    size_t count;

    (void)state;
    memset(payload, 'A', sizeof payload);
    count = encode(payload, sizeof payload, sizeof wire, wire);
    for (size_t at = 2; at < count - 1; at++) {
        start(&decoding, PAYLOAD_MAX);
        feed(&decoding, wire, at);
        feed(&decoding, wire + at + 1, count - at - 1);
        assert_int_equal(decoding.log.text, 0);
        assert_int_equal(decoding.log.frames, 0);
        assert_int_equal(decoding.log.bad, 1);
    }
    for (size_t at = 2; at < count - 1; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            wire[at] ^= (uint8_t)(1u << bit);
            start(&decoding, PAYLOAD_MAX);
            feed(&decoding, wire, count);
            if (wire[at] != KDIO_FRAME_DELIMITER)
                assert_int_equal(decoding.log.text, 0);
            wire[at] ^= (uint8_t)(1u << bit);
        }
}

static void too_long_is_bad_once(void **state)
{
    uint8_t payload[PAYLOAD_MAX], wire[WIRE_SIZE];
    struct decoding decoding;
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i | 1);
    for (size_t size = 1; size <= 40; size++) {
        count = encode(payload, size, sizeof wire, wire);
        start(&decoding, 20);
        feed(&decoding, wire, count);
        feed(&decoding, wire, encode(payload, 20, sizeof wire, wire));
        assert_int_equal(decoding.log.bad, size > 20);
        assert_int_equal(decoding.log.frames, size > 20 ? 1 : 2);
        assert_int_equal(decoding.log.text, 0);
    }
}

/* ---- Time ---- */

static void a_quiet_gap_ends_a_frame(void **state)
{
    static const uint8_t opened[] = { 0xf5, 0x05, 1 };
    struct decoding decoding;
    enum kdio_frame_event event;
    size_t text_at;

    (void)state;
    start(&decoding, PAYLOAD_MAX);
    assert_false(kdio_frame_gap(&decoding.decoder, 10 * KDIO_FRAME_GAP_US));
    (void)kdio_frame_push(&decoding.decoder, opened, sizeof opened, 1000, &event, &text_at);
    assert_false(kdio_frame_gap(&decoding.decoder, 1000 + KDIO_FRAME_GAP_US));
    assert_true(kdio_frame_inside(&decoding.decoder));
    assert_true(kdio_frame_gap(&decoding.decoder, 1001 + KDIO_FRAME_GAP_US));
    assert_false(kdio_frame_inside(&decoding.decoder));
    assert_false(kdio_frame_gap(&decoding.decoder, 1002 + KDIO_FRAME_GAP_US));
    feed(&decoding, (const uint8_t *)"hi", 2);
    assert_int_equal(decoding.log.text, 2);
}

/* ---- Delimiters ---- */

static void frames_share_a_delimiter(void **state)
{
    static const uint8_t payload[] = { 1, 2, 3 };
    struct kdio_frame_encoder encoder = { 0 };
    uint8_t wire[64];

    (void)state;
    kdio_frame_encoder_start(&encoder, payload, sizeof payload, false);
    assert_int_equal(kdio_frame_emit(&encoder, wire, sizeof wire), 7);
    kdio_frame_encoder_start(&encoder, payload, sizeof payload, false);
    assert_int_equal(kdio_frame_emit(&encoder, wire, sizeof wire), 6);
    assert_int_equal(wire[0], KDIO_FRAME_MARK);
    kdio_frame_encoder_start(&encoder, payload, sizeof payload, true);
    assert_int_equal(kdio_frame_emit(&encoder, wire, sizeof wire), 7);
    assert_int_equal(wire[0], KDIO_FRAME_DELIMITER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length),
        cmocka_unit_test(every_zero_pattern),
        cmocka_unit_test(no_payload_is_no_frame),
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(any_chunk_encodes_the_same),
        cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(byte_by_byte_gives_the_same),
        cmocka_unit_test(a_good_frame_after_garbage),
        cmocka_unit_test(text_comes_at_once),
        cmocka_unit_test(damage_is_never_text),
        cmocka_unit_test(too_long_is_bad_once),
        cmocka_unit_test(a_quiet_gap_ends_a_frame),
        cmocka_unit_test(frames_share_a_delimiter),
    };

    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
