/* SPDX-License-Identifier: MIT */
/* console.h: the command `console`. */
#ifndef KDIO_CMD_CONSOLE_H
#define KDIO_CMD_CONSOLE_H

#include "host/cmd/statement.h"

enum exit_status console_execute(const struct statement *statement, struct session *session);

#endif
