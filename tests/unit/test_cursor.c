/* SPDX-License-Identifier: MIT */
/* test_cursor.c: little-endian, never past the end, and a failure sticks. */
#include "tests/unit/unit.h"

#include "proto/cursor.h"

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88, 0x99 };

static void reads_little_endian(void **state)
{
    struct kdio_reader reader = kdio_reader_on(bytes, sizeof bytes);

    (void)state;
    assert_int_equal(kdio_read_u8(&reader), 0x01);
    assert_int_equal(kdio_read_u16(&reader), 0x0302);
    assert_int_equal(kdio_read_u32(&reader), 0x07060504);
    assert_int_equal(kdio_read_u16(&reader), 0x9988);
    assert_false(reader.failed);
    assert_int_equal(reader.left, 0);
}

static void reads_every_size(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 8; size++) {
        struct kdio_reader reader = kdio_reader_on(bytes, sizeof bytes);
        uint64_t value = kdio_read_uint(&reader, size);

        for (unsigned i = 0; i < size; i++)
            assert_int_equal(value >> (8 * i) & 0xff, bytes[i]);
        assert_int_equal(size == 8 ? 0 : value >> (8 * size), 0);
    }
}

static void reading_past_the_end_sticks(void **state)
{
    struct kdio_reader reader = kdio_reader_on(bytes, 3);

    (void)state;
    assert_int_equal(kdio_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(kdio_read_u8(&reader), 0);
    assert_null(kdio_read_bytes(&reader, 0));
    assert_int_equal(reader.left, 3);
}

static void writes_what_is_read(void **state)
{
    uint8_t out[15];
    struct kdio_writer writer = kdio_writer_on(out, sizeof out);
    struct kdio_reader reader = kdio_reader_on(out, sizeof out);

    (void)state;
    kdio_write_uint(&writer, 1, 0xfe);
    kdio_write_uint(&writer, 2, 0xdcba);
    kdio_write_uint(&writer, 4, 0x98765432);
    kdio_write_uint(&writer, 8, 0x1122334455667788);
    assert_false(writer.failed);
    assert_int_equal(writer.left, 0);
    assert_int_equal(kdio_read_u8(&reader), 0xfe);
    assert_int_equal(kdio_read_u16(&reader), 0xdcba);
    assert_int_equal(kdio_read_u32(&reader), 0x98765432);
    assert_int_equal(kdio_read_uint(&reader, 8), 0x1122334455667788);
}

static void writing_past_the_end_sticks(void **state)
{
    uint8_t out[4] = { 0xaa, 0xaa, 0xaa, 0xaa };
    struct kdio_writer writer = kdio_writer_on(out, 3);

    (void)state;
    kdio_write_uint(&writer, 2, 0);
    kdio_write_uint(&writer, 2, 0);
    assert_true(writer.failed);
    kdio_write_uint(&writer, 1, 0);
    kdio_write_bytes(&writer, bytes, 1);
    assert_int_equal(out[2], 0xaa);
    assert_int_equal(out[3], 0xaa);
    assert_int_equal(writer.left, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_little_endian),
        cmocka_unit_test(reads_every_size),
        cmocka_unit_test(reading_past_the_end_sticks),
        cmocka_unit_test(writes_what_is_read),
        cmocka_unit_test(writing_past_the_end_sticks),
    };

    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
