/* SPDX-License-Identifier: MIT */
/*
 * sweep.c: sessions with every kind of frame, again and again, with exactly one fault at each byte in turn.
 *
 * The sessions have HELLO, OPEN, ANSWER, single operations, programs, refused and chained ones and text both ways;
 * programs that take long, with ALIVE and CANCEL; stops and steps, with EVENT; changes of the rate, with BAUD and KEEP.
 * The faults bring EXPECT. A fault may cost time, no more than SPEC.md says; every operation is done all the same.
 */
#include "tests/sim/sweep.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

/* SPEC.md, section 7: after a fault requests flow again within 1.5 s, or, where it made a change of the rate fail, when
 * both ends are back at the default. */
#define RECOVERY_NS (1500 * SIM_MS)
#define RATE_NS     (8 * SIM_S)
#define HOUR_NS     (3600 * SIM_S)

static const char *const fault_names[] = { "none", "lose", "flip", "insert", "repeat" };

struct sweep {
    uint64_t seed;
    unsigned session;
    bool up;
    enum sim_fault fault;
    uint64_t at;
    uint64_t base_ns; /* What the session takes without a fault. */
};

/* ---- The sessions ---- */

static void run(struct sim *sim, const struct sweep *sweep, uint32_t ops)
{
    sim->hosts[0].to_ask = ops;
    sim_run_until_idle(sim, &sim->hosts[0], sweep->base_ns + RECOVERY_NS);
}

static void plain_config(struct sim_config *config)
{
    config->refused_part = 20;
    config->memory_part = 40;
    config->console_ns = 20 * SIM_MS;
}

static void plain_session(struct sim *sim, const struct sweep *sweep)
{
    run(sim, sweep, 14);
}

static void long_config(struct sim_config *config)
{
    config->delay_part = 100;
    config->delay_ns = 600 * SIM_MS;
    config->program_part = config->refused_part = 0;
}

/* The last program would take an hour. */
static void long_session(struct sim *sim, const struct sweep *sweep)
{
    run(sim, sweep, 2);
    sim->config.delay_ns = HOUR_NS;
    sim->hosts[0].to_ask = 1;
    sim_run(sim, 300 * SIM_MS);
    sim_host_cancel(sim, &sim->hosts[0]);
    sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS);
    sim->config.delay_part = 0;
    run(sim, sweep, 2);
}

static void stop_config(struct sim_config *config)
{
    config->stop_part = 70;
    config->refused_part = 0;
    config->think_ns = 20 * SIM_MS;
}

static void stop_session(struct sim *sim, const struct sweep *sweep)
{
    run(sim, sweep, 24);
    if (!sim->target.steps)
        sim_fail(sim, "the session has no step");
}

static void rate_config(struct sim_config *config)
{
    config->program_part = config->refused_part = 0;
}

static void change_rate(struct sim *sim, uint32_t factor)
{
    sim_host_change_rate(sim, &sim->hosts[0], factor);
    sim_run_until_settled(sim, &sim->hosts[0], RATE_NS);
    if (sim->target.uart.byte_ns != sim->hosts[0].byte_ns)
        sim_fail(sim, "the ends differ in rate");
}

/* Longer than a second, so that KEEP is sent. */
static void rate_session(struct sim *sim, const struct sweep *sweep)
{
    run(sim, sweep, 1);
    change_rate(sim, 4);
    run(sim, sweep, 1);
    sim_run(sim, 1200 * SIM_MS);
    run(sim, sweep, 1);
    change_rate(sim, 1);
    run(sim, sweep, 1);
}

static const struct {
    void (*configure)(struct sim_config *config);
    void (*run)(struct sim *sim, const struct sweep *sweep);
    uint64_t recovery_ns;
} sessions[] = {
    { plain_config, plain_session, RECOVERY_NS },
    { long_config, long_session, RECOVERY_NS },
    { stop_config, stop_session, RECOVERY_NS },
    { rate_config, rate_session, RATE_NS },
};
#define SESSIONS (sizeof sessions / sizeof sessions[0])

/* ---- One after the other ---- */

/* Returns the number of bytes that went that way, and how long it took. */
static uint64_t run_one(const struct sweep *sweep, uint64_t *took_ns)
{
    struct sim_config config = sim_config_default();
    char recipe[128] = "";
    struct sim_line *line;
    struct sim *sim;
    uint64_t from_ns, count;

    config.seed = sweep->seed;
    config.program_ops = 4;
    config.think_ns = 2 * SIM_MS;
    sessions[sweep->session].configure(&config);
    sim = sim_new(&config, recipe);
    line = sweep->up ? &sim->to_stub : &sim->to_host;
    from_ns = sim->now_ns;
    (void)snprintf(recipe, sizeof recipe, "make sim SWEEP='%llu %u %s %s %llu'", (unsigned long long)sweep->seed,
                   sweep->session, sweep->up ? "up" : "down", fault_names[sweep->fault], (unsigned long long)sweep->at);
    line->single = sweep->fault;
    line->single_at = sweep->at;
    sim->hosts[0].to_ask = 1;
    sim_host_start(sim, &sim->hosts[0]);
    sessions[sweep->session].run(sim, sweep);
    *took_ns = sim->now_ns - from_ns;
    count = line->count;
    if (sim->unknown || sim->done + sim->refused != sim->op_count || sim->hosts[0].opened != 1)
        sim_fail(sim, "an operation is not known to be done");
    if (*took_ns > sweep->base_ns + sessions[sweep->session].recovery_ns)
        sim_fail(sim, "the fault cost %.3f s", (double)(*took_ns - sweep->base_ns) / 1e9);
    sim->target.console_ns = SIM_NEVER;
    sim_run(sim, 300 * SIM_MS);
    sim_model_check_end(sim, sweep->up);
    sim_free(sim);
    return count;
}

static void sweep_session(struct sweep *sweep, uint64_t *runs, uint64_t *worst_ns)
{
    uint64_t base_ns, took_ns, count;

    for (int up = 0; up < 2; up++) {
        sweep->up = up;
        sweep->fault = SIM_NO_FAULT;
        sweep->base_ns = 10 * SIM_S;
        count = run_one(sweep, &base_ns);
        sweep->base_ns = base_ns;
        for (int fault = SIM_LOSE; fault < SIM_FAULTS; fault++) {
            sweep->fault = (enum sim_fault)fault;
            for (sweep->at = 0; sweep->at < count; sweep->at++, ++*runs) {
                (void)run_one(sweep, &took_ns);
                if (took_ns > *worst_ns + base_ns)
                    *worst_ns = took_ns - base_ns;
            }
        }
    }
}

int sim_sweep(uint64_t seeds)
{
    for (unsigned session = 0; session < SESSIONS; session++) {
        uint64_t runs = 0, worst_ns = 0;

        for (uint64_t seed = 1; seed <= seeds; seed++)
            sweep_session(&(struct sweep){ .seed = seed, .session = session }, &runs, &worst_ns);
        (void)printf("sweep of session %u: %llu runs with one fault each; the worst cost %.3f s\n", session,
                     (unsigned long long)runs, (double)worst_ns / 1e9);
        (void)fflush(stdout);
    }
    return 0;
}

int sim_sweep_one(uint64_t seed, uint64_t session, const char *direction, const char *fault, uint64_t at)
{
    struct sweep sweep = { .seed = seed, .session = (unsigned)session, .up = !strcmp(direction, "up"), .at = at,
                           .base_ns = 10 * SIM_S };
    uint64_t took_ns;

    if (session >= SESSIONS)
        return 2;
    (void)run_one(&sweep, &sweep.base_ns);
    for (int i = SIM_LOSE; i < SIM_FAULTS; i++)
        if (!strcmp(fault, fault_names[i]))
            sweep.fault = (enum sim_fault)i;
    (void)run_one(&sweep, &took_ns);
    (void)printf("passed\n");
    return 0;
}
