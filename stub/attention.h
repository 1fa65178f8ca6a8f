/* SPDX-License-Identifier: MIT */
/*
 * attention.h: what the stub owes the line while a program runs across several calls: signs of life, and ears for what
 * cannot wait (SPEC.md, S12 and S13).
 *
 * The program's frame lies in the link's decoder, so what is received meanwhile stays in the ring, and is only looked
 * at. A frame that has its effect at once is blanked there: nothing has its effect twice.
 */
#ifndef KDIO_STUB_ATTENTION_H
#define KDIO_STUB_ATTENTION_H

#include <stdint.h>

struct kdio_stub;

/* A program begins. */
void kdio_attention_begin(struct kdio_stub *stub, uint64_t at_us);

/* Once in each call while it runs. */
void kdio_attention_go(struct kdio_stub *stub, uint64_t at_us);

/* It has ended, and is answered. */
void kdio_attention_end(struct kdio_stub *stub);

#endif
