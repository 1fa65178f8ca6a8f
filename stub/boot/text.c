/* SPDX-License-Identifier: MIT */
/* text.c: the kernel's formatter. A write goes through add_char alone, which keeps the bound and the closing zero. */
#include "stub/boot/text.h"

#include <stdbool.h>
#include <stdint.h>

struct arguments {
    va_list list;
};

void text_init(struct text *text, char *buffer, size_t size)
{
    text->bytes = buffer;
    text->size = size;
    text->length = 0;
    buffer[0] = 0;
}

static void add_char(struct text *text, char c)
{
    if (text->length + 1 >= text->size)
        return;
    text->bytes[text->length++] = c;
    text->bytes[text->length] = 0;
}

void text_add_bytes(struct text *text, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        add_char(text, bytes[i]);
}

static void add_string(struct text *text, const char *string)
{
    while (*string)
        add_char(text, *string++);
}

static void add_number(struct text *text, uint64_t value, unsigned base, unsigned width)
{
    char digits[20]; /* 2^64 has 20 decimal digits. */
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (unsigned i = count; i < width; i++)
        add_char(text, '0');
    while (count)
        add_char(text, digits[--count]);
}

/* Takes one conversion, from behind its percent sign, and returns what follows it. */
static const char *add_conversion(struct text *text, const char *format, struct arguments *arguments)
{
    unsigned width = 0;
    bool is_long = false;

    while (*format >= '0' && *format <= '9')
        width = width * 10 + (unsigned)(*format++ - '0');
    if (*format == 'l') {
        is_long = true;
        format++;
    }
    switch (*format) {
    case 's':
        add_string(text, va_arg(arguments->list, const char *));
        break;
    case 'c':
        add_char(text, (char)va_arg(arguments->list, int));
        break;
    case 'u':
    case 'x':
        add_number(text, is_long ? va_arg(arguments->list, unsigned long) : va_arg(arguments->list, unsigned),
                   *format == 'u' ? 10 : 16, width);
        break;
    default:
        add_char(text, *format);
    }
    return *format ? format + 1 : format;
}

void text_add_list(struct text *text, const char *format, va_list list)
{
    struct arguments arguments;

    va_copy(arguments.list, list);
    while (*format) {
        char c = *format++;

        if (c == '%')
            format = add_conversion(text, format, &arguments);
        else
            add_char(text, c);
    }
    va_end(arguments.list);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    text_add_list(text, format, list);
    va_end(list);
}
