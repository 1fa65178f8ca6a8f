/* SPDX-License-Identifier: MIT */
/*
 * serial_line.h: the real stub in a process of its own behind a pseudo-terminal, for tests of the line's rate.
 *
 * Both ends have a rate: the stub's is its divisor, the host's the terminal's, whoever sets it. Bytes are garbled while
 * they differ.
 */
#ifndef KDIO_TESTS_LIB_SERIAL_LINE_H
#define KDIO_TESTS_LIB_SERIAL_LINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <kdio.h>

#define DEFAULT_BAUD 115200u
#define FAST_BAUD    921600u
#define WITNESS_PORT 0x80u   /* Gives back what was written to it. */

/* Shared with the stub's process. */
struct serial_line_page {
    atomic_bool stop;
    atomic_bool deaf_when_fast; /* What the host sends at another rate than the default arrives garbled. */
    atomic_bool mute_when_fast; /* What the stub sends does. */
    atomic_bool mute_once;      /* What it sends until its rate changes does. */
    atomic_uint stub_baud;
    atomic_uint writes;         /* To WITNESS_PORT, */
    atomic_uint written;        /* and the last of them. */
};

struct serial_line {
    struct serial_line_page *page;
    pid_t process;
    int master, slave;
    char name[64];    /* The terminal's path. */
    char gensio[128]; /* It, opened at the default rate. */
};

/* Each fails the test that calls it when something is not as it must be. */
void serial_line_start(struct serial_line *line);
void serial_line_stop(struct serial_line *line);

/* The rate of the host's end: the default, the fast one, or 0 for any other, such as the terminal's own. */
uint32_t serial_line_host_baud(const struct serial_line *line);

/* Opens a target; with `baud` 0 and `open_ms` 0 as the library does by itself. */
struct kdio_target *serial_line_open(const char *gensio, uint32_t baud, uint32_t open_ms);

/* Writes so many values, and sees that each was written once. */
void serial_line_write(struct kdio_target *target, const struct serial_line *line, unsigned count);

/* Waits for the rate of the stub's end, within a limit; by then the stub has polled many times. */
void serial_line_await_stub(const struct serial_line *line, uint32_t baud, uint64_t limit_ms);

#endif
