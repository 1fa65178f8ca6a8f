/* SPDX-License-Identifier: MIT */
/* test_pci.c: configuration space through cf8 and cfc, and through memory. */
#include "tests/unit/unit.h"

#include "tests/stub_spaces/world.h"

#define FUNCTION 0x1234u /* Bus 12, device 6, function 4. */

static struct world world;

static int start(void **state)
{
    (void)state;
    world_reset(&world);
    world_start(&world);
    return 0;
}

static void reads_through_ports(void **state)
{
    (void)state;
    memcpy(world.target.ports + 0xcf8, "\x11\x22\x33\x44\x78\x56\x34\x12", 8);
    ADD(&world.target, PCI_READ32, FUNCTION, 0x10, 1);
    ADD(&world.target, PCI_READ16, FUNCTION, 0x12, 1);
    ADD(&world.target, PCI_READ8, FUNCTION, 0xff, 1);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_string_equal(target_log(&world.target),
                        "off in32(cf8)=44332211 out32(cf8,80123410) in32(cfc)=12345678 out32(cf8,44332211) on "
                        "off in32(cf8)=44332211 out32(cf8,80123410) in16(cfe)=1234 out32(cf8,44332211) on "
                        "off in32(cf8)=44332211 out32(cf8,801234fc) in8(cff)=12 out32(cf8,44332211) on");
    assert_int_equal(target_result(&world.target, 0, 4), 0x12345678);
    assert_int_equal(target_result(&world.target, 4, 2), 0x1234);
    assert_int_equal(target_result(&world.target, 6, 1), 0x12);
}

static void writes_through_ports(void **state)
{
    (void)state;
    ADD_TABLE(&world.target, PCI_WRITE16, (const uint8_t *)"\x34\x12\x78\x56", FUNCTION, 0x42, 2);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_string_equal(target_log(&world.target),
                        "off in32(cf8)=0 out32(cf8,80123440) out16(cfe,1234) out32(cf8,0) on "
                        "off in32(cf8)=0 out32(cf8,80123444) out16(cfc,5678) out32(cf8,0) on");
    assert_int_equal(target_results_size(&world.target), 0);
}

/* Interrupts are on between two units, with the address put back. */
static void a_block_through_ports(void **state)
{
    unsigned units = 0;

    (void)state;
    ADD(&world.target, PCI_READ32, 0, 0, 64);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(target_results_size(&world.target), 256);
    for (const char *at = target_log(&world.target); (at = strstr(at, "in32(cfc)=0 out32(cf8,0) on")); at++)
        units++;
    assert_int_equal(units, 64);
}

static void what_ports_do_not_reach(void **state)
{
    (void)state;
    ADD(&world.target, PCI_READ8, FUNCTION, 0x100, 1);
    assert_int_equal(target_run(&world.target), KDIO_UNSUPPORTED);
    ADD(&world.target, PCI_READ32, FUNCTION, 0xfc, 2);
    assert_int_equal(target_run(&world.target), KDIO_UNSUPPORTED);
    ADD(&world.target, PCI_READ8, 0x10000 | FUNCTION, 0, 1);
    assert_int_equal(target_run(&world.target), KDIO_UNSUPPORTED);
    ADD(&world.target, PCI_READ16, FUNCTION, 1, 1);
    assert_int_equal(target_run(&world.target), KDIO_MISALIGNED);
    ADD(&world.target, PCI_READ32, FUNCTION, 0xffc, 2);
    assert_int_equal(target_run(&world.target), KDIO_BAD_OPERAND);
    assert_string_equal(target_log(&world.target), "");
}

/* Bus 20h of segment 1, function 0: the third page of the world's memory above 4 GiB. */
static const struct kdio_ecam windows[] = {
    { 0xdead000000000000, 0, 0x20, 0x2f },
    { WORLD_HIGH + 2 * WORLD_PAGE - (0x20ull << 20), 1, 0x20, 0x21 },
};
#define WINDOW_FUNCTION 0x12000u
#define WINDOW_OFFSET   (WORLD_SIZE / 2 + 2 * WORLD_PAGE)

static void start_with_windows(void)
{
    world_reset(&world);
    world.target.config.ecam = windows;
    world.target.config.ecam_count = 2;
    world_start(&world);
}

static void through_memory(void **state)
{
    (void)state;
    start_with_windows();
    ADD(&world.target, PCI_READ32, WINDOW_FUNCTION, 0xf00, 64);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_memory_equal(world.target.results, world.memory + WINDOW_OFFSET + 0xf00, 256);
    world_assert_touched(&world, WINDOW_OFFSET + 0xf00, 256, 1, 0);
    world_forget(&world);
    ADD_TABLE(&world.target, PCI_WRITE16, (const uint8_t *)"\x34\x12\x78\x56", WINDOW_FUNCTION + 1, 0x102, 2);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    world_assert_touched(&world, WINDOW_OFFSET + WORLD_PAGE + 0x102, 4, 0, 1);
    assert_memory_equal(world.memory + WINDOW_OFFSET + WORLD_PAGE + 0x102, "\x34\x12\x78\x56", 4);
    assert_string_equal(target_log(&world.target), "");
}

static void buses_outside_of_the_windows(void **state)
{
    (void)state;
    start_with_windows();
    ADD(&world.target, PCI_READ32, 0x1f00, 0, 1); /* Segment 0, bus 1f: by ports. */
    assert_int_equal(target_run(&world.target), KDIO_DONE);
    assert_int_equal(world.log_count, 0);
    ADD(&world.target, PCI_READ32, 0x12200, 0, 1);
    assert_int_equal(target_run(&world.target), KDIO_UNSUPPORTED);
    ADD(&world.target, PCI_READ32, 0x12100, 0, 1); /* The last bus inside; the world has no memory there. */
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 0, 0, windows[1].base + (0x21ull << 20));
}

static void windows_that_are_not_mapped(void **state)
{
    (void)state;
    start_with_windows();
    ADD(&world.target, PCI_READ32, 0x2000, 0x10, 1);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 0, 0, 0xdead000000000000 + (0x20ull << 20) + 0x10);
    world.fault_at = world.log_count + 3;
    ADD(&world.target, PCI_READ8, WINDOW_FUNCTION, 0x10, 5);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 14, 1, WORLD_HIGH + 2 * WORLD_PAGE + 0x12);
    assert_int_equal(target_results_size(&world.target), 2);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_through_ports),     TEST(writes_through_ports), TEST(a_block_through_ports),
        TEST(what_ports_do_not_reach), TEST(through_memory),       TEST(buses_outside_of_the_windows),
        TEST(windows_that_are_not_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
