/* SPDX-License-Identifier: MIT */
/* connection.c: implements connection.h. */
#include "host/cmd/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/qemu_target.h"
#include "host/cmd/target_name.h"

#define QEMU_OPEN_MS 60000u

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
    return session_interrupted(session);
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
void connection_options(struct session *session, struct kdio_options *options)
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
        .baud = given->baud,
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

    connection_options(session, &options);
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
enum exit_status connection_prepare(struct session *session)
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

enum exit_status connection_open(struct session *session)
{
    enum exit_status result = connection_prepare(session);

    return result == EXIT_STATUS_DONE ? open_target(session) : result;
}

void connection_close(struct session *session)
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

void connection_print_statistics(struct session *session)
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
