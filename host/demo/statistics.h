/* SPDX-License-Identifier: MIT */
/* statistics.h: what the demo does with kdio's own interface: a program of many operations, and the link's counters. */
#ifndef KDIO_HOST_DEMO_STATISTICS_H
#define KDIO_HOST_DEMO_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens the line at `path`, checks that the session before executed exactly `expected_operations`, writes `sentence` to
 * the debug console in one program, and prints the counters. Returns false, with the reason printed, when a step did
 * not hold.
 */
bool statistics_show(const char *path, uint32_t expected_operations, const char *sentence);

#endif
