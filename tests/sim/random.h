/* SPDX-License-Identifier: MIT */
/* random.h: the generator that a whole simulation follows from: SplitMix64 (Steele, Lea, Flood 2014). */
#ifndef KDIO_SIM_RANDOM_H
#define KDIO_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_mix64(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static inline uint64_t sim_draw(struct sim_random *random)
{
    random->state += 0x9e3779b97f4a7c15u;
    return sim_mix64(random->state);
}

/* 0 to limit - 1. */
static inline uint64_t sim_below(struct sim_random *random, uint64_t limit)
{
    return sim_draw(random) % limit;
}

/* True in `part` of `whole` cases. Draws nothing where there are none, so that a fault switched off changes no run. */
static inline bool sim_chance(struct sim_random *random, uint64_t part, uint64_t whole)
{
    return part && sim_below(random, whole) < part;
}

#endif
