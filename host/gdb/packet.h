/* SPDX-License-Identifier: MIT */
/*
 * packet.h: the packets of gdb's remote serial protocol ("GDB manual", appendix E): $data#checksum, escapes,
 * acknowledgements.
 *
 * Bytes in, packets out; nothing here waits or allocates. A packet longer than the buffer is dropped whole and reported
 * as such, so that no input makes the reader grow.
 */
#ifndef KDIO_GDB_PACKET_H
#define KDIO_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 0x4000u /* Bytes of data, unescaped, either way. */

enum gdb_event {
    GDB_NOTHING,  /* More bytes are needed. */
    GDB_PACKET,   /* reader->data, reader->size; a zero byte follows the data. */
    GDB_DAMAGED,  /* The checksum is wrong, or there was no room: to be asked for again. */
    GDB_BREAK,    /* ^C, outside of packets. */
    GDB_ACK,      /* + */
    GDB_NACK,     /* - : the last packet is to be sent again. */
};

struct gdb_reader {
    uint8_t state;
    bool escaped, too_long;
    uint8_t sum, sum_digit;
    size_t size;
    char data[GDB_PACKET_MAX + 1];
};

/* Takes one byte. */
enum gdb_event gdb_reader_take(struct gdb_reader *reader, uint8_t byte);

/* A packet being written: its frame and its checksum are made by gdb_writer_end. */
struct gdb_writer {
    size_t size;
    bool full; /* Something did not fit; the packet is not to be sent. */
    char bytes[2 * GDB_PACKET_MAX + 4];
};

void gdb_writer_begin(struct gdb_writer *writer);
void gdb_writer_text(struct gdb_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As two hexadecimal digits a byte. */
void gdb_writer_hex(struct gdb_writer *writer, const void *bytes, size_t size);
/* As they are, those with a meaning escaped. */
void gdb_writer_binary(struct gdb_writer *writer, const void *bytes, size_t size);
void gdb_writer_end(struct gdb_writer *writer);

/* Reading what is in a packet: numbers are hexadecimal. */
struct gdb_cursor {
    const char *at, *end;
    bool failed;
};

struct gdb_cursor gdb_cursor_on(const char *data, size_t size);
uint64_t gdb_read_number(struct gdb_cursor *cursor);
/* Takes `text` off; false and nothing taken when it is not there. */
bool gdb_read_text(struct gdb_cursor *cursor, const char *text);
/* Bytes of pairs of digits until they end; how many, at most `capacity`. */
size_t gdb_read_hex(struct gdb_cursor *cursor, uint8_t *bytes, size_t capacity);

#endif
