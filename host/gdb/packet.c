/* SPDX-License-Identifier: MIT */
/* packet.c: implements packet.h. */
#include "host/gdb/packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define START     '$'
#define END       '#'
#define ESCAPE    '}'
#define RUN       '*' /* Run-length encoding: only a stub may send it, so it is escaped. */
#define ESCAPE_BY 0x20
#define BREAK     0x03

enum { OUTSIDE, INSIDE, SUM_HIGH, SUM_LOW };

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* ---- Reading ---- */

static void begin(struct gdb_reader *reader)
{
    reader->state = INSIDE;
    reader->size = 0;
    reader->sum = 0;
    reader->escaped = reader->too_long = false;
}

static enum gdb_event take_outside(struct gdb_reader *reader, uint8_t byte)
{
    if (byte == START)
        begin(reader);
    return byte == BREAK ? GDB_BREAK : byte == '+' ? GDB_ACK : byte == '-' ? GDB_NACK : GDB_NOTHING;
}

static void put(struct gdb_reader *reader, uint8_t byte)
{
    if (reader->size == GDB_PACKET_MAX)
        reader->too_long = true;
    else
        reader->data[reader->size++] = (char)byte;
}

/* A start inside a packet: the end of the one before was lost. */
static void take_inside(struct gdb_reader *reader, uint8_t byte)
{
    if (byte == START) {
        begin(reader);
        return;
    }
    if (byte == END) {
        reader->state = SUM_HIGH;
        return;
    }
    reader->sum = (uint8_t)(reader->sum + byte);
    if (byte == ESCAPE && !reader->escaped) {
        reader->escaped = true;
        return;
    }
    put(reader, reader->escaped ? byte ^ ESCAPE_BY : byte);
    reader->escaped = false;
}

static enum gdb_event take_sum(struct gdb_reader *reader, uint8_t byte)
{
    int value = digit_value((char)byte);

    if (reader->state == SUM_HIGH) {
        reader->sum_digit = (uint8_t)value;
        reader->state = value < 0 ? OUTSIDE : SUM_LOW;
        return value < 0 ? GDB_DAMAGED : GDB_NOTHING;
    }
    reader->state = OUTSIDE;
    reader->data[reader->size] = '\0';
    if (value < 0 || reader->too_long || reader->escaped || (reader->sum_digit << 4 | value) != reader->sum)
        return GDB_DAMAGED;
    return GDB_PACKET;
}

enum gdb_event gdb_reader_take(struct gdb_reader *reader, uint8_t byte)
{
    if (reader->state == OUTSIDE)
        return take_outside(reader, byte);
    if (reader->state != INSIDE)
        return take_sum(reader, byte);
    take_inside(reader, byte);
    return GDB_NOTHING;
}

/* ---- Writing ---- */

static const char digits[] = "0123456789abcdef";

void gdb_writer_begin(struct gdb_writer *writer)
{
    writer->bytes[0] = START;
    writer->size = 1;
    writer->full = false;
}

static size_t room(const struct gdb_writer *writer)
{
    return sizeof writer->bytes - 3 - writer->size;
}

static void append(struct gdb_writer *writer, char byte)
{
    if (room(writer))
        writer->bytes[writer->size++] = byte;
    else
        writer->full = true;
}

void gdb_writer_text(struct gdb_writer *writer, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text) {
        writer->full = true;
        return;
    }
    gdb_writer_binary(writer, text, (size_t)size);
}

void gdb_writer_hex(struct gdb_writer *writer, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        append(writer, digits[byte[i] >> 4]);
        append(writer, digits[byte[i] & 15]);
    }
}

void gdb_writer_binary(struct gdb_writer *writer, const void *bytes, size_t size)
{
    const char *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        if (memchr("$#}*", byte[i], 4)) {
            append(writer, ESCAPE);
            append(writer, (char)(byte[i] ^ ESCAPE_BY));
        } else {
            append(writer, byte[i]);
        }
    }
}

void gdb_writer_end(struct gdb_writer *writer)
{
    uint8_t sum = 0;

    for (size_t i = 1; i < writer->size; i++)
        sum = (uint8_t)(sum + (uint8_t)writer->bytes[i]);
    writer->bytes[writer->size++] = END;
    writer->bytes[writer->size++] = digits[sum >> 4];
    writer->bytes[writer->size++] = digits[sum & 15];
}

/* ---- What is in a packet ---- */

struct gdb_cursor gdb_cursor_on(const char *data, size_t size)
{
    return (struct gdb_cursor){ .at = data, .end = data + size };
}

uint64_t gdb_read_number(struct gdb_cursor *cursor)
{
    const char *start = cursor->at;
    uint64_t number = 0;
    int value;

    while (cursor->at < cursor->end && (value = digit_value(*cursor->at)) >= 0) {
        cursor->failed |= number >> 60 != 0;
        number = number << 4 | (unsigned)value;
        cursor->at++;
    }
    cursor->failed |= cursor->at == start;
    return number;
}

bool gdb_read_text(struct gdb_cursor *cursor, const char *text)
{
    size_t size = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

size_t gdb_read_hex(struct gdb_cursor *cursor, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    int high, low;

    while (cursor->end - cursor->at >= 2 && (high = digit_value(cursor->at[0])) >= 0 &&
           (low = digit_value(cursor->at[1])) >= 0) {
        if (count == capacity) {
            cursor->failed = true;
            break;
        }
        bytes[count++] = (uint8_t)(high << 4 | low);
        cursor->at += 2;
    }
    return count;
}
