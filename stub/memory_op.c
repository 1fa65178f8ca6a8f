/* SPDX-License-Identifier: MIT */
/*
 * memory_op.c: operations on memory, by virtual and by physical address.
 *
 * No location is accessed twice and none outside what the operation names. An operation with a unit makes one access of
 * that width for each. The others move what lies aligned by 8 bytes, and the edges by single bytes. run->op_at counts
 * the bytes that are done.
 */
#include "stub/space.h"
#include "stub/stub.h"

/* Accesses in one step. */
#define STEP_ACCESSES 16u
#define WORD          8u

static bool is_search(const struct kdio_op *op)
{
    return op->row->family == KDIO_OP_VSEARCH || op->row->family == KDIO_OP_PSEARCH;
}

/* The operations without a unit come last in the table. */
static unsigned next_width(const struct kdio_op *op, uint64_t address, uint64_t left)
{
    if (op->row->family < KDIO_OP_VGET)
        return op->width;
    return address % WORD == 0 && left >= WORD ? WORD : 1;
}

/* ---- Searching ---- */

/*
 * Memory is read once: of the op_at bytes so far, the last op_units are the pattern's first. So what a later candidate
 * has in common with them is told by the pattern alone. That lies here with every bit inverted, as it came, or a search
 * of this very memory would find it.
 */
enum { SEARCH_LENGTH = 1, SEARCH_STEP, SEARCH_SIZE };

static bool on_grid(const struct kdio_run *run)
{
    return ((run->op_at - run->op_units) & (run->op.operand[SEARCH_STEP] - 1)) == 0;
}

/* The pattern's first `size` bytes end with its first `end`. */
static bool ends_with(const uint8_t *pattern, uint32_t size, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++)
        if (pattern[size - end + i] != pattern[i])
            return false;
    return true;
}

/* The next candidate that agrees with what was read, as far as that goes. */
static void next_candidate(struct kdio_run *run)
{
    uint32_t size = run->op_units;

    do
        run->op_units--;
    while (run->op_units && !(on_grid(run) && ends_with(run->op.bytes, size, run->op_units)));
}

/* True when the byte completes the pattern. */
static bool take(struct kdio_run *run, uint8_t byte)
{
    while (run->op_units && run->op.bytes[run->op_units] != byte)
        next_candidate(run);
    if (on_grid(run) && run->op.bytes[run->op_units] == byte)
        run->op_units++;
    run->op_at++;
    return run->op_units == run->op.operand[SEARCH_SIZE];
}

/* To the first byte of the next candidate, when none is under way; false when no candidate fits any more. */
static bool seek(struct kdio_run *run)
{
    const uint64_t *operand = run->op.operand;
    uint64_t from;

    if (!run->op_units)
        run->op_at = (run->op_at + operand[SEARCH_STEP] - 1) & -operand[SEARCH_STEP];
    from = run->op_at - run->op_units;
    return from <= operand[SEARCH_LENGTH] && operand[SEARCH_LENGTH] - from >= operand[SEARCH_SIZE];
}

/* Takes what one access has read. True when the pattern was found; op_at is behind it. */
static bool take_all(struct kdio_run *run, uint64_t value, unsigned width)
{
    value = ~value;
    for (; width; width--, value >>= 8)
        if (take(run, (uint8_t)value))
            return true;
    return false;
}

/* ---- Accessing ---- */

/* What was read goes where it belongs. True when nothing more needs to be. */
static bool use(struct kdio_stub *stub, struct kdio_run *run, uint64_t value, unsigned width)
{
    if (!is_search(&run->op)) {
        run->op_at += width;
        if (!run->op.row->changes)
            kdio_runner_give(stub, run, width, value);
    } else if (take_all(run, value, width)) {
        kdio_write_uint(&run->results, 8, run->op.operand[0] + run->op_at - run->op_units);
        return true;
    }
    return false;
}

/* Apart, so that its stack is not under the walk's. */
static enum kdio_status __attribute__((noinline)) reach(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint64_t size = kdio_space_size(op);

    if (!run->op_goes_on)
        run->op_at = 0;
    for (unsigned n = 0; n < STEP_ACCESSES; n++) {
        uint64_t address, value = 0;
        enum kdio_status status;
        unsigned width;

        if (is_search(op) && !seek(run))
            return KDIO_NOT_FOUND;
        if (run->op_at == size)
            return KDIO_DONE;
        address = op->operand[0] + run->op_at;
        width = next_width(op, address, size - run->op_at);
        if (op->row->changes)
            value = kdio_space_operand(op, run->op_at, width);
        status = kdio_space_memory(stub, run, kdio_space_direction(op), op->row->capability == KDIO_CAPABILITY_PHYSICAL,
                                   address, width, &value);
        if (status != KDIO_DONE || use(stub, run, value, width))
            return status;
    }
    return KDIO_OP_GOES_ON;
}

/* Memory is seen and changed without the int3s of breakpoints. */
static enum kdio_status reach_beneath(struct kdio_stub *stub, struct kdio_run *run)
{
    uintptr_t state = KDIO_STUB_HAS_RUN ? kdio_breakpoints_lift(stub) : 0;
    enum kdio_status status = reach(stub, run);

    if (KDIO_STUB_HAS_RUN)
        kdio_breakpoints_put(stub, state);
    return status;
}

enum kdio_status kdio_memory_op(struct kdio_stub *stub, struct kdio_run *run)
{
    return run->op.row->family == KDIO_OP_TRANSLATE ? kdio_translate_op(stub, run) : reach_beneath(stub, run);
}
