/* SPDX-License-Identifier: MIT */
/* trap.h: the kernel as the stub stops it, shows it, and lets it go on. */
#ifndef KDIO_BOOT_TRAP_H
#define KDIO_BOOT_TRAP_H

#include <stdbool.h>

#include "stub/boot/interrupts.h"

/* Hands the interrupted context to the stub; what the host changed is in the frame when it is true. */
bool trap_enter(struct interrupt_frame *frame, uint64_t vector);

/* For code that is not in an interrupt: stops here. */
static inline void trap_break(void)
{
    __asm__ volatile("int %0" : : "i"(VECTOR_BREAK) : "memory");
}

#endif
