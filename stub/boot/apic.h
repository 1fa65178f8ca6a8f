/* SPDX-License-Identifier: MIT */
/*
 * apic.h: the local APIC of the boot processor, in xAPIC or x2APIC mode as the firmware left it, and the I/O APICs that
 * the MADT names (SDM volume 3, chapter 11; 82093AA data sheet). Other processors stay parked.
 */
#ifndef KDIO_BOOT_APIC_H
#define KDIO_BOOT_APIC_H

#include "stub/boot/acpi.h"

/* Enables the local APIC. With `virtual_wire` the 8259's interrupts come through it. false: there is none. */
bool apic_start(bool virtual_wire);

/* Starts the timer on VECTOR_TIMER, periodic. `tsc_khz` is what it is measured by. false: it does not count. */
bool apic_timer_start(uint32_t hz, uint32_t tsc_khz);

void apic_end(void);

struct ioapic_route {
    uint32_t gsi;
    bool active_low;
    bool level;
    uint8_t vector;
};

/* Sends an interrupt to this processor. false: no I/O APIC has such an input. */
bool ioapic_unmask(const struct acpi *acpi, const struct ioapic_route *route);
void ioapic_mask(const struct acpi *acpi, uint32_t gsi);

/* Masks every input of every I/O APIC: firmware may have left some open. Returns how many inputs there are. */
unsigned ioapic_mask_all(const struct acpi *acpi);

#endif
