/* SPDX-License-Identifier: MIT */
/* number.h: numbers as a person types them: hexadecimal, unsigned, 64 bits, never sign-extended. */
#ifndef KDIO_CMD_NUMBER_H
#define KDIO_CMD_NUMBER_H

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

#endif
