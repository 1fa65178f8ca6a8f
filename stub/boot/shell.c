/* SPDX-License-Identifier: MIT */
/*
 * shell.c: implements shell.h. Typed bytes cross from the text hook, which may run in an interrupt, to the idle loop
 * through a ring with one writer (head) and one reader (tail).
 */
#include "stub/boot/shell.h"

#include "stub/boot/clock.h"
#include "stub/boot/console.h"
#include "stub/boot/interrupts.h"
#include "stub/boot/kernel.h"
#include "stub/boot/pages.h"
#include "stub/boot/pairs.h"
#include "stub/boot/rehearsal.h"
#include "stub/boot/trials.h"

#define INPUT_SIZE      256u
#define LINE_SIZE       80u
#define BURST_LINES     128u
#define BURST_LINE_SIZE 32u /* 128 of these are 4 KiB. */

struct shell {
    char input[INPUT_SIZE];
    size_t head, tail;
    char line[LINE_SIZE];
    size_t line_length;
    uint64_t numbered; /* Lines so far. */
    bool quiet;
};

static struct shell shell;

void shell_text(void *context, const char *bytes, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++) {
        size_t head = shell.head;

        if (head - __atomic_load_n(&shell.tail, __ATOMIC_ACQUIRE) == INPUT_SIZE)
            return;
        shell.input[head % INPUT_SIZE] = bytes[i];
        __atomic_store_n(&shell.head, head + 1, __ATOMIC_RELEASE);
    }
}

static void ticks_run(void)
{
    console_print("kernel: %lu ticks, %lu made up\r\n", (unsigned long)clock_ticks(),
                  (unsigned long)clock_ticks_made_up());
}

static void burst_run(void)
{
    static const char filling[] = " ............";

    if (console_room() < BURST_LINES * BURST_LINE_SIZE) {
        console_print("kernel: busy\r\n");
        return;
    }
    for (unsigned i = 0; i < BURST_LINES; i++)
        console_print("burst: %03u of %03u%s\r\n", i + 1, BURST_LINES, filling);
}

_Static_assert(sizeof("burst: 001 of 128 ............\r\n") - 1 == BURST_LINE_SIZE, "the burst is 4 KiB");

static void quiet_run(void)
{
    shell.quiet = true;
}

static void loud_run(void)
{
    shell.quiet = false;
}

static void pairs_run(void)
{
    pairs_toggle(true);
}

static void pairs_unlocked_run(void)
{
    pairs_toggle(false);
}

/* The guard page takes the write; what the compiler would make of a recursion without end is its own affair. */
static void overflow_run(void)
{
    __asm__ volatile("1: pushq $0; jmp 1b" : : : "memory");
}

static void write_text_run(void)
{
    *(volatile char *)(uintptr_t)interrupt_stubs = 0;
}

static void execute_data_run(void)
{
    __asm__ volatile("call *%0" : : "r"(&shell) : "memory");
}

static void undefined_run(void)
{
    __asm__ volatile("ud2");
}

static void help_run(void);

struct command {
    const char *name;
    const char *help;
    void (*run)(void);
};

static const struct command *commands(unsigned *count)
{
    static const struct command list[] = {
        { "help", "this list", help_run },
        { "ticks", "print the tick counter", ticks_run },
        { "burst", "print 4 KiB of numbered text", burst_run },
        { "quiet", "no numbered line each second", quiet_run },
        { "loud", "numbered line again", loud_run },
        { "pairs", "read index/data pairs all the time, or stop that", pairs_run },
        { "pairs-unlocked", "the same without the lock, so that they tear", pairs_unlocked_run },
        { "pairs-count", "print what became of them", pairs_tell },
        { "pages", "print where the test pages are", pages_tell },
        { "stub-fault", "take memory away from under the stub", rehearsal_start },
#define X(name, what) { "trial-" #name, "for a debugger: " what, trial_##name },
        TRIALS(X)
#undef X
        { "overflow", "run out of stack", overflow_run },
        { "write-text", "write to the kernel's own text", write_text_run },
        { "execute-data", "execute data", execute_data_run },
        { "undefined", "execute an undefined instruction", undefined_run },
    };

    *count = sizeof list / sizeof list[0];
    return list;
}

static void help_run(void)
{
    unsigned count;
    const struct command *list = commands(&count);

    for (unsigned i = 0; i < count; i++)
        console_print("kernel: %s - %s\r\n", list[i].name, list[i].help);
}

static bool is_same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void line_run(const char *line)
{
    unsigned count;
    const struct command *list = commands(&count);

    for (unsigned i = 0; i < count; i++) {
        if (is_same(line, list[i].name)) {
            list[i].run();
            return;
        }
    }
    console_print("kernel: no command '%s'; try help\r\n", line);
}

static void input_take(char c)
{
    if (c != '\n' && c != '\r') {
        if (shell.line_length + 1 < LINE_SIZE && c >= ' ')
            shell.line[shell.line_length++] = c;
        return;
    }
    shell.line[shell.line_length] = 0;
    if (shell.line_length)
        line_run(shell.line);
    shell.line_length = 0;
}

static void numbered_line_print(void)
{
    uint64_t ticks = clock_ticks();

    if (ticks / CLOCK_HZ <= shell.numbered)
        return;
    shell.numbered = ticks / CLOCK_HZ;
    if (!shell.quiet)
        console_print("kernel: line %lu, %lu ticks\r\n", (unsigned long)shell.numbered, (unsigned long)ticks);
}

void shell_step(void)
{
    while (shell.tail != __atomic_load_n(&shell.head, __ATOMIC_ACQUIRE)) {
        char c = shell.input[shell.tail % INPUT_SIZE];

        __atomic_store_n(&shell.tail, shell.tail + 1, __ATOMIC_RELEASE);
        input_take(c);
    }
    numbered_line_print();
}
