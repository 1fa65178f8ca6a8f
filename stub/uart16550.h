/* SPDX-License-Identifier: MIT */
/*
 * uart16550.h: the 16550 (National Semiconductor PC16550D), at a port or in memory.
 *
 * Every access goes through struct kdio_machine, so the tests run this driver against a modelled UART. While
 * LCR.DLAB is set the first two registers are the divisor's: kdio_uart_ours must be true before anything else is
 * called.
 */
#ifndef KDIO_STUB_UART16550_H
#define KDIO_STUB_UART16550_H

#include <kdio_stub.h>

#define KDIO_UART_FIFO_SIZE 16u

struct kdio_uart {
    const struct kdio_machine *machine;
    struct kdio_uart_config config;
    uint32_t overruns; /* LSR.OE seen. */
    uint8_t ier;       /* As last written. */
};

/* False for registers that are not supported, and for a baud rate that the clock does not give. */
bool kdio_uart_config_valid(const struct kdio_uart_config *config);

/* Looks for a UART and programs it: false, and nothing written, where none answers. */
bool kdio_uart_init(struct kdio_uart *uart, const struct kdio_machine *machine, const struct kdio_uart_config *config);

/* Programs it anew, for instance after the kernel used it. */
void kdio_uart_program(struct kdio_uart *uart);

/* False while LCR.DLAB is set. Reads LCR only. */
bool kdio_uart_ours(struct kdio_uart *uart);

/* The next received byte, or -1. Two accesses a byte, one when there is none. */
int kdio_uart_get(struct kdio_uart *uart);

/* True when a FIFO's worth of bytes may be written. One access. */
bool kdio_uart_room(struct kdio_uart *uart);
/* True when the last byte written has left. One access. */
bool kdio_uart_sent(struct kdio_uart *uart);
void kdio_uart_put(const struct kdio_uart *uart, uint8_t byte);

/* How full the receiver's FIFO gets before it interrupts: nearly to the brim where the kernel polls without rest. */
void kdio_uart_watch(const struct kdio_uart *uart, bool closely);

/* Asks for an interrupt when the transmitter is empty, where the kernel routes interrupts. */
void kdio_uart_want_room(struct kdio_uart *uart, bool wanted);

/* No interrupts any more, until kdio_uart_want_room or kdio_uart_program asks for them. At most one access. */
void kdio_uart_quiet(struct kdio_uart *uart);

/* The rate that the divisor nearest to `baud` gives; 0 where that is off by more than 3 %. */
uint32_t kdio_uart_rate(const struct kdio_uart_config *config, uint32_t baud);

/* Sets the rate, one that kdio_uart_rate finds, and 8N1. Nobody else may look into the UART meanwhile. Four
 * accesses. */
void kdio_uart_set_rate(struct kdio_uart *uart, uint32_t baud);

/* Ports it takes up; 0 for a UART in memory. */
unsigned kdio_uart_ports(const struct kdio_uart *uart);

/* True when an access of `width` bytes at `port` touches a register of this UART. */
bool kdio_uart_overlaps(const struct kdio_uart *uart, uint16_t port, unsigned width);

#endif
