/* SPDX-License-Identifier: MIT */
/* kernel.h: the running kernel, as its parts see it. There is one, and it never ends. */
#ifndef KDIO_BOOT_KERNEL_H
#define KDIO_BOOT_KERNEL_H

#include "stub/boot/boot.h"
#include "stub/boot/interrupts.h"

#include <kdio_stub.h>

#define ECAM_MAX 8u /* A segment has one; few machines have more than two. */

struct kernel {
    const struct boot *boot;
    struct kdio_stub *stub;             /* NULL until it has started. */
    struct kdio_uart_config uart;       /* As the stub got it. */
    struct kdio_ecam ecam[ECAM_MAX];
    uint32_t ecam_count;
    volatile uint64_t poll_until;       /* Time-stamp until which the idle loop does not halt. */
    volatile uint32_t uart_idle_count;  /* UART interrupts since the last tick that brought nothing. */
    volatile uint32_t nmi_count;
    volatile bool uart_irq_lost;        /* It was closed, for storming. */
};

extern struct kernel kernel;

/* Notes what an entry of the stub reported: traffic keeps the idle loop polling for a spell. */
void kernel_note(unsigned stub_result);

/* What the dispatcher calls. */
void kernel_timer_interrupt(struct interrupt_frame *frame);
void kernel_uart_interrupt(struct interrupt_frame *frame);

/* The idle loop. */
void __attribute__((noreturn)) idle_run(void);

#endif
