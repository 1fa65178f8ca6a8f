/* SPDX-License-Identifier: MIT */
/* run_control.h: stopping the kernel, looking at its registers, breakpoints, and going on. */
#ifndef KDIO_CMD_RUN_CONTROL_H
#define KDIO_CMD_RUN_CONTROL_H

#include "host/cmd/session.h"
#include "host/cmd/statement.h"

/* Why the kernel stands, in a word; "running" when it does not. */
const char *run_control_reason(const struct kdio_stop *stop);

#define RUN_CONTROL_TEXT_SIZE 48u

/* The same and where: "breakpoint at 00000000`00102070". */
void run_control_text(const struct kdio_stop *stop, char text[RUN_CONTROL_TEXT_SIZE]);

enum exit_status break_execute(const struct statement *statement, struct session *session);
enum exit_status go_execute(const struct statement *statement, struct session *session);
enum exit_status trace_execute(const struct statement *statement, struct session *session);
enum exit_status step_over_execute(const struct statement *statement, struct session *session);
enum exit_status r_execute(const struct statement *statement, struct session *session);
enum exit_status bp_execute(const struct statement *statement, struct session *session);
enum exit_status ba_execute(const struct statement *statement, struct session *session);
enum exit_status bl_execute(const struct statement *statement, struct session *session);
enum exit_status bc_execute(const struct statement *statement, struct session *session);
enum exit_status reboot_execute(const struct statement *statement, struct session *session);

#endif
