/* SPDX-License-Identifier: MIT */
/* ext.h: `kdio ext`: runs a command of a WinDbg extension that was compiled for this machine. */
#ifndef KDIO_CMD_EXT_H
#define KDIO_CMD_EXT_H

#include "host/cmd/session.h"
#include "host/cmd/statement.h"

enum exit_status ext_execute(const struct statement *statement, struct session *session);

#endif
