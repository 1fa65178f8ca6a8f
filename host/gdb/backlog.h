/* SPDX-License-Identifier: MIT */
/*
 * backlog.h: the kernel's text that gdb cannot take yet: it shows text only while it waits for a stop.
 *
 * The newest text stays; what it pushes out is counted, so that it can be said that something is missing.
 */
#ifndef KDIO_GDB_BACKLOG_H
#define KDIO_GDB_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

#define GDB_BACKLOG_SIZE 0x4000u

/* All zeros is empty. */
struct gdb_backlog {
    size_t start, size; /* bytes[start] is the oldest of `size`; they go on at the beginning. */
    uint64_t lost;      /* Bytes that were pushed out. */
    char bytes[GDB_BACKLOG_SIZE];
};

void gdb_backlog_add(struct gdb_backlog *backlog, const char *text, size_t size);
/* Prints all that is there, a note of what is missing first, and is empty then. */
void gdb_backlog_drain(struct gdb_backlog *backlog, void (*print)(void *context, const char *text, size_t size),
                       void *context);

#endif
