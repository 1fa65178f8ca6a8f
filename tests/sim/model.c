/* SPDX-License-Identifier: MIT */
/* model.c: what may happen and what was promised, apart from how the link does it. */
#include <string.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define PORT_FIRST 0x1000u
#define PORT_SLOTS 0x2000u /* Operations that can be told apart by port: more than are ever under way. */

static uint32_t mask_of(unsigned width)
{
    return width == 4 ? 0xffffffffu : (1u << 8 * width) - 1;
}

struct sim_op *sim_model_ask(struct sim *sim, uint8_t opcode)
{
    struct sim_op *op = &sim->ops[sim->op_count];
    unsigned width = kdio_op_width(kdio_op_find(opcode));

    if (sim->op_count == SIM_OPS_MAX)
        sim_fail(sim, "more operations than the simulation has room for");
    *op = (struct sim_op){ .opcode = opcode, .port = (uint16_t)(PORT_FIRST + 4 * (sim->op_count % PORT_SLOTS)) };
    if (kdio_op_writes(kdio_op_find(opcode)))
        op->value = (uint32_t)sim_mix64(sim->op_count + 1) & mask_of(width);
    sim->op_count++;
    return op;
}

static uint32_t number_of(const struct sim *sim, const struct sim_op *op)
{
    return (uint32_t)(op - sim->ops);
}

static const char *outcome_name(uint8_t outcome)
{
    static const char *const names[] = { "pending", "done", "not done", "unknown" };

    return names[outcome];
}

static void execute(struct sim *sim, struct sim_op *op)
{
    uint32_t number = number_of(sim, op);

    if (op->executed)
        sim_fail(sim, "operation %u is executed twice", number);
    if (number < sim->next_to_execute)
        sim_fail(sim, "operation %u is executed after %u", number, sim->next_to_execute - 1);
    if (op->refused || op->final || op->outcome == SIM_DONE || op->outcome == SIM_NOT_DONE)
        sim_fail(sim, "operation %u is executed, but is %s%s%s", number, outcome_name(op->outcome),
                 op->refused ? ", to be refused" : "", op->final ? ", and its session is over" : "");
    op->executed = 1;
    sim->next_to_execute = number + 1;
    sim->executed++;
}

static struct sim_op *find(struct sim *sim, uint16_t port)
{
    uint32_t slot = (port - PORT_FIRST) / 4;
    uint32_t last = sim->op_count - 1;

    if (port < PORT_FIRST || slot >= PORT_SLOTS || !sim->op_count || ((last - slot) & (PORT_SLOTS - 1)) > last)
        sim_fail(sim, "access to port %04x, which nobody asked for", port);
    return &sim->ops[last - ((last - slot) & (PORT_SLOTS - 1))];
}

uint32_t sim_model_access(struct sim *sim, uint16_t port, unsigned width, bool write, uint32_t value)
{
    const struct kdio_op_row *row;
    struct sim_op *op;

    if (sim->config.source) {
        sim->executed++;
        sim->executed_ns = sim->now_ns;
        return 0;
    }
    op = find(sim, port);
    row = kdio_op_find(op->opcode);
    if (kdio_op_width(row) != width || kdio_op_writes(row) != write || op->port != port ||
        (write && op->value != value))
        sim_fail(sim, "operation %u is altered: %s of %u bytes at %04x, value %x instead of %x", number_of(sim, op),
                 write ? "output" : "input", width, port, value, op->value);
    execute(sim, op);
    /* No two reads give the same, so a read that was repeated would show. */
    if (!write)
        op->value = (uint32_t)sim_mix64(sim->executed ^ (uint64_t)number_of(sim, op) << 32) & mask_of(width);
    return op->value;
}

void sim_model_typed(struct sim *sim, uint32_t number)
{
    if (number >= sim->op_count || sim->ops[number].opcode != KDIO_OP_TEXT)
        sim_fail(sim, "text was typed that nobody asked for: %u", number);
    execute(sim, &sim->ops[number]);
}

/* Which step it is no access tells, but the stub by its own count; order and number are judged all the same. Behind one
 * that lets the kernel run others may be executed before it does, and another host may have come. */
void sim_model_resumed(struct sim *sim, bool step)
{
    const struct kdio_stub *stub = sim->target.stub;
    const struct kdio_stub_session *session = &stub->link.current;
    uint32_t boot = sim_target_boot_id(sim);

    for (uint32_t i = 0; i < sim->op_count; i++) {
        struct sim_op *op = &sim->ops[i];

        if (op->opcode != KDIO_OP_RESUME || op->value != step || op->boot != boot ||
            op->resumed || op->outcome == SIM_NOT_DONE ||
            (op->challenge == session->key.challenge && op->seq > session->expected) ||
            (step && (op->challenge != session->key.challenge || op->seq != session->expected ||
                      op->index != stub->run.failure.done)))
            continue;
        op->resumed = true;
        if (step)
            execute(sim, op);
        return;
    }
    sim_fail(sim, "the kernel %s, which nobody asked for", step ? "executes an instruction" : "runs");
}

bool sim_model_unseen(const struct sim_op *op)
{
    uint32_t capability = kdio_op_find(op->opcode)->capability;

    return op->opcode == KDIO_OP_DELAY || op->opcode == KDIO_OP_BAUD ||
           (capability == KDIO_CAPABILITY_RUN && !(op->opcode == KDIO_OP_RESUME && op->value));
}

void sim_model_tell(struct sim *sim, struct sim_op *op, enum sim_outcome outcome)
{
    if (op->outcome == SIM_DONE || op->outcome == SIM_NOT_DONE)
        sim_fail(sim, "operation %u is told again: %s, then %s", number_of(sim, op), outcome_name(op->outcome),
                 outcome_name((uint8_t)outcome));
    if (outcome == SIM_DONE && sim_model_unseen(op))
        op->executed = 1;
    if (outcome == SIM_DONE && op->executed != 1)
        sim_fail(sim, "operation %u is told as done, but was not executed", number_of(sim, op));
    if (outcome == SIM_NOT_DONE && op->executed)
        sim_fail(sim, "operation %u is told as not done, but was executed", number_of(sim, op));
    op->outcome = (uint8_t)outcome;
    sim->done += outcome == SIM_DONE;
    sim->refused += outcome == SIM_NOT_DONE;
    sim->unknown += outcome == SIM_UNKNOWN;
}

void sim_model_succeeded(struct sim *sim, uint32_t boot, uint32_t challenge, uint32_t operations)
{
    uint32_t executed = 0, unseen = 0;

    for (uint32_t i = 0; i < sim->op_count; i++) {
        struct sim_op *op = &sim->ops[i];

        if (op->challenge != challenge || op->boot != boot)
            continue;
        executed += op->executed;
        unseen += sim_model_unseen(op) && !op->executed && op->outcome != SIM_NOT_DONE;
        op->final = true;
    }
    if (operations < executed || operations > executed + unseen)
        sim_fail(sim, "session %08x is said to have executed %u operations, but executed %u", challenge, operations,
                 executed);
}

/* The stub's own lines about lost text are no text of the kernel. */
static size_t without_notices(char *text, size_t size)
{
    static const char begin[] = "\n[kdio: ";
    size_t out = 0;

    for (size_t i = 0; i < size; i++) {
        if (size - i >= sizeof begin - 1 && !memcmp(text + i, begin, sizeof begin - 1)) {
            const char *end = memchr(text + i + 1, '\n', size - i - 1);

            i = end ? (size_t)(end - text) : size;
            continue;
        }
        text[out++] = text[i];
    }
    return out;
}

static void check_text(struct sim *sim)
{
    size_t size = without_notices(sim->text_heard, sim->text_heard_size);
    size_t same = 0;

    while (same < size && same < sim->text_sent_size && sim->text_heard[same] == sim->text_sent[same])
        same++;
    if (same != size || size != sim->text_sent_size)
        sim_fail(sim, "console text differs from byte %zu on: %zu bytes sent, %zu heard: \"%.20s\" became \"%.20s\"",
                 same, sim->text_sent_size, size, sim->text_sent + same, sim->text_heard + same);
}

void sim_model_check_end(struct sim *sim, bool text)
{
    for (uint32_t i = 0; i < sim->op_count; i++) {
        const struct sim_op *op = &sim->ops[i];

        if (op->outcome == SIM_PENDING)
            sim_fail(sim, "operation %u has no outcome", i);
        if (op->outcome == SIM_DONE && op->executed != 1)
            sim_fail(sim, "operation %u is told as done, but was executed %u times", i, op->executed);
    }
    sim_debugged_check(sim);
    if (sim->target.uart.tx_lost)
        sim_fail(sim, "%llu bytes were written to a full transmitter", (unsigned long long)sim->target.uart.tx_lost);
    if (text)
        check_text(sim);
}
