/* SPDX-License-Identifier: MIT */
/*
 * wdbgexts.h: the helper functions of WdbgExts extensions (ReadIoSpace64, WriteIoSpace64, ...), working through kdio.
 *
 * Define KDEXT_64BIT first (a program that uses DbgEng does; KDEXT_32BIT and neither exist for old sources), include
 * this header before <dbgeng.h>, define `WINDBG_EXTENSION_APIS ExtensionApis;` in one source, and fill it:
 *     ExtensionApis.nSize = sizeof(ExtensionApis);
 *     control->GetWindbgExtensionApis64(&ExtensionApis);    S_OK, or E_INVALIDARG when nSize is not sizeof
 * NOEXTAPI leaves the global, the macros and the helpers out.
 *
 * Contract
 *   Client    The routines have no argument that says which target they mean: they act on the client that was asked for
 *             them last. When it is gone they find no target, and fail; they never touch a released client. They are
 *             routines of the whole process: use them from the thread that the client belongs to.
 *   Failures  The helpers return nothing. *size is the number of bytes moved: 0 on failure, and 0 is all that a caller
 *             sees of an unknown outcome. kdio_win_last_hresult (kdio_win.h) tells the HRESULT that WriteIo would have
 *             returned, and until it is asked after an unknown outcome, further writes fail without being sent.
 *   Value     `data` of WriteIoSpace and its kin is the value to write. Microsoft's pages call it the address of a
 *             variable; the prototypes there and in every header say otherwise. Bytes above *size are ignored.
 *   Size      1, 2 or 4 on entry, exactly one access of that width; set it again before each call. ReadIoSpace stores
 *             *size bytes of *data and leaves the rest, the Ex forms store all four (0 on failure).
 *   Plain, Ex ReadIoSpace and WriteIoSpace mean interface type Isa (1), bus 0, address space 1: the only ones taken.
 *   32, 64    Both structure sizes work, whichever routines are in use; they are told apart by the size passed along.
 *
 * What Ioctl does (dbgeng.h has the conditions of each): ports, IG_READ_MSR and IG_WRITE_MSR, physical memory with
 * and without flags, control space, IG_GET_BUS_DATA and IG_SET_BUS_DATA, IG_SEARCH_MEMORY, IG_POINTER_SEARCH_PHYSICAL
 * (Flags 0: every pointer in the range at a multiple of 8), IG_TRANSLATE_VIRTUAL_TO_PHYSICAL, IG_GET_EXPRESSION_EX,
 * IG_LOWMEM_CHECK, IG_KD_CONTEXT and IG_IS_PTR64. Each returns 1 when it was done, for memory and bus data also in
 * part, else 0; lengths, MSR values and addresses found are always stored, and are 0 on failure. Every other code
 * returns 0 and stores nothing. These return values, and what is stored after a failure, are kdio's choice:
 * Microsoft's pages do not say.
 *
 * The other routines: lpOutputRoutine and lpCheckControlCRoutine; lpGetExpressionRoutine, which knows no symbols and
 * gives 0 for what is no expression; lpReadProcessMemoryRoutine and lpWriteProcessMemoryRoutine, TRUE when all was
 * moved. Contexts, stack traces, disassembly and names take symbols or a target that stands still: they return 0, and
 * GetSymbol an empty name.
 *
 * Sources: Microsoft, Windows driver documentation, wdbgexts.h.
 */
#ifndef _WDBGEXTS_
#define _WDBGEXTS_

/* The macro `dprintf` below would garble the declaration of POSIX' function of that name, were it seen later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kdio/win/kdio_win.h>
#include <kdio/win/windows.h>

#ifdef __cplusplus
extern "C" {
#define CPPMOD extern "C"
#else
#define CPPMOD
#endif

#ifndef WDBGAPI
#define WDBGAPI
#endif
#ifndef WDBGAPIV
#define WDBGAPIV
#endif

/* ---- Routines ---- */

typedef VOID(WDBGAPIV *PWINDBG_OUTPUT_ROUTINE)(PCSTR lpFormat, ...);
typedef ULONG(WDBGAPI *PWINDBG_CHECK_CONTROL_C)(VOID);
typedef ULONG(WDBGAPI *PWINDBG_GET_THREAD_CONTEXT_ROUTINE)(ULONG Processor, PCONTEXT lpContext, ULONG cbSizeOfContext);
typedef ULONG(WDBGAPI *PWINDBG_SET_THREAD_CONTEXT_ROUTINE)(ULONG Processor, PCONTEXT lpContext, ULONG cbSizeOfContext);
typedef ULONG(WDBGAPI *PWINDBG_IOCTL_ROUTINE)(USHORT IoctlType, PVOID lpvData, ULONG cbSize);
typedef ULONG(WDBGAPI *PWINDBG_OLDKD_READ_PHYSICAL_MEMORY)(ULONGLONG address, PVOID buffer, ULONG count,
                                                           PULONG bytesread);
typedef ULONG(WDBGAPI *PWINDBG_OLDKD_WRITE_PHYSICAL_MEMORY)(ULONGLONG address, PVOID buffer, ULONG length,
                                                            PULONG byteswritten);

/*
 * Three families: 64-bit addresses, 32-bit addresses, and the host's pointers. A family has its routine types, its
 * stack frame and its structure of routines, alike but for the types of addresses.
 */
#define KDIO_WDBG_FAMILY(suffix, address, symbol_address, frame_address) \
    typedef struct _EXTSTACKTRACE##suffix { \
        frame_address FramePointer; \
        frame_address ProgramCounter; \
        frame_address ReturnAddress; \
        frame_address Args[4]; \
    } EXTSTACKTRACE##suffix, *PEXTSTACKTRACE##suffix; \
    typedef address(WDBGAPI *PWINDBG_GET_EXPRESSION##suffix)(PCSTR lpExpression); \
    typedef VOID(WDBGAPI *PWINDBG_GET_SYMBOL##suffix)(symbol_address offset, PCHAR pchBuffer, \
                                                      address *pDisplacement); \
    typedef ULONG(WDBGAPI *PWINDBG_DISASM##suffix)(address *lpOffset, PCSTR lpBuffer, ULONG fShowEffectiveAddress); \
    typedef ULONG(WDBGAPI *PWINDBG_READ_PROCESS_MEMORY_ROUTINE##suffix)(address offset, PVOID lpBuffer, ULONG cb, \
                                                                        PULONG lpcbBytesRead); \
    typedef ULONG(WDBGAPI *PWINDBG_WRITE_PROCESS_MEMORY_ROUTINE##suffix)(address offset, LPCVOID lpBuffer, ULONG cb, \
                                                                         PULONG lpcbBytesWritten); \
    typedef ULONG(WDBGAPI *PWINDBG_STACKTRACE_ROUTINE##suffix)(frame_address FramePointer, \
                                                               frame_address StackPointer, \
                                                               frame_address ProgramCounter, \
                                                               PEXTSTACKTRACE##suffix StackFrames, ULONG Frames); \
    typedef struct _WINDBG_EXTENSION_APIS##suffix { \
        ULONG nSize; /* Set to sizeof by whoever asks for the routines. */ \
        PWINDBG_OUTPUT_ROUTINE lpOutputRoutine; \
        PWINDBG_GET_EXPRESSION##suffix lpGetExpressionRoutine; \
        PWINDBG_GET_SYMBOL##suffix lpGetSymbolRoutine; \
        PWINDBG_DISASM##suffix lpDisasmRoutine; \
        PWINDBG_CHECK_CONTROL_C lpCheckControlCRoutine; \
        PWINDBG_READ_PROCESS_MEMORY_ROUTINE##suffix lpReadProcessMemoryRoutine; \
        PWINDBG_WRITE_PROCESS_MEMORY_ROUTINE##suffix lpWriteProcessMemoryRoutine; \
        PWINDBG_GET_THREAD_CONTEXT_ROUTINE lpGetThreadContextRoutine; \
        PWINDBG_SET_THREAD_CONTEXT_ROUTINE lpSetThreadContextRoutine; \
        PWINDBG_IOCTL_ROUTINE lpIoctlRoutine; \
        PWINDBG_STACKTRACE_ROUTINE##suffix lpStackTraceRoutine; \
    }

KDIO_WDBG_FAMILY(64, ULONG64, ULONG64, ULONG64) WINDBG_EXTENSION_APIS64, *PWINDBG_EXTENSION_APIS64;
KDIO_WDBG_FAMILY(32, ULONG, ULONG, ULONG) WINDBG_EXTENSION_APIS32, *PWINDBG_EXTENSION_APIS32;
#if defined(KDEXT_64BIT)
#define WINDBG_EXTENSION_APIS WINDBG_EXTENSION_APIS64
#define PWINDBG_EXTENSION_APIS PWINDBG_EXTENSION_APIS64
#elif defined(KDEXT_32BIT)
#define WINDBG_EXTENSION_APIS WINDBG_EXTENSION_APIS32
#define PWINDBG_EXTENSION_APIS PWINDBG_EXTENSION_APIS32
#else
KDIO_WDBG_FAMILY(, ULONG_PTR, PVOID, ULONG) WINDBG_EXTENSION_APIS, *PWINDBG_EXTENSION_APIS;
#endif
#undef KDIO_WDBG_FAMILY

typedef struct _WINDBG_OLD_EXTENSION_APIS {
    ULONG nSize;
    PWINDBG_OUTPUT_ROUTINE lpOutputRoutine;
    PWINDBG_GET_EXPRESSION32 lpGetExpressionRoutine;
    PWINDBG_GET_SYMBOL32 lpGetSymbolRoutine;
    PWINDBG_DISASM32 lpDisasmRoutine;
    PWINDBG_CHECK_CONTROL_C lpCheckControlCRoutine;
} WINDBG_OLD_EXTENSION_APIS, *PWINDBG_OLD_EXTENSION_APIS;

typedef struct _WINDBG_OLDKD_EXTENSION_APIS {
    ULONG nSize;
    PWINDBG_OUTPUT_ROUTINE lpOutputRoutine;
    PWINDBG_GET_EXPRESSION32 lpGetExpressionRoutine;
    PWINDBG_GET_SYMBOL32 lpGetSymbolRoutine;
    PWINDBG_DISASM32 lpDisasmRoutine;
    PWINDBG_CHECK_CONTROL_C lpCheckControlCRoutine;
    PWINDBG_READ_PROCESS_MEMORY_ROUTINE32 lpReadVirtualMemRoutine;
    PWINDBG_WRITE_PROCESS_MEMORY_ROUTINE32 lpWriteVirtualMemRoutine;
    PWINDBG_OLDKD_READ_PHYSICAL_MEMORY lpReadPhysicalMemRoutine;
    PWINDBG_OLDKD_WRITE_PHYSICAL_MEMORY lpWritePhysicalMemRoutine;
} WINDBG_OLDKD_EXTENSION_APIS, *PWINDBG_OLDKD_EXTENSION_APIS;

/* ---- Entry points of an extension ---- */

#define EXT_API_VERSION_NUMBER 5
#define EXT_API_VERSION_NUMBER32 5
#define EXT_API_VERSION_NUMBER64 6

typedef struct EXT_API_VERSION {
    USHORT MajorVersion;
    USHORT MinorVersion;
    USHORT Revision; /* EXT_API_VERSION_NUMBER64 or 32: the family in use. */
    USHORT Reserved;
} EXT_API_VERSION, *LPEXT_API_VERSION;

typedef LPEXT_API_VERSION(WDBGAPI *PWINDBG_EXTENSION_API_VERSION)(VOID);
typedef ULONG(WDBGAPI *PWINDBG_CHECK_VERSION)(VOID);
typedef VOID(WDBGAPI *PWINDBG_EXTENSION_DLL_INIT64)(PWINDBG_EXTENSION_APIS64 lpExtensionApis, USHORT MajorVersion,
                                                    USHORT MinorVersion);
typedef VOID(WDBGAPI *PWINDBG_EXTENSION_DLL_INIT32)(PWINDBG_EXTENSION_APIS32 lpExtensionApis, USHORT MajorVersion,
                                                    USHORT MinorVersion);
typedef VOID(WDBGAPI *PWINDBG_EXTENSION_DLL_INIT)(PWINDBG_EXTENSION_APIS lpExtensionApis, USHORT MajorVersion,
                                                  USHORT MinorVersion);
typedef VOID(WDBGAPI *PWINDBG_EXTENSION_ROUTINE64)(HANDLE hCurrentProcess, HANDLE hCurrentThread, ULONG64 dwCurrentPc,
                                                   ULONG dwProcessor, PCSTR lpArgumentString);
typedef VOID(WDBGAPI *PWINDBG_EXTENSION_ROUTINE32)(HANDLE hCurrentProcess, HANDLE hCurrentThread, ULONG dwCurrentPc,
                                                   ULONG dwProcessor, PCSTR lpArgumentString);
typedef VOID(WDBGAPI *PWINDBG_OLD_EXTENSION_ROUTINE)(ULONG dwCurrentPc, PWINDBG_EXTENSION_APIS lpExtensionApis,
                                                     PCSTR lpArgumentString);
typedef VOID(WDBGAPI *PWINDBG_OLDKD_EXTENSION_ROUTINE)(ULONG dwCurrentPc, PWINDBG_OLDKD_EXTENSION_APIS lpExtensionApis,
                                                       PCSTR lpArgumentString);

#define DECLARE_API64(name) \
    CPPMOD VOID name(HANDLE hCurrentProcess, HANDLE hCurrentThread, ULONG64 dwCurrentPc, ULONG dwProcessor, PCSTR args)
#define DECLARE_API32(name) \
    CPPMOD VOID name(HANDLE hCurrentProcess, HANDLE hCurrentThread, ULONG dwCurrentPc, ULONG dwProcessor, PCSTR args)
#ifdef KDEXT_64BIT
#define DECLARE_API(name) DECLARE_API64(name)
#define PWINDBG_EXTENSION_ROUTINE PWINDBG_EXTENSION_ROUTINE64
#else
#define DECLARE_API(name) DECLARE_API32(name)
#define PWINDBG_EXTENSION_ROUTINE PWINDBG_EXTENSION_ROUTINE32
#endif

/* ---- Codes of Ioctl ---- */

#define IG_KD_CONTEXT 1
#define IG_READ_CONTROL_SPACE 2
#define IG_WRITE_CONTROL_SPACE 3
#define IG_READ_IO_SPACE 4
#define IG_WRITE_IO_SPACE 5
#define IG_READ_PHYSICAL 6
#define IG_WRITE_PHYSICAL 7
#define IG_READ_IO_SPACE_EX 8
#define IG_WRITE_IO_SPACE_EX 9
#define IG_KSTACK_HELP 10
#define IG_SET_THREAD 11
#define IG_READ_MSR 12
#define IG_WRITE_MSR 13
#define IG_GET_DEBUGGER_DATA 14
#define IG_GET_KERNEL_VERSION 15
#define IG_RELOAD_SYMBOLS 16
#define IG_GET_SET_SYMPATH 17
#define IG_GET_EXCEPTION_RECORD 18
#define IG_IS_PTR64 19
#define IG_GET_BUS_DATA 20
#define IG_SET_BUS_DATA 21
#define IG_DUMP_SYMBOL_INFO 22
#define IG_LOWMEM_CHECK 23
#define IG_SEARCH_MEMORY 24
#define IG_GET_CURRENT_THREAD 25
#define IG_GET_CURRENT_PROCESS 26
#define IG_GET_TYPE_SIZE 27
#define IG_GET_CURRENT_PROCESS_HANDLE 28
#define IG_GET_INPUT_LINE 29
#define IG_GET_EXPRESSION_EX 30
#define IG_TRANSLATE_VIRTUAL_TO_PHYSICAL 31
#define IG_GET_CACHE_SIZE 32
#define IG_READ_PHYSICAL_WITH_FLAGS 33
#define IG_WRITE_PHYSICAL_WITH_FLAGS 34
#define IG_POINTER_SEARCH_PHYSICAL 35
#define IG_OBSOLETE_PLACEHOLDER_36 36
#define IG_GET_THREAD_OS_INFO 37
#define IG_GET_CLR_DATA_INTERFACE 38
#define IG_MATCH_PATTERN_A 39
#define IG_FIND_FILE 40
#define IG_TYPED_DATA_OBSOLETE 41
#define IG_QUERY_TARGET_INTERFACE 42
#define IG_TYPED_DATA 43
#define IG_DISASSEMBLE_BUFFER 44
#define IG_GET_ANY_MODULE_IN_RANGE 45
#define IG_VIRTUAL_TO_PHYSICAL 46
#define IG_PHYSICAL_TO_VIRTUAL 47
#define IG_GET_CONTEXT_EX 48
#define IG_GET_TEB_ADDRESS 128
#define IG_GET_PEB_ADDRESS 129

/* Flags of the physical memory helpers. */
#define PHYS_FLAG_DEFAULT 0
#define PHYS_FLAG_CACHED 1
#define PHYS_FLAG_UNCACHED 2
#define PHYS_FLAG_WRITE_COMBINED 3

/* ---- Structures of Ioctl ---- */

/* Windows aligns 64-bit members to 8 everywhere, the i386 System V ABI to 4. */
typedef ULONG64 KDIO_ULONG64 __attribute__((aligned(8)));
typedef LONG64 KDIO_LONG64 __attribute__((aligned(8)));

typedef struct _PROCESSORINFO {
    USHORT Processor;
    USHORT NumberProcessors;
} PROCESSORINFO, *PPROCESSORINFO;

typedef struct _IOSPACE {
    ULONG Address;
    ULONG Length; /* 1, 2 or 4; on return the bytes moved. */
    ULONG Data;
} IOSPACE, *PIOSPACE;

typedef struct _IOSPACE32 {
    ULONG Address;
    ULONG Length;
    ULONG Data;
} IOSPACE32, *PIOSPACE32;

typedef struct _IOSPACE64 {
    KDIO_ULONG64 Address;
    ULONG Length;
    ULONG Data;
} IOSPACE64, *PIOSPACE64;

typedef struct _IOSPACE_EX {
    ULONG Address;
    ULONG Length;
    ULONG Data;
    ULONG InterfaceType;
    ULONG BusNumber;
    ULONG AddressSpace;
} IOSPACE_EX, *PIOSPACE_EX;

typedef struct _IOSPACE_EX32 {
    ULONG Address;
    ULONG Length;
    ULONG Data;
    ULONG InterfaceType;
    ULONG BusNumber;
    ULONG AddressSpace;
} IOSPACE_EX32, *PIOSPACE_EX32;

typedef struct _IOSPACE_EX64 {
    KDIO_ULONG64 Address;
    ULONG Length;
    ULONG Data;
    ULONG InterfaceType;
    ULONG BusNumber;
    ULONG AddressSpace;
} IOSPACE_EX64, *PIOSPACE_EX64;

typedef struct _READ_WRITE_MSR {
    ULONG Msr;
    KDIO_LONG64 Value;
} READ_WRITE_MSR, *PREAD_WRITE_MSR;

typedef struct _PHYSICAL {
    KDIO_ULONG64 Address;
    ULONG BufLen; /* Bytes that follow in Buf; on return the bytes moved. */
    UCHAR Buf[1];
} PHYSICAL, *PPHYSICAL;

typedef struct _PHYSICAL_WITH_FLAGS {
    KDIO_ULONG64 Address;
    ULONG BufLen;
    ULONG Flags;
    UCHAR Buf[1];
} PHYSICAL_WITH_FLAGS, *PPHYSICAL_WITH_FLAGS;

typedef struct _READCONTROLSPACE {
    USHORT Processor;
    ULONG Address;
    ULONG BufLen;
    UCHAR Buf[1];
} READCONTROLSPACE, *PREADCONTROLSPACE;

typedef struct _READCONTROLSPACE32 {
    USHORT Processor;
    ULONG Address;
    ULONG BufLen;
    UCHAR Buf[1];
} READCONTROLSPACE32, *PREADCONTROLSPACE32;

typedef struct _READCONTROLSPACE64 {
    USHORT Processor;
    KDIO_ULONG64 Address;
    ULONG BufLen;
    UCHAR Buf[1];
} READCONTROLSPACE64, *PREADCONTROLSPACE64;

typedef struct _GETSETBUSDATA {
    ULONG BusDataType;
    ULONG BusNumber;
    ULONG SlotNumber;
    PVOID Buffer;
    ULONG Offset;
    ULONG Length;
} BUSDATA, *PBUSDATA;

typedef struct _SEARCHMEMORY {
    KDIO_ULONG64 SearchAddress;
    KDIO_ULONG64 SearchLength;
    KDIO_ULONG64 FoundAddress;
    ULONG PatternLength;
    PVOID Pattern;
} SEARCHMEMORY, *PSEARCHMEMORY;

typedef struct _TRANSLATE_VIRTUAL_TO_PHYSICAL {
    KDIO_ULONG64 Virtual;
    KDIO_ULONG64 Physical;
} TRANSLATE_VIRTUAL_TO_PHYSICAL, *PTRANSLATE_VIRTUAL_TO_PHYSICAL;

typedef struct _POINTER_SEARCH_PHYSICAL {
    KDIO_ULONG64 Offset;
    KDIO_ULONG64 Length;
    KDIO_ULONG64 PointerMin;
    KDIO_ULONG64 PointerMax;
    ULONG Flags;
    PULONG64 MatchOffsets;
    ULONG MatchOffsetsSize;
    ULONG MatchOffsetsCount;
} POINTER_SEARCH_PHYSICAL, *PPOINTER_SEARCH_PHYSICAL;

typedef struct _GET_EXPRESSION_EX {
    PCSTR Expression;
    PCSTR Remainder; /* On return what follows the expression. */
    KDIO_ULONG64 Value;
} GET_EXPRESSION_EX, *PGET_EXPRESSION_EX;

/* ---- Helpers ---- */

#ifndef NOEXTAPI

extern WINDBG_EXTENSION_APIS ExtensionApis;

#define dprintf (ExtensionApis.lpOutputRoutine)
#define GetExpression (ExtensionApis.lpGetExpressionRoutine)
#define CheckControlC (ExtensionApis.lpCheckControlCRoutine)
#define GetContext (ExtensionApis.lpGetThreadContextRoutine)
#define SetContext (ExtensionApis.lpSetThreadContextRoutine)
#define Ioctl (ExtensionApis.lpIoctlRoutine)
#define Disasm (ExtensionApis.lpDisasmRoutine)
#define GetSymbol (ExtensionApis.lpGetSymbolRoutine)
#define ReadMemory (ExtensionApis.lpReadProcessMemoryRoutine)
#define WriteMemory (ExtensionApis.lpWriteProcessMemoryRoutine)
#define StackTrace (ExtensionApis.lpStackTraceRoutine)

#define GetKdContext(ppi) Ioctl(IG_KD_CONTEXT, (PVOID)(ppi), sizeof(*(ppi)))

/* The four port helpers of one structure size. */
#define KDIO_WDBG_PORT_HELPERS(suffix, address_type) \
    static inline VOID ReadIoSpace##suffix(address_type address, PULONG data, PULONG size) \
    { \
        IOSPACE##suffix request = { address, *size, 0 }; \
        Ioctl(IG_READ_IO_SPACE, &request, sizeof(request)); \
        if (request.Length <= sizeof(request.Data)) \
            memcpy(data, &request.Data, request.Length); \
        *size = request.Length; \
    } \
    static inline VOID WriteIoSpace##suffix(address_type address, ULONG data, PULONG size) \
    { \
        IOSPACE##suffix request = { address, *size, data }; \
        Ioctl(IG_WRITE_IO_SPACE, &request, sizeof(request)); \
        *size = request.Length; \
    } \
    static inline VOID ReadIoSpaceEx##suffix(address_type address, PULONG data, PULONG size, ULONG interfacetype, \
                                             ULONG busnumber, ULONG addressspace) \
    { \
        IOSPACE_EX##suffix request = { address, *size, 0, interfacetype, busnumber, addressspace }; \
        Ioctl(IG_READ_IO_SPACE_EX, &request, sizeof(request)); \
        *data = request.Data; \
        *size = request.Length; \
    } \
    static inline VOID WriteIoSpaceEx##suffix(address_type address, ULONG data, PULONG size, ULONG interfacetype, \
                                              ULONG busnumber, ULONG addressspace) \
    { \
        IOSPACE_EX##suffix request = { address, *size, data, interfacetype, busnumber, addressspace }; \
        Ioctl(IG_WRITE_IO_SPACE_EX, &request, sizeof(request)); \
        *size = request.Length; \
    }

KDIO_WDBG_PORT_HELPERS(, ULONG)
KDIO_WDBG_PORT_HELPERS(32, ULONG)
KDIO_WDBG_PORT_HELPERS(64, ULONG64)
#undef KDIO_WDBG_PORT_HELPERS

/* *MsrValue is 0 on failure. */
static inline VOID ReadMsr(ULONG MsrReg, ULONGLONG *MsrValue)
{
    READ_WRITE_MSR request = { MsrReg, 0 };
    Ioctl(IG_READ_MSR, &request, sizeof(request));
    *MsrValue = (ULONGLONG)request.Value;
}

static inline VOID WriteMsr(ULONG MsrReg, ULONGLONG MsrValue)
{
    READ_WRITE_MSR request = { MsrReg, (LONG64)MsrValue };
    Ioctl(IG_WRITE_MSR, &request, sizeof(request));
}

/*
 * Sends `head` with `size` bytes behind it, and returns the bytes moved; 0 when memory is out, and nothing happens. The
 * data begins inside the structure, where its padding is: that part of `head` is not copied.
 */
static inline ULONG kdio_wdbg_transfer(USHORT code, LPCVOID head, size_t head_size, size_t length_at, size_t data_at,
                                       LPCVOID in, PVOID out, ULONG size)
{
    ULONG moved = 0;
    PUCHAR block = (PUCHAR)calloc(1, head_size + size);
    if (block == NULL)
        return 0;
    memcpy(block, head, data_at);
    if (in != NULL)
        memcpy(block + data_at, in, size);
    Ioctl(code, block, (ULONG)(head_size + size));
    memcpy(&moved, block + length_at, sizeof(moved));
    if (out != NULL && moved <= size)
        memcpy(out, block + data_at, moved);
    free(block);
    return moved;
}
#define KDIO_WDBG_TRANSFER(code, type, head, in, out, size) \
    kdio_wdbg_transfer(code, &(head), sizeof(type), offsetof(type, BufLen), offsetof(type, Buf), in, out, size)

static inline VOID ReadPhysical(ULONG64 address, PVOID buf, ULONG size, PULONG sizer)
{
    PHYSICAL head = { address, size, { 0 } };
    *sizer = KDIO_WDBG_TRANSFER(IG_READ_PHYSICAL, PHYSICAL, head, NULL, buf, size);
}

/* Microsoft's page calls sizew optional, but it must not be NULL. */
static inline VOID WritePhysical(ULONG64 address, PVOID buf, ULONG size, PULONG sizew)
{
    PHYSICAL head = { address, size, { 0 } };
    *sizew = KDIO_WDBG_TRANSFER(IG_WRITE_PHYSICAL, PHYSICAL, head, buf, NULL, size);
}

static inline VOID ReadPhysicalWithFlags(ULONG64 address, PVOID buf, ULONG size, ULONG flags, PULONG sizer)
{
    PHYSICAL_WITH_FLAGS head = { address, size, flags, { 0 } };
    *sizer = KDIO_WDBG_TRANSFER(IG_READ_PHYSICAL_WITH_FLAGS, PHYSICAL_WITH_FLAGS, head, NULL, buf, size);
}

static inline VOID WritePhysicalWithFlags(ULONG64 address, PVOID buf, ULONG size, ULONG flags, PULONG sizew)
{
    PHYSICAL_WITH_FLAGS head = { address, size, flags, { 0 } };
    *sizew = KDIO_WDBG_TRANSFER(IG_WRITE_PHYSICAL_WITH_FLAGS, PHYSICAL_WITH_FLAGS, head, buf, NULL, size);
}

/* The control space helpers tell no count: what was not read is 0. */
#define KDIO_WDBG_READ_CONTROL_SPACE(suffix, address_type) \
    static inline VOID ReadControlSpace##suffix(USHORT processor, address_type address, PVOID buf, ULONG size) \
    { \
        READCONTROLSPACE##suffix head = { processor, address, size, { 0 } }; \
        memset(buf, 0, size); \
        (void)KDIO_WDBG_TRANSFER(IG_READ_CONTROL_SPACE, READCONTROLSPACE##suffix, head, NULL, buf, size); \
    }
KDIO_WDBG_READ_CONTROL_SPACE(, ULONG)
KDIO_WDBG_READ_CONTROL_SPACE(32, ULONG)
KDIO_WDBG_READ_CONTROL_SPACE(64, ULONG64)
#undef KDIO_WDBG_READ_CONTROL_SPACE

/* Uses the 64-bit structure with every family, as on Windows. */
static inline VOID WriteControlSpace(USHORT processor, ULONG address, PVOID buf, ULONG size)
{
    READCONTROLSPACE64 head = { processor, address, size, { 0 } };
    (void)KDIO_WDBG_TRANSFER(IG_WRITE_CONTROL_SPACE, READCONTROLSPACE64, head, buf, NULL, size);
}
#undef KDIO_WDBG_TRANSFER

#define ReadTypedControlSpace32(_Proc, _Addr, _Buf) ReadControlSpace64(_Proc, _Addr, &(_Buf), sizeof(_Buf))
#define ReadTypedControlSpace64(_Proc, _Addr, _Buf) ReadControlSpace64(_Proc, _Addr, &(_Buf), sizeof(_Buf))

/* *Physical is unchanged unless TRUE is returned. */
static inline BOOL TranslateVirtualToPhysical(ULONG64 Virtual, ULONG64 *Physical)
{
    TRANSLATE_VIRTUAL_TO_PHYSICAL request = { Virtual, 0 };
    if (!Ioctl(IG_TRANSLATE_VIRTUAL_TO_PHYSICAL, &request, sizeof(request)))
        return FALSE;
    *Physical = request.Physical;
    return TRUE;
}

/* *FoundAddress is 0 when the pattern is absent. */
static inline ULONG SearchMemory(ULONG64 SearchAddress, ULONG64 SearchLength, ULONG PatternLength, PVOID Pattern,
                                 PULONG64 FoundAddress)
{
    SEARCHMEMORY request = { SearchAddress, SearchLength, 0, PatternLength, Pattern };
    ULONG found = Ioctl(IG_SEARCH_MEMORY, &request, sizeof(request));
    *FoundAddress = request.FoundAddress;
    return found;
}

static inline VOID SetThreadForOperation(ULONG_PTR *Thread)
{
    Ioctl(IG_SET_THREAD, Thread, sizeof(*Thread));
}

static inline VOID SetThreadForOperation32(ULONG Thread)
{
    Ioctl(IG_SET_THREAD, &Thread, sizeof(Thread));
}

static inline VOID SetThreadForOperation64(PULONG64 Thread)
{
    Ioctl(IG_SET_THREAD, Thread, sizeof(*Thread));
}

#ifdef KDEXT_64BIT
/* Whether the target's pointers have 64 bits. */
static inline ULONG IsPtr64(VOID)
{
    ULONG is64 = 0;
    return Ioctl(IG_IS_PTR64, &is64, sizeof(is64)) && is64 ? 1 : 0;
}

/* A pointer of the target at Address, read or written whole. */
static inline ULONG ReadPointer(ULONG64 Address, PULONG64 Pointer)
{
    ULONG moved = 0;
    return ReadMemory(Address, Pointer, sizeof(*Pointer), &moved) && moved == sizeof(*Pointer);
}

static inline ULONG WritePointer(ULONG64 Address, ULONG64 Pointer)
{
    ULONG moved = 0;
    return WriteMemory(Address, &Pointer, sizeof(Pointer), &moved) && moved == sizeof(Pointer);
}

/* *Value and *Remainder are unchanged unless TRUE is returned. */
static inline BOOL GetExpressionEx(PCSTR Expression, ULONG64 *Value, PCSTR *Remainder)
{
    GET_EXPRESSION_EX request = { Expression, Expression, 0 };
    if (!Ioctl(IG_GET_EXPRESSION_EX, &request, sizeof(request)))
        return FALSE;
    *Value = request.Value;
    if (Remainder != NULL)
        *Remainder = request.Remainder;
    return TRUE;
}
#endif

#endif /* NOEXTAPI */

#ifdef __cplusplus
}
#endif
#endif
