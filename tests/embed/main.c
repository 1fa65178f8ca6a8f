/* SPDX-License-Identifier: MIT */
/*
 * main.c: a small kernel by some other author, into which the debug stub is linked.
 *
 * It proves that libkdiostub.a goes into a foreign kernel, so it shares no code with the boot target and differs from
 * it where it can: PVH entry and no firmware, linked at KERNEL_BASE with -mcmodel=kernel and nothing mapped below,
 * 8259 instead of APIC, PIT at 1000 Hz, x87 and SSE instructions fault, memcpy and memset of its own, its own console.
 *
 * Run it with
 *     qemu-system-x86_64 -accel tcg -M q35 -m 64 -display none -nodefaults -net none \
 *         -kernel build/tests/embed/kernel.elf
 * and two -serial options: COM1 is the stub's, COM2 the kernel's own console.
 *
 * What can be seen
 *   COM2, once        embed: started
 *                     embed: tsc N kHz
 *                     embed: stub ready           (or `embed: no stub`, and the kernel runs on without)
 *   COM1 and COM2, a line a second, N from 0
 *                     embed N: clock YYMMDDHHMMSS ticks T reads R skipped S torn 0 strays 0
 *     clock           from the CMOS; zeros when the stub held the pair's lock at that moment
 *     reads, skipped  the timer's readings of a known CMOS byte, and those it left out because the stub held the lock
 *     torn            readings that came back wrong: 0, whatever the host does to 70/71 within one program
 *     strays          calls from the stub's code to the kernel's memcpy or memset: 0
 *   COM1 stays silent otherwise, but for the stub's frames.
 *
 * A line of text typed at the host (kdio_type) does this
 *     panic           COM2 `embed: stub suspended`; COM1, outside the stub, `embed: panic rehearsal on COM1`;
 *                     COM2 `embed: stub resumed`; the session goes on.
 *     fault           COM2 `embed: fault 14 error 0000 at ffffffff8... address 0000000000000000`. The kernel stops, its
 *                     lines too; the stub is polled for ever, so port accesses still work.
 *     stub fault      The same, but that the fault is in the stub, which executes nothing more and tells the host so.
 *     interrupts      COM1 and COM2 `embed: interrupts N`: how often IRQ 4 came through the 8259.
 *     anything else   COM1 and COM2 `embed: heard TEXT`, cut to 31 characters.
 *
 * The ports of the profile `safe` are denied by the stub. 70/71 must be written and read in one program: the kernel
 * moves the index each millisecond.
 */
#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

#define REST_US 20u

void kernel_main(void); /* Called by entry.S. */

static void report_tsc(uint32_t tsc_khz)
{
    struct line line;

    line.size = 0;
    line_text(&line, "embed: tsc ");
    line_decimal(&line, tsc_khz);
    line_text(&line, " kHz");
    console_line(&line);
}

/*
 * Between polls of a busy line the CPU is elsewhere, so that the timer finds the stub now inside a call, now outside.
 * On a quiet line it halts; an interrupt that brings work ends that, also when it comes after the last look.
 */
static void rest(void)
{
    cpu_interrupts_off();
    if (!debugger_busy()) {
        cpu_interrupts_on_and_halt();
        return;
    }
    cpu_interrupts_on();
    clock_wait(REST_US);
}

void kernel_main(void)
{
    uint32_t tsc_khz;

    serial_start(SERIAL_COM2);
    interrupts_start();
    paging_drop_identity();
    console_print("embed: started");
    clock_start();
    cpu_interrupts_on();
    tsc_khz = clock_measure_tsc();
    report_tsc(tsc_khz);
    console_print(debugger_start(tsc_khz) ? "embed: stub ready" : "embed: no stub");
    for (;;) {
        debugger_poll();
        debugger_command();
        rest();
    }
}
