/* SPDX-License-Identifier: MIT */
/* interrupts.h: vectors, and the frame that vectors.S builds. */
#ifndef KDIO_BOOT_INTERRUPTS_H
#define KDIO_BOOT_INTERRUPTS_H

#include <stdint.h>

#define VECTOR_DEBUG        1u
#define VECTOR_NMI          2u
#define VECTOR_BREAKPOINT   3u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT   14u
#define VECTOR_EXCEPTIONS   32u /* Those below are exceptions. */
#define VECTOR_PIC          0x20u /* 16 vectors. */
#define VECTOR_UART         0x31u /* In a class of its own, below the timer's. */
#define VECTOR_TIMER        0x41u
#define VECTOR_BREAK        0x50u /* The kernel's own: it stops for the host. */
#define VECTOR_SPURIOUS     0xffu

/* As vectors.S leaves it on the stack, lowest address first. */
struct interrupt_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error; /* 0 for vectors that bring none. */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* The entries, 16 bytes each. */
extern const char __attribute__((visibility("hidden"))) interrupt_stubs[];

/* Called by vectors.S with interrupts off. */
void interrupt_dispatch(struct interrupt_frame *frame);

#endif
