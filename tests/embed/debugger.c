/* SPDX-License-Identifier: MIT */
/*
 * debugger.c: the debug stub's place in this kernel: its memory, its configuration, its hooks, and who calls it when.
 *
 * The stub owns COM1 from debugger_start on, but for a panic, which borrows the port between suspend and resume. What
 * is typed at the host arrives in the text hook, inside a call of the stub; it is kept there and obeyed from the idle
 * loop, because a hook must not wait.
 */
#include <kdio_stub.h>

#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

#define TYPED_SIZE         256u /* A power of two, so that the counts may wrap. */
#define COMMAND_SIZE       32u
#define BUSY_TICKS         2u /* Polling for so long after traffic spares the next request a wake-up. */
#define SUSPEND_TRIES_MAX  1000u

struct command {
    const char *name;
    void (*obey)(void);
};

static uint8_t stub_memory[KDIO_STUB_MEMORY] __attribute__((aligned(16)));
static struct kdio_stub *stub;
static volatile uint64_t busy_until_tick;

/* A ring: the text hook moves the end, the idle loop the start. Both count on without wrapping to the size. */
static char typed[TYPED_SIZE];
static uint32_t typed_start, typed_end;

static uint64_t line_number;
static uint64_t interrupt_count;

static bool pair_trylock(void *context)
{
    (void)context;
    return clock_pair_trylock();
}

static void pair_unlock(void *context)
{
    (void)context;
    clock_pair_unlock();
}

/* What does not fit is lost. */
static void take_text(void *context, const char *bytes, size_t size)
{
    uint32_t end = typed_end;
    uint32_t limit = __atomic_load_n(&typed_start, __ATOMIC_ACQUIRE) + TYPED_SIZE;

    (void)context;
    for (size_t i = 0; i < size && end != limit; i++)
        typed[end++ % TYPED_SIZE] = bytes[i];
    __atomic_store_n(&typed_end, end, __ATOMIC_RELEASE);
}

/* entry.S maps the first GiB, whatever is there. */
static void *map_physical(void *context, uint64_t physical, uint64_t *size)
{
    (void)context;
    if (physical >= MAPPED_SIZE)
        return NULL;
    *size = MAPPED_SIZE - physical;
    return (void *)(KERNEL_BASE + physical);
}

bool debugger_start(uint32_t tsc_khz)
{
    struct kdio_stub_config config = {
        .size = sizeof(config),
        .uart = { .space = KDIO_UART_PORT, .base = SERIAL_COM1, .stride = 1, .baud = 115200, .irq = true },
        .tsc_khz = tsc_khz,
        .boot_entropy = clock_date() ^ cpu_time_stamp(),
        .deny_safe = true,
        .pair_trylock = pair_trylock,
        .pair_unlock = pair_unlock,
        .text = take_text,
        .faults = true,
        .map = map_physical,
    };
    struct kdio_stub *started;

    if (kdio_stub_init(stub_memory, sizeof(stub_memory), &config, &started) != KDIO_STUB_OK)
        return false;
    stub = started; /* From here on the timer's work polls it. */
    interrupts_unmask(IRQ_COM1);
    return true;
}

static void note_work(unsigned result)
{
    if ((result & (KDIO_STUB_WORK | KDIO_STUB_MORE)) != 0)
        busy_until_tick = clock_tick_count + BUSY_TICKS;
}

void debugger_interrupt(void)
{
    interrupt_count++;
    if (stub != NULL)
        note_work(kdio_stub_handle(stub));
}

void debugger_poll(void)
{
    if (stub != NULL)
        note_work(kdio_stub_poll(stub));
}

bool debugger_fault(struct trap_frame *frame)
{
    struct kdio_stub_fault fault = {
        .vector = (uint32_t)frame->vector, .code = (uint32_t)frame->error, .address = cpu_fault_address(),
        .rip = frame->rip, .rsp = frame->rsp,
    };

    if (!kdio_stub_fault(stub, &fault))
        return false;
    frame->rip = fault.rip;
    return true;
}

bool debugger_busy(void)
{
    return clock_tick_count < busy_until_tick;
}

static void print_on_stub(struct line *line)
{
    line_text(line, "\r\n");
    if (stub != NULL)
        (void)kdio_stub_console(stub, line->text, line->size); /* The stub counts what it drops. */
}

void debugger_second(void)
{
    struct line line;

    line.size = 0;
    line_text(&line, "embed ");
    line_decimal(&line, line_number++);
    line_text(&line, ": ");
    clock_report(&line);
    line_text(&line, " strays ");
    line_decimal(&line, memory_stray_count);
    console_line(&line);
    print_on_stub(&line);
}

static void count_interrupts(void)
{
    struct line line;

    line.size = 0;
    line_text(&line, "embed: interrupts ");
    line_decimal(&line, interrupt_count);
    console_line(&line);
    print_on_stub(&line);
}

static bool suspend_stub(void)
{
    for (unsigned i = 0; i < SUSPEND_TRIES_MAX; i++) {
        if (kdio_stub_suspend(stub))
            return true;
        cpu_pause();
    }
    return false;
}

/* As rough with the port as a panic in another driver is: programs it anew and leaves it so. */
static void rehearse_panic(void)
{
    static const char message[] = "embed: panic rehearsal on COM1\r\n";

    if (!suspend_stub()) {
        console_print("embed: the stub did not give up COM1");
        return;
    }
    console_print("embed: stub suspended");
    serial_drain(SERIAL_COM1);
    serial_start(SERIAL_COM1);
    serial_write(SERIAL_COM1, message, sizeof(message) - 1);
    serial_drain(SERIAL_COM1);
    kdio_stub_resume(stub);
    console_print("embed: stub resumed");
}

/* The lower half is unmapped, so this ends in a page fault. */
static void touch_nothing(void)
{
    uint8_t value;

    __asm__ volatile("movb 0, %0" : "=q"(value));
}

/* A page that is not there, so the stub's own code faults. */
static void mislead_stub(void)
{
    (void)kdio_stub_poll((struct kdio_stub *)0x1000);
}

static bool same_text(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

static void echo(const char *text)
{
    struct line line;

    line.size = 0;
    line_text(&line, "embed: heard ");
    line_text(&line, text);
    console_line(&line);
    print_on_stub(&line);
}

static void obey(const char *text)
{
    static const struct command commands[] = {
        { "panic", rehearse_panic },
        { "fault", touch_nothing },
        { "stub fault", mislead_stub },
        { "interrupts", count_interrupts },
    };

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (same_text(text, commands[i].name)) {
            commands[i].obey();
            return;
        }
    }
    echo(text);
}

static bool next_typed(char *letter)
{
    if (typed_start == __atomic_load_n(&typed_end, __ATOMIC_ACQUIRE))
        return false;
    *letter = typed[typed_start % TYPED_SIZE];
    __atomic_store_n(&typed_start, typed_start + 1, __ATOMIC_RELEASE);
    return true;
}

/* A line that is too long loses its end; an empty one does nothing. */
void debugger_command(void)
{
    static char text[COMMAND_SIZE];
    static size_t size;
    char letter;

    while (next_typed(&letter)) {
        if (letter != '\n' && letter != '\r') {
            if (size < COMMAND_SIZE - 1)
                text[size++] = letter;
        } else if (size > 0) {
            text[size] = '\0';
            size = 0;
            obey(text);
        }
    }
}

/* Whoever held the pair will not come back, and nobody but the stub uses it from here on. */
void debugger_stay(void)
{
    clock_pair_unlock();
    for (;;) {
        debugger_poll();
        cpu_pause();
    }
}
