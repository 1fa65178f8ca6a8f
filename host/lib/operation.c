/* SPDX-License-Identifier: MIT */
/* operation.c: the public operations: single ones, and programs of many. */
#include <stdlib.h>

#include "host/lib/target.h"

#define TEXT_PIECE 64u /* Bytes of text an operation, so that a bad line repeats little. */

static enum kdio_status run_one(struct kdio_target *target, struct kdio_operation *operation)
{
    struct kdio_program program = { .operations = operation, .count = 1, .capacity = 1 };

    return kdio_run_program(target, &program, false);
}

static enum kdio_status refuse(struct kdio_target *target, enum kdio_status status, const char *word, uint64_t port,
                               unsigned width)
{
    kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s at port %llx, %u bytes: %s; nothing was sent", word,
              (unsigned long long)port, width, kdio_status_text(status));
    target->error.port = port > UINT32_MAX ? UINT32_MAX : (uint32_t)port;
    target->error.width = width;
    return status;
}

KDIO_API enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_out(&operation, port, width, value);

    return status == KDIO_DONE ? run_one(target, &operation) : refuse(target, status, "out", port, width);
}

KDIO_API enum kdio_status kdio_in(struct kdio_target *target, uint64_t port, unsigned width, uint32_t *value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_in(&operation, port, width);

    if (status != KDIO_DONE)
        return refuse(target, status, "in", port, width);
    status = run_one(target, &operation);
    if (status == KDIO_DONE)
        *value = (uint32_t)operation.result[0];
    return status;
}

KDIO_API enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats)
{
    struct kdio_operation operation = { .opcode = KDIO_OP_STATS };
    const uint64_t *result = operation.result;
    enum kdio_status status = run_one(target, &operation);

    if (status == KDIO_DONE)
        *stats = (struct kdio_stub_stats){
            .frames = (uint32_t)result[0],
            .bad_frames = (uint32_t)result[1],
            .repeated = (uint32_t)result[2],
            .overruns = (uint32_t)result[3],
            .console_lost = (uint32_t)result[4],
            .requests = (uint32_t)result[5],
            .operations = (uint32_t)result[6],
            .atomic_us_max = (uint32_t)result[7],
            .interrupts = (uint32_t)result[8],
            .uart_base = (uint32_t)result[9],
            .uptime_ms = (uint32_t)result[10],
        };
    return status;
}

/* ---- Programs ---- */

KDIO_API struct kdio_program *kdio_program_new(void)
{
    return calloc(1, sizeof(struct kdio_program));
}

KDIO_API void kdio_program_free(struct kdio_program *program)
{
    if (program)
        free(program->operations);
    free(program);
}

KDIO_API void kdio_program_clear(struct kdio_program *program)
{
    program->count = program->done_count = 0;
}

KDIO_API size_t kdio_program_count(const struct kdio_program *program)
{
    return program->count;
}

static enum kdio_status append(struct kdio_program *program, const struct kdio_operation *operation)
{
    size_t capacity = program->capacity ? program->capacity * 2 : 16;
    struct kdio_operation *operations;

    if (program->count == program->capacity) {
        operations = reallocarray(program->operations, capacity, sizeof *operations);
        if (!operations)
            return KDIO_NO_MEMORY;
        program->operations = operations;
        program->capacity = capacity;
    }
    program->operations[program->count++] = *operation;
    return KDIO_DONE;
}

KDIO_API enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_out(&operation, port, width, value);

    return status == KDIO_DONE ? append(program, &operation) : status;
}

KDIO_API enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_in(&operation, port, width);

    return status == KDIO_DONE ? append(program, &operation) : status;
}

KDIO_API enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    return kdio_run_program(target, program, atomic);
}

KDIO_API uint64_t kdio_program_value(const struct kdio_program *program, size_t index)
{
    return index < program->done_count ? program->operations[index].result[0] : 0;
}

KDIO_API size_t kdio_program_done_count(const struct kdio_program *program)
{
    return program->done_count;
}

/* ---- Text to the kernel ---- */

static enum kdio_status split_text(struct kdio_target *target, struct kdio_program *program, const char *text,
                                   size_t size)
{
    size_t max = kdio_host_link_program_max(&target->link);
    size_t piece = max > TEXT_PIECE + 2 ? TEXT_PIECE : max - 2;
    enum kdio_status status = KDIO_DONE;

    for (size_t at = 0; status == KDIO_DONE && at < size; at += piece) {
        struct kdio_operation operation = { .opcode = KDIO_OP_TEXT, .bytes = (const uint8_t *)text + at };

        operation.operand[0] = size - at < piece ? size - at : piece;
        status = append(program, &operation);
    }
    return status;
}

KDIO_API enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size)
{
    struct kdio_program *program = kdio_program_new();
    enum kdio_status status = kdio_session_ensure(target);

    if (!program && status == KDIO_DONE)
        status = kdio_fail(target, KDIO_NO_MEMORY, KDIO_OUTCOME_NOT_DONE, "out of memory; nothing was sent");
    if (status == KDIO_DONE)
        status = split_text(target, program, text, size);
    if (status == KDIO_DONE)
        status = kdio_run_program(target, program, false);
    kdio_program_free(program);
    return status;
}
