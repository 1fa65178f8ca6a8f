/* SPDX-License-Identifier: MIT */
/*
 * trials.h: code to be debugged. Each begins with an int3, so that a debugger is in front of what is hard about it;
 * without one the kernel would die of it.
 */
#ifndef KDIO_BOOT_TRIALS_H
#define KDIO_BOOT_TRIALS_H

/* X(name, what it is) */
#define TRIALS(X) \
    X(registers, "known values in all registers") \
    X(mixed, "a thousand steps of mixed code with interrupts off") \
    X(flags, "pushf and popf") \
    X(iret, "iret") \
    X(stack_segment, "mov to SS and pop of SS") \
    X(detect, "DR7.GD: an access to a debug register") \
    X(repeated, "a repeated string instruction") \
    X(faulting, "a load from an address that is not canonical") \
    X(pending, "an interrupt is pending") \
    X(output, "rep outsb to port 80") \
    X(halting, "hlt")

#define X(name, what) void trial_##name(void);
TRIALS(X)
#undef X

#endif
