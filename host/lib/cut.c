/* SPDX-License-Identifier: MIT */
/*
 * cut.c: cuts a program into requests and encodes them: each operation once, in its shortest form.
 *
 * A request is filled up to what the link advises (L12), and up to what the stub takes when its first operation needs
 * that. What is larger still is cut at its units. The short forms of OUT refer to the operation before them, so the
 * first of a request is never one.
 */
#include <stdlib.h>
#include <string.h>

#include "host/lib/target.h"

#define UNITS_MAX      0xffffu /* Of one operation of the wire. */
#define REPLIES_WANTED 3u      /* On their way at a time: one arrives, one is on the line, one is being made. */
#define REPLY_FACTOR   4u      /* L12 for replies: so many times what is advised for requests. */
#define REPLY_MIN      64u
#define BLOCK_ACCESS   8u      /* A block is cut where its accesses begin. */

struct limits {
    size_t size, results, operations;
};

struct cut {
    const struct kdio_program *program;
    struct kdio_flight *flight;
    struct limits limits;
    bool divisible;     /* Operations may be cut. */
    bool short_forms;
    bool port_known;
    uint32_t last_port;
    size_t size, results, operations; /* In the request so far. */
    uint64_t worst_us;
};

/* ---- Encoding ---- */

static bool has_operand_table(const struct kdio_op_row *row)
{
    unsigned place = kdio_count_place(row);

    return place && row->operands[place + 1] == 't';
}

static void put(struct cut *cut, uint64_t value, unsigned size)
{
    uint8_t *at = cut->flight->bytes + cut->size;

    cut->size += size;
    for (; size; size--, value >>= 8)
        *at++ = (uint8_t)value;
}

static void note_port(struct cut *cut, uint64_t port)
{
    cut->last_port = (uint32_t)port;
    cut->port_known = cut->short_forms;
}

/* False when there is no room. */
static bool put_out(struct cut *cut, const struct kdio_operation *operation)
{
    unsigned opcode = operation->row->opcode;
    unsigned width = 1u << (opcode & 3), port_size = 0;
    uint64_t port = operation->operand[0];

    if (cut->port_known && port == cut->last_port)
        opcode += KDIO_OP_OUT_SAME8 - KDIO_OP_OUT8;
    else if (cut->port_known && port == cut->last_port + width)
        opcode += KDIO_OP_OUT_NEXT8 - KDIO_OP_OUT8;
    else
        port_size = 2;
    if (cut->size + 1 + port_size + width > cut->limits.size)
        return false;
    put(cut, opcode, 1);
    put(cut, port, port_size);
    put(cut, operation->operand[1], width);
    note_port(cut, port);
    cut->worst_us += operation->row->worst_us;
    return true;
}

/* `units` of a counted operation from unit `from` on: another count, and behind it another address. */
static void put_units(struct cut *cut, const struct kdio_operation *operation, uint64_t from, uint64_t units,
                      size_t size)
{
    struct kdio_writer writer = kdio_writer_on(cut->flight->bytes + cut->size, size);
    unsigned place = kdio_count_place(operation->row);
    unsigned width = kdio_op_width(operation->row);
    const uint8_t *bytes = cut->program->bytes ? cut->program->bytes + operation->bytes_at : NULL;
    uint64_t operand[KDIO_OP_OPERANDS_MAX];

    memcpy(operand, operation->operand, sizeof operand);
    if (place) {
        operand[place] = units;
        if (!kdio_op_is_port(operation->row))
            operand[place - 1] += from * width;
    }
    if (has_operand_table(operation->row))
        bytes += from * width;
    kdio_op_write(&writer, operation->row, operand, bytes);
    cut->size += size;
}

static void note_ports(struct cut *cut, const struct kdio_operation *operation)
{
    if (kdio_op_is_port(operation->row))
        note_port(cut, operation->operand[operation->row->operands[1] == 'b' ? KDIO_INDEX_DATA_PORT : KDIO_INDEX_PORT]);
}

/* ---- Fitting ---- */

/* Bytes of an operation without its table. */
static size_t head_size(const struct kdio_operation *operation)
{
    unsigned place = kdio_count_place(operation->row);
    uint64_t operand[KDIO_OP_OPERANDS_MAX];

    memcpy(operand, operation->operand, sizeof operand);
    if (place)
        operand[place] = 0;
    return kdio_op_size(operation->row, operand);
}

/* Memory in blocks is accessed in aligned words: a cut elsewhere would make single bytes of one. */
static uint64_t round_to_words(const struct kdio_operation *operation, uint64_t from, uint64_t units)
{
    bool block = operation->row->operands[0] == 'q' && kdio_op_width(operation->row) == 1;
    uint64_t over = (operation->operand[0] + from + units) % BLOCK_ACCESS;

    return block && units > over ? units - over : units;
}

/* How many units of the rest of an operation the request has room for, at most `left`. */
static uint64_t units_that_fit(const struct cut *cut, const struct kdio_operation *operation, uint64_t left,
                               size_t head)
{
    unsigned width = kdio_op_width(operation->row);
    size_t room = (cut->limits.size - cut->size - head) / width;
    size_t results_room = (cut->limits.results - cut->results) / width;

    if (left > UNITS_MAX)
        left = UNITS_MAX;
    if (has_operand_table(operation->row) && left > room)
        left = room;
    return operation->row->results_table && left > results_room ? results_room : left;
}

/* By the table of operations. */
static void add_time(struct cut *cut, const struct kdio_operation *operation, uint64_t units)
{
    const struct kdio_op_row *row = operation->row;

    cut->worst_us += row->worst_us + units * row->each_us;
    for (unsigned i = 0; row->operands[i]; i++) {
        if (row->operands[i] == 'u')
            cut->worst_us += operation->operand[i];
        else if (row->operands[i] == 'l' && operation->operand[i] / 64 < UINT32_MAX)
            cut->worst_us += (operation->operand[i] / 64 + 1) * row->each_us;
        else if (row->operands[i] == 'l')
            cut->worst_us += UINT32_MAX;
    }
}

enum added { ADDED_WHOLE, ADDED_PART, NO_ROOM };

static enum added add_counted(struct cut *cut, const struct kdio_operation *operation, uint64_t from)
{
    uint64_t left = operation->operand[kdio_count_place(operation->row)] - from;
    unsigned width = kdio_op_width(operation->row);
    size_t head = head_size(operation);
    uint64_t units;

    if (cut->size + head > cut->limits.size)
        return NO_ROOM;
    units = units_that_fit(cut, operation, left, head);
    if (units < left && (cut->operations || !cut->divisible))
        return NO_ROOM;
    if (units < left)
        units = round_to_words(operation, from, units);
    if (!units)
        return NO_ROOM;
    put_units(cut, operation, from, units, head + (has_operand_table(operation->row) ? (size_t)units * width : 0));
    cut->results += operation->row->results_table ? (size_t)units * width : 0;
    note_ports(cut, operation);
    add_time(cut, operation, units);
    cut->flight->stretch.to = from + units;
    return units == left ? ADDED_WHOLE : ADDED_PART;
}

static enum added add_plain(struct cut *cut, const struct kdio_operation *operation)
{
    size_t results = kdio_operation_results_size(operation);
    size_t size;

    if (cut->results + results > cut->limits.results)
        return NO_ROOM;
    size = kdio_op_size(operation->row, operation->operand);
    if (cut->size + size > cut->limits.size)
        return NO_ROOM;
    put_units(cut, operation, 0, 0, size);
    cut->results += results;
    note_ports(cut, operation);
    add_time(cut, operation, 0);
    return ADDED_WHOLE;
}

static enum added add(struct cut *cut, const struct kdio_operation *operation, uint64_t from)
{
    if (operation->row->family == KDIO_OP_OUT8)
        return put_out(cut, operation) ? ADDED_WHOLE : NO_ROOM;
    return kdio_count_place(operation->row) ? add_counted(cut, operation, from) : add_plain(cut, operation);
}

static void fill(struct cut *cut, struct kdio_place *place)
{
    enum added added = ADDED_WHOLE;

    while (added == ADDED_WHOLE && place->index < cut->program->count && cut->operations < cut->limits.operations) {
        added = add(cut, &cut->program->operations[place->index], place->units);
        cut->operations += added != NO_ROOM;
        if (added == ADDED_WHOLE)
            *place = (struct kdio_place){ .index = place->index + 1 };
        else if (added == ADDED_PART)
            place->units = cut->flight->stretch.to;
    }
    if (added != ADDED_PART)
        cut->flight->stretch.to = 0;
}

/* ---- Limits ---- */

static struct limits hard_limits(const struct kdio_target *target, bool chained)
{
    const struct kdio_answer *answer = &target->link.answer;

    return (struct limits){ .size = kdio_host_link_program_max(&target->link), .results = answer->results_max,
                            .operations = answer->program_max - chained };
}

static size_t advised_results(const struct kdio_target *target)
{
    const struct kdio_answer *answer = &target->link.answer;
    size_t share = answer->reply_window / REPLIES_WANTED;
    size_t advised = (size_t)target->link.frame_limit * REPLY_FACTOR;

    share = share > KDIO_REPLY_COST(REPLY_MIN) ? share - KDIO_REPLY_COST(0) : REPLY_MIN;
    if (answer->burst || share > answer->results_max)
        share = answer->results_max; /* One request at a time. */
    return advised < share ? advised : share;
}

static struct limits soft_limits(const struct kdio_target *target, bool chained, enum kdio_cutting cutting)
{
    struct limits limits = hard_limits(target, chained);

    if (cutting == KDIO_CUT_NEVER)
        return limits;
    limits.size = kdio_host_link_program_advised(&target->link);
    limits.results = advised_results(target);
    if (cutting == KDIO_CUT_SINGLY)
        limits.operations = 1;
    return limits;
}

static bool make_room(struct kdio_flight *flight, size_t size)
{
    uint8_t *bytes;

    if (flight->capacity >= size)
        return true;
    bytes = realloc(flight->bytes, size);
    if (!bytes)
        return false;
    flight->bytes = bytes;
    flight->capacity = size;
    return true;
}

static void begin(struct cut *cut, const struct kdio_place *place)
{
    struct kdio_flight *flight = cut->flight;

    flight->stretch = (struct kdio_stretch){ .first = place->index, .from = place->units };
    if (flight->chained)
        put(cut, KDIO_OP_CHAIN, 1);
}

static void finish(struct cut *cut, enum kdio_cutting cutting)
{
    struct kdio_flight *flight = cut->flight;
    const struct kdio_operation *first = &cut->program->operations[flight->stretch.first];
    size_t before = first->row->results_table ? (size_t)flight->stretch.from * kdio_op_width(first->row) : 0;

    flight->stretch.count = cut->operations;
    flight->results_at = first->results_at + before;
    flight->request = (struct kdio_host_request){
        .program = flight->bytes, .size = cut->size, .results_max = (uint32_t)cut->results,
        .atomic = cutting == KDIO_CUT_NEVER,
        .worst_us = cut->worst_us < UINT32_MAX ? (uint32_t)cut->worst_us : UINT32_MAX,
    };
}

enum kdio_status kdio_cut(const struct kdio_target *target, const struct kdio_program *program,
                          enum kdio_cutting cutting, struct kdio_place *place, struct kdio_flight *flight)
{
    struct limits hard = hard_limits(target, flight->chained);
    struct cut cut = {
        .program = program, .flight = flight, .limits = soft_limits(target, flight->chained, cutting),
        .divisible = cutting != KDIO_CUT_NEVER,
        .short_forms = target->info.capabilities & KDIO_CAPABILITY_PROGRAM,
    };

    if (!make_room(flight, hard.size))
        return KDIO_NO_MEMORY;
    begin(&cut, place);
    fill(&cut, place);
    if (!cut.operations && hard.operations) {
        cut.limits = hard;
        cut.limits.operations = 1;
        fill(&cut, place);
    }
    if (!cut.operations || (cutting == KDIO_CUT_NEVER && place->index < program->count))
        return KDIO_TOO_LARGE;
    finish(&cut, cutting);
    return KDIO_DONE;
}
