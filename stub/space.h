/* SPDX-License-Identifier: MIT */
/* space.h: what the operations on the processor, on memory and on PCI have in common. */
#ifndef KDIO_STUB_SPACE_H
#define KDIO_STUB_SPACE_H

#include "stub/runner.h"

/* What this stub refuses of an operation before it runs: UNSUPPORTED for configuration space that it cannot reach, LINK_UART
 * for memory that is the link's own UART. */
enum kdio_status kdio_space_check(const struct kdio_stub *stub, const struct kdio_op *op);

#endif
