/* SPDX-License-Identifier: MIT */
/*
 * part_writes.c: times of writes, and those of the rivals. All are taken in turns, block by block, so that what else
 * the computer does hits all of them.
 */
#include <unistd.h>

#include "tests/bench/client.h"
#include "tests/bench/part.h"
#include "tests/bench/rival.h"

#define WARM_UP_COUNT 50u
#define SINGLE_COUNT  25u
#define STREAM_COUNT  2000u
#define BLOCKS_MIN    5u
#define LIMIT_US      30e6 /* A busy computer gets fewer blocks. */
#define GROWTH_MAX    100000u
#define GROWTH_STEP   4u
#define GROWTH_RUNS   5u
#define GROWTH_LIMIT_US 5e6
#define PACED_COUNT   1000u
#define PACED_RUNS    9u

static const struct {
    const char *name;
    enum bench_pattern pattern;
} streams[] = {
    { "various_us", BENCH_VARIOUS },
    { "next_us", BENCH_NEXT },
    { "same_us", BENCH_SAME },
    { "table_us", BENCH_TABLE },
};

#define STREAMS (sizeof streams / sizeof *streams)

static void one_write(struct kdio_target *target)
{
    bench_must(target, kdio_out8(target, BENCH_PORT, BENCH_VALUE));
}

static void time_single(struct kdio_target *target)
{
    for (unsigned i = 0; i < SINGLE_COUNT; i++) {
        double start_us = bench_now_us();

        one_write(target);
        printf("kdio_us %.2f\n", bench_now_us() - start_us);
    }
}

static void time_monitor(int monitor)
{
    for (unsigned i = 0; i < SINGLE_COUNT; i++) {
        double start_us = bench_now_us();

        rival_monitor_write(monitor);
        printf("monitor_us %.2f\n", bench_now_us() - start_us);
    }
}

static void time_qtest(int qtest)
{
    double start_us = bench_now_us();

    rival_qtest_stream(qtest, STREAM_COUNT);
    printf("qtest_us %.3f\n", (bench_now_us() - start_us) / STREAM_COUNT);
}

static void time_stream(struct kdio_target *target, const char *name, struct kdio_program *program)
{
    double start_us = bench_now_us();

    if (bench_there(target, kdio_target_run(target, program, false)))
        printf("%s %.3f\n", name, (bench_now_us() - start_us) / STREAM_COUNT);
}

/* The first accesses after the other's turn wake the guest up, and belong to neither's steady state. */
static void time_block(struct kdio_target *target, int monitor, int qtest, struct kdio_program **programs)
{
    one_write(target);
    time_single(target);
    rival_monitor_write(monitor);
    time_monitor(monitor);
    time_qtest(qtest);
    for (size_t i = 0; i < STREAMS; i++)
        time_stream(target, streams[i].name, programs[i]);
}

void part_writes(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);
    int monitor = rival_monitor_open(arguments[1]), qtest = rival_qtest_open(arguments[2]);
    struct kdio_program *programs[STREAMS];
    double start_us = bench_now_us();

    for (size_t i = 0; i < STREAMS; i++)
        programs[i] = bench_program(streams[i].pattern, STREAM_COUNT);
    for (unsigned i = 0; i < WARM_UP_COUNT; i++)
        one_write(target);
    for (unsigned i = 0; i < bench_number(arguments[3]); i++) {
        if (i >= BLOCKS_MIN && bench_now_us() - start_us > LIMIT_US)
            break;
        time_block(target, monitor, qtest, programs);
    }
    for (size_t i = 0; i < STREAMS; i++)
        kdio_program_free(programs[i]);
    (void)close(monitor);
    (void)close(qtest);
    kdio_target_close(target);
}

static void time_growth(struct kdio_target *target, unsigned count)
{
    struct kdio_program *program = bench_program(BENCH_VARIOUS, count);
    double first_us = bench_now_us(), start_us = first_us;

    for (unsigned i = 0; i < GROWTH_RUNS && start_us - first_us < GROWTH_LIMIT_US; i++) {
        start_us = bench_now_us();
        bench_must(target, kdio_target_run(target, program, false));
        printf("growth_%u_us %.1f\n", count, bench_now_us() - start_us);
        start_us = bench_now_us();
    }
    kdio_program_free(program);
}

void part_growth(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);

    for (unsigned count = 1; count < GROWTH_MAX; count *= GROWTH_STEP)
        time_growth(target, count);
    time_growth(target, GROWTH_MAX);
    kdio_target_close(target);
}

/* A line that takes its time tells more in fewer samples. */
void part_paced(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);
    struct kdio_program *program = bench_program(BENCH_VARIOUS, PACED_COUNT);
    double start_us;

    for (unsigned i = 0; i < PACED_RUNS; i++) {
        start_us = bench_now_us();
        bench_must(target, kdio_target_run(target, program, false));
        printf("program_us %.1f\n", bench_now_us() - start_us);
        start_us = bench_now_us();
        one_write(target);
        printf("single_us %.1f\n", bench_now_us() - start_us);
    }
    kdio_program_free(program);
    kdio_target_close(target);
}
