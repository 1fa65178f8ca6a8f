/* SPDX-License-Identifier: MIT */
/*
 * runner.h: executes the operations of a verified program: what can be done, apart from how it was asked.
 *
 * Nothing runs before the whole program is known to be well-formed, within the limits and within the policy.
 */
#ifndef KDIO_STUB_RUNNER_H
#define KDIO_STUB_RUNNER_H

#include "proto/program.h"

struct kdio_stub;

/* DONE when the whole program may run; else why not, with the operation's index. Touches no device. */
enum kdio_status kdio_runner_check(const struct kdio_stub *stub, const uint8_t *program, size_t size, bool atomic,
                                   struct kdio_program_summary *summary);

/* Runs a program that kdio_runner_check passed: results go to `results`. Returns the bytes of results. *counted is the
 * number of operations that count as the user's (those that are not the link's own). */
size_t kdio_runner_run(struct kdio_stub *stub, const uint8_t *program, size_t size, uint8_t *results,
                       uint32_t *counted);

#endif
