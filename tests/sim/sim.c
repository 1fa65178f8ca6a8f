/* SPDX-License-Identifier: MIT */
/* sim.c: the virtual clock: goes from event to event, and moves bytes in the order of their times. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

#define BITS_A_BYTE 10u
#define SLICE_MAX   512u /* Bytes a host reads at once. */
#define HOSTS_NS    (20 * SIM_US)

struct sim_config sim_config_default(void)
{
    return (struct sim_config){
        .seed = 1,
        .baud = 115200,
        .latency_ns = 500 * SIM_US,
        .access_ns = SIM_US,
        .kernel = SIM_IRQ,
        .memory_size = KDIO_STUB_MEMORY,
        .dead_us = 4500000,
        .in_flight_max = SIM_REQUESTS,
        .program_part = 30,
        .program_ops = 40,
        .fill_part = 5,
        .refused_part = 5,
        .memory_part = 12,
    };
}

/* Thousands of them come one after the other. */
static struct sim *spare;

struct sim *sim_new(const struct sim_config *config, const char *recipe)
{
    struct sim *sim = spare ? spare : malloc(sizeof *sim);
    uint64_t byte_ns = BITS_A_BYTE * SIM_S / config->baud;

    if (!sim)
        abort();
    spare = NULL;
    memset(sim, 0, offsetof(struct sim, ops));
    sim->config = *config;
    sim->recipe = recipe;
    sim->random.state = config->seed;
    sim->default_byte_ns = byte_ns;
    /* Not at 0, so that a time that was never set shows. */
    sim->now_ns = SIM_S;
    sim_line_init(&sim->to_stub, sim_draw(&sim->random), byte_ns, config->latency_ns);
    sim_line_init(&sim->to_host, sim_draw(&sim->random), byte_ns, config->latency_ns);
    kdio_frame_decoder_init(&sim->listener, sim->listener_frame, sizeof sim->listener_frame);
    for (unsigned i = 0; i < SIM_HOSTS; i++)
        sim->hosts[i].opening_ns = SIM_NEVER;
    sim_target_start(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (spare)
        free(sim);
    else
        spare = sim;
}

void sim_fail(const struct sim *sim, const char *format, ...)
{
    va_list arguments;

    (void)fflush(stdout);
    (void)fprintf(stderr, "\nat %.6f s: ", (double)sim->now_ns / 1e9);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n%s\n", sim->recipe);
    exit(1);
}

/* ---- Bytes ---- */

/* True unless the line carries nothing in this direction at that rate. */
static bool carries(const struct sim *sim, uint64_t byte_ns, unsigned direction)
{
    return byte_ns == sim->default_byte_ns || !(sim->config.rate_fails & direction);
}

/* One event of the line or the UART at or before to_ns; false when there is none. */
static bool move_byte(struct sim *sim, uint64_t to_ns)
{
    struct sim_uart *uart = &sim->target.uart;
    uint64_t arrival_ns = sim_line_next_ns(&sim->to_stub);
    uint64_t left_ns = sim_uart_shift_ns(uart);
    uint64_t at_ns = arrival_ns < left_ns ? arrival_ns : left_ns;
    struct sim_byte byte;
    uint8_t left;

    if (at_ns > to_ns)
        return false;
    if (at_ns > sim->now_ns)
        sim->now_ns = at_ns;
    if (left_ns <= arrival_ns) {
        sim->to_host.byte_ns = uart->byte_ns;
        if (sim_uart_shift(uart, &left))
            sim_line_put(&sim->to_host, left, at_ns);
    } else if (sim_line_get(&sim->to_stub, sim->now_ns, &byte)) {
        sim_uart_receive(uart, sim_byte_at(byte, carries(sim, uart->byte_ns, SIM_DEAF) ? uart->byte_ns : 0), sim->now_ns);
    }
    return true;
}

void sim_advance(struct sim *sim, uint64_t to_ns)
{
    while (move_byte(sim, to_ns))
        ;
    if (to_ns > sim->now_ns)
        sim->now_ns = to_ns;
}

static void listen(struct sim *sim, const uint8_t *bytes, size_t size)
{
    enum kdio_frame_event event;
    size_t taken, text_at;

    (void)kdio_frame_gap(&sim->listener, sim->now_ns / SIM_US);
    for (size_t at = 0; at < size; at += taken) {
        taken = kdio_frame_push(&sim->listener, bytes + at, size - at, sim->now_ns / SIM_US, &event, &text_at);
        for (size_t i = text_at; event == KDIO_FRAME_TEXT && i < taken && sim->text_heard_size < SIM_HEARD_MAX; i++)
            sim->text_heard[sim->text_heard_size++] = (char)bytes[at + i];
    }
}

/* True when something was. */
static bool deliver(struct sim *sim)
{
    struct sim_byte bytes[SLICE_MAX];
    uint8_t heard[SLICE_MAX];
    size_t size = 0;

    while (size < SLICE_MAX && sim_line_get(&sim->to_host, sim->now_ns, &bytes[size]))
        size++;
    if (!size)
        return false;
    for (size_t i = 0; i < size; i++)
        heard[i] = bytes[i].byte;
    listen(sim, heard, size);
    for (unsigned i = 0; i < SIM_HOSTS; i++) {
        uint64_t byte_ns = sim->hosts[i].byte_ns;

        for (size_t k = 0; k < size; k++)
            heard[k] = sim_byte_at(bytes[k], carries(sim, byte_ns, SIM_MUTE) ? byte_ns : 0);
        sim_host_receive(sim, &sim->hosts[i], heard, size);
    }
    return true;
}

/* ---- Time ---- */

static uint64_t hosts_next_ns(const struct sim *sim)
{
    uint64_t at_ns = SIM_NEVER;

    for (unsigned i = 0; i < SIM_HOSTS; i++)
        at_ns = sim_earlier(at_ns, sim_host_next_ns(sim, &sim->hosts[i]));
    return at_ns;
}

static uint64_t next_ns(const struct sim *sim)
{
    uint64_t at_ns = sim_earlier(sim_line_next_ns(&sim->to_stub), sim_line_next_ns(&sim->to_host));

    at_ns = sim_earlier(at_ns, sim_target_next_ns(sim));
    return sim_earlier(at_ns, sim_uart_shift_ns(&sim->target.uart));
}

/* Not at each access of a processor that is watched. */
static void step_hosts(struct sim *sim, bool heard, uint64_t due_ns)
{
    if (!heard && sim->now_ns < due_ns && sim->now_ns - sim->hosts_ns < HOSTS_NS)
        return;
    sim->hosts_ns = sim->now_ns;
    for (unsigned i = 0; i < SIM_HOSTS; i++)
        sim_host_step(sim, &sim->hosts[i]);
}

static void step(struct sim *sim, uint64_t limit_ns)
{
    uint64_t due_ns = hosts_next_ns(sim);

    sim_advance(sim, sim_earlier(sim_earlier(next_ns(sim), due_ns), limit_ns));
    step_hosts(sim, deliver(sim), due_ns);
    sim_target_step(sim);
}

void sim_run(struct sim *sim, uint64_t for_ns)
{
    uint64_t end_ns = sim->now_ns + for_ns;

    while (sim->now_ns < end_ns)
        step(sim, end_ns);
}

void sim_run_until_idle(struct sim *sim, struct sim_host *host, uint64_t limit_ns)
{
    uint64_t end_ns = sim->now_ns + limit_ns;

    while (!sim_host_idle(host)) {
        if (sim->now_ns >= end_ns)
            sim_fail(sim, "not done within %.3f s: %u operations done, %u to ask for", (double)limit_ns / 1e9,
                     sim->done, host->to_ask);
        step(sim, end_ns);
    }
}

void sim_run_until_open(struct sim *sim, struct sim_host *host, uint64_t limit_ns)
{
    uint64_t end_ns = sim->now_ns + limit_ns;

    while (host->link.state != KDIO_HOST_READY) {
        if (sim->now_ns >= end_ns)
            sim_fail(sim, "no session within %.3f s", (double)limit_ns / 1e9);
        step(sim, end_ns);
    }
}

void sim_run_until_settled(struct sim *sim, struct sim_host *host, uint64_t limit_ns)
{
    uint64_t end_ns = sim->now_ns + limit_ns;

    while (host->rate_state != SIM_RATE_SETTLED && sim->now_ns < end_ns)
        sim_run(sim, SIM_MS);
    if (host->rate_state != SIM_RATE_SETTLED)
        sim_fail(sim, "the rate was not settled within %.3f s", (double)limit_ns / 1e9);
}

void sim_run_until_told(struct sim *sim, struct sim_host *host, uint64_t limit_ns)
{
    uint64_t end_ns = sim->now_ns + limit_ns;
    uint32_t told = sim->done + sim->refused;

    while (sim->done + sim->refused == told || host->link.state != KDIO_HOST_READY) {
        if (sim->now_ns >= end_ns)
            sim_fail(sim, "no request was answered within %.3f s", (double)limit_ns / 1e9);
        if (sim_host_idle(host))
            host->to_ask = 1; /* What it had to ask for ended with an earlier session. */
        step(sim, end_ns);
    }
}
