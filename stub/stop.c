/* SPDX-License-Identifier: MIT */
/*
 * stop.c: implements stop.h. Exceptions and flags as in SDM volume 3, chapters 6 and 17.
 *
 * A step runs with RFLAGS.TF set and IF clear, so that an interrupt which is pending stays pending and the next stop is
 * behind the one instruction. What the instruction itself does to the flags is told by its opcode.
 */
#include "stub/stop.h"

#include "stub/space.h"
#include "stub/stub.h"

#define VECTOR_DEBUG      1u
#define VECTOR_BREAKPOINT 3u

#define RFLAGS_TF 0x00000100u
#define RFLAGS_IF 0x00000200u
#define RFLAGS_RF 0x00010000u
#define RFLAGS_STEP (RFLAGS_TF | RFLAGS_IF) /* What a step changes. */
#define CS_RPL    3u

#define DR6           6u
#define REGISTER_DR6  9u /* Among what the machine tells. */
#define DR6_BREAKS    0x0000000fu
#define DR6_BS        0x00004000u
#define DR6_CLEAR     0xffff0ff0u
#define EVENT_PERIOD_US 250000u
#define FLUSH_US      100000u /* For the answer to go out before the kernel runs again. */

#define OPCODE_PUSHF 0x9cu
#define OPCODE_POPF  0x9du
#define OPCODE_IRET  0xcfu
#define OPCODE_HLT   0xf4u
#define OPCODE_CLI   0xfau
#define OPCODE_STI   0xfbu
#define INSTRUCTION_MAX 15u

/* ---- Why it stopped ---- */

static uint8_t debug_breakpoint(const struct kdio_stub *stub, uint64_t dr6)
{
    for (uint8_t id = 0; id < KDIO_HARDWARE_BREAKPOINTS; id++)
        if (dr6 >> id & 1 && stub->breakpoints.slots[id].used)
            return id;
    return KDIO_BREAKPOINT_NONE;
}

static uint8_t debug_reason(const struct kdio_stub *stub)
{
    const struct kdio_stop *stop = &stub->stop;

    if (stop->breakpoint != KDIO_BREAKPOINT_NONE)
        return stub->breakpoints.slots[stop->breakpoint].kind == KDIO_BREAKPOINT_EXECUTE ? KDIO_STOP_BREAKPOINT
                                                                                        : KDIO_STOP_WATCHPOINT;
    return stop->stepping && stop->dr6 & DR6_BS ? KDIO_STOP_STEP : KDIO_STOP_EXCEPTION;
}

/* The processor never clears DR6 by itself. */
static void judge_debug(struct kdio_stub *stub)
{
    struct kdio_stop *stop = &stub->stop;

    stop->dr6 = kdio_stop_system_register(stub, REGISTER_DR6);
    kdio_stop_debug_set(stub, DR6, DR6_CLEAR);
    stop->breakpoint = debug_breakpoint(stub, stop->dr6);
    stop->reason = debug_reason(stub);
}

/* Our int3 is not there for the kernel: RIP goes back to it. While one is lifted it is the kernel's own that struck. */
static void judge_int3(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;
    uint8_t id = kdio_breakpoint_under(stub, frame->rip - 1);

    stop->reason = KDIO_STOP_BREAKPOINT;
    if (id == KDIO_BREAKPOINT_NONE || (stop->stepping && id == stop->lifted))
        return;
    stop->breakpoint = id;
    frame->rip--;
}

static void judge(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;

    stop->breakpoint = KDIO_BREAKPOINT_NONE;
    stop->dr6 = 0;
    if (frame->vector == VECTOR_DEBUG)
        judge_debug(stub);
    else if (frame->vector == VECTOR_BREAKPOINT)
        judge_int3(stub, frame);
    else
        stop->reason = frame->vector == KDIO_TRAP_BREAK ? KDIO_STOP_BREAK : KDIO_STOP_EXCEPTION;
}

/* ---- One step ---- */

static bool is_prefix(uint8_t byte)
{
    return (byte & 0xf0) == 0x40 || byte == 0x66 || byte == 0x67 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
           byte == 0x26 || byte == 0x64 || byte == 0x65 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

/* Apart, so that it is not on the stack while the kernel stands still. */
static bool __attribute__((noinline)) access(const struct kdio_stub *stub, bool store, uint64_t at, unsigned width,
                                             uint64_t *value)
{
    unsigned what = (store ? KDIO_ACCESS_STORE : KDIO_ACCESS_LOAD) + (unsigned)__builtin_ctz(width);
    struct kdio_stub_fault fault;

    return stub->machine.access(stub->machine.context, (enum kdio_access)what, at, value, &fault);
}

/* Notes the opcode's first byte; 0 where the instruction cannot be read: it will fault. Returns how many bytes end with
 * it. */
static unsigned read_opcode(struct kdio_stub *stub, uint64_t rip)
{
    uint64_t byte = 0;

    stub->stop.opcode = 0;
    for (unsigned i = 0; i < INSTRUCTION_MAX; i++) {
        if (!access(stub, false, rip + i, 1, &byte))
            return 0;
        if (!is_prefix((uint8_t)byte)) {
            stub->stop.opcode = (uint8_t)byte;
            return i + 1;
        }
    }
    return 0;
}

static void put_back(struct kdio_stub *stub)
{
    struct kdio_stop *stop = &stub->stop;

    if (stop->lifted != KDIO_BREAKPOINT_NONE)
        kdio_breakpoint_put(stub, stop->lifted);
    stop->lifted = KDIO_BREAKPOINT_NONE;
}

/* False when it is over at once: HLT with interrupts off would never end. The kernel goes on behind it, as after an
 * interrupt that was nobody's. */
static bool step_begin(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;
    unsigned size;

    stop->lifted = kdio_breakpoint_under(stub, frame->rip);
    if (stop->lifted != KDIO_BREAKPOINT_NONE)
        kdio_breakpoint_lift(stub, stop->lifted);
    size = read_opcode(stub, frame->rip);
    stop->user = frame->cs & CS_RPL;
    if (stop->opcode == OPCODE_HLT && !stop->user) {
        frame->rip += size;
        put_back(stub);
        return false;
    }
    stop->stepping = true;
    stop->flags = frame->rflags & RFLAGS_STEP;
    frame->rflags = (frame->rflags & ~(uint64_t)RFLAGS_IF) | RFLAGS_TF | RFLAGS_RF;
    return true;
}

static uint64_t with_flags(uint64_t flags, unsigned mask, uint64_t from)
{
    return (flags & ~(uint64_t)mask) | (from & mask);
}

/* Flags that the instruction pushed hold the step's TF and IF: they become what they would have been. */
static void mend_pushed_flags(const struct kdio_stub *stub, uint64_t at)
{
    uint64_t flags = 0;

    if (!access(stub, false, at, 2, &flags))
        return;
    flags = with_flags(flags, RFLAGS_STEP, stub->stop.flags);
    (void)access(stub, true, at, 2, &flags);
}

/* Those of the step's flags that the instruction set. A user's cannot set IF. */
static unsigned set_by(const struct kdio_stop *stop)
{
    unsigned interrupts = stop->user ? 0 : RFLAGS_IF;

    if (stop->opcode == OPCODE_POPF || stop->opcode == OPCODE_IRET)
        return RFLAGS_TF | interrupts;
    return stop->opcode == OPCODE_CLI || stop->opcode == OPCODE_STI ? interrupts : 0;
}

/* Whether the instruction was done or not: an exception, or another breakpoint, may have come first. */
static void step_end(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;
    bool done = stop->dr6 & DR6_BS;

    stop->stepping = false;
    put_back(stub);
    if (done && stop->opcode == OPCODE_PUSHF)
        mend_pushed_flags(stub, frame->rsp);
    frame->rflags = with_flags(frame->rflags, RFLAGS_STEP & ~(done ? set_by(stop) : 0), stop->flags);
}

/* ---- Stopped ---- */

static bool answer_waits(struct kdio_stub *stub)
{
    return kdio_stub_link_tx_pending(&stub->link, kdio_stub_now_us(stub));
}

/* The answer goes out while the kernel still stands: it may run without ever coming back here. */
static void flush(struct kdio_stub *stub)
{
    uint64_t from_us = kdio_stub_now_us(stub);

    while (answer_waits(stub) && kdio_stub_now_us(stub) - from_us < FLUSH_US)
        (void)kdio_stub_work(stub, true);
}

/* L11: until it was fetched. */
static void tell(struct kdio_stub *stub)
{
    struct kdio_stop *stop = &stub->stop;
    uint64_t now_us = kdio_stub_now_us(stub);

    if (stop->fetched || now_us < stop->event_us)
        return;
    kdio_stub_link_event(&stub->link);
    stop->event_us = now_us + EVENT_PERIOD_US;
}

static void stand_still(struct kdio_stub *stub, struct kdio_trap_frame *frame, bool fetched)
{
    struct kdio_stop *stop = &stub->stop;

    stop->frame = frame;
    stop->wanted = false;
    stop->resume = KDIO_RESUME_NOT;
    stop->count++;
    stop->fetched = fetched;
    stop->event_us = 0;
    while (stop->resume == KDIO_RESUME_NOT) {
        tell(stub);
        (void)kdio_stub_work(stub, true);
    }
    stop->frame = NULL;
}

/* A step that took no instruction to run. */
static void judge_skipped(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    frame->vector = VECTOR_DEBUG;
    frame->error_code = 0;
    stub->stop.dr6 = DR6_BS;
    stub->stop.breakpoint = KDIO_BREAKPOINT_NONE;
    stub->stop.reason = KDIO_STOP_STEP;
}

/* True when the kernel is to run. */
static bool leave(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;
    bool step = stop->resume == KDIO_RESUME_STEP;

    stop->step_is_own = !step;
    if (!step)
        flush(stub);
    if (!step && kdio_breakpoint_under(stub, frame->rip) == KDIO_BREAKPOINT_NONE) {
        frame->rflags |= RFLAGS_RF; /* An execute breakpoint of the debug registers is passed once. */
        return true;
    }
    if (step_begin(stub, frame) || !step)
        return true;
    judge_skipped(stub, frame);
    return false;
}

static bool is_own_step(const struct kdio_stub *stub)
{
    return stub->stop.step_is_own && stub->stop.reason == KDIO_STOP_STEP;
}

/* Inside the stub, which may hold there what it needs to hear the host, the kernel does not stop: a step into it ends behind
 * it. */
static bool goes_through_stub(const struct kdio_stub *stub, const struct kdio_trap_frame *frame)
{
    return stub->stop.reason == KDIO_STOP_STEP && kdio_x86_64_is_own_code(frame->rip);
}

/* Looked for by its address alone, as the way to memory may be where it struck. Taken out for good. */
static bool pass_int3(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    uint8_t id = kdio_breakpoint_at(stub, frame->rip - 1);

    if (id == KDIO_BREAKPOINT_NONE)
        return false;
    (void)kdio_breakpoint_clear(stub, id);
    frame->rip--;
    return true;
}

/* The host looks at memory that it watches, or the stub calls code with a breakpoint. */
static bool pass_debug(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    if (debug_breakpoint(stub, kdio_stop_system_register(stub, REGISTER_DR6)) == KDIO_BREAKPOINT_NONE)
        return false;
    kdio_stop_debug_set(stub, DR6, DR6_CLEAR);
    frame->rflags |= RFLAGS_RF;
    return true;
}

/* A stub that is at work on this processor cannot be entered, and one without its UART cannot ask: what comes of the
 * host's breakpoints is passed over. */
static bool beside(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    if (frame->vector == VECTOR_DEBUG)
        return pass_debug(stub, frame);
    return frame->vector == VECTOR_BREAKPOINT && pass_int3(stub, frame);
}

/* Until the kernel is to run. What the host is told by the answer to its step it knows. */
static void stop_here(struct kdio_stub *stub, struct kdio_trap_frame *frame, bool fetched)
{
    do {
        stand_still(stub, frame, fetched);
        fetched = true;
    } while (!leave(stub, frame));
}

bool kdio_stop_possible(const struct kdio_stub *stub)
{
    return stub->config.traps && stub->config.faults && stub->config.map && stub->machine.debug_set;
}

bool kdio_stub_trap(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop;
    bool stepped, handled;

    if (!stub || !kdio_stop_possible(stub))
        return false;
    stop = &stub->stop;
    stepped = stop->stepping;
    if (!stepped && !kdio_stub_take(&stub->busy))
        return beside(stub, frame);
    stub->entered_rsp = (uintptr_t)&stepped;
    if (!stub->link.current.key.challenge || stub->suspended) {
        handled = beside(stub, frame);
        kdio_stub_release(&stub->busy);
        return handled;
    }
    judge(stub, frame);
    if (stepped)
        step_end(stub, frame);
    if (stepped && goes_through_stub(stub, frame) && step_begin(stub, frame))
        return true;
    if (!stepped || !is_own_step(stub))
        stop_here(stub, frame, stepped && !stop->step_is_own);
    if (!stop->stepping)
        kdio_stub_release(&stub->busy);
    return true;
}
