/* SPDX-License-Identifier: MIT */
/* boot.h: what an entry (EFI or PVH) finds out and hands to the kernel. It stays in place for ever. */
#ifndef KDIO_BOOT_BOOT_H
#define KDIO_BOOT_BOOT_H

#include "stub/boot/acpi.h"
#include "stub/boot/config.h"
#include "stub/boot/memory.h"
#include "stub/boot/text.h"
#include "stub/boot/uart_choice.h"

#ifndef KDIO_VERSION
#define KDIO_VERSION "unversioned"
#endif

struct boot {
    const char *entry; /* "EFI" or "PVH". */
    struct memory_map memory;
    uint64_t image_end_pa; /* As memory_pool_init takes it. */
    struct config config;
    struct acpi acpi;
    bool uart_chosen; /* false: the kernel chooses, once all memory is mapped. */
    struct uart_choice choice;
    struct text banner;
    char banner_bytes[2048];
};

/* Sets an empty boot with default settings, and starts the banner. */
void boot_init(struct boot *boot, const char *entry);

/* Chooses the UART, and finishes the banner. Returns false when there is none to speak through. */
bool boot_uart_choose(struct boot *boot);

/* Switches to the kernel's stack and runs it. Interrupts are off, the firmware is gone. */
void __attribute__((noreturn)) kernel_enter(struct boot *boot);

/* The kernel, on its own stack. */
void __attribute__((noreturn)) kernel_main(struct boot *boot);

#endif
