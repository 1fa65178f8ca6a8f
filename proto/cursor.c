/* SPDX-License-Identifier: MIT */
/* cursor.c: see cursor.h. Each function is there once: inlined at every field, they would be half of the codec. */
#include "proto/cursor.h"

const uint8_t *kdio_read_bytes(struct kdio_reader *reader, uint32_t size)
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

uint64_t kdio_read_uint(struct kdio_reader *reader, unsigned size)
{
    const uint8_t *bytes = kdio_read_bytes(reader, size);
    uint64_t value = 0;

    while (bytes && size--)
        value = value << 8 | bytes[size];
    return value;
}

/* Takes room for `size` bytes; NULL when there is not enough. */
static uint8_t *take_room(struct kdio_writer *writer, uint32_t size)
{
    uint8_t *room = writer->at;

    if (writer->failed || writer->left < size) {
        writer->failed = true;
        return NULL;
    }
    writer->at += size;
    writer->left -= size;
    return room;
}

void kdio_write_uint(struct kdio_writer *writer, unsigned size, uint64_t value)
{
    uint8_t *room = take_room(writer, size);

    for (; room && size; size--, value >>= 8)
        *room++ = (uint8_t)value;
}

void kdio_write_bytes(struct kdio_writer *writer, const uint8_t *bytes, uint32_t size)
{
    uint8_t *room = take_room(writer, size);

    for (uint32_t i = 0; room && i < size; i++)
        room[i] = bytes[i];
}

unsigned kdio_letter_size(char letter)
{
    static const uint8_t sizes['w' - 'b' + 1] = {
        ['b' - 'b'] = 1, ['s' - 'b'] = 1, ['w' - 'b'] = 2, ['p' - 'b'] = 2, ['n' - 'b'] = 2,
        ['d' - 'b'] = 4, ['u' - 'b'] = 4, ['q' - 'b'] = 8, ['l' - 'b'] = 8,
    };

    return sizes[letter - 'b'];
}

void kdio_read_fields(struct kdio_reader *reader, const char *letters, uint32_t *fields)
{
    while (*letters)
        *fields++ = (uint32_t)kdio_read_uint(reader, kdio_letter_size(*letters++));
}

void kdio_write_fields(struct kdio_writer *writer, const char *letters, const uint32_t *fields)
{
    while (*letters)
        kdio_write_uint(writer, kdio_letter_size(*letters++), *fields++);
}
