/* SPDX-License-Identifier: MIT */
/*
 * fuzz_program.c: the codec of programs: what kdio_program_verify accepts, kdio_op_read walks operation by operation,
 * with the same counts, and kdio_op_write gives back byte for byte; nothing reads beyond the program. What is refused,
 * how much comes back and how long it takes is judged here from the letters of the table, in numbers that do not wrap.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/program.h"

typedef unsigned __int128 wide;

struct walk {
    enum kdio_status status;
    uint32_t count;
    wide results_size, worst_us;
    size_t bytes;      /* Of the operations that are well-formed. */
    uint32_t port;     /* P8: that a short form starts from, */
    bool port_known;   /* if any was named. */
};

/* P3, said another way than in the code. */
static enum kdio_status judge_port(uint64_t port, unsigned width)
{
    if ((wide)port + width > 0x10000)
        return KDIO_BAD_PORT;
    return port & (width - 1) ? KDIO_MISALIGNED : KDIO_DONE;
}

/* P11 */
static enum kdio_status judge_index(const struct kdio_op *op)
{
    static const unsigned widths[] = { 1, 2, 4, 0, 1, 2, 4, 0 };
    unsigned width = op->operand[1] < FUZZ_COUNT(widths) ? widths[op->operand[1]] : 0;
    enum kdio_status status;

    if (!width || (wide)op->operand[2] >= (wide)1 << 8 * width)
        return KDIO_BAD_OPERAND;
    status = judge_port(op->operand[0], width);
    return status ? status : judge_port(op->operand[3], op->width);
}

/* P12, P13 */
static enum kdio_status judge_memory(const struct kdio_op *op, wide size)
{
    if (!size || op->operand[0] + size > (wide)1 << 64)
        return KDIO_BAD_OPERAND;
    return op->width > 1 && op->operand[0] & (op->width - 1) ? KDIO_MISALIGNED : KDIO_DONE;
}

/* P13 */
static enum kdio_status judge_pattern(const struct kdio_op *op, bool search)
{
    uint64_t step = search ? op->operand[2] : 1;

    if (step != 1 && step != 2 && step != 4 && step != 8)
        return KDIO_BAD_OPERAND;
    return op->operand[search ? 3 : 2] ? judge_memory(op, op->operand[1]) : KDIO_BAD_OPERAND;
}

/* P14 */
static enum kdio_status judge_pci(const struct kdio_op *op)
{
    if (op->operand[1] & (op->width - 1))
        return KDIO_MISALIGNED;
    return op->count && op->operand[1] + (wide)op->count * op->width <= 0x1000 ? KDIO_DONE : KDIO_BAD_OPERAND;
}

static bool has_operands(const struct kdio_op *op, const char *first)
{
    return !strncmp(op->row->operands, first, strlen(first));
}

static enum kdio_status judge_op(const struct kdio_op *op)
{
    enum kdio_status status;

    if (has_operands(op, "pb"))
        return judge_index(op);
    if (has_operands(op, "p")) {
        status = judge_port(op->operand[0], op->width);
        return status || !has_operands(op, "pn") || op->count ? status : KDIO_BAD_OPERAND;
    }
    if (has_operands(op, "dwn"))
        return judge_pci(op);
    if (has_operands(op, "qn"))
        return judge_memory(op, (wide)op->count * op->width);
    return has_operands(op, "ql") ? judge_pattern(op, has_operands(op, "qlb")) : KDIO_DONE;
}

/* P1: from the letters. */
static wide judge_worst_us(const struct kdio_op *op)
{
    wide sum = op->row->worst_us;

    for (unsigned i = 0; op->row->operands[i]; i++) {
        char letter = op->row->operands[i];

        sum += letter == 'u' ? op->operand[i] : 0;
        sum += letter == 'n' ? (wide)op->operand[i] * op->row->each_us : 0;
        sum += letter == 'l' ? (wide)(op->operand[i] / 64 + 1) * op->row->each_us : 0;
    }
    return sum;
}

static wide judge_results_size(const struct kdio_op *op)
{
    wide sum = 0;

    for (const char *letter = op->row->results; *letter; letter++)
        sum += *letter == 't' ? (wide)op->count * op->width : kdio_op_letter_size(*letter, op->width);
    return sum;
}

static uint32_t no_more(wide sum)
{
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

static void check_sizes(const struct kdio_op *op)
{
    FUZZ_REQUIRE(op->results_size == judge_results_size(op), "results have the size of their letters");
    FUZZ_REQUIRE(op->worst_us == no_more(judge_worst_us(op)), "counts, lengths and times add up");
    FUZZ_REQUIRE(op->width == kdio_op_width(op->row), "the opcode tells the width");
    FUZZ_REQUIRE(kdio_op_results_size(op->row, op->count) == op->results_size, "the host counts results as the stub");
}

/* ---- encode(decode(x)) = x ---- */

static void check_rewrite(const struct kdio_op_row *row, const uint64_t *operand, const struct kdio_op *op,
                          const uint8_t *from, size_t size)
{
    uint8_t *again = malloc(size);
    struct kdio_writer writer = kdio_writer_on(again, size);

    FUZZ_REQUIRE(size <= KDIO_OP_SIZE_MAX + (strchr(row->operands, 't') ? (size_t)op->count * op->width : 0),
                 "no operation is longer than the table says");
    FUZZ_REQUIRE(kdio_op_size(row, operand) == size, "and it has the size that it says");
    kdio_op_write(&writer, row, operand, op->bytes);
    FUZZ_REQUIRE(!writer.failed && !writer.left && !memcmp(again, from, size), "encode(decode(x)) = x");
    free(again);
    again = malloc(size - 1 ? size - 1 : 1);
    writer = kdio_writer_on(again, size - 1);
    kdio_op_write(&writer, row, operand, op->bytes);
    FUZZ_REQUIRE(writer.failed, "what does not fit is said not to");
    free(again);
}

/* P8: a short form is the OUT of its width, to a port that this walk knows too. */
static void check_short_form(const struct walk *walk, const struct kdio_op *op, uint8_t opcode)
{
    bool next = (opcode & ~3) == KDIO_OP_OUT_NEXT8;

    FUZZ_REQUIRE(walk->port_known, "without a port before it, it is none");
    FUZZ_REQUIRE(op->row->opcode == (KDIO_OP_OUT8 | (opcode & 3)), "a short form is an OUT");
    FUZZ_REQUIRE(op->operand[0] == walk->port + (next ? op->width : 0), "to the last port or behind it");
}

static void check_op(const struct walk *walk, const struct kdio_op *op, const uint8_t *from, size_t size)
{
    uint8_t opcode = from[0];

    check_sizes(op);
    if (op->row->opcode == opcode) {
        check_rewrite(op->row, op->operand, op, from, size);
        return;
    }
    check_short_form(walk, op, opcode);
    check_rewrite(kdio_op_find(opcode), op->operand + 1, op, from, size);
}

/* ---- The walk ---- */

static void count_op(struct walk *walk, const struct kdio_op *op)
{
    walk->count++;
    walk->results_size += op->results_size;
    walk->worst_us += op->worst_us;
    for (unsigned i = 0; op->row->operands[i]; i++)
        if (op->row->operands[i] == 'p') {
            walk->port = (uint32_t)op->operand[i];
            walk->port_known = true;
        }
}

static struct walk walk_program(const uint8_t *bytes, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(bytes, size);
    struct walk walk = { .status = size ? KDIO_DONE : KDIO_MALFORMED };
    struct kdio_op op = { 0 };

    while (reader.left && walk.status == KDIO_DONE) {
        const uint8_t *from = reader.at;

        walk.status = kdio_op_read(&reader, &op);
        if (walk.status == KDIO_DONE) {
            check_op(&walk, &op, from, (size_t)(reader.at - from));
            walk.status = judge_op(&op);
            FUZZ_REQUIRE(kdio_op_check(&op) == walk.status, "what is wrong with an operation by itself");
        }
        if (walk.status != KDIO_DONE)
            break;
        count_op(&walk, &op);
        walk.bytes = (size_t)(reader.at - bytes);
    }
    return walk;
}

static void check_port_rule(const uint8_t *bytes, size_t size)
{
    struct fuzz_input input = { bytes, size };
    unsigned width = fuzz_u8(&input) & 7;
    uint64_t port = fuzz_u32(&input);
    bool known = width == 1 || width == 2 || width == 4;

    FUZZ_REQUIRE(kdio_port_check(port, width) == (known ? judge_port(port, width) : KDIO_BAD_WIDTH), "P3");
    FUZZ_REQUIRE(kdio_port_check(UINT64_MAX - port, width) == (known ? KDIO_BAD_PORT : KDIO_BAD_WIDTH),
                 "P3, far beyond");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *program = fuzz_exact_copy(data, size);
    struct kdio_program_summary summary;
    enum kdio_status status = kdio_program_verify(program, size, &summary);
    struct walk walk = walk_program(program, size);

    FUZZ_REQUIRE(status == walk.status, "check and walk agree on the status");
    FUZZ_REQUIRE(summary.count == walk.count && summary.results_size == walk.results_size &&
                 summary.worst_us == no_more(walk.worst_us), "check and walk count the same");
    FUZZ_REQUIRE(status == KDIO_DONE ? walk.bytes == size : summary.bad_index == walk.count,
                 "an accepted program is walked to its end; a refused one names the operation");
    check_port_rule(program, size);
    free(program);
    return 0;
}
