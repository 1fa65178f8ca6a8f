/* SPDX-License-Identifier: MIT */
/*
 * layout_wdbgexts.c: a witness, compiled and not run: wdbgexts.h has the numbers, sizes and offsets of Microsoft's
 * pages. No other free header declares them. Compiled once for each selection macro.
 */
#include <windows.h>

#include <wdbgexts.h>

#define SAME(actual, expected) _Static_assert((actual) == (expected), #actual " is " #expected)
#define POINTERS(count) ((count) * sizeof(void *))
#define LAYOUT_64(x64, x86) (sizeof(void *) == 8 ? (x64) : (x86))

#ifndef NOEXTAPI
WINDBG_EXTENSION_APIS ExtensionApis;
#endif

/* ---- The structures of routines ---- */

#define ROUTINES(type) \
    SAME(sizeof(type), POINTERS(12)); \
    SAME(offsetof(type, nSize), 0); \
    SAME(offsetof(type, lpOutputRoutine), POINTERS(1)); \
    SAME(offsetof(type, lpGetExpressionRoutine), POINTERS(2)); \
    SAME(offsetof(type, lpGetSymbolRoutine), POINTERS(3)); \
    SAME(offsetof(type, lpDisasmRoutine), POINTERS(4)); \
    SAME(offsetof(type, lpCheckControlCRoutine), POINTERS(5)); \
    SAME(offsetof(type, lpReadProcessMemoryRoutine), POINTERS(6)); \
    SAME(offsetof(type, lpWriteProcessMemoryRoutine), POINTERS(7)); \
    SAME(offsetof(type, lpGetThreadContextRoutine), POINTERS(8)); \
    SAME(offsetof(type, lpSetThreadContextRoutine), POINTERS(9)); \
    SAME(offsetof(type, lpIoctlRoutine), POINTERS(10)); \
    SAME(offsetof(type, lpStackTraceRoutine), POINTERS(11))

ROUTINES(WINDBG_EXTENSION_APIS64);
ROUTINES(WINDBG_EXTENSION_APIS32);
ROUTINES(WINDBG_EXTENSION_APIS);
SAME(sizeof(WINDBG_OLD_EXTENSION_APIS), POINTERS(6));
SAME(sizeof(WINDBG_OLDKD_EXTENSION_APIS), POINTERS(10));

#define IS_TYPE(member, ...) \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((WINDBG_EXTENSION_APIS64 *)0)->member), __VA_ARGS__), \
                   #member " is " #__VA_ARGS__)

IS_TYPE(lpOutputRoutine, VOID (*)(PCSTR, ...));
IS_TYPE(lpGetExpressionRoutine, ULONG64 (*)(PCSTR));
IS_TYPE(lpGetSymbolRoutine, VOID (*)(ULONG64, PCHAR, PULONG64));
IS_TYPE(lpDisasmRoutine, ULONG (*)(ULONG64 *, PCSTR, ULONG));
IS_TYPE(lpCheckControlCRoutine, ULONG (*)(VOID));
IS_TYPE(lpReadProcessMemoryRoutine, ULONG (*)(ULONG64, PVOID, ULONG, PULONG));
IS_TYPE(lpWriteProcessMemoryRoutine, ULONG (*)(ULONG64, LPCVOID, ULONG, PULONG));
IS_TYPE(lpGetThreadContextRoutine, ULONG (*)(ULONG, PCONTEXT, ULONG));
IS_TYPE(lpSetThreadContextRoutine, ULONG (*)(ULONG, PCONTEXT, ULONG));
IS_TYPE(lpIoctlRoutine, ULONG (*)(USHORT, PVOID, ULONG));
IS_TYPE(lpStackTraceRoutine, ULONG (*)(ULONG64, ULONG64, ULONG64, PEXTSTACKTRACE64, ULONG));

/* ---- The structures of Ioctl ---- */

#define IO_SPACE(type, length, data, size) \
    SAME(offsetof(type, Address), 0); \
    SAME(offsetof(type, Length), length); \
    SAME(offsetof(type, Data), data); \
    SAME(sizeof(type), size)
#define IO_SPACE_EX(type, interface_type, size) \
    SAME(offsetof(type, InterfaceType), interface_type); \
    SAME(offsetof(type, BusNumber), (interface_type) + 4); \
    SAME(offsetof(type, AddressSpace), (interface_type) + 8); \
    SAME(sizeof(type), size)

IO_SPACE(IOSPACE, 4, 8, 12);
IO_SPACE(IOSPACE32, 4, 8, 12);
IO_SPACE(IOSPACE64, 8, 12, 16);
IO_SPACE(IOSPACE_EX, 4, 8, 24);
IO_SPACE(IOSPACE_EX32, 4, 8, 24);
IO_SPACE(IOSPACE_EX64, 8, 12, 32);
IO_SPACE_EX(IOSPACE_EX, 12, 24);
IO_SPACE_EX(IOSPACE_EX32, 12, 24);
IO_SPACE_EX(IOSPACE_EX64, 16, 32);
SAME(sizeof(((IOSPACE64 *)0)->Address), 8);
SAME(sizeof(((IOSPACE_EX64 *)0)->Address), 8);
SAME(sizeof(READ_WRITE_MSR), 16);
SAME(offsetof(READ_WRITE_MSR, Value), 8);
SAME(sizeof(PHYSICAL), 16);
SAME(offsetof(PHYSICAL, BufLen), 8);
SAME(offsetof(PHYSICAL, Buf), 12);
SAME(sizeof(PHYSICAL_WITH_FLAGS), 24);
SAME(offsetof(PHYSICAL_WITH_FLAGS, BufLen), 8);
SAME(offsetof(PHYSICAL_WITH_FLAGS, Flags), 12);
SAME(offsetof(PHYSICAL_WITH_FLAGS, Buf), 16);
SAME(sizeof(READCONTROLSPACE), 16);
SAME(sizeof(READCONTROLSPACE32), 16);
SAME(offsetof(READCONTROLSPACE, Address), 4);
SAME(offsetof(READCONTROLSPACE, BufLen), 8);
SAME(offsetof(READCONTROLSPACE, Buf), 12);
SAME(sizeof(READCONTROLSPACE64), 24);
SAME(offsetof(READCONTROLSPACE64, Address), 8);
SAME(offsetof(READCONTROLSPACE64, BufLen), 16);
SAME(offsetof(READCONTROLSPACE64, Buf), 20);
SAME(sizeof(BUSDATA), LAYOUT_64(32, 24));
SAME(offsetof(BUSDATA, SlotNumber), 8);
SAME(offsetof(BUSDATA, Buffer), LAYOUT_64(16, 12));
SAME(offsetof(BUSDATA, Offset), LAYOUT_64(24, 16));
SAME(offsetof(BUSDATA, Length), LAYOUT_64(28, 20));
SAME(offsetof(SEARCHMEMORY, FoundAddress), 16);
SAME(offsetof(SEARCHMEMORY, PatternLength), 24);
SAME(offsetof(SEARCHMEMORY, Pattern), LAYOUT_64(32, 28));
SAME(sizeof(SEARCHMEMORY), LAYOUT_64(40, 32));
SAME(sizeof(PROCESSORINFO), 4);
SAME(sizeof(TRANSLATE_VIRTUAL_TO_PHYSICAL), 16);
SAME(offsetof(TRANSLATE_VIRTUAL_TO_PHYSICAL, Physical), 8);
SAME(sizeof(POINTER_SEARCH_PHYSICAL), LAYOUT_64(56, 48));
SAME(offsetof(POINTER_SEARCH_PHYSICAL, Flags), 32);
SAME(sizeof(EXT_API_VERSION), 8);

/* ---- Codes ---- */

SAME(IG_KD_CONTEXT, 1);
SAME(IG_READ_CONTROL_SPACE, 2);
SAME(IG_WRITE_CONTROL_SPACE, 3);
SAME(IG_READ_IO_SPACE, 4);
SAME(IG_WRITE_IO_SPACE, 5);
SAME(IG_READ_PHYSICAL, 6);
SAME(IG_WRITE_PHYSICAL, 7);
SAME(IG_READ_IO_SPACE_EX, 8);
SAME(IG_WRITE_IO_SPACE_EX, 9);
SAME(IG_SET_THREAD, 11);
SAME(IG_READ_MSR, 12);
SAME(IG_WRITE_MSR, 13);
SAME(IG_GET_DEBUGGER_DATA, 14);
SAME(IG_IS_PTR64, 19);
SAME(IG_GET_BUS_DATA, 20);
SAME(IG_SET_BUS_DATA, 21);
SAME(IG_LOWMEM_CHECK, 23);
SAME(IG_SEARCH_MEMORY, 24);
SAME(IG_TRANSLATE_VIRTUAL_TO_PHYSICAL, 31);
SAME(IG_READ_PHYSICAL_WITH_FLAGS, 33);
SAME(IG_WRITE_PHYSICAL_WITH_FLAGS, 34);
SAME(IG_POINTER_SEARCH_PHYSICAL, 35);
SAME(IG_TYPED_DATA, 43);
SAME(IG_GET_CONTEXT_EX, 48);
SAME(IG_GET_TEB_ADDRESS, 128);
SAME(IG_GET_PEB_ADDRESS, 129);
SAME(PHYS_FLAG_WRITE_COMBINED, 3);
SAME(EXT_API_VERSION_NUMBER, 5);
SAME(EXT_API_VERSION_NUMBER64, 6);

/* ---- Helpers and entry points ---- */

#ifndef NOEXTAPI
#define HAS_TYPE(function, ...) \
    _Static_assert(__builtin_types_compatible_p(__typeof__(function), __VA_ARGS__), #function " is " #__VA_ARGS__)

HAS_TYPE(ReadIoSpace, VOID(ULONG, PULONG, PULONG));
HAS_TYPE(ReadIoSpace32, VOID(ULONG, PULONG, PULONG));
HAS_TYPE(ReadIoSpace64, VOID(ULONG64, PULONG, PULONG));
HAS_TYPE(WriteIoSpace, VOID(ULONG, ULONG, PULONG));
HAS_TYPE(WriteIoSpace32, VOID(ULONG, ULONG, PULONG));
HAS_TYPE(WriteIoSpace64, VOID(ULONG64, ULONG, PULONG));
HAS_TYPE(ReadIoSpaceEx, VOID(ULONG, PULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(ReadIoSpaceEx32, VOID(ULONG, PULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(ReadIoSpaceEx64, VOID(ULONG64, PULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(WriteIoSpaceEx, VOID(ULONG, ULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(WriteIoSpaceEx32, VOID(ULONG, ULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(WriteIoSpaceEx64, VOID(ULONG64, ULONG, PULONG, ULONG, ULONG, ULONG));
HAS_TYPE(ReadMsr, VOID(ULONG, ULONGLONG *));
HAS_TYPE(WriteMsr, VOID(ULONG, ULONGLONG));
HAS_TYPE(ReadPhysical, VOID(ULONG64, PVOID, ULONG, PULONG));
HAS_TYPE(WritePhysical, VOID(ULONG64, PVOID, ULONG, PULONG));
HAS_TYPE(ReadPhysicalWithFlags, VOID(ULONG64, PVOID, ULONG, ULONG, PULONG));
HAS_TYPE(WritePhysicalWithFlags, VOID(ULONG64, PVOID, ULONG, ULONG, PULONG));
HAS_TYPE(ReadControlSpace, VOID(USHORT, ULONG, PVOID, ULONG));
HAS_TYPE(ReadControlSpace32, VOID(USHORT, ULONG, PVOID, ULONG));
HAS_TYPE(ReadControlSpace64, VOID(USHORT, ULONG64, PVOID, ULONG));
HAS_TYPE(WriteControlSpace, VOID(USHORT, ULONG, PVOID, ULONG));
#endif

#ifdef KDEXT_64BIT
#define PC ULONG64
#else
#define PC ULONG
#endif

DECLARE_API(poke);
DECLARE_API(poke)
{
    (void)hCurrentProcess;
    (void)hCurrentThread;
    (void)dwProcessor;
    (void)args;
    _Static_assert(__builtin_types_compatible_p(__typeof__(dwCurrentPc), PC), "DECLARE_API's pc");
}
_Static_assert(__builtin_types_compatible_p(__typeof__(&poke), PWINDBG_EXTENSION_ROUTINE), "DECLARE_API's type");
