/* SPDX-License-Identifier: MIT */
/* client.c: see client.h. */
#include "tests/bench/client.h"

#include <time.h>

#define OPEN_LIMIT_MS 20000u
#define FIRST_PORT    0xd00u /* To 0x1fff nobody owns a port. */
#define PORT_COUNT    0x1000u

double bench_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void bench_die(const char *what, const char *why)
{
    fprintf(stderr, "measure: %s: %s\n", what, why);
    exit(1);
}

void bench_must(struct kdio_target *target, enum kdio_status status)
{
    if (status != KDIO_DONE)
        bench_die("target", kdio_target_error(target)->text);
}

bool bench_there(struct kdio_target *target, enum kdio_status status)
{
    if (status == KDIO_UNSUPPORTED)
        return false;
    bench_must(target, status);
    return true;
}

struct kdio_target *bench_open(const char *gensio)
{
    struct kdio_options options = { .size = sizeof options, .wait_ms = OPEN_LIMIT_MS };
    struct kdio_target *target;
    enum kdio_status status = kdio_target_open(&target, gensio, &options);

    if (status == KDIO_NO_MEMORY)
        bench_die("target", "no memory");
    bench_must(target, status);
    return target;
}

unsigned bench_number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 0);

    if (end == text || *end || number > UINT32_MAX)
        bench_die(text, "no number");
    return (unsigned)number;
}

/* ---- Programs ---- */

static uint16_t port_of(enum bench_pattern pattern, unsigned index)
{
    if (pattern == BENCH_SAME || (pattern == BENCH_VARIOUS && index % 2))
        return BENCH_PORT;
    return (uint16_t)(FIRST_PORT + index % PORT_COUNT);
}

static enum kdio_status append_table(struct kdio_program *program, unsigned count)
{
    uint8_t *values = malloc(count);
    enum kdio_status status = KDIO_NO_MEMORY;

    if (!values)
        return status;
    for (unsigned i = 0; i < count; i++)
        values[i] = (uint8_t)(i * 7 + 1);
    status = kdio_program_outs(program, BENCH_PORT, 1, values, count);
    free(values);
    return status;
}

struct kdio_program *bench_program(enum bench_pattern pattern, unsigned count)
{
    struct kdio_program *program = kdio_program_new();
    enum kdio_status status = program ? KDIO_DONE : KDIO_NO_MEMORY;

    if (status == KDIO_DONE && pattern == BENCH_TABLE)
        status = append_table(program, count);
    for (unsigned i = 0; status == KDIO_DONE && pattern != BENCH_TABLE && i < count; i++)
        status = kdio_program_out(program, port_of(pattern, i), 1, i & 0xff);
    if (status != KDIO_DONE)
        bench_die("program", "cannot be built");
    return program;
}

/* ---- Bytes on the wire ---- */

/* Each request went out once, and each reply came in once. */
static bool undisturbed(const struct kdio_link_stats *before, const struct kdio_link_stats *after)
{
    uint64_t requests = after->requests - before->requests;

    return before->retransmitted == after->retransmitted && before->bad_frames == after->bad_frames &&
           after->tx_frames - before->tx_frames == requests && after->rx_frames - before->rx_frames == requests;
}

bool bench_cost_since(struct kdio_target *target, const struct kdio_link_stats *before, struct bench_cost *cost)
{
    struct kdio_link_stats after;

    kdio_target_link_stats(target, &after);
    cost->request_bytes = after.tx_bytes - before->tx_bytes;
    cost->reply_bytes = after.rx_bytes - before->rx_bytes - (after.console_bytes - before->console_bytes);
    cost->bytes = cost->request_bytes + cost->reply_bytes;
    cost->requests = after.requests - before->requests;
    return undisturbed(before, &after);
}

void bench_say_cost(const char *name, const struct bench_cost *cost)
{
    printf("%s_bytes %" PRIu64 "\n%s_request_bytes %" PRIu64 "\n", name, cost->bytes, name, cost->request_bytes);
    printf("%s_reply_bytes %" PRIu64 "\n%s_requests %" PRIu64 "\n", name, cost->reply_bytes, name, cost->requests);
}
