/* SPDX-License-Identifier: MIT */
/*
 * port_op.c: operations on I/O ports, and those that compare and wait. Each access is one instruction of the
 * operation's width, and no operation accesses a port more often than its meaning asks for.
 */
#include "stub/stub.h"

#define STEP_UNITS 16u /* Of a string, between two looks at the UART. */

#define CMOS_INDEX_PORT  0x70u
#define CMOS_NMI_DISABLE 0x80u /* A bit of that port. */

static uint32_t read_port(const struct kdio_stub *stub, const struct kdio_op *op)
{
    return kdio_machine_in(&stub->machine, (uint16_t)op->operand[0], op->width);
}

static void write_port(const struct kdio_stub *stub, const struct kdio_op *op, uint64_t value)
{
    kdio_machine_out(&stub->machine, (uint16_t)op->operand[0], op->width, (uint32_t)value);
}

static void give_in(struct kdio_stub *stub, struct kdio_run *run)
{
    uint32_t value = read_port(stub, &run->op);

    if (KDIO_STUB_HAS_PROGRAMS)
        kdio_runner_give(stub, run, run->op.width, value);
    else
        kdio_write_uint(&run->results, run->op.width, value);
}

/* ---- Comparing and waiting ---- */

/* The time since the operation began. The clock of another CPU may be behind. */
static uint64_t waited_us(const struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t now_us = kdio_stub_now_us(stub);

    if (!run->op_goes_on || now_us < run->op_from_us)
        run->op_from_us = now_us;
    return now_us - run->op_from_us;
}

/* By the mask and the value at `operands`. */
static enum kdio_status compare(struct kdio_run *run, const uint64_t *operands, uint64_t value)
{
    if ((value & operands[0]) == operands[1])
        return KDIO_DONE;
    run->failure.detail = (uint32_t)value;
    run->failure.detail_high = (uint32_t)(value >> 32);
    return KDIO_NO_MATCH;
}

/* One reading. The last one comes after the limit, so that a kernel that called late has not taken the time away. */
static enum kdio_status poll(struct kdio_stub *stub, struct kdio_run *run)
{
    const uint64_t *operand = run->op.operand;
    uint64_t took_us = waited_us(stub, run);
    uint32_t value = read_port(stub, &run->op);
    enum kdio_status status = compare(run, operand + 1, value);

    if (status != KDIO_DONE && took_us < operand[3])
        return KDIO_OP_GOES_ON;
    kdio_runner_give(stub, run, run->op.width, value);
    kdio_write_uint(&run->results, 4, took_us < UINT32_MAX ? took_us : UINT32_MAX);
    return status;
}

/* At least so long: the microsecond in which it began is not whole. */
static enum kdio_status delay(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t us = run->op.operand[0];

    return us && waited_us(stub, run) <= us ? KDIO_OP_GOES_ON : KDIO_DONE;
}

/* ---- Several accesses that belong together ---- */

static enum kdio_status modify(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    struct kdio_quiet quiet = kdio_quiet_begin(stub);
    uint64_t before = read_port(stub, op);
    uint64_t after = (before & op->operand[1]) | op->operand[2];

    write_port(stub, op, after);
    kdio_quiet_end(stub, quiet);
    kdio_runner_give(stub, run, op->width, before);
    kdio_runner_give(stub, run, op->width, after);
    return KDIO_DONE;
}

/* What the index port is to hold, meanwhile and afterwards. */
struct selection {
    uint16_t port;
    unsigned width;
    uint32_t index;
    uint32_t former;
    bool restore;
};

static void select_index(const struct kdio_stub *stub, const struct kdio_op *op, struct selection *selection)
{
    const volatile uint8_t *cmos_index = stub->config.cmos_index;
    uint64_t flags = op->operand[KDIO_INDEX_FLAG_BITS];

    selection->port = (uint16_t)op->operand[KDIO_INDEX_PORT];
    selection->width = 1u << (flags & KDIO_INDEX_WIDTH);
    selection->index = (uint32_t)op->operand[KDIO_INDEX_VALUE];
    selection->restore = flags & KDIO_INDEX_RESTORE;
    if (cmos_index && selection->port == CMOS_INDEX_PORT && selection->width == 1) {
        selection->restore = true;
        selection->former = *cmos_index;
        selection->index &= ~CMOS_NMI_DISABLE;
        selection->index |= selection->former & CMOS_NMI_DISABLE;
    } else if (selection->restore) {
        selection->former = kdio_machine_in(&stub->machine, selection->port, selection->width);
    }
    kdio_machine_out(&stub->machine, selection->port, selection->width, selection->index);
}

static enum kdio_status access_indexed(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint16_t port = (uint16_t)op->operand[KDIO_INDEX_DATA_PORT];
    struct kdio_quiet quiet = kdio_quiet_begin(stub);
    struct selection selection = { 0 };

    select_index(stub, op, &selection);
    if (op->row->family == KDIO_OP_INDEX_IN8)
        kdio_runner_give(stub, run, op->width, kdio_machine_in(&stub->machine, port, op->width));
    else
        kdio_machine_out(&stub->machine, port, op->width, (uint32_t)op->operand[KDIO_INDEX_DATA_VALUE]);
    if (selection.restore)
        kdio_machine_out(&stub->machine, selection.port, selection.width, selection.former);
    kdio_quiet_end(stub, quiet);
    return KDIO_DONE;
}

/* ---- Strings ---- */

static uint64_t table_value(const struct kdio_run *run)
{
    unsigned width = run->op.width;
    struct kdio_reader unit = kdio_reader_on(run->op.bytes + run->op_units * width, width);

    return kdio_read_uint(&unit, width);
}

static enum kdio_status move_units(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint32_t end = run->op_units + STEP_UNITS;

    if (end > op->count)
        end = op->count;
    for (; run->op_units < end; run->op_units++) {
        if (op->row->family == KDIO_OP_INS8)
            give_in(stub, run);
        else
            write_port(stub, op, op->row->family == KDIO_OP_OUTS8 ? table_value(run) : op->operand[2]);
    }
    return end < op->count ? KDIO_OP_GOES_ON : KDIO_DONE;
}

/* ---- All of them ---- */

static enum kdio_status run_program_op(struct kdio_stub *stub, struct kdio_run *run)
{
    switch (run->op.row->family) {
    case KDIO_OP_RMW8:
        return modify(stub, run);
    case KDIO_OP_POLL8:
        return poll(stub, run);
    case KDIO_OP_CHECK8:
        return compare(run, run->op.operand, stub->last);
    case KDIO_OP_INDEX_IN8:
    case KDIO_OP_INDEX_OUT8:
        return access_indexed(stub, run);
    case KDIO_OP_DELAY:
        return delay(stub, run);
    case KDIO_OP_RDTSC:
        kdio_runner_give(stub, run, 8, kdio_machine_stamp(&stub->machine));
        return KDIO_DONE;
    default:
        return move_units(stub, run);
    }
}

enum kdio_status kdio_port_op(struct kdio_stub *stub, struct kdio_run *run)
{
    if (KDIO_STUB_HAS_PROGRAMS && run->op.row->capability == KDIO_CAPABILITY_PROGRAM)
        return run_program_op(stub, run);
    if (run->op.row->changes)
        write_port(stub, &run->op, run->op.operand[1]);
    else
        give_in(stub, run);
    return KDIO_DONE;
}
