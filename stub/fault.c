/* SPDX-License-Identifier: MIT */
/* fault.c: see fault.h. */
#include "stub/fault.h"

bool kdio_fault_stops(const struct kdio_stub *stub, struct kdio_run *run)
{
    (void)stub;
    (void)run;
    return false;
}

void kdio_fault_op(const struct kdio_stub *stub, struct kdio_writer *results)
{
    (void)stub;
    for (unsigned i = 0; i < 3; i++)
        kdio_write_uint(results, 8, 0);
    kdio_write_uint(results, 1, 0);
}
