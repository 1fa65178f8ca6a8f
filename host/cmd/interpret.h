/* SPDX-License-Identifier: MIT */
/*
 * interpret.h: executes a line of commands for a program that is not kdio itself: a debugger's engine, a gdb server.
 * What is printed goes to a function; the process's output, signals and options are left alone, and there is no state
 * between two calls.
 */
#ifndef KDIO_CMD_INTERPRET_H
#define KDIO_CMD_INTERPRET_H

#include <stdbool.h>
#include <stddef.h>

#include "host/cmd/failure.h"

/* Where a line is executed, and where what it prints goes. */
struct interpreter {
    struct kdio_target *target; /* Open. */
    const char *target_name;    /* For messages. */
    bool read_only;             /* Refuse what changes the target, before anything is sent. */
    bool stands;                /* Refuse t and p, in the same way: a debugger steps, and must know. g tells it. */
    /* Takes what is printed, in pieces of any size. `error`: the one line of a failure, without an end of line. */
    void (*print)(void *context, bool error, const char *text, size_t size);
    bool (*interrupted)(void *context); /* Asked between requests, true ends the line; NULL: nothing does. */
    void *context;
};

/*
 * Executes one line: commands with `;` between them, `{ }` round atomic programs, as after `kdio -c`. The whole line is
 * checked before anything is sent; it stops at the first failure. *status is the library's status behind a failure,
 * KDIO_DONE where there is none. A line without a command is done.
 */
enum exit_status interpret(const struct interpreter *interpreter, const char *line, enum kdio_status *status);

#endif
