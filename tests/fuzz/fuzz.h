/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h: what the fuzz targets share: the input as a stream of choices, and the end of a run that breaks a rule.
 *
 * An input that is used up yields zeros, so every input is a whole run and a shorter one is a simpler one.
 */
#ifndef KDIO_FUZZ_FUZZ_H
#define KDIO_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_input *input)
{
    if (!input->left)
        return 0;
    input->left--;
    return *input->at++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *input)
{
    uint16_t low = fuzz_u8(input);

    return (uint16_t)(low | fuzz_u8(input) << 8);
}

static inline uint32_t fuzz_u32(struct fuzz_input *input)
{
    uint32_t low = fuzz_u16(input);

    return low | (uint32_t)fuzz_u16(input) << 16;
}

/* Up to `wanted` bytes of the input, in place; how many there are. */
static inline size_t fuzz_bytes(struct fuzz_input *input, size_t wanted, const uint8_t **bytes)
{
    size_t size = wanted < input->left ? wanted : input->left;

    *bytes = input->at;
    input->at += size;
    input->left -= size;
    return size;
}

/* Ends the run: `rule` is broken. The fuzzer keeps the input. */
#define FUZZ_REQUIRE(condition, rule) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n    not: %s\n", __FILE__, __LINE__, rule, #condition); \
            abort(); \
        } \
    } while (0)

/* A copy that ends where its memory ends, so that a read beyond it is seen. */
static inline uint8_t *fuzz_exact_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    for (size_t i = 0; i < size; i++)
        copy[i] = bytes[i];
    return copy;
}

/* The second decoder of COBS. F1: blocks of a code byte c and c - 1 bytes; a zero after each block but a full one, and
 * but the last. */
static inline bool fuzz_unstuff(const uint8_t *bytes, size_t size, uint8_t *payload, size_t *payload_size)
{
    size_t at = 0;

    *payload_size = 0;
    while (at < size) {
        size_t code = bytes[at++];

        if (size - at < code - 1)
            return false;
        memcpy(payload + *payload_size, bytes + at, code - 1);
        *payload_size += code - 1;
        at += code - 1;
        if (code != 0xff && at < size)
            payload[(*payload_size)++] = 0;
    }
    return true;
}

#endif
