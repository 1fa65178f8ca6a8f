/* SPDX-License-Identifier: MIT */
/*
 * cursor.h: bounds-checked little-endian reading and writing of wire bytes.
 *
 * A cursor never passes its end: the first access beyond it sets `failed`, which stays set, reads give 0 and writes
 * nothing. So a decoder reads a whole message and checks once.
 */
#ifndef KDIO_PROTO_CURSOR_H
#define KDIO_PROTO_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kdio_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

struct kdio_writer {
    uint8_t *at;
    size_t left;
    bool failed;
};

static inline struct kdio_reader kdio_reader_on(const uint8_t *bytes, size_t size)
{
    return (struct kdio_reader){ .at = bytes, .left = size };
}

static inline struct kdio_writer kdio_writer_on(uint8_t *bytes, size_t size)
{
    return (struct kdio_writer){ .at = bytes, .left = size };
}

/* Takes `size` bytes off the cursor; NULL when they are not there. */
static inline const uint8_t *kdio_read_bytes(struct kdio_reader *reader, size_t size)
{
    const uint8_t *bytes = reader->at;

    if (reader->failed || reader->left < size) {
        reader->failed = true;
        return NULL;
    }
    reader->at += size;
    reader->left -= size;
    return bytes;
}

/* An unsigned integer of `size` bytes, 1 to 8. */
static inline uint64_t kdio_read_uint(struct kdio_reader *reader, unsigned size)
{
    const uint8_t *bytes = kdio_read_bytes(reader, size);
    uint64_t value = 0;

    for (unsigned i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline uint8_t kdio_read_u8(struct kdio_reader *reader)
{
    return (uint8_t)kdio_read_uint(reader, 1);
}

static inline uint16_t kdio_read_u16(struct kdio_reader *reader)
{
    return (uint16_t)kdio_read_uint(reader, 2);
}

static inline uint32_t kdio_read_u32(struct kdio_reader *reader)
{
    return (uint32_t)kdio_read_uint(reader, 4);
}

static inline void kdio_write_uint(struct kdio_writer *writer, unsigned size, uint64_t value)
{
    if (writer->failed || writer->left < size) {
        writer->failed = true;
        return;
    }
    for (unsigned i = 0; i < size; i++)
        *writer->at++ = (uint8_t)(value >> (8 * i));
    writer->left -= size;
}

static inline void kdio_write_bytes(struct kdio_writer *writer, const uint8_t *bytes, size_t size)
{
    if (writer->failed || writer->left < size) {
        writer->failed = true;
        return;
    }
    for (size_t i = 0; i < size; i++)
        *writer->at++ = bytes[i];
    writer->left -= size;
}

#endif
