/* SPDX-License-Identifier: MIT */
/*
 * pci.h: PCI configuration space through ports CF8/CFC (PCI 3.0, 3.2.2.3.2). An address and its data are one pair,
 * taken with interrupts off; nothing here is used once the stub has the machine's ports.
 */
#ifndef KDIO_BOOT_PCI_H
#define KDIO_BOOT_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_address {
    uint8_t bus, device, function;
};

#define PCI_COMMAND              0x04u
#define PCI_COMMAND_IO           0x0001u
#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_CLASS                0x08u
#define PCI_HEADER_TYPE          0x0cu /* Byte 2 of this register. */
#define PCI_BAR0                 0x10u
#define PCI_INTERRUPT_LINE       0x3cu

#define PCI_CLASS_SERIAL 0x0700u /* Class and subclass. */

#define PCI_BAR_IO        0x1u
#define PCI_BAR_TYPE_MASK 0x6u
#define PCI_BAR_TYPE_64   0x4u

uint32_t pci_read(struct pci_address at, uint8_t offset);
void pci_write(struct pci_address at, uint8_t offset, uint32_t value);

/* Calls `visit` for every function that is there, until it returns false. */
void pci_each(bool (*visit)(void *context, struct pci_address at), void *context);

/* The address in BAR `index`, 0 where there is none or it is not set. *is_io tells the space. */
uint64_t pci_bar(struct pci_address at, unsigned index, bool *is_io);

/* How many bytes BAR `index`, a 64-bit one, decodes. Decoding is off meanwhile. */
uint64_t pci_bar64_size(struct pci_address at, unsigned index);

/* Lets the function answer and raise its interrupt pin. */
void pci_enable(struct pci_address at);

#endif
