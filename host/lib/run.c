/* SPDX-License-Identifier: MIT */
/*
 * run.c: carries a program over the link: cuts it into requests, keeps the window full, and says what became of each
 * operation.
 *
 * A plain program larger than a request becomes several. While one is under way the next is chained to it: the stub skips
 * it when the one before did not run to its end. So the program stops at the first failure wherever the cuts are.
 */
#include <stdlib.h>

#include "host/lib/target.h"

#define STEP_US 1000000u
#define INTERRUPT_GRACE_US 1000000u /* To learn, after an interruption, what the requests under way did. */

struct run {
    struct kdio_target *target;
    struct kdio_program *program;
    bool atomic;
    bool stopping;         /* Nothing more is to be sent. */
    size_t next;           /* First operation not yet in a request. */
    size_t oldest, newest; /* Flights under way: numbers from oldest up to newest, modulo their count. */
    enum kdio_status refused; /* An operation that cannot be sent at all. */
};

static struct kdio_flight *flight_at(struct run *run, size_t number)
{
    return &run->target->flights[number % KDIO_WINDOW_MAX];
}

static size_t operation_size(const struct kdio_operation *operation)
{
    return kdio_op_size(kdio_op_find(operation->opcode), operation->operand);
}

/* How many operations from run->next on go into one request, and their size in bytes and results. */
static size_t cut(struct run *run, size_t lead, size_t *size, size_t *results)
{
    const struct kdio_host_link *link = &run->target->link;
    size_t limit = run->atomic ? kdio_host_link_program_max(link) : kdio_host_link_program_advised(link);
    size_t count = 0;

    *size = lead;
    *results = 0;
    for (size_t i = run->next; i < run->program->count; i++, count++) {
        const struct kdio_operation *operation = &run->program->operations[i];
        size_t more = operation_size(operation);
        size_t more_results = kdio_op_results_size(kdio_op_find(operation->opcode), 0);

        if (*results + more_results > link->answer.results_max || count + lead >= link->answer.program_max)
            break;
        if (*size + more > limit && (count || *size + more > kdio_host_link_program_max(link)))
            break;
        *size += more;
        *results += more_results;
    }
    return count;
}

static bool encode(struct run *run, struct kdio_flight *flight, size_t size)
{
    uint8_t *bytes = realloc(flight->bytes, size);
    struct kdio_writer writer = kdio_writer_on(bytes, size);

    if (!bytes)
        return false;
    flight->bytes = bytes;
    if (flight->chained)
        kdio_write_uint(&writer, 1, KDIO_OP_CHAIN);
    for (size_t i = 0; i < flight->count; i++) {
        const struct kdio_operation *operation = &run->program->operations[flight->first + i];

        kdio_op_write(&writer, kdio_op_find(operation->opcode), operation->operand, operation->bytes);
    }
    return true;
}

/* Makes the next request; false when there is none to make now. */
static bool launch(struct run *run)
{
    struct kdio_flight *flight = flight_at(run, run->newest);
    bool chained = run->newest != run->oldest;
    size_t size, results, count;

    if (run->stopping || run->next == run->program->count || run->newest - run->oldest == KDIO_WINDOW_MAX)
        return false;
    count = cut(run, chained, &size, &results);
    if (!count && chained)
        return false; /* The lead alone may be too much: once the window is empty there is none. */
    if (!count || (run->atomic && count < run->program->count)) {
        run->refused = KDIO_TOO_LARGE;
        return false;
    }
    flight->first = run->next;
    flight->count = count;
    flight->chained = chained;
    flight->answered = false;
    if (!encode(run, flight, size)) {
        run->refused = KDIO_NO_MEMORY;
        return false;
    }
    flight->request = (struct kdio_host_request){
        .program = flight->bytes, .size = size, .results_max = (uint32_t)results, .atomic = run->atomic,
    };
    if (!kdio_host_link_submit(&run->target->link, &flight->request, kdio_time_us()))
        return false;
    flight->in_use = true;
    run->next += count;
    run->newest++;
    return true;
}

/* Takes answered requests off, oldest first; the first failure stays in *failed. */
static void land(struct run *run, struct kdio_flight **failed)
{
    struct kdio_flight *flight = flight_at(run, run->oldest);

    while (run->oldest != run->newest && flight->answered) {
        flight->in_use = false;
        if (flight->failure.status != KDIO_DONE && !*failed) {
            *failed = flight;
            run->stopping = true;
        }
        run->oldest++;
        flight = flight_at(run, run->oldest);
    }
}

/* After an interruption nothing more is sent, but what is under way is waited for, within bounds. */
static enum kdio_status wait_out(struct run *run, struct kdio_flight **failed)
{
    bool (*interrupted)(void *) = run->target->options.interrupted;
    uint64_t end_us = kdio_time_us() + INTERRUPT_GRACE_US;
    enum kdio_status status = KDIO_DONE;

    run->stopping = true;
    run->target->options.interrupted = NULL;
    while (status == KDIO_DONE && run->oldest != run->newest && kdio_time_us() < end_us) {
        status = kdio_session_step(run->target, end_us - kdio_time_us());
        land(run, failed);
    }
    run->target->options.interrupted = interrupted;
    return KDIO_INTERRUPTED;
}

static enum kdio_status fly(struct run *run, struct kdio_flight **failed)
{
    enum kdio_status status = KDIO_DONE;

    for (;;) {
        while (launch(run))
            ;
        if (run->oldest == run->newest || status != KDIO_DONE)
            return status;
        status = kdio_session_step(run->target, STEP_US);
        land(run, failed);
        if (status == KDIO_INTERRUPTED)
            return wait_out(run, failed);
    }
}

/* ---- Saying what happened ---- */

/* The failure just said is of operation `index` of the program. */
static void name_operation(struct run *run, size_t index)
{
    kdio_fail_operation(run->target, &run->program->operations[index], (uint32_t)index,
                        (uint32_t)run->program->done_count);
}

static enum kdio_status say_failed(struct run *run, const struct kdio_flight *flight)
{
    const struct kdio_failure *failure = &flight->failure;
    enum kdio_status status = (enum kdio_status)failure->status;
    size_t index = failure->index < flight->chained ? 0 : (size_t)failure->index - flight->chained;

    if (index >= flight->count)
        index = flight->count - 1;
    kdio_fail(run->target, status, KDIO_OUTCOME_NOT_DONE, "refused by the stub: %s", kdio_status_text(status));
    name_operation(run, flight->first + index);
    return status;
}

/* The session ended, or an interruption gave up, with requests under way. */
static enum kdio_status say_ended(struct run *run, enum kdio_status status, uint32_t operations_before)
{
    struct kdio_target *target = run->target;
    const struct kdio_flight *flight = flight_at(run, run->oldest);
    bool under_way = run->oldest != run->newest;
    bool unknown = under_way && flight->request.sent;
    size_t index = under_way ? flight->first : run->next;

    if (index >= run->program->count)
        index = run->program->count - 1;
    kdio_fail(target, status, unknown ? KDIO_OUTCOME_UNKNOWN : KDIO_OUTCOME_NOT_DONE, "%s", kdio_status_text(status));
    name_operation(run, index);
    if (unknown) {
        target->unresolved = true;
        target->resolved = false;
        target->unresolved_boot = target->info.boot_id;
        target->unresolved_session = target->info.session_id;
        target->unresolved_from = operations_before;
    }
    if (under_way && target->session_end == KDIO_DONE)
        target->session_end = KDIO_INTERRUPTED; /* What is left under way ends with its session. */
    return status;
}

static enum kdio_status say_refused(struct run *run, size_t index, enum kdio_status status)
{
    kdio_fail(run->target, status, KDIO_OUTCOME_NOT_DONE, "%s", kdio_status_text(status));
    name_operation(run, index);
    return status;
}

static enum kdio_status say_too_large(struct run *run)
{
    const struct kdio_host_link *link = &run->target->link;

    kdio_fail(run->target, KDIO_TOO_LARGE, KDIO_OUTCOME_NOT_DONE, "%s: %zu bytes, %u of results, %u operations%s",
              kdio_status_text(KDIO_TOO_LARGE), kdio_host_link_program_max(link), link->answer.results_max,
              link->answer.program_max, link->answer.burst ? " (a polled stub takes a FIFO at a time)" : "");
    name_operation(run, run->next);
    return KDIO_TOO_LARGE;
}

static enum kdio_status check_all(struct run *run)
{
    for (size_t i = 0; i < run->program->count; i++) {
        enum kdio_status status = kdio_operation_check(run->target, &run->program->operations[i]);

        if (status != KDIO_DONE)
            return say_refused(run, i, status);
    }
    return KDIO_DONE;
}

enum kdio_status kdio_run_program(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    struct run run = { .target = target, .program = program, .atomic = atomic };
    struct kdio_flight *failed = NULL;
    uint32_t operations_before;
    enum kdio_status status;

    program->done_count = 0;
    status = check_all(&run);
    if (status == KDIO_DONE)
        status = kdio_session_ensure(target);
    if (status == KDIO_DONE)
        status = check_all(&run); /* Only now are the ports of the link's UART known. */
    if (status != KDIO_DONE || !program->count)
        return status;
    operations_before = target->session_operations;
    target->running = program;
    status = fly(&run, &failed);
    target->running = NULL;
    if (failed)
        return say_failed(&run, failed);
    if (status != KDIO_DONE && program->done_count < program->count)
        return say_ended(&run, status, operations_before);
    if (run.refused == KDIO_TOO_LARGE)
        return say_too_large(&run);
    if (run.refused != KDIO_DONE)
        return say_refused(&run, run.next, run.refused);
    return KDIO_DONE;
}
