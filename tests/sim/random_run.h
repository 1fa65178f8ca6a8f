/* SPDX-License-Identifier: MIT */
/* random_run.h: random sessions with random faults, each from a seed. */
#ifndef KDIO_SIM_RANDOM_RUN_H
#define KDIO_SIM_RANDOM_RUN_H

#include <stdint.h>

/* Seeds from `first`, so many; 0 when all passed. A failure ends the process. */
int sim_random_runs(uint64_t first, uint64_t count);

#endif
