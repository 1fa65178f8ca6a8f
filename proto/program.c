/* SPDX-License-Identifier: MIT */
/* program.c: sizes come from the letters in the table; no operation has code of its own here. */
#include "proto/program.h"

#define X(name, opcode, word, operands, results, worst_us, capability) \
    { opcode, operands, results, worst_us, KDIO_CAPABILITY_##capability },
static const struct kdio_op_row rows[] = { KDIO_OP_TABLE(X) };
#undef X

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
    size_t size = 0;

    for (const char *letter = row->results; *letter; letter++)
        size += kdio_letter_size(*letter);
    return size;
}

enum kdio_status kdio_op_read(struct kdio_reader *program, struct kdio_op *op)
{
    op->row = kdio_op_find(kdio_read_u8(program));
    op->bytes = NULL;
    if (!op->row)
        return KDIO_UNSUPPORTED;
    for (unsigned i = 0; op->row->operands[i]; i++) {
        op->operand[i] = kdio_read_uint(program, kdio_letter_size(op->row->operands[i]));
        if (op->row->operands[i] == 's')
            op->bytes = kdio_read_bytes(program, (size_t)op->operand[i]);
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
            kdio_write_bytes(program, bytes, (size_t)operand[i]);
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
    if (status == KDIO_DONE && kdio_op_width(op->row))
        status = kdio_port_check(op->operand[0], kdio_op_width(op->row));
    if (status != KDIO_DONE)
        return status;
    summary->count++;
    summary->results_size += (uint32_t)kdio_op_results_size(op->row);
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
