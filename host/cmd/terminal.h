/* SPDX-License-Identifier: MIT */
/*
 * terminal.h: the kernel's text on its way to a stream. A terminal makes CR LF of a LF, so a CR that a kernel put
 * before its LF is left out there: lines end in one CR LF. Everywhere else the text goes on byte by byte as it came.
 */
#ifndef KDIO_CMD_TERMINAL_H
#define KDIO_CMD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct terminal {
    FILE *stream;
    bool adds_cr; /* It is a terminal that does so. */
    bool held_cr; /* The last byte so far, which waits for what follows it. */
};

void terminal_init(struct terminal *terminal, FILE *stream);

/* False with errno when something could not be written. Flushes nothing. */
bool terminal_write(struct terminal *terminal, const char *text, size_t size);

/* Writes what is held back: nothing follows it. */
bool terminal_end(struct terminal *terminal);

#endif
