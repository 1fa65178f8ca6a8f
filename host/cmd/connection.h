/* SPDX-License-Identifier: MIT */
/* connection.h: what the program kdio does round a session: it finds, opens and closes the target. */
#ifndef KDIO_CMD_CONNECTION_H
#define KDIO_CMD_CONNECTION_H

#include "host/cmd/session.h"

/* Everything that comes before connecting: the files of --console and --capture, and what the target is. */
enum exit_status connection_prepare(struct session *session);
/* What the library is asked for when connecting. */
void connection_options(struct session *session, struct kdio_options *options);
/* Prepares, connects and finds the stub. connection_close is due in any case. */
enum exit_status connection_open(struct session *session);
void connection_close(struct session *session);

/* -v: the line's statistics on standard error. */
void connection_print_statistics(struct session *session);

#endif
