/* SPDX-License-Identifier: MIT */
/*
 * entry.S: from the loader's 32-bit entry to kernel_main at the top of the address space.
 *
 * The loader finds the entry in an ELF note (PVH, as QEMU's -kernel and Xen know it) and jumps to it in flat 32-bit
 * protected mode with paging off. The first GiB of memory is mapped twice, at 0 and at KERNEL_BASE; the first mapping
 * exists for the few instructions between turning paging on and the jump up.
 */
#define KERNEL_BASE 0xffffffff80000000
#define LOW(symbol) (symbol - KERNEL_BASE)

#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define PAGE_PRESENT_WRITABLE       0x003
#define PAGE_PRESENT_WRITABLE_LARGE 0x083
#define TABLE_ENTRIES               512
#define LARGE_PAGE_SHIFT            21

#define CR0_PE  0x00000001
#define CR0_EM  0x00000004
#define CR0_WP  0x00010000
#define CR0_PG  0x80000000
#define CR4_PAE 0x00000020
#define MSR_EFER 0xc0000080
#define EFER_LME 0x00000100

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10

/* The description is 8 bytes wide: a loader of 64-bit ELF files reads it so. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad LOW(entry)

    .section .text.entry, "ax"
    .code32
    .globl entry
entry:
    cld
    movl $LOW(stack_top), %esp
    call fill_tables
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $LOW(page_root), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
/* EM makes any x87, MMX or SSE instruction a fault: this kernel has no such state to save. */
    movl $(CR0_PG | CR0_WP | CR0_EM | CR0_PE), %eax
    movl %eax, %cr0
    lgdt LOW(entry_gdt_register)
    ljmp $SELECTOR_CODE, $LOW(entry_long)

fill_tables:
    movl $LOW(page_low_1g), %eax
    orl $PAGE_PRESENT_WRITABLE, %eax
    movl %eax, LOW(page_root)
    movl $LOW(page_high_1g), %eax
    orl $PAGE_PRESENT_WRITABLE, %eax
    movl %eax, LOW(page_root) + 511 * 8
    movl $LOW(page_2m), %eax
    orl $PAGE_PRESENT_WRITABLE, %eax
    movl %eax, LOW(page_low_1g)
    movl %eax, LOW(page_high_1g) + 510 * 8
    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $LARGE_PAGE_SHIFT, %eax
    orl $PAGE_PRESENT_WRITABLE_LARGE, %eax
    movl %eax, LOW(page_2m)(, %ecx, 8)
    incl %ecx
    cmpl $TABLE_ENTRIES, %ecx
    jne 1b
    ret

    .code64
entry_long:
    movabsq $entry_high, %rax
    jmp *%rax
entry_high:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $stack_top, %rsp
    xorl %ebp, %ebp
    call kernel_main
1:  cli
    hlt
    jmp 1b

    .section .rodata.entry, "a"
    .balign 8
entry_gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* 64-bit code */
    .quad 0x00cf92000000ffff /* data */
entry_gdt_register:
    .word . - entry_gdt - 1
    .long LOW(entry_gdt)

    .section .bss.entry, "aw", @nobits
    .balign 4096
    .globl page_root
page_root:
    .skip 4096
page_low_1g:
    .skip 4096
page_high_1g:
    .skip 4096
page_2m:
    .skip 4096
stack:
    .skip 16384
stack_top:

    .section .note.GNU-stack, "", @progbits
