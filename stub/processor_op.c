/* SPDX-License-Identifier: MIT */
/* processor_op.c: operations on the processor. */
#include "stub/stub.h"

enum kdio_status kdio_processor_op(struct kdio_stub *stub, struct kdio_run *run)
{
    (void)stub;
    (void)run;
    return KDIO_UNSUPPORTED;
}
