/* SPDX-License-Identifier: MIT */
/*
 * serial.c: polled output on the PC's serial ports, 115200 baud, 8 bits, no parity.
 *
 * Every wait ends after a number of looks at the line-status register, so a port that is absent or stuck costs time
 * and nothing else. Register and bit names are those of the PC16550D data sheet.
 */
#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

enum {
    UART_THR = 0,
    UART_DLL = 0, /* with LCR.DLAB */
    UART_DLM = 1, /* with LCR.DLAB */
    UART_IER = 1,
    UART_FCR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
};

#define UART_LCR_8N1   0x03u
#define UART_LCR_DLAB  0x80u
#define UART_FCR_START 0x07u /* FIFOs on, both cleared */
#define UART_MCR_READY 0x03u /* DTR and RTS */
#define UART_LSR_THRE  0x20u
#define UART_LSR_TEMT  0x40u

#define DIVISOR_115200 1u
#define LOOKS_MAX      100000u /* about 0.1 s on a PC, where a look takes a microsecond */

void serial_start(enum serial_port port)
{
    cpu_out8((uint16_t)(port + UART_IER), 0);
    cpu_out8((uint16_t)(port + UART_LCR), UART_LCR_DLAB | UART_LCR_8N1);
    cpu_out8((uint16_t)(port + UART_DLL), DIVISOR_115200);
    cpu_out8((uint16_t)(port + UART_DLM), 0);
    cpu_out8((uint16_t)(port + UART_LCR), UART_LCR_8N1);
    cpu_out8((uint16_t)(port + UART_FCR), UART_FCR_START);
    cpu_out8((uint16_t)(port + UART_MCR), UART_MCR_READY);
}

static void wait_for(enum serial_port port, uint8_t bits)
{
    unsigned looks = 0;

    while ((cpu_in8((uint16_t)(port + UART_LSR)) & bits) != bits && looks < LOOKS_MAX)
        looks++;
}

void serial_write(enum serial_port port, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        wait_for(port, UART_LSR_THRE);
        cpu_out8((uint16_t)(port + UART_THR), (uint8_t)text[i]);
    }
}

void serial_drain(enum serial_port port)
{
    wait_for(port, UART_LSR_THRE | UART_LSR_TEMT);
}

void console_line(const struct line *line)
{
    serial_write(SERIAL_COM2, line->text, line->size);
    serial_write(SERIAL_COM2, "\r\n", 2);
}

void console_print(const char *text)
{
    struct line line;

    line.size = 0;
    line_text(&line, text);
    console_line(&line);
}
