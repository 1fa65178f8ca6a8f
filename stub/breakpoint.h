/* SPDX-License-Identifier: MIT */
/*
 * breakpoint.h: the breakpoints of run control. Numbers 0 to 3 are the processor's debug registers, the others are
 * int3s in the kernel's code. They belong to the stub, not to a session: a host that dies leaves them, and the next one
 * finds them.
 *
 * Code and data are never seen with an int3 in it: it is taken out while an operation looks at memory.
 */
#ifndef KDIO_STUB_BREAKPOINT_H
#define KDIO_STUB_BREAKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/status.h"

#define KDIO_HARDWARE_BREAKPOINTS 4u
#define KDIO_SOFTWARE_BREAKPOINTS 12u
#define KDIO_BREAKPOINT_COUNT     (KDIO_HARDWARE_BREAKPOINTS + KDIO_SOFTWARE_BREAKPOINTS)
#define KDIO_BREAKPOINT_NONE      0xffu
#define KDIO_INT3                 0xccu

/* As in operation SET_BREAKPOINT. */
enum kdio_breakpoint_kind {
    KDIO_BREAKPOINT_SOFTWARE,
    KDIO_BREAKPOINT_EXECUTE,
    KDIO_BREAKPOINT_WRITE,
    KDIO_BREAKPOINT_IO,
    KDIO_BREAKPOINT_ACCESS,
    KDIO_BREAKPOINT_KINDS,
    KDIO_BREAKPOINT_FREE = 0xff,
};

struct kdio_breakpoint {
    uint64_t address;
    uint64_t physical : 52; /* Of the int3: all that a page table's entry can name. */
    uint64_t used : 1;
    uint64_t kind : 3;
    uint64_t byte : 8;      /* What the int3 replaces; for the others the length. */
};

/* Bytes that it covers. */
static inline uint8_t kdio_breakpoint_length(const struct kdio_breakpoint *slot)
{
    return slot->kind == KDIO_BREAKPOINT_SOFTWARE ? 1 : slot->byte;
}

struct kdio_breakpoints {
    struct kdio_breakpoint slots[KDIO_BREAKPOINT_COUNT];
    uint16_t count;    /* How many there are, */
    uint16_t software; /* how many of them int3s. */
    bool own_de;       /* CR4.DE was clear before the first I/O breakpoint. */
};

struct kdio_stub;

/* Sets one; its number in *id. NO_BREAKPOINT where none can be. */
enum kdio_status kdio_breakpoint_set(struct kdio_stub *stub, uint8_t kind, uint8_t length, uint64_t address,
                                     uint8_t *id);
enum kdio_status kdio_breakpoint_clear(struct kdio_stub *stub, uint8_t id);

/* Clears an int3 by its own address, where it lies on the way by which the others are taken out. False when the code
 * cannot be written there: then nothing has changed. */
bool kdio_breakpoint_drop(struct kdio_stub *stub, uint8_t id);

/* The number of the int3 at an address; KDIO_BREAKPOINT_NONE when it is none of ours. */
uint8_t kdio_breakpoint_at(const struct kdio_stub *stub, uint64_t address);

/* The same by what is there: the int3 may have been set at another address of the same memory. */
uint8_t kdio_breakpoint_under(struct kdio_stub *stub, uint64_t address);

/* Takes one int3 out of the code, or puts it back. */
void kdio_breakpoint_lift(struct kdio_stub *stub, uint8_t id);
void kdio_breakpoint_put(struct kdio_stub *stub, uint8_t id);

/* All of them, round an access to memory; interrupts are off in between. */
uintptr_t kdio_breakpoints_lift(struct kdio_stub *stub);
void kdio_breakpoints_put(struct kdio_stub *stub, uintptr_t state);

#endif
