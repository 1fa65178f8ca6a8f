/* SPDX-License-Identifier: MIT */
/*
 * uart_choice.c: implements uart_choice.h. A candidate is probed before it is taken, so that a wrong word in kdio.cfg
 * leaves a machine that can still be reached.
 */
#include "stub/boot/uart_choice.h"

#include "stub/boot/memory.h"
#include "stub/boot/uart.h"
#include "stub/boot/x86.h"

#define COM_COUNT    4u
#define PCI_COUNT    8u
#define BAUD_DEFAULT 115200u
#define IRQ_LINE_MAX 15u /* The interrupt line register holds 255 when it is not connected. */

struct pci_serials {
    struct pci_address at[PCI_COUNT];
    unsigned count;
};

struct com {
    uint16_t port;
    uint8_t irq;
};

static const struct com coms[COM_COUNT] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } };

void uart_describe(struct text *text, const struct kdio_uart_config *uart)
{
    if (uart->space == KDIO_UART_PORT)
        text_add(text, "port 0x%lx", (unsigned long)uart->base);
    else
        text_add(text, "memory 0x%lx stride %u", (unsigned long)uart->base, uart->stride);
}

static struct uart_choice choice_at(enum kdio_uart_space space, uint64_t base, const char *why)
{
    return (struct uart_choice){
        .uart = { .space = space, .base = base, .stride = 1, .baud = BAUD_DEFAULT },
        .why = why,
    };
}

/* The interrupt that goes with a port by custom, if it is one of the PC's four. */
static void com_irq_set(struct uart_choice *choice)
{
    for (unsigned i = 0; i < COM_COUNT; i++) {
        if (choice->uart.space == KDIO_UART_PORT && choice->uart.base == coms[i].port) {
            choice->irq_kind = UART_IRQ_ISA;
            choice->irq = coms[i].irq;
        }
    }
}

static struct uart_choice com_choice(unsigned index, const char *why)
{
    struct uart_choice choice = choice_at(KDIO_UART_PORT, coms[index].port, why);

    com_irq_set(&choice);
    return choice;
}

static bool serial_note(void *context, struct pci_address at)
{
    struct pci_serials *serials = context;

    if (pci_read(at, PCI_CLASS) >> 16 == PCI_CLASS_SERIAL)
        serials->at[serials->count++] = at;
    return serials->count < PCI_COUNT;
}

static struct uart_choice pci_choice(struct pci_address at, const char *why)
{
    bool is_io;
    uint64_t base = pci_bar(at, 0, &is_io);
    struct uart_choice choice = choice_at(is_io ? KDIO_UART_PORT : KDIO_UART_MMIO, base, why);
    uint8_t line = (uint8_t)pci_read(at, PCI_INTERRUPT_LINE);

    choice.is_pci = true;
    choice.pci = at;
    if (line <= IRQ_LINE_MAX) {
        choice.irq_kind = UART_IRQ_PCI;
        choice.irq = line;
    }
    return choice;
}

static bool spcr_choice(struct uart_choice *choice, const struct acpi *acpi)
{
    struct acpi_spcr spcr;

    if (!acpi_spcr_read(acpi, &spcr))
        return false;
    *choice = choice_at(spcr.mmio ? KDIO_UART_MMIO : KDIO_UART_PORT, spcr.base, "the firmware's SPCR table names it");
    choice->uart.stride = spcr.mmio ? spcr.stride : 1;
    choice->uart.baud = spcr.baud;
    if (spcr.irq != UINT32_MAX) {
        choice->irq_kind = spcr.isa_irq ? UART_IRQ_ISA : UART_IRQ_GSI;
        choice->irq = spcr.irq;
    }
    return true;
}

/* Settings of the very UART that is asked for; another one, taken in its place, keeps its own. */
static void details_apply(struct uart_choice *choice, const struct config *config)
{
    if (config->stride != CONFIG_UNSET && choice->uart.space == KDIO_UART_MMIO)
        choice->uart.stride = config->stride;
    choice->uart.clock_hz = config->clock_hz;
    if (config->irq != CONFIG_UNSET) {
        choice->irq_kind = config->irq < 16 ? (choice->is_pci ? UART_IRQ_PCI : UART_IRQ_ISA) : UART_IRQ_GSI;
        choice->irq = config->irq;
    }
}

static void overrides_apply(struct uart_choice *choice, const struct config *config, bool is_asked_for)
{
    if (is_asked_for)
        details_apply(choice, config);
    if (config->baud != CONFIG_UNSET)
        choice->uart.baud = config->baud;
    /* A loop that never halts is faster than any interrupt. */
    if (config->poll || config->spin)
        choice->irq_kind = UART_IRQ_NONE;
}

static bool choice_answers(const struct uart_choice *choice)
{
    if (!choice->uart.base || choice->uart.base > cpu_address_end() - PAGE_SIZE)
        return false;
    if (choice->is_pci)
        pci_enable(choice->pci);
    return uart_probe(&choice->uart);
}

/* What the settings ask for; false when they leave it open, or ask for a PCI one and there is none. */
static bool config_choice(struct uart_choice *choice, const struct config *config, const struct pci_serials *serials)
{
    static const char why[] = "the settings name it";

    if (config->uart == CONFIG_UART_PCI) {
        if (serials->count)
            *choice = pci_choice(serials->at[0], why);
        return serials->count;
    }
    *choice = choice_at(config->uart == CONFIG_UART_MMIO ? KDIO_UART_MMIO : KDIO_UART_PORT, config->base, why);
    com_irq_set(choice);
    return config->uart != CONFIG_UART_UNSET;
}

/* Candidates 0: settings, 1: SPCR, then COM1 to COM4, then PCI. false: there is none of that number. */
static bool candidate(unsigned number, struct uart_choice *choice, const struct config *config,
                      const struct acpi *acpi, const struct pci_serials *serials)
{
    if (number == 0)
        return config_choice(choice, config, serials);
    if (number == 1)
        return spcr_choice(choice, acpi);
    number -= 2;
    if (number < COM_COUNT) {
        *choice = com_choice(number, number ? "nothing better answers" : "it is the default");
        return true;
    }
    number -= COM_COUNT;
    if (number < serials->count)
        *choice = pci_choice(serials->at[number], "nothing better answers");
    return number < serials->count;
}

static void report_found(struct text *report, const struct pci_serials *serials)
{
    text_add(report, "UARTs found:");
    for (unsigned i = 0; i < COM_COUNT; i++) {
        struct uart_choice com = com_choice(i, "");

        if (choice_answers(&com))
            text_add(report, " COM%u at port 0x%x,", i + 1, (unsigned)coms[i].port);
    }
    for (unsigned i = 0; i < serials->count; i++) {
        struct uart_choice pci = pci_choice(serials->at[i], "");

        text_add(report, " PCI %02x:%02x.%u at ", pci.pci.bus, pci.pci.device, pci.pci.function);
        uart_describe(report, &pci.uart);
        text_add(report, ",");
    }
    text_add(report, " no more\r\n");
}

static void report_chosen(struct text *report, const struct uart_choice *choice)
{
    text_add(report, "UART chosen: ");
    uart_describe(report, &choice->uart);
    if (choice->uart.baud)
        text_add(report, ", %u baud", choice->uart.baud);
    else
        text_add(report, ", rate as the firmware set it");
    if (choice->irq_kind != UART_IRQ_NONE)
        text_add(report, ", irq %u", choice->irq);
    else
        text_add(report, ", polled");
    text_add(report, " (%s)\r\n", choice->why);
}

static void report_silent(struct text *report, const struct uart_choice *choice)
{
    text_add(report, "UART passed over: ");
    uart_describe(report, &choice->uart);
    text_add(report, " does not answer (%s)\r\n", choice->why);
}

bool uart_choose(struct uart_choice *choice, const struct config *config, const struct acpi *acpi, struct text *report)
{
    struct pci_serials serials = { .count = 0 };

    pci_each(serial_note, &serials);
    report_found(report, &serials);
    if (config->uart == CONFIG_UART_PCI && !serials.count)
        text_add(report, "UART passed over: there is no PCI serial function\r\n");
    for (unsigned number = 0; number < 2 + COM_COUNT + PCI_COUNT; number++) {
        if (!candidate(number, choice, config, acpi, &serials))
            continue;
        overrides_apply(choice, config, number == 0 || config->uart == CONFIG_UART_UNSET);
        if (choice_answers(choice)) {
            report_chosen(report, choice);
            return true;
        }
        if (number < 3)
            report_silent(report, choice);
    }
    text_add(report, "UART: none answers\r\n");
    return false;
}
