/* SPDX-License-Identifier: MIT */
/* panic.h: the end of the kernel, but not of the stub: the text goes out, and requests are answered, for ever. */
#ifndef KDIO_BOOT_PANIC_H
#define KDIO_BOOT_PANIC_H

#include "stub/boot/interrupts.h"

/* An exception that nobody handles. */
void panic_exception(struct interrupt_frame *frame);

#endif
