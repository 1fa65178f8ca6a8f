/* SPDX-License-Identifier: MIT */
/*
 * clock.h: time, from the time-stamp counter. Ticks are hundredths of a second of elapsed time: an interrupt that comes
 * late makes up for those that did not come, so that the tick counter goes with the wall clock.
 */
#ifndef KDIO_BOOT_CLOCK_H
#define KDIO_BOOT_CLOCK_H

#include "stub/boot/acpi.h"

#define CLOCK_HZ 100u

/* Measures the time-stamp counter: by CPUID leaf 15h, else the ACPI timer, else the 8254. */
void clock_start(const struct acpi *acpi);

uint32_t clock_tsc_khz(void);
const char *clock_measured_by(void);

/* The timer interrupt. */
void clock_tick(void);
uint64_t clock_ticks(void);
uint64_t clock_ticks_made_up(void); /* Those that no interrupt came for in time. */

#endif
