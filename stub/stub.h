/* SPDX-License-Identifier: MIT */
/* stub.h: the stub's own structure, at the start of the memory that the kernel gives. */
#ifndef KDIO_STUB_STUB_H
#define KDIO_STUB_STUB_H

#include "proto/stub_link.h"
#include "stub/console.h"
#include "stub/machine.h"
#include "stub/runner.h"
#include "stub/stop.h"
#include "stub/uart16550.h"

/* What the ring keeps free: while a program runs nothing is taken from it, and another host must get in. */
#define KDIO_RX_SPARE 64u

/* Received bytes between the UART and the link. One producer at a time holds `draining`; one consumer holds `busy`. */
struct kdio_rx_ring {
    uint8_t *bytes;
    uint32_t size; /* A power of two. */
    uint32_t head; /* Producer's; counts on without wrapping to the size. */
    uint32_t tail; /* Consumer's. */
};

/* What is looked after while a program is under way across calls. */
struct kdio_attention {
    uint64_t alive_us; /* When the next sign of life is due. */
    uint32_t scanned;  /* Received bytes before this were looked at. */
    uint32_t mark;     /* Where the frame that is being looked at began. */
    bool dropped;      /* Received bytes were dropped. */
};

/* The rate of the line, where it is not the default or is about to change. */
struct kdio_rate {
    uint64_t good_us;  /* Of the last good frame at this rate, or of the change to it. */
    uint32_t frames;   /* The link's count of good frames by then. */
    uint32_t next;     /* The rate to change to when what is being sent has left; 0: none. */
    bool raised;       /* Not the default. */
    bool confirmed;    /* A good frame came at it. */
};

/* What is used most stands first, within reach of a one-byte offset. */
struct kdio_stub {
    bool busy;          /* Held by the one entry that works. */
    bool draining;      /* Held by the one entry that reads the UART. */
    bool suspended;     /* The kernel has the UART. */
    bool moved;         /* A byte was read from the UART or written to it since the holder of `busy` came. */
    bool request_ready; /* The link has a request out, which waits to be executed, or is being executed. */
    bool running;       /* `run` is that request's program, begun. */
    bool watched;       /* The kernel polls without rest. */
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
    uint64_t entered_rsp;         /* Near the stack pointer of the holder of `busy`, when it came. */
    struct kdio_stub_fault fault; /* The first inside the stub that nobody counted on; rip 0: none. */
    struct kdio_stop stop;
    struct kdio_breakpoints breakpoints;
    struct kdio_attention attention;
    struct kdio_rate rate;
    uint64_t last; /* The value that an operation of this session read last, for CHECK. */
    struct kdio_stub_link link;
};

/* Moves what the UART holds to the ring, at most `limit` bytes; true when it is empty. For the holder of `busy` and for
 * entries that find it held. */
bool kdio_stub_drain(struct kdio_stub *stub, unsigned limit);

/* The flags `busy` and `draining`: true when it was free, and is the caller's now. */
static inline bool kdio_stub_take(bool *flag)
{
    return !__atomic_test_and_set(flag, __ATOMIC_ACQUIRE);
}

static inline void kdio_stub_release(bool *flag)
{
    __atomic_clear(flag, __ATOMIC_RELEASE);
}

/* One round of the link's work, by the holder of `busy`; returns what the entries do. */
unsigned kdio_stub_work(struct kdio_stub *stub, bool may_execute);

/* A challenge for the link, from the machine; kdio_draw_fn. Hidden, so that its address needs no table of the
 * linker's. */
__attribute__((visibility("hidden"))) uint32_t kdio_stub_draw(void *stub);

/* Microseconds, from the machine. */
uint64_t kdio_stub_now_us(const struct kdio_stub *stub);

#endif
