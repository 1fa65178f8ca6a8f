/* SPDX-License-Identifier: MIT */
/*
 * machine_x86_64.h: the machine the stub runs on: one instruction for each access, as in the Intel SDM, volume 2.
 * No access is ever split, merged or repeated.
 */
#ifndef KDIO_STUB_MACHINE_X86_64_H
#define KDIO_STUB_MACHINE_X86_64_H

#include <kdio_stub.h>

struct kdio_machine_x86_64 {
    uint64_t tsc_khz;
    uint64_t seed;
    /* While an access that may fault is made; access.S knows these two by their offsets. */
    uint64_t access_rsp;                  /* The stack pointer during it, else 0. */
    struct kdio_stub_fault *access_fault; /* Where to tell. */
};

/* Fills *machine, with `state` as its context. tsc_khz 0: see kdio_stub.h. */
void kdio_machine_x86_64_init(struct kdio_machine *machine, struct kdio_machine_x86_64 *state, uint32_t tsc_khz,
                              uint64_t boot_entropy);

/* The context of these two is a struct kdio_machine_x86_64. */
uint64_t kdio_x86_64_time_us(void *context);
uint64_t kdio_x86_64_entropy(void *context);

/* The time-stamp counter, read when the instructions before it are done (SDM volume 2, RDTSC and LFENCE). */
uint64_t kdio_x86_64_stamp(void);

/* access.S: `access` and `registers` of struct kdio_machine; the context is a struct kdio_machine_x86_64. */
#define HIDDEN __attribute__((visibility("hidden")))
HIDDEN bool kdio_x86_64_access(void *context, enum kdio_access what, uint64_t at, uint64_t *value,
                               struct kdio_stub_fault *fault);
HIDDEN void kdio_x86_64_registers(void *context, uint64_t values[KDIO_REGISTERS]);
#undef HIDDEN

/* True when the fault struck the access that is being made: it is told to the access, and *fault goes on behind it. */
bool kdio_x86_64_recover(const struct kdio_machine_x86_64 *state, struct kdio_stub_fault *fault);

/* True for an address inside the library's code, but for the accesses that may fault: those may be another stub's. */
bool kdio_x86_64_is_own_code(uint64_t address);

static inline uint32_t kdio_x86_64_in(uint16_t port, unsigned width)
{
    uint32_t value = 0;

    if (width == 1)
        __asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port), "0"(0));
    else if (width == 2)
        __asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port), "0"(0));
    else
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void kdio_x86_64_out(uint16_t port, unsigned width, uint32_t value)
{
    if (width == 1)
        __asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port) : "memory");
    else if (width == 2)
        __asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port) : "memory");
    else
        __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uintptr_t kdio_x86_64_interrupts_off(void)
{
    uintptr_t flags;

    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void kdio_x86_64_interrupts_restore(uintptr_t flags)
{
    __asm__ volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

#endif
