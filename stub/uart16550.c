/* SPDX-License-Identifier: MIT */
/* uart16550.c: registers and bits carry the names of the PC16550D data sheet, section 8. */
#include "stub/uart16550.h"

#include "stub/machine.h"

enum uart_register {
    UART_RBR = 0, /* Receiver buffer (read). */
    UART_THR = 0, /* Transmitter holding (write). */
    UART_DLL = 0, /* Divisor latch, low, with LCR.DLAB. */
    UART_DLM = 1, /* Divisor latch, high, with LCR.DLAB. */
    UART_IER = 1,
    UART_FCR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_REGISTERS = 8,
};

#define UART_IER_ERBFI 0x01u /* Received data. */
#define UART_IER_ETBEI 0x02u /* Transmitter holding register empty. */
#define UART_IER_NONE  0xf0u /* Always read as 0. */
#define UART_FCR_ENABLE   0x01u
#define UART_FCR_RX_RESET 0x02u
/* The interrupt at 8 bytes leaves 8 to spare, 87 us at 921600 baud. Where nothing but polls empties the FIFO the
 * level announces nothing, and is the one at which emulators hand over most at a time. */
#define UART_FCR_TRIGGER_8  0x80u
#define UART_FCR_TRIGGER_14 0xc0u
#define UART_LCR_8N1  0x03u
#define UART_LCR_DLAB 0x80u
#define UART_MCR_DTR  0x01u
#define UART_MCR_RTS  0x02u
#define UART_MCR_OUT2 0x08u /* Gates the interrupt on a PC. */
#define UART_LSR_DR   0x01u
#define UART_LSR_OE   0x02u
#define UART_LSR_THRE 0x20u
#define UART_LSR_TEMT 0x40u /* The shift register, too, is empty. */
#define UART_LSR_ABSENT 0xffu /* What an empty bus reads. */

#define UART_CLOCK_HZ 1843200u
#define UART_CLOCKS_PER_BIT 16u
#define UART_RATE_OFF_PERCENT 3u /* Both ends may be off, and a character stays readable at 5 % in all. */

/* Registers of 4 bytes, and those in memory, are not in every profile; the others are at a port each. */
static uint8_t read_register(const struct kdio_uart *uart, unsigned number)
{
    const struct kdio_machine *machine = uart->machine;
    uint64_t at = uart->config.base + number * (KDIO_STUB_HAS_MMIO ? uart->config.stride : 1);

    if (KDIO_STUB_HAS_MMIO && uart->config.space != KDIO_UART_PORT)
        return (uint8_t)machine->mem_in(machine->context, at, uart->config.stride);
    return (uint8_t)kdio_machine_in(machine, (uint16_t)at, 1);
}

static void write_register(const struct kdio_uart *uart, unsigned number, uint8_t value)
{
    const struct kdio_machine *machine = uart->machine;
    uint64_t at = uart->config.base + number * (KDIO_STUB_HAS_MMIO ? uart->config.stride : 1);

    if (KDIO_STUB_HAS_MMIO && uart->config.space != KDIO_UART_PORT)
        machine->mem_out(machine->context, at, uart->config.stride, value);
    else
        kdio_machine_out(machine, (uint16_t)at, 1, value);
}

static uint32_t clock_of(const struct kdio_uart_config *config)
{
    return config->clock_hz ? config->clock_hz : UART_CLOCK_HZ;
}

/* The nearest one. Not inlined: two divisions. */
static __attribute__((noinline)) uint32_t find_divisor(const struct kdio_uart_config *config, uint32_t baud)
{
    return (clock_of(config) / (UART_CLOCKS_PER_BIT / 2) / baud + 1) / 2;
}

uint32_t kdio_uart_rate(const struct kdio_uart_config *config, uint32_t baud)
{
    uint32_t divisor = baud ? find_divisor(config, baud) : 0;
    uint32_t given = divisor ? clock_of(config) / UART_CLOCKS_PER_BIT / divisor : 0;
    uint32_t off = given > baud ? given - baud : baud - given;

    return divisor <= UINT16_MAX && off <= baud / 100 * UART_RATE_OFF_PERCENT ? given : 0;
}

bool kdio_uart_config_valid(const struct kdio_uart_config *config)
{
    uint32_t divisor = config->baud ? find_divisor(config, config->baud) : 1;

    if (KDIO_STUB_HAS_PROGRAMS && config->baud && !kdio_uart_rate(config, config->baud))
        return false;
    return config->space <= (KDIO_STUB_HAS_MMIO ? KDIO_UART_MMIO : KDIO_UART_PORT) &&
           (config->stride == 1 || (KDIO_STUB_HAS_MMIO && config->stride == 4)) && divisor - 1 < UINT16_MAX;
}

static void set_rate(struct kdio_uart *uart, uint32_t baud)
{
    uint32_t divisor = find_divisor(&uart->config, baud);

    write_register(uart, UART_LCR, UART_LCR_8N1 | UART_LCR_DLAB);
    write_register(uart, UART_DLL, (uint8_t)divisor);
    write_register(uart, UART_DLM, (uint8_t)(divisor >> 8));
    write_register(uart, UART_LCR, UART_LCR_8N1);
    uart->config.baud = baud;
}

void kdio_uart_set_rate(struct kdio_uart *uart, uint32_t baud)
{
    if (KDIO_STUB_HAS_PROGRAMS)
        set_rate(uart, baud);
}

void kdio_uart_program(struct kdio_uart *uart)
{
    uint8_t lcr = read_register(uart, UART_LCR);

    if (lcr & UART_LCR_DLAB)
        write_register(uart, UART_LCR, (uint8_t)(lcr & ~UART_LCR_DLAB));
    write_register(uart, UART_IER, 0);
    if (uart->config.baud)
        set_rate(uart, uart->config.baud);
    write_register(uart, UART_FCR, (uint8_t)(UART_FCR_ENABLE | UART_FCR_RX_RESET |
                                             (uart->config.irq ? UART_FCR_TRIGGER_8 : UART_FCR_TRIGGER_14)));
    write_register(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | (uart->config.irq ? UART_MCR_OUT2 : 0));
    uart->ier = uart->config.irq ? UART_IER_ERBFI : 0;
    write_register(uart, UART_IER, uart->ier);
}

bool kdio_uart_init(struct kdio_uart *uart, const struct kdio_machine *machine, const struct kdio_uart_config *config)
{
    *uart = (struct kdio_uart){ .machine = machine };
    uart->config = *config;
    if (read_register(uart, UART_LSR) == UART_LSR_ABSENT)
        return false;
    if (kdio_uart_ours(uart) && (read_register(uart, UART_IER) & UART_IER_NONE))
        return false;
    kdio_uart_program(uart);
    return true;
}

bool kdio_uart_ours(struct kdio_uart *uart)
{
    return !(read_register(uart, UART_LCR) & UART_LCR_DLAB);
}

static uint8_t read_lsr(struct kdio_uart *uart)
{
    uint8_t lsr = read_register(uart, UART_LSR);

    if (lsr & UART_LSR_OE)
        __atomic_fetch_add(&uart->overruns, 1, __ATOMIC_RELAXED);
    return lsr;
}

int kdio_uart_get(struct kdio_uart *uart)
{
    return read_lsr(uart) & UART_LSR_DR ? read_register(uart, UART_RBR) : -1;
}

bool kdio_uart_room(struct kdio_uart *uart)
{
    return (read_lsr(uart) & UART_LSR_THRE) != 0;
}

bool kdio_uart_sent(struct kdio_uart *uart)
{
    return (read_lsr(uart) & UART_LSR_TEMT) != 0;
}

void kdio_uart_put(const struct kdio_uart *uart, uint8_t byte)
{
    write_register(uart, UART_THR, byte);
}

#if !KDIO_STUB_PROFILE_PORTS /* Even unused it would change what the compiler inlines. */
void kdio_uart_watch(const struct kdio_uart *uart, bool closely)
{
    if (uart->config.irq)
        write_register(uart, UART_FCR, UART_FCR_ENABLE | (closely ? UART_FCR_TRIGGER_14 : UART_FCR_TRIGGER_8));
}
#endif

void kdio_uart_want_room(struct kdio_uart *uart, bool wanted)
{
    uint8_t ier = (uint8_t)(UART_IER_ERBFI | (wanted ? UART_IER_ETBEI : 0));

    if (!uart->config.irq || ier == uart->ier)
        return;
    uart->ier = ier;
    write_register(uart, UART_IER, ier);
}

/* The register first: a want_room on another CPU in between leaves a note that is wrong, and so is put right later. */
void kdio_uart_quiet(struct kdio_uart *uart)
{
    if (!uart->config.irq)
        return;
    write_register(uart, UART_IER, 0);
    uart->ier = 0;
}

unsigned kdio_uart_ports(const struct kdio_uart *uart)
{
    if (!KDIO_STUB_HAS_MMIO)
        return UART_REGISTERS;
    return uart->config.space == KDIO_UART_PORT ? UART_REGISTERS * uart->config.stride : 0;
}

bool kdio_uart_overlaps(const struct kdio_uart *uart, uint16_t port, unsigned width)
{
    uint64_t first = uart->config.base;
    unsigned ports = kdio_uart_ports(uart);

    return ports && port < first + ports && port + (uint64_t)width > first;
}
