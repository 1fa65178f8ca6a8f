/* SPDX-License-Identifier: MIT */
/* test_transport.c: several transports in a process, one after the other and beside each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/lib/transport.h"
#include "tests/lib/peer.h"

#define CONNECT_US 2000000u
#define TEXT_US    2000000u
#define WAIT_US    100000u

static struct kdio_transport *connect_to(const struct peer *peer)
{
    struct kdio_transport *transport = kdio_transport_new(peer->gensio);

    assert_non_null(transport);
    assert_int_equal(kdio_transport_connect(transport, NULL, CONNECT_US), KDIO_DONE);
    return transport;
}

static void one_after_the_other(void **state)
{
    struct peer peer;

    (void)state;
    peer_start(&peer, PEER_SILENT);
    for (unsigned i = 0; i < 5; i++)
        kdio_transport_free(connect_to(&peer));
    peer_end(&peer);
}

/* They may belong to different threads: a wait on one takes nothing in for another. */
static void a_wait_on_one_is_none_on_another(void **state)
{
    struct peer talking, silent;
    struct kdio_transport *with_text, *without;
    size_t size;

    (void)state;
    peer_start(&talking, PEER_ENDLESS);
    peer_start(&silent, PEER_SILENT);
    with_text = connect_to(&talking);
    without = connect_to(&silent);
    kdio_transport_wait(with_text, TEXT_US);
    (void)kdio_transport_rx(with_text, &size);
    assert_true(size > 0);
    kdio_transport_rx_taken(with_text);
    kdio_transport_wait(without, WAIT_US);
    (void)kdio_transport_rx(with_text, &size);
    assert_int_equal(size, 0);
    kdio_transport_wait(with_text, TEXT_US);
    (void)kdio_transport_rx(with_text, &size);
    assert_true(size > 0);
    kdio_transport_free(with_text);
    kdio_transport_free(without);
    peer_end(&talking);
    peer_end(&silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(a_wait_on_one_is_none_on_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
