/* SPDX-License-Identifier: MIT */
/* console.c: implements console.h. head and tail only grow; their difference is the waiting text, at most the ring. */
#include "stub/boot/console.h"

#include "stub/boot/text.h"
#include "stub/boot/x86.h"

#define RING_SIZE    16384u
#define PIECE_SIZE   64u  /* Small enough for every stub to take in one go. */
#define AHEAD_SIZE   128u /* What may be handed over at once after a quiet time. */
#define LINE_SIZE    160u
#define BAUD_UNKNOWN 9600u

struct console {
    char ring[RING_SIZE];
    size_t head, tail;
    uint64_t dropped;
    uint64_t tsc_per_byte;
    uint64_t sent_until; /* Time-stamp at which the line is done with what the stub has. */
};

static struct console console;

size_t console_room(void)
{
    return RING_SIZE - (console.head - console.tail);
}

void console_write(const char *bytes, size_t size)
{
    if (size > console_room()) {
        console.dropped += size;
        return;
    }
    for (size_t i = 0; i < size; i++)
        console.ring[console.head++ % RING_SIZE] = bytes[i];
}

void console_print(const char *format, ...)
{
    char line[LINE_SIZE];
    struct text text;
    va_list list;

    text_init(&text, line, sizeof line);
    va_start(list, format);
    text_add_list(&text, format, list);
    va_end(list);
    console_write(text.bytes, text.length);
}

static size_t piece_copy(char *piece, size_t size)
{
    size_t waiting = console.head - console.tail;

    if (size > waiting)
        size = waiting;
    for (size_t i = 0; i < size; i++)
        piece[i] = console.ring[(console.tail + i) % RING_SIZE];
    return size;
}

void console_pace(uint32_t baud, uint32_t tsc_khz)
{
    uint64_t bits_per_s = baud ? baud : BAUD_UNKNOWN;

    /* Ten bits a byte on the line; four thirds of the time that they take. */
    console.tsc_per_byte = (uint64_t)tsc_khz * 1000 * 10 * 4 / (3 * bits_per_s);
    console.sent_until = tsc_read();
}

/* How many bytes are due now. */
static size_t size_due(uint64_t now)
{
    uint64_t ahead;

    if (console.sent_until < now)
        console.sent_until = now;
    ahead = (console.sent_until - now + console.tsc_per_byte - 1) / console.tsc_per_byte;
    return ahead < AHEAD_SIZE ? AHEAD_SIZE - (size_t)ahead : 0;
}

bool console_pump(struct kdio_stub *stub)
{
    char piece[PIECE_SIZE];
    size_t due = size_due(tsc_read()), size, taken;

    if (console.tail == console.head || due < PIECE_SIZE)
        return console.tail != console.head;
    size = piece_copy(piece, sizeof piece);
    taken = kdio_stub_console(stub, piece, size);
    console.tail += taken;
    console.sent_until += size * console.tsc_per_byte;
    return console.tail != console.head;
}

size_t console_take(char *bytes, size_t size)
{
    size = piece_copy(bytes, size);
    console.tail += size;
    return size;
}
