/* SPDX-License-Identifier: MIT */
/*
 * stop.c: run control. That the kernel has stopped is an event, which the stub repeats until it is asked for; the
 * answer comes as any other, exactly once.
 */
#include <string.h>

#include "host/lib/target.h"

#define STATE_SIZE     36u
#define REGISTERS_SIZE 180u
#define STEP_SIZE      (STATE_SIZE + REGISTERS_SIZE)
#define LOOK_US        500000u /* Where an event is lost, the stop shows all the same. */
#define WIDE_REGISTERS 18u     /* General registers, RIP and RFLAGS. */
#define SEGMENTS       6u

enum { RESUME_GO, RESUME_STEP };

static enum kdio_status run(struct kdio_target *target, uint8_t opcode, const uint64_t operand[KDIO_OP_OPERANDS_MAX],
                            const void *bytes, uint8_t *results)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make(&operation, opcode, operand);

    return status == KDIO_DONE ? kdio_run_one(target, &operation, bytes, results) : status;
}

/* ---- Whether it is stopped, and why ---- */

/* What callers find their words by is one of the values there are. */
static enum kdio_status fail_value(struct kdio_target *target, const char *what)
{
    return kdio_fail(target, KDIO_BAD_REPLY, KDIO_OUTCOME_DONE, "%s: no such %s", kdio_status_text(KDIO_BAD_REPLY),
                     what);
}

static enum kdio_status read_state(struct kdio_target *target, const uint8_t *results, struct kdio_stop *stop)
{
    struct kdio_reader reader = kdio_reader_on(results, STATE_SIZE);
    uint8_t reason;

    (void)kdio_read_u8(&reader); /* Stopped: the reason says it too. */
    reason = kdio_read_u8(&reader);
    if (reason > KDIO_STOP_EXCEPTION)
        return fail_value(target, "reason of a stop");
    stop->reason = (enum kdio_stop_reason)reason;
    stop->count = kdio_read_u32(&reader);
    stop->cpu = kdio_read_u32(&reader);
    stop->vector = kdio_read_u8(&reader);
    stop->code = kdio_read_uint(&reader, 8);
    stop->dr6 = kdio_read_uint(&reader, 8);
    stop->rip = kdio_read_uint(&reader, 8);
    stop->breakpoint = kdio_read_u8(&reader);
    return KDIO_DONE;
}

KDIO_API enum kdio_status kdio_stop_state(struct kdio_target *target, struct kdio_stop *stop)
{
    uint8_t results[STATE_SIZE];
    enum kdio_status status;

    target->event = false; /* Before it is asked: an event that comes meanwhile is a new one. */
    status = run(target, KDIO_OP_STATE, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 }, NULL, results);
    return status == KDIO_DONE ? read_state(target, results, stop) : status;
}

/* Until an event, or `end_us`, or a look is due. */
static enum kdio_status await_event(struct kdio_target *target, uint64_t end_us)
{
    uint64_t now_us = kdio_time_us();
    uint64_t look_us = now_us + LOOK_US < end_us ? now_us + LOOK_US : end_us;
    enum kdio_status status = kdio_session_ensure(target);

    while (status == KDIO_DONE && !target->event && now_us < look_us) {
        status = kdio_session_step(target, look_us - now_us);
        now_us = kdio_time_us();
    }
    return status;
}

/* The state of a kernel that was started anew since `boot_id` says nothing about the one that was waited for. What was
 * not done when the line fails is to ask, and nobody asked for that. */
static enum kdio_status ask_state(struct kdio_target *target, uint32_t boot_id, struct kdio_stop *stop)
{
    enum kdio_status status = kdio_stop_state(target, stop);
    bool connected = status != KDIO_NO_CONNECTION && status != KDIO_LOST;
    int system_errno = target->error.system_errno;

    if (status == KDIO_DONE && target->info.boot_id != boot_id)
        status = KDIO_RESET;
    if (kdio_status_class(status) != KDIO_CLASS_LINK)
        return status;
    (void)!kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s: %s; no stop was seen",
                     kdio_transport_name(target->transport),
                     connected ? kdio_status_text(status) : kdio_transport_reason(target->transport));
    target->error.system_errno = system_errno;
    return status;
}

/* What the link says of its end is in the words of any other operation's: it is asked again. */
KDIO_API enum kdio_status kdio_wait_stop(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    uint32_t boot_id = target->info.boot_id;
    uint64_t end_us = kdio_time_us() + ms * (uint64_t)1000;
    enum kdio_status status;

    for (;;) {
        status = await_event(target, end_us);
        if (status == KDIO_INTERRUPTED)
            return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "interrupted; the kernel runs on");
        status = ask_state(target, boot_id, stop);
        if (status != KDIO_DONE || stop->reason != KDIO_STOP_NONE || kdio_time_us() >= end_us)
            return status;
    }
}

KDIO_API enum kdio_status kdio_halt(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    enum kdio_status status = run(target, KDIO_OP_HALT, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 }, NULL, NULL);

    return status == KDIO_DONE ? kdio_wait_stop(target, ms, stop) : status;
}

/* ---- Going on ---- */

KDIO_API enum kdio_status kdio_go(struct kdio_target *target)
{
    return run(target, KDIO_OP_RESUME, (uint64_t[KDIO_OP_OPERANDS_MAX]){ RESUME_GO }, NULL, NULL);
}

/* ---- Registers ---- */

static void read_registers(const uint8_t *results, uint64_t registers[KDIO_REGISTER_COUNT])
{
    struct kdio_reader reader = kdio_reader_on(results, REGISTERS_SIZE);

    for (unsigned i = 0; i < KDIO_REGISTER_COUNT; i++)
        registers[i] = kdio_read_uint(&reader, i >= WIDE_REGISTERS && i < WIDE_REGISTERS + SEGMENTS ? 2 : 8);
}

KDIO_API enum kdio_status kdio_get_registers(struct kdio_target *target, uint64_t registers[KDIO_REGISTER_COUNT])
{
    uint8_t results[REGISTERS_SIZE];
    enum kdio_status status = run(target, KDIO_OP_GET_REGISTERS, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 }, NULL, results);

    if (status == KDIO_DONE)
        read_registers(results, registers);
    return status;
}

KDIO_API enum kdio_status kdio_set_register(struct kdio_target *target, enum kdio_register which, uint64_t value)
{
    return run(target, KDIO_OP_SET_REGISTER, (uint64_t[KDIO_OP_OPERANDS_MAX]){ which, value }, NULL, NULL);
}

KDIO_API enum kdio_status kdio_get_fpu(struct kdio_target *target, uint8_t area[KDIO_FPU_SIZE])
{
    size_t results_max = target->link.answer.results_max;
    size_t piece = results_max && results_max < KDIO_FPU_SIZE ? results_max : KDIO_FPU_SIZE;
    enum kdio_status status = KDIO_DONE;

    for (size_t at = 0; status == KDIO_DONE && at < KDIO_FPU_SIZE; at += piece) {
        size_t size = KDIO_FPU_SIZE - at < piece ? KDIO_FPU_SIZE - at : piece;

        status = run(target, KDIO_OP_GET_FPU, (uint64_t[KDIO_OP_OPERANDS_MAX]){ at, size }, NULL, area + at);
    }
    return status;
}

KDIO_API enum kdio_status kdio_set_fpu(struct kdio_target *target, uint32_t offset, const void *bytes, size_t size)
{
    if (offset > KDIO_FPU_SIZE || size > KDIO_FPU_SIZE - offset)
        return kdio_fail(target, KDIO_BAD_ARGUMENT, KDIO_OUTCOME_NOT_DONE, "beyond the FXSAVE area; nothing was sent");
    return run(target, KDIO_OP_SET_FPU, (uint64_t[KDIO_OP_OPERANDS_MAX]){ offset, size }, bytes, NULL);
}

/* ---- Steps ---- */

/* RESUME, STATE, and GET_REGISTERS where `count` is 3: one round trip. The last refuses where the step is not at its
 * end, which is no failure. */
static enum kdio_status run_step(struct kdio_target *target, size_t count, uint8_t results[STEP_SIZE],
                                 struct kdio_stop *stop)
{
    struct kdio_operation operations[3];
    struct kdio_program program = { .operations = operations, .count = count, .results = results,
                                    .results_size = count == 3 ? STEP_SIZE : STATE_SIZE,
                                    .capabilities = KDIO_CAPABILITY_RUN, .changes = true };
    enum kdio_status status =
        kdio_make(&operations[0], KDIO_OP_RESUME, (uint64_t[KDIO_OP_OPERANDS_MAX]){ RESUME_STEP });

    if (status == KDIO_DONE)
        status = kdio_make(&operations[1], KDIO_OP_STATE, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 });
    if (status == KDIO_DONE)
        status = kdio_make(&operations[2], KDIO_OP_GET_REGISTERS, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 });
    operations[2].results_at = STATE_SIZE;
    target->event = false;
    if (status == KDIO_DONE)
        status = kdio_run_program(target, &program, KDIO_CUT_FULL);
    if (status != KDIO_DONE && !(status == KDIO_NOT_STOPPED && program.done_count == 2))
        return status;
    return read_state(target, results, stop);
}

KDIO_API enum kdio_status kdio_step(struct kdio_target *target, struct kdio_stop *stop)
{
    uint8_t results[STEP_SIZE];

    return run_step(target, 2, results, stop);
}

KDIO_API enum kdio_status kdio_step_registers(struct kdio_target *target, struct kdio_stop *stop,
                                              uint64_t registers[KDIO_REGISTER_COUNT])
{
    uint8_t results[STEP_SIZE] = { 0 };
    enum kdio_status status = run_step(target, 3, results, stop);

    if (status == KDIO_DONE)
        read_registers(results + STATE_SIZE, registers);
    return status;
}

/* ---- Breakpoints ---- */

KDIO_API enum kdio_status kdio_set_breakpoint(struct kdio_target *target, const struct kdio_breakpoint *breakpoint,
                                              uint32_t *id)
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { breakpoint->kind, breakpoint->length, breakpoint->address };
    uint8_t result;
    enum kdio_status status = run(target, KDIO_OP_SET_BREAKPOINT, operand, NULL, &result);

    if (status == KDIO_DONE && result >= KDIO_BREAKPOINTS_MAX)
        return fail_value(target, "number of a breakpoint");
    if (status == KDIO_DONE)
        *id = result;
    return status;
}

KDIO_API enum kdio_status kdio_clear_breakpoint(struct kdio_target *target, uint32_t id)
{
    return run(target, KDIO_OP_CLEAR_BREAKPOINT, (uint64_t[KDIO_OP_OPERANDS_MAX]){ id }, NULL, NULL);
}

KDIO_API enum kdio_status kdio_get_breakpoint(struct kdio_target *target, uint32_t id,
                                              struct kdio_breakpoint *breakpoint)
{
    uint8_t results[10];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status =
        run(target, KDIO_OP_GET_BREAKPOINT, (uint64_t[KDIO_OP_OPERANDS_MAX]){ id }, NULL, results);

    if (status != KDIO_DONE)
        return status;
    if (results[0] > KDIO_BREAK_ACCESS && results[0] != KDIO_BREAK_FREE)
        return fail_value(target, "kind of a breakpoint");
    breakpoint->kind = (enum kdio_breakpoint_kind)kdio_read_u8(&reader);
    breakpoint->length = kdio_read_u8(&reader);
    breakpoint->address = kdio_read_uint(&reader, 8);
    return status;
}
