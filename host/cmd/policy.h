/* SPDX-License-Identifier: MIT */
/*
 * policy.h: what --deny and --read-only refuse, applied before kdio connects, so that a refused command sends nothing
 * and boots nothing. The library is given the same lists and applies them again.
 */
#ifndef KDIO_CMD_POLICY_H
#define KDIO_CMD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cmd/failure.h"

#define POLICY_SPANS_MAX 64

struct policy {
    struct kdio_port_span spans[POLICY_SPANS_MAX];
    size_t span_count;
    bool safe;
    bool read_only;
};

/* Adds the argument of one --deny: "PORT", "PORT-PORT" or "safe", or several of them with commas between. */
enum exit_status policy_deny(struct policy *policy, const char *list, struct failure *failure);

/*
 * KDIO_DONE, or why the access is refused: for its operands, by the lists, and once a target is open (else NULL)
 * because the link needs the port.
 */
enum kdio_status policy_check_out(const struct policy *policy, struct kdio_target *target, uint64_t port,
                                  unsigned width, uint64_t value);
enum kdio_status policy_check_in(const struct policy *policy, struct kdio_target *target, uint64_t port,
                                 unsigned width);

#endif
