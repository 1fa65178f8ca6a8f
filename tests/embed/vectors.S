/* SPDX-License-Identifier: MIT */
/*
 * vectors.S: one 16-byte gate for each vector, all leading to interrupts_trap with a complete struct trap_frame.
 */
#define VECTOR_COUNT 48

/* interrupts.c's table of segments. */
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10

/* Exceptions that push an error code: 8, 10 to 14, 17, 21, 29, 30 (Intel SDM volume 3, table 6-1; AMD APM volume 2). */
#define ERROR_CODES  0x60227d00

    .text
    .globl vectors
    .balign 16
vectors:
    .set vector, 0
    .rept VECTOR_COUNT
    .balign 16
    .if ((ERROR_CODES >> vector) & 1) == 0
    pushq $0
    .endif
    pushq $vector
    jmp save
    .set vector, vector + 1
    .endr

/* The processor aligned the stack to 16 before its five pushes; with the two above and these 15 it is aligned again. */
save:
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
    call interrupts_trap
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

/* void segments_load(const struct table_register *gdt): loads the table and every segment register from it. */
    .globl segments_load
segments_load:
    lgdt (%rdi)
    popq %rdi
    pushq $SELECTOR_CODE
    pushq %rdi
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    lretq

    .section .note.GNU-stack, "", @progbits
