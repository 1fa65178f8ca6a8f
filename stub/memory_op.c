/* SPDX-License-Identifier: MIT */
/*
 * memory_op.c: operations on memory, by virtual and by physical address.
 *
 * No location is accessed twice and none outside what the operation names. An operation with a width makes one access of that
 * width for each unit. The others move what lies aligned by 8 bytes and the edges by single bytes.
 */
#include "stub/space.h"
#include "stub/stub.h"

/* Accesses in one step. */
#define STEP_ACCESSES 16u
#define WORD          8u

/* Physical memory that is mapped during a step. */
struct window {
    uint64_t physical;
    uint64_t at;
    uint64_t size; /* 0: none yet. */
};

static bool is_physical(const struct kdio_op *op)
{
    return op->row->capability == KDIO_CAPABILITY_PHYSICAL;
}

/* 0 where no memory is. */
static uint64_t find_physical(struct kdio_stub *stub, struct kdio_run *run, struct window *window, uint64_t address,
                              unsigned width)
{
    uint64_t offset = address - window->physical;

    if (offset >= window->size || window->size - offset < width) {
        *window = (struct window){ .physical = address, .size = STEP_ACCESSES * WORD };
        window->at = kdio_space_map(stub, run, address, width, &window->size);
        offset = 0;
        if (!window->at)
            window->size = 0;
    }
    return window->at ? window->at + offset : 0;
}

static enum kdio_status access(struct kdio_stub *stub, struct kdio_run *run, struct window *window, uint64_t address,
                               unsigned width, uint64_t *value)
{
    uint64_t at = address;

    if (is_physical(&run->op)) {
        at = find_physical(stub, run, window, address, width);
        if (!at)
            return KDIO_FAULT;
        if (kdio_space_has_uart(stub, at, width))
            return KDIO_LINK_UART;
    }
    return kdio_space_access(stub, run, kdio_space_memory(run->op.row->changes, width), at, address, value);
}

/* Width of the next access to `left` bytes whose unit is the byte. */
static unsigned widest(uint64_t address, uint64_t left)
{
    return address % WORD == 0 && left >= WORD ? WORD : 1;
}

/* ---- Blocks ---- */

/* The operations without a unit of their own count bytes. */
static bool is_bytes(const struct kdio_op *op)
{
    return op->row->family >= KDIO_OP_VGET;
}

static enum kdio_status block(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    struct window window = { 0 };

    for (unsigned n = 0; n < STEP_ACCESSES && run->op_units < op->count; n++) {
        uint32_t offset = run->op_units * op->width;
        uint64_t address = op->operand[0] + offset, value = 0;
        unsigned width = is_bytes(op) ? widest(address, op->count - offset) : op->width;
        enum kdio_status status;

        if (op->row->changes)
            value = kdio_space_operand(op, offset, width);
        status = access(stub, run, &window, address, width, &value);
        if (status != KDIO_DONE)
            return status;
        if (!op->row->changes)
            kdio_runner_give(stub, run, width, value);
        run->op_units += width / op->width;
    }
    return run->op_units < op->count ? KDIO_OP_GOES_ON : KDIO_DONE;
}

/* ---- Filling ---- */

static uint64_t pattern_at(const struct kdio_op *op, uint64_t offset, unsigned width)
{
    uint32_t size = (uint32_t)op->operand[2], at = (uint32_t)(offset % size);
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)op->bytes[at] << 8 * i;
        at = at + 1 < size ? at + 1 : 0;
    }
    return value;
}

static enum kdio_status fill(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint64_t length = op->operand[1];
    struct window window = { 0 };

    for (unsigned n = 0; n < STEP_ACCESSES && run->op_at < length; n++) {
        uint64_t address = op->operand[0] + run->op_at;
        unsigned width = widest(address, length - run->op_at);
        uint64_t value = pattern_at(op, run->op_at, width);
        enum kdio_status status = access(stub, run, &window, address, width, &value);

        if (status != KDIO_DONE)
            return status;
        run->op_at += width;
    }
    return run->op_at < length ? KDIO_OP_GOES_ON : KDIO_DONE;
}

/* ---- Searching ---- */

/*
 * Memory is read once: op_at bytes of it so far, of which the last op_units are the pattern's first. So what a later
 * candidate has in common with them is told by the pattern alone.
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

    while (run->op_units) {
        run->op_units--;
        if (on_grid(run) && ends_with(run->op.bytes, size, run->op_units))
            return;
    }
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
    for (; width; width--, value >>= 8)
        if (take(run, (uint8_t)value))
            return true;
    return false;
}

static enum kdio_status search(struct kdio_stub *stub, struct kdio_run *run)
{
    const uint64_t *operand = run->op.operand;
    struct window window = { 0 };

    for (unsigned n = 0; n < STEP_ACCESSES; n++) {
        uint64_t address, value;
        unsigned width;
        enum kdio_status status;

        if (!seek(run))
            return KDIO_NOT_FOUND;
        address = operand[0] + run->op_at;
        width = widest(address, operand[SEARCH_LENGTH] - run->op_at);
        status = access(stub, run, &window, address, width, &value);
        if (status != KDIO_DONE)
            return status;
        if (take_all(run, value, width)) {
            kdio_write_uint(&run->results, 8, operand[0] + run->op_at - operand[SEARCH_SIZE]);
            return KDIO_DONE;
        }
    }
    return KDIO_OP_GOES_ON;
}

/* Apart, so that its stack is not under the walk's. */
static enum kdio_status __attribute__((noinline)) reach(struct kdio_stub *stub, struct kdio_run *run)
{
    if (!run->op_goes_on)
        run->op_at = 0;
    if (run->op.width)
        return block(stub, run);
    return run->op.row->changes ? fill(stub, run) : search(stub, run);
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
