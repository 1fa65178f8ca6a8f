/* SPDX-License-Identifier: MIT */
/*
 * test_program.c: programs against the real stub: results of every kind, cut at every place, stopped on their way. A
 * read of the peer's ports gives the number of the access, so what was read tells how often and in which order.
 */
#include "host/lib/target.h"
#include "tests/lib/fixture.h"

#define PORT   0xd00
#define DENIED 0x666 /* By the stub alone. */

static uint32_t unit_at(const uint8_t *bytes, size_t index, unsigned width)
{
    uint32_t value = 0;

    memcpy(&value, bytes + index * width, width);
    return value;
}

/* ---- Results ---- */

static void every_result_has_its_place(void **state)
{
    const struct kdio_index index = { .port = 0x3d4, .width = 1, .value = 0x0e, .data_port = 0x3d6 };
    size_t size;

    (void)state;
    ADD(kdio_program_in(program, PORT, 4));                       /* Access 0. */
    ADD(kdio_program_rmw(program, PORT, 1, 0xf0, 0x05));          /* 1 and 2: reads 1. */
    ADD(kdio_program_poll(program, PORT, 2, 0xffff, 6, 1000000)); /* 3 to 6. */
    ADD(kdio_program_check(program, 2, 0xff, 6));
    ADD(kdio_program_index_in(program, &index, 2));               /* 7 to 10: reads 9. */
    ADD(kdio_program_ins(program, PORT, 2, 3));                   /* 11 to 13. */
    ADD(kdio_program_rdtsc(program));
    ADD(kdio_program_delay(program, 1000));
    ADD(kdio_program_rdtsc(program));
    ADD(kdio_program_out(program, PORT, 4, 0x12345678));          /* 14. */
    RUN(KDIO_DONE);
    assert_int_equal(kdio_program_done_count(program), 10);
    assert_int_equal(kdio_program_value(program, 0), 0);
    assert_int_equal(kdio_program_value(program, 1), 1);
    assert_int_equal(kdio_program_other(program, 1), 0x05);
    assert_int_equal(kdio_program_value(program, 2), 6);
    assert_int_equal(kdio_program_value(program, 4), 9);
    assert_int_equal(kdio_program_other(program, 4), 0);
    assert_int_equal(kdio_program_value(program, 5), 0); /* A table is no value. */
    assert_non_null(kdio_program_bytes(program, 5, &size));
    assert_int_equal(size, 6);
    assert_int_equal(unit_at(kdio_program_bytes(program, 5, &size), 2, 2), 13);
    assert_true(kdio_program_value(program, 8) > kdio_program_value(program, 6));
    assert_null(kdio_program_bytes(program, 0, &size));
    assert_int_equal(kdio_program_value(program, 10), 0);
    assert_null(kdio_program_bytes(program, 10, &size));
    assert_int_equal(peer.page->access_count, 15);
    assert_access(2, PORT, 1, true, 0x05);
    assert_access(7, 0x3d4, 1, false, 0);
    assert_access(8, 0x3d4, 1, true, 0x0e);
    assert_access(9, 0x3d6, 2, false, 0);
    assert_access(10, 0x3d4, 1, true, 7); /* What the index port held. */
    assert_access(14, PORT, 4, true, 0x12345678);
}

/* The library asks for it where the index can be read, and nowhere else. */
static void an_index_is_put_back_where_it_can_be_read(void **state)
{
    static const struct {
        struct kdio_index index;
        unsigned accesses;
    } rows[] = {
        { { .port = 0x70, .width = 1, .value = 0x0a, .data_port = 0x71 }, 2 },
        { { .port = 0x2e, .width = 1, .value = 0x20, .data_port = 0x2f }, 2 },
        { { .port = 0x2e, .width = 1, .value = 0x20, .data_port = 0x2f, .restore = true }, 4 },
        { { .port = 0x3c4, .width = 1, .value = 1, .data_port = 0x3c5 }, 4 },
        { { .port = 0xcf8, .width = 4, .value = 0x80000000, .data_port = 0xcfc }, 4 },
        { { .port = 0xcf8, .width = 1, .value = 1, .data_port = 0xcfc }, 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned before = peer.page->access_count;

        kdio_program_clear(program);
        ADD(kdio_program_index_out(program, &rows[i].index, 1, 0x5a));
        RUN(KDIO_DONE);
        assert_int_equal(peer.page->access_count - before, rows[i].accesses);
    }
}

/* Programs are of any length, with results of different sizes between. */
static void results_of_many_operations(void **state)
{
    unsigned access = 0;
    size_t size;

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        ADD(kdio_program_in(program, PORT, 4));
        if (i % 3 == 0)
            ADD(kdio_program_ins(program, PORT, 4, 1 + i % 7));
    }
    RUN(KDIO_DONE);
    for (size_t i = 0; i < kdio_program_count(program); i++) {
        const uint8_t *bytes = kdio_program_bytes(program, i, &size);

        if (!bytes)
            assert_int_equal(kdio_program_value(program, i), access++);
        for (size_t k = 0; bytes && k < size / 4; k++)
            assert_int_equal(unit_at(bytes, k, 4), access++);
    }
    assert_int_equal(peer.page->access_count, access);
}

static void a_program_runs_again(void **state)
{
    (void)state;
    ADD(kdio_program_in(program, PORT, 4));
    for (unsigned i = 0; i < 3; i++) {
        RUN(KDIO_DONE);
        assert_int_equal(kdio_program_value(program, 0), i);
    }
    ADD(kdio_program_ins(program, PORT, 4, 2));
    RUN(KDIO_DONE);
    assert_int_equal(kdio_program_value(program, 0), 3);
    kdio_program_clear(program);
    assert_int_equal(kdio_program_value(program, 0), 0);
    RUN(KDIO_DONE);
}

/* ---- What is no operation ---- */

static void bad_operands_leave_the_program_as_it_was(void **state)
{
    const struct kdio_pci_address function = { 0 }, strange = { .device = 32 };
    const struct kdio_index wide = { .port = 0x70, .width = 1, .value = 0x100, .data_port = 0x71 };
    const struct kdio_index odd = { .port = 0x71, .width = 2, .value = 1, .data_port = 0x72 };
    uint32_t value = 0;

    (void)state;
    assert_int_equal(kdio_program_rmw(program, PORT, 1, 0x100, 0), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_rmw(program, PORT, 2, 0, 0x10000), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_poll(program, PORT, 1, 0x1ff, 0, 1), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_poll(program, 0x10000, 1, 0xff, 0, 1), KDIO_BAD_PORT);
    assert_int_equal(kdio_program_check(program, 3, 0, 0), KDIO_BAD_WIDTH);
    assert_int_equal(kdio_program_check(program, 4, 0, 0x100000000), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_ins(program, PORT, 1, 0), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_ins(program, PORT + 1, 2, 1), KDIO_MISALIGNED);
    assert_int_equal(kdio_program_outs(program, PORT, 8, &value, 1), KDIO_BAD_WIDTH);
    assert_int_equal(kdio_program_outs(program, PORT, 4, &value, 0), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_repeat(program, PORT, 1, 0, 1), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_repeat(program, PORT, 1, 1, 0x100), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_index_in(program, &wide, 1), KDIO_BAD_VALUE);
    assert_int_equal(kdio_program_index_in(program, &odd, 1), KDIO_MISALIGNED);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_VIRTUAL, 0x1001, 2, 2), KDIO_MISALIGNED);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_VIRTUAL, 0x1000, 3, 3), KDIO_BAD_WIDTH);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_PHYSICAL, 0x1000, 4, 6), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_PHYSICAL, 0x1000, 0, 0), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_PHYSICAL, UINT64_MAX, 0, 2), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_pci_read(program, strange, 0, 4, 4), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_pci_read(program, function, 2, 4, 4), KDIO_MISALIGNED);
    assert_int_equal(kdio_program_pci_read(program, function, 0xffc, 4, 8), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_pci_read(program, function, 0x1000, 4, 4), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_program_pci_read(program, function, 0, 8, 8), KDIO_BAD_WIDTH);
    assert_int_equal(kdio_program_count(program), 0);
    assert_int_equal(kdio_program_read(program, KDIO_SPACE_VIRTUAL, UINT64_MAX, 0, 1), KDIO_DONE);
}

/* ---- Cuts ---- */

static void strings_larger_than_a_request(void **state)
{
    uint32_t values[5000];
    const uint8_t *bytes;
    size_t size;

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        values[i] = 0x1000000 + i;
    ADD(kdio_program_outs(program, PORT, 4, values, 5000));
    ADD(kdio_program_ins(program, PORT, 4, 1000));
    ADD(kdio_program_repeat(program, PORT, 1, 10000, 0x77));
    RUN(KDIO_DONE);
    assert_int_equal(kdio_program_done_count(program), 3);
    assert_int_equal(peer.page->access_count, 16000);
    for (unsigned i = 0; i < 5000; i++)
        assert_access(i, PORT, 4, true, 0x1000000 + i);
    bytes = kdio_program_bytes(program, 1, &size);
    assert_int_equal(size, 4000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(unit_at(bytes, i, 4), 5000 + i);
    for (unsigned i = 6000; i < 16000; i++)
        assert_access(i, PORT, 1, true, 0x77);
}

/* More of the same than one operation of the wire holds. */
static void a_count_of_more_than_16_bits(void **state)
{
    (void)state;
    ADD(kdio_program_repeat(program, PORT, 1, 200000, 0x77));
    RUN(KDIO_DONE);
    assert_int_equal(peer.page->access_count, 200000);
}

/* Every size from none to more than two requests, behind and before other operations. */
static void strings_of_every_size(void **state)
{
    size_t size;

    (void)state;
    for (unsigned count = 1; count < 700; count += count < 30 ? 1 : 13) {
        unsigned first = peer.page->access_count = 0;
        const uint8_t *bytes;

        kdio_program_clear(program);
        ADD(kdio_program_in(program, PORT, 2));
        ADD(kdio_program_ins(program, PORT, 1, count));
        ADD(kdio_program_in(program, PORT, 2));
        RUN(KDIO_DONE);
        assert_int_equal(kdio_program_value(program, 0), first);
        assert_int_equal(kdio_program_value(program, 2), first + 1 + count);
        bytes = kdio_program_bytes(program, 1, &size);
        assert_int_equal(size, count);
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(bytes[i], (uint8_t)(first + 1 + i));
    }
}

/* A CHECK finds its value wherever the cut lies between: so many operations before that it lies everywhere. */
static void a_check_finds_its_value_behind_a_cut(void **state)
{
    (void)state;
    for (unsigned before = 240; before < 280; before++) {
        peer.page->access_count = 0;
        kdio_program_clear(program);
        for (unsigned i = 0; i < before; i++)
            ADD(kdio_program_out(program, PORT + 8 * (i % 2), 2, i));
        ADD(kdio_program_in(program, PORT, 4));
        ADD(kdio_program_check(program, 4, 0xffffffff, before));
        ADD(kdio_program_out(program, PORT, 1, 1));
        RUN(KDIO_DONE);
        assert_int_equal(peer.page->access_count, before + 2);
        assert_int_equal(kdio_program_value(program, before), before);
    }
}

static void a_check_that_fails_stops_what_follows(void **state)
{
    const struct kdio_error *error;

    (void)state;
    ADD(kdio_program_in(program, PORT, 4));
    ADD(kdio_program_check(program, 4, 0xffffffff, 17));
    for (unsigned i = 0; i < 2000; i++)
        ADD(kdio_program_out(program, PORT, 1, 1));
    RUN(KDIO_NO_MATCH);
    error = kdio_target_error(target);
    assert_int_equal(error->index, 1);
    assert_int_equal(error->done_count, 1);
    assert_int_equal(error->address, 0);
    assert_text("checkd ffffffff 00000011: the value did not match: 0 was read last");
    assert_int_equal(peer.page->access_count, 1);
    assert_int_equal(kdio_program_done_count(program), 1);
    assert_int_equal(kdio_program_value(program, 0), 0);
}

/* A refusal by the stub in a request behind: all before it is done, and its results are there. */
static void a_refusal_behind_strings(void **state)
{
    const struct kdio_error *error;
    size_t size;

    (void)state;
    ADD(kdio_program_ins(program, PORT, 4, 300));
    ADD(kdio_program_outs(program, DENIED, 2, "abcd", 2));
    ADD(kdio_program_out(program, PORT, 1, 1));
    RUN(KDIO_DENIED);
    error = kdio_target_error(target);
    assert_int_equal(error->index, 1);
    assert_int_equal(error->port, DENIED);
    assert_int_equal(error->units_done, 0);
    assert_int_equal(error->outcome, KDIO_OUTCOME_NOT_DONE);
    assert_text("outsw 666 (2 accesses): refused by the stub: the port is on the deny list; not done");
    assert_in_range(kdio_program_done_count(program), 0, 1);
    assert_int_equal(error->done_count, kdio_program_done_count(program));
    (void)kdio_program_bytes(program, 0, &size);
    assert_int_equal(peer.page->access_count, size / 4);
}

static void an_atomic_program_is_never_cut(void **state)
{
    static const uint8_t values[3000];

    (void)state;
    ADD(kdio_program_ins(program, PORT, 4, 300));
    assert_int_equal(kdio_target_run(target, program, true), KDIO_TOO_LARGE);
    assert_text("bytes");
    kdio_program_clear(program);
    ADD(kdio_program_outs(program, PORT, 1, values, sizeof values));
    assert_int_equal(kdio_target_run(target, program, true), KDIO_TOO_LARGE);
    kdio_program_clear(program);
    ADD(kdio_program_delay(program, 900000));
    assert_int_equal(kdio_target_run(target, program, true), KDIO_TOO_LONG);
    assert_int_equal(peer.page->access_count, 0);
    kdio_program_clear(program);
    ADD(kdio_program_ins(program, PORT, 4, 20));
    assert_int_equal(kdio_target_run(target, program, true), KDIO_DONE);
    assert_int_equal(peer.page->access_count, 20);
}

/* ---- The wire ---- */

/* The short forms: two bytes an OUT of 8 bits to the same port or the next. */
static void outs_that_follow_each_other_are_short(void **state)
{
    struct wire before = wire_bytes();

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        ADD(kdio_program_out(program, PORT + i % 100, 1, i % 256));
    RUN(KDIO_DONE);
    assert_wire(before, 2150);
    for (unsigned i = 0; i < 1000; i++)
        assert_access(i, PORT + i % 100, 1, true, i % 256);
    kdio_program_clear(program);
    before = wire_bytes();
    for (unsigned i = 0; i < 1000; i++)
        ADD(kdio_program_out(program, PORT, 2, i));
    RUN(KDIO_DONE);
    assert_wire(before, 3150);
    for (unsigned i = 0; i < 1000; i++)
        assert_access(1000 + i, PORT, 2, true, i);
}

/* What the port is that a short form refers to: of each operation with one, and of none in the request before. */
static void short_forms_behind_every_kind_of_operation(void **state)
{
    const struct kdio_index index = { .port = 0x2e, .width = 1, .value = 1, .data_port = 0x2f };

    (void)state;
    ADD(kdio_program_index_out(program, &index, 1, 2)); /* 0, 1 */
    ADD(kdio_program_out(program, 0x2f, 1, 3));         /* 2 */
    ADD(kdio_program_out(program, 0x2e, 1, 4));         /* 3 */
    ADD(kdio_program_in(program, 0x80, 1));             /* 4 */
    ADD(kdio_program_out(program, 0x82, 2, 5));         /* 5 */
    ADD(kdio_program_out(program, 0x84, 2, 6));         /* 6 */
    ADD(kdio_program_ins(program, 0x88, 4, 2));         /* 7, 8 */
    ADD(kdio_program_out(program, 0x88, 1, 7));         /* 9 */
    ADD(kdio_program_out(program, 0x8c, 4, 8));         /* 10 */
    ADD(kdio_program_out(program, 0x88, 4, 9));         /* 11 */
    ADD(kdio_program_out(program, 0xffff, 1, 10));      /* 12 */
    ADD(kdio_program_out(program, 0x0, 1, 11));         /* 13 */
    RUN(KDIO_DONE);
    assert_access(2, 0x2f, 1, true, 3);
    assert_access(3, 0x2e, 1, true, 4);
    assert_access(5, 0x82, 2, true, 5);
    assert_access(6, 0x84, 2, true, 6);
    assert_access(9, 0x88, 1, true, 7);
    assert_access(10, 0x8c, 4, true, 8);
    assert_access(11, 0x88, 4, true, 9);
    assert_access(12, 0xffff, 1, true, 10);
    assert_access(13, 0x0, 1, true, 11);
}

static void different_values_to_one_port(void **state)
{
    struct wire before = wire_bytes();
    uint8_t values[1000];

    (void)state;
    for (unsigned i = 0; i < sizeof values; i++)
        values[i] = (uint8_t)(i * 7);
    ADD(kdio_program_outs(program, 0x80, 1, values, sizeof values));
    RUN(KDIO_DONE);
    assert_wire(before, 1100);
    assert_int_equal(peer.page->access_count, 1000);
}

static void writes_to_various_ports(void **state)
{
    struct wire before = wire_bytes();

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        ADD(kdio_program_out(program, PORT + i * 37 % 256, 1, i % 256));
    RUN(KDIO_DONE);
    assert_wire(before, 4150);
}

/* One operation a request, and still no round trip each. */
static void singly_is_one_operation_a_request(void **state)
{
    struct kdio_stub_stats before, after;

    (void)state;
    assert_int_equal(kdio_target_stub_stats(target, &before), KDIO_DONE);
    for (unsigned i = 0; i < 1000; i++)
        ADD(kdio_program_out(program, PORT, 4, i));
    assert_int_equal(kdio_target_run_singly(target, program), KDIO_DONE);
    assert_int_equal(kdio_target_stub_stats(target, &after), KDIO_DONE);
    assert_int_equal(after.requests - before.requests, 1001);
    assert_int_equal(after.operations - before.operations, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_access(i, PORT, 4, true, i);
}

static void a_large_stub_takes_large_requests(void **state)
{
    struct kdio_stub_stats before, after;
    static uint32_t values[20000];

    (void)state;
    assert_int_equal(kdio_target_stub_stats(target, &before), KDIO_DONE);
    ADD(kdio_program_outs(program, PORT, 4, values, 20000));
    RUN(KDIO_DONE);
    assert_int_equal(kdio_target_stub_stats(target, &after), KDIO_DONE);
    assert_int_equal(peer.page->access_count, 20000);
    assert_in_range(after.requests - before.requests, 1, 70); /* At 1024 bytes each it were 79. */
}

/* ---- Stopped on the way ---- */

static void a_poll_that_never_comes_true(void **state)
{
    uint64_t start_ms = now_ms();

    (void)state;
    ADD(kdio_program_out(program, PORT, 1, 1));
    ADD(kdio_program_poll(program, PORT, 4, 0x80000000, 0x80000000, 50000));
    ADD(kdio_program_out(program, PORT, 1, 2));
    RUN(KDIO_NO_MATCH);
    assert_in_range(now_ms() - start_ms, 50, FIXTURE_DEAD_MS);
    assert_int_equal(kdio_target_error(target)->index, 1);
    assert_int_equal(kdio_program_done_count(program), 1);
    assert_int_equal(kdio_program_value(program, 1), peer.page->access_count - 1);
    assert_int_equal(kdio_target_error(target)->address, peer.page->access_count - 1);
    assert_in_range(kdio_program_other(program, 1), 50000, 100000);
    assert_text("polld d00 80000000 80000000 50000 us: the value did not match: ");
}

/* It takes several times as long as a dead line does to be called dead. */
static void a_long_program_is_alive(void **state)
{
    uint64_t start_ms = now_ms();

    (void)state;
    ADD(kdio_program_delay(program, 2000000));
    ADD(kdio_program_out(program, PORT, 1, 1));
    RUN(KDIO_DONE);
    assert_in_range(now_ms() - start_ms, 2000, 3000);
}

/* The number done is known, and the device is left alone afterwards. */
static void assert_interrupted(size_t index)
{
    const struct kdio_error *error = kdio_target_error(target);

    assert_int_equal(error->status, KDIO_INTERRUPTED);
    assert_int_equal(error->outcome, KDIO_OUTCOME_NOT_DONE);
    assert_int_equal(error->index, index);
    assert_int_equal(error->done_count, index);
    assert_int_equal(kdio_program_done_count(program), index);
    interrupt_ms = 0;
}

static void an_interrupted_poll_is_cancelled(void **state)
{
    uint64_t start_ms = now_ms();
    unsigned count;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        ADD(kdio_program_out(program, PORT, 4, i));
    ADD(kdio_program_poll(program, PORT, 4, 0x80000000, 0x80000000, 60000000));
    for (unsigned i = 0; i < 2000; i++)
        ADD(kdio_program_out(program, PORT, 1, 1));
    interrupt_ms = start_ms + 1000;
    RUN(KDIO_INTERRUPTED);
    assert_in_range(now_ms() - start_ms, 1000, 1900);
    assert_interrupted(100);
    assert_text("polld d00 80000000 80000000 60000000 us: interrupted; it was read, without a match; not done");
    count = peer.page->access_count;
    assert_int_equal(kdio_out8(target, 0x80, 0x55), KDIO_DONE);
    assert_int_equal(peer.page->access_count, count + 1);
    assert_access(99, PORT, 4, true, 99);
}

/* Between two requests of the many that a string is. */
static void an_interrupted_string_tells_how_far_it_is(void **state)
{
    const struct kdio_error *error;
    uint32_t value;
    size_t size;

    (void)state;
    ADD(kdio_program_ins(program, PORT, 4, 5000000));
    interrupt_ms = now_ms() + 300;
    RUN(KDIO_INTERRUPTED);
    assert_interrupted(0);
    error = kdio_target_error(target);
    assert_in_range(error->units_done, 1, 4999999);
    assert_non_null(kdio_program_bytes(program, 0, &size));
    assert_int_equal(size, 4 * error->units_done);
    assert_int_equal(unit_at(kdio_program_bytes(program, 0, &size), error->units_done - 1, 4), error->units_done - 1);
    assert_int_equal(kdio_in(target, PORT, 4, &value), KDIO_DONE);
    assert_int_equal(value, error->units_done);
}

/* A line that is lost in the middle: known is what was answered, and resolved in operations of the program, not of the
 * wire, of which it has several times as many. */
static void assert_resolved(enum kdio_status expected)
{
    uint64_t end_ms = now_ms() + 5000;
    uint32_t done = 0;
    enum kdio_status status;

    peer.page->mute = false;
    do {
        status = kdio_target_resolve(target, &done);
    } while (status != expected && now_ms() < end_ms);
    assert_int_equal(status, expected);
    if (expected == KDIO_DONE)
        assert_int_equal(done, kdio_target_error(target)->done_count);
}

static void cut_operations_are_resolved_as_what_they_were(void **state)
{
    const struct kdio_error *error = kdio_target_error(target);
    unsigned known;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        ADD(kdio_program_ins(program, PORT, 4, 1000));
    peer.page->mute_after = 9000;
    RUN(KDIO_TIMEOUT);
    known = error->done_count;
    assert_int_equal(error->outcome, KDIO_OUTCOME_UNKNOWN);
    assert_in_range(known, 1, 9);
    assert_int_equal(error->index, known);
    assert_int_equal(kdio_program_done_count(program), known);
    assert_resolved(KDIO_DONE);
    assert_in_range(error->done_count, known, 19);
    assert_int_equal(error->done_count * 1000 + error->units_done, peer.page->access_count);
    assert_int_equal(kdio_out8(target, 0x80, 0x55), KDIO_DONE);
}

static void a_reset_in_the_middle_leaves_what_is_known(void **state)
{
    const struct kdio_error *error = kdio_target_error(target);
    unsigned known;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        ADD(kdio_program_ins(program, PORT, 4, 1000));
    peer.page->reset_after = 9000;
    RUN(KDIO_RESET);
    known = error->done_count;
    assert_int_equal(error->outcome, KDIO_OUTCOME_UNKNOWN);
    assert_in_range(known, 1, 9);
    assert_int_equal(kdio_program_done_count(program), known);
    assert_resolved(KDIO_RESET);
}

/* A sign of life tells more than the replies that came. */
static void a_reset_under_a_long_program(void **state)
{
    const struct kdio_error *error = kdio_target_error(target);

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        ADD(kdio_program_out(program, PORT, 4, i));
    ADD(kdio_program_delay(program, 3000000));
    ADD(kdio_program_out(program, PORT, 4, 1));
    reset_ms = now_ms() + 700;
    RUN(KDIO_RESET);
    assert_int_equal(error->outcome, KDIO_OUTCOME_UNKNOWN);
    assert_int_equal(error->index, 50);
    assert_int_equal(error->done_count, 50);
    assert_text("delay 3000000 us: the target was reset; whether it was done is unknown");
    assert_int_equal(kdio_program_done_count(program), 0); /* No results came. */
}

/* ---- What this stub does not have, and what is not to be done ---- */

static void what_the_stub_lacks_is_refused_before_a_byte_is_sent(void **state)
{
    struct wire before = wire_bytes();
    uint64_t value = 7;

    (void)state;
    assert_int_equal(kdio_rdmsr(target, 0x10, &value), KDIO_UNSUPPORTED);
    assert_int_equal(value, 7);
    assert_text("rdmsr 10: this stub has no operations on the processor; not done");
    ADD(kdio_program_out(program, PORT, 1, 1));
    ADD(kdio_program_read(program, KDIO_SPACE_PHYSICAL, 0x1000, 4, 8));
    RUN(KDIO_UNSUPPORTED);
    assert_int_equal(kdio_target_error(target)->index, 1);
    assert_text("read of 8 bytes in units of 4 at 1000 (physical): this stub has no operations on physical memory");
    assert_wire(before, 0);
    assert_int_equal(peer.page->access_count, 0);
}

static void the_uart_is_no_data_port(void **state)
{
    const struct kdio_index index = { .port = 0x2c, .width = 1, .value = 1, .data_port = 0x3f8 };
    struct wire before = wire_bytes();

    (void)state;
    ADD(kdio_program_out(program, PORT, 1, 1));
    ADD(kdio_program_index_in(program, &index, 1));
    RUN(KDIO_LINK_UART);
    kdio_program_clear(program);
    ADD(kdio_program_ins(program, 0x3fc, 4, 3));
    RUN(KDIO_LINK_UART);
    assert_wire(before, 0);
}

static void read_only_covers_all_that_changes(void **state)
{
    const struct kdio_index index = { .port = 0x70, .width = 1, .value = 1, .data_port = 0x71 };
    struct kdio_options options = options_for_tests();
    const uint8_t value = 1;

    (void)state;
    options.read_only = true;
    reopen(&options);
    for (unsigned i = 0; i < 5; i++) {
        kdio_program_clear(program);
        ADD(kdio_program_in(program, PORT, 1));
        if (i == 0)
            ADD(kdio_program_rmw(program, PORT, 1, 0xff, 0));
        else if (i == 1)
            ADD(kdio_program_index_in(program, &index, 1));
        else if (i == 2)
            ADD(kdio_program_outs(program, PORT, 1, &value, 1));
        else if (i == 3)
            ADD(kdio_program_repeat(program, PORT, 1, 1, 1));
        else
            ADD(kdio_program_out(program, PORT, 1, 1));
        RUN(KDIO_READ_ONLY);
        assert_int_equal(kdio_target_error(target)->index, 1);
    }
    assert_int_equal(peer.page->access_count, 0);
    kdio_program_clear(program);
    ADD(kdio_program_ins(program, PORT, 1, 3));
    ADD(kdio_program_poll(program, PORT, 1, 0, 0, 10));
    RUN(KDIO_DONE);
}

static void a_deny_list_covers_every_port_of_an_operation(void **state)
{
    static const struct kdio_port_span deny[] = { { 0x2f, 0x2f }, { 0x70, 0x70 } };
    const struct kdio_index by_index = { .port = 0x70, .width = 1, .value = 1, .data_port = 0x72 };
    const struct kdio_index by_data = { .port = 0x2e, .width = 1, .value = 1, .data_port = 0x2f };
    const struct kdio_index uart = { .port = 0x2c, .width = 1, .value = 1, .data_port = 0x3f8 };
    struct kdio_options options = options_for_tests();

    (void)state;
    options.deny = deny;
    options.deny_count = 2;
    reopen(&options);
    ADD(kdio_program_index_in(program, &by_index, 1));
    RUN(KDIO_DENIED);
    kdio_program_clear(program);
    ADD(kdio_program_index_in(program, &by_data, 1));
    RUN(KDIO_DENIED);
    kdio_program_clear(program);
    ADD(kdio_program_ins(program, 0x2c, 4, 2));
    RUN(KDIO_DENIED);
    kdio_program_clear(program);
    ADD(kdio_program_index_in(program, &uart, 1));
    RUN(KDIO_LINK_UART);
    assert_int_equal(peer.page->access_count, 0);
}

/* A stub that says that two operations are done, and gives the results of less or of more. */
static void results_that_cannot_be(void **state)
{
    static const struct { size_t size; bool possible; } rows[] = {
        { 0, false }, { 1, false }, { 2, true }, { 5, true }, { 10, true }, { 11, false },
    };
    static const uint8_t bytes[16] = { 1, 2, 3 };

    (void)state;
    ADD(kdio_program_in(program, PORT, 1));
    ADD(kdio_program_in(program, PORT, 1));
    ADD(kdio_program_ins(program, PORT, 1, 8));
    ADD(kdio_program_in(program, PORT, 1));
    RUN(KDIO_DONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kdio_flight flight = { .stretch = { .count = 4 }, .request = { .results_max = 16 } };
        struct kdio_host_event event = {
            .failure = { .status = KDIO_FAULT, .index = 2, .done = 2 }, .results = bytes, .results_size = rows[i].size,
        };

        target->running = program;
        target->failed = NULL;
        kdio_run_reply(target, &flight, &event);
        assert_ptr_equal(target->failed, &flight);
        assert_int_equal(flight.failure.status, rows[i].possible ? KDIO_FAULT : KDIO_BAD_REPLY);
        assert_int_equal(program->partial_size, rows[i].possible ? rows[i].size - 2 : 0);
    }
    target->running = NULL;
    target->failed = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_LINE(every_result_has_its_place),
        ON_A_LINE(an_index_is_put_back_where_it_can_be_read),
        ON_A_LINE(results_of_many_operations),
        ON_A_LINE(results_that_cannot_be),
        ON_A_LINE(a_program_runs_again),
        ON_A_LINE(bad_operands_leave_the_program_as_it_was),
        ON_A_LINE(strings_larger_than_a_request),
        ON_A_LINE(a_count_of_more_than_16_bits),
        ON_A_LINE(strings_of_every_size),
        ON_A_LINE(a_check_finds_its_value_behind_a_cut),
        ON_A_LINE(a_check_that_fails_stops_what_follows),
        ON_A_LINE(a_refusal_behind_strings),
        ON_A_LINE(an_atomic_program_is_never_cut),
        ON_A_LINE(outs_that_follow_each_other_are_short),
        ON_A_LINE(short_forms_behind_every_kind_of_operation),
        ON_A_LINE(different_values_to_one_port),
        ON_A_LINE(writes_to_various_ports),
        ON_A_LINE(singly_is_one_operation_a_request),
        ON_A_LARGE_STUB(a_large_stub_takes_large_requests),
        ON_A_LINE(a_poll_that_never_comes_true),
        ON_A_LINE(a_long_program_is_alive),
        ON_A_LINE(an_interrupted_poll_is_cancelled),
        ON_A_LINE(an_interrupted_string_tells_how_far_it_is),
        ON_A_LINE(cut_operations_are_resolved_as_what_they_were),
        ON_A_LINE(a_reset_in_the_middle_leaves_what_is_known),
        ON_A_LINE(a_reset_under_a_long_program),
        ON_A_LINE(the_uart_is_no_data_port),
        ON_A_BARE_STUB(what_the_stub_lacks_is_refused_before_a_byte_is_sent),
        ON_A_LINE(read_only_covers_all_that_changes),
        ON_A_LINE(a_deny_list_covers_every_port_of_an_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
