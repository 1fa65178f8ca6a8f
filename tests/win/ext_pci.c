/* SPDX-License-Identifier: MIT */
/*
 * ext_pci.c: a WinDbg extension of the WdbgExts kind, as its source would be on Windows: it lists PCI functions through
 * the ports cf8 and cfc. Its other commands are for what a debugger must survive.
 */
#define KDEXT_64BIT

#include <windows.h>

#include <wdbgexts.h>

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000

EXT_API_VERSION ApiVersion = { 1, 2, EXT_API_VERSION_NUMBER64, 0 };
WINDBG_EXTENSION_APIS ExtensionApis;
ULONG Checks;

VOID WinDbgExtensionDllInit(PWINDBG_EXTENSION_APIS lpExtensionApis, USHORT MajorVersion, USHORT MinorVersion);
LPEXT_API_VERSION ExtensionApiVersion(VOID);
VOID CheckVersion(VOID);
DECLARE_API(pcilist);
DECLARE_API(show);
DECLARE_API(spin);
DECLARE_API(crash);
DECLARE_API(leave);

VOID WinDbgExtensionDllInit(PWINDBG_EXTENSION_APIS lpExtensionApis, USHORT MajorVersion, USHORT MinorVersion)
{
    (void)MajorVersion;
    (void)MinorVersion;
    ExtensionApis = *lpExtensionApis;
}

LPEXT_API_VERSION ExtensionApiVersion(VOID)
{
    return &ApiVersion;
}

VOID CheckVersion(VOID)
{
    Checks++;
}

static ULONG ReadConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset)
{
    ULONG Size = 4, Value = 0xffffffff;
    WriteIoSpace64(PCI_ADDRESS, PCI_ENABLE | Bus << 16 | Device << 11 | Function << 8 | Offset, &Size);
    if (Size != 4)
        dprintf("cannot write port %x\n", PCI_ADDRESS);
    Size = 4;
    ReadIoSpace64(PCI_DATA, &Value, &Size);
    return Size == 4 ? Value : 0xffffffff;
}

static BOOL ListFunction(ULONG Bus, ULONG Device, ULONG Function)
{
    ULONG Id = ReadConfig(Bus, Device, Function, 0);
    if (Id == 0xffffffff)
        return FALSE;
    ULONG Class = ReadConfig(Bus, Device, Function, 8);
    dprintf("%02lx:%02lx.%lx %04lx:%04lx class %04lx\n", Bus, Device, Function, Id & 0xffff, Id >> 16, Class >> 16);
    return TRUE;
}

/* !pcilist [BUS] */
DECLARE_API(pcilist)
{
    ULONG Bus = (ULONG)GetExpression(args), Size = 4, Address = 0;
    ReadIoSpace64(PCI_ADDRESS, &Address, &Size);
    for (ULONG Device = 0; Device < 32 && !CheckControlC(); Device++) {
        if (!ListFunction(Bus, Device, 0))
            continue;
        ULONG Functions = ReadConfig(Bus, Device, 0, 0xc) & 0x800000 ? 8 : 1;
        for (ULONG Function = 1; Function < Functions; Function++)
            ListFunction(Bus, Device, Function);
    }
    WriteIoSpace64(PCI_ADDRESS, Address, (Size = 4, &Size));
}

/* !show EXPRESSION: the bytes there, and what takes symbols. */
DECLARE_API(show)
{
    ULONG64 Address = 0, Displacement = 1;
    UCHAR Bytes[4] = { 0 };
    ULONG Read = 0;
    CHAR Name[256] = "unset";
    PROCESSORINFO Info = { 9, 9 };
    if (!GetExpressionEx(args, &Address, &args)) {
        dprintf("no expression: %s\n", args);
        return;
    }
    dprintf("%p: ", Address);
    if (ReadMemory(Address, Bytes, sizeof(Bytes), &Read))
        dprintf("%02x%02x%02x%02x\n", Bytes[0], Bytes[1], Bytes[2], Bytes[3]);
    else
        dprintf("unreadable, %lu bytes\n", Read);
    GetSymbol(Address, Name, &Displacement);
    GetKdContext(&Info);
    dprintf("name '%s', processor %d of %d, checks %lu, rest '%s'\n", Name, Info.Processor, Info.NumberProcessors,
            Checks, args);
}

/* !spin: until ^C */
DECLARE_API(spin)
{
    dprintf("spinning\n");
    while (!CheckControlC()) {
        ULONG Size = 1, Value = 0;
        ReadIoSpace64(0x71, &Value, &Size);
    }
    dprintf("stopped\n");
}

/* !crash: writes to port 80 first, so that one can see that what is done is done. */
DECLARE_API(crash)
{
    ULONG Size = 1;
    WriteIoSpace64(0x80, 0x77, &Size);
    *(volatile ULONG *)(ULONG_PTR)dwProcessor = 0;
}

/* !leave: ends the debugger's process, which is rude. */
DECLARE_API(leave)
{
    exit(3);
}
