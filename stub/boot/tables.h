/* SPDX-License-Identifier: MIT */
/*
 * tables.h: the processor's own tables (GDT, TSS, IDT) and the kernel's stacks. Each stack has a page under it that is
 * not mapped; double faults and NMIs have stacks of their own, so that a report needs nothing of the stack that failed.
 */
#ifndef KDIO_BOOT_TABLES_H
#define KDIO_BOOT_TABLES_H

#include <stdbool.h>
#include <stdint.h>

/* Loads the tables and takes the guard pages away. Needs the kernel's page tables. */
bool tables_start(void);

#endif
