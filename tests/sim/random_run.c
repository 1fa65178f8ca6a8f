/* SPDX-License-Identifier: MIT */
/*
 * random_run.c: a run draws its line, its kernel and its faults from its seed, some faults switched off entirely.
 *
 * Safety phase: faults are on, and the model watches. Liveness phase: faults are off, one host is left, and requests
 * must flow again within the time of SPEC.md, section 7; then everything must have its outcome, and console text must
 * be whole where nothing harmed it.
 */
#include "tests/sim/random_run.h"

#include <inttypes.h>
#include <stdio.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define PHASES       12u
#define PHASE_NS     (300 * SIM_MS)
#define RECOVERY_NS  (1500 * SIM_MS)
#define RECOVERY_OPS 30u
#define RUN_NS       (30 * SIM_S) /* For those operations and what was under way: 12 KiB at 9600 baud. */
#define LARGEST_BYTES 4096u       /* A request of the largest size, once more, and its reply. */
#define STRETCH_MAX  3000u        /* Bytes of noise, or of an earlier time, at once. */
#define QUIET_NS     (1500 * SIM_MS)
#define RATE_NS      (7 * SIM_S)  /* Until both ends are at the default rate again. */
#define DELAYED_NS   (4 * SIM_S)  /* Pauses in programs that are under way. */

/* What may happen in a run, in parts of 100 for each phase. */
struct plan {
    uint32_t reset, kill, second, replay_up, replay_down, noise_up, noise_down, cut, text_burst;
    bool harms_text;
};

static uint32_t sometimes(struct sim_random *random, uint32_t part)
{
    return sim_chance(random, 1, 3) ? (uint32_t)sim_below(random, part) : 0;
}

static struct sim_config draw_config(struct sim_random *random, uint64_t seed)
{
    static const uint32_t bauds[] = { 9600, 38400, 115200, 115200, 115200, 921600, 3000000 };
    struct sim_config config = sim_config_default();

    config.seed = seed;
    config.baud = bauds[sim_below(random, sizeof bauds / sizeof bauds[0])];
    config.latency_ns = sim_chance(random, 1, 2) ? sim_below(random, 50 * SIM_MS) : sim_below(random, SIM_MS);
    config.kernel = (enum sim_kernel)sim_below(random, SIM_KERNELS);
    config.memory_size = sim_chance(random, 1, 4) ? KDIO_STUB_MEMORY_MIN : KDIO_STUB_MEMORY;
    config.preempt_part = sometimes(random, 50);
    config.console_ns = sim_chance(random, 2, 3) ? 5 * SIM_MS + sim_below(random, 200 * SIM_MS) : 0;
    config.stall_part = sometimes(random, 20);
    config.in_flight_max = 1 + (uint32_t)sim_below(random, SIM_REQUESTS);
    config.program_part = (uint32_t)sim_below(random, 100);
    config.fill_part = sometimes(random, 30);
    config.refused_part = sometimes(random, 30);
    config.think_ns = sim_below(random, 20 * SIM_MS);
    if (sim_chance(random, 1, 5)) {
        config.delay_part = 1 + (uint32_t)sim_below(random, 5);
        config.delay_ns = 1 + sim_below(random, 400 * SIM_MS);
        config.cancel_part = sometimes(random, 20);
    }
    if (sim_chance(random, 1, 5)) {
        config.rate_part = 1 + (uint32_t)sim_below(random, 30);
        config.rate_fails = sim_chance(random, 1, 3) ? (unsigned)sim_below(random, 4) : 0;
    }
    if (sim_chance(random, 1, 4))
        config.stop_part = 1 + (uint32_t)sim_below(random, 30);
    if (sim_chance(random, 1, 4))
        config.second_ns = 10 * SIM_US + sim_below(random, SIM_MS);
    if (sim_chance(random, 1, 6)) {
        /* Replies of the largest size. */
        config.opcode = KDIO_OP_IN32;
        config.fill_part = 80;
        config.think_ns = 0;
    }
    return config;
}

static void draw_rates(struct sim_random *random, struct sim_line *line)
{
    uint32_t most = sim_chance(random, 1, 4) ? 10000 : 1000; /* Up to 1 % of all bytes for each kind. */

    for (int fault = SIM_LOSE; fault < SIM_FAULTS; fault++)
        line->rates.part[fault] = sometimes(random, most);
}

static struct plan draw_plan(struct sim_random *random)
{
    return (struct plan){
        .reset = sometimes(random, 20), .kill = sometimes(random, 20), .second = sometimes(random, 30),
        .replay_up = sometimes(random, 30), .replay_down = sometimes(random, 30), .noise_up = sometimes(random, 30),
        .noise_down = sometimes(random, 30), .cut = sometimes(random, 30), .text_burst = sometimes(random, 30),
    };
}

/* ---- The safety phase ---- */

/* A stretch of at most half a second: more would only keep a slow line busy. */
static size_t draw_stretch(struct sim *sim)
{
    uint64_t most = SIM_S / 2 / sim->to_stub.byte_ns;

    return 1 + (size_t)sim_below(&sim->random, most < STRETCH_MAX ? most : STRETCH_MAX);
}

static void play(struct sim *sim, struct sim_line *line)
{
    size_t back = 1 + (size_t)sim_below(&sim->random, SIM_RECORDED);

    sim_line_replay(line, back, draw_stretch(sim), sim->now_ns);
}

static void print_burst(struct sim *sim)
{
    if (sim->target.running && !sim->target.processors[0].active)
        sim->target.console_ns = sim->now_ns;
}

static void replace_host(struct sim *sim, struct sim_host *host)
{
    sim_host_kill(sim, host);
    sim_run(sim, sim_below(&sim->random, 50 * SIM_MS));
    sim_host_start(sim, host);
}

static void cut_line(struct sim *sim)
{
    struct sim_host *host = &sim->hosts[0];

    sim->to_host.cut = sim->to_stub.cut = true;
    sim_line_drop(&sim->to_host);
    sim_line_drop(&sim->to_stub);
    sim_run(sim, sim_below(&sim->random, sim_chance(&sim->random, 1, 4) ? 6 * SIM_S : 500 * SIM_MS));
    sim->to_host.cut = sim->to_stub.cut = false;
    if (host->alive && sim_chance(&sim->random, 1, 2))
        kdio_host_link_reconnected(&host->link, sim->now_ns / SIM_US);
}

static void disturb(struct sim *sim, struct plan *plan)
{
    struct sim_random *random = &sim->random;

    if (sim_chance(random, plan->reset, 100)) {
        sim->target.reset_ns = sim->now_ns + sim_below(random, PHASE_NS);
        plan->harms_text = true;
    }
    if (sim_chance(random, plan->kill, 100))
        replace_host(sim, &sim->hosts[0]);
    if (sim_chance(random, plan->second, 100)) {
        sim_host_kill(sim, &sim->hosts[1]);
        sim->hosts[1].to_ask = 100;
        sim_host_start(sim, &sim->hosts[1]);
    }
    if (sim_chance(random, plan->replay_up, 100))
        play(sim, &sim->to_stub);
    if (sim_chance(random, plan->replay_down, 100))
        play(sim, &sim->to_host);
    if (sim_chance(random, plan->noise_up, 100))
        sim_line_noise(&sim->to_stub, draw_stretch(sim), sim->now_ns);
    if (sim_chance(random, plan->noise_down, 100))
        sim_line_noise(&sim->to_host, draw_stretch(sim), sim->now_ns);
    if (sim_chance(random, plan->cut, 100))
        cut_line(sim);
    if (sim_chance(random, plan->text_burst, 100))
        print_burst(sim);
}

static void safety(struct sim *sim, struct plan *plan)
{
    draw_rates(&sim->random, &sim->to_stub);
    draw_rates(&sim->random, &sim->to_host);
    for (unsigned i = 0; i < PHASES; i++) {
        sim->hosts[0].to_ask = 400;
        sim_run(sim, sim_below(&sim->random, 2 * PHASE_NS));
        disturb(sim, plan);
    }
}

/* ---- The liveness phase ---- */

static void calm(struct sim *sim)
{
    static const struct sim_rates none;

    sim->to_stub.rates = sim->to_host.rates = none;
    sim->config.preempt_part = sim->config.stall_part = 0;
    sim->config.console_ns = 0;
    sim->config.refused_part = sim->config.cancel_part = sim->config.stop_part = 0;
    sim->target.console_ns = SIM_NEVER;
    sim->target.reset_ns = SIM_NEVER;
    sim->target.masked_ns = 0;
    if (!sim->target.running)
        sim->target.boot_ns = sim->now_ns;
    sim_host_kill(sim, &sim->hosts[1]);
    sim->hosts[0].rest_ns = 0;
    sim->hosts[0].think_ns = 0;
    sim->hosts[0].to_ask = 0;
}

/* Bytes still on their way, of either end, are no fault of the line; they are given their time, and so is a request of
 * the largest size with one repetition. */
static uint64_t allowance_ns(const struct sim *sim)
{
    uint64_t until_ns = sim->to_stub.last_ns > sim->to_host.last_ns ? sim->to_stub.last_ns : sim->to_host.last_ns;
    uint64_t backlog_ns = until_ns > sim->now_ns ? until_ns - sim->now_ns : 0;

    return backlog_ns + 4 * sim->config.latency_ns + LARGEST_BYTES * sim->default_byte_ns +
           (sim->config.rate_part ? RATE_NS : 0) + (sim->config.delay_part ? DELAYED_NS : 0);
}

static void liveness(struct sim *sim, uint64_t *worst_ns)
{
    uint64_t allowed_ns = allowance_ns(sim), from_ns = sim->now_ns, took_ns;

    sim->config.delay_part = sim->config.rate_part = 0;
    sim->hosts[0].to_ask = RECOVERY_OPS;
    sim_run_until_told(sim, &sim->hosts[0], allowed_ns + RECOVERY_NS);
    took_ns = sim->now_ns - from_ns;
    took_ns = took_ns > allowed_ns ? took_ns - allowed_ns : 0;
    if (took_ns > *worst_ns)
        *worst_ns = took_ns;
    sim_run_until_idle(sim, &sim->hosts[0], RUN_NS);
    sim_run(sim, QUIET_NS);
}

struct totals {
    uint64_t executed, done, refused, unknown, resets, taken, timeouts, sessions, stops, steps, worst_ns;
};

static void add_up(struct totals *totals, const struct sim *sim)
{
    totals->executed += sim->executed;
    totals->done += sim->done;
    totals->refused += sim->refused;
    totals->unknown += sim->unknown;
    totals->stops += sim->target.stops;
    totals->steps += sim->target.steps;
    for (unsigned i = 0; i < SIM_HOSTS; i++) {
        totals->resets += sim->hosts[i].resets;
        totals->taken += sim->hosts[i].taken;
        totals->timeouts += sim->hosts[i].timeouts;
        totals->sessions += sim->hosts[i].opened;
    }
}

static void run_seed(uint64_t seed, struct totals *totals)
{
    struct sim_random random = { .state = seed };
    struct sim_config config = draw_config(&random, sim_draw(&random));
    struct plan plan = draw_plan(&random);
    char recipe[64] = "";
    struct sim *sim = sim_new(&config, recipe);

    (void)snprintf(recipe, sizeof recipe, "make sim SEED=%" PRIu64 " N=1", seed);
    sim->hosts[0].to_ask = 1;
    sim_host_start(sim, &sim->hosts[0]);
    safety(sim, &plan);
    calm(sim);
    liveness(sim, &totals->worst_ns);
    sim_model_check_end(sim, !sim->to_host.harmed && !plan.harms_text);
    if (config.baud == 3000000 && config.kernel != SIM_TIMER && !config.stall_part && sim->target.uart.rx_lost &&
        !plan.harms_text)
        sim_fail(sim, "the receiver overran");
    add_up(totals, sim);
    sim_free(sim);
}

int sim_random_runs(uint64_t first, uint64_t count)
{
    struct totals totals = { 0 };

    for (uint64_t i = 0; i < count; i++)
        run_seed(first + i, &totals);
    (void)printf("random: seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " sessions; operations: %" PRIu64 " done, %"
                 PRIu64 " not done, %" PRIu64 " unknown; %" PRIu64 " resets, %" PRIu64 " taken, %" PRIu64
                 " timeouts, %" PRIu64 " stops, %" PRIu64 " steps; slowest recovery %.3f s\n",
                 first, first + count - 1, totals.sessions, totals.done, totals.refused, totals.unknown, totals.resets,
                 totals.taken, totals.timeouts, totals.stops, totals.steps, (double)totals.worst_ns / 1e9);
    return 0;
}
