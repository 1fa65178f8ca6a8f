/* SPDX-License-Identifier: MIT */
/* fake_machine.c: the memory, page tables, MSRs and PCI configuration behind fake_kdio.h. */
#include "tests/win/fake_kdio.h"

#include <stdlib.h>
#include <string.h>

#define PRESENT 1u
#define WRITABLE 2u
#define LARGE 0x80u
#define NO_EXECUTE (1ull << 63)

static const struct page {
    uint64_t virtual, physical, size;
    bool writable, no_execute;
} pages[] = {
    { FAKE_RW, 0x1000, 0x1000, true, false },          { FAKE_RW + 0x1000, 0x2000, 0x1000, true, false },
    { FAKE_RW + 0x2000, 0x3000, 0x1000, true, false }, { FAKE_RW + 0x3000, 0x4000, 0x1000, true, false },
    { FAKE_RO, 0x6000, 0x1000, false, false },         { FAKE_RW2, 0x7000, 0x1000, true, true },
    { FAKE_LARGE, 0, 0x200000, true, false },          { FAKE_HIGH, 0x8000, 0x1000, true, false },
};
#define PAGE_COUNT (sizeof(pages) / sizeof(pages[0]))

static const struct page *page_of(uint64_t address)
{
    for (size_t i = 0; i < PAGE_COUNT; i++)
        if (address - pages[i].virtual < pages[i].size)
            return &pages[i];
    return NULL;
}

/* NULL where there is no memory, or it may not be written. */
static uint8_t *byte_at(enum kdio_space space, uint64_t address, bool write)
{
    const struct page *page = space == KDIO_SPACE_VIRTUAL ? page_of(address) : NULL;
    if (space == KDIO_SPACE_VIRTUAL) {
        if (page == NULL || (write && !page->writable))
            return NULL;
        address = address - page->virtual + page->physical;
    }
    return address < FAKE_MEMORY_SIZE ? &fake.memory[address] : NULL;
}

static enum kdio_status stop(struct kdio_target *target, enum kdio_space space, uint64_t address)
{
    return fake_fault(target, address, space == KDIO_SPACE_VIRTUAL ? 14 : 0);
}

static enum kdio_status begin(struct kdio_target *target, uint64_t address, uint64_t size, unsigned unit, bool write)
{
    if (size > 0 && address + (size - 1) < address)
        return KDIO_BAD_OPERAND;
    if (unit > 1 && (address | size) % unit != 0)
        return KDIO_MISALIGNED;
    fake.last_unit = unit;
    return fake_step(target, write);
}

enum kdio_status kdio_read(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                           void *buffer, size_t size, size_t *done)
{
    enum kdio_status status = begin(target, address, size, unit, false);
    size_t i = 0;
    for (; status == KDIO_DONE && i < size; i++) {
        const uint8_t *byte = byte_at(space, address + i, false);
        if (byte == NULL)
            status = stop(target, space, address + i);
        else
            ((uint8_t *)buffer)[i] = *byte;
    }
    if (done != NULL)
        *done = status == KDIO_FAULT ? i - 1 : status == KDIO_DONE ? i : 0;
    return status;
}

enum kdio_status kdio_write(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                            const void *buffer, size_t size, size_t *done)
{
    enum kdio_status status = begin(target, address, size, unit, true);
    size_t i = 0;
    for (; status == KDIO_DONE && i < size; i++) {
        uint8_t *byte = byte_at(space, address + i, true);
        if (byte == NULL)
            status = stop(target, space, address + i);
        else
            *byte = ((const uint8_t *)buffer)[i];
    }
    if (done != NULL)
        *done = status == KDIO_FAULT ? i - 1 : status == KDIO_DONE ? i : 0;
    return status;
}

static bool matches(enum kdio_space space, uint64_t address, const uint8_t *pattern, size_t size, uint64_t *absent)
{
    for (size_t i = 0; i < size; i++) {
        const uint8_t *byte = byte_at(space, address + i, false);
        if (byte == NULL)
            *absent = address + i;
        if (byte == NULL || *byte != pattern[i])
            return false;
    }
    return true;
}

enum kdio_status kdio_search(struct kdio_target *target, enum kdio_space space, uint64_t address, uint64_t length,
                             unsigned step, const void *pattern, size_t size, uint64_t *found)
{
    enum kdio_status status = begin(target, address, length, 1, false);
    if (status != KDIO_DONE)
        return status;
    for (uint64_t at = 0; at + size <= length; at += step) {
        uint64_t absent = 0;
        if (matches(space, address + at, pattern, size, &absent)) {
            *found = address + at;
            return KDIO_DONE;
        }
        if (absent != 0)
            return stop(target, space, absent);
    }
    return KDIO_NOT_FOUND;
}

enum kdio_status kdio_fill(struct kdio_target *target, enum kdio_space space, uint64_t address, uint64_t length,
                           const void *pattern, size_t size, uint64_t *done)
{
    enum kdio_status status = size > 255 ? KDIO_BAD_OPERAND : begin(target, address, length, 1, true);
    *done = 0;
    for (uint64_t i = 0; status == KDIO_DONE && i < length; i++) {
        uint8_t *byte = byte_at(space, address + i, true);
        if (byte == NULL)
            return stop(target, space, address + i);
        *byte = ((const uint8_t *)pattern)[i % size];
        *done = i + 1;
    }
    return status;
}

/* ---- Translation ---- */

/* Down to which level another page shares the tables: 1 to 4 entries are read. */
static unsigned entries_for(uint64_t address)
{
    unsigned walked = 1;
    for (size_t i = 0; i < PAGE_COUNT; i++)
        for (unsigned level = 1; level < 4; level++)
            if ((pages[i].virtual ^ address) >> (48 - 9 * level) == 0 && level + 1 > walked)
                walked = level + 1;
    return walked;
}

enum kdio_status kdio_translate(struct kdio_target *target, uint64_t address, struct kdio_translation *translation)
{
    enum kdio_status status = fake_step(target, false);
    const struct page *page = page_of(address);
    if (status != KDIO_DONE)
        return status;
    if ((uint64_t)((int64_t)address >> 47) + 1 > 1)
        return KDIO_BAD_OPERAND;
    *translation = (struct kdio_translation){ .levels = 4, .present = page != NULL };
    translation->walked = page == NULL ? entries_for(address) : page->size > 0x1000 ? 3 : 4;
    for (unsigned i = 0; i + 1 < translation->walked; i++)
        translation->entry[i] = (0xa000u + 0x1000u * i) | PRESENT | WRITABLE;
    if (page != NULL) {
        translation->entry[translation->walked - 1] = page->physical | PRESENT | (page->writable ? WRITABLE : 0) |
                                                      (page->size > 0x1000 ? LARGE : 0) |
                                                      (page->no_execute ? NO_EXECUTE : 0);
        translation->page_size = page->size;
        translation->physical = address - page->virtual + page->physical;
    }
    return KDIO_DONE;
}

/* ---- The processor ---- */

enum kdio_status kdio_rdmsr(struct kdio_target *target, uint32_t msr, uint64_t *value)
{
    enum kdio_status status = fake_step(target, false);
    if (status == KDIO_DONE && msr - FAKE_MSR >= FAKE_MSR_COUNT)
        return fake_fault(target, msr, 13);
    if (status == KDIO_DONE)
        *value = fake.msr[msr - FAKE_MSR];
    return status;
}

enum kdio_status kdio_wrmsr(struct kdio_target *target, uint32_t msr, uint64_t value)
{
    enum kdio_status status = fake_step(target, true);
    if (status == KDIO_DONE && msr - FAKE_MSR >= FAKE_MSR_COUNT)
        return fake_fault(target, msr, 13);
    if (status == KDIO_DONE)
        fake.msr[msr - FAKE_MSR] = value;
    return status;
}

/* Family 6, model 0x55, stepping 4; 2400 MHz. */
enum kdio_status kdio_cpuid(struct kdio_target *target, uint32_t leaf, uint32_t subleaf, struct kdio_cpuid *result)
{
    enum kdio_status status = fake_step(target, false);
    (void)subleaf;
    *result = (struct kdio_cpuid){ 0 };
    if (leaf == 0)
        *result = (struct kdio_cpuid){ fake.no_frequency ? 0xd : 0x16, 0x756e6547, 0x6c65746e, 0x49656e69 };
    if (leaf == 1)
        result->eax = 0x00050654;
    if (leaf == 0x16)
        result->eax = 2400;
    return status;
}

enum kdio_status kdio_registers(struct kdio_target *target, struct kdio_registers *registers)
{
    enum kdio_status status = fake_step(target, false);
    if (status != KDIO_DONE)
        return status;
    *registers = (struct kdio_registers){
        .cr0 = 0x80010033, .cr2 = 0x22, .cr3 = FAKE_CR3 | 0x18, .cr4 = 0x44, .cr8 = 8, .dr0 = 0xd0, .dr1 = 0xd1,
        .dr2 = 0xd2, .dr3 = 0xd3, .dr6 = 0xd6, .dr7 = 0xd7, .efer = 0xd01, .fs_base = 0xf5, .gs_base = 0x65,
        .kernel_gs_base = 0x96, .gdtr_base = 0xfffff80000001000, .idtr_base = 0xfffff80000002000, .rflags = 0x202,
        .gdtr_limit = 0x57, .idtr_limit = 0xfff, .tr = 0x40, .ldtr = 0, .cs = 0x10, .ss = 0x18, .ds = 0x2b,
        .es = 0x2c, .fs = 0x53, .gs = 0x2d,
    };
    return KDIO_DONE;
}

/* ---- PCI configuration ---- */

static enum kdio_status locate(struct kdio_target *target, struct kdio_pci_address at, uint32_t offset, unsigned unit,
                               size_t size, bool write, bool *present)
{
    bool first = at.segment == 0 && at.bus == 0 && at.device == 0 && at.function == 0;
    bool other = at.segment == 1 && at.bus == 2 && at.device == 3 && at.function == 4;
    if ((unit != 1 && unit != 2 && unit != 4) || (offset | size) % unit != 0)
        return KDIO_MISALIGNED;
    if (offset + size > sizeof(fake.pci))
        return KDIO_BAD_OPERAND;
    if (fake.no_ecam && (at.segment != 0 || offset + size > 256))
        return KDIO_UNSUPPORTED;
    fake.last_unit = unit;
    *present = first || other;
    return fake_step(target, write);
}

enum kdio_status kdio_pci_read(struct kdio_target *target, struct kdio_pci_address function, uint32_t offset,
                               unsigned unit, void *buffer, size_t size, size_t *done)
{
    bool present = false;
    enum kdio_status status = locate(target, function, offset, unit, size, false, &present);
    if (status == KDIO_DONE && present)
        memcpy(buffer, fake.pci + offset, size);
    else if (status == KDIO_DONE)
        memset(buffer, 0xff, size);
    *done = status == KDIO_DONE ? size : 0;
    return status;
}

enum kdio_status kdio_pci_write(struct kdio_target *target, struct kdio_pci_address function, uint32_t offset,
                                unsigned unit, const void *buffer, size_t size, size_t *done)
{
    bool present = false;
    enum kdio_status status = locate(target, function, offset, unit, size, true, &present);
    if (status == KDIO_UNSUPPORTED && fake.pci_part && !offset) { /* Several requests, of which one is refused. */
        memcpy(fake.pci, buffer, fake.pci_part);
        *done = fake.pci_part;
        fake.pci_written += *done;
        return status;
    }
    if (status == KDIO_DONE && present)
        memcpy(fake.pci + offset, buffer, size);
    *done = status == KDIO_DONE ? size : 0;
    fake.pci_written += *done;
    return status;
}

/* ---- Programs: time stamps and a delay, at 3000 MHz ---- */

struct kdio_program {
    uint32_t us;
};

struct kdio_program *kdio_program_new(void)
{
    return calloc(1, sizeof(struct kdio_program));
}

void kdio_program_free(struct kdio_program *program)
{
    free(program);
}

enum kdio_status kdio_program_rdtsc(struct kdio_program *program)
{
    (void)program;
    return KDIO_DONE;
}

enum kdio_status kdio_program_delay(struct kdio_program *program, uint32_t us)
{
    program->us = us;
    return KDIO_DONE;
}

enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    (void)program;
    (void)atomic;
    return fake_step(target, false);
}

uint64_t kdio_program_value(const struct kdio_program *program, size_t index)
{
    return index == 0 ? 1000 : 1000 + 3000ull * program->us;
}
