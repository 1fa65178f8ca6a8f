/* SPDX-License-Identifier: MIT */
/* fixture.h: a peer, a target and a program for each test, and what tests of programs and spaces ask of them. */
#ifndef KDIO_TESTS_LIB_FIXTURE_H
#define KDIO_TESTS_LIB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <kdio.h>

#include "tests/lib/peer.h"

#define FIXTURE_DEAD_MS 700

extern struct peer peer;
extern struct kdio_target *target;
extern struct kdio_program *program; /* Empty. */
extern uint64_t interrupt_ms;        /* When options.interrupted begins to say so; 0: never. */
extern uint64_t reset_ms;            /* When the peer is to be reset, during a wait; 0: never. */

uint64_t now_ms(void);
struct kdio_options options_for_tests(void);
void reopen(const struct kdio_options *options);

int start(void **state);
int start_large(void **state); /* A stub with PEER_MEMORY_MAX. */
int start_bare(void **state);  /* One with ports alone. */
int end(void **state);

#define ON_A_LINE(test) cmocka_unit_test_setup_teardown(test, start, end)
#define ON_A_LARGE_STUB(test) cmocka_unit_test_setup_teardown(test, start_large, end)
#define ON_A_BARE_STUB(test) cmocka_unit_test_setup_teardown(test, start_bare, end)

#define ADD(call) assert_int_equal(call, KDIO_DONE)
#define RUN(expected) assert_int_equal(kdio_target_run(target, program, false), expected)

/* Access `index` to the peer's ports; the value counts for a write. */
void assert_access(unsigned index, uint32_t port, unsigned width, bool write, uint32_t value);
/* The last error says that. */
void assert_text(const char *words);

struct wire {
    uint64_t out, in;
};

struct wire wire_bytes(void);
/* Since then, so many bytes both ways at most. */
void assert_wire(struct wire before, uint64_t most);

#endif
