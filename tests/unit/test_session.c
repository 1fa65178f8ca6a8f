/* SPDX-License-Identifier: MIT */
/* test_session.c: where checks start (L4): by the vectors, and distinct wherever a frame might be taken for another. */
#include "tests/unit/unit.h"

#include "proto/message.h"
#include "proto/session.h"
#include "tests/unit/vectors.h"

static void check_vector(const struct vector *vector)
{
    const struct kdio_session_key key = {
        .nonce = (uint32_t)vector_number(vector, "nonce"),
        .challenge = (uint32_t)vector_number(vector, "challenge"),
    };
    uint32_t seq = (uint32_t)vector_number(vector, "seq");

    assert_int_equal(kdio_session_start(key, seq), vector_number(vector, "start"));
    assert_int_equal(kdio_session_reply_start(key, seq), vector_number(vector, "reply"));
    assert_int_equal(kdio_session_answer_start(key.nonce), vector_number(vector, "answer"));
}

static void agrees_with_vectors(void **state)
{
    (void)state;
    vectors_each("session.txt", check_vector);
}

/* The numbers that share the six bits on the wire lie 64 apart. */
static void rounds_of_a_session_differ(void **state)
{
    const struct kdio_session_key key = { .nonce = 0xa0a1a2a3, .challenge = 0x01020304 };

    (void)state;
    for (uint32_t round = 1; round < 100000; round++)
        assert_int_not_equal(kdio_session_start(key, 5), kdio_session_start(key, 5 + round * (KDIO_SEQ_MASK + 1)));
}

/* The same nonce again, as after a repeated OPEN of a restarted stub: the challenge alone tells the sessions apart. */
static void challenges_differ(void **state)
{
    (void)state;
    for (uint32_t challenge = 1; challenge < 100000; challenge++) {
        const struct kdio_session_key one = { 0xa0a1a2a3, challenge }, next = { 0xa0a1a2a3, challenge + 1 };

        assert_int_not_equal(kdio_session_start(one, 0), kdio_session_start(next, 0));
    }
}

static void nonces_differ(void **state)
{
    (void)state;
    for (uint32_t nonce = 0; nonce < 100000; nonce++) {
        const struct kdio_session_key one = { nonce, 7 }, next = { nonce + 1, 7 };

        assert_int_not_equal(kdio_session_start(one, 0), kdio_session_start(next, 0));
        assert_int_not_equal(kdio_session_answer_start(nonce), kdio_session_answer_start(nonce + 1));
    }
}

static void an_echo_is_no_reply(void **state)
{
    const struct kdio_session_key key = { .nonce = 1, .challenge = 2 };
    uint8_t payload[8] = { 5, KDIO_NOTE_EXPECT };
    size_t size = kdio_message_seal(payload, 2, kdio_session_start(key, 5));

    (void)state;
    assert_true(kdio_message_intact(payload, size, kdio_session_start(key, 5)));
    assert_false(kdio_message_intact(payload, size, kdio_session_reply_start(key, 5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(rounds_of_a_session_differ),
        cmocka_unit_test(challenges_differ),
        cmocka_unit_test(nonces_differ),
        cmocka_unit_test(an_echo_is_no_reply),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
