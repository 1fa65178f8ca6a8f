/* SPDX-License-Identifier: MIT */
/*
 * sweep.c: one session with every kind of frame, again and again, with exactly one fault at each byte in turn.
 *
 * The session has HELLO, OPEN, ANSWER, single operations, programs, refused and chained ones and text both ways; the
 * faults bring EXPECT. A fault may cost time, no more than SPEC.md says; every operation is done all the same.
 */
#include "tests/sim/sweep.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define SWEEP_OPS   14u
/* SPEC.md, section 7: after a fault requests flow again within 1.5 s. */
#define RECOVERY_NS (1500 * SIM_MS)

static const char *const fault_names[] = { "none", "lose", "flip", "insert", "repeat" };

static struct sim_config sweep_config(uint64_t seed)
{
    struct sim_config config = sim_config_default();

    config.seed = seed;
    config.program_ops = 4;
    config.refused_part = 20;
    config.memory_part = 40;
    config.think_ns = 2 * SIM_MS;
    config.console_ns = 20 * SIM_MS;
    return config;
}

struct sweep {
    uint64_t seed;
    bool up;
    enum sim_fault fault;
    uint64_t at;
    uint64_t base_ns; /* What the session takes without a fault. */
};

/* Returns the number of bytes that went that way, and how long it took. */
static uint64_t run_one(const struct sweep *sweep, uint64_t *took_ns)
{
    struct sim_config config = sweep_config(sweep->seed);
    char recipe[128] = "";
    struct sim *sim = sim_new(&config, recipe);
    struct sim_line *line = sweep->up ? &sim->to_stub : &sim->to_host;
    uint64_t from_ns = sim->now_ns, count;

    (void)snprintf(recipe, sizeof recipe, "make sim SWEEP='%llu %s %s %llu'", (unsigned long long)sweep->seed,
                   sweep->up ? "up" : "down", fault_names[sweep->fault], (unsigned long long)sweep->at);
    line->single = sweep->fault;
    line->single_at = sweep->at;
    sim->hosts[0].to_ask = SWEEP_OPS;
    sim_host_start(sim, &sim->hosts[0]);
    sim_run_until_idle(sim, &sim->hosts[0], sweep->base_ns + RECOVERY_NS);
    *took_ns = sim->now_ns - from_ns;
    count = line->count;
    if (sim->unknown || sim->done + sim->refused != SWEEP_OPS)
        sim_fail(sim, "an operation is not known to be done");
    sim->target.console_ns = SIM_NEVER;
    sim_run(sim, 300 * SIM_MS);
    sim_model_check_end(sim, sweep->up);
    sim_free(sim);
    return count;
}

static void sweep_all(uint64_t seed, uint64_t *runs, uint64_t *worst_ns)
{
    struct sweep sweep = { .seed = seed, .base_ns = SIM_S };
    uint64_t base_ns, took_ns, count;

    for (int up = 0; up < 2; up++)
        for (int fault = SIM_LOSE; fault < SIM_FAULTS; fault++) {
            sweep.up = up;
            sweep.fault = SIM_NO_FAULT;
            sweep.base_ns = SIM_S;
            count = run_one(&sweep, &base_ns);
            sweep.fault = (enum sim_fault)fault;
            sweep.base_ns = base_ns;
            for (sweep.at = 0; sweep.at < count; sweep.at++, ++*runs) {
                (void)run_one(&sweep, &took_ns);
                if (took_ns > *worst_ns + base_ns)
                    *worst_ns = took_ns - base_ns;
            }
        }
}

int sim_sweep(uint64_t seeds)
{
    uint64_t runs = 0, worst_ns = 0;

    for (uint64_t seed = 1; seed <= seeds; seed++)
        sweep_all(seed, &runs, &worst_ns);
    (void)printf("sweep: %llu runs with one fault each; the worst cost %.3f s\n", (unsigned long long)runs,
                 (double)worst_ns / 1e9);
    return 0;
}

int sim_sweep_one(uint64_t seed, const char *direction, const char *fault, uint64_t at)
{
    struct sweep sweep = { .seed = seed, .up = !strcmp(direction, "up"), .at = at, .base_ns = SIM_S };
    uint64_t took_ns;

    (void)run_one(&sweep, &sweep.base_ns);
    for (int i = SIM_LOSE; i < SIM_FAULTS; i++)
        if (!strcmp(fault, fault_names[i]))
            sweep.fault = (enum sim_fault)i;
    (void)run_one(&sweep, &took_ns);
    (void)printf("passed\n");
    return 0;
}
