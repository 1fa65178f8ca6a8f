/* SPDX-License-Identifier: MIT */
/* memory_op.c: operations on memory. */
#include "stub/stub.h"

enum kdio_status kdio_memory_op(struct kdio_stub *stub, struct kdio_run *run)
{
    (void)stub;
    (void)run;
    return KDIO_UNSUPPORTED;
}
