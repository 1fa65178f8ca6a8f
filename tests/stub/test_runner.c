/* SPDX-License-Identifier: MIT */
/* test_runner.c: programs as a whole: refusals, slices, cancellation, interrupts off, and the line meanwhile. */
#include "tests/unit/unit.h"

#include "tests/stub/target.h"

static struct target target;

static int start(void **state)
{
    (void)state;
    target_reset(&target);
    target_start(&target);
    (void)target_log(&target);
    return 0;
}

/* With what was changed in target.config. */
static void start_again(void)
{
    target_start(&target);
    (void)target_log(&target);
}

static void refused_at(enum kdio_status status, unsigned index, bool atomic)
{
    assert_int_equal(atomic ? target_run_atomic(&target) : target_run(&target), status);
    assert_string_equal(target_log(&target), "");
    assert_int_equal(target.run.failure.index, index);
    assert_int_equal(target.run.failure.done, 0);
    assert_int_equal(target.run.counted, 0);
    assert_int_equal(target_results_size(&target), 0);
}

static void refused(enum kdio_status status)
{
    refused_at(status, 0, false);
}

/* ---- P4: refusals ---- */

static void form_before_limits_before_policy(void **state)
{
    (void)state;
    ADD(&target, OUT8, TARGET_UART_PORT, 1); /* LINK_UART */
    ADD(&target, OUT8, 0x80, 1);
    ADD(&target, POLL8, 0x80, 1, 1, 2000); /* TOO_LONG */
    ADD(&target, INS8, 0x80, 0); /* BAD_OPERAND */
    refused_at(KDIO_BAD_OPERAND, 3, true);
    ADD(&target, OUT8, TARGET_UART_PORT, 1);
    ADD(&target, POLL8, 0x80, 1, 1, 2000);
    assert_int_equal(target_run_atomic(&target), KDIO_TOO_LONG);
    assert_string_equal(target_log(&target), "");
    ADD(&target, OUT8, 0x80, 1);
    ADD(&target, OUT8, TARGET_UART_PORT, 1);
    ADD(&target, POLL8, 0x80, 1, 1, 200);
    refused_at(KDIO_LINK_UART, 1, true);
}

static void unknown_and_empty_programs(void **state)
{
    (void)state;
    refused(KDIO_MALFORMED);
    ADD(&target, OUT8, 0x80, 1);
    kdio_write_uint(&target.writer, 1, 0xee);
    refused_at(KDIO_UNSUPPORTED, 1, false);
}

/* ---- P5: atomic programs ---- */

/* The table's times, the operands' own, and so much for each unit. */
static void the_time_of_an_atomic_program_is_computed(void **state)
{
    (void)state;
    ADD(&target, DELAY, 999);
    assert_int_equal(target_run_atomic(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, DELAY, 1000);
    refused_at(KDIO_TOO_LONG, 0, true);
    ADD(&target, DELAY, UINT32_MAX);
    ADD(&target, DELAY, UINT32_MAX); /* The sum stays at its end. */
    refused_at(KDIO_TOO_LONG, 1, true);
    ADD(&target, POLL8, 0x80, 0, 0, 980);
    assert_int_equal(target_run_atomic(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, POLL8, 0x80, 0, 0, 981);
    refused_at(KDIO_TOO_LONG, 0, true);
    ADD(&target, INS8, 0x80, 495);
    assert_int_equal(target_run_atomic(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, REPEAT8, 0x80, 496, 1);
    refused_at(KDIO_TOO_LONG, 0, true);
    ADD(&target, INDEX_IN8, 0x70, 0, 1, 0x71);
    ADD(&target, DELAY, 960);
    refused_at(KDIO_TOO_LONG, 1, true);
}

static void an_atomic_program_runs_whole(void **state)
{
    (void)state;
    target.config.atomic_max_us = 100000;
    start_again();
    target.access_ns = 3000;
    ADD(&target, INS8, TARGET_COUNTER_PORT, 2000);
    ADD(&target, RMW8, 0x80, 0xff, 1);
    ADD(&target, DELAY, 5000);
    ADD(&target, INDEX_OUT8, 0x70, 0, 1, 0x71, 2);
    assert_int_equal(target_begin(&target, true), KDIO_DONE);
    assert_true(target_go(&target));
    assert_int_equal(target.run.failure.status, KDIO_DONE);
    assert_memory_equal(target_log(&target), "off in8(300)=1 in8(300)=2 ", 26);
    assert_in_range(target.stub->atomic_us_max, 11000, 12000);
}

/* The one "off" is the first word, the one "on" the last. */
static void interrupts_are_off_once(void **state)
{
    (void)state;
    ADD(&target, RMW8, 0x80, 0, 1);
    ADD(&target, INDEX_IN8, 0x70, 0, 1, 0x71);
    ADD(&target, CHECK8, 1, 1);
    assert_int_equal(target_run_atomic(&target), KDIO_NO_MATCH);
    assert_string_equal(target_log(&target), "off in8(80)=0 out8(80,1) out8(70,1) in8(71)=0 on");
    assert_int_equal(target.run.failure.done, 2);
}

static void the_longest_time_off_is_kept(void **state)
{
    (void)state;
    ADD(&target, INDEX_IN8, 0x3d4, KDIO_INDEX_RESTORE, 1, 0x3d5);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_in_range(target.stub->atomic_us_max, 4, 6);
    ADD(&target, DELAY, 100);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_in_range(target.stub->atomic_us_max, 4, 6);
    ADD(&target, DELAY, 100);
    assert_int_equal(target_run_atomic(&target), KDIO_DONE);
    assert_in_range(target.stub->atomic_us_max, 100, 110);
}

/* ---- P5: plain programs give way ---- */

static void a_long_operation_takes_slices(void **state)
{
    unsigned slices = 0;
    uint64_t from_ns;

    (void)state;
    ADD(&target, DELAY, 100000);
    ADD(&target, OUT8, 0x80, 1);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    do {
        from_ns = target.now_ns;
        slices++;
    } while (!target_go(&target) && target.now_ns - from_ns <= 1100000);
    assert_in_range(slices, 90, 110);
    assert_int_equal(target.run.failure.done, 2);
    assert_string_equal(target_log(&target), "out8(80,1)");
}

static void the_slice_is_the_kernels_choice(void **state)
{
    uint64_t from_ns;

    (void)state;
    target.config.slice_us = 20;
    start_again();
    ADD(&target, INS8, TARGET_COUNTER_PORT, 1000);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    from_ns = target.now_ns;
    assert_false(target_go(&target));
    assert_in_range(target.now_ns - from_ns, 20000, 60000);
    while (!target_go(&target))
        continue;
    assert_int_equal(target.counter, 1000);
    assert_int_equal(target_result(&target, 999, 1), 1000 & 0xff);
}

/* The kernel never comes between two operations: they may be an index and its data. */
static void short_operations_stay_together(void **state)
{
    (void)state;
    target.config.slice_us = 1;
    start_again();
    target.ready_at_us = target.now_ns / 1000 + 20;
    ADD(&target, POLL8, TARGET_STATUS_PORT, 0x40, 0x40, 100);
    for (unsigned i = 0; i < 1000; i++)
        ADD(&target, OUT8, 0x80 + i % 2, 1);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    while (!target_go(&target))
        assert_null(strstr(target_log(&target), "out8"));
    assert_int_equal(target.run.failure.done, 1001);
}

/* ---- Cancellation ---- */

static void cancelled_in_a_poll(void **state)
{
    (void)state;
    ADD(&target, IN8, 0x80);
    ADD(&target, POLL8, TARGET_STATUS_PORT, 1, 1, 10000000);
    ADD(&target, OUT8, 0x80, 1);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    assert_false(target_go(&target));
    (void)target_log(&target);
    target.run.cancelled = true;
    assert_true(target_go(&target));
    assert_string_equal(target_log(&target), "");
    assert_int_equal(target.run.failure.status, KDIO_CANCELLED);
    assert_int_equal(target.run.failure.index, 1);
    assert_int_equal(target.run.failure.done, 1);
    assert_int_equal(target_results_size(&target), 1);
}

/* What was read is told. */
static void cancelled_in_a_string(void **state)
{
    (void)state;
    ADD(&target, OUT8, 0x80, 1);
    ADD(&target, INS16, TARGET_COUNTER_PORT, 5000);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    assert_false(target_go(&target));
    target.run.cancelled = true;
    assert_true(target_go(&target));
    assert_int_equal(target.run.failure.status, KDIO_CANCELLED);
    assert_int_equal(target.run.failure.done, 1);
    assert_in_range(target.counter, 16, 1100);
    assert_int_equal(target_results_size(&target), 2 * target.counter);
    assert_int_equal(target_result(&target, 2 * (target.counter - 1), 2), target.counter);
}

static void cancelled_before_the_first_step(void **state)
{
    (void)state;
    ADD(&target, OUT8, 0x80, 1);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    target.run.cancelled = true;
    assert_true(target_go(&target));
    assert_string_equal(target_log(&target), "");
    assert_int_equal(target.run.failure.status, KDIO_CANCELLED);
    assert_int_equal(target.run.failure.index, 0);
    assert_int_equal(target.run.failure.done, 0);
}

/* ---- L7: the line meanwhile ---- */

static void run_on_a_busy_line(uint32_t byte_ns, uint8_t opcode, const uint64_t *operand, const uint8_t *bytes)
{
    uint64_t from_ns;

    target_reset(&target);
    target.byte_ns = byte_ns;
    target_start(&target);
    (void)target_log(&target);
    from_ns = target.now_ns;
    target_add(&target, opcode, operand, bytes);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    while (!target_go(&target))
        target.log_size = 0;
    assert_int_equal(target.overruns, 0);
    assert_true(target.received + KDIO_UART_FIFO_SIZE >= (target.now_ns - from_ns) / byte_ns);
}

/* 3 Mbaud: a byte each 3.3 us, and accesses that take 1 us, to the UART too. */
static void no_operation_lets_the_fifo_overrun(void **state)
{
    static uint8_t table[4000];

    (void)state;
    for (uint32_t byte_ns = 3333; byte_ns < 400000; byte_ns *= 3) {
        run_on_a_busy_line(byte_ns, KDIO_OP_INS8, OPERANDS(TARGET_COUNTER_PORT, 4000), NULL);
        run_on_a_busy_line(byte_ns, KDIO_OP_OUTS8, OPERANDS(0x80, sizeof table), table);
        run_on_a_busy_line(byte_ns, KDIO_OP_REPEAT16, OPERANDS(0x80, 4000, 1), NULL);
        run_on_a_busy_line(byte_ns, KDIO_OP_DELAY, OPERANDS(5000), NULL);
        run_on_a_busy_line(byte_ns, KDIO_OP_POLL8, OPERANDS(0x80, 1, 1, 5000), NULL);
    }
}

static void short_operations_drain_too(void **state)
{
    (void)state;
    target_reset(&target);
    target.byte_ns = 3333;
    target_start(&target);
    for (unsigned i = 0; i < 250; i++) {
        ADD(&target, INDEX_OUT8, 0x3d4, KDIO_INDEX_RESTORE, 1, 0x3d5, 2);
        ADD(&target, RMW8, 0x80, 0xff, 1);
        ADD(&target, IN8, 0x80);
    }
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_int_equal(target.overruns, 0);
    assert_true(target.received > 500);
}

/* ---- Policy ---- */

static void the_links_own_uart(void **state)
{
    (void)state;
    ADD(&target, IN8, TARGET_UART_PORT + 7);
    refused(KDIO_LINK_UART);
    ADD(&target, IN32, TARGET_UART_PORT + 4);
    refused(KDIO_LINK_UART);
    ADD(&target, INDEX_IN8, TARGET_UART_PORT, 0, 1, 0x80);
    refused(KDIO_LINK_UART);
    ADD(&target, INDEX_OUT8, 0x80, 0, 1, TARGET_UART_PORT + 1, 2);
    refused(KDIO_LINK_UART);
    ADD(&target, INDEX_IN8, TARGET_UART_PORT - 2, 1, 1, 0x80); /* Two bytes below it. */
    ADD(&target, IN8, TARGET_UART_PORT + 8);
    assert_int_equal(target_run(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, OUT8, TARGET_UART_PORT - 1, 1);
    ADD(&target, OUT_NEXT8, 1);
    refused_at(KDIO_LINK_UART, 1, false);
    ADD(&target, REPEAT8, TARGET_UART_PORT, 1, 1);
    refused(KDIO_LINK_UART);
    ADD(&target, POLL8, TARGET_UART_PORT + 5, 1, 1, 1);
    refused(KDIO_LINK_UART);
}

static void denied_ports(void **state)
{
    static const struct kdio_port_range deny[] = { { 0x70, 0x71 }, { 0x600, 0x60f } };

    (void)state;
    target.config.deny = deny;
    target.config.deny_count = 2;
    start_again();
    ADD(&target, INDEX_IN8, 0x70, 0, 1, 0x80);
    refused(KDIO_DENIED);
    ADD(&target, INDEX_IN8, 0x80, 0, 1, 0x71);
    refused(KDIO_DENIED);
    ADD(&target, INDEX_IN8, 0x6c, 2, 1, 0x72);
    ADD(&target, INS32, 0x5fc, 1);
    assert_int_equal(target_run(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, RMW16, 0x60e, 0, 0);
    refused(KDIO_DENIED);
    ADD(&target, OUT8, 0x5ff, 1);
    ADD(&target, OUT_NEXT8, 1);
    refused_at(KDIO_DENIED, 1, false);
}

/* In the profile `safe`, what cannot be known not to be the command that resets is refused. */
static void the_keyboard_controllers_reset(void **state)
{
    const uint8_t harmless[] = { 0xaa };

    (void)state;
    target.config.deny_safe = true;
    start_again();
    ADD(&target, OUT8, 0x64, 0xfe);
    refused(KDIO_DENIED);
    ADD(&target, REPEAT8, 0x64, 3, 0xfe);
    refused(KDIO_DENIED);
    ADD_TABLE(&target, OUTS8, harmless, 0x64, 1);
    refused(KDIO_DENIED);
    ADD(&target, RMW8, 0x64, 0, 0xaa);
    refused(KDIO_DENIED);
    ADD(&target, INDEX_IN8, 0x64, 0, 0xfe, 0x60);
    refused(KDIO_DENIED);
    ADD(&target, INDEX_IN8, 0x64, KDIO_INDEX_RESTORE, 0x20, 0x60); /* What is put back is what status says. */
    refused(KDIO_DENIED);
    ADD(&target, INDEX_OUT8, 0x80, 0, 1, 0x64, 0xfe);
    refused(KDIO_DENIED);
    ADD(&target, REPEAT8, 0x64, 2, 0xaa);
    ADD(&target, INDEX_IN8, 0x64, 0, 0x20, 0x60);
    ADD(&target, INS8, 0x64, 3);
    ADD(&target, POLL8, 0x64, 2, 0, 10);
    assert_int_equal(target_run(&target), KDIO_DONE);
}

static void other_ports_of_profile_safe(void **state)
{
    (void)state;
    target.config.deny_safe = true;
    target.config.pm1_control[0] = 0x404;
    start_again();
    ADD(&target, OUT32, 0xcf8, 0x80000000);
    ADD(&target, INDEX_IN32, 0xcf8, 2 | KDIO_INDEX_RESTORE, 0x80000000, 0xcfc);
    assert_int_equal(target_run(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, OUT8, 0xcf8, 1);
    ADD(&target, OUT_NEXT8, 6);
    refused_at(KDIO_DENIED, 1, false);
    ADD(&target, INDEX_OUT8, 0xb2, 0, 1, 0xb3, 1);
    refused(KDIO_DENIED);
    ADD(&target, INDEX_OUT8, 0xb0, 0, 1, 0x92, 1);
    refused(KDIO_DENIED);
    ADD(&target, RMW16, 0x404, 0xffff, 0x2000);
    refused(KDIO_DENIED);
}

static void read_only_refuses_what_changes(void **state)
{
    static const uint8_t changing[] = { KDIO_OP_OUT8, KDIO_OP_RMW8, KDIO_OP_INDEX_IN8, KDIO_OP_INDEX_OUT8,
                                        KDIO_OP_OUTS8, KDIO_OP_REPEAT8 };
    static const uint8_t table[0x101];

    (void)state;
    target.config.read_only = true;
    start_again();
    for (size_t i = 0; i < sizeof changing; i++) {
        target_add(&target, changing[i], OPERANDS(0x80, 1, 1, 0x80, 1), table);
        refused(KDIO_READ_ONLY);
    }
    ADD(&target, IN8, 0x80);
    ADD(&target, OUT_SAME8, 1);
    refused_at(KDIO_READ_ONLY, 1, false);
    ADD(&target, OUT8, TARGET_UART_PORT, 1);
    refused(KDIO_LINK_UART);
    ADD(&target, IN8, 0x80);
    ADD(&target, INS8, 0x80, 3);
    ADD(&target, POLL8, 0x80, 0, 0, 0);
    ADD(&target, CHECK8, 0, 0);
    ADD(&target, DELAY, 1);
    ADD(&target, RDTSC);
    assert_int_equal(target_run(&target), KDIO_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(form_before_limits_before_policy, start),
        cmocka_unit_test_setup(unknown_and_empty_programs, start),
        cmocka_unit_test_setup(the_time_of_an_atomic_program_is_computed, start),
        cmocka_unit_test_setup(an_atomic_program_runs_whole, start),
        cmocka_unit_test_setup(interrupts_are_off_once, start),
        cmocka_unit_test_setup(the_longest_time_off_is_kept, start),
        cmocka_unit_test_setup(a_long_operation_takes_slices, start),
        cmocka_unit_test_setup(the_slice_is_the_kernels_choice, start),
        cmocka_unit_test_setup(short_operations_stay_together, start),
        cmocka_unit_test_setup(cancelled_in_a_poll, start),
        cmocka_unit_test_setup(cancelled_in_a_string, start),
        cmocka_unit_test_setup(cancelled_before_the_first_step, start),
        cmocka_unit_test_setup(no_operation_lets_the_fifo_overrun, start),
        cmocka_unit_test_setup(short_operations_drain_too, start),
        cmocka_unit_test_setup(the_links_own_uart, start),
        cmocka_unit_test_setup(denied_ports, start),
        cmocka_unit_test_setup(the_keyboard_controllers_reset, start),
        cmocka_unit_test_setup(other_ports_of_profile_safe, start),
        cmocka_unit_test_setup(read_only_refuses_what_changes, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
