/* SPDX-License-Identifier: MIT */
/* part_memory.c: physical memory of the target, read back: its rate, and the bytes on the line for each byte. */
#include <string.h>
#include <sys/stat.h>

#include "tests/bench/client.h"
#include "tests/bench/part.h"

#define BLOCK_SIZE  4096u
#define BLOCK_COUNT 16u

static uint8_t *load(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *bytes;

    if (!file || fstat(fileno(file), &status) != 0)
        bench_die(path, "cannot be read");
    *size = (size_t)status.st_size;
    bytes = malloc(*size);
    if (!bytes || fread(bytes, 1, *size, file) != *size)
        bench_die(path, "cannot be read");
    (void)fclose(file);
    return bytes;
}

/* Bytes on the line for each byte read; only where no frame went twice. */
static void say_wire(struct kdio_target *target, const char *name, const struct kdio_link_stats *before, size_t size)
{
    struct bench_cost cost;

    if (bench_cost_since(target, before, &cost))
        printf("%s_wire_per_byte %.5f\n%s_requests %" PRIu64 "\n", name, (double)cost.bytes / (double)size, name,
               cost.requests);
}

static bool read_once(struct kdio_target *target, const char *name, uint64_t address, const uint8_t *expected,
                      size_t size)
{
    uint8_t *bytes = calloc(size, 1);
    struct kdio_link_stats before;
    double start_us;

    if (!bytes)
        bench_die("memory", "none left");
    kdio_target_link_stats(target, &before);
    start_us = bench_now_us();
    if (!bench_there(target, kdio_read(target, KDIO_SPACE_PHYSICAL, address, 0, bytes, size, NULL))) {
        free(bytes);
        return false;
    }
    printf("%s_mb_per_s %.4f\n", name, (double)size / (bench_now_us() - start_us));
    say_wire(target, name, &before, size);
    printf("%s_correct %d\n", name, memcmp(bytes, expected, size) == 0);
    free(bytes);
    return true;
}

void part_memory(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);
    uint64_t address = bench_number(arguments[1]);
    size_t size;
    uint8_t *expected = load(arguments[2], &size);
    bool there = true;

    for (unsigned i = 0; there && i < BLOCK_COUNT; i++)
        there = read_once(target, "block", address + i * BLOCK_SIZE, expected + i * BLOCK_SIZE, BLOCK_SIZE);
    if (there)
        (void)read_once(target, "whole", address, expected, size);
    free(expected);
    kdio_target_close(target);
}
