/* SPDX-License-Identifier: MIT */
/* pci_op.c: operations on PCI configuration space. */
#include "stub/stub.h"

enum kdio_status kdio_pci_op(struct kdio_stub *stub, struct kdio_run *run)
{
    (void)stub;
    (void)run;
    return KDIO_UNSUPPORTED;
}
