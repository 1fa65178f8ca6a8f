/* SPDX-License-Identifier: MIT */
/* test_policy.c: deny lists and read-only mode, one row an access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/cmd/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct access {
    const char *deny;
    bool out;
    uint64_t port;
    unsigned width;
    uint64_t value;
    enum kdio_status status;
};

static const struct access accesses[] = {
    { "80", true, 0x80, 1, 0, KDIO_DENIED },
    { "80", false, 0x80, 1, 0, KDIO_DENIED },
    { "80", true, 0x81, 1, 0, KDIO_DONE },
    { "80", true, 0x7f, 1, 0, KDIO_DONE },
    { "81", true, 0x80, 2, 0, KDIO_DENIED },
    { "83", false, 0x80, 4, 0, KDIO_DENIED },
    { "84", false, 0x80, 4, 0, KDIO_DONE },
    { "70-71,cf8-cff", true, 0x71, 1, 0, KDIO_DENIED },
    { "70-71,cf8-cff", true, 0xcfc, 4, 0, KDIO_DENIED },
    { "70-71,cf8-cff", true, 0xd00, 4, 0, KDIO_DONE },
    { "0-ffff", false, 0xfffc, 4, 0, KDIO_DENIED },
    { "0n128", true, 0x80, 1, 0, KDIO_DENIED },
    { "safe", true, 0xcf9, 1, 6, KDIO_DENIED },
    { "safe", true, 0xcf8, 2, 6, KDIO_DENIED },
    { "safe", true, 0xcf8, 4, 0x80000000, KDIO_DONE },
    { "safe", true, 0xcf8, 1, 6, KDIO_DONE },
    { "safe", true, 0x92, 1, 1, KDIO_DENIED },
    { "safe", true, 0xb2, 1, 1, KDIO_DENIED },
    { "safe", true, 0x64, 1, 0xfe, KDIO_DENIED },
    { "safe", true, 0x64, 4, 0x123456fe, KDIO_DENIED },
    { "safe", true, 0x64, 1, 0xff, KDIO_DONE },
    { "safe", false, 0x64, 1, 0, KDIO_DONE },
    { "safe,80", true, 0x80, 1, 0, KDIO_DENIED },
    /* The operands come before the lists. */
    { "80", true, 0x80, 1, 0x100, KDIO_BAD_VALUE },
    { "0-ffff", true, 0x10000, 1, 0, KDIO_BAD_PORT },
    { "0-ffff", true, UINT64_MAX, 1, 0, KDIO_BAD_PORT },
    { "0-ffff", false, 0xfffe, 4, 0, KDIO_BAD_PORT },
    { "80", false, 0x81, 2, 0, KDIO_MISALIGNED },
};

static void accesses_are_judged_by_their_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accesses); i++) {
        const struct access *access = &accesses[i];
        struct policy policy = { .read_only = false };
        struct failure failure;
        enum kdio_status status;

        print_message("row %u\n", (unsigned)i);
        assert_int_equal(policy_deny(&policy, access->deny, &failure), EXIT_STATUS_DONE);
        status = access->out ? policy_check_out(&policy, NULL, access->port, access->width, access->value)
                             : policy_check_in(&policy, NULL, access->port, access->width);
        assert_int_equal(status, access->status);
    }
}

static void read_only_refuses_output_only(void **state)
{
    const struct policy policy = { .read_only = true };

    (void)state;
    assert_int_equal(policy_check_out(&policy, NULL, 0x80, 1, 0), KDIO_READ_ONLY);
    assert_int_equal(policy_check_in(&policy, NULL, 0x80, 1), KDIO_DONE);
    assert_int_equal(policy_check_out(&policy, NULL, 0x80, 1, 0x100), KDIO_BAD_VALUE);
}

static void bad_lists_are_usage_errors(void **state)
{
    static const char *const lists[] = {
        "",      ",",        "80,",  "x",     "80-", "-80", "81-80",
        "10000", "80-10000", "Safe", "80 81", "0000000000000000000000000000000000000000000000000000000000000080",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct policy policy = { .read_only = false };
        struct failure failure;
        print_message("'%s'\n", lists[i]);
        assert_int_equal(policy_deny(&policy, lists[i], &failure), EXIT_STATUS_USAGE);
        assert_int_equal(policy.span_count, strcmp(lists[i], "80,") == 0 ? 1 : 0);
    }
}

static void the_list_is_bounded(void **state)
{
    struct policy policy = { .read_only = false };
    struct failure failure;

    (void)state;
    for (size_t i = 0; i < POLICY_SPANS_MAX; i++)
        assert_int_equal(policy_deny(&policy, "80", &failure), EXIT_STATUS_DONE);
    assert_int_equal(policy_deny(&policy, "81", &failure), EXIT_STATUS_USAGE);
    assert_int_equal(policy_deny(&policy, "safe", &failure), EXIT_STATUS_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accesses_are_judged_by_their_bytes),
        cmocka_unit_test(read_only_refuses_output_only),
        cmocka_unit_test(bad_lists_are_usage_errors),
        cmocka_unit_test(the_list_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
