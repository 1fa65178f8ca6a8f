/* SPDX-License-Identifier: MIT */
/* progress.h: a line on the terminal that shows that something long is under way, and is gone afterwards. */
#ifndef KDIO_CMD_PROGRESS_H
#define KDIO_CMD_PROGRESS_H

#include <stdbool.h>
#include <time.h>

/* Zero-initialised: draws nothing. */
struct progress {
    const char *label; /* NULL while nothing is under way, or standard error is no terminal. */
    const char *verb;  /* Stands before the label. */
    const char *end;   /* Stands between the label and the time. */
    time_t start_s;
    long shown_s; /* Seconds on the screen; -1 for none yet. */
};

void progress_start(struct progress *progress, const char *label);
/* The same for a wait: "waiting for WHAT: 12 s". */
void progress_start_waiting(struct progress *progress, const char *what);
void progress_draw(struct progress *progress);
void progress_stop(struct progress *progress);

#endif
