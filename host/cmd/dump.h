/* SPDX-License-Identifier: MIT */
/* dump.h: the commands .dump and .restore, which move memory to and from a file. */
#ifndef KDIO_CMD_DUMP_H
#define KDIO_CMD_DUMP_H

#include "host/cmd/statement.h"

/* [/p] ADDRESS LENGTH FILE */
enum exit_status dump_prepare(const struct statement *statement, struct failure *failure);
enum exit_status dump_execute(const struct statement *statement, struct session *session);

/* [/p] ADDRESS FILE */
enum exit_status restore_prepare(const struct statement *statement, struct failure *failure);
enum exit_status restore_execute(const struct statement *statement, struct session *session);

#endif
