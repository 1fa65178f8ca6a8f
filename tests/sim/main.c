/* SPDX-License-Identifier: MIT */
/* main.c: runs the simulation: all scripts, a sweep, or random runs. The first failure ends it with exit status 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/random_run.h"
#include "tests/sim/script.h"
#include "tests/sim/speed.h"
#include "tests/sim/sweep.h"

static int usage(void)
{
    (void)fprintf(stderr, "usage: sim script [NAME] | speed | sweep SEEDS | "
                          "sweep SEED SESSION up|down lose|flip|insert|repeat BYTE | random SEED COUNT\n");
    return 2;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int main(int count, char **arguments)
{
    const char *what = count > 1 ? arguments[1] : "";

    if (!strcmp(what, "script") && count <= 3)
        return sim_script(count == 3 ? arguments[2] : NULL);
    if (!strcmp(what, "speed") && count == 2)
        return sim_speed();
    if (!strcmp(what, "sweep") && count == 3)
        return sim_sweep(number(arguments[2]));
    if (!strcmp(what, "sweep") && count == 7)
        return sim_sweep_one(number(arguments[2]), number(arguments[3]), arguments[4], arguments[5],
                             number(arguments[6]));
    if (!strcmp(what, "random") && count == 4)
        return sim_random_runs(number(arguments[2]), number(arguments[3]));
    return usage();
}
