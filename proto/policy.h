/* SPDX-License-Identifier: MIT */
/*
 * policy.h: which port accesses a deny list covers, and the profile `safe`; one rule for host and stub.
 */
#ifndef KDIO_PROTO_POLICY_H
#define KDIO_PROTO_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/program.h"

/* One access to a port that an operation makes. */
struct kdio_port_access {
    uint16_t port;
    unsigned width; /* In bytes. */
    bool write;
    uint32_t value; /* Of a write, where it is known before; else KDIO_ANY_VALUE. */
};

#define KDIO_ANY_VALUE 0xfefefefeu /* The value that is denied where any is. */

/* Access `index` of an operation, from 0; false when it has no more. Repeated ones count once. */
bool kdio_op_access(const struct kdio_op *op, unsigned index, struct kdio_port_access *access);

/*
 * True when an access touches ports first..last. A 4-byte access at cf8 is PCI's CONFIG_ADDRESS and touches cf8
 * alone: the reset register at cf9 answers to byte accesses only (PCI Local Bus Specification 3.0, 3.2.2.3.2).
 */
bool kdio_port_in_range(uint16_t port, unsigned width, uint16_t first, uint16_t last);

/* The profile `safe`: ports that reset or power off a PC, and the command that does so at the keyboard controller. */
bool kdio_safe_denies(uint16_t port, unsigned width, bool write, uint32_t value);

#endif
