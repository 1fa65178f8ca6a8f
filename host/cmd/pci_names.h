/* SPDX-License-Identifier: MIT */
/*
 * pci_names.h: names of PCI classes and devices from the system's pci.ids, through libpci. It is loaded when the first
 * name is wanted; where it is not installed there are no names.
 */
#ifndef KDIO_CMD_PCI_NAMES_H
#define KDIO_CMD_PCI_NAMES_H

#include <stdint.h>

#define PCI_NAME_SIZE 160

struct pci_names;

/* NULL where there is no libpci. */
struct pci_names *pci_names_open(void);
void pci_names_close(struct pci_names *names);

/* "VGA compatible controller"; "" when it is unknown or names is NULL. */
void pci_names_class(struct pci_names *names, uint16_t class_id, char text[static PCI_NAME_SIZE]);
/* "Intel Corporation 82371SB PIIX3 ISA [Natoma/Triton II]"; "" when the vendor is unknown or names is NULL. */
void pci_names_device(struct pci_names *names, uint16_t vendor, uint16_t device, char text[static PCI_NAME_SIZE]);

#endif
