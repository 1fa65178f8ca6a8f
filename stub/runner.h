/* SPDX-License-Identifier: MIT */
/*
 * runner.h: executes the operations of a verified program: what can be done, apart from how it was asked.
 *
 * Nothing runs before the whole program is known to be well-formed, within the limits and within the policy. An atomic
 * program then runs to its end in one call. So do the operations of a plain one, but for those that take long: inside
 * them it gives way when it has run for the slice that the kernel allows, and the next call goes on there.
 */
#ifndef KDIO_STUB_RUNNER_H
#define KDIO_STUB_RUNNER_H

#include "proto/program.h"
#include "proto/stub_link.h"

struct kdio_stub;

/* What an operation returns, besides the statuses, while it is not at its end: it is to be called again. Never sent. */
#define KDIO_OP_GOES_ON ((enum kdio_status)0x7f)

/* A program that is being run. What is used most stands first, within reach of a one-byte offset. */
struct kdio_run {
    struct kdio_op op;
    struct kdio_writer results;
    uint32_t op_units;           /* What op has done of its count; 0 when it begins. */
    bool op_goes_on;             /* op was begun, and has not ended: false when it is called first. */
    bool atomic;
    bool cancelled;              /* Stop before the next step. */
    bool faulted;                /* The stub itself did, while it ran this. */
    struct kdio_reader reader;   /* Behind op. */
    struct kdio_failure failure; /* status KDIO_DONE when all of it is done; `done` counts while it runs. */
    uint32_t counted;            /* Operations done that are the user's: not the link's own. */
    bool gives_way;              /* The kernel must run before the next step. */
    uint64_t op_from_us;         /* When op began; for operations that wait. */
    uint64_t op_at;              /* An operation's own: where it stands. */
};

/* Checks the whole of a request's program without touching a device. DONE: kdio_runner_go is to follow; else the
 * program is answered with run->failure. */
enum kdio_status kdio_runner_begin(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                                   struct kdio_run *run);

/* Runs it. False when the slice is over, and it is to be called again; true when it has ended: run->failure tells. */
bool kdio_runner_go(struct kdio_stub *stub, struct kdio_run *run);

/* For operations: a value that was read is a result, and what CHECK compares. */
void kdio_runner_give(struct kdio_stub *stub, struct kdio_run *run, unsigned size, uint64_t value);

/*
 * Interrupts off on this CPU, for an atomic program and for the few accesses of one operation that must not be torn;
 * the longest time is kept. May be nested.
 */
struct kdio_quiet {
    uintptr_t state;
    uint64_t from_us;
};
struct kdio_quiet kdio_quiet_begin(const struct kdio_stub *stub);
void kdio_quiet_end(struct kdio_stub *stub, struct kdio_quiet quiet);

/*
 * The operations by what they reach, in files of their own: each does one step of run->op, writes its results, and
 * returns DONE, KDIO_OP_GOES_ON or why it failed, then with run->failure's vector, code and detail. A step takes at
 * most some 20 us, or 16 units.
 */
enum kdio_status kdio_port_op(struct kdio_stub *stub, struct kdio_run *run);
enum kdio_status kdio_processor_op(struct kdio_stub *stub, struct kdio_run *run);
enum kdio_status kdio_memory_op(struct kdio_stub *stub, struct kdio_run *run); /* And translation. */
enum kdio_status kdio_pci_op(struct kdio_stub *stub, struct kdio_run *run);
enum kdio_status kdio_stop_op(struct kdio_stub *stub, struct kdio_run *run); /* Run control. */

#endif
