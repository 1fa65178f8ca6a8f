/* SPDX-License-Identifier: MIT */
/*
 * test_memory.c: the methods of IDebugDataSpaces4 that reach memory, row by row of the table in dbgeng.h: HRESULT,
 * count and data, in whole, in part and not at all.
 */
#include "tests/win/client_fixture.h"

#include <stdlib.h>

#define READ_FAULT 0x8007001e
#define WRITE_FAULT 0x8007001d
#define NO_PAGE 0xd0000147
#define NO_MORE 0x9000001a
#define TIMEOUT 0x800705b4

/* What the machine has at a physical address. */
static UCHAR byte_of(ULONG64 physical)
{
    return (UCHAR)(physical ^ physical >> 8);
}

/* ---- Reading and writing: every method of that shape ---- */

typedef HRESULT read_method(IDebugDataSpaces4 *, ULONG64, PVOID, ULONG, PULONG);

static HRESULT read_physical2(IDebugDataSpaces4 *spaces, ULONG64 offset, PVOID buffer, ULONG size, PULONG count)
{
    return CALL(spaces, ReadPhysical2, offset, DEBUG_PHYSICAL_UNCACHED, buffer, size, count);
}

static HRESULT write_physical2(IDebugDataSpaces4 *spaces, ULONG64 offset, PVOID buffer, ULONG size, PULONG count)
{
    return CALL(spaces, WritePhysical2, offset, DEBUG_PHYSICAL_WRITE_COMBINED, buffer, size, count);
}

struct space_methods {
    read_method *read, *write;
    ULONG64 start, end; /* Of memory that is there, up to what is absent. */
    ULONG64 physical;   /* Of `start`. */
};

static const struct space_methods *methods_of(IDebugDataSpaces4 *spaces, size_t index)
{
    static struct space_methods methods;
    read_method *const reads[] = { spaces->lpVtbl->ReadVirtual, spaces->lpVtbl->ReadVirtualUncached,
                                   spaces->lpVtbl->ReadPhysical, read_physical2 };
    read_method *const writes[] = { spaces->lpVtbl->WriteVirtual, spaces->lpVtbl->WriteVirtualUncached,
                                    spaces->lpVtbl->WritePhysical, write_physical2 };
    bool physical = index >= 2;
    methods = (struct space_methods){ reads[index], writes[index], physical ? 0x1000 : FAKE_RW,
                                      physical ? FAKE_MEMORY_SIZE : FAKE_RW_END, 0x1000 };
    return &methods;
}
#define SPACE_METHODS 4

static void expect_read(IDebugDataSpaces4 *spaces, const struct space_methods *methods, ULONG64 offset, ULONG size,
                        uint32_t result, ULONG expected)
{
    UCHAR buffer[64];
    ULONG count = 99;
    memset(buffer, 0xee, sizeof(buffer));
    assert_hresult(methods->read(spaces, offset, buffer, size, &count), result);
    assert_int_equal(count, expected);
    for (ULONG i = 0; i < sizeof(buffer); i++)
        assert_int_equal(buffer[i], i < expected ? byte_of(offset - methods->start + methods->physical + i) : 0xee);
    assert_hresult(methods->read(spaces, offset, buffer, size, NULL), result);
}

static void test_read(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    for (size_t i = 0; i < SPACE_METHODS; i++) {
        const struct space_methods *methods = methods_of(spaces, i);
        UCHAR byte;
        ULONG count = 99;
        expect_read(spaces, methods, methods->start, 64, S_OK, 64);
        expect_read(spaces, methods, methods->start + 3, 7, S_OK, 7);
        expect_read(spaces, methods, methods->end - 5, 64, S_OK, 5);
        expect_read(spaces, methods, methods->end - 1, 1, S_OK, 1);
        expect_read(spaces, methods, methods->end, 64, READ_FAULT, 0);
        expect_read(spaces, methods, methods->start, 0, S_OK, 0);
        expect_read(spaces, methods, UINT64_MAX - 7, 16, 0x80070057, 0);
        assert_hresult(methods->read(spaces, methods->start, NULL, 4, &count), 0x80070057);
        assert_int_equal(count, 0);
        assert_hresult(methods->read(spaces, methods->start, NULL, 0, &count), S_OK);
        assert_hresult(methods->read(spaces, methods->start, &byte, 1, NULL), S_OK);
    }
}

static void expect_written(const struct space_methods *methods, ULONG64 offset, ULONG size, UCHAR byte)
{
    for (ULONG i = 0; i < size; i++)
        assert_int_equal(fake.memory[offset - methods->start + methods->physical + i], byte);
}

static void expect_write(IDebugDataSpaces4 *spaces, const struct space_methods *methods, ULONG64 offset, ULONG size,
                         uint32_t result, ULONG expected)
{
    UCHAR buffer[64];
    ULONG count = 99;
    memset(buffer, 0x5a, sizeof(buffer));
    assert_hresult(methods->write(spaces, offset, buffer, size, &count), result);
    assert_int_equal(count, expected);
    expect_written(methods, offset, expected, 0x5a);
}

static void test_write(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    for (size_t i = 0; i < SPACE_METHODS; i++) {
        const struct space_methods *methods = methods_of(spaces, i);
        ULONG count = 99;
        fake_fill();
        expect_write(spaces, methods, methods->start + 1, 63, S_OK, 63);
        expect_write(spaces, methods, methods->end - 5, 64, S_OK, 5);
        expect_write(spaces, methods, methods->end, 8, WRITE_FAULT, 0);
        expect_write(spaces, methods, methods->start, 0, S_OK, 0);
        expect_write(spaces, methods, UINT64_MAX - 7, 16, 0x80070057, 0);
        assert_hresult(methods->write(spaces, methods->start, NULL, 4, &count), 0x80070057);
        assert_int_equal(count, 0);
        assert_hresult(methods->write(spaces, methods->start, "a", 1, NULL), S_OK);
    }
}

/* 1, 2, 4, 8 bytes at a multiple are one access of that width; the rest moves as memory does. */
static void test_widths(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const struct {
        ULONG64 offset;
        ULONG size;
        unsigned unit;
    } rows[] = { { 0, 1, 1 }, { 3, 1, 1 }, { 2, 2, 2 }, { 4, 4, 4 }, { 8, 8, 8 }, { 1, 2, 0 },
                 { 2, 4, 0 }, { 4, 8, 0 }, { 0, 3, 0 }, { 0, 16, 0 } };
    UCHAR buffer[16] = { 0 };
    for (size_t i = 0; i < SPACE_METHODS; i++) {
        const struct space_methods *methods = methods_of(spaces, i);
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            assert_hresult(methods->read(spaces, methods->start + rows[row].offset, buffer, rows[row].size, NULL),
                           S_OK);
            assert_int_equal(fake.last_unit, rows[row].unit);
            assert_hresult(methods->write(spaces, methods->start + rows[row].offset, buffer, rows[row].size, NULL),
                           S_OK);
            assert_int_equal(fake.last_unit, rows[row].unit);
        }
    }
}

static void test_physical_flags(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR byte = 1;
    for (ULONG flags = 0; flags < 6; flags++) {
        uint32_t expected = flags <= DEBUG_PHYSICAL_WRITE_COMBINED ? 0 : 0x80070057;
        ULONG count = 99;
        assert_hresult(CALL(spaces, ReadPhysical2, 0x1000, flags, &byte, 1, &count), expected);
        assert_int_equal(count, expected == 0);
        assert_hresult(CALL(spaces, WritePhysical2, 0x1000, flags, &byte, 1, (count = 99, &count)), expected);
        assert_int_equal(count, expected == 0);
    }
}

static void test_read_only_page(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR bytes[4] = { 1, 2, 3, 4 };
    ULONG count = 99;
    assert_hresult(CALL(spaces, WriteVirtual, FAKE_RO, bytes, 4, &count), WRITE_FAULT);
    assert_int_equal(count, 0);
    assert_hresult(CALL(spaces, ReadVirtual, FAKE_RO, bytes, 4, &count), S_OK);
    assert_int_equal(bytes[0], byte_of(0x6000));
}

/* ---- Pointers: all or an error ---- */

static void test_pointers(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 written[3] = { 0x1111111122222222, 3, UINT64_MAX }, read[3] = { 0 };
    assert_hresult(CALL(spaces, WritePointersVirtual, 3, FAKE_RW + 4, written), S_OK);
    assert_hresult(CALL(spaces, ReadPointersVirtual, 3, FAKE_RW + 4, read), S_OK);
    assert_memory_equal(read, written, sizeof(read));
    assert_hresult(CALL(spaces, ReadPointersVirtual, 2, FAKE_RW_END - 8, read), READ_FAULT);
    assert_hresult(CALL(spaces, WritePointersVirtual, 2, FAKE_RW_END - 8, written), WRITE_FAULT);
    assert_hresult(CALL(spaces, ReadPointersVirtual, 1, FAKE_RW_END, read), READ_FAULT);
    assert_hresult(CALL(spaces, ReadPointersVirtual, 1, FAKE_RW, NULL), 0x80070057);
    assert_hresult(CALL(spaces, WritePointersVirtual, 1, FAKE_RW, NULL), 0x80070057);
    assert_hresult(CALL(spaces, ReadPointersVirtual, 0x20000000, FAKE_RW, read), 0x80070057);
}

/* ---- Filling ---- */

static void test_fill(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG filled = 99;
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 7, "abc", 3, &filled), S_OK);
    assert_int_equal(filled, 7);
    assert_memory_equal(fake.memory + 0x1000, "abcabca", 7);
    assert_int_equal(fake.memory[0x1007], byte_of(0x1007));
    assert_hresult(CALL(spaces, FillPhysical, 0x1100, 2, "wxyz", 4, &filled), S_OK);
    assert_int_equal(filled, 2);
    assert_memory_equal(fake.memory + 0x1100, "wx", 2);
    assert_int_equal(fake.memory[0x1102], byte_of(0x1102));
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW_END - 3, 10, "q", 1, &filled), S_OK);
    assert_int_equal(filled, 3);
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RO, 10, "q", 1, &filled), WRITE_FAULT);
    assert_int_equal(filled, 0);
    assert_hresult(CALL(spaces, FillPhysical, FAKE_MEMORY_SIZE, 10, "q", 1, NULL), WRITE_FAULT);
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 0, "q", 1, (filled = 99, &filled)), S_OK);
    assert_int_equal(filled, 0);
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 4, NULL, 1, (filled = 99, &filled)), 0x80070057);
    assert_int_equal(filled, 0);
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 4, "q", 0, NULL), 0x80070057);
    assert_hresult(CALL(spaces, FillVirtual, UINT64_MAX, 2, "q", 1, NULL), 0x80070057);
}

/* A pattern that is longer than the target takes is sent, and repeated the same. */
static void test_fill_long_pattern(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR pattern[300];
    ULONG filled = 99;
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (UCHAR)(i / 2);
    assert_hresult(CALL(spaces, FillPhysical, 0x1000, 0x8001, pattern, sizeof(pattern), &filled), S_OK);
    assert_int_equal(filled, 0x8001);
    for (size_t i = 0; i < 0x8001; i++)
        assert_int_equal(fake.memory[0x1000 + i], pattern[i % sizeof(pattern)]);
    assert_int_equal(fake.memory[0x9001], byte_of(0x9001));
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 0x8000, pattern, sizeof(pattern), &filled), S_OK);
    assert_int_equal(filled, FAKE_RW_END - FAKE_RW);
}

/* ---- Searching ---- */

static void place(ULONG64 physical, const char *text)
{
    memcpy(fake.memory + physical, text, strlen(text));
}

static void expect_found(IDebugDataSpaces4 *spaces, ULONG64 offset, ULONG64 length, const char *pattern, ULONG step,
                         ULONG64 expected)
{
    ULONG64 found = 99;
    assert_hresult(CALL(spaces, SearchVirtual, offset, length, (PVOID)(uintptr_t)pattern, (ULONG)strlen(pattern), step,
                        &found), expected != 0 ? 0 : NO_MORE);
    assert_int_equal(found, expected != 0 ? expected : 99);
}

static void test_search(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    memset(fake.memory, 0, sizeof(fake.memory));
    place(0x1003, "need");
    place(0x1108, "need");
    place(0x2ffe, "xyz");
    expect_found(spaces, FAKE_RW, 0x1000, "need", 1, FAKE_RW + 3);
    expect_found(spaces, FAKE_RW, 0x1000, "need", 4, FAKE_RW + 0x108);
    expect_found(spaces, FAKE_RW + 1, 0x1000, "need", 2, FAKE_RW + 3);
    expect_found(spaces, FAKE_RW, 7, "need", 1, FAKE_RW + 3);
    expect_found(spaces, FAKE_RW, 6, "need", 1, 0);
    expect_found(spaces, FAKE_RW, 3, "need", 1, 0);
    expect_found(spaces, FAKE_RW, 0, "need", 1, 0);
    expect_found(spaces, FAKE_RW, 0x3000, "xyz", 1, FAKE_RW + 0x1ffe);
    expect_found(spaces, FAKE_RW, 0x3000, "xyz", 3, FAKE_RW + 0x1ffe);
    expect_found(spaces, FAKE_RW + 1, 0x3000, "xyz", 3, 0); /* 0x1ffd is no multiple of 3. */
    expect_found(spaces, FAKE_RW, FAKE_RW_END - FAKE_RW, "absent", 1, 0);
}

static void test_search_refuses(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 found = 99;
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 9, NULL, 1, 1, &found), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 9, "ab", 0, 1, &found), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 9, "ab", 2, 0, &found), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 9, "abc", 3, 2, &found), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 9, "ab", 2, 1, NULL), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual, UINT64_MAX - 3, 5, "ab", 2, 1, &found), 0x80070057);
    assert_hresult(CALL(spaces, SearchVirtual2, FAKE_RW, 9, 2, "ab", 2, 1, &found), 0x80070057);
    assert_int_equal(found, 99);
    assert_int_equal(fake.accesses, 0);
}

/* What is absent matches nothing, and the search goes on behind it; a match lies whole in what is there. */
static void test_search_over_holes(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    memset(fake.memory, 0, sizeof(fake.memory));
    place(0x4ffe, "ab"); /* Before the hole, */
    place(0x6000, "cd"); /* and behind it. */
    place(0x7004, "ab");
    place(0x100, "large");
    expect_found(spaces, FAKE_RW, 0x8000, "abcd", 1, 0);
    expect_found(spaces, FAKE_RW, 0x8000, "cd", 1, FAKE_RO);
    expect_found(spaces, FAKE_RW + 1, 0x8000, "cd", 2, 0);
    place(0x6003, "ef"); /* An even number of bytes behind the start: the steps go on in the same phase. */
    expect_found(spaces, FAKE_RW + 1, 0x8000, "ef", 2, FAKE_RO + 3);
    expect_found(spaces, FAKE_RW_END, 0x8000, "ab", 1, FAKE_RW2 + 4);
    expect_found(spaces, FAKE_RW_END, 0x1000, "ab", 1, 0);
    expect_found(spaces, 0x1000, FAKE_LARGE, "large", 1, FAKE_LARGE + 0x100);
    assert_in_range(fake.accesses, 1, 1100); /* 512 holes of 2 MiB lie between. */
}

static void test_search_writable_only(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 found = 99;
    memset(fake.memory, 0, sizeof(fake.memory));
    place(0x6010, "needle"); /* Read-only. */
    place(0x7020, "needle");
    place(0x1ffe, "across");
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 0x8000, "needle", 6, 1, &found), S_OK);
    assert_int_equal(found, FAKE_RO + 0x10);
    assert_hresult(CALL(spaces, SearchVirtual2, FAKE_RW, 0x8000, DEBUG_VSEARCH_WRITABLE_ONLY, "needle", 6, 1, &found),
                   S_OK);
    assert_int_equal(found, FAKE_RW2 + 0x20);
    assert_hresult(CALL(spaces, SearchVirtual2, FAKE_RW, 0x8000, DEBUG_VSEARCH_WRITABLE_ONLY, "across", 6, 1, &found),
                   S_OK);
    assert_int_equal(found, FAKE_RW + 0xffe);
    assert_hresult(CALL(spaces, SearchVirtual2, FAKE_RO, 0x1000, DEBUG_VSEARCH_WRITABLE_ONLY, "needle", 6, 1, &found),
                   NO_MORE);
}

static void test_search_long_pattern(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR pattern[400];
    ULONG64 found = 99;
    memset(fake.memory, 0, sizeof(fake.memory));
    memset(pattern, 'p', sizeof(pattern));
    memset(fake.memory + 0x1100, 'p', 300); /* A beginning only. */
    memset(fake.memory + 0x2100, 'p', 400);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 0x4000, pattern, 400, 4, &found), S_OK);
    assert_int_equal(found, FAKE_RW + 0x1100);
    assert_hresult(CALL(spaces, SearchVirtual, FAKE_RW, 0x1100 + 399, pattern, 400, 4, &found), NO_MORE);
}

/* ---- Translation ---- */

static void test_virtual_to_physical(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG64 physical = 99;
    assert_hresult(CALL(spaces, VirtualToPhysical, FAKE_RW + 0x1234, &physical), S_OK);
    assert_int_equal(physical, 0x2234);
    assert_hresult(CALL(spaces, VirtualToPhysical, FAKE_LARGE + 0x12345, &physical), S_OK);
    assert_int_equal(physical, 0x12345);
    assert_hresult(CALL(spaces, VirtualToPhysical, FAKE_RW_END, &physical), NO_PAGE);
    assert_int_equal(physical, 0x12345);
    assert_hresult(CALL(spaces, VirtualToPhysical, FAKE_RW, NULL), 0x80070057);
}

static void test_translation_levels(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const ULONG64 expected[] = { FAKE_CR3, 0xa000, 0xb000, 0xc000, 0x1008 };
    ULONG64 offsets[6] = { 0 };
    ULONG levels = 99;
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_RW + 8, offsets, 6, &levels), S_OK);
    assert_int_equal(levels, 5);
    assert_memory_equal(offsets, expected, sizeof(expected));
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_LARGE, offsets, 6, &levels), S_OK);
    assert_int_equal(levels, 4);
    assert_int_equal(offsets[3], 0);
    offsets[1] = 77;
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_RW, offsets, 1, &levels), S_FALSE);
    assert_int_equal(levels, 5);
    assert_int_equal(offsets[1], 77);
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_RW, NULL, 0, &levels), S_OK);
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_RW, offsets, 6, NULL), S_OK);
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, FAKE_RW_END, offsets, 6, &levels), S_FALSE);
    assert_int_equal(levels, 4);
    assert_hresult(CALL(spaces, GetVirtualTranslationPhysicalOffsets, 0x700000000000, offsets, 6, &levels), NO_PAGE);
    assert_int_equal(levels, 0);
}

/* ---- What is where ---- */

static void test_next_differently_valid(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const ULONG64 rows[][2] = {
        { FAKE_RW, FAKE_RW_END },          { FAKE_RW + 0x3fff, FAKE_RW_END }, { FAKE_RW_END, FAKE_RO },
        { FAKE_RO + 5, FAKE_RW2_END },     { FAKE_RW2_END, FAKE_LARGE },      { FAKE_LARGE, FAKE_LARGE + 0x200000 },
        { FAKE_LARGE + 0x200000, FAKE_HIGH }, { 0x0000800000000000, FAKE_HIGH },
    };
    ULONG64 next = 99;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_hresult(CALL(spaces, GetNextDifferentlyValidOffsetVirtual, rows[i][0], &next), S_OK);
        assert_int_equal(next, rows[i][1]);
    }
    assert_hresult(CALL(spaces, GetNextDifferentlyValidOffsetVirtual, FAKE_HIGH + 0x1000, &next), NO_MORE);
    assert_hresult(CALL(spaces, GetNextDifferentlyValidOffsetVirtual, 0, NULL), 0x80070057);
}

static void test_valid_region(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const struct {
        ULONG64 base;
        ULONG size;
        ULONG64 valid;
        ULONG valid_size;
    } rows[] = {
        { FAKE_RW, 0x100, FAKE_RW, 0x100 },
        { FAKE_RW + 0x10, 0x100000, FAKE_RW + 0x10, FAKE_RW_END - FAKE_RW - 0x10 },
        { FAKE_RW_END, 0x1800, FAKE_RO, 0x800 },
        { FAKE_RW_END, 0x10000, FAKE_RO, 0x2000 },
        { FAKE_RW_END, 0x1000, FAKE_RW_END, 0 },
        { FAKE_RW, 0, FAKE_RW, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ULONG64 valid = 99;
        ULONG size = 99;
        assert_hresult(CALL(spaces, GetValidRegionVirtual, rows[i].base, rows[i].size, &valid, &size), S_OK);
        assert_int_equal(size, rows[i].valid_size);
        if (size != 0)
            assert_int_equal(valid, rows[i].valid);
    }
    ULONG64 valid;
    ULONG size = 99;
    fake.accesses = 0;
    assert_hresult(CALL(spaces, GetValidRegionVirtual, FAKE_RW, 0x1000, &valid, &size), S_OK);
    assert_int_equal(fake.accesses, 1); /* No page beyond is looked at. */
    assert_hresult(CALL(spaces, GetValidRegionVirtual, UINT64_MAX, 2, &valid, &size), 0x80070057);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, GetValidRegionVirtual, 0, 2, NULL, &size), 0x80070057);
    assert_hresult(CALL(spaces, GetValidRegionVirtual, 0, 2, &valid, NULL), 0x80070057);
}

static void test_query(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const struct {
        ULONG64 offset, base, size;
        ULONG state, protect;
    } rows[] = {
        { FAKE_RW + 0x1801, FAKE_RW + 0x1000, 0x3000, MEM_COMMIT, PAGE_EXECUTE_READWRITE },
        { FAKE_RO, FAKE_RO, 0x1000, MEM_COMMIT, PAGE_EXECUTE_READ },
        { FAKE_RW2 + 1, FAKE_RW2, 0x1000, MEM_COMMIT, PAGE_READWRITE },
        { FAKE_RW_END, FAKE_RW_END, 0x1000, MEM_FREE, PAGE_NOACCESS },
        { FAKE_LARGE + 0x12345, FAKE_LARGE + 0x12000, 0x1ee000, MEM_COMMIT, PAGE_EXECUTE_READWRITE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        MEMORY_BASIC_INFORMATION64 info;
        assert_hresult(CALL(spaces, QueryVirtual, rows[i].offset, &info), S_OK);
        assert_int_equal(info.BaseAddress, rows[i].base);
        assert_int_equal(info.RegionSize, rows[i].size);
        assert_int_equal(info.State, rows[i].state);
        assert_int_equal(info.Protect, rows[i].protect);
    }
    assert_hresult(CALL(spaces, QueryVirtual, FAKE_RW, NULL), 0x80070057);
}

static void test_offset_information(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    ULONG source = 99, size = 99;
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_VIRTUAL, DEBUG_OFFSINFO_VIRTUAL_SOURCE, FAKE_RW,
                        &source, 4, &size), S_OK);
    assert_int_equal(source, DEBUG_VSOURCE_DEBUGGEE);
    assert_int_equal(size, 4);
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_VIRTUAL, DEBUG_OFFSINFO_VIRTUAL_SOURCE,
                        FAKE_RW_END, &source, 4, NULL), S_OK);
    assert_int_equal(source, DEBUG_VSOURCE_INVALID);
    source = 0xeeeeeeee;
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_VIRTUAL, DEBUG_OFFSINFO_VIRTUAL_SOURCE, FAKE_RW,
                        &source, 2, &size), S_FALSE);
    assert_int_equal(source, 0xeeee0001);
    assert_int_equal(size, 4);
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_VIRTUAL, DEBUG_OFFSINFO_VIRTUAL_SOURCE, FAKE_RW,
                        NULL, 0, &size), S_OK);
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_PHYSICAL, DEBUG_OFFSINFO_VIRTUAL_SOURCE, 0,
                        &source, 4, &size), 0x80070057);
    assert_int_equal(size, 0);
    assert_hresult(CALL(spaces, GetOffsetInformation, DEBUG_DATA_SPACE_VIRTUAL, 2, 0, &source, 4, &size), 0x80070057);
}

/* ---- Strings ---- */

static void test_multi_byte_string(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    char text[16] = "unset";
    ULONG bytes = 99;
    memset(fake.memory, 'x', sizeof(fake.memory));
    memcpy(fake.memory + 0x1000, "hello", 6);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 100, text, 16, &bytes), S_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(bytes, 6);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 6, text, 4, &bytes), S_FALSE);
    assert_string_equal(text, "hel");
    assert_int_equal(bytes, 6);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 6, text, 0, &bytes), S_FALSE);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 6, NULL, 0, &bytes), S_OK);
    assert_int_equal(bytes, 6);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 6, text, 16, NULL), S_OK);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 5, text, 16, &bytes), 0x80070057);
    assert_int_equal(bytes, 0);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW, 0, text, 16, &bytes), 0x80070057);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW_END, 9, text, 16, &bytes), READ_FAULT);
}

/* The end of memory right behind the NUL, and before one. */
static void test_string_at_the_edge(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    char text[4200];
    ULONG bytes = 99;
    memset(fake.memory, 'x', sizeof(fake.memory));
    fake.memory[0x4fff] = 0;
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW_END - 5, 5000, text, 4200, &bytes), S_OK);
    assert_string_equal(text, "xxxx");
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW_END - 4101, 5000, text, 4200, &bytes), S_OK);
    assert_int_equal(bytes, 4101);
    assert_int_equal(strlen(text), 4100);
    fake.memory[0x4fff] = 'x';
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtual, FAKE_RW_END - 5, 5000, text, 4200, &bytes), 0x80070057);
    assert_int_equal(bytes, 0);
}

#define UTF8 65001

static void test_string_conversions(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    static const WCHAR euro[] = { 'a', 0x20ac, 0 };
    WCHAR wide[8] = { 0 };
    char narrow[8] = "unset";
    ULONG bytes = 99;
    memcpy(fake.memory + 0x1000, "a\xe2\x82\xac", 5);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtualWide, FAKE_RW, 9, UTF8, wide, 8, &bytes), S_OK);
    assert_memory_equal(wide, euro, sizeof(euro));
    assert_int_equal(bytes, 5);
    memcpy(fake.memory + 0x1000, "a\x80", 3);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtualWide, FAKE_RW, 9, 1252, wide, 8, &bytes), S_OK);
    assert_memory_equal(wide, euro, sizeof(euro));
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtualWide, FAKE_RW, 9, 0, wide, 2, &bytes), S_FALSE);
    assert_int_equal(wide[0], 'a');
    assert_int_equal(wide[1], 0);
    assert_hresult(CALL(spaces, ReadMultiByteStringVirtualWide, FAKE_RW, 9, 4711, wide, 8, &bytes), 0x80070057);
    assert_int_equal(bytes, 0);
    memcpy(fake.memory + 0x1001, euro, sizeof(euro));
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtual, FAKE_RW + 1, 9, UTF8, narrow, 8, &bytes), S_OK);
    assert_string_equal(narrow, "a\xe2\x82\xac");
    assert_int_equal(bytes, 6);
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtual, FAKE_RW + 1, 9, 20127, narrow, 8, &bytes), S_OK);
    assert_string_equal(narrow, "a?");
    memset(wide, 0, sizeof(wide));
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtualWide, FAKE_RW + 1, 6, wide, 3, &bytes), S_OK);
    assert_memory_equal(wide, euro, sizeof(euro));
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtualWide, FAKE_RW + 1, 5, wide, 3, &bytes), 0x80070057);
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtualWide, FAKE_RW + 1, 6, wide, 2, NULL), S_FALSE);
    assert_int_equal(wide[1], 0);
    static const WCHAR low_zero[] = { 0x0100, 0x0200, 0 };
    memcpy(fake.memory + 0x1001, low_zero, sizeof(low_zero));
    assert_hresult(CALL(spaces, ReadUnicodeStringVirtualWide, FAKE_RW + 1, 8, wide, 8, &bytes), S_OK);
    assert_int_equal(bytes, 6);
}

/* ---- Unknown outcomes, and interrupts ---- */

static void test_unknown_outcome_holds(void **state)
{
    IDebugDataSpaces4 *spaces = ((struct fixture *)*state)->spaces;
    UCHAR bytes[8] = { 0 };
    ULONG count = 99;
    fake.access_status = KDIO_TIMEOUT;
    fake.access_outcome = KDIO_OUTCOME_UNKNOWN;
    assert_hresult(CALL(spaces, WriteVirtual, FAKE_RW, bytes, 8, &count), TIMEOUT);
    assert_int_equal(count, 0);
    fake.access_status = KDIO_DONE;
    fake.accesses = 0;
    assert_hresult(CALL(spaces, WritePhysical, 0x1000, bytes, 8, &count), TIMEOUT);
    assert_hresult(CALL(spaces, FillVirtual, FAKE_RW, 8, "a", 1, &count), TIMEOUT);
    assert_hresult(CALL(spaces, FillPhysical, 0x1000, 8, "a", 1, NULL), TIMEOUT);
    assert_hresult(CALL(spaces, WritePointersVirtual, 1, FAKE_RW, (PULONG64)(void *)bytes), TIMEOUT);
    assert_hresult(CALL(spaces, WriteMsr, FAKE_MSR, 1), TIMEOUT);
    assert_hresult(CALL(spaces, WriteBusData, 4, 0, 0, 0, bytes, 4, &count), TIMEOUT);
    assert_hresult(CALL(spaces, WriteIo, 1, 0, 1, 0x80, bytes, 1, &count), TIMEOUT);
    assert_int_equal(fake.accesses, 0);
    assert_hresult(CALL(spaces, ReadVirtual, FAKE_RW, bytes, 8, &count), S_OK);
    assert_int_equal(fake.accesses, 1);
    assert_hresult(kdio_win_last_hresult(), TIMEOUT);
    /* A refusal that sends nothing leaves the error as it was, which says nothing of it. */
    assert_hresult(CALL(spaces, ReadVirtual, UINT64_MAX - 3, bytes, 8, &count), 0x80070057);
    assert_hresult(CALL(spaces, WriteVirtual, FAKE_RW, bytes, 8, &count), S_OK);
}

static struct fixture *current;

static void interrupt(void)
{
    fake.during_call = NULL;
    assert_hresult(CALL(current->control, SetInterrupt, DEBUG_INTERRUPT_ACTIVE), S_OK);
}

static void test_interrupt_ends_a_read(void **state)
{
    UCHAR byte;
    ULONG64 next = 99;
    current = *state;
    fake.during_call = interrupt;
    assert_hresult(CALL(current->spaces, ReadVirtual, FAKE_RW, &byte, 1, NULL), 0xd000013a);
    fake.access_status = KDIO_DONE;
    assert_hresult(CALL(current->spaces, ReadVirtual, FAKE_RW, &byte, 1, NULL), S_OK);
    fake.during_call = interrupt;
    assert_hresult(CALL(current->spaces, GetNextDifferentlyValidOffsetVirtual, 0, &next), 0xd000013a);
    fake.access_status = KDIO_DONE;
    fake.during_call = interrupt;
    assert_hresult(CALL(current->spaces, WriteVirtual, FAKE_RW, &byte, 1, NULL), S_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ATTACHED(test_read),
        TEST_ATTACHED(test_write),
        TEST_ATTACHED(test_widths),
        TEST_ATTACHED(test_physical_flags),
        TEST_ATTACHED(test_read_only_page),
        TEST_ATTACHED(test_pointers),
        TEST_ATTACHED(test_fill),
        TEST_ATTACHED(test_fill_long_pattern),
        TEST_ATTACHED(test_search),
        TEST_ATTACHED(test_search_refuses),
        TEST_ATTACHED(test_search_over_holes),
        TEST_ATTACHED(test_search_writable_only),
        TEST_ATTACHED(test_search_long_pattern),
        TEST_ATTACHED(test_virtual_to_physical),
        TEST_ATTACHED(test_translation_levels),
        TEST_ATTACHED(test_next_differently_valid),
        TEST_ATTACHED(test_valid_region),
        TEST_ATTACHED(test_query),
        TEST_ATTACHED(test_offset_information),
        TEST_ATTACHED(test_multi_byte_string),
        TEST_ATTACHED(test_string_at_the_edge),
        TEST_ATTACHED(test_string_conversions),
        TEST_ATTACHED(test_unknown_outcome_holds),
        TEST_ATTACHED(test_interrupt_ends_a_read),
    };
    return cmocka_run_group_tests_name("win/memory", tests, NULL, NULL);
}

/* The helpers of wdbgexts.h want it; this test calls none. */
WINDBG_EXTENSION_APIS ExtensionApis;
