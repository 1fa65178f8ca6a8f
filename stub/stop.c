/* SPDX-License-Identifier: MIT */
/* stop.c: implements stop.h. Exceptions and flags as in SDM volume 3, chapters 6 and 17. */
#include "stub/stop.h"

#include "stub/space.h"
#include "stub/stub.h"

#define VECTOR_BREAKPOINT 3u

#define RFLAGS_RF     0x00010000u
#define DR6           6u
#define DR6_BREAKS    0x0000000fu
#define DR6_CLEAR     0xffff0ff0u
#define EVENT_PERIOD_US 250000u
#define FLUSH_US      100000u /* For the answer to go out before the kernel runs again. */

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
    return stop->step.active && stop->dr6 & KDIO_DR6_BS ? KDIO_STOP_STEP : KDIO_STOP_EXCEPTION;
}

/* The processor never clears DR6 by itself. */
static void judge_debug(struct kdio_stub *stub)
{
    struct kdio_stop *stop = &stub->stop;

    stop->dr6 = kdio_stop_system_register(stub, KDIO_REGISTER_DR6);
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
    if (id == KDIO_BREAKPOINT_NONE || (stop->step.active && id == stop->step.lifted))
        return;
    stop->breakpoint = id;
    frame->rip--;
}

static void judge(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;

    stop->breakpoint = KDIO_BREAKPOINT_NONE;
    stop->dr6 = 0;
    if (frame->vector == KDIO_VECTOR_DEBUG)
        judge_debug(stub);
    else if (frame->vector == VECTOR_BREAKPOINT)
        judge_int3(stub, frame);
    else
        stop->reason = frame->vector & KDIO_TRAP_BREAK ? KDIO_STOP_BREAK : KDIO_STOP_EXCEPTION;
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
    frame->vector = KDIO_VECTOR_DEBUG;
    frame->error_code = 0;
    stub->stop.dr6 = KDIO_DR6_BS;
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
    if (kdio_step_begin(stub, &stop->step, frame) || !step)
        return true;
    if (stop->step.opcode != KDIO_OPCODE_INT)
        judge_skipped(stub, frame);
    return false;
}

static bool is_own_step(const struct kdio_stub *stub)
{
    return stub->stop.step_is_own && stub->stop.reason == KDIO_STOP_STEP;
}

/* Inside the stub, which may hold there what it needs to hear the host, the kernel does not stop: a step into it ends
 * behind it. */
static bool goes_through_stub(const struct kdio_stub *stub, const struct kdio_trap_frame *frame)
{
    return stub->stop.reason == KDIO_STOP_STEP && kdio_x86_64_is_own_code(frame->rip);
}

/* ---- Beside a stub that is at work ---- */

static void release(struct kdio_stub *stub)
{
    stub->stop.holder = KDIO_NOBODY;
    kdio_stub_release(&stub->busy);
}

bool kdio_stop_hold(struct kdio_stub *stub)
{
    struct kdio_stop *stop = &stub->stop;
    struct kdio_quiet quiet;
    bool held;

    quiet = kdio_quiet_begin(stub);
    held = kdio_stub_take(&stub->busy);
    if (held && stub->breakpoints.count) {
        stop->holder = kdio_step_processor(stub);
        stop->quiet = quiet;
        stop->is_quiet = true;
    } else
        kdio_quiet_end(stub, quiet);
    return held;
}

void kdio_stop_let_go(struct kdio_stub *stub)
{
    struct kdio_quiet quiet = stub->stop.quiet;
    bool is_quiet = stub->stop.is_quiet;

    stub->stop.is_quiet = false;
    release(stub);
    if (is_quiet)
        kdio_quiet_end(stub, quiet);
}

void kdio_stop_breathe(struct kdio_stub *stub)
{
    if (!stub->stop.is_quiet)
        return;
    kdio_quiet_end(stub, stub->stop.quiet);
    stub->stop.quiet = kdio_quiet_begin(stub);
}

/* The instruction beneath is run, and the int3 stays. Looked for by its address alone, as the way to memory may be
 * where it struck. */
static bool pass_int3(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop = &stub->stop;
    uint8_t id = kdio_breakpoint_at(stub, frame->rip - 1);
    bool once = !stop->passing && !step->active;

    if (id == KDIO_BREAKPOINT_NONE || (!once && !kdio_breakpoint_drop(stub, id)))
        return false;
    frame->rip--;
    if (once) {
        stop->passing = true;
        (void)kdio_step_begin(stub, step, frame);
        stop->passing = false;
    }
    return true;
}

/* False when the instruction struck by itself: the kernel's affair. */
static bool pass_end(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    bool debug = frame->vector == KDIO_VECTOR_DEBUG;
    bool done = debug && kdio_stop_system_register(stub, KDIO_REGISTER_DR6) & KDIO_DR6_BS;

    if (debug)
        kdio_stop_debug_set(stub, DR6, DR6_CLEAR);
    kdio_step_end(stub, &stub->stop.pass, frame, done);
    return debug;
}

/* The host looks at memory that it watches, or the stub calls code with a breakpoint. */
static bool pass_debug(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    if (debug_breakpoint(stub, kdio_stop_system_register(stub, KDIO_REGISTER_DR6)) == KDIO_BREAKPOINT_NONE)
        return false;
    kdio_stop_debug_set(stub, DR6, DR6_CLEAR);
    frame->rflags |= RFLAGS_RF;
    return true;
}

/* What comes of the host's breakpoints is passed over. */
static bool pass(struct kdio_stub *stub, struct kdio_step *step, struct kdio_trap_frame *frame)
{
    if (frame->vector == KDIO_VECTOR_DEBUG)
        return pass_debug(stub, frame);
    return frame->vector == VECTOR_BREAKPOINT && pass_int3(stub, step, frame);
}

/* A stub that is at work on this processor cannot be entered. While another one has it, an int3 or a fault strikes
 * again and again, and is judged when the stub is free: the int3 may be ours, or have been. */
static bool beside(struct kdio_stub *stub, struct kdio_trap_frame *frame, uint32_t processor)
{
    uint32_t holder = stub->stop.holder;
    bool waits = holder == KDIO_NOBODY ? stub->breakpoints.count : holder != processor;

    if (frame->vector == KDIO_VECTOR_DEBUG || !waits)
        return pass(stub, &stub->stop.pass, frame);
    frame->rip -= frame->vector == VECTOR_BREAKPOINT;
    return true;
}

/* Without a session, or without its UART, the stub cannot ask: it stays held for the one instruction that is passed
 * over. */
static bool __attribute__((noinline)) pass_unasked(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    bool handled = pass(stub, &stub->stop.step, frame);

    stub->stop.step_is_own = true;
    if (!stub->stop.step.active)
        release(stub);
    return handled;
}

/* An int3 of ours that was taken out since it struck: what it replaced is to be executed. */
static bool __attribute__((noinline)) is_stale(struct kdio_stub *stub, const struct kdio_trap_frame *frame)
{
    uint64_t byte = KDIO_INT3;

    return frame->vector == VECTOR_BREAKPOINT && kdio_breakpoint_under(stub, frame->rip - 1) == KDIO_BREAKPOINT_NONE &&
           kdio_space_try(stub, KDIO_ACCESS_LOAD, frame->rip - 1, &byte) && byte != KDIO_INT3 &&
           byte != VECTOR_BREAKPOINT; /* The other form of INT 3 ends with its vector. */
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

static bool can_ask(const struct kdio_stub *stub)
{
    return stub->link.current.key.challenge && !stub->suspended;
}

/* By the holder of `busy`; true when the kernel is to go on. It is held until then, and through a step. */
static inline __attribute__((always_inline)) bool trap(struct kdio_stub *stub, struct kdio_trap_frame *frame,
                                                       bool stepped)
{
    struct kdio_stop *stop = &stub->stop;

    judge(stub, frame);
    if (stepped)
        kdio_step_end(stub, &stop->step, frame, stop->dr6 & KDIO_DR6_BS);
    if (stepped && goes_through_stub(stub, frame) && kdio_step_begin(stub, &stop->step, frame))
        return true;
    if (stepped && is_own_step(stub))
        return true;
    if (!can_ask(stub))
        return false;
    stop_here(stub, frame, stepped && !stop->step_is_own);
    return true;
}

bool kdio_stub_trap(struct kdio_stub *stub, struct kdio_trap_frame *frame)
{
    struct kdio_stop *stop;
    uint32_t processor;
    bool stepped, handled = true;

    if (!stub || !kdio_stop_possible(stub))
        return false;
    stop = &stub->stop;
    if (frame->vector & KDIO_TRAP_BREAK && !stop->wanted)
        return true; /* It has stopped since, or the stop was taken back. */
    processor = kdio_step_processor(stub);
    if (kdio_step_is_of(stub, &stop->pass, processor, frame))
        return pass_end(stub, frame);
    stepped = kdio_step_is_of(stub, &stop->step, processor, frame);
    if (!stepped && !kdio_stub_take(&stub->busy))
        return beside(stub, frame, processor);
    stop->holder = processor;
    stub->entered_rsp = (uintptr_t)&stepped;
    if (!stepped && !can_ask(stub))
        return pass_unasked(stub, frame);
    if (!stepped && is_stale(stub, frame))
        frame->rip--;
    else
        handled = trap(stub, frame, stepped);
    if (!stop->step.active)
        release(stub);
    return handled;
}
