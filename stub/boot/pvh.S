/* SPDX-License-Identifier: MIT */
/*
 * pvh.S: the PVH entry: 32-bit protected mode without paging, EBX points to hvm_start_info (Xen, docs/misc/pvh.pandoc).
 * Maps the low 4 GiB to themselves, which the kernel replaces soon, and goes on in long mode on the kernel's stack.
 */
#include "stub/boot/stacks.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define CR0_PE_PG       0x80000001
#define CR4_PAE         0x20
#define CR4_LA57        0x1000
#define CPUID_7_ECX_LA57 0x10000
#define EFER_LME        0x100
#define MSR_EFER        0xc0000080
#define PRESENT_WRITE   0x3
#define PRESENT_WRITE_LARGE 0x83
#define DIRECTORY_ENTRIES 2048 /* 4 GiB in pages of 2 MiB. */

        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .quad pvh_start

        .bss
        .balign 4096
pml5:   .skip 4096
pml4:   .skip 4096
pdpt:   .skip 4096
directories:
        .skip 4 * 4096

        .section .rodata
        .balign 8
gdt:    .quad 0, 0x00209a0000000000, 0x0000920000000000
gdt_pointer:
        .word . - gdt - 1
        .long gdt

        .text
        .code32
        .globl pvh_start
pvh_start:
        cli
        cld
        movl %ebx, %esi

        movl $directories, %edi
        xorl %ecx, %ecx
1:      movl %ecx, %eax
        shll $21, %eax
        orl $PRESENT_WRITE_LARGE, %eax
        movl %eax, (%edi, %ecx, 8)
        movl $0, 4(%edi, %ecx, 8)
        incl %ecx
        cmpl $DIRECTORY_ENTRIES, %ecx
        jne 1b

        movl $pdpt, %edi
        movl $(directories + PRESENT_WRITE), (%edi)
        movl $(directories + 4096 + PRESENT_WRITE), 8(%edi)
        movl $(directories + 2 * 4096 + PRESENT_WRITE), 16(%edi)
        movl $(directories + 3 * 4096 + PRESENT_WRITE), 24(%edi)
        movl $(pdpt + PRESENT_WRITE), pml4

        /* Five levels where the processor has them: it cannot be changed later. */
        xorl %eax, %eax
        cpuid
        xorl %ecx, %ecx
        cmpl $7, %eax
        jb 2f
        movl $7, %eax
        cpuid
2:      movl $pml4, %edi
        movl $CR4_PAE, %edx
        testl $CPUID_7_ECX_LA57, %ecx
        jz 3f
        movl $(pml4 + PRESENT_WRITE), pml5
        movl $pml5, %edi
        orl $CR4_LA57, %edx
3:      movl %edi, %cr3
        movl %edx, %cr4
        movl $MSR_EFER, %ecx
        rdmsr
        orl $EFER_LME, %eax
        wrmsr
        movl $CR0_PE_PG, %eax
        movl %eax, %cr0
        lgdt gdt_pointer
        ljmp $8, $long_mode

        .code64
long_mode:
        movl $16, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        leaq kernel_stack + STACK_GUARD_SIZE + STACK_SIZE(%rip), %rsp
        xorl %ebp, %ebp
        movl %esi, %edi
        call pvh_main
        ud2

        .section .note.GNU-stack, "", @progbits
