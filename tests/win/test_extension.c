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
    WINDBG_EXTENSION_APIS32 apis32 = { .nSize = 7 };
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis32, NULL), E_INVALIDARG);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis32, &apis32), E_INVALIDARG);
    apis32.nSize = sizeof(apis32);
    assert_hresult(CALL(fixture->control, GetWindbgExtensionApis32, &apis32), S_OK);
    routines = (void *const *)&apis32.lpOutputRoutine;
    for (size_t i = 0; i < 11; i++)
        assert_non_null(routines[i]);
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

/* A helper of another header may pass the structure on unprepared: outputs are stored on failure too. */
static void test_ioctl_outputs_of_failures(void **state)
{
    READ_WRITE_MSR msr = { 0x10, 0xeeee };
    SEARCHMEMORY search = { FAKE_RW, 100, 0xeeee, 3, "\x01\x01\x01" };
    PHYSICAL physical = { FAKE_MEMORY_SIZE, 1, { 0 } };
    BUSDATA bus = { Cmos, 0, 0, &msr, 0, 1 };
    (void)state;
    assert_int_equal(Ioctl(IG_READ_MSR, &msr, sizeof(msr)), 0);
    assert_int_equal(msr.Value, 0);
    assert_int_equal(Ioctl(IG_SEARCH_MEMORY, &search, sizeof(search)), 0);
    assert_int_equal(search.FoundAddress, 0);
    assert_int_equal(Ioctl(IG_READ_PHYSICAL, &physical, sizeof(physical)), 0);
    assert_int_equal(physical.BufLen, 0);
    assert_int_equal(Ioctl(IG_GET_BUS_DATA, &bus, sizeof(bus)), 0);
    assert_int_equal(bus.Length, 0);
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

/* Every code with many sizes: nothing beyond the size is touched, as the sanitizer sees. */
static void test_ioctl_every_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x10000; code += code < 256 ? 1 : 255) {
        for (ULONG size = 1; size <= 64; size++) {
            void *data = calloc(1, size);
            assert_non_null(data);
            (void)Ioctl((USHORT)code, data, size);
            free(data);
        }
        assert_int_equal(Ioctl((USHORT)code, NULL, 0), code == IG_LOWMEM_CHECK);
    }
}

/* ---- The other helpers, in all forms ---- */

static void test_msr_helpers(void **state)
{
    ULONGLONG value = 0xeeee;
    (void)state;
    ReadMsr(FAKE_MSR + 1, &value);
    assert_int_equal(value, 0x2222222200000001);
    WriteMsr(FAKE_MSR + 1, 0x123456789abcdef0);
    assert_int_equal(fake.msr[1], 0x123456789abcdef0);
    ReadMsr(0x10, &value);
    assert_int_equal(value, 0);
    assert_hresult(kdio_win_last_hresult(), 0xd000000e);
    WriteMsr(0x10, 1);
    assert_hresult(kdio_win_last_hresult(), 0xd000000e);
}

static void test_physical_helpers(void **state)
{
    UCHAR buffer[8], expected[8];
    ULONG moved;
    (void)state;
    memcpy(expected, fake.memory + 0x1003, 8);
    ReadPhysical(0x1003, buffer, 8, (moved = 99, &moved));
    assert_int_equal(moved, 8);
    assert_memory_equal(buffer, expected, 8);
    memset(buffer, 0xee, 8);
    ReadPhysicalWithFlags(FAKE_MEMORY_SIZE - 3, buffer, 8, PHYS_FLAG_UNCACHED, (moved = 99, &moved));
    assert_int_equal(moved, 3);
    assert_memory_equal(buffer, fake.memory + FAKE_MEMORY_SIZE - 3, 3);
    assert_int_equal(buffer[3], 0xee);
    ReadPhysical(FAKE_MEMORY_SIZE, buffer, 8, (moved = 99, &moved));
    assert_int_equal(moved, 0);
    WritePhysical(0x2000, "physical", 8, (moved = 99, &moved));
    assert_int_equal(moved, 8);
    assert_memory_equal(fake.memory + 0x2000, "physical", 8);
    WritePhysicalWithFlags(0x2001, "PQ", 2, PHYS_FLAG_CACHED, (moved = 99, &moved));
    assert_int_equal(moved, 2);
    assert_memory_equal(fake.memory + 0x2000, "pPQs", 4);
    WritePhysicalWithFlags(0x2001, "PQ", 2, 4, (moved = 99, &moved));
    assert_int_equal(moved, 0);
}

static void test_control_helpers(void **state)
{
    ULONG64 registers[27];
    UCHAR zeros[8] = { 0 };
    (void)state;
    ReadControlSpace64(0, 2, registers, sizeof(registers));
    assert_int_equal(registers[0], 0x80010033);
    assert_int_equal(registers[2], FAKE_CR3 | 0x18);
    assert_int_equal(registers[20], 8);
    memset(registers, 0xee, 8);
    ReadControlSpace(0, 2, registers, 8);
    assert_int_equal(registers[0], 0x80010033);
    ReadControlSpace32(0, 2, registers, 4);
    assert_int_equal(registers[0], 0x80010033);
    ReadTypedControlSpace64(0, 2, registers);
    assert_int_equal(registers[3], 0x44);
    ReadControlSpace64(0, 0, registers, 8);
    assert_memory_equal(registers, zeros, 8);
    assert_hresult(kdio_win_last_hresult(), E_NOTIMPL);
    WriteControlSpace(0, 2, registers, 8);
    assert_hresult(kdio_win_last_hresult(), E_NOTIMPL);
}

static void test_bus_data(void **state)
{
    UCHAR buffer[8] = { 0 };
    BUSDATA bus = { PCIConfiguration, 1 << 8 | 2, 4 << 5 | 3, buffer, 0x10, 8 };
    (void)state;
    assert_int_equal(Ioctl(IG_GET_BUS_DATA, &bus, sizeof(bus)), 1);
    assert_int_equal(bus.Length, 8);
    assert_memory_equal(buffer, fake.pci + 0x10, 8);
    bus.Length = 2;
    bus.Offset = 0x42;
    memcpy(buffer, "zz", 2);
    assert_int_equal(Ioctl(IG_SET_BUS_DATA, &bus, sizeof(bus)), 1);
    assert_int_equal(bus.Length, 2);
    assert_memory_equal(fake.pci + 0x42, "zz", 2);
}

static void test_searches(void **state)
{
    ULONG64 found = 9;
    (void)state;
    memset(fake.memory, 0, sizeof(fake.memory));
    memcpy(fake.memory + 0x2345, "needle", 6);
    assert_int_equal(SearchMemory(FAKE_RW, 0x4000, 6, "needle", &found), 1);
    assert_int_equal(found, FAKE_RW + 0x1345);
    assert_int_equal(SearchMemory(FAKE_RW, 0x1000, 6, "needle", &found), 0);
    assert_int_equal(found, 0);
    ULONG64 pointers[3] = { 0, 0xffff800000001234, 0xffff900000000000 }, hits[4] = { 0 };
    memcpy(fake.memory + 0x3000, pointers, sizeof(pointers));
    POINTER_SEARCH_PHYSICAL search = { 0x3000, 0x100, 0xffff800000000000, 0xffff8fffffffffff, 0, hits, 4, 99 };
    assert_int_equal(Ioctl(IG_POINTER_SEARCH_PHYSICAL, &search, sizeof(search)), 1);
    assert_int_equal(search.MatchOffsetsCount, 1);
    assert_int_equal(hits[0], 0x3008);
    search.Flags = 1;
    assert_int_equal(Ioctl(IG_POINTER_SEARCH_PHYSICAL, &search, sizeof(search)), 0);
    assert_int_equal(search.MatchOffsetsCount, 0);
}

static void test_translation(void **state)
{
    ULONG64 physical = 9;
    (void)state;
    assert_true(TranslateVirtualToPhysical(FAKE_RW + 0x1234, &physical));
    assert_int_equal(physical, 0x2234);
    assert_false(TranslateVirtualToPhysical(FAKE_RW_END, &physical));
    assert_int_equal(physical, 0x2234);
    assert_int_equal(Ioctl(IG_LOWMEM_CHECK, NULL, 0), 1);
}

static void test_memory_routines(void **state)
{
    UCHAR buffer[8];
    ULONG moved = 99;
    ULONG64 pointer = 0;
    (void)state;
    assert_int_equal(ReadMemory(FAKE_RW + 1, buffer, 8, &moved), 1);
    assert_int_equal(moved, 8);
    assert_memory_equal(buffer, fake.memory + 0x1001, 8);
    assert_int_equal(ReadMemory(FAKE_RW_END - 3, buffer, 8, &moved), 0);
    assert_int_equal(moved, 3);
    assert_int_equal(WriteMemory(FAKE_RW, "01234567", 8, NULL), 1);
    assert_int_equal(WriteMemory(FAKE_RO, "0", 1, &moved), 0);
    assert_int_equal(moved, 0);
    assert_int_equal(ReadPointer(FAKE_RW, &pointer), 1);
    assert_int_equal(pointer, 0x3736353433323130);
    assert_int_equal(WritePointer(FAKE_RW, 1), 1);
    assert_int_equal(ReadPointer(FAKE_RW_END, &pointer), 0);
}

static void test_expressions(void **state)
{
    ULONG64 value = 9;
    PCSTR rest = NULL;
    (void)state;
    assert_int_equal(GetExpression("10+0n10"), 0x1a);
    assert_int_equal(GetExpression("cr3"), FAKE_CR3 | 0x18);
    assert_int_equal(GetExpression("nt!KeBugCheck"), 0);
    assert_true(GetExpressionEx("cf8 4 rest", &value, &rest));
    assert_int_equal(value, 0xcf8);
    assert_string_equal(rest, "4 rest");
    assert_false(GetExpressionEx("symbol", &value, &rest));
    assert_int_equal(value, 0xcf8);
}

/* What takes symbols or a stopped target says so, and stores nothing but what is known. */
static void test_absent_routines(void **state)
{
    char name[256] = "unset";
    ULONG64 offset = 0x1234, displacement = 9;
    (void)state;
    GetSymbol(offset, name, &displacement);
    assert_string_equal(name, "");
    assert_int_equal(displacement, 0x1234);
    assert_int_equal(Disasm(&offset, name, 0), 0);
    assert_int_equal(offset, 0x1234);
    assert_int_equal(GetContext(0, NULL, 0), 0);
    assert_int_equal(SetContext(0, NULL, 0), 0);
    assert_int_equal(StackTrace(0, 0, 0, NULL, 0), 0);
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
        TEST_EXTENSION(test_ioctl_outputs_of_failures),
        TEST_EXTENSION(test_ioctl_wrong_sizes),
        TEST_EXTENSION(test_context_and_pointers),
        TEST_EXTENSION(test_ioctl_every_code),
        TEST_EXTENSION(test_msr_helpers),
        TEST_EXTENSION(test_physical_helpers),
        TEST_EXTENSION(test_control_helpers),
        TEST_EXTENSION(test_bus_data),
        TEST_EXTENSION(test_searches),
        TEST_EXTENSION(test_translation),
        TEST_EXTENSION(test_memory_routines),
        TEST_EXTENSION(test_expressions),
        TEST_EXTENSION(test_absent_routines),
    };
    return cmocka_run_group_tests_name("win/extension", tests, NULL, NULL);
}
