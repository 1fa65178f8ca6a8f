/* SPDX-License-Identifier: MIT */
/* test_format.c: Output and dprintf format as Windows does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <uchar.h>

#include <cmocka.h>

#include <kdio/win/windows.h>

#include "host/win/format.h"

/* Garbage behind each argument shows when a conversion takes more than it should. */
static void expect(const char *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *result = kdio_win_format(format, args);
    va_end(args);
    assert_non_null(result);
    assert_string_equal(result, text);
    free(result);
}

#define ALL_ONES ((uint64_t)-1)

static void test_integers(void **state)
{
    (void)state;
    expect("1 -2 3", "%d %i %u", 1, -2, 3u);
    expect("ffffffff", "%lx", (ULONG)-1);
    expect("-1", "%ld", (LONG)-1);
    expect("4294967295|ffffffffffffffff", "%lu|%I64x", (ULONG)-1, ALL_ONES);
    expect("123456789abcdef0", "%llx", 0x123456789abcdef0ull);
    expect("ff ffff FF", "%hhx %hx %hhX", 0x1ff, 0x1ffff, 0x1ff);
    expect("-1 -1", "%hhd %hd", 0xff, 0xffff);
    expect("  ff|ff  |00ff|0xff", "%4x|%-4x|%04x|%#x", 255, 255, 255, 255);
    expect("   7|7  |007", "%*d|%*d|%.*d", 4, 7, -3, 7, 3, 7);
    expect("fe", "%I32x", 0xfe);
    expect("17", "%o", 15);
}

static void test_strings(void **state)
{
    static const char16_t wide[] = u"a\u00e9\u20ac\U0001f600";
    static const WCHAR lone[] = { 0xd800, 'x', 0 };
    (void)state;
    expect("abc|  abc|ab", "%s|%5s|%.2s", "abc", "abc", "abc");
    expect("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "%S", wide);
    expect("a\xc3\xa9|a", "%.2ls|%.1ws", wide, wide);
    expect("narrow", "%hS", "narrow");
    expect("\xef\xbf\xbdx", "%ls", lone);
    expect("(null) (null)", "%s %S", NULL, NULL);
    expect("c|\xe2\x82\xac", "%c|%C", 'c', 0x20ac);
}

static void test_others(void **state)
{
    (void)state;
    expect("100%", "%d%%", 100);
    expect("1.50 1.5 1.5e+00", "%.2f %g %.1e", 1.5, 1.5, 1.5);
    expect("fffff80000001000 0000000000001234", "%p %N", 0xfffff80000001000ull, (void *)0x1234);
    expect("0000000000000010 7", "%ma %d", (uint64_t)16, 7);
    expect("%k %", "%k %");
    expect("", "");
    int unwritten = 5;
    expect("x", "x%n", &unwritten);
    assert_int_equal(unwritten, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests_name("win/format", tests, NULL, NULL);
}
