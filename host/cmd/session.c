/* SPDX-License-Identifier: MIT */
/* session.c: implements session.h. */
#include "host/cmd/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/qemu_target.h"
#include "host/cmd/signals.h"
#include "host/cmd/target_name.h"

#define QEMU_OPEN_MS     60000u
#define LOSS_WAIT_MS     5000u /* A machine that was told to reset is gone by then. */
#define LOSS_INTERVAL_MS 100u

static void console_text(void *context, const char *text, size_t size)
{
    struct session *session = context;

    session->console_size += size;
    if (session->console_file != NULL) {
        (void)terminal_write(&session->console_terminal, text, size);
        (void)fflush(session->console_file);
    }
    if (session->console != NULL)
        session->console(session, text, size);
}

static bool interrupted(void *context)
{
    struct session *session = context;

    progress_draw(&session->progress);
    return signals_caught() != 0;
}

static enum exit_status open_console_file(struct session *session)
{
    const char *path = session->options->console_path;

    if (path == NULL)
        return EXIT_STATUS_DONE;
    session->console_file = strcmp(path, "-") == 0 ? stderr : fopen(path, "w");
    if (session->console_file == NULL)
        return failure_system(session->failure, "cannot write %s", path);
    terminal_init(&session->console_terminal, session->console_file);
    return EXIT_STATUS_DONE;
}

static void wire_bytes(void *context, bool from_host, const uint8_t *bytes, size_t size)
{
    struct session *session = context;

    kdio_capture_wire(session->capture, from_host, bytes, size);
}

static enum exit_status open_capture(struct session *session)
{
    const char *path = session->options->capture_path;
    enum kdio_status status = KDIO_DONE;

    if (path != NULL)
        status = kdio_capture_open(&session->capture, path, session->options->target);
    if (status == KDIO_NO_MEMORY)
        errno = ENOMEM;
    return status == KDIO_DONE ? EXIT_STATUS_DONE : failure_system(session->failure, "cannot write %s", path);
}

/* A capture that ends early is told and nothing else: what it was to show was done all the same. */
static void close_capture(struct session *session)
{
    int error = kdio_capture_close(session->capture);

    session->capture = NULL;
    if (error != 0)
        (void)fprintf(stderr, "kdio: %s: %s; the capture is not complete\n", session->options->capture_path,
                      strerror(error));
}

/* A private QEMU is connected to once: trying again would boot another. */
void session_options(struct session *session, struct kdio_options *options)
{
    const struct cmd_options *given = session->options;

    *options = (struct kdio_options){
        .size = sizeof(*options),
        .open_ms = session->private_qemu ? QEMU_OPEN_MS : 0,
        .wait_ms = session->private_qemu ? 0 : given->wait_ms,
        .read_only = given->policy.read_only,
        .deny = given->policy.spans,
        .deny_count = (uint32_t)given->policy.span_count,
        .deny_safe = given->policy.safe,
        .console = console_text,
        .interrupted = interrupted,
        .wire = session->capture != NULL ? wire_bytes : NULL,
        .context = session,
    };
}

/* A private QEMU that fails has said why on standard error; all that the library sees is the end of its output. */
static enum exit_status open_failure(struct session *session, enum kdio_status status)
{
    (void)session_failure(session, status);
    if (session->private_qemu && status == KDIO_LOST)
        return failure_status(session->failure, status,
                              "%s: QEMU ended before its stub answered (see above); nothing was done",
                              session->options->target);
    if (session->private_qemu && status == KDIO_INTERRUPTED)
        return failure_status(session->failure, status, "%s: interrupted while booting; nothing was done",
                              session->options->target);
    return session->failure->exit;
}

static enum exit_status open_target(struct session *session)
{
    struct kdio_options options;
    enum kdio_status status;

    session_options(session, &options);
    if (session->private_qemu)
        progress_start(&session->progress, "booting the target in QEMU");
    else if (options.wait_ms != 0)
        progress_start_waiting(&session->progress, session->line);
    status = kdio_target_open(&session->target, session->line, &options);
    progress_stop(&session->progress);
    return status == KDIO_DONE ? EXIT_STATUS_DONE : open_failure(session, status);
}

static enum exit_status name_line(struct session *session)
{
    session->private_qemu = target_name_is_qemu(session->options->target);
    return target_name_resolve(session->options->target, &session->line, session->failure);
}

/* The name comes first: what is refused leaves no file behind. */
enum exit_status session_prepare(struct session *session)
{
    enum exit_status result = name_line(session);

    if (result == EXIT_STATUS_DONE)
        result = open_console_file(session);
    if (result == EXIT_STATUS_DONE)
        result = open_capture(session);
    if (result != EXIT_STATUS_DONE)
        failure_append(session->failure, "; nothing was sent");
    return result;
}

enum exit_status session_open(struct session *session)
{
    enum exit_status result = session_prepare(session);

    return result == EXIT_STATUS_DONE ? open_target(session) : result;
}

void session_close(struct session *session)
{
    kdio_target_close(session->target);
    session->target = NULL;
    free(session->line);
    session->line = NULL;
    close_capture(session);
    if (session->console_file != NULL)
        (void)terminal_end(&session->console_terminal);
    if (session->console_file != NULL && session->console_file != stderr)
        (void)fclose(session->console_file);
    session->console_file = NULL;
}

/* For a private QEMU the line that the library names is a command of the launcher, so long that the text may be cut. */
static enum exit_status name_failure(struct session *session, enum kdio_status status, const struct kdio_error *error)
{
    const char *name = session->options->target;
    const char *line = session->private_qemu ? strstr(error->text, LAUNCH_STRING_START) : NULL;
    size_t size = strlen(session->line);

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

void session_print_statistics(struct session *session)
{
    struct kdio_link_stats stats;

    if (session->target == NULL)
        return;
    kdio_target_link_stats(session->target, &stats);
    (void)fprintf(stderr,
                  "kdio: link: %" PRIu64 " bytes out, %" PRIu64 " in; %" PRIu64 " frames out, %" PRIu64 " in; %" PRIu64
                  " sent again, %" PRIu64 " bad; %" PRIu64 " bytes of console text; round trip %" PRIu32 "/%" PRIu32
                  "/%" PRIu32 " us (least/mean/most)\n",
                  stats.tx_bytes, stats.rx_bytes, stats.tx_frames, stats.rx_frames, stats.retransmitted,
                  stats.bad_frames, stats.console_bytes, stats.rtt_us_min, stats.rtt_us_mean, stats.rtt_us_max);
}
