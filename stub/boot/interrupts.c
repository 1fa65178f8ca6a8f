/* SPDX-License-Identifier: MIT */
/* interrupts.c: sends each vector where it belongs, and ends the interrupt at the controller that raised it. */
#include "stub/boot/interrupts.h"

#include "stub/boot/apic.h"
#include "stub/boot/kernel.h"
#include "stub/boot/panic.h"
#include "stub/boot/pic.h"
#include "stub/boot/trap.h"
#include "stub/boot/rehearsal.h"
#include "stub/boot/uart_irq.h"
#include "stub/boot/x86.h"

static void pic_dispatch(struct interrupt_frame *frame, uint8_t irq)
{
    if (pic_is_spurious(irq)) {
        if (irq >= 8)
            pic_end(PIC_IRQ_TIMER); /* The first controller has seen a true one: the second's. */
        return;
    }
    if (irq == PIC_IRQ_TIMER)
        kernel_timer_interrupt(frame);
    else if (uart_irq_is_pic(irq))
        kernel_uart_interrupt(frame);
    pic_end(irq);
}

static void apic_dispatch(struct interrupt_frame *frame)
{
    uint64_t vector = frame->vector;

    if (vector == VECTOR_SPURIOUS)
        return; /* Has no end of interrupt (SDM volume 3, 11.9). */
    if (vector == VECTOR_TIMER)
        kernel_timer_interrupt(frame);
    else if (vector == VECTOR_UART)
        kernel_uart_interrupt(frame);
    apic_end();
}

static void exception_dispatch(struct interrupt_frame *frame)
{
    struct kdio_stub_fault fault = {
        .vector = (uint32_t)frame->vector, .code = (uint32_t)frame->error, .address = fault_address_read(),
        .rip = frame->rip, .rsp = frame->rsp,
    };

    rehearsal_end();
    if (kdio_stub_fault(kernel.stub, &fault))
        frame->rip = fault.rip;
    else if ((frame->vector != VECTOR_DEBUG && frame->vector != VECTOR_BREAKPOINT) || !trap_enter(frame, frame->vector))
        panic_exception(frame);
}

/* The stub may not be called from an NMI, so it is only counted. */
void interrupt_dispatch(struct interrupt_frame *frame)
{
    if (frame->vector == VECTOR_NMI)
        kernel.nmi_count++;
    else if (frame->vector < VECTOR_EXCEPTIONS)
        exception_dispatch(frame);
    else if (frame->vector < VECTOR_PIC + PIC_IRQ_COUNT)
        pic_dispatch(frame, (uint8_t)(frame->vector - VECTOR_PIC));
    else if (frame->vector == VECTOR_BREAK)
        (void)trap_enter(frame, KDIO_TRAP_BREAK);
    else
        apic_dispatch(frame);
}
