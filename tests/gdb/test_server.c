/* SPDX-License-Identifier: MIT */
/* test_server.c: gdb's server on the fake: what packets do, what they do not, and what any bytes do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/gdb/backlog.h"
#include "host/gdb/server.h"
#include "tests/gdb/fake_stop.h"

#define SAID_SIZE     0x20000u
#define RANDOM_TURNS  200000u
#define FAILING_EVERY 50u

static struct gdb_server *server;
static char said[SAID_SIZE]; /* The end of what gdb was sent. */
static size_t said_size;
static char monitored[64];

static void keep(void *context, const char *bytes, size_t size)
{
    (void)context;
    assert_true(size < SAID_SIZE);
    if (said_size + size >= SAID_SIZE)
        said_size = 0;
    memcpy(said + said_size, bytes, size);
    said_size += size;
    said[said_size] = '\0';
}

static void monitor(void *context, const char *line, void (*print)(void *, const char *, size_t), void *print_context)
{
    (void)context;
    (void)snprintf(monitored, sizeof monitored, "%s", line);
    print(print_context, line, strlen(line));
}

static int begin(void **state)
{
    const struct gdb_server_io io = { .send = keep, .monitor = monitor };

    (void)state;
    fake_reset();
    server = gdb_server_new(NULL, &io);
    return server == NULL || gdb_server_attach(server) != KDIO_DONE;
}

static int end(void **state)
{
    (void)state;
    gdb_server_free(server);
    return 0;
}

static void take(const char *bytes, size_t size)
{
    gdb_server_take(server, (const uint8_t *)bytes, size);
}

/* Sends a packet, and gives the data of the last one that comes. */
static const char *ask_bytes(const char *data, size_t size)
{
    static struct gdb_writer packet;
    char *start;

    said_size = 0;
    said[0] = '\0';
    packet = (struct gdb_writer){ .size = 1, .bytes = "$" };
    memcpy(packet.bytes + 1, data, size);
    packet.size += size;
    gdb_writer_end(&packet);
    take(packet.bytes, packet.size);
    start = strrchr(said, '$');
    if (start == NULL)
        return "";
    start[strcspn(start, "#")] = '\0';
    return start + 1;
}

static const char *ask(const char *text)
{
    return ask_bytes(text, strlen(text));
}

/* What changes nothing: no call that writes. */
static const char *const malformed[] = {
    "m", "m,", "m0", "mzz,1", "m0,1x", "M0,2:11", "M0,1:1122", "M0,1:zz", "M0,1", "X0,5:ab", "X0", "P", "Pff=00",
    "P0=00", "P0", "P10=00000000000000000", "G", "G00", "Z", "Z0", "Z0,0", "Z9,0,1", "Z2,0,99", "Z0,0,1;", "z0,0",
    "vCont;x", "c1x", "c10000000000000000", "s-1", "qRcmd,0", "qRcmd,6f00", "qRcmd,zz",
    "qXfer:features:read:target.xml:0", "p", "p99", "pffffffffffffffff", "qNothing", "Qx", "vX", "!", "i", "",
};

static void malformed_packets_do_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        const char *answer = ask(malformed[i]);
        print_message("%s: %s\n", malformed[i], answer);
        assert_true(answer[0] == 'E' || answer[0] == '\0');
        assert_int_equal(said[0], '+');
        assert_int_equal(fake.writes, 0);
        assert_int_equal(gdb_server_state(server), GDB_SERVER_STOPPED);
    }
}

static void registers_are_written_together_or_not(void **state)
{
    char packet[1 + 2 * GDB_CORE_SIZE + 1] = "G";
    const char *registers;

    (void)state;
    fake.registers[KDIO_RAX] = 0x1122334455667788;
    registers = ask("g");
    assert_int_equal(strlen(registers), 2 * GDB_CORE_SIZE);
    assert_memory_equal(registers, "8877665544332211", 16);
    memcpy(packet + 1, registers, 2 * GDB_CORE_SIZE);
    memcpy(packet + 1, "ff", 2);
    packet[2 * GDB_CORE_SIZE] = '\0'; /* A digit is missing. */
    assert_string_equal(ask(packet), "E.malformed packet");
    assert_int_equal(fake.writes, 0);
    packet[2 * GDB_CORE_SIZE] = '0';
    assert_string_equal(ask(packet), "OK");
    assert_int_equal(fake.writes, 1);
    assert_true(fake.registers[KDIO_RAX] == 0x11223344556677ff);
}

static void registers_that_are_only_shown_say_so(void **state)
{
    char packet[32];

    (void)state;
    (void)snprintf(packet, sizeof packet, "P%x=0100000000000000", gdb_register_count() - 1);
    assert_string_equal(ask(packet), "E.this register is only shown");
    assert_int_equal(fake.writes, 0);
}

/* rbp, rsp and rip of the fake's kernel, as a stop tells them. */
#define STOPPED_AT(rip) "06:6600000000000000;07:7700000000000000;10:" rip "00000000000000;#"

static void load_frame(void)
{
    fake.registers[KDIO_RBP] = 0x66;
    fake.registers[KDIO_RSP] = 0x77;
    fake.registers[KDIO_RIP] = 0x10;
}

/* What gdb needs to know where it stands comes with the stop, and what it asks for besides costs no request. */
static void a_step_is_one_request(void **state)
{
    (void)state;
    load_frame();
    (void)ask("?");
    for (unsigned step = 1; step <= 3; step++) {
        fake.calls = 0;
        fake.registers[KDIO_RAX] = step;
        (void)ask("vCont;s:1;c");
        assert_int_equal(ask("g")[1], '0' + (int)step);
        assert_int_equal(ask("p0")[1], '0' + (int)step);
        assert_int_equal(fake.calls, 1);
    }
    assert_string_equal(ask("?"), "T02thread:1;06:6600000000000000;07:7700000000000000;10:1300000000000000;");
    assert_int_equal(fake.calls, 1);
}

static void a_stop_tells_where_it_is(void **state)
{
    (void)state;
    load_frame();
    assert_string_equal(ask("c"), "");
    said_size = 0;
    assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
    assert_non_null(strstr(said, "$T02thread:1;" STOPPED_AT("10")));
    assert_string_equal(ask("vCont;c"), "");
    fake.registers[KDIO_RIP] = 0x20;
    said_size = 0;
    assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
    assert_non_null(strstr(said, "$T02thread:1;" STOPPED_AT("20")));
}

/* A step that is not at its end has registers of no meaning. */
static void a_step_that_goes_on_is_waited_for(void **state)
{
    (void)state;
    load_frame();
    fake.stop.reason = KDIO_STOP_NONE;
    assert_string_equal(ask("s"), "");
    assert_int_equal(gdb_server_state(server), GDB_SERVER_RUNNING);
    fake.stop.reason = KDIO_STOP_STEP;
    fake.registers[KDIO_RIP] = 0x30;
    said_size = 0;
    assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
    assert_non_null(strstr(said, "$T05thread:1;" STOPPED_AT("30")));
}

static void registers_are_fetched_by_parts_and_once(void **state)
{
    static const struct {
        const char *packet;
        unsigned calls;
    } rows[] = { { "g", 1 }, { "p1", 0 }, { "p18", 1 }, { "p20", 0 }, { "p3a", 0 }, { "p3c", 1 }, { "p3b", 0 }, { "g", 0 } };

    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            fake.calls = 0;
            assert_true(strlen(ask(rows[i].packet)) >= 8);
            print_message("%s: %u calls\n", rows[i].packet, fake.calls);
            assert_int_equal(fake.calls, rows[i].calls);
        }
        assert_string_equal(ask("qRcmd,6f"), "OK"); /* Which may have changed any of them. */
    }
}

static void memory_comes_as_far_as_it_is_there(void **state)
{
    static const char *const too_long[] = { "m0,2000", "m0,4000", "m0,8000", "m0,ffffffffffffffff" };

    (void)state;
    assert_string_equal(ask("Mfffe,2:abcd"), "OK");
    assert_string_equal(ask("mfffe,10"), "abcd");
    assert_string_equal(ask("m10000,1"), "E0e");
    assert_string_equal(ask("X0,0:"), "OK");
    assert_string_equal(ask_bytes("X10,2:}\003z", 9), "OK");
    assert_string_equal(ask("m10,2"), "237a");
    for (size_t i = 0; i < sizeof too_long / sizeof too_long[0]; i++) {
        size_t size = strlen(ask(too_long[i]));
        assert_in_range(size, GDB_PACKET_MAX / 2, GDB_PACKET_MAX);
    }
}

static void set_foreign(uint32_t id, enum kdio_breakpoint_kind kind, uint64_t address)
{
    fake.breakpoints[id] = (struct kdio_breakpoint){ .kind = kind, .length = 1, .address = address };
}

static void stop_at(uint32_t id)
{
    fake.stop = (struct kdio_stop){ .reason = KDIO_STOP_BREAKPOINT, .breakpoint = id };
    assert_string_equal(ask("c"), "");
    assert_int_equal(gdb_server_state(server), GDB_SERVER_RUNNING);
    said_size = 0;
    assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
    assert_int_equal(gdb_server_state(server), GDB_SERVER_STOPPED);
}

/* gdb passes over breakpoints that it is told of and has not set. */
static void only_breakpoints_of_gdb_have_a_name(void **state)
{
    (void)state;
    set_foreign(0, KDIO_BREAK_SOFTWARE, 0x1000);
    assert_string_equal(ask("Z0,2000,1"), "OK");
    stop_at(0);
    assert_non_null(strstr(said, "$T05thread:1;"));
    stop_at(1);
    assert_non_null(strstr(said, "$T05swbreak:;thread:1;"));
    stop_at(KDIO_BREAKPOINT_NONE);
    assert_non_null(strstr(said, "$T05thread:1;"));
}

static void breakpoints_of_others_stay(void **state)
{
    (void)state;
    set_foreign(0, KDIO_BREAK_EXECUTE, 0x1000);
    assert_string_equal(ask("Z1,1000,1"), "OK");
    assert_string_equal(ask("Z1,1000,1"), "OK");
    assert_int_equal(fake.breakpoints[2].kind, KDIO_BREAK_FREE);
    assert_string_equal(ask("z1,1000,1"), "OK");
    assert_string_equal(ask("z1,1000,1"), "OK");
    (void)ask("s");
    assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_EXECUTE);
    assert_int_equal(fake.breakpoints[1].kind, KDIO_BREAK_FREE);
}

/* As gdb does at each stop. */
static void breakpoints_that_come_back_cost_nothing(void **state)
{
    (void)state;
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("Z1,3000,1"), "OK");
    fake.calls = 0;
    for (unsigned i = 0; i < 3; i++) {
        (void)ask("s");
        assert_string_equal(ask("z0,2000,1"), "OK");
        assert_string_equal(ask("z1,3000,1"), "OK");
        assert_string_equal(ask("Z0,2000,1"), "OK");
        assert_string_equal(ask("Z1,3000,1"), "OK");
        assert_int_equal(fake.calls, i + 1);
    }
    assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_SOFTWARE);
    assert_int_equal(fake.breakpoints[1].kind, KDIO_BREAK_EXECUTE);
}

static void a_breakpoint_that_goes_is_gone_when_the_kernel_goes_on(void **state)
{
    static const char *const packets[] = { "s", "c", "vCont;s:1;c", "vCont;c", "qRcmd,6f", "D" };

    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        assert_string_equal(ask("Z0,2000,1"), "OK");
        assert_string_equal(ask("Z0,3000,1"), "OK");
        assert_string_equal(ask("z0,2000,1"), "OK");
        assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_SOFTWARE);
        (void)ask(packets[i]);
        assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_FREE);
        gdb_server_free(server);
        assert_int_equal(begin(state), 0);
    }
}

/* Nothing goes on when it stays, which gdb does not expect. */
static void a_breakpoint_that_cannot_be_cleared_keeps_the_kernel(void **state)
{
    static const char *const packets[] = { "s", "c", "qRcmd,6f" };

    (void)state;
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("z0,2000,1"), "OK");
    fake.failing = KDIO_DENIED;
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        fake.calls = 0;
        assert_int_equal(ask(packets[i])[0], 'E');
        assert_int_equal(fake.calls, 1);
        assert_int_equal(gdb_server_state(server), GDB_SERVER_STOPPED);
    }
    fake.failing = KDIO_DONE;
    (void)ask("s");
    assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_FREE);
}

static void the_room_of_one_that_goes_is_there(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KDIO_BREAKPOINTS_MAX; i++)
        set_foreign(i, KDIO_BREAK_EXECUTE, 0x1000);
    set_foreign(3, KDIO_BREAK_FREE, 0);
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_int_equal(ask("Z0,3000,1")[0], 'E');
    assert_string_equal(ask("z0,2000,1"), "OK");
    assert_string_equal(ask("Z0,3000,1"), "OK");
    assert_int_equal(fake.breakpoints[3].address, 0x3000);
}

/* `monitor` has cleared gdb's, and somebody else has its number now. */
static void a_number_that_has_changed_hands_is_left_alone(void **state)
{
    (void)state;
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("qRcmd,6f"), "OK");
    set_foreign(0, KDIO_BREAK_WRITE, 0x3000);
    assert_string_equal(ask("z0,2000,1"), "OK");
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("qRcmd,6f"), "OK");
    set_foreign(1, KDIO_BREAK_WRITE, 0x4000);
    assert_int_equal(gdb_server_detach(server), KDIO_DONE);
    assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_WRITE);
    assert_int_equal(fake.breakpoints[1].kind, KDIO_BREAK_WRITE);
    assert_false(fake.stopped);
}

static void the_end_leaves_a_kernel_that_runs(void **state)
{
    (void)state;
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("Z2,3000,4"), "OK");
    assert_string_equal(ask("D"), "OK");
    assert_int_equal(gdb_server_state(server), GDB_SERVER_ENDED);
    assert_false(fake.stopped);
    for (unsigned id = 0; id < KDIO_BREAKPOINTS_MAX; id++)
        assert_int_equal(fake.breakpoints[id].kind, KDIO_BREAK_FREE);
}

static void a_dead_line_is_tried_once_at_the_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KDIO_BREAKPOINTS_MAX; i++) {
        char packet[32];
        (void)snprintf(packet, sizeof packet, "Z0,%x,1", 0x2000 + i);
        assert_string_equal(ask(packet), "OK");
    }
    fake.failing = KDIO_LOST;
    fake.calls = 0;
    assert_int_equal(ask("D")[0], 'E');
    assert_int_equal(fake.calls, 1);
    assert_int_equal(gdb_server_state(server), GDB_SERVER_ENDED);
}

/* It has hit a breakpoint of gdb's since it was looked at last, and nobody else would let it go. */
static void the_end_lets_a_kernel_go_that_has_stopped_unseen(void **state)
{
    (void)state;
    assert_string_equal(ask("Z0,2000,1"), "OK");
    assert_string_equal(ask("vCont;c"), "");
    fake.stopped = true;
    assert_int_equal(gdb_server_detach(server), KDIO_DONE);
    assert_false(fake.stopped);
    assert_int_equal(fake.breakpoints[0].kind, KDIO_BREAK_FREE);
}

static void a_reset_that_is_refused_is_told(void **state)
{
    (void)state;
    fake.failing = KDIO_DENIED;
    assert_int_equal(ask("vKill;1")[0], 'E');
    assert_int_equal(gdb_server_state(server), GDB_SERVER_STOPPED);
    fake.failing = KDIO_DONE;
    assert_string_equal(ask("vKill;1"), "OK");
    assert_int_equal(gdb_server_state(server), GDB_SERVER_ENDED);
}

/* gdb compares by reading then. */
static void a_checksum_is_no_thread(void **state)
{
    (void)state;
    assert_string_equal(ask("qCRC:1000,20"), "");
    assert_string_equal(ask("qC"), "QC1");
}

static void breaks_stop_once(void **state)
{
    (void)state;
    assert_string_equal(ask("vCont;c"), "");
    said_size = 0;
    take("\003\003", 2);
    assert_true(fake.stopped);
    assert_int_equal(said_size, 0);
    assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
    assert_non_null(strstr(said, "$T02thread:1;"));
    said_size = 0;
    fake.calls = 0;
    take("\003", 1);
    assert_int_equal(said_size + fake.calls, 0);
}

static void a_kernel_that_does_not_stop_is_said_to_run(void **state)
{
    (void)state;
    fake.stop.reason = KDIO_STOP_NONE;
    assert_int_equal(gdb_server_attach(server), KDIO_DONE);
    assert_int_equal(gdb_server_state(server), GDB_SERVER_RUNNING);
}

static void lines_of_monitor_and_what_they_print(void **state)
{
    (void)state;
    assert_string_equal(ask("qRcmd,6f62203830203535"), "OK");
    assert_string_equal(monitored, "ob 80 55");
    assert_int_equal(memcmp(said, "+$O6f62203830203535", 19), 0);
}

/* ---- The kernel's text ---- */

static void say(const char *text)
{
    gdb_server_print(server, text, strlen(text));
}

/* What gdb is sent must begin so, after the acknowledgement. */
#define assert_begins(text) assert_int_equal(strncmp(said + (said[0] == '+'), text, strlen(text)), 0)

static void text_comes_at_once_while_gdb_waits(void **state)
{
    (void)state;
    assert_string_equal(ask("c"), "");
    said_size = 0;
    say("ab");
    assert_begins("$O6162");
}

static void text_that_comes_at_the_prompt_is_shown_at_the_next_resumption(void **state)
{
    static const char *const resumptions[] = { "c", "s", "vCont;c", "vCont;s:1;c" };

    (void)state;
    for (size_t i = 0; i < sizeof resumptions / sizeof resumptions[0]; i++) {
        said_size = 0;
        say("ab");
        say("c");
        assert_int_equal(said_size, 0);
        assert_string_equal(ask("qC"), "QC1");
        (void)ask("?");
        assert_null(strstr(said, "$O"));
        (void)ask(resumptions[i]);
        assert_begins("$O616263");
        if (gdb_server_state(server) == GDB_SERVER_RUNNING) {
            said_size = 0;
            assert_int_equal(gdb_server_wait(server, 0), KDIO_DONE);
        }
        assert_null(strstr(said + 2, "$O")); /* Once. */
    }
}

static void says_a(void)
{
    say("a");
}

static void text_of_a_step_comes_before_its_stop(void **state)
{
    (void)state;
    fake_says = says_a;
    (void)ask("s");
    assert_begins("$O61");
    assert_non_null(strstr(said, "$T02"));
    fake.stop.reason = KDIO_STOP_NONE;
    (void)ask("s");
    assert_begins("$O61");
    assert_int_equal(gdb_server_state(server), GDB_SERVER_RUNNING);
}

/* gdb's ^C at the prompt answers the next resumption, without one. */
static void text_comes_before_a_stop_that_nothing_ran_for(void **state)
{
    (void)state;
    take("\003", 1);
    say("a");
    (void)ask("c");
    assert_begins("$O61");
    assert_true(fake.stopped);
}

static void the_newest_text_stays_and_the_loss_is_told(void **state)
{
    static const char note[] = "kdio: 3 bytes of the kernel's text are missing here\n";
    static struct gdb_writer wanted;
    char line[0x100];

    (void)state;
    say("abc");
    memset(line, 'x', sizeof line);
    for (unsigned i = 0; i < GDB_BACKLOG_SIZE / sizeof line; i++)
        gdb_server_print(server, line, sizeof line);
    (void)ask("c");
    gdb_writer_begin(&wanted);
    gdb_writer_text(&wanted, "O");
    gdb_writer_hex(&wanted, note, strlen(note));
    gdb_writer_end(&wanted);
    wanted.bytes[wanted.size] = '\0';
    assert_begins(wanted.bytes);
    assert_null(strstr(said, "616263"));
    assert_in_range(said_size, 2 * GDB_BACKLOG_SIZE, 2 * GDB_BACKLOG_SIZE + 0x200);
}

static void answers_are_repeated_while_they_are_acknowledged(void **state)
{
    (void)state;
    (void)ask("qC");
    said_size = 0;
    take("-", 1);
    assert_int_equal(memcmp(said, "$QC1#", 5), 0);
    assert_string_equal(ask("QStartNoAckMode"), "OK");
    said_size = 0;
    take("-", 1);
    assert_int_equal(said_size, 0);
    assert_string_equal(ask("qC"), "QC1");
    assert_int_equal(said[0], '$');
}

/* ---- Any bytes ---- */

static uint64_t seed = 1;

static unsigned below(unsigned count)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX. */
    return (unsigned)(seed >> 33) % count;
}

static void send_random_bytes(void)
{
    char bytes[16];
    unsigned size = below(sizeof bytes);

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (char)(below(2) ? below(256) : (unsigned char)"$#}\003+-09af"[below(10)]);
    take(bytes, size);
}

/* A packet of pieces that packets have, its checksum right: as far as it gets. */
static void send_random_packet(void)
{
    static const char *const pieces[] = {
        "g", "G", "m", "M", "X", "p", "P", "Z", "z", "c", "s", "0", "1", "2", "4", "7fff", "ffffffffffffffff", ",", ":",
        "=", ";", "vCont", "vCont;", "qXfer:features:read:target.xml:", "qRcmd,", "qXfer:memory-map:read::", "?", "H",
        "6f", "QStartNoAckMode", "qSupported", "D", "k", "vKill",
    };
    char packet[512] = "";

    for (unsigned i = 0, count = 1 + below(7); i < count; i++)
        (void)strcat(packet, pieces[below(sizeof pieces / sizeof pieces[0])]);
    (void)ask(packet);
}

static void turn(void **state)
{
    fake.failing = below(FAILING_EVERY) ? KDIO_DONE : KDIO_LOST;
    fake.stop.reason = (enum kdio_stop_reason)below(KDIO_STOP_EXCEPTION + 1);
    fake.stop.breakpoint = below(2 * KDIO_BREAKPOINTS_MAX);
    fake.stop.vector = below(256);
    if (below(2))
        send_random_bytes();
    else
        send_random_packet();
    if (gdb_server_state(server) == GDB_SERVER_RUNNING)
        (void)!gdb_server_wait(server, 0);
    if (gdb_server_state(server) == GDB_SERVER_ENDED) {
        gdb_server_free(server);
        fake.failing = KDIO_DONE;
        assert_int_equal(begin(state), 0);
    }
}

static void no_bytes_do_harm(void **state)
{
    for (unsigned i = 0; i < RANDOM_TURNS; i++)
        turn(state);
    gdb_server_free(server);
    assert_int_equal(begin(state), 0);
    assert_string_equal(ask("qC"), "QC1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_end_lets_a_kernel_go_that_has_stopped_unseen), TEST(a_reset_that_is_refused_is_told),
        TEST(a_checksum_is_no_thread),
        TEST(malformed_packets_do_nothing),
        TEST(registers_are_written_together_or_not),
        TEST(registers_that_are_only_shown_say_so),
        TEST(a_step_is_one_request),
        TEST(a_stop_tells_where_it_is),
        TEST(a_step_that_goes_on_is_waited_for),
        TEST(registers_are_fetched_by_parts_and_once),
        TEST(memory_comes_as_far_as_it_is_there),
        TEST(only_breakpoints_of_gdb_have_a_name),
        TEST(breakpoints_of_others_stay),
        TEST(breakpoints_that_come_back_cost_nothing),
        TEST(a_breakpoint_that_goes_is_gone_when_the_kernel_goes_on),
        TEST(a_breakpoint_that_cannot_be_cleared_keeps_the_kernel),
        TEST(the_room_of_one_that_goes_is_there),
        TEST(a_number_that_has_changed_hands_is_left_alone),
        TEST(the_end_leaves_a_kernel_that_runs),
        TEST(a_dead_line_is_tried_once_at_the_end),
        TEST(breaks_stop_once),
        TEST(a_kernel_that_does_not_stop_is_said_to_run),
        TEST(lines_of_monitor_and_what_they_print),
        TEST(text_comes_at_once_while_gdb_waits),
        TEST(text_that_comes_at_the_prompt_is_shown_at_the_next_resumption),
        TEST(text_of_a_step_comes_before_its_stop),
        TEST(text_comes_before_a_stop_that_nothing_ran_for),
        TEST(the_newest_text_stays_and_the_loss_is_told),
        TEST(answers_are_repeated_while_they_are_acknowledged),
        TEST(no_bytes_do_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
