/* SPDX-License-Identifier: MIT */
/*
 * judge.c: whether an answer is the right one. A program that is refused was to be refused, for this reason and at this
 * operation (P4), and made no access; one that was executed made all the accesses of what is reported as done, and its
 * results are what they gave.
 */
#include "tests/fuzz/world.h"

#include <string.h>

#include "proto/status.h"

/* A reply, and how far it was read. */
struct verdict {
    const struct world *world;
    struct client_session *session;
    const struct client_request *request;
    const struct kdio_failure *failure; /* NULL: all is done. */
    struct kdio_reader program, results, reads;
    struct kdio_op op;
    unsigned shown;
    bool searched; /* By the last operation that is done. */
};

/* ---- Refusals ---- */

static bool covers(uint64_t port, unsigned width, unsigned first, unsigned count)
{
    return port + width > first && port < first + count;
}

static bool resets(uint64_t port, unsigned width, bool write, uint64_t value)
{
    return covers(port, width, 0x92, 1) || covers(port, width, 0xb2, 1) ||
           (covers(port, width, 0xcf9, 1) && !(port == 0xcf8 && width == 4)) ||
           (write && port == 0x64 && (value & 0xff) == 0xfe);
}

/* What is written, where the program says; else it is taken for the worst. */
static uint64_t written(const struct kdio_op *op)
{
    if (op->row->family == KDIO_OP_OUT8)
        return op->operand[1];
    return op->row->family == KDIO_OP_REPEAT8 ? op->operand[2] : 0xfe;
}

static enum kdio_status judge_port(const struct machine *machine, uint64_t port, unsigned width, bool write,
                                   uint64_t value)
{
    if (covers(port, width, WORLD_UART_BASE, WORLD_UART_PORTS))
        return KDIO_LINK_UART;
    if (covers(port, width, WORLD_DENIED_PORT, 1) || (machine->safe && resets(port, width, write, value)))
        return KDIO_DENIED;
    return KDIO_DONE;
}

static enum kdio_status worse(enum kdio_status a, enum kdio_status b)
{
    return a == KDIO_LINK_UART || b == KDIO_DONE ? a : b;
}

static enum kdio_status judge_ports(const struct machine *machine, const struct kdio_op *op)
{
    const uint64_t *operand = op->operand;

    if (op->row->operands[0] != 'p')
        return KDIO_DONE;
    if (op->row->operands[1] != 'b')
        return judge_port(machine, operand[0], op->width, op->row->changes, written(op));
    return worse(judge_port(machine, operand[0], 1u << (operand[1] & 3), true, operand[1] & 4 ? 0xfe : operand[2]),
                 judge_port(machine, operand[3], op->width, op->row->family == KDIO_OP_INDEX_OUT8, operand[4]));
}

/* P14: without a window there are 256 bytes of the functions of segment 0. */
static bool has_configuration(const struct machine *machine, const struct kdio_op *op)
{
    const struct model model = { .op = *op, .spaces = machine->spaces };

    return model_uses_window(&model) ||
           (!(op->operand[0] >> 16) && op->operand[1] + (uint64_t)op->count * op->width <= 256);
}

static enum kdio_status judge_policy(const struct verdict *verdict)
{
    const struct machine *machine = &verdict->world->machine;
    const struct kdio_op *op = &verdict->op;
    enum kdio_status status = judge_ports(machine, op);

    if (op->row->capability & ~verdict->session->answer.capabilities)
        return KDIO_UNSUPPORTED;
    if (op->row->capability == KDIO_CAPABILITY_PCI && !has_configuration(machine, op))
        return KDIO_UNSUPPORTED;
    if (status != KDIO_LINK_UART && machine->read_only && op->row->changes)
        return KDIO_READ_ONLY;
    return status;
}

static enum kdio_status judge_limits(const struct verdict *verdict, const struct kdio_program_summary *summary)
{
    const struct kdio_answer *answer = &verdict->session->answer;

    if (summary->count > answer->program_max || summary->results_size > answer->results_max)
        return KDIO_TOO_LARGE;
    return verdict->request->atomic && summary->worst_us > WORLD_ATOMIC_US ? KDIO_TOO_LONG : KDIO_DONE;
}

/* P4: DONE, or why it is to be refused, and for which operation. fuzz_program judges the first part. */
static enum kdio_status judge_refusal(struct verdict *verdict, uint32_t *index)
{
    const struct client_request *request = verdict->request;
    struct kdio_program_summary summary;
    enum kdio_status status = kdio_program_verify(request->program, request->size, &summary);

    if (status == KDIO_DONE)
        status = judge_limits(verdict, &summary);
    *index = summary.bad_index;
    if (status != KDIO_DONE)
        return status;
    for (*index = 0; *index < summary.count; ++*index) {
        (void)kdio_op_read(&verdict->program, &verdict->op);
        status = judge_policy(verdict);
        if (status != KDIO_DONE)
            break;
    }
    verdict->program = kdio_reader_on(request->program, request->size);
    verdict->op = (struct kdio_op){ 0 };
    return status;
}

/* True when the program was to be refused. */
static bool was_refused(struct verdict *verdict)
{
    const struct kdio_failure *failure = verdict->failure;
    uint32_t index;
    enum kdio_status status = judge_refusal(verdict, &index);

    if (status == KDIO_DONE)
        return false;
    FUZZ_REQUIRE(failure && failure->status == status && failure->index == index, "P4: refused, and for this reason");
    FUZZ_REQUIRE(!failure->done && !verdict->results.left && !verdict->request->executed,
                 "what is refused is refused whole");
    return true;
}

/* ---- Results ---- */

static uint64_t last_unit(const uint8_t *results, size_t size, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)results[size - width + i] << 8 * i;
    return value;
}

/* P10, P12: of VGET and PGET the last access may have had eight bytes. */
static unsigned last_width(const struct kdio_op *op, size_t size)
{
    uint64_t end = op->operand[0] + size;

    if (op->row->family == KDIO_OP_VGET || op->row->family == KDIO_OP_PGET)
        return end % 8 || size < 8 ? 1 : 8;
    return op->row->family == KDIO_OP_RDTSC || op->row->family == KDIO_OP_RDMSR ? 8 : op->width;
}

static bool gives_last(const struct kdio_op *op)
{
    switch (op->row->capability) {
    case KDIO_CAPABILITY_PROGRAM: case KDIO_CAPABILITY_PORT: case KDIO_CAPABILITY_PCI:
        return true;
    case KDIO_CAPABILITY_PROCESSOR:
        return op->row->family == KDIO_OP_RDMSR;
    default:
        return op->row->results[0] == 't';
    }
}

/* Results of the operation, or the part of them that there is. */
static void note_last(const struct verdict *verdict, const uint8_t *results, size_t size)
{
    struct client_session *session = verdict->session;

    if (!size || !gives_last(&verdict->op))
        return;
    session->last = last_unit(results, size, last_width(&verdict->op, size));
    session->last_known = true;
}

static bool stands_at(const struct kdio_op *op, uint64_t address)
{
    bool physical = op->row->capability == KDIO_CAPABILITY_PHYSICAL;

    for (uint64_t i = 0; i < op->operand[3]; i++)
        if (world_load(physical ? PHYSICAL_AT(address + i) : address + i, 1) != (op->bytes[i] ^ 0xffu))
            return false;
    return true;
}

/* P13: where the pattern stands first, as far as `end`; that when it does not. */
static uint64_t find_pattern(const struct kdio_op *op, uint64_t end)
{
    for (uint64_t place = 0; place < end; place += op->operand[2])
        if (stands_at(op, op->operand[0] + place))
            return place;
    return end;
}

static void judge_search(const struct kdio_op *op, const uint8_t *results)
{
    uint64_t found = last_unit(results, 8, 8) - op->operand[0];

    FUZZ_REQUIRE(found % op->operand[2] == 0 && op->operand[1] >= op->operand[3] &&
                 found <= op->operand[1] - op->operand[3], "a search finds what lies inside");
    FUZZ_REQUIRE(stands_at(op, op->operand[0] + found) && find_pattern(op, found) == found, "the first of them");
}

static void judge_not_found(const struct kdio_op *op)
{
    uint64_t last = op->operand[1] - op->operand[3];

    FUZZ_REQUIRE(op->row->results[0] == 'q' && op->operand[1], "only a search does not find");
    FUZZ_REQUIRE(op->operand[1] < op->operand[3] || find_pattern(op, last + 1) > last, "what is there");
}

static bool matches(const struct verdict *verdict, uint64_t mask, uint64_t wanted)
{
    return (verdict->session->last & mask) == wanted;
}

/* What the accesses gave; `size` bytes of results were expected. */
static void judge_given(struct verdict *verdict, const uint8_t *results, uint32_t size)
{
    const uint8_t *read = kdio_read_bytes(&verdict->reads, size);

    FUZZ_REQUIRE(read && !memcmp(read, results, size), "a result is what the accesses gave");
    note_last(verdict, results, size);
}

/* S15: the rate of the nearest divisor, within 3 %; 0 where there is none. */
static uint32_t rate_given(const struct kdio_op *op)
{
    uint64_t baud = op->operand[0], divisor = baud ? (WORLD_BAUD + baud / 2) / baud : 0;
    uint64_t given = divisor ? WORLD_BAUD / divisor : 0, off = given > baud ? given - baud : baud - given;

    return divisor <= UINT16_MAX && off <= baud / 100 * 3 ? (uint32_t)given : 0; /* Of whole hundreds. */
}

/* Nothing in the machine shows them. */
static bool is_unseen(const struct kdio_op *op)
{
    return op->row->family == KDIO_OP_CHECK8 || op->row->family == KDIO_OP_DELAY || op->row->family == KDIO_OP_BAUD;
}

static void judge_done(struct verdict *verdict)
{
    struct kdio_op *op = &verdict->op;
    const uint8_t *results;

    FUZZ_REQUIRE(verdict->program.left && kdio_op_read(&verdict->program, op) == KDIO_DONE,
                 "what is done was there to do");
    results = kdio_read_bytes(&verdict->results, op->results_size);
    FUZZ_REQUIRE(results, "the reply has the results of all that is done");
    verdict->shown += op->row->capability && !is_unseen(op);
    verdict->searched = model_op_is_search(op);
    if (op->row->family == KDIO_OP_ECHO)
        FUZZ_REQUIRE(last_unit(results, 8, 8) == op->operand[0], "ECHO gives back its operand");
    else if (op->row->results[0] == 'q' && op->row->operands[1] == 'l')
        judge_search(op, results);
    else if (op->row->family == KDIO_OP_BAUD)
        FUZZ_REQUIRE(rate_given(op) && last_unit(results, 4, 4) == rate_given(op), "BAUD tells the rate that it gives");
    else if (op->row->capability)
        judge_given(verdict, results, op->row->family == KDIO_OP_POLL8 ? op->width : op->results_size);
    if (op->row->family == KDIO_OP_POLL8)
        FUZZ_REQUIRE(matches(verdict, op->operand[1], op->operand[2]), "a POLL that is done has matched");
    if (op->row->family == KDIO_OP_CHECK8 && verdict->session->last_known)
        FUZZ_REQUIRE(matches(verdict, op->operand[0], op->operand[1]), "a CHECK that is done has matched");
}

/* ---- The one that stopped ---- */

static void judge_no_match(const struct verdict *verdict, uint64_t detail)
{
    const struct client_session *session = verdict->session;
    const struct kdio_op *op = &verdict->op;
    bool poll = op->row->family == KDIO_OP_POLL8;

    FUZZ_REQUIRE(poll || op->row->family == KDIO_OP_CHECK8, "only who compares does not match");
    FUZZ_REQUIRE(!session->last_known || session->last == detail, "what did not match is told");
    FUZZ_REQUIRE((detail & op->operand[poll]) != op->operand[poll + 1], "and did not");
}

/* P17 */
static void judge_partial(struct verdict *verdict)
{
    const struct kdio_op *op = &verdict->op;
    uint32_t left = verdict->results.left;
    bool poll = op->row->family == KDIO_OP_POLL8 && verdict->failure->status == KDIO_NO_MATCH;

    if (poll)
        FUZZ_REQUIRE(left == op->results_size, "a POLL that did not match has its results");
    else if (op->row->results[0] == 't')
        FUZZ_REQUIRE(left % op->width == 0 && left < op->results_size, "whole units, and not all of them");
    else
        FUZZ_REQUIRE(!left, "nothing else gives a part");
    if (left)
        judge_given(verdict, kdio_read_bytes(&verdict->results, left), poll ? op->width : left);
    if (op->row->family == KDIO_OP_POLL8 && !poll)
        verdict->reads.left = 0; /* Readings of a POLL that was cancelled have no result. */
}

static void judge_cause(const struct verdict *verdict)
{
    const struct client_request *request = verdict->request;
    const struct kdio_failure *failure = verdict->failure;
    uint64_t detail = failure->detail | (uint64_t)failure->detail_high << 32;

    FUZZ_REQUIRE((failure->status == KDIO_FAULT) == request->faulted, "a fault is an answer, and nothing else is one");
    if (failure->status == KDIO_FAULT)
        FUZZ_REQUIRE(failure->vector == request->vector && failure->code == request->code && detail == request->detail,
                     "which tells the exception and the address");
    else
        FUZZ_REQUIRE(!failure->vector && !failure->code, "nothing else has a vector");
    if (failure->status == KDIO_NO_MATCH)
        judge_no_match(verdict, detail);
    else if (failure->status == KDIO_NOT_FOUND)
        judge_not_found(&verdict->op);
    else if (failure->status == KDIO_SKIPPED)
        FUZZ_REQUIRE(verdict->op.row->family == KDIO_OP_CHAIN, "only CHAIN skips");
    else if (failure->status == KDIO_BAD_OPERAND)
        FUZZ_REQUIRE(verdict->op.row->family == KDIO_OP_BAUD && !rate_given(&verdict->op),
                     "only a rate may be refused so late");
    else
        FUZZ_REQUIRE(failure->status == KDIO_FAULT || failure->status == KDIO_CANCELLED, "programs stop for a reason");
}

static void judge_stop(struct verdict *verdict)
{
    const struct kdio_failure *failure = verdict->failure;
    unsigned begun = verdict->request->executed - verdict->shown;

    FUZZ_REQUIRE(failure->done == failure->index, "what is done comes before what stopped it");
    FUZZ_REQUIRE(verdict->program.left && kdio_op_read(&verdict->program, &verdict->op) == KDIO_DONE,
                 "what stopped was there to do");
    FUZZ_REQUIRE(begun <= 1, "what is reported as done is what was executed, but for the one that stopped");
    /* What it reads may have been taken for more of a search right before it. */
    FUZZ_REQUIRE(begun || !verdict->request->unfinished || verdict->searched || model_op_is_search(&verdict->op),
                 "and all of it");
    judge_partial(verdict);
    judge_cause(verdict);
}

/* Replies are judged in their order; where one was not heard, what CHECK compares is not known. */
static void follow(struct client_session *session, uint32_t seq)
{
    if (session->judged != seq)
        session->last_known = false;
    session->judged = seq + 1;
}

static uint32_t count_ops(const struct client_request *request)
{
    struct kdio_program_summary summary;

    return kdio_program_verify(request->program, request->size, &summary) == KDIO_DONE ? summary.count : UINT32_MAX;
}

void judge_reply(const struct world *world, struct client_session *session, struct client_request *request,
                 const uint8_t *payload, size_t size)
{
    struct verdict verdict = { .world = world, .session = session, .request = request };
    struct kdio_failure failure = { 0 };
    size_t at = KDIO_HEADER_SIZE;

    verdict.program = kdio_reader_on(request->program, request->size);
    verdict.reads = kdio_reader_on(request->reads, request->reads_size);
    if ((payload[0] & KDIO_KIND_MASK) == KDIO_KIND_FAILED) {
        FUZZ_REQUIRE(kdio_failure_read(payload + at, size - KDIO_MESSAGE_MIN, &failure), "FAILED is whole");
        verdict.failure = &failure;
        at += KDIO_FAILED_SIZE;
    }
    verdict.results = kdio_reader_on(payload + at, size - at - KDIO_CRC32C_SIZE);
    follow(session, request->seq);
    if (was_refused(&verdict))
        return;
    for (uint32_t done = verdict.failure ? failure.done : count_ops(request); done; done--)
        judge_done(&verdict);
    if (verdict.failure)
        judge_stop(&verdict);
    else
        FUZZ_REQUIRE(verdict.shown == request->executed && !request->unfinished && !request->faulted,
                     "what is reported as done is what was executed");
    FUZZ_REQUIRE(!verdict.results.left && !verdict.reads.left, "the reply has no other results, and no less");
}
