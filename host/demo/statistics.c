/* SPDX-License-Identifier: MIT */
/* statistics.c: implements statistics.h. */
#include "host/demo/statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <kdio.h>

#define PORT_DEBUG_CONSOLE 0xe9
#define NAME_SIZE 160

static bool say(struct kdio_target *target, const char *what)
{
    printf("   FAILED: %s: %s\n", what, target != NULL ? kdio_target_error(target)->text : "no memory");
    return false;
}

static bool check_previous(struct kdio_target *target, uint32_t expected)
{
    uint32_t counted = kdio_target_info(target)->previous_operations;

    printf("   exactly once    the stub executed %" PRIu32 " operations in the session before, %" PRIu32
           " were asked for\n", counted, expected);
    if (counted != expected)
        printf("   FAILED: the two differ\n");
    return counted == expected;
}

static bool run_sentence(struct kdio_target *target, struct kdio_program *program, const char *sentence)
{
    for (const char *next = sentence; *next != '\0'; next++) {
        if (kdio_program_out(program, PORT_DEBUG_CONSOLE, 1, (uint8_t)*next) != KDIO_DONE)
            return false;
    }
    return kdio_target_run(target, program, false) == KDIO_DONE;
}

static bool write_sentence(struct kdio_target *target, const char *sentence)
{
    struct kdio_program *program = kdio_program_new();
    struct kdio_link_stats before, after;
    bool done;

    kdio_target_link_stats(target, &before);
    done = program != NULL && run_sentence(target, program, sentence);
    kdio_target_link_stats(target, &after);
    kdio_program_free(program);
    if (!done)
        return say(target, "the program");
    printf("   one program     %zu writes in %" PRIu64 " request, %" PRIu64 " bytes on the wire both ways\n",
           strlen(sentence), after.requests - before.requests,
           after.tx_bytes + after.rx_bytes - after.console_bytes -
               (before.tx_bytes + before.rx_bytes - before.console_bytes));
    return true;
}

static void print_counters(const struct kdio_link_stats *link, const struct kdio_stub_stats *stub)
{
    printf("                                      host, this session   stub, since it booted\n");
    printf("   frames received and good     %20" PRIu64 " %23" PRIu32 "\n", link->rx_frames, stub->frames);
    printf("   sent again                   %20" PRIu64 " %23" PRIu32 "\n", link->retransmitted, stub->repeated);
    printf("   bad checks                   %20" PRIu64 " %23" PRIu32 "\n", link->bad_frames, stub->bad_frames);
    printf("   operations                   %20" PRIu64 " %23" PRIu32 "\n", link->operations, stub->operations);
    printf("   console bytes, received/lost %20" PRIu64 " %23" PRIu32 "\n", link->console_bytes, stub->console_lost);
    printf("   round trip                   %" PRIu32 " us at least, %" PRIu32 " on average, %" PRIu32 " at most\n",
           link->rtt_us_min, link->rtt_us_mean, link->rtt_us_max);
}

static bool show(struct kdio_target *target, uint32_t expected_operations, const char *sentence)
{
    struct kdio_stub_stats stub;
    struct kdio_link_stats link;

    if (!check_previous(target, expected_operations) || !write_sentence(target, sentence))
        return false;
    if (kdio_target_stub_stats(target, &stub) != KDIO_DONE)
        return say(target, "the stub's counters");
    kdio_target_link_stats(target, &link);
    print_counters(&link, &stub);
    return true;
}

bool statistics_show(const char *path, uint32_t expected_operations, const char *sentence)
{
    struct kdio_target *target;
    char gensio[NAME_SIZE];
    bool held;

    (void)snprintf(gensio, sizeof gensio, "unix,%s", path);
    held = kdio_target_open(&target, gensio, NULL) == KDIO_DONE ? show(target, expected_operations, sentence)
                                                               : say(target, gensio);
    kdio_target_close(target);
    return held;
}
