/* SPDX-License-Identifier: MIT */
/* fake_ext.c: the command `ext` where there is no debugger engine to load extensions into. */
#include "host/cmd/ext.h"
#include "host/cmd/session.h"

enum exit_status ext_execute(const struct statement *statement, struct session *session)
{
    (void)statement;
    return failure_refused(session->failure, "ext: no engine");
}
