/* SPDX-License-Identifier: MIT */
/*
 * uart_irq.h: the way of the UART's interrupt to the processor: an I/O APIC's input, or the 8259's. It counts as
 * working only once an interrupt has come.
 */
#ifndef KDIO_BOOT_UART_IRQ_H
#define KDIO_BOOT_UART_IRQ_H

#include "stub/boot/acpi.h"
#include "stub/boot/uart_choice.h"

/* Opens the way and tries it: interrupts go on meanwhile. false: none comes, and the way is closed again. */
bool uart_irq_start(const struct uart_choice *choice, const struct acpi *acpi, bool have_ioapic, uint32_t tsc_khz);

/* Closes the way for good. */
void uart_irq_stop(void);

/*
 * A level-triggered line stays active while the UART has work, and when the stub is in use by the very code that the
 * interrupt has stopped, it would stop that code for ever. hold closes the way until release; on an edge-triggered
 * line, which does not repeat itself, neither does anything. hold is for interrupt handlers, release for the idle
 * loop.
 */
void uart_irq_hold(void);
void uart_irq_release(void);

/* An interrupt has come this way; called by the dispatcher. */
void uart_irq_note(void);

/* Whether interrupt `irq` of the 8259 is the UART's. */
bool uart_irq_is_pic(uint8_t irq);

#endif
