/* SPDX-License-Identifier: MIT */
/* attention.c: see attention.h. */
#include "stub/attention.h"

#include "stub/stub.h"

/* Bytes looked at in one call: more than one call brings. */
#define SCAN_CHUNK      64u
#define ALIVE_PERIOD_US 250000u

static uint8_t *ring_byte(const struct kdio_stub *stub, uint32_t at)
{
    return &stub->rx.bytes[at & (stub->rx.size - 1)];
}

static uint32_t ring_head(const struct kdio_stub *stub)
{
    return __atomic_load_n(&stub->rx.head, __ATOMIC_ACQUIRE);
}

/* A frame becomes delimiters, which mean nothing. A part of it that was dropped is the producer's. */
static void blank_frame(struct kdio_stub *stub)
{
    struct kdio_attention *attention = &stub->attention;
    uint32_t at = attention->mark;

    if ((int32_t)(at - stub->rx.tail) < 0)
        at = stub->rx.tail;
    for (; at != attention->scanned; at++)
        *ring_byte(stub, at) = KDIO_FRAME_DELIMITER;
}

static void scan_byte(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_attention *attention = &stub->attention;
    enum kdio_stub_scan scan;

    if (!kdio_frame_inside(&stub->link.scanner))
        attention->mark = attention->scanned;
    scan = kdio_stub_link_scan(&stub->link, *ring_byte(stub, attention->scanned++), at_us, kdio_stub_draw, stub);
    if (scan == KDIO_SCAN_CANCEL || scan == KDIO_SCAN_CONFIRM)
        stub->run.cancelled = true;
    if (scan == KDIO_SCAN_CANCEL || scan == KDIO_SCAN_SETTLED)
        blank_frame(stub);
}

/* S14: requests that wait are kept as long as there is room for what cannot. */
static void drop_scanned(struct kdio_stub *stub)
{
    struct kdio_attention *attention = &stub->attention;

    if (stub->rx.size - (ring_head(stub) - stub->rx.tail) >= KDIO_RX_SPARE)
        return;
    stub->rx_overruns += attention->scanned - stub->rx.tail;
    attention->dropped = true;
    __atomic_store_n(&stub->rx.tail, attention->scanned, __ATOMIC_RELEASE);
}

void kdio_attention_begin(struct kdio_stub *stub, uint64_t at_us)
{
    stub->attention.scanned = stub->rx.tail;
    stub->attention.alive_us = at_us + ALIVE_PERIOD_US;
    kdio_stub_link_scan_start(&stub->link);
}

void kdio_attention_go(struct kdio_stub *stub, uint64_t at_us)
{
    const struct kdio_run *run = &stub->run;

    for (unsigned i = 0; i < SCAN_CHUNK && stub->attention.scanned != ring_head(stub); i++)
        scan_byte(stub, at_us);
    drop_scanned(stub);
    if (at_us < stub->attention.alive_us)
        return;
    stub->attention.alive_us = at_us + ALIVE_PERIOD_US;
    kdio_stub_link_alive(&stub->link, run->failure.done);
}

/* What was dropped is asked for only now: a host that sent it again before would only see it dropped again. */
void kdio_attention_end(struct kdio_stub *stub)
{
    if (stub->attention.dropped)
        kdio_stub_link_dropped(&stub->link);
    stub->attention.dropped = false;
}
