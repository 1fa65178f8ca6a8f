/* SPDX-License-Identifier: MIT */
/*
 * observation.h: what came over a line while no stub was found, and what that looks like.
 *
 * The judgement is a function of the bytes alone, so that a recording is all it takes to test it. It only ever looks:
 * what is told apart is told apart by what the other side says by itself, or says to OPEN (L13).
 */
#ifndef KDIO_HOST_OBSERVATION_H
#define KDIO_HOST_OBSERVATION_H

#include <stddef.h>
#include <stdint.h>

#include "host/lib/finding.h"

#define KDIO_OBSERVATION_SIZE 4096u

struct kdio_observation {
    uint64_t rx_bytes; /* All that came. */
    size_t size;
    uint8_t bytes[KDIO_OBSERVATION_SIZE]; /* The last of it. */
};

void kdio_observation_clear(struct kdio_observation *observation);
void kdio_observation_add(struct kdio_observation *observation, const uint8_t *bytes, size_t size);

/* One of SILENT, NOISE, SEVEN_BITS, TELNET, LOOP, ONE_WAY, DAMAGED, TEXT, SHELL, LOGIN, GDB, KD. */
enum kdio_finding kdio_observation_judge(const struct kdio_observation *observation);

/* The last line of text that came, printable, "" for none; `size` at least 1. */
void kdio_observation_last_line(const struct kdio_observation *observation, char *line, size_t size);

#endif
