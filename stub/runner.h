/* SPDX-License-Identifier: MIT */
/*
 * runner.h: executes the operations of a verified program: what can be done, apart from how it was asked.
 *
 * Nothing runs before the whole program is known to be well-formed, within the limits and within the policy.
 */
#ifndef KDIO_STUB_RUNNER_H
#define KDIO_STUB_RUNNER_H

#include "proto/program.h"
#include "proto/stub_link.h"

struct kdio_stub;

/* DONE when the whole program may run; else why not, with the operation's index. Touches no device. */
enum kdio_status kdio_runner_check(const struct kdio_stub *stub, const struct kdio_stub_request *request,
                                   uint32_t *bad_index);

/* What became of a program. */
struct kdio_run {
    struct kdio_failure failure; /* status KDIO_DONE when all of it is done. */
    size_t results_size;
    uint32_t counted; /* Operations done that are the user's: not the link's own. */
};

/* Runs a program that kdio_runner_check passed, up to the first failure. */
void kdio_runner_run(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                     struct kdio_run *run);

#endif
