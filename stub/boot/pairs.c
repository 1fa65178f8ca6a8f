/* SPDX-License-Identifier: MIT */
/*
 * pairs.c: implements pairs.h. There is one processor: the lock is never waited for by an interrupt, which goes without
 * when it is held, and the idle loop always finds it free. A pause between index and data lets an interrupt in, also
 * where the processor is an emulated one that looks for interrupts at the end of a block of code only.
 */
#include "stub/boot/pairs.h"

#include <stddef.h>

#include "stub/boot/console.h"
#include "stub/boot/x86.h"

#define CMOS_INDEX   0x70u
#define CMOS_DATA    0x71u
#define CMOS_FIRST   0x40u /* Of 16 bytes that the firmware makes no use of once the kernel runs. */
#define CMOS_COUNT   16u
#define PCI_INDEX    0xcf8u
#define PCI_DATA     0xcfcu
#define PCI_ENABLE   0x80000000u
#define IDLE_ROUNDS  64u
#define TICK_ROUNDS  64u

struct count {
    volatile uint64_t done, torn, skipped;
};

static struct {
    bool held;
    bool on, locked;
    uint32_t host_bridge; /* Identifiers of device 0 of bus 0. */
    struct count main, timer;
} pairs;

volatile unsigned char pairs_cmos_index;

bool pairs_trylock(void *context)
{
    (void)context;
    return (pairs.on && !pairs.locked) || !__atomic_test_and_set(&pairs.held, __ATOMIC_ACQUIRE);
}

void pairs_unlock(void *context)
{
    (void)context;
    __atomic_clear(&pairs.held, __ATOMIC_RELEASE);
}

static uint8_t cmos_expected(unsigned i)
{
    return (uint8_t)(0xa5 ^ (CMOS_FIRST + i));
}

static void cmos_select(unsigned i)
{
    pairs_cmos_index = (uint8_t)(CMOS_FIRST + i);
    port_out8(CMOS_INDEX, pairs_cmos_index);
}

static bool cmos_right(unsigned i)
{
    cmos_select(i);
    cpu_pause();
    return port_in8(CMOS_DATA) == cmos_expected(i);
}

static bool pci_right(void)
{
    port_out32(PCI_INDEX, PCI_ENABLE);
    cpu_pause();
    return port_in32(PCI_DATA) == pairs.host_bridge;
}

static void exercise(struct count *count, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        if (!pairs_trylock(NULL)) {
            count->skipped++;
            continue;
        }
        count->torn += !cmos_right(i % CMOS_COUNT);
        count->torn += !pci_right();
        count->done += 2;
        pairs_unlock(NULL);
    }
}

static void prepare(void)
{
    for (unsigned i = 0; i < CMOS_COUNT; i++) {
        cmos_select(i);
        port_out8(CMOS_DATA, cmos_expected(i));
    }
    port_out32(PCI_INDEX, PCI_ENABLE);
    pairs.host_bridge = port_in32(PCI_DATA);
}

/* Interrupts are off while the values are made: nobody may be inside the pairs yet. */
void pairs_toggle(bool locked)
{
    uintptr_t state = interrupts_off();

    pairs.on = !pairs.on;
    pairs.locked = locked;
    if (pairs.on) {
        pairs.main = pairs.timer = (struct count){ 0 };
        prepare();
    }
    interrupts_restore(state);
    console_print("kernel: pairs %s\r\n", pairs.on ? "on" : "off");
}

static void count_tell(const char *who, const struct count *count)
{
    console_print("kernel: pairs of %s: %lu done, %lu torn, %lu skipped\r\n", who, (unsigned long)count->done,
                  (unsigned long)count->torn, (unsigned long)count->skipped);
}

void pairs_tell(void)
{
    count_tell("main", &pairs.main);
    count_tell("timer", &pairs.timer);
}

void pairs_idle(void)
{
    if (pairs.on)
        exercise(&pairs.main, IDLE_ROUNDS);
}

void pairs_tick(void)
{
    if (pairs.on)
        exercise(&pairs.timer, TICK_ROUNDS);
}
