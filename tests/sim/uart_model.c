/* SPDX-License-Identifier: MIT */
/* uart_model.c: registers by their numbers in table II of the data sheet. */
#include "tests/sim/uart_model.h"

enum { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RECEIVED 0x01u
#define IER_EMPTY    0x02u
#define IIR_NONE     0x01u
#define IIR_EMPTY    0x02u
#define IIR_RECEIVED 0x04u
#define IIR_WAITING  0x0cu
#define IIR_FIFO     0xc0u
#define FCR_ENABLE   0x01u
#define FCR_RX_RESET 0x02u
#define FCR_TX_RESET 0x04u
#define LCR_DLAB     0x80u
#define MCR_OUT2     0x08u
#define LSR_READY    0x01u
#define LSR_OVERRUN  0x02u
#define LSR_THRE     0x20u
#define LSR_TEMT     0x40u

#define CLOCKS_PER_BIT  16u
#define BITS            10u /* Start, 8, stop. */
#define WAITING_BYTES   4u  /* Character times until bytes below the trigger level are announced. */
#define NEVER           UINT64_MAX

static bool fifo_put(struct sim_fifo *fifo, unsigned depth, uint8_t byte)
{
    if (fifo->count >= depth)
        return false;
    fifo->bytes[(fifo->first + fifo->count++) % SIM_UART_FIFO] = byte;
    return true;
}

static uint8_t fifo_get(struct sim_fifo *fifo)
{
    uint8_t byte = fifo->bytes[fifo->first];

    if (!fifo->count)
        return 0;
    fifo->first = (fifo->first + 1) % SIM_UART_FIFO;
    fifo->count--;
    return byte;
}

static unsigned depth(const struct sim_uart *uart)
{
    return uart->fcr & FCR_ENABLE ? SIM_UART_FIFO : 1;
}

static void set_rate(struct sim_uart *uart)
{
    uint64_t divisor = (uint64_t)uart->dlm << 8 | uart->dll;

    if (divisor)
        uart->byte_ns = divisor * CLOCKS_PER_BIT * BITS * 1000000000u / uart->clock_hz;
}

void sim_uart_reset(struct sim_uart *uart)
{
    uint64_t rx_lost = uart->rx_lost, tx_lost = uart->tx_lost;

    *uart = (struct sim_uart){ .lcr = 3, .dll = SIM_UART_DIVISOR, .rx_lost = rx_lost, .tx_lost = tx_lost,
                               .clock_hz = uart->clock_hz };
    set_rate(uart);
}

/* ---- The line's side ---- */

void sim_uart_receive(struct sim_uart *uart, uint8_t byte, uint64_t now_ns)
{
    uart->rx_touched_ns = now_ns;
    if (fifo_put(&uart->rx, depth(uart), byte))
        return;
    uart->overrun = true;
    uart->rx_lost++;
}

static void load_shift(struct sim_uart *uart, uint64_t now_ns)
{
    uart->shift = fifo_get(&uart->tx);
    uart->shifting = true;
    uart->shift_done_ns = now_ns + uart->byte_ns;
    if (!uart->tx.count)
        uart->empty_announced = true;
}

uint64_t sim_uart_shift_ns(const struct sim_uart *uart)
{
    if (uart->shifting)
        return uart->shift_done_ns;
    return uart->tx.count ? uart->load_ns : NEVER;
}

bool sim_uart_shift(struct sim_uart *uart, uint8_t *byte)
{
    bool left = uart->shifting;

    *byte = uart->shift;
    uart->shifting = false;
    if (uart->tx.count)
        load_shift(uart, left ? uart->shift_done_ns : uart->load_ns);
    return left;
}

static unsigned trigger(const struct sim_uart *uart)
{
    static const unsigned levels[] = { 1, 4, 8, 14 };

    return uart->fcr & FCR_ENABLE ? levels[uart->fcr >> 6] : 1;
}

static uint64_t waiting_ns(const struct sim_uart *uart)
{
    return uart->rx_touched_ns + WAITING_BYTES * uart->byte_ns;
}

uint64_t sim_uart_next_ns(const struct sim_uart *uart, uint64_t now_ns)
{
    uint64_t next_ns = sim_uart_shift_ns(uart);

    if (uart->rx.count && uart->rx.count < trigger(uart) && waiting_ns(uart) > now_ns && waiting_ns(uart) < next_ns)
        next_ns = waiting_ns(uart);
    return next_ns;
}

static uint8_t cause(const struct sim_uart *uart, uint64_t now_ns)
{
    if (uart->ier & IER_RECEIVED && uart->rx.count >= trigger(uart))
        return IIR_RECEIVED;
    if (uart->ier & IER_RECEIVED && uart->rx.count && now_ns >= waiting_ns(uart))
        return IIR_WAITING;
    return uart->ier & IER_EMPTY && uart->empty_announced ? IIR_EMPTY : IIR_NONE;
}

bool sim_uart_line(const struct sim_uart *uart, uint64_t now_ns)
{
    return uart->mcr & MCR_OUT2 && cause(uart, now_ns) != IIR_NONE;
}

/* ---- The processor's side ---- */

static uint8_t read_lsr(struct sim_uart *uart)
{
    uint8_t lsr = (uint8_t)((uart->rx.count ? LSR_READY : 0) | (uart->overrun ? LSR_OVERRUN : 0) |
                            (uart->tx.count ? 0 : LSR_THRE) | (uart->tx.count || uart->shifting ? 0 : LSR_TEMT));

    uart->overrun = false;
    return lsr;
}

static uint8_t read_iir(struct sim_uart *uart, uint64_t now_ns)
{
    uint8_t iir = cause(uart, now_ns);

    if (iir == IIR_EMPTY)
        uart->empty_announced = false;
    return uart->fcr & FCR_ENABLE ? iir | IIR_FIFO : iir;
}

uint8_t sim_uart_read(struct sim_uart *uart, unsigned reg, uint64_t now_ns)
{
    switch (reg) {
    case RBR_THR_DLL:
        if (uart->lcr & LCR_DLAB)
            return uart->dll;
        uart->rx_touched_ns = now_ns;
        return fifo_get(&uart->rx);
    case IER_DLM:
        return uart->lcr & LCR_DLAB ? uart->dlm : uart->ier;
    case IIR_FCR:
        return read_iir(uart, now_ns);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        return read_lsr(uart);
    case SCR:
        return uart->scratch;
    default:
        return 0;
    }
}

static void write_thr(struct sim_uart *uart, uint8_t value, uint64_t now_ns)
{
    uart->empty_announced = false;
    if (!uart->shifting && !uart->tx.count)
        uart->load_ns = now_ns + uart->byte_ns / (BITS * CLOCKS_PER_BIT);
    if (!fifo_put(&uart->tx, depth(uart), value))
        uart->tx_lost++;
}

/* Turning the interrupt of an empty transmitter on while it is empty announces that at once. */
static void write_ier(struct sim_uart *uart, uint8_t value)
{
    if (value & ~uart->ier & IER_EMPTY && !uart->tx.count)
        uart->empty_announced = true;
    uart->ier = value & 0x0f;
}

static void write_fcr(struct sim_uart *uart, uint8_t value)
{
    if (value & FCR_RX_RESET || (value ^ uart->fcr) & FCR_ENABLE)
        uart->rx.count = 0;
    if (value & FCR_TX_RESET || (value ^ uart->fcr) & FCR_ENABLE)
        uart->tx.count = 0;
    uart->fcr = value;
}

void sim_uart_write(struct sim_uart *uart, unsigned reg, uint8_t value, uint64_t now_ns)
{
    bool dlab = uart->lcr & LCR_DLAB;

    if (reg == RBR_THR_DLL && dlab)
        uart->dll = value;
    else if (reg == RBR_THR_DLL)
        write_thr(uart, value, now_ns);
    else if (reg == IER_DLM && dlab)
        uart->dlm = value;
    else if (reg == IER_DLM)
        write_ier(uart, value);
    else if (reg == IIR_FCR)
        write_fcr(uart, value);
    else if (reg == LCR)
        uart->lcr = value;
    else if (reg == MCR)
        uart->mcr = value;
    else if (reg == SCR)
        uart->scratch = value;
    if (dlab)
        set_rate(uart);
}
