/* SPDX-License-Identifier: MIT */
/* kernel.c: see kernel.h. Instructions and their flags as in SDM volume 2; debug exceptions as in volume 3, 17.3. */
#include "tests/stub_spaces/kernel.h"

#include <ucontext.h>

#include "proto/host_link.h"
#include "tests/unit/unit.h"

#define NONCE      0xa0c4d2efu
#define FRAME_SIZE 0x2000u
#define LINE_SIZE  0x4000u
#define ROUNDS_MAX 20000u
#define STACK_SIZE 0x40000u
#define QUIET_ROUNDS 4u

#define UART_DATA 0
#define UART_LSR  5
#define LSR_DR    0x01u
#define LSR_ROOM  0x60u

#define MSR_FS_BASE 0xc0000100u
#define PRESENT 0x003u
#define LARGE   0x080u

/* What is of the host, the line and the two stacks. */
static struct {
    struct kdio_host_link link;
    uint32_t nonce; /* Of the last session. */
    uint8_t rx_frame[FRAME_SIZE], tx_frame[FRAME_SIZE];
    struct kdio_host_request request;
    uint8_t program[0x2000];
    bool replied, opened;
    struct kdio_failure failure;
    uint8_t results[0x4000];
    size_t results_size;
    unsigned events;
    uint8_t line[LINE_SIZE];
    size_t line_at, line_size;
    bool moved; /* A byte, since the last round began. */
    ucontext_t test, trap;
    uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
    uint32_t (*port_in)(void *context, uint16_t port, unsigned width);
    void (*port_out)(void *context, uint16_t port, unsigned width, uint32_t value);
    bool (*access)(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault *fault);
} peer;

static uint64_t now_us(struct kernel *kernel)
{
    return kernel->world.target.now_ns / 1000;
}

/* ---- The host ---- */

static void take_event(const struct kdio_host_event *event)
{
    peer.opened |= event->type == KDIO_HOST_OPENED;
    peer.events += event->type == KDIO_HOST_EVENT;
    assert_false(event->type == KDIO_HOST_TIMEOUT || event->type == KDIO_HOST_BAD);
    if (event->type != KDIO_HOST_REPLY)
        return;
    peer.replied = true;
    peer.failure = event->failure;
    peer.results_size = event->results_size;
    memcpy(peer.results, event->results, event->results_size);
}

static void host_takes(struct kernel *kernel, uint8_t byte)
{
    struct kdio_host_event event;

    peer.moved = true;
    (void)kdio_host_link_rx(&peer.link, &byte, 1, now_us(kernel), &event);
    take_event(&event);
}

static void host_says(struct kernel *kernel)
{
    struct kdio_host_event event = { 0 };

    kdio_host_link_tick(&peer.link, now_us(kernel), &event);
    take_event(&event);
    if (peer.line_at == peer.line_size)
        peer.line_at = peer.line_size = 0;
    peer.line_size += kdio_host_link_tx(&peer.link, peer.line + peer.line_size, LINE_SIZE - peer.line_size,
                                        now_us(kernel));
}

/* ---- The machine ---- */

static bool is_uart(uint16_t port)
{
    return port >= TARGET_UART_PORT && port < TARGET_UART_PORT + 8;
}

/* Where the stub finds nothing to read it would spin: the test goes on. */
static uint32_t read_lsr(struct kernel *kernel)
{
    if (kernel->standing && peer.line_at == peer.line_size)
        assert_int_equal(swapcontext(&peer.trap, &peer.test), 0);
    return (kernel->mute_lsr ? 0 : LSR_ROOM) | (peer.line_at < peer.line_size ? LSR_DR : 0);
}

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct kernel *kernel = context;

    if (!is_uart(port))
        return peer.port_in(context, port, width);
    kernel->world.target.now_ns += 1000;
    kernel->open_accesses += !kernel->world.target.interrupts_off;
    if (port == TARGET_UART_PORT + UART_LSR)
        return read_lsr(kernel);
    if (port != TARGET_UART_PORT + UART_DATA || peer.line_at == peer.line_size)
        return 0;
    kernel->open_reads += !kernel->world.target.interrupts_off;
    peer.moved = true;
    return peer.line[peer.line_at++];
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    if (!is_uart(port))
        peer.port_out(context, port, width, value);
    else if (port == TARGET_UART_PORT + UART_DATA)
        host_takes(context, (uint8_t)value);
}

static bool access(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault *fault)
{
    struct kernel *kernel = context;

    if (what < KDIO_ACCESS_RDMSR || at - MSR_FS_BASE > 2)
        return peer.access(context, what, at, value, fault);
    if (what == KDIO_ACCESS_WRMSR)
        kernel->msrs[at - MSR_FS_BASE] = *value;
    else
        *value = kernel->msrs[at - MSR_FS_BASE];
    return true;
}

/* Without CR4.DE what DR7 says of I/O means nothing. */
static void debug_set(void *context, unsigned which, uint64_t value)
{
    uint64_t *registers = ((struct kernel *)context)->world.registers;

    if (which == 4)
        registers[PLACE_CR4] = value;
    else
        registers[which < 4 ? PLACE_DR0 + which : which + 3] = value;
    for (unsigned i = 0; i < 4; i++)
        if ((registers[PLACE_DR7] >> (16 + 4 * i) & 3) == 2)
            assert_true(registers[PLACE_CR4] & CR4_DE);
}

static void fpu_save(void *context, uint8_t *area)
{
    assert_int_equal((uintptr_t)area % 16, 0);
    memcpy(area, ((struct kernel *)context)->fpu, 512);
}

static void fpu_restore(void *context, const uint8_t *area)
{
    assert_int_equal((uintptr_t)area % 16, 0);
    memcpy(((struct kernel *)context)->fpu, area, 512);
}

static bool pair_trylock(void *context)
{
    struct kernel *kernel = context;

    kernel->pair_asked++;
    return !kernel->pair_held;
}

static void pair_unlock(void *context)
{
    (void)context;
}

/* ---- The kernel ---- */

static void stand(void *context)
{
    struct kernel *kernel = context;

    for (;;) {
        kernel->standing = true;
        kernel->answered = kdio_stub_trap(kernel->world.target.stub, &kernel->frame);
        kernel->standing = false;
        kernel->told = peer.replied;
        (void)swapcontext(&peer.trap, &peer.test);
    }
}

/* makecontext hands over ints. */
static struct kernel *the_kernel;
static void begin(void)
{
    stand(the_kernel);
}

static void go_on(void)
{
    assert_int_equal(swapcontext(&peer.test, &peer.trap), 0);
}

bool kernel_trap(struct kernel *kernel, unsigned vector)
{
    assert_false(kernel->standing);
    kernel->frame.vector = vector;
    go_on();
    return kernel->standing;
}

bool kernel_trap_debug(struct kernel *kernel, uint64_t dr6)
{
    kernel->world.registers[PLACE_DR6] |= dr6;
    return kernel_trap(kernel, 1);
}

static uint8_t *at_virtual(struct kernel *kernel, uint64_t address)
{
    uint64_t offset = address - (address >> 63 ? KERNEL_ALIAS - KERNEL_CODE_AT : WORLD_VIRTUAL);

    assert_true(offset < WORLD_SIZE);
    return kernel->world.memory + offset;
}

static uint64_t pop(struct kernel *kernel)
{
    uint64_t value;

    memcpy(&value, at_virtual(kernel, kernel->frame.rsp), 8);
    kernel->frame.rsp += 8;
    return value;
}

static void push_flags(struct kernel *kernel, unsigned size)
{
    uint64_t flags = kernel->frame.rflags & ~(uint64_t)FLAG_RF;

    kernel->frame.rsp -= size;
    memcpy(at_virtual(kernel, kernel->frame.rsp), &flags, size);
}

static void pop_flags(struct kernel *kernel)
{
    bool kept = kernel->frame.cs & 3;
    uint64_t flags = pop(kernel);

    kernel->frame.rflags = kept ? (flags & ~(uint64_t)FLAG_IF) | (kernel->frame.rflags & FLAG_IF) : flags;
}

static void return_from_interrupt(struct kernel *kernel)
{
    struct kdio_trap_frame *frame = &kernel->frame;
    uint64_t rip = pop(kernel), cs = pop(kernel), rflags = pop(kernel), rsp = pop(kernel), ss = pop(kernel);

    frame->rip = rip;
    frame->cs = cs;
    frame->rflags = rflags;
    frame->rsp = rsp;
    frame->ss = ss;
}

/* As perform, behind 0f. */
static unsigned perform_escaped(struct kernel *kernel)
{
    struct kdio_trap_frame *frame = &kernel->frame;

    switch (*at_virtual(kernel, frame->rip)) {
    case 0x01:
        assert_true(frame->rflags & FLAG_IF); /* MWAIT, which else never ends. */
        frame->rip += 2;
        return 0;
    case 0x05: case 0x07: case 0x34: case 0x35:
        frame->rip++;
        return 0;
    default:
        return 6;
    }
}

/* SDM volume 2, SYSRET and INT n: they go on with other flags. */
static bool is_untraced(struct kernel *kernel)
{
    const uint8_t *code = at_virtual(kernel, kernel->frame.rip);

    code += *code == 0x48;
    return *code == 0xcd || (*code == 0x0f && code[1] != 0x0b && code[1] != 0x01);
}

/* The exception that the instruction ends with; 0: none. RIP is behind it, but for faults. */
static unsigned perform(struct kernel *kernel)
{
    struct kdio_trap_frame *frame = &kernel->frame;
    uint64_t first = frame->rip;
    unsigned size = 8;

    if (*at_virtual(kernel, frame->rip) == 0x66) {
        size = 2;
        frame->rip++;
    }
    frame->rip += *at_virtual(kernel, frame->rip) == 0x48;
    switch (*at_virtual(kernel, frame->rip++)) {
    case 0x90: return 0;
    case 0x9c: push_flags(kernel, size); return 0;
    case 0x9d: pop_flags(kernel); return 0;
    case 0xcf: return_from_interrupt(kernel); return 0;
    case 0xfa: frame->rflags &= ~(uint64_t)FLAG_IF; return 0;
    case 0xfb: frame->rflags |= FLAG_IF; return 0;
    case 0xf4: assert_true(frame->rflags & FLAG_IF); return 0; /* Else it never ends. */
    case 0xcc: return 3;
    case 0xcd: frame->rip++; return 0; /* What it calls has come back. */
    case 0xf1: return 1;
    case 0x0f:
        if (!perform_escaped(kernel))
            return 0;
        break;
    default: break;
    }
    frame->rip = first;
    return 6;
}

void kernel_execute(struct kernel *kernel)
{
    bool trace = kernel->frame.rflags & FLAG_TF && !is_untraced(kernel);
    unsigned vector;

    kernel->rflags_before = kernel->frame.rflags;
    kernel->held_before = kernel->world.target.stub->busy;
    vector = perform(kernel);
    kernel->executed++;
    if (vector == 6)
        kernel->frame.rflags |= FLAG_RF;
    else
        kernel->frame.rflags &= ~(uint64_t)FLAG_RF;
    kernel->frame.error_code = 0;
    if (vector)
        (void)kernel_trap(kernel, vector);
    else if (trace)
        (void)kernel_trap_debug(kernel, DR6_BS);
}

void kernel_round(struct kernel *kernel)
{
    peer.moved = false;
    host_says(kernel);
    if (kernel->standing)
        go_on();
    else if (kernel->frame.rflags & FLAG_TF)
        kernel_execute(kernel);
    else
        kernel->result = kdio_stub_poll(kernel->world.target.stub);
}

void kernel_settle(struct kernel *kernel)
{
    unsigned quiet = 0;

    for (unsigned i = 0; i < ROUNDS_MAX && quiet < QUIET_ROUNDS; i++) {
        kernel_round(kernel);
        quiet = peer.moved || (!kernel->standing && kernel->frame.rflags & FLAG_TF) ? 0 : quiet + 1;
    }
    assert_int_equal(quiet, QUIET_ROUNDS);
}

void kernel_wait(struct kernel *kernel, unsigned ms)
{
    while (ms--) {
        kernel->world.target.now_ns += 1000000;
        kernel_round(kernel);
    }
    kernel_settle(kernel);
}

/* ---- Asking ---- */

static uint32_t results_of(const uint8_t *program, size_t size)
{
    struct kdio_reader reader = kdio_reader_on(program, size);
    struct kdio_program_summary summary = { 0 };
    struct kdio_op op;

    while (reader.left)
        if (kdio_program_step(&reader, &summary, &op) != KDIO_DONE)
            return 0;
    return summary.results_size;
}

static void submit(struct kernel *kernel, bool atomic)
{
    struct target *target = &kernel->world.target;

    peer.request = (struct kdio_host_request){ .program = peer.program, .atomic = atomic };
    peer.request.size = (size_t)(target->writer.at - target->program);
    memcpy(peer.program, target->program, peer.request.size);
    target->writer = kdio_writer_on(target->program, sizeof target->program);
    peer.request.results_max = results_of(peer.program, peer.request.size);
    peer.replied = false;
    assert_true(kdio_host_link_submit(&peer.link, &peer.request, now_us(kernel)));
}

static enum kdio_status ask(struct kernel *kernel, bool atomic)
{
    submit(kernel, atomic);
    for (unsigned i = 0; i < ROUNDS_MAX && !peer.replied; i++)
        kernel_round(kernel);
    assert_true(peer.replied);
    return (enum kdio_status)peer.failure.status;
}

void kernel_submit(struct kernel *kernel)
{
    submit(kernel, false);
}

enum kdio_status kernel_ask(struct kernel *kernel)
{
    return ask(kernel, false);
}

enum kdio_status kernel_ask_atomic(struct kernel *kernel)
{
    return ask(kernel, true);
}

unsigned kernel_events(void)
{
    return peer.events;
}

uint64_t kernel_result(size_t at, unsigned size)
{
    struct kdio_reader reader = kdio_reader_on(peer.results, peer.results_size);

    (void)kdio_read_bytes(&reader, (uint32_t)at);
    assert_true(!reader.failed && reader.left >= size);
    return kdio_read_uint(&reader, size);
}

size_t kernel_results_size(void)
{
    return peer.results_size;
}

const struct kdio_failure *kernel_failure(void)
{
    return &peer.failure;
}

/* ---- Life ---- */

static void set_entry(struct kernel *kernel, unsigned page, unsigned index, uint64_t entry)
{
    memcpy(kernel->world.memory + WORLD_PAGE * page + 8 * index, &entry, 8);
}

/* Tables: 1 the topmost; 2, 3, 4 to WORLD_VIRTUAL; 5 to WORLD_DIRECT, by pages of 1 GiB. */
static void make_tables(struct kernel *kernel)
{
    memset(kernel->world.memory, 0, WORLD_PAGE * 6);
    set_entry(kernel, 1, WORLD_VIRTUAL >> 39, 2 * WORLD_PAGE | PRESENT);
    set_entry(kernel, 2, 0, 3 * WORLD_PAGE | PRESENT);
    set_entry(kernel, 3, 0, 4 * WORLD_PAGE | PRESENT);
    for (unsigned i = 0; i < WORLD_PAGES; i++)
        set_entry(kernel, 4, i, WORLD_PHYSICAL(i * WORLD_PAGE) | PRESENT);
    set_entry(kernel, 1, 256, 5 * WORLD_PAGE | PRESENT);
    set_entry(kernel, 5, 0, PRESENT | LARGE);
    set_entry(kernel, 5, 4, WORLD_HIGH | PRESENT | LARGE);
    kernel->world.registers[PLACE_CR3] = WORLD_PAGE;
    kernel->world.registers[PLACE_DR6] = DR6_NONE;
    kernel->world.registers[PLACE_DR7] = 0x400;
}

static void make_machine(struct kernel *kernel)
{
    struct target *target = &kernel->world.target;

    peer.port_in = target->machine.port_in;
    peer.port_out = target->machine.port_out;
    peer.access = target->machine.access;
    target->machine.context = kernel;
    target->machine.port_in = port_in;
    target->machine.port_out = port_out;
    target->machine.access = access;
    target->machine.debug_set = debug_set;
    target->machine.fpu_save = fpu_save;
    target->machine.fpu_restore = fpu_restore;
    target->config.traps = true;
    target->config.pair_trylock = pair_trylock;
    target->config.pair_unlock = pair_unlock;
}

void kernel_load(struct kernel *kernel, const uint8_t *code, size_t size)
{
    memset(kernel->world.memory + KERNEL_CODE_AT, 0x90, WORLD_PAGE);
    if (size)
        memcpy(kernel->world.memory + KERNEL_CODE_AT, code, size);
    kernel->frame.rip = KERNEL_CODE;
}

void kernel_reset(struct kernel *kernel)
{
    memset(kernel, 0, sizeof *kernel);
    memset(&peer, 0, sizeof peer);
    peer.nonce = NONCE;
    world_reset(&kernel->world);
    make_tables(kernel);
    make_machine(kernel);
    kernel_load(kernel, NULL, 0);
    kernel->frame.rsp = KERNEL_STACK;
    kernel->frame.rflags = FLAG_IF | 2;
    kernel->frame.cs = 8;
    kernel->frame.ss = 0x10;
    the_kernel = kernel;
    (void)getcontext(&peer.trap);
    peer.trap.uc_stack.ss_sp = peer.stack;
    peer.trap.uc_stack.ss_size = sizeof peer.stack;
    makecontext(&peer.trap, begin, 0);
}

void kernel_start(struct kernel *kernel)
{
    struct target *target = &kernel->world.target;

    assert_int_equal(kdio_stub_init(target->memory, sizeof target->memory, &target->config, &target->stub),
                     KDIO_STUB_OK);
    kdio_stub_prompt(target->stub, true);
}

void kernel_open(struct kernel *kernel)
{
    const struct kdio_host_link_config config = {
        .rx_frame = peer.rx_frame, .rx_frame_size = FRAME_SIZE, .tx_frame = peer.tx_frame, .tx_frame_size = FRAME_SIZE,
        .dead_us = 60000000,
    };

    do
        peer.nonce++;
    while (!kdio_host_nonce_fits(peer.nonce));
    kdio_host_link_init(&peer.link, &config);
    peer.opened = false;
    peer.events = 0;
    kdio_host_link_open(&peer.link, peer.nonce, false, now_us(kernel));
    for (unsigned i = 0; i < ROUNDS_MAX && !peer.opened; i++)
        kernel_round(kernel);
    assert_true(peer.opened);
}
