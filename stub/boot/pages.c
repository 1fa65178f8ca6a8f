/* SPDX-License-Identifier: MIT */
/*
 * pages.c: implements pages.h. Each page has an address of its own in a part of the upper half that has no other use;
 * the neighbours of the small ones are absent.
 */
#include "stub/boot/pages.h"

#include "stub/boot/console.h"
#include "stub/boot/paging.h"
#include "stub/boot/x86.h"

#define PAGES_BASE 0xffffc00000000000ull
#define SIZE_2M    0x200000ull
#define SIZE_1G    0x40000000ull

#define CPUID_EDX_PAGE_1G (1u << 26) /* Of leaf 80000001h. */

struct page {
    char name[12];
    bool there;
    uint64_t address;
    uint64_t physical;
};

/* In the order in which they are printed. */
enum { ABSENT, PAGE_4K, ALIAS, READ_ONLY, NO_EXECUTE, PAGE_2M, PAGE_1G, PAGE_COUNT };

static struct page pages[PAGE_COUNT] = {
    [ABSENT] = { .name = "absent", .address = PAGES_BASE },
    [PAGE_4K] = { .name = "4k", .address = PAGES_BASE + 0x2000 },
    [ALIAS] = { .name = "alias", .address = PAGES_BASE + 0x4000 },
    [READ_ONLY] = { .name = "read-only", .address = PAGES_BASE + 0x6000 },
    [NO_EXECUTE] = { .name = "no-execute", .address = PAGES_BASE + 0x8000 },
    [PAGE_2M] = { .name = "2m", .address = PAGES_BASE + SIZE_1G },
    [PAGE_1G] = { .name = "1g", .address = PAGES_BASE + 2 * SIZE_1G },
};

static void page_make(unsigned index, const void *memory, uint64_t size, enum paging_rights rights)
{
    struct page *page = &pages[index];

    page->physical = (uintptr_t)memory;
    page->there = memory && paging_map_page(page->address, page->physical, size, rights);
}

/* Aligned memory; the pages before it are left unused. */
static void *memory_2m(struct memory_map *memory)
{
    uint64_t skip = -memory->pool_next % SIZE_2M / PAGE_SIZE;

    if (memory->pool_end - memory->pool_next < (skip + SIZE_2M / PAGE_SIZE) * PAGE_SIZE)
        return NULL;
    (void)memory_pages(memory, skip);
    return memory_pages(memory, SIZE_2M / PAGE_SIZE);
}

/* All of the first GiB, whatever is there; so it is uncached, and nothing is kept of it. */
static void page_1g_make(void)
{
    if (cpuid(0x80000000u).eax < 0x80000001u || !(cpuid(0x80000001u).edx & CPUID_EDX_PAGE_1G))
        return;
    pages[PAGE_1G].there = paging_map_page(pages[PAGE_1G].address, 0, SIZE_1G, PAGING_DEVICE);
}

void pages_start(struct memory_map *memory)
{
    const void *shared = memory_pages(memory, 1);

    page_make(PAGE_4K, shared, PAGE_SIZE, PAGING_RAM);
    page_make(ALIAS, shared, PAGE_SIZE, PAGING_RAM);
    page_make(READ_ONLY, memory_pages(memory, 1), PAGE_SIZE, PAGING_READ_ONLY);
    page_make(NO_EXECUTE, memory_pages(memory, 1), PAGE_SIZE, PAGING_RAM);
    page_make(PAGE_2M, memory_2m(memory), SIZE_2M, PAGING_RAM);
    page_1g_make();
}

void pages_tell(void)
{
    for (unsigned i = 0; i < PAGE_COUNT; i++) {
        const struct page *page = &pages[i];

        if (page->there)
            console_print("kernel: page %s 0x%lx 0x%lx\r\n", page->name, (unsigned long)page->address,
                          (unsigned long)page->physical);
        else if (i == ABSENT)
            console_print("kernel: page %s 0x%lx -\r\n", page->name, (unsigned long)page->address);
    }
}
