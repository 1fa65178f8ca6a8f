/* SPDX-License-Identifier: MIT */
/*
 * paging.c: implements paging.h with 4-level tables, and a fifth on top where the firmware left LA57 on (it cannot be
 * changed in long mode). Pages of 2 MiB where a range allows, 4 KiB where it does not (SDM volume 3, 4.5).
 *
 * The fifth level has the same table for the lower and the upper half, so that the upper half is where it is with four.
 */
#include "stub/boot/paging.h"

#include "stub/boot/image.h"
#include "stub/boot/pci.h"
#include "stub/boot/x86.h"

#define PTE_PRESENT 0x001ull
#define PTE_WRITE   0x002ull
#define PTE_PWT     0x008ull
#define PTE_PCD     0x010ull
#define PTE_LARGE   0x080ull
#define PTE_NX      0x8000000000000000ull
#define PTE_ADDRESS 0x000ffffffffff000ull

#define MAP_ABSENT 0ull
#define MAP_TEXT   PTE_PRESENT
#define MAP_RODATA (PTE_PRESENT | PTE_NX)
#define MAP_RAM    (PTE_PRESENT | PTE_WRITE | PTE_NX)
#define MAP_DEVICE (PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_PCD | PTE_PWT)

#define CPUID_EDX_NX (1u << 20)

#define LARGE_SIZE    0x200000ull
#define HUGE_SIZE     0x40000000ull
#define TABLE_ENTRIES 512u
#define PDPT_SHIFT    39u
#define PD_SHIFT      30u
#define PT_SHIFT      21u
#define PAGE_SHIFT    12u
#define LOW_END       0x100000000ull /* 4 GiB. */
#define DIRECT_BASE   0xffff800000000000ull
#define PAT_DEFAULT   0x0007040600070406ull /* PWT and PCD mean what they meant before there was a PAT. */

struct paging {
    struct memory_map *memory;
    uint64_t *root;
    uint64_t address_end; /* First address that the processor cannot form. */
    uint64_t supported;   /* Bits that an entry may have: the processor, or the firmware's setup, may lack NX. */
};

static struct paging paging;

/* What a large page becomes when part of it has to differ: 512 small ones that say the same. */
static void table_fill(uint64_t *table, uint64_t large)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        table[i] = (large & ~PTE_LARGE) + ((uint64_t)i << PAGE_SHIFT);
}

/* The table under an entry, made when it is not there; NULL when no page is left for it. */
static uint64_t *table_under(uint64_t *entry)
{
    uint64_t *table;

    if ((*entry & PTE_PRESENT) && !(*entry & PTE_LARGE))
        return (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
    table = memory_pages(paging.memory, 1);
    if (!table)
        return NULL;
    if (*entry & PTE_PRESENT)
        table_fill(table, *entry);
    *entry = (uintptr_t)table | PTE_PRESENT | PTE_WRITE;
    return table;
}

static unsigned table_index(uint64_t address, unsigned shift)
{
    return (unsigned)(address >> shift) % TABLE_ENTRIES;
}

/* The page directory's entry for an address. */
static uint64_t *directory_entry(uint64_t address)
{
    uint64_t *table = table_under(&paging.root[table_index(address, PDPT_SHIFT)]);

    if (table)
        table = table_under(&table[table_index(address, PD_SHIFT)]);
    return table ? &table[table_index(address, PT_SHIFT)] : NULL;
}

static bool is_table(uint64_t entry)
{
    return (entry & PTE_PRESENT) && !(entry & PTE_LARGE);
}

/* Maps what it can with one entry, at `address`. Returns the size of that, 0 when no page is left. */
static uint64_t map_step(uint64_t address, uint64_t base, uint64_t end, uint64_t flags)
{
    uint64_t *entry = directory_entry(address), *table;
    uint64_t value = flags ? base | (flags & paging.supported) : 0;

    if (!entry)
        return 0;
    if ((base | address) % LARGE_SIZE == 0 && end - base >= LARGE_SIZE && !is_table(*entry)) {
        *entry = value ? value | PTE_LARGE : 0;
        return LARGE_SIZE;
    }
    table = table_under(entry);
    if (!table)
        return 0;
    table[table_index(address, PAGE_SHIFT)] = value;
    return PAGE_SIZE;
}

/* Any page that the range touches is mapped whole, `offset` above its physical address. */
static bool map_at(uint64_t offset, uint64_t base, uint64_t end, uint64_t flags)
{
    end = end > paging.address_end ? paging.address_end : (end + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE;
    base &= -(uint64_t)PAGE_SIZE;
    while (base < end) {
        uint64_t size = map_step(base + offset, base, end, flags);

        if (!size)
            return false;
        base += size;
    }
    return true;
}

static bool map(uint64_t base, uint64_t end, uint64_t flags)
{
    return map_at(0, base, end, flags);
}

static bool map_twice(uint64_t base, uint64_t end, uint64_t flags)
{
    return map(base, end, flags) && map_at(DIRECT_BASE, base, end, flags);
}

static bool map_marks(const char *start, const char *end, uint64_t flags)
{
    return map((uintptr_t)start, (uintptr_t)end, flags);
}

static bool map_image(void)
{
    return map_marks(image_start, image_end, MAP_RAM) && map_marks(image_start, image_text_start, MAP_RODATA) &&
           map_marks(image_text_start, image_text_end, MAP_TEXT) &&
           map_marks(image_rodata_start, image_rodata_end, MAP_RODATA);
}

/* Devices first: where a page holds both, it is mapped as RAM, and the processor's MTRRs keep the device uncached. */
static bool map_ranges(const struct memory_map *memory, bool devices)
{
    for (unsigned i = 0; i < memory->count; i++) {
        const struct memory_range *range = &memory->ranges[i];
        bool is_device = range->kind == MEMORY_DEVICE;

        if (is_device == devices &&
            !map_twice(range->base, range->base + range->size, is_device ? MAP_DEVICE : MAP_RAM))
            return false;
    }
    return true;
}

static unsigned bar_count(struct pci_address at)
{
    static const unsigned counts[] = { 6, 2, 1 };
    unsigned type = pci_read(at, PCI_HEADER_TYPE) >> 16 & 0x7f;

    return type < sizeof counts / sizeof counts[0] ? counts[type] : 0;
}

static bool bar_is_64(struct pci_address at, unsigned index)
{
    uint32_t low = pci_read(at, (uint8_t)(PCI_BAR0 + 4 * index));

    return !(low & PCI_BAR_IO) && (low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64;
}

/* Firmware does not list BARs in its memory map. Those below 4 GiB are mapped with the rest there. */
static bool map_high_bars(void *context, struct pci_address at)
{
    bool *mapped = context;
    unsigned count = bar_count(at);
    bool is_io;

    for (unsigned i = 0; i + 1 < count && *mapped; i++) {
        uint64_t base;

        if (!bar_is_64(at, i))
            continue;
        base = pci_bar(at, i, &is_io);
        if (base >= LOW_END && base < paging.address_end)
            *mapped = map_twice(base, base + pci_bar64_size(at, i), MAP_DEVICE);
        i++;
    }
    return *mapped;
}

static bool has_no_execute(void)
{
    return cpuid(0x80000001u).edx & CPUID_EDX_NX;
}

static uint64_t cr4_read(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static uint64_t *level5_add(uint64_t *root)
{
    uint64_t *top = memory_pages(paging.memory, 1);

    if (top)
        top[0] = top[TABLE_ENTRIES - 1] = (uintptr_t)root | PTE_PRESENT | PTE_WRITE;
    return top;
}

/* CR4.MCE stays off: a machine check then resets the machine, which the host notices, instead of hanging it. */
static void switch_to(const uint64_t *top)
{
    uint64_t cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    uint64_t cr4 = CR4_DE | CR4_PAE | (cr4_read() & (CR4_LA57 | CR4_OSFXSR | CR4_OSXMMEXCPT));

    if (has_no_execute())
        msr_write(IA32_EFER, msr_read(IA32_EFER) | EFER_NXE);
    msr_write(IA32_PAT, PAT_DEFAULT);
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
    __asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory");
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
}

bool paging_start(struct memory_map *memory)
{
    bool mapped = true;
    uint64_t *top;

    paging = (struct paging){
        memory, memory_pages(memory, 1), cpu_address_end(), has_no_execute() ? UINT64_MAX : ~PTE_NX,
    };
    if (!paging.root)
        return false;
    if (!map_twice(0, LOW_END, MAP_DEVICE) || !map_ranges(memory, true) || !map_ranges(memory, false) || !map_image())
        return false;
    pci_each(map_high_bars, &mapped);
    top = mapped && (cr4_read() & CR4_LA57) ? level5_add(paging.root) : paging.root;
    if (!mapped || !top)
        return false;
    switch_to(top);
    return true;
}

static void page_flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

bool paging_map_device(uint64_t base, uint64_t size)
{
    if (base >= paging.address_end || size > paging.address_end - base || !map_twice(base, base + size, MAP_DEVICE))
        return false;
    for (uint64_t at = base & -(uint64_t)PAGE_SIZE; at < base + size; at += PAGE_SIZE) {
        page_flush(at);
        page_flush(at + DIRECT_BASE);
    }
    return true;
}

bool paging_unmap(const void *page)
{
    uint64_t base = (uintptr_t)page;

    if (!map(base, base + PAGE_SIZE, MAP_ABSENT))
        return false;
    page_flush(base);
    return true;
}

static bool map_huge(uint64_t address, uint64_t base, uint64_t flags)
{
    uint64_t *table = table_under(&paging.root[table_index(address, PDPT_SHIFT)]);

    if (table)
        table[table_index(address, PD_SHIFT)] = base | (flags & paging.supported) | PTE_LARGE;
    return table;
}

bool paging_map_page(uint64_t address, uint64_t base, uint64_t size, enum paging_rights rights)
{
    static const uint64_t flags[] = {
        [PAGING_RAM] = MAP_RAM, [PAGING_READ_ONLY] = MAP_RODATA, [PAGING_DEVICE] = MAP_DEVICE,
    };

    return size == HUGE_SIZE ? map_huge(address, base, flags[rights])
                             : map_at(address - base, base, base + size, flags[rights]);
}

void *paging_direct(uint64_t base, uint64_t *size)
{
    uint64_t address = DIRECT_BASE + base, entry = PTE_PRESENT | (uintptr_t)paging.root;

    *size = 0;
    if (base >= paging.address_end)
        return NULL;
    for (unsigned shift = PDPT_SHIFT; shift >= PAGE_SHIFT; shift -= PDPT_SHIFT - PD_SHIFT) {
        entry = ((const uint64_t *)(uintptr_t)(entry & PTE_ADDRESS))[table_index(address, shift)];
        if (!(entry & PTE_PRESENT))
            return NULL;
        *size = (1ull << shift) - (address & ((1ull << shift) - 1));
        if (entry & PTE_LARGE)
            break;
    }
    return (void *)(uintptr_t)address;
}
