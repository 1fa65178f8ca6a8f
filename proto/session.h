/* SPDX-License-Identifier: MIT */
/*
 * session.h: the key of a session, and where each frame's check starts (SPEC.md, section 3; rule L4).
 *
 * The start value of a frame's CRC is a function of the session's key (nonce, challenge) and the full 32-bit sequence
 * number: for one key, different sequence numbers always start differently, so a frame of an earlier round of the 6-bit
 * number on the wire fails its check. Replies start at the complement, so that an echoed request is never a reply.
 */
#ifndef KDIO_PROTO_SESSION_H
#define KDIO_PROTO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

struct kdio_session_key {
    uint32_t nonce;     /* The host's. */
    uint32_t challenge; /* The stub's: new at every OPEN and every boot, never 0. It names the session. */
};

/* A bijection of 32-bit numbers in which each input bit reaches each output bit: the finaliser of MurmurHash3. */
static inline uint32_t kdio_mix32(uint32_t value)
{
    value ^= value >> 16;
    value *= 0x85ebca6bu;
    value ^= value >> 13;
    value *= 0xc2b2ae35u;
    return value ^ value >> 16;
}

static inline uint32_t kdio_session_start(struct kdio_session_key key, uint32_t seq)
{
    return kdio_mix32(kdio_mix32(seq + key.nonce) + key.challenge);
}

static inline uint32_t kdio_session_reply_start(struct kdio_session_key key, uint32_t seq)
{
    return ~kdio_session_start(key, seq);
}

/* Where the check of the answer to OPEN starts. */
static inline uint32_t kdio_session_answer_start(uint32_t nonce)
{
    return kdio_mix32(nonce);
}

#endif
