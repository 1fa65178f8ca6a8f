/* SPDX-License-Identifier: MIT */
/* fake_own.c: the commands `ext` and `gdbserver` where there is neither an engine for extensions nor a server. */
#include "host/cmd/ext.h"
#include "host/cmd/gdbserver.h"
#include "host/cmd/session.h"

enum exit_status ext_execute(const struct statement *statement, struct session *session)
{
    (void)statement;
    return failure_refused(session->failure, "ext: no engine");
}

enum exit_status gdbserver_execute(const struct statement *statement, struct session *session)
{
    (void)statement;
    return failure_refused(session->failure, "gdbserver: no server");
}
