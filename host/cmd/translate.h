/* SPDX-License-Identifier: MIT */
/* translate.h: the command !vtop. */
#ifndef KDIO_CMD_TRANSLATE_H
#define KDIO_CMD_TRANSLATE_H

#include "host/cmd/statement.h"

enum exit_status translate_execute(const struct statement *statement, struct session *session);

#endif
