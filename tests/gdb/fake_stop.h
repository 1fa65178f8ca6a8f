/* SPDX-License-Identifier: MIT */
/*
 * fake_stop.h: the functions of kdio.h that gdb's server calls, with a kernel behind them that is a struct: it can be
 * stopped and looked at, and each of its functions can be told to fail.
 */
#ifndef KDIO_TESTS_GDB_FAKE_STOP_H
#define KDIO_TESTS_GDB_FAKE_STOP_H

#include <kdio.h>

#define FAKE_MEMORY_SIZE 0x10000u /* From address 0 on; the rest is absent. */

struct fake {
    bool stopped;
    struct kdio_stop stop;      /* The next of kdio_halt, kdio_step and kdio_wait_stop. */
    enum kdio_status failing;   /* What every call gives; KDIO_DONE: nothing fails. */
    unsigned calls, writes;     /* writes: those that change the kernel. */
    unsigned resets;
    uint64_t registers[KDIO_REGISTER_COUNT];
    uint8_t fpu[KDIO_FPU_SIZE];
    uint8_t memory[FAKE_MEMORY_SIZE];
    struct kdio_breakpoint breakpoints[KDIO_BREAKPOINTS_MAX];
};

extern struct fake fake;

/* What the kernel says while a call is under way; may be NULL. */
extern void (*fake_says)(void);

/* A kernel that runs, without breakpoints. */
void fake_reset(void);

#endif
