/* SPDX-License-Identifier: MIT */
/* test_message.c: every message by its vector, both ways; L13; and readers of cut messages. */
#include "tests/unit/unit.h"

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/session.h"
#include "tests/unit/vectors.h"

static uint8_t payload[VECTOR_BYTES_MAX];
static size_t payload_size;

static void assert_wire(const struct vector *vector, const uint8_t *made, size_t size)
{
    uint8_t wire[VECTOR_BYTES_MAX], expected[VECTOR_BYTES_MAX];
    size_t expected_size = vector_bytes(vector, "wire", expected);
    struct kdio_frame_encoder encoder = { 0 };

    assert_int_equal(size, payload_size);
    assert_memory_equal(made, payload, size);
    kdio_frame_encoder_start(&encoder, made, size, true);
    assert_int_equal(kdio_frame_emit(&encoder, wire, sizeof wire), expected_size);
    assert_memory_equal(wire, expected, expected_size);
}

static void check_open(const struct vector *vector)
{
    uint8_t made[KDIO_OPEN_SIZE], min, max;
    uint32_t nonce;

    assert_true(kdio_open_write(made, 1, 1, (uint32_t)vector_number(vector, "nonce")));
    assert_wire(vector, made, sizeof made);
    assert_true(kdio_message_intact(payload, payload_size, KDIO_CRC32C_PLAIN));
    assert_true(kdio_open_read(payload, payload_size - KDIO_CRC32C_SIZE, &min, &max, &nonce));
    assert_int_equal(min, vector_number(vector, "version_min"));
    assert_int_equal(max, vector_number(vector, "version_max"));
    assert_int_equal(nonce, vector_number(vector, "nonce"));
}

static void check_hello(const struct vector *vector)
{
    uint8_t made[KDIO_CONTROL_SIZE];
    struct kdio_hello hello;

    assert_true(kdio_message_intact(payload, payload_size, KDIO_CRC32C_PLAIN));
    assert_true(kdio_hello_read(payload, payload_size - KDIO_CRC32C_SIZE, &hello));
    assert_int_equal(hello.version_min, vector_number(vector, "version_min"));
    assert_int_equal(hello.version_max, vector_number(vector, "version_max"));
    assert_int_equal(hello.boot_id, vector_number(vector, "boot_id"));
    assert_wire(vector, made, kdio_hello_write(made, &hello));
}

#define ASSERT_FIELD(vector, message, name) assert_int_equal((message).name, vector_number(vector, #name))

static void check_answer(const struct vector *vector)
{
    uint32_t nonce = (uint32_t)vector_number(vector, "nonce");
    uint8_t made[KDIO_CONTROL_SIZE];
    struct kdio_answer answer;

    assert_int_equal(payload_size, KDIO_ANSWER_SIZE);
    assert_true(kdio_message_intact(payload, payload_size, kdio_session_answer_start(nonce)));
    assert_false(kdio_message_intact(payload, payload_size, kdio_session_answer_start(nonce + 1)));
    assert_true(kdio_answer_read(payload, payload_size - KDIO_CRC32C_SIZE, &answer));
    ASSERT_FIELD(vector, answer, status);
    ASSERT_FIELD(vector, answer, version);
    ASSERT_FIELD(vector, answer, version_min);
    ASSERT_FIELD(vector, answer, version_max);
    ASSERT_FIELD(vector, answer, boot_id);
    ASSERT_FIELD(vector, answer, challenge);
    ASSERT_FIELD(vector, answer, frame_max);
    ASSERT_FIELD(vector, answer, request_window);
    ASSERT_FIELD(vector, answer, reply_window);
    ASSERT_FIELD(vector, answer, results_max);
    ASSERT_FIELD(vector, answer, program_max);
    ASSERT_FIELD(vector, answer, frame_window);
    ASSERT_FIELD(vector, answer, burst);
    ASSERT_FIELD(vector, answer, capabilities);
    ASSERT_FIELD(vector, answer, previous_session);
    ASSERT_FIELD(vector, answer, previous_requests);
    ASSERT_FIELD(vector, answer, previous_operations);
    ASSERT_FIELD(vector, answer, link_port);
    ASSERT_FIELD(vector, answer, link_ports);
    assert_wire(vector, made, kdio_answer_write(made, &answer, nonce));
}

static struct kdio_session_key key_of(const struct vector *vector)
{
    return (struct kdio_session_key){
        .nonce = (uint32_t)vector_number(vector, "nonce"),
        .challenge = (uint32_t)vector_number(vector, "challenge"),
    };
}

/* A session's frame from its header, the bytes that follow and the start of its check. */
static void assert_sealed(const struct vector *vector, uint8_t kind, const uint8_t *body, size_t size, bool reply)
{
    uint32_t seq = (uint32_t)vector_number(vector, "seq");
    struct kdio_session_key key = key_of(vector);
    uint32_t from = reply ? kdio_session_reply_start(key, seq) : kdio_session_start(key, seq);
    uint8_t made[VECTOR_BYTES_MAX];

    made[0] = (uint8_t)(kind | (seq & KDIO_SEQ_MASK));
    if (size)
        memcpy(made + 1, body, size);
    assert_wire(vector, made, kdio_message_seal(made, size + KDIO_HEADER_SIZE, from));
    assert_true(kdio_message_intact(payload, payload_size, from));
    assert_false(kdio_message_intact(payload, payload_size, ~from));
}

static void check_request(const struct vector *vector)
{
    uint8_t program[VECTOR_BYTES_MAX];
    size_t size = vector_bytes(vector, "program", program);

    assert_sealed(vector, vector_number(vector, "atomic") ? KDIO_KIND_ATOMIC : KDIO_KIND_PLAIN, program, size, false);
}

static void check_reply(const struct vector *vector)
{
    uint8_t results[VECTOR_BYTES_MAX];

    assert_sealed(vector, KDIO_KIND_REPLY, results, vector_bytes(vector, "results", results), true);
}

static void check_failed(const struct vector *vector)
{
    uint8_t body[VECTOR_BYTES_MAX];
    struct kdio_failure failure;

    assert_true(kdio_failure_read(payload + KDIO_HEADER_SIZE, payload_size - KDIO_MESSAGE_MIN, &failure));
    ASSERT_FIELD(vector, failure, status);
    ASSERT_FIELD(vector, failure, index);
    ASSERT_FIELD(vector, failure, done);
    ASSERT_FIELD(vector, failure, vector);
    ASSERT_FIELD(vector, failure, code);
    assert_int_equal(failure.detail | (uint64_t)failure.detail_high << 32, vector_number(vector, "detail"));
    kdio_failure_write(body, &failure);
    assert_sealed(vector, KDIO_KIND_FAILED, body,
                  KDIO_FAILED_SIZE + vector_bytes(vector, "results", body + KDIO_FAILED_SIZE), true);
}

static void check_note(const struct vector *vector)
{
    uint8_t body[VECTOR_BYTES_MAX] = { (uint8_t)vector_number(vector, "note") };

    assert_sealed(vector, KDIO_KIND_NOTE, body, 1 + vector_bytes(vector, "extra", body + 1), true);
}

static void check_refuse(const struct vector *vector)
{
    uint8_t made[8] = { KDIO_FREE_REFUSE, (uint8_t)vector_number(vector, "status"),
                        (uint8_t)vector_number(vector, "unknown") };

    assert_wire(vector, made, kdio_message_seal(made, 3, KDIO_CRC32C_PLAIN));
}

static void check_vector(const struct vector *vector)
{
    static const struct {
        const char *type;
        vector_fn *check;
    } types[] = {
        { "open", check_open }, { "hello", check_hello }, { "answer", check_answer }, { "request", check_request },
        { "reply", check_reply }, { "failed", check_failed }, { "note", check_note }, { "refuse", check_refuse },
    };

    payload_size = vector_bytes(vector, "payload", payload);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (vector_is(vector, "type", types[i].type)) {
            types[i].check(vector);
            return;
        }
    fail_msg("a vector of no known type");
}

static void agrees_with_vectors(void **state)
{
    (void)state;
    vectors_each("message.txt", check_vector);
}

/* ---- L13 ---- */

static bool acts_on_a_shell(uint8_t byte)
{
    static const uint8_t forbidden[] = { 0x03, 0x08, 0x09, 0x0a, 0x0d, 0x11, 0x13, 0x1b, 0x7f };
    uint8_t lower = byte | 0x20;

    return memchr(forbidden, byte, sizeof forbidden) || (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z');
}

static size_t open_wire(uint32_t nonce, uint8_t *wire)
{
    static struct kdio_frame_encoder encoder;
    uint8_t made[KDIO_OPEN_SIZE];

    if (!kdio_open_write(made, KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION, nonce))
        return 0;
    kdio_frame_encoder_start(&encoder, made, sizeof made, true);
    return kdio_frame_emit(&encoder, wire, 64);
}

static uint32_t high_bytes(uint64_t random)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++, random >>= 8)
        value = value << 8 | (KDIO_OPEN_FLOOR + (random & 0xff) % (0x100 - KDIO_OPEN_FLOOR));
    return value;
}

/* A nonce with a byte below a0 never fits, so none is drawn here; of the others one in some fifty does. */
static void probing_is_harmless(void **state)
{
    unsigned opens = 0, drawn = 0;
    uint64_t random = 42;
    uint8_t wire[64];

    (void)state;
    while (opens < 10000) {
        size_t size;

        random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX. */
        size = open_wire(high_bytes(random >> 32), wire);
        assert_true(++drawn < 200 * 10000);
        opens += size != 0;
        assert_true(size <= 16);
        for (size_t i = 0; i < size; i++)
            assert_false(acts_on_a_shell(wire[i]));
    }
}

/* ---- Cut and empty ---- */

static void cut_messages_are_refused(void **state)
{
    uint8_t bytes[64] = { 0 }, min, max;
    struct kdio_answer answer;
    struct kdio_hello hello;
    struct kdio_failure failure;
    uint32_t nonce;

    (void)state;
    for (size_t size = 0; size < sizeof bytes; size++) {
        assert_int_equal(kdio_open_read(bytes, size, &min, &max, &nonce), size >= KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE);
        assert_int_equal(kdio_answer_read(bytes, size, &answer), size >= KDIO_ANSWER_SIZE - KDIO_CRC32C_SIZE);
        assert_int_equal(kdio_hello_read(bytes, size, &hello), size >= KDIO_HELLO_SIZE - KDIO_CRC32C_SIZE);
        assert_int_equal(kdio_failure_read(bytes, size, &failure), size >= KDIO_FAILED_SIZE);
    }
}

static void a_check_alone_is_no_message(void **state)
{
    uint8_t bytes[8];

    (void)state;
    for (size_t size = 0; size < KDIO_HEADER_SIZE; size++) {
        size_t sealed = kdio_message_seal(bytes, size, KDIO_CRC32C_PLAIN);

        assert_false(kdio_message_intact(bytes, sealed, KDIO_CRC32C_PLAIN));
        assert_false(kdio_message_intact(bytes, size, KDIO_CRC32C_PLAIN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(probing_is_harmless),
        cmocka_unit_test(cut_messages_are_refused),
        cmocka_unit_test(a_check_alone_is_no_message),
    };

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
