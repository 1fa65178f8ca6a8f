/* SPDX-License-Identifier: MIT */
/* client_fixture.h: a client on the fake library for one test, attached or not, and what the tests do with it. */
#ifndef KDIO_TESTS_WIN_CLIENT_FIXTURE_H
#define KDIO_TESTS_WIN_CLIENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KDEXT_64BIT
#include <kdio/win/windows.h>
#include <kdio/win/initguid.h>
#include <kdio/win/wdbgexts.h>
#include <kdio/win/dbgeng.h>

#include "tests/win/fake_kdio.h"

/* The interfaces of the test's client. */
struct fixture {
    IDebugClient *client;
    IDebugControl *control;
    IDebugDataSpaces4 *spaces;
};

#define CALL(object, method, ...) (object)->lpVtbl->method((object), ##__VA_ARGS__)
#define assert_hresult(expression, expected) assert_int_equal((uint32_t)(expression), (uint32_t)(expected))

static inline void *fixture_interface(struct fixture *fixture, const IID *iid)
{
    void *result = NULL;
    assert_hresult(CALL(fixture->client, QueryInterface, iid, &result), S_OK);
    return result;
}

static inline int fixture_create(void **state)
{
    static struct fixture fixture;
    void *client = NULL;
    fake_reset();
    assert_hresult(DebugCreate(&IID_IDebugClient, &client), S_OK);
    fixture.client = client;
    fixture.control = fixture_interface(&fixture, &IID_IDebugControl);
    fixture.spaces = fixture_interface(&fixture, &IID_IDebugDataSpaces4);
    *state = &fixture;
    return 0;
}

static inline void fixture_attach(struct fixture *fixture)
{
    assert_hresult(CALL(fixture->client, AttachKernel, DEBUG_ATTACH_KERNEL_CONNECTION, "gensio:fake"), S_OK);
}

static inline int fixture_create_attached(void **state)
{
    fixture_create(state);
    fixture_attach(*state);
    return 0;
}

/* Every reference counts: the last one closes the target. */
static inline int fixture_release(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(CALL(fixture->spaces, Release), 2);
    assert_int_equal(CALL(fixture->control, Release), 1);
    assert_int_equal(CALL(fixture->client, Release), 0);
    assert_int_equal(fake.opens, fake.closes);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_create, fixture_release)
#define TEST_ATTACHED(name) cmocka_unit_test_setup_teardown(name, fixture_create_attached, fixture_release)

#endif
