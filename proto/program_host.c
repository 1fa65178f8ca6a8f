/* SPDX-License-Identifier: MIT */
/* program_host.c: what the host alone does with programs: it writes them, and reads the rows by their letters. */
#include "proto/program.h"

unsigned kdio_op_width(const struct kdio_op_row *row)
{
    return row->has_width ? 1u << (row->opcode & 3) : 0;
}

size_t kdio_op_results_size(const struct kdio_op_row *row, uint32_t count)
{
    uint32_t values = row->results_values + (row->results_table ? count : 0);

    return row->results_size + values * kdio_op_width(row);
}

size_t kdio_op_size(const struct kdio_op_row *row, const uint64_t *operand)
{
    unsigned width = kdio_op_width(row);
    size_t size = 1;

    for (unsigned i = 0; row->operands[i]; i++) {
        char letter = row->operands[i];

        if (letter == 't')
            size += (size_t)operand[i - 1] * width;
        else
            size += kdio_op_letter_size(letter, width) + (letter == 's' ? (size_t)operand[i] : 0);
    }
    return size;
}

void kdio_op_write(struct kdio_writer *program, const struct kdio_op_row *row, const uint64_t *operand,
                   const uint8_t *bytes)
{
    unsigned width = kdio_op_width(row);
    uint32_t count = 0;

    kdio_write_uint(program, 1, row->opcode);
    for (unsigned i = 0; row->operands[i]; i++) {
        char letter = row->operands[i];

        if (letter == 't') {
            kdio_write_bytes(program, bytes, count * width);
            break;
        }
        kdio_write_uint(program, kdio_op_letter_size(letter, width), operand[i]);
        count = (uint32_t)operand[i];
        if (letter == 's')
            kdio_write_bytes(program, bytes, count);
    }
}

enum kdio_status kdio_program_verify(const uint8_t *bytes, size_t size, struct kdio_program_summary *summary)
{
    struct kdio_reader reader = kdio_reader_on(bytes, size);
    enum kdio_status status = size ? KDIO_DONE : KDIO_MALFORMED;
    struct kdio_op op = { 0 };

    *summary = (struct kdio_program_summary){ 0 };
    while (status == KDIO_DONE && reader.left)
        status = kdio_program_step(&reader, summary, &op);
    return status;
}
