/* SPDX-License-Identifier: MIT */
/* test_hresult.c: every status has the HRESULT that the design's table says, as a number; none is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/win/hresult.h"

static const struct {
    enum kdio_status status;
    uint32_t hresult;
} expected[] = {
    { KDIO_DONE, 0 },
    { KDIO_BAD_WIDTH, 0x80070057 },
    { KDIO_BAD_PORT, 0x80070057 },
    { KDIO_MISALIGNED, 0x90000002 },
    { KDIO_BAD_VALUE, 0x80070057 },
    { KDIO_LINK_UART, 0x80070005 },
    { KDIO_DENIED, 0x80070005 },
    { KDIO_READ_ONLY, 0x80070005 },
    { KDIO_UNSUPPORTED, 0x80004001 },
    { KDIO_TOO_LARGE, 0x80070057 },
    { KDIO_TOO_LONG, 0x80070057 },
    { KDIO_FAULT, 0xd000000e },
    { KDIO_NO_MATCH, 0x80004005 },
    { KDIO_CANCELLED, 0xd000013a },
    { KDIO_SKIPPED, 0x80004005 },
    { KDIO_BAD_OPERAND, 0x80070057 },
    { KDIO_NOT_FOUND, 0x9000001a },
    { KDIO_STUB_FAULT, 0x8000ffff },
    { KDIO_NOT_STOPPED, 0x8000ffff },
    { KDIO_NO_BREAKPOINT, 0x80004005 },
    { KDIO_MALFORMED, 0x8007000d },
    { KDIO_VERSION, 0x8007051a },
    { KDIO_BAD_REPLY, 0x8007000d },
    { KDIO_NO_ANSWER, 0x80070079 },
    { KDIO_NOT_KDIO, 0x8007003a },
    { KDIO_TIMEOUT, 0x800705b4 },
    { KDIO_LOST, 0x800705b4 },
    { KDIO_RESET, 0x800704d4 },
    { KDIO_TAKEN, 0x800704cd },
    { KDIO_NO_CONNECTION, 0x8007048f },
    { KDIO_SYSTEM, 0x80004005 },
    { KDIO_NO_MEMORY, 0x8007000e },
    { KDIO_BAD_ARGUMENT, 0x80070057 },
    { KDIO_INTERRUPTED, 0xd000013a },
};

/* No name of kdio.h hides one of them. */
#define SAME(name, number, class, text) _Static_assert((unsigned)KDIO_##name == (number), #name);
KDIO_STATUS_TABLE(SAME)
#undef SAME

static void test_every_status(void **state)
{
    static const enum kdio_status all[] = {
#define STATUS(name, number, class, text) KDIO_##name,
        KDIO_STATUS_TABLE(STATUS)
#undef STATUS
    };
    (void)state;
    assert_int_equal(sizeof(all) / sizeof(all[0]), sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(all[i], expected[i].status);
        assert_int_equal((uint32_t)kdio_win_hresult(all[i]), expected[i].hresult);
    }
}

static void test_only_done_succeeds(void **state)
{
    (void)state;
    for (unsigned number = 1; number < 256; number++)
        assert_true(FAILED(kdio_win_hresult((enum kdio_status)number)));
    assert_int_equal(kdio_win_hresult((enum kdio_status)0xff), E_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status),
        cmocka_unit_test(test_only_done_succeeds),
    };
    return cmocka_run_group_tests_name("win/hresult", tests, NULL, NULL);
}
