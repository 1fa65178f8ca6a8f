/* SPDX-License-Identifier: MIT */
/* progress.h: a line on the terminal that shows that something long is under way, and is gone afterwards. */
#ifndef KDIO_CMD_PROGRESS_H
#define KDIO_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Zero-initialised: draws nothing. */
struct progress {
    bool allowed; /* Stays as it is: the program may write to standard error. */
    const char *label; /* NULL while nothing is under way, or standard error is no terminal. */
    const char *verb;  /* Stands before the label. */
    const char *end;   /* Stands between the label and the time. */
    time_t start_s;
    long shown_s; /* Seconds on the screen; -1 for none yet. */
    uint64_t done, total; /* Of a bar; 0 without one. */
    unsigned shown_percent;
    bool drawn; /* There is something to erase. */
};

void progress_start(struct progress *progress, const char *label);
/* The same for a wait: "waiting for WHAT: 12 s". */
void progress_start_waiting(struct progress *progress, const char *what);
/* Draws nothing for the first second. */
void progress_start_late(struct progress *progress, const char *label);
/* A bar: "reading [#####     ] 50%: 12 s", for an amount that progress_set tells. */
void progress_start_bar(struct progress *progress, const char *label, uint64_t total);
void progress_set(struct progress *progress, uint64_t done);
void progress_draw(struct progress *progress);
void progress_stop(struct progress *progress);

#endif
