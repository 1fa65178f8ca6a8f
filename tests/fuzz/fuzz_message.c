/* SPDX-License-Identifier: MIT */
/*
 * fuzz_message.c: the messages of both ends: a decoder takes every payload that is long enough and no other, reads
 * within it, and the encoder gives its fields back byte for byte; the check finds what it must.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/crc32c.h"
#include "proto/message.h"
#include "proto/session.h"

/* K1 by its definition, bit by bit. */
static uint32_t crc_by_bits(uint32_t crc, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return crc;
}

static void check_check(const uint8_t *bytes, size_t size, uint32_t start, size_t bit)
{
    uint8_t *payload = malloc(size + KDIO_CRC32C_SIZE);

    memcpy(payload, bytes, size);
    FUZZ_REQUIRE(kdio_crc32c(start, bytes, size) == crc_by_bits(start, bytes, size), "CRC-32C");
    FUZZ_REQUIRE(kdio_message_seal(payload, size, start) == size + KDIO_CRC32C_SIZE, "sealing adds the check");
    size += KDIO_CRC32C_SIZE;
    FUZZ_REQUIRE(kdio_message_intact(payload, size, start) == (size >= KDIO_MESSAGE_MIN), "a sealed payload is intact");
    FUZZ_REQUIRE(!kdio_message_intact(payload, size, start ^ (1u << bit % 32)), "another start never fits");
    payload[bit / 8 % size] ^= (uint8_t)(1u << bit % 8);
    FUZZ_REQUIRE(!kdio_message_intact(payload, size, start), "one wrong bit is always found");
    free(payload);
}

static void check_same(const uint8_t *written, const uint8_t *read, size_t size)
{
    FUZZ_REQUIRE(!memcmp(written, read, size), "encode(decode(x)) = x");
}

static void check_open(const uint8_t *payload, size_t size)
{
    uint8_t again[KDIO_OPEN_SIZE];
    uint8_t low, high;
    uint32_t nonce;
    bool read = kdio_open_read(payload, size, &low, &high, &nonce);
    bool quiet;

    FUZZ_REQUIRE(read == (size >= KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE), "OPEN is taken when it is long enough");
    if (!read)
        return;
    quiet = kdio_open_write(again, low, high, nonce);
    check_same(again + 1, payload + 1, KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE - 1);
    FUZZ_REQUIRE(kdio_message_intact(again, sizeof again, KDIO_CRC32C_PLAIN), "OPEN is sealed");
    for (size_t i = 0; quiet && i < sizeof again; i++)
        FUZZ_REQUIRE(again[i] >= KDIO_OPEN_FLOOR, "L13");
}

static void check_answer(const uint8_t *payload, size_t size)
{
    uint8_t again[KDIO_CONTROL_SIZE];
    struct kdio_answer answer;
    bool read = kdio_answer_read(payload, size, &answer);

    FUZZ_REQUIRE(read == (size >= KDIO_ANSWER_SIZE - KDIO_CRC32C_SIZE), "ANSWER is taken when it is long enough");
    if (!read)
        return;
    FUZZ_REQUIRE(kdio_answer_write(again, &answer, 7) == KDIO_ANSWER_SIZE, "ANSWER has one size");
    check_same(again + 1, payload + 1, KDIO_ANSWER_SIZE - KDIO_CRC32C_SIZE - 1);
    FUZZ_REQUIRE(kdio_message_intact(again, KDIO_ANSWER_SIZE, kdio_session_answer_start(7)), "ANSWER is sealed");
}

static void check_hello(const uint8_t *payload, size_t size)
{
    uint8_t again[KDIO_CONTROL_SIZE];
    struct kdio_hello hello;
    bool read = kdio_hello_read(payload, size, &hello);

    FUZZ_REQUIRE(read == (size >= KDIO_HELLO_SIZE - KDIO_CRC32C_SIZE), "HELLO is taken when it is long enough");
    if (!read)
        return;
    FUZZ_REQUIRE(kdio_hello_write(again, &hello) == KDIO_HELLO_SIZE, "HELLO has one size");
    check_same(again + 1, payload + 1, KDIO_HELLO_SIZE - KDIO_CRC32C_SIZE - 1);
}

static void check_failure(const uint8_t *body, size_t size)
{
    uint8_t again[KDIO_FAILED_SIZE];
    struct kdio_failure failure;
    bool read = kdio_failure_read(body, size, &failure);

    FUZZ_REQUIRE(read == (size >= KDIO_FAILED_SIZE), "FAILED is taken when it is long enough");
    if (!read)
        return;
    kdio_failure_write(again, &failure);
    check_same(again, body, KDIO_FAILED_SIZE);
}

/* K1, K2: mix is one to one, so no two numbers of a session start alike; nor do a request and its reply. */
static void check_keys(struct fuzz_input *input)
{
    struct kdio_session_key key = { fuzz_u32(input), fuzz_u32(input) };
    struct kdio_session_key other = { key.nonce, key.challenge ^ (1u << fuzz_u8(input) % 32) };
    uint32_t seq = fuzz_u32(input);
    uint32_t later = seq + 1 + fuzz_u16(input);

    FUZZ_REQUIRE(kdio_session_start(key, seq) != kdio_session_start(key, later), "K2: numbers of one session");
    FUZZ_REQUIRE(kdio_session_start(key, seq) != kdio_session_start(other, seq),
                 "K2: sessions that differ in one half");
    FUZZ_REQUIRE(kdio_session_start(key, seq) != kdio_session_reply_start(key, seq), "a request is never its reply");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };
    uint8_t *payload = fuzz_exact_copy(data, size);

    check_open(payload, size);
    check_answer(payload, size);
    check_hello(payload, size);
    check_failure(payload, size);
    check_keys(&input);
    check_check(payload, size, size > 4 ? payload[0] * 0x01010101u : 0xffffffffu, size > 4 ? payload[1] * 7u : 3);
    free(payload);
    return 0;
}
