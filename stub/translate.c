/* SPDX-License-Identifier: MIT */
/*
 * translate.c: from a virtual address to a physical one, as the CPU walks its tables (SDM volume 3, 4.5). Reads each
 * entry once, and so does not show what the CPU may still hold in its own buffers.
 */
#include "stub/space.h"
#include "stub/stub.h"

#define CR4_LA57 0x1000u

#define PTE_PRESENT 0x001u
#define PTE_LARGE   0x080u /* In the entries that map 1 GiB or 2 MiB. */
#define PTE_ADDRESS 0x000ffffffffff000u

#define LEVELS_MAX   5u
#define PAGE_SHIFT   12u
#define LEVEL_SHIFT  9u
#define LEVEL_MASK   0x1ffu
#define LARGE_LEVEL  3u /* The highest that may be a page's. */

/* Places in what the machine tells. */
enum { REGISTER_CR3 = 2, REGISTER_CR4 = 3 };

struct walk {
    uint64_t address;
    uint64_t table;    /* Physical address of the next table; at the end, of the page. */
    uint64_t physical;
    uint64_t entries[LEVELS_MAX];
    unsigned levels, read;
};

/* Apart, so that the registers are off the stack again when the tables are read. */
static void __attribute__((noinline)) begin_walk(struct kdio_stub *stub, struct walk *walk)
{
    uint64_t values[KDIO_REGISTERS];

    stub->machine.registers(stub->machine.context, values);
    walk->table = values[REGISTER_CR3] & PTE_ADDRESS;
    walk->levels = values[REGISTER_CR4] & CR4_LA57 ? LEVELS_MAX : LEVELS_MAX - 1;
}

/* The bits above those that the tables translate are all as the highest of them; no other address has an entry. */
static bool is_canonical(const struct walk *walk)
{
    unsigned unused = 64 - PAGE_SHIFT - LEVEL_SHIFT * walk->levels;

    return (uint64_t)((int64_t)(walk->address << unused) >> unused) == walk->address;
}

static enum kdio_status go_down(struct kdio_stub *stub, struct kdio_run *run, struct walk *walk)
{
    for (unsigned level = walk->levels; level; level--) {
        unsigned shift = PAGE_SHIFT + LEVEL_SHIFT * (level - 1);
        uint64_t entry, mask = (1ull << shift) - 1;
        uint64_t at = walk->table + (walk->address >> shift & LEVEL_MASK) * sizeof entry;
        enum kdio_status status = kdio_space_memory(stub, run, KDIO_ACCESS_LOAD, true, at, sizeof entry, &entry);

        if (status != KDIO_DONE)
            return status;
        walk->entries[walk->read++] = entry;
        if (!(entry & PTE_PRESENT))
            return KDIO_DONE;
        walk->table = entry & PTE_ADDRESS;
        if (level == 1 || (level <= LARGE_LEVEL && entry & PTE_LARGE)) {
            walk->physical = (walk->table & ~mask) | (walk->address & mask);
            return KDIO_DONE;
        }
    }
    return KDIO_DONE;
}

static inline __attribute__((always_inline)) enum kdio_status translate(struct kdio_stub *stub, struct kdio_run *run,
                                                                        struct walk *walk)
{
    begin_walk(stub, walk);
    return is_canonical(walk) ? go_down(stub, run, walk) : KDIO_DONE;
}

uint64_t kdio_translate_address(struct kdio_stub *stub, struct kdio_run *run, uint64_t address)
{
    struct walk walk = { .address = address, .physical = UINT64_MAX };

    return translate(stub, run, &walk) == KDIO_DONE ? walk.physical : UINT64_MAX;
}

enum kdio_status kdio_translate_op(struct kdio_stub *stub, struct kdio_run *run)
{
    struct walk walk = { .address = run->op.operand[0], .physical = UINT64_MAX };
    enum kdio_status status = translate(stub, run, &walk);

    if (status != KDIO_DONE)
        return status;
    kdio_write_uint(&run->results, 1, walk.levels);
    kdio_write_uint(&run->results, 1, walk.read);
    kdio_write_uint(&run->results, 8, walk.physical);
    for (unsigned i = 0; i < LEVELS_MAX; i++)
        kdio_write_uint(&run->results, 8, walk.entries[i]);
    return KDIO_DONE;
}
