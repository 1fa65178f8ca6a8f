/* SPDX-License-Identifier: MIT */
/*
 * console.c: implements console.h: waits for the kernel's text and for standard input in turn, a short time each.
 *
 * The stub is asked for a sign of life now and then: a host that only listens would never learn that another one took
 * the line over, nor that the line is dead, nor that the kernel is silent because it is stopped.
 */
#include "host/cmd/console.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "host/cmd/run_control.h"
#include "host/cmd/session.h"

#define TURN_MS    20u  /* Longest time that a typed line waits for its turn. */
#define QUIET_MS   500u /* After the end of standard input: silence that ends the command. */
#define ASK_MS     1000u /* Between two signs of life. */
#define INPUT_SIZE 512

static void show_text(struct session *session, const char *text, size_t size)
{
    if (session->output->json) {
        cJSON *object = cJSON_CreateObject();
        output_string_bytes(object, "console", text, size);
        output_print_object(session->output, object);
    } else {
        output_kernel_text(session->output, text, size);
    }
    (void)output_flush(session->output);
}

/* Types what standard input has now. *open becomes false at its end. */
static enum exit_status type_input(struct session *session, bool *open)
{
    char text[INPUT_SIZE];
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    enum kdio_status status = KDIO_DONE;
    ssize_t size;

    if (!*open || poll(&input, 1, 0) <= 0)
        return EXIT_STATUS_DONE;
    size = read(STDIN_FILENO, text, sizeof(text));
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return EXIT_STATUS_DONE;
    if (size < 0)
        return failure_system(session->failure, "cannot read standard input");
    *open = size > 0;
    if (size > 0)
        status = kdio_type(session->target, text, (size_t)size);
    return status == KDIO_DONE ? EXIT_STATUS_DONE : session_failure(session, status);
}

static void say_that_it_stands(struct session *session, const struct kdio_stop *stop)
{
    char text[RUN_CONTROL_TEXT_SIZE];

    if (session->output->json) {
        cJSON *object = cJSON_CreateObject();
        output_string(object, "kernel", run_control_reason(stop));
        output_wide(object, "rip", stop->rip);
        output_print_object(session->output, object);
        (void)output_flush(session->output);
        return;
    }
    run_control_text(stop, text);
    (void)output_flush(session->output);
    (void)fprintf(stderr, "kdio: the kernel is stopped (%s): it says nothing, and what is typed waits; %s`kdio g` lets "
                          "it run\n", text, isatty(STDIN_FILENO) ? "end this with ^C, then " : "");
}

#define TOLD_OF_FAULT UINT32_MAX

/* It will not change any more. */
static void say_that_the_stub_faulted(struct session *session, uint32_t *told)
{
    if (*told == TOLD_OF_FAULT)
        return;
    (void)output_flush(session->output);
    (void)fprintf(stderr, "kdio: %s; the kernel's text still comes, and what is typed may not arrive\n",
                  kdio_status_text(KDIO_STUB_FAULT));
    *told = TOLD_OF_FAULT;
}

/* *told is the number of the stop that was told last: each is told once. */
static enum kdio_status look_at_kernel(struct session *session, uint32_t *told)
{
    struct kdio_stop stop;
    enum kdio_status status;

    if ((kdio_target_info(session->target)->capabilities & KDIO_CAP_RUN) == 0)
        return KDIO_DONE;
    status = kdio_stop_state(session->target, &stop);
    if (status == KDIO_STUB_FAULT)
        say_that_the_stub_faulted(session, told);
    if (status != KDIO_DONE || stop.reason == KDIO_STOP_NONE || stop.count == *told)
        return status;
    say_that_it_stands(session, &stop);
    *told = stop.count;
    return status;
}

/* Nobody asked for what was asked there, so the error is that of the console: whatever was typed before has arrived. A
 * stub that has no such operation is there too. */
static enum exit_status judge_life(struct session *session, enum kdio_status status)
{
    if (status == KDIO_DONE || status == KDIO_INTERRUPTED || kdio_status_class(status) == KDIO_CLASS_REFUSED)
        return EXIT_STATUS_DONE;
    return failure_status(session->failure, status, "%s: %s; all that was typed had arrived", session->options->target,
                          kdio_status_text(status));
}

static enum exit_status ask_for_life(struct session *session, uint32_t *told)
{
    struct kdio_stub_stats stats;
    enum kdio_status status = kdio_target_stub_stats(session->target, &stats);

    if (status == KDIO_DONE)
        status = look_at_kernel(session, told);
    return judge_life(session, status);
}

static enum exit_status show_turn(struct session *session)
{
    enum kdio_status status = kdio_target_service(session->target, TURN_MS);

    if (status != KDIO_DONE && status != KDIO_INTERRUPTED)
        return session_failure(session, status);
    if (session->output->system_errno == 0)
        return EXIT_STATUS_DONE;
    errno = session->output->system_errno;
    return failure_system(session->failure, "cannot write the kernel's text");
}

static enum exit_status converse(struct session *session)
{
    bool open = true;
    uint32_t quiet_ms = 0, told = 0;
    enum exit_status result = judge_life(session, look_at_kernel(session, &told));

    for (uint32_t ms = TURN_MS; result == EXIT_STATUS_DONE && quiet_ms < QUIET_MS && !session_interrupted(session);
         ms += TURN_MS) {
        uint64_t size_before = session->console_size;
        result = type_input(session, &open);
        if (result == EXIT_STATUS_DONE)
            result = show_turn(session);
        if (result == EXIT_STATUS_DONE && ms % ASK_MS == 0)
            result = ask_for_life(session, &told);
        quiet_ms = open || session->console_size != size_before ? 0 : quiet_ms + TURN_MS;
    }
    return result;
}

static void say_how_it_ends(const struct session *session)
{
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        (void)fprintf(stderr, "kdio: console of %s; ^C ends it, and ^D once the kernel is quiet\n",
                      session->options->target);
}

enum exit_status console_execute(const struct statement *statement, struct session *session)
{
    enum exit_status result;

    (void)statement;
    say_how_it_ends(session);
    session->console = show_text;
    result = converse(session);
    output_kernel_text_end(session->output);
    session->console = NULL;
    return result;
}
