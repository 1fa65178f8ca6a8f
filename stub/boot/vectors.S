/* SPDX-License-Identifier: MIT */
/*
 * vectors.S: the 256 interrupt entries, and the way onto the kernel's stack. Position-independent. Every entry leaves
 * the same frame (struct interrupt_frame): an error code is pushed where the processor pushes none.
 */
#include "stub/boot/stacks.h"

        .text

        /* Vectors with an error code: 8, 10 to 14, 17, 21, 29 and 30 (SDM volume 3, table 6-1; AMD64 volume 2, 8.2). */
        .set ERROR_CODES, 0x60227d00

        .balign 16
        .globl interrupt_stubs
        .hidden interrupt_stubs
interrupt_stubs:
        .set vector, 0
        .rept 256
        .balign 16
        .if vector >= 32
        pushq $0
        .elseif ((ERROR_CODES >> vector) & 1) == 0
        pushq $0
        .endif
        pushq $vector
        jmp interrupt_common
        .set vector, vector + 1
        .endr

        .balign 16
interrupt_common:
        pushq %rax
        pushq %rbx
        pushq %rcx
        pushq %rdx
        pushq %rsi
        pushq %rdi
        pushq %rbp
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        cld
        movq %rsp, %rdi
        movq %rsp, %rbp
        andq $-16, %rsp
        call interrupt_dispatch
        movq %rbp, %rsp
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        popq %rbp
        popq %rdi
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rbx
        popq %rax
        addq $16, %rsp
        iretq

        .cfi_sections .debug_frame
        .globl kernel_enter
        .hidden kernel_enter
kernel_enter:
        .cfi_startproc
        .cfi_undefined rip      /* Nobody called: a debugger's backtrace ends here. */
        cli
        cld
        leaq kernel_stack + STACK_GUARD_SIZE + STACK_SIZE(%rip), %rsp
        xorl %ebp, %ebp
        call kernel_main
        ud2
        .cfi_endproc

        .section .note.GNU-stack, "", @progbits
