/* SPDX-License-Identifier: MIT */
/*
 * script.h: a text of commands, read and checked as a whole before any of it is executed.
 *
 *     ob 70 0        # one command a line; # starts a comment
 *     {              # from here to } is one atomic program
 *     ob 70 2
 *     ib 71
 *     }
 *     s -a 1000 L100 "a text"
 */
#ifndef KDIO_CMD_SCRIPT_H
#define KDIO_CMD_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "host/cmd/statement.h"

struct script {
    const char *name; /* Of the file, for messages; NULL for a command given on the command line. */
    struct statement *statements;
    size_t count;
    size_t capacity;
};

/*
 * Reads `size` bytes of text; lines end at `separator` (a newline, or ';' for -c, where newlines end lines too). On
 * failure the failure names the file and the line. script_free is due in any case.
 */
enum exit_status script_parse(struct script *script, const char *name, const char *text, size_t size, char separator,
                              struct failure *failure);

/* Makes a script of the one command words[0] to words[count - 1]. */
enum exit_status script_of_words(struct script *script, char *const *words, size_t count, struct failure *failure);

/*
 * Asks the checks of the commands from line `from` on, so that a refused line is found before any is executed: first
 * without a target, before anything is sent, then with it, for what only the stub can tell.
 */
enum exit_status script_check(const struct script *script, uint32_t from, const struct policy *policy,
                              struct kdio_target *target, struct failure *failure);

void script_free(struct script *script);

#endif
