/* SPDX-License-Identifier: MIT */
/*
 * test_spaces.c: the methods of IDebugDataSpaces4 beside ports and memory, IDebugRegisters, IDebugSystemObjects, and
 * expressions: HRESULT, count and data of each.
 */
#include "tests/win/client_fixture.h"

#include <stdlib.h>

#include <kdio/win/wdm.h>

#define NO_DEVICE 0xd000000e

/* ---- MSRs ---- */

static void test_msr(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 value = 99;
    assert_hresult(CALL(spaces, ReadMsr, FAKE_MSR, &value), S_OK);
    assert_int_equal(value, 0x1111111100000000);
    assert_hresult(CALL(spaces, WriteMsr, FAKE_MSR, 0xfedcba9876543210), S_OK);
    assert_int_equal(fake.msr[0], 0xfedcba9876543210);
    assert_hresult(CALL(spaces, ReadMsr, 0x10, &value), NO_DEVICE);
    assert_int_equal(value, 0x1111111100000000);
    assert_hresult(CALL(spaces, WriteMsr, 0x10, 1), NO_DEVICE);
    assert_hresult(CALL(spaces, ReadMsr, FAKE_MSR, NULL), 0x80070057);
}

static void test_read_only(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR byte = 1;
    ULONG count = 99;
    fake.read_only = true;
    assert_hresult(CALL(spaces, WriteMsr, FAKE_MSR, 1), E_ACCESSDENIED);
    assert_hresult(CALL(spaces, WriteVirtual, FAKE_RW, &byte, 1, &count), E_ACCESSDENIED);
    assert_int_equal(count, 0);
    assert_hresult(CALL(spaces, WriteBusData, 4, 0, 0, 0, &byte, 1, &count), E_ACCESSDENIED);
    assert_hresult(CALL(spaces, ReadVirtual, FAKE_RW, &byte, 1, &count), S_OK);
}

/* ---- Control space ---- */

static void test_control(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR block[0x100];
    ULONG64 value;
    USHORT limit;
    ULONG count = 99;
    memset(block, 0xee, sizeof(block));
    assert_hresult(CALL(spaces, ReadControl, 0, 2, block, sizeof(block), &count), S_OK);
    assert_int_equal(count, 0xd8);
    assert_int_equal(block[0xd8], 0xee);
    static const struct {
        size_t offset;
        ULONG64 value;
    } rows[] = {
        { 0x00, 0x80010033 }, { 0x08, 0x22 }, { 0x10, FAKE_CR3 | 0x18 }, { 0x18, 0x44 },  { 0x20, 0xd0 },
        { 0x38, 0xd3 },       { 0x40, 0xd6 }, { 0x48, 0xd7 },            { 0xa0, 8 },     { 0xa8, 0x65 },
        { 0xb0, 0x96 },       { 0x58, 0xfffff80000001000 }, { 0x68, 0xfffff80000002000 },
        { 0xb8, 0x2222222200000001 }, { 0xd0, 0x5555555500000004 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(&value, block + rows[i].offset, sizeof(value));
        assert_int_equal(value, rows[i].value);
    }
    memcpy(&limit, block + 0x56, sizeof(limit));
    assert_int_equal(limit, 0x57);
    assert_hresult(CALL(spaces, ReadControl, 0, 2, &value, 8, &count), S_OK);
    assert_int_equal(count, 8);
    assert_int_equal(value, 0x80010033);
}

static void test_control_refuses(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 value = 9;
    ULONG count = 99;
    assert_hresult(CALL(spaces, ReadControl, 1, 2, &value, 8, &count), 0x80070057);
    assert_int_equal(count, 0);
    assert_hresult(CALL(spaces, ReadControl, 0, 4, &value, 8, (count = 99, &count)), 0x80070057);
    assert_hresult(CALL(spaces, ReadControl, 0, 2, NULL, 8, &count), 0x80070057);
    for (ULONG64 selector = 0; selector < 4; selector++) {
        if (selector != 2)
            assert_hresult(CALL(spaces, ReadControl, 0, selector, &value, 8, (count = 99, &count)), E_NOTIMPL);
        assert_int_equal(count, 0);
        assert_hresult(CALL(spaces, WriteControl, 0, selector, &value, 8, (count = 99, &count)), E_NOTIMPL);
        assert_int_equal(count, 0);
    }
    assert_hresult(CALL(spaces, WriteControl, 0, 9, &value, 8, NULL), 0x80070057);
    assert_int_equal(value, 9);
}

/* ---- Bus data ---- */

#define SLOT(device, function) ((ULONG)(device) | (ULONG)(function) << 5)

static void test_bus_data(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const struct {
        ULONG offset, size;
        unsigned unit;
        ULONG count;
    } rows[] = { { 0, 4, 4, 4 },     { 0, 64, 4, 64 }, { 2, 2, 2, 2 },        { 2, 4, 2, 4 },   { 3, 1, 1, 1 },
                 { 5, 4, 1, 4 },     { 0, 6, 2, 6 },   { 4094, 64, 2, 2 },    { 4095, 9, 1, 1 }, { 256, 4, 4, 4 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        UCHAR buffer[64];
        ULONG count = 99;
        memset(buffer, 0xee, sizeof(buffer));
        assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 1 << 8 | 2, SLOT(3, 4), rows[i].offset, buffer,
                            rows[i].size, &count), S_OK);
        assert_int_equal(count, rows[i].count);
        assert_int_equal(fake.last_unit, rows[i].unit);
        assert_memory_equal(buffer, fake.pci + rows[i].offset, count);
        for (ULONG j = count; j < sizeof(buffer); j++)
            assert_int_equal(buffer[j], 0xee);
        memset(buffer, 0x77, sizeof(buffer));
        assert_hresult(CALL(spaces, WriteBusData, PCIConfiguration, 1 << 8 | 2, SLOT(3, 4), rows[i].offset, buffer,
                            rows[i].size, &count), S_OK);
        assert_int_equal(count, rows[i].count);
        assert_memory_equal(fake.pci + rows[i].offset, buffer, count);
    }
}

static void test_bus_data_absent(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG identity = 0, count = 99;
    assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 7, 0, 0, &identity, 4, &count), S_OK);
    assert_int_equal(count, 4);
    assert_int_equal(identity, 0xffffffff);
}

/* Without ECAM the first 256 bytes are what there is, on segment 0. */
static void test_bus_data_without_ecam(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR buffer[64];
    ULONG count = 99;
    fake.no_ecam = true;
    assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 0, 0, 0xf0, buffer, 64, &count), S_OK);
    assert_int_equal(count, 16);
    assert_memory_equal(buffer, fake.pci + 0xf0, 16);
    assert_hresult(CALL(spaces, WriteBusData, PCIConfiguration, 0, 0, 0xfc, buffer, 64, &count), S_OK);
    assert_int_equal(count, 4);
    assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 0, 0, 0x100, buffer, 4, &count), E_NOTIMPL);
    assert_int_equal(count, 0);
    assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 1 << 8, 0, 0, buffer, 4, &count), E_NOTIMPL);
}

/* What several requests have written before one was refused is not written again. */
static void test_bus_data_is_written_once(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR buffer[512];
    ULONG count = 0;
    fake.no_ecam = true;
    for (size_t i = 0; i < sizeof(buffer); i++)
        buffer[i] = (UCHAR)(i * 7);
    for (size_t part = 208; part <= 256; part += 48) {
        fake.pci_part = part;
        fake.pci_written = 0;
        assert_hresult(CALL(spaces, WriteBusData, PCIConfiguration, 0, 0, 0, buffer, 512, &count), S_OK);
        assert_int_equal(count, 256);
        assert_int_equal(fake.pci_written, 256);
        assert_memory_equal(fake.pci, buffer, 256);
    }
    fake.pci_part = 0;
}

static void test_bus_data_refuses(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const ULONG rows[][4] = { { Cmos, 0, 0, 0 },
                                     { EisaConfiguration, 0, 0, 0 },
                                     { MaximumBusDataType, 0, 0, 0 },
                                     { PCIConfiguration, 0x1000000, 0, 0 },
                                     { PCIConfiguration, 0, 0x100, 0 },
                                     { PCIConfiguration, 0, 0, 4096 } };
    ULONG value = 9, count;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_hresult(CALL(spaces, ReadBusData, rows[i][0], rows[i][1], rows[i][2], rows[i][3], &value, 4,
                            (count = 99, &count)), 0x80070057);
        assert_int_equal(count, 0);
        assert_hresult(CALL(spaces, WriteBusData, rows[i][0], rows[i][1], rows[i][2], rows[i][3], &value, 4,
                            (count = 99, &count)), 0x80070057);
        assert_int_equal(count, 0);
    }
    assert_hresult(CALL(spaces, ReadBusData, PCIConfiguration, 0, 0, 0, NULL, 4, NULL), 0x80070057);
    assert_int_equal(fake.accesses, 0);
    assert_int_equal(value, 9);
}

/* ---- What the engine knows ---- */

static void test_debugger_data(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 value = 9;
    UCHAR byte = 9;
    ULONG size = 99;
    assert_hresult(CALL(spaces, ReadDebuggerData, DEBUG_DATA_MmPageSize, &value, 8, &size), S_OK);
    assert_int_equal(value, 4096);
    assert_int_equal(size, 8);
    assert_hresult(CALL(spaces, ReadDebuggerData, DEBUG_DATA_PaeEnabled, &byte, 1, NULL), S_OK);
    assert_int_equal(byte, 1);
    assert_hresult(CALL(spaces, ReadDebuggerData, DEBUG_DATA_MmPageSize, &byte, 1, &size), S_FALSE);
    assert_int_equal(byte, 0);
    assert_int_equal(size, 8);
    assert_hresult(CALL(spaces, ReadDebuggerData, DEBUG_DATA_KernBase, &value, 8, &size), E_NOTIMPL);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, ReadDebuggerData, 0, &value, 8, &size), 0x80070057);
    assert_hresult(CALL(spaces, ReadDebuggerData, 1000000, &value, 8, &size), 0x80070057);
    assert_int_equal(value, 4096);
}

static void test_processor_system_data(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    DEBUG_PROCESSOR_IDENTIFICATION_ALL identification;
    ULONG mhz = 0, size = 99;
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, DEBUG_DATA_PROCESSOR_IDENTIFICATION, &identification,
                        sizeof(identification), &size), S_OK);
    assert_int_equal(size, 32);
    assert_int_equal(identification.Amd64.Family, 6);
    assert_int_equal(identification.Amd64.Model, 0x55);
    assert_int_equal(identification.Amd64.Stepping, 4);
    assert_string_equal(identification.Amd64.VendorString, "GenuineIntel");
    identification.Amd64.Model = 9;
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, DEBUG_DATA_PROCESSOR_IDENTIFICATION, &identification, 4,
                        &size), S_FALSE);
    assert_int_equal(identification.Amd64.Model, 9);
    assert_int_equal(size, 32);
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, DEBUG_DATA_PROCESSOR_SPEED, &mhz, 4, &size), S_OK);
    assert_int_equal(mhz, 2400);
    fake.no_frequency = true;
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, DEBUG_DATA_PROCESSOR_SPEED, &mhz, 4, NULL), S_OK);
    assert_int_equal(mhz, 3000);
    for (ULONG index = 0; index < 4; index++)
        assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, index, &mhz, 4, &size), E_NOTIMPL);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 1, 5, &mhz, 4, &size), 0x80070057);
    assert_hresult(CALL(spaces, ReadProcessorSystemData, 0, 6, &mhz, 4, &size), 0x80070057);
}

static void test_low_memory_and_handles(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR buffer[4];
    ULONG size = 99;
    assert_hresult(CALL(spaces, CheckLowMemory), S_OK);
    assert_hresult(CALL(spaces, ReadHandleData, 4, DEBUG_HANDLE_DATA_TYPE_BASIC, buffer, 4, &size), E_UNEXPECTED);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, ReadHandleData, 4, DEBUG_HANDLE_DATA_TYPE_BASIC, NULL, 0, NULL), E_UNEXPECTED);
}

static void test_tagged(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    GUID tag = { 0 };
    ULONG64 handle = 0;
    ULONG size = 99;
    assert_hresult(CALL(spaces, ReadTagged, &tag, 0, NULL, 0, &size), E_NOINTERFACE);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, ReadTagged, NULL, 0, NULL, 0, NULL), 0x80070057);
    assert_hresult(CALL(spaces, StartEnumTagged, &handle), S_OK);
    assert_int_not_equal(handle, 0);
    assert_hresult(CALL(spaces, GetNextTagged, handle, &tag, &size), S_FALSE);
    assert_hresult(CALL(spaces, GetNextTagged, handle + 1, &tag, &size), 0x80070057);
    assert_hresult(CALL(spaces, EndEnumTagged, handle), S_OK);
    assert_hresult(CALL(spaces, EndEnumTagged, handle + 1), 0x80070057);
    assert_hresult(CALL(spaces, StartEnumTagged, NULL), 0x80070057);
}

/* ---- Image headers ---- */

static void put(ULONG offset, ULONG64 value, size_t size)
{
    memcpy(fake.memory + 0x1000 + offset, &value, size);
}

#define NT 0x80

static void place_image(ULONG magic)
{
    memset(fake.memory + 0x1000, 0, 0x1000);
    put(0, 0x5a4d, 2);
    put(0x3c, NT, 4);
    put(NT, 0x4550, 4);
    put(NT + 4, magic == 0x20b ? 0x8664 : 0x14c, 2);
    put(NT + 24, magic, 2);
}

static void test_image_headers(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    IMAGE_NT_HEADERS64 headers;
    place_image(0x20b);
    put(NT + 24 + 24, 0x140000000, 8); /* ImageBase */
    put(NT + 24 + 56, 0x5000, 4);      /* SizeOfImage */
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), S_OK);
    assert_int_equal(headers.FileHeader.Machine, 0x8664);
    assert_int_equal(headers.OptionalHeader.ImageBase, 0x140000000);
    assert_int_equal(headers.OptionalHeader.SizeOfImage, 0x5000);
    place_image(0x10b);
    put(NT + 24 + 28, 0x400000, 4);   /* ImageBase */
    put(NT + 24 + 56, 0x6000, 4);     /* SizeOfImage */
    put(NT + 24 + 72, 0x100000, 4);   /* SizeOfStackReserve */
    put(NT + 24 + 92, 16, 4);         /* NumberOfRvaAndSizes */
    put(NT + 24 + 96, 0x1234, 4);     /* The first directory */
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), S_OK);
    assert_int_equal(headers.OptionalHeader.Magic, 0x10b);
    assert_int_equal(headers.OptionalHeader.ImageBase, 0x400000);
    assert_int_equal(headers.OptionalHeader.SizeOfImage, 0x6000);
    assert_int_equal(headers.OptionalHeader.SizeOfStackReserve, 0x100000);
    assert_int_equal(headers.OptionalHeader.NumberOfRvaAndSizes, 16);
    assert_int_equal(headers.OptionalHeader.DataDirectory[0].VirtualAddress, 0x1234);
}

static void test_no_image_headers(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    IMAGE_NT_HEADERS64 headers;
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), 0x80070057);
    place_image(0x107); /* ROM */
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), 0x80070057);
    place_image(0x20b);
    put(NT, 0x454e, 4);
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), 0x80070057);
    put(0x3c, 0x4000, 4);
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, &headers), 0x8007001e);
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW_END, &headers), 0x8007001e);
    assert_hresult(CALL(spaces, ReadImageNtHeaders, FAKE_RW, NULL), 0x80070057);
}

/* ---- Without a target, and with one that has less ---- */

#define X_CALLS(X) \
    X(ReadVirtual, 0, buffer, 4, &count) X(WriteVirtual, 0, buffer, 4, &count) \
    X(SearchVirtual, 0, 9, buffer, 1, 1, &wide) X(ReadVirtualUncached, 0, buffer, 4, &count) \
    X(WriteVirtualUncached, 0, buffer, 4, &count) \
    X(ReadPointersVirtual, 1, 0, &wide) X(WritePointersVirtual, 1, 0, &wide) X(ReadPhysical, 0, buffer, 4, &count) \
    X(WritePhysical, 0, buffer, 4, &count) X(ReadControl, 0, 2, buffer, 4, &count) \
    X(WriteControl, 0, 2, buffer, 4, &count) X(ReadIo, 1, 0, 1, 0x80, buffer, 1, &count) \
    X(WriteIo, 1, 0, 1, 0x80, buffer, 1, &count) X(ReadMsr, 0, &wide) X(WriteMsr, 0, 0) \
    X(ReadBusData, 4, 0, 0, 0, buffer, 4, &count) X(WriteBusData, 4, 0, 0, 0, buffer, 4, &count) X(CheckLowMemory) \
    X(ReadDebuggerData, 312, buffer, 4, &count) X(ReadProcessorSystemData, 0, 4, buffer, 4, &count) \
    X(VirtualToPhysical, 0, &wide) X(GetVirtualTranslationPhysicalOffsets, 0, &wide, 1, &count) \
    X(ReadHandleData, 0, 0, buffer, 4, &count) X(FillVirtual, 0, 1, buffer, 1, &count) \
    X(FillPhysical, 0, 1, buffer, 1, &count) X(QueryVirtual, 0, &info) X(ReadImageNtHeaders, 0, &headers) \
    X(ReadTagged, &tag, 0, buffer, 4, &count) X(StartEnumTagged, &wide) X(GetNextTagged, 1, &tag, &other) \
    X(EndEnumTagged, 1) X(GetOffsetInformation, 0, 1, 0, buffer, 4, &count) \
    X(GetNextDifferentlyValidOffsetVirtual, 0, &wide) X(GetValidRegionVirtual, 0, 4, &wide, &count) \
    X(SearchVirtual2, 0, 9, 0, buffer, 1, 1, &wide) X(ReadMultiByteStringVirtual, 0, 4, (PSTR)buffer, 4, &count) \
    X(ReadMultiByteStringVirtualWide, 0, 4, 0, text, 4, &count) \
    X(ReadUnicodeStringVirtual, 0, 4, 0, (PSTR)buffer, 4, &count) \
    X(ReadUnicodeStringVirtualWide, 0, 4, text, 4, &count) X(ReadPhysical2, 0, 0, buffer, 4, &count) \
    X(WritePhysical2, 0, 0, buffer, 4, &count)

#define VARIABLES \
    UCHAR buffer[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }; \
    WCHAR text[4] = { 0 }; \
    ULONG64 wide = 9; \
    ULONG count = 0, other = 9; \
    GUID tag = { 0 }; \
    MEMORY_BASIC_INFORMATION64 info; \
    IMAGE_NT_HEADERS64 headers;

static void test_no_target(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    size_t methods = 0;
    VARIABLES
#define NO_TARGET(method, ...) \
    count = 99; \
    assert_hresult(CALL(spaces, method, ##__VA_ARGS__), E_UNEXPECTED); \
    assert_true(count == 0 || !HAS_COUNT(__VA_ARGS__)); \
    methods++;
#define HAS_COUNT(...) (strstr(#__VA_ARGS__, "&count") != NULL)
    X_CALLS(NO_TARGET)
    assert_int_equal(methods, 41);
    assert_int_equal(fake.accesses, 0);
    assert_int_equal(buffer[0], 1);
    assert_int_equal(wide, 9);
}

/* A stub that has ports alone: what would touch the target is E_NOTIMPL, what is known without it is answered. */
static void test_ports_only(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    VARIABLES
    fake.access_status = KDIO_UNSUPPORTED;
#define PORTS_ONLY(method, ...) \
    { \
        unsigned before = fake.accesses; \
        HRESULT result = CALL(spaces, method, ##__VA_ARGS__); \
        if (fake.accesses != before && (uint32_t)result != 0x80004001) \
            fail_msg(#method ": 0x%08x", (unsigned)result); \
    }
    X_CALLS(PORTS_ONLY)
    assert_in_range(fake.accesses, 25, 100);
    assert_hresult(CALL(spaces, CheckLowMemory), S_OK);
}

/* ---- Registers ---- */

static void test_registers(void **state)
{
    struct fixture *fixture = *state;
    IDebugRegisters *registers = fixture_interface(fixture, &IID_IDebugRegisters);
    DEBUG_REGISTER_DESCRIPTION description;
    DEBUG_VALUE values[2];
    ULONG number = 0, index = 99, size = 0;
    char name[8];
    assert_hresult(CALL(registers, GetNumberRegisters, &number), S_OK);
    assert_int_equal(number, 28);
    assert_hresult(CALL(registers, GetIndexByName, "CR3", &index), S_OK);
    assert_hresult(CALL(registers, GetDescription, index, name, 8, &size, &description), S_OK);
    assert_string_equal(name, "cr3");
    assert_int_equal(size, 4);
    assert_int_equal(description.Type, DEBUG_VALUE_INT64);
    assert_hresult(CALL(registers, GetDescription, index, name, 2, &size, NULL), S_FALSE);
    assert_string_equal(name, "c");
    assert_hresult(CALL(registers, GetValue, index, &values[0]), S_OK);
    assert_int_equal(values[0].I64, FAKE_CR3 | 0x18);
    assert_int_equal(values[0].Type, DEBUG_VALUE_INT64);
    ULONG cs_and_cr3[2] = { 0, index };
    assert_hresult(CALL(registers, GetValues, 2, cs_and_cr3, 0, values), S_OK);
    assert_int_equal(values[0].I16, 0x10);
    assert_int_equal(values[0].Type, DEBUG_VALUE_INT16);
    assert_int_equal(values[1].I64, FAKE_CR3 | 0x18);
    assert_hresult(CALL(registers, GetValues, 2, NULL, number - 1, values), 0x80070057);
    assert_hresult(CALL(registers, GetIndexByName, "rax", &index), E_NOINTERFACE);
    assert_hresult(CALL(registers, SetValue, index, &values[0]), E_NOTIMPL);
    assert_hresult(CALL(registers, OutputRegisters, DEBUG_OUTCTL_THIS_CLIENT, DEBUG_REGISTERS_DEFAULT), S_OK);
    assert_hresult(CALL(registers, GetValue, number, &values[0]), 0x80070057);
    CALL(registers, Release);
}

static void test_system_objects(void **state)
{
    struct fixture *fixture = *state;
    IDebugSystemObjects *system = fixture_interface(fixture, &IID_IDebugSystemObjects);
    ULONG one = 9, two = 9;
    assert_hresult(CALL(system, GetCurrentThreadId, &one), S_OK);
    assert_int_equal(one, 0);
    assert_hresult(CALL(system, GetCurrentProcessId, (one = 9, &one)), S_OK);
    assert_int_equal(one, 0);
    assert_hresult(CALL(system, GetNumberThreads, &one), S_OK);
    assert_int_equal(one, 1);
    assert_hresult(CALL(system, GetTotalNumberThreads, &one, &two), S_OK);
    assert_int_equal(two, 1);
    assert_hresult(CALL(system, GetThreadIdsByIndex, 0, 1, (one = 9, &one), &two), S_OK);
    assert_int_equal(one + two, 0);
    assert_hresult(CALL(system, GetThreadIdsByIndex, 0, 2, &one, &two), 0x80070057);
    assert_hresult(CALL(system, GetThreadIdByProcessor, 0, &one), S_OK);
    assert_hresult(CALL(system, GetThreadIdByProcessor, 1, &one), E_NOINTERFACE);
    assert_hresult(CALL(system, SetCurrentThreadId, 0), S_OK);
    assert_hresult(CALL(system, SetCurrentThreadId, 1), E_NOINTERFACE);
    assert_hresult(CALL(system, SetCurrentProcessId, 1), E_NOINTERFACE);
    assert_hresult(CALL(system, GetNumberProcesses, &one), S_OK);
    assert_int_equal(one, 1);
    assert_hresult(CALL(system, GetCurrentProcessExecutableName, NULL, 0, &one), E_NOTIMPL);
    assert_int_equal(one, 0);
    CALL(system, Release);
}

static void test_system_objects_without_target(void **state)
{
    IDebugSystemObjects *system = fixture_interface(*state, &IID_IDebugSystemObjects);
    ULONG one = 9;
    assert_hresult(CALL(system, GetCurrentThreadId, &one), E_UNEXPECTED);
    assert_hresult(CALL(system, SetCurrentThreadId, 0), E_UNEXPECTED);
    assert_hresult(CALL(system, GetProcessIdsByIndex, 0, 1, &one, NULL), E_UNEXPECTED);
    assert_int_equal(one, 9);
    CALL(system, Release);
}

/* ---- Expressions ---- */

#define FAILS 0x123456789

static void test_expressions(void **state)
{
    IDebugControl *control = ((struct fixture *)*state)->control;
    static const struct {
        const char *text;
        ULONG64 value;
    } rows[] = {
        { "10", 0x10 }, { "a", 10 }, { "ah", 10 }, { "1ah", 26 }, { "0x", 0 }, { "1`", 1 }, { "1`1", 0x11 },
        { "0n10", 10 }, { "0t17", 15 }, { "0y101", 5 }, { "ffffffff`ffffffff", UINT64_MAX }, { "80000000", 0x80000000 },
        { "fec00000", 0xfec00000 }, { "0XfF", 0xff }, { " 1 + 2 * 3 ", 7 }, { "(1+2)*3", 9 }, { "10-1-1", 14 },
        { "10/3", 5 }, { "10%3", 1 }, { "10 mod 3", 1 }, { "1<<4|1", 17 }, { "f0&3c", 0x30 }, { "f0 and 3c", 0x30 },
        { "f xor 1", 14 }, { "f^1", 14 }, { "-1", UINT64_MAX }, { "~0", UINT64_MAX }, { "not 0", 1 }, { "--5", 5 },
        { "1==1", 1 }, { "2>=3", 0 }, { "2!=3", 1 }, { "1<2", 1 }, { "8>>1", 4 }, { "1<<40", 0 },
        { "cr0", 0x80010033 }, { "@CR0", 0x80010033 }, { "@efl", 0x202 }, { "@cs+1", 0x11 },
        { "gdtr", 0xfffff80000001000 },
        { "by(10000)", 0x10 }, { "wo(10002)", 0x1312 }, { "dwo(10000)", 0x13121110 },
        { "poi(10000)", 0x1716151413121110 },
        { "$pqwo(1000)", 0x1716151413121110 }, { "by(10000)+1", 0x11 }, { "by 10000", 0x10 },
        { "", FAILS }, { "`1", FAILS }, { "nt!KiBug", FAILS }, { "1+", FAILS }, { "(1", FAILS }, { "1/0", FAILS },
        { "10000000000000000", FAILS }, { "0n1a", FAILS }, { "@foo", FAILS }, { "1 2", FAILS }, { "rax", FAILS },
        { "12g", FAILS }, { ")", FAILS },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        DEBUG_VALUE value = { .I64 = 0x77, .Type = DEBUG_VALUE_INVALID };
        HRESULT result = CALL(control, Evaluate, rows[i].text, DEBUG_VALUE_INT64, &value, NULL);
        if (rows[i].value == FAILS ? (uint32_t)result != 0x80004005 || value.I64 != 0x77
                                   : result != S_OK || value.I64 != rows[i].value || value.Type != DEBUG_VALUE_INT64)
            fail_msg("%s: 0x%08x, %llx", rows[i].text, (unsigned)result, (unsigned long long)value.I64);
    }
}

static void test_expression_types(void **state)
{
    IDebugControl *control = ((struct fixture *)*state)->control;
    DEBUG_VALUE value;
    ULONG rest = 99, radix = 0;
    assert_hresult(CALL(control, Evaluate, "12345678", DEBUG_VALUE_INT16, &value, NULL), S_OK);
    assert_int_equal(value.I16, 0x5678);
    assert_int_equal(value.Type, DEBUG_VALUE_INT16);
    assert_hresult(CALL(control, Evaluate, "0n12", DEBUG_VALUE_FLOAT64, &value, NULL), S_OK);
    assert_true(value.F64 == 12);
    assert_hresult(CALL(control, Evaluate, "1", DEBUG_VALUE_INVALID, &value, NULL), S_OK);
    assert_int_equal(value.Type, DEBUG_VALUE_INT64);
    assert_hresult(CALL(control, Evaluate, "1", DEBUG_VALUE_VECTOR64, &value, NULL), 0x80070057);
    assert_hresult(CALL(control, Evaluate, "10 rest", DEBUG_VALUE_INT64, &value, &rest), S_OK);
    assert_int_equal(rest, 3);
    assert_hresult(CALL(control, Evaluate, NULL, DEBUG_VALUE_INT64, &value, NULL), 0x80070057);
    assert_hresult(CALL(control, Evaluate, "by(14000)", DEBUG_VALUE_INT64, &value, NULL), 0x8007001e);
    assert_hresult(CALL(control, SetRadix, 10), S_OK);
    assert_hresult(CALL(control, GetRadix, &radix), S_OK);
    assert_int_equal(radix, 10);
    assert_hresult(CALL(control, Evaluate, "10", DEBUG_VALUE_INT64, &value, NULL), S_OK);
    assert_int_equal(value.I64, 10);
    assert_hresult(CALL(control, SetRadix, 7), 0x80070057);
}

static void test_expressions_without_target(void **state)
{
    IDebugControl *control = ((struct fixture *)*state)->control;
    DEBUG_VALUE value;
    assert_hresult(CALL(control, Evaluate, "1+1", DEBUG_VALUE_INT64, &value, NULL), S_OK);
    assert_int_equal(value.I64, 2);
    assert_hresult(CALL(control, Evaluate, "cr3", DEBUG_VALUE_INT64, &value, NULL), E_UNEXPECTED);
    assert_hresult(CALL(control, Evaluate, "by(1)", DEBUG_VALUE_INT64, &value, NULL), E_UNEXPECTED);
}

static void test_coerce(void **state)
{
    IDebugControl *control = ((struct fixture *)*state)->control;
    DEBUG_VALUE in[2] = { { .I64 = 0x1ff, .Type = DEBUG_VALUE_INT64 }, { .F64 = 2.75, .Type = DEBUG_VALUE_FLOAT64 } };
    DEBUG_VALUE out[2];
    ULONG types[2] = { DEBUG_VALUE_INT8, DEBUG_VALUE_INT32 };
    assert_hresult(CALL(control, CoerceValues, 2, in, types, out), S_OK);
    assert_int_equal(out[0].I64, 0xff);
    assert_int_equal(out[1].I32, 2);
    assert_hresult(CALL(control, CoerceValue, &in[1], DEBUG_VALUE_FLOAT32, out), S_OK);
    assert_true(out[0].F32 == 2.75f);
    assert_hresult(CALL(control, CoerceValue, &in[1], DEBUG_VALUE_FLOAT80, out), 0x80070057);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ATTACHED(test_msr),
        TEST_ATTACHED(test_read_only),
        TEST_ATTACHED(test_control),
        TEST_ATTACHED(test_control_refuses),
        TEST_ATTACHED(test_bus_data),
        TEST_ATTACHED(test_bus_data_absent),
        TEST_ATTACHED(test_bus_data_without_ecam),
        TEST_ATTACHED(test_bus_data_is_written_once),
        TEST_ATTACHED(test_bus_data_refuses),
        TEST_ATTACHED(test_debugger_data),
        TEST_ATTACHED(test_processor_system_data),
        TEST_ATTACHED(test_low_memory_and_handles),
        TEST_ATTACHED(test_tagged),
        TEST_ATTACHED(test_image_headers),
        TEST_ATTACHED(test_no_image_headers),
        TEST(test_no_target),
        TEST_ATTACHED(test_ports_only),
        TEST_ATTACHED(test_registers),
        TEST_ATTACHED(test_system_objects),
        TEST(test_system_objects_without_target),
        TEST_ATTACHED(test_expressions),
        TEST_ATTACHED(test_expression_types),
        TEST(test_expressions_without_target),
        TEST_ATTACHED(test_coerce),
    };
    return cmocka_run_group_tests_name("win/spaces", tests, NULL, NULL);
}

/* The helpers of wdbgexts.h want it; this test calls none. */
WINDBG_EXTENSION_APIS ExtensionApis;
