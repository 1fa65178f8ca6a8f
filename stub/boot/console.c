/* SPDX-License-Identifier: MIT */
/* console.c: implements console.h. head and tail only grow; their difference is the waiting text, at most the ring. */
#include "stub/boot/console.h"

#include "stub/boot/text.h"
#include "stub/boot/x86.h"

#define RING_SIZE    16384u
#define PIECE_SIZE   64u
#define LINE_SIZE    160u

struct console {
    char ring[RING_SIZE];
    size_t head, tail;
    uint64_t dropped;
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

bool console_pump(struct kdio_stub *stub)
{
    char piece[PIECE_SIZE];
    size_t room = kdio_stub_console_room(stub);
    size_t size = piece_copy(piece, room < sizeof piece ? room : sizeof piece);

    if (size)
        console.tail += kdio_stub_console(stub, piece, size);
    return console.tail != console.head;
}

size_t console_take(char *bytes, size_t size)
{
    size = piece_copy(bytes, size);
    console.tail += size;
    return size;
}
