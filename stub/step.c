/* SPDX-License-Identifier: MIT */
/* step.c: implements step.h. Flags as in SDM volume 3, 17.3. */
#include "stub/step.h"

#include "stub/space.h"
#include "stub/stub.h"

#define RFLAGS_TF 0x00000100u
#define RFLAGS_IF 0x00000200u
#define RFLAGS_RF 0x00010000u
#define RFLAGS_STEP (RFLAGS_TF | RFLAGS_IF) /* What a step changes. */
#define CS_RPL    3u

#define OPCODE_ESCAPE   0x0fu
#define OPCODE_SYSCALL  0x05u /* Behind the escape; SYSRET is 07, */
#define OPCODE_SYSENTER 0x34u /* and SYSEXIT 35. */
#define OPCODE_GROUP_7  0x01u
#define MODRM_MWAIT     0xc9u
#define OPCODE_PUSHF 0x9cu
#define OPCODE_POPF  0x9du
#define OPCODE_IRET  0xcfu
#define OPCODE_ICEBP 0xf1u
#define OPCODE_HLT   0xf4u
#define OPCODE_CLI   0xfau
#define OPCODE_STI   0xfbu
#define INSTRUCTION_MAX 15u
#define LOG_FLAGS       1u /* Of the bytes that hold them. */

/* REX, segments, operand and address size, LOCK and REP. */
static bool is_prefix(uint8_t byte)
{
    return (byte & 0xf0) == 0x40 || (byte & 0xe7) == 0x26 || (byte & 0xfc) == 0x64 ||
           ((byte & 0xfc) == 0xf0 && byte != OPCODE_ICEBP);
}

/* The byte at RIP + size, which is counted; 0 where it cannot be read. */
static uint8_t read_code(const struct kdio_stub *stub, uint64_t rip, unsigned *size)
{
    uint64_t byte = 0;

    (void)kdio_space_try(stub, KDIO_ACCESS_LOAD, rip + (*size)++, &byte);
    return (uint8_t)byte;
}

/* Notes the opcode's first byte; 0, an ADD, also where the instruction cannot be read: it will fault. Of opcodes of more
 * bytes those that matter are noted as what they are like. Returns how many bytes end with it. */
static unsigned read_opcode(const struct kdio_stub *stub, struct kdio_step *step, uint64_t rip)
{
    unsigned size = 0;
    uint8_t byte;

    do
        byte = read_code(stub, rip, &size);
    while (is_prefix(byte) && size < INSTRUCTION_MAX);
    step->opcode = byte;
    if (byte != OPCODE_ESCAPE)
        return size;
    byte = read_code(stub, rip, &size);
    if ((byte & 0xfd) == OPCODE_SYSCALL || (byte & 0xfe) == OPCODE_SYSENTER)
        step->opcode = KDIO_OPCODE_INT;
    if (byte == OPCODE_GROUP_7 && read_code(stub, rip, &size) == MODRM_MWAIT)
        step->opcode = OPCODE_HLT;
    return size;
}

/* A gate clears TF: what traps without it, but for a step that cleared it itself, is not the instruction but a handler
 * that runs in the midst of it. */
bool kdio_step_is_of(const struct kdio_stub *stub, const struct kdio_step *step, uint32_t processor,
                     const struct kdio_trap_frame *frame)
{
    return step->active && step->processor == processor &&
           (frame->rflags & RFLAGS_TF ||
            (frame->vector == KDIO_VECTOR_DEBUG && kdio_stop_system_register(stub, KDIO_REGISTER_DR6) & KDIO_DR6_BS));
}

uint32_t kdio_step_processor(const struct kdio_stub *stub)
{
    return kdio_processor_apic_id(stub) + 1;
}

/* It is over before its int3 is back: memory that is watched may strike there. */
static void finish(struct kdio_stub *stub, struct kdio_step *step)
{
    uint8_t lifted = step->lifted;

    step->lifted = KDIO_BREAKPOINT_NONE;
    step->active = false;
    if (lifted != KDIO_BREAKPOINT_NONE)
        kdio_breakpoint_put(stub, lifted);
}

/* HLT with interrupts off would never end. The kernel goes on behind it, as after an interrupt that was nobody's. No
 * trap comes behind INT n and its like: an int3 that is out for it stays so until memory is looked at. */
bool kdio_step_begin(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame)
{
    unsigned size;

    step->processor = kdio_step_processor(stub);
    step->lifted = kdio_breakpoint_under(stub, frame->rip);
    if (step->lifted != KDIO_BREAKPOINT_NONE)
        kdio_breakpoint_lift(stub, step->lifted);
    size = read_opcode(stub, step, frame->rip);
    step->user = frame->cs & CS_RPL;
    if (step->opcode == KDIO_OPCODE_INT)
        return false;
    if (step->opcode == OPCODE_HLT && !step->user) {
        frame->rip += size;
        finish(stub, step);
        return false;
    }
    step->active = true; /* Not before: what the code was read from may be watched. */
    step->flags = frame->rflags & RFLAGS_STEP;
    frame->rflags = (frame->rflags & ~(uint64_t)RFLAGS_IF) | RFLAGS_TF | RFLAGS_RF;
    return true;
}

static uint64_t with_flags(uint64_t flags, unsigned mask, uint64_t from)
{
    return (flags & ~(uint64_t)mask) | (from & mask);
}

/* Flags that the instruction pushed hold the step's TF and IF: they become what they would have been. */
static void mend_pushed_flags(const struct kdio_stub *stub, const struct kdio_step *step, uint64_t at)
{
    uint64_t flags = 0;

    if (!kdio_space_try(stub, KDIO_ACCESS_LOAD + LOG_FLAGS, at, &flags))
        return;
    flags = with_flags(flags, RFLAGS_STEP, step->flags);
    (void)kdio_space_try(stub, KDIO_ACCESS_STORE + LOG_FLAGS, at, &flags);
}

/* Those of the step's flags that the instruction set. A user's cannot set IF. */
static unsigned set_by(const struct kdio_step *step)
{
    unsigned interrupts = step->user ? 0 : RFLAGS_IF;

    if (step->opcode == OPCODE_POPF || step->opcode == OPCODE_IRET)
        return RFLAGS_TF | interrupts;
    return step->opcode == OPCODE_CLI || step->opcode == OPCODE_STI ? interrupts : 0;
}

void kdio_step_end(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame, bool done)
{
    finish(stub, step);
    if (done && step->opcode == OPCODE_PUSHF)
        mend_pushed_flags(stub, step, frame->rsp);
    frame->rflags = with_flags(frame->rflags, RFLAGS_STEP & ~(done ? set_by(step) : 0), step->flags);
}
