/* SPDX-License-Identifier: MIT */
/* test_rate.c: changes of the line's rate, by the library, on a line whose two ends garble bytes while their rates
 * differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/lib/transport.h"
#include "tests/lib/serial_line.h"

static void both_ends_move_and_return(void **state)
{
    struct serial_line line;
    struct kdio_target *target;
    uint32_t given = 0, session;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, 0, 0);
    session = kdio_target_info(target)->session_id;
    assert_true(kdio_target_info(target)->capabilities & KDIO_CAP_BAUD);
    assert_int_equal(kdio_target_baud(target, FAST_BAUD, &given), KDIO_DONE);
    assert_int_equal(given, FAST_BAUD);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    serial_line_write(target, &line, 100);
    assert_int_equal(kdio_target_baud(target, DEFAULT_BAUD, &given), KDIO_DONE);
    assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
    serial_line_write(target, &line, 10);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    serial_line_stop(&line);
}

static void by_option_and_left_in_order(void **state)
{
    struct serial_line line;
    struct kdio_target *target;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, FAST_BAUD, 0);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    serial_line_write(target, &line, 10);
    kdio_target_close(target);
    serial_line_await_stub(&line, DEFAULT_BAUD, 100);
    target = serial_line_open(line.gensio, 0, 0);
    serial_line_write(target, &line, 1);
    kdio_target_close(target);
    serial_line_stop(&line);
}

static void a_rate_that_the_clock_does_not_give(void **state)
{
    struct serial_line line;
    struct kdio_target *target;
    uint32_t given = 7;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, 0, 0);
    assert_int_equal(kdio_target_baud(target, 700000, &given), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_target_baud(target, 4000000, &given), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_target_baud(target, 0, &given), KDIO_BAD_ARGUMENT);
    assert_int_equal(given, 7);
    serial_line_write(target, &line, 3);
    kdio_target_close(target);
    serial_line_stop(&line);
}

/* Nothing gets through at the new rate, in one direction or in both: both ends return, nothing is lost or done
 * twice. */
static void a_rate_that_the_line_does_not_carry(void **state)
{
    static const struct {
        bool deaf, mute;
    } lines[] = { { true, true }, { true, false }, { false, true } };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct serial_line line;
        struct kdio_target *target;
        uint32_t session;
        uint64_t from_us;

        serial_line_start(&line);
        line.page->deaf_when_fast = lines[i].deaf;
        line.page->mute_when_fast = lines[i].mute;
        target = serial_line_open(line.gensio, 0, 0);
        session = kdio_target_info(target)->session_id;
        serial_line_write(target, &line, 5);
        from_us = kdio_time_us();
        assert_int_equal(kdio_target_baud(target, FAST_BAUD, NULL), KDIO_NO_ANSWER);
        assert_true(kdio_time_us() - from_us < 7500000);
        assert_non_null(strstr(kdio_target_error(target)->text, "115200 baud again"));
        assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
        serial_line_write(target, &line, 5);
        assert_int_equal(kdio_target_info(target)->session_id, session);
        kdio_target_close(target);
        serial_line_stop(&line);
    }
}

/* The stub is at the default already, and hears nothing of what is asked at the rate before. */
static void the_reply_of_the_return_is_lost(void **state)
{
    struct serial_line line;
    struct kdio_target *target;
    uint32_t session, given = 0;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, FAST_BAUD, 0);
    session = kdio_target_info(target)->session_id;
    serial_line_write(target, &line, 5);
    line.page->mute_once = true;
    assert_int_equal(kdio_target_baud(target, DEFAULT_BAUD, &given), KDIO_DONE);
    assert_int_equal(given, DEFAULT_BAUD);
    assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
    serial_line_write(target, &line, 5);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    serial_line_stop(&line);
}

/* A host that keeps still for long, but serves its target, keeps the rate. */
static void the_rate_is_kept(void **state)
{
    struct serial_line line;
    struct kdio_target *target;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, FAST_BAUD, 0);
    assert_int_equal(kdio_target_service(target, 6000), KDIO_DONE);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    serial_line_write(target, &line, 3);
    kdio_target_close(target);
    serial_line_stop(&line);
}

/* One that serves nothing meanwhile finds the stub at the default, and raises the rate again. */
static void an_idle_host_finds_the_stub_again(void **state)
{
    struct serial_line line;
    struct kdio_target *target;
    uint32_t session;

    (void)state;
    serial_line_start(&line);
    target = serial_line_open(line.gensio, FAST_BAUD, 0);
    session = kdio_target_info(target)->session_id;
    serial_line_await_stub(&line, DEFAULT_BAUD, 6000);
    serial_line_write(target, &line, 3);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    serial_line_stop(&line);
}

/* A host that died at another rate: the next one finds the stub at the default. */
static void a_dead_host_leaves_the_line_to_the_next(void **state)
{
    struct serial_line line;
    struct kdio_target *target;
    int status;
    pid_t host;

    (void)state;
    serial_line_start(&line);
    host = fork();
    assert_true(host >= 0);
    if (!host) {
        (void)serial_line_open(line.gensio, FAST_BAUD, 0);
        _exit(0);
    }
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    target = serial_line_open(line.gensio, 0, 7000);
    serial_line_write(target, &line, 3);
    kdio_target_close(target);
    serial_line_stop(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_move_and_return),
        cmocka_unit_test(by_option_and_left_in_order),
        cmocka_unit_test(a_rate_that_the_clock_does_not_give),
        cmocka_unit_test(a_rate_that_the_line_does_not_carry),
        cmocka_unit_test(the_reply_of_the_return_is_lost),
        cmocka_unit_test(the_rate_is_kept),
        cmocka_unit_test(an_idle_host_finds_the_stub_again),
        cmocka_unit_test(a_dead_host_leaves_the_line_to_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
