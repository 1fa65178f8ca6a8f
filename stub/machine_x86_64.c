/* SPDX-License-Identifier: MIT */
/* machine_x86_64.c: instructions as in the Intel SDM, volume 2. No access is ever split, merged or repeated. */
#include "stub/machine_x86_64.h"

#define CPUID_01_ECX_RDRAND (1u << 30)
#define TSC_KHZ_UNKNOWN 1000000u

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    uint32_t value = 0;

    (void)context;
    if (width == 1)
        __asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port), "0"(0));
    else if (width == 2)
        __asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port), "0"(0));
    else
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    (void)context;
    if (width == 1)
        __asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port) : "memory");
    else if (width == 2)
        __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port) : "memory");
    else
        __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static uint32_t mem_in(void *context, uint64_t address, unsigned width)
{
    (void)context;
    if (width == 1)
        return *(const volatile uint8_t *)(uintptr_t)address;
    if (width == 2)
        return *(const volatile uint16_t *)(uintptr_t)address;
    return *(const volatile uint32_t *)(uintptr_t)address;
}

static void mem_out(void *context, uint64_t address, unsigned width, uint32_t value)
{
    (void)context;
    if (width == 1)
        *(volatile uint8_t *)(uintptr_t)address = (uint8_t)value;
    else if (width == 2)
        *(volatile uint16_t *)(uintptr_t)address = (uint16_t)value;
    else
        *(volatile uint32_t *)(uintptr_t)address = value;
}

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Quotient and remainder apart, as ticks times 1000 would pass 64 bits within months. */
static uint64_t time_us(void *context)
{
    const struct kdio_machine_x86_64 *state = context;
    uint64_t ticks = read_tsc();

    return ticks / state->tsc_khz * 1000 + ticks % state->tsc_khz * 1000 / state->tsc_khz;
}

static uint64_t draw_rdrand(void)
{
    uint64_t value = 0;
    uint8_t valid = 0;

    for (int tries = 0; !valid && tries < 10; tries++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(valid) : : "cc");
    return value;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a counter that is stirred at each call. */
static uint64_t entropy(void *context)
{
    struct kdio_machine_x86_64 *state = context;
    uint64_t value;

    state->seed += 0x9e3779b97f4a7c15u + (read_tsc() << 1);
    if (state->rdrand)
        state->seed ^= draw_rdrand();
    value = state->seed;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static uintptr_t interrupts_off(void *context)
{
    uintptr_t flags;

    (void)context;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static void interrupts_restore(void *context, uintptr_t flags)
{
    (void)context;
    __asm__ volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid read_cpuid(uint32_t leaf)
{
    struct cpuid result;

    __asm__ volatile("cpuid" : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "0"(leaf), "2"(0));
    return result;
}

/* Leaf 15h: crystal clock and its ratio to the TSC; leaf 16h: base frequency in MHz (SDM volume 2, CPUID). */
static uint64_t find_tsc_khz(uint32_t leaf_max)
{
    struct cpuid ratio = { 0 }, base = { 0 };

    if (leaf_max >= 0x15)
        ratio = read_cpuid(0x15);
    if (ratio.eax && ratio.ebx && ratio.ecx)
        return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax / 1000;
    if (leaf_max >= 0x16)
        base = read_cpuid(0x16);
    return base.eax & 0xffff ? (base.eax & 0xffff) * 1000u : TSC_KHZ_UNKNOWN;
}

void kdio_machine_x86_64_init(struct kdio_machine *machine, struct kdio_machine_x86_64 *state, uint32_t tsc_khz,
                              uint64_t boot_entropy)
{
    uint32_t leaf_max = read_cpuid(0).eax;

    state->tsc_khz = tsc_khz ? tsc_khz : find_tsc_khz(leaf_max);
    state->seed = boot_entropy ^ read_tsc();
    state->rdrand = (read_cpuid(1).ecx & CPUID_01_ECX_RDRAND) != 0;
    machine->context = state;
    machine->port_in = port_in;
    machine->port_out = port_out;
    machine->mem_in = mem_in;
    machine->mem_out = mem_out;
    machine->time_us = time_us;
    machine->entropy = entropy;
    machine->interrupts_off = interrupts_off;
    machine->interrupts_restore = interrupts_restore;
}
