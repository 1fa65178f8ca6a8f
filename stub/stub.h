/* SPDX-License-Identifier: MIT */
/* stub.h: the stub's own structure, at the start of the memory that the kernel gives. */
#ifndef KDIO_STUB_STUB_H
#define KDIO_STUB_STUB_H

#include "proto/stub_link.h"
#include "stub/console.h"
#include "stub/machine.h"
#include "stub/runner.h"
#include "stub/uart16550.h"

/* Received bytes between the UART and the link. One producer at a time holds `draining`; one consumer holds `busy`. */
struct kdio_rx_ring {
    uint8_t *bytes;
    uint32_t size; /* A power of two. */
    uint32_t head; /* Producer's; counts on without wrapping to the size. */
    uint32_t tail; /* Consumer's. */
};

/* What is used most stands first, within reach of a one-byte offset. */
struct kdio_stub {
    bool busy;          /* Held by the one entry that works. */
    bool draining;      /* Held by the one entry that reads the UART. */
    bool suspended;     /* The kernel has the UART. */
    bool moved;         /* A byte was read from the UART or written to it since the holder of `busy` came. */
    bool request_ready; /* The link has a request out, which waits to be executed, or is being executed. */
    bool running;       /* `run` is that request's program, begun. */
    uint32_t rx_overruns; /* Bytes dropped as the ring was full. */
    uint32_t atomic_us_max;
    uint32_t interrupts;
    uint64_t drained_us; /* When the UART was last emptied. */
    struct kdio_rx_ring rx;
    struct kdio_uart uart;
    uint64_t start_us;
    struct kdio_machine machine;
    struct kdio_console console;
    struct kdio_machine_x86_64 machine_state;
    struct kdio_stub_config config;
    uint8_t *results; /* Of `run`. */
    struct kdio_run run;
    uint64_t last; /* The value that an operation of this session read last, for CHECK. */
    struct kdio_stub_link link;
};

/* Moves what the UART holds to the ring, at most `limit` bytes; true when it is empty. For the holder of `busy` and for
 * entries that find it held. */
bool kdio_stub_drain(struct kdio_stub *stub, unsigned limit);

/* Microseconds, from the machine. */
uint64_t kdio_stub_now_us(const struct kdio_stub *stub);

#endif
