/* SPDX-License-Identifier: MIT */
/*
 * test_rate.c: changes of the line's rate, by the library, against the real stub in a process of its own behind a
 * pseudo-terminal. Both ends have a rate: the stub's is its divisor, the host's the terminal's. Bytes are garbled while
 * they differ.
 */
#include <kdio.h>
#include <kdio_stub.h>

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define UART_BASE    0x3f8u
#define CLOCK_HZ     14745600u /* Up to 921600 baud. */
#define DEFAULT_BAUD 115200u
#define FAST_BAUD    921600u
#define GARBLE       0x5a

/* Shared with the stub's process. */
struct page {
    atomic_bool stop;
    atomic_bool deaf_when_fast; /* What the host sends at another rate than the default arrives garbled. */
    atomic_bool mute_when_fast; /* What the stub sends does. */
    atomic_bool mute_once; /* What it sends until its rate changes does. */
    atomic_uint stub_baud;
    atomic_uint writes;
};

struct line {
    struct page *page;
    pid_t process;
    int master;
    char name[64], gensio[128];
};

/* ---- The stub's process ---- */

struct machine {
    struct page *page;
    int master;
    uint8_t lcr, ier, dll, dlm;
    int received; /* A byte that waits, or -1. */
};

static uint64_t now_us(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static uint32_t stub_baud(const struct machine *machine)
{
    uint32_t divisor = (uint32_t)machine->dlm << 8 | machine->dll;

    return divisor ? CLOCK_HZ / 16 / divisor : 0;
}

static uint32_t host_baud(const struct machine *machine)
{
    struct termios settings;

    if (tcgetattr(machine->master, &settings))
        return 0;
    return cfgetospeed(&settings) == B921600 ? FAST_BAUD : cfgetospeed(&settings) == B115200 ? DEFAULT_BAUD : 0;
}

static uint8_t through_line(const struct machine *machine, uint8_t byte, bool harmed)
{
    bool fast = stub_baud(machine) != DEFAULT_BAUD;

    return stub_baud(machine) == host_baud(machine) && !(fast && harmed) ? byte : byte ^ GARBLE;
}

static uint8_t read_lsr(struct machine *machine)
{
    uint8_t byte;

    if (machine->received < 0 && read(machine->master, &byte, 1) == 1)
        machine->received = through_line(machine, byte, machine->page->deaf_when_fast);
    return (uint8_t)(0x60 | (machine->received >= 0));
}

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct machine *machine = context;
    int byte = machine->received;

    (void)width;
    if (port == UART_BASE + 5)
        return read_lsr(machine);
    if (port == UART_BASE + 3)
        return machine->lcr;
    if (port == UART_BASE + 1)
        return machine->ier;
    if (port != UART_BASE)
        return 0;
    machine->received = -1;
    return byte < 0 ? 0 : (uint32_t)byte;
}

static void write_data(struct machine *machine, uint8_t byte)
{
    byte = through_line(machine, byte, machine->page->mute_when_fast) ^ (machine->page->mute_once ? GARBLE : 0);
    (void)!write(machine->master, &byte, 1);
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    struct machine *machine = context;
    bool dlab = machine->lcr & 0x80;

    (void)width;
    if (port == UART_BASE && dlab)
        machine->dll = (uint8_t)value;
    else if (port == UART_BASE)
        write_data(machine, (uint8_t)value);
    else if (port == UART_BASE + 1)
        *(dlab ? &machine->dlm : &machine->ier) = (uint8_t)value;
    else if (port == UART_BASE + 3)
        machine->lcr = (uint8_t)value;
    else if (port == 0x80)
        machine->page->writes++;
    if (machine->page->stub_baud != stub_baud(machine))
        machine->page->mute_once = false;
    machine->page->stub_baud = stub_baud(machine);
}

static uint32_t mem_in(void *context, uint64_t address, unsigned width)
{
    (void)context, (void)address, (void)width;
    return 0;
}

static void mem_out(void *context, uint64_t address, unsigned width, uint32_t value)
{
    (void)context, (void)address, (void)width, (void)value;
}

static uint64_t entropy(void *context)
{
    return now_us(context) * 0x9e3779b97f4a7c15u >> 7;
}

static uintptr_t interrupts_off(void *context)
{
    (void)context;
    return 0;
}

static void interrupts_restore(void *context, uintptr_t state)
{
    (void)context, (void)state;
}

static void run_stub(struct line *line)
{
    static _Alignas(16) uint8_t memory[KDIO_STUB_MEMORY];
    struct machine state = { .page = line->page, .master = line->master, .lcr = 3, .dll = 8, .received = -1 };
    const struct kdio_machine machine = {
        .context = &state, .port_in = port_in, .port_out = port_out, .mem_in = mem_in, .mem_out = mem_out,
        .time_us = now_us, .entropy = entropy, .interrupts_off = interrupts_off, .interrupts_restore = interrupts_restore,
    };
    const struct kdio_stub_config config = {
        .size = sizeof config, .machine = &machine,
        .uart = { .base = UART_BASE, .stride = 1, .clock_hz = CLOCK_HZ, .baud = DEFAULT_BAUD },
    };
    struct pollfd readable = { .fd = line->master, .events = POLLIN };
    struct kdio_stub *stub;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* A test that fails leaves nothing behind. */
    if (kdio_stub_init(memory, sizeof memory, &config, &stub) != KDIO_STUB_OK)
        _exit(1);
    kdio_stub_prompt(stub, true);
    while (!line->page->stop)
        if (!kdio_stub_poll(stub))
            (void)poll(&readable, 1, 1);
    _exit(0);
}

/* ---- The line ---- */

static void start(struct line *line)
{
    struct termios settings;
    int slave;

    line->page = mmap(NULL, sizeof *line->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(line->page, MAP_FAILED);
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(line->master >= 0 && !grantpt(line->master) && !unlockpt(line->master));
    assert_int_equal(ptsname_r(line->master, line->name, sizeof line->name), 0);
    /* Held open, so that the terminal lives on between hosts. */
    slave = open(line->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0 && !tcgetattr(slave, &settings));
    cfmakeraw(&settings);
    assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
    (void)snprintf(line->gensio, sizeof line->gensio, "serialdev,%s,115200n81,local", line->name);
    line->process = fork();
    assert_true(line->process >= 0);
    if (!line->process)
        run_stub(line);
}

static void stop(struct line *line)
{
    int status;

    line->page->stop = true;
    assert_int_equal(waitpid(line->process, &status, 0), line->process);
    assert_int_equal(status, 0);
    (void)munmap(line->page, sizeof *line->page);
    (void)close(line->master);
}

static struct kdio_target *open_target(const struct line *line, uint32_t baud, uint32_t open_ms)
{
    const struct kdio_options options = { .size = sizeof options, .open_ms = open_ms, .baud = baud };
    struct kdio_target *target;
    enum kdio_status status = kdio_target_open(&target, line->gensio, &options);

    if (status != KDIO_DONE)
        fail_msg("%s", kdio_target_error(target)->text);
    return target;
}

static void write_some(struct kdio_target *target, struct line *line, unsigned count)
{
    unsigned before = line->page->writes;

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(kdio_out8(target, 0x80, (uint8_t)i), KDIO_DONE);
    assert_int_equal(line->page->writes - before, count);
}

/* Within a limit; by then the stub has polled many times. */
static void await_stub_baud(const struct line *line, uint32_t baud, uint64_t limit_ms)
{
    uint64_t end_us = now_us(NULL) + limit_ms * 1000;

    while (line->page->stub_baud != baud)
        if (now_us(NULL) > end_us)
            fail_msg("the stub is at %u baud", line->page->stub_baud);
}

/* ---- Tests ---- */

static void both_ends_move_and_return(void **state)
{
    struct line line;
    struct kdio_target *target;
    uint32_t given = 0, session;

    (void)state;
    start(&line);
    target = open_target(&line, 0, 0);
    session = kdio_target_info(target)->session_id;
    assert_true(kdio_target_info(target)->capabilities & KDIO_CAP_BAUD);
    assert_int_equal(kdio_target_baud(target, FAST_BAUD, &given), KDIO_DONE);
    assert_int_equal(given, FAST_BAUD);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    write_some(target, &line, 100);
    assert_int_equal(kdio_target_baud(target, DEFAULT_BAUD, &given), KDIO_DONE);
    assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
    write_some(target, &line, 10);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    stop(&line);
}

static void by_option_and_left_in_order(void **state)
{
    struct line line;
    struct kdio_target *target;

    (void)state;
    start(&line);
    target = open_target(&line, FAST_BAUD, 0);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    write_some(target, &line, 10);
    kdio_target_close(target);
    await_stub_baud(&line, DEFAULT_BAUD, 100);
    target = open_target(&line, 0, 0);
    write_some(target, &line, 1);
    kdio_target_close(target);
    stop(&line);
}

static void a_rate_that_the_clock_does_not_give(void **state)
{
    struct line line;
    struct kdio_target *target;
    uint32_t given = 7;

    (void)state;
    start(&line);
    target = open_target(&line, 0, 0);
    assert_int_equal(kdio_target_baud(target, 700000, &given), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_target_baud(target, 4000000, &given), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_target_baud(target, 0, &given), KDIO_BAD_ARGUMENT);
    assert_int_equal(given, 7);
    write_some(target, &line, 3);
    kdio_target_close(target);
    stop(&line);
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
        struct line line;
        struct kdio_target *target;
        uint32_t session;
        uint64_t from_us;

        start(&line);
        line.page->deaf_when_fast = lines[i].deaf;
        line.page->mute_when_fast = lines[i].mute;
        target = open_target(&line, 0, 0);
        session = kdio_target_info(target)->session_id;
        write_some(target, &line, 5);
        from_us = now_us(NULL);
        assert_int_equal(kdio_target_baud(target, FAST_BAUD, NULL), KDIO_NO_ANSWER);
        assert_true(now_us(NULL) - from_us < 7500000);
        assert_non_null(strstr(kdio_target_error(target)->text, "115200 baud again"));
        assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
        write_some(target, &line, 5);
        assert_int_equal(kdio_target_info(target)->session_id, session);
        kdio_target_close(target);
        stop(&line);
    }
}

/* The stub is at the default already, and hears nothing of what is asked at the rate before. */
static void the_reply_of_the_return_is_lost(void **state)
{
    struct line line;
    struct kdio_target *target;
    uint32_t session, given = 0;

    (void)state;
    start(&line);
    target = open_target(&line, FAST_BAUD, 0);
    session = kdio_target_info(target)->session_id;
    write_some(target, &line, 5);
    line.page->mute_once = true;
    assert_int_equal(kdio_target_baud(target, DEFAULT_BAUD, &given), KDIO_DONE);
    assert_int_equal(given, DEFAULT_BAUD);
    assert_int_equal(line.page->stub_baud, DEFAULT_BAUD);
    write_some(target, &line, 5);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    stop(&line);
}

/* A host that keeps still for long, but serves its target, keeps the rate. */
static void the_rate_is_kept(void **state)
{
    struct line line;
    struct kdio_target *target;

    (void)state;
    start(&line);
    target = open_target(&line, FAST_BAUD, 0);
    assert_int_equal(kdio_target_service(target, 6000), KDIO_DONE);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    write_some(target, &line, 3);
    kdio_target_close(target);
    stop(&line);
}

/* One that serves nothing meanwhile finds the stub at the default, and raises the rate again. */
static void an_idle_host_finds_the_stub_again(void **state)
{
    struct line line;
    struct kdio_target *target;
    uint32_t session;

    (void)state;
    start(&line);
    target = open_target(&line, FAST_BAUD, 0);
    session = kdio_target_info(target)->session_id;
    await_stub_baud(&line, DEFAULT_BAUD, 6000);
    write_some(target, &line, 3);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    assert_int_equal(kdio_target_info(target)->session_id, session);
    kdio_target_close(target);
    stop(&line);
}

/* A host that died at another rate: the next one finds the stub at the default. */
static void a_dead_host_leaves_the_line_to_the_next(void **state)
{
    struct line line;
    struct kdio_target *target;
    int status;
    pid_t host;

    (void)state;
    start(&line);
    host = fork();
    assert_true(host >= 0);
    if (!host) {
        (void)open_target(&line, FAST_BAUD, 0);
        _exit(0);
    }
    assert_int_equal(waitpid(host, &status, 0), host);
    assert_int_equal(line.page->stub_baud, FAST_BAUD);
    target = open_target(&line, 0, 7000);
    write_some(target, &line, 3);
    kdio_target_close(target);
    stop(&line);
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
