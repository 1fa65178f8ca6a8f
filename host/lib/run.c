/* SPDX-License-Identifier: MIT */
/*
 * run.c: carries a program over the link: keeps the window full of its requests, and says what became of each
 * operation.
 *
 * A plain program larger than a request becomes several. While one is under way the next is chained to it: the stub
 * skips it when the one before did not run to its end. So the program stops at the first failure wherever the cuts are.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/target.h"

#define STEP_US 1000000u
#define INTERRUPT_GRACE_US 1000000u /* To learn, after an interruption, what the requests under way did. */

struct run {
    struct kdio_target *target;
    struct kdio_program *program;
    enum kdio_cutting cutting;
    bool stopping;         /* Nothing more is to be sent. */
    bool ready;            /* The flight behind the newest is encoded, and waits for room in the window. */
    struct kdio_place next; /* What is not yet in a request. */
    size_t oldest, newest; /* Flights under way: numbers from oldest up to newest, modulo their count. */
    enum kdio_status refused; /* An operation that cannot be sent at all. */
};

static struct kdio_flight *flight_at(struct run *run, size_t number)
{
    return &run->target->flights[number % KDIO_WINDOW_MAX];
}

static bool under_way(const struct run *run)
{
    return run->oldest != run->newest;
}

/* Encodes the next request; false when there is none to make now. */
static bool prepare(struct run *run)
{
    struct kdio_flight *flight = flight_at(run, run->newest);
    enum kdio_status status;

    if (run->next.index == run->program->count || (under_way(run) && run->target->link.answer.burst))
        return false;
    flight->chained = under_way(run);
    flight->answered = false;
    status = kdio_cut(run->target, run->program, run->cutting, &run->next, flight);
    if (status == KDIO_TOO_LARGE && flight->chained)
        return false; /* The lead alone may be too much: once the window is empty there is none. */
    run->refused = status;
    return status == KDIO_DONE;
}

/* Makes the next request; false when there is none to make now. */
static bool launch(struct run *run)
{
    struct kdio_flight *flight = flight_at(run, run->newest);

    if (run->stopping || run->refused != KDIO_DONE || run->newest - run->oldest == KDIO_WINDOW_MAX)
        return false;
    if (!run->ready)
        run->ready = prepare(run);
    if (!run->ready || !kdio_host_link_submit(&run->target->link, &flight->request, kdio_time_us()))
        return false;
    run->ready = false;
    flight->in_use = true;
    run->newest++;
    return true;
}

/* Takes answered requests off, oldest first. */
static void land(struct run *run)
{
    while (under_way(run) && flight_at(run, run->oldest)->answered)
        flight_at(run, run->oldest++)->in_use = false;
    if (run->target->failed)
        run->stopping = true;
}

/* After an interruption nothing more is made, and what is under way is cancelled and waited for, within bounds. What
 * runs when the cancellation comes may be a later request than was meant: each that is then the oldest is cancelled. */
static enum kdio_status wait_out(struct run *run)
{
    bool (*interrupted)(void *) = run->target->options.interrupted;
    uint64_t end_us = kdio_time_us() + INTERRUPT_GRACE_US;
    enum kdio_status status = KDIO_DONE;
    size_t cancelled = run->newest;

    run->stopping = true;
    run->target->options.interrupted = NULL;
    while (status == KDIO_DONE && under_way(run) && kdio_time_us() < end_us) {
        if (cancelled != run->oldest) {
            kdio_host_link_cancel(&run->target->link, kdio_time_us());
            cancelled = run->oldest;
        }
        status = kdio_session_step(run->target, end_us - kdio_time_us());
        land(run);
    }
    run->target->options.interrupted = interrupted;
    return KDIO_INTERRUPTED;
}

static enum kdio_status fly(struct run *run)
{
    enum kdio_status status = KDIO_DONE;

    for (;;) {
        while (launch(run))
            ;
        if (!under_way(run) || status != KDIO_DONE)
            return status;
        status = kdio_session_step(run->target, STEP_US);
        land(run);
        if (status == KDIO_INTERRUPTED)
            return wait_out(run);
    }
}

/* ---- Replies ---- */

/* Operations of the wire that a reply says are done, without the lead. */
static size_t wire_done(const struct kdio_flight *flight, const struct kdio_failure *failure)
{
    size_t done = failure->done;

    if (failure->status == KDIO_DONE)
        return flight->stretch.count;
    done -= done && flight->chained;
    return done < flight->stretch.count ? done : flight->stretch.count;
}

/* Operations of the program that lie before operation `wire` of a stretch, and are whole. */
static size_t whole_before(const struct kdio_stretch *stretch, size_t wire)
{
    return stretch->first + wire - (wire == stretch->count && stretch->to);
}

/* Where the results of operation `index` begin; of none, where those of all end. */
static size_t results_at(const struct kdio_program *program, size_t index)
{
    return index < program->count ? program->operations[index].results_at : program->results_size;
}

/* False when they are not those of the operations that are done, and a part of the next one's. */
static bool keep_results(struct kdio_program *program, const struct kdio_flight *flight,
                         const struct kdio_host_event *event)
{
    size_t end = flight->results_at + event->results_size, next_at = results_at(program, program->done_count);

    program->partial_size = 0;
    if (event->results_size && event->results_size <= flight->request.results_max)
        memcpy(program->results + flight->results_at, event->results, event->results_size);
    if (program->done_count == program->count)
        return true;
    if (end < next_at || end > results_at(program, program->done_count + 1))
        return false;
    program->partial_size = end - next_at;
    return true;
}

void kdio_run_reply(struct kdio_target *target, struct kdio_flight *flight, const struct kdio_host_event *event)
{
    struct kdio_program *program = target->running;
    size_t done = wire_done(flight, &event->failure);

    flight->answered = true;
    flight->failure = event->failure;
    target->requests++;
    target->operations += done;
    if (!program)
        return;
    if (program->operations[flight->stretch.first].row->capability != KDIO_CAPABILITY_LINK)
        target->session_operations += (uint32_t)done;
    if (target->failed)
        return; /* Skipped. */
    program->done_count = whole_before(&flight->stretch, done);
    if (!keep_results(program, flight, event))
        flight->failure.status = KDIO_BAD_REPLY;
    if (flight->failure.status != KDIO_DONE)
        target->failed = flight;
}

/* ---- Saying what happened ---- */

/* The failure just said is of operation `index` of the program, of which so many units are done. */
static void name_operation(struct run *run, size_t index, uint64_t units_done)
{
    run->target->error.units_done = units_done;
    kdio_fail_operation(run->target, &run->program->operations[index], index, run->program->done_count);
}

/* Of writes and fills the address of the fault tells. */
static uint64_t units_by_address(const struct kdio_operation *operation, uint64_t address, uint64_t from)
{
    unsigned width = kdio_op_width(operation->row);
    uint64_t units = (address - operation->operand[0]) / (width ? width : 1);

    return units >= from && units < kdio_operation_units(operation) ? units : from;
}

static uint64_t units_done(const struct run *run, const struct kdio_flight *flight, size_t index)
{
    const struct kdio_operation *operation = &run->program->operations[index];
    const struct kdio_failure *failure = &flight->failure;
    uint64_t from = index == flight->stretch.first ? flight->stretch.from : 0;
    uint64_t detail = (uint64_t)failure->detail_high << 32 | failure->detail;

    if (operation->row->results_table)
        return run->program->partial_size / kdio_op_width(operation->row);
    if (failure->status == KDIO_FAULT && operation->row->changes && operation->row->operands[0] == 'q')
        return units_by_address(operation, detail, from);
    return from;
}

static void keep_cause(struct kdio_error *error, const struct kdio_failure *failure)
{
    error->vector = failure->vector;
    error->code = failure->code;
    error->address = (uint64_t)failure->detail_high << 32 | failure->detail;
}

static enum kdio_status say_failed(struct run *run)
{
    const struct kdio_flight *flight = run->target->failed;
    const struct kdio_failure *failure = &flight->failure;
    enum kdio_status status = (enum kdio_status)failure->status;
    size_t wire = failure->index < flight->chained ? 0 : (size_t)failure->index - flight->chained;
    size_t index = flight->stretch.first + (wire < flight->stretch.count ? wire : flight->stretch.count - 1);
    char why[128];

    kdio_failure_text(&run->program->operations[index], status, failure, why, sizeof why);
    if (status == KDIO_CANCELLED)
        status = KDIO_INTERRUPTED;
    kdio_fail(run->target, status, KDIO_OUTCOME_NOT_DONE, "%s", why);
    keep_cause(&run->target->error, failure);
    name_operation(run, index, index == run->program->done_count ? units_done(run, flight, index) : 0);
    return status;
}

static void keep_unresolved(struct run *run)
{
    struct kdio_target *target = run->target;

    target->unresolved = true;
    target->resolved = false;
    target->unresolved_boot = target->info.boot_id;
    target->unresolved_session = target->info.session_id;
    target->unresolved_from = target->session_operations;
    target->unresolved_count = 0;
    for (size_t i = run->oldest; i != run->newest; i++)
        target->unresolved_stretches[target->unresolved_count++] = flight_at(run, i)->stretch;
}

/* The first operation that is not known to be done. A sign of life says how far a request is; results did not come. */
static struct kdio_place known_place(struct run *run)
{
    const struct kdio_flight *flight = flight_at(run, run->oldest);
    const struct kdio_stretch *stretch = &flight->stretch;
    size_t wire = under_way(run) && flight->request.alive ? flight->request.alive_done : 0;

    if (!under_way(run) && !run->ready)
        return run->next;
    wire -= wire && flight->chained;
    if (wire >= stretch->count)
        wire = stretch->count - 1;
    return (struct kdio_place){ .index = stretch->first + wire, .units = wire ? 0 : stretch->from };
}

/* The session ended, or an interruption gave up, with requests under way. */
static enum kdio_status say_ended(struct run *run, enum kdio_status status)
{
    struct kdio_target *target = run->target;
    bool unknown = under_way(run) && flight_at(run, run->oldest)->request.sent;
    struct kdio_place place = known_place(run);

    if (place.index >= run->program->count)
        place.index = run->program->count - 1;
    kdio_fail(target, status, unknown ? KDIO_OUTCOME_UNKNOWN : KDIO_OUTCOME_NOT_DONE, "%s", kdio_status_text(status));
    name_operation(run, place.index, place.units);
    target->error.done_count = (uint32_t)place.index;
    if (unknown)
        keep_unresolved(run);
    if (under_way(run) && target->session_end == KDIO_DONE)
        target->session_end = KDIO_INTERRUPTED; /* What is left under way ends with its session. */
    return status;
}

uint32_t kdio_run_resolved(struct kdio_target *target)
{
    const struct kdio_stretch *stretch = target->unresolved_stretches;
    const struct kdio_stretch *last = stretch + target->unresolved_count - 1;
    struct kdio_error *error = &target->error;
    size_t left = target->resolved_count;

    while (stretch < last && left >= stretch->count)
        left -= stretch++->count;
    if (left > stretch->count)
        left = stretch->count;
    error->done_count = (uint32_t)whole_before(stretch, left);
    error->units_done = left == stretch->count ? stretch->to : left ? 0 : stretch->from;
    return error->done_count;
}

static enum kdio_status say_refused(struct run *run, size_t index, enum kdio_status status)
{
    char why[128];

    kdio_failure_text(&run->program->operations[index], status, NULL, why, sizeof why);
    kdio_fail(run->target, status, KDIO_OUTCOME_NOT_DONE, "%s", why);
    name_operation(run, index, 0);
    return status;
}

static enum kdio_status say_too_large(struct run *run)
{
    const struct kdio_host_link *link = &run->target->link;

    kdio_fail(run->target, KDIO_TOO_LARGE, KDIO_OUTCOME_NOT_DONE, "%s: %zu bytes, %u of results, %u operations%s",
              kdio_status_text(KDIO_TOO_LARGE), kdio_host_link_program_max(link), link->answer.results_max,
              link->answer.program_max, link->answer.burst ? " (a polled stub takes a FIFO at a time)" : "");
    name_operation(run, run->next.index < run->program->count ? run->next.index : run->program->count - 1,
                   run->next.units);
    return KDIO_TOO_LARGE;
}

/* ---- The whole of it ---- */

static bool make_results(struct kdio_program *program)
{
    uint8_t *results;

    if (program->results && !program->results_capacity)
        return true; /* The caller's, large enough. */
    if (program->results_capacity >= program->results_size)
        return true;
    results = realloc(program->results, program->results_size);
    if (!results)
        return false;
    program->results = results;
    program->results_capacity = program->results_size;
    return true;
}

static enum kdio_status check_all(struct run *run)
{
    size_t index = 0;
    enum kdio_status status = kdio_program_check_all(run->target, run->program, &index);

    return status == KDIO_DONE ? status : say_refused(run, index, status);
}

/* What a session tells is needed for the whole check; without one, what can be refused needs no target. */
static enum kdio_status begin(struct run *run)
{
    enum kdio_status status = check_all(run);

    if (status != KDIO_DONE || (kdio_session_ready(run->target) && !run->target->baud))
        return status;
    status = kdio_session_ensure(run->target);
    return status == KDIO_DONE ? check_all(run) : status;
}

enum kdio_status kdio_run_program(struct kdio_target *target, struct kdio_program *program,
                                  enum kdio_cutting cutting)
{
    struct run run = { .target = target, .program = program, .cutting = cutting };
    enum kdio_status status;

    program->done_count = program->partial_size = 0;
    if (!program->count)
        return KDIO_DONE;
    status = begin(&run);
    if (status != KDIO_DONE)
        return status;
    if (!make_results(program))
        return say_refused(&run, 0, KDIO_NO_MEMORY);
    target->running = program;
    target->failed = NULL;
    status = fly(&run);
    target->running = NULL;
    if (target->failed)
        return say_failed(&run);
    if (status != KDIO_DONE && program->done_count < program->count)
        return say_ended(&run, status);
    if (run.refused == KDIO_TOO_LARGE)
        return say_too_large(&run);
    return run.refused == KDIO_DONE ? KDIO_DONE : say_refused(&run, run.next.index, run.refused);
}
