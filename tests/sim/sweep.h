/* SPDX-License-Identifier: MIT */
/* sweep.h: exactly one fault at each byte of a session in turn. */
#ifndef KDIO_SIM_SWEEP_H
#define KDIO_SIM_SWEEP_H

#include <stdint.h>

/* Over the sessions of so many seeds; 0 when all passed. A failure ends the process. */
int sim_sweep(uint64_t seeds);

/* One of them: direction "up" or "down", fault "lose", "flip", "insert", "repeat", number of the byte. */
int sim_sweep_one(uint64_t seed, uint64_t session, const char *direction, const char *fault, uint64_t at);

#endif
