/* SPDX-License-Identifier: MIT */
/* test_program.c: the operation table agrees with itself, and a program that is not whole is refused whole. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "proto/program.h"
#include "tests/unit/vectors.h"

struct named_row {
    uint8_t opcode;
    const char *name, *word, *operands, *results;
    uint32_t worst_us, each_us;
    bool changes;
    uint32_t capability;
};

enum { READS, CHANGES };

#define X(name, opcode, word, operands, results, worst_us, each_us, effect, capability) \
    { opcode, #name, word, operands, results, worst_us, each_us, effect == CHANGES, KDIO_CAPABILITY_##capability },
static const struct named_row table[] = { KDIO_OP_TABLE(X) };
#undef X

#define TABLE_COUNT (sizeof table / sizeof table[0])
#define COUNT       3u /* Operand `n` and the count of `s` in the operations made here. */

/* The width that the name tells: OUT16 has 2. Without a number it is 1, where a letter asks for one. */
static unsigned width_of(const struct named_row *row)
{
    const char *digits = row->name + strcspn(row->name, "0123456789");

    if (*digits)
        return (unsigned)strtoul(digits, NULL, 10) / 8;
    return strpbrk(row->operands, "pvnt") ? 1 : 0;
}

/* Bytes of a field, what `s` and `t` bring with them included. */
static size_t letter_size(const struct named_row *row, char letter, size_t count)
{
    static const char letters[] = "bwdqpunl";
    static const size_t sizes[] = { 1, 2, 4, 8, 2, 4, 2, 8 };
    const char *at = strchr(letters, letter);

    if (letter == 'v')
        return width_of(row);
    if (letter == 's' || letter == 't')
        return letter == 's' ? 1 + count : count * width_of(row);
    assert_non_null(at);
    return sizes[at - letters];
}

static size_t letters_size(const struct named_row *row, const char *letters, size_t count)
{
    size_t size = 0;

    for (; *letters; letters++)
        size += letter_size(row, *letters, count);
    return size;
}

/* OUT_SAME and OUT_NEXT are encodings of OUT and have tests of their own. */
static bool is_short(const struct named_row *row)
{
    return strncmp(row->name, "OUT_", 4) == 0;
}

/* ---- The table ---- */

static void opcodes_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (size_t k = i + 1; k < TABLE_COUNT; k++) {
            assert_int_not_equal(table[i].opcode, table[k].opcode);
            assert_string_not_equal(table[i].word, table[k].word);
        }
}

static void letters_are_known_and_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const struct named_row *row = &table[i];

        assert_true(strlen(row->operands) <= KDIO_OP_OPERANDS_MAX);
        assert_true(strlen(row->results) <= KDIO_OP_RESULTS_MAX);
        assert_int_equal(strspn(row->operands, "bwdqpvunlst"), strlen(row->operands));
        assert_int_equal(strspn(row->results, "bwdqvt"), strlen(row->results));
    }
}

/* A table is the last field, its count stands before it, and there is one of each at most. */
static void tables_have_a_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const struct named_row *row = &table[i];
        const char *count = strchr(row->operands, 'n'), *in = strchr(row->operands, 't');
        const char *out = strchr(row->results, 't');

        assert_true(!count || !strchr(count + 1, 'n'));
        assert_true(!in || (in[1] == 0 && count == in - 1));
        assert_true(!out || (out[1] == 0 && count));
        assert_false(in && strchr(row->operands, 's'));
    }
}

static void rows_are_found(void **state)
{
    unsigned found = 0;

    (void)state;
    for (unsigned opcode = 0; opcode < 256; opcode++)
        found += kdio_op_find((uint8_t)opcode) != NULL;
    assert_int_equal(found, TABLE_COUNT);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const struct kdio_op_row *row = kdio_op_find(table[i].opcode);

        assert_string_equal(row->operands, table[i].operands);
        assert_string_equal(row->results, table[i].results);
        assert_int_equal(row->capability, table[i].capability);
        assert_int_equal(row->worst_us, table[i].worst_us);
        assert_int_equal(row->each_us, table[i].each_us);
        assert_int_equal(kdio_op_writes(row), table[i].changes);
        assert_int_equal(kdio_op_is_port(row), table[i].operands[0] == 'p');
        assert_string_equal(kdio_op_word(table[i].opcode), table[i].word);
    }
    assert_string_equal(kdio_op_word(0xff), "?");
}

static void opcodes_tell_the_width_that_names_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        assert_int_equal(kdio_op_width(kdio_op_find(table[i].opcode)), width_of(&table[i]));
}

static void results_have_the_size_of_their_letters(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (uint32_t count = 0; count <= 0xffff; count = 2 * count + 1)
            assert_int_equal(kdio_op_results_size(kdio_op_find(table[i].opcode), count),
                             letters_size(&table[i], table[i].results, count));
}

static void what_changes_the_target_is_marked(void **state)
{
    static const char *const words[] = { "OUT", "RMW", "INDEX", "REPEAT", "WRMSR", "WRITE", "PUT", "FILL",
                                         "HALT", "SET_", "RESUME", "CLEAR_" };

    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        bool changes = false;

        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            changes |= strstr(table[i].name, words[k]) != NULL;
        assert_int_equal(table[i].changes, changes);
    }
}

/* ---- Codec ---- */

static const uint8_t units[8 * COUNT] = "abcdefghijklmnopqrstuvw";

static size_t write_op(const struct named_row *row, const uint64_t *operand, const uint8_t *bytes, uint8_t *out)
{
    struct kdio_writer writer = kdio_writer_on(out, KDIO_OP_SIZE_MAX);

    kdio_op_write(&writer, kdio_op_find(row->opcode), operand, bytes);
    assert_false(writer.failed);
    return (size_t)(writer.at - out);
}

/* A value whose bytes differ, and that is in range: ports and addresses that every width may have. */
static uint64_t operand_of(const struct named_row *row, char letter)
{
    switch (letter) {
    case 'n': case 's': return COUNT;
    case 't': return 0; /* No number. */
    case 'b': return strchr(row->operands, 'l') ? 4 : KDIO_INDEX_RESTORE | 2; /* A step; an index of 32 bits. */
    case 'w': return 0x0ef0;
    case 'l': return 0x0706050403020140;
    default: return 0xf8f7f6f5f4f3f2f0;
    }
}

static void fill_operands(const struct named_row *row, uint64_t *operand)
{
    for (unsigned i = 0; row->operands[i]; i++) {
        size_t size = letter_size(row, row->operands[i], 0);

        operand[i] = operand_of(row, row->operands[i]);
        if (size && size < 8)
            operand[i] &= ((uint64_t)1 << 8 * size) - 1;
    }
}

static size_t make_op(const struct named_row *row, uint8_t *out)
{
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };

    fill_operands(row, operand);
    return write_op(row, operand, units, out);
}

static struct kdio_op read_op(const uint8_t *bytes, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(bytes, size);
    struct kdio_op op = { 0 };

    assert_int_equal(kdio_op_read(&reader, &op), KDIO_DONE);
    assert_int_equal(reader.left, 0);
    return op;
}

static void assert_comes_back(const struct named_row *row)
{
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
    uint8_t bytes[KDIO_OP_SIZE_MAX];
    size_t size = make_op(row, bytes);
    struct kdio_op op = read_op(bytes, size);

    fill_operands(row, operand);
    assert_int_equal(size, 1 + letters_size(row, row->operands, COUNT));
    assert_int_equal(kdio_op_size(op.row, operand), size);
    assert_int_equal(op.row->opcode, row->opcode);
    assert_int_equal(op.width, width_of(row));
    assert_int_equal(op.count, strchr(row->operands, 'n') ? COUNT : 0);
    assert_int_equal(op.results_size, letters_size(row, row->results, COUNT));
    for (unsigned i = 0; row->operands[i]; i++)
        assert_int_equal(op.operand[i], operand[i]);
    if (!strpbrk(row->operands, "st"))
        assert_null(op.bytes);
    else
        assert_memory_equal(op.bytes, units, strchr(row->operands, 's') ? COUNT : COUNT * width_of(row));
}

static void every_operation_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (!is_short(&table[i]))
            assert_comes_back(&table[i]);
}

/* Behind a good operation, and alone unless it needs one before it; only the whole is accepted. */
static void every_cut_is_malformed(void **state)
{
    uint8_t bytes[3 + KDIO_OP_SIZE_MAX] = { KDIO_OP_IN8, 0x70, 0x00 };
    struct kdio_program_summary summary;

    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        size_t size = make_op(&table[i], bytes + 3);

        for (size_t cut = 1; cut < size; cut++) {
            assert_int_equal(kdio_program_verify(bytes + 3, cut, &summary), KDIO_MALFORMED);
            assert_int_equal(summary.bad_index, 0);
            assert_int_equal(kdio_program_verify(bytes, 3 + cut, &summary), KDIO_MALFORMED);
            assert_int_equal(summary.bad_index, 1);
        }
        assert_int_equal(kdio_program_verify(bytes, 3 + size, &summary), KDIO_DONE);
        assert_int_equal(summary.count, 2);
        assert_int_equal(summary.results_size, 1 + letters_size(&table[i], table[i].results, COUNT));
    }
}

static void the_longest_operation_fits_its_limit(void **state)
{
    uint8_t bytes[KDIO_OP_SIZE_MAX], pattern[255];
    size_t longest = 0;

    (void)state;
    memset(pattern, 'x', sizeof pattern);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
        const char *text = strchr(table[i].operands, 's');
        size_t size;

        if (text)
            operand[text - table[i].operands] = sizeof pattern;
        size = write_op(&table[i], operand, pattern, bytes);
        longest = size > longest ? size : longest;
    }
    assert_int_equal(longest, KDIO_OP_SIZE_MAX);
}

static void an_operation_that_does_not_fit_says_so(void **state)
{
    uint8_t bytes[KDIO_OP_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
        size_t size = make_op(&table[i], bytes);

        fill_operands(&table[i], operand);
        for (size_t room = 0; room < size; room++) {
            struct kdio_writer writer = kdio_writer_on(bytes, room);

            kdio_op_write(&writer, kdio_op_find(table[i].opcode), operand, units);
            assert_true(writer.failed);
        }
    }
}

static void unknown_opcodes_are_unsupported(void **state)
{
    struct kdio_program_summary summary;

    (void)state;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        const uint8_t program[] = { KDIO_OP_IN8, 0x71, 0x00, (uint8_t)opcode };

        if (kdio_op_find((uint8_t)opcode))
            continue;
        assert_int_equal(kdio_program_verify(program, sizeof program, &summary), KDIO_UNSUPPORTED);
        assert_int_equal(summary.bad_index, 1);
    }
}

/* ---- Short forms of OUT ---- */

/* The last operation of a program, all of which is good. */
static struct kdio_op last_op(const uint8_t *program, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(program, size);
    struct kdio_program_summary summary = { 0 };
    struct kdio_op op = { 0 };

    while (reader.left)
        assert_int_equal(kdio_program_step(&reader, &summary, &op), KDIO_DONE);
    return op;
}

static void assert_short_out(uint8_t opcode, const uint8_t *before, size_t size, uint32_t port)
{
    uint8_t program[64] = { 0 };
    const uint64_t value = 0x98badcfe;
    struct kdio_writer writer = kdio_writer_on(program + size, sizeof program - size);
    unsigned width = 1u << (opcode & 3);
    struct kdio_op op;

    memcpy(program, before, size);
    kdio_op_write(&writer, kdio_op_find(opcode), &value, NULL);
    op = last_op(program, (size_t)(writer.at - program));
    assert_int_equal(op.row->opcode, KDIO_OP_OUT8 | (opcode & 3));
    assert_int_equal(op.width, width);
    assert_int_equal(op.operand[0], port + (opcode >= KDIO_OP_OUT_NEXT8 ? width : 0));
    assert_int_equal(op.operand[1], value & (((uint64_t)1 << 8 * width) - 1));
    assert_int_equal(op.results_size, 0);
}

/* Behind each operation with a port, and behind one more without: the last port there is the base. */
static void short_forms_are_outs(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint8_t before[64];
        size_t size;

        if (table[i].operands[0] != 'p')
            continue;
        size = make_op(&table[i], before);
        before[size] = KDIO_OP_RDTSC;
        for (uint8_t opcode = KDIO_OP_OUT_SAME8; opcode <= KDIO_OP_OUT_NEXT32; opcode++)
            if (kdio_op_find(opcode)) {
                assert_short_out(opcode, before, size, 0xf2f0);
                assert_short_out(opcode, before, size + 1, 0xf2f0);
            }
    }
}

static void the_data_port_of_a_pair_is_the_base(void **state)
{
    static const uint8_t pair[] = { KDIO_OP_INDEX_IN8, 0x70, 0, 0, 0x0a, 0, 0, 0, 0x71, 0 };

    (void)state;
    assert_short_out(KDIO_OP_OUT_SAME8, pair, sizeof pair, 0x71);
    assert_short_out(KDIO_OP_OUT_NEXT8, pair, sizeof pair, 0x71);
}

static void each_short_form_moves_the_base(void **state)
{
    static const uint8_t program[] = { KDIO_OP_OUT8, 0x80, 0, 1, KDIO_OP_OUT_NEXT8, 2, KDIO_OP_OUT_NEXT8, 3,
                                       KDIO_OP_OUT_NEXT16, 4, 4, KDIO_OP_OUT_SAME16, 5, 5, KDIO_OP_OUT_SAME8, 6 };
    static const struct {
        size_t size;
        uint32_t port;
    } ends[] = { { 4, 0x80 }, { 6, 0x81 }, { 8, 0x82 }, { 11, 0x84 }, { 14, 0x84 }, { 16, 0x84 } };

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        assert_int_equal(last_op(program, ends[i].size).operand[0], ends[i].port);
}

static void a_short_form_without_a_port_is_malformed(void **state)
{
    static const uint8_t program[] = { KDIO_OP_RDTSC, KDIO_OP_OUT_SAME8, 0x55 };
    struct kdio_program_summary summary;

    (void)state;
    assert_int_equal(kdio_program_verify(program + 1, 2, &summary), KDIO_MALFORMED);
    assert_int_equal(kdio_program_verify(program, 3, &summary), KDIO_MALFORMED);
    assert_int_equal(summary.bad_index, 1);
}

static void short_forms_end_at_the_last_port(void **state)
{
    static const uint8_t last[] = { KDIO_OP_OUT8, 0xfe, 0xff, 1, KDIO_OP_OUT_NEXT8, 2, KDIO_OP_OUT_NEXT8, 3 };
    static const uint8_t odd[] = { KDIO_OP_OUT8, 0x81, 0, 1, KDIO_OP_OUT_SAME16, 2, 2 };
    struct kdio_program_summary summary;

    (void)state;
    assert_int_equal(last_op(last, 6).operand[0], 0xffff);
    assert_int_equal(kdio_program_verify(last, sizeof last, &summary), KDIO_BAD_PORT);
    assert_int_equal(summary.bad_index, 2);
    assert_int_equal(kdio_program_verify(odd, sizeof odd, &summary), KDIO_MISALIGNED);
    assert_int_equal(summary.bad_index, 1);
}

/* ---- Worst times ---- */

static uint32_t worst_of(const struct named_row *row, uint64_t *operand)
{
    uint8_t bytes[KDIO_OP_SIZE_MAX + 1];

    return read_op(bytes, write_op(row, operand, units, bytes)).worst_us;
}

/* What the operation takes with this value in its field `letter`: `more` than by the table. */
static void assert_takes(const struct named_row *row, char letter, uint64_t value, uint64_t more)
{
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 }, sum = row->worst_us + more;
    const char *at = strchr(row->operands, letter);

    if (!at)
        return;
    if (letter != 'l' && strchr(row->operands, 'l'))
        return;
    operand[at - row->operands] = value;
    assert_int_equal(worst_of(row, operand), sum < UINT32_MAX ? sum : UINT32_MAX);
}

static void counts_lengths_and_times_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const struct named_row *row = &table[i];

        if (is_short(row))
            continue;
        for (uint64_t count = 0; count <= COUNT; count++)
            assert_takes(row, 'n', count, count * row->each_us);
        assert_takes(row, 'u', 0, 0);
        assert_takes(row, 'u', 123456, 123456);
        assert_takes(row, 'u', UINT32_MAX, UINT32_MAX);
        assert_takes(row, 'l', 63, row->each_us);
        assert_takes(row, 'l', 64, 2 * row->each_us);
        assert_takes(row, 'l', 0xffffffff, 0x04000000ull * row->each_us);
        assert_takes(row, 'l', UINT64_MAX, UINT32_MAX);
    }
}

static void a_sum_of_times_stays_at_its_end(void **state)
{
    static const uint8_t delays[] = { KDIO_OP_DELAY, 0xfd, 0xff, 0xff, 0xff, KDIO_OP_RDTSC,
                                      KDIO_OP_DELAY, 0, 0, 0, 0x80 };
    struct kdio_program_summary summary;

    (void)state;
    assert_int_equal(kdio_program_verify(delays, 5, &summary), KDIO_DONE);
    assert_int_equal(summary.worst_us, UINT32_MAX - 1);
    assert_int_equal(kdio_program_verify(delays, 6, &summary), KDIO_DONE);
    assert_int_equal(summary.worst_us, UINT32_MAX);
    assert_int_equal(kdio_program_verify(delays, sizeof delays, &summary), KDIO_DONE);
    assert_int_equal(summary.worst_us, UINT32_MAX);
}

/* ---- Random bytes ---- */

static uint64_t random_state;

static uint8_t random_byte(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX. */
    return (uint8_t)(random_state >> 56);
}

/* An opcode of the table more often than not, then bytes half of which are small; on the heap, where ASan sees its
 * end. */
static uint8_t *random_program(size_t size)
{
    uint8_t *program = malloc(size);

    assert_non_null(program);
    for (size_t i = 0; i < size; i++)
        program[i] = random_byte() & 1 ? random_byte() : random_byte() & 7;
    if (random_byte() & 7)
        program[0] = table[random_byte() % TABLE_COUNT].opcode;
    return program;
}

/* What was read is written again as it stood; a short form as the OUT it stands for. */
static void assert_same_again(const uint8_t *from, const struct kdio_reader *to, const struct kdio_op *op)
{
    uint8_t *again = malloc((size_t)(to->at - from) + 4);
    struct kdio_writer writer = kdio_writer_on(again, (size_t)(to->at - from) + 4);

    assert_non_null(again);
    kdio_op_write(&writer, op->row, op->operand, op->bytes);
    assert_false(writer.failed);
    assert_int_equal(kdio_op_size(op->row, op->operand), writer.at - again);
    if (from[0] == op->row->opcode) {
        assert_ptr_equal(writer.at, again + (to->at - from));
        assert_memory_equal(again, from, (size_t)(to->at - from));
    }
    free(again);
}

static size_t check_random(const uint8_t *program, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(program, size);
    struct kdio_program_summary summary = { 0 }, whole;
    enum kdio_status status = KDIO_DONE;
    struct kdio_op op = { 0 };

    while (status == KDIO_DONE && reader.left) {
        const uint8_t *from = reader.at;

        status = kdio_program_step(&reader, &summary, &op);
        if (status == KDIO_DONE)
            assert_same_again(from, &reader, &op);
    }
    assert_int_equal(kdio_program_verify(program, size, &whole), status);
    assert_memory_equal(&whole, &summary, sizeof whole);
    return summary.count;
}

static void random_bytes_do_no_harm(void **state)
{
    size_t count = 0;

    (void)state;
    random_state = 7;
    for (unsigned i = 0; i < 200000; i++) {
        size_t size = 1 + random_byte() % 48u;
        uint8_t *program = random_program(size);

        count += check_random(program, size);
        free(program);
    }
    assert_true(count > 50000); /* Not all of them are refused at once. */
}

/* ---- Ports (DESIGN section 6) ---- */

static void ports_at_their_edges(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width *= 2) {
        assert_int_equal(kdio_port_check(0, width), KDIO_DONE);
        assert_int_equal(kdio_port_check(0x10000 - width, width), KDIO_DONE);
        assert_int_equal(kdio_port_check(0x10000 - width + 1, width), KDIO_BAD_PORT);
        assert_int_equal(kdio_port_check(0x10000, width), KDIO_BAD_PORT);
        assert_int_equal(kdio_port_check(UINT64_MAX, width), KDIO_BAD_PORT);
        for (unsigned off = 1; off < width; off++)
            assert_int_equal(kdio_port_check(0x100 + off, width), KDIO_MISALIGNED);
    }
}

static void widths_are_one_two_four(void **state)
{
    (void)state;
    for (unsigned width = 0; width < 300; width++)
        if (width != 1 && width != 2 && width != 4)
            assert_int_equal(kdio_port_check(0x80, width), KDIO_BAD_WIDTH);
}

static void check_vector(const struct vector *vector)
{
    uint8_t program[VECTOR_BYTES_MAX];
    size_t size = vector_bytes(vector, "program", program);
    struct kdio_program_summary summary;

    assert_int_equal(kdio_program_verify(program, size, &summary), vector_number(vector, "status"));
    assert_int_equal(summary.bad_index, vector_number(vector, "bad_index"));
    if (vector_number(vector, "status") != KDIO_DONE) {
        assert_int_equal(summary.count, summary.bad_index);
        return;
    }
    assert_int_equal(summary.count, vector_number(vector, "count"));
    assert_int_equal(summary.results_size, vector_number(vector, "results"));
    assert_int_equal(summary.worst_us, vector_number(vector, "worst"));
}

static void agrees_with_vectors(void **state)
{
    (void)state;
    vectors_each("program.txt", check_vector);
}

/* ---- Statuses ---- */

static void statuses_have_names_and_numbers(void **state)
{
#define X(name, number, class, text) { number, #name, KDIO_CLASS_##class, text },
    static const struct {
        unsigned number;
        const char *name;
        enum kdio_class status_class;
        const char *text;
    } statuses[] = { KDIO_STATUS_TABLE(X) };
#undef X
    size_t count = sizeof statuses / sizeof statuses[0];

    (void)state;
    for (size_t i = 0; i < count; i++) {
        enum kdio_status status = (enum kdio_status)statuses[i].number;

        assert_string_equal(kdio_status_name(status), statuses[i].name);
        assert_string_equal(kdio_status_text(status), statuses[i].text);
        assert_int_equal(kdio_status_class(status), statuses[i].status_class);
        for (size_t k = i + 1; k < count; k++)
            assert_int_not_equal(statuses[i].number, statuses[k].number);
    }
    assert_string_equal(kdio_status_name((enum kdio_status)0xee), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcodes_are_unique),
        cmocka_unit_test(letters_are_known_and_fit),
        cmocka_unit_test(tables_have_a_count),
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(opcodes_tell_the_width_that_names_do),
        cmocka_unit_test(results_have_the_size_of_their_letters),
        cmocka_unit_test(what_changes_the_target_is_marked),
        cmocka_unit_test(every_operation_comes_back),
        cmocka_unit_test(every_cut_is_malformed),
        cmocka_unit_test(the_longest_operation_fits_its_limit),
        cmocka_unit_test(an_operation_that_does_not_fit_says_so),
        cmocka_unit_test(unknown_opcodes_are_unsupported),
        cmocka_unit_test(short_forms_are_outs),
        cmocka_unit_test(the_data_port_of_a_pair_is_the_base),
        cmocka_unit_test(each_short_form_moves_the_base),
        cmocka_unit_test(a_short_form_without_a_port_is_malformed),
        cmocka_unit_test(short_forms_end_at_the_last_port),
        cmocka_unit_test(counts_lengths_and_times_add_up),
        cmocka_unit_test(a_sum_of_times_stays_at_its_end),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(ports_at_their_edges),
        cmocka_unit_test(widths_are_one_two_four),
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(statuses_have_names_and_numbers),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
