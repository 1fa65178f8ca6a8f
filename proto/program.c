/* SPDX-License-Identifier: MIT */
/* program.c: sizes come from the letters in the table; what an operation does is nobody's business here. */
#include "proto/program.h"

/* With KDIO_OPS_PORTS_ONLY the codec knows the operations of the smallest stub, and the rest of it is left out; with
 * KDIO_OPS_WITHOUT_RUN all but run control. */
#ifndef KDIO_OPS_PORTS_ONLY
#define KDIO_OPS_PORTS_ONLY 0
#endif
#if KDIO_OPS_PORTS_ONLY
#define KNOWN_OPS KDIO_OP_TABLE_PORTS
#elif defined KDIO_OPS_WITHOUT_RUN
#define KNOWN_OPS(X) KDIO_OP_TABLE_PORTS(X) KDIO_OP_TABLE_REST(X)
#else
#define KNOWN_OPS KDIO_OP_TABLE
#endif

#define PCI_CONFIG_SIZE 4096u

/* Sums over the letters of a string, as constants. */
#define LETTER_AT(letters, i) ((letters "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")[i])
#define SIZE_OF(letter) \
    ((letter) == 'b' ? 1 : (letter) == 'w' ? 2 : (letter) == 'd' ? 4 : (letter) == 'q' ? 8 : 0)
#define SUM_5(of, l, i) \
    (of(LETTER_AT(l, i)) + of(LETTER_AT(l, i + 1)) + of(LETTER_AT(l, i + 2)) + of(LETTER_AT(l, i + 3)) + \
     of(LETTER_AT(l, i + 4)))
#define SUM_ALL(of, l) \
    (SUM_5(of, l, 0) + SUM_5(of, l, 5) + SUM_5(of, l, 10) + SUM_5(of, l, 15) + SUM_5(of, l, 20) + SUM_5(of, l, 24) - \
     of(LETTER_AT(l, 24)))
_Static_assert(KDIO_OP_RESULTS_MAX == 29, "SUM_ALL has a term for each letter");

#define IS_VALUE(letter) ((letter) == 'v')
#define IS_TABLE(letter) ((letter) == 't')
#define HAS_WIDTH(letter) ((letter) == 'p' || (letter) == 'v' || (letter) == 'n' || (letter) == 't')

enum { EFFECT_READS, EFFECT_CHANGES };

/* One row an opcode on the host; in the stub one for all widths of an operation. */
#if __STDC_HOSTED__
#define FOR_HOST(opcode_, results_) .opcode = opcode_, .results = results_,
#define FIRST_OPCODE(row) (row).opcode
#define FAMILY_OF(opcode_, operands_) (SUM_ALL(HAS_WIDTH, operands_) ? (opcode_) & ~WIDTH_BITS : (opcode_))
#else
#define FOR_HOST(opcode_, results_)
#define FIRST_OPCODE(row) (row).family
#define FAMILY_OF(opcode_, operands_) opcode_
#undef KDIO_OP_WIDTHS_3
#undef KDIO_OP_WIDTHS_4
#define KDIO_OP_WIDTHS_3(X, name, opcode_, word, ...) ROW(3, opcode_, __VA_ARGS__)
#define KDIO_OP_WIDTHS_4(X, name, opcode_, word, ...) ROW(4, opcode_, __VA_ARGS__)
#endif

#define WIDTH_BITS 3u /* Of the opcode. */

#define ROW(opcodes_, opcode_, operands_, results_, worst_us_, each_us_, effect, capability_) \
    { FOR_HOST(opcode_, results_) .family = FAMILY_OF(opcode_, operands_), \
      .capability = KDIO_CAPABILITY_##capability_, .results_size = SUM_ALL(SIZE_OF, results_), \
      .worst_us = worst_us_, .each_us = each_us_, .opcodes = opcodes_, \
      .results_values = SUM_ALL(IS_VALUE, results_), .results_table = SUM_ALL(IS_TABLE, results_) != 0, \
      .has_width = SUM_ALL(HAS_WIDTH, operands_) != 0, .changes = EFFECT_##effect == EFFECT_CHANGES, \
      .operands = operands_ },
#define X(name, opcode_, word, ...) ROW(1, opcode_, __VA_ARGS__)

static const struct kdio_op_row rows[] = { KNOWN_OPS(X) };

#define ROW_COUNT (sizeof rows / sizeof rows[0])

const struct kdio_op_row *kdio_op_find(uint8_t opcode)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if ((uint8_t)(opcode - FIRST_OPCODE(rows[i])) < rows[i].opcodes)
            return &rows[i];
    return NULL;
}

/* ---- Reading ---- */

static uint64_t more_us(const struct kdio_op *op, char letter, uint64_t operand)
{
    uint64_t units = letter == 'n' ? operand : letter == 'l' ? operand / 64 + 1 : 0;

    if (units > UINT32_MAX)
        units = UINT32_MAX; /* The product must not wrap. */
    return (letter == 'u' ? operand : 0) + units * op->row->each_us;
}

/* The short forms of OUT: the port is the last one, or the one behind it. */
static void read_short_out(struct kdio_reader *program, struct kdio_op *op, uint8_t opcode)
{
    if (opcode >= KDIO_OP_OUT_NEXT8)
        op->last_port += op->width;
    op->operand[0] = op->last_port;
    op->operand[1] = kdio_read_uint(program, op->width);
    op->row = kdio_op_find((uint8_t)(KDIO_OP_OUT8 | (opcode & WIDTH_BITS)));
    op->worst_us = op->row->worst_us;
    program->failed |= !op->port_known;
}

/* One field of the operands; its time is added up. */
static void read_operand(struct kdio_reader *program, struct kdio_op *op, char letter, uint64_t *operand)
{
    if (!KDIO_OPS_PORTS_ONLY && letter == 't') {
        op->bytes = kdio_read_bytes(program, op->count * op->width);
        return;
    }
    *operand = kdio_read_uint(program, kdio_op_letter_size(letter, op->width));
    if (KDIO_OPS_PORTS_ONLY)
        return;
    if (letter == 's')
        op->bytes = kdio_read_bytes(program, (uint32_t)*operand);
    if (letter == 'n')
        op->count = (uint32_t)*operand;
    if (letter == 'p') {
        op->last_port = (uint32_t)*operand;
        op->port_known = true;
    }
}

static void read_operands(struct kdio_reader *program, struct kdio_op *op)
{
    uint64_t worst_us = op->row->worst_us;
    const char *letter = op->row->operands;

    for (uint64_t *operand = op->operand; *letter; letter++, operand++) {
        read_operand(program, op, *letter, operand);
        if (!KDIO_OPS_PORTS_ONLY && *letter != 't')
            worst_us += more_us(op, *letter, *operand);
    }
    op->worst_us = KDIO_OPS_PORTS_ONLY || worst_us < UINT32_MAX ? (uint32_t)worst_us : UINT32_MAX;
}

static uint32_t results_size(const struct kdio_op *op)
{
    uint32_t values = op->row->results_values + (!KDIO_OPS_PORTS_ONLY && op->row->results_table ? op->count : 0);

    return op->row->results_size + values * op->width;
}

enum kdio_status kdio_op_read(struct kdio_reader *program, struct kdio_op *op)
{
    uint8_t opcode = kdio_read_u8(program);

    op->row = kdio_op_find(opcode);
    if (!KDIO_OPS_PORTS_ONLY) {
        op->bytes = NULL;
        op->count = 0;
    }
    if (!op->row)
        return KDIO_UNSUPPORTED;
    op->width = op->row->has_width ? 1u << (opcode & WIDTH_BITS) : 0;
    if (!KDIO_OPS_PORTS_ONLY && opcode >= KDIO_OP_OUT_SAME8 && opcode <= KDIO_OP_OUT_NEXT32)
        read_short_out(program, op, opcode);
    else
        read_operands(program, op);
    op->results_size = results_size(op);
    return program->failed ? KDIO_MALFORMED : KDIO_DONE;
}

/* ---- Checking ---- */

enum kdio_status kdio_port_check(uint64_t port, unsigned width)
{
    if (__STDC_HOSTED__ && width != 1 && width != 2 && width != 4)
        return KDIO_BAD_WIDTH; /* The stub takes the width from the opcode. */
    if (port > 0x10000 - (uint64_t)width)
        return KDIO_BAD_PORT;
    return port % width ? KDIO_MISALIGNED : KDIO_DONE;
}

static enum kdio_status check_index(const struct kdio_op *op)
{
    uint64_t flags = op->operand[KDIO_INDEX_FLAG_BITS];
    unsigned width = 1u << (flags & KDIO_INDEX_WIDTH);

    if (flags & ~(uint64_t)KDIO_INDEX_FLAGS || width > 4 || op->operand[KDIO_INDEX_VALUE] >> 1 >> (8 * width - 1))
        return KDIO_BAD_OPERAND;
    return kdio_port_check(op->operand[KDIO_INDEX_PORT], width);
}

static enum kdio_status check_pci(const struct kdio_op *op)
{
    uint64_t offset = op->operand[1];

    if (offset % op->width)
        return KDIO_MISALIGNED;
    return op->count && offset + op->count * op->width <= PCI_CONFIG_SIZE ? KDIO_DONE : KDIO_BAD_OPERAND;
}

/* A stretch of memory: something, and not past the end of the addresses. Units are accessed where they lie whole. */
static enum kdio_status check_stretch(const struct kdio_op *op, uint64_t size)
{
    if (!size || op->operand[0] + size - 1 < op->operand[0])
        return KDIO_BAD_OPERAND;
    return op->width && op->operand[0] % op->width ? KDIO_MISALIGNED : KDIO_DONE;
}

/* A pattern that is empty, or a step that is not a width. */
static enum kdio_status check_pattern(const struct kdio_op *op)
{
    bool search = op->row->operands[2] == 'b';
    uint64_t step = op->operand[2];

    if (!op->operand[search ? 3 : 2] || (search && (step > 8 || !step || step & (step - 1))))
        return KDIO_BAD_OPERAND;
    return check_stretch(op, op->operand[1]);
}

static enum kdio_status check_other(const struct kdio_op *op)
{
    const char *operands = op->row->operands;

    if (operands[0] == 'd' && operands[1] == 'w')
        return check_pci(op);
    if (operands[0] == 'q' && operands[1] == 'n')
        return check_stretch(op, (uint64_t)op->count * op->width);
    return operands[1] == 'l' ? check_pattern(op) : KDIO_DONE;
}

enum kdio_status kdio_op_check(const struct kdio_op *op)
{
    const char *operands = op->row->operands;
    enum kdio_status status;

    if (!kdio_op_is_port(op->row))
        return KDIO_OPS_PORTS_ONLY ? KDIO_DONE : check_other(op);
    if (KDIO_OPS_PORTS_ONLY || operands[1] != 'b')
        status = kdio_port_check(op->operand[0], op->width);
    else
        status = check_index(op);
    if (status != KDIO_DONE || KDIO_OPS_PORTS_ONLY)
        return status;
    if (operands[1] == 'b')
        return kdio_port_check(op->operand[KDIO_INDEX_DATA_PORT], op->width);
    return operands[1] == 'n' && !op->count ? KDIO_BAD_OPERAND : KDIO_DONE;
}

static uint32_t add_us(uint32_t sum, uint32_t more)
{
    return more > UINT32_MAX - sum ? UINT32_MAX : sum + more;
}

enum kdio_status kdio_program_step(struct kdio_reader *program, struct kdio_program_summary *summary,
                                   struct kdio_op *op)
{
    enum kdio_status status = kdio_op_read(program, op);

    summary->bad_index = summary->count;
    if (status == KDIO_DONE)
        status = kdio_op_check(op);
    if (status != KDIO_DONE)
        return status;
    summary->count++;
    summary->results_size += op->results_size;
    if (KDIO_OPS_PORTS_ONLY)
        summary->worst_us += op->worst_us; /* Nothing there takes long. */
    else
        summary->worst_us = add_us(summary->worst_us, op->worst_us);
    return KDIO_DONE;
}
