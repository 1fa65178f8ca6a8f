/* SPDX-License-Identifier: MIT */
/* options.h: kdio's command line, read. */
#ifndef KDIO_CMD_OPTIONS_H
#define KDIO_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cmd/policy.h"

struct cmd_options {
    const char *target;       /* --target, else $KDIO_TARGET, else "qemu". */
    const char *commands;     /* -c, or NULL. */
    const char *console_path; /* --console, or NULL. */
    const char *capture_path; /* --capture, or NULL. */
    uint32_t wait_ms;
    const char *wait_word; /* A number that stands behind --wait without a `=`, or NULL. */
    uint32_t baud; /* Rate to move the line to; 0 leaves it. */
    uint32_t from; /* First line to execute; 0 when not given. */
    bool json, cycles, expect_reset, verbose, help, version;
    struct policy policy;
    char **words; /* The command and its arguments; they belong to argv, at whose start options_parse puts them. */
    size_t word_count;
};

enum exit_status options_parse(struct cmd_options *options, int argc, char **argv, struct failure *failure);

#endif
