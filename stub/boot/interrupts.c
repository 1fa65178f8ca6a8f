/* SPDX-License-Identifier: MIT */
/* interrupts.c: sends each vector where it belongs, and ends the interrupt at the controller that raised it. */
#include "stub/boot/interrupts.h"

#include "stub/boot/apic.h"
#include "stub/boot/kernel.h"
#include "stub/boot/panic.h"
#include "stub/boot/pic.h"
#include "stub/boot/rehearsal.h"
#include "stub/boot/uart_irq.h"
#include "stub/boot/x86.h"

static void pic_dispatch(uint8_t irq)
{
    if (pic_is_spurious(irq)) {
        if (irq >= 8)
            pic_end(PIC_IRQ_TIMER); /* The first controller has seen a true one: the second's. */
        return;
    }
    if (irq == PIC_IRQ_TIMER)
        kernel_timer_interrupt();
    else if (uart_irq_is_pic(irq))
        kernel_uart_interrupt();
    pic_end(irq);
}

static void apic_dispatch(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS)
        return; /* Has no end of interrupt (SDM volume 3, 11.9). */
    if (vector == VECTOR_TIMER)
        kernel_timer_interrupt();
    else if (vector == VECTOR_UART)
        kernel_uart_interrupt();
    apic_end();
}

static void exception_dispatch(struct interrupt_frame *frame)
{
    struct kdio_stub_fault fault = {
        .vector = (uint32_t)frame->vector, .code = (uint32_t)frame->error, .address = fault_address_read(),
        .rip = frame->rip, .rsp = frame->rsp,
    };

    rehearsal_end();
    if (!kdio_stub_fault(kernel.stub, &fault))
        panic_exception(frame);
    frame->rip = fault.rip;
}

/* The stub may not be called from an NMI, so it is only counted. */
void interrupt_dispatch(struct interrupt_frame *frame)
{
    if (frame->vector == VECTOR_NMI)
        kernel.nmi_count++;
    else if (frame->vector < VECTOR_EXCEPTIONS)
        exception_dispatch(frame);
    else if (frame->vector < VECTOR_PIC + PIC_IRQ_COUNT)
        pic_dispatch((uint8_t)(frame->vector - VECTOR_PIC));
    else
        apic_dispatch(frame->vector);
}
