/* SPDX-License-Identifier: MIT */
/* test_memory.c: reads, writes and fills of memory: each byte is touched once, and a fault says how far it went. */
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

static uint64_t address_of(bool physical, uint64_t offset)
{
    return physical ? WORLD_PHYSICAL(offset) : WORLD_VIRTUAL + offset;
}

static enum kdio_status run(uint8_t opcode, uint64_t address, uint64_t count, const uint8_t *table)
{
    world_forget(&world);
    target_add(&world.target, opcode, OPERANDS(address, count), table);
    return target_run(&world.target);
}

/* ---- Units ---- */

static uint8_t unit_opcode(bool physical, bool write, unsigned power)
{
    return (uint8_t)((physical ? write ? KDIO_OP_PWRITE8 : KDIO_OP_PREAD8 : write ? KDIO_OP_VWRITE8 : KDIO_OP_VREAD8) +
                     power);
}

static void each_unit_is_one_access(bool physical, unsigned power)
{
    uint64_t offset = 2 * WORLD_PAGE - 64, address = address_of(physical, offset);
    unsigned width = 1u << power, count = 128 / width;
    uint8_t bytes[128];

    assert_int_equal(run(unit_opcode(physical, false, power), address, count, NULL), KDIO_DONE);
    world_assert_touched(&world, offset, 128, 1, 0);
    assert_int_equal(world.log_count, count);
    assert_int_equal(target_results_size(&world.target), 128);
    assert_memory_equal(world.target.results, world.memory + offset, 128);
    for (unsigned i = 0; i < 128; i++)
        bytes[i] = (uint8_t)world_draw(&world);
    assert_int_equal(run(unit_opcode(physical, true, power), address, count, bytes), KDIO_DONE);
    world_assert_touched(&world, offset, 128, 0, 1);
    assert_int_equal(world.log_count, count);
    assert_int_equal(target_results_size(&world.target), 0);
    assert_memory_equal(world.memory + offset, bytes, 128);
}

static void units(void **state)
{
    (void)state;
    for (unsigned power = 0; power < 4; power++) {
        each_unit_is_one_access(false, power);
        each_unit_is_one_access(true, power);
    }
}

static void units_that_are_not_aligned_or_wrap_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run(KDIO_OP_VREAD32, WORLD_VIRTUAL + 2, 1, NULL), KDIO_MISALIGNED);
    assert_int_equal(run(KDIO_OP_VREAD32, UINT64_MAX - 3, 2, NULL), KDIO_BAD_OPERAND);
    assert_int_equal(run(KDIO_OP_PGET, UINT64_MAX, 2, NULL), KDIO_BAD_OPERAND);
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL, 0, NULL), KDIO_BAD_OPERAND);
    assert_int_equal(world.log_count, 0);
    assert_int_equal(run(KDIO_OP_VGET, UINT64_MAX, 1, NULL), KDIO_FAULT);
}

/* ---- Bytes ---- */

/* Aligned accesses of 8 bytes, and single bytes at the edges. */
static unsigned accesses_of(uint64_t address, unsigned size)
{
    unsigned count = 0;

    while (size) {
        unsigned width = address % 8 == 0 && size >= 8 ? 8 : 1;

        address += width;
        size -= width;
        count++;
    }
    return count;
}

static void move(bool physical, uint64_t offset, unsigned size)
{
    uint8_t bytes[512];

    assert_int_equal(run(physical ? KDIO_OP_PGET : KDIO_OP_VGET, address_of(physical, offset), size, NULL), KDIO_DONE);
    world_assert_touched(&world, offset, size, 1, 0);
    assert_int_equal(world.log_count, accesses_of(offset, size));
    assert_int_equal(target_results_size(&world.target), size);
    assert_memory_equal(world.target.results, world.memory + offset, size);
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)world_draw(&world);
    assert_int_equal(run(physical ? KDIO_OP_PPUT : KDIO_OP_VPUT, address_of(physical, offset), size, bytes), KDIO_DONE);
    world_assert_touched(&world, offset, size, 0, 1);
    assert_int_equal(world.log_count, accesses_of(offset, size));
    assert_memory_equal(world.memory + offset, bytes, size);
}

static void bytes_of_any_alignment_and_length(void **state)
{
    (void)state;
    for (unsigned from = 0; from < 9; from++)
        for (unsigned size = 1; size < 26; size++)
            move(size & 1, 3 * WORLD_PAGE - 11 + from, size);
    move(false, 5 * WORLD_PAGE - 255, 511);
    move(true, 5 * WORLD_PAGE - 255, 511);
    move(true, WORLD_SIZE - 300, 300); /* Above 4 GiB. */
}

/* ---- Faults ---- */

static void a_fault_at_each_access(void **state)
{
    const unsigned size = 300, offset = 0x105;

    (void)state;
    for (unsigned at = 1; at <= accesses_of(offset, size); at++) {
        unsigned done = at <= 3 ? at - 1 : 3 + 8 * (at - 4); /* 105, 106, 107, 108, 110, ... */

        if (at > 4 + (size - 3) / 8)
            done = 3 + (size - 3) / 8 * 8 + at - 4 - (size - 3) / 8;
        world.fault_at = at;
        assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL + offset, size, NULL), KDIO_FAULT);
        world_assert_fault(&world, 14, 1, WORLD_VIRTUAL + offset + done);
        assert_int_equal(target_results_size(&world.target), done);
        world_assert_touched(&world, offset, done, 1, 0);
        assert_int_equal(world.log_count, at);
    }
}

static void absent_and_read_only_pages(void **state)
{
    const uint8_t bytes[64] = { 0 };
    uint64_t edge = WORLD_VIRTUAL + 4 * WORLD_PAGE;

    (void)state;
    world.read_only[4] = true;
    assert_int_equal(run(KDIO_OP_VGET, edge - 32, 64, NULL), KDIO_DONE);
    assert_int_equal(run(KDIO_OP_VPUT, edge - 32, 64, bytes), KDIO_FAULT);
    world_assert_fault(&world, 14, 3, edge);
    world_assert_touched(&world, 4 * WORLD_PAGE - 32, 32, 0, 1);
    world.absent[4] = true;
    assert_int_equal(run(KDIO_OP_VREAD16, edge - 4, 4, NULL), KDIO_FAULT);
    world_assert_fault(&world, 14, 0, edge);
    assert_int_equal(target_results_size(&world.target), 4);
    world_forget(&world);
    ADD_TABLE(&world.target, VFILL, bytes, edge - 12, 40, 5);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 14, 2, edge);
    world_assert_touched(&world, 4 * WORLD_PAGE - 12, 12, 0, 1);
    assert_int_equal(run(KDIO_OP_VGET, 1ull << 63, 1, NULL), KDIO_FAULT);
    world_assert_fault(&world, 13, 0, 1ull << 63);
}

static void no_memory_behind_a_physical_address(void **state)
{
    (void)state;
    world.unmapped = 2 * WORLD_PAGE;
    assert_int_equal(run(KDIO_OP_PGET, 2 * WORLD_PAGE - 20, 40, NULL), KDIO_FAULT);
    world_assert_fault(&world, 0, 0, 2 * WORLD_PAGE);
    assert_int_equal(target_results_size(&world.target), 20);
    world_assert_touched(&world, 2 * WORLD_PAGE - 20, 20, 1, 0);
    assert_int_equal(run(KDIO_OP_PREAD64, UINT64_MAX - 7, 1, NULL), KDIO_FAULT);
    world_assert_fault(&world, 0, 0, UINT64_MAX - 7);
    world.map_size = 4;
    assert_int_equal(run(KDIO_OP_PREAD64, 0, 1, NULL), KDIO_FAULT);
    assert_int_equal(world.log_count, 0);
}

static void the_operation_after_a_fault_is_not_done(void **state)
{
    (void)state;
    world.absent[3] = true;
    ADD(&world.target, VREAD8, WORLD_VIRTUAL, 2);
    ADD(&world.target, VREAD8, WORLD_VIRTUAL + 4 * WORLD_PAGE - 1, 1);
    ADD(&world.target, OUT8, 0x80, 1);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    assert_int_equal(world.target.run.failure.done, 1);
    assert_int_equal(world.target.run.failure.index, 1);
    assert_string_equal(target_log(&world.target), "");
}

/* ---- Fills ---- */

static void fills(void **state)
{
    uint8_t pattern[255];

    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        uint64_t offset = world_draw(&world) % (4 * WORLD_PAGE);
        uint64_t size = 1 + world_draw(&world) % (round & 1 ? 40 : 3000);
        unsigned length = 1 + world_draw(&world) % (round & 2 ? 255 : 9);
        bool physical = round & 4;

        for (unsigned i = 0; i < length; i++)
            pattern[i] = (uint8_t)world_draw(&world);
        world_forget(&world);
        target_add(&world.target, physical ? KDIO_OP_PFILL : KDIO_OP_VFILL,
                   OPERANDS(address_of(physical, offset), size, length), pattern);
        assert_int_equal(target_run(&world.target), KDIO_DONE);
        world_assert_touched(&world, offset, size, 0, 1);
        for (uint64_t i = 0; i < size; i++)
            assert_int_equal(world.memory[offset + i], pattern[i % length]);
    }
}

/* ---- Time ---- */

static void a_long_operation_gives_way_and_can_be_stopped(void **state)
{
    unsigned slices = 0;

    (void)state;
    ADD(&world.target, VGET, WORLD_VIRTUAL, 0x3000);
    world.target.clock_ns = 10000;
    assert_int_equal(target_begin(&world.target, false), KDIO_DONE);
    while (!target_go(&world.target))
        if (++slices == 3)
            world.target.run.cancelled = true;
    assert_int_equal(slices, 3);
    assert_int_equal(world.target.run.failure.status, KDIO_CANCELLED);
    assert_int_equal(target_results_size(&world.target), 8 * world.log_count);
    assert_memory_equal(world.target.results, world.memory, target_results_size(&world.target));
}

static void steps_are_short(void **state)
{
    (void)state;
    ADD(&world.target, VGET, WORLD_VIRTUAL, 0x1000);
    world.target.clock_ns = 1000000; /* Each look at the clock ends a slice. */
    assert_int_equal(target_begin(&world.target, false), KDIO_DONE);
    assert_false(target_go(&world.target));
    assert_in_range(world.log_count, 1, 16);
}

static void an_atomic_program_that_may_take_too_long_is_refused(void **state)
{
    (void)state;
    ADD(&world.target, VGET, WORLD_VIRTUAL, 0x1000);
    assert_int_equal(target_run_atomic(&world.target), KDIO_TOO_LONG);
    ADD(&world.target, VGET, WORLD_VIRTUAL, 0x200);
    assert_int_equal(target_run_atomic(&world.target), KDIO_DONE);
    assert_string_equal(target_log(&world.target), "off on");
}

/* ---- Policy ---- */

static void check_compares_what_was_read_last(void **state)
{
    (void)state;
    ADD(&world.target, VREAD32, WORLD_VIRTUAL, 2);
    ADD(&world.target, CHECK32, UINT32_MAX, world.memory[4] | world.memory[5] << 8 | world.memory[6] << 16 |
                                                (uint64_t)world.memory[7] << 24);
    assert_int_equal(target_run(&world.target), KDIO_DONE);
}

static void capabilities_follow_the_hooks(void **state)
{
    (void)state;
    world_reset(&world);
    world.target.config.map = NULL;
    world_start(&world);
    assert_int_equal(run(KDIO_OP_PGET, 0, 1, NULL), KDIO_UNSUPPORTED);
    assert_int_equal(run(KDIO_OP_TRANSLATE, 0, 0, NULL), KDIO_UNSUPPORTED);
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL, 1, NULL), KDIO_DONE);
    world_reset(&world);
    world.target.config.faults = false;
    world_start(&world);
    assert_int_equal(run(KDIO_OP_PGET, 0, 1, NULL), KDIO_UNSUPPORTED);
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL, 1, NULL), KDIO_UNSUPPORTED);
    assert_int_equal(run(KDIO_OP_RDMSR, 0, 0, NULL), KDIO_UNSUPPORTED);
    assert_int_equal(world.log_count, 0);
}

static void read_only_refuses_writes(void **state)
{
    const uint8_t byte = 1;

    (void)state;
    world_reset(&world);
    world.target.config.read_only = true;
    world_start(&world);
    assert_int_equal(run(KDIO_OP_VPUT, WORLD_VIRTUAL, 1, &byte), KDIO_READ_ONLY);
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL, 1, NULL), KDIO_DONE);
    world_assert_touched(&world, 0, 1, 1, 0);
}

/* The registers of the link's UART, wherever they are seen. */
static void the_links_own_uart(void **state)
{
    struct kdio_uart_config *uart = &world.target.stub->uart.config;

    (void)state;
    uart->space = KDIO_UART_MMIO;
    uart->base = WORLD_VIRTUAL + 0x100;
    uart->stride = 4;
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL + 0xff, 2, NULL), KDIO_LINK_UART);
    assert_int_equal(run(KDIO_OP_VREAD8, WORLD_VIRTUAL + 0x11f, 1, NULL), KDIO_LINK_UART);
    assert_int_equal(world.log_count, 0);
    assert_int_equal(run(KDIO_OP_VGET, WORLD_VIRTUAL + 0xff, 1, NULL), KDIO_DONE);
    assert_int_equal(run(KDIO_OP_VREAD8, WORLD_VIRTUAL + 0x120, 1, NULL), KDIO_DONE);
    uart->base = WORLD_DIRECT + 0x100;
    assert_int_equal(run(KDIO_OP_PGET, 0xf0, 0x20, NULL), KDIO_LINK_UART);
    world_assert_touched(&world, 0xf0, 0x10, 1, 0);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(units),
        TEST(units_that_are_not_aligned_or_wrap_are_refused),
        TEST(bytes_of_any_alignment_and_length),
        TEST(a_fault_at_each_access),
        TEST(absent_and_read_only_pages),
        TEST(no_memory_behind_a_physical_address),
        TEST(the_operation_after_a_fault_is_not_done),
        TEST(fills),
        TEST(a_long_operation_gives_way_and_can_be_stopped),
        TEST(steps_are_short),
        TEST(an_atomic_program_that_may_take_too_long_is_refused),
        TEST(check_compares_what_was_read_last),
        TEST(capabilities_follow_the_hooks),
        TEST(read_only_refuses_writes),
        TEST(the_links_own_uart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
