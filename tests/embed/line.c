/* SPDX-License-Identifier: MIT */
/*
 * line.c: builds one line of text in the caller's struct. size never exceeds the room, so a line is always printable.
 */
#include "tests/embed/kernel.h"

#define DECIMAL_DIGITS_MAX 20u /* 2^64 - 1 */

static void add(struct line *line, char letter)
{
    if (line->size < sizeof(line->text))
        line->text[line->size++] = letter;
}

void line_text(struct line *line, const char *text)
{
    while (*text != '\0')
        add(line, *text++);
}

void line_decimal(struct line *line, uint64_t value)
{
    char digits[DECIMAL_DIGITS_MAX];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0)
        add(line, digits[--count]);
}

void line_hex(struct line *line, uint64_t value, unsigned digits)
{
    while (digits-- > 0)
        add(line, "0123456789abcdef"[value >> 4 * digits & 0xf]);
}
