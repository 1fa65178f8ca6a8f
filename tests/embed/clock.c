/* SPDX-License-Identifier: MIT */
/*
 * clock.c: the tick of the PIT and the CMOS clock behind the index/data pair 70/71.
 *
 * Ports 70 and 71 are touched by the holder of the pair's lock only. The timer's work proves it each tick: it reads one
 * of two bytes whose values it knows, and a foreign index between its two accesses would show as a torn reading. It
 * dwells between them and lets the stub in, as an interrupt might, so that a stub that ignores the lock is caught soon.
 * The marks are in spare bytes of the CMOS of a virtual machine; a real PC's firmware may keep a checksum over them.
 */
#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

enum {
    PIT_COUNTER_0 = 0x40,
    PIT_CONTROL = 0x43,
    CMOS_INDEX = 0x70,
    CMOS_DATA = 0x71,
};

#define PIT_HZ             1193182u
#define PIT_RATE_GENERATOR 0x34u /* counter 0, low byte then high byte, mode 2 (8254 data sheet) */

/* Registers of the MC146818A, in BCD as PC firmware leaves them. */
enum {
    RTC_SECONDS = 0x00,
    RTC_MINUTES = 0x02,
    RTC_HOURS = 0x04,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
};

#define MARK_INDEX     0x60u
#define MARK_COUNT     2u
#define DWELL_US       100u
#define MEASURE_TICKS  50u

volatile uint64_t clock_tick_count;

static const uint8_t marks[MARK_COUNT] = { 0x5a, 0xa5 };
static bool pair_held;
static bool working;
static uint32_t tsc_per_us;
static uint64_t torn_count, skipped_count, read_count;

bool clock_pair_trylock(void)
{
    return !__atomic_test_and_set(&pair_held, __ATOMIC_ACQUIRE);
}

void clock_pair_unlock(void)
{
    __atomic_clear(&pair_held, __ATOMIC_RELEASE);
}

static uint8_t cmos_read(uint8_t index, uint32_t dwell_us)
{
    uint64_t start = cpu_time_stamp();

    cpu_out8(CMOS_INDEX, index);
    while (cpu_time_stamp() - start < (uint64_t)dwell_us * tsc_per_us)
        debugger_poll();
    return cpu_in8(CMOS_DATA);
}

static void cmos_write(uint8_t index, uint8_t value)
{
    cpu_out8(CMOS_INDEX, index);
    cpu_out8(CMOS_DATA, value);
}

void clock_start(void)
{
    const uint32_t divisor = PIT_HZ / CLOCK_TICKS_PER_SECOND;

    for (uint8_t i = 0; i < MARK_COUNT; i++)
        cmos_write((uint8_t)(MARK_INDEX + i), marks[i]);
    cpu_out8(PIT_CONTROL, PIT_RATE_GENERATOR);
    cpu_out8(PIT_COUNTER_0, (uint8_t)divisor);
    cpu_out8(PIT_COUNTER_0, (uint8_t)(divisor >> 8));
    interrupts_unmask(IRQ_TIMER);
}

void clock_wait(uint32_t wait_us)
{
    uint64_t start = cpu_time_stamp();

    while (cpu_time_stamp() - start < (uint64_t)wait_us * tsc_per_us)
        cpu_pause();
}

static uint64_t time_stamp_at_tick(uint64_t tick)
{
    while (clock_tick_count < tick)
        cpu_pause();
    return cpu_time_stamp();
}

uint32_t clock_measure_tsc(void)
{
    uint64_t first = clock_tick_count + 1;
    uint64_t start = time_stamp_at_tick(first);
    uint64_t end = time_stamp_at_tick(first + MEASURE_TICKS);
    uint32_t tsc_khz = (uint32_t)((end - start) * (CLOCK_TICKS_PER_SECOND / 1000) / MEASURE_TICKS);

    tsc_per_us = tsc_khz / 1000;
    return tsc_khz;
}

/* Reads while the clock counts may be one second off, which does not matter to a log line or to a seed. */
uint64_t clock_date(void)
{
    static const uint8_t registers[] = { RTC_YEAR, RTC_MONTH, RTC_DAY, RTC_HOURS, RTC_MINUTES, RTC_SECONDS };
    uint64_t date = 0;

    if (!clock_pair_trylock())
        return 0;
    for (size_t i = 0; i < sizeof(registers); i++)
        date = date << 8 | cmos_read(registers[i], 0);
    clock_pair_unlock();
    return date;
}

static void check_marks(void)
{
    uint8_t i = (uint8_t)(clock_tick_count % MARK_COUNT);

    if (!clock_pair_trylock()) {
        skipped_count++;
        return;
    }
    if (cmos_read((uint8_t)(MARK_INDEX + i), DWELL_US) != marks[i])
        torn_count++;
    read_count++;
    clock_pair_unlock();
}

static void work(void)
{
    static uint64_t second = 1;

    check_marks();
    debugger_poll();
    if (clock_tick_count >= second * CLOCK_TICKS_PER_SECOND) {
        second++;
        debugger_second();
    }
}

/* The work may take longer than a tick and lets every interrupt in; a tick that comes meanwhile only counts. */
void clock_tick(void)
{
    clock_tick_count++;
    if (working)
        return;
    working = true;
    cpu_interrupts_on();
    work();
    cpu_interrupts_off();
    working = false;
}

void clock_report(struct line *line)
{
    line_text(line, "clock ");
    line_hex(line, clock_date(), 12);
    line_text(line, " ticks ");
    line_decimal(line, clock_tick_count);
    line_text(line, " reads ");
    line_decimal(line, read_count);
    line_text(line, " skipped ");
    line_decimal(line, skipped_count);
    line_text(line, " torn ");
    line_decimal(line, torn_count);
}
