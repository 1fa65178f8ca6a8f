/* SPDX-License-Identifier: MIT */
/* boot.c: the part of the start that both entries share. Runs under the firmware's tables or the kernel's own. */
#include "stub/boot/boot.h"

#include "stub/boot/image.h"

void boot_init(struct boot *boot, const char *entry)
{
    boot->entry = entry;
    config_init(&boot->config);
    text_init(&boot->banner, boot->banner_bytes, sizeof boot->banner_bytes);
    text_add(&boot->banner, "kdio boot target %s (%s), image at 0x%lx\r\n", KDIO_VERSION, entry,
             (unsigned long)(uintptr_t)image_start);
}

bool boot_uart_choose(struct boot *boot)
{
    boot->uart_chosen = uart_choose(&boot->choice, &boot->config, &boot->acpi, &boot->banner);
    if (boot->config.unknown[0])
        text_add(&boot->banner, "settings not understood and ignored: %s\r\n", boot->config.unknown);
    return boot->uart_chosen;
}
