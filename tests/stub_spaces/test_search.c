/* SPDX-License-Identifier: MIT */
/* test_search.c: what a search finds, against one that looks at each place in turn; and that it reads nothing twice. */
#include "tests/unit/unit.h"

#include "tests/stub_spaces/world.h"

#define ROUNDS 3000u

static struct world world;

static int start(void **state)
{
    (void)state;
    world_reset(&world);
    world_start(&world);
    return 0;
}

static uint64_t look(uint64_t offset, uint64_t length, unsigned step, const uint8_t *pattern, unsigned size)
{
    for (uint64_t at = 0; at + size <= length; at += step)
        if (!memcmp(world.memory + offset + at, pattern, size))
            return at;
    return UINT64_MAX;
}

/* Nothing is ever looked for outside of the first two pages, but for one search in all. */
static void assert_read_once(uint64_t offset, uint64_t length)
{
    for (uint64_t i = 0; i < (length < WORLD_PAGE ? 2 * WORLD_PAGE : WORLD_SIZE); i++)
        assert_true(world.reads[i] <= (i >= offset && i - offset < length) && !world.writes[i]);
}

/* As it travels. */
static const uint8_t *inverse(const uint8_t *pattern, unsigned size)
{
    static uint8_t bytes[255];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)~pattern[i];
    return bytes;
}

static void search(bool physical, uint64_t offset, uint64_t length, unsigned step, const uint8_t *pattern,
                   unsigned size)
{
    uint64_t address = physical ? WORLD_PHYSICAL(offset) : WORLD_VIRTUAL + offset;
    uint64_t wanted = look(offset, length, step, pattern, size);

    world_forget(&world);
    target_add(&world.target, physical ? KDIO_OP_PSEARCH : KDIO_OP_VSEARCH, OPERANDS(address, length, step, size),
               inverse(pattern, size));
    assert_int_equal(target_run(&world.target), wanted == UINT64_MAX ? KDIO_NOT_FOUND : KDIO_DONE);
    if (wanted != UINT64_MAX)
        assert_int_equal(target_result(&world.target, 0, 8), address + wanted);
    assert_read_once(offset, length);
}

/* Few letters make many beginnings that come to nothing. */
static void random_memory_and_patterns(void **state)
{
    uint8_t pattern[255];

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned letters = 1 + world_draw(&world) % 3, size = 1 + world_draw(&world) % (round % 7 ? 8 : 255);
        uint64_t offset = world_draw(&world) % WORLD_PAGE, length = 1 + world_draw(&world) % 400;

        for (unsigned i = 0; i < length; i++)
            world.memory[offset + i] = (uint8_t)(world_draw(&world) % letters);
        for (unsigned i = 0; i < size; i++)
            pattern[i] = (uint8_t)(world_draw(&world) % letters);
        if (round % 3 && length > size)
            memcpy(world.memory + offset + world_draw(&world) % (length - size), pattern, size);
        search(round & 1, offset, length, 1u << world_draw(&world) % 4, pattern, size);
    }
}

static void patterns_that_overlap_themselves(void **state)
{
    static const char text[] = "aabaabaaabaabaabaaaabaabaab";
    const uint8_t *pattern = (const uint8_t *)text;

    (void)state;
    for (unsigned from = 0; from < 8; from++) {
        memset(world.memory, 'a', 400);
        memcpy(world.memory + 200 + from, text, sizeof text - 1);
        for (unsigned step = 1; step <= 8; step *= 2)
            for (unsigned size = 1; size < sizeof text; size++)
                search(false, from / 2, 300, step, pattern, size);
    }
}

/* Every pattern of two letters, where a candidate's beginning is inside another that is off the grid. */
static void all_short_patterns(void **state)
{
    uint8_t pattern[8];

    (void)state;
    for (unsigned bits = 1u << 3; bits < 1u << 7; bits++) {
        unsigned size = 31 - (unsigned)__builtin_clz(bits);

        for (unsigned i = 0; i < size; i++)
            pattern[i] = 'a' + (bits >> i & 1);
        for (unsigned round = 0; round < 60; round++) {
            for (unsigned i = 0; i < 80; i++)
                world.memory[i] = 'a' + (world_draw(&world) & 1);
            search(false, 0, 80, 1u << (1 + round % 3), pattern, size);
        }
    }
}

static void at_the_edges(void **state)
{
    const uint8_t pattern[] = { 0xde, 0xad, 0xbe, 0xef };

    (void)state;
    memset(world.memory, 0, 100);
    memcpy(world.memory + 60, pattern, 4);
    search(false, 60, 4, 1, pattern, 4);
    search(false, 60, 3, 1, pattern, 4);
    assert_int_equal(world.log_count, 0);
    search(false, 0, 64, 4, pattern, 4);
    search(false, 0, 63, 1, pattern, 4);
    search(false, 57, 100, 2, pattern, 4); /* Off the grid. */
}

/* Memory that no candidate needs any more is left alone. */
static void stops_where_nothing_fits(void **state)
{
    const uint8_t pattern[16] = { 1 };

    (void)state;
    memset(world.memory, 0, WORLD_PAGE);
    search(false, 0, 100, 1, pattern, 16);
    for (unsigned i = 88; i < 100; i++)
        assert_int_equal(world.reads[i], 0);
}

static void a_fault_says_where(void **state)
{
    const uint8_t pattern[] = { 1, 2, 3 };

    (void)state;
    world.absent[1] = true;
    memset(world.memory, 0, 2 * WORLD_PAGE);
    ADD_TABLE(&world.target, VSEARCH, inverse(pattern, 3), WORLD_VIRTUAL + 100, 2 * WORLD_PAGE, 1, 3);
    assert_int_equal(target_run(&world.target), KDIO_FAULT);
    world_assert_fault(&world, 14, 0, WORLD_VIRTUAL + WORLD_PAGE);
    assert_int_equal(target_results_size(&world.target), 0);
}

static void a_long_one_gives_way_and_can_be_stopped(void **state)
{
    const uint8_t pattern[] = { 1, 2, 3 };

    (void)state;
    memset(world.memory, 0, WORLD_SIZE);
    world.target.clock_ns = 20000;
    ADD_TABLE(&world.target, VSEARCH, inverse(pattern, 3), WORLD_VIRTUAL, WORLD_SIZE, 1, 3);
    assert_int_equal(target_begin(&world.target, false), KDIO_DONE);
    assert_false(target_go(&world.target));
    world.target.run.cancelled = true;
    assert_true(target_go(&world.target));
    assert_int_equal(world.target.run.failure.status, KDIO_CANCELLED);
    assert_read_once(0, WORLD_SIZE);
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(random_memory_and_patterns), TEST(patterns_that_overlap_themselves),
        TEST(all_short_patterns),
        TEST(at_the_edges),               TEST(stops_where_nothing_fits),
        TEST(a_fault_says_where),         TEST(a_long_one_gives_way_and_can_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
