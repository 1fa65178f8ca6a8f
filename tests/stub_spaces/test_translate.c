/* SPDX-License-Identifier: MIT */
/* test_translate.c: walks through page tables of 4 and of 5 levels, to pages of each size and to none. */
#include "tests/unit/unit.h"

#include "tests/stub_spaces/world.h"

#define CR3 2u
#define CR4 3u
#define LA57 0x1000u

#define TABLE    0x1000u /* The topmost; the others follow. */
#define FLAGS    0x8000000000000067u /* No-execute, dirty, accessed, user, writable, present. */
#define LARGE    0x80u
#define NX_PAGE  0x800fedcba9876067u

static struct world world;

static int start(void **state)
{
    (void)state;
    world_reset(&world);
    memset(world.memory, 0, sizeof world.memory);
    world.registers[CR3] = TABLE | 0x8000000000000fffu; /* PCID, and the bit that keeps translations. */
    world_start(&world);
    return 0;
}

static void set(unsigned table, unsigned index, uint64_t entry)
{
    memcpy(world.memory + TABLE * (table + 1) + 8 * index, &entry, 8);
}

static uint64_t address_of(uint64_t i5, uint64_t i4, uint64_t i3, uint64_t i2, uint64_t i1, uint64_t offset)
{
    return i5 << 48 | i4 << 39 | i3 << 30 | i2 << 21 | i1 << 12 | offset;
}

static void translate(uint64_t address)
{
    world_forget(&world);
    ADD(&world.target, TRANSLATE, address);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_results_size(&world.target), 50);
}

static void assert_walk(unsigned levels, unsigned read, uint64_t physical)
{
    assert_int_equal(target_result(&world.target, 0, 1), levels);
    assert_int_equal(target_result(&world.target, 1, 1), read);
    assert_int_equal(target_result(&world.target, 2, 8), physical);
    assert_int_equal(world.log_count, read);
    for (unsigned i = read; i < 5; i++)
        assert_int_equal(target_result(&world.target, 10 + 8 * i, 8), 0);
}

static void four_levels(void **state)
{
    (void)state;
    set(0, 255, FLAGS | 0x2000);
    set(1, 511, FLAGS | 0x3000);
    set(2, 1, FLAGS | 0x4000);
    set(3, 300, NX_PAGE);
    translate(address_of(0, 255, 511, 1, 300, 0xabc));
    assert_walk(4, 4, 0xfedcba9876abc);
    assert_int_equal(target_result(&world.target, 10, 8), FLAGS | 0x2000);
    assert_int_equal(target_result(&world.target, 34, 8), NX_PAGE);
}

static void the_upper_half(void **state)
{
    (void)state;
    set(0, 511, FLAGS | 0x2000);
    set(1, 510, FLAGS | LARGE | 0x1240000000);
    translate(0xffff000000000000 | address_of(0, 511, 510, 3, 4, 5));
    assert_walk(4, 2, 0x1240000000 | 3 << 21 | 4 << 12 | 5);
}

static void pages_of_2_mib(void **state)
{
    (void)state;
    set(0, 1, FLAGS | 0x2000);
    set(1, 2, FLAGS | 0x3000);
    set(2, 3, FLAGS | LARGE | 0x123400000 | 0x1000); /* Bit 12 is the page's PAT, not its address. */
    translate(address_of(0, 1, 2, 3, 510, 0xfff));
    assert_walk(4, 3, 0x1235fefff);
}

static void five_levels(void **state)
{
    (void)state;
    world.registers[CR4] = LA57;
    set(0, 200, FLAGS | 0x2000);
    set(1, 7, FLAGS | LARGE | 0x3000); /* Means nothing at this level. */
    set(2, 8, FLAGS | 0x4000);
    set(3, 9, FLAGS | 0x5000);
    set(4, 10, FLAGS | LARGE | 0x6000); /* In the last, PAT. */
    translate(address_of(200, 7, 8, 9, 10, 11));
    assert_walk(5, 5, 0x600b);
}

static void absent_at_each_level(void **state)
{
    const uint64_t address = address_of(0, 1, 2, 3, 4, 5);

    (void)state;
    translate(address);
    assert_walk(4, 1, UINT64_MAX);
    set(0, 1, FLAGS | 0x2000);
    set(1, 2, 0xdead0000); /* What an absent entry holds is told. */
    translate(address);
    assert_walk(4, 2, UINT64_MAX);
    assert_int_equal(target_result(&world.target, 18, 8), 0xdead0000);
    set(1, 2, FLAGS | 0x3000);
    translate(address);
    assert_walk(4, 3, UINT64_MAX);
    set(2, 3, FLAGS | 0x4000);
    translate(address);
    assert_walk(4, 4, UINT64_MAX);
}

static void addresses_that_are_none(void **state)
{
    (void)state;
    translate(0x0000800000000000);
    assert_walk(4, 0, UINT64_MAX);
    translate(0xfffe000000000000);
    assert_walk(4, 0, UINT64_MAX);
    world.registers[CR4] = LA57;
    translate(0x0100000000000000);
    assert_walk(5, 0, UINT64_MAX);
    translate(0x0000800000000000);
    assert_walk(5, 1, UINT64_MAX);
}

static void tables_where_no_memory_is(void **state)
{
    (void)state;
    set(0, 0, 0x7ffff000 | 1);
    ADD(&world.target, TRANSLATE, 0x40000000);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 0, 0, 0x7ffff008);
    assert_int_equal(target_results_size(&world.target), 0);
    world_forget(&world);
    world.fault_at = 1;
    ADD(&world.target, TRANSLATE, 0);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 14, 1, TABLE);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(four_levels), TEST(the_upper_half),       TEST(pages_of_2_mib),          TEST(five_levels),
        TEST(absent_at_each_level), TEST(addresses_that_are_none), TEST(tables_where_no_memory_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
