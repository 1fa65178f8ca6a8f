/* SPDX-License-Identifier: MIT */
/*
 * cursor.h: bounds-checked little-endian reading and writing of wire bytes.
 *
 * Less than 4 GiB. A cursor never passes its end: the first access beyond it sets `failed`, which stays set, reads
 * give 0 and writes nothing. So a decoder reads a whole message and checks once.
 */
#ifndef KDIO_PROTO_CURSOR_H
#define KDIO_PROTO_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kdio_reader {
    const uint8_t *at;
    uint32_t left;
    bool failed;
};

struct kdio_writer {
    uint8_t *at;
    uint32_t left;
    bool failed;
};

static inline struct kdio_reader kdio_reader_on(const uint8_t *bytes, size_t size)
{
    return (struct kdio_reader){ .at = bytes, .left = (uint32_t)size };
}

static inline struct kdio_writer kdio_writer_on(uint8_t *bytes, size_t size)
{
    return (struct kdio_writer){ .at = bytes, .left = (uint32_t)size };
}

/* Takes `size` bytes off the cursor; NULL when they are not there. */
const uint8_t *kdio_read_bytes(struct kdio_reader *reader, uint32_t size);

/* An unsigned integer of `size` bytes, 1 to 8. */
uint64_t kdio_read_uint(struct kdio_reader *reader, unsigned size);

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

void kdio_write_uint(struct kdio_writer *writer, unsigned size, uint64_t value);
void kdio_write_bytes(struct kdio_writer *writer, const uint8_t *bytes, uint32_t size);

/*
 * Layouts: a letter for each field, in wire order.
 *   b w d q   unsigned, 1 2 4 8 bytes
 *   p         I/O port, 2 bytes
 *   u         a time in microseconds, 4 bytes
 *   n         a count, 2 bytes
 *   l         a length, 8 bytes
 *   s         a count byte, before so many bytes
 * `v` and `t` have no size by themselves (op_table.h): 0.
 */
unsigned kdio_letter_size(char letter);

/* Fields of 4 bytes at most, to and from an array. */
void kdio_read_fields(struct kdio_reader *reader, const char *letters, uint32_t *fields);
void kdio_write_fields(struct kdio_writer *writer, const char *letters, const uint32_t *fields);

#endif
