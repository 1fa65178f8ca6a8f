/* SPDX-License-Identifier: MIT */
/*
 * apic.c: implements apic.h. Registers are named by their xAPIC offsets; x2APIC mode has them at MSR 800h + offset /
 * 16.
 */
#include "stub/boot/apic.h"

#include "stub/boot/interrupts.h"
#include "stub/boot/x86.h"

#define CPUID_EDX_APIC   (1u << 9)
#define APIC_BASE_EXTD   (1u << 10)
#define APIC_BASE_EN     (1u << 11)
#define APIC_BASE_MASK   0x000ffffffffff000ull
#define X2APIC_MSR       0x800u

#define APIC_ID             0x020u
#define APIC_TPR            0x080u
#define APIC_EOI            0x0b0u
#define APIC_SVR            0x0f0u
#define APIC_SVR_ENABLE     0x100u
#define APIC_LVT_TIMER      0x320u
#define APIC_LVT_LINT0      0x350u
#define APIC_LVT_LINT1      0x360u
#define APIC_LVT_MASKED     0x10000u
#define APIC_LVT_NMI        0x400u
#define APIC_LVT_EXTINT     0x700u
#define APIC_LVT_PERIODIC   0x20000u
#define APIC_TIMER_INITIAL  0x380u
#define APIC_TIMER_CURRENT  0x390u
#define APIC_TIMER_DIVIDE   0x3e0u
#define APIC_TIMER_BY_16    0x3u
#define CALIBRATION_MS      10u

#define IOAPIC_SELECT       0x00u
#define IOAPIC_WINDOW       0x10u
#define IOAPIC_VERSION      0x01u
#define IOAPIC_TABLE        0x10u
#define IOAPIC_ACTIVE_LOW   0x02000u
#define IOAPIC_LEVEL        0x08000u
#define IOAPIC_MASKED       0x10000u
#define IOAPIC_DESTINATION  24u

static bool is_x2apic(void)
{
    return msr_read(IA32_APIC_BASE) & APIC_BASE_EXTD;
}

static volatile uint32_t *apic_register(uint32_t offset)
{
    return (volatile uint32_t *)(uintptr_t)((msr_read(IA32_APIC_BASE) & APIC_BASE_MASK) + offset);
}

static uint32_t apic_read(uint32_t offset)
{
    return is_x2apic() ? (uint32_t)msr_read(X2APIC_MSR + offset / 16) : *apic_register(offset);
}

static void apic_write(uint32_t offset, uint32_t value)
{
    if (is_x2apic())
        msr_write(X2APIC_MSR + offset / 16, value);
    else
        *apic_register(offset) = value;
}

bool apic_start(bool virtual_wire)
{
    if (!(cpuid(1).edx & CPUID_EDX_APIC))
        return false;
    if (!(msr_read(IA32_APIC_BASE) & APIC_BASE_EN))
        msr_write(IA32_APIC_BASE, msr_read(IA32_APIC_BASE) | APIC_BASE_EN);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
    apic_write(APIC_LVT_LINT0, virtual_wire ? APIC_LVT_EXTINT : APIC_LVT_MASKED);
    apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
    apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
    return true;
}

bool apic_timer_start(uint32_t hz, uint32_t tsc_khz)
{
    uint64_t start, elapsed;
    uint32_t counted, count;

    apic_write(APIC_TIMER_DIVIDE, APIC_TIMER_BY_16);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
    apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
    start = tsc_read();
    do
        elapsed = tsc_read() - start;
    while (elapsed < (uint64_t)tsc_khz * CALIBRATION_MS);
    counted = UINT32_MAX - apic_read(APIC_TIMER_CURRENT);
    count = (uint32_t)((uint64_t)counted * tsc_khz / elapsed * 1000 / hz);
    if (!count)
        return false;
    apic_write(APIC_LVT_TIMER, APIC_LVT_PERIODIC | VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, count);
    return true;
}

void apic_end(void)
{
    apic_write(APIC_EOI, 0);
}

static uint32_t ioapic_read(uint64_t base, uint32_t index)
{
    *(volatile uint32_t *)(uintptr_t)(base + IOAPIC_SELECT) = index;
    return *(volatile uint32_t *)(uintptr_t)(base + IOAPIC_WINDOW);
}

static void ioapic_write(uint64_t base, uint32_t index, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)(base + IOAPIC_SELECT) = index;
    *(volatile uint32_t *)(uintptr_t)(base + IOAPIC_WINDOW) = value;
}

static uint32_t ioapic_input_count(uint64_t base)
{
    return (ioapic_read(base, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

static bool ioapic_of(const struct acpi *acpi, uint32_t gsi, struct acpi_ioapic *ioapic)
{
    for (unsigned i = 0; acpi_ioapic_find(acpi, i, ioapic); i++) {
        if (gsi >= ioapic->gsi_base && gsi - ioapic->gsi_base < ioapic_input_count(ioapic->base))
            return true;
    }
    return false;
}

static uint32_t input_index(const struct acpi_ioapic *ioapic, uint32_t gsi)
{
    return IOAPIC_TABLE + 2 * (gsi - ioapic->gsi_base);
}

/* The trigger mode stays: a masked input that becomes edge-triggered forgets that its level goes away. */
static void input_mask(const struct acpi_ioapic *ioapic, uint32_t gsi)
{
    uint32_t index = input_index(ioapic, gsi);

    ioapic_write(ioapic->base, index, ioapic_read(ioapic->base, index) | IOAPIC_MASKED);
}

/* An I/O APIC without remapping knows 8-bit destinations; the boot processor's number fits on every PC seen. */
static uint32_t destination(void)
{
    uint32_t id = is_x2apic() ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;

    return id << IOAPIC_DESTINATION;
}

bool ioapic_unmask(const struct acpi *acpi, const struct ioapic_route *route)
{
    struct acpi_ioapic ioapic;
    uint32_t low = route->vector, index;

    if (!ioapic_of(acpi, route->gsi, &ioapic))
        return false;
    if (route->active_low)
        low |= IOAPIC_ACTIVE_LOW;
    if (route->level)
        low |= IOAPIC_LEVEL;
    index = input_index(&ioapic, route->gsi);
    ioapic_write(ioapic.base, index, low | IOAPIC_MASKED);
    ioapic_write(ioapic.base, index + 1, destination());
    ioapic_write(ioapic.base, index, low);
    return true;
}

void ioapic_mask(const struct acpi *acpi, uint32_t gsi)
{
    struct acpi_ioapic ioapic;

    if (ioapic_of(acpi, gsi, &ioapic))
        input_mask(&ioapic, gsi);
}

unsigned ioapic_mask_all(const struct acpi *acpi)
{
    struct acpi_ioapic ioapic;
    unsigned total = 0;

    for (unsigned i = 0; acpi_ioapic_find(acpi, i, &ioapic); i++) {
        uint32_t count = ioapic_input_count(ioapic.base);

        for (uint32_t input = 0; input < count; input++)
            input_mask(&ioapic, ioapic.gsi_base + input);
        total += count;
    }
    return total;
}
