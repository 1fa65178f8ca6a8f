/* SPDX-License-Identifier: MIT */
/* test_port.c: ReadIo and WriteIo: every error of the table in dbgeng.h, counts, buffers, and unknown outcomes. */
#include "tests/win/client_fixture.h"

#include <kdio/win/wdm.h>

#define TIMEOUT 0x800705b4
#define ABORTED 0x800704d4

static HRESULT write_byte(struct fixture *fixture, ULONG *count)
{
    UCHAR byte = 0x5a;
    *count = 99;
    return CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0x80, &byte, 1, count);
}

static HRESULT read_byte(struct fixture *fixture, UCHAR *byte, ULONG *count)
{
    *byte = 0xee;
    *count = 99;
    return CALL(fixture->spaces, ReadIo, Isa, 0, 1, 0x80, byte, 1, count);
}

/* ---- Accesses that succeed ---- */

static void test_write_each_width(void **state)
{
    struct fixture *fixture = *state;
    UCHAR bytes[4] = { 0x11, 0x22, 0x33, 0x44 };
    static const uint32_t values[] = { 0, 0x11, 0x2211, 0, 0x44332211 };
    for (ULONG size = 1; size <= 4; size *= 2) {
        ULONG count = 0;
        assert_hresult(CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0xd00, bytes, size, &count), S_OK);
        assert_int_equal(count, size);
        assert_true(fake.last.write);
        assert_int_equal(fake.last.port, 0xd00);
        assert_int_equal(fake.last.width, size);
        assert_int_equal(fake.last.value, values[size]);
    }
    assert_int_equal(fake.accesses, 3);
}

static void test_read_each_width(void **state)
{
    struct fixture *fixture = *state;
    static const UCHAR expected[5][4] = { { 0 },
                                          { 0x11, 0xee, 0xee, 0xee },
                                          { 0x11, 0x22, 0xee, 0xee },
                                          { 0 },
                                          { 0x11, 0x22, 0x33, 0x44 } };
    fake.value = 0x44332211;
    for (ULONG size = 1; size <= 4; size *= 2) {
        UCHAR bytes[4] = { 0xee, 0xee, 0xee, 0xee };
        ULONG count = 0;
        assert_hresult(CALL(fixture->spaces, ReadIo, Isa, 0, 1, 0xd00, bytes, size, &count), S_OK);
        assert_int_equal(count, size);
        assert_false(fake.last.write);
        assert_int_equal(fake.last.width, size);
        assert_memory_equal(bytes, expected[size], 4);
    }
}

static void test_last_ports_and_no_count(void **state)
{
    struct fixture *fixture = *state;
    ULONG value = 0x44332211;
    assert_hresult(CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0xffff, &value, 1, NULL), S_OK);
    assert_hresult(CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0xfffe, &value, 2, NULL), S_OK);
    assert_hresult(CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0xfffc, &value, 4, NULL), S_OK);
    assert_hresult(CALL(fixture->spaces, ReadIo, Isa, 0, 1, 0xfffc, &value, 4, NULL), S_OK);
    assert_int_equal(fake.accesses, 4);
}

/* ---- Every row of bad arguments, in reading and in writing ---- */

struct row {
    const char *what;
    ULONG interface_type, bus_number, address_space;
    ULONG64 offset;
    ULONG size;
    bool no_buffer;
    uint32_t expected;
};

static const struct row bad_arguments[] = {
    { "no buffer", Isa, 0, 1, 0x80, 1, true, 0x80070057 },
    { "size 0", Isa, 0, 1, 0x80, 0, false, 0x80070057 },
    { "size 3", Isa, 0, 1, 0x80, 3, false, 0x80070057 },
    { "size 8", Isa, 0, 1, 0x80, 8, false, 0x80070057 },
    { "size huge", Isa, 0, 1, 0x80, 0xffffffff, false, 0x80070057 },
    { "address space 0", Isa, 0, 0, 0x80, 1, false, 0x80070057 },
    { "address space 2", Isa, 0, 2, 0x80, 1, false, 0x80070057 },
    { "PCIBus", PCIBus, 0, 1, 0x80, 1, false, 0x80070057 },
    { "interface 0", Internal, 0, 1, 0x80, 1, false, 0x80070057 },
    { "bus 1", Isa, 1, 1, 0x80, 1, false, 0x80070057 },
    { "port 0x10000", Isa, 0, 1, 0x10000, 1, false, 0x80070057 },
    { "end beyond 0x10000, 2 bytes", Isa, 0, 1, 0xffff, 2, false, 0x80070057 },
    { "end beyond 0x10000, 4 bytes", Isa, 0, 1, 0xfffd, 4, false, 0x80070057 },
    { "port that wraps", Isa, 0, 1, 0xffffffffffffffff, 1, false, 0x80070057 },
    { "port in the upper half", Isa, 0, 1, 0x100000080, 1, false, 0x80070057 },
    { "misaligned 2", Isa, 0, 1, 0x81, 2, false, 0x90000002 },
    { "misaligned 4", Isa, 0, 1, 0xcf9, 4, false, 0x90000002 },
    { "misaligned 4 by 2", Isa, 0, 1, 0xcfa, 4, false, 0x90000002 },
    { "deny list", Isa, 0, 1, 0x64, 1, false, 0x80070005 },
    /* The order of the checks: arguments, then alignment, then policy. */
    { "no buffer, misaligned", Isa, 0, 1, 0x81, 2, true, 0x80070057 },
    { "PCIBus, misaligned", PCIBus, 0, 1, 0x81, 2, false, 0x80070057 },
    { "beyond, misaligned", Isa, 0, 1, 0x10001, 2, false, 0x80070057 },
    { "denied, address space 0", Isa, 0, 0, 0x64, 1, false, 0x80070057 },
};

static void check_row(struct fixture *fixture, const struct row *row, bool write)
{
    UCHAR buffer[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    UCHAR before[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    void *given = row->no_buffer ? NULL : buffer;
    ULONG count = 99;
    HRESULT result = write ? CALL(fixture->spaces, WriteIo, row->interface_type, row->bus_number, row->address_space,
                                  row->offset, given, row->size, &count)
                           : CALL(fixture->spaces, ReadIo, row->interface_type, row->bus_number, row->address_space,
                                  row->offset, given, row->size, &count);
    if ((uint32_t)result != row->expected || count != 0 || memcmp(buffer, before, sizeof(buffer)) != 0)
        fail_msg("%s, %s: 0x%08x, count %u", write ? "WriteIo" : "ReadIo", row->what, (unsigned)result, count);
    assert_hresult(kdio_win_last_hresult(), row->expected);
}

static void test_bad_arguments(void **state)
{
    fake.denied_port = 0x64;
    for (size_t i = 0; i < sizeof(bad_arguments) / sizeof(bad_arguments[0]); i++) {
        check_row(*state, &bad_arguments[i], false);
        check_row(*state, &bad_arguments[i], true);
    }
    assert_int_equal(fake.accesses, 0);
}

/* Without a target that is the answer, whatever else is wrong. */
static void test_no_target(void **state)
{
    for (size_t i = 0; i < sizeof(bad_arguments) / sizeof(bad_arguments[0]); i++) {
        struct row row = bad_arguments[i];
        row.expected = 0x8000ffff;
        check_row(*state, &row, false);
        check_row(*state, &row, true);
    }
}

static void test_misaligned_beats_policy(void **state)
{
    struct row row = { "denied, misaligned", Isa, 0, 1, 0x65, 2, false, 0x90000002 };
    fake.denied_port = 0x65;
    check_row(*state, &row, true);
}

static void test_read_only(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    UCHAR byte;
    fake.read_only = true;
    assert_hresult(write_byte(fixture, &count), E_ACCESSDENIED);
    assert_int_equal(count, 0);
    assert_hresult(read_byte(fixture, &byte, &count), S_OK);
}

/* ---- Failures of the access itself ---- */

static void test_failures(void **state)
{
    static const struct {
        enum kdio_status status;
        uint32_t expected;
    } rows[] = {
        { KDIO_LINK_UART, 0x80070005 },   { KDIO_UNSUPPORTED, 0x80004001 }, { KDIO_TAKEN, 0x800704cd },
        { KDIO_NO_ANSWER, 0x80070079 },   { KDIO_BAD_REPLY, 0x8007000d },   { KDIO_SYSTEM, 0x80004005 },
        { KDIO_NO_MEMORY, 0x8007000e },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        UCHAR byte;
        ULONG count;
        fake.access_status = rows[i].status;
        assert_hresult(write_byte(*state, &count), rows[i].expected);
        assert_int_equal(count, 0);
        assert_hresult(read_byte(*state, &byte, &count), rows[i].expected);
        assert_int_equal(count, 0);
        assert_int_equal(byte, 0xee);
    }
    assert_int_equal(fake.accesses, 14);
}

/* ---- Unknown outcomes ---- */

static void fail_unknown(struct fixture *fixture, enum kdio_status status, uint32_t expected)
{
    ULONG count;
    fake.access_status = status;
    fake.access_outcome = KDIO_OUTCOME_UNKNOWN;
    assert_hresult(write_byte(fixture, &count), expected);
    assert_int_equal(count, 0);
    fake.access_status = KDIO_DONE;
}

static void test_unknown_holds_writes(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    UCHAR byte;
    fail_unknown(fixture, KDIO_TIMEOUT, TIMEOUT);
    assert_int_equal(fake.accesses, 1);
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    assert_int_equal(count, 0);
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    assert_int_equal(fake.accesses, 1);
    /* Reads go on, and do not end it; nor do writes with bad arguments, which say what is bad. */
    assert_hresult(read_byte(fixture, &byte, &count), S_OK);
    assert_hresult(CALL(fixture->spaces, WriteIo, Isa, 0, 1, 0x81, &count, 2, NULL), 0x90000002);
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    assert_int_equal(fake.accesses, 2);
}

static void test_unknown_ends_when_told(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    UCHAR byte;
    fail_unknown(fixture, KDIO_RESET, ABORTED);
    assert_hresult(read_byte(fixture, &byte, &count), S_OK);
    assert_hresult(kdio_win_last_hresult(), ABORTED);
    assert_hresult(kdio_win_last_hresult(), ABORTED);
    assert_hresult(write_byte(fixture, &count), S_OK);
    assert_int_equal(count, 1);
    assert_hresult(kdio_win_last_hresult(), S_OK);
}

static void test_unknown_read_holds_writes(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    UCHAR byte;
    fake.access_status = KDIO_LOST;
    fake.access_outcome = KDIO_OUTCOME_UNKNOWN;
    assert_hresult(read_byte(fixture, &byte, &count), TIMEOUT);
    assert_int_equal(byte, 0xee);
    fake.access_status = KDIO_DONE;
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    assert_int_equal(fake.accesses, 1);
}

static void test_unknown_ends_with_session(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    fail_unknown(fixture, KDIO_TIMEOUT, TIMEOUT);
    assert_hresult(CALL(fixture->client, EndSession, DEBUG_END_ACTIVE_DETACH), S_OK);
    fixture_attach(fixture);
    assert_hresult(write_byte(fixture, &count), S_OK);
}

static void test_known_outcome_holds_nothing(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    fake.access_status = KDIO_TIMEOUT;
    fake.access_outcome = KDIO_OUTCOME_NOT_DONE;
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    fake.access_status = KDIO_DONE;
    assert_hresult(write_byte(fixture, &count), S_OK);
}

static void test_hold_can_be_turned_off(void **state)
{
    struct fixture *fixture = *state;
    ULONG count;
    assert_hresult(kdio_win_set_hold(fixture->control, FALSE), S_OK);
    fail_unknown(fixture, KDIO_TIMEOUT, TIMEOUT);
    assert_hresult(write_byte(fixture, &count), S_OK);
    assert_hresult(kdio_win_set_hold(fixture->control, TRUE), S_OK);
    fail_unknown(fixture, KDIO_TIMEOUT, TIMEOUT);
    assert_hresult(kdio_win_set_hold(fixture->spaces, FALSE), S_OK);
    assert_hresult(write_byte(fixture, &count), S_OK);
}

/* A client's hold is its own, and can be asked about by client. */
static void test_hold_is_per_client(void **state)
{
    struct fixture *fixture = *state;
    void *other = NULL;
    ULONG count;
    fail_unknown(fixture, KDIO_TIMEOUT, TIMEOUT);
    assert_hresult(DebugCreate(&IID_IDebugDataSpaces, &other), S_OK);
    IDebugDataSpaces *spaces = other;
    assert_hresult(CALL(spaces, WriteIo, Isa, 0, 1, 0x80, &count, 1, NULL), E_UNEXPECTED);
    assert_hresult(kdio_win_last_hresult(), E_UNEXPECTED);
    assert_hresult(write_byte(fixture, &count), TIMEOUT);
    assert_hresult(kdio_win_client_hresult(other), E_UNEXPECTED);
    assert_hresult(kdio_win_client_hresult(fixture->spaces), TIMEOUT);
    assert_hresult(write_byte(fixture, &count), S_OK);
    assert_int_equal(CALL(spaces, Release), 0);
    assert_hresult(kdio_win_client_hresult(other), E_INVALIDARG);
    assert_hresult(kdio_win_set_hold(NULL, TRUE), E_INVALIDARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ATTACHED(test_write_each_width),
        TEST_ATTACHED(test_read_each_width),
        TEST_ATTACHED(test_last_ports_and_no_count),
        TEST_ATTACHED(test_bad_arguments),
        TEST(test_no_target),
        TEST_ATTACHED(test_misaligned_beats_policy),
        TEST_ATTACHED(test_read_only),
        TEST_ATTACHED(test_failures),
        TEST_ATTACHED(test_unknown_holds_writes),
        TEST_ATTACHED(test_unknown_ends_when_told),
        TEST_ATTACHED(test_unknown_read_holds_writes),
        TEST_ATTACHED(test_unknown_ends_with_session),
        TEST_ATTACHED(test_known_outcome_holds_nothing),
        TEST_ATTACHED(test_hold_can_be_turned_off),
        TEST_ATTACHED(test_hold_is_per_client),
    };
    return cmocka_run_group_tests_name("win/port", tests, NULL, NULL);
}

/* The helpers of wdbgexts.h want it; this test calls none. */
WINDBG_EXTENSION_APIS ExtensionApis;
