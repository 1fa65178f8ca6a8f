/* SPDX-License-Identifier: MIT */
/* line.c: bytes pass the faults of single bytes, then those of whole frames, then travel. */
#include "tests/sim/line.h"

#include <string.h>

#include "proto/frame.h"

void sim_line_init(struct sim_line *line, uint64_t seed, uint64_t byte_ns, uint64_t latency_ns)
{
    memset(line, 0, sizeof *line);
    line->random.state = seed;
    line->byte_ns = byte_ns;
    line->latency_ns = latency_ns;
}

static void travel(struct sim_line *line, uint8_t byte, uint64_t now_ns)
{
    uint64_t at_ns = now_ns + line->latency_ns;

    if (line->cut || line->head - line->tail == SIM_LINE_SIZE)
        return;
    if (at_ns < line->last_ns + line->byte_ns)
        at_ns = line->last_ns + line->byte_ns;
    line->last_ns = at_ns;
    line->queue[line->head++ % SIM_LINE_SIZE] = (struct sim_byte){ at_ns, line->byte_ns, byte };
}

static void travel_all(struct sim_line *line, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
    for (size_t i = 0; i < size; i++)
        travel(line, bytes[i], now_ns);
}

static void hold(struct sim_line *line, uint64_t now_ns)
{
    memcpy(line->held, line->frame, line->frame_size);
    line->held_size = line->frame_size;
    line->held_until_ns = now_ns + line->late_ns;
}

static void pass_frame(struct sim_line *line, uint64_t now_ns)
{
    bool chosen = line->frame_fault != SIM_FRAME_OK && line->frames == line->frame_at;

    line->frames++;
    line->inside = false;
    line->harmed += chosen;
    if (chosen && line->frame_fault == SIM_FRAME_LOST)
        return;
    if (chosen && line->frame_fault == SIM_FRAME_LATE) {
        hold(line, now_ns);
        return;
    }
    travel_all(line, line->frame, line->frame_size, now_ns);
    if (chosen)
        travel_all(line, line->frame, line->frame_size, now_ns);
}

/* Whole frames are kept back to their end, so that one can be lost, repeated or held. */
static void pass(struct sim_line *line, uint8_t byte, uint64_t now_ns)
{
    if (!line->inside && byte != KDIO_FRAME_MARK) {
        travel(line, byte, now_ns);
        return;
    }
    if (!line->inside)
        line->frame_size = 0;
    line->inside = true;
    line->frame[line->frame_size++] = byte;
    if (byte == KDIO_FRAME_DELIMITER || line->frame_size == SIM_FRAME_SIZE)
        pass_frame(line, now_ns);
}

static enum sim_fault draw_fault(struct sim_line *line)
{
    uint64_t number = line->count++;

    if (line->single != SIM_NO_FAULT && number == line->single_at)
        return line->single;
    for (int fault = SIM_LOSE; fault < SIM_FAULTS; fault++)
        if (sim_chance(&line->random, line->rates.part[fault], 1000000))
            return (enum sim_fault)fault;
    return SIM_NO_FAULT;
}

void sim_line_put(struct sim_line *line, uint8_t byte, uint64_t now_ns)
{
    enum sim_fault fault = draw_fault(line);
    void (*next)(struct sim_line *, uint8_t, uint64_t) = line->frame_fault == SIM_FRAME_OK ? travel : pass;

    line->recorded[line->recorded_count++ % SIM_RECORDED] = byte;
    line->harmed += fault != SIM_NO_FAULT;
    if (fault == SIM_LOSE)
        return;
    if (fault == SIM_FLIP)
        byte ^= (uint8_t)(1u << sim_below(&line->random, 8));
    if (fault == SIM_INSERT)
        next(line, (uint8_t)sim_draw(&line->random), now_ns);
    if (fault == SIM_REPEAT)
        next(line, byte, now_ns);
    next(line, byte, now_ns);
}

void sim_line_replay(struct sim_line *line, size_t back, size_t size, uint64_t now_ns)
{
    if (back > line->recorded_count)
        back = (size_t)line->recorded_count;
    if (back > SIM_RECORDED)
        back = SIM_RECORDED;
    for (size_t i = 0; i < size && i < back; i++)
        travel(line, line->recorded[(line->recorded_count - back + i) % SIM_RECORDED], now_ns);
    line->harmed++;
}

void sim_line_noise(struct sim_line *line, size_t size, uint64_t now_ns)
{
    for (size_t i = 0; i < size; i++)
        travel(line, (uint8_t)sim_draw(&line->random), now_ns);
    line->harmed++;
}

void sim_line_drop(struct sim_line *line)
{
    line->tail = line->head;
    line->harmed++;
}

uint64_t sim_line_next_ns(const struct sim_line *line)
{
    uint64_t next_ns = line->held_size ? line->held_until_ns : SIM_NEVER;

    if (line->head != line->tail && line->queue[line->tail % SIM_LINE_SIZE].at_ns < next_ns)
        next_ns = line->queue[line->tail % SIM_LINE_SIZE].at_ns;
    return next_ns;
}

bool sim_line_get(struct sim_line *line, uint64_t now_ns, struct sim_byte *byte)
{
    const struct sim_byte *next = &line->queue[line->tail % SIM_LINE_SIZE];

    if (line->held_size && line->held_until_ns <= now_ns) {
        travel_all(line, line->held, line->held_size, now_ns);
        line->held_size = 0;
    }
    if (line->head == line->tail || next->at_ns > now_ns)
        return false;
    *byte = *next;
    line->tail++;
    return true;
}
