/* SPDX-License-Identifier: MIT */
/*
 * crc32c.h: the frame check, CRC-32C (Castagnoli; RFC 3720 appendix B.4): reflected polynomial 82f63b78.
 *
 * The value is passed through without the final complement, so that a caller can go on from it and choose where to
 * start. A frame starts from KDIO_CRC32C_PLAIN or from its session's value (session.h) and stores the complement.
 */
#ifndef KDIO_PROTO_CRC32C_H
#define KDIO_PROTO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define KDIO_CRC32C_SIZE  4u
#define KDIO_CRC32C_PLAIN 0xffffffffu
#define KDIO_CRC32C_RESIDUE 0xb798b438u /* The register after a message and its stored check, whatever they are. */

uint32_t kdio_crc32c(uint32_t crc, const uint8_t *bytes, size_t size);

#endif
