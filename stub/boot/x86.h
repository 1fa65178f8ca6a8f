/* SPDX-License-Identifier: MIT */
/*
 * x86.h: the instructions that C has no word for. One function is one instruction, or the pair that belongs together.
 * Names and bits are those of the Intel SDM, volumes 3 and 4.
 */
#ifndef KDIO_BOOT_X86_H
#define KDIO_BOOT_X86_H

#include <stdbool.h>
#include <stdint.h>

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)

#define CR4_DE         (1u << 3)
#define CR4_PAE        (1u << 5)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_LA57       (1u << 12)

#define RFLAGS_IF (1u << 9)

#define IA32_APIC_BASE 0x1bu
#define IA32_PAT       0x277u
#define IA32_EFER      0xc0000080u
#define EFER_NXE       (1u << 11)

static inline uint8_t port_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t port_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void port_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void port_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0u));
    return r;
}

/*
 * First physical address that the processor cannot form (CPUID leaf 80000008h). 4-level tables that map every address
 * to itself reach 47 bits, which is beyond what any machine of today decodes.
 */
static inline uint64_t cpu_address_end(void)
{
    unsigned bits = cpuid(0x80000000u).eax >= 0x80000008u ? cpuid(0x80000008u).eax & 0xff : 36;

    return 1ull << (bits > 47 ? 47 : bits);
}

/* The fence keeps the processor from reading the counter early (SDM volume 2, RDTSC). */
static inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* CR2: what a page fault was about. */
static inline uint64_t fault_address_read(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline uint64_t interrupts_off(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void interrupts_restore(uint64_t flags)
{
    if (flags & RFLAGS_IF)
        __asm__ volatile("sti" : : : "memory");
}

/* Holds back interrupts of this priority class (vector / 16) and below; 0 lets all come (SDM volume 3, 11.8.6). */
static inline void cpu_priority_set(uint64_t class)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(class) : "memory");
}

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/* STI takes effect after the next instruction, so that no interrupt slips in between the two. */
static inline void interrupts_on_and_halt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

static inline void __attribute__((noreturn)) cpu_stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" : : : "memory");
}

#endif
