/* SPDX-License-Identifier: MIT */
/*
 * stop.h: the kernel, stopped. kdio_stub_trap does the link's work until the host lets the kernel go; between the first
 * and the second half of a step, the stub stays held, so that nobody else goes on with the program that asked for it.
 */
#ifndef KDIO_STUB_STOP_H
#define KDIO_STUB_STOP_H

#include <kdio_stub.h>

#include "stub/breakpoint.h"
#include "stub/runner.h"
#include "stub/step.h"

/* As in the results of STATE. */
enum kdio_stop_reason {
    KDIO_STOP_NONE,
    KDIO_STOP_BREAK,
    KDIO_STOP_STEP,
    KDIO_STOP_BREAKPOINT,
    KDIO_STOP_WATCHPOINT,
    KDIO_STOP_EXCEPTION,
};

enum kdio_resume {
    KDIO_RESUME_NOT,
    KDIO_RESUME_GO,
    KDIO_RESUME_STEP,
};

struct kdio_stop {
    struct kdio_trap_frame *frame; /* NULL while the kernel runs. */
    uint8_t reason;
    uint8_t breakpoint;
    uint8_t resume;    /* What is to become of the stopped kernel. */
    bool wanted;       /* The host asked for a stop. */
    bool step_is_own;  /* `step` is only to get over an own int3: the host does not see it. */
    bool passing;      /* `pass` begins. */
    uint32_t holder;   /* The processor that has `busy`; KDIO_NOBODY also for one that came before any breakpoint. */
    bool fetched;      /* The host knows of this stop. */
    uint64_t event_us; /* When it is told again that there is one. */
    uint32_t count;
    uint64_t dr6;
    bool is_quiet;     /* The entry that holds `busy` has interrupts off, */
    struct kdio_quiet quiet; /* since then. */
    struct kdio_step step; /* One that began at a stop, or where nobody could be asked; `busy` stays held. */
    struct kdio_step pass; /* One over an int3 that struck in what came between on the holder's processor. */
};
#define KDIO_NOBODY 0u

/* A register as struct kdio_machine numbers them; a debug register, or CR4 as 4. */
uint64_t kdio_stop_system_register(const struct kdio_stub *stub, unsigned number);
void kdio_stop_debug_set(const struct kdio_stub *stub, unsigned which, uint64_t value);

/* The machine and the kernel allow it. */
bool kdio_stop_possible(const struct kdio_stub *stub);

/*
 * `busy`, for an entry; false when another one has it. What comes between at a breakpoint could not stop there, as the
 * stub is at work: so interrupts are off while it is, when there are any.
 */
bool kdio_stop_hold(struct kdio_stub *stub);
void kdio_stop_let_go(struct kdio_stub *stub);

/* What waits may come in; between the steps of a plain program. */
void kdio_stop_breathe(struct kdio_stub *stub);

#endif
