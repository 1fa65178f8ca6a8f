/* SPDX-License-Identifier: MIT */
/* progress.c: implements progress.h. Draws at most once a second, and at each hundredth. */
#include "host/cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define ERASE_LINE "\r\033[K"
#define BAR_SIZE   30
#define LABEL_MAX  54 /* A line of 80 that wraps cannot be erased. */

static time_t now_s(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Seconds count as shown from `shown_s` on. */
static void start(struct progress *progress, const char *verb, const char *label, const char *end, long shown_s)
{
    bool shown = progress->allowed && isatty(STDERR_FILENO);

    *progress = (struct progress){ .allowed = progress->allowed, .label = shown ? label : NULL, .verb = verb,
                                   .end = end, .start_s = now_s(), .shown_s = shown_s };
    progress_draw(progress);
}

void progress_start(struct progress *progress, const char *label)
{
    start(progress, "", label, "...", -1);
}

void progress_start_waiting(struct progress *progress, const char *what)
{
    start(progress, "waiting for ", what, ":", -1);
}

void progress_start_late(struct progress *progress, const char *label)
{
    start(progress, "", label, "...", 0);
}

void progress_start_bar(struct progress *progress, const char *label, uint64_t total)
{
    start(progress, "", label, "", 0);
    progress->shown_s = -1;
    progress->total = total;
    progress_draw(progress);
}

static unsigned percent(const struct progress *progress)
{
    return progress->total != 0 ? (unsigned)((double)progress->done * 100 / (double)progress->total) : 0;
}

void progress_set(struct progress *progress, uint64_t done)
{
    progress->done = done;
    progress_draw(progress);
}

static void draw_bar(const struct progress *progress)
{
    char bar[BAR_SIZE + 1] = "";

    if (progress->total == 0)
        return;
    for (unsigned i = 0; i < BAR_SIZE; i++)
        bar[i] = i < percent(progress) * BAR_SIZE / 100 ? '#' : ' ';
    (void)fprintf(stderr, " [%s] %u%%:", bar, percent(progress));
}

void progress_draw(struct progress *progress)
{
    long elapsed_s = (long)(now_s() - progress->start_s);

    if (progress->label == NULL || (elapsed_s == progress->shown_s && percent(progress) == progress->shown_percent))
        return;
    progress->drawn = true;
    progress->shown_s = elapsed_s;
    progress->shown_percent = percent(progress);
    (void)fprintf(stderr, ERASE_LINE "%s%.*s%s", progress->verb, LABEL_MAX, progress->label, progress->end);
    draw_bar(progress);
    (void)fprintf(stderr, " %ld s", elapsed_s);
    (void)fflush(stderr);
}

void progress_stop(struct progress *progress)
{
    if (progress->label != NULL && progress->drawn)
        (void)fputs(ERASE_LINE, stderr);
    progress->label = NULL;
}
