/* SPDX-License-Identifier: MIT */
/* info.h: the command `info`. */
#ifndef KDIO_CMD_INFO_H
#define KDIO_CMD_INFO_H

#include "host/cmd/statement.h"

enum exit_status info_execute(const struct statement *statement, struct session *session);

#endif
