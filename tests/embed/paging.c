/* SPDX-License-Identifier: MIT */
/*
 * paging.c: after paging_drop_identity the lower half of the address space is empty, so that address 0 faults, and so
 * does any code that was not linked where it runs.
 */
#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

extern volatile uint64_t page_root[512]; /* entry.S */

void paging_drop_identity(void)
{
    page_root[0] = 0;
    cpu_flush_translations();
}
