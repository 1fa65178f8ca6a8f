/* SPDX-License-Identifier: MIT */
/* test_policy.c: which accesses a deny list covers, and the profile `safe` (DESIGN section 6). */
#include "tests/unit/unit.h"

#include "proto/policy.h"

static void an_access_touches_every_byte_it_covers(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 4; width *= 2)
        for (unsigned port = 0x100; port < 0x140; port += width) {
            bool touches = port <= 0x122 && port + width > 0x11f;

            assert_int_equal(kdio_port_in_range((uint16_t)port, width, 0x11f, 0x122), touches);
        }
}

static void ranges_reach_the_last_port(void **state)
{
    (void)state;
    assert_true(kdio_port_in_range(0xfffc, 4, 0xffff, 0xffff));
    assert_false(kdio_port_in_range(0xfffc, 2, 0xffff, 0xffff));
    assert_true(kdio_port_in_range(0, 1, 0, 0xffff));
}

/* CONFIG_ADDRESS is no access to the reset register behind its second byte; narrower ones are. */
static void config_address_is_not_the_reset_register(void **state)
{
    (void)state;
    assert_false(kdio_safe_denies(0xcf8, 4, true, 0x80000000));
    assert_true(kdio_safe_denies(0xcf8, 2, true, 0x0600));
    assert_true(kdio_safe_denies(0xcf9, 1, true, 0x06));
    assert_true(kdio_port_in_range(0xcf8, 4, 0xcf8, 0xcf8));
}

static void safe_denies_what_resets(void **state)
{
    (void)state;
    assert_true(kdio_safe_denies(0x92, 1, true, 1));
    assert_true(kdio_safe_denies(0xb2, 1, true, 0));
    assert_true(kdio_safe_denies(0x64, 1, true, 0xfe));
    assert_false(kdio_safe_denies(0x64, 1, true, 0xed));
    assert_false(kdio_safe_denies(0x64, 1, false, 0xfe));
    assert_false(kdio_safe_denies(0x80, 1, true, 0xfe));
    assert_false(kdio_safe_denies(0x93, 1, true, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_access_touches_every_byte_it_covers),
        cmocka_unit_test(ranges_reach_the_last_port),
        cmocka_unit_test(config_address_is_not_the_reset_register),
        cmocka_unit_test(safe_denies_what_resets),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
