/* SPDX-License-Identifier: MIT */
/*
 * debugged.c: the kernel as run control sees it: code that is nothing but NOPs, debug registers, flags. It executes an
 * instruction when the host steps, and some that may have breakpoints at each tick, on each processor.
 *
 * Its page tables map all of virtual memory to the first GiB of physical memory, which the stub sees through a window.
 */
#include <string.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define CODE      0xffffffff80000000u
#define CODE_SIZE 0x10000000u
#define TICK      (CODE + CODE_SIZE / 2)
#define GIB       0x40000000u
#define WINDOW    0xffffc00000000000u
#define NOP       0x90u

#define PML4      0x1000u /* Physical; all of its entries are the same, as those of the next. */
#define PDPT      0x2000u
#define TABLES_END 0x3000u
#define PRESENT   0x03u
#define LARGE     0x80u

#define VECTOR_DEBUG      1u
#define VECTOR_BREAKPOINT 3u
#define FLAGS     0x202u
#define FLAG_TF   0x100u
#define FLAG_IF   0x200u
#define FLAG_RF   0x10000u
#define DR6_BS    0x4000u
#define INSTRUCTION_NS SIM_US
#define HANDLER_NS      (2 * SIM_US)
#define HANDLER_LATE_NS (2 * SIM_MS) /* Others may have cleared by then what struck. */

/* Places in what the machine tells of its registers. */
enum { PLACE_CR3 = 2, PLACE_DR0 = 5, PLACE_DR6 = 9, PLACE_DR7 = 10 };

uint64_t sim_debugged_place(void)
{
    return TICK;
}

/* The byte at an address of the code; only those at the tick can be changed. */
static uint8_t *code_at(struct sim *sim, uint64_t offset)
{
    static uint8_t nop;
    uint64_t i = offset - (TICK - CODE);

    nop = NOP;
    return i < SIM_CODE_SIZE ? &sim->target.code[i] : &nop;
}

static uint64_t entry_at(uint64_t physical)
{
    return physical < PDPT ? PDPT | PRESENT : PRESENT | LARGE;
}

bool sim_debugged_access(struct sim *sim, enum kdio_access what, uint64_t at, uint64_t *value)
{
    bool windowed = at - WINDOW < GIB;
    uint64_t offset = windowed ? at - WINDOW : at - CODE;

    if (!windowed && offset >= CODE_SIZE)
        return false;
    if (windowed && offset >= PML4 && offset < TABLES_END)
        *value = entry_at(offset);
    else if (what >= KDIO_ACCESS_STORE)
        *code_at(sim, offset) = (uint8_t)*value;
    else
        *value = *code_at(sim, offset);
    return true;
}

static void *map(void *context, uint64_t physical, uint64_t *size)
{
    (void)context;
    *size = GIB - physical;
    return physical < GIB ? (void *)(WINDOW + physical) : NULL;
}

void sim_debugged_config(struct kdio_stub_config *config)
{
    config->traps = true;
    config->map = map;
}

void sim_debugged_boot(struct sim *sim)
{
    memset(sim->target.code, NOP, sizeof sim->target.code);
}

void sim_debugged_reset(struct sim_processor *processor)
{
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
    values[PLACE_CR3] = PML4;
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

/* Nothing here asks for it. */
static void fpu_save(void *context, uint8_t *area)
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
    machine->fpu_save = fpu_save;
    machine->fpu_restore = fpu_restore;
}

/* ---- What it does ---- */

/* Until the handler of #BP calls the stub. The first processor serves the UART. */
static uint64_t handler_ns(struct sim *sim, const struct sim_processor *processor)
{
    return processor != sim->target.processors && sim_chance(&sim->random, 1, 4) ? HANDLER_LATE_NS : HANDLER_NS;
}

/* One instruction; the exception that comes of it when it is traced, or struck. 0: none. */
static uint64_t execute(struct sim *sim, struct sim_processor *processor)
{
    struct kdio_trap_frame *frame = &processor->frame;
    bool struck = *code_at(sim, frame->rip - CODE) == KDIO_INT3;

    frame->rip++;
    frame->rflags &= ~(uint64_t)FLAG_RF;
    sim_processor_pass(sim, struck ? handler_ns(sim, processor) : INSTRUCTION_NS);
    if (struck)
        return VECTOR_BREAKPOINT;
    if (frame->rflags & FLAG_TF)
        processor->debug[6] |= DR6_BS;
    return frame->rflags & FLAG_TF ? VECTOR_DEBUG : 0;
}

/* The stub's own steps, over the int3s of breakpoints, nobody asked for. */
static void note_step(struct sim *sim, const struct sim_processor *processor)
{
    const struct kdio_stop *stop = &sim->target.stub->stop;

    if (processor->frame.rflags & FLAG_IF)
        sim_fail(sim, "a step lets interrupts in");
    if (stop->step_is_own || stop->pass.active)
        return;
    sim_model_resumed(sim, true);
    sim->target.steps++;
}

/* What was set in this processor's debug registers may have been cleared on another one: then it is the kernel's. */
static void take_unhandled(struct sim *sim, struct sim_processor *processor, uint64_t vector)
{
    if (vector == VECTOR_DEBUG && sim->config.second_ns)
        processor->debug[7] = processor->debug[6] = 0;
    else if (vector != KDIO_TRAP_BREAK)
        sim_fail(sim, "exception %u is left to the kernel", (unsigned)vector);
}

/* True when the kernel stood still meanwhile. */
static bool stood(struct sim *sim, struct sim_processor *processor, uint64_t vector)
{
    const struct kdio_stop *stop = &sim->target.stub->stop;
    uint32_t stops = stop->count;

    processor->frame.vector = vector;
    processor->standing = true;
    if (!kdio_stub_trap(sim->target.stub, &processor->frame))
        take_unhandled(sim, processor, vector);
    processor->standing = false;
    sim->target.stops += stop->count - stops;
    if (vector == VECTOR_BREAKPOINT && stop->count != stops && stop->breakpoint == KDIO_BREAKPOINT_NONE)
        sim_fail(sim, "the kernel stops at an int3 that is nobody's");
    return stop->count != stops;
}

/* Until no more comes of it. */
static void trap(struct sim *sim, uint64_t vector)
{
    struct sim_processor *processor = sim->target.processor;
    bool atomic = processor->atomic;
    uint64_t again;

    processor->atomic = true;
    while (vector) {
        bool stopped = stood(sim, processor, vector), traced = processor->frame.rflags & FLAG_TF;

        if (stopped && (!traced || sim->target.stub->stop.step_is_own))
            sim_model_resumed(sim, false);
        if (traced)
            note_step(sim, processor);
        again = vector == VECTOR_BREAKPOINT && !stopped;
        vector = traced || again ? execute(sim, processor) : 0;
    }
    if ((processor->frame.rflags & ~(uint64_t)FLAG_RF) != FLAGS)
        sim_fail(sim, "the kernel goes on with RFLAGS %llx", (unsigned long long)processor->frame.rflags);
    processor->atomic = atomic;
}

void sim_debugged_break(struct sim *sim)
{
    trap(sim, KDIO_TRAP_BREAK);
}

static uint64_t hits_of(const struct sim_processor *processor, uint64_t rip)
{
    uint64_t hits = 0;

    for (unsigned i = 0; i < 4; i++)
        if (processor->debug[7] >> 2 * i & 3 && processor->debug[i] == rip)
            hits |= 1u << i;
    return hits;
}

void sim_debugged_check(struct sim *sim)
{
    const struct kdio_stub *stub = sim->target.stub;

    for (unsigned i = 0; i < SIM_CODE_SIZE; i++) {
        bool used = kdio_breakpoint_at(stub, TICK + i) != KDIO_BREAKPOINT_NONE;

        if (sim->target.code[i] != (used ? KDIO_INT3 : NOP) && sim->target.running && !stub->busy)
            sim_fail(sim, "the kernel's code has %02x at %u, with%s a breakpoint", sim->target.code[i], i,
                     used ? "" : "out");
    }
}

void sim_debugged_tick(struct sim *sim)
{
    struct sim_processor *processor = sim->target.processor;
    uint64_t rip = processor->frame.rip;

    sim_debugged_check(sim);
    for (unsigned i = 0; i < SIM_PLACES; i++) {
        uint64_t hits = hits_of(processor, TICK + i);

        processor->frame.rip = TICK + i;
        processor->debug[6] |= hits;
        if (hits)
            trap(sim, VECTOR_DEBUG);
        else if (*code_at(sim, TICK + i - CODE) == KDIO_INT3)
            trap(sim, execute(sim, processor));
    }
    processor->frame.rip = rip;
}
