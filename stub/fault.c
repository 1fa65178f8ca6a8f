/* SPDX-License-Identifier: MIT */
/* fault.c: see fault.h. Runs in the kernel's exception handlers: takes no lock, touches this stub's memory alone. */
#include "stub/fault.h"

#include "stub/stub.h"

/* Vectors that are the kernel's own affair: #DB, NMI, #BP, #MC (SDM volume 3, 6.15). */
#define VECTORS_LEFT_ALONE (1u << 1 | 1u << 2 | 1u << 3 | 1u << 18)

/* More than any entry needs below its own frame. */
#define STACK_MAX 1024u

/*
 * The context that faulted does not come back, and the stub is to go on telling. What it held is given back, if it was
 * the holder, or a handler on the same stack above the holder: then neither comes back.
 */
static void give_back(struct kdio_stub *stub, const struct kdio_stub_fault *fault)
{
    if (stub->entered_rsp - fault->rsp > STACK_MAX)
        return;
    __atomic_clear(&stub->draining, __ATOMIC_RELEASE);
    stub->stop.is_quiet = false;
    stub->stop.holder = KDIO_NOBODY;
    __atomic_clear(&stub->busy, __ATOMIC_RELEASE);
}

static void tell(const struct kdio_stub *stub, struct kdio_failure *failure)
{
    failure->vector = stub->fault.vector;
    failure->code = stub->fault.code;
    failure->detail = (uint32_t)stub->fault.rip;
    failure->detail_high = (uint32_t)(stub->fault.rip >> 32);
}

static void stop(struct kdio_stub *stub, const struct kdio_stub_fault *fault)
{
    stub->fault = *fault;
    stub->run.faulted = true;
    tell(stub, &stub->run.failure);
    give_back(stub, fault);
}

bool kdio_stub_fault(struct kdio_stub *stub, struct kdio_stub_fault *fault)
{
    if (!stub || fault->vector >= 32 || VECTORS_LEFT_ALONE >> fault->vector & 1)
        return false;
    if (kdio_x86_64_recover(&stub->machine_state, fault))
        return true;
    if (!stub->fault.rip && kdio_x86_64_is_own_code(fault->rip))
        stop(stub, fault);
    return false;
}

bool kdio_fault_stops(const struct kdio_stub *stub, struct kdio_run *run)
{
    if (!stub->fault.rip || run->op.row->capability == KDIO_CAPABILITY_LINK)
        return false;
    tell(stub, &run->failure);
    return true;
}

void kdio_fault_op(const struct kdio_stub *stub, struct kdio_writer *results)
{
    kdio_write_uint(results, 1, stub->fault.vector);
    kdio_write_uint(results, 8, stub->fault.rip);
    kdio_write_uint(results, 8, stub->fault.address);
    kdio_write_uint(results, 8, stub->fault.code);
}
