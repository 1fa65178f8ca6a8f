/* SPDX-License-Identifier: MIT */
/* tables.c: implements tables.h. Layouts are those of the SDM, volume 3, 3.4.5, 6.14.1 and 7.7. */
#include "stub/boot/tables.h"

#include "stub/boot/interrupts.h"
#include "stub/boot/memory.h"
#include "stub/boot/paging.h"
#include "stub/boot/stacks.h"

#include <stddef.h>

#define GDT_ENTRIES 5u /* Null, code, data, and the task state segment, which takes two. */
#define GDT_CODE    0x00209a0000000000ull /* Present, 64-bit, execute and read. */
#define GDT_DATA    0x0000920000000000ull /* Present, read and write. */
#define GDT_TSS     0x0000890000000000ull /* Present, 64-bit TSS, available. */

#define SELECTOR_CODE 0x08u
#define SELECTOR_DATA 0x10u
#define SELECTOR_TSS  0x18u

#define GATE_INTERRUPT     0x8eu /* Present, ring 0, interrupts off on entry. */
#define VECTOR_COUNT       256u
#define STUB_SIZE          16u /* vectors.S aligns each of its entries to this. */
#define IST_DOUBLE_FAULT   1u
#define IST_NMI            2u

struct tss {
    uint32_t reserved0;
    uint32_t rsp[6];
    uint32_t reserved1[2];
    uint32_t ist[14]; /* Seven addresses, low half first. */
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t iomap_base;
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

_Static_assert(sizeof(struct tss) == 104, "a task state segment has 104 bytes");
_Static_assert(sizeof(struct gate) == 16, "a gate has 16 bytes");

struct stack kernel_stack;
static struct stack fault_stack, nmi_stack;
static uint64_t gdt[GDT_ENTRIES];
static struct tss tss;
static struct gate idt[VECTOR_COUNT];

static void ist_set(unsigned number, const struct stack *stack)
{
    uintptr_t top = (uintptr_t)stack + sizeof *stack;

    tss.ist[2 * (number - 1)] = (uint32_t)top;
    tss.ist[2 * (number - 1) + 1] = (uint32_t)((uint64_t)top >> 32);
}

static void gdt_fill(void)
{
    uint64_t base = (uintptr_t)&tss;

    tss.iomap_base = sizeof tss;
    ist_set(IST_DOUBLE_FAULT, &fault_stack);
    ist_set(IST_NMI, &nmi_stack);
    gdt[SELECTOR_CODE / 8] = GDT_CODE;
    gdt[SELECTOR_DATA / 8] = GDT_DATA;
    gdt[SELECTOR_TSS / 8] = GDT_TSS | (sizeof tss - 1) | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

static void gdt_load(void)
{
    struct table_pointer pointer = { sizeof gdt - 1, (uintptr_t)gdt };

    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "mov %2, %%ds\n\t"
                     "mov %2, %%es\n\t"
                     "mov %2, %%ss\n\t"
                     "mov %3, %%fs\n\t"
                     "mov %3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(0), "r"(SELECTOR_TSS)
                     : "rax", "memory");
}

static void gate_set(unsigned vector, unsigned ist)
{
    uint64_t offset = (uintptr_t)interrupt_stubs + vector * STUB_SIZE;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)offset,
        .selector = SELECTOR_CODE,
        .ist = (uint8_t)ist,
        .type = GATE_INTERRUPT,
        .offset_middle = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

static void idt_load(void)
{
    struct table_pointer pointer = { sizeof idt - 1, (uintptr_t)idt };

    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++)
        gate_set(vector, 0);
    gate_set(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT);
    gate_set(VECTOR_NMI, IST_NMI);
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

bool tables_start(void)
{
    gdt_fill();
    gdt_load();
    idt_load();
    return paging_unmap(kernel_stack.guard) && paging_unmap(fault_stack.guard) && paging_unmap(nmi_stack.guard);
}
