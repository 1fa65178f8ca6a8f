/* SPDX-License-Identifier: MIT */
/*
 * windows.h: the few Windows types and macros that dbgeng.h and wdbgexts.h speak in, with Windows' widths.
 *
 * Contract
 *   Widths   ULONG, LONG, DWORD and HRESULT are 32 bits and WCHAR is 16, as on Windows, whatever the host's long and
 *            wchar_t are. So `%lu` does not print a ULONG with the host's printf (it does with dprintf and Output,
 *            which follow Windows); u"..." and not L"..." is a WCHAR string.
 *   Calls    There is one calling convention: the convention macros are empty.
 *   Objects  An interface is a pointer to a table of functions. C++ sees an abstract class, C a structure with lpVtbl;
 *            the layout is the same, so either language may call or implement what the other wrote. The library's
 *            objects carry no C++ type information: no dynamic_cast and no typeid on them, and no -fsanitize=vptr.
 *   Absent   Everything else of Windows. There is no Windows API here, only the vocabulary.
 */
#ifndef _WINDOWS_
#define _WINDOWS_

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- Integers, characters, pointers ---- */

#define VOID void
#define CONST const

typedef char CHAR;
typedef signed char INT8;
typedef uint8_t UCHAR, BYTE, BOOLEAN;
typedef int16_t SHORT;
typedef uint16_t USHORT, WORD;
typedef int32_t LONG, INT, BOOL, HRESULT, NTSTATUS;
typedef uint32_t ULONG, DWORD, UINT;
typedef int64_t LONG64, LONGLONG, INT64;
typedef uint64_t ULONG64, ULONGLONG, DWORD64, UINT64;
typedef intptr_t LONG_PTR, INT_PTR;
typedef uintptr_t ULONG_PTR, UINT_PTR, DWORD_PTR;
typedef size_t SIZE_T;
#ifdef __cplusplus
typedef char16_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif

typedef void *PVOID, *LPVOID, *HANDLE;
typedef const void *LPCVOID;
typedef CHAR *PCHAR, *PSTR, *LPSTR;
typedef const CHAR *PCSTR, *LPCSTR;
typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;
typedef UCHAR *PUCHAR, *PBYTE, *LPBYTE, *PBOOLEAN;
typedef USHORT *PUSHORT, *PWORD;
typedef LONG *PLONG, *LPLONG;
typedef BOOL *PBOOL, *LPBOOL;
typedef ULONG *PULONG, *PDWORD, *LPDWORD;
typedef LONG64 *PLONG64, *PLONGLONG;
typedef ULONG64 *PULONG64, *PULONGLONG, *PDWORD64;
typedef ULONG_PTR *PULONG_PTR;
typedef SIZE_T *PSIZE_T;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define INFINITE 0xffffffffu /* Timeout of WaitForEvent: wait for an event, however long it takes. */

#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define ZeroMemory(destination, length) memset((destination), 0, (length))
#define CopyMemory(destination, source, length) memcpy((destination), (source), (length))

/* ---- Calling conventions and linkage ---- */

#define WINAPI
#define CALLBACK
#define APIENTRY
#define STDAPICALLTYPE
#define STDMETHODCALLTYPE
#define STDMETHODVCALLTYPE
#define STDAPIVCALLTYPE

#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#define STDAPI EXTERN_C HRESULT STDAPICALLTYPE
#define STDAPI_(type) EXTERN_C type STDAPICALLTYPE
#define STDMETHODIMP HRESULT STDMETHODCALLTYPE
#define STDMETHODIMP_(type) type STDMETHODCALLTYPE

/* Marks what the shared library exports; it is compiled with hidden visibility. */
#define KDIO_WIN_API __attribute__((visibility("default")))

typedef INT_PTR(WINAPI *FARPROC)(void);

/* ---- HRESULTs ---- */

#define FACILITY_NT_BIT 0x10000000
#define SUCCEEDED(hr) ((HRESULT)(hr) >= 0)
#define FAILED(hr) ((HRESULT)(hr) < 0)
#define HRESULT_CODE(hr) ((hr) & 0xffff)
#define HRESULT_FROM_NT(status) ((HRESULT)((ULONG)(status) | FACILITY_NT_BIT))
#define HRESULT_FROM_WIN32(error) \
    ((HRESULT)(error) <= 0 ? (HRESULT)(error) : (HRESULT)(((ULONG)(error) & 0xffff) | 0x80070000))

#define NOERROR 0
#define S_OK ((HRESULT)0)
#define S_FALSE ((HRESULT)1)
#define E_NOTIMPL ((HRESULT)0x80004001)
#define E_NOINTERFACE ((HRESULT)0x80004002)
#define E_POINTER ((HRESULT)0x80004003)
#define E_FAIL ((HRESULT)0x80004005)
#define E_PENDING ((HRESULT)0x8000000a)
#define E_UNEXPECTED ((HRESULT)0x8000ffff)
#define E_ACCESSDENIED ((HRESULT)0x80070005)
#define E_OUTOFMEMORY ((HRESULT)0x8007000e)
#define E_INVALIDARG ((HRESULT)0x80070057)

/* The Win32 errors and NT statuses that kdio's HRESULTs are made of (dbgeng.h lists when each is returned). */
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_DATA 13
#define ERROR_WRITE_FAULT 29
#define ERROR_READ_FAULT 30
#define ERROR_BAD_NET_RESP 58
#define ERROR_SEM_TIMEOUT 121
#define ERROR_PROC_NOT_FOUND 127
#define ERROR_BAD_EXE_FORMAT 193
#define ERROR_DEVICE_NOT_CONNECTED 1167
#define ERROR_CONNECTION_INVALID 1229
#define ERROR_CONNECTION_ABORTED 1236
#define ERROR_REVISION_MISMATCH 1306
#define ERROR_TIMEOUT 1460
#define STATUS_DATATYPE_MISALIGNMENT ((NTSTATUS)0x80000002)
#define STATUS_NO_MORE_ENTRIES ((NTSTATUS)0x8000001a)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xc000000d)
#define STATUS_NO_SUCH_DEVICE ((NTSTATUS)0xc000000e)
#define STATUS_CONTROL_C_EXIT ((NTSTATUS)0xc000013a)
#define STATUS_NO_PAGEFILE ((NTSTATUS)0xc0000147)

/* ---- GUIDs ---- */

typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
typedef GUID IID, CLSID, *LPGUID, *LPIID;
typedef const GUID *LPCGUID;

#ifdef __cplusplus
#define REFGUID const GUID &
#define REFIID const IID &
#define REFCLSID const CLSID &
inline bool operator==(const GUID &left, const GUID &right)
{
    return memcmp(&left, &right, sizeof(GUID)) == 0;
}
inline bool operator!=(const GUID &left, const GUID &right)
{
    return !(left == right);
}
#define IsEqualGUID(left, right) ((left) == (right))
#else
#define REFGUID const GUID *
#define REFIID const IID *
#define REFCLSID const CLSID *
#define IsEqualGUID(left, right) (memcmp((left), (right), sizeof(GUID)) == 0)
#endif
#define IsEqualIID(left, right) IsEqualGUID(left, right)

/*
 * DEFINE_GUID only declares, unless <initguid.h> comes before the header that uses it: then it defines. Weak, so that
 * several sources of a program may define the same one.
 */
#define KDIO_GUID_DECLARE(name) EXTERN_C const GUID name
#define KDIO_GUID_DEFINE(name, a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \
    KDIO_GUID_DECLARE(name) __attribute__((weak)); \
    const GUID name = { a, b, c, { d0, d1, d2, d3, d4, d5, d6, d7 } }
#ifdef INITGUID
#define DEFINE_GUID(name, ...) KDIO_GUID_DEFINE(name, __VA_ARGS__)
#else
#define DEFINE_GUID(name, ...) KDIO_GUID_DECLARE(name)
#endif

/* ---- Interfaces ---- */

#ifdef __cplusplus
#define THIS_
#define THIS void
#define PURE = 0
#define STDMETHOD(method) virtual HRESULT STDMETHODCALLTYPE method
#define STDMETHOD_(type, method) virtual type STDMETHODCALLTYPE method
#define STDMETHODV(method) virtual HRESULT STDMETHODVCALLTYPE method
#define STDMETHODV_(type, method) virtual type STDMETHODVCALLTYPE method
#define DECLARE_INTERFACE(iface) struct iface
#define DECLARE_INTERFACE_(iface, base) struct iface : public base
#else
#define THIS_ INTERFACE *This,
#define THIS INTERFACE *This
#define PURE
#define STDMETHOD(method) HRESULT (STDMETHODCALLTYPE *method)
#define STDMETHOD_(type, method) type (STDMETHODCALLTYPE *method)
#define STDMETHODV(method) HRESULT (STDMETHODVCALLTYPE *method)
#define STDMETHODV_(type, method) type (STDMETHODVCALLTYPE *method)
/* The table is const, so that a caller's table may be const or not. */
#define DECLARE_INTERFACE(iface) \
    typedef struct iface iface; \
    typedef struct iface##Vtbl iface##Vtbl; \
    struct iface { \
        const struct iface##Vtbl *lpVtbl; \
    }; \
    struct iface##Vtbl
#define DECLARE_INTERFACE_(iface, base) DECLARE_INTERFACE(iface)
#endif

#undef INTERFACE
#define INTERFACE IUnknown
DECLARE_INTERFACE(IUnknown)
{
    STDMETHOD(QueryInterface)(THIS_ REFIID InterfaceId, PVOID *Interface) PURE;
    STDMETHOD_(ULONG, AddRef)(THIS) PURE;
    STDMETHOD_(ULONG, Release)(THIS) PURE;
};
#undef INTERFACE
typedef IUnknown *LPUNKNOWN;

/* ---- Structures of Windows that only pass through ---- */

typedef struct _CONTEXT CONTEXT, *PCONTEXT;

typedef struct _MEMORY_BASIC_INFORMATION64 {
    ULONGLONG BaseAddress;
    ULONGLONG AllocationBase;
    DWORD AllocationProtect;
    DWORD __alignment1;
    ULONGLONG RegionSize;
    DWORD State;
    DWORD Protect;
    DWORD Type;
    DWORD __alignment2;
} MEMORY_BASIC_INFORMATION64, *PMEMORY_BASIC_INFORMATION64;

#define PAGE_NOACCESS 0x01
#define PAGE_READONLY 0x02
#define PAGE_READWRITE 0x04
#define PAGE_EXECUTE_READ 0x20
#define PAGE_EXECUTE_READWRITE 0x40
#define MEM_COMMIT 0x1000
#define MEM_FREE 0x10000
#define MEM_PRIVATE 0x20000

/* ---- The headers of an image ---- */

#define IMAGE_DOS_SIGNATURE 0x5a4d
#define IMAGE_NT_SIGNATURE 0x00004550
#define IMAGE_NT_OPTIONAL_HDR32_MAGIC 0x10b
#define IMAGE_NT_OPTIONAL_HDR64_MAGIC 0x20b
#define IMAGE_NUMBEROF_DIRECTORY_ENTRIES 16

typedef struct _IMAGE_FILE_HEADER {
    WORD Machine;
    WORD NumberOfSections;
    DWORD TimeDateStamp;
    DWORD PointerToSymbolTable;
    DWORD NumberOfSymbols;
    WORD SizeOfOptionalHeader;
    WORD Characteristics;
} IMAGE_FILE_HEADER, *PIMAGE_FILE_HEADER;

typedef struct _IMAGE_DATA_DIRECTORY {
    DWORD VirtualAddress;
    DWORD Size;
} IMAGE_DATA_DIRECTORY, *PIMAGE_DATA_DIRECTORY;

typedef struct _IMAGE_OPTIONAL_HEADER64 {
    WORD Magic;
    BYTE MajorLinkerVersion;
    BYTE MinorLinkerVersion;
    DWORD SizeOfCode;
    DWORD SizeOfInitializedData;
    DWORD SizeOfUninitializedData;
    DWORD AddressOfEntryPoint;
    DWORD BaseOfCode;
    ULONGLONG ImageBase;
    DWORD SectionAlignment;
    DWORD FileAlignment;
    WORD MajorOperatingSystemVersion;
    WORD MinorOperatingSystemVersion;
    WORD MajorImageVersion;
    WORD MinorImageVersion;
    WORD MajorSubsystemVersion;
    WORD MinorSubsystemVersion;
    DWORD Win32VersionValue;
    DWORD SizeOfImage;
    DWORD SizeOfHeaders;
    DWORD CheckSum;
    WORD Subsystem;
    WORD DllCharacteristics;
    ULONGLONG SizeOfStackReserve;
    ULONGLONG SizeOfStackCommit;
    ULONGLONG SizeOfHeapReserve;
    ULONGLONG SizeOfHeapCommit;
    DWORD LoaderFlags;
    DWORD NumberOfRvaAndSizes;
    IMAGE_DATA_DIRECTORY DataDirectory[IMAGE_NUMBEROF_DIRECTORY_ENTRIES];
} IMAGE_OPTIONAL_HEADER64, *PIMAGE_OPTIONAL_HEADER64;

typedef struct _IMAGE_NT_HEADERS64 {
    DWORD Signature;
    IMAGE_FILE_HEADER FileHeader;
    IMAGE_OPTIONAL_HEADER64 OptionalHeader;
} IMAGE_NT_HEADERS64, *PIMAGE_NT_HEADERS64;

#define IMAGE_FILE_MACHINE_AMD64 0x8664

#endif
