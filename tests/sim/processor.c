/* SPDX-License-Identifier: MIT */
/*
 * processor.c: processors whose accesses come in the order of their times, whichever of them they are of.
 *
 * One that is alone lets the clock run by itself; what else happens then waits until it has done all. With another one
 * beside it, or while it stands still, it gives way to the scheduler at each access.
 */
#include <string.h>

#include "tests/sim/sim.h"

#define STAND_NS (20 * SIM_US)
#define JITTER   2u /* An access takes up to so many times as long where two processors are at work. */

/* makecontext hands over ints. */
static struct sim *simulation;

static void (*work)(struct sim *sim);

static void give_way(struct sim *sim)
{
    struct sim_processor *processor = sim->target.processor;

    (void)swapcontext(&processor->context, &sim->target.scheduler);
}

static void begin(void)
{
    for (;;) {
        work(simulation);
        simulation->target.processor->active = false;
        give_way(simulation);
    }
}

static void reset(struct sim_processor *processor)
{
    memset(processor, 0, offsetof(struct sim_processor, stack));
    sim_debugged_reset(processor);
    (void)getcontext(&processor->context);
    processor->context.uc_stack.ss_sp = processor->stack;
    processor->context.uc_stack.ss_size = sizeof processor->stack;
    makecontext(&processor->context, begin, 0);
}

void sim_processors_reset(struct sim *sim, void (*run)(struct sim *sim))
{
    work = run;
    sim->target.processor = NULL;
    for (unsigned i = 0; i < SIM_PROCESSORS; i++)
        reset(&sim->target.processors[i]);
}

void sim_processor_go(struct sim *sim, struct sim_processor *processor)
{
    simulation = sim;
    processor->active = true;
    sim->target.processor = processor;
    (void)swapcontext(&sim->target.scheduler, &processor->context);
    sim->target.processor = NULL;
}

/* The hosts have their turn now and then while it stands still. */
static bool is_alone(const struct sim *sim)
{
    const struct sim_target *target = &sim->target;

    for (unsigned i = 0; i < SIM_PROCESSORS; i++)
        if (&target->processors[i] != target->processor && target->processors[i].active)
            return false;
    return target->second_ns > sim->now_ns &&
           !(target->processor->standing && sim->now_ns - target->processor->gave_ns >= STAND_NS);
}

void sim_processor_wait(struct sim *sim, uint64_t until_ns)
{
    struct sim_processor *processor = sim->target.processor;

    processor->at_ns = processor->gave_ns = until_ns;
    give_way(sim);
}

void sim_processor_pass(struct sim *sim, uint64_t for_ns)
{
    struct sim_processor *processor = sim->target.processor;

    if (!processor)
        sim_advance(sim, sim->now_ns + for_ns);
    else if (!is_alone(sim))
        sim_processor_wait(sim, sim->now_ns + 1 + sim_below(&sim->random, JITTER * for_ns));
    else {
        sim_advance(sim, sim->now_ns + for_ns);
        if (sim->now_ns >= sim->target.reset_ns)
            sim_processor_wait(sim, sim->now_ns);
    }
}

struct sim_processor *sim_processor_current(struct sim *sim)
{
    return sim->target.processor ? sim->target.processor : &sim->target.processors[0];
}
