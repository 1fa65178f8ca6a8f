/* SPDX-License-Identifier: MIT */
/*
 * server.h: serves gdb's remote protocol for a target: bytes of gdb in, calls of kdio.h, bytes for gdb out.
 *
 * It owns no line to gdb and no target. Nothing that gdb sends, packets that are wrong or too large among it, does
 * anything to the target but what a well-formed packet asks for. Breakpoints that are not gdb's are left alone.
 */
#ifndef KDIO_GDB_SERVER_H
#define KDIO_GDB_SERVER_H

#include <kdio.h>

#include "host/gdb/packet.h"
#include "host/gdb/registers.h"

struct gdb_server;

/* What the server needs of whoever runs it. */
struct gdb_server_io {
    void *context;
    void (*send)(void *context, const char *bytes, size_t size); /* To gdb; all of it. */
    /* Executes a line of `monitor`: what it prints goes to print(print_context, text), why it failed too. */
    void (*monitor)(void *context, const char *line,
                    void (*print)(void *print_context, const char *text, size_t size), void *print_context);
};

enum gdb_server_state {
    GDB_SERVER_STOPPED,
    GDB_SERVER_RUNNING, /* gdb waits for a stop: call gdb_server_wait again and again. */
    GDB_SERVER_ENDED,   /* gdb detached, or killed the target. */
};

/* NULL when memory is out. */
struct gdb_server *gdb_server_new(struct kdio_target *target, const struct gdb_server_io *io);
void gdb_server_free(struct gdb_server *server);

/*
 * gdb has connected: stops the kernel. A failure is told by the status, and no connection is to be served; neither when
 * the state is RUNNING, as that of a kernel which keeps interrupts off.
 */
KDIO_MUST_CHECK enum kdio_status gdb_server_attach(struct gdb_server *server);

/* gdb is gone without a word: takes its breakpoints out and lets the kernel run. The status is the first failure's. */
KDIO_MUST_CHECK enum kdio_status gdb_server_detach(struct gdb_server *server);

enum gdb_server_state gdb_server_state(const struct gdb_server *server);

/* The kernel's text, for gdb to show: at once while it waits for a stop, else when it lets the kernel go on. */
void gdb_server_print(struct gdb_server *server, const char *text, size_t size);

/* Bytes that gdb sent. Answers go out by io.send. */
void gdb_server_take(struct gdb_server *server, const uint8_t *bytes, size_t size);

/* While it runs: waits at most `ms` for a stop, and tells gdb. The status is that of the target. */
KDIO_MUST_CHECK enum kdio_status gdb_server_wait(struct gdb_server *server, uint32_t ms);

#endif
