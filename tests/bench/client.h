/* SPDX-License-Identifier: MIT */
/*
 * client.h: what the parts of `measure` share. Each part measures one running target and prints "name number" lines; it
 * judges nothing. What a stub cannot do prints nothing.
 */
#ifndef KDIO_BENCH_CLIENT_H
#define KDIO_BENCH_CLIENT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <kdio.h>

#define BENCH_PORT  0x80u
#define BENCH_VALUE 0x41u

double bench_now_us(void);
_Noreturn void bench_die(const char *what, const char *why);

/* Opens the target, waiting for it to start. */
struct kdio_target *bench_open(const char *gensio);

/* Ends the program unless the status is DONE. */
void bench_must(struct kdio_target *target, enum kdio_status status);

/* False for what this stub does not have; as bench_must otherwise. */
bool bench_there(struct kdio_target *target, enum kdio_status status);

unsigned bench_number(const char *text);

/* ---- Programs ---- */

enum bench_pattern {
    BENCH_VARIOUS, /* No port is that of the write before, nor the next one. */
    BENCH_NEXT,    /* Each port is the next one. */
    BENCH_SAME,    /* One port, different values, a write an operation. */
    BENCH_TABLE,   /* One port, a table of different values in one operation. */
};

/* A program of so many 8-bit writes. */
struct kdio_program *bench_program(enum bench_pattern pattern, unsigned count);

/* ---- Bytes on the wire ---- */

struct bench_cost {
    uint64_t bytes, request_bytes, reply_bytes, requests;
};

/* What went over the line since `before`, without console text. False when a frame was damaged or sent again. */
bool bench_cost_since(struct kdio_target *target, const struct kdio_link_stats *before, struct bench_cost *cost);

/* Prints NAME_bytes, NAME_request_bytes, NAME_reply_bytes and NAME_requests. */
void bench_say_cost(const char *name, const struct bench_cost *cost);

#endif
