/* SPDX-License-Identifier: MIT */
/*
 * acpi.c: implements acpi.h. Fields are named by their offsets from the specification; every read stays inside the
 * length that the table's header gives.
 */
#include "stub/boot/acpi.h"

#define HEADER_SIZE  36u
#define LENGTH_MAX   0x100000u
#define RSDP_SIZE_V1 20u
#define RSDP_SIZE_V2 36u

#define BIOS_AREA     0xe0000u
#define BIOS_AREA_END 0x100000u

/* FADT. */
#define FADT_PM1A_CNT_BLK   64u
#define FADT_PM1B_CNT_BLK   68u
#define FADT_PM_TMR_BLK     76u
#define FADT_X_PM1A_CNT_BLK 172u
#define FADT_X_PM1B_CNT_BLK 184u
#define FADT_X_PM_TMR_BLK   208u

/* Generic address structure. */
#define GAS_SPACE     0u
#define GAS_BIT_WIDTH 1u
#define GAS_ACCESS    3u
#define GAS_ADDRESS   4u
#define GAS_SIZE      12u
#define GAS_MEMORY    0u
#define GAS_IO        1u
#define GAS_DWORD     3u

/* SPCR. */
#define SPCR_INTERFACE     36u
#define SPCR_GAS           40u
#define SPCR_IRQ_TYPE      52u
#define SPCR_IRQ           53u
#define SPCR_GSI           54u
#define SPCR_BAUD          58u
#define SPCR_SIZE          76u
#define SPCR_16550         0x00u
#define SPCR_16450         0x01u
#define SPCR_16550_GAS     0x12u
#define SPCR_IRQ_TYPE_8259 0x01u
#define SPCR_IRQ_TYPE_APIC 0x02u

/* MADT. */
#define MADT_ENTRIES         44u
#define MADT_IOAPIC          1u
#define MADT_IOAPIC_SIZE     12u
#define MADT_OVERRIDE        2u
#define MADT_OVERRIDE_SIZE   10u
#define MPS_POLARITY_MASK    0x3u
#define MPS_POLARITY_LOW     0x3u
#define MPS_TRIGGER_MASK     0xcu
#define MPS_TRIGGER_LEVEL    0xcu

/* MCFG. */
#define MCFG_ENTRIES    44u
#define MCFG_ENTRY_SIZE 16u

static uint32_t load32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t load64(const uint8_t *at)
{
    return load32(at) | (uint64_t)load32(at + 4) << 32;
}

static bool sums_to_zero(const uint8_t *at, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + at[i]);
    return sum == 0;
}

static uint32_t table_length(const uint8_t *table)
{
    return load32(table + 4);
}

static bool signature_is(const uint8_t *table, const char *signature)
{
    for (unsigned i = 0; i < 4; i++) {
        if (table[i] != (uint8_t)signature[i])
            return false;
    }
    return true;
}

static void table_note(struct acpi *acpi, uint64_t address)
{
    const uint8_t *table = (const uint8_t *)(uintptr_t)address;
    uint32_t length = address ? table_length(table) : 0;

    if (length < HEADER_SIZE || length > LENGTH_MAX || !sums_to_zero(table, length))
        return;
    if (signature_is(table, "APIC"))
        acpi->madt = table;
    else if (signature_is(table, "FACP"))
        acpi->fadt = table;
    else if (signature_is(table, "SPCR") && length >= SPCR_SIZE)
        acpi->spcr = table;
    else if (signature_is(table, "MCFG"))
        acpi->mcfg = table;
}

/* The RSDT has 4-byte entries, the XSDT 8-byte ones. */
static void root_read(struct acpi *acpi, uint64_t address, unsigned entry_size)
{
    const uint8_t *root = (const uint8_t *)(uintptr_t)address;
    uint32_t length = table_length(root);

    if (length < HEADER_SIZE || length > LENGTH_MAX)
        return;
    for (uint32_t at = HEADER_SIZE; at + entry_size <= length; at += entry_size)
        table_note(acpi, entry_size == 8 ? load64(root + at) : load32(root + at));
}

static bool is_rsdp(const uint8_t *at)
{
    return load64(at) == 0x2052545020445352u && sums_to_zero(at, RSDP_SIZE_V1); /* "RSD PTR " */
}

static const uint8_t *rsdp_search(void)
{
    for (uintptr_t at = BIOS_AREA; at < BIOS_AREA_END; at += 16) {
        if (is_rsdp((const uint8_t *)at))
            return (const uint8_t *)at;
    }
    return NULL;
}

void acpi_find(struct acpi *acpi, uint64_t rsdp_pa)
{
    const uint8_t *rsdp = rsdp_pa ? (const uint8_t *)(uintptr_t)rsdp_pa : rsdp_search();

    *acpi = (struct acpi){ 0 };
    if (!rsdp || !is_rsdp(rsdp))
        return;
    if (rsdp[15] >= 2 && sums_to_zero(rsdp, RSDP_SIZE_V2) && load64(rsdp + 24))
        root_read(acpi, load64(rsdp + 24), 8);
    else if (load32(rsdp + 16))
        root_read(acpi, load32(rsdp + 16), 4);
}

static uint32_t spcr_baud(uint8_t code)
{
    static const uint32_t bauds[] = { 0, 0, 0, 9600, 19200, 0, 57600, 115200 };

    return code < sizeof bauds / sizeof bauds[0] ? bauds[code] : 0;
}

static void spcr_irq_read(const uint8_t *table, struct acpi_spcr *spcr)
{
    uint8_t type = table[SPCR_IRQ_TYPE];

    spcr->isa_irq = !(type & SPCR_IRQ_TYPE_APIC) && (type & SPCR_IRQ_TYPE_8259);
    if (type & SPCR_IRQ_TYPE_APIC)
        spcr->irq = load32(table + SPCR_GSI);
    else
        spcr->irq = spcr->isa_irq ? table[SPCR_IRQ] : UINT32_MAX;
}

bool acpi_spcr_read(const struct acpi *acpi, struct acpi_spcr *spcr)
{
    const uint8_t *table = acpi->spcr;
    const uint8_t *gas = table + SPCR_GAS;

    if (!table || (gas[GAS_SPACE] != GAS_MEMORY && gas[GAS_SPACE] != GAS_IO) || !load64(gas + GAS_ADDRESS))
        return false;
    if (table[SPCR_INTERFACE] != SPCR_16550 && table[SPCR_INTERFACE] != SPCR_16450 &&
        table[SPCR_INTERFACE] != SPCR_16550_GAS)
        return false;
    spcr->mmio = gas[GAS_SPACE] == GAS_MEMORY;
    spcr->base = load64(gas + GAS_ADDRESS);
    spcr->stride = gas[GAS_ACCESS] == GAS_DWORD || gas[GAS_BIT_WIDTH] == 32 ? 4 : 1;
    spcr->baud = spcr_baud(table[SPCR_BAUD]);
    spcr_irq_read(table, spcr);
    return true;
}

/* The port of a register block that the FADT names twice; the address structure wins where it is there and filled. */
static uint16_t fadt_port(const struct acpi *acpi, uint32_t block, uint32_t x_block)
{
    uint32_t length = acpi->fadt ? table_length(acpi->fadt) : 0;
    const uint8_t *gas = acpi->fadt + x_block;
    uint64_t port = 0;

    if (length >= x_block + GAS_SIZE && gas[GAS_SPACE] == GAS_IO)
        port = load64(gas + GAS_ADDRESS);
    if (!port && length >= block + 4)
        port = load32(acpi->fadt + block);
    return port <= 0xfffc ? (uint16_t)port : 0;
}

uint16_t acpi_pm_timer_port(const struct acpi *acpi)
{
    return fadt_port(acpi, FADT_PM_TMR_BLK, FADT_X_PM_TMR_BLK);
}

void acpi_pm1_control_ports(const struct acpi *acpi, uint16_t ports[2])
{
    ports[0] = fadt_port(acpi, FADT_PM1A_CNT_BLK, FADT_X_PM1A_CNT_BLK);
    ports[1] = fadt_port(acpi, FADT_PM1B_CNT_BLK, FADT_X_PM1B_CNT_BLK);
}

/* The MADT's next entry of a type, at least `size` long, from offset *at on; NULL at the end. */
static const uint8_t *madt_next(const struct acpi *acpi, uint32_t *at, uint8_t type, uint8_t size)
{
    uint32_t length = acpi->madt ? table_length(acpi->madt) : 0;

    while (*at + 2 <= length) {
        const uint8_t *entry = acpi->madt + *at;

        if (entry[1] < 2 || *at + entry[1] > length)
            return NULL;
        *at += entry[1];
        if (entry[0] == type && entry[1] >= size)
            return entry;
    }
    return NULL;
}

struct acpi_isa_route acpi_isa_route_find(const struct acpi *acpi, uint8_t irq)
{
    struct acpi_isa_route route = { .gsi = irq };
    uint32_t at = MADT_ENTRIES;
    const uint8_t *entry;

    while ((entry = madt_next(acpi, &at, MADT_OVERRIDE, MADT_OVERRIDE_SIZE))) {
        if (entry[2] != 0 || entry[3] != irq)
            continue;
        route.gsi = load32(entry + 4);
        route.active_low = (entry[8] & MPS_POLARITY_MASK) == MPS_POLARITY_LOW;
        route.level = (entry[8] & MPS_TRIGGER_MASK) == MPS_TRIGGER_LEVEL;
        route.overridden = true;
    }
    return route;
}

bool acpi_ioapic_find(const struct acpi *acpi, unsigned index, struct acpi_ioapic *ioapic)
{
    uint32_t at = MADT_ENTRIES;
    const uint8_t *entry;

    while ((entry = madt_next(acpi, &at, MADT_IOAPIC, MADT_IOAPIC_SIZE))) {
        if (index--)
            continue;
        ioapic->base = load32(entry + 4);
        ioapic->gsi_base = load32(entry + 8);
        return true;
    }
    return false;
}

bool acpi_ecam_find(const struct acpi *acpi, unsigned index, struct acpi_ecam *ecam)
{
    uint64_t at = MCFG_ENTRIES + (uint64_t)index * MCFG_ENTRY_SIZE;
    const uint8_t *entry = acpi->mcfg + at;

    if (!acpi->mcfg || at + MCFG_ENTRY_SIZE > table_length(acpi->mcfg))
        return false;
    *ecam = (struct acpi_ecam){ load64(entry), (uint16_t)load32(entry + 8), entry[10], entry[11] };
    return ecam->bus_first <= ecam->bus_last;
}
