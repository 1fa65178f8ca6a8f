/* SPDX-License-Identifier: MIT */
/*
 * fuzz_program.c: the codec of programs: what kdio_program_verify accepts, kdio_op_read walks operation by operation,
 * with the same counts, and kdio_op_write gives back byte for byte; nothing reads beyond the program.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/program.h"

struct walk {
    enum kdio_status status;
    uint32_t count, results_size, worst_us;
    size_t bytes; /* Of the operations that are well-formed. */
};

/* P3, said another way than in the code. */
static enum kdio_status judge_port(uint64_t port, unsigned width)
{
    if (port + width > 0x10000)
        return KDIO_BAD_PORT;
    return port & (width - 1) ? KDIO_MISALIGNED : KDIO_DONE;
}

static enum kdio_status judge_op(const struct kdio_op *op)
{
    unsigned width = kdio_op_width(op->row);

    FUZZ_REQUIRE(kdio_op_writes(op->row) == (op->row->opcode >= KDIO_OP_OUT8 && op->row->opcode <= KDIO_OP_OUT32),
                 "OUT writes, nothing else does");
    if (op->row->opcode < KDIO_OP_IN8 || op->row->opcode > KDIO_OP_OUT32)
        return KDIO_DONE;
    FUZZ_REQUIRE(width == 1 || width == 2 || width == 4, "port operations have a width");
    return judge_port(op->operand[0], width);
}

static void check_rewrite(const struct kdio_op *op, const uint8_t *from, size_t size)
{
    uint8_t *again = malloc(size);
    struct kdio_writer writer = kdio_writer_on(again, size);

    FUZZ_REQUIRE(size <= KDIO_OP_SIZE_MAX, "no operation is longer than the table says");
    kdio_op_write(&writer, op->row, op->operand, op->bytes);
    FUZZ_REQUIRE(!writer.failed && !writer.left && !memcmp(again, from, size), "encode(decode(x)) = x");
    free(again);
    again = malloc(size - 1 ? size - 1 : 1);
    writer = kdio_writer_on(again, size - 1);
    kdio_op_write(&writer, op->row, op->operand, op->bytes);
    FUZZ_REQUIRE(writer.failed, "what does not fit is said not to");
    free(again);
}

static struct walk walk_program(const uint8_t *bytes, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(bytes, size);
    struct walk walk = { .status = size ? KDIO_DONE : KDIO_MALFORMED };
    struct kdio_op op;

    while (reader.left && walk.status == KDIO_DONE) {
        const uint8_t *from = reader.at;

        walk.status = kdio_op_read(&reader, &op);
        if (walk.status == KDIO_DONE)
            check_rewrite(&op, from, (size_t)(reader.at - from));
        if (walk.status == KDIO_DONE)
            walk.status = judge_op(&op);
        if (walk.status != KDIO_DONE)
            break;
        walk.count++;
        walk.results_size += (uint32_t)kdio_op_results_size(op.row, 0);
        walk.worst_us += op.row->worst_us;
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
                 summary.worst_us == walk.worst_us, "check and walk count the same");
    FUZZ_REQUIRE(status == KDIO_DONE ? walk.bytes == size : summary.bad_index == walk.count,
                 "an accepted program is walked to its end; a refused one names the operation");
    check_port_rule(program, size);
    free(program);
    return 0;
}
