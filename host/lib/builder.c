/* SPDX-License-Identifier: MIT */
/* builder.c: programs as a caller builds them, and what their operations gave. */
#include <stdlib.h>
#include <string.h>

#include "host/lib/target.h"

#define OPERATIONS_FIRST 16u
#define BYTES_FIRST      256u

KDIO_API struct kdio_program *kdio_program_new(void)
{
    return calloc(1, sizeof(struct kdio_program));
}

KDIO_API void kdio_program_free(struct kdio_program *program)
{
    if (!program)
        return;
    free(program->operations);
    if (program->bytes_capacity)
        free((void *)(uintptr_t)program->bytes);
    if (program->results_capacity)
        free(program->results);
    free(program);
}

KDIO_API void kdio_program_clear(struct kdio_program *program)
{
    program->count = program->done_count = 0;
    program->bytes_size = program->results_size = program->partial_size = 0;
    program->capabilities = 0;
    program->changes = false;
}

KDIO_API size_t kdio_program_count(const struct kdio_program *program)
{
    return program->count;
}

KDIO_API size_t kdio_program_done_count(const struct kdio_program *program)
{
    return program->done_count;
}

/* ---- Appending ---- */

static bool grow_operations(struct kdio_program *program)
{
    size_t capacity = program->capacity ? program->capacity * 2 : OPERATIONS_FIRST;
    struct kdio_operation *operations;

    if (program->count < program->capacity)
        return true;
    operations = reallocarray(program->operations, capacity, sizeof *operations);
    if (!operations)
        return false;
    program->operations = operations;
    program->capacity = capacity;
    return true;
}

static bool grow_bytes(struct kdio_program *program, size_t more)
{
    size_t capacity = program->bytes_capacity ? program->bytes_capacity : BYTES_FIRST;
    uint8_t *bytes;

    if (more > SIZE_MAX / 4 - program->bytes_size)
        return false;
    if (program->bytes_size + more <= program->bytes_capacity)
        return true;
    while (capacity < program->bytes_size + more)
        capacity *= 2;
    bytes = realloc((void *)(uintptr_t)program->bytes, capacity);
    if (!bytes)
        return false;
    program->bytes = bytes;
    program->bytes_capacity = capacity;
    return true;
}

static void copy_bytes(struct kdio_program *program, const void *bytes, size_t size)
{
    memcpy((uint8_t *)(uintptr_t)program->bytes + program->bytes_size, bytes, size);
    program->bytes_size += size;
}

enum kdio_status kdio_program_append(struct kdio_program *program, const struct kdio_operation *operation,
                                     const void *bytes, size_t size)
{
    size_t results_size = kdio_operation_results_size(operation);
    struct kdio_operation *added;

    if (results_size > SIZE_MAX / 4 - program->results_size || !grow_operations(program) ||
        (size && !grow_bytes(program, size)))
        return KDIO_NO_MEMORY;
    added = &program->operations[program->count++];
    *added = *operation;
    added->bytes_at = program->bytes_size;
    added->results_at = program->results_size;
    if (size)
        copy_bytes(program, bytes, size);
    program->results_size += results_size;
    program->capabilities |= operation->row->capability;
    program->changes |= operation->row->changes;
    return KDIO_DONE;
}

static enum kdio_status append_made(struct kdio_program *program, enum kdio_status status,
                                    const struct kdio_operation *operation)
{
    return status == KDIO_DONE ? kdio_program_append(program, operation, NULL, 0) : status;
}

static enum kdio_status append_port(struct kdio_program *program, uint8_t opcode, uint64_t port, unsigned width,
                                    uint64_t second, uint64_t third)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_port(&operation, opcode, port, width, (uint64_t[]){ second, third });

    return append_made(program, status, &operation);
}

static enum kdio_status append_other(struct kdio_program *program, uint8_t opcode, uint64_t first, uint64_t second)
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { first, second };
    struct kdio_operation operation;
    enum kdio_status status = kdio_make(&operation, opcode, operand);

    return append_made(program, status, &operation);
}

KDIO_API enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value)
{
    return append_port(program, KDIO_OP_OUT8, port, width, value, 0);
}

KDIO_API enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width)
{
    return append_port(program, KDIO_OP_IN8, port, width, 0, 0);
}

KDIO_API enum kdio_status kdio_program_rmw(struct kdio_program *program, uint64_t port, unsigned width,
                                           uint64_t and_mask, uint64_t or_mask)
{
    return append_port(program, KDIO_OP_RMW8, port, width, and_mask, or_mask);
}

KDIO_API enum kdio_status kdio_program_poll(struct kdio_program *program, uint64_t port, unsigned width,
                                            uint64_t mask, uint64_t wanted, uint32_t limit_us)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_port(&operation, KDIO_OP_POLL8, port, width, (uint64_t[]){ mask, wanted });

    if (status == KDIO_DONE)
        operation.operand[3] = limit_us;
    return append_made(program, status, &operation);
}

KDIO_API enum kdio_status kdio_program_delay(struct kdio_program *program, uint32_t us)
{
    return append_other(program, KDIO_OP_DELAY, us, 0);
}

KDIO_API enum kdio_status kdio_program_check(struct kdio_program *program, unsigned width, uint64_t mask,
                                             uint64_t wanted)
{
    if (width != 1 && width != 2 && width != 4 && width != 8)
        return KDIO_BAD_WIDTH;
    return append_other(program, (uint8_t)(KDIO_OP_CHECK8 + __builtin_ctz(width)), mask, wanted);
}

/* ---- Pairs of ports ---- */

/* Index registers that can be read: PCI's CONFIG_ADDRESS, and of a VGA the sequencer, graphics and CRT controllers. */
static bool is_readable_index(const struct kdio_index *index)
{
    static const uint16_t bytes[] = { 0x3c4, 0x3ce, 0x3d4, 0x3b4 };

    for (unsigned i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        if (index->port == bytes[i] && index->width == 1)
            return true;
    return index->port == 0xcf8 && index->width == 4;
}

static enum kdio_status append_index(struct kdio_program *program, uint8_t opcode, const struct kdio_index *index,
                                     unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_port_check(index->port, index->width);
    uint64_t restore = index->restore || is_readable_index(index) ? KDIO_INDEX_RESTORE : 0;
    struct kdio_operation operation;
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };

    if (status == KDIO_DONE)
        status = kdio_port_check(index->data_port, width);
    if (status != KDIO_DONE)
        return status;
    if (index->width < 4 && index->value >> (8 * index->width))
        return KDIO_BAD_VALUE;
    operand[KDIO_INDEX_PORT] = index->port;
    operand[KDIO_INDEX_FLAG_BITS] = restore | (uint64_t)__builtin_ctz(index->width);
    operand[KDIO_INDEX_VALUE] = index->value;
    operand[KDIO_INDEX_DATA_PORT] = index->data_port;
    operand[KDIO_INDEX_DATA_VALUE] = value;
    status = kdio_make(&operation, (uint8_t)(opcode + __builtin_ctz(width)), operand);
    return append_made(program, status, &operation);
}

KDIO_API enum kdio_status kdio_program_index_in(struct kdio_program *program, const struct kdio_index *index,
                                                unsigned width)
{
    return append_index(program, KDIO_OP_INDEX_IN8, index, width, 0);
}

KDIO_API enum kdio_status kdio_program_index_out(struct kdio_program *program, const struct kdio_index *index,
                                                 unsigned width, uint64_t value)
{
    return append_index(program, KDIO_OP_INDEX_OUT8, index, width, value);
}

/* ---- Many accesses to one port ---- */

KDIO_API enum kdio_status kdio_program_ins(struct kdio_program *program, uint64_t port, unsigned width, size_t count)
{
    enum kdio_status status = kdio_port_check(port, width);

    if (status != KDIO_DONE)
        return status;
    if (!count)
        return KDIO_BAD_OPERAND;
    return count > SIZE_MAX / 16 ? KDIO_NO_MEMORY : append_port(program, KDIO_OP_INS8, port, width, count, 0);
}

KDIO_API enum kdio_status kdio_program_outs(struct kdio_program *program, uint64_t port, unsigned width,
                                            const void *values, size_t count)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_port(&operation, KDIO_OP_OUTS8, port, width, (uint64_t[]){ count, 0 });

    if (status != KDIO_DONE)
        return status;
    if (!count)
        return KDIO_BAD_OPERAND;
    return count > SIZE_MAX / 16 ? KDIO_NO_MEMORY : kdio_program_append(program, &operation, values, count * width);
}

KDIO_API enum kdio_status kdio_program_repeat(struct kdio_program *program, uint64_t port, unsigned width, size_t count,
                                              uint64_t value)
{
    enum kdio_status status = kdio_port_check(port, width);

    if (status != KDIO_DONE)
        return status;
    return count ? append_port(program, KDIO_OP_REPEAT8, port, width, count, value) : KDIO_BAD_OPERAND;
}

/* ---- The other spaces ---- */

KDIO_API enum kdio_status kdio_program_rdtsc(struct kdio_program *program)
{
    return append_other(program, KDIO_OP_RDTSC, 0, 0);
}

KDIO_API enum kdio_status kdio_program_rdmsr(struct kdio_program *program, uint32_t msr)
{
    return append_other(program, KDIO_OP_RDMSR, msr, 0);
}

KDIO_API enum kdio_status kdio_program_wrmsr(struct kdio_program *program, uint32_t msr, uint64_t value)
{
    return append_other(program, KDIO_OP_WRMSR, msr, value);
}

KDIO_API enum kdio_status kdio_program_cpuid(struct kdio_program *program, uint32_t leaf, uint32_t subleaf)
{
    return append_other(program, KDIO_OP_CPUID, leaf, subleaf);
}

KDIO_API enum kdio_status kdio_program_read(struct kdio_program *program, enum kdio_space space, uint64_t address,
                                            unsigned unit, size_t size)
{
    struct kdio_operation operation;

    return append_made(program, kdio_make_memory(&operation, false, space, address, unit, size), &operation);
}

KDIO_API enum kdio_status kdio_program_write(struct kdio_program *program, enum kdio_space space, uint64_t address,
                                             unsigned unit, const void *bytes, size_t size)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_memory(&operation, true, space, address, unit, size);

    return status == KDIO_DONE ? kdio_program_append(program, &operation, bytes, size) : status;
}

KDIO_API enum kdio_status kdio_program_pci_read(struct kdio_program *program, struct kdio_pci_address function,
                                                uint32_t offset, unsigned unit, size_t size)
{
    struct kdio_operation operation;

    return append_made(program, kdio_make_pci(&operation, false, function, offset, unit, size), &operation);
}

KDIO_API enum kdio_status kdio_program_pci_write(struct kdio_program *program, struct kdio_pci_address function,
                                                 uint32_t offset, unsigned unit, const void *bytes, size_t size)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_pci(&operation, true, function, offset, unit, size);

    return status == KDIO_DONE ? kdio_program_append(program, &operation, bytes, size) : status;
}

/* ---- Results ---- */

/* Bytes of results that operation `index` gave. */
static size_t given(const struct kdio_program *program, size_t index)
{
    if (index < program->done_count)
        return kdio_operation_results_size(&program->operations[index]);
    return index < program->count && index == program->done_count ? program->partial_size : 0;
}

/* Result `number` of those that are one integer each; 0 when it was not given. */
static uint64_t field(const struct kdio_program *program, size_t index, unsigned number)
{
    size_t size = given(program, index);
    const struct kdio_operation *operation = &program->operations[index];
    struct kdio_reader reader;
    uint64_t value = 0;

    if (!size || operation->row->results_table || !operation->row->results[number])
        return 0;
    reader = kdio_reader_on(program->results + operation->results_at, size);
    for (unsigned i = 0; i <= number; i++)
        value = kdio_read_uint(&reader, kdio_op_letter_size(operation->row->results[i], kdio_op_width(operation->row)));
    return value;
}

/* What is asked for as bytes: tables, and CPUID, which has more than two results. */
static bool gives_bytes(const struct kdio_op_row *row)
{
    return row->results_table || (row->results[0] && row->results[1] && row->results[2]);
}

KDIO_API uint64_t kdio_program_value(const struct kdio_program *program, size_t index)
{
    return index < program->count && !gives_bytes(program->operations[index].row) ? field(program, index, 0) : 0;
}

KDIO_API uint64_t kdio_program_other(const struct kdio_program *program, size_t index)
{
    return index < program->count && !gives_bytes(program->operations[index].row) ? field(program, index, 1) : 0;
}

KDIO_API const uint8_t *kdio_program_bytes(const struct kdio_program *program, size_t index, size_t *size)
{
    *size = index < program->count && gives_bytes(program->operations[index].row) ? given(program, index) : 0;
    return *size ? program->results + program->operations[index].results_at : NULL;
}

KDIO_API enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    return kdio_run_program(target, program, atomic ? KDIO_CUT_NEVER : KDIO_CUT_FULL);
}

KDIO_API enum kdio_status kdio_target_run_singly(struct kdio_target *target, struct kdio_program *program)
{
    return kdio_run_program(target, program, KDIO_CUT_SINGLY);
}
