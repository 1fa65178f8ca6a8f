/* SPDX-License-Identifier: MIT */
/* session.c: implements session.h. */
#include "host/cmd/session.h"

#include <string.h>

#include "host/cmd/qemu_target.h"

#define LOSS_WAIT_MS     5000u /* A machine that was told to reset is gone by then. */
#define LOSS_INTERVAL_MS 100u

bool session_interrupted(struct session *session)
{
    return session->interrupted != NULL && session->interrupted(session->context);
}

/* For a private QEMU the line that the library names is a command of the launcher, so long that the text may be cut. */
static enum exit_status name_failure(struct session *session, enum kdio_status status, const struct kdio_error *error)
{
    const char *name = session->options->target;
    const char *line = session->private_qemu ? strstr(error->text, LAUNCH_STRING_START) : NULL;
    size_t size = session->line != NULL ? strlen(session->line) : 0;

    if (line == NULL)
        return failure_status(session->failure, status, "%s", error->text);
    if (strncmp(line, session->line, size) == 0 && strlen(error->text) + 1 < sizeof(error->text))
        return failure_status(session->failure, status, "%.*s%s%s", (int)(line - error->text), error->text, name,
                              line + size);
    return failure_status(session->failure, status, "%s: %s; %s", name, kdio_status_text(status),
                          error->outcome == KDIO_OUTCOME_UNKNOWN ? "outcome unknown" : "nothing was done");
}

enum exit_status session_failure(struct session *session, enum kdio_status status)
{
    const struct kdio_error *error = session->target != NULL ? kdio_target_error(session->target) : NULL;

    if (error == NULL || error->text[0] == '\0')
        return failure_status(session->failure, status, "%s", kdio_status_text(status));
    (void)name_failure(session, status, error);
    session->failure->outcome = error->outcome;
    return session->failure->exit;
}

bool session_lost(enum kdio_status status)
{
    return status == KDIO_LOST || status == KDIO_RESET || status == KDIO_TIMEOUT;
}

/* A target that is gone shows when it is asked, or by the end of the connection. */
static enum kdio_status ask_for_life(struct session *session)
{
    struct kdio_stub_stats stats;
    enum kdio_status status = kdio_target_stub_stats(session->target, &stats);

    if (status == KDIO_DONE)
        status = kdio_target_service(session->target, LOSS_INTERVAL_MS);
    return status;
}

enum exit_status session_await_loss(struct session *session)
{
    enum kdio_status status = session->target != NULL ? KDIO_DONE : KDIO_LOST;

    for (uint32_t waited_ms = 0; status == KDIO_DONE && waited_ms < LOSS_WAIT_MS; waited_ms += LOSS_INTERVAL_MS)
        status = ask_for_life(session);
    if (session_lost(status))
        return EXIT_STATUS_DONE;
    if (status != KDIO_DONE)
        return session_failure(session, status);
    (void)failure_refused(session->failure, "everything is done, but the target is still there after %u s",
                          LOSS_WAIT_MS / 1000);
    session->failure->outcome = KDIO_OUTCOME_DONE;
    return session->failure->exit;
}
