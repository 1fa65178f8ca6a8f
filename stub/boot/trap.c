/* SPDX-License-Identifier: MIT */
/* trap.c: implements trap.h. */
#include "stub/boot/trap.h"

#include "stub/boot/kernel.h"

/* X(field), those that both frames have. */
#define REGISTERS(X) \
    X(rax) X(rbx) X(rcx) X(rdx) X(rsi) X(rdi) X(rbp) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) X(r14) X(r15) X(rip) X(cs) \
    X(rflags) X(rsp) X(ss)

bool trap_enter(struct interrupt_frame *frame, uint64_t vector)
{
    struct kdio_trap_frame trap = { .vector = vector, .error_code = frame->error };

#define OUT(field) trap.field = frame->field;
    REGISTERS(OUT)
#undef OUT
    if (!kdio_stub_trap(kernel.stub, &trap))
        return false;
#define BACK(field) frame->field = trap.field;
    REGISTERS(BACK)
#undef BACK
    return true;
}
