/* SPDX-License-Identifier: MIT */
/* test_operations.c: each operation on ports, on the machine of target.h: what it does there, and what it answers. */
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

static uint64_t detail(void)
{
    return target.run.failure.detail | (uint64_t)target.run.failure.detail_high << 32;
}

/* Refused as it stands, with nothing touched. */
static void refused(enum kdio_status status)
{
    assert_int_equal(target_run(&target), status);
    assert_string_equal(target_log(&target), "");
    assert_int_equal(target.run.failure.done, 0);
    assert_int_equal(target_results_size(&target), 0);
}

/* ---- IN and OUT, and the short forms ---- */

static void one_access_of_each_width(void **state)
{
    (void)state;
    ADD(&target, OUT8, 0x81, 0x55);
    ADD(&target, OUT16, 0x82, 0xabcd);
    ADD(&target, OUT32, 0xfffc, 0x12345678);
    ADD(&target, IN8, 0x81);
    ADD(&target, IN16, 0x82);
    ADD(&target, IN32, 0xfffc);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "out8(81,55) out16(82,abcd) out32(fffc,12345678) in8(81)=55 in16(82)=abcd "
                                             "in32(fffc)=12345678");
    assert_int_equal(target_results_size(&target), 7);
    assert_int_equal(target_result(&target, 3, 4), 0x12345678);
}

static void the_same_port_and_the_next(void **state)
{
    (void)state;
    ADD(&target, IN8, 0x80);
    ADD(&target, OUT_SAME8, 1);
    ADD(&target, OUT_NEXT8, 2);
    ADD(&target, OUT_NEXT16, 3); /* 81 + 2 would be odd. */
    refused(KDIO_MISALIGNED);
    ADD(&target, IN8, 0x80);
    ADD(&target, OUT_SAME16, 1);
    ADD(&target, OUT_NEXT16, 2);
    ADD(&target, OUT_NEXT8, 3);
    ADD(&target, OUT_SAME8, 4);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "in8(80)=0 out16(80,1) out16(82,2) out8(83,3) out8(83,4)");
}

static void the_last_port_of_each_operation(void **state)
{
    const uint8_t table[] = { 1 };

    (void)state;
    ADD(&target, INDEX_IN8, 0x74, 0, 5, 0x76);
    ADD(&target, OUT_SAME8, 1);
    ADD(&target, REPEAT8, 0x90, 1, 2);
    ADD(&target, CHECK8, 0, 0);
    ADD(&target, DELAY, 0);
    ADD(&target, OUT_NEXT8, 3);
    ADD_TABLE(&target, OUTS8, table, 0xa0, 1);
    ADD(&target, OUT_SAME32, 4);
    ADD(&target, RMW8, 0xb0, 0, 0);
    ADD(&target, OUT_SAME8, 5);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off out8(74,5) in8(76)=0 on out8(76,1) out8(90,2) out8(91,3) out8(a0,1) "
                                             "out32(a0,4) off in8(b0)=0 out8(b0,0) on out8(b0,5)");
}

static void a_short_form_needs_a_port_before_it(void **state)
{
    (void)state;
    ADD(&target, IN8, 0x80);
    assert_int_equal(target_run(&target), KDIO_DONE);
    (void)target_log(&target);
    ADD(&target, DELAY, 1);
    ADD(&target, OUT_SAME8, 1);
    refused(KDIO_MALFORMED);
    assert_int_equal(target.run.failure.index, 1);
    ADD(&target, OUT_NEXT32, 1);
    refused(KDIO_MALFORMED);
}

static void the_next_port_ends_at_ffff(void **state)
{
    (void)state;
    ADD(&target, OUT8, 0xfffe, 1);
    ADD(&target, OUT_NEXT8, 2);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "out8(fffe,1) out8(ffff,2)");
    ADD(&target, OUT8, 0xfffe, 1);
    ADD(&target, OUT_NEXT8, 2);
    ADD(&target, OUT_NEXT8, 3);
    refused(KDIO_BAD_PORT);
    assert_int_equal(target.run.failure.index, 2);
    ADD(&target, OUT32, 0xfffc, 1);
    ADD(&target, OUT_NEXT32, 2);
    refused(KDIO_BAD_PORT);
}

/* ---- RMW ---- */

static void modifies_with_interrupts_off(void **state)
{
    (void)state;
    target.ports[0x80] = 0xa5;
    ADD(&target, RMW8, 0x80, 0x0f, 0x30);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off in8(80)=a5 out8(80,35) on");
    assert_int_equal(target_result(&target, 0, 1), 0xa5);
    assert_int_equal(target_result(&target, 1, 1), 0x35);
    ADD(&target, RMW32, 0x80, 0xffffffff, 0xf0000000);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off in32(80)=35 out32(80,f0000035) on");
    assert_int_equal(target_result(&target, 4, 4), 0xf0000035);
}

/* ---- POLL ---- */

static void polls_until_it_matches(void **state)
{
    (void)state;
    target.ready_at_us = target.now_ns / 1000 + 5;
    ADD(&target, POLL8, TARGET_STATUS_PORT, 0xc0, 0x40, 100);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_non_null(strstr(target_log(&target), "in8(310)=80 in8(310)=40"));
    assert_int_equal(target_results_size(&target), 5);
    assert_int_equal(target_result(&target, 0, 1), 0x40);
    assert_in_range(target_result(&target, 1, 4), 3, 6);
    assert_int_equal(target.run.failure.done, 1);
}

static void a_poll_reads_once_at_least(void **state)
{
    (void)state;
    target.ports[0x80] = 7;
    ADD(&target, POLL8, 0x80, 0xff, 7, 0);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "in8(80)=7");
    assert_int_equal(target_result(&target, 1, 4), 0);
    ADD(&target, POLL8, 0x80, 0xff, 8, 0);
    assert_int_equal(target_run(&target), KDIO_NO_MATCH);
    assert_string_equal(target_log(&target), "in8(80)=7");
}

static void a_poll_in_vain_gives_value_and_time(void **state)
{
    (void)state;
    target.ports[0x83] = 0x12;
    ADD(&target, IN8, 0x83);
    ADD(&target, POLL32, 0x80, 0xffffffff, 0x13000000, 50);
    ADD(&target, OUT8, 0x90, 1);
    assert_int_equal(target_run(&target), KDIO_NO_MATCH);
    assert_null(strstr(target_log(&target), "out8"));
    assert_int_equal(target.run.failure.index, 1);
    assert_int_equal(target.run.failure.done, 1);
    assert_int_equal(target.run.counted, 1);
    assert_int_equal(detail(), 0x12000000);
    assert_int_equal(target_results_size(&target), 9);
    assert_int_equal(target_result(&target, 1, 4), 0x12000000);
    assert_in_range(target_result(&target, 5, 4), 50, 55);
}

/* 71 minutes, of which each slice is a tiny part. */
static void the_longest_poll_ends(void **state)
{
    (void)state;
    ADD(&target, POLL16, TARGET_STATUS_PORT, 1, 1, UINT32_MAX);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    assert_false(target_go(&target));
    assert_int_equal(target.run.failure.done, 0);
    target.now_ns += UINT64_C(4294967294) * 1000;
    (void)target_log(&target);
    assert_true(target_go(&target));
    assert_int_equal(target.run.failure.status, KDIO_NO_MATCH);
    assert_int_equal(target_result(&target, 2, 4), UINT32_MAX);
}

/* A kernel that comes back late takes nothing away: there is a reading after the limit. */
static void a_late_kernel_costs_no_reading(void **state)
{
    (void)state;
    target.ready_at_us = target.now_ns / 1000 + 50000;
    ADD(&target, POLL8, TARGET_STATUS_PORT, 0x40, 0x40, 10000);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    assert_false(target_go(&target));
    target.now_ns += 60000000;
    assert_true(target_go(&target));
    assert_int_equal(target.run.failure.status, KDIO_DONE);
}

/* ---- CHECK ---- */

static void checks_what_was_read_last(void **state)
{
    (void)state;
    target.ports[0x80] = 0xa5;
    ADD(&target, IN8, 0x80);
    ADD(&target, OUT8, 0x90, 0x11);
    ADD(&target, CHECK8, 0xf0, 0xa0);
    ADD(&target, CHECK16, 0xffff, 0x00a5);
    ADD(&target, CHECK64, UINT64_MAX, 0xa5);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_int_equal(target_results_size(&target), 1);
    ADD(&target, CHECK32, 0xff, 0xa4);
    ADD(&target, OUT8, 0x90, 1);
    (void)target_log(&target);
    assert_int_equal(target_run(&target), KDIO_NO_MATCH);
    assert_string_equal(target_log(&target), "");
    assert_int_equal(detail(), 0xa5);
    assert_int_equal(target.run.failure.index, 0);
}

/* Each operation that reads leaves its value. */
static void what_leaves_a_value(void **state)
{
    (void)state;
    target.ports[0x80] = 0x0f;
    target.ports[0x84] = 0x44;
    ADD(&target, RMW8, 0x80, 0xf0, 0x70);
    ADD(&target, CHECK32, UINT32_MAX, 0x70);
    ADD(&target, POLL8, 0x84, 0x44, 0x44, 0);
    ADD(&target, CHECK32, UINT32_MAX, 0x44);
    ADD(&target, INDEX_IN8, 0x86, 0, 1, 0x80);
    ADD(&target, CHECK32, UINT32_MAX, 0x70);
    ADD(&target, INDEX_OUT8, 0x86, 0, 1, 0x80, 0x99);
    ADD(&target, CHECK32, UINT32_MAX, 0x70);
    ADD(&target, INS16, TARGET_COUNTER_PORT, 5);
    ADD(&target, CHECK32, UINT32_MAX, 5);
    assert_int_equal(target_run(&target), KDIO_DONE);
    ADD(&target, RDTSC);
    ADD(&target, CHECK64, 0, 0);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_int_equal(target.stub->last, target_result(&target, 0, 8));
}

static void the_value_is_kept_from_request_to_request_of_a_session(void **state)
{
    (void)state;
    target.ports[0x80] = 0x5a;
    ADD(&target, IN8, 0x80);
    assert_int_equal(target_run(&target), KDIO_DONE);
    ADD(&target, CHECK8, 0xff, 0x5a);
    assert_int_equal(target_run(&target), KDIO_DONE);
    target.stub->link.current.expected = 0;
    ADD(&target, SESSION);
    assert_int_equal(target_run(&target), KDIO_DONE);
    ADD(&target, CHECK8, 0xff, 0);
    assert_int_equal(target_run(&target), KDIO_DONE);
}

/* ---- INDEX_IN, INDEX_OUT ---- */

static void an_index_and_its_data(void **state)
{
    (void)state;
    target.ports[0x71] = 0x26;
    ADD(&target, INDEX_IN8, 0x70, 0, 0x8a, 0x71);
    ADD(&target, INDEX_OUT16, 0xcf8, 2, 0x80000004, 0xcfe, 0x1234);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off out8(70,8a) in8(71)=26 on "
                                             "off out32(cf8,80000004) out16(cfe,1234) on");
    assert_int_equal(target_results_size(&target), 1);
    assert_int_equal(target_result(&target, 0, 1), 0x26);
}

static void an_index_is_put_back(void **state)
{
    (void)state;
    target.ports[0x3d4] = 0x0e;
    target.ports[0x3d5] = 0x77;
    ADD(&target, INDEX_IN8, 0x3d4, KDIO_INDEX_RESTORE, 9, 0x3d5);
    ADD(&target, INDEX_OUT8, 0x3d4, KDIO_INDEX_RESTORE | 1, 9, 0x3d5, 0x55);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off in8(3d4)=e out8(3d4,9) in8(3d5)=77 out8(3d4,e) on "
                                             "off in16(3d4)=770e out16(3d4,9) out8(3d5,55) out16(3d4,770e) on");
}

static void start_with_cmos_index(void)
{
    target_reset(&target);
    target.config.cmos_index = &target.cmos_index;
    target_start(&target);
    (void)target_log(&target);
}

/* Port 70 cannot be read: the kernel's word is taken for it, whatever the flags say. */
static void the_nmi_bit_is_kept(void **state)
{
    (void)state;
    start_with_cmos_index();
    target.cmos_index = 0x8f;
    ADD(&target, INDEX_IN8, 0x70, 0, 0x0a, 0x71);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off out8(70,8a) in8(71)=0 out8(70,8f) on");
    target.cmos_index = 0x0d;
    ADD(&target, INDEX_OUT8, 0x70, KDIO_INDEX_RESTORE, 0x8a, 0x71, 0x26);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off out8(70,a) out8(71,26) out8(70,d) on");
}

static void the_nmi_bit_is_of_port_70_alone(void **state)
{
    (void)state;
    start_with_cmos_index();
    target.cmos_index = 0x8f;
    ADD(&target, INDEX_IN8, 0x72, 0, 0x0a, 0x73);
    ADD(&target, INDEX_IN8, 0x70, 1, 0x0a, 0x73);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "off out8(72,a) in8(73)=0 on off out16(70,a) in8(73)=0 on");
}

static void bad_index_operands(void **state)
{
    (void)state;
    ADD(&target, INDEX_IN8, 0x70, 3, 1, 0x71);
    refused(KDIO_BAD_OPERAND);
    for (uint64_t flag = KDIO_INDEX_FLAGS + 1; flag <= 0x80; flag <<= 1) {
        ADD(&target, INDEX_IN8, 0x70, flag, 1, 0x71);
        refused(KDIO_BAD_OPERAND);
    }
    ADD(&target, INDEX_IN8, 0x70, 0, 0x100, 0x71);
    refused(KDIO_BAD_OPERAND);
    ADD(&target, INDEX_OUT8, 0x70, 1, 0x10000, 0x71, 1);
    refused(KDIO_BAD_OPERAND);
    ADD(&target, INDEX_IN8, 0xcf9, 1, 1, 0x71);
    refused(KDIO_MISALIGNED);
    ADD(&target, INDEX_IN8, 0xfffd, 2, 1, 0x71);
    refused(KDIO_BAD_PORT);
    ADD(&target, INDEX_IN32, 0xcf8, 2, 1, 0xcfd);
    refused(KDIO_MISALIGNED);
    ADD(&target, INDEX_IN8, 0x70, 0, 0xff, 0x71);
    ADD(&target, INDEX_IN8, 0x70, 1, 0xffff, 0x71);
    ADD(&target, INDEX_IN8, 0xcf8, 2, 0xffffffff, 0x71);
    assert_int_equal(target_run(&target), KDIO_DONE);
}

/* ---- INS, OUTS, REPEAT ---- */

static void strings_of_every_length(void **state)
{
    static const uint32_t counts[] = { 1, 15, 16, 17, 32, 33, 1000 };

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        target.counter = 0;
        ADD(&target, INS32, TARGET_COUNTER_PORT, counts[i]);
        assert_int_equal(target_run(&target), KDIO_DONE);
        assert_int_equal(target.counter, counts[i]);
        assert_int_equal(target_results_size(&target), 4 * counts[i]);
        for (uint32_t k = 0; k < counts[i]; k++)
            assert_int_equal(target_result(&target, 4 * k, 4), k + 1);
        (void)target_log(&target);
    }
}

static void a_table_goes_out_in_order(void **state)
{
    const uint8_t table[] = { 1, 0, 2, 0, 0xcd, 0xab };

    (void)state;
    ADD_TABLE(&target, OUTS16, table, 0x1f0, 3);
    ADD(&target, OUT8, 0x80, 1);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_string_equal(target_log(&target), "out16(1f0,1) out16(1f0,2) out16(1f0,abcd) out8(80,1)");
    assert_int_equal(target_results_size(&target), 0);
}

static void the_same_value_many_times(void **state)
{
    unsigned seen = 0;

    (void)state;
    ADD(&target, REPEAT32, 0x80, 65535, 0x12345678);
    target.clock_ns = 1000000; /* Many slices. */
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    for (bool ended = false; !ended; ) {
        ended = target_go(&target);
        for (const char *at = target_log(&target); (at = strstr(at, "out32(80,12345678)")); at++)
            seen++;
    }
    assert_int_equal(target.run.failure.status, KDIO_DONE);
    assert_int_equal(seen, 65535);
}

static void bad_counts(void **state)
{
    (void)state;
    ADD(&target, INS8, 0x80, 0);
    refused(KDIO_BAD_OPERAND);
    ADD(&target, OUTS16, 0x80, 0);
    refused(KDIO_BAD_OPERAND);
    ADD(&target, REPEAT32, 0x80, 0, 1);
    refused(KDIO_BAD_OPERAND);
    ADD(&target, INS32, 0x80, sizeof target.results / 4 + 1);
    refused(KDIO_TOO_LARGE);
    ADD(&target, INS32, 0x80, sizeof target.results / 4);
    assert_int_equal(target_run(&target), KDIO_DONE);
}

static void a_table_that_is_cut_short(void **state)
{
    const uint8_t table[] = { 1, 2, 3, 4 };

    (void)state;
    ADD_TABLE(&target, OUTS8, table, 0x80, 4);
    target.writer.at--;
    refused(KDIO_MALFORMED);
}

/* ---- DELAY, RDTSC ---- */

static void a_delay_lasts_at_least_so_long(void **state)
{
    uint64_t from_ns;

    (void)state;
    ADD(&target, DELAY, 0);
    from_ns = target.now_ns;
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_in_range(target.now_ns - from_ns, 0, 500);
    for (uint64_t us = 1; us < 100; us += 7) {
        ADD(&target, DELAY, us);
        from_ns = target.now_ns += 999; /* Begins anywhere in a microsecond. */
        assert_int_equal(target_run(&target), KDIO_DONE);
        assert_in_range(target.now_ns - from_ns, us * 1000, us * 1000 + 50000);
    }
}

/* The next slice is another CPU's, whose clock is behind. */
static void a_delay_whose_clock_goes_back(void **state)
{
    uint64_t from_ns;

    (void)state;
    target.now_ns = 10000000;
    ADD(&target, DELAY, 5000);
    assert_int_equal(target_begin(&target, false), KDIO_DONE);
    assert_false(target_go(&target));
    from_ns = target.now_ns -= 2000000;
    while (!target_go(&target))
        ;
    assert_in_range(target.now_ns - from_ns, 5000000, 5100000);
}

/* The UART would be at another rate than the host. */
static void a_rate_that_the_clock_does_not_give(void **state)
{
    static const struct { uint32_t baud, clock_hz; bool given; } rows[] = {
        { 115200, 0, true }, { 57600, 0, true }, { 9600, 0, true }, { 230400, 0, false }, { 128000, 0, false },
        { 153600, 0, false }, { 200000, 0, false }, { 230400, 3686400, true }, { 3000000, 48000000, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        target.config.uart.baud = rows[i].baud;
        target.config.uart.clock_hz = rows[i].clock_hz;
        assert_int_equal(kdio_stub_init(target.memory, sizeof target.memory, &target.config, &target.stub),
                         rows[i].given ? KDIO_STUB_OK : KDIO_STUB_BAD_CONFIG);
    }
}

static void time_stamps_around_an_access(void **state)
{
    (void)state;
    ADD(&target, RDTSC);
    ADD(&target, OUT8, 0x80, 1);
    ADD(&target, RDTSC);
    assert_int_equal(target_run(&target), KDIO_DONE);
    assert_int_equal(target_results_size(&target), 16);
    assert_in_range(target_result(&target, 8, 8) - target_result(&target, 0, 8), 1000, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_access_of_each_width, start),
        cmocka_unit_test_setup(the_same_port_and_the_next, start),
        cmocka_unit_test_setup(the_last_port_of_each_operation, start),
        cmocka_unit_test_setup(a_short_form_needs_a_port_before_it, start),
        cmocka_unit_test_setup(the_next_port_ends_at_ffff, start),
        cmocka_unit_test_setup(modifies_with_interrupts_off, start),
        cmocka_unit_test_setup(polls_until_it_matches, start),
        cmocka_unit_test_setup(a_poll_reads_once_at_least, start),
        cmocka_unit_test_setup(a_poll_in_vain_gives_value_and_time, start),
        cmocka_unit_test_setup(the_longest_poll_ends, start),
        cmocka_unit_test_setup(a_late_kernel_costs_no_reading, start),
        cmocka_unit_test_setup(checks_what_was_read_last, start),
        cmocka_unit_test_setup(what_leaves_a_value, start),
        cmocka_unit_test_setup(the_value_is_kept_from_request_to_request_of_a_session, start),
        cmocka_unit_test_setup(an_index_and_its_data, start),
        cmocka_unit_test_setup(an_index_is_put_back, start),
        cmocka_unit_test_setup(the_nmi_bit_is_kept, start),
        cmocka_unit_test_setup(the_nmi_bit_is_of_port_70_alone, start),
        cmocka_unit_test_setup(bad_index_operands, start),
        cmocka_unit_test_setup(strings_of_every_length, start),
        cmocka_unit_test_setup(a_table_goes_out_in_order, start),
        cmocka_unit_test_setup(the_same_value_many_times, start),
        cmocka_unit_test_setup(bad_counts, start),
        cmocka_unit_test_setup(a_table_that_is_cut_short, start),
        cmocka_unit_test_setup(a_delay_lasts_at_least_so_long, start),
        cmocka_unit_test_setup(a_delay_whose_clock_goes_back, start),
        cmocka_unit_test_setup(a_rate_that_the_clock_does_not_give, start),
        cmocka_unit_test_setup(time_stamps_around_an_access, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
