/* SPDX-License-Identifier: MIT */
/*
 * target.c: the machine under debug: the real stub in a kernel that calls it from interrupt, timer, idle loop and
 * console, each between any two accesses of another, and from a second processor at the same time.
 *
 * A preempting entry runs to its end before the one it preempted goes on; what two processors do interleaves. A reset
 * leaves the stub wherever it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define TIMER_NS     (10 * SIM_MS)
#define SPIN_NS      (20 * SIM_US)
#define POLL_SOON_NS (2 * SIM_US)  /* An idle loop comes round again. */
#define SPELL_NS     (200 * SIM_US) /* It goes on polling that often while there is work. */
#define WAIT_NS      (2 * SIM_US) /* Several looks, and 16 bytes between them, within what a FIFO takes at 3 Mbaud. */
#define STALL_NS     (150 * SIM_MS) /* Less than the gap that ends a frame: the rest of it would be text. */
#define IDLE_NS      (2 * SIM_MS)
#define STORM        8u /* An interrupt that is still there after so many services in a row hangs the machine. */
#define LINE_SIZE_MAX 120u
#define TICK_PART     40u /* One access in so many. */

enum entry { HANDLE, POLL, CONSOLE };

/* LCR, 24 bytes, and the LSR that says that there are no more. */
#define TAKEN_MAX (1 + 2 * 24 + 1u)

static bool uart_port(uint16_t port)
{
    return port >= SIM_UART_BASE && port < SIM_UART_BASE + 8;
}

/* ---- Interrupts ---- */

static void watch_line(struct sim *sim)
{
    struct sim_target *target = &sim->target;
    bool line = sim_uart_line(&target->uart, sim->now_ns);

    if (line && !target->irq_line)
        target->irq_latched = true;
    target->irq_line = line;
}

static bool irq_pending(const struct sim *sim)
{
    const struct sim_target *target = &sim->target;

    if (sim->config.kernel == SIM_LEVEL)
        return target->irq_line;
    return sim->config.kernel == SIM_IRQ && target->irq_latched;
}

/* ---- Entries ---- */

/* Text is queued before the entry goes on to send, where others may come between and queue theirs behind: what had no
 * room is taken back from where it is by then. */
static bool print_text(struct sim *sim, const char *text, size_t size)
{
    char *place;

    memcpy(sim->text_sent + sim->text_sent_size, text, size);
    sim->text_sent_size += size;
    if (kdio_stub_console(sim->target.stub, text, size))
        return true;
    place = memmem(sim->text_sent, sim->text_sent_size, text, size);
    memmove(place, place + size, (size_t)(sim->text_sent + sim->text_sent_size - (place + size)));
    sim->text_sent_size -= size;
    return false;
}

static void print_line(struct sim *sim)
{
    char line[LINE_SIZE_MAX + 16];
    int size = snprintf(line, sizeof line, "%06u ", sim->target.line_number++);
    unsigned more = (unsigned)sim_below(&sim->random, LINE_SIZE_MAX);

    for (unsigned i = 0; i < more; i++)
        line[size++] = (char)(' ' + sim_below(&sim->random, 95));
    line[size++] = '\n';
    (void)print_text(sim, line, (size_t)size);
}

void sim_target_print(struct sim *sim, const char *text, size_t size)
{
    if (!print_text(sim, text, size))
        sim_fail(sim, "the console has no room for %zu bytes", size);
}

static unsigned call(struct sim *sim, enum entry entry)
{
    if (entry == HANDLE)
        return kdio_stub_handle(sim->target.stub);
    if (entry == POLL)
        return kdio_stub_poll(sim->target.stub);
    if (sim->text_sent_size < SIM_TEXT_MAX - LINE_SIZE_MAX - 16)
        print_line(sim);
    return 0;
}

static void check_bound(struct sim *sim, const struct sim_processor *processor)
{
    struct sim_target *target = &sim->target;

    if (processor->accesses > target->accesses_max)
        target->accesses_max = processor->accesses;
    if (processor->accesses > KDIO_STUB_ACCESSES_MAX)
        sim_fail(sim, "a call made %u UART accesses", processor->accesses);
}

/* The accesses of each entry count for it alone. */
static unsigned enter(struct sim *sim, enum entry entry)
{
    struct sim_processor *processor = sim->target.processor;
    unsigned outer_accesses = processor->accesses, outer_before = processor->accesses_before;
    bool outer_program = processor->in_program, outer_irq = processor->in_irq;
    unsigned result;

    processor->accesses = 0;
    processor->in_program = false;
    processor->in_irq |= entry == HANDLE;
    processor->depth++;
    result = call(sim, entry);
    processor->depth--;
    check_bound(sim, processor);
    processor->in_irq = outer_irq;
    processor->accesses = outer_accesses;
    processor->accesses_before = outer_before;
    processor->in_program = outer_program;
    return result;
}

/* What a kernel does after each call: comes back soon while there is more, and for a spell while there was work. */
static void enter_and_plan(struct sim *sim, enum entry entry)
{
    struct sim_target *target = &sim->target;
    unsigned result = enter(sim, entry);
    uint64_t soon_ns;

    if (result & KDIO_STUB_BREAK && !target->processor->depth)
        sim_debugged_break(sim);
    soon_ns = sim->now_ns + (result & KDIO_STUB_MORE ? POLL_SOON_NS : SPELL_NS);

    if (result && sim->config.kernel != SIM_TIMER && soon_ns < target->poll_ns)
        target->poll_ns = soon_ns;
}

static void interrupt(struct sim *sim)
{
    struct sim_target *target = &sim->target;

    target->irq_latched = false;
    enter_and_plan(sim, HANDLE);
    watch_line(sim);
}

/* A level-triggered line that stays up calls the handler again at once, and nothing else ever runs. */
static void interrupt_preempts(struct sim *sim)
{
    for (unsigned i = 0; irq_pending(sim); i++) {
        if (i == STORM)
            sim_fail(sim, "the interrupt line stays up: the interrupted entry never goes on");
        interrupt(sim);
        if (sim->config.kernel != SIM_LEVEL)
            break;
    }
}

/* Code of the kernel's with breakpoints, in an interrupt that strikes an entry. */
static void tick_preempts(struct sim *sim)
{
    struct sim_processor *processor = sim->target.processor;
    unsigned accesses = processor->accesses, before = processor->accesses_before;
    bool in_program = processor->in_program;

    sim_debugged_tick(sim);
    processor->accesses = accesses;
    processor->accesses_before = before;
    processor->in_program = in_program;
}

static void preempt(struct sim *sim)
{
    const struct sim_processor *processor = sim->target.processor;

    if (processor->depth >= SIM_DEPTH_MAX || processor->standing || processor->atomic)
        return;
    if (sim->config.second_ns && sim_chance(&sim->random, 1, TICK_PART))
        tick_preempts(sim);
    if (processor == sim->target.processors && irq_pending(sim) && !processor->in_irq)
        interrupt_preempts(sim);
    if (!sim_chance(&sim->random, sim->config.preempt_part, 1000))
        return;
    if (sim->config.console_ns && sim_chance(&sim->random, 1, 3))
        (void)enter(sim, CONSOLE);
    else
        (void)enter(sim, POLL); /* A timer's. */
}

/* ---- The machine, as the stub sees it ---- */

static void spend(struct sim *sim)
{
    sim_processor_pass(sim, sim->config.access_ns);
    if (sim->target.processor && sim->target.processor->depth)
        preempt(sim);
}

/* Emptying the UART between the operations of a program is the program's own: only what comes before its first
 * operation and behind its last counts. */
static void count_operation(struct sim_processor *processor)
{
    if (!processor->in_program)
        processor->accesses_before = processor->accesses;
    processor->in_program = true;
    processor->accesses = processor->accesses_before;
}

/* A stub that finds nothing to do while the kernel stands would spin: it goes on when a byte comes or leaves. */
static void stand_idle(struct sim *sim)
{
    const struct sim_target *target = &sim->target;
    const struct kdio_stub *stub = target->stub;
    struct sim_processor *processor = target->processor;

    if (!processor || !processor->standing || stub->request_ready || stub->rx.head != stub->rx.tail ||
        target->uart.rx.count)
        return;
    processor->idle = true;
    sim_processor_wait(sim, sim_earlier(sim_uart_shift_ns(&target->uart), sim->now_ns + IDLE_NS));
    processor->idle = false;
}

/* While a program runs the UART is emptied between its operations, and not all of those make an access that would show.
 * What a call takes from it before is counted. */
static void count_read(struct sim *sim)
{
    struct sim_processor *processor = sim_processor_current(sim);
    const struct kdio_stub *stub = sim->target.stub; /* NULL while it starts. */

    processor->accesses += !stub || !stub->running || processor->accesses < TAKEN_MAX;
}

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct sim *sim = context;
    uint32_t value;

    spend(sim);
    if (uart_port(port)) {
        count_read(sim);
        stand_idle(sim);
        value = sim_uart_read(&sim->target.uart, port - SIM_UART_BASE, sim->now_ns);
        watch_line(sim);
        return value;
    }
    count_operation(sim_processor_current(sim));
    return sim_model_access(sim, port, width, false, 0);
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    struct sim *sim = context;

    spend(sim);
    if (uart_port(port)) {
        sim_processor_current(sim)->accesses++;
        sim_uart_write(&sim->target.uart, port - SIM_UART_BASE, (uint8_t)value, sim->now_ns);
        watch_line(sim);
        return;
    }
    count_operation(sim_processor_current(sim));
    (void)sim_model_access(sim, port, width, true, value);
}

static uint32_t mem_in(void *context, uint64_t address, unsigned width)
{
    (void)width;
    sim_fail(context, "memory access at %llx", (unsigned long long)address);
}

static void mem_out(void *context, uint64_t address, unsigned width, uint32_t value)
{
    (void)width;
    (void)value;
    sim_fail(context, "memory access at %llx", (unsigned long long)address);
}

/* Loads and stores are told apart from ports by their operation alone. */
static bool access(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault *fault)
{
    struct sim *sim = context;
    bool store = what >= KDIO_ACCESS_STORE;

    (void)fault;
    spend(sim);
    if (sim_debugged_access(sim, what, at, value))
        return true;
    count_operation(sim_processor_current(sim));
    *value = sim_model_access(sim, (uint16_t)at, 1u << (what & 3), store, (uint32_t)*value);
    return true;
}

/* The entry that holds the stub is this processor's. */
static bool holds(const struct kdio_stub *stub, const struct sim_processor *processor)
{
    return stub->entered_rsp - (uintptr_t)processor->stack < sizeof processor->stack;
}

/* An operation that waits looks at the clock again and again, which takes its time. */
static void wait_a_little(struct sim *sim)
{
    struct sim_processor *processor = sim->target.processor;
    const struct kdio_stub *stub = sim->target.stub;

    if (!processor || !stub->running || !stub->run.op_goes_on || stub->run.op.row->opcode != KDIO_OP_DELAY ||
        !holds(stub, processor))
        return;
    count_operation(processor);
    sim_processor_pass(sim, WAIT_NS);
}

static uint64_t time_us(void *context)
{
    struct sim *sim = context;

    wait_a_little(sim);
    return sim->now_ns / SIM_US;
}

static uint64_t stamp(void *context)
{
    return ((const struct sim *)context)->now_ns;
}

static uint64_t entropy(void *context)
{
    struct sim *sim = context;

    return sim_draw(&sim->random);
}

static uintptr_t interrupts_off(void *context)
{
    struct sim_processor *processor = sim_processor_current(context);
    bool before = processor->atomic;

    processor->atomic = true;
    return before;
}

static void interrupts_restore(void *context, uintptr_t state)
{
    sim_processor_current(context)->atomic = state != 0;
}

static void typed(void *context, const char *bytes, size_t size)
{
    char number[16] = { 0 };

    if (size != 8)
        sim_fail(context, "%zu bytes were typed", size);
    memcpy(number, bytes, size);
    count_operation(sim_processor_current(context));
    sim_model_typed(context, (uint32_t)strtoul(number, NULL, 16));
}

/* ---- Life ---- */

static void run_processor(struct sim *sim);

static void boot(struct sim *sim)
{
    static const struct kdio_port_range deny[] = { { SIM_DENIED_PORT, SIM_DENIED_PORT + 7 } };
    struct kdio_machine machine = {
        .context = sim, .port_in = port_in, .port_out = port_out, .mem_in = mem_in, .mem_out = mem_out,
        .time_us = time_us, .stamp = stamp, .entropy = entropy, .interrupts_off = interrupts_off,
        .interrupts_restore = interrupts_restore, .access = access,
    };
    struct kdio_stub_config config = {
        .size = sizeof config,
        .uart = { .base = SIM_UART_BASE, .stride = 1, .baud = sim->config.baud, .clock_hz = sim->target.uart.clock_hz,
                  .irq = sim->config.kernel == SIM_IRQ || sim->config.kernel == SIM_LEVEL },
        .machine = &machine,
        .deny = deny,
        .deny_count = 1,
        .text = typed,
        .faults = true,
        .context = sim,
    };
    struct sim_target *target = &sim->target;

    sim_processors_reset(sim, run_processor);
    sim_debugged_machine(&machine);
    sim_debugged_config(&config);
    sim_debugged_boot(sim);
    memset(target->memory, 0xa5, sim->config.memory_size);
    if (kdio_stub_init(target->memory, sim->config.memory_size, &config, &target->stub) != KDIO_STUB_OK)
        sim_fail(sim, "the stub does not start");
    if (sim->config.kernel != SIM_TIMER)
        kdio_stub_prompt(target->stub, true);
    target->running = true;
    target->boots++;
    target->timer_ns = sim->now_ns;
    target->poll_ns = target->masked_ns = 0;
    target->second_ns = sim->config.second_ns ? sim->now_ns : SIM_NEVER;
    target->console_ns = sim->config.console_ns ? sim->now_ns : SIM_NEVER;
}

void sim_target_start(struct sim *sim)
{
    sim->target.uart.clock_hz = 16 * SIM_UART_DIVISOR * sim->config.baud;
    sim_uart_reset(&sim->target.uart);
    sim->target.reset_ns = SIM_NEVER;
    boot(sim);
}

void sim_target_reset(struct sim *sim, uint64_t boot_ns)
{
    struct sim_target *target = &sim->target;

    sim_uart_reset(&target->uart);
    target->running = false;
    target->irq_line = target->irq_latched = false;
    sim_processors_reset(sim, run_processor);
    target->reset_ns = SIM_NEVER;
    target->boot_ns = sim->now_ns + boot_ns;
}

uint32_t sim_target_boot_id(const struct sim *sim)
{
    return sim->target.running ? sim->target.stub->link.config.boot_id : 0;
}

static void timer(struct sim *sim)
{
    struct sim_target *target = &sim->target;

    target->timer_ns = sim->now_ns + TIMER_NS;
    if (sim_chance(&sim->random, sim->config.stall_part, 1000))
        target->masked_ns = sim->now_ns + sim_below(&sim->random, STALL_NS);
    sim_debugged_tick(sim);
    enter_and_plan(sim, POLL);
}

static void print(struct sim *sim)
{
    uint64_t mean_ns = sim->config.console_ns;

    sim->target.console_ns = mean_ns ? sim->now_ns + sim_below(&sim->random, 2 * mean_ns) : SIM_NEVER;
    (void)enter(sim, CONSOLE);
}

static void first_processor(struct sim *sim)
{
    struct sim_target *target = &sim->target;

    if (irq_pending(sim))
        interrupt(sim);
    if (sim->now_ns >= target->timer_ns)
        timer(sim);
    if (sim->now_ns >= target->poll_ns) {
        target->poll_ns = sim->config.kernel == SIM_SPIN ? sim->now_ns + SPIN_NS : SIM_NEVER;
        if (sim->config.kernel != SIM_TIMER)
            enter_and_plan(sim, POLL);
    }
    if (sim->now_ns >= target->console_ns)
        print(sim);
}

static void second_processor(struct sim *sim)
{
    bool prints = sim->config.console_ns && sim_chance(&sim->random, 1, 4);
    unsigned result;

    sim->target.second_ns = SIM_NEVER;
    sim_debugged_tick(sim);
    result = enter(sim, prints ? CONSOLE : POLL);
    if (result & KDIO_STUB_BREAK)
        sim_debugged_break(sim);
    if (result & KDIO_STUB_MORE)
        sim->target.second_ns = sim->now_ns + POLL_SOON_NS;
    else if (sim->config.second_ns)
        sim->target.second_ns = sim->now_ns + sim_below(&sim->random, 2 * sim->config.second_ns);
}

static void run_processor(struct sim *sim)
{
    if (sim->target.processor == sim->target.processors)
        first_processor(sim);
    else
        second_processor(sim);
}

/* ---- Time ---- */

static uint64_t active_ns(const struct sim *sim, const struct sim_processor *processor)
{
    return processor->idle && sim->target.uart.rx.count ? sim->now_ns : processor->at_ns;
}

static uint64_t first_ns(const struct sim *sim)
{
    const struct sim_target *target = &sim->target;

    if (target->processors[0].active)
        return active_ns(sim, &target->processors[0]);
    if (sim->now_ns < target->masked_ns)
        return target->masked_ns;
    if (irq_pending(sim))
        return sim->now_ns;
    return sim_earlier(sim_earlier(target->timer_ns, target->poll_ns), target->console_ns);
}

static uint64_t second_ns(const struct sim *sim)
{
    const struct sim_processor *second = &sim->target.processors[1];

    return second->active ? active_ns(sim, second) : sim->target.second_ns;
}

static void step_running(struct sim *sim)
{
    struct sim_target *target = &sim->target;

    watch_line(sim);
    if (sim->now_ns >= first_ns(sim))
        sim_processor_go(sim, &target->processors[0]);
    if (sim->now_ns >= second_ns(sim) && sim->now_ns < target->reset_ns)
        sim_processor_go(sim, &target->processors[1]);
}

void sim_target_step(struct sim *sim)
{
    struct sim_target *target = &sim->target;

    if (!target->running && sim->now_ns >= target->boot_ns)
        boot(sim);
    if (!target->running)
        return;
    if (sim->now_ns < target->reset_ns)
        step_running(sim);
    if (sim->now_ns >= target->reset_ns)
        sim_target_reset(sim, sim_below(&sim->random, 200 * SIM_MS));
}

uint64_t sim_target_next_ns(const struct sim *sim)
{
    const struct sim_target *target = &sim->target;

    if (!target->running)
        return target->boot_ns;
    return sim_earlier(sim_earlier(sim_earlier(first_ns(sim), second_ns(sim)), target->reset_ns),
                   sim_uart_next_ns(&target->uart, sim->now_ns));
}
