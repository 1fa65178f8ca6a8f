/* SPDX-License-Identifier: MIT */
/*
 * fault.h: exceptions that strike inside the stub. One at an access that may fault is that access's answer; any other
 * is the stub's end: it tells, and executes nothing more.
 */
#ifndef KDIO_STUB_FAULT_H
#define KDIO_STUB_FAULT_H

#include "stub/runner.h"

/* True when the stub has faulted and the operation in run->op is not one of the link's: run->failure tells where. */
bool kdio_fault_stops(const struct kdio_stub *stub, struct kdio_run *run);

/* The operation FAULT: what stopped the stub; zeros when nothing has. */
void kdio_fault_op(const struct kdio_stub *stub, struct kdio_writer *results);

#endif
