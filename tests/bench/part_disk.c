/* SPDX-License-Identifier: MIT */
/*
 * part_disk.c: IDENTIFY DEVICE of the first IDE disk (ATA/ATAPI-6, 8.15): 256 words through one 16-bit port. They are
 * read by string input, and by a read a word. The model's name, bytes swapped in each word, tells that they came in
 * order.
 */
#include <string.h>

#include "tests/bench/client.h"
#include "tests/bench/part.h"

#define IDE_DATA    0x1f0u
#define IDE_DEVICE  0x1f6u
#define IDE_COMMAND 0x1f7u /* Write. */
#define IDE_STATUS  0x1f7u /* Read. */
#define IDE_DEVICE_0 0xa0u
#define IDE_IDENTIFY 0xecu
#define IDE_BSY 0x80u
#define IDE_DRQ 0x08u
#define WORD_COUNT  256u
#define MODEL_WORD  27u
#define MODEL_WORDS 20u
#define RUNS        20u
#define LIMIT_US    1000000u

/* Up to the first word. By programs, as a user would. False where the stub has no POLL. */
static bool identify(struct kdio_target *target)
{
    struct kdio_program *program = kdio_program_new();
    enum kdio_status status;

    if (!program || kdio_program_out(program, IDE_DEVICE, 1, IDE_DEVICE_0) != KDIO_DONE ||
        kdio_program_out(program, IDE_COMMAND, 1, IDE_IDENTIFY) != KDIO_DONE ||
        kdio_program_poll(program, IDE_STATUS, 1, IDE_BSY | IDE_DRQ, IDE_DRQ, LIMIT_US) != KDIO_DONE)
        bench_die("disk", "the program cannot be built");
    status = kdio_target_run(target, program, false);
    kdio_program_free(program);
    return bench_there(target, status);
}

static void check(const char *how, const uint8_t *words)
{
    char model[2 * MODEL_WORDS + 1] = "";

    for (unsigned i = 0; i < 2 * MODEL_WORDS; i++)
        model[i] = (char)words[2 * MODEL_WORD + (i ^ 1)];
    printf("%s_correct %d\n", how, memcmp(model, "QEMU HARDDISK ", 14) == 0);
}

static void by_string(struct kdio_target *target)
{
    struct kdio_program *program = kdio_program_new();
    const uint8_t *words;
    double start_us;
    size_t size;

    if (!program || kdio_program_ins(program, IDE_DATA, 2, WORD_COUNT) != KDIO_DONE)
        bench_die("disk", "the program cannot be built");
    start_us = bench_now_us();
    bench_must(target, kdio_target_run(target, program, false));
    printf("string_us %.1f\n", bench_now_us() - start_us);
    words = kdio_program_bytes(program, 0, &size);
    if (size == 2 * WORD_COUNT)
        check("string", words);
    kdio_program_free(program);
}

static void one_by_one(struct kdio_target *target)
{
    uint8_t words[2 * WORD_COUNT];
    double start_us = bench_now_us();

    for (unsigned i = 0; i < WORD_COUNT; i++) {
        uint32_t word;

        bench_must(target, kdio_in(target, IDE_DATA, 2, &word));
        words[2 * i] = (uint8_t)word;
        words[2 * i + 1] = (uint8_t)(word >> 8);
    }
    printf("single_us %.1f\n", bench_now_us() - start_us);
    check("single", words);
}

void part_disk(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);

    for (unsigned i = 0; i < RUNS && identify(target); i++) {
        by_string(target);
        if (identify(target))
            one_by_one(target);
    }
    kdio_target_close(target);
}
