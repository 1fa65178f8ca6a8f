/* SPDX-License-Identifier: MIT */
/* progress.c: implements progress.h. Draws at most once a second. */
#include "host/cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define ERASE_LINE "\r\033[K"
#define LABEL_MAX  54 /* A line of 80 that wraps cannot be erased. */

static time_t now_s(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void start(struct progress *progress, const char *verb, const char *label, const char *end)
{
    *progress = (struct progress){ .label = isatty(STDERR_FILENO) ? label : NULL, .verb = verb, .end = end,
                                   .start_s = now_s(), .shown_s = -1 };
    progress_draw(progress);
}

void progress_start(struct progress *progress, const char *label)
{
    start(progress, "", label, "...");
}

void progress_start_waiting(struct progress *progress, const char *what)
{
    start(progress, "waiting for ", what, ":");
}

void progress_draw(struct progress *progress)
{
    long elapsed_s = (long)(now_s() - progress->start_s);

    if (progress->label == NULL || elapsed_s == progress->shown_s)
        return;
    progress->shown_s = elapsed_s;
    (void)fprintf(stderr, ERASE_LINE "%s%.*s%s %ld s", progress->verb, LABEL_MAX, progress->label, progress->end,
                  elapsed_s);
    (void)fflush(stderr);
}

void progress_stop(struct progress *progress)
{
    if (progress->label != NULL)
        (void)fputs(ERASE_LINE, stderr);
    progress->label = NULL;
}
