/* SPDX-License-Identifier: MIT */
/* failure.h: the one error of a run of kdio. It is filled where things go wrong and printed once, by main. */
#ifndef KDIO_CMD_FAILURE_H
#define KDIO_CMD_FAILURE_H

#include <stdint.h>

#include <kdio.h>

enum exit_status {
    EXIT_STATUS_DONE = 0,
    EXIT_STATUS_REFUSED = 1,
    EXIT_STATUS_USAGE = 2,
    EXIT_STATUS_LINK = 3,
    EXIT_STATUS_PROTOCOL = 4,
    EXIT_STATUS_SYSTEM = 5,
};

struct failure {
    enum exit_status exit;
    enum kdio_status status;   /* KDIO_DONE where no status of the library is behind it. */
    enum kdio_outcome outcome; /* Of the command that failed. */
    const char *file;          /* Script that the line belongs to, or NULL. */
    uint32_t line;             /* Line that failed, from 1; 0 for none. */
    uint32_t resume_line;      /* First line not known to be done; 0 for none. */
    char text[640];            /* One line, no full stop. */
};

/* Each fills in exit status and text, and returns the exit status. The outcome is NOT_DONE. */
__attribute__((format(printf, 2, 3))) enum exit_status failure_usage(struct failure *failure, const char *format, ...);
__attribute__((format(printf, 3, 4))) enum exit_status failure_status(struct failure *failure, enum kdio_status status,
                                                                      const char *format, ...);
/* Refused by the command itself: exit status 1, no status of the library. */
__attribute__((format(printf, 2, 3))) enum exit_status failure_refused(struct failure *failure, const char *format,
                                                                       ...);
/* A system error, with errno's text at the end. */
__attribute__((format(printf, 2, 3))) enum exit_status failure_system(struct failure *failure, const char *format, ...);

#define FAILURE_LINE_SIZE 5120 /* A path, and everything else. */

/* The failure as one line: where, what, and where to go on; without what would break a line or a terminal. */
void failure_line(const struct failure *failure, char line[static FAILURE_LINE_SIZE]);

/* Adds to the text. */
__attribute__((format(printf, 2, 3))) void failure_append(struct failure *failure, const char *format, ...);

/* The exit status that goes with a status of the library. */
enum exit_status exit_status_of(enum kdio_status status);

/* "refused", "usage", "link", ...: the word for an exit status. */
const char *exit_status_word(enum exit_status status);
const char *outcome_word(enum kdio_outcome outcome);

#endif
