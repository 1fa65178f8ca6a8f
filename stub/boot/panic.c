/* SPDX-License-Identifier: MIT */
/*
 * panic.c: implements panic.h. When the exception struck inside the stub, the stub stays taken for ever and its text
 * would never leave; then the text goes to the UART directly.
 */
#include "stub/boot/panic.h"

#include "stub/boot/clock.h"
#include "stub/boot/console.h"
#include "stub/boot/image.h"
#include "stub/boot/kernel.h"
#include "stub/boot/trap.h"
#include "stub/boot/pairs.h"
#include "stub/boot/uart.h"
#include "stub/boot/x86.h"

#define FREE_WITHIN_MS 200u /* 16 characters at 1200 baud take 133 ms. */

static const char *exception_name(uint64_t vector)
{
    static const char names[VECTOR_EXCEPTIONS][20] = {
        [0] = "divide error", [1] = "debug", [3] = "breakpoint", [4] = "overflow", [5] = "bound range",
        [6] = "invalid opcode", [7] = "no coprocessor", [8] = "double fault", [10] = "invalid TSS",
        [11] = "segment not present", [12] = "stack segment", [13] = "general protection", [14] = "page fault",
        [16] = "x87", [17] = "alignment check", [18] = "machine check", [19] = "SIMD",
    };

    return names[vector][0] ? names[vector] : "reserved";
}

static void report(const struct interrupt_frame *frame)
{
    console_print("\r\nkernel: exception %u (%s) at 0x%lx, error 0x%lx", (unsigned)frame->vector,
                  exception_name(frame->vector), (unsigned long)frame->rip, (unsigned long)frame->error);
    if (frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_DOUBLE_FAULT)
        console_print(", address 0x%lx", (unsigned long)fault_address_read());
    console_print("\r\nkernel: rsp 0x%lx, rflags 0x%lx, image at 0x%lx\r\n", (unsigned long)frame->rsp,
                  (unsigned long)frame->rflags, (unsigned long)(uintptr_t)image_start);
    console_print("kernel: stopped; the stub goes on\r\n");
}

static void write_directly(void)
{
    char piece[64];
    size_t size;

    while ((size = console_take(piece, sizeof piece)) != 0)
        uart_write_direct(&kernel.uart, piece, size);
}

/* Only a stub that nobody is inside can be suspended, once its transmitter has room. */
static bool stub_is_free(void)
{
    uint64_t until = tsc_read() + (uint64_t)clock_tsc_khz() * FREE_WITHIN_MS;

    while (kernel.stub && tsc_read() < until) {
        if (kdio_stub_suspend(kernel.stub)) {
            kdio_stub_resume(kernel.stub);
            return true;
        }
        cpu_pause();
    }
    return false;
}

/* Once the report has left: a host that debugs may mend what is wrong and let the kernel go on. */
static bool stop_here(struct interrupt_frame *frame)
{
    uint64_t until = tsc_read() + (uint64_t)clock_tsc_khz() * FREE_WITHIN_MS;

    while (console_pump(kernel.stub) && tsc_read() < until)
        (void)kdio_stub_poll(kernel.stub);
    return trap_enter(frame, frame->vector);
}

void panic_exception(struct interrupt_frame *frame)
{
    pairs_unlock(NULL); /* Whoever held them will not come back. */
    report(frame);
    if (!stub_is_free()) {
        if (trap_enter(frame, frame->vector)) /* A host that steps through the kernel holds it, and hears of this. */
            return;
        write_directly();
        cpu_stop();
    }
    kdio_stub_prompt(kernel.stub, true);
    if (stop_here(frame))
        return;
    for (;;) {
        (void)console_pump(kernel.stub);
        (void)kdio_stub_poll(kernel.stub);
        cpu_pause();
    }
}
