/* SPDX-License-Identifier: MIT */
/*
 * test_rfc2217.c: changes of the line's rate through a serial server that is not ours: gensiot serves the terminal of
 * serial_line.h over TCP. The terminal's rate is then the server's to set, and the witness of what it did.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/lib/transport.h"
#include "tests/lib/serial_line.h"

#define RFC2217        "telnet(rfc2217),tcp"
#define START_MS       10000 /* Until the server says where it listens; some ms on an idle machine. */
#define REFUSE_US      2500000u /* What the library waits for a server to set a rate; and some. */
#define FIND_US        5500000u /* What it takes to find no stub; and some. */
#define SERVER_US      5000000u /* For the server to do what it has been told. */
#define NO_RATE        "no baud rate that could be set; nothing was done"
#define OUTPUT_SIZE    256
#define RECORD_SIZE    65536u
#define BAUD_SAID_SIZE 10u

struct server {
    pid_t process;
    int output; /* Its standard error. */
    char port[8];
    char gensio[64]; /* For a host that speaks RFC 2217. */
};

/* ---- The server ---- */

static void run_server(const struct serial_line *line, const char *stack, const char *port, int output)
{
    char accepter[256];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* A test that fails leaves nothing behind. */
    (void)snprintf(accepter, sizeof accepter, "%s,127.0.0.1,%s", stack, port);
    if (dup2(output, STDERR_FILENO) >= 0)
        (void)execlp("gensiot", "gensiot", "-p", "-a", "--server", "-i", line->gensio, accepter, (char *)NULL);
    perror("gensiot");
    _exit(127);
}

/* It says `Address 0(0): ipv4,127.0.0.1,PORT` when it listens. */
static void take_port(struct server *server)
{
    struct pollfd readable = { .fd = server->output, .events = POLLIN };
    char said[OUTPUT_SIZE] = "", *end, *port;
    ssize_t got = 1;

    for (size_t size = 0; !(end = strchr(said, '\n')); size += (size_t)got) {
        assert_true(size < sizeof said - 1 && poll(&readable, 1, START_MS) == 1);
        got = read(server->output, said + size, sizeof said - 1 - size);
        assert_true(got > 0);
    }
    *end = 0;
    port = strrchr(said, ',');
    if (!port)
        fail_msg("%s", said);
    (void)snprintf(server->port, sizeof server->port, "%s", port + 1);
    (void)snprintf(server->gensio, sizeof server->gensio, RFC2217 ",127.0.0.1,%s", server->port);
}

/* `stack` is what the server puts in front of the line, in gensio's words; port "0" is any that is free. */
static void start_server(struct server *server, const struct serial_line *line, const char *stack, const char *port)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    server->process = fork();
    assert_true(server->process >= 0);
    if (!server->process)
        run_server(line, stack, port, ends[1]);
    (void)close(ends[1]);
    server->output = ends[0];
    take_port(server);
}

static void stop_server(struct server *server)
{
    assert_int_equal(kill(server->process, SIGKILL), 0);
    assert_int_equal(waitpid(server->process, NULL, 0), server->process);
    (void)close(server->output);
}

static void start(struct serial_line *line, struct server *server, const char *stack)
{
    serial_line_start(line);
    start_server(server, line, stack, "0");
}

static void stop(struct serial_line *line, struct server *server)
{
    stop_server(server);
    serial_line_stop(line);
}

static void assert_rates(const struct serial_line *line, uint32_t baud)
{
    assert_int_equal(line->page->stub_baud, baud);
    assert_int_equal(serial_line_host_baud(line), baud);
}

/* The server restores the terminal as it closes it, even when the next host is there: that one waits. */
static void await_closed(const struct serial_line *line)
{
    uint64_t end_us = kdio_time_us() + SERVER_US;

    while (serial_line_host_baud(line))
        assert_true(kdio_time_us() < end_us);
}

/* Telnet has meanings for some bytes: each value goes there and back. */
static void carry_all_values(struct kdio_target *target, struct serial_line *line)
{
    unsigned before = line->page->writes;
    uint32_t value;

    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(kdio_out8(target, WITNESS_PORT, (uint8_t)i), KDIO_DONE);
        assert_int_equal(kdio_in(target, WITNESS_PORT, 1, &value), KDIO_DONE);
        assert_int_equal(value, i);
    }
    assert_int_equal(line->page->writes - before, 256);
}

/* ---- Tests ---- */

static void both_ends_move_and_return(void **state)
{
    struct serial_line line;
    struct server server;
    struct kdio_target *target;
    uint32_t given = 0, session;

    (void)state;
    start(&line, &server, RFC2217);
    target = serial_line_open(server.gensio, 0, 0);
    session = kdio_target_info(target)->session_id;
    assert_rates(&line, DEFAULT_BAUD);
    assert_int_equal(kdio_target_baud(target, FAST_BAUD, &given), KDIO_DONE);
    assert_int_equal(given, FAST_BAUD);
    assert_rates(&line, FAST_BAUD);
    carry_all_values(target, &line);
    assert_int_equal(kdio_target_baud(target, DEFAULT_BAUD, &given), KDIO_DONE);
    assert_rates(&line, DEFAULT_BAUD);
    carry_all_values(target, &line);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    stop(&line, &server);
}

/* The rate that the server said last that it has set, from a record of all that went through its socket. */
static uint32_t baud_said_last(const char *record)
{
    static const uint8_t start_of_answer[] = { 0xff, 0xfa, 44, 101 }; /* RFC 2217: IAC SB COM-PORT SET-BAUDRATE. */
    static uint8_t bytes[RECORD_SIZE];
    FILE *file = fopen(record, "rb");
    uint32_t baud = 0;
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_true(size < sizeof bytes);
    for (size_t i = 0; i + BAUD_SAID_SIZE <= size; i++)
        if (memcmp(bytes + i, start_of_answer, sizeof start_of_answer) == 0)
            baud = (uint32_t)(bytes[i + 4] << 24 | bytes[i + 5] << 16 | bytes[i + 6] << 8 | bytes[i + 7]);
    return baud;
}

/* What it said is in the record just after it is on the socket. */
static void await_said(const char *record, uint32_t baud)
{
    uint64_t end_us = kdio_time_us() + SERVER_US;

    while (baud_said_last(record) != baud)
        assert_true(kdio_time_us() < end_us);
}

/* A server may keep the rate that it was told last, for the next host to find. */
static void by_option_and_left_in_order(void **state)
{
    char record[] = "/tmp/kdio-rfc2217-XXXXXX", stack[128];
    struct serial_line line;
    struct server server;
    struct kdio_target *target;
    int file = mkstemp(record);

    (void)state;
    assert_true(file >= 0 && !close(file));
    (void)snprintf(stack, sizeof stack, "telnet(rfc2217),trace(dir=both,raw,file=%s),tcp", record);
    start(&line, &server, stack);
    target = serial_line_open(server.gensio, FAST_BAUD, 0);
    assert_rates(&line, FAST_BAUD);
    await_said(record, FAST_BAUD);
    carry_all_values(target, &line);
    kdio_target_close(target);
    await_said(record, DEFAULT_BAUD);
    await_closed(&line);
    serial_line_await_stub(&line, DEFAULT_BAUD, 100);
    target = serial_line_open(server.gensio, 0, 0);
    serial_line_write(target, &line, 1);
    kdio_target_close(target);
    stop(&line, &server);
    assert_int_equal(unlink(record), 0);
}

/* The next server finds the terminal as any does, at the default; the session goes on at the rate that it has. */
static void a_server_that_starts_anew(void **state)
{
    struct serial_line line;
    struct server server;
    struct kdio_target *target;
    char port[sizeof server.port];
    uint32_t session;

    (void)state;
    start(&line, &server, RFC2217);
    target = serial_line_open(server.gensio, FAST_BAUD, 0);
    session = kdio_target_info(target)->session_id;
    serial_line_write(target, &line, 10);
    memcpy(port, server.port, sizeof port);
    stop_server(&server);
    start_server(&server, &line, RFC2217, port);
    serial_line_write(target, &line, 10);
    assert_rates(&line, FAST_BAUD);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    stop(&line, &server);
}

/* The host's end returns with its connection, the stub by itself. */
static void a_dead_host_leaves_the_line_to_the_next(void **state)
{
    struct serial_line line;
    struct server server;
    struct kdio_target *target;
    int status;
    pid_t host;

    (void)state;
    start(&line, &server, RFC2217);
    host = fork();
    assert_true(host >= 0);
    if (!host) {
        (void)serial_line_open(server.gensio, FAST_BAUD, 0);
        _exit(0);
    }
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    await_closed(&line);
    target = serial_line_open(server.gensio, 0, 7000);
    assert_rates(&line, DEFAULT_BAUD);
    serial_line_write(target, &line, 3);
    kdio_target_close(target);
    stop(&line, &server);
}

/* ---- Servers that set no rate ---- */

#define ASSERT_NO_RATE(call)                                                                                           \
    do {                                                                                                               \
        uint64_t from_us = kdio_time_us();                                                                             \
        assert_int_equal(call, KDIO_BAD_ARGUMENT);                                                                     \
        assert_true(kdio_time_us() - from_us < REFUSE_US);                                                             \
        assert_non_null(strstr(kdio_target_error(target)->text, NO_RATE));                                             \
    } while (0)

/* In a session, which goes on; and by option. */
static void refuse_rate(struct serial_line *line, const char *gensio)
{
    const struct kdio_options options = { .size = sizeof options, .baud = FAST_BAUD };
    struct kdio_target *target = serial_line_open(gensio, 0, 0);
    uint32_t given = 7, session = kdio_target_info(target)->session_id;

    serial_line_write(target, line, 5);
    ASSERT_NO_RATE(kdio_target_baud(target, FAST_BAUD, &given));
    assert_int_equal(given, 7);
    assert_rates(line, DEFAULT_BAUD);
    serial_line_write(target, line, 5);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    await_closed(line);
    ASSERT_NO_RATE(kdio_target_open(&target, gensio, &options));
    kdio_target_close(target);
    assert_int_equal(line->page->stub_baud, DEFAULT_BAUD);
}

static void a_server_that_sets_no_rate(void **state)
{
    static const struct {
        const char *server, *host;
    } stacks[] = { { "tcp", "tcp" }, { "telnet,tcp", "telnet,tcp" }, { "telnet,tcp", RFC2217 } };

    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        struct serial_line line;
        struct server server;
        char gensio[64];

        start(&line, &server, stacks[i].server);
        (void)snprintf(gensio, sizeof gensio, "%s,127.0.0.1,%s", stacks[i].host, server.port);
        refuse_rate(&line, gensio);
        stop(&line, &server);
    }
}

/* Telnet on a port that has none gives up after 4 s, and takes bytes of ff for its own: a stub is hardly found. */
static void telnet_where_none_is_spoken(void **state)
{
    const struct kdio_options options = { .size = sizeof options, .baud = FAST_BAUD };
    struct serial_line line;
    struct server server;
    struct kdio_target *target;
    uint64_t from_us = kdio_time_us();
    char gensio[64];

    (void)state;
    start(&line, &server, "tcp");
    assert_int_not_equal(kdio_target_open(&target, server.gensio, &options), KDIO_DONE);
    assert_true(kdio_time_us() - from_us < FIND_US);
    assert_non_null(strstr(kdio_target_error(target)->text, "nothing was done"));
    kdio_target_close(target);
    assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
    await_closed(&line);
    (void)snprintf(gensio, sizeof gensio, "tcp,127.0.0.1,%s", server.port);
    target = serial_line_open(gensio, 0, 0);
    serial_line_write(target, &line, 5);
    kdio_target_close(target);
    stop(&line, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_move_and_return),
        cmocka_unit_test(by_option_and_left_in_order),
        cmocka_unit_test(a_server_that_starts_anew),
        cmocka_unit_test(a_dead_host_leaves_the_line_to_the_next),
        cmocka_unit_test(a_server_that_sets_no_rate),
        cmocka_unit_test(telnet_where_none_is_spoken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
