/* SPDX-License-Identifier: MIT */
/*
 * access.S: the accesses that may fault, one instruction each, and the table that tells where each goes on after a
 * fault. No instruction here touches the stack but calls, so that RSP during an access is what was noted for it.
 */
#include "stub/access.h"

        .section .text.kdio_x86_64_access, "ax", @progbits
        .balign 16
        .globl kdio_x86_64_access
        .hidden kdio_x86_64_access
        .type kdio_x86_64_access, @function

/*
 * bool kdio_x86_64_access(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault
 * *fault) A load of less than 8 bytes sets all of *value.
 */
kdio_x86_64_access:
        movq %r8, ACCESS_FAULT(%rdi)
        movq %rsp, ACCESS_RSP(%rdi)
        movq %rcx, %r9
        movq (%r9), %rax
        movl %edx, %ecx
        leaq slots(%rip), %r10
        movl %esi, %esi
        leaq (%r10, %rsi, 8), %r10
        jmp *%r10

        /* By enum kdio_access, eight bytes each but for the last. */
        .balign 8
slots:
load8:  movzbl (%rdx), %eax
        jmp done
        .balign 8
load16: movzwl (%rdx), %eax
        jmp done
        .balign 8
load32: movl (%rdx), %eax
        jmp done
        .balign 8
load64: movq (%rdx), %rax
        jmp done
        .balign 8
store8: movb %al, (%rdx)
        jmp done
        .balign 8
store16:
        movw %ax, (%rdx)
        jmp done
        .balign 8
store32:
        movl %eax, (%rdx)
        jmp done
        .balign 8
store64:
        movq %rax, (%rdx)
        jmp done
        .balign 8
read_msr:
        rdmsr
        jmp join
        .balign 8
        movq %rax, %rdx
        shrq $32, %rdx
write_msr:
        wrmsr
join:   shlq $32, %rdx
        orq %rdx, %rax
done:   movq %rax, (%r9)
        movb $1, %al
end:    andq $0, ACCESS_RSP(%rdi)
        ret
        /* RDX and RAX may be anything here, RDI and RSP are as they were. */
fault:  xorl %eax, %eax
        jmp end
        .size kdio_x86_64_access, . - kdio_x86_64_access

        .section .rodata.kdio_x86_64_accesses, "a", @progbits
        .balign 2
        .globl kdio_x86_64_accesses
        .hidden kdio_x86_64_accesses
        .type kdio_x86_64_accesses, @object
kdio_x86_64_accesses:
        .irp access, load8, load16, load32, load64, store8, store16, store32, store64, read_msr, write_msr
        .word \access - kdio_x86_64_access, fault - kdio_x86_64_access
        .endr
        .size kdio_x86_64_accesses, . - kdio_x86_64_accesses

#define IA32_EFER           0xc0000080
#define IA32_FS_BASE        0xc0000100
#define IA32_GS_BASE        0xc0000101
#define IA32_KERNEL_GS_BASE 0xc0000102

        .section .text.kdio_x86_64_registers, "ax", @progbits
        .globl kdio_x86_64_registers
        .hidden kdio_x86_64_registers
        .type kdio_x86_64_registers, @function

/* void kdio_x86_64_registers(void *context, uint64_t values[KDIO_REGISTERS]): none of these faults in ring 0. */
kdio_x86_64_registers:
        movq %rsi, %rdi
        subq $24, %rsp
        .irp register, cr0, cr2, cr3, cr4, cr8, dr0, dr1, dr2, dr3, dr6, dr7
        movq %\register, %rax
        stosq
        .endr
        movl $IA32_EFER, %ecx
        call store_msr
        movl $IA32_FS_BASE, %ecx
        call store_msr
        incl %ecx
        call store_msr
        incl %ecx
        call store_msr
        sgdt (%rsp)
        movq 2(%rsp), %rax
        stosq
        movzwl (%rsp), %edx
        sidt (%rsp)
        movq 2(%rsp), %rax
        stosq
        pushfq
        popq %rax
        stosq
        movl %edx, %eax
        stosq
        movzwl (%rsp), %eax
        stosq
        str %eax
        stosq
        sldt %eax
        stosq
        .irp register, cs, ss, ds, es, fs, gs
        movl %\register, %eax
        stosq
        .endr
        addq $24, %rsp
        ret
store_msr:
        rdmsr
        shlq $32, %rdx
        orq %rdx, %rax
        stosq
        ret
        .size kdio_x86_64_registers, . - kdio_x86_64_registers

        .section .note.GNU-stack, "", @progbits
