/* SPDX-License-Identifier: MIT */
/*
 * rate.h: changes of the line's rate (SPEC.md, section 6, S15 to S17).
 *
 * The rate changes only when the reply that says so has left the transmitter, and the default comes back by itself when
 * nothing intact is heard at another: whatever goes wrong, stub and host meet at the default.
 */
#ifndef KDIO_STUB_RATE_H
#define KDIO_STUB_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/cursor.h"
#include "proto/status.h"

struct kdio_stub;

/* The operation BAUD. */
enum kdio_status kdio_rate_op(struct kdio_stub *stub, uint64_t baud, struct kdio_writer *results);

/* Once in each call, before anything is sent. True while nothing may be. */
bool kdio_rate_go(struct kdio_stub *stub, uint64_t at_us);

#endif
