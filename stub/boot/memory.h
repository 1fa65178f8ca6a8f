/* SPDX-License-Identifier: MIT */
/*
 * memory.h: the machine's address map, and the pages that the kernel takes from it. Ranges in the map do not overlap.
 * Pages come from the largest free range below 4 GiB, where the firmware's page tables reach, and are never given back.
 */
#ifndef KDIO_BOOT_MEMORY_H
#define KDIO_BOOT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u

enum memory_kind {
    MEMORY_FREE,   /* RAM that nobody uses. */
    MEMORY_RAM,    /* RAM in use: firmware, tables, this kernel. */
    MEMORY_DEVICE, /* Not cacheable. */
};

struct memory_range {
    uint64_t base;
    uint64_t size;
    enum memory_kind kind;
};

#define MEMORY_RANGES_MAX 512u

struct memory_map {
    struct memory_range ranges[MEMORY_RANGES_MAX];
    unsigned count;
    bool cut; /* The firmware told of more ranges than fit. */
    uint64_t pool_next, pool_end;
};

/* Adds a range, joined to the one before where they touch and are of one kind. */
void memory_add(struct memory_map *map, uint64_t base, uint64_t size, enum memory_kind kind);

/* Readies the pages; `image_end` is the first address behind this kernel, when the map counts its RAM as free. */
void memory_pool_init(struct memory_map *map, uint64_t image_end);

/* Returns zeroed, adjoining pages, or NULL when there are no more. */
void *memory_pages(struct memory_map *map, size_t count);

#endif
