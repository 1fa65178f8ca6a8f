/* SPDX-License-Identifier: MIT */
/* fixture.c: see fixture.h. */
#include "tests/lib/fixture.h"

#include "host/lib/transport.h"

struct peer peer;
struct kdio_target *target;
struct kdio_program *program;
uint64_t interrupt_ms;
uint64_t reset_ms;

/* gensio is not instrumented: what it reads after it was freed is rubbish at once. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "max_free_fill_size=65536:free_fill_byte=221";
}

uint64_t now_ms(void)
{
    return kdio_time_us() / 1000;
}

static bool interrupted(void *context)
{
    (void)context;
    if (reset_ms && now_ms() >= reset_ms) {
        reset_ms = 0;
        peer.page->reset = true;
    }
    return interrupt_ms && now_ms() >= interrupt_ms;
}

struct kdio_options options_for_tests(void)
{
    return (struct kdio_options){ .size = sizeof(struct kdio_options), .dead_ms = FIXTURE_DEAD_MS, .open_ms = 1500,
                                  .interrupted = interrupted };
}

void reopen(const struct kdio_options *options)
{
    kdio_target_close(target);
    assert_int_equal(kdio_target_open(&target, peer.gensio, options), KDIO_DONE);
}

static int start_with(enum peer_kind kind, size_t memory)
{
    struct kdio_options options = options_for_tests();

    interrupt_ms = reset_ms = 0;
    program = kdio_program_new();
    peer_start_sized(&peer, kind, memory);
    reopen(&options);
    return program ? 0 : -1;
}

int start(void **state)
{
    (void)state;
    return start_with(PEER_STUB, PEER_MEMORY);
}

int start_large(void **state)
{
    (void)state;
    return start_with(PEER_STUB, PEER_MEMORY_MAX);
}

int start_bare(void **state)
{
    (void)state;
    return start_with(PEER_STUB_BARE, PEER_MEMORY);
}

int end(void **state)
{
    (void)state;
    kdio_program_free(program);
    kdio_target_close(target);
    target = NULL;
    peer_end(&peer);
    return 0;
}

void assert_access(unsigned index, uint32_t port, unsigned width, bool write, uint32_t value)
{
    const struct peer_access *access = &peer.page->accesses[index];

    assert_int_equal(access->port, port);
    assert_int_equal(access->width, width);
    assert_int_equal(access->write, write);
    if (write)
        assert_int_equal(access->value, value);
}

void assert_text(const char *words)
{
    const char *text = kdio_target_error(target)->text;

    if (!strstr(text, words))
        fail_msg("\"%s\" does not say \"%s\"", text, words);
}

struct wire wire_bytes(void)
{
    struct kdio_link_stats stats;

    kdio_target_link_stats(target, &stats);
    return (struct wire){ stats.tx_bytes, stats.rx_bytes };
}

void assert_wire(struct wire before, uint64_t most)
{
    struct wire after = wire_bytes();

    if (after.out - before.out + after.in - before.in > most)
        fail_msg("%llu bytes out, %llu in: more than %llu", (unsigned long long)(after.out - before.out),
                 (unsigned long long)(after.in - before.in), (unsigned long long)most);
}
