/* SPDX-License-Identifier: MIT */
/*
 * uart_model.h: a 16550 as its data sheet describes it (National Semiconductor PC16550D, section 8), in virtual time.
 *
 * Two FIFOs of 16 bytes, a transmit shift register, overruns, the interrupt line with its causes. Written from the data
 * sheet and not from the driver, which it judges: a byte written to a full transmitter counts as lost.
 */
#ifndef KDIO_SIM_UART_MODEL_H
#define KDIO_SIM_UART_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_UART_FIFO    16u
#define SIM_UART_DIVISOR 8u

struct sim_fifo {
    uint8_t bytes[SIM_UART_FIFO];
    unsigned first, count;
};

struct sim_uart {
    struct sim_fifo rx, tx;
    uint8_t ier, fcr, lcr, mcr, scratch, dll, dlm;
    bool overrun;         /* LSR.OE. */
    bool empty_announced; /* The interrupt of an empty transmitter is pending. */
    bool shifting;
    uint8_t shift;
    uint64_t shift_done_ns;
    uint64_t load_ns;     /* When an idle transmitter takes the byte that was written to it: no sooner than a clock
                           * later, so that the interrupt of an empty transmitter falls and rises again. */
    uint32_t clock_hz;    /* Input clock: firmware leaves a divisor of SIM_UART_DIVISOR. */
    uint64_t byte_ns;     /* A character on the line; follows the divisor. */
    uint64_t rx_touched_ns; /* For the interrupt of bytes that wait. */
    uint64_t rx_lost, tx_lost;
};

/* As after power-on, then as firmware leaves it: the default rate, 8N1, no FIFO. */
void sim_uart_reset(struct sim_uart *uart);

uint8_t sim_uart_read(struct sim_uart *uart, unsigned reg, uint64_t now_ns);
void sim_uart_write(struct sim_uart *uart, unsigned reg, uint8_t value, uint64_t now_ns);

/* A byte from the line. */
void sim_uart_receive(struct sim_uart *uart, uint8_t byte, uint64_t now_ns);

/* When the transmitter next moves, or UINT64_MAX; what it does then: true when a byte has left. */
uint64_t sim_uart_shift_ns(const struct sim_uart *uart);
bool sim_uart_shift(struct sim_uart *uart, uint8_t *byte);

/* When something happens by itself: a byte has left, or bytes have waited long enough for an interrupt. */
uint64_t sim_uart_next_ns(const struct sim_uart *uart, uint64_t now_ns);

/* Level of the interrupt line. */
bool sim_uart_line(const struct sim_uart *uart, uint64_t now_ns);

#endif
