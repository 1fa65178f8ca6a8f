/* SPDX-License-Identifier: MIT */
/*
 * world.h: the machine of tests/stub with a processor and memory. Each access is counted at each byte that it touches;
 * an access that is not naturally aligned fails the test.
 */
#ifndef KDIO_TEST_STUB_SPACES_WORLD_H
#define KDIO_TEST_STUB_SPACES_WORLD_H

#include "tests/stub/target.h"

#define WORLD_PAGE  0x1000u
#define WORLD_PAGES 16u
#define WORLD_SIZE  (WORLD_PAGE * WORLD_PAGES)

/* Page n of memory: at its physical address, of which the upper half is above 4 GiB, and at its virtual address, where
 * they adjoin. */
#define WORLD_VIRTUAL  0x00007f0000000000u
#define WORLD_HIGH     0x0000000100000000u
#define WORLD_PHYSICAL(offset) ((offset) < WORLD_SIZE / 2 ? (uint64_t)(offset) : WORLD_HIGH + (offset) - WORLD_SIZE / 2)

/* Where the hook shows physical memory. */
#define WORLD_DIRECT 0xffff800000000000u

#define WORLD_MSRS       8u /* MSRs 0 to 7; 7 can only be read. Others fault. */
#define WORLD_LOG_SIZE   0x20000u

struct world_access {
    enum kdio_access what;
    uint64_t at, value;
};

struct world {
    struct target target;
    uint8_t memory[WORLD_SIZE];
    uint8_t reads[WORLD_SIZE], writes[WORLD_SIZE];
    bool absent[WORLD_PAGES], read_only[WORLD_PAGES]; /* Of the virtual pages. */
    uint64_t map_size; /* How many bytes the hook maps at most; 0: to the end of the page. */
    uint64_t unmapped; /* Physical page that it does not map. */
    unsigned fault_at; /* Number of the access that faults, from 1 on; 0: none. */
    struct world_access log[WORLD_LOG_SIZE];
    unsigned log_count;
    uint64_t msrs[WORLD_MSRS];
    uint64_t registers[KDIO_REGISTERS];
    uint32_t leaf_max;
    uint32_t empty_leaf; /* All zeros; 0: none. */
    uint64_t drawn;      /* The last number. */
};

/* A machine with everything; then target_start, after changes. Memory holds numbers of no pattern. */
void world_reset(struct world *world);
void world_start(struct world *world);

/* Forgets accesses. */
void world_forget(struct world *world);

/* Each byte from offset on was read and written so often, and no other was touched. */
void world_assert_touched(const struct world *world, uint64_t offset, uint64_t size, unsigned reads, unsigned writes);

/* The last program failed with FAULT, as told. */
void world_assert_fault(const struct world *world, unsigned vector, unsigned code, uint64_t detail);

/* A number of no pattern. */
uint32_t world_draw(struct world *world);

#endif
