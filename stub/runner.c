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

    if ((op->row->capability & stub->link.config.capabilities) != op->row->capability)
        return KDIO_UNSUPPORTED;
    if (!width)
        return KDIO_DONE;
    if (kdio_uart_overlaps(&stub->uart, (uint16_t)op->operand[0], width))
        return KDIO_LINK_UART;
    if (config->read_only && write)
        return KDIO_READ_ONLY;
    return denied(config, op, width, write) ? KDIO_DENIED : KDIO_DONE;
}

static enum kdio_status check_policies(const struct kdio_stub *stub, const struct kdio_stub_request *request,
                                       uint32_t *bad_index)
{
    struct kdio_reader reader = kdio_reader_on(request->program, request->size);
    enum kdio_status status = KDIO_DONE;
    struct kdio_op op;

    for (uint32_t index = 0; status == KDIO_DONE && reader.left; index++) {
        (void)kdio_op_read(&reader, &op);
        status = check_policy(stub, &op);
        *bad_index = index;
    }
    return status;
}

enum kdio_status kdio_runner_check(const struct kdio_stub *stub, const struct kdio_stub_request *request,
                                   uint32_t *bad_index)
{
    const struct kdio_stub_link_config *limits = &stub->link.config;
    struct kdio_program_summary summary;
    enum kdio_status status = kdio_program_check(request->program, request->size, &summary);

    *bad_index = summary.bad_index;
    if (status != KDIO_DONE)
        return status;
    if (summary.count > limits->program_max || summary.results_size > limits->results_max)
        return KDIO_TOO_LARGE;
    if (request->atomic && summary.worst_us > stub->config.atomic_max_us)
        return KDIO_TOO_LONG;
    return check_policies(stub, request, bad_index);
}

static void run_session(struct kdio_stub *stub, struct kdio_writer *results)
{
    const struct kdio_stub_session *former = &stub->link.former;

    kdio_write_uint(results, 4, former->key.challenge);
    kdio_write_uint(results, 4, former->expected);
    kdio_write_uint(results, 4, former->operations);
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
        (uint32_t)((stub->machine.time_us(stub->machine.context) - stub->start_us) / 1000),
    };

    for (unsigned i = 0; i < KDIO_OP_RESULTS_MAX; i++)
        kdio_write_uint(results, 4, values[i]);
}

static void run_in(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    unsigned width = kdio_op_width(op->row);

    kdio_write_uint(results, width,
                    stub->machine.port_in(stub->machine.context, (uint16_t)op->operand[0], width));
}

static void run_out(struct kdio_stub *stub, const struct kdio_op *op)
{
    stub->machine.port_out(stub->machine.context, (uint16_t)op->operand[0], kdio_op_width(op->row),
                           (uint32_t)op->operand[1]);
}

/* A switch and not a table of functions: a table would need relocations, and the library has no data. */
static enum kdio_status run_op(struct kdio_stub *stub, const struct kdio_op *op, struct kdio_writer *results)
{
    switch (op->row->opcode) {
    case KDIO_OP_SESSION:
        run_session(stub, results);
        break;
    case KDIO_OP_STATS:
        run_stats(stub, results);
        break;
    case KDIO_OP_TEXT:
        stub->config.text(stub->config.context, (const char *)op->bytes, (size_t)op->operand[0]);
        break;
    case KDIO_OP_CHAIN:
        return stub->link.current.last_failed ? KDIO_SKIPPED : KDIO_DONE;
    case KDIO_OP_ECHO:
        kdio_write_uint(results, 8, op->operand[0]);
        break;
    case KDIO_OP_IN8:
    case KDIO_OP_IN16:
    case KDIO_OP_IN32:
        run_in(stub, op, results);
        break;
    default:
        run_out(stub, op);
        break;
    }
    return KDIO_DONE;
}

/* L7: bytes that arrive while a program runs must not overrun the FIFO. */
static void drain_in_time(struct kdio_stub *stub)
{
    if (stub->machine.time_us(stub->machine.context) - stub->drained_us >= DRAIN_PERIOD_US)
        (void)kdio_stub_drain(stub, DRAIN_LIMIT);
}

void kdio_runner_run(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                     struct kdio_run *run)
{
    struct kdio_reader reader = kdio_reader_on(request->program, request->size);
    struct kdio_writer writer = kdio_writer_on(results, stub->link.config.results_max);
    struct kdio_op op;

    *run = (struct kdio_run){ 0 };
    while (reader.left && kdio_op_read(&reader, &op) == KDIO_DONE) {
        run->failure.status = (uint8_t)run_op(stub, &op, &writer);
        if (run->failure.status != KDIO_DONE)
            break;
        run->failure.index = ++run->failure.done;
        run->counted += op.row->capability != KDIO_CAPABILITY_LINK;
        if (reader.left)
            drain_in_time(stub);
    }
    run->results_size = (size_t)(writer.at - results);
}
