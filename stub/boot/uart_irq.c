/* SPDX-License-Identifier: MIT */
/* uart_irq.c: implements uart_irq.h. The way is closed whenever is_open is false. */
#include "stub/boot/uart_irq.h"

#include "stub/boot/apic.h"
#include "stub/boot/interrupts.h"
#include "stub/boot/pic.h"
#include "stub/boot/uart.h"
#include "stub/boot/x86.h"

#define TRY_MS 20u /* The interrupt takes microseconds; a virtual machine's host may take longer. */

struct uart_irq {
    const struct acpi *acpi;
    bool is_open;
    bool by_pic;
    struct ioapic_route route; /* By the 8259, gsi is its input. */
    volatile bool is_held;
    volatile uint32_t count;
};

static struct uart_irq way;

static struct ioapic_route route_find(const struct uart_choice *choice, const struct acpi *acpi)
{
    struct ioapic_route route = { .gsi = choice->irq, .vector = VECTOR_UART };
    struct acpi_isa_route isa;

    if (choice->irq_kind == UART_IRQ_GSI) {
        /* Inputs below 16 carry the ISA interrupts; from there on it is PCI's. */
        route.active_low = route.level = choice->irq >= PIC_IRQ_COUNT;
        return route;
    }
    isa = acpi_isa_route_find(acpi, (uint8_t)choice->irq);
    route.gsi = isa.gsi;
    route.active_low = isa.overridden ? isa.active_low : choice->irq_kind == UART_IRQ_PCI;
    route.level = isa.overridden ? isa.level : choice->irq_kind == UART_IRQ_PCI;
    return route;
}

static bool way_unmask(void)
{
    if (!way.by_pic)
        return ioapic_unmask(way.acpi, &way.route);
    if (way.route.gsi >= PIC_IRQ_COUNT || way.route.gsi == PIC_IRQ_TIMER)
        return false;
    pic_unmask((uint8_t)way.route.gsi);
    return true;
}

static void way_mask(void)
{
    if (way.by_pic)
        pic_mask((uint8_t)way.route.gsi);
    else
        ioapic_mask(way.acpi, way.route.gsi);
}

static bool way_open(const struct uart_choice *choice, bool have_ioapic)
{
    way.by_pic = !have_ioapic;
    way.route = route_find(choice, way.acpi);
    if (way.by_pic)
        way.route.gsi = choice->irq;
    return way_unmask();
}

static bool way_works(const struct kdio_uart_config *uart, uint32_t tsc_khz)
{
    uint64_t until = tsc_read() + (uint64_t)tsc_khz * TRY_MS;

    uart_interrupt_provoke(uart);
    while (!way.count && tsc_read() < until)
        cpu_pause();
    uart_interrupt_quiet(uart);
    return way.count;
}

bool uart_irq_start(const struct uart_choice *choice, const struct acpi *acpi, bool have_ioapic, uint32_t tsc_khz)
{
    if (choice->irq_kind == UART_IRQ_NONE)
        return false;
    way.acpi = acpi;
    way.count = 0;
    uart_interrupt_quiet(&choice->uart);
    way.is_open = way_open(choice, have_ioapic);
    if (!way.is_open)
        return false;
    if (!way_works(&choice->uart, tsc_khz))
        uart_irq_stop();
    return way.is_open;
}

void uart_irq_stop(void)
{
    if (way.is_open)
        way_mask();
    way.is_open = false;
}

void uart_irq_hold(void)
{
    if (!way.is_open || !way.route.level)
        return;
    way_mask();
    way.is_held = true;
}

void uart_irq_release(void)
{
    uint64_t flags;

    if (!way.is_held)
        return;
    /* The I/O APIC's registers are an index/data pair, which hold uses too. */
    flags = interrupts_off();
    way.is_held = false;
    if (way.is_open)
        (void)way_unmask();
    interrupts_restore(flags);
}

void uart_irq_note(void)
{
    way.count++;
}

bool uart_irq_is_pic(uint8_t irq)
{
    return way.is_open && way.by_pic && way.route.gsi == irq;
}
