/* SPDX-License-Identifier: MIT */
/* runner.c: one small function an operation; sizes and operands come decoded from the table's codec. */
#include "stub/runner.h"

#include "proto/policy.h"
#include "stub/stub.h"

/* At 3 Mbaud a FIFO of 16 bytes fills in 53 us: emptied well within. */
#define DRAIN_PERIOD_US 16u
#define DRAIN_LIMIT     KDIO_UART_FIFO_SIZE

static bool denied(const struct kdio_stub_config *config, const struct kdio_op *op)
{
    uint16_t port = (uint16_t)op->operand[0];
    const uint16_t *pm1 = config->pm1_control;

    for (uint32_t i = 0; i < config->deny_count; i++)
        if (kdio_port_in_range(port, op->width, config->deny[i].first, config->deny[i].last))
            return true;
    if (!config->deny_safe)
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (pm1[i] && kdio_port_in_range(port, op->width, pm1[i], (uint16_t)(pm1[i] + 1)))
            return true;
    return kdio_safe_denies(port, op->width, kdio_op_writes(op->row), (uint32_t)op->operand[1]);
}

static enum kdio_status check_policy(const struct kdio_stub *stub, const struct kdio_op *op)
{
    const struct kdio_stub_config *config = &stub->config;

    if (op->row->capability & ~stub->link.config.capabilities)
        return KDIO_UNSUPPORTED;
    if (!KDIO_STUB_HAS_STATS && op->row->opcode == KDIO_OP_STATS)
        return KDIO_UNSUPPORTED;
    if (!op->width)
        return KDIO_DONE;
    if (kdio_uart_overlaps(&stub->uart, (uint16_t)op->operand[0], op->width))
        return KDIO_LINK_UART;
    if (!KDIO_STUB_HAS_POLICY)
        return KDIO_DONE;
    if (config->read_only && kdio_op_writes(op->row))
        return KDIO_READ_ONLY;
    return denied(config, op) ? KDIO_DENIED : KDIO_DONE;
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

static void run_port(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    uint16_t port = (uint16_t)op->operand[0];

    if (op->row->results_size)
        kdio_write_uint(results, op->width, kdio_machine_in(&stub->machine, port, op->width));
    else
        kdio_machine_out(&stub->machine, port, op->width, (uint32_t)op->operand[1]);
}

/* Choices and not a table of functions: a table would need relocations, and the library has no data. */
static enum kdio_status run_op(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    uint8_t opcode = op->row->opcode;

    if (op->width)
        run_port(stub, op, results);
    else if (opcode == KDIO_OP_SESSION)
        run_session(stub, results);
    else if (opcode == KDIO_OP_ECHO)
        kdio_write_uint(results, 8, op->operand[0]);
    else if (KDIO_STUB_HAS_STATS && opcode == KDIO_OP_STATS)
        run_stats(stub, results);
    else if (KDIO_STUB_HAS_TEXT && opcode == KDIO_OP_TEXT)
        stub->config.text(stub->config.context, (const char *)op->bytes, (size_t)op->operand[0]);
    else if (stub->link.last_failed)
        return KDIO_SKIPPED; /* CHAIN */
    return KDIO_DONE;
}

/* L7: bytes that arrive while a program runs must not overrun the FIFO. */
static void drain_in_time(struct kdio_stub *stub)
{
    if (kdio_stub_now_us(stub) - stub->drained_us >= DRAIN_PERIOD_US)
        (void)kdio_stub_drain(stub, DRAIN_LIMIT);
}

/* P4: the first refusal is kept, as what is wrong with a later operation by itself comes before it. */
static void note_policy(const struct kdio_stub *stub, const struct kdio_op *op, struct kdio_run *run)
{
    if (run->failure.status != KDIO_DONE)
        return;
    run->failure.status = check_policy(stub, op);
    run->failure.index = run->summary.bad_index;
}

/* `more`: it is not the last one. */
static enum kdio_status run_next(struct kdio_stub *stub, const struct kdio_op *op, bool more, struct kdio_run *run)
{
    enum kdio_status status = run_op(stub, op, &run->results);

    if (status == KDIO_DONE)
        run->counted += op->row->capability != KDIO_CAPABILITY_LINK;
    if (more)
        drain_in_time(stub);
    return status;
}

/* Over all operations, to check them or to run them. */
static enum kdio_status run_walk(struct kdio_stub *stub, const struct kdio_stub_request *request, struct kdio_run *run,
                                 bool running)
{
    struct kdio_reader reader = kdio_reader_on(request->program, request->size);
    enum kdio_status status = reader.left ? KDIO_DONE : KDIO_MALFORMED;
    struct kdio_op op;

    run->summary = (struct kdio_program_summary){ 0 };
    while (status == KDIO_DONE && reader.left) {
        status = kdio_program_step(&reader, &run->summary, &op);
        if (running)
            status = run_next(stub, &op, reader.left != 0, run);
        else if (status == KDIO_DONE)
            note_policy(stub, &op, run);
    }
    return status;
}

static enum kdio_status check_limits(const struct kdio_stub *stub, bool atomic,
                                     const struct kdio_program_summary *summary)
{
    const struct kdio_stub_link_config *limits = &stub->link.config;

    if (summary->count > limits->program_max || summary->results_size > limits->results_max)
        return KDIO_TOO_LARGE;
    if (atomic && summary->worst_us > stub->config.atomic_max_us)
        return KDIO_TOO_LONG;
    return KDIO_DONE;
}

/* P4: what is wrong with an operation by itself comes before the limits, and the limits before the policy. */
static void check_program(struct kdio_stub *stub, const struct kdio_stub_request *request, struct kdio_run *run)
{
    enum kdio_status status = run_walk(stub, request, run, false);

    if (status == KDIO_DONE)
        status = check_limits(stub, request->atomic, &run->summary);
    if (status == KDIO_DONE)
        return;
    run->failure.status = status;
    run->failure.index = run->summary.bad_index;
}

static void run_program(struct kdio_stub *stub, const struct kdio_stub_request *request, struct kdio_run *run)
{
    run->failure.status = run_walk(stub, request, run, true);
    run->failure.index = run->summary.bad_index;
    run->failure.done = run->summary.bad_index;
}

/* With interrupts off when it is to be; that time is of interest. */
static void run_as_asked(struct kdio_stub *stub, const struct kdio_stub_request *request, struct kdio_run *run)
{
    uintptr_t state = request->atomic ? kdio_machine_interrupts_off(&stub->machine) : 0;
    uint64_t from_us = KDIO_STUB_HAS_STATS ? kdio_stub_now_us(stub) : 0;
    uint32_t took_us;

    run_program(stub, request, run);
    if (!request->atomic)
        return;
    took_us = KDIO_STUB_HAS_STATS ? (uint32_t)(kdio_stub_now_us(stub) - from_us) : 0;
    kdio_machine_interrupts_restore(&stub->machine, state);
    if (took_us > stub->atomic_us_max)
        stub->atomic_us_max = took_us;
}

uint32_t kdio_runner_run(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                         struct kdio_run *run)
{
    *run = (struct kdio_run){ .results = kdio_writer_on(results, stub->link.config.results_max) };
    check_program(stub, request, run);
    if (run->failure.status == KDIO_DONE)
        run_as_asked(stub, request, run);
    return (uint32_t)(run->results.at - results);
}
