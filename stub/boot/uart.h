/* SPDX-License-Identifier: MIT */
/*
 * uart.h: what the kernel itself does to a 16550: look whether one is there, try its interrupt, and write a last
 * message when the stub cannot. Everything else is the stub's. Registers are named as in the PC16550D data sheet.
 */
#ifndef KDIO_BOOT_UART_H
#define KDIO_BOOT_UART_H

#include <kdio_stub.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a UART answers. Reads first; only when all reads fit, the scratch register is written and put back. */
bool uart_probe(const struct kdio_uart_config *uart);

/*
 * Raises the UART's interrupt by asking for transmitter-empty interrupts, without a byte on the line, and takes it
 * back.
 */
void uart_interrupt_provoke(const struct kdio_uart_config *uart);
void uart_interrupt_quiet(const struct kdio_uart_config *uart);

/* Writes straight to the line, each byte with a bounded wait. For when the stub is dead. */
void uart_write_direct(const struct kdio_uart_config *uart, const char *text, size_t size);

#endif
