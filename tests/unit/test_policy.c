/* SPDX-License-Identifier: MIT */
/* test_policy.c: which accesses a deny list covers, and the profile `safe` (DESIGN section 6). */
#include "tests/unit/unit.h"

#include "proto/policy.h"

static void an_access_touches_every_byte_it_covers(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width *= 2)
        for (unsigned port = 0x100; port < 0x140; port += width) {
            bool touches = port <= 0x122 && port + width > 0x11f;

            assert_int_equal(kdio_port_in_range((uint16_t)port, width, 0x11f, 0x122), touches);
        }
}

static void ranges_reach_the_last_port(void **state)
{
    (void)state;
    assert_true(kdio_port_in_range(0xfffc, 4, 0xffff, 0xffff));
    assert_false(kdio_port_in_range(0xfffc, 2, 0xffff, 0xffff));
    assert_true(kdio_port_in_range(0, 1, 0, 0xffff));
}

/* CONFIG_ADDRESS is no access to the reset register behind its second byte; narrower ones are. */
static void config_address_is_not_the_reset_register(void **state)
{
    (void)state;
    assert_false(kdio_safe_denies(0xcf8, 4, true, 0x80000000));
    assert_true(kdio_safe_denies(0xcf8, 2, true, 0x0600));
    assert_true(kdio_safe_denies(0xcf9, 1, true, 0x06));
    assert_true(kdio_port_in_range(0xcf8, 4, 0xcf8, 0xcf8));
}

static void safe_denies_what_resets(void **state)
{
    (void)state;
    assert_true(kdio_safe_denies(0x92, 1, true, 1));
    assert_true(kdio_safe_denies(0xb2, 1, true, 0));
    assert_true(kdio_safe_denies(0x64, 1, true, 0xfe));
    assert_false(kdio_safe_denies(0x64, 1, true, 0xed));
    assert_false(kdio_safe_denies(0x64, 1, false, 0xfe));
    assert_false(kdio_safe_denies(0x80, 1, true, 0xfe));
    assert_false(kdio_safe_denies(0x93, 1, true, 1));
}

/* ---- What an operation accesses ---- */

static struct kdio_op op_of(uint8_t opcode, const uint64_t *operand)
{
    static uint8_t bytes[KDIO_OP_SIZE_MAX];
    struct kdio_writer writer = kdio_writer_on(bytes, sizeof bytes);
    struct kdio_op op = { 0 };
    struct kdio_reader reader;

    kdio_op_write(&writer, kdio_op_find(opcode), operand, (const uint8_t *)"abcdefgh");
    assert_false(writer.failed);
    reader = kdio_reader_on(bytes, (size_t)(writer.at - bytes));
    assert_int_equal(kdio_op_read(&reader, &op), KDIO_DONE);
    return op;
}

static void assert_accesses(uint8_t opcode, const uint64_t *operand, const struct kdio_port_access *expected,
                            unsigned count)
{
    struct kdio_op op = op_of(opcode, operand);
    struct kdio_port_access access;

    for (unsigned i = 0; i < count; i++) {
        assert_true(kdio_op_access(&op, i, &access));
        assert_int_equal(access.port, expected[i].port);
        assert_int_equal(access.width, expected[i].width);
        assert_int_equal(access.write, expected[i].write);
        if (access.write)
            assert_int_equal(access.value, expected[i].value);
    }
    assert_false(kdio_op_access(&op, count, &access));
}

static void operations_with_one_port_access_it(void **state)
{
    static const struct {
        uint8_t opcode;
        uint64_t operand[KDIO_OP_OPERANDS_MAX];
        struct kdio_port_access access;
    } ops[] = {
        { KDIO_OP_IN16, { 0x64 }, { 0x64, 2, false, 0 } },
        { KDIO_OP_OUT32, { 0x64, 0x12345678 }, { 0x64, 4, true, 0x12345678 } },
        { KDIO_OP_RMW8, { 0x64, 0, 0 }, { 0x64, 1, true, KDIO_ANY_VALUE } },
        { KDIO_OP_POLL8, { 0x64, 1, 0, 0 }, { 0x64, 1, false, 0 } },
        { KDIO_OP_INS32, { 0x64, 7 }, { 0x64, 4, false, 0 } },
        { KDIO_OP_OUTS16, { 0x64, 2 }, { 0x64, 2, true, KDIO_ANY_VALUE } },
        { KDIO_OP_REPEAT8, { 0x64, 2, 0xed }, { 0x64, 1, true, 0xed } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        assert_accesses(ops[i].opcode, ops[i].operand, &ops[i].access, 1);
}

static void a_pair_writes_its_index_port(void **state)
{
    static const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0x70, 1, 0x8a, 0x64, 0xfe };
    static const struct kdio_port_access in[] = { { 0x70, 2, true, 0x8a }, { 0x64, 1, false, 0 } };
    static const struct kdio_port_access out[] = { { 0x70, 2, true, 0x8a }, { 0x64, 1, true, 0xfe } };

    (void)state;
    assert_accesses(KDIO_OP_INDEX_IN8, operand, in, 2);
    assert_accesses(KDIO_OP_INDEX_OUT8, operand, out, 2);
}

/* What is written back is known to nobody before. */
static void a_pair_that_restores_may_write_anything(void **state)
{
    static const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0x3c4, KDIO_INDEX_RESTORE, 2, 0x3c5 };
    static const struct kdio_port_access in[] = { { 0x3c4, 1, true, KDIO_ANY_VALUE }, { 0x3c5, 1, false, 0 } };

    (void)state;
    assert_accesses(KDIO_OP_INDEX_IN8, operand, in, 2);
}

static void what_has_no_port_accesses_none(void **state)
{
    static const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 1, 1, 1, 1 };

    (void)state;
#define X(name, opcode, word, operands, ...) \
    if ((operands)[0] != 'p' && strncmp(#name, "OUT_", 4) != 0) \
        assert_accesses(opcode, operand, NULL, 0);
    KDIO_OP_TABLE(X)
#undef X
}

/* A write of a value that nobody knows before is refused where any is. */
static void unknown_values_are_denied(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width *= 2)
        assert_true(kdio_safe_denies(0x64, width, true, KDIO_ANY_VALUE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_access_touches_every_byte_it_covers),
        cmocka_unit_test(ranges_reach_the_last_port),
        cmocka_unit_test(config_address_is_not_the_reset_register),
        cmocka_unit_test(safe_denies_what_resets),
        cmocka_unit_test(operations_with_one_port_access_it),
        cmocka_unit_test(a_pair_writes_its_index_port),
        cmocka_unit_test(a_pair_that_restores_may_write_anything),
        cmocka_unit_test(what_has_no_port_accesses_none),
        cmocka_unit_test(unknown_values_are_denied),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
