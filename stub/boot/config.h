/* SPDX-License-Identifier: MIT */
/*
 * config.h: the boot target's settings, as words: key=value, parted by blanks or line ends; '#' starts a comment that
 * goes to the end of its line. The same words stand in \kdio.cfg, in an EFI load option and on the kernel command line.
 *
 *   uart=0x2f8          16550 at an I/O port
 *   uart=mmio:0xfebf0000 16550 in memory; stride=1 or stride=4 is the distance of its registers
 *   uart=pci            first PCI serial function (class 07, subclass 00)
 *   baud=115200         0 leaves rate and format as the firmware set them
 *   clock=1843200       input clock of the UART in Hz
 *   irq=4               ISA interrupt, or global system interrupt from 16 on
 *   poll=1              use no UART interrupt
 *   mode=spin|halt      idle loop polls for ever, or halts
 *   memory=8192         bytes given to the stub
 *   deny=safe           refuse the ports that reset or power off a PC
 *   readonly=1          refuse all output
 *
 * Pure: depends on nothing but its arguments.
 */
#ifndef KDIO_BOOT_CONFIG_H
#define KDIO_BOOT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_uart {
    CONFIG_UART_UNSET, /* SPCR, else COM1. */
    CONFIG_UART_PORT,
    CONFIG_UART_MMIO,
    CONFIG_UART_PCI,
};

#define CONFIG_UNSET 0xffffffffu

struct config {
    enum config_uart uart;
    uint64_t base;
    uint32_t stride;   /* CONFIG_UNSET, 1 or 4. */
    uint32_t baud;     /* CONFIG_UNSET when not told. */
    uint32_t clock_hz; /* 0: the PC's 1843200. */
    uint32_t irq;      /* CONFIG_UNSET when not told. */
    uint32_t memory_size;
    bool poll;
    bool spin;
    bool deny_safe;
    bool read_only;
    char unknown[96]; /* Words that say nothing, blank after each; cut off when there are many. */
};

void config_init(struct config *config);

/* Takes `size` bytes of words. A later word wins over an earlier one; an unknown word or value changes nothing else. */
void config_parse(struct config *config, const char *words, size_t size);

#endif
