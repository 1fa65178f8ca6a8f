/* SPDX-License-Identifier: MIT */
/* runner.c: one small function an operation; sizes and operands come decoded from the table's codec. */
#include "stub/runner.h"

#include "proto/policy.h"
#include "stub/stub.h"

/* At 3 Mbaud a FIFO of 16 bytes fills in 53 us: emptied well within. */
#define DRAIN_PERIOD_US 16u
#define DRAIN_LIMIT     KDIO_UART_FIFO_SIZE

static bool denied(const struct kdio_stub_config *config, const struct kdio_op *op, unsigned width, bool write)
{
    uint16_t port = (uint16_t)op->operand[0];
    const uint16_t *pm1 = config->pm1_control;

    for (uint32_t i = 0; i < config->deny_count; i++)
        if (kdio_port_in_range(port, width, config->deny[i].first, config->deny[i].last))
            return true;
    if (!config->deny_safe)
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (pm1[i] && kdio_port_in_range(port, width, pm1[i], (uint16_t)(pm1[i] + 1)))
            return true;
    return kdio_safe_denies(port, width, write, (uint32_t)op->operand[1]);
}

static enum kdio_status check_policy(const struct kdio_stub *stub, const struct kdio_op *op)
{
    const struct kdio_stub_config *config = &stub->config;
    unsigned width = kdio_op_width(op->row);
    bool write = kdio_op_writes(op->row);

    if (op->row->capability & ~stub->link.config.capabilities)
        return KDIO_UNSUPPORTED;
    if (!KDIO_STUB_HAS_STATS && op->row->opcode == KDIO_OP_STATS)
        return KDIO_UNSUPPORTED;
    if (!width)
        return KDIO_DONE;
    if (kdio_uart_overlaps(&stub->uart, (uint16_t)op->operand[0], width))
        return KDIO_LINK_UART;
    if (!KDIO_STUB_HAS_POLICY)
        return KDIO_DONE;
    if (config->read_only && write)
        return KDIO_READ_ONLY;
    return denied(config, op, width, write) ? KDIO_DENIED : KDIO_DONE;
}

static enum kdio_status check_limits(const struct kdio_stub *stub, const struct kdio_program_summary *summary)
{
    const struct kdio_stub_link_config *limits = &stub->link.config;

    if (summary->count > limits->program_max || summary->results_size > limits->results_max)
        return KDIO_TOO_LARGE;
    if (stub->request.atomic && summary->worst_us > stub->config.atomic_max_us)
        return KDIO_TOO_LONG;
    return KDIO_DONE;
}

/* P4, in one walk: what is wrong with an operation by itself comes before the limits, and the limits before the
 * policy. */
static enum kdio_status check_program(const struct kdio_stub *stub, uint32_t *bad_index)
{
    struct kdio_reader reader = kdio_reader_on(stub->request.program, stub->request.size);
    struct kdio_program_summary summary = { 0 };
    enum kdio_status status = reader.left ? KDIO_DONE : KDIO_MALFORMED;
    enum kdio_status policy = KDIO_DONE;
    uint32_t refused_index = 0;
    struct kdio_op op;

    while (status == KDIO_DONE && reader.left) {
        status = kdio_program_step(&reader, &summary, &op);
        if (status == KDIO_DONE && policy == KDIO_DONE) {
            policy = check_policy(stub, &op);
            refused_index = summary.bad_index;
        }
    }
    if (status == KDIO_DONE)
        status = check_limits(stub, &summary);
    *bad_index = status == KDIO_DONE ? refused_index : summary.bad_index;
    return status == KDIO_DONE ? policy : status;
}

static void run_session(struct kdio_stub *stub, struct kdio_writer *results)
{
    const struct kdio_stub_session *former = &stub->link.former;
    const uint32_t values[] = { former->key.challenge, former->expected, former->operations };

    kdio_write_fields(results, "ddd", values);
}

static void run_stats(struct kdio_stub *stub, struct kdio_writer *results)
{
    const struct kdio_stub_link_stats *stats = &stub->link.stats;
    const uint32_t values[KDIO_OP_RESULTS_MAX] = {
        stats->frames,
        stats->bad_frames,
        stats->repeated,
        stub->uart.overruns + stub->rx_overruns,
        stub->console.lost,
        stats->requests,
        stats->operations,
        stub->atomic_us_max,
        stub->interrupts,
        (uint32_t)stub->uart.config.base,
        (uint32_t)((kdio_stub_now_us(stub) - stub->start_us) / 1000),
    };

    kdio_write_fields(results, "ddddddddddd", values);
}

/* Letters of a port operation: an `in` has results, an `out` none. */
static void run_port(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    uint16_t port = (uint16_t)op->operand[0];
    unsigned width = kdio_op_width(op->row);

    if (kdio_op_writes(op->row))
        kdio_machine_out(&stub->machine, port, width, (uint32_t)op->operand[1]);
    else
        kdio_write_uint(results, width, kdio_machine_in(&stub->machine, port, width));
}

/* A switch and not a table of functions: a table would need relocations, and the library has no data. */
static enum kdio_status run_op(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    switch (op->row->opcode) {
    case KDIO_OP_SESSION:
        run_session(stub, results);
        break;
    case KDIO_OP_STATS:
        if (KDIO_STUB_HAS_STATS)
            run_stats(stub, results);
        break;
    case KDIO_OP_TEXT:
        if (KDIO_STUB_HAS_TEXT)
            stub->config.text(stub->config.context, (const char *)op->bytes, (size_t)op->operand[0]);
        break;
    case KDIO_OP_CHAIN:
        return stub->link.last_failed ? KDIO_SKIPPED : KDIO_DONE;
    case KDIO_OP_ECHO:
        kdio_write_uint(results, 8, op->operand[0]);
        break;
    default:
        run_port(stub, op, results);
        break;
    }
    return KDIO_DONE;
}

/* L7: bytes that arrive while a program runs must not overrun the FIFO. */
static void drain_in_time(struct kdio_stub *stub)
{
    if (kdio_stub_now_us(stub) - stub->drained_us >= DRAIN_PERIOD_US)
        (void)kdio_stub_drain(stub, DRAIN_LIMIT);
}

static void run_program(struct kdio_stub *stub, uint8_t *results, struct kdio_run *run)
{
    struct kdio_reader reader = kdio_reader_on(stub->request.program, stub->request.size);
    struct kdio_writer writer = kdio_writer_on(results, stub->link.config.results_max);
    struct kdio_op op;

    while (reader.left && kdio_op_read(&reader, &op) == KDIO_DONE) {
        run->failure.status = run_op(stub, &op, &writer);
        if (run->failure.status != KDIO_DONE)
            break;
        run->failure.index = ++run->failure.done;
        run->counted += op.row->capability != KDIO_CAPABILITY_LINK;
        if (reader.left)
            drain_in_time(stub);
    }
    run->results_size = (uint32_t)(writer.at - results);
}

static void run_atomic(struct kdio_stub *stub, uint8_t *results, struct kdio_run *run)
{
    uintptr_t state = kdio_machine_interrupts_off(&stub->machine);
    uint64_t from_us = KDIO_STUB_HAS_STATS ? kdio_stub_now_us(stub) : 0;
    uint32_t took_us = 0;

    run_program(stub, results, run);
    if (KDIO_STUB_HAS_STATS)
        took_us = (uint32_t)(kdio_stub_now_us(stub) - from_us);
    kdio_machine_interrupts_restore(&stub->machine, state);
    if (took_us > stub->atomic_us_max)
        stub->atomic_us_max = took_us;
}

void kdio_runner_run(struct kdio_stub *stub, uint8_t *results, struct kdio_run *run)
{
    *run = (struct kdio_run){ 0 };
    run->failure.status = check_program(stub, &run->failure.index);
    if (run->failure.status != KDIO_DONE)
        return;
    run->failure.index = 0;
    if (stub->request.atomic)
        run_atomic(stub, results, run);
    else
        run_program(stub, results, run);
}
