/* SPDX-License-Identifier: MIT */
/* runner.c: see runner.h. Operations of the link itself are here; others, by what they reach, in their own files. */
#include "stub/runner.h"

#include "proto/policy.h"
#include "stub/fault.h"
#include "stub/rate.h"
#include "stub/space.h"
#include "stub/stub.h"

/* At 3 Mbaud a FIFO of 16 bytes fills in 53 us: emptied well within. */
#define DRAIN_PERIOD_US 16u
#define DRAIN_LIMIT     KDIO_UART_FIFO_SIZE

static bool denied(const struct kdio_stub_config *config, const struct kdio_port_access *access)
{
    const uint16_t *pm1 = config->pm1_control;

    for (uint32_t i = 0; i < config->deny_count; i++)
        if (kdio_port_in_range(access->port, access->width, config->deny[i].first, config->deny[i].last))
            return true;
    if (!config->deny_safe)
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (pm1[i] && kdio_port_in_range(access->port, access->width, pm1[i], (uint16_t)(pm1[i] + 1)))
            return true;
    return kdio_safe_denies(access->port, access->width, access->write, access->value);
}

/* P4: the link's own UART comes before everything, what the kernel denies after read-only. */
static enum kdio_status check_ports(const struct kdio_stub *stub, const struct kdio_op *op)
{
    enum kdio_status status = KDIO_DONE;
    struct kdio_port_access access;

    if (!KDIO_STUB_HAS_POLICY)
        return op->width && kdio_uart_overlaps(&stub->uart, (uint16_t)op->operand[0], op->width) ? KDIO_LINK_UART
                                                                                              : KDIO_DONE;
    for (unsigned i = 0; kdio_op_access(op, i, &access); i++) {
        if (kdio_uart_overlaps(&stub->uart, access.port, access.width))
            return KDIO_LINK_UART;
        if (denied(&stub->config, &access))
            status = KDIO_DENIED;
    }
    return stub->config.read_only && kdio_op_writes(op->row) ? KDIO_READ_ONLY : status;
}

static enum kdio_status check_policy(const struct kdio_stub *stub, const struct kdio_op *op)
{
    enum kdio_status status = KDIO_DONE;

    if (op->row->capability & ~stub->link.config.capabilities)
        return KDIO_UNSUPPORTED;
    if (KDIO_STUB_HAS_SPACES)
        status = kdio_space_check(stub, op);
    return status != KDIO_DONE ? status : check_ports(stub, op);
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
    const uint32_t values[] = {
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

/* Choices and not a table of functions: a table would need relocations, and the library has no data. */
static enum kdio_status run_link_op(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    uint8_t opcode = op->row->family;

    if (opcode == KDIO_OP_SESSION)
        run_session(stub, results);
    else if (opcode == KDIO_OP_ECHO)
        kdio_write_uint(results, 8, op->operand[0]);
    else if (KDIO_STUB_HAS_STATS && opcode == KDIO_OP_STATS)
        run_stats(stub, results);
    else if (KDIO_STUB_HAS_TEXT && opcode == KDIO_OP_TEXT)
        stub->config.text(stub->config.context, (const char *)op->bytes, (size_t)op->operand[0]);
    else if (KDIO_STUB_HAS_SPACES && opcode == KDIO_OP_FAULT)
        kdio_fault_op(stub, results);
    else if (KDIO_STUB_HAS_PROGRAMS && opcode == KDIO_OP_BAUD)
        return kdio_rate_op(stub, op->operand[0], results);
    else if (opcode == KDIO_OP_CHAIN && stub->link.last_failed)
        return KDIO_SKIPPED;
    return KDIO_DONE;
}

static enum kdio_status run_op(struct kdio_stub *stub, struct kdio_run *run)
{
    uint32_t capability = run->op.row->capability;

    if (capability & (KDIO_CAPABILITY_PORT | KDIO_CAPABILITY_PROGRAM))
        return kdio_port_op(stub, run);
    if (KDIO_STUB_HAS_SPACES && capability == KDIO_CAPABILITY_PROCESSOR)
        return kdio_processor_op(stub, run);
    if (KDIO_STUB_HAS_SPACES && capability & (KDIO_CAPABILITY_VIRTUAL | KDIO_CAPABILITY_PHYSICAL))
        return kdio_memory_op(stub, run);
    if (KDIO_STUB_HAS_SPACES && capability == KDIO_CAPABILITY_PCI)
        return kdio_pci_op(stub, run);
    if (KDIO_STUB_HAS_RUN && capability == KDIO_CAPABILITY_RUN)
        return kdio_stop_op(stub, run);
    return run_link_op(stub, &run->op, &run->results);
}

/* ---- Checking ---- */

/* P4: the first refusal is kept, as what is wrong with a later operation by itself comes before it. */
static void note_policy(const struct kdio_stub *stub, struct kdio_run *run, uint32_t index)
{
    if (run->failure.status != KDIO_DONE)
        return;
    run->failure.status = check_policy(stub, &run->op);
    run->failure.index = index;
    if (KDIO_STUB_HAS_SPACES && kdio_fault_stops(stub, run))
        run->failure.status = KDIO_STUB_FAULT;
}

static enum kdio_status check_operations(const struct kdio_stub *stub, struct kdio_run *run,
                                         struct kdio_program_summary *summary)
{
    enum kdio_status status = run->reader.left ? KDIO_DONE : KDIO_MALFORMED;

    while (status == KDIO_DONE && run->reader.left) {
        status = kdio_program_step(&run->reader, summary, &run->op);
        if (status == KDIO_DONE)
            note_policy(stub, run, summary->bad_index);
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
enum kdio_status kdio_runner_begin(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                                   struct kdio_run *run)
{
    const struct kdio_reader start = kdio_reader_on(request->program, request->size);
    struct kdio_program_summary summary = { 0 };
    enum kdio_status status;

    if (KDIO_STUB_HAS_PROGRAMS && !stub->link.current.expected)
        stub->last = 0; /* A session begins. */
    *run = (struct kdio_run){ .results = kdio_writer_on(results, stub->link.config.results_max) };
    run->atomic = request->atomic;
    run->reader = start;
    status = check_operations(stub, run, &summary);
    if (status == KDIO_DONE)
        status = check_limits(stub, run->atomic, &summary);
    if (status != KDIO_DONE) {
        run->failure.status = status;
        run->failure.index = summary.bad_index;
    }
    run->reader = start;
    return (enum kdio_status)run->failure.status;
}

/* ---- Running ---- */

void kdio_runner_give(struct kdio_stub *stub, struct kdio_run *run, unsigned size, uint64_t value)
{
    stub->last = value;
    kdio_write_uint(&run->results, size, value);
}

struct kdio_quiet kdio_quiet_begin(const struct kdio_stub *stub)
{
    struct kdio_quiet quiet = { .state = kdio_machine_interrupts_off(&stub->machine) };

    quiet.from_us = KDIO_STUB_HAS_STATS ? kdio_stub_now_us(stub) : 0;
    return quiet;
}

void kdio_quiet_end(struct kdio_stub *stub, struct kdio_quiet quiet)
{
    uint64_t took_us = KDIO_STUB_HAS_STATS ? kdio_stub_now_us(stub) - quiet.from_us : 0;

    kdio_machine_interrupts_restore(&stub->machine, quiet.state);
    if (took_us > stub->atomic_us_max)
        stub->atomic_us_max = (uint32_t)took_us;
}

/* L7: bytes that arrive while a program runs must not overrun the FIFO. */
static void drain_in_time(struct kdio_stub *stub)
{
    if (kdio_stub_now_us(stub) - stub->drained_us >= DRAIN_PERIOD_US)
        (void)kdio_stub_drain(stub, DRAIN_LIMIT);
}

/* One step: the next operation, or more of the one that goes on. */
static enum kdio_status step(struct kdio_stub *stub, struct kdio_run *run)
{
    enum kdio_status status;

    if (!KDIO_STUB_HAS_PROGRAMS || !run->op_goes_on)
        (void)kdio_op_read(&run->reader, &run->op);
    if (KDIO_STUB_HAS_PROGRAMS && !run->op_goes_on)
        run->op_units = 0;
    status = run_op(stub, run);
    if (KDIO_STUB_HAS_PROGRAMS) {
        run->op_goes_on = status == KDIO_OP_GOES_ON;
        if (run->op_goes_on)
            return KDIO_DONE;
    }
    if (status == KDIO_DONE) {
        run->failure.done++;
        run->counted += run->op.row->capability != KDIO_CAPABILITY_LINK;
    }
    return status;
}

static bool at_end(const struct kdio_run *run)
{
    return !run->reader.left && !(KDIO_STUB_HAS_PROGRAMS && run->op_goes_on);
}

/* P5: a program gives way inside an operation that takes long, and not between two: the kernel would come between the
 * two accesses of an index/data pair. */
static bool slice_over(const struct kdio_stub *stub, const struct kdio_run *run, uint64_t from_us)
{
    if (KDIO_STUB_HAS_RUN && run->gives_way)
        return true;
    return KDIO_STUB_HAS_PROGRAMS && run->op_goes_on && !run->atomic &&
           kdio_stub_now_us(stub) - from_us >= stub->config.slice_us;
}

bool kdio_runner_go(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t from_us = KDIO_STUB_HAS_PROGRAMS ? kdio_stub_now_us(stub) : 0;
    enum kdio_status status = KDIO_DONE;
    struct kdio_quiet quiet = { 0 };

    if (run->atomic)
        quiet = kdio_quiet_begin(stub);
    for (;;) {
        if (KDIO_STUB_HAS_SPACES && run->faulted)
            status = KDIO_STUB_FAULT;
        else if (KDIO_STUB_HAS_PROGRAMS && run->cancelled && !(KDIO_STUB_HAS_RUN && run->gives_way))
            status = KDIO_CANCELLED; /* Not in the midst of a step: the kernel has run it. */
        else
            status = step(stub, run);
        if (status != KDIO_DONE || at_end(run))
            break;
        drain_in_time(stub);
        if (KDIO_STUB_HAS_RUN && !run->atomic)
            kdio_stop_breathe(stub);
        if (slice_over(stub, run, from_us))
            return false;
    }
    if (run->atomic)
        kdio_quiet_end(stub, quiet);
    run->failure.status = status;
    run->failure.index = run->failure.done;
    return true;
}
