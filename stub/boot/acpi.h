/* SPDX-License-Identifier: MIT */
/*
 * acpi.h: what the kernel needs of the firmware's ACPI tables (ACPI 6.5, chapter 5; SPCR 1.10). Read only, before and
 * after the firmware is gone. A table counts only when its length is sane and its bytes add up to zero.
 */
#ifndef KDIO_BOOT_ACPI_H
#define KDIO_BOOT_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi {
    const uint8_t *madt; /* NULL where there is none. */
    const uint8_t *fadt;
    const uint8_t *spcr;
    const uint8_t *mcfg;
};

/* Finds the tables from the RSDP at `rsdp_pa`; 0 looks for one in the BIOS area. */
void acpi_find(struct acpi *acpi, uint64_t rsdp_pa);

struct acpi_spcr {
    bool mmio;
    uint64_t base;
    uint32_t stride; /* 1 or 4. */
    uint32_t baud;   /* 0: as the firmware left it. */
    uint32_t irq;    /* Global system interrupt, or ISA interrupt where isa_irq is set. UINT32_MAX: none. */
    bool isa_irq;
};

/* Returns false when there is no SPCR, or it names no 16550, or says that the console is off. */
bool acpi_spcr_read(const struct acpi *acpi, struct acpi_spcr *spcr);

/* The PM timer's port, 0 where there is none. It counts at 3579545 Hz, with at least 24 bits. */
uint16_t acpi_pm_timer_port(const struct acpi *acpi);

/* The ports of the PM1 control registers, which power the machine off; 0 for one that is not there. */
void acpi_pm1_control_ports(const struct acpi *acpi, uint16_t ports[2]);

/* How an ISA interrupt reaches the I/O APICs. */
struct acpi_isa_route {
    uint32_t gsi;
    bool active_low;
    bool level;
    bool overridden; /* The MADT says so; else it is the ISA default. */
};

struct acpi_isa_route acpi_isa_route_find(const struct acpi *acpi, uint8_t irq);

struct acpi_ioapic {
    uint64_t base;
    uint32_t gsi_base;
};

/* The I/O APIC number `index`; false when there are not so many. */
bool acpi_ioapic_find(const struct acpi *acpi, unsigned index, struct acpi_ioapic *ioapic);

/* Memory through which PCI configuration space is accessed (PCI Firmware Specification 3.3, 4.1.2). */
struct acpi_ecam {
    uint64_t base; /* Of bus 0. */
    uint16_t segment;
    uint8_t bus_first, bus_last;
};

/* The window number `index`; false when there are not so many. */
bool acpi_ecam_find(const struct acpi *acpi, unsigned index, struct acpi_ecam *ecam);

#endif
