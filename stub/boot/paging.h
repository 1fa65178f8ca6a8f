/* SPDX-License-Identifier: MIT */
/*
 * paging.h: the kernel's page tables: every address maps to itself. RAM is cached, all else is not; nothing but the
 * kernel's text may be executed, and nothing of its text and read-only data written.
 *
 * All physical memory is seen once more in the upper half, writable, also where it does not map to itself.
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

enum paging_rights {
    PAGING_RAM,
    PAGING_READ_ONLY,
    PAGING_DEVICE, /* Uncached. */
};

/*
 * Maps physical memory once more at `address`, in a page of `size` bytes: 4 KiB, 2 MiB or 1 GiB (the processor must
 * know those), which address and base are multiples of. Nothing may have been there. False when no page is left for the
 * tables.
 */
bool paging_map_page(uint64_t address, uint64_t base, uint64_t size, enum paging_rights rights);

/* Where physical memory is seen, for as many bytes as *size says; NULL where there is none. */
void *paging_direct(uint64_t base, uint64_t *size);

/* Takes one page away, so that touching it faults. */
bool paging_unmap(const void *page);

#endif
