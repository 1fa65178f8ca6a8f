/* SPDX-License-Identifier: MIT */
/* stacks.h: the shape of a stack. It grows down, towards its guard page. */
#ifndef KDIO_BOOT_STACKS_H
#define KDIO_BOOT_STACKS_H

#define STACK_GUARD_SIZE 4096
#define STACK_SIZE       16384

#ifndef __ASSEMBLER__
struct __attribute__((aligned(STACK_GUARD_SIZE))) stack {
    char guard[STACK_GUARD_SIZE];
    char bytes[STACK_SIZE];
};

extern struct stack kernel_stack;
#endif

#endif
