/* SPDX-License-Identifier: MIT */
/* test_processor.c: MSRs, CPUID and registers. */
#include "tests/unit/unit.h"

#include "tests/stub_spaces/world.h"

static struct world world;

static int start(void **state)
{
    (void)state;
    world_reset(&world);
    world_start(&world);
    return 0;
}

static void msrs(void **state)
{
    (void)state;
    world.msrs[3] = 0x1122334455667788;
    ADD(&world.target, RDMSR, 3);
    ADD(&world.target, CHECK64, UINT64_MAX, 0x1122334455667788);
    ADD(&world.target, WRMSR, 4, 0x99aabbccddeeff00);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_result(&world.target, 0, 8), 0x1122334455667788);
    assert_int_equal(target_results_size(&world.target), 8);
    assert_int_equal(world.msrs[4], 0x99aabbccddeeff00);
    assert_int_equal(world.log_count, 2);
}

static void msrs_that_fault(void **state)
{
    (void)state;
    ADD(&world.target, RDMSR, 0xdeadbeef);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 13, 0, 0xdeadbeef);
    assert_int_equal(target_results_size(&world.target), 0);
    ADD(&world.target, RDMSR, 7);
    ADD(&world.target, WRMSR, 7, 1);
    ADD(&world.target, WRMSR, 1, 1);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 13, 0, 7);
    assert_int_equal(world.target.run.failure.done, 1);
    assert_int_equal(world.msrs[1], 0);
}

static void cpuid(void **state)
{
    (void)state;
    ADD(&world.target, CPUID, 7, 2);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_results_size(&world.target), 16);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(target_result(&world.target, 4 * i, 4), 0x07000201 + i);
}

static void registers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KDIO_REGISTERS; i++)
        world.registers[i] = (uint64_t)world_draw(&world) << 32 | world_draw(&world);
    world.leaf_max = 0x0b;
    ADD(&world.target, REGISTERS);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_results_size(&world.target), 4 + 18 * 8 + 10 * 2);
    assert_int_equal(target_result(&world.target, 0, 4), 0x0b000004);
    for (unsigned i = 0; i < 18; i++)
        assert_int_equal(target_result(&world.target, 4 + 8 * i, 8), world.registers[i]);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(target_result(&world.target, 4 + 18 * 8 + 2 * i, 2), world.registers[18 + i] & 0xffff);
}

static void an_old_processor_has_an_identifier_of_8_bits(void **state)
{
    (void)state;
    world.leaf_max = 1;
    ADD(&world.target, REGISTERS);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_result(&world.target, 0, 4), 0x01);
    world.leaf_max = world.empty_leaf = 0x0b; /* There, but not in use. */
    ADD(&world.target, REGISTERS);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_result(&world.target, 0, 4), 0x01);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(msrs),  TEST(msrs_that_fault),
        TEST(cpuid), TEST(registers),
        TEST(an_old_processor_has_an_identifier_of_8_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
