/* SPDX-License-Identifier: MIT */
/*
 * uart_choice.h: finds the machine's UARTs and chooses the one for the link: what the settings say, else what the
 * firmware's SPCR table says, else COM1, else whatever there is. One that does not answer is passed over.
 */
#ifndef KDIO_BOOT_UART_CHOICE_H
#define KDIO_BOOT_UART_CHOICE_H

#include "stub/boot/acpi.h"
#include "stub/boot/config.h"
#include "stub/boot/pci.h"
#include "stub/boot/text.h"

#include <kdio_stub.h>

enum uart_irq_kind {
    UART_IRQ_NONE,
    UART_IRQ_ISA, /* Number of an ISA interrupt; the MADT may override its routing. */
    UART_IRQ_PCI, /* The same, but level-triggered unless the MADT says otherwise. */
    UART_IRQ_GSI, /* Global system interrupt. */
};

struct uart_choice {
    struct kdio_uart_config uart;
    enum uart_irq_kind irq_kind;
    uint32_t irq;
    bool is_pci;
    struct pci_address pci; /* When is_pci. */
    const char *why;
};

/*
 * Chooses, and adds lines about what was found and chosen to `report`. Returns false when no UART answers anywhere;
 * *choice is then without meaning.
 */
bool uart_choose(struct uart_choice *choice, const struct config *config, const struct acpi *acpi, struct text *report);

/* Adds the place of a UART: "port 0x3f8" or "memory 0xfebf0000 stride 4". */
void uart_describe(struct text *text, const struct kdio_uart_config *uart);

#endif
