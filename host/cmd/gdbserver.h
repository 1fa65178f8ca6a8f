/* SPDX-License-Identifier: MIT */
/* gdbserver.h: the command gdbserver: gdb's remote protocol on a socket or on standard input and output. */
#ifndef KDIO_CMD_GDBSERVER_H
#define KDIO_CMD_GDBSERVER_H

#include "host/cmd/session.h"
#include "host/cmd/statement.h"

enum exit_status gdbserver_execute(const struct statement *statement, struct session *session);

#endif
