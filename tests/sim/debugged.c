/* SPDX-License-Identifier: MIT */
/*
 * debugged.c: the kernel as run control sees it: code that is nothing but NOPs, debug registers, flags. It executes an
 * instruction when the host steps, and one that may have a breakpoint at each tick of its timer.
 */
#include <string.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define CODE      0xffffffff80000000u
#define CODE_SIZE 0x10000000u
#define TICK      (CODE + CODE_SIZE / 2)
#define NOP       0x90u

#define VECTOR_DEBUG 1u
#define FLAGS     0x202u
#define FLAG_TF   0x100u
#define FLAG_IF   0x200u
#define FLAG_RF   0x10000u
#define DR6_BS    0x4000u
#define STEP_NS   SIM_US

/* Places in what the machine tells of its registers. */
enum { PLACE_DR0 = 5, PLACE_DR6 = 9, PLACE_DR7 = 10 };

uint64_t sim_debugged_place(void)
{
    return TICK;
}

bool sim_debugged_code(uint64_t at)
{
    return at - CODE < CODE_SIZE;
}

void sim_debugged_reset(struct sim_processor *processor)
{
    memset(processor->debug, 0, sizeof processor->debug);
    processor->frame = (struct kdio_trap_frame){ .rip = CODE, .cs = 8, .rflags = FLAGS };
}

/* ---- As the stub sees it ---- */

static void debug_set(void *context, unsigned which, uint64_t value)
{
    if (which != 4) /* CR4 matters to I/O breakpoints alone. */
        sim_processor_current(context)->debug[which] = value;
}

static void registers(void *context, uint64_t values[KDIO_REGISTERS])
{
    const struct sim_processor *processor = sim_processor_current(context);

    memset(values, 0, KDIO_REGISTERS * sizeof values[0]);
    memcpy(values + PLACE_DR0, processor->debug, 4 * sizeof values[0]);
    values[PLACE_DR6] = processor->debug[6];
    values[PLACE_DR7] = processor->debug[7];
}

/* Leaf 11: the APIC identifier is in EDX. */
static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    struct sim *sim = context;

    (void)subleaf;
    result[0] = leaf ? 0 : 11;
    result[1] = result[2] = 1;
    result[3] = (uint32_t)(sim_processor_current(sim) - sim->target.processors);
}

static void fpu(void *context, uint8_t *area)
{
    (void)context;
    (void)area;
}

static void fpu_restore(void *context, const uint8_t *area)
{
    (void)context;
    (void)area;
}

void sim_debugged_machine(struct kdio_machine *machine)
{
    machine->debug_set = debug_set;
    machine->registers = registers;
    machine->cpuid = cpuid;
    machine->fpu_save = fpu;
    machine->fpu_restore = fpu_restore;
}

/* ---- What it does ---- */

/* True when the kernel goes on by what the host asked for. */
static bool stood(struct sim *sim, struct sim_processor *processor)
{
    uint32_t stops = sim->target.stub->stop.count;
    bool handled;

    processor->standing = true;
    handled = kdio_stub_trap(sim->target.stub, &processor->frame);
    processor->standing = false;
    sim->target.stops += sim->target.stub->stop.count - stops;
    return handled && sim->target.stub->stop.count != stops;
}

static void step(struct sim *sim, struct sim_processor *processor)
{
    struct kdio_trap_frame *frame = &processor->frame;

    if (frame->rflags & FLAG_IF)
        sim_fail(sim, "a step lets interrupts in");
    sim_model_resumed(sim, true);
    sim->target.steps++;
    frame->rip++;
    frame->rflags &= ~(uint64_t)FLAG_RF;
    sim_processor_pass(sim, STEP_NS);
    processor->debug[6] |= DR6_BS;
    frame->vector = VECTOR_DEBUG;
}

static void trap(struct sim *sim, uint64_t vector)
{
    struct sim_processor *processor = sim->target.processor;
    bool atomic = processor->atomic;

    processor->atomic = true;
    processor->frame.vector = vector;
    while (stood(sim, processor)) {
        if (!(processor->frame.rflags & FLAG_TF)) {
            sim_model_resumed(sim, false);
            break;
        }
        step(sim, processor);
    }
    if ((processor->frame.rflags & ~(uint64_t)FLAG_RF) != FLAGS)
        sim_fail(sim, "the kernel goes on with RFLAGS %llx", (unsigned long long)processor->frame.rflags);
    processor->atomic = atomic;
}

void sim_debugged_break(struct sim *sim)
{
    trap(sim, KDIO_TRAP_BREAK);
}

void sim_debugged_tick(struct sim *sim)
{
    struct sim_processor *processor = sim->target.processor;
    uint64_t hits = 0, rip = processor->frame.rip;

    for (unsigned i = 0; i < 4; i++)
        if (processor->debug[7] >> 2 * i & 3 && processor->debug[i] == TICK)
            hits |= 1u << i;
    if (!hits)
        return;
    processor->debug[6] |= hits;
    processor->frame.rip = TICK;
    trap(sim, VECTOR_DEBUG);
    processor->frame.rip = rip;
}
