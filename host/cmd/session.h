/* SPDX-License-Identifier: MIT */
/* session.h: one run of kdio against one target: open, execute, close, and say what happened. */
#ifndef KDIO_CMD_SESSION_H
#define KDIO_CMD_SESSION_H

#include <stdio.h>

#include "host/cmd/options.h"
#include "host/cmd/output.h"
#include "host/cmd/progress.h"

struct session {
    const struct cmd_options *options;
    struct output *output;
    struct failure *failure;
    struct kdio_target *target; /* NULL before session_open. */
    bool private_qemu;
    struct progress progress;
    FILE *console_file; /* Where --console sends the kernel's text; NULL for nowhere. */
    /* Takes the kernel's text too while set: the console command. */
    void (*console)(struct session *session, const char *text, size_t size);
    uint64_t console_size; /* Bytes of text so far. */
    struct kdio_capture *capture; /* Where --capture records the line; NULL for nowhere. */
};

/* Connects and finds the stub. session_close is due in any case. */
enum exit_status session_open(struct session *session);
void session_close(struct session *session);

/* Fills the failure in from the target's error. */
enum exit_status session_failure(struct session *session, enum kdio_status status);

/* For --expect-reset: whether the status says that the target is gone. */
bool session_lost(enum kdio_status status);

/* Waits until the target is gone; a failure when it stays. */
enum exit_status session_await_loss(struct session *session);

/* -v: the line's statistics on standard error. */
void session_print_statistics(struct session *session);

#endif
