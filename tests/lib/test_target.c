/* SPDX-License-Identifier: MIT */
/* test_target.c: the host library against the real stub over lines that break: each access happens once or is
 * reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <kdio.h>

#include "host/lib/transport.h"
#include "tests/lib/peer.h"

#define DEAD_MS 700
#define LIMIT_MS 5000
#define FLOOD_EARLY 1000000
#define FLOOD_LATE  10000000
#define FLOOD_PAGES 256 /* The sanitizer keeps what is freed for a while; the bytes themselves would be 2200 pages. */

static struct peer peer;
static struct kdio_target *target;
static char console[65536];
static size_t console_size;
static bool interrupt_now;

static void keep_console(void *context, const char *text, size_t size)
{
    (void)context;
    if (size > sizeof console - 1 - console_size)
        size = sizeof console - 1 - console_size;
    memcpy(console + console_size, text, size);
    console_size += size;
    console[console_size] = 0;
}

static bool interrupted(void *context)
{
    (void)context;
    return interrupt_now;
}

static struct kdio_options options_for_tests(void)
{
    return (struct kdio_options){ .size = sizeof(struct kdio_options), .dead_ms = DEAD_MS, .open_ms = 1500,
                                  .console = keep_console, .interrupted = interrupted };
}

static int start(void **state)
{
    struct kdio_options options = options_for_tests();

    (void)state;
    console_size = 0;
    interrupt_now = false;
    peer_start(&peer, PEER_STUB);
    return kdio_target_open(&target, peer.gensio, &options) == KDIO_DONE ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    kdio_target_close(target);
    target = NULL;
    peer_end(&peer);
    return 0;
}

static void assert_writes(const uint32_t *values, unsigned count)
{
    assert_int_equal(peer.page->access_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_true(peer.page->accesses[i].write);
        assert_int_equal(peer.page->accesses[i].value, values[i]);
    }
}

static uint64_t now_ms(void)
{
    return kdio_time_us() / 1000;
}

/* ---- A line that works ---- */

static void widths_arrive_as_asked(void **state)
{
    uint32_t value = 77;

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 0x55), KDIO_DONE);
    assert_int_equal(kdio_out16(target, 0xd02, 0xbeef), KDIO_DONE);
    assert_int_equal(kdio_out32(target, 0xd04, 0xdeadbeef), KDIO_DONE);
    assert_int_equal(kdio_in(target, 0xd08, 4, &value), KDIO_DONE);
    assert_int_equal(value, 3);
    assert_int_equal(peer.page->access_count, 4);
    assert_int_equal(peer.page->accesses[0].width, 1);
    assert_int_equal(peer.page->accesses[1].width, 2);
    assert_int_equal(peer.page->accesses[2].width, 4);
    assert_int_equal(peer.page->accesses[2].value, 0xdeadbeef);
    assert_false(peer.page->accesses[3].write);
}

static void refusals_send_nothing(void **state)
{
    static const struct { uint64_t port; unsigned width; uint64_t value; enum kdio_status status; } rows[] = {
        { 0x10000, 1, 0, KDIO_BAD_PORT },  { 0xffff, 2, 0, KDIO_BAD_PORT },   { 0xfffd, 4, 0, KDIO_BAD_PORT },
        { 0x81, 2, 0, KDIO_MISALIGNED },   { 0x82, 4, 0, KDIO_MISALIGNED },   { 0x80, 3, 0, KDIO_BAD_WIDTH },
        { 0x80, 0, 0, KDIO_BAD_WIDTH },    { 0x80, 8, 0, KDIO_BAD_WIDTH },    { 0x80, 1, 0x100, KDIO_BAD_VALUE },
        { 0x80, 2, 0x10000, KDIO_BAD_VALUE }, { 0x80, 4, 0x100000000, KDIO_BAD_VALUE },
        { 0x3f8, 1, 0, KDIO_LINK_UART },   { 0x3fc, 4, 0, KDIO_LINK_UART },   { UINT64_MAX, 1, 0, KDIO_BAD_PORT },
    };
    struct kdio_link_stats before, after;
    uint32_t value = 77;

    (void)state;
    kdio_target_link_stats(target, &before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(kdio_out(target, rows[i].port, rows[i].width, rows[i].value), rows[i].status);
        assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_NOT_DONE);
        if (rows[i].status != KDIO_BAD_VALUE)
            assert_int_equal(kdio_in(target, rows[i].port, rows[i].width, &value), rows[i].status);
        assert_int_equal(value, 77);
    }
    kdio_target_link_stats(target, &after);
    assert_int_equal(before.tx_bytes, after.tx_bytes);
    assert_int_equal(peer.page->access_count, 0);
}

static struct kdio_program *writes(unsigned count)
{
    struct kdio_program *program = kdio_program_new();

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(kdio_program_out(program, 0xd00 + 4 * (i % 64), 4, i), KDIO_DONE);
    return program;
}

static void assert_counts_up(unsigned count)
{
    assert_int_equal(peer.page->access_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(peer.page->accesses[i].value, i);
}

static void large_programs_keep_their_order(void **state)
{
    struct kdio_program *program = writes(5000);

    (void)state;
    assert_int_equal(kdio_target_run(target, program, false), KDIO_DONE);
    assert_int_equal(kdio_program_done_count(program), 5000);
    assert_counts_up(5000);
    kdio_program_free(program);
}

static void results_come_back_in_order(void **state)
{
    struct kdio_program *program = kdio_program_new();

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(kdio_program_in(program, 0xd00, 4), KDIO_DONE);
    assert_int_equal(kdio_target_run(target, program, false), KDIO_DONE);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(kdio_program_value(program, i), i);
    kdio_program_free(program);
}

/* The stub's own deny list: the host does not know it. What follows the refused request is skipped, though under
 * way. */
static void a_refusal_in_the_middle_stops_the_rest(void **state)
{
    struct kdio_program *program = writes(2000);
    const struct kdio_error *error;

    (void)state;
    assert_int_equal(kdio_program_out(program, 0x666, 1, 1), KDIO_DONE);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(kdio_program_out(program, 0xe00, 4, 2000 + i), KDIO_DONE);
    assert_int_equal(kdio_target_run(target, program, false), KDIO_DENIED);
    error = kdio_target_error(target);
    assert_int_equal(error->index, 2000);
    assert_int_equal(error->outcome, KDIO_OUTCOME_NOT_DONE);
    assert_int_equal(error->done_count, peer.page->access_count);
    assert_int_equal(error->done_count, kdio_program_done_count(program));
    assert_in_range(error->done_count, 1000, 2000); /* The request that holds the refused one is refused whole. */
    assert_counts_up(error->done_count);
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    kdio_program_free(program);
}

static void atomic_programs_that_are_too_large_do_nothing(void **state)
{
    struct kdio_program *program = writes(2000);

    (void)state;
    assert_int_equal(kdio_target_run(target, program, true), KDIO_TOO_LARGE);
    assert_int_equal(peer.page->access_count, 0);
    assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_NOT_DONE);
    kdio_program_free(program);
    program = writes(50);
    assert_int_equal(kdio_target_run(target, program, true), KDIO_DONE);
    assert_counts_up(50);
    kdio_program_free(program);
}

static void text_is_typed_whole(void **state)
{
    char text[3000];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    assert_int_equal(kdio_type(target, text, sizeof text), KDIO_DONE);
    assert_int_equal(peer.page->typed_count, sizeof text);
    assert_memory_equal(peer.page->typed, text, sizeof text);
}

static void console_text_arrives(void **state)
{
    uint64_t end_ms = now_ms() + LIMIT_MS;

    (void)state;
    peer.page->say = true;
    while (!strstr(console, "kernel: one whole line\n") && now_ms() < end_ms)
        assert_int_equal(kdio_target_service(target, 10), KDIO_DONE);
    assert_non_null(strstr(console, "kernel: one whole line\n"));
}

static void the_stub_counts(void **state)
{
    struct kdio_stub_stats stats;

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    assert_int_equal(kdio_target_stub_stats(target, &stats), KDIO_DONE);
    assert_int_equal(stats.operations, 1);
    assert_int_equal(stats.uart_base, 0x3f8);
}

/* ---- Lines that break ---- */

static void a_cut_before_the_request_is_mended(void **state)
{
    static const uint32_t values[] = { 1, 2, 3 };

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    peer.page->cut_before = true;
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_DONE);
    assert_int_equal(kdio_out8(target, 0x80, 3), KDIO_DONE);
    assert_writes(values, 3);
    assert_int_equal(peer.page->connections, 2);
}

static void a_cut_after_the_request_does_not_repeat_it(void **state)
{
    static const uint32_t values[] = { 1, 2, 3 };

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    peer.page->cut_after = true;
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_DONE);
    assert_int_equal(kdio_out8(target, 0x80, 3), KDIO_DONE);
    assert_writes(values, 3);
    assert_int_equal(peer.page->connections, 2);
}

static void a_read_whose_reply_is_lost_is_not_read_again(void **state)
{
    uint32_t value;

    (void)state;
    peer.page->cut_after = true;
    assert_int_equal(kdio_in(target, 0xd00, 4, &value), KDIO_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(peer.page->access_count, 1);
}

static void lost_bytes_only_cost_time(void **state)
{
    (void)state;
    peer.page->lose_each = 97;
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(kdio_out(target, 0xd00, 4, i), KDIO_DONE);
    assert_counts_up(300);
}

static void lose_the_line(bool executed)
{
    uint64_t start_ms = now_ms();

    peer.page->absent = true;
    if (executed)
        peer.page->cut_after = true;
    else
        peer.page->cut_before = true;
    while (kdio_time_us() / 1000 < start_ms + 20)
        assert_int_equal(kdio_target_service(target, 5), KDIO_DONE);
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_LOST);
    assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_UNKNOWN);
    assert_in_range(now_ms() - start_ms, 0, 2000);
}

static void resolve_finds(uint32_t expected)
{
    uint32_t done = 99;
    uint64_t end_ms = now_ms() + LIMIT_MS;

    assert_int_equal(kdio_target_resolve(target, &done), KDIO_NO_CONNECTION);
    peer.page->absent = false;
    while (kdio_target_resolve(target, &done) != KDIO_DONE && now_ms() < end_ms)
        ;
    assert_int_equal(done, expected);
    assert_int_equal(kdio_out8(target, 0x80, 3), KDIO_DONE);
}

static void what_was_unknown_turns_out_not_done(void **state)
{
    static const uint32_t values[] = { 1, 3 };

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    lose_the_line(false);
    resolve_finds(0);
    assert_writes(values, 2);
}

static void what_was_unknown_turns_out_done(void **state)
{
    static const uint32_t values[] = { 1, 2, 3 };

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    lose_the_line(true);
    resolve_finds(1);
    assert_writes(values, 3);
}

static void a_dead_line_is_reported_in_time(void **state)
{
    uint64_t start_ms = now_ms();
    uint32_t done = 99;

    (void)state;
    peer.page->mute = true;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_TIMEOUT);
    assert_in_range(now_ms() - start_ms, DEAD_MS, DEAD_MS + 500);
    assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_UNKNOWN);
    peer.page->mute = false;
    assert_int_equal(kdio_target_resolve(target, &done), KDIO_DONE);
    assert_int_equal(done, 1);
    assert_int_equal(peer.page->access_count, 1);
}

/* XON: the request whose header is 11 never arrives, while the stub goes on to say what it wants. */
static void a_line_that_eats_a_byte_is_no_hang(void **state)
{
    uint64_t start_ms = now_ms();
    enum kdio_status status = KDIO_DONE;
    unsigned count = 0;

    (void)state;
    peer.page->eat = 0x111;
    while (status == KDIO_DONE && count < 60)
        status = kdio_out(target, 0xd00, 4, count++);
    assert_int_equal(status, KDIO_TIMEOUT);
    assert_in_range(now_ms() - start_ms, DEAD_MS, LIMIT_MS);
    assert_counts_up(peer.page->access_count);
    peer.page->eat = 0;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
}

static void a_deaf_line_does_nothing_later(void **state)
{
    static const uint32_t values[] = { 2 };
    uint32_t done = 99;

    (void)state;
    peer.page->deaf = true;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_TIMEOUT);
    peer.page->deaf = false;
    assert_int_equal(kdio_target_resolve(target, &done), KDIO_DONE);
    assert_int_equal(done, 0);
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_DONE);
    assert_writes(values, 1);
}

static void a_reset_is_noticed_at_once(void **state)
{
    uint64_t start_ms;
    uint32_t done;

    (void)state;
    peer.page->deaf = true;
    peer.page->reset = true;
    while (!peer.page->resets)
        ;
    peer.page->deaf = false;
    start_ms = now_ms();
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_RESET);
    assert_in_range(now_ms() - start_ms, 0, 400);
    assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_UNKNOWN);
    assert_int_equal(peer.page->access_count, 0);
    assert_int_equal(kdio_target_resolve(target, &done), KDIO_RESET);
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_DONE);
    assert_int_equal(peer.page->access_count, 1);
}

static void a_second_host_takes_the_line(void **state)
{
    struct kdio_options options = options_for_tests();
    struct kdio_target *second;

    (void)state;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
    assert_int_equal(kdio_target_open(&second, peer.gensio, &options), KDIO_DONE);
    assert_int_equal(kdio_target_info(second)->previous_session, kdio_target_info(target)->session_id);
    assert_int_equal(kdio_target_info(second)->previous_operations, 1);
    assert_int_equal(kdio_out8(second, 0x80, 2), KDIO_DONE);
    assert_int_equal(kdio_out8(target, 0x80, 3), KDIO_TAKEN);
    /* It does not take the line back by itself. */
    assert_int_equal(kdio_out8(target, 0x80, 4), KDIO_TAKEN);
    assert_int_equal(kdio_target_error(target)->outcome, KDIO_OUTCOME_NOT_DONE);
    assert_int_equal(kdio_out8(second, 0x80, 5), KDIO_DONE);
    assert_int_equal(peer.page->access_count, 3);
    kdio_target_close(second);
}

static void an_interruption_ends_the_wait(void **state)
{
    uint64_t start_ms = now_ms();

    (void)state;
    peer.page->mute = true;
    interrupt_now = true;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_INTERRUPTED);
    assert_in_range(now_ms() - start_ms, 0, 1500);
    interrupt_now = false;
    peer.page->mute = false;
    assert_int_equal(kdio_out8(target, 0x80, 2), KDIO_DONE);
}

/* ---- Lines without a stub ---- */

static void open_strange(enum peer_kind kind, enum kdio_status expected, const char *words)
{
    struct kdio_options options = options_for_tests();
    struct kdio_target *strange;
    uint64_t start_ms = now_ms();

    peer_start(&peer, kind);
    assert_int_equal(kdio_target_open(&strange, peer.gensio, &options), expected);
    assert_non_null(strstr(kdio_target_error(strange)->text, words));
    assert_non_null(strstr(kdio_target_error(strange)->text, "nothing was done"));
    assert_in_range(now_ms() - start_ms, 0, 2500);
    kdio_target_close(strange);
    peer_end(&peer);
}

static void strange_lines_are_named(void **state)
{
    (void)state;
    open_strange(PEER_SILENT, KDIO_NO_ANSWER, "not a byte");
    open_strange(PEER_TEXT, KDIO_NOT_KDIO, "plain text");
    open_strange(PEER_NOISE, KDIO_NOT_KDIO, "noise");
    open_strange(PEER_ENDLESS, KDIO_NOT_KDIO, "without end");
    open_strange(PEER_ECHO, KDIO_NOT_KDIO, "echo");
    open_strange(PEER_OTHER_VERSION, KDIO_VERSION, "7 to 9");
}

/* Pages of this process at the first and at the tenth million bytes of a stream without end. */
struct flood {
    size_t bytes;
    long pages_early, pages_late;
};

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
    fclose(file);
    return resident;
}

static void count_flood(void *context, const char *text, size_t size)
{
    struct flood *flood = context;

    (void)text;
    flood->bytes += size;
    if (flood->bytes >= FLOOD_EARLY && !flood->pages_early)
        flood->pages_early = resident_pages();
    if (flood->bytes >= FLOOD_LATE && !flood->pages_late)
        flood->pages_late = resident_pages();
}

static bool flood_is_over(void *context)
{
    return ((struct flood *)context)->pages_late != 0;
}

static void a_flood_takes_no_memory(void **state)
{
    struct flood flood = { 0 };
    struct kdio_options options = { .size = sizeof options, .open_ms = 60000, .console = count_flood,
                                    .interrupted = flood_is_over, .context = &flood };
    struct kdio_target *flooded;

    (void)state;
    peer_start(&peer, PEER_ENDLESS);
    assert_int_equal(kdio_target_open(&flooded, peer.gensio, &options), KDIO_INTERRUPTED);
    assert_in_range(flood.pages_late, 1, flood.pages_early + FLOOD_PAGES);
    kdio_target_close(flooded);
    peer_end(&peer);
}

static void work_in_memory(enum peer_kind kind)
{
    struct kdio_options options = options_for_tests();
    struct kdio_target *mapped;
    struct kdio_program *program = writes(500);

    peer_start(&peer, kind);
    assert_int_equal(kdio_target_open(&mapped, peer.gensio, &options), KDIO_DONE);
    assert_int_equal(kdio_target_info(mapped)->link_ports, 0);
    assert_int_equal(kdio_target_run(mapped, program, false), KDIO_DONE);
    assert_counts_up(500);
    /* The PC's COM1 is a port like any other there. */
    assert_int_equal(kdio_out8(mapped, 0x3f8, 1), KDIO_DONE);
    assert_int_equal(peer.page->accesses[500].port, 0x3f8);
    kdio_target_close(mapped);
    kdio_program_free(program);
    peer_end(&peer);
}

static void a_uart_in_memory_carries_the_link(void **state)
{
    (void)state;
    work_in_memory(PEER_STUB_MMIO);
    work_in_memory(PEER_STUB_MMIO4);
}

static void missing_lines_are_named(void **state)
{
    struct kdio_options options = options_for_tests();
    struct kdio_target *missing;

    (void)state;
    assert_int_equal(kdio_target_open(&missing, "unix,/nonexistent/line", &options), KDIO_NO_CONNECTION);
    kdio_target_close(missing);
    assert_int_equal(kdio_target_open(&missing, "no such transport", &options), KDIO_BAD_ARGUMENT);
    assert_non_null(strstr(kdio_target_error(missing)->text, "no such transport"));
    kdio_target_close(missing);
}

static void a_target_that_is_off_is_waited_for(void **state)
{
    struct kdio_options options = options_for_tests();
    struct kdio_target *late;

    (void)state;
    peer_start(&peer, PEER_STUB);
    peer.page->deaf = true;
    options.open_ms = 2500; /* HELLO comes once a second. */
    assert_int_equal(kdio_target_open(&late, peer.gensio, &options), KDIO_NO_ANSWER);
    assert_non_null(strstr(kdio_target_error(late)->text, "does not hear"));
    kdio_target_close(late);
    peer.page->deaf = false;
    options.wait_ms = 3000;
    assert_int_equal(kdio_target_open(&late, peer.gensio, &options), KDIO_DONE);
    kdio_target_close(late);
    peer_end(&peer);
}

int main(void)
{
#define ON_A_LINE(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        ON_A_LINE(widths_arrive_as_asked),
        ON_A_LINE(refusals_send_nothing),
        ON_A_LINE(large_programs_keep_their_order),
        ON_A_LINE(results_come_back_in_order),
        ON_A_LINE(a_refusal_in_the_middle_stops_the_rest),
        ON_A_LINE(atomic_programs_that_are_too_large_do_nothing),
        ON_A_LINE(text_is_typed_whole),
        ON_A_LINE(console_text_arrives),
        ON_A_LINE(the_stub_counts),
        ON_A_LINE(a_cut_before_the_request_is_mended),
        ON_A_LINE(a_cut_after_the_request_does_not_repeat_it),
        ON_A_LINE(a_read_whose_reply_is_lost_is_not_read_again),
        ON_A_LINE(lost_bytes_only_cost_time),
        ON_A_LINE(what_was_unknown_turns_out_not_done),
        ON_A_LINE(what_was_unknown_turns_out_done),
        ON_A_LINE(a_dead_line_is_reported_in_time),
        ON_A_LINE(a_line_that_eats_a_byte_is_no_hang),
        ON_A_LINE(a_deaf_line_does_nothing_later),
        ON_A_LINE(a_reset_is_noticed_at_once),
        ON_A_LINE(a_second_host_takes_the_line),
        ON_A_LINE(an_interruption_ends_the_wait),
        cmocka_unit_test(strange_lines_are_named),
        cmocka_unit_test(a_uart_in_memory_carries_the_link),
        cmocka_unit_test(a_flood_takes_no_memory),
        cmocka_unit_test(missing_lines_are_named),
        cmocka_unit_test(a_target_that_is_off_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
