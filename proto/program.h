/* SPDX-License-Identifier: MIT */
/*
 * program.h: programs are operations one after the other; this is their codec, driven by the table of op_table.h.
 *
 * Nothing here executes. kdio_program_verify walks a whole program before the first operation runs, so that a malformed
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

/*
 * A row of the table. The letters are held in the row, so that the table needs no relocation in the stub. There one row
 * stands for all widths of an operation: `family` and struct kdio_op's width tell what it is.
 */
struct kdio_op_row {
#if __STDC_HOSTED__ /* Who reads results reads them by their letters; the stub needs their size alone. */
    uint8_t opcode;
    char results[KDIO_OP_RESULTS_MAX + 1];
#endif
    uint8_t family;             /* Opcode of the narrowest of its widths, or its own: KDIO_OP_IN8 for IN32. */
    uint16_t capability;
    uint8_t results_size;       /* Bytes of the results of a fixed size. */
    uint8_t worst_us;
    uint8_t each_us;
    uint8_t opcodes : 3;        /* That the row stands for. */
    uint8_t results_values : 2; /* Results of the operation's width. */
    bool results_table : 1;     /* The last result is a table. */
    bool has_width : 1;
    bool changes : 1;           /* What read-only mode refuses. */
    char operands[KDIO_OP_OPERANDS_MAX + 1];
};

/* One operation, decoded. To be zeroed before the first of a program: the port of one is the base of the next. */
struct kdio_op {
    const struct kdio_op_row *row; /* The short forms of OUT come as OUT. */
    uint32_t width;                /* In bytes; 0 for operations without one. */
    uint32_t count;                /* Of the operand `n`, else 0. */
    uint64_t operand[KDIO_OP_OPERANDS_MAX]; /* In wire order; the count of bytes for `s`; nothing for `t`. */
    const uint8_t *bytes;          /* Of the operand `s` or `t`, else NULL. */
    uint32_t results_size;         /* Bytes of results when it is done. */
    uint32_t worst_us;             /* Longest time on the target; UINT32_MAX for that and more. */
    uint32_t last_port;            /* Last port of the latest operation with one. */
    bool port_known;               /* last_port holds one. */
};

struct kdio_program_summary {
    uint32_t count;        /* Operations. */
    uint32_t results_size; /* Bytes of results when all are done. */
    uint32_t worst_us;     /* Longest time on the target; UINT32_MAX for that and more. */
    uint32_t bad_index;    /* Of the operation that made the check fail. */
};

/* Operand INDEX flags of INDEX_IN and INDEX_OUT. */
#define KDIO_INDEX_WIDTH   0x03u /* Logarithm of the width of the index port's access, 0 to 2. */
#define KDIO_INDEX_RESTORE 0x04u /* The index port is read first, and gets back what it held. */
#define KDIO_INDEX_FLAGS   0x07u

/* Operands of the operations with an index port, in wire order. */
enum { KDIO_INDEX_PORT, KDIO_INDEX_FLAG_BITS, KDIO_INDEX_VALUE, KDIO_INDEX_DATA_PORT, KDIO_INDEX_DATA_VALUE };

/* The row of an opcode; NULL when there is none. */
const struct kdio_op_row *kdio_op_find(uint8_t opcode);

/* True for an operation that changes the target (what read-only mode refuses). */
static inline bool kdio_op_writes(const struct kdio_op_row *row)
{
    return row->changes;
}

/* True for one that accesses I/O ports: operand 0 is one. */
static inline bool kdio_op_is_port(const struct kdio_op_row *row)
{
    return row->operands[0] == 'p';
}

/*
 * Reads the next operation. UNSUPPORTED for an opcode without a row, MALFORMED when operands are cut short, and for a
 * short form of OUT with no port before it.
 */
enum kdio_status kdio_op_read(struct kdio_reader *program, struct kdio_op *op);

/* Bytes of a field in an operation of this width; of `s`, its count byte; of `t`, nothing. */
static inline unsigned kdio_op_letter_size(char letter, unsigned width)
{
    return letter == 'v' ? width : kdio_letter_size(letter);
}

/* The rule of DESIGN section 6, by itself: BAD_WIDTH, BAD_PORT, MISALIGNED or DONE, in this order. */
enum kdio_status kdio_port_check(uint64_t port, unsigned width);

/*
 * What is wrong with an operation by itself: ports by kdio_port_check, BAD_OPERAND for flags, counts and lengths that
 * mean nothing or pass the end of their space.
 */
enum kdio_status kdio_op_check(const struct kdio_op *op);

/*
 * One step of a walk: reads the next operation, checks it by itself and adds it to the summary; both start zeroed.
 * What is wrong with it is the result, with summary->bad_index; the summary does not count it then.
 */
enum kdio_status kdio_program_step(struct kdio_reader *program, struct kdio_program_summary *summary,
                                   struct kdio_op *op);

/* ---- Host only (program_host.c) ---- */

/* How people write an operation. */
const char *kdio_op_word(uint8_t opcode);

/* Width in bytes of an operation's access; 0 for operations without one. */
unsigned kdio_op_width(const struct kdio_op_row *row);

/* Size in bytes of an operation's results, `count` being its operand `n`. */
size_t kdio_op_results_size(const struct kdio_op_row *row, uint32_t count);

/* Bytes of an encoded operation. */
size_t kdio_op_size(const struct kdio_op_row *row, const uint64_t *operand);

/* Appends one operation; the writer's `failed` tells when it did not fit. operand[] and bytes as in struct kdio_op. */
void kdio_op_write(struct kdio_writer *program, const struct kdio_op_row *row, const uint64_t *operand,
                   const uint8_t *bytes);

/* Walks a program: DONE, or why it is refused, with summary->bad_index. */
enum kdio_status kdio_program_verify(const uint8_t *bytes, size_t size, struct kdio_program_summary *summary);

#endif
