/* SPDX-License-Identifier: MIT */
/*
 * layout.c: a witness, compiled and not run. One source against two dbgeng.h: mingw-w64's, by its compiler, and kdio's.
 * The slots and signatures come from kdio's lists; mingw-w64's header judges them where it declares the interface. The
 * numbers below are written down here from Microsoft's pages, so that both headers are judged by them.
 */
#include <windows.h>

/* IIDs as sizes of arrays, because a constant object is no constant expression in C. */
#undef DEFINE_GUID
#define DEFINE_GUID(name, a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \
    extern char name##_first[(size_t)(a) + 1]; \
    extern char name##_second[((size_t)(b) << 16 | (c)) + 1]; \
    extern char name##_third[((size_t)(d0) << 8 | (d1)) + 1]; \
    extern char name##_fourth[((size_t)(d2) << 40 | (size_t)(d3) << 32 | (size_t)(d4) << 24 | (size_t)(d5) << 16 | \
                               (size_t)(d6) << 8 | (d7)) + 1]

#include <dbgeng.h>

#include <kdio/win/dbgeng_data.h>
#include <kdio/win/dbgeng_methods.h>
#include <kdio/win/wdm.h>

#define SAME(actual, expected) _Static_assert((actual) == (expected), #actual " is " #expected)

/* ---- Types ---- */

SAME(sizeof(UCHAR), 1);
SAME(sizeof(USHORT), 2);
SAME(sizeof(ULONG), 4);
SAME(sizeof(LONG), 4);
SAME(sizeof(DWORD), 4);
SAME(sizeof(BOOL), 4);
SAME(sizeof(BOOLEAN), 1);
SAME(sizeof(HRESULT), 4);
SAME(sizeof(WCHAR), 2);
SAME(sizeof(ULONG64), 8);
SAME(sizeof(ULONG_PTR), sizeof(void *));
SAME(sizeof(SIZE_T), sizeof(void *));
SAME(sizeof(GUID), 16);
SAME(offsetof(GUID, Data4), 8);
SAME(sizeof(MEMORY_BASIC_INFORMATION64), 48);
SAME(offsetof(MEMORY_BASIC_INFORMATION64, RegionSize), 24);
SAME(offsetof(MEMORY_BASIC_INFORMATION64, Type), 40);
_Static_assert((ULONG)-1 > 0 && (LONG)-1 < 0 && (HRESULT)-1 < 0, "signs");

/* ---- Slots and signatures ---- */

#define SLOT(slot, name, does, params) \
    SAME(offsetof(TABLE, name), (slot) * sizeof(void *)); \
    _Static_assert(__builtin_types_compatible_p(HRESULT(STDMETHODCALLTYPE *) params, __typeof__(((TABLE *)0)->name)), \
                   #name " has the signature of its list");
#define UNKNOWN_SLOTS(table) \
    SAME(offsetof(table, QueryInterface), 0); \
    SAME(offsetof(table, AddRef), sizeof(void *)); \
    SAME(offsetof(table, Release), 2 * sizeof(void *))
#define SLOT_COUNT(table, count) SAME(sizeof(table), (count) * sizeof(void *))

#undef INTERFACE
#define INTERFACE IDebugClient
#define TABLE IDebugClientVtbl
KDIO_DEBUG_CLIENT_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 48);

#undef INTERFACE
#undef TABLE
#define INTERFACE IDebugControl
#define TABLE IDebugControlVtbl
KDIO_DEBUG_CONTROL_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 95);

#undef INTERFACE
#undef TABLE
#define INTERFACE IDebugDataSpaces
#define TABLE IDebugDataSpacesVtbl
KDIO_DEBUG_DATA_SPACES_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 23);

#undef INTERFACE
#undef TABLE
#define INTERFACE IDebugDataSpaces2
#define TABLE IDebugDataSpaces2Vtbl
KDIO_DEBUG_DATA_SPACES_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES2_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 29);

#undef INTERFACE
#undef TABLE
#define INTERFACE IDebugDataSpaces3
#define TABLE IDebugDataSpaces3Vtbl
KDIO_DEBUG_DATA_SPACES_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES2_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES3_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 34);

#undef INTERFACE
#undef TABLE
#define INTERFACE IDebugOutputCallbacks
#define TABLE IDebugOutputCallbacksVtbl
SLOT(3, Output, WORKS, (THIS_ ULONG Mask, PCSTR Text))
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 4);

#undef INTERFACE
#undef TABLE

/* mingw-w64 before version 12 has no IDebugDataSpaces4; its macro of the same age tells. Rows: Microsoft's pages. */
#ifdef DEBUG_PHYSICAL_DEFAULT
#define INTERFACE IDebugDataSpaces4
#define TABLE IDebugDataSpaces4Vtbl
KDIO_DEBUG_DATA_SPACES_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES2_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES3_METHODS(SLOT)
KDIO_DEBUG_DATA_SPACES4_METHODS(SLOT)
UNKNOWN_SLOTS(TABLE);
SLOT_COUNT(TABLE, 44);
SLOT(34, GetOffsetInformation, , (IDebugDataSpaces4 *, ULONG, ULONG, ULONG64, PVOID, ULONG, PULONG))
SLOT(35, GetNextDifferentlyValidOffsetVirtual, , (IDebugDataSpaces4 *, ULONG64, PULONG64))
SLOT(36, GetValidRegionVirtual, , (IDebugDataSpaces4 *, ULONG64, ULONG, PULONG64, PULONG))
SLOT(37, SearchVirtual2, , (IDebugDataSpaces4 *, ULONG64, ULONG64, ULONG, PVOID, ULONG, ULONG, PULONG64))
SLOT(38, ReadMultiByteStringVirtual, , (IDebugDataSpaces4 *, ULONG64, ULONG, PSTR, ULONG, PULONG))
SLOT(39, ReadMultiByteStringVirtualWide, , (IDebugDataSpaces4 *, ULONG64, ULONG, ULONG, PWSTR, ULONG, PULONG))
SLOT(40, ReadUnicodeStringVirtual, , (IDebugDataSpaces4 *, ULONG64, ULONG, ULONG, PSTR, ULONG, PULONG))
SLOT(41, ReadUnicodeStringVirtualWide, , (IDebugDataSpaces4 *, ULONG64, ULONG, PWSTR, ULONG, PULONG))
SLOT(42, ReadPhysical2, , (IDebugDataSpaces4 *, ULONG64, ULONG, PVOID, ULONG, PULONG))
SLOT(43, WritePhysical2, , (IDebugDataSpaces4 *, ULONG64, ULONG, PVOID, ULONG, PULONG))
#endif

/* The slots that programs are written for, by number, whatever the lists say. */
SAME(offsetof(IDebugDataSpacesVtbl, ReadIo), 14 * sizeof(void *));
SAME(offsetof(IDebugDataSpacesVtbl, WriteIo), 15 * sizeof(void *));
SAME(offsetof(IDebugDataSpaces3Vtbl, WriteIo), 15 * sizeof(void *));
SAME(offsetof(IDebugDataSpacesVtbl, ReadMsr), 16 * sizeof(void *));
SAME(offsetof(IDebugDataSpacesVtbl, WriteMsr), 17 * sizeof(void *));
SAME(offsetof(IDebugClientVtbl, AttachKernel), 3 * sizeof(void *));
SAME(offsetof(IDebugControlVtbl, GetWindbgExtensionApis64), 80 * sizeof(void *));
SAME(offsetof(IDebugControlVtbl, WaitForEvent), 93 * sizeof(void *));

/* ---- IIDs ---- */

#define IID_BYTES(iface, first, second, third, fourth) \
    SAME(sizeof(IID_##iface##_first), (first) + 1ull); \
    SAME(sizeof(IID_##iface##_second), (second) + 1ull); \
    SAME(sizeof(IID_##iface##_third), (third) + 1ull); \
    SAME(sizeof(IID_##iface##_fourth), (fourth) + 1ull)

IID_BYTES(IDebugBreakpoint, 0x5bd9d474, 0x5975423a, 0xb88b, 0x65a8e7110e65);
IID_BYTES(IDebugClient, 0x27fe5639, 0x84074f47, 0x8364, 0xee118fb08ac8);
IID_BYTES(IDebugControl, 0x5182e668, 0x105e416e, 0xad92, 0x24ef800424ba);
IID_BYTES(IDebugDataSpaces, 0x88f7dfab, 0x3ea74c3a, 0xaefb, 0xc4e8106173aa);
IID_BYTES(IDebugDataSpaces2, 0x7a5e852f, 0x96e9468f, 0xac1b, 0x0b3addc4a049);
IID_BYTES(IDebugDataSpaces3, 0x23f79d6c, 0x8aaf4f7c, 0xa607, 0x9995f5407e63);
IID_BYTES(IDebugEventCallbacks, 0x337be28b, 0x50364d72, 0xb6bf, 0xc45fbb9f2eaa);
IID_BYTES(IDebugInputCallbacks, 0x9f50e42c, 0xf136499e, 0x9a97, 0x73036c94ed2d);
IID_BYTES(IDebugOutputCallbacks, 0x4bf58045, 0xd6544c40, 0xb0af, 0x683090f356dc);
#ifdef DEBUG_PHYSICAL_DEFAULT
IID_BYTES(IDebugDataSpaces4, 0xd98ada1f, 0x29e94ef5, 0xa6c0, 0xe53349883212);
#endif

/* ---- Constants ---- */

SAME(S_OK, 0);
SAME(S_FALSE, 1);
SAME((ULONG)E_NOTIMPL, 0x80004001);
SAME((ULONG)E_NOINTERFACE, 0x80004002);
SAME((ULONG)E_POINTER, 0x80004003);
SAME((ULONG)E_FAIL, 0x80004005);
SAME((ULONG)E_PENDING, 0x8000000a);
SAME((ULONG)E_UNEXPECTED, 0x8000ffff);
SAME((ULONG)E_ACCESSDENIED, 0x80070005);
SAME((ULONG)E_OUTOFMEMORY, 0x8007000e);
SAME((ULONG)E_INVALIDARG, 0x80070057);
SAME((ULONG)HRESULT_FROM_NT(0x80000002), 0x90000002);
SAME((ULONG)HRESULT_FROM_NT(0xc000000e), 0xd000000e);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED), 0x80070005);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_INVALID_DATA), 0x8007000d);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_READ_FAULT), 0x8007001e);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_WRITE_FAULT), 0x8007001d);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_BAD_NET_RESP), 0x8007003a);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_SEM_TIMEOUT), 0x80070079);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_DEVICE_NOT_CONNECTED), 0x8007048f);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_CONNECTION_INVALID), 0x800704cd);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_CONNECTION_ABORTED), 0x800704d4);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_REVISION_MISMATCH), 0x8007051a);
SAME((ULONG)HRESULT_FROM_WIN32(ERROR_TIMEOUT), 0x800705b4);
SAME(HRESULT_FROM_WIN32(0), 0);
_Static_assert(SUCCEEDED(S_FALSE) && FAILED(E_FAIL) && !FAILED(S_OK), "tests of an HRESULT");

SAME(DEBUG_ATTACH_KERNEL_CONNECTION, 0);
SAME(DEBUG_ATTACH_LOCAL_KERNEL, 1);
SAME(DEBUG_ATTACH_EXDI_DRIVER, 2);
SAME(DEBUG_END_PASSIVE, 0);
SAME(DEBUG_END_ACTIVE_TERMINATE, 1);
SAME(DEBUG_END_ACTIVE_DETACH, 2);
SAME(DEBUG_END_REENTRANT, 3);
SAME(DEBUG_END_DISCONNECT, 4);
SAME(DEBUG_CLASS_UNINITIALIZED, 0);
SAME(DEBUG_CLASS_KERNEL, 1);
SAME(DEBUG_CLASS_USER_WINDOWS, 2);
SAME(DEBUG_KERNEL_CONNECTION, 0);
SAME(DEBUG_KERNEL_LOCAL, 1);
SAME(DEBUG_KERNEL_EXDI_DRIVER, 2);
SAME(DEBUG_STATUS_NO_CHANGE, 0);
SAME(DEBUG_STATUS_GO, 1);
SAME(DEBUG_STATUS_GO_HANDLED, 2);
SAME(DEBUG_STATUS_GO_NOT_HANDLED, 3);
SAME(DEBUG_STATUS_STEP_OVER, 4);
SAME(DEBUG_STATUS_STEP_INTO, 5);
SAME(DEBUG_STATUS_BREAK, 6);
SAME(DEBUG_STATUS_NO_DEBUGGEE, 7);
SAME(DEBUG_STATUS_STEP_BRANCH, 8);
SAME(DEBUG_STATUS_IGNORE_EVENT, 9);
SAME(DEBUG_STATUS_MASK, 0xf);
SAME(DEBUG_WAIT_DEFAULT, 0);
SAME(INFINITE, 0xffffffff);
SAME(DEBUG_INTERRUPT_ACTIVE, 0);
SAME(DEBUG_INTERRUPT_PASSIVE, 1);
SAME(DEBUG_INTERRUPT_EXIT, 2);
SAME(DEBUG_OUTPUT_NORMAL, 1);
SAME(DEBUG_OUTPUT_ERROR, 2);
SAME(DEBUG_OUTPUT_WARNING, 4);
SAME(DEBUG_OUTPUT_VERBOSE, 8);
SAME(DEBUG_OUTPUT_PROMPT, 0x10);
SAME(DEBUG_OUTPUT_PROMPT_REGISTERS, 0x20);
SAME(DEBUG_OUTPUT_EXTENSION_WARNING, 0x40);
SAME(DEBUG_OUTPUT_DEBUGGEE, 0x80);
SAME(DEBUG_OUTPUT_DEBUGGEE_PROMPT, 0x100);
SAME(DEBUG_OUTPUT_SYMBOLS, 0x200);
SAME(DEBUG_OUTCTL_THIS_CLIENT, 0);
SAME(DEBUG_OUTCTL_ALL_CLIENTS, 1);
SAME(DEBUG_OUTCTL_ALL_OTHER_CLIENTS, 2);
SAME(DEBUG_OUTCTL_IGNORE, 3);
SAME(DEBUG_OUTCTL_LOG_ONLY, 4);
SAME(DEBUG_OUTCTL_SEND_MASK, 7);
SAME(DEBUG_OUTCTL_NOT_LOGGED, 8);
SAME(DEBUG_OUTCTL_OVERRIDE_MASK, 0x10);
SAME(DEBUG_OUTCTL_AMBIENT, 0xffffffff);
SAME(DEBUG_EXECUTE_DEFAULT, 0);
SAME(DEBUG_EXECUTE_ECHO, 1);
SAME(DEBUG_EXECUTE_NOT_LOGGED, 2);
SAME(DEBUG_EXECUTE_NO_REPEAT, 4);
SAME(DEBUG_BREAKPOINT_CODE, 0);
SAME(DEBUG_BREAKPOINT_DATA, 1);
SAME(DEBUG_BREAK_READ, 1);
SAME(DEBUG_BREAK_WRITE, 2);
SAME(DEBUG_BREAK_EXECUTE, 4);
SAME(DEBUG_BREAK_IO, 8);
SAME(DEBUG_ANY_ID, 0xffffffff);
SAME(DEBUG_DATA_SPACE_VIRTUAL, 0);
SAME(DEBUG_DATA_SPACE_PHYSICAL, 1);
SAME(DEBUG_DATA_SPACE_CONTROL, 2);
SAME(DEBUG_DATA_SPACE_IO, 3);
SAME(DEBUG_DATA_SPACE_MSR, 4);
SAME(DEBUG_DATA_SPACE_BUS_DATA, 5);
SAME(DEBUG_DATA_SPACE_DEBUGGER_DATA, 6);
SAME(DEBUG_DATA_SPACE_COUNT, 7);
SAME(DEBUG_DATA_KPCR_OFFSET, 0);
SAME(DEBUG_DATA_KPRCB_OFFSET, 1);
SAME(DEBUG_DATA_KTHREAD_OFFSET, 2);
SAME(DEBUG_DATA_BASE_TRANSLATION_VIRTUAL_OFFSET, 3);
SAME(DEBUG_DATA_PROCESSOR_IDENTIFICATION, 4);
SAME(DEBUG_DATA_PROCESSOR_SPEED, 5);
/* dbgeng_data.h's other numbers meet mingw-w64's as second definitions of the same macros, which must be equal. */
SAME(DEBUG_DATA_KernBase, 24);
SAME(DEBUG_DATA_SuiteMask, 100024);
SAME(DEBUG_DATA_MmBadPagesDetected, 800);
SAME(DEBUG_DATA_EtwpDebuggerData, 816);
SAME(DEBUG_DATA_DumpMmStorage, 100064);
SAME(DEBUG_HANDLE_DATA_TYPE_BASIC, 0);
SAME(DEBUG_HANDLE_DATA_TYPE_OBJECT_NAME_WIDE, 5);
SAME((ULONG)DEBUG_EXTENSION_CONTINUE_SEARCH, 0xd0000271);
SAME(DEBUG_EXTENSION_VERSION(1, 2), 0x10002);
SAME(DEBUG_NOTIFY_SESSION_ACTIVE, 0);
SAME(DEBUG_NOTIFY_SESSION_INACTIVE, 1);
SAME(DEBUG_NOTIFY_SESSION_ACCESSIBLE, 2);
SAME(DEBUG_NOTIFY_SESSION_INACCESSIBLE, 3);
SAME(DEBUG_EXTEND64(0x80000000), 0xffffffff80000000);

#ifdef DEBUG_PHYSICAL_DEFAULT
SAME(DEBUG_PHYSICAL_DEFAULT, 0);
SAME(DEBUG_PHYSICAL_CACHED, 1);
SAME(DEBUG_PHYSICAL_UNCACHED, 2);
SAME(DEBUG_PHYSICAL_WRITE_COMBINED, 3);
SAME(DEBUG_OFFSINFO_VIRTUAL_SOURCE, 1);
SAME(DEBUG_VSOURCE_DUMP_WITHOUT_MEMINFO, 3);
SAME(DEBUG_VSEARCH_WRITABLE_ONLY, 1);
#endif

SAME(Isa, 1);
SAME(PCIBus, 5);
SAME(ACPIBus, 17);
SAME(MaximumInterfaceType, 18);
SAME(PCIConfiguration, 4);
SAME(MaximumBusDataType, 12);
SAME(IMAGE_FILE_MACHINE_AMD64, 0x8664);

/* ---- Structures ---- */

SAME(sizeof(DEBUG_HANDLE_DATA_BASIC), 24);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_ALPHA), 8);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_ARM), 8);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_X86), 28);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_AMD64), 28);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_IA64), 32);
SAME(sizeof(DEBUG_PROCESSOR_IDENTIFICATION_ALL), 32);
SAME(offsetof(DEBUG_PROCESSOR_IDENTIFICATION_AMD64, VendorString), 12);
