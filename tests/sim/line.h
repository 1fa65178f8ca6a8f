/* SPDX-License-Identifier: MIT */
/*
 * line.h: one direction of the line: bytes with their times of arrival, and the faults on the way.
 *
 * Bytes arrive in the order in which they were put, never closer than the baud rate allows. Times are nanoseconds.
 */
#ifndef KDIO_SIM_LINE_H
#define KDIO_SIM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/random.h"

#define SIM_NEVER      UINT64_MAX
#define SIM_LINE_SIZE  0x20000u /* Bytes under way. */
#define SIM_FRAME_SIZE 0x2000u
#define SIM_RECORDED   0x8000u  /* Bytes kept, to be played again. */

enum sim_fault { SIM_NO_FAULT, SIM_LOSE, SIM_FLIP, SIM_INSERT, SIM_REPEAT, SIM_FAULTS };

/* What happens to single bytes, in parts per million. */
struct sim_rates {
    uint32_t part[SIM_FAULTS];
};

/* What happens to one frame. */
enum sim_frame_fault { SIM_FRAME_OK, SIM_FRAME_LOST, SIM_FRAME_TWICE, SIM_FRAME_LATE, SIM_FRAME_FAULTS };

struct sim_byte {
    uint64_t at_ns;
    uint64_t byte_ns; /* The rate at which it was sent: at another it is garbage. */
    uint8_t byte;
};

struct sim_line {
    struct sim_byte queue[SIM_LINE_SIZE];
    uint32_t head, tail;
    uint64_t byte_ns;          /* Of the sender, at present. */
    uint64_t latency_ns, last_ns;
    struct sim_random random;
    bool cut;                  /* Nothing gets through. */
    uint64_t count;            /* Bytes put. */
    uint64_t harmed;           /* Faults done. */
    struct sim_rates rates;
    enum sim_fault single;     /* One fault, at byte number single_at. */
    uint64_t single_at;
    enum sim_frame_fault frame_fault; /* One fault, at frame number frame_at. */
    unsigned frame_at;
    uint64_t late_ns;          /* How late a late frame is. */
    unsigned frames;           /* Whole frames put. */
    bool inside;
    uint8_t frame[SIM_FRAME_SIZE];
    size_t frame_size;
    uint8_t held[SIM_FRAME_SIZE];
    size_t held_size;
    uint64_t held_until_ns;
    uint8_t recorded[SIM_RECORDED];
    uint64_t recorded_count;
};

void sim_line_init(struct sim_line *line, uint64_t seed, uint64_t byte_ns, uint64_t latency_ns);

/* A byte leaves its sender at now_ns. */
void sim_line_put(struct sim_line *line, uint8_t byte, uint64_t now_ns);

/* Plays `size` of the bytes that were put earlier, beginning `back` bytes ago. */
void sim_line_replay(struct sim_line *line, size_t back, size_t size, uint64_t now_ns);

/* Bytes that no sender sent. */
void sim_line_noise(struct sim_line *line, size_t size, uint64_t now_ns);

/* Loses everything under way. */
void sim_line_drop(struct sim_line *line);

/* When the next byte arrives, or a held frame goes on its way. */
uint64_t sim_line_next_ns(const struct sim_line *line);

/* The next byte that has arrived; false when there is none. */
bool sim_line_get(struct sim_line *line, uint64_t now_ns, struct sim_byte *byte);

/* What a receiver at this rate makes of it. */
static inline uint8_t sim_byte_at(struct sim_byte byte, uint64_t byte_ns)
{
    return byte.byte_ns == byte_ns ? byte.byte : byte.byte ^ 0x5a;
}

#endif
