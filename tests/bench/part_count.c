/* SPDX-License-Identifier: MIT */
/* part_count.c: writes and nothing else in bench_counted, which callgrind is told to look at. */
#include <string.h>

#include "tests/bench/client.h"
#include "tests/bench/part.h"

void bench_counted(struct kdio_target *target, bool single, unsigned count);

/* A program is built, run and freed: what a write costs its caller. */
__attribute__((noinline)) void bench_counted(struct kdio_target *target, bool single, unsigned count)
{
    struct kdio_program *program = NULL;

    for (unsigned i = 0; single && i < count; i++)
        bench_must(target, kdio_out8(target, BENCH_PORT, BENCH_VALUE));
    if (single)
        return;
    program = bench_program(BENCH_VARIOUS, count);
    bench_must(target, kdio_target_run(target, program, false));
    kdio_program_free(program);
}

void part_count(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);

    bench_must(target, kdio_out8(target, BENCH_PORT, BENCH_VALUE));
    bench_counted(target, strcmp(arguments[1], "single") == 0, bench_number(arguments[2]));
    kdio_target_close(target);
}
