/* SPDX-License-Identifier: MIT */
/*
 * dbgeng.h: the Windows debugger engine's interfaces to a kernel's hardware, on top of kdio.
 *
 * A program written for Windows compiles with -Ihost/include -Ihost/include/kdio/win, as C11 or C++17, and links with
 * -lkdio. Interfaces have Windows' IIDs, whole function tables and signatures; dbgeng_methods.h lists every method and
 * says which work. The others return E_NOTIMPL.
 *
 * Contract
 *   Life      DebugCreate; AttachKernel; WaitForEvent once, which returns at once; any number of accesses; EndSession;
 *             Release. One object carries IDebugClient, IDebugControl, IDebugDataSpaces to 4, IDebugRegisters and
 *             IDebugSystemObjects; QueryInterface leads from each to each. Releasing the last reference ends the
 *             session too.
 *   Threads   A client belongs to one thread at a time; different clients are independent. SetInterrupt, AddRef and
 *             Release may be called from any thread.
 *   Callbacks Console text of the target arrives at IDebugOutputCallbacks during a call, with DEBUG_OUTPUT_DEBUGGEE.
 *             There the client is busy: accesses, AttachKernel, EndSession and WaitForEvent return E_UNEXPECTED.
 *   Target    It keeps running: there is no breaking in and no stepping. GetExecutionStatus says DEBUG_STATUS_BREAK
 *             while attached, because that is what programs wait for before they access a target.
 *   Waiting   Later WaitForEvents pass console text on for Timeout milliseconds and return S_FALSE; E_PENDING after
 *             SetInterrupt with ACTIVE or EXIT, from whatever thread; the HRESULT of the line's end or the target's
 *             reset. SetInterrupt also ends a long read or search of memory, with N(CONTROL_C_EXIT); what changes the
 *             target is never interrupted: its outcome would be unknown.
 *   Counts    BytesRead and BytesWritten are optional. Where given they are always stored, and are 0 on failure. A
 *             buffer is unchanged when a read fails, but for a block of memory whose line was lost half-way.
 *   Bytes     Buffers hold the port's value with the low byte first.
 *
 * AttachKernel(DEBUG_ATTACH_KERNEL_CONNECTION, options) connects before it returns. Options, key words in either case:
 *     com:port=/dev/ttyUSB0,baud=115200    a serial line; com1 stands for /dev/ttyS0 and so on; default 115200 baud
 *     com:pipe,port=/run/target/com1       a UNIX socket
 *     com:ipport=4444,port=host            a TCP connection
 *     gensio:STRING                        any other transport, in gensio's words; kdio's own form
 * `resets=N` and `reconnect` are accepted with the first three and change nothing: kdio reconnects by itself.
 *
 * HRESULTs. ReadIo and WriteIo make exactly one access of BufferSize bytes. Checked in this order, before a byte is
 * sent (W(x) is HRESULT_FROM_WIN32(ERROR_x), N(x) is HRESULT_FROM_NT(STATUS_x)):
 *     no target attached, or the client is busy                          E_UNEXPECTED
 *     Buffer NULL; BufferSize not 1, 2 or 4; AddressSpace not 1;
 *     InterfaceType not Isa (1); BusNumber not 0; beyond port 0xffff     E_INVALIDARG
 *     Offset not a multiple of BufferSize                                N(DATATYPE_MISALIGNMENT)   0x90000002
 *     the link's own UART, deny list, read-only                          W(ACCESS_DENIED)           0x80070005
 *     a write after an unknown outcome (kdio_win.h)                      that outcome's
 * and then
 *     the stub has no such operation                                     E_NOTIMPL
 *     no answer in time, or connection lost: unknown whether done        W(TIMEOUT)                 0x800705b4
 *     the target was reset meanwhile: unknown whether done               W(CONNECTION_ABORTED)      0x800704d4
 *     another host took the line over                                    W(CONNECTION_INVALID)      0x800704cd
 *     done                                                               S_OK
 *
 * The other data spaces return the same for no target, policy, the line and missing operations, and hold writes
 * alike. R and W below are W(READ_FAULT) 0x8007001e and W(WRITE_FAULT) 0x8007001d; a NULL buffer is E_INVALIDARG
 * unless its size is 0, and so is a stretch that passes the end of the addresses. kdio keeps no copy of memory: the
 * Uncached forms do the same as the plain ones. 1, 2, 4 or 8 bytes at a multiple of their number are one access of
 * that width; the rest moves in aligned 8-byte accesses with single bytes at the edges. No byte is touched twice, or
 * outside the stretch.
 *
 *     ReadVirtual[Uncached],      S_OK with what is there from Offset on, perhaps less than BufferSize; R when not
 *     ReadPhysical[2]             even the first byte is. Flags: E_INVALIDARG beyond DEBUG_PHYSICAL_WRITE_COMBINED;
 *                                 how memory is cached remains what the target's kernel mapped it as
 *     WriteVirtual[Uncached],     the same, and W where the first byte is absent or read-only
 *     WritePhysical[2]
 *     ReadPointersVirtual,        S_OK for all of them; R, W when one is absent, those before it then being done.
 *     WritePointersVirtual        Pointers have 64 bits
 *     FillVirtual, FillPhysical   S_OK with what was filled up to the first byte that could not be; W when that is the
 *                                 first. A longer pattern than Size is cut
 *     SearchVirtual[2]            S_OK; N(NO_MORE_ENTRIES) 0x9000001a without a match. What is absent (for
 *                                 DEBUG_VSEARCH_WRITABLE_ONLY: or read-only) matches nothing and is skipped.
 *                                 E_INVALIDARG for a granularity of 0, a size that is none of its multiples, unknown
 *                                 flags
 *     ReadMultiByteStringVirtual  the bytes as they are; E_INVALIDARG without a NUL in MaxBytes or before memory that
 *                                 is absent; R when the first byte is; S_FALSE when the buffer is too small (it ends
 *                                 with a NUL all the same). StringBytes counts the target's bytes, NUL included
 *     ReadUnicodeStringVirtual,   the same, converted by CodePage (0 stands for 1252; E_INVALIDARG for one that the
 *     ...Wide                     host's iconv has not); what cannot be converted becomes a question mark or U+FFFD
 *     ReadIo, WriteIo             above
 *     ReadMsr, WriteMsr           N(NO_SUCH_DEVICE) 0xd000000e for an MSR or a value that the processor refuses
 *     ReadBusData, WriteBusData   PCIConfiguration alone; BusNumber holds the segment in bits 8 to 23, SlotNumber
 *                                 device and function; accesses are as wide as Offset and BufferSize allow, and what
 *                                 lies beyond the configuration space is left out. A function that is absent reads as
 *                                 all ones. E_INVALIDARG for anything else, E_NOTIMPL beyond 256 bytes or segment 0
 *                                 without ECAM
 *     ReadControl                 Processor 0, Offset 2: the special registers, 0xd8 bytes, laid out as in 64-bit
 *                                 Windows kernels (MXCSR and the branch records are 0). E_NOTIMPL for 0, 1 and 3,
 *                                 which point to data of Windows; E_INVALIDARG for the rest
 *     WriteControl                E_NOTIMPL, or E_INVALIDARG as ReadControl
 *     CheckLowMemory              S_OK: only Windows, booted for it, has pages that could be found changed
 *     ReadDebuggerData            MmPageSize and PaeEnabled; E_NOTIMPL for what takes a Windows kernel; E_INVALIDARG
 *                                 for no index. S_FALSE, and DataSize whole, when the buffer is too small; here and in
 *                                 the next
 *     ReadProcessorSystemData     Processor 0: identification, from CPUID; speed in MHz, told by CPUID or measured.
 *                                 E_NOTIMPL for the addresses 0 to 3, E_INVALIDARG for the rest
 *     VirtualToPhysical           N(NO_PAGEFILE) 0xd0000147 when no page is there
 *     GetVirtualTranslation-      the tables in the order of the walk, the one of CR3 first, then the address itself.
 *     PhysicalOffsets             S_FALSE when the walk ends early or the array is too small; N(NO_PAGEFILE) when it
 *                                 ends at once
 *     GetNextDifferentlyValid-    page by page; N(NO_MORE_ENTRIES) when nothing differs up to the end of the addresses
 *     OffsetVirtual
 *     GetValidRegionVirtual       S_OK; ValidSize is 0 when nothing is there
 *     QueryVirtual                from the page tables: MEM_COMMIT or MEM_FREE, and Protect
 *     GetOffsetInformation        DEBUG_DATA_SPACE_VIRTUAL with DEBUG_OFFSINFO_VIRTUAL_SOURCE: DEBUGGEE or INVALID;
 *                                 E_INVALIDARG for the rest
 *     ReadImageNtHeaders          of a PE image in memory, 32-bit ones widened; E_INVALIDARG where there is none
 *     ReadHandleData              E_UNEXPECTED: handles are of user mode
 *     ReadTagged                  E_NOINTERFACE; StartEnumTagged S_OK, GetNextTagged S_FALSE, EndEnumTagged S_OK: a
 *                                 live target has no tagged data
 *
 * IDebugControl: Execute runs the commands of kdio (`kdio help` lists them; `!name` an extension's first), and
 * returns the HRESULT of what failed, E_FAIL for what is no command. Evaluate knows numbers (radix 16 at first, never
 * sign-extended), registers, operators and by() to poi(); E_FAIL for what is no expression, symbols among it.
 * AddExtension loads a shared object: W(FILE_NOT_FOUND), W(BAD_EXE_FORMAT), W(PROC_NOT_FOUND) without entry points;
 * CallExtension W(PROC_NOT_FOUND) without the command. IDebugRegisters has control, debug, descriptor table and
 * segment registers: a running target has no others. IDebugSystemObjects knows thread 0, the processor that the stub
 * runs on, and process 0; E_NOINTERFACE for others.
 *
 * AttachKernel adds
 *     options not understood                                             E_INVALIDARG
 *     attached already                                                   E_UNEXPECTED
 *     DEBUG_ATTACH_LOCAL_KERNEL, DEBUG_ATTACH_EXDI_DRIVER                E_NOTIMPL
 *     no such device or socket, or in use                                W(DEVICE_NOT_CONNECTED)    0x8007048f
 *     nothing answers                                                    W(SEM_TIMEOUT)             0x80070079
 *     what answers is no kdio stub                                       W(BAD_NET_RESP)            0x8007003a
 *     no version of the protocol in common                               W(REVISION_MISMATCH)       0x8007051a
 * and any call may return E_OUTOFMEMORY, W(INVALID_DATA) for an answer that makes no sense, N(CONTROL_C_EXIT) when
 * interrupted, or E_FAIL for an error of the host's system.
 *
 * Microsoft's pages name no HRESULT for most of these conditions: the choice is kdio's. So are the checks of
 * AddressSpace, InterfaceType, BusNumber and alignment, which Windows leaves to the target. Microsoft's are S_OK,
 * E_NOINTERFACE of QueryInterface, DebugCreate and ReadTagged, E_INVALIDARG of GetWindbgExtensionApis64, of strings
 * without a NUL and of images without headers, S_FALSE and E_PENDING of WaitForEvent, N(NO_MORE_ENTRIES) of searches,
 * N(NO_PAGEFILE) of translations, S_FALSE for small buffers and partial walks, and access denied for what security
 * forbids.
 *
 * Sources: Microsoft, Windows driver documentation, dbgeng.h; order and signatures of methods: mingw-w64's dbgeng.h.
 */
#ifndef __DBGENG_H__
#define __DBGENG_H__

#include <kdio/win/dbgeng_data.h>
#include <kdio/win/dbgeng_methods.h>
#include <kdio/win/kdio_win.h>
#include <kdio/win/windows.h>

/* ---- Interfaces and structures that are only passed on ---- */

#ifndef _WDBGEXTS_
typedef struct _WINDBG_EXTENSION_APIS32 *PWINDBG_EXTENSION_APIS32;
typedef struct _WINDBG_EXTENSION_APIS64 *PWINDBG_EXTENSION_APIS64;
#endif

typedef struct IDebugBreakpoint *PDEBUG_BREAKPOINT;
typedef struct IDebugClient *PDEBUG_CLIENT;
typedef struct IDebugControl *PDEBUG_CONTROL;
typedef struct IDebugDataSpaces *PDEBUG_DATA_SPACES;
typedef struct IDebugDataSpaces2 *PDEBUG_DATA_SPACES2;
typedef struct IDebugDataSpaces3 *PDEBUG_DATA_SPACES3;
typedef struct IDebugDataSpaces4 *PDEBUG_DATA_SPACES4;
typedef struct IDebugEventCallbacks *PDEBUG_EVENT_CALLBACKS;
typedef struct IDebugInputCallbacks *PDEBUG_INPUT_CALLBACKS;
typedef struct IDebugOutputCallbacks *PDEBUG_OUTPUT_CALLBACKS;
typedef struct IDebugRegisters *PDEBUG_REGISTERS;
typedef struct IDebugSystemObjects *PDEBUG_SYSTEM_OBJECTS;

/* Incomplete: no method that takes one works. */
typedef struct _DEBUG_BREAKPOINT_PARAMETERS *PDEBUG_BREAKPOINT_PARAMETERS;
typedef struct _DEBUG_EXCEPTION_FILTER_PARAMETERS *PDEBUG_EXCEPTION_FILTER_PARAMETERS;
typedef struct _DEBUG_SPECIFIC_FILTER_PARAMETERS *PDEBUG_SPECIFIC_FILTER_PARAMETERS;
typedef struct _DEBUG_STACK_FRAME *PDEBUG_STACK_FRAME;

#define DEBUG_EXTEND64(address) ((ULONG64)(LONG64)(LONG)(address))

/* ---- Sessions ---- */

#define DEBUG_ATTACH_KERNEL_CONNECTION 0x00000000
#define DEBUG_ATTACH_LOCAL_KERNEL 0x00000001
#define DEBUG_ATTACH_EXDI_DRIVER 0x00000002

#define DEBUG_END_PASSIVE 0x00000000
#define DEBUG_END_ACTIVE_TERMINATE 0x00000001
#define DEBUG_END_ACTIVE_DETACH 0x00000002
#define DEBUG_END_REENTRANT 0x00000003
#define DEBUG_END_DISCONNECT 0x00000004

#define DEBUG_CLASS_UNINITIALIZED 0
#define DEBUG_CLASS_KERNEL 1
#define DEBUG_CLASS_USER_WINDOWS 2
#define DEBUG_CLASS_IMAGE_FILE 3

#define DEBUG_KERNEL_CONNECTION 0
#define DEBUG_KERNEL_LOCAL 1
#define DEBUG_KERNEL_EXDI_DRIVER 2

/* ---- Execution and output ---- */

#define DEBUG_STATUS_NO_CHANGE 0
#define DEBUG_STATUS_GO 1
#define DEBUG_STATUS_GO_HANDLED 2
#define DEBUG_STATUS_GO_NOT_HANDLED 3
#define DEBUG_STATUS_STEP_OVER 4
#define DEBUG_STATUS_STEP_INTO 5
#define DEBUG_STATUS_BREAK 6
#define DEBUG_STATUS_NO_DEBUGGEE 7
#define DEBUG_STATUS_STEP_BRANCH 8
#define DEBUG_STATUS_IGNORE_EVENT 9
#define DEBUG_STATUS_MASK 0xf

#define DEBUG_WAIT_DEFAULT 0x00000000

#define DEBUG_INTERRUPT_ACTIVE 0
#define DEBUG_INTERRUPT_PASSIVE 1
#define DEBUG_INTERRUPT_EXIT 2

#define DEBUG_OUTPUT_NORMAL 0x00000001
#define DEBUG_OUTPUT_ERROR 0x00000002
#define DEBUG_OUTPUT_WARNING 0x00000004
#define DEBUG_OUTPUT_VERBOSE 0x00000008
#define DEBUG_OUTPUT_PROMPT 0x00000010
#define DEBUG_OUTPUT_PROMPT_REGISTERS 0x00000020
#define DEBUG_OUTPUT_EXTENSION_WARNING 0x00000040
#define DEBUG_OUTPUT_DEBUGGEE 0x00000080
#define DEBUG_OUTPUT_DEBUGGEE_PROMPT 0x00000100
#define DEBUG_OUTPUT_SYMBOLS 0x00000200

#define DEBUG_OUTCTL_THIS_CLIENT 0x00000000
#define DEBUG_OUTCTL_ALL_CLIENTS 0x00000001
#define DEBUG_OUTCTL_ALL_OTHER_CLIENTS 0x00000002
#define DEBUG_OUTCTL_IGNORE 0x00000003
#define DEBUG_OUTCTL_LOG_ONLY 0x00000004
#define DEBUG_OUTCTL_SEND_MASK 0x00000007
#define DEBUG_OUTCTL_NOT_LOGGED 0x00000008
#define DEBUG_OUTCTL_OVERRIDE_MASK 0x00000010
#define DEBUG_OUTCTL_AMBIENT 0xffffffff

#define DEBUG_EXECUTE_DEFAULT 0x00000000
#define DEBUG_EXECUTE_ECHO 0x00000001
#define DEBUG_EXECUTE_NOT_LOGGED 0x00000002
#define DEBUG_EXECUTE_NO_REPEAT 0x00000004

#define DEBUG_BREAKPOINT_CODE 0
#define DEBUG_BREAKPOINT_DATA 1
#define DEBUG_BREAK_READ 0x00000001
#define DEBUG_BREAK_WRITE 0x00000002
#define DEBUG_BREAK_EXECUTE 0x00000004
#define DEBUG_BREAK_IO 0x00000008

#define DEBUG_ANY_ID 0xffffffff

/* ---- Values and registers ---- */

#define DEBUG_VALUE_INVALID 0
#define DEBUG_VALUE_INT8 1
#define DEBUG_VALUE_INT16 2
#define DEBUG_VALUE_INT32 3
#define DEBUG_VALUE_INT64 4
#define DEBUG_VALUE_FLOAT32 5
#define DEBUG_VALUE_FLOAT64 6
#define DEBUG_VALUE_FLOAT80 7
#define DEBUG_VALUE_FLOAT82 8
#define DEBUG_VALUE_FLOAT128 9
#define DEBUG_VALUE_VECTOR64 10
#define DEBUG_VALUE_VECTOR128 11
#define DEBUG_VALUE_TYPES 12

/* ISO C++ has no unnamed structures, but Windows' programs use them. */
typedef struct _DEBUG_VALUE {
    __extension__ union {
        UCHAR I8;
        USHORT I16;
        ULONG I32;
        __extension__ struct {
            ULONG64 I64;
            BOOL Nat;
        };
        float F32;
        double F64;
        UCHAR F80Bytes[10];
        UCHAR F82Bytes[11];
        UCHAR F128Bytes[16];
        UCHAR VI8[16];
        USHORT VI16[8];
        ULONG VI32[4];
        ULONG64 VI64[2];
        float VF32[4];
        double VF64[2];
        struct {
            ULONG LowPart;
            ULONG HighPart;
        } I64Parts32;
        struct {
            ULONG64 LowPart;
            LONG64 HighPart;
        } F128Parts64;
        UCHAR RawBytes[24];
    };
    ULONG TailOfRawBytes;
    ULONG Type; /* DEBUG_VALUE_* */
} DEBUG_VALUE, *PDEBUG_VALUE;

#define DEBUG_REGISTER_SUB_REGISTER 0x00000001
#define DEBUG_REGISTERS_DEFAULT 0x00000000
#define DEBUG_REGISTERS_INT32 0x00000001
#define DEBUG_REGISTERS_INT64 0x00000002
#define DEBUG_REGISTERS_FLOAT 0x00000004
#define DEBUG_REGISTERS_ALL 0x00000007

typedef struct _DEBUG_REGISTER_DESCRIPTION {
    ULONG Type; /* DEBUG_VALUE_* */
    ULONG Flags;
    ULONG SubregMaster;
    ULONG SubregLength;
    ULONG64 SubregMask;
    ULONG SubregShift;
    ULONG Reserved0;
} DEBUG_REGISTER_DESCRIPTION, *PDEBUG_REGISTER_DESCRIPTION;

/* ---- Data spaces ---- */

#define DEBUG_DATA_SPACE_VIRTUAL 0
#define DEBUG_DATA_SPACE_PHYSICAL 1
#define DEBUG_DATA_SPACE_CONTROL 2
#define DEBUG_DATA_SPACE_IO 3
#define DEBUG_DATA_SPACE_MSR 4
#define DEBUG_DATA_SPACE_BUS_DATA 5
#define DEBUG_DATA_SPACE_DEBUGGER_DATA 6
#define DEBUG_DATA_SPACE_COUNT 7

#define DEBUG_PHYSICAL_DEFAULT 0x00000000
#define DEBUG_PHYSICAL_CACHED 0x00000001
#define DEBUG_PHYSICAL_UNCACHED 0x00000002
#define DEBUG_PHYSICAL_WRITE_COMBINED 0x00000003

#define DEBUG_OFFSINFO_VIRTUAL_SOURCE 0x00000001

#define DEBUG_VSOURCE_INVALID 0x00000000
#define DEBUG_VSOURCE_DEBUGGEE 0x00000001
#define DEBUG_VSOURCE_MAPPED_IMAGE 0x00000002
#define DEBUG_VSOURCE_DUMP_WITHOUT_MEMINFO 0x00000003

#define DEBUG_VSEARCH_DEFAULT 0x00000000
#define DEBUG_VSEARCH_WRITABLE_ONLY 0x00000001

/* Index of ReadProcessorSystemData. */
#define DEBUG_DATA_KPCR_OFFSET 0
#define DEBUG_DATA_KPRCB_OFFSET 1
#define DEBUG_DATA_KTHREAD_OFFSET 2
#define DEBUG_DATA_BASE_TRANSLATION_VIRTUAL_OFFSET 3
#define DEBUG_DATA_PROCESSOR_IDENTIFICATION 4
#define DEBUG_DATA_PROCESSOR_SPEED 5

typedef struct _DEBUG_PROCESSOR_IDENTIFICATION_ALPHA {
    ULONG Type;
    ULONG Revision;
} DEBUG_PROCESSOR_IDENTIFICATION_ALPHA, *PDEBUG_PROCESSOR_IDENTIFICATION_ALPHA;

typedef struct _DEBUG_PROCESSOR_IDENTIFICATION_AMD64 {
    ULONG Family;
    ULONG Model;
    ULONG Stepping;
    CHAR VendorString[16];
} DEBUG_PROCESSOR_IDENTIFICATION_AMD64, *PDEBUG_PROCESSOR_IDENTIFICATION_AMD64;

typedef struct _DEBUG_PROCESSOR_IDENTIFICATION_IA64 {
    ULONG Model;
    ULONG Revision;
    ULONG Family;
    ULONG ArchRev;
    CHAR VendorString[16];
} DEBUG_PROCESSOR_IDENTIFICATION_IA64, *PDEBUG_PROCESSOR_IDENTIFICATION_IA64;

typedef struct _DEBUG_PROCESSOR_IDENTIFICATION_X86 {
    ULONG Family;
    ULONG Model;
    ULONG Stepping;
    CHAR VendorString[16];
} DEBUG_PROCESSOR_IDENTIFICATION_X86, *PDEBUG_PROCESSOR_IDENTIFICATION_X86;

typedef struct _DEBUG_PROCESSOR_IDENTIFICATION_ARM {
    ULONG Type;
    ULONG Revision;
} DEBUG_PROCESSOR_IDENTIFICATION_ARM, *PDEBUG_PROCESSOR_IDENTIFICATION_ARM;

typedef union _DEBUG_PROCESSOR_IDENTIFICATION_ALL {
    DEBUG_PROCESSOR_IDENTIFICATION_ALPHA Alpha;
    DEBUG_PROCESSOR_IDENTIFICATION_AMD64 Amd64;
    DEBUG_PROCESSOR_IDENTIFICATION_IA64 Ia64;
    DEBUG_PROCESSOR_IDENTIFICATION_X86 X86;
    DEBUG_PROCESSOR_IDENTIFICATION_ARM Arm;
} DEBUG_PROCESSOR_IDENTIFICATION_ALL, *PDEBUG_PROCESSOR_IDENTIFICATION_ALL;

/* DataType of ReadHandleData. */
#define DEBUG_HANDLE_DATA_TYPE_BASIC 0
#define DEBUG_HANDLE_DATA_TYPE_TYPE_NAME 1
#define DEBUG_HANDLE_DATA_TYPE_OBJECT_NAME 2
#define DEBUG_HANDLE_DATA_TYPE_HANDLE_COUNT 3
#define DEBUG_HANDLE_DATA_TYPE_TYPE_NAME_WIDE 4
#define DEBUG_HANDLE_DATA_TYPE_OBJECT_NAME_WIDE 5
#define DEBUG_HANDLE_DATA_TYPE_MINI_THREAD_1 6
#define DEBUG_HANDLE_DATA_TYPE_MINI_MUTANT_1 7
#define DEBUG_HANDLE_DATA_TYPE_MINI_MUTANT_2 8
#define DEBUG_HANDLE_DATA_TYPE_PER_HANDLE_OPERATIONS 9
#define DEBUG_HANDLE_DATA_TYPE_ALL_HANDLE_OPERATIONS 10
#define DEBUG_HANDLE_DATA_TYPE_MINI_PROCESS_1 11
#define DEBUG_HANDLE_DATA_TYPE_MINI_PROCESS_2 12

typedef struct _DEBUG_HANDLE_DATA_BASIC {
    ULONG TypeNameSize;
    ULONG ObjectNameSize;
    ULONG Attributes;
    ULONG GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
} DEBUG_HANDLE_DATA_BASIC, *PDEBUG_HANDLE_DATA_BASIC;

/* ---- Entry points of a DbgEng extension ---- */

#define DEBUG_EXTENSION_VERSION(major, minor) ((((major) & 0xffff) << 16) | ((minor) & 0xffff))
#define DEBUG_EXTENSION_CONTINUE_SEARCH HRESULT_FROM_NT(0xc0000271)
#define DEBUG_EXTENSION_RELOAD_EXTENSION HRESULT_FROM_NT(0xc00000ee)
#define DEBUG_EXTINIT_HAS_COMMAND_HELP 0x00000001

#define DEBUG_NOTIFY_SESSION_ACTIVE 0x00000000
#define DEBUG_NOTIFY_SESSION_INACTIVE 0x00000001
#define DEBUG_NOTIFY_SESSION_ACCESSIBLE 0x00000002
#define DEBUG_NOTIFY_SESSION_INACCESSIBLE 0x00000003

typedef HRESULT(CALLBACK *PDEBUG_EXTENSION_INITIALIZE)(PULONG Version, PULONG Flags);
typedef VOID(CALLBACK *PDEBUG_EXTENSION_UNINITIALIZE)(VOID);
typedef VOID(CALLBACK *PDEBUG_EXTENSION_NOTIFY)(ULONG Notify, ULONG64 Argument);
typedef HRESULT(CALLBACK *PDEBUG_EXTENSION_CALL)(PDEBUG_CLIENT Client, PCSTR Args);

/* ---- IIDs: X(interface, DEFINE_GUID's numbers) ---- */

#define KDIO_DEBUG_IIDS(X) \
    X(IUnknown, 0x00000000, 0x0000, 0x0000, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46) \
    X(IDebugBreakpoint, 0x5bd9d474, 0x5975, 0x423a, 0xb8, 0x8b, 0x65, 0xa8, 0xe7, 0x11, 0x0e, 0x65) \
    X(IDebugClient, 0x27fe5639, 0x8407, 0x4f47, 0x83, 0x64, 0xee, 0x11, 0x8f, 0xb0, 0x8a, 0xc8) \
    X(IDebugControl, 0x5182e668, 0x105e, 0x416e, 0xad, 0x92, 0x24, 0xef, 0x80, 0x04, 0x24, 0xba) \
    X(IDebugDataSpaces, 0x88f7dfab, 0x3ea7, 0x4c3a, 0xae, 0xfb, 0xc4, 0xe8, 0x10, 0x61, 0x73, 0xaa) \
    X(IDebugDataSpaces2, 0x7a5e852f, 0x96e9, 0x468f, 0xac, 0x1b, 0x0b, 0x3a, 0xdd, 0xc4, 0xa0, 0x49) \
    X(IDebugDataSpaces3, 0x23f79d6c, 0x8aaf, 0x4f7c, 0xa6, 0x07, 0x99, 0x95, 0xf5, 0x40, 0x7e, 0x63) \
    X(IDebugDataSpaces4, 0xd98ada1f, 0x29e9, 0x4ef5, 0xa6, 0xc0, 0xe5, 0x33, 0x49, 0x88, 0x32, 0x12) \
    X(IDebugEventCallbacks, 0x337be28b, 0x5036, 0x4d72, 0xb6, 0xbf, 0xc4, 0x5f, 0xbb, 0x9f, 0x2e, 0xaa) \
    X(IDebugInputCallbacks, 0x9f50e42c, 0xf136, 0x499e, 0x9a, 0x97, 0x73, 0x03, 0x6c, 0x94, 0xed, 0x2d) \
    X(IDebugOutputCallbacks, 0x4bf58045, 0xd654, 0x4c40, 0xb0, 0xaf, 0x68, 0x30, 0x90, 0xf3, 0x56, 0xdc) \
    X(IDebugRegisters, 0xce289126, 0x9e84, 0x45a7, 0x93, 0x7e, 0x67, 0xbb, 0x18, 0x69, 0x14, 0x93) \
    X(IDebugSystemObjects, 0x6b86fe2c, 0x2c4f, 0x4f0c, 0x9d, 0xa2, 0x17, 0x43, 0x11, 0xac, 0xc3, 0x27)

#define KDIO_IID(iface, ...) DEFINE_GUID(IID_##iface, __VA_ARGS__);
KDIO_DEBUG_IIDS(KDIO_IID)
#undef KDIO_IID

/* ---- The interfaces ---- */

/* C lists every method of the base interfaces again; C++ inherits them. */
#ifdef __cplusplus
#define KDIO_METHOD(slot, name, does, params) virtual HRESULT STDMETHODCALLTYPE name params = 0;
#define KDIO_BASE_METHODS(list)
#define KDIO_UNKNOWN_METHODS
#else
#define KDIO_METHOD(slot, name, does, params) HRESULT(STDMETHODCALLTYPE *name) params;
#define KDIO_BASE_METHODS(list) list(KDIO_METHOD)
#define KDIO_UNKNOWN_METHODS \
    HRESULT(STDMETHODCALLTYPE *QueryInterface)(THIS_ REFIID InterfaceId, PVOID *Interface); \
    ULONG(STDMETHODCALLTYPE *AddRef)(THIS); \
    ULONG(STDMETHODCALLTYPE *Release)(THIS);
#endif

#undef INTERFACE
#define INTERFACE IDebugOutputCallbacks
DECLARE_INTERFACE_(IDebugOutputCallbacks, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    /* Text ends with a NUL and is the caller's for the duration of the call. */
    KDIO_METHOD(3, Output, WORKS, (THIS_ ULONG Mask, PCSTR Text))
};
#undef INTERFACE

#define INTERFACE IDebugClient
DECLARE_INTERFACE_(IDebugClient, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    KDIO_DEBUG_CLIENT_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugControl
DECLARE_INTERFACE_(IDebugControl, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    KDIO_DEBUG_CONTROL_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugDataSpaces
DECLARE_INTERFACE_(IDebugDataSpaces, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    KDIO_DEBUG_DATA_SPACES_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugDataSpaces2
DECLARE_INTERFACE_(IDebugDataSpaces2, IDebugDataSpaces)
{
    KDIO_UNKNOWN_METHODS
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES_METHODS)
    KDIO_DEBUG_DATA_SPACES2_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugDataSpaces3
DECLARE_INTERFACE_(IDebugDataSpaces3, IDebugDataSpaces2)
{
    KDIO_UNKNOWN_METHODS
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES_METHODS)
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES2_METHODS)
    KDIO_DEBUG_DATA_SPACES3_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugDataSpaces4
DECLARE_INTERFACE_(IDebugDataSpaces4, IDebugDataSpaces3)
{
    KDIO_UNKNOWN_METHODS
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES_METHODS)
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES2_METHODS)
    KDIO_BASE_METHODS(KDIO_DEBUG_DATA_SPACES3_METHODS)
    KDIO_DEBUG_DATA_SPACES4_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugRegisters
DECLARE_INTERFACE_(IDebugRegisters, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    KDIO_DEBUG_REGISTERS_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#define INTERFACE IDebugSystemObjects
DECLARE_INTERFACE_(IDebugSystemObjects, IUnknown)
{
    KDIO_UNKNOWN_METHODS
    KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(KDIO_METHOD)
};
#undef INTERFACE

#undef KDIO_METHOD
#undef KDIO_BASE_METHODS
#undef KDIO_UNKNOWN_METHODS

/* ---- Functions ---- */

/*
 * Makes a client and returns the interface asked for, with one reference. S_OK; E_NOINTERFACE, with *Interface NULL,
 * for an interface that the client has not; E_INVALIDARG when a pointer is NULL. No CoInitialize is needed.
 */
STDAPI KDIO_WIN_API DebugCreate(REFIID InterfaceId, PVOID *Interface);

/* Remote debugging sessions do not exist: E_NOTIMPL, with *Interface NULL. */
STDAPI KDIO_WIN_API DebugConnect(PCSTR RemoteOptions, REFIID InterfaceId, PVOID *Interface);

/* ---- __uuidof, which Windows programs in C++ use in place of IID_ ---- */

#ifdef __cplusplus
template <typename Interface> const IID &kdio_uuidof();
#define KDIO_IID(iface, a, b, c, ...) \
    template <> inline const IID &kdio_uuidof<struct iface>() \
    { \
        static const IID iid = { a, b, c, { __VA_ARGS__ } }; \
        return iid; \
    }
KDIO_DEBUG_IIDS(KDIO_IID)
#undef KDIO_IID
template <typename Interface> const IID &kdio_uuidof_pointer(Interface **)
{
    return kdio_uuidof<Interface>();
}
#ifndef __uuidof
#define __uuidof(iface) kdio_uuidof<iface>()
#endif
#ifndef IID_PPV_ARGS
#define IID_PPV_ARGS(pointer) kdio_uuidof_pointer(pointer), reinterpret_cast<PVOID *>(pointer)
#endif
#endif

#endif
