/* SPDX-License-Identifier: MIT */
/* test_packet.c: the codec of gdb's packets: what is written is read again, whatever stands before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/gdb/packet.h"

#define RANDOM_BYTES 2000000u
#define EVENTS       (GDB_NACK + 1)

static struct gdb_reader reader;
static struct gdb_writer writer;

static enum gdb_event take(const char *bytes, size_t size)
{
    enum gdb_event event = GDB_NOTHING;

    for (size_t i = 0; i < size; i++) {
        assert_int_equal(event, GDB_NOTHING);
        event = gdb_reader_take(&reader, (uint8_t)bytes[i]);
    }
    return event;
}

static enum gdb_event take_text(const char *text)
{
    return take(text, strlen(text));
}

static int reset(void **state)
{
    (void)state;
    memset(&reader, 0, sizeof reader);
    return 0;
}

static void every_byte_comes_back(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    gdb_writer_begin(&writer);
    gdb_writer_binary(&writer, bytes, sizeof bytes);
    gdb_writer_end(&writer);
    assert_false(writer.full);
    assert_int_equal(take(writer.bytes, writer.size), GDB_PACKET);
    assert_int_equal(reader.size, sizeof bytes);
    assert_memory_equal(reader.data, bytes, sizeof bytes);
}

static const struct {
    const char *bytes;
    enum gdb_event event;
} inputs[] = {
    { "$OK#9a", GDB_PACKET },   { "$OK#9A", GDB_PACKET },      { "$#00", GDB_PACKET },   { "$OK#9b", GDB_DAMAGED },
    { "$OK#x", GDB_DAMAGED },   { "$OK#9x", GDB_DAMAGED },     { "$a}#de", GDB_DAMAGED }, { "+", GDB_ACK },
    { "-", GDB_NACK },          { "\003", GDB_BREAK },         { "noise", GDB_NOTHING }, { "$lost$OK#9a", GDB_PACKET },
    { "$a\003b#c6", GDB_PACKET }, { "$OK#", GDB_NOTHING },
};

static void inputs_have_their_events(void **state)
{
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        print_message("%s\n", inputs[i].bytes);
        (void)reset(state);
        assert_int_equal(take_text(inputs[i].bytes), inputs[i].event);
    }
}

/* One byte more than there is room for, then a packet that is fine. */
static void what_is_too_long_is_dropped_whole(void **state)
{
    (void)state;
    for (size_t size = GDB_PACKET_MAX; size <= GDB_PACKET_MAX + 1; size++) {
        uint8_t sum = (uint8_t)('a' * size);
        char end[4];
        (void)snprintf(end, sizeof end, "#%02x", sum);
        assert_int_equal(take_text("$"), GDB_NOTHING);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(gdb_reader_take(&reader, 'a'), GDB_NOTHING);
        assert_int_equal(take_text(end), size > GDB_PACKET_MAX ? GDB_DAMAGED : GDB_PACKET);
    }
    assert_int_equal(take_text("$OK#9a"), GDB_PACKET);
    assert_string_equal(reader.data, "OK");
}

static void a_writer_that_is_full_stays_in_its_buffer(void **state)
{
    static char bytes[2 * GDB_PACKET_MAX];

    (void)state;
    memset(bytes, '#', sizeof bytes);
    gdb_writer_begin(&writer);
    gdb_writer_binary(&writer, bytes, GDB_PACKET_MAX);
    assert_false(writer.full);
    gdb_writer_binary(&writer, bytes, 1);
    assert_true(writer.full);
    gdb_writer_hex(&writer, bytes, sizeof bytes);
    gdb_writer_end(&writer);
    assert_true(writer.size <= sizeof writer.bytes);
}

static void numbers_and_digits_end_where_they_do(void **state)
{
    struct gdb_cursor cursor = gdb_cursor_on("ffffffffffffffff,0", 18);
    uint8_t bytes[2];

    (void)state;
    assert_int_equal(gdb_read_number(&cursor), UINT64_MAX);
    assert_false(cursor.failed);
    assert_true(gdb_read_text(&cursor, ","));
    cursor = gdb_cursor_on("10000000000000000", 17);
    (void)gdb_read_number(&cursor);
    assert_true(cursor.failed);
    cursor = gdb_cursor_on("", 0);
    (void)gdb_read_number(&cursor);
    assert_true(cursor.failed);
    cursor = gdb_cursor_on("0102f", 5);
    assert_int_equal(gdb_read_hex(&cursor, bytes, 2), 2);
    assert_int_equal(cursor.end - cursor.at, 1);
    cursor = gdb_cursor_on("010203", 6);
    assert_int_equal(gdb_read_hex(&cursor, bytes, 2), 2);
    assert_true(cursor.failed);
}

/* Bytes that have a meaning are as frequent as all others together. */
static uint8_t random_byte(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX. */
    return *random >> 63 ? (uint8_t)"$#}\003+-09af"[(*random >> 40) % 10] : (uint8_t)(*random >> 40);
}

static void after_any_bytes_a_packet_is_read(void **state)
{
    uint64_t random = 1;
    unsigned seen[EVENTS] = { 0 };

    (void)state;
    for (unsigned i = 0; i < RANDOM_BYTES; i++) {
        seen[gdb_reader_take(&reader, random_byte(&random))]++;
        assert_true(reader.size <= GDB_PACKET_MAX);
    }
    for (unsigned event = 0; event < EVENTS; event++)
        assert_true(seen[event] > 0);
    (void)gdb_reader_take(&reader, '$'); /* Where a digit of a checksum was due, it ends a packet. */
    (void)gdb_reader_take(&reader, '$');
    assert_int_equal(take_text("$OK#9a"), GDB_PACKET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_byte_comes_back, reset),
        cmocka_unit_test_setup(inputs_have_their_events, reset),
        cmocka_unit_test_setup(what_is_too_long_is_dropped_whole, reset),
        cmocka_unit_test_setup(a_writer_that_is_full_stays_in_its_buffer, reset),
        cmocka_unit_test_setup(numbers_and_digits_end_where_they_do, reset),
        cmocka_unit_test_setup(after_any_bytes_a_packet_is_read, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
