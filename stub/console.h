/* SPDX-License-Identifier: MIT */
/*
 * console.h: a queue of console text that any context may write, and that the holder of the stub reads.
 *
 * Writers reserve, fill, then publish, so they may preempt each other and run on several CPUs without a lock; text of
 * one call stays together. A header is 0 until its record is published, and free bytes are 0.
 */
#ifndef KDIO_STUB_CONSOLE_H
#define KDIO_STUB_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kdio_console {
    uint8_t *ring;
    uint32_t size;     /* A power of two. */
    uint32_t reserved; /* Writers' end; counts on without wrapping to the size. */
    uint32_t tail;     /* Reader's end. */
    uint32_t record_at; /* Bytes of the record at tail that are read. */
    uint32_t lost;     /* Bytes dropped, in all. */
    uint32_t told;     /* Of these, bytes that the text says are lost. */
};

/* `size` is a power of two, the ring zeroed. */
void kdio_console_init(struct kdio_console *console, uint8_t *ring, uint32_t size);

/* Any context. All of the text, or none and false. */
bool kdio_console_write(struct kdio_console *console, const char *text, size_t size);

/* Any context. The longest text that kdio_console_write would take now. */
size_t kdio_console_room(const struct kdio_console *console);

/* Any context. Counts text that its owner gives up on. */
void kdio_console_drop(struct kdio_console *console, size_t size);

/* Reader: bytes to send next, in one piece; NULL and 0 when there are none. */
const uint8_t *kdio_console_peek(struct kdio_console *console, size_t *size);

/* Reader: so many of them are sent. Returns the size that the next peek gives. */
size_t kdio_console_consume(struct kdio_console *console, size_t size);

/* Reader: queues a line about lost bytes when there are some to tell of and it fits. */
void kdio_console_tell_lost(struct kdio_console *console);

#endif
