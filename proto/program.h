/* SPDX-License-Identifier: MIT */
/*
 * program.h: programs are operations one after the other; this is their codec, driven by the table of op_table.h.
 *
 * Nothing here executes. kdio_program_check walks a whole program before the first operation runs, so that a malformed
 * one is refused whole (SPEC.md, section 5).
 */
#ifndef KDIO_PROTO_PROGRAM_H
#define KDIO_PROTO_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cursor.h"
#include "proto/op_table.h"
#include "proto/status.h"

/* A row of the table. The letters are held in the row, so that the table needs no relocation in the stub. */
struct kdio_op_row {
    uint8_t opcode;
    uint8_t results_size; /* Bytes. */
    char operands[KDIO_OP_OPERANDS_MAX + 1];
#if __STDC_HOSTED__ /* Who reads results reads them by their letters; the stub needs their size alone. */
    char results[KDIO_OP_RESULTS_MAX + 1];
#endif
    uint16_t worst_us;
    uint16_t capability;
};

/* One operation, decoded. */
struct kdio_op {
    const struct kdio_op_row *row;
    uint32_t width;                         /* Of a port access, in bytes; else 0. */
    uint64_t operand[KDIO_OP_OPERANDS_MAX]; /* In wire order; the count of bytes for `s`. */
    const uint8_t *bytes;                   /* Of the operand `s`, else NULL. */
};

struct kdio_program_summary {
    uint32_t count;        /* Operations. */
    uint32_t results_size; /* Bytes of results when all are done. */
    uint32_t worst_us;     /* Longest time on the target. */
    uint32_t bad_index;    /* Of the operation that made the check fail. */
};

/* The row of an opcode; NULL when there is none. */
const struct kdio_op_row *kdio_op_find(uint8_t opcode);

/* How people write an operation; host only. */
const char *kdio_op_word(uint8_t opcode);

/* Width in bytes of a port operation's access; 0 for other operations. */
unsigned kdio_op_width(const struct kdio_op_row *row);

/* True for an operation that changes the target (what read-only mode refuses). */
bool kdio_op_writes(const struct kdio_op_row *row);

/* Bytes of a field; of `s`, its count byte. */
static inline unsigned kdio_op_letter_size(char letter)
{
    return kdio_letter_size(letter);
}

/* Size in bytes of an operation's results. */
size_t kdio_op_results_size(const struct kdio_op_row *row);

/* Reads the next operation. UNSUPPORTED for an opcode without a row, MALFORMED when operands are cut short. */
enum kdio_status kdio_op_read(struct kdio_reader *program, struct kdio_op *op);

/* Appends one operation; the writer's `failed` tells when it did not fit. operand[] and bytes as in struct kdio_op. */
void kdio_op_write(struct kdio_writer *program, const struct kdio_op_row *row, const uint64_t *operand,
                   const uint8_t *bytes);

/* The rule of DESIGN section 6, by itself: BAD_WIDTH, BAD_PORT, MISALIGNED or DONE, in this order. */
enum kdio_status kdio_port_check(uint64_t port, unsigned width);

/*
 * One step of a walk: reads the next operation, checks it by itself and adds it to the summary, which starts
 * zeroed. What is wrong with it is the result, with summary->bad_index; the summary does not count it then.
 */
enum kdio_status kdio_program_step(struct kdio_reader *program, struct kdio_program_summary *summary,
                                   struct kdio_op *op);

/* Walks the program: DONE, or why it is refused, with summary->bad_index. */
enum kdio_status kdio_program_check(const uint8_t *bytes, size_t size, struct kdio_program_summary *summary);

#endif
