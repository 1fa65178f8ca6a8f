/* SPDX-License-Identifier: MIT */
/* test_program.c: the operation table agrees with itself, and a program that is not whole is refused whole. */
#include "tests/unit/unit.h"

#include "proto/program.h"
#include "tests/unit/vectors.h"

struct named_row {
    uint8_t opcode;
    const char *word, *operands, *results;
    uint32_t capability;
};

#define X(name, opcode, word, operands, results, worst_us, capability) \
    { opcode, word, operands, results, KDIO_CAPABILITY_##capability },
static const struct named_row table[] = { KDIO_OP_TABLE(X) };
#undef X

#define TABLE_COUNT (sizeof table / sizeof table[0])

static size_t letter_size(char letter)
{
    static const char letters[] = "bwdqps";
    static const size_t sizes[] = { 1, 2, 4, 8, 2, 1 };
    const char *at = strchr(letters, letter);

    assert_non_null(at);
    return sizes[at - letters];
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
        assert_true(strlen(table[i].operands) <= KDIO_OP_OPERANDS_MAX);
        assert_true(strlen(table[i].results) <= KDIO_OP_RESULTS_MAX);
        assert_int_equal(strspn(table[i].operands, "bwdqps"), strlen(table[i].operands));
        assert_int_equal(strspn(table[i].results, "bwdq"), strlen(table[i].results));
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
        size_t results = 0;

        for (const char *letter = table[i].results; *letter; letter++)
            results += letter_size(*letter);
        assert_string_equal(row->operands, table[i].operands);
        assert_string_equal(row->results, table[i].results);
        assert_int_equal(row->capability, table[i].capability);
        assert_int_equal(kdio_op_results_size(row, 0), results);
        assert_string_equal(kdio_op_word(table[i].opcode), table[i].word);
    }
    assert_string_equal(kdio_op_word(0xff), "?");
}

static void port_operations_have_their_width(void **state)
{
    static const struct {
        uint8_t opcode;
        unsigned width;
        bool writes;
    } ports[] = {
        { KDIO_OP_IN8, 1, false }, { KDIO_OP_IN16, 2, false }, { KDIO_OP_IN32, 4, false },
        { KDIO_OP_OUT8, 1, true }, { KDIO_OP_OUT16, 2, true }, { KDIO_OP_OUT32, 4, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        const struct kdio_op_row *row = kdio_op_find(ports[i].opcode);

        assert_int_equal(kdio_op_width(row), ports[i].width);
        assert_int_equal(kdio_op_writes(row), ports[i].writes);
    }
    assert_int_equal(kdio_op_width(kdio_op_find(KDIO_OP_TEXT)), 0);
    assert_false(kdio_op_writes(kdio_op_find(KDIO_OP_SESSION)));
}

/* ---- Codec ---- */

static size_t write_op(const struct named_row *row, const uint64_t *operand, const uint8_t *text, uint8_t *out)
{
    struct kdio_writer writer = kdio_writer_on(out, KDIO_OP_SIZE_MAX);

    kdio_op_write(&writer, kdio_op_find(row->opcode), operand, text);
    assert_false(writer.failed);
    return (size_t)(writer.at - out);
}

/* Operands whose every byte differs; ports that every width may have. */
static void fill_operands(const struct named_row *row, uint64_t *operand)
{
    for (unsigned i = 0; row->operands[i]; i++) {
        size_t size = letter_size(row->operands[i]);

        operand[i] = row->operands[i] == 's' ? 3 : 0xf8f7f6f5f4f3f2f0u;
        if (size < 8)
            operand[i] &= ((uint64_t)1 << 8 * size) - 1;
    }
}

static void every_operation_comes_back(void **state)
{
    uint8_t bytes[KDIO_OP_SIZE_MAX];
    struct kdio_op op;

    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
        struct kdio_reader reader;
        size_t size;

        fill_operands(&table[i], operand);
        size = write_op(&table[i], operand, (const uint8_t *)"abc", bytes);
        reader = kdio_reader_on(bytes, size);
        assert_int_equal(kdio_op_read(&reader, &op), KDIO_DONE);
        assert_int_equal(reader.left, 0);
        assert_int_equal(op.row->opcode, table[i].opcode);
        for (unsigned k = 0; table[i].operands[k]; k++)
            assert_int_equal(op.operand[k], operand[k]);
        if (strchr(table[i].operands, 's'))
            assert_memory_equal(op.bytes, "abc", 3);
    }
}

/* Alone and behind a good operation; only the whole is accepted. */
static void every_cut_is_malformed(void **state)
{
    uint8_t bytes[3 + KDIO_OP_SIZE_MAX] = { KDIO_OP_IN8, 0x71, 0x00 };
    struct kdio_program_summary summary;

    (void)state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
        size_t size;

        fill_operands(&table[i], operand);
        size = write_op(&table[i], operand, (const uint8_t *)"abc", bytes + 3);
        for (size_t cut = 1; cut < size; cut++) {
            assert_int_equal(kdio_program_verify(bytes + 3, cut, &summary), KDIO_MALFORMED);
            assert_int_equal(summary.bad_index, 0);
            assert_int_equal(kdio_program_verify(bytes, 3 + cut, &summary), KDIO_MALFORMED);
            assert_int_equal(summary.bad_index, 1);
        }
        assert_int_equal(kdio_program_verify(bytes, 3 + size, &summary), KDIO_DONE);
        assert_int_equal(summary.count, 2);
    }
}

static void the_longest_operation_fits_its_limit(void **state)
{
    const struct named_row text = { .opcode = KDIO_OP_TEXT, .operands = "s" };
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 255 };
    uint8_t bytes[KDIO_OP_SIZE_MAX], long_text[255];

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(write_op(&text, operand, long_text, bytes), KDIO_OP_SIZE_MAX);
}

static void an_operation_that_does_not_fit_says_so(void **state)
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0x80, 0x55 };
    uint8_t bytes[4];

    (void)state;
    for (size_t room = 0; room < sizeof bytes; room++) {
        struct kdio_writer writer = kdio_writer_on(bytes, room);

        kdio_op_write(&writer, kdio_op_find(KDIO_OP_OUT8), operand, NULL);
        assert_true(writer.failed);
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
    assert_int_equal(summary.count, vector_number(vector, "count"));
    assert_int_equal(summary.results_size, vector_number(vector, "results"));
    if (vector_number(vector, "status") != KDIO_DONE)
        assert_int_equal(summary.bad_index, vector_number(vector, "bad_index"));
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
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(port_operations_have_their_width),
        cmocka_unit_test(every_operation_comes_back),
        cmocka_unit_test(every_cut_is_malformed),
        cmocka_unit_test(the_longest_operation_fits_its_limit),
        cmocka_unit_test(an_operation_that_does_not_fit_says_so),
        cmocka_unit_test(unknown_opcodes_are_unsupported),
        cmocka_unit_test(ports_at_their_edges),
        cmocka_unit_test(widths_are_one_two_four),
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(statuses_have_names_and_numbers),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
