/* SPDX-License-Identifier: MIT */
/* number.h: numbers as a person types them: hexadecimal, unsigned, 64 bits, never sign-extended. */
#ifndef KDIO_CMD_NUMBER_H
#define KDIO_CMD_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_result {
    NUMBER_OK,
    NUMBER_GARBAGE,  /* Not a number in this notation. */
    NUMBER_OVERFLOW, /* A number that needs more than 64 bits. */
};

/*
 * Reads the whole of `text`: digits in base 16, or as the prefix says (0x 16, 0n 10, 0t 8, 0y 2), or with a trailing h.
 * One backtick may stand after any digit. A prefix needs at least one digit. *value is unchanged on failure.
 */
enum number_result number_parse(const char *text, uint64_t *value);

/* The same for counts of lines and seconds, which are plain decimal. */
enum number_result number_parse_decimal(const char *text, uint64_t *value);

/* The base that `text`, a number, names with a prefix or a trailing h; 0 when it names none. */
unsigned number_base(const char *text);

#define NUMBER_TEXT_SIZE 67 /* 64 binary digits, a prefix and the end. */

/* Writes the number with the prefix of `base`, one that number_base returns; none for 0, in hexadecimal digits. */
void number_format(uint64_t value, unsigned base, char text[static NUMBER_TEXT_SIZE]);

/* Whether the hexadecimal digits of `value` could be meant as decimal: they fit `max` then, and `value` does not. */
bool number_seems_decimal(uint64_t value, uint64_t max);

#endif
