/* SPDX-License-Identifier: MIT */
/* rate.c: see rate.h. */
#include "stub/rate.h"

#include "stub/stub.h"

#define UNCONFIRMED_US 1000000u
#define SILENT_US      5000000u

enum kdio_status kdio_rate_op(struct kdio_stub *stub, uint64_t baud, struct kdio_writer *results)
{
    uint32_t given = kdio_uart_rate(&stub->uart.config, (uint32_t)baud);

    if (!given)
        return KDIO_BAD_OPERAND;
    stub->rate.next = (uint32_t)baud;
    kdio_write_uint(results, 4, given);
    return KDIO_DONE;
}

/* True when nothing intact was heard at this rate for so long that the default comes back. */
static bool silent(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_rate *rate = &stub->rate;

    if (rate->frames != stub->link.stats.frames) {
        rate->frames = stub->link.stats.frames;
        rate->good_us = at_us;
        rate->confirmed = true;
    }
    return rate->raised && at_us - rate->good_us >= (rate->confirmed ? SILENT_US : UNCONFIRMED_US);
}

/* Nobody else reads the UART meanwhile: on this processor its interrupts are off, on others `draining` is held. (An
 * entry on another one may turn the interrupts off once more, which while DLAB is set clears DLM: it is 0 above 450
 * baud.) */
static void change(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_rate *rate = &stub->rate;

    if (!kdio_uart_sent(&stub->uart) || !kdio_stub_take(&stub->draining))
        return;
    kdio_uart_quiet(&stub->uart);
    kdio_uart_set_rate(&stub->uart, rate->next);
    kdio_stub_release(&stub->draining);
    rate->raised = rate->next != stub->config.uart.baud;
    rate->confirmed = false;
    rate->good_us = at_us;
    rate->next = 0;
}

/* Replies that are due go first, that of BAUD among them; then nothing does before the change. */
static bool replies_left(const struct kdio_stub *stub)
{
    return !stub->request_ready && !stub->link.replies_due && !kdio_stub_link_mid_frame(&stub->link);
}

bool kdio_rate_go(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_rate *rate = &stub->rate;

    if (silent(stub, at_us))
        rate->next = stub->config.uart.baud;
    else if (!rate->next || !replies_left(stub))
        return false;
    change(stub, at_us);
    return rate->next != 0;
}
