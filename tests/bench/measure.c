/* SPDX-License-Identifier: MIT */
/*
 * measure.c: measures one running target through libkdio, and QEMU's monitor beside it.
 *
 *     measure GENSIO MONITOR BLOCKS WRITES
 *
 * Prints one "name number" a line, and judges nothing. Times of the two rivals are taken in turns, block by block, on
 * the same machine, so that what else the computer does hits both. What a single access costs on the wire is the
 * difference of the link's own byte counters, in series without a repeated frame; console text is not counted.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kdio.h>

#define PORT_POST 0x80u
#define VALUE 0x41u
#define WARM_UP_COUNT 50u
#define SETTLE_COUNT 10u
#define WIRE_COUNT 100u
#define SERIES_MAX 50u
#define PROGRAM_COUNT 1000u
#define PROGRAM_RUNS 9u
#define MONITOR_COMMAND "o /b 0x80 0x41\n"
#define MONITOR_PROMPT "(qemu) "
#define MONITOR_LIMIT_MS 5000

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "measure: %s: %s\n", what, why);
    exit(1);
}

static void must(struct kdio_target *target, enum kdio_status status)
{
    if (status != KDIO_DONE)
        die("target", kdio_target_error(target)->text);
}

/* ---- The monitor ---- */

/* The prompt ends what the monitor says; what is typed comes back before it and holds no prompt. */
static void monitor_wait_prompt(int monitor)
{
    static const size_t prompt_size = sizeof MONITOR_PROMPT - 1;
    struct pollfd ready = { .fd = monitor, .events = POLLIN };
    char text[4096];
    size_t size = 0;

    while (size < prompt_size || memcmp(text + size - prompt_size, MONITOR_PROMPT, prompt_size) != 0) {
        ssize_t got = poll(&ready, 1, MONITOR_LIMIT_MS) == 1 ? read(monitor, text + size, sizeof text - size) : 0;

        if (got <= 0)
            die("monitor", "no prompt");
        size += (size_t)got;
    }
}

static int monitor_open(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int monitor = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (monitor < 0 || connect(monitor, (const struct sockaddr *)&address, sizeof address) != 0)
        die("monitor", "cannot connect");
    monitor_wait_prompt(monitor);
    return monitor;
}

static void monitor_write(int monitor)
{
    static const char command[] = MONITOR_COMMAND;

    if (write(monitor, command, sizeof command - 1) != (ssize_t)sizeof command - 1)
        die("monitor", "cannot write");
    monitor_wait_prompt(monitor);
}

/* ---- Bytes on the wire ---- */

/* Frames only: console text is the kernel's. */
static uint64_t wire_bytes(const struct kdio_link_stats *stats)
{
    return stats->tx_bytes + stats->rx_bytes - stats->console_bytes;
}

/* Each request went out once, and each reply came in once. */
static bool undisturbed(const struct kdio_link_stats *before, const struct kdio_link_stats *after)
{
    uint64_t requests = after->requests - before->requests;

    return before->retransmitted == after->retransmitted && before->bad_frames == after->bad_frames &&
           after->tx_frames - before->tx_frames == requests && after->rx_frames - before->rx_frames == requests;
}

static enum kdio_status one_write(struct kdio_target *target)
{
    return kdio_out8(target, PORT_POST, VALUE);
}

static enum kdio_status one_read(struct kdio_target *target)
{
    uint32_t value;

    return kdio_in(target, PORT_POST, 1, &value);
}

struct wire_cost {
    uint64_t bytes, request_bytes, reply_bytes;
};

/* The dearest of many, since sequence numbers and values may make a difference. False when the series was disturbed. */
static bool measure_series(struct kdio_target *target, enum kdio_status (*access)(struct kdio_target *),
                           struct wire_cost *dearest)
{
    struct kdio_link_stats begin, before, after;

    *dearest = (struct wire_cost){ 0 };
    kdio_target_link_stats(target, &begin);
    for (unsigned i = 0; i < SETTLE_COUNT; i++)
        must(target, access(target));
    for (unsigned i = 0; i < WIRE_COUNT; i++) {
        kdio_target_link_stats(target, &before);
        must(target, access(target));
        kdio_target_link_stats(target, &after);
        if (before.console_bytes != after.console_bytes || wire_bytes(&after) - wire_bytes(&before) < dearest->bytes)
            continue;
        dearest->bytes = wire_bytes(&after) - wire_bytes(&before);
        dearest->request_bytes = after.tx_bytes - before.tx_bytes;
        dearest->reply_bytes = after.rx_bytes - before.rx_bytes;
    }
    return undisturbed(&begin, &after);
}

/* On a busy computer a request may go out again because its reply is late, and then there are two replies. */
static void measure_wire(struct kdio_target *target, const char *name, enum kdio_status (*access)(struct kdio_target *))
{
    struct wire_cost cost;

    for (unsigned i = 0; !measure_series(target, access, &cost); i++) {
        if (i == SERIES_MAX)
            die("wire", "no series of accesses without a repeated frame");
    }
    printf("%s_request_bytes %" PRIu64 "\n%s_reply_bytes %" PRIu64 "\n%s_bytes %" PRIu64 "\n", name,
           cost.request_bytes, name, cost.reply_bytes, name, cost.bytes);
}

/* ---- Programs ---- */

/* "1000 writes to various ports": no two neighbours have the same port. */
static struct kdio_program *program_make(void)
{
    struct kdio_program *program = kdio_program_new();

    for (unsigned i = 0; program && i < PROGRAM_COUNT; i++) {
        uint16_t port = i % 2 ? PORT_POST : 0xd00 + i;

        if (kdio_program_out(program, port, 1, i & 0xff) != KDIO_DONE)
            die("program", "cannot be built");
    }
    if (!program)
        die("program", "no memory");
    return program;
}

static void measure_program(struct kdio_target *target)
{
    struct kdio_program *program = program_make();
    struct kdio_link_stats before, after;
    double start_us;

    for (unsigned run = 0; run < PROGRAM_RUNS; run++) {
        kdio_target_link_stats(target, &before);
        start_us = now_us();
        must(target, kdio_target_run(target, program, false));
        printf("program_us %.1f\n", now_us() - start_us);
        kdio_target_link_stats(target, &after);
        if (undisturbed(&before, &after))
            printf("program_bytes %" PRIu64 "\nprogram_requests %" PRIu64 "\n",
                   wire_bytes(&after) - wire_bytes(&before), after.requests - before.requests);
    }
    kdio_program_free(program);
}

/* ---- Side by side ---- */

static void time_target(struct kdio_target *target, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        double start_us = now_us();

        must(target, one_write(target));
        printf("kdio_us %.1f\n", now_us() - start_us);
    }
}

static void time_monitor(int monitor, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        double start_us = now_us();

        monitor_write(monitor);
        printf("monitor_us %.1f\n", now_us() - start_us);
    }
}

/* The first accesses after the other's turn wake the guest up, and belong to neither's steady state. */
static void measure_times(struct kdio_target *target, int monitor, unsigned blocks, unsigned count)
{
    for (unsigned block = 0; block < blocks; block++) {
        must(target, one_write(target));
        time_target(target, count);
        monitor_write(monitor);
        time_monitor(monitor, count);
    }
}

int main(int argc, char **argv)
{
    struct kdio_options options = { .size = sizeof options, .wait_ms = 20000 };
    struct kdio_target *target;
    enum kdio_status status;
    int monitor;

    if (argc != 5)
        die("usage", "measure GENSIO MONITOR BLOCKS WRITES");
    status = kdio_target_open(&target, argv[1], &options);
    if (status == KDIO_NO_MEMORY)
        die("target", "no memory");
    must(target, status);
    monitor = monitor_open(argv[2]);
    for (unsigned i = 0; i < WARM_UP_COUNT; i++)
        must(target, one_write(target));
    measure_wire(target, "write", one_write);
    measure_wire(target, "read", one_read);
    measure_program(target);
    measure_times(target, monitor, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
    (void)close(monitor);
    kdio_target_close(target);
    return 0;
}
