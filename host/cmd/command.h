/* SPDX-License-Identifier: MIT */
/*
 * command.h: the one table of commands, shared by the command line, -c and the files of `kdio run`.
 *
 * A row is everything there is to know about a command. Port operations have `append` and `print`: they join programs,
 * so that several lines travel in one request. The others have `execute`, and run alone.
 */
#ifndef KDIO_CMD_COMMAND_H
#define KDIO_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cmd/failure.h"

#define STATEMENT_OPERANDS_MAX 2

struct command;
struct output;
struct policy;
struct session;

/* One line of a script, read: a command and its numbers. */
struct statement {
    const struct command *command;
    uint32_t line;  /* From 1; of the command line itself, 1. */
    uint32_t group; /* Line of the `{` that it stands in, or 0. */
    uint64_t operands[STATEMENT_OPERANDS_MAX];
    uint8_t bases[STATEMENT_OPERANDS_MAX]; /* As typed: number_base. */
};

struct command {
    const char *name;
    const char *arguments; /* As shown in the help: "PORT VALUE". */
    const char *summary;   /* One clause; rows that follow each other and have the same share a line of the help. */
    const char *details;   /* Paragraphs for `kdio help COMMAND`, each line ended. */
    unsigned operands_min, operands_max; /* Words after the name. */
    unsigned width;        /* Of a port access, in bytes; else 0. */
    bool connects;         /* Connects by itself: it runs before any target is open. */
    bool in_scripts;       /* May stand in a file of `kdio run`, and be a command of its own. */
    /* Refuses before anything is executed (target is NULL before it is open); NULL when nothing can be refused. */
    enum kdio_status (*check)(const struct statement *statement, const struct policy *policy,
                              struct kdio_target *target);
    enum kdio_status (*append)(const struct statement *statement, struct kdio_program *program);
    void (*print)(const struct statement *statement, uint32_t value, struct output *output);
    enum exit_status (*execute)(const struct statement *statement, struct session *session);
};

/* The command of that name, in any case of letters; NULL if there is none. */
const struct command *command_find(const char *name);

/* Usage error for a word that names no command, with what was probably meant. */
enum exit_status command_unknown(const char *word, struct failure *failure);

/* The table, ended by a row without a name. */
const struct command *command_first(void);

/* Usage error when words[0] to words[count - 1] are too few or too many for the command. */
enum exit_status command_check_count(const struct command *command, char *const *words, size_t count,
                                     struct failure *failure);

/* Reads a command and its numbers from words[0] to words[count - 1] (count at least 1). */
enum exit_status statement_parse(struct statement *statement, char *const *words, size_t count,
                                 struct failure *failure);

/* Writes the statement as a person would type it, its numbers in the base that was typed. */
void statement_format(const struct statement *statement, char *text, size_t size);

/* Writes what to say about a refusal beyond its status, or nothing: an operand that looks as if decimal was meant. */
void statement_hint(const struct statement *statement, enum kdio_status status, char *text, size_t size);

#endif
