/* SPDX-License-Identifier: MIT */
/* serial_line.c: see serial_line.h. */
#include "tests/lib/serial_line.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <kdio_stub.h>

#include "host/lib/transport.h"

#define UART_BASE 0x3f8u
#define CLOCK_HZ  14745600u /* Up to 921600 baud. */
#define GARBLE    0x5a

/* ---- The stub's process ---- */

struct machine {
    struct serial_line_page *page;
    int master;
    uint8_t lcr, ier, dll, dlm;
    int received; /* A byte that waits, or -1. */
};

static uint64_t now_us(void *context)
{
    (void)context;
    return kdio_time_us();
}

static uint32_t stub_baud(const struct machine *machine)
{
    uint32_t divisor = (uint32_t)machine->dlm << 8 | machine->dll;

    return divisor ? CLOCK_HZ / 16 / divisor : 0;
}

static uint32_t host_baud(int master)
{
    struct termios settings;
    speed_t speed = tcgetattr(master, &settings) ? B0 : cfgetospeed(&settings);

    return speed == B921600 ? FAST_BAUD : speed == B115200 ? DEFAULT_BAUD : 0;
}

static uint8_t through_line(const struct machine *machine, uint8_t byte, bool harmed)
{
    bool fast = stub_baud(machine) != DEFAULT_BAUD;

    return stub_baud(machine) == host_baud(machine->master) && !(fast && harmed) ? byte : byte ^ GARBLE;
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
    if (port == WITNESS_PORT)
        return machine->page->written;
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

static void write_witness(struct serial_line_page *page, uint32_t value)
{
    page->written = value;
    page->writes++;
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
    else if (port == WITNESS_PORT)
        write_witness(machine->page, value);
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

static void run_stub(struct serial_line *line)
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

void serial_line_start(struct serial_line *line)
{
    struct termios settings;

    line->page = mmap(NULL, sizeof *line->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(line->page, MAP_FAILED);
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(line->master >= 0 && !grantpt(line->master) && !unlockpt(line->master));
    assert_int_equal(ptsname_r(line->master, line->name, sizeof line->name), 0);
    /* Held open, so that the terminal lives on between hosts. */
    line->slave = open(line->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(line->slave >= 0 && !tcgetattr(line->slave, &settings));
    cfmakeraw(&settings);
    assert_int_equal(tcsetattr(line->slave, TCSANOW, &settings), 0);
    (void)snprintf(line->gensio, sizeof line->gensio, "serialdev,%s,115200n81,local", line->name);
    line->process = fork();
    assert_true(line->process >= 0);
    if (!line->process)
        run_stub(line);
}

void serial_line_stop(struct serial_line *line)
{
    int status;

    line->page->stop = true;
    assert_int_equal(waitpid(line->process, &status, 0), line->process);
    assert_int_equal(status, 0);
    (void)munmap(line->page, sizeof *line->page);
    (void)close(line->slave);
    (void)close(line->master);
}

uint32_t serial_line_host_baud(const struct serial_line *line)
{
    return host_baud(line->master);
}

/* ---- What hosts do with it ---- */

struct kdio_target *serial_line_open(const char *gensio, uint32_t baud, uint32_t open_ms)
{
    const struct kdio_options options = { .size = sizeof options, .open_ms = open_ms, .baud = baud };
    struct kdio_target *target;
    enum kdio_status status = kdio_target_open(&target, gensio, &options);

    if (status != KDIO_DONE)
        fail_msg("%s", kdio_target_error(target)->text);
    return target;
}

void serial_line_write(struct kdio_target *target, const struct serial_line *line, unsigned count)
{
    unsigned before = line->page->writes;

    for (unsigned i = 0; i < count; i++)
        assert_int_equal(kdio_out8(target, WITNESS_PORT, (uint8_t)i), KDIO_DONE);
    assert_int_equal(line->page->writes - before, count);
}

void serial_line_await_stub(const struct serial_line *line, uint32_t baud, uint64_t limit_ms)
{
    uint64_t end_us = kdio_time_us() + limit_ms * 1000;

    while (line->page->stub_baud != baud)
        if (kdio_time_us() > end_us)
            fail_msg("the stub is at %u baud", line->page->stub_baud);
}
