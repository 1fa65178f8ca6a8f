/* SPDX-License-Identifier: MIT */
/*
 * pvh.c: the PVH entry's C half: reads hvm_start_info (Xen, public/arch-x86/hvm/start_info.h) by its offsets and copies
 * all that is wanted of it, so that nothing of it is needed later.
 */
#include "stub/boot/boot.h"
#include "stub/boot/image.h"
#include "stub/boot/x86.h"

#define START_MAGIC          0x336ec578u
#define START_CMDLINE        24u
#define START_RSDP           32u
#define START_MEMMAP         40u /* From version 1 on. */
#define START_MEMMAP_ENTRIES 48u
#define MEMMAP_ENTRY_SIZE    24u
#define MEMMAP_TYPE          16u
#define CMDLINE_MAX          1024u

/* Types of the E820 map (ACPI 6.5, 15.1). */
enum {
    E820_RAM = 1,
    E820_RESERVED = 2,
    E820_ACPI = 3,
    E820_NVS = 4,
    E820_UNUSABLE = 5,
    E820_DISABLED = 6,
};

void __attribute__((noreturn)) pvh_main(uint64_t start_pa);

static struct boot boot;

static uint32_t load32(uint64_t address)
{
    return *(const volatile uint32_t *)(uintptr_t)address;
}

static uint64_t load64(uint64_t address)
{
    return load32(address) | (uint64_t)load32(address + 4) << 32;
}

static void range_add(uint64_t entry)
{
    uint32_t type = load32(entry + MEMMAP_TYPE);
    enum memory_kind kind = MEMORY_DEVICE;

    if (type == E820_UNUSABLE || type == E820_DISABLED)
        return;
    if (type == E820_RAM)
        kind = MEMORY_FREE;
    else if (type == E820_ACPI || type == E820_NVS)
        kind = MEMORY_RAM;
    memory_add(&boot.memory, load64(entry), load64(entry + 8), kind);
}

static void command_line_parse(uint64_t address)
{
    const char *line = (const char *)(uintptr_t)address;
    size_t size = 0;

    while (address && size < CMDLINE_MAX && line[size])
        size++;
    config_parse(&boot.config, line, size);
}

void pvh_main(uint64_t start_pa)
{
    uint64_t memmap;

    if (load32(start_pa) != START_MAGIC || load32(start_pa + 4) < 1)
        cpu_stop();
    boot_init(&boot, "PVH");
    boot.image_end_pa = (uintptr_t)image_end;
    memmap = load64(start_pa + START_MEMMAP);
    for (uint32_t i = 0; i < load32(start_pa + START_MEMMAP_ENTRIES); i++)
        range_add(memmap + (uint64_t)i * MEMMAP_ENTRY_SIZE);
    command_line_parse(load64(start_pa + START_CMDLINE));
    acpi_find(&boot.acpi, load64(start_pa + START_RSDP));
    kernel_enter(&boot);
}
