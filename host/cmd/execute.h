/* SPDX-License-Identifier: MIT */
/* execute.h: executes a script on an open session, in order, up to the first failure. */
#ifndef KDIO_CMD_EXECUTE_H
#define KDIO_CMD_EXECUTE_H

#include "host/cmd/script.h"
#include "host/cmd/session.h"

/*
 * Executes the statements from line `from` on. Results are printed as they come. On failure the session's failure says
 * which line failed and which is the first not known to be done.
 */
enum exit_status script_execute(struct session *session, const struct script *script, uint32_t from);

#endif
