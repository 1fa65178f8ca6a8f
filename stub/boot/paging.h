/* SPDX-License-Identifier: MIT */
/*
 * paging.h: the kernel's page tables: every address maps to itself. RAM is cached, all else is not; nothing but the
 * kernel's text may be executed, and nothing of its text and read-only data written.
 */
#ifndef KDIO_BOOT_PAGING_H
#define KDIO_BOOT_PAGING_H

#include "stub/boot/memory.h"

/*
 * Builds the tables from `memory`: the low 4 GiB, each range of the map, BARs above 4 GiB, this image; and switches to
 * them. Returns false, under the old tables, when there are not enough pages.
 */
bool paging_start(struct memory_map *memory);

/* Maps [base, base + size) uncached, in whole pages. */
bool paging_map_device(uint64_t base, uint64_t size);

/* Takes one page away, so that touching it faults. */
bool paging_unmap(const void *page);

#endif
