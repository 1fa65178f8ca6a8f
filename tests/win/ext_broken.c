/* SPDX-License-Identifier: MIT */
/* ext_broken.c: extensions that a debugger must refuse, each by a word that is defined; and an old one. */
#if defined(OLD)
#define KDEXT_32BIT
#else
#define KDEXT_64BIT
#endif

#include <windows.h>

#include <wdbgexts.h>

#include <dbgeng.h>

WINDBG_EXTENSION_APIS ExtensionApis;

/* Every kind has a command, which nobody may call. */
DECLARE_API(command);
DECLARE_API(command)
{
    dprintf("called with '%s'\n", args);
}

#if defined(NO_VERSION) || defined(REVISION) || defined(OLD)
VOID WinDbgExtensionDllInit(PWINDBG_EXTENSION_APIS lpExtensionApis, USHORT MajorVersion, USHORT MinorVersion);
VOID WinDbgExtensionDllInit(PWINDBG_EXTENSION_APIS lpExtensionApis, USHORT MajorVersion, USHORT MinorVersion)
{
    (void)MajorVersion;
    (void)MinorVersion;
    ExtensionApis = *lpExtensionApis;
}
#endif

#if defined(REVISION) || defined(OLD)
LPEXT_API_VERSION ExtensionApiVersion(VOID);
LPEXT_API_VERSION ExtensionApiVersion(VOID)
{
#if defined(OLD)
    static EXT_API_VERSION version = { 1, 0, EXT_API_VERSION_NUMBER32, 0 };
#else
    static EXT_API_VERSION version = { 1, 0, 9, 0 };
#endif
    return &version;
}
#endif

#if defined(OLD)
/* A 32-bit address of the target means the one that it is the sign-extended half of. */
DECLARE_API(high);
DECLARE_API(high)
{
    UCHAR byte = 0;
    ULONG read = 0, displacement = 0;
    CHAR name[256];
    GetSymbol(0x1234, name, &displacement);
    ULONG result = ReadMemory(GetExpression("80000000"), &byte, 1, &read);
    dprintf("%d %u %02x %x\n", result, read, byte, displacement);
}
#endif

#if defined(INIT)
HRESULT CALLBACK DebugExtensionInitialize(PULONG Version, PULONG Flags);
HRESULT CALLBACK DebugExtensionInitialize(PULONG Version, PULONG Flags)
{
    (void)Version;
    (void)Flags;
    return E_ACCESSDENIED;
}
#endif

#if defined(SYMBOL)
HRESULT missing_from_everywhere(void);
HRESULT CALLBACK DebugExtensionInitialize(PULONG Version, PULONG Flags);
HRESULT CALLBACK DebugExtensionInitialize(PULONG Version, PULONG Flags)
{
    (void)Version;
    (void)Flags;
    return missing_from_everywhere();
}
#endif
