/* SPDX-License-Identifier: MIT */
/* target.c: see target.h. */
#include "tests/stub/target.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

#define UART_RBR 0
#define UART_LCR 3
#define UART_LSR 5
#define LSR_DR   0x01u
#define LSR_THRE 0x20u
#define STATUS_BUSY  0x80u
#define STATUS_READY 0x40u

static void record(struct target *target, const char *text)
{
    size_t size = strlen(text);

    if (target->log_size)
        target->log[target->log_size++] = ' ';
    assert_true(target->log_size + size + 2 < sizeof target->log);
    memcpy(target->log + target->log_size, text, size + 1);
    target->log_size += size;
}

/* ---- The line ---- */

static void receive(struct target *target)
{
    while (target->byte_ns && target->next_byte_ns <= target->now_ns) {
        target->next_byte_ns += target->byte_ns;
        if (target->fifo_count == KDIO_UART_FIFO_SIZE)
            target->overruns++;
        else
            target->fifo_count++;
    }
}

/* Every byte is text of no meaning, outside of frames. */
static uint32_t uart_in(struct target *target, unsigned number)
{
    receive(target);
    if (number == UART_RBR && target->fifo_count) {
        target->fifo_count--;
        target->received++;
        return 'x';
    }
    if (number == UART_LSR)
        return LSR_THRE | (target->fifo_count ? LSR_DR : 0);
    return number == UART_LCR ? target->lcr : 0;
}

/* ---- Ports ---- */

static bool is_uart(uint16_t port)
{
    return port >= TARGET_UART_PORT && port < TARGET_UART_PORT + 8;
}

static uint32_t device_in(struct target *target, uint16_t port, unsigned width)
{
    uint32_t value = 0;

    if (port == TARGET_COUNTER_PORT)
        return ++target->counter;
    if (port == TARGET_STATUS_PORT)
        return target->now_ns / 1000 >= target->ready_at_us ? STATUS_READY : STATUS_BUSY;
    memcpy(&value, target->ports + port, width);
    return value;
}

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct target *target = context;
    char text[64];
    uint32_t value;

    target->now_ns += target->access_ns;
    target->touched |= !is_uart(port);
    if (is_uart(port))
        return uart_in(target, port - TARGET_UART_PORT);
    value = device_in(target, port, width);
    snprintf(text, sizeof text, "in%u(%x)=%x", 8 * width, port, value);
    record(target, text);
    return value;
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    struct target *target = context;
    char text[64];

    target->now_ns += target->access_ns;
    target->touched |= !is_uart(port);
    if (is_uart(port)) {
        if (port == TARGET_UART_PORT + UART_LCR)
            target->lcr = (uint8_t)value;
        return;
    }
    memcpy(target->ports + port, &value, width);
    snprintf(text, sizeof text, "out%u(%x,%x)", 8 * width, port, value);
    record(target, text);
}

/* ---- The rest of the machine ---- */

static uint64_t time_us(void *context)
{
    struct target *target = context;

    target->now_ns += target->clock_ns;
    return target->now_ns / 1000;
}

static uint64_t stamp(void *context)
{
    struct target *target = context;

    target->now_ns += target->clock_ns;
    return target->now_ns;
}

static uint64_t entropy(void *context)
{
    return ((struct target *)context)->now_ns + 12345;
}

static uintptr_t interrupts_off(void *context)
{
    struct target *target = context;
    bool before = target->interrupts_off;

    target->interrupts_off = true;
    if (!before) {
        target->touched = false;
        target->log_before = target->log_size;
        record(target, "off");
    }
    return before;
}

static void interrupts_restore(void *context, uintptr_t state)
{
    struct target *target = context;

    if (target->interrupts_off && !state && target->touched)
        record(target, "on");
    else if (target->interrupts_off && !state)
        target->log_size = target->log_before;
    target->interrupts_off = state != 0;
}

/* ---- Life ---- */

static void begin_program(struct target *target)
{
    target->writer = kdio_writer_on(target->program, sizeof target->program);
}

void target_reset(struct target *target)
{
    memset(target, 0, sizeof *target);
    target->access_ns = 1000;
    target->clock_ns = 50;
    target->machine = (struct kdio_machine){
        .context = target, .port_in = port_in, .port_out = port_out, .time_us = time_us, .stamp = stamp,
        .entropy = entropy, .interrupts_off = interrupts_off, .interrupts_restore = interrupts_restore,
    };
    target->config = (struct kdio_stub_config){
        .size = sizeof target->config, .machine = &target->machine, .uart = { .base = TARGET_UART_PORT, .stride = 1 },
    };
    begin_program(target);
}

void target_start(struct target *target)
{
    assert_int_equal(kdio_stub_init(target->memory, sizeof target->memory, &target->config, &target->stub),
                     KDIO_STUB_OK);
    target->stub->link.config.results_max = sizeof target->results;
    target->next_byte_ns = target->now_ns + target->byte_ns;
    target->stub->link.current.expected = 1; /* Request 0 has begun the session. */
}

void target_add(struct target *target, uint8_t opcode, const uint64_t *operand, const uint8_t *bytes)
{
    kdio_op_write(&target->writer, kdio_op_find(opcode), operand, bytes);
    assert_false(target->writer.failed);
}

enum kdio_status target_begin(struct target *target, bool atomic)
{
    const struct kdio_stub_request request = {
        .program = target->program, .size = (size_t)(target->writer.at - target->program), .atomic = atomic,
    };

    begin_program(target);
    return kdio_runner_begin(target->stub, &request, target->results, &target->run);
}

bool target_go(struct target *target)
{
    bool ended = kdio_runner_go(target->stub, &target->run);

    assert_false(target->interrupts_off);
    if (ended)
        target->stub->link.current.expected++;
    return ended;
}

static enum kdio_status run(struct target *target, bool atomic)
{
    enum kdio_status status = target_begin(target, atomic);

    if (status != KDIO_DONE)
        return status;
    while (!target_go(target))
        target->now_ns += 100000; /* The kernel's own business. */
    return (enum kdio_status)target->run.failure.status;
}

enum kdio_status target_run(struct target *target)
{
    return run(target, false);
}

enum kdio_status target_run_atomic(struct target *target)
{
    return run(target, true);
}

size_t target_results_size(const struct target *target)
{
    return (size_t)(target->run.results.at - target->results);
}

uint64_t target_result(const struct target *target, size_t at, unsigned size)
{
    struct kdio_reader reader = kdio_reader_on(target->results, target_results_size(target));

    (void)kdio_read_bytes(&reader, (uint32_t)at);
    assert_true(!reader.failed && reader.left >= size);
    return kdio_read_uint(&reader, size);
}

const char *target_log(struct target *target)
{
    target->log[target->log_size] = '\0';
    target->log_size = 0;
    return target->log;
}
