/* SPDX-License-Identifier: MIT */
/* test_number.c: numbers as typed, one row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/cmd/number.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aull

struct good {
    const char *text;
    uint64_t value;
};

static const struct good good_numbers[] = {
    { "0", 0 },
    { "80", 0x80 },
    { "a", 10 },
    { "AbCdEf", 0xabcdef },
    { "ah", 10 },
    { "1aH", 26 },
    { "0x1f", 0x1f },
    { "0X1F", 0x1f },
    { "0n10", 10 },
    { "0N255", 255 },
    { "0t17", 15 },
    { "0T10", 8 },
    { "0y101", 5 },
    { "0Y0", 0 },
    { "0b", 0xb },
    { "00000000000000000000001", 1 },
    { "80000000", 0x80000000ull },
    { "ffffffff", 0xffffffffull },
    { "ffffffff`80000000", 0xffffffff80000000ull },
    { "0`eeaa1122", 0xeeaa1122ull },
    { "1`", 1 },
    { "1`1", 0x11 },
    { "0x1`00000000", 0x100000000ull },
    { "10`0h", 0x100 },
    { "ffffffffffffffff", UINT64_MAX },
    { "0n18446744073709551615", UINT64_MAX },
    { "0t1777777777777777777777", UINT64_MAX },
    { "0y1111111111111111111111111111111111111111111111111111111111111111", UINT64_MAX },
};

static const char *const garbage[] = {
    "",     "h",    "x",    "0x",   "0n",  "0t",    "0y",   "`1",   "0x`1",  "1``1", "1`1`1", "-1",    "+1",
    " 1",   "1 ",   "0n1a", "0t8",  "0y2", "0x1fh", "0n9h", "1g",   "1.0",   "1,0",  "0x0x1", "hh",    "1hh",
    "$1",   "1\n",  "\xff", "0z1",  "x1",  "0n-1",  "zz",   "1x",   "ffffffffffffffffffffg",   "0n`",
};

static const char *const overflows[] = {
    "10000000000000000",
    "100000000000000000", /* The digits beyond the 64 bits alone would fit. */
    "0x10000000000000000",
    "1`0000000000000000",
    "0n18446744073709551616",
    "0n99999999999999999999999999999999",
    "0t2000000000000000000000",
    "0y10000000000000000000000000000000000000000000000000000000000000000",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void good_numbers_have_their_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_numbers); i++) {
        uint64_t value = UNTOUCHED;
        print_message("%s\n", good_numbers[i].text);
        assert_int_equal(number_parse(good_numbers[i].text, &value), NUMBER_OK);
        assert_true(value == good_numbers[i].value);
    }
}

static void reject_all(const char *const *texts, size_t count, enum number_result result)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;
        print_message("'%s'\n", texts[i]);
        assert_int_equal(number_parse(texts[i], &value), result);
        assert_true(value == UNTOUCHED);
    }
}

static void garbage_is_no_number(void **state)
{
    (void)state;
    reject_all(garbage, COUNT(garbage), NUMBER_GARBAGE);
}

static void more_than_64_bits_are_told_apart(void **state)
{
    (void)state;
    reject_all(overflows, COUNT(overflows), NUMBER_OVERFLOW);
}

static void decimal_knows_no_other_notation(void **state)
{
    static const char *const bad[] = { "", "a", "0x1", "0n1", "1h", "1`0", "-1", "1 " };
    uint64_t value = UNTOUCHED;

    (void)state;
    assert_int_equal(number_parse_decimal("00120", &value), NUMBER_OK);
    assert_true(value == 120);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(number_parse_decimal(bad[i], &value), NUMBER_GARBAGE);
    assert_int_equal(number_parse_decimal("18446744073709551616", &value), NUMBER_OVERFLOW);
    assert_true(value == 120);
}

static void a_number_is_written_in_the_base_that_was_typed(void **state)
{
    static const struct {
        const char *typed;
        unsigned base;
        const char *written;
    } rows[] = {
        { "0", 0, "0" },          { "00fF", 0, "ff" },  { "ffffffff`80000000", 0, "ffffffff80000000" },
        { "0x0FF", 16, "0xff" },  { "80h", 16, "0x80" }, { "0n255", 10, "0n255" },
        { "0n18446744073709551615", 10, "0n18446744073709551615" },
        { "0T17", 8, "0t17" },    { "0y0", 2, "0y0" },
        { "0y1111111111111111111111111111111111111111111111111111111111111111", 2,
          "0y1111111111111111111111111111111111111111111111111111111111111111" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[NUMBER_TEXT_SIZE];
        uint64_t value = 0;
        assert_int_equal(number_base(rows[i].typed), rows[i].base);
        assert_int_equal(number_parse(rows[i].typed, &value), NUMBER_OK);
        number_format(value, rows[i].base, text);
        assert_string_equal(text, rows[i].written);
    }
}

static void digits_that_seem_decimal_fit_as_decimal_only(void **state)
{
    (void)state;
    assert_true(number_seems_decimal(0x255, 0xff));
    assert_true(number_seems_decimal(0x65535, 0xffff));
    assert_false(number_seems_decimal(0x256, 0xff));
    assert_false(number_seems_decimal(0x99, 0xff));
    assert_false(number_seems_decimal(0x10f, 0xff));
    assert_false(number_seems_decimal(UINT64_MAX, 0xff));
    assert_true(number_seems_decimal(0x4294967295, UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_numbers_have_their_value),
        cmocka_unit_test(garbage_is_no_number),
        cmocka_unit_test(more_than_64_bits_are_told_apart),
        cmocka_unit_test(decimal_knows_no_other_notation),
        cmocka_unit_test(a_number_is_written_in_the_base_that_was_typed),
        cmocka_unit_test(digits_that_seem_decimal_fit_as_decimal_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
