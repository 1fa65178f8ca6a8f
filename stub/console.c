/* SPDX-License-Identifier: MIT */
/*
 * console.c: a record is a 16-bit header (bytes of text, 0 while it is being written) and the text, padded to an even
 * size. The reader zeroes what it has read before it gives it back, so that a fresh header is 0.
 */
#include "stub/console.h"

#include "proto/frame.h"

#define HEADER_SIZE 2u
#define NOT_TEXT '?'

void kdio_console_init(struct kdio_console *console, uint8_t *ring, uint32_t size)
{
    *console = (struct kdio_console){ .ring = ring, .size = size };
}

static uint16_t *header_at(struct kdio_console *console, uint32_t position)
{
    return (uint16_t *)(void *)(console->ring + (position & (console->size - 1)));
}

static uint32_t record_span(size_t size)
{
    return (uint32_t)(HEADER_SIZE + size + (size & 1));
}

size_t kdio_console_room(const struct kdio_console *console)
{
    uint32_t tail = __atomic_load_n(&console->tail, __ATOMIC_ACQUIRE);
    uint32_t used = __atomic_load_n(&console->reserved, __ATOMIC_RELAXED) - tail + HEADER_SIZE;
    uint32_t room = used < console->size ? console->size - used : 0;

    return room < console->size / 4 ? room : console->size / 4;
}

static bool reserve(struct kdio_console *console, uint32_t span, uint32_t *position)
{
    uint32_t at = __atomic_load_n(&console->reserved, __ATOMIC_RELAXED);

    do {
        if (at + span - __atomic_load_n(&console->tail, __ATOMIC_ACQUIRE) > console->size)
            return false;
    } while (!__atomic_compare_exchange_n(&console->reserved, &at, at + span, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    *position = at;
    return true;
}

bool kdio_console_write(struct kdio_console *console, const char *text, size_t size)
{
    uint32_t position;

    if (!size)
        return true;
    if (size > console->size / 4 || !reserve(console, record_span(size), &position))
        return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        bool is_text = byte != KDIO_FRAME_DELIMITER && byte != KDIO_FRAME_MARK;

        console->ring[(position + HEADER_SIZE + i) & (console->size - 1)] = is_text ? byte : NOT_TEXT;
    }
    __atomic_store_n(header_at(console, position), (uint16_t)size, __ATOMIC_RELEASE);
    return true;
}

void kdio_console_drop(struct kdio_console *console, size_t size)
{
    __atomic_fetch_add(&console->lost, (uint32_t)size, __ATOMIC_RELAXED);
}

/* A record is read in place; its header tells, until its last byte is consumed, how long it is. */
const uint8_t *kdio_console_peek(struct kdio_console *console, size_t *size)
{
    uint32_t at = (console->tail + HEADER_SIZE + console->record_at) & (console->size - 1);
    size_t to_end = console->size - at;

    *size = 0;
    if (console->tail == __atomic_load_n(&console->reserved, __ATOMIC_RELAXED))
        return NULL;
    *size = __atomic_load_n(header_at(console, console->tail), __ATOMIC_ACQUIRE);
    if (!*size)
        return NULL;
    *size -= console->record_at;
    if (*size > to_end)
        *size = to_end;
    return console->ring + at;
}

size_t kdio_console_consume(struct kdio_console *console, size_t size)
{
    uint32_t span;

    console->record_at += (uint32_t)size;
    if (size && console->record_at == *header_at(console, console->tail)) {
        span = record_span(console->record_at);
        for (uint32_t i = 0; i < span; i++)
            console->ring[(console->tail + i) & (console->size - 1)] = 0;
        console->record_at = 0;
        __atomic_store_n(&console->tail, console->tail + span, __ATOMIC_RELEASE);
    }
    (void)kdio_console_peek(console, &size);
    return size;
}

static size_t append(char *line, size_t at, const char *text)
{
    while (*text)
        line[at++] = *text++;
    return at;
}

static size_t append_decimal(char *line, size_t at, uint32_t value)
{
    char digits[10];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count)
        line[at++] = digits[--count];
    return at;
}

void kdio_console_tell_lost(struct kdio_console *console)
{
    uint32_t lost = __atomic_load_n(&console->lost, __ATOMIC_RELAXED);
    char line[64];
    size_t size;

    if (lost == console->told)
        return;
    size = append(line, 0, "\n[kdio: ");
    size = append_decimal(line, size, lost - console->told);
    size = append(line, size, " bytes of console text lost]\n");
    if (kdio_console_write(console, line, size))
        console->told = lost;
}
