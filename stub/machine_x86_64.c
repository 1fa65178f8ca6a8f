/* SPDX-License-Identifier: MIT */
/* machine_x86_64.c: struct kdio_machine for the processor the code runs on. */
#include "stub/machine_x86_64.h"

#include <stddef.h>

#include "stub/access.h"
#include "stub/profile.h"

#define CPUID_01_ECX_RDRAND (1u << 30)
#define TSC_KHZ_UNKNOWN 1000000u

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    (void)context;
    return kdio_x86_64_in(port, width);
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    (void)context;
    kdio_x86_64_out(port, width, value);
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

uint64_t kdio_x86_64_stamp(void)
{
    __asm__ volatile("lfence" : : : "memory");
    return read_tsc();
}

/* Quotient and remainder apart, as ticks times 1000 would pass 64 bits within months. */
uint64_t kdio_x86_64_time_us(void *context)
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

/* Multiplication by 2^64 over the golden ratio (Knuth, volume 3, 6.4) brings every bit of the counter to the upper
 * half. */
uint64_t kdio_x86_64_entropy(void *context)
{
    struct kdio_machine_x86_64 *state = context;

    state->seed = (state->seed + read_tsc()) * 0x9e3779b97f4a7c15u;
    return state->seed >> 32 | state->seed << 32;
}

static uintptr_t interrupts_off(void *context)
{
    (void)context;
    return kdio_x86_64_interrupts_off();
}

static void interrupts_restore(void *context, uintptr_t flags)
{
    (void)context;
    kdio_x86_64_interrupts_restore(flags);
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid read_cpuid_of(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid result;

    __asm__ volatile("cpuid" : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "0"(leaf), "2"(subleaf));
    return result;
}

static struct cpuid read_cpuid(uint32_t leaf)
{
    return read_cpuid_of(leaf, 0);
}

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    struct cpuid r = read_cpuid_of(leaf, subleaf);

    (void)context;
    result[0] = r.eax;
    result[1] = r.ebx;
    result[2] = r.ecx;
    result[3] = r.edx;
}

/* ---- Accesses that may fault ---- */

_Static_assert(offsetof(struct kdio_machine_x86_64, access_rsp) == ACCESS_RSP &&
               offsetof(struct kdio_machine_x86_64, access_fault) == ACCESS_FAULT, "access.S has these offsets");

/* Ten accesses, each with the place that it goes on at after a fault, as offsets from kdio_x86_64_access. */
#define ACCESS_COUNT 10u
extern const struct {
    uint16_t access, after;
} kdio_x86_64_accesses[ACCESS_COUNT] __attribute__((visibility("hidden")));

/* The number of the access whose instruction is there; ACCESS_COUNT: none. */
static unsigned __attribute__((noinline)) find_access(uint64_t rip)
{
    unsigned i = 0;

    while (i < ACCESS_COUNT && rip - (uintptr_t)kdio_x86_64_access != kdio_x86_64_accesses[i].access)
        i++;
    return i;
}

bool kdio_x86_64_recover(const struct kdio_machine_x86_64 *state, struct kdio_stub_fault *fault)
{
    unsigned found = KDIO_STUB_HAS_ACCESSES ? find_access(fault->rip) : ACCESS_COUNT;

    if (found == ACCESS_COUNT || fault->rsp != state->access_rsp)
        return false;
    *state->access_fault = *fault;
    fault->rip = (uintptr_t)kdio_x86_64_access + kdio_x86_64_accesses[found].after;
    return true;
}

/* The library is one section of text between these marks (library.lds), wherever a kernel's linker puts it. */
extern const char __attribute__((visibility("hidden"))) kdio_stub_text_start[], kdio_stub_text_end[];

bool kdio_x86_64_is_own_code(uint64_t address)
{
    return KDIO_STUB_HAS_ACCESSES && find_access(address) == ACCESS_COUNT &&
           address - (uintptr_t)kdio_stub_text_start < (uint64_t)(kdio_stub_text_end - kdio_stub_text_start);
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

static uint64_t time_us(void *context)
{
    return kdio_x86_64_time_us(context);
}

static uint64_t stamp(void *context)
{
    (void)context;
    return kdio_x86_64_stamp();
}

static uint64_t entropy(void *context)
{
    return kdio_x86_64_entropy(context);
}

static void debug_set(void *context, unsigned which, uint64_t value)
{
    (void)context;
    switch (which) {
    case 0: __asm__ volatile("mov %0, %%dr0" : : "r"(value)); break;
    case 1: __asm__ volatile("mov %0, %%dr1" : : "r"(value)); break;
    case 2: __asm__ volatile("mov %0, %%dr2" : : "r"(value)); break;
    case 3: __asm__ volatile("mov %0, %%dr3" : : "r"(value)); break;
    case 4: __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory"); break;
    case 6: __asm__ volatile("mov %0, %%dr6" : : "r"(value)); break;
    default: __asm__ volatile("mov %0, %%dr7" : : "r"(value)); break;
    }
}

#define CR0_EM 0x4u
#define CR0_TS 0x8u

/* CR0.TS and CR0.EM would make the two fault; a kernel that switches the state lazily finds them as they were. */
static uint64_t enable_fpu(void)
{
    uint64_t cr0;

    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) : "memory");
    return cr0;
}

static void fpu_save(void *context, uint8_t *area)
{
    uint64_t cr0 = enable_fpu();

    (void)context;
    __asm__ volatile("fxsave64 (%0); mov %1, %%cr0" : : "r"(area), "r"(cr0) : "memory");
}

static void fpu_restore(void *context, const uint8_t *area)
{
    uint64_t cr0 = enable_fpu();

    (void)context;
    __asm__ volatile("fxrstor64 (%0); mov %1, %%cr0" : : "r"(area), "r"(cr0) : "memory");
}

static void fill_table(struct kdio_machine *machine)
{
    machine->port_in = port_in;
    machine->port_out = port_out;
    machine->mem_in = mem_in;
    machine->mem_out = mem_out;
    machine->time_us = time_us;
    machine->stamp = stamp;
    machine->entropy = entropy;
    machine->interrupts_off = interrupts_off;
    machine->interrupts_restore = interrupts_restore;
    if (KDIO_STUB_HAS_ACCESSES) {
        machine->access = kdio_x86_64_access;
        machine->cpuid = cpuid;
        machine->registers = kdio_x86_64_registers;
        machine->debug_set = debug_set;
        machine->fpu_save = fpu_save;
        machine->fpu_restore = fpu_restore;
    }
}

void kdio_machine_x86_64_init(struct kdio_machine *machine, struct kdio_machine_x86_64 *state, uint32_t tsc_khz,
                              uint64_t boot_entropy)
{
    state->tsc_khz = tsc_khz;
    state->seed = boot_entropy;
    machine->context = state;
    if (!KDIO_STUB_HAS_MACHINE)
        return;
    if (!tsc_khz)
        state->tsc_khz = find_tsc_khz(read_cpuid(0).eax);
    if (read_cpuid(1).ecx & CPUID_01_ECX_RDRAND)
        state->seed ^= draw_rdrand();
    fill_table(machine);
}
