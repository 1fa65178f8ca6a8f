/* SPDX-License-Identifier: MIT */
/*
 * host.c: a host: the real link, with a policy on top as the library has it. It asks for operations drawn from the
 * seed, tells the model what it was told, and opens a new session whenever one ends.
 */
#include <stdio.h>
#include <string.h>

#include "stub/breakpoint.h"
#include "tests/sim/sim.h"

#define OPEN_LIMIT_NS (4500 * SIM_MS) /* After that it begins to look for the stub anew. */
#define TAKEN_REST_NS (1500 * SIM_MS) /* Before it takes a line back. */
#define OUTPUT_BYTES  1024u           /* Of its own that wait for its UART: the system takes whole frames. */
#define ATOMIC_OPS    90u
#define TEXT_SIZE     8u
#define RATE_TRY_NS    SIM_S
#define RATE_RETURN_NS (6 * SIM_S)
#define RESULTS_MOST 36u /* Of one operation: STATE. */
#define RESUMES_A_GO 6u
#define STOP_SETS    2u /* First in their list. */
#define STOP_RESUMES 5u /* Last in it. */
#define DELAY_AT      3u /* Operations before a pause, at most. */
#define RATE_MOST      3000000u
#define KEEP_US        1000000u

static uint32_t draw_nonce(struct sim_host *host)
{
    uint32_t nonce;

    do {
        nonce = 0;
        for (unsigned i = 0; i < 4; i++)
            nonce = nonce << 8 | (KDIO_OPEN_FLOOR + (uint32_t)sim_below(&host->random, 0x100 - KDIO_OPEN_FLOOR));
    } while (!kdio_host_nonce_fits(nonce));
    return nonce;
}

static void open_session(struct sim *sim, struct sim_host *host, bool again)
{
    host->opening_ns = sim->now_ns;
    host->before_failed = false;
    kdio_host_link_open(&host->link, draw_nonce(host), again, sim->now_ns / SIM_US);
}

void sim_host_start(struct sim *sim, struct sim_host *host)
{
    const struct kdio_host_link_config config = {
        .rx_frame = host->rx_frame, .rx_frame_size = sizeof host->rx_frame,
        .tx_frame = host->tx_frame, .tx_frame_size = sizeof host->tx_frame,
        .dead_us = sim->config.dead_us,
    };
    uint32_t to_ask = host->to_ask;

    memset(host, 0, sizeof *host);
    host->alive = true;
    host->to_ask = to_ask;
    host->random.state = sim_draw(&sim->random);
    kdio_host_link_init(&host->link, &config);
    host->byte_ns = sim->default_byte_ns;
    open_session(sim, host, false);
}

/* ---- Making requests ---- */

static const uint8_t port_ops[] = {
    KDIO_OP_IN8, KDIO_OP_IN16, KDIO_OP_IN32, KDIO_OP_OUT8, KDIO_OP_OUT16, KDIO_OP_OUT32,
};

/* One unit each, at the address that is elsewhere the port. */
static const uint8_t memory_ops[] = {
    KDIO_OP_VREAD8, KDIO_OP_VREAD16, KDIO_OP_VREAD32, KDIO_OP_VWRITE8, KDIO_OP_VWRITE16, KDIO_OP_VWRITE32,
};

/* Run control, mostly steps. What has no room in a burst comes first; what takes too long for an atomic program, or may
 * not be in one, at both ends. */
static const uint8_t stop_ops[] = {
    KDIO_OP_SET_BREAKPOINT, KDIO_OP_CLEAR_BREAKPOINT, KDIO_OP_HALT, KDIO_OP_HALT, KDIO_OP_STATE,
    KDIO_OP_RESUME, KDIO_OP_RESUME, KDIO_OP_RESUME, KDIO_OP_RESUME, KDIO_OP_RESUME,
};

static bool is_memory(uint8_t opcode)
{
    return kdio_op_find(opcode)->capability == KDIO_CAPABILITY_VIRTUAL;
}

static bool is_stop(uint8_t opcode)
{
    return kdio_op_find(opcode)->capability == KDIO_CAPABILITY_RUN;
}

/* Most of what goes on are steps, all of it where nothing else is asked for. */
static void draw_stop(const struct sim *sim, struct sim_host *host, struct sim_op *op, uint64_t *operand)
{
    op->value = op->opcode == KDIO_OP_RESUME && (sim->config.opcode || !sim_chance(&host->random, 1, RESUMES_A_GO));
    operand[0] = op->value;
    if (op->opcode == KDIO_OP_SET_BREAKPOINT) {
        operand[0] = sim_below(&host->random, 2); /* Software, execute. */
        operand[1] = 1;
        operand[2] = sim_debugged_place() + sim_below(&host->random, SIM_PLACES);
    } else if (op->opcode == KDIO_OP_CLEAR_BREAKPOINT)
        operand[0] = sim_below(&host->random, KDIO_HARDWARE_BREAKPOINTS + SIM_PLACES);
}

static void write_op(struct sim *sim, struct sim_host *host, struct sim_request *made, struct kdio_writer *writer,
                     uint8_t opcode)
{
    struct sim_op *op = sim_model_ask(sim, opcode);
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { op->port, op->value };
    char text[TEXT_SIZE + 1];

    if (opcode == KDIO_OP_DELAY) {
        op->value = (uint32_t)((sim->config.delay_ns - sim_below(&host->random, sim->config.delay_ns / 2 + 1)) / SIM_US);
        operand[0] = op->value;
        made->request.worst_us += op->value;
    }
    op->boot = host->link.answer.boot_id;
    op->challenge = host->link.key.challenge;
    if (opcode == KDIO_OP_TEXT)
        operand[0] = TEXT_SIZE;
    if (is_stop(opcode))
        draw_stop(sim, host, op, operand);
    (void)snprintf(text, sizeof text, "%08x", (unsigned)(op - sim->ops));
    if (is_memory(opcode)) {
        operand[1] = 1;
        memcpy(text, &op->value, sizeof op->value);
    }
    kdio_op_write(writer, kdio_op_find(opcode), operand, (const uint8_t *)text);
    made->count++;
    made->request.results_max += (uint32_t)kdio_op_results_size(kdio_op_find(opcode), 1);
}

static uint8_t draw_opcode(struct sim *sim, struct sim_host *host, bool single, bool atomic)
{
    bool any = !atomic && !single;

    if (sim->config.opcode)
        return sim->config.opcode;
    if (sim_chance(&host->random, sim->config.stop_part, 100)) {
        size_t first = atomic ? STOP_SETS : single, end = sizeof stop_ops - (atomic ? STOP_RESUMES : 0);

        return stop_ops[first + sim_below(&host->random, end - first)];
    }
    if (any && sim_chance(&host->random, 1, 20))
        return KDIO_OP_TEXT;
    if (any && sim_chance(&host->random, sim->config.memory_part, 100))
        return memory_ops[sim_below(&host->random, sizeof memory_ops)];
    return port_ops[sim_below(&host->random, sizeof port_ops)];
}

static void write_refused(struct sim_host *host, struct sim_request *made, struct kdio_writer *writer)
{
    bool own = sim_chance(&host->random, 1, 2);
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { SIM_DENIED_PORT };

    if (own)
        operand[0] = SIM_UART_BASE + sim_below(&host->random, 8);
    kdio_op_write(writer, kdio_op_find(KDIO_OP_OUT8), operand, NULL);
    made->status = own ? KDIO_LINK_UART : KDIO_DENIED;
    made->bad_index = (uint16_t)(made->count + made->chained);
}

static uint32_t draw_count(struct sim *sim, struct sim_host *host)
{
    uint32_t limit = host->link.answer.burst ? 1 : sim->config.program_ops;
    uint32_t count = sim_chance(&host->random, sim->config.program_part, 100)
        ? 1 + (uint32_t)sim_below(&host->random, limit) : 1;

    return count < host->to_ask ? count : host->to_ask;
}

static bool has_room(const struct sim_host *host, const struct sim_request *made, const struct kdio_writer *writer)
{
    size_t size = (size_t)(writer->at - made->program) + 2 * (2 + TEXT_SIZE);

    return size <= kdio_host_link_program_advised(&host->link) &&
           made->request.results_max + RESULTS_MOST <= host->link.answer.results_max &&
           (!made->request.atomic || made->count < ATOMIC_OPS);
}

/* What kind of request it is to be; a stub with a burst takes single operations only. */
static void draw_kind(struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    bool single = host->link.answer.burst != 0;

    made->chained = !single && !sim->config.fill && sim_chance(&host->random, 1, 4);
    made->request.atomic = !made->chained && !sim->config.fill &&
                           !(sim->config.opcode && is_stop(sim->config.opcode)) && sim_chance(&host->random, 1, 5);
    made->limit = draw_count(sim, host);
    made->delayed = !single && !made->request.atomic && sim_chance(&host->random, sim->config.delay_part, 100);
    made->refused_at = sim_chance(&host->random, sim->config.refused_part, 100)
        ? (uint32_t)sim_below(&host->random, made->limit) : UINT32_MAX;
    if (!single && (sim->config.fill || sim_chance(&host->random, sim->config.fill_part, 100)))
        made->limit = host->to_ask;
}

static void fill(struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    struct kdio_writer writer = kdio_writer_on(made->program, sizeof made->program);
    bool single = host->link.answer.burst != 0;

    draw_kind(sim, host, made);
    if (made->chained)
        kdio_write_uint(&writer, 1, KDIO_OP_CHAIN);
    for (uint32_t i = 0; i < made->limit && (i == 0 || has_room(host, made, &writer)); i++) {
        if (i == made->refused_at)
            write_refused(host, made, &writer);
        if (made->delayed && i == (made->limit / 2 < DELAY_AT ? made->limit / 2 : DELAY_AT))
            write_op(sim, host, made, &writer, KDIO_OP_DELAY);
        else if (i != made->refused_at || !single)
            write_op(sim, host, made, &writer, draw_opcode(sim, host, single, made->request.atomic));
    }
    made->request.program = made->program;
    made->request.size = (size_t)(writer.at - made->program);
    if (made->chained && host->before_failed && made->status == KDIO_DONE)
        made->status = KDIO_SKIPPED;
}

static struct sim_request *free_request(struct sim_host *host)
{
    for (unsigned i = 0; i < SIM_REQUESTS; i++)
        if (!host->requests[i].in_use)
            return &host->requests[i];
    return NULL;
}

static bool ask_source(struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    memset(made, 0, offsetof(struct sim_request, program));
    made->count = 0;
    made->request.program = made->program;
    sim->config.source(sim, host, made);
    if (!kdio_host_link_submit(&host->link, &made->request, sim->now_ns / SIM_US))
        return false;
    host->to_ask -= made->count;
    made->in_use = true;
    return true;
}

/* False when the window has no room now: then it is as if nobody had asked. */
static bool ask(struct sim *sim, struct sim_host *host)
{
    struct sim_request *made = free_request(host);
    struct sim_random before = host->random;

    if (!made)
        return false;
    if (sim->config.source)
        return ask_source(sim, host, made);
    memset(made, 0, offsetof(struct sim_request, program));
    made->first = sim->op_count;
    made->count = 0;
    made->cancel_asked = false;
    made->status = KDIO_DONE;
    made->bad_index = 0;
    fill(sim, host, made);
    if (!kdio_host_link_submit(&host->link, &made->request, sim->now_ns / SIM_US)) {
        sim->op_count = made->first;
        host->random = before;
        return false;
    }
    for (uint32_t i = 0; i < made->count; i++) {
        struct sim_op *op = &sim->ops[made->first + i];

        op->refused = made->status != KDIO_DONE;
        op->seq = host->link.next_seq - 1;
        op->index = i + made->chained;
    }
    host->before_failed = made->status != KDIO_DONE;
    host->to_ask -= made->count;
    made->in_use = true;
    host->asked++;
    return true;
}

static void ask_more(struct sim *sim, struct sim_host *host)
{
    while (host->link.state == KDIO_HOST_READY && host->to_ask && !host->mute && sim->now_ns >= host->think_ns &&
           kdio_host_link_outstanding(&host->link) < sim->config.in_flight_max && ask(sim, host))
        if (sim->config.think_ns && sim_chance(&host->random, 1, 4))
            host->think_ns = sim->now_ns + sim_below(&host->random, 8 * sim->config.think_ns);
}

/* ---- Taking events ---- */

static struct sim_request *request_of(struct kdio_host_request *request)
{
    return (struct sim_request *)(void *)((char *)request - offsetof(struct sim_request, request));
}

/* Those of the first `done` operations. */
static void check_results(struct sim *sim, const struct sim_request *made, const struct kdio_host_event *event,
                          uint32_t done)
{
    struct kdio_reader reader = kdio_reader_on(event->results, event->results_size);

    for (uint32_t i = 0; i < done; i++) {
        const struct sim_op *op = &sim->ops[made->first + i];
        size_t size = kdio_op_results_size(kdio_op_find(op->opcode), 1);

        if (is_stop(op->opcode))
            (void)kdio_read_bytes(&reader, (uint32_t)size);
        else if (size && kdio_read_uint(&reader, (unsigned)size) != op->value)
            sim_fail(sim, "operation %u read something else than the host was told", made->first + i);
    }
    if (reader.failed || reader.left)
        sim_fail(sim, "the results of operations from %u on have a wrong size", made->first);
}

static unsigned hosts_ever(const struct sim *sim)
{
    unsigned hosts = 0;

    for (unsigned i = 0; i < SIM_HOSTS; i++)
        hosts += sim->hosts[i].opening_ns != SIM_NEVER;
    return hosts;
}

/* How run control may end a program: the kernel runs, a breakpoint is taken, or is none. */
static uint8_t stop_status(uint8_t opcode)
{
    switch (opcode) {
    case KDIO_OP_RESUME: return KDIO_NOT_STOPPED;
    case KDIO_OP_SET_BREAKPOINT: return KDIO_NO_BREAKPOINT;
    case KDIO_OP_CLEAR_BREAKPOINT: return KDIO_BAD_OPERAND;
    default: return KDIO_DONE;
    }
}

static bool stops_at(const struct sim *sim, const struct sim_request *made, const struct kdio_failure *failure)
{
    uint32_t index = failure->index - made->chained;

    return failure->index >= made->chained && index < made->count && failure->done == failure->index &&
           failure->status != KDIO_DONE && failure->status == stop_status(sim->ops[made->first + index].opcode);
}

/* What stopped a program that was to run is a cancellation, of its own host or by another one that takes over. */
static bool as_expected(const struct sim *sim, const struct sim_host *host, const struct sim_request *made,
                        const struct kdio_failure *failure)
{
    bool skipped = made->chained && host->answered_failed;

    if (made->status != KDIO_DONE && made->status != KDIO_SKIPPED)
        return failure->status == made->status && !failure->done && failure->index == made->bad_index;
    if (failure->status == KDIO_CANCELLED)
        return (made->cancel_asked || hosts_ever(sim) > 1) && failure->done <= made->count &&
               failure->index == failure->done;
    if (!skipped && stops_at(sim, made, failure))
        return true;
    return failure->status == (skipped ? KDIO_SKIPPED : KDIO_DONE) && !failure->done && !failure->index;
}

/* ---- The rate, as the library changes it ---- */

static void set_own_rate(struct sim *sim, struct sim_host *host, uint32_t factor)
{
    host->byte_ns = sim->default_byte_ns / factor;
    kdio_host_link_keep(&host->link, factor == 1 ? 0 : KEEP_US, sim->now_ns / SIM_US);
    kdio_host_link_rate_changed(&host->link, sim->now_ns / SIM_US);
}

static void ask_rate(struct sim *sim, struct sim_host *host, uint8_t opcode, uint64_t operand, uint32_t results_max)
{
    struct sim_request *made = &host->rate_request;
    struct kdio_writer writer = kdio_writer_on(made->program, sizeof made->program);

    memset(made, 0, offsetof(struct sim_request, program));
    kdio_op_write(&writer, kdio_op_find(opcode), &operand, NULL);
    made->request.program = made->program;
    made->request.size = (size_t)(writer.at - made->program);
    made->request.results_max = results_max;
    made->first = sim->op_count;
    made->count = 0;
    if (opcode == KDIO_OP_BAUD) {
        struct sim_op *op = sim_model_ask(sim, opcode);

        op->boot = host->link.answer.boot_id;
        op->challenge = host->link.key.challenge;
        made->count = 1;
    }
    made->in_use = true;
    if (!kdio_host_link_submit(&host->link, &made->request, sim->now_ns / SIM_US))
        sim_fail(sim, "an empty window has no room");
    host->asked++;
}

static void ask_baud(struct sim *sim, struct sim_host *host, enum sim_rate_state state, uint32_t factor)
{
    host->rate_state = state;
    host->rate_end_ns = sim->now_ns + RATE_TRY_NS;
    host->rate_lowered_ns = sim->now_ns + RATE_RETURN_NS;
    ask_rate(sim, host, KDIO_OP_BAUD, (uint64_t)sim->config.baud * factor, sizeof(uint32_t));
}

void sim_host_change_rate(struct sim *sim, struct sim_host *host, uint32_t factor)
{
    host->rate_factor = factor;
    if (host->byte_ns == sim->default_byte_ns)
        ask_baud(sim, host, SIM_RATE_ASKED, factor);
    else
        ask_baud(sim, host, SIM_RATE_LOWERING, 1);
}

static void take_rate_reply(struct sim *sim, struct sim_host *host, const struct kdio_host_event *event)
{
    struct sim_request *made = &host->rate_request;

    if (event->failure.status != KDIO_DONE)
        sim_fail(sim, "a change of the rate is refused: %02x", event->failure.status);
    made->in_use = false;
    host->answered++;
    host->answered_failed = host->before_failed = false;
    if (made->count)
        sim_model_tell(sim, &sim->ops[made->first], SIM_DONE);
    if (host->rate_state == SIM_RATE_LOWERING) {
        set_own_rate(sim, host, 1);
        ask_baud(sim, host, SIM_RATE_ASKED, host->rate_factor);
        return;
    }
    if (host->rate_state == SIM_RATE_ASKED) {
        host->rate_state = SIM_RATE_TRIED;
        host->rate_end_ns = sim->now_ns + RATE_TRY_NS;
        set_own_rate(sim, host, host->rate_factor);
        ask_rate(sim, host, KDIO_OP_SESSION, 0, 12);
        return;
    }
    host->rates += host->rate_state == SIM_RATE_TRIED;
    host->rate_state = SIM_RATE_SETTLED;
}

/* What is not heard at the new rate is said again at the default, where the stub arrives in its time. */
static void watch_rate(struct sim *sim, struct sim_host *host)
{
    if (host->rate_state == SIM_RATE_LOWERING && sim->now_ns >= host->rate_end_ns) {
        host->rate_end_ns = sim->now_ns < host->rate_lowered_ns ? sim->now_ns + RATE_TRY_NS : SIM_NEVER;
        set_own_rate(sim, host, 1);
    }
    if (host->rate_state == SIM_RATE_TRIED && sim->now_ns >= host->rate_end_ns) {
        host->rate_state = SIM_RATE_RETURNING;
        host->rates_failed++;
        host->rate_end_ns = sim->now_ns + RATE_RETURN_NS;
        host->rate_again_ns = sim->now_ns;
    }
    if (host->rate_state == SIM_RATE_RETURNING && sim->now_ns >= host->rate_again_ns &&
        sim->now_ns < host->rate_end_ns) {
        host->rate_again_ns = sim->now_ns + RATE_TRY_NS;
        set_own_rate(sim, host, 1);
    }
}

static void forget_rate(struct sim *sim, struct sim_host *host)
{
    struct sim_request *made = &host->rate_request;

    if (made->in_use && made->count)
        sim_model_tell(sim, &sim->ops[made->first], made->request.sent ? SIM_UNKNOWN : SIM_NOT_DONE);
    made->in_use = false;
    host->rate_state = SIM_RATE_SETTLED;
    if (host->byte_ns != sim->default_byte_ns)
        set_own_rate(sim, host, 1);
}

static void take_reply(struct sim *sim, struct sim_host *host, const struct kdio_host_event *event)
{
    struct sim_request *made = request_of(event->request);
    const struct kdio_failure *failure = &event->failure;
    uint32_t done = made->count;

    if (made == &host->rate_request) {
        take_rate_reply(sim, host, event);
        return;
    }
    if (sim->config.source) {
        if (failure->status != KDIO_DONE)
            sim_fail(sim, "a request ended with status %02x", event->failure.status);
        made->in_use = false;
        return;
    }
    if (!as_expected(sim, host, made, failure))
        sim_fail(sim, "the request from operation %u on ended with status %02x at %u, %u done; expected was %02x at %u",
                 made->first, failure->status, failure->index, failure->done, made->status, made->bad_index);
    if (failure->status != KDIO_DONE)
        done = failure->done - (failure->done && made->chained);
    for (uint32_t i = 0; i < made->count; i++)
        sim_model_tell(sim, &sim->ops[made->first + i], i < done ? SIM_DONE : SIM_NOT_DONE);
    check_results(sim, made, event, done);
    host->answered_failed = failure->status != KDIO_DONE;
    host->before_failed = host->before_failed || (host->answered_failed && host->answered + 1 == host->asked);
    host->cancelled += failure->status == KDIO_CANCELLED;
    host->lively += event->request->alive;
    made->in_use = false;
    host->answered++;
}

/* What was sent is unknown; what was not, is not done. */
static void give_up(struct sim *sim, struct sim_host *host)
{
    for (unsigned k = 0; k < SIM_REQUESTS; k++) {
        struct sim_request *made = &host->requests[k];

        for (uint32_t i = 0; made->in_use && i < made->count; i++)
            sim_model_tell(sim, &sim->ops[made->first + i], made->request.sent ? SIM_UNKNOWN : SIM_NOT_DONE);
        made->in_use = false;
    }
    forget_rate(sim, host);
}

/* The requests of its own last session: SESSION, all that were answered, none that was not asked for. */
static void check_requests(struct sim *sim, const struct sim_host *host)
{
    const struct kdio_answer *answer = &host->link.answer;

    if (answer->previous_requests < 1 + host->answered || answer->previous_requests > 1 + host->asked)
        sim_fail(sim, "session %08x is said to have executed %u requests, but %u of %u were answered",
                 host->ready_challenge, answer->previous_requests, 1 + host->answered, 1 + host->asked);
}

static void take_opened(struct sim *sim, struct sim_host *host)
{
    const struct kdio_answer *answer = &host->link.answer;

    if (host->opened_once && answer->boot_id == host->ready_boot && answer->previous_session == host->ready_challenge)
        check_requests(sim, host);
    host->asked = host->answered = 0;
    if (answer->previous_session)
        sim_model_succeeded(sim, answer->boot_id, answer->previous_session, answer->previous_operations);
    host->opened_once = true;
    host->opened++;
    host->opened_ns = sim->now_ns;
    host->ready_boot = answer->boot_id;
    host->ready_challenge = answer->challenge;
    host->before_failed = host->answered_failed = host->cancels = false;
}

static void end_session(struct sim *sim, struct sim_host *host, uint64_t rest_ns)
{
    give_up(sim, host);
    host->rest_ns = sim->now_ns + rest_ns;
}

static void take_reset(struct sim *sim, struct sim_host *host)
{
    host->resets++;
    if (host->ready_boot == sim_target_boot_id(sim))
        sim_fail(sim, "a host was told of a reset that did not happen");
    end_session(sim, host, 0);
}

static void take_taken(struct sim *sim, struct sim_host *host)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < SIM_HOSTS; i++)
        alive += sim->hosts[i].alive;
    host->taken++;
    if (hosts_ever(sim) < 2)
        sim_fail(sim, "a host was told that another one took the line, but there is none");
    end_session(sim, host, alive > 1 ? TAKEN_REST_NS : 0);
    host->opened_once = false;
}

static void take_event(struct sim *sim, struct sim_host *host, const struct kdio_host_event *event)
{
    switch (event->type) {
    case KDIO_HOST_REPLY:
        take_reply(sim, host, event);
        break;
    case KDIO_HOST_OPENED:
        take_opened(sim, host);
        break;
    case KDIO_HOST_RESET:
        take_reset(sim, host);
        break;
    case KDIO_HOST_TAKEN:
        take_taken(sim, host);
        break;
    case KDIO_HOST_TIMEOUT:
        host->timeouts++;
        end_session(sim, host, 0);
        break;
    case KDIO_HOST_EVENT:
        host->events++;
        break;
    case KDIO_HOST_REFUSED:
        sim_fail(sim, "the stub refuses the version");
    case KDIO_HOST_BAD:
        sim_fail(sim, "an intact reply makes no sense");
    default:
        break;
    }
}

/* What the link asks the stub to stop: the first one, or a later one of which a sign of life came. */
static void note_cancellation(struct sim_host *host)
{
    const struct kdio_host_link *link = &host->link;

    if (link->cancelling && link->cancel_seq - link->base_seq < kdio_host_link_outstanding(link))
        request_of(link->slots[link->cancel_seq % KDIO_WINDOW_MAX])->cancel_asked = true;
}

void sim_host_receive(struct sim *sim, struct sim_host *host, const uint8_t *bytes, size_t size)
{
    struct kdio_host_event event;

    for (size_t at = 0; at < size && host->alive;) {
        note_cancellation(host);
        at += kdio_host_link_rx(&host->link, bytes + at, size - at, sim->now_ns / SIM_US, &event);
        take_event(sim, host, &event);
    }
}

/* ---- Moving on ---- */

/* Its UART takes bytes at the line's rate. */
static void send_due(struct sim *sim, struct sim_host *host)
{
    uint64_t ahead_ns = OUTPUT_BYTES * host->byte_ns;
    uint8_t bytes[OUTPUT_BYTES];
    size_t size;

    if (host->tx_free_ns < sim->now_ns)
        host->tx_free_ns = sim->now_ns;
    while (host->tx_free_ns < sim->now_ns + ahead_ns) {
        size = kdio_host_link_tx(&host->link, bytes, sizeof bytes, sim->now_ns / SIM_US);
        if (!size)
            break;
        for (size_t i = 0; i < size; i++) {
            host->tx_free_ns += host->byte_ns;
            sim->to_stub.byte_ns = host->byte_ns;
            sim_line_put(&sim->to_stub, bytes[i], host->tx_free_ns);
        }
    }
}

static void look_again(struct sim *sim, struct sim_host *host)
{
    bool closed = host->link.state == KDIO_HOST_CLOSED;
    bool given_up = host->link.state != KDIO_HOST_READY && sim->now_ns >= host->opening_ns + OPEN_LIMIT_NS;

    if ((closed || given_up) && sim->now_ns >= host->rest_ns)
        open_session(sim, host, host->opened_once);
}

void sim_host_cancel(struct sim *sim, struct sim_host *host)
{
    host->cancels = true;
    kdio_host_link_cancel(&host->link, sim->now_ns / SIM_US);
}

/* Beyond 3 Mbaud no FIFO of 16 bytes is emptied in time. */
static uint32_t draw_factor(const struct sim *sim, struct sim_host *host)
{
    uint32_t factor = 1u << sim_below(&host->random, 4);

    return sim->config.baud * factor > RATE_MOST ? 1 : factor;
}

void sim_host_step(struct sim *sim, struct sim_host *host)
{
    struct kdio_host_event event;

    if (!host->alive)
        return;
    if (!host->link.spare_nonce)
        kdio_host_link_give_nonce(&host->link, draw_nonce(host));
    kdio_host_link_tick(&host->link, sim->now_ns / SIM_US, &event);
    take_event(sim, host, &event);
    look_again(sim, host);
    if (kdio_host_link_outstanding(&host->link) && sim_chance(&host->random, sim->config.cancel_part, 1000))
        sim_host_cancel(sim, host);
    watch_rate(sim, host);
    if (host->rate_state == SIM_RATE_SETTLED && host->link.state == KDIO_HOST_READY &&
        !kdio_host_link_outstanding(&host->link) && sim_chance(&host->random, sim->config.rate_part, 1000))
        sim_host_change_rate(sim, host, draw_factor(sim, host));
    if (host->rate_state == SIM_RATE_SETTLED)
        ask_more(sim, host);
    send_due(sim, host);
}

uint64_t sim_host_next_ns(const struct sim *sim, const struct sim_host *host)
{
    uint64_t deadline_us = kdio_host_link_deadline(&host->link);
    uint64_t next_ns = deadline_us == KDIO_NEVER_US ? SIM_NEVER : deadline_us * SIM_US;

    if (!host->alive)
        return SIM_NEVER;
    if (host->link.state == KDIO_HOST_CLOSED)
        next_ns = sim_earlier(next_ns, host->rest_ns);
    else if (host->link.state != KDIO_HOST_READY)
        next_ns = sim_earlier(next_ns, host->opening_ns + OPEN_LIMIT_NS);
    if (host->link.state == KDIO_HOST_READY && host->to_ask && !host->mute && host->think_ns > sim->now_ns)
        next_ns = sim_earlier(next_ns, host->think_ns);
    if (host->rate_state >= SIM_RATE_LOWERING)
        next_ns = sim_earlier(next_ns,
                              host->rate_state == SIM_RATE_RETURNING ? host->rate_again_ns : host->rate_end_ns);
    if (host->tx_free_ns > sim->now_ns)
        next_ns = sim_earlier(next_ns, host->tx_free_ns);
    /* What is overdue waits for its UART. */
    return next_ns > sim->now_ns ? next_ns : sim->now_ns + sim->to_stub.byte_ns;
}

bool sim_host_idle(const struct sim_host *host)
{
    return host->link.state == KDIO_HOST_READY && !kdio_host_link_outstanding(&host->link) &&
           (!host->to_ask || host->mute);
}

void sim_host_kill(struct sim *sim, struct sim_host *host)
{
    give_up(sim, host);
    host->alive = false;
}
