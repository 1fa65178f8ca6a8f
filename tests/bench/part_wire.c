/* SPDX-License-Identifier: MIT */
/* part_wire.c: what accesses cost on the line: the link's own byte counters before and after, in undisturbed series. */
#include "tests/bench/client.h"
#include "tests/bench/part.h"

#define SETTLE_COUNT  10u
#define SERIES_COUNT  100u
#define TRIALS_MAX    50u
#define PROGRAM_COUNT 1000u

static enum kdio_status one_write(struct kdio_target *target)
{
    return kdio_out8(target, BENCH_PORT, BENCH_VALUE);
}

static enum kdio_status one_read(struct kdio_target *target)
{
    uint32_t value;

    return kdio_in(target, BENCH_PORT, 1, &value);
}

/* The dearest of many, since sequence numbers and values may make a difference. False when the series was disturbed. */
static bool measure_series(struct kdio_target *target, enum kdio_status (*access)(struct kdio_target *),
                           struct bench_cost *dearest)
{
    struct kdio_link_stats before;
    struct bench_cost cost;
    bool good = true;

    *dearest = (struct bench_cost){ 0 };
    for (unsigned i = 0; i < SETTLE_COUNT; i++)
        bench_must(target, access(target));
    for (unsigned i = 0; i < SERIES_COUNT; i++) {
        kdio_target_link_stats(target, &before);
        bench_must(target, access(target));
        good = bench_cost_since(target, &before, &cost) && good;
        if (cost.bytes > dearest->bytes)
            *dearest = cost;
    }
    return good;
}

/* On a busy computer a request may go out again because its reply is late, and then there are two replies. */
static void measure_access(struct kdio_target *target, const char *name,
                           enum kdio_status (*access)(struct kdio_target *))
{
    struct bench_cost cost;

    for (unsigned i = 0; !measure_series(target, access, &cost); i++) {
        if (i == TRIALS_MAX)
            bench_die("wire", "no series of accesses without a repeated frame");
    }
    bench_say_cost(name, &cost);
}

static void measure_program(struct kdio_target *target, const char *name, enum bench_pattern pattern)
{
    struct kdio_program *program = bench_program(pattern, PROGRAM_COUNT);
    struct kdio_link_stats before;
    struct bench_cost cost;
    bool good = false;

    for (unsigned i = 0; !good; i++) {
        if (i == TRIALS_MAX)
            bench_die("wire", "no program without a repeated frame");
        kdio_target_link_stats(target, &before);
        if (!bench_there(target, kdio_target_run(target, program, false)))
            break;
        good = bench_cost_since(target, &before, &cost);
    }
    if (good)
        bench_say_cost(name, &cost);
    kdio_program_free(program);
}

void part_wire(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);

    measure_access(target, "write", one_write);
    measure_access(target, "read", one_read);
    measure_program(target, "various", BENCH_VARIOUS);
    measure_program(target, "next", BENCH_NEXT);
    measure_program(target, "same", BENCH_SAME);
    measure_program(target, "table", BENCH_TABLE);
    kdio_target_close(target);
}
