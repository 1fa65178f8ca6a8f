/* SPDX-License-Identifier: MIT */
/*
 * kernel.c: brings the machine up in the one order that works: memory, tables, time, the UART's interrupt, the stub;
 * and then idles. Nothing before the stub's start can be told to anyone, so whatever fails there stops the processor.
 */
#include "stub/boot/kernel.h"

#include "stub/boot/apic.h"
#include "stub/boot/clock.h"
#include "stub/boot/console.h"
#include "stub/boot/pages.h"
#include "stub/boot/paging.h"
#include "stub/boot/pairs.h"
#include "stub/boot/pic.h"
#include "stub/boot/shell.h"
#include "stub/boot/tables.h"
#include "stub/boot/uart.h"
#include "stub/boot/uart_irq.h"
#include "stub/boot/x86.h"

#define UART_MMIO_SIZE 32u /* Eight registers, four bytes apart. */

#define ECAM_BUS_SIZE 0x100000ull

#define CMOS_INDEX     0x70u
#define CMOS_DATA      0x71u
#define CMOS_DATE_SIZE 10u /* Seconds to year, and the alarm between them. */

struct kernel kernel;

/*
 * A UART in memory may lie where no map shows anything: beyond 4 GiB, and not in a BAR. One that cannot is not
 * chosen.
 */
static void uart_map(const struct boot *boot)
{
    struct acpi_spcr spcr;

    if (boot->config.uart == CONFIG_UART_MMIO)
        (void)paging_map_device(boot->config.base, UART_MMIO_SIZE);
    if (acpi_spcr_read(&boot->acpi, &spcr) && spcr.mmio)
        (void)paging_map_device(spcr.base, UART_MMIO_SIZE);
}

/* Windows beyond 4 GiB are in no map. */
static void ecam_find(const struct acpi *acpi)
{
    struct acpi_ecam ecam;

    for (unsigned i = 0; i < ECAM_MAX && acpi_ecam_find(acpi, i, &ecam); i++) {
        uint64_t first = ecam.base + ecam.bus_first * ECAM_BUS_SIZE;

        if (!paging_map_device(first, (ecam.bus_last - ecam.bus_first + 1ull) * ECAM_BUS_SIZE))
            continue;
        kernel.ecam[kernel.ecam_count++] = (struct kdio_ecam){
            ecam.base, ecam.segment, ecam.bus_first, ecam.bus_last,
        };
    }
}

static void *physical_map(void *context, uint64_t physical, uint64_t *size)
{
    (void)context;
    return paging_direct(physical, size);
}

static void memory_start(struct boot *boot)
{
    memory_pool_init(&boot->memory, boot->image_end_pa);
    if (!paging_start(&boot->memory) || !tables_start())
        cpu_stop();
    uart_map(boot);
    ecam_find(&boot->acpi);
    pages_start(&boot->memory);
    if (!boot->uart_chosen && !boot_uart_choose(boot))
        cpu_stop();
    /* The firmware may have taken the bridge's decoding back when it left. */
    if (boot->choice.is_pci)
        pci_enable(boot->choice.pci);
}

struct controllers {
    bool have_apic, have_ioapic;
    const char *timer;
};

static struct controllers controllers_start(const struct acpi *acpi)
{
    struct controllers c = { 0 };

    pic_start();
    c.have_ioapic = ioapic_mask_all(acpi);
    c.have_apic = apic_start(!c.have_ioapic);
    c.have_ioapic = c.have_ioapic && c.have_apic;
    return c;
}

static void timer_start(struct controllers *c)
{
    c->timer = "local APIC";
    if (c->have_apic && apic_timer_start(CLOCK_HZ, clock_tsc_khz()))
        return;
    c->timer = "8254";
    pit_timer_start(CLOCK_HZ);
    pic_unmask(PIC_IRQ_TIMER);
}

/* The date, as the CMOS clock has it: tells boots apart whose time-stamp counters began alike. */
static uint64_t date_read(void)
{
    uint64_t date = 0;

    for (unsigned i = 0; i < CMOS_DATE_SIZE; i++) {
        port_out8(CMOS_INDEX, (uint8_t)i);
        date = date << 6 ^ port_in8(CMOS_DATA);
    }
    return date;
}

static bool stub_start(struct boot *boot)
{
    const struct config *config = &boot->config;
    size_t page_count = (config->memory_size + PAGE_SIZE - 1) / PAGE_SIZE;
    struct kdio_stub_config stub_config = {
        .size = sizeof stub_config,
        .uart = kernel.uart,
        .tsc_khz = clock_tsc_khz(),
        .boot_entropy = tsc_read() ^ date_read(),
        .deny_safe = config->deny_safe,
        .read_only = config->read_only,
        .pair_trylock = pairs_trylock,
        .pair_unlock = pairs_unlock,
        .cmos_index = &pairs_cmos_index,
        .text = shell_text,
        .faults = true,
        .traps = true,
        .map = physical_map,
        .ecam = kernel.ecam,
        .ecam_count = kernel.ecam_count,
    };
    void *memory = memory_pages(&boot->memory, page_count);
    struct kdio_stub *stub;

    acpi_pm1_control_ports(&boot->acpi, stub_config.pm1_control);
    if (!memory || kdio_stub_init(memory, config->memory_size, &stub_config, &stub) != KDIO_STUB_OK)
        return false;
    /* An interrupt that has been seen, or a loop that never halts, empties the UART in time. */
    kdio_stub_prompt(stub, kernel.uart.irq || config->spin);
    kernel.stub = stub;
    return true;
}

static void start_tell(const struct boot *boot, const struct controllers *c)
{
    const char *service = kernel.uart.irq ? "UART interrupt works" : "no UART interrupt";

    console_write(boot->banner.bytes, boot->banner.length);
    console_print("kernel: TSC %u kHz by %s, timer %s, %s, %s\r\n", clock_tsc_khz(), clock_measured_by(), c->timer,
                  service, boot->config.spin ? "spins" : "halts when idle");
    if (boot->memory.cut)
        console_print("kernel: the memory map is longer than fits; the rest is not mapped\r\n");
}

void kernel_main(struct boot *boot)
{
    struct controllers controllers;

    kernel.boot = boot;
    memory_start(boot);
    kernel.uart = boot->choice.uart;
    controllers = controllers_start(&boot->acpi);
    clock_start(&boot->acpi);
    timer_start(&controllers);
    interrupts_on();
    /* A loop that spins sees what the UART brings before an interrupt could tell it. */
    kernel.uart.irq = !boot->config.spin &&
                      uart_irq_start(&boot->choice, &boot->acpi, controllers.have_ioapic, clock_tsc_khz());
    if (!stub_start(boot))
        cpu_stop();
    start_tell(boot, &controllers);
    idle_run();
}
