/* SPDX-License-Identifier: MIT */
/*
 * step.h: one instruction of the kernel's, run by RFLAGS.TF. IF is clear meanwhile, so that an interrupt which is
 * pending stays pending and the next trap on this processor is behind the one instruction. What the instruction itself
 * does to the flags is told by its opcode.
 */
#ifndef KDIO_STUB_STEP_H
#define KDIO_STUB_STEP_H

#include <kdio_stub.h>

#define KDIO_VECTOR_DEBUG 1u
#define KDIO_REGISTER_DR6 9u /* Among what the machine tells. */
#define KDIO_DR6_BS       0x00004000u

/* An instruction that is being run. */
struct kdio_step {
    bool active;
    bool user;          /* It is not the kernel's own. */
    uint8_t lifted;     /* The int3 that is out for it; KDIO_BREAKPOINT_NONE. */
    uint8_t opcode;     /* Behind its prefixes. */
    uint16_t flags;     /* RFLAGS before it, as far as a step changes them. */
    uint32_t processor; /* Which runs it: the others run on, and trap. */
};

/* The one that asks: its APIC identifier, and 1, so that 0 is none. */
uint32_t kdio_step_processor(const struct kdio_stub *stub);

/* Noted as `opcode` for what cannot be stepped: INT n, SYSCALL, SYSRET, SYSENTER, SYSEXIT. */
#define KDIO_OPCODE_INT 0xcdu

/* The instruction at RIP runs when the frame is gone on with. False when it is over at once, RIP behind it, or when it
 * cannot be stepped, RIP as before. */
bool kdio_step_begin(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame);

/* To be asked in a trap: whether it ends this step. */
bool kdio_step_is_of(const struct kdio_stub *stub, const struct kdio_step *step, uint32_t processor,
                     const struct kdio_trap_frame *frame);

/* Whether the instruction was done or not: an exception, or another breakpoint, may have come first. */
void kdio_step_end(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame, bool done);

#endif
