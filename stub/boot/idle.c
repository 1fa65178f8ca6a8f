/* SPDX-License-Identifier: MIT */
/*
 * idle.c: the kernel's only thread. It halts when nothing is under way, but not within a spell after traffic: the next
 * request of a host that waits for each answer comes within microseconds, and waking up would cost more than the rest.
 */
#include "stub/boot/clock.h"
#include "stub/boot/console.h"
#include "stub/boot/interrupts.h"
#include "stub/boot/kernel.h"
#include "stub/boot/pairs.h"
#include "stub/boot/shell.h"
#include "stub/boot/trap.h"
#include "stub/boot/uart.h"
#include "stub/boot/uart_irq.h"
#include "stub/boot/x86.h"

/* Without an interrupt only the next tick would notice: wait for as long as a FIFO takes to empty at 38400 baud. */
#define SPELL_US        200u
#define SPELL_POLLED_US 5000u

/* A line that another device holds active interrupts for ever. */
#define UART_STORM 1000u

void kernel_note(unsigned stub_result)
{
    uint64_t spell_us = kernel.uart.irq ? SPELL_US : SPELL_POLLED_US;

    if (stub_result)
        kernel.poll_until = tsc_read() + spell_us * clock_tsc_khz() / 1000;
}

/* In an interrupt: what the host stops is what was interrupted. */
static void note(unsigned stub_result, struct interrupt_frame *frame)
{
    kernel_note(stub_result);
    if (stub_result & KDIO_STUB_BREAK)
        (void)trap_enter(frame, KDIO_TRAP_BREAK);
}

void kernel_timer_interrupt(struct interrupt_frame *frame)
{
    clock_tick();
    pairs_tick();
    kernel.uart_idle_count = 0;
    if (kernel.stub)
        note(kdio_stub_poll(kernel.stub), frame);
}

void kernel_uart_interrupt(struct interrupt_frame *frame)
{
    unsigned result;

    uart_irq_note();
    if (!kernel.stub) {
        /* The trial at the start: take its cause away, or a level-triggered line comes back at once. */
        uart_interrupt_quiet(&kernel.uart);
        return;
    }
    result = kdio_stub_handle(kernel.stub);
    note(result, frame);
    if (result & KDIO_STUB_MORE)
        uart_irq_hold();
    if (result || ++kernel.uart_idle_count < UART_STORM)
        return;
    uart_irq_stop();
    kdio_stub_prompt(kernel.stub, false);
    kernel.uart_irq_lost = true;
}

/*
 * While the loop polls, it sees what the UART brings before an interrupt could tell it: the interrupt would only cost
 * time, and waits. The timer's comes all the same.
 */
static void poll_on(void)
{
    if (!kernel.boot->config.spin) {
        cpu_priority_set(VECTOR_UART / 16);
        kdio_stub_watch(kernel.stub, true);
    }
    cpu_pause();
}

/* Interrupts are off between the look at the time and the halt, so that a wake-up in between is not slept over. */
static void halt_until_interrupt(void)
{
    (void)interrupts_off();
    cpu_priority_set(0);
    if (tsc_read() < kernel.poll_until)
        interrupts_on();
    else {
        kdio_stub_watch(kernel.stub, false);
        interrupts_on_and_halt();
    }
}

static void news_tell(void)
{
    if (kernel.nmi_count) {
        kernel.nmi_count = 0;
        console_print("kernel: NMI\r\n");
    }
    if (kernel.uart_irq_lost) {
        kernel.uart_irq_lost = false;
        kernel.uart.irq = false;
        console_print("kernel: the UART's interrupt line storms; polled from now on\r\n");
    }
}

void idle_run(void)
{
    for (;;) {
        bool text_left;
        unsigned result;

        news_tell();
        shell_step();
        pairs_idle();
        text_left = console_pump(kernel.stub);
        result = kdio_stub_poll(kernel.stub);
        kernel_note(result);
        if (result & KDIO_STUB_BREAK)
            trap_break();
        uart_irq_release();
        if (kernel.boot->config.spin || text_left || tsc_read() < kernel.poll_until)
            poll_on();
        else
            halt_until_interrupt();
    }
}
