/* SPDX-License-Identifier: MIT */
/* pci.c: implements pci.h. Every access to CF8/CFC goes through pci_read and pci_write, which keep the pair whole. */
#include "stub/boot/pci.h"

#include "stub/boot/x86.h"

#define CONFIG_ADDRESS        0xcf8u
#define CONFIG_DATA           0xcfcu
#define CONFIG_ADDRESS_ENABLE 0x80000000u

#define VENDOR_NONE     0xffffu
#define MULTI_FUNCTION  0x00800000u
#define BUS_COUNT       256u
#define DEVICE_COUNT    32u
#define FUNCTION_COUNT  8u
#define BAR_IO_MASK     0xfffffffcu
#define BAR_MEMORY_MASK 0xfffffff0u

static uint32_t address_encode(struct pci_address at, uint8_t offset)
{
    return CONFIG_ADDRESS_ENABLE | (uint32_t)at.bus << 16 | (uint32_t)at.device << 11 | (uint32_t)at.function << 8 |
           (offset & 0xfcu);
}

uint32_t pci_read(struct pci_address at, uint8_t offset)
{
    uint64_t flags = interrupts_off();
    uint32_t value;

    port_out32(CONFIG_ADDRESS, address_encode(at, offset));
    value = port_in32(CONFIG_DATA);
    interrupts_restore(flags);
    return value;
}

void pci_write(struct pci_address at, uint8_t offset, uint32_t value)
{
    uint64_t flags = interrupts_off();

    port_out32(CONFIG_ADDRESS, address_encode(at, offset));
    port_out32(CONFIG_DATA, value);
    interrupts_restore(flags);
}

static bool is_there(struct pci_address at)
{
    return (pci_read(at, 0) & 0xffffu) != VENDOR_NONE;
}

static bool device_visit(bool (*visit)(void *context, struct pci_address at), void *context, struct pci_address at)
{
    unsigned count = pci_read(at, PCI_HEADER_TYPE) & MULTI_FUNCTION ? FUNCTION_COUNT : 1;

    for (unsigned function = 0; function < count; function++) {
        at.function = (uint8_t)function;
        if (is_there(at) && !visit(context, at))
            return false;
    }
    return true;
}

void pci_each(bool (*visit)(void *context, struct pci_address at), void *context)
{
    for (unsigned i = 0; i < BUS_COUNT * DEVICE_COUNT; i++) {
        struct pci_address at = { (uint8_t)(i / DEVICE_COUNT), (uint8_t)(i % DEVICE_COUNT), 0 };

        if (is_there(at) && !device_visit(visit, context, at))
            return;
    }
}

uint64_t pci_bar(struct pci_address at, unsigned index, bool *is_io)
{
    uint8_t offset = (uint8_t)(PCI_BAR0 + 4 * index);
    uint32_t low = pci_read(at, offset);

    *is_io = low & PCI_BAR_IO;
    if (*is_io)
        return low & BAR_IO_MASK;
    if ((low & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64)
        return (uint64_t)pci_read(at, (uint8_t)(offset + 4)) << 32 | (low & BAR_MEMORY_MASK);
    return low & BAR_MEMORY_MASK;
}

uint64_t pci_bar64_size(struct pci_address at, unsigned index)
{
    uint8_t low_at = (uint8_t)(PCI_BAR0 + 4 * index), high_at = (uint8_t)(low_at + 4);
    uint32_t low = pci_read(at, low_at), high = pci_read(at, high_at);
    uint16_t command = (uint16_t)pci_read(at, PCI_COMMAND); /* The status half: zeros written there change nothing. */
    uint64_t mask;

    pci_write(at, PCI_COMMAND, command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
    pci_write(at, low_at, UINT32_MAX);
    pci_write(at, high_at, UINT32_MAX);
    mask = (uint64_t)pci_read(at, high_at) << 32 | (pci_read(at, low_at) & BAR_MEMORY_MASK);
    pci_write(at, low_at, low);
    pci_write(at, high_at, high);
    pci_write(at, PCI_COMMAND, command);
    return ~mask + 1;
}

void pci_enable(struct pci_address at)
{
    uint16_t command = (uint16_t)pci_read(at, PCI_COMMAND);

    command = (uint16_t)((command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY) & ~PCI_COMMAND_INTX_DISABLE);
    pci_write(at, PCI_COMMAND, command);
}
