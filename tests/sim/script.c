/* SPDX-License-Identifier: MIT */
/* script.c: scripted sessions: each rule of the link that has to do with loss, order, sessions and time, by itself. */
#include "tests/sim/script.h"

#include <stdio.h>
#include <string.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

/* SPEC.md, section 7: after the last fault, until requests flow again. */
#define RECOVERY_NS  (1500 * SIM_MS)
#define SESSION_NS   (20 * SIM_S)
#define QUIET_NS     SIM_S

static char recipe[128]; /* The command that repeats the script. */

static struct sim *start(const struct sim_config *config, uint32_t to_ask)
{
    struct sim *sim = sim_new(config, recipe);

    sim->hosts[0].to_ask = to_ask;
    sim_host_start(sim, &sim->hosts[0]);
    return sim;
}

static void finish(struct sim *sim, bool text)
{
    sim->config.preempt_part = 0;
    sim->config.console_ns = 0;
    sim->target.console_ns = SIM_NEVER;
    sim_run(sim, QUIET_NS);
    sim_model_check_end(sim, text);
    sim_free(sim);
}

static void expect(const struct sim *sim, bool right, const char *what)
{
    if (!right)
        sim_fail(sim, "%s", what);
}

/* ---- Without faults ---- */

/* Nothing is sent twice, nothing damaged, nothing lost, by whatever kernel. */
static void without_faults(void)
{
    for (int kernel = 0; kernel < SIM_KERNELS; kernel++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.kernel = (enum sim_kernel)kernel;
        config.console_ns = 50 * SIM_MS;
        sim = start(&config, 300);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, !sim->hosts[0].link.stats.bad_frames, "the host saw a damaged frame");
        expect(sim, !sim->target.stub->link.stats.bad_frames, "the stub saw a damaged frame");
        expect(sim, !sim->hosts[0].link.stats.retransmitted, "a request was sent twice");
        expect(sim, !sim->target.uart.rx_lost, "the receiver overran");
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        finish(sim, true);
    }
}

/* DESIGN, section 9: 1000 writes at 115200 baud with 16 ms of latency, in programs. */
static void fast_enough(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim;
    uint64_t from_ns;

    config.latency_ns = 8 * SIM_MS;
    config.opcode = KDIO_OP_OUT8;
    config.fill = true;
    config.refused_part = 0;
    sim = start(&config, 0);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    from_ns = sim->now_ns;
    sim->to_stub.count = sim->to_host.count = 0;
    sim->hosts[0].to_ask = 1000;
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    (void)printf("  1000 writes: %.3f s, %llu bytes\n", (double)(sim->now_ns - from_ns) / 1e9,
                 (unsigned long long)(sim->to_stub.count + sim->to_host.count));
    expect(sim, sim->now_ns - from_ns <= 400 * SIM_MS, "1000 writes took longer than 0.40 s");
    expect(sim, sim->to_stub.count + sim->to_host.count <= 4150, "1000 writes took more than 4150 bytes");
    finish(sim, true);
}

/* L7: at 3 Mbaud the FIFO fills in 53 us; whoever preempts whom, no byte is lost. */
static void no_overrun_at_3_mbaud(void)
{
    static const enum sim_kernel kernels[] = { SIM_IRQ, SIM_LEVEL, SIM_SPIN };

    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.kernel = kernels[i];
        config.baud = 3000000;
        config.preempt_part = 10;
        config.second_ns = 100 * SIM_US;
        config.program_part = 80;
        config.console_ns = 20 * SIM_MS;
        sim = start(&config, 5000);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, !sim->target.uart.rx_lost, "the receiver overran");
        finish(sim, true);
    }
}

/* H3: latency that keeps the window in frames full all the time. */
static void a_full_window(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim;

    config.baud = 921600;
    config.memory_size = 2 * KDIO_STUB_MEMORY;
    config.opcode = KDIO_OP_OUT8;
    config.latency_ns = 30 * SIM_MS;
    config.program_part = config.fill_part = 0;
    sim = start(&config, 1000);
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    expect(sim, !sim->unknown && !sim->hosts[0].link.stats.retransmitted, "a request was sent twice");
    finish(sim, true);
}

/* H3: replies that are longer than their requests, so that they wait for the line, as many as the stub keeps. */
static void a_full_reply_window(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim;

    config.opcode = KDIO_OP_IN32;
    sim = start(&config, 4000);
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    expect(sim, !sim->unknown && !sim->hosts[0].link.stats.retransmitted, "a request was sent twice");
    finish(sim, true);
}

/* L8: a line that is printed amid traffic is at the other end within 10 ms and the line's own delay. */
static void text_within_10_ms(void)
{
    static const char line[] = "a line of thirty-two characters\n";
    struct sim_config config = sim_config_default();
    struct sim *sim;

    config.program_part = config.fill_part = 0;
    sim = start(&config, 4000);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    for (unsigned i = 0; i < 40; i++) {
        sim_run(sim, 13 * SIM_MS);
        sim_target_print(sim, line, sizeof line - 1);
        sim_run(sim, 10 * SIM_MS + config.latency_ns);
        expect(sim, !sim_host_idle(&sim->hosts[0]), "the session is not busy");
        expect(sim, sim->text_heard_size == sim->text_sent_size, "the text took longer than 10 ms");
    }
    sim->hosts[0].to_ask = 0;
    finish(sim, true);
}

/* ---- One frame lost, repeated, late ---- */

struct frame_case {
    enum sim_frame_fault fault;
    uint64_t late_ns;
};

static struct sim_config frame_config(enum sim_kernel kernel)
{
    struct sim_config config = sim_config_default();

    config.kernel = kernel;
    config.think_ns = 5 * SIM_MS;
    config.program_ops = 4;
    config.fill_part = 0;
    return config;
}

/* A session with a fault in one frame of one direction; every operation is done, once, in order. */
static void run_frame_case(const struct sim_config *config, bool up, struct frame_case frame_case, unsigned at,
                           unsigned *frames)
{
    char name[256] = "";
    struct sim *sim = sim_new(config, name);
    struct sim_line *line = up ? &sim->to_stub : &sim->to_host;

    (void)snprintf(name, sizeof name, "%s # frame %u to the %s, fault %d, %.3f s late, kernel %d", recipe, at,
                   up ? "stub" : "host", frame_case.fault, (double)frame_case.late_ns / 1e9, config->kernel);
    line->frame_fault = frame_case.fault;
    line->frame_at = at;
    line->late_ns = frame_case.late_ns;
    sim->hosts[0].to_ask = 40;
    sim_host_start(sim, &sim->hosts[0]);
    sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS + SIM_S);
    expect(sim, !sim->unknown && sim->done + sim->refused == 40, "an operation is not known to be done");
    /* A frame that is still on its way must do no harm either. */
    sim_run(sim, frame_case.late_ns);
    *frames = line->frames;
    finish(sim, false);
}

static void each_frame(enum sim_kernel kernel, struct frame_case frame_case)
{
    struct sim_config config = frame_config(kernel);
    unsigned frames = 1;

    for (int up = 0; up < 2; up++) {
        unsigned runs = 0;

        for (unsigned at = 0; at < frames || !runs; at++, runs++)
            run_frame_case(&config, up, frame_case, at, &frames);
        (void)printf("  kernel %d, to the %s, fault %d: %u frames in turn\n", kernel, up ? "stub" : "host",
                     frame_case.fault, runs);
        frames = 1;
    }
}

static void each_frame_lost(void)
{
    each_frame(SIM_IRQ, (struct frame_case){ SIM_FRAME_LOST, 0 });
    each_frame(SIM_TIMER, (struct frame_case){ SIM_FRAME_LOST, 0 });
}

static void each_frame_twice(void)
{
    each_frame(SIM_IRQ, (struct frame_case){ SIM_FRAME_TWICE, 0 });
}

static void each_frame_late(void)
{
    each_frame(SIM_IRQ, (struct frame_case){ SIM_FRAME_LATE, 3 * SIM_MS });
    each_frame(SIM_IRQ, (struct frame_case){ SIM_FRAME_LATE, 120 * SIM_MS });
    each_frame(SIM_IRQ, (struct frame_case){ SIM_FRAME_LATE, 900 * SIM_MS });
}

/* ---- Sessions ---- */

/* L4: a whole earlier session is played into a stub that was reset, and into one that was not: nothing is executed. */
static void a_stale_recording(void)
{
    for (int reset = 0; reset < 2; reset++) {
        struct sim_config config = sim_config_default();
        struct sim *sim = start(&config, 300);
        uint32_t executed, requests;

        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        sim_host_kill(sim, &sim->hosts[0]);
        if (reset)
            sim_target_reset(sim, SIM_MS);
        sim_run(sim, 100 * SIM_MS);
        executed = sim->executed;
        requests = sim->target.stub->link.stats.requests;
        for (unsigned i = 0; i < 3; i++) {
            sim_line_replay(&sim->to_stub, SIM_RECORDED, SIM_RECORDED, sim->now_ns);
            sim_run(sim, 4 * SIM_S);
        }
        expect(sim, sim->target.stub->link.stats.frames > 0, "the recording was not heard");
        expect(sim, sim->executed == executed, "a stale recording executed operations");
        expect(sim, sim->target.stub->link.stats.requests == requests, "a stale recording executed requests");
        finish(sim, false);
    }
}

/* The same while another session is on: it goes on as if nothing were. */
static void a_stale_recording_in_a_session(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start(&config, 100);

    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    sim_host_kill(sim, &sim->hosts[0]);
    sim->hosts[1].to_ask = 200;
    sim_host_start(sim, &sim->hosts[1]);
    for (unsigned i = 0; i < 5; i++) {
        sim_run(sim, 100 * SIM_MS);
        sim_line_replay(&sim->to_stub, SIM_RECORDED, SIM_RECORDED, sim->now_ns);
        sim_line_replay(&sim->to_host, SIM_RECORDED, SIM_RECORDED, sim->now_ns);
    }
    sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
    expect(sim, !sim->unknown && sim->hosts[1].opened == 1 && !sim->hosts[1].taken, "the session did not last");
    finish(sim, false);
}

/* L5: noticed at once, asked or not. */
static void a_reset_is_noticed(void)
{
    for (int busy = 0; busy < 2; busy++) {
        struct sim_config config = sim_config_default();
        struct sim *sim = start(&config, 20);
        uint64_t end_ns;

        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        if (busy)
            sim->hosts[0].to_ask = 10000;
        sim_run(sim, 30 * SIM_MS);
        sim_target_reset(sim, 50 * SIM_MS);
        /* The OPEN that asks waits behind what the host's system has taken already. */
        end_ns = sim->target.boot_ns + 250 * SIM_MS;
        sim->hosts[0].mute = true;
        while (!sim->hosts[0].resets && sim->now_ns < end_ns)
            sim_run(sim, SIM_MS);
        expect(sim, sim->hosts[0].resets == 1, "a reset was not noticed within 0.25 s");
        expect(sim, !busy == !sim->unknown, "operations under way are unknown after a reset");
        sim->hosts[0].mute = false;
        sim->hosts[0].to_ask = 50;
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        finish(sim, false);
    }
}

/* L4: a host that comes later takes the line over; the earlier one is told when it next asks, and loses nothing. */
static void another_host_takes_over(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start(&config, 200);
    uint32_t before;

    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    sim->hosts[1].to_ask = 50;
    sim_host_start(sim, &sim->hosts[1]);
    sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
    before = sim->executed;
    sim->hosts[0].to_ask = 1;
    sim_run(sim, 20 * SIM_MS);
    expect(sim, sim->hosts[0].taken == 1, "the first host was not told within a round trip");
    expect(sim, sim->executed == before, "the first host's operations were executed");
    expect(sim, sim->hosts[0].timeouts == 0, "the first host ran into a timeout");
    sim_host_kill(sim, &sim->hosts[0]);
    sim->hosts[1].to_ask = 50;
    sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
    finish(sim, false);
}

/* An earlier host that is two sessions behind is told, too. */
static void two_take_over(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start(&config, 50);

    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    for (unsigned i = 0; i < 2; i++) {
        sim->hosts[1].to_ask = 20;
        sim_host_start(sim, &sim->hosts[1]);
        sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
    }
    sim->hosts[0].to_ask = 10;
    sim_run(sim, 2 * SIM_S);
    expect(sim, sim->hosts[0].taken > 0, "the first host was not told");
    finish(sim, false);
}

/* H7: a dead line ends the session after the dead time, and no later. */
static void a_dead_line(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start(&config, 10000);
    uint64_t cut_ns;

    sim_run(sim, 200 * SIM_MS);
    sim->to_host.cut = sim->to_stub.cut = true;
    cut_ns = sim->now_ns;
    sim_run(sim, 4400 * SIM_MS);
    expect(sim, !sim->hosts[0].timeouts, "the session ended too early");
    sim_run(sim, 200 * SIM_MS);
    expect(sim, sim->hosts[0].timeouts == 1, "a dead line was not noticed in time");
    expect(sim, sim->now_ns <= cut_ns + 5 * SIM_S, "more than 5 s passed");
    expect(sim, sim->unknown > 0, "nothing is unknown");
    sim->hosts[0].to_ask = 0;
    sim_host_kill(sim, &sim->hosts[0]);
    finish(sim, false);
}

/* H8: after the line is back, a new session tells how many of the old one's operations were executed, and the model
 * compares. */
static void a_new_session_resolves(void)
{
    for (unsigned i = 0; i < 20; i++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.seed = i;
        sim = start(&config, 10000);
        sim_run(sim, 100 * SIM_MS + i * 1234 * SIM_US);
        /* Requests go on for a while after replies stop, so that what was done and what was told differ. */
        sim->to_host.cut = true;
        sim_run(sim, 10 * SIM_MS);
        sim->to_stub.cut = true;
        sim_run(sim, 5 * SIM_S);
        expect(sim, sim->hosts[0].timeouts == 1 && sim->unknown, "nothing is unknown");
        sim->to_host.cut = sim->to_stub.cut = false;
        sim->hosts[0].to_ask = 100;
        sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS + SIM_S);
        expect(sim, sim->hosts[0].opened == 2 && !sim->hosts[0].taken, "no new session");
        finish(sim, false);
    }
}

/* A cable that is pulled and put back within the dead time: the session goes on, nothing is unknown. */
static void a_short_break(void)
{
    for (unsigned i = 0; i < 10; i++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.seed = i;
        sim = start(&config, 500);
        sim_run(sim, 40 * SIM_MS + i * 777 * SIM_US);
        sim->to_host.cut = sim->to_stub.cut = true;
        sim_line_drop(&sim->to_host);
        sim_line_drop(&sim->to_stub);
        sim_run(sim, 2 * SIM_S);
        sim->to_host.cut = sim->to_stub.cut = false;
        kdio_host_link_reconnected(&sim->hosts[0].link, sim->now_ns / SIM_US);
        sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS + 2 * SIM_S);
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        finish(sim, false);
    }
}

/* While the new session's first request or its reply is lost again and again, the host gives up looking and begins
 * anew: nobody took the line. */
static void confirming_takes_long(void)
{
    for (int up = 0; up < 2; up++) {
        struct sim_config config = sim_config_default();
        struct sim *sim = start(&config, 300);
        struct sim_line *cut = up ? &sim->to_stub : &sim->to_host;

        sim_run(sim, 100 * SIM_MS);
        sim->to_host.cut = true;
        sim_run(sim, 5 * SIM_S);
        sim->to_host.cut = false;
        while (sim->hosts[0].link.state != KDIO_HOST_CONFIRMING)
            sim_run(sim, 100 * SIM_US);
        cut->cut = true;
        sim_line_drop(cut);
        sim_run(sim, 12 * SIM_S);
        cut->cut = false;
        sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS + SIM_S);
        expect(sim, !sim->hosts[0].taken, "a host is told that another one took the line");
        finish(sim, false);
    }
}

/* L7: a polled stub that is asked whether it is still the same gets no request behind the OPEN: its FIFO holds one of
 * them, and the answers to the OPEN would keep a session alive that gets nothing done. */
static void a_polled_stub_is_asked(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim;

    config.kernel = SIM_TIMER;
    config.baud = 921600;
    sim = start(&config, 100);
    sim_run(sim, SIM_S);
    sim->to_host.cut = true;
    sim_run(sim, SIM_S);
    sim->to_host.cut = false;
    sim_run_until_told(sim, &sim->hosts[0], RECOVERY_NS);
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, false);
}

/* Two hosts that open at once: the stub forgets the key of one. What it says to the frames of that one is no reason to
 * repeat them without end. */
static void two_open_at_once(void)
{
    for (unsigned i = 0; i < 20; i++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.seed = i;
        config.latency_ns = 3 * i * SIM_MS;
        sim = start(&config, 20);
        sim->hosts[1].to_ask = 20;
        sim_run(sim, i * SIM_MS);
        sim_host_start(sim, &sim->hosts[1]);
        sim_run(sim, 4 * SIM_S);
        expect(sim, sim->target.stub->link.stats.bad_frames < 100, "frames of no session are repeated without end");
        sim_host_kill(sim, &sim->hosts[1]);
        sim->hosts[0].rest_ns = 0;
        sim_run_until_told(sim, &sim->hosts[0], RECOVERY_NS);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        finish(sim, false);
    }
}

/* ---- Programs that take long ---- */

static struct sim_config long_config(uint64_t delay_ns)
{
    struct sim_config config = sim_config_default();

    config.delay_part = 100;
    config.delay_ns = delay_ns;
    config.refused_part = config.fill_part = 0;
    return config;
}

/* S12, H11: with the dead time far below what the program takes, the session lasts, and nothing is sent twice. */
static void a_long_program_is_alive(void)
{
    static const enum sim_kernel kernels[] = { SIM_IRQ, SIM_LEVEL, SIM_SPIN };

    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        struct sim_config config = long_config(2 * SIM_S);
        struct sim *sim;

        config.kernel = kernels[i];
        config.dead_us = 800000;
        sim = start(&config, 3);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1 && sim->hosts[0].lively, "the session did not last");
        expect(sim, !sim->hosts[0].link.stats.retransmitted, "a request was sent twice");
        finish(sim, true);
    }
}

/* S13, H12: each program would take an hour, and is stopped within a round trip; what is chained to it does not run. */
static void a_long_program_is_cancelled(void)
{
    struct sim_config config = long_config(3600 * SIM_S);
    struct sim *sim;
    uint32_t answered;

    config.in_flight_max = 6;
    config.program_ops = 5;
    sim = start(&config, 60);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    while (!sim_host_idle(&sim->hosts[0])) {
        sim_run(sim, 200 * SIM_MS);
        answered = sim->hosts[0].answered;
        sim_host_cancel(sim, &sim->hosts[0]);
        sim_run(sim, 20 * SIM_MS);
        expect(sim, sim->hosts[0].answered > answered, "a program was not stopped within 20 ms");
    }
    expect(sim, sim->hosts[0].cancelled > 10 && !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, true);
}

/* H12: the request that runs is not the oldest without a reply, as a reply was lost. */
static void a_cancellation_finds_what_runs(void)
{
    struct sim_config config = long_config(3600 * SIM_S);
    struct sim *sim;

    config.program_part = 0;
    sim = start(&config, 1);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    sim->config.delay_part = 0;
    sim->hosts[0].to_ask = 0;
    sim_run(sim, 200 * SIM_MS);
    sim_host_cancel(sim, &sim->hosts[0]);
    sim_run(sim, 100 * SIM_MS);
    sim->to_host.cut = true;
    sim->hosts[0].to_ask = 1;
    sim_run(sim, 2 * SIM_MS);
    sim->config.delay_part = 100;
    sim->hosts[0].to_ask = 1;
    sim_run(sim, 100 * SIM_MS);
    sim->to_host.cut = false;
    sim_run(sim, 600 * SIM_MS);
    sim_host_cancel(sim, &sim->hosts[0]);
    sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS);
    expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, false);
}

/* A CANCEL that comes late concerns a request that was answered, and leaves the one that runs alone. */
static void a_cancellation_comes_late(void)
{
    struct sim_config config = long_config(600 * SIM_MS);
    struct sim *sim;

    config.latency_ns = 30 * SIM_MS;
    config.program_part = 0;
    config.in_flight_max = 2;
    sim = start(&config, 12);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    for (unsigned i = 0; i < 40; i++) {
        sim_host_cancel(sim, &sim->hosts[0]);
        sim_run(sim, 5 * SIM_MS);
        sim_host_cancel(sim, &sim->hosts[0]);
        sim_run(sim, 165 * SIM_MS);
    }
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    finish(sim, true);
}

/* S13, S14: another host gets in while a program runs that would take an hour, whatever waits behind it. */
static void a_long_program_gives_way_to_another_host(void)
{
    for (unsigned i = 0; i < 2 * SIM_KERNELS; i++) {
        struct sim_config config = long_config(3600 * SIM_S);
        struct sim *sim;

        config.kernel = (enum sim_kernel)(i / 2);
        config.fill_part = i % 2 ? 100 : 0;
        sim = start(&config, 3000);
        sim_run(sim, 500 * SIM_MS);
        if (i % 2)
            sim_line_noise(&sim->to_stub, 3000, sim->now_ns); /* More than the memory for what is received. */
        sim_run(sim, 300 * SIM_MS);
        sim_host_kill(sim, &sim->hosts[0]);
        sim->config.delay_part = 0;
        sim->hosts[1].to_ask = 50;
        sim_host_start(sim, &sim->hosts[1]);
        sim_run_until_open(sim, &sim->hosts[1], RECOVERY_NS);
        sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
        expect(sim, sim->hosts[1].opened == 1, "the session did not last");
        finish(sim, false);
    }
}

/* ---- Stops ---- */

/* P22: int3s that both run into, set and cleared all the time. */
static void breakpoints_on_two_processors(void)
{
    for (unsigned i = 0; i < 12; i++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.seed = i;
        config.baud = 921600;
        config.kernel = i % 2 ? SIM_SPIN : SIM_IRQ;
        config.second_ns = 20 * SIM_US;
        config.stop_part = 80;
        config.refused_part = 0;
        config.think_ns = SIM_MS;
        sim = start(&config, 500);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        finish(sim, true);
    }
}

/* A session that asks for what it is told to alone. */
static struct sim *start_plainly(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim;

    config.program_part = config.refused_part = 0;
    sim = start(&config, 1);
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    return sim;
}

static void ask_for(struct sim *sim, uint8_t opcode)
{
    sim->config.opcode = opcode;
    sim->hosts[0].to_ask = 1;
    sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS);
}

/* P20, P21: by whatever kernel, alone or beside another processor, each step is one instruction of the kernel's, in
 * order, whatever is cancelled meanwhile. */
static void each_step_is_one_instruction(void)
{
    for (int kernel = 0; kernel < SIM_KERNELS; kernel++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.kernel = (enum sim_kernel)kernel;
        config.second_ns = kernel == SIM_SPIN ? 0 : 300 * SIM_US;
        config.stop_part = 60;
        config.cancel_part = 30;
        config.refused_part = 0;
        sim = start(&config, 700);
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, sim->target.stops > 15 && sim->target.steps > 15, "the kernel was hardly stopped");
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        finish(sim, true);
    }
}

/* A CANCEL finds the stub in the midst of a step: what the kernel has executed is done. */
static void steps_are_cancelled(void)
{
    struct sim *sim = start_plainly();

    ask_for(sim, KDIO_OP_HALT);
    sim->config.opcode = KDIO_OP_RESUME;
    sim->config.fill = true;
    for (unsigned i = 0; i < 20; i++) {
        sim->hosts[0].to_ask = 300;
        sim_run(sim, 2 * SIM_MS + i * SIM_US); /* It comes right behind the program. */
        sim_host_cancel(sim, &sim->hosts[0]);
        sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS);
    }
    expect(sim, sim->hosts[0].cancelled > 10 && sim->target.steps > 1000, "hardly a step was cancelled");
    expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, true);
}

/* L11: a stop that nobody asked for is told, again and again until it is fetched, and no more then. */
static void a_stop_is_told_until_it_is_known(void)
{
    struct sim *sim = start_plainly();
    unsigned events;

    ask_for(sim, KDIO_OP_SET_BREAKPOINT);
    sim->to_host.cut = true;
    sim_run(sim, 2 * SIM_S);
    expect(sim, sim->target.processors[0].standing, "the kernel did not stop");
    expect(sim, !sim->hosts[0].events, "the line is not cut");
    sim->to_host.cut = false;
    sim_run(sim, 260 * SIM_MS);
    events = sim->hosts[0].events;
    expect(sim, events > 0, "the stop was not told within 0.26 s");
    ask_for(sim, KDIO_OP_STATE);
    events = sim->hosts[0].events;
    sim_run(sim, 2 * SIM_S);
    expect(sim, sim->hosts[0].events == events, "a stop that is known is told again");
    finish(sim, false);
}

/* A host that dies leaves the kernel where it stands; the next one steps it. */
static void a_stop_outlives_its_host(void)
{
    struct sim *sim = start_plainly();

    ask_for(sim, KDIO_OP_HALT);
    sim_run(sim, 100 * SIM_MS);
    expect(sim, sim->target.processors[0].standing, "the kernel did not stop");
    sim_host_kill(sim, &sim->hosts[0]);
    sim_run(sim, SIM_S);
    sim_host_start(sim, &sim->hosts[0]);
    sim_run_until_open(sim, &sim->hosts[0], RECOVERY_NS);
    ask_for(sim, KDIO_OP_RESUME);
    expect(sim, sim->target.processors[0].standing && sim->target.steps == 1, "the kernel is not stepped");
    finish(sim, false);
}

/* ---- Rates ---- */

static struct sim *start_and_change(const struct sim_config *config, uint32_t factor)
{
    struct sim *sim = start(config, 20);

    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    sim->hosts[0].to_ask = 0;
    sim_host_change_rate(sim, &sim->hosts[0], factor);
    return sim;
}

/* H13: up and back, by whatever kernel; nothing is lost on the way, console text neither. */
static void the_rate_changes(void)
{
    for (int kernel = 0; kernel < SIM_KERNELS; kernel++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.kernel = (enum sim_kernel)kernel;
        config.console_ns = kernel == SIM_TIMER ? 0 : 20 * SIM_MS;
        config.preempt_part = 5;
        sim = start_and_change(&config, 8);
        for (unsigned i = 0; i < 4; i++) {
            sim_run_until_settled(sim, &sim->hosts[0], SIM_S);
            expect(sim, sim->target.uart.byte_ns == sim->hosts[0].byte_ns, "the ends differ in rate");
            sim->hosts[0].to_ask = 200;
            sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
            sim_host_change_rate(sim, &sim->hosts[0], i % 2 ? 4 : 1);
        }
        sim_run_until_settled(sim, &sim->hosts[0], SIM_S);
        expect(sim, sim->hosts[0].rates == 5 && !sim->hosts[0].rates_failed, "a change failed");
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        expect(sim, !sim->hosts[0].link.stats.bad_frames, "the host saw a damaged frame");
        finish(sim, true);
    }
}

/* S17, H13: nothing gets through at the new rate, one way, the other, or both: both ends return, and the session
 * lasts. */
static void a_rate_is_not_heard(void)
{
    for (unsigned fails = SIM_DEAF; fails <= (SIM_DEAF | SIM_MUTE); fails++) {
        struct sim_config config = sim_config_default();
        struct sim *sim;

        config.rate_fails = fails;
        sim = start_and_change(&config, 4);
        sim_run_until_settled(sim, &sim->hosts[0], 7 * SIM_S);
        expect(sim, sim->hosts[0].rates_failed == 1, "a rate that carries nothing is settled");
        expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns, "the stub did not return");
        sim->hosts[0].to_ask = 50;
        sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
        expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
        finish(sim, false);
    }
}

/* H13: the reply to BAUD with the default is lost: nobody hears what the host repeats at the rate before. */
static void the_reply_of_a_return_is_lost(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start_and_change(&config, 8);

    sim_run_until_settled(sim, &sim->hosts[0], SIM_S);
    sim->to_host.cut = true;
    sim_host_change_rate(sim, &sim->hosts[0], 1);
    sim_run(sim, 30 * SIM_MS);
    sim->to_host.cut = false;
    sim_run_until_settled(sim, &sim->hosts[0], 2 * SIM_S);
    expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns, "the stub did not return");
    sim->hosts[0].to_ask = 50;
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, false);
}

/* The reply to BAUD is lost: the stub returns, and answers from the cache; the host's try fails, the session lasts. */
static void the_reply_of_a_rate_is_lost(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start_and_change(&config, 2);

    sim->to_host.cut = true;
    sim_run(sim, 30 * SIM_MS);
    sim->to_host.cut = false;
    expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns / 2, "the stub did not change");
    sim_run_until_settled(sim, &sim->hosts[0], 9 * SIM_S);
    expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns, "the stub did not return");
    sim->hosts[0].to_ask = 50;
    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    expect(sim, !sim->unknown && sim->hosts[0].opened == 1, "the session did not last");
    finish(sim, false);
}

/* S17, H14: a host that is there keeps the rate, one that is gone does not; also while a program runs. */
static void a_rate_falls_back(void)
{
    for (int busy = 0; busy < 2; busy++) {
        struct sim_config config = sim_config_default();
        struct sim *sim = start_and_change(&config, 8);

        sim_run_until_settled(sim, &sim->hosts[0], SIM_S);
        if (busy) {
            sim->config.delay_part = 100;
            sim->config.delay_ns = 3600 * SIM_S;
            sim->hosts[0].to_ask = 1;
        }
        sim_run(sim, 6500 * SIM_MS);
        expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns / 8, "the rate was not kept");
        sim_host_kill(sim, &sim->hosts[0]);
        sim->config.delay_part = 0;
        sim_run(sim, 5200 * SIM_MS);
        expect(sim, sim->target.uart.byte_ns == sim->default_byte_ns, "the stub did not return");
        sim->hosts[1].to_ask = 50;
        sim_host_start(sim, &sim->hosts[1]);
        sim_run_until_open(sim, &sim->hosts[1], RECOVERY_NS);
        sim_run_until_idle(sim, &sim->hosts[1], SESSION_NS);
        finish(sim, false);
    }
}

/* ---- Noise ---- */

/* Noise without end: the session ends by its own clock, and the stub executes nothing of it. */
static void endless_noise(void)
{
    struct sim_config config = sim_config_default();
    struct sim *sim = start(&config, 300);
    uint32_t executed;

    sim_run_until_idle(sim, &sim->hosts[0], SESSION_NS);
    executed = sim->executed;
    sim->hosts[0].to_ask = 10;
    sim->to_stub.rates.part[SIM_FLIP] = sim->to_host.rates.part[SIM_FLIP] = 1000000;
    for (unsigned i = 0; i < 600; i++) {
        sim_line_noise(&sim->to_stub, 110, sim->now_ns);
        sim_line_noise(&sim->to_host, 110, sim->now_ns);
        sim_run(sim, 10 * SIM_MS);
    }
    expect(sim, sim->hosts[0].timeouts == 1, "noise kept the session from ending");
    expect(sim, sim->executed == executed, "noise was executed");
    sim->to_stub.rates.part[SIM_FLIP] = sim->to_host.rates.part[SIM_FLIP] = 0;
    sim_run_until_idle(sim, &sim->hosts[0], RECOVERY_NS + SIM_S);
    finish(sim, false);
}

/* ---- All ---- */

static const struct {
    const char *name;
    void (*run)(void);
} scripts[] = {
    { "without_faults", without_faults },
    { "fast_enough", fast_enough },
    { "no_overrun_at_3_mbaud", no_overrun_at_3_mbaud },
    { "a_full_window", a_full_window },
    { "a_full_reply_window", a_full_reply_window },
    { "text_within_10_ms", text_within_10_ms },
    { "each_frame_lost", each_frame_lost },
    { "each_frame_twice", each_frame_twice },
    { "each_frame_late", each_frame_late },
    { "a_stale_recording", a_stale_recording },
    { "a_stale_recording_in_a_session", a_stale_recording_in_a_session },
    { "a_reset_is_noticed", a_reset_is_noticed },
    { "another_host_takes_over", another_host_takes_over },
    { "two_take_over", two_take_over },
    { "a_dead_line", a_dead_line },
    { "a_new_session_resolves", a_new_session_resolves },
    { "a_short_break", a_short_break },
    { "confirming_takes_long", confirming_takes_long },
    { "a_polled_stub_is_asked", a_polled_stub_is_asked },
    { "two_open_at_once", two_open_at_once },
    { "a_long_program_is_alive", a_long_program_is_alive },
    { "a_long_program_is_cancelled", a_long_program_is_cancelled },
    { "a_cancellation_finds_what_runs", a_cancellation_finds_what_runs },
    { "a_cancellation_comes_late", a_cancellation_comes_late },
    { "a_long_program_gives_way_to_another_host", a_long_program_gives_way_to_another_host },
    { "each_step_is_one_instruction", each_step_is_one_instruction },
    { "breakpoints_on_two_processors", breakpoints_on_two_processors },
    { "steps_are_cancelled", steps_are_cancelled },
    { "a_stop_is_told_until_it_is_known", a_stop_is_told_until_it_is_known },
    { "a_stop_outlives_its_host", a_stop_outlives_its_host },
    { "the_rate_changes", the_rate_changes },
    { "a_rate_is_not_heard", a_rate_is_not_heard },
    { "the_reply_of_a_rate_is_lost", the_reply_of_a_rate_is_lost },
    { "the_reply_of_a_return_is_lost", the_reply_of_a_return_is_lost },
    { "a_rate_falls_back", a_rate_falls_back },
    { "endless_noise", endless_noise },
};

int sim_script(const char *name)
{
    unsigned count = 0;

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        if (name && strcmp(name, scripts[i].name))
            continue;
        (void)snprintf(recipe, sizeof recipe, "make sim SCRIPT=%s", scripts[i].name);
        (void)printf("script %s\n", scripts[i].name);
        (void)fflush(stdout);
        scripts[i].run();
        count++;
    }
    (void)printf("%u scripts passed\n", count);
    return count ? 0 : 1;
}
