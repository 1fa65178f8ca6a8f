/* SPDX-License-Identifier: MIT */
/*
 * rate.c: moves both ends of a serial line to another rate (SPEC.md, H13 and H14).
 *
 * The stub changes when its reply has left, the host when it has the reply; a request that is answered at the new rate
 * settles it. Where none is, the host goes back, and so does the stub by itself: the two always meet at the default.
 */
#include "host/lib/target.h"

#define LINE_LIMIT_US   2000000u /* For an RFC 2217 server to set its rate. */
#define CONFIRM_US      1000000u /* As long as the stub waits. */
#define RETURN_US       6000000u /* The stub has heard the host and the host not the stub: it waits for 5 s. */
#define LEAVE_US        300000u
#define KEEP_PERIOD_US  1000000u
#define IDLE_US         3500000u /* Less than the 5 s after which the stub goes back. */
#define SESSION_RESULTS 12u

/* Runs a program of the library's own, while no other is under way. */
static enum kdio_status exchange(struct kdio_target *target, const uint8_t *program, size_t size, uint32_t results_max)
{
    struct kdio_flight *flight = &target->flights[0];

    flight->answered = false;
    flight->chained = false;
    flight->stretch = (struct kdio_stretch){ 0 };
    flight->request = (struct kdio_host_request){ .program = program, .size = size, .results_max = results_max };
    return kdio_host_link_submit(&target->link, &flight->request, kdio_time_us()) ? KDIO_DONE : KDIO_LOST;
}

/* Until it is answered, the session ends, or the time is over (NO_ANSWER). */
static enum kdio_status await(struct kdio_target *target, uint64_t limit_us)
{
    const struct kdio_flight *flight = &target->flights[0];
    uint64_t end_us = kdio_time_us() + limit_us, now_us;
    enum kdio_status status = KDIO_DONE;

    while (status == KDIO_DONE && !flight->answered && (now_us = kdio_time_us()) < end_us)
        status = kdio_session_step(target, end_us - now_us);
    return status == KDIO_DONE && !flight->answered ? KDIO_NO_ANSWER : status;
}

/* The host's end of the line. `baud` 0 is the default. */
static bool set_own(struct kdio_target *target, uint32_t baud)
{
    uint32_t rate = baud ? baud : target->baud_default;
    bool set = kdio_transport_rate(target->transport, &rate, LINE_LIMIT_US);

    target->baud = set ? baud : target->baud;
    kdio_host_link_rate_changed(&target->link, kdio_time_us());
    kdio_host_link_keep(&target->link, target->baud ? KEEP_PERIOD_US : 0, kdio_time_us());
    return set;
}

static uint64_t part_us(const struct kdio_target *target)
{
    uint64_t half_us = target->link.config.dead_us / 2;

    return half_us < CONFIRM_US ? half_us : CONFIRM_US;
}

/* Back to the default, where the stub arrives in its time: until then silence is no dead line. */
static enum kdio_status go_back(struct kdio_target *target)
{
    uint64_t end_us = kdio_time_us() + RETURN_US;
    enum kdio_status status = KDIO_NO_ANSWER;

    while (status == KDIO_NO_ANSWER && kdio_time_us() < end_us) {
        (void)set_own(target, 0);
        status = await(target, part_us(target));
    }
    return status == KDIO_NO_ANSWER ? await(target, target->link.config.dead_us) : status;
}

static enum kdio_status ask_default(struct kdio_target *target)
{
    struct kdio_writer writer = kdio_writer_on(target->baud_program, sizeof target->baud_program);

    kdio_write_uint(&writer, 1, KDIO_OP_BAUD);
    kdio_write_uint(&writer, 4, target->baud_default);
    return exchange(target, target->baud_program, sizeof target->baud_program, sizeof(uint32_t));
}

/* From another rate to the default. A reply that is lost leaves the stub there, and nobody hears the repetitions: they
 * go on at the default, which is where the stub arrives too if it was the request that was lost. */
static enum kdio_status lower(struct kdio_target *target)
{
    enum kdio_status status = ask_default(target);

    if (status == KDIO_DONE)
        status = await(target, part_us(target));
    if (status == KDIO_NO_ANSWER || (status == KDIO_DONE && !set_own(target, 0)))
        return go_back(target);
    return status;
}

static enum kdio_status settle(struct kdio_target *target, uint32_t baud)
{
    static const uint8_t question[] = { KDIO_OP_SESSION }; /* Short enough for a polled stub. */
    uint32_t before = target->baud ? target->baud : target->baud_default;
    bool set = set_own(target, baud == target->baud_default ? 0 : baud);
    enum kdio_status status = exchange(target, question, sizeof question, SESSION_RESULTS);

    if (status == KDIO_DONE)
        status = set ? await(target, part_us(target)) : KDIO_NO_ANSWER;
    if (status != KDIO_NO_ANSWER)
        return status;
    status = go_back(target);
    if (status != KDIO_DONE)
        return status;
    return kdio_fail(target, KDIO_NO_ANSWER, KDIO_OUTCOME_NOT_DONE, "%s: %s %u baud; at %u baud again%s",
                     kdio_transport_name(target->transport), set ? "nothing gets through at" : "the line does not take",
                     baud, target->baud_default, before == target->baud_default ? "" : ", the default");
}

/* ---- The stub's end ---- */

static enum kdio_status ask_stub(struct kdio_target *target, uint32_t baud, uint32_t *given)
{
    struct kdio_operation operation;
    uint8_t results[4];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = kdio_make(&operation, KDIO_OP_BAUD, (uint64_t[KDIO_OP_OPERANDS_MAX]){ baud });
    struct kdio_program program = {
        .operations = &operation, .count = 1, .results = results, .results_size = sizeof results,
        .capabilities = KDIO_CAPABILITY_BAUD,
    };

    if (status == KDIO_DONE)
        status = kdio_run_program(target, &program, KDIO_CUT_FULL);
    if (status == KDIO_DONE)
        *given = kdio_read_u32(&reader);
    return status;
}

static enum kdio_status change(struct kdio_target *target, uint32_t baud, uint32_t *given)
{
    uint32_t at_stub = 0;
    enum kdio_status status = target->baud ? lower(target) : KDIO_DONE;

    if (status == KDIO_DONE)
        status = ask_stub(target, baud, &at_stub);
    if (status == KDIO_DONE)
        status = settle(target, baud);
    if (status == KDIO_DONE && given)
        *given = at_stub;
    if (status == KDIO_DONE || target->error.status == status)
        return status;
    return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s: while the line's rate was changed: %s",
                     kdio_transport_name(target->transport), kdio_status_text(status));
}

static bool find_default(struct kdio_target *target)
{
    return target->baud_default || kdio_transport_rate(target->transport, &target->baud_default, LINE_LIMIT_US);
}

KDIO_API enum kdio_status kdio_target_baud(struct kdio_target *target, uint32_t baud, uint32_t *given)
{
    enum kdio_status status;

    if (!baud)
        return kdio_fail(target, KDIO_BAD_ARGUMENT, KDIO_OUTCOME_NOT_DONE, "0 is no baud rate; nothing was done");
    status = kdio_session_ensure(target);
    if (status != KDIO_DONE)
        return status;
    if (!find_default(target))
        return kdio_fail(target, KDIO_BAD_ARGUMENT, KDIO_OUTCOME_NOT_DONE,
                         "%s: this line has no baud rate that could be set; nothing was done",
                         kdio_transport_name(target->transport));
    target->changing_baud = true;
    status = change(target, baud, given);
    target->changing_baud = false;
    return status;
}

/* ---- With the session ---- */

enum kdio_status kdio_rate_raise(struct kdio_target *target)
{
    if (!target->options.baud || target->changing_baud)
        return KDIO_DONE;
    return kdio_target_baud(target, target->options.baud, NULL);
}

/* A rate that was asked for once, and had, is asked for again; where it is not had now, the default will do. */
void kdio_rate_check(struct kdio_target *target)
{
    uint64_t said_us = target->link.keep_due_us - target->link.keep_period_us;

    if (!target->baud || target->changing_baud || kdio_time_us() - said_us < IDLE_US)
        return;
    (void)set_own(target, 0);
    (void)kdio_rate_raise(target);
}

void kdio_rate_connected(struct kdio_target *target, bool in_session)
{
    uint32_t baud = target->baud;

    if (in_session && baud) {
        (void)set_own(target, baud);
        return;
    }
    target->baud = 0;
    kdio_host_link_keep(&target->link, 0, kdio_time_us());
}

void kdio_rate_leave(struct kdio_target *target)
{
    uint32_t rate = target->baud_default;

    if (!target->baud || !kdio_session_ready(target) || !kdio_transport_connected(target->transport))
        return;
    target->options.interrupted = NULL;
    if (ask_default(target) == KDIO_DONE)
        (void)await(target, LEAVE_US);
    /* A serial server may keep its rate, and the next host would begin there. */
    (void)kdio_transport_rate(target->transport, &rate, LEAVE_US);
}
