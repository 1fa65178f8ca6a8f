/* SPDX-License-Identifier: MIT */
/* session.h: commands that are executed on one target, and what happened to them. */
#ifndef KDIO_CMD_SESSION_H
#define KDIO_CMD_SESSION_H

#include <stdio.h>

#include "host/cmd/options.h"
#include "host/cmd/output.h"
#include "host/cmd/progress.h"
#include "host/cmd/terminal.h"

struct session {
    const struct cmd_options *options;
    struct output *output;
    struct failure *failure;
    struct kdio_target *target; /* NULL before it is open. */
    bool (*interrupted)(void *context); /* Asked for session_interrupted; NULL: nothing interrupts. */
    void *context;
    char *line; /* The gensio string of the target, or NULL. */
    bool private_qemu;
    struct progress progress;
    FILE *console_file; /* Where --console sends the kernel's text; NULL for nowhere. */
    struct terminal console_terminal;
    /* Takes the kernel's text too while set: the console command. */
    void (*console)(struct session *session, const char *text, size_t size);
    uint64_t console_size; /* Bytes of text so far. */
    struct kdio_capture *capture; /* Where --capture records the line; NULL for nowhere. */
};

/* True when what is under way should end: an interruption. */
bool session_interrupted(struct session *session);

/* Fills the failure in from the target's error. */
enum exit_status session_failure(struct session *session, enum kdio_status status);

/* For --expect-reset: whether the status says that the target is gone. */
bool session_lost(enum kdio_status status);

/* Waits until the target is gone; a failure when it stays. Nothing is awaited where no target was opened. */
enum exit_status session_await_loss(struct session *session);

#endif
