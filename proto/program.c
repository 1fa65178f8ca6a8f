/* SPDX-License-Identifier: MIT */
/* program.c: sizes come from the letters in the table; no operation has code of its own here. */
#include "proto/program.h"

/* The sum of the letters of a string, as a constant. */
#define SIZE_OF(letter) \
    ((letter) == 'b' ? 1 : (letter) == 'w' ? 2 : (letter) == 'd' ? 4 : (letter) == 'q' ? 8 : 0)
#define SIZE_AT(letters, i) SIZE_OF((letters "\0\0\0\0\0\0\0\0\0\0\0")[i])
#define SIZE_OF_ALL(l) \
    (SIZE_AT(l, 0) + SIZE_AT(l, 1) + SIZE_AT(l, 2) + SIZE_AT(l, 3) + SIZE_AT(l, 4) + SIZE_AT(l, 5) + SIZE_AT(l, 6) + \
     SIZE_AT(l, 7) + SIZE_AT(l, 8) + SIZE_AT(l, 9) + SIZE_AT(l, 10))
_Static_assert(KDIO_OP_RESULTS_MAX == 11, "SIZE_OF_ALL has a term for each letter");

static const struct kdio_op_row rows[] = {
#if __STDC_HOSTED__
#define RESULTS(letters) .results = letters,
#else
#define RESULTS(letters)
#endif
#define X(name, opcode_, word, operands_, results_, worst_us_, capability_) \
    { .opcode = opcode_, .results_size = SIZE_OF_ALL(results_), .operands = operands_, RESULTS(results_) \
      .worst_us = worst_us_, .capability = KDIO_CAPABILITY_##capability_ },
    KDIO_OP_TABLE(X)
#undef X
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

const struct kdio_op_row *kdio_op_find(uint8_t opcode)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].opcode == opcode)
            return &rows[i];
    return NULL;
}

unsigned kdio_op_width(const struct kdio_op_row *row)
{
    return row->operands[0] == 'p' ? 1u << (row->opcode & 3) : 0;
}

bool kdio_op_writes(const struct kdio_op_row *row)
{
    return row->operands[0] == 'p' && row->operands[1] != 0;
}

size_t kdio_op_results_size(const struct kdio_op_row *row)
{
    return row->results_size;
}

enum kdio_status kdio_op_read(struct kdio_reader *program, struct kdio_op *op)
{
    const char *letter;

    op->row = kdio_op_find(kdio_read_u8(program));
    op->bytes = NULL;
    if (!op->row)
        return KDIO_UNSUPPORTED;
    op->width = kdio_op_width(op->row);
    letter = op->row->operands;
    for (uint64_t *operand = op->operand; *letter; letter++, operand++) {
        *operand = kdio_read_uint(program, kdio_letter_size(*letter));
        if (*letter == 's')
            op->bytes = kdio_read_bytes(program, (uint32_t)*operand);
    }
    return program->failed ? KDIO_MALFORMED : KDIO_DONE;
}

void kdio_op_write(struct kdio_writer *program, const struct kdio_op_row *row, const uint64_t *operand,
                   const uint8_t *bytes)
{
    kdio_write_uint(program, 1, row->opcode);
    for (unsigned i = 0; row->operands[i]; i++) {
        kdio_write_uint(program, kdio_letter_size(row->operands[i]), operand[i]);
        if (row->operands[i] == 's')
            kdio_write_bytes(program, bytes, (uint32_t)operand[i]);
    }
}

enum kdio_status kdio_port_check(uint64_t port, unsigned width)
{
    if (width != 1 && width != 2 && width != 4)
        return KDIO_BAD_WIDTH;
    if (port > 0x10000 - (uint64_t)width)
        return KDIO_BAD_PORT;
    return port % width ? KDIO_MISALIGNED : KDIO_DONE;
}

enum kdio_status kdio_program_step(struct kdio_reader *program, struct kdio_program_summary *summary,
                                   struct kdio_op *op)
{
    enum kdio_status status = kdio_op_read(program, op);

    summary->bad_index = summary->count;
    if (status == KDIO_DONE && op->width)
        status = kdio_port_check(op->operand[0], op->width);
    if (status != KDIO_DONE)
        return status;
    summary->count++;
    summary->results_size += op->row->results_size;
    summary->worst_us += op->row->worst_us;
    return KDIO_DONE;
}

enum kdio_status kdio_program_check(const uint8_t *bytes, size_t size, struct kdio_program_summary *summary)
{
    struct kdio_reader reader = kdio_reader_on(bytes, size);
    enum kdio_status status = size ? KDIO_DONE : KDIO_MALFORMED;
    struct kdio_op op;

    *summary = (struct kdio_program_summary){ 0 };
    while (status == KDIO_DONE && reader.left)
        status = kdio_program_step(&reader, summary, &op);
    return status;
}
