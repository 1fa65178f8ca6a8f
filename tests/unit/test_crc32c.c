/* SPDX-License-Identifier: MIT */
/* test_crc32c.c: the check against its vectors, and that it can be taken up anywhere. */
#include "tests/unit/unit.h"

#include "proto/crc32c.h"
#include "tests/unit/vectors.h"

static void check_vector(const struct vector *vector)
{
    uint8_t input[VECTOR_BYTES_MAX];
    size_t size = vector_bytes(vector, "input", input);

    assert_int_equal((uint32_t)~kdio_crc32c(KDIO_CRC32C_PLAIN, input, size), vector_number(vector, "check"));
}

static void agrees_with_vectors(void **state)
{
    (void)state;
    vectors_each("crc32c.txt", check_vector);
}

static void has_the_check_value(void **state)
{
    (void)state;
    assert_int_equal((uint32_t)~kdio_crc32c(KDIO_CRC32C_PLAIN, (const uint8_t *)"123456789", 9), 0xe3069283);
}

static void goes_on_at_every_split(void **state)
{
    static const uint8_t text[] = "exactly once, or reported as unknown";
    uint32_t whole = kdio_crc32c(0x12345678, text, sizeof text);

    (void)state;
    for (size_t at = 0; at <= sizeof text; at++) {
        uint32_t crc = kdio_crc32c(0x12345678, text, at);

        assert_int_equal(kdio_crc32c(crc, text + at, sizeof text - at), whole);
    }
}

/* A frame of another session differs in its start value alone, so that must show in the check of any body. */
static void another_start_never_agrees(void **state)
{
    uint8_t body[64] = { 0 };

    (void)state;
    for (size_t size = 0; size <= sizeof body; size++) {
        uint32_t crc = kdio_crc32c(0x12345678, body, size);

        for (unsigned bit = 0; bit < 32; bit++)
            assert_int_not_equal(kdio_crc32c(0x12345678 ^ 1u << bit, body, size), crc);
    }
}

static void every_single_bit_shows(void **state)
{
    uint8_t body[64] = { 0x14, 0x80, 0x00, 0x55 };
    uint32_t crc = kdio_crc32c(KDIO_CRC32C_PLAIN, body, sizeof body);

    (void)state;
    for (unsigned bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(kdio_crc32c(KDIO_CRC32C_PLAIN, body, sizeof body), crc);
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_check_value),
        cmocka_unit_test(agrees_with_vectors),
        cmocka_unit_test(goes_on_at_every_split),
        cmocka_unit_test(another_start_never_agrees),
        cmocka_unit_test(every_single_bit_shows),
    };

    return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
