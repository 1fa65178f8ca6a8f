/* SPDX-License-Identifier: MIT */
/* uart.c: implements uart.h. LCR is left with DLAB clear; no other setting of the line is changed. */
#include "stub/boot/uart.h"

#include "stub/boot/x86.h"

enum {
    UART_THR = 0,
    UART_IER = 1,
    UART_IIR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,
};

#define UART_IER_THRI      0x02u
#define UART_IER_RESERVED  0xf0u
#define UART_LCR_DLAB      0x80u
#define UART_MCR_DTR       0x01u
#define UART_MCR_RTS       0x02u
#define UART_MCR_OUT2      0x08u /* On a PC this is the gate of the interrupt line. */
#define UART_MCR_LOOP      0x10u
#define UART_LSR_THRE      0x20u
#define UART_ABSENT        0xffu
#define WAIT_ACCESSES_MAX  20000u /* A byte takes 10 ms at 1200 baud, an access about 1 us. */

static uint8_t reg_read(const struct kdio_uart_config *uart, unsigned reg)
{
    uintptr_t address = (uintptr_t)(uart->base + (uint64_t)reg * uart->stride);

    if (uart->space == KDIO_UART_PORT)
        return port_in8((uint16_t)address);
    if (uart->stride == 4)
        return (uint8_t)*(volatile uint32_t *)address;
    return *(volatile uint8_t *)address;
}

static void reg_write(const struct kdio_uart_config *uart, unsigned reg, uint8_t value)
{
    uintptr_t address = (uintptr_t)(uart->base + (uint64_t)reg * uart->stride);

    if (uart->space == KDIO_UART_PORT)
        port_out8((uint16_t)address, value);
    else if (uart->stride == 4)
        *(volatile uint32_t *)address = value;
    else
        *(volatile uint8_t *)address = value;
}

/* Every transmitter empties in time, whatever firmware left in it; memory that looks like a UART does not. */
static bool transmitter_empties(const struct kdio_uart_config *uart)
{
    for (unsigned n = 0; n < WAIT_ACCESSES_MAX; n++) {
        if (reg_read(uart, UART_LSR) & UART_LSR_THRE)
            return true;
    }
    return false;
}

static bool scratch_keeps(const struct kdio_uart_config *uart, uint8_t value)
{
    reg_write(uart, UART_SCR, value);
    return reg_read(uart, UART_SCR) == value;
}

bool uart_probe(const struct kdio_uart_config *uart)
{
    uint8_t lsr = reg_read(uart, UART_LSR), lcr = reg_read(uart, UART_LCR);
    uint8_t ier = reg_read(uart, UART_IER), scr = reg_read(uart, UART_SCR);
    bool keeps;

    if (lsr == UART_ABSENT && lcr == UART_ABSENT)
        return false;
    if (!(lcr & UART_LCR_DLAB) && (ier & UART_IER_RESERVED))
        return false;
    if (!transmitter_empties(uart))
        return false;
    keeps = scratch_keeps(uart, 0x55) && scratch_keeps(uart, 0xaa);
    reg_write(uart, UART_SCR, scr);
    return keeps;
}

/* OUT2 has to be on for the interrupt to reach the controller, and loopback off (16550D, modem control register). */
void uart_interrupt_provoke(const struct kdio_uart_config *uart)
{
    reg_write(uart, UART_LCR, reg_read(uart, UART_LCR) & (uint8_t)~UART_LCR_DLAB);
    reg_write(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
    reg_write(uart, UART_IER, 0);
    reg_write(uart, UART_IER, UART_IER_THRI);
}

void uart_interrupt_quiet(const struct kdio_uart_config *uart)
{
    reg_write(uart, UART_IER, 0);
    (void)reg_read(uart, UART_IIR); /* Reading clears a pending transmitter-empty interrupt. */
    (void)reg_read(uart, UART_MSR);
}

void uart_write_direct(const struct kdio_uart_config *uart, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        (void)transmitter_empties(uart);
        reg_write(uart, UART_THR, (uint8_t)text[i]);
    }
}
