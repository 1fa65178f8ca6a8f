/* SPDX-License-Identifier: MIT */
/*
 * clock.c: implements clock.h. A measurement reads a counter between two readings of the TSC and keeps the narrowest of
 * several, so that a host that stops a virtual machine in the middle does not spoil it.
 */
#include "stub/boot/clock.h"

#include "stub/boot/pic.h"
#include "stub/boot/x86.h"

#define PM_TIMER_HZ   3579545u
#define PM_TIMER_MASK 0xffffffu
#define READS         8u
#define WINDOW_US     20000u
#define ATTEMPTS_MAX  2000000u /* Reads of a counter that may stand still: about two seconds. */
#define TSC_KHZ_FALLBACK 1000000u

struct counter {
    const char *name;
    uint32_t hz;
    uint32_t mask;
    uint16_t port; /* 0: the 8254. */
};

struct sample {
    uint64_t tsc;
    uint32_t count;
};

struct clock {
    uint32_t tsc_khz;
    const char *measured_by;
    uint64_t tick_tsc; /* When the last counted tick was due. */
    volatile uint64_t ticks;
    volatile uint64_t made_up;
};

static struct clock clock;

/* Counts upwards, whatever the hardware does. */
static uint32_t counter_read(const struct counter *counter)
{
    uint32_t value = counter->port ? port_in32(counter->port) : ~(uint32_t)pit_count();

    return value & counter->mask;
}

static struct sample sample_take(const struct counter *counter)
{
    struct sample best = { 0, 0 };
    uint64_t width = UINT64_MAX;

    for (unsigned i = 0; i < READS; i++) {
        uint64_t before = tsc_read();
        uint32_t count = counter_read(counter);
        uint64_t after = tsc_read();

        if (after - before < width) {
            width = after - before;
            best = (struct sample){ before + width / 2, count };
        }
    }
    return best;
}

/* 0 when the counter does not count. */
static uint32_t khz_measure(const struct counter *counter)
{
    struct sample start = sample_take(counter), end;
    uint32_t window = (uint32_t)((uint64_t)counter->hz * WINDOW_US / 1000000), counted;
    unsigned attempts = 0;

    while (((counter_read(counter) - start.count) & counter->mask) < window) {
        if (++attempts == ATTEMPTS_MAX)
            return 0;
    }
    end = sample_take(counter);
    counted = (end.count - start.count) & counter->mask;
    return (uint32_t)((end.tsc - start.tsc) * counter->hz / counted / 1000);
}

/* SDM volume 2, CPUID leaf 15h: EBX / EAX is TSC to crystal clock, ECX the crystal's Hz. */
static uint32_t khz_told(void)
{
    struct cpuid r;

    if (cpuid(0).eax < 0x15)
        return 0;
    r = cpuid(0x15);
    return r.eax && r.ebx && r.ecx ? (uint32_t)((uint64_t)r.ecx * r.ebx / r.eax / 1000) : 0;
}

static void khz_find(const struct acpi *acpi)
{
    struct counter pm = { "ACPI timer", PM_TIMER_HZ, PM_TIMER_MASK, acpi_pm_timer_port(acpi) };
    struct counter pit = { "8254", PIT_HZ, 0xffff, 0 };

    clock.measured_by = "CPUID";
    clock.tsc_khz = khz_told();
    if (!clock.tsc_khz && pm.port) {
        clock.measured_by = pm.name;
        clock.tsc_khz = khz_measure(&pm);
    }
    if (!clock.tsc_khz) {
        clock.measured_by = pit.name;
        pit_count_start();
        clock.tsc_khz = khz_measure(&pit);
    }
    if (!clock.tsc_khz) {
        clock.measured_by = "nothing, assumed";
        clock.tsc_khz = TSC_KHZ_FALLBACK;
    }
}

void clock_start(const struct acpi *acpi)
{
    khz_find(acpi);
    clock.tick_tsc = tsc_read();
}

uint32_t clock_tsc_khz(void)
{
    return clock.tsc_khz;
}

const char *clock_measured_by(void)
{
    return clock.measured_by;
}

void clock_tick(void)
{
    uint64_t per_tick = (uint64_t)clock.tsc_khz * 1000 / CLOCK_HZ;
    uint64_t due = (tsc_read() - clock.tick_tsc) / per_tick;

    clock.tick_tsc += due * per_tick;
    clock.ticks += due;
    /* Two at once are one that came a little early and one in time. */
    if (due > 2)
        clock.made_up += due - 1;
}

uint64_t clock_ticks(void)
{
    return clock.ticks;
}

uint64_t clock_ticks_made_up(void)
{
    return clock.made_up;
}
