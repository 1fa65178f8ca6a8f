/* SPDX-License-Identifier: MIT */
/*
 * statement.h: one line of a script, read by the forms of its command; checked, hinted at and written by them too.
 */
#ifndef KDIO_CMD_STATEMENT_H
#define KDIO_CMD_STATEMENT_H

#include "host/cmd/command.h"

#define STATEMENT_OPERANDS_MAX 4

/* Of a command with a list or a text: what follows its other operands. */
struct statement_tail {
    char *text; /* NULL for a list. */
    size_t count;
    uint8_t *bases;
    uint64_t numbers[];
};

/* Zero is the statement without operands. statement_free is due for one that was read. */
struct statement {
    const struct command *command;
    uint32_t line;  /* From 1; of the command line itself, 1. */
    uint32_t group; /* Line of the `{` that it stands in, or 0. */
    uint64_t operands[STATEMENT_OPERANDS_MAX]; /* The numbers of the forms, in their order. */
    uint8_t bases[STATEMENT_OPERANDS_MAX]; /* As typed: number_base, or one of STATEMENT_BASE_*. */
    uint8_t option; /* command_option, or 0. */
    uint8_t operand_count;
    struct statement_tail *tail; /* NULL for none. */
};

#define STATEMENT_BASE_TIME 0xffu /* Microseconds, decimal, with their unit. */
#define STATEMENT_LIFTED    0x80u /* Added to the base of a count: L? instead of L. */

/* Reads a command and its operands from words[0] to words[count - 1] (count at least 1). */
enum exit_status statement_parse(struct statement *statement, char *const *words, size_t count,
                                 struct failure *failure);

void statement_free(struct statement *statement);

/* Writes the statement as a person would type it, its numbers in the base that was typed; cut where it does not fit. */
void statement_format(const struct statement *statement, char *text, size_t size);

/* Refuses numbers that are too wide, and lengths that are 0, too large or pass the end of the addresses. */
enum exit_status statement_check(const struct statement *statement, struct failure *failure);

/* The failure of a statement that is refused with this status. */
enum exit_status statement_refused(const struct statement *statement, enum kdio_status status,
                                   struct failure *failure);

/* Bytes of a unit of the statement's range or list. */
unsigned statement_width(const struct statement *statement);

/* The numbers of the tail as units of `width` bytes, little-endian; the caller frees them. NULL when memory is out. */
uint8_t *statement_units(const struct statement *statement, unsigned width, size_t *size);

#endif
