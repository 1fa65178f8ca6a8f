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

/* What became of a program. */
struct kdio_run {
    struct kdio_failure failure; /* status KDIO_DONE when all of it is done. */
    uint32_t counted;            /* Operations done that are the user's: not the link's own. */
    struct kdio_program_summary summary;
    struct kdio_writer results;
};

/* Checks the whole of a request's program without touching a device, then runs it up to the first failure. Returns the
 * bytes of results. */
uint32_t kdio_runner_run(struct kdio_stub *stub, const struct kdio_stub_request *request, uint8_t *results,
                         struct kdio_run *run);

#endif
