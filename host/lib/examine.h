/* SPDX-License-Identifier: MIT */
/*
 * examine.h: finds out what is the matter with a line, and measures it when a stub answers.
 *
 * Nothing on the target is touched: unknown software gets OPEN and nothing else (L13); a stub gets ECHO and STATS,
 * which are the link's own operations, and STATE, which tells whether the kernel is stopped. The examination takes a
 * session of its own, so another host loses the line.
 */
#ifndef KDIO_HOST_EXAMINE_H
#define KDIO_HOST_EXAMINE_H

#include <kdio.h>

#include "host/lib/finding.h"

#define KDIO_HEARD_SIZE 80u

/* A set of byte values. */
struct kdio_byte_set {
    uint8_t bits[256 / 8];
};

struct kdio_examination {
    enum kdio_finding finding;
    char detail[256];            /* What is particular to this line, "" for nothing. */
    char heard[KDIO_HEARD_SIZE]; /* The last line of text that came while no stub answered. */
    uint64_t heard_bytes;

    bool answered;               /* A stub answered: what follows means something. */
    struct kdio_info info;
    bool probed;                 /* All 256 values were tried; not with a polled stub, whose bursts hold no ECHO. */
    struct kdio_byte_set eaten_out; /* Never come through to the target, */
    struct kdio_byte_set eaten_in;  /* or back from it. */
    bool measured;
    uint32_t frames;             /* Requests of the measurement, */
    uint32_t repeated;           /* sent again, because they or their replies were lost; */
    uint32_t late;               /* sent again, because their replies took long; */
    uint32_t damaged_out;        /* damaged or cut as the stub counts, */
    uint32_t damaged_in;         /* and as this side does. */
    uint32_t overruns;           /* Of the target's UART. */
    uint32_t rtt_us_min, rtt_us_mean, rtt_us_max;
    uint32_t throughput;         /* Bytes a second on the wire, each way. */
    bool looked;                 /* Whether the kernel is stopped is known: */
    struct kdio_stop stop;
};

static inline bool kdio_byte_set_has(const struct kdio_byte_set *set, unsigned value)
{
    return set->bits[value / 8] >> value % 8 & 1;
}

static inline void kdio_byte_set_add(struct kdio_byte_set *set, unsigned value)
{
    set->bits[value / 8] = (uint8_t)(set->bits[value / 8] | 1u << value % 8);
}

/*
 * Examines the line in at most open_ms (4.5 s by default), and half a minute more where a stub is. Options are those of
 * kdio_target_open. Returns DONE when *examination says what was found, good or bad; INTERRUPTED, NO_MEMORY or SYSTEM
 * when nothing was found out.
 */
KDIO_MUST_CHECK enum kdio_status kdio_examine(const char *gensio, const struct kdio_options *options,
                                              struct kdio_examination *examination);

#endif
