/* SPDX-License-Identifier: MIT */
/* backlog.c: implements backlog.h. */
#include "host/gdb/backlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_byte(struct gdb_backlog *backlog, char byte)
{
    backlog->bytes[(backlog->start + backlog->size) % GDB_BACKLOG_SIZE] = byte;
    if (backlog->size < GDB_BACKLOG_SIZE) {
        backlog->size++;
    } else {
        backlog->start = (backlog->start + 1) % GDB_BACKLOG_SIZE;
        backlog->lost++;
    }
}

void gdb_backlog_add(struct gdb_backlog *backlog, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        add_byte(backlog, text[i]);
}

void gdb_backlog_drain(struct gdb_backlog *backlog, void (*print)(void *context, const char *text, size_t size),
                       void *context)
{
    size_t start = backlog->start, size = backlog->size;
    size_t first = size < GDB_BACKLOG_SIZE - start ? size : GDB_BACKLOG_SIZE - start;
    char note[80];

    if (backlog->lost) {
        (void)snprintf(note, sizeof note, "kdio: %" PRIu64 " bytes of the kernel's text are missing here\n",
                       backlog->lost);
        print(context, note, strlen(note));
    }
    if (first)
        print(context, backlog->bytes + start, first);
    if (size > first)
        print(context, backlog->bytes, size - first);
    backlog->start = backlog->size = 0;
    backlog->lost = 0;
}
