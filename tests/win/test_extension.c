/* SPDX-License-Identifier: MIT */
/* test_extension.c: the helpers of wdbgexts.h and the Ioctl routine under them, every form and structure size. */
#include "tests/win/client_fixture.h"

#include <stdlib.h>

#include <kdio/win/wdm.h>

WINDBG_EXTENSION_APIS ExtensionApis;

static int create_extension(void **state)
{
    fixture_create_attached(state);
    struct fixture *fixture = *state;
    ExtensionApis.nSize = sizeof(ExtensionApis);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis64, &ExtensionApis), S_OK);
    return 0;
}
#define TEST_EXTENSION(name) cmocka_unit_test_setup_teardown(name, create_extension, fixture_release)

static void expect_access(bool write, uint64_t port, unsigned width, uint64_t value)
{
    assert_int_equal(fake.accesses, 1);
    assert_int_equal(fake.last.write, write);
    assert_int_equal(fake.last.port, port);
    assert_int_equal(fake.last.width, width);
    if (write)
        assert_int_equal(fake.last.value, value);
    fake.accesses = 0;
}

/* ---- Getting the routines ---- */

static void test_apis(void **state)
{
    struct fixture *fixture = *state;
    WINDBG_EXTENSION_APIS64 apis = { .nSize = sizeof(apis) - 1 };
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis64, &apis), E_INVALIDARG);
    assert_null(apis.lpIoctlRoutine);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis64, NULL), E_INVALIDARG);
    apis.nSize = sizeof(apis);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis64, &apis), S_OK);
    assert_int_equal(apis.nSize, sizeof(apis));
    void *const *routines = (void *const *)&apis.lpOutputRoutine;
    for (size_t i = 0; i < 11; i++)
        assert_non_null(routines[i]);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis32, NULL), E_NOTIMPL);
}

/* ---- The port helpers ---- */

static void test_write_helpers(void **state)
{
    ULONG size;
    (void)state;
    WriteIoSpace64(0xd00, 0x55667788, (size = 4, &size));
    assert_int_equal(size, 4);
    expect_access(true, 0xd00, 4, 0x55667788);
    WriteIoSpace32(0xd02, 0x55667788, (size = 2, &size));
    assert_int_equal(size, 2);
    expect_access(true, 0xd02, 2, 0x7788);
    WriteIoSpace(0xd03, 0x55667788, (size = 1, &size));
    assert_int_equal(size, 1);
    expect_access(true, 0xd03, 1, 0x88);
    WriteIoSpaceEx64(0xd04, 0x11223344, (size = 4, &size), Isa, 0, 1);
    expect_access(true, 0xd04, 4, 0x11223344);
    WriteIoSpaceEx32(0xd04, 0x11223344, (size = 2, &size), Isa, 0, 1);
    expect_access(true, 0xd04, 2, 0x3344);
    WriteIoSpaceEx(0xd04, 0x11223344, (size = 1, &size), Isa, 0, 1);
    assert_int_equal(size, 1);
    expect_access(true, 0xd04, 1, 0x44);
    assert_hresult(kdio_win_last_hresult(), S_OK);
}

static void test_read_helpers(void **state)
{
    ULONG size, data;
    (void)state;
    fake.value = 0x12345678;
    ReadIoSpace64(0xd00, (data = 0xeeeeeeee, &data), (size = 4, &size));
    assert_int_equal(size, 4);
    assert_int_equal(data, 0x12345678);
    expect_access(false, 0xd00, 4, 0);
    fake.value = 0x78;
    ReadIoSpace32(0xd00, (data = 0xeeeeeeee, &data), (size = 1, &size));
    assert_int_equal(size, 1);
    assert_int_equal(data, 0xeeeeee78);
    expect_access(false, 0xd00, 1, 0);
    ReadIoSpace(0xd00, (data = 0xeeeeeeee, &data), (size = 2, &size));
    assert_int_equal(data, 0xeeee0078);
    expect_access(false, 0xd00, 2, 0);
    ReadIoSpaceEx64(0xd00, (data = 0xeeeeeeee, &data), (size = 1, &size), Isa, 0, 1);
    assert_int_equal(size, 1);
    assert_int_equal(data, 0x78);
    expect_access(false, 0xd00, 1, 0);
    ReadIoSpaceEx32(0xd00, (data = 0xeeeeeeee, &data), (size = 2, &size), Isa, 0, 1);
    assert_int_equal(data, 0x78);
    expect_access(false, 0xd00, 2, 0);
    ReadIoSpaceEx(0xd00, (data = 0xeeeeeeee, &data), (size = 4, &size), Isa, 0, 1);
    expect_access(false, 0xd00, 4, 0);
}

/* A variable of one byte is safe with ReadIoSpace64. */
static void test_read_one_byte_variable(void **state)
{
    union {
        ULONG aligned;
        UCHAR bytes[4];
    } variable = { 0xeeeeeeee };
    ULONG size = 1;
    (void)state;
    fake.value = 0x42;
    ReadIoSpace64(0x80, &variable.aligned, &size);
    assert_int_equal(variable.bytes[0], 0x42);
    assert_int_equal(variable.bytes[1], 0xee);
}

static void expect_refused(ULONG size, uint32_t hresult)
{
    assert_int_equal(size, 0);
    assert_int_equal(fake.accesses, 0);
    assert_hresult(kdio_win_last_hresult(), hresult);
}

static void test_refused(void **state)
{
    ULONG size, data = 0xeeeeeeee;
    (void)state;
    fake.denied_port = 0x64;
    WriteIoSpace64(0x80, 1, (size = 3, &size));
    expect_refused(size, 0x80070057);
    WriteIoSpace64(0x10000, 1, (size = 1, &size));
    expect_refused(size, 0x80070057);
    WriteIoSpace64(0x100000080, 1, (size = 1, &size));
    expect_refused(size, 0x80070057);
    WriteIoSpace64(0xcf9, 1, (size = 4, &size));
    expect_refused(size, 0x90000002);
    WriteIoSpace(0x64, 0xfe, (size = 1, &size));
    expect_refused(size, 0x80070005);
    ReadIoSpace64(0x81, &data, (size = 2, &size));
    expect_refused(size, 0x90000002);
    assert_int_equal(data, 0xeeeeeeee);
    ReadIoSpaceEx64(0x80, &data, (size = 1, &size), PCIBus, 0, 1);
    expect_refused(size, 0x80070057);
    assert_int_equal(data, 0);
    WriteIoSpaceEx64(0x80, 1, (size = 1, &size), Isa, 1, 1);
    expect_refused(size, 0x80070057);
    WriteIoSpaceEx(0x80, 1, (size = 1, &size), Isa, 0, 0);
    expect_refused(size, 0x80070057);
}

static void test_unknown_outcome(void **state)
{
    ULONG size, data = 0;
    (void)state;
    fake.access_status = KDIO_TIMEOUT;
    fake.access_outcome = KDIO_OUTCOME_UNKNOWN;
    WriteIoSpace64(0x80, 1, (size = 1, &size));
    assert_int_equal(size, 0);
    fake.access_status = KDIO_DONE;
    WriteIoSpace64(0x80, 1, (size = 1, &size));
    assert_int_equal(size, 0);
    assert_int_equal(fake.accesses, 1);
    ReadIoSpace64(0x80, &data, (size = 1, &size));
    assert_int_equal(size, 1);
    assert_hresult(kdio_win_last_hresult(), 0x800705b4);
    WriteIoSpace64(0x80, 1, (size = 1, &size));
    assert_int_equal(size, 1);
    assert_int_equal(fake.accesses, 3);
}

/* ---- Whose routines they are ---- */

static void test_client_gone(void **state)
{
    void *out = NULL;
    ULONG size = 1;
    (void)state;
    assert_hresult(DebugCreate(&IID_IDebugControl, &out), S_OK);
    IDebugControl *control = out;
    assert_hresult(CALL(control, GetWindbgExtensionApis64, &ExtensionApis), S_OK);
    WriteIoSpace64(0x80, 1, &size);
    expect_refused(size, 0x8000ffff);
    assert_int_equal(CALL(control, Release), 0);
    WriteIoSpace64(0x80, 1, (size = 1, &size));
    expect_refused(size, 0x8000ffff);
    dprintf("%d", 1);
    assert_int_equal(CheckControlC(), 0);
    assert_int_equal(IsPtr64(), 0);
}

static void test_check_control_c(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(CheckControlC(), 0);
    CALL(fixture->control, SetInterrupt, DEBUG_INTERRUPT_PASSIVE);
    assert_int_equal(CheckControlC(), 1);
    assert_int_equal(CheckControlC(), 0);
}

/* ---- Ioctl by itself ---- */

static void test_ioctl_returns(void **state)
{
    IOSPACE64 request = { 0x80, 1, 0x77 };
    IOSPACE_EX64 extended = { 0x80, 1, 0x77, Isa, 0, 1 };
    (void)state;
    assert_int_equal(Ioctl(IG_WRITE_IO_SPACE, &request, sizeof(request)), 1);
    assert_int_equal(Ioctl(IG_READ_IO_SPACE_EX, &extended, sizeof(extended)), 1);
    request.Length = 3;
    assert_int_equal(Ioctl(IG_WRITE_IO_SPACE, &request, sizeof(request)), 0);
    assert_int_equal(request.Length, 0);
    assert_int_equal(Ioctl(IG_READ_IO_SPACE, NULL, 16), 0);
}

/* What a failed request leaves: no length, and the data as it was. */
static void test_ioctl_failed_read(void **state)
{
    IOSPACE_EX32 request = { 0x81, 2, 0x77, Isa, 0, 1 };
    (void)state;
    assert_int_equal(Ioctl(IG_READ_IO_SPACE_EX, &request, sizeof(request)), 0);
    assert_int_equal(request.Length, 0);
    assert_int_equal(request.Data, 0x77);
    fake.access_status = KDIO_TIMEOUT;
    request.Address = 0x80;
    request.Length = 2;
    assert_int_equal(Ioctl(IG_READ_IO_SPACE_EX, &request, sizeof(request)), 0);
    assert_int_equal(request.Length, 0);
    assert_int_equal(request.Data, 0x77);
}

/* A helper of another header may pass the structure on unprepared. */
static void test_ioctl_absent_outputs(void **state)
{
    READ_WRITE_MSR msr = { 0x10, 0xeeee };
    SEARCHMEMORY search = { 0, 100, 0xeeee, 1, &search };
    (void)state;
    assert_int_equal(Ioctl(IG_READ_MSR, &msr, sizeof(msr)), 0);
    assert_int_equal(msr.Value, 0);
    assert_int_equal(Ioctl(IG_SEARCH_MEMORY, &search, sizeof(search)), 0);
    assert_int_equal(search.FoundAddress, 0);
}

/* A size that is neither structure's is not guessed at. */
static void test_ioctl_wrong_sizes(void **state)
{
    static const USHORT codes[] = { IG_READ_IO_SPACE, IG_WRITE_IO_SPACE, IG_READ_IO_SPACE_EX, IG_WRITE_IO_SPACE_EX,
                                    IG_KD_CONTEXT, IG_IS_PTR64 };
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        UCHAR *exact = malloc(3);
        assert_non_null(exact);
        memset(exact, 0xee, 3);
        for (ULONG size = 0; size <= 3; size++)
            assert_int_equal(Ioctl(codes[i], exact, size), 0);
        assert_int_equal(exact[0] & exact[1] & exact[2], 0xee);
        free(exact);
    }
    assert_int_equal(fake.accesses, 0);
}

static void test_context_and_pointers(void **state)
{
    PROCESSORINFO info = { 9, 9 };
    (void)state;
    assert_int_equal(GetKdContext(&info), 1);
    assert_int_equal(info.Processor, 0);
    assert_int_equal(info.NumberProcessors, 1);
    assert_int_equal(IsPtr64(), 1);
}

/* Every code with many sizes: nothing beyond the size is touched (the sanitizer sees), and zeros are no request. */
static void test_ioctl_every_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x10000; code += code < 256 ? 1 : 255) {
        for (ULONG size = 1; size <= 64; size++) {
            bool known = (code == IG_KD_CONTEXT || code == IG_IS_PTR64) && size == 4;
            void *data = calloc(1, size);
            assert_non_null(data);
            assert_int_equal(Ioctl((USHORT)code, data, size), known);
            free(data);
        }
        assert_int_equal(Ioctl((USHORT)code, NULL, 0), 0);
    }
    assert_int_equal(fake.accesses, 0);
}

/* ---- Helpers of what is absent say that nothing was moved ---- */

static void test_absent_helpers(void **state)
{
    ULONGLONG value = 0xeeee;
    UCHAR buffer[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    UCHAR before[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    ULONG moved;
    (void)state;
    ReadMsr(0x10, &value);
    assert_int_equal(value, 0);
    WriteMsr(0x10, 1);
    ReadPhysical(0x1000, buffer, 8, (moved = 99, &moved));
    assert_int_equal(moved, 0);
    WritePhysical(0x1000, buffer, 8, (moved = 99, &moved));
    assert_int_equal(moved, 0);
    ReadPhysicalWithFlags(0x1000, buffer, 8, PHYS_FLAG_UNCACHED, (moved = 99, &moved));
    assert_int_equal(moved, 0);
    WritePhysicalWithFlags(0x1000, buffer, 8, PHYS_FLAG_UNCACHED, (moved = 99, &moved));
    assert_int_equal(moved, 0);
    assert_memory_equal(buffer, before, 8);
    ReadControlSpace64(0, 0, buffer, 8);
    WriteControlSpace(0, 0, buffer, 8);
    memset(before, 0, 8);
    assert_memory_equal(buffer, before, 8);
}

static void test_absent_searches(void **state)
{
    UCHAR pattern = 1;
    ULONG64 found = 9;
    BUSDATA bus = { PCIConfiguration, 0, 0, &pattern, 0, 1 };
    (void)state;
    assert_int_equal(SearchMemory(0, 100, 1, &pattern, &found), 0);
    assert_int_equal(found, 0);
    found = 9;
    assert_false(TranslateVirtualToPhysical(0x1000, &found));
    assert_int_equal(found, 9);
    assert_int_equal(Ioctl(IG_GET_BUS_DATA, &bus, sizeof(bus)), 0);
    assert_int_equal(bus.Length, 0);
    assert_int_equal(GetExpression("1"), 0);
    ULONG moved = 9;
    assert_int_equal(ReadMemory(0, &pattern, 1, &moved), 0);
    assert_int_equal(moved, 0);
    assert_int_equal(WriteMemory(0, &pattern, 1, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_apis),
        TEST_EXTENSION(test_write_helpers),
        TEST_EXTENSION(test_read_helpers),
        TEST_EXTENSION(test_read_one_byte_variable),
        TEST_EXTENSION(test_refused),
        TEST_EXTENSION(test_unknown_outcome),
        TEST_EXTENSION(test_client_gone),
        TEST_EXTENSION(test_check_control_c),
        TEST_EXTENSION(test_ioctl_returns),
        TEST_EXTENSION(test_ioctl_failed_read),
        TEST_EXTENSION(test_ioctl_absent_outputs),
        TEST_EXTENSION(test_ioctl_wrong_sizes),
        TEST_EXTENSION(test_context_and_pointers),
        TEST_EXTENSION(test_ioctl_every_code),
        TEST_EXTENSION(test_absent_helpers),
        TEST_EXTENSION(test_absent_searches),
    };
    return cmocka_run_group_tests_name("win/extension", tests, NULL, NULL);
}
