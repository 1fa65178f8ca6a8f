/* SPDX-License-Identifier: MIT */
/* trials.S: implements trials.h. Callee-saved registers come back as they were; labels are where tests look. */
        .text

        .macro trial name
        .balign 16
        .globl trial_\name
        .hidden trial_\name
        .type trial_\name, @function
trial_\name:
        .endm

        .macro save
        pushfq
        pushq %rbx
        pushq %rbp
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        .endm

        .macro restore
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbp
        popq %rbx
        popfq
        .endm

        trial registers
        save
        movabsq $0x1111111122222222, %rax
        movabsq $0x3333333344444444, %rbx
        movabsq $0x5555555566666666, %rcx
        movabsq $0x7777777788888888, %rdx
        movabsq $0x99999999aaaaaaaa, %rsi
        movabsq $0xbbbbbbbbcccccccc, %rdi
        movabsq $0xddddddddeeeeeeee, %rbp
        movabsq $0x0123456789abcdef, %r8
        movabsq $0xfedcba9876543210, %r9
        movabsq $0x1010101010101010, %r10
        movabsq $0x2020202020202020, %r11
        movabsq $0x3030303030303030, %r12
        movabsq $0x4040404040404040, %r13
        movabsq $0x5050505050505050, %r14
        movabsq $0x6060606060606060, %r15
        cli
        std
        stc
        .globl trial_registers_loaded
        .hidden trial_registers_loaded
        int3
trial_registers_loaded:
        cld
        restore
        ret

        /* Branches, calls, memory, strings, flags: 1,000 steps and more. */
        trial mixed
        save
        cli
        movl $60, %ecx
        xorl %eax, %eax
        int3
mixed_loop:
        leal (%rax, %rcx, 4), %eax
        imull $0x01000193, %eax, %eax
        testl $4, %eax
        jz 1f
        rorl $7, %eax
        call mixed_leaf
1:      pushq %rax
        pushfq
        popq %rdx
        popq %rbx
        xchgq %rbx, %rdx
        cmpq %rbx, %rdx
        setb %bl
        leaq -128(%rsp), %rdi
        movq %rcx, %r8
        movl $3, %ecx
        rep stosb
        movq %r8, %rcx
        bswap %eax
        cmovnzl %edx, %esi
        loop mixed_loop
        restore
        ret
mixed_leaf:
        xorb $0x55, %al
        nop
        ret

        trial flags
        save
        sti
        int3
        pushfq
        popq %rax
        pushq $0x246
        popfq
        nop
        pushq $0x46
        popfq
        nop
        restore
        ret

        trial iret
        save
        sti
        int3
        movq %rsp, %rax
        pushq $0x10
        pushq %rax
        pushfq
        pushq $0x08
        leaq 1f(%rip), %rcx
        pushq %rcx
        movw %ss, %dx
        movw %dx, 32(%rsp)
        movw %cs, %dx
        movw %dx, 8(%rsp)
        iretq
        nop
1:      nop
        restore
        ret

        trial stack_segment
        save
        int3
        movw %ss, %ax
        movw %ax, %ss
        nop
        nop
        restore
        ret

        trial detect
        movq %dr7, %rax
        orq $0x2000, %rax
        int3
        movq %rax, %dr7
        movq %dr3, %rax
        nop
        ret

        trial repeated
        save
        leaq -256(%rsp), %rdi
        movl $5, %ecx
        xorl %eax, %eax
        int3
        rep stosb
        nop
        restore
        ret

        trial faulting
        movabsq $0x8000000000000000, %rax
        int3
        movq (%rax), %rcx
        nop
        ret

        /* A hundredth of a second passes by a wide margin while interrupts are off. */
        trial pending
        save
        cli
        rdtsc
        shlq $32, %rdx
        orq %rdx, %rax
        movabsq $400000000, %rcx
        addq %rax, %rcx
1:      rdtsc
        shlq $32, %rdx
        orq %rdx, %rax
        cmpq %rcx, %rax
        jb 1b
        int3
        sti
        nop
        nop
        nop
        restore
        ret

        trial output
        save
        leaq trial_text(%rip), %rsi
        movl $4, %ecx
        movw $0x80, %dx
        int3
        rep outsb
        nop
        restore
        ret

        trial halting
        save
        sti
        int3
        hlt
        nop
        restore
        ret

        .section .rodata
trial_text:
        .ascii "kdio"

        .section .note.GNU-stack, "", @progbits
