/* SPDX-License-Identifier: MIT */
/*
 * text.h: builds text in a buffer of the caller's. What does not fit is cut off; the buffer is never overrun, and
 * always ends in a zero byte, which length does not count.
 */
#ifndef KDIO_BOOT_TEXT_H
#define KDIO_BOOT_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
    char *bytes;
    size_t size;
    size_t length;
};

/* Starts an empty text in `buffer`, which holds `size` bytes (at least 1). */
void text_init(struct text *text, char *buffer, size_t size);

void text_add_bytes(struct text *text, const char *bytes, size_t size);

/* Adds a formatted piece. Knows %s %c %u %x %lu %lx %%, and a width with leading zeros (%04x, %03u). */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_list(struct text *text, const char *format, va_list list) __attribute__((format(printf, 2, 0)));

#endif
