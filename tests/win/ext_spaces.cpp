// SPDX-License-Identifier: MIT
// ext_spaces.cpp: a WinDbg extension of the DbgEng kind, as its source would be on Windows: MSRs and physical memory.
#include <windows.h>

#include <initguid.h>

#include <dbgeng.h>

#include <cstdlib>

// Headers before mingw-w64 12 end with IDebugDataSpaces3.
#ifdef DEBUG_PHYSICAL_DEFAULT
typedef IDebugDataSpaces4 DataSpaces;
#define IID_DataSpaces IID_IDebugDataSpaces4
#else
typedef IDebugDataSpaces3 DataSpaces;
#define IID_DataSpaces IID_IDebugDataSpaces3
#endif

static ULONG Accessible;

// The two interfaces that the commands use, for the time of a command.
class Engine {
public:
    explicit Engine(PDEBUG_CLIENT Client)
    {
        if (FAILED(Client->QueryInterface(IID_IDebugControl, reinterpret_cast<void **>(&Control))))
            Control = nullptr;
        if (FAILED(Client->QueryInterface(IID_DataSpaces, reinterpret_cast<void **>(&Spaces))))
            Spaces = nullptr;
    }
    ~Engine()
    {
        if (Spaces != nullptr)
            Spaces->Release();
        if (Control != nullptr)
            Control->Release();
    }
    IDebugControl *Control = nullptr;
    DataSpaces *Spaces = nullptr;
};

extern "C" HRESULT CALLBACK DebugExtensionInitialize(PULONG Version, PULONG Flags)
{
    *Version = DEBUG_EXTENSION_VERSION(1, 0);
    *Flags = 0;
    return S_OK;
}

extern "C" void CALLBACK DebugExtensionNotify(ULONG Notify, ULONG64)
{
    if (Notify == DEBUG_NOTIFY_SESSION_ACCESSIBLE)
        Accessible++;
}

extern "C" void CALLBACK DebugExtensionUninitialize(void)
{
}

// !msrs: EFER, the APIC's base, the bases of FS and GS.
extern "C" HRESULT CALLBACK msrs(PDEBUG_CLIENT Client, PCSTR)
{
    static const ULONG numbers[] = { 0xc0000080, 0x1b, 0xc0000100, 0xc0000101 };
    Engine engine(Client);
    for (ULONG number : numbers) {
        ULONG64 value = 0;
        HRESULT status = engine.Spaces->ReadMsr(number, &value);
        if (FAILED(status))
            return status;
        engine.Control->Output(DEBUG_OUTPUT_NORMAL, "msr[%x] = %08x`%08x\n", number, static_cast<ULONG>(value >> 32),
                               static_cast<ULONG>(value));
    }
    return S_OK;
}

// !phys ADDRESS: sixteen bytes of physical memory.
extern "C" HRESULT CALLBACK phys(PDEBUG_CLIENT Client, PCSTR Args)
{
    Engine engine(Client);
    DEBUG_VALUE address = {};
    UCHAR bytes[16] = {};
    ULONG read = 0;
    HRESULT status = engine.Control->Evaluate(Args, DEBUG_VALUE_INT64, &address, nullptr);
    if (FAILED(status))
        return status;
    status = engine.Spaces->ReadPhysical(address.I64, bytes, sizeof(bytes), &read);
    if (FAILED(status))
        return status;
    engine.Control->Output(DEBUG_OUTPUT_NORMAL, "%I64x:", address.I64);
    for (ULONG i = 0; i < read; i++)
        engine.Control->Output(DEBUG_OUTPUT_NORMAL, " %02x", bytes[i]);
    engine.Control->Output(DEBUG_OUTPUT_NORMAL, "\n");
    return S_OK;
}

// !state: what the engine told.
extern "C" HRESULT CALLBACK state(PDEBUG_CLIENT Client, PCSTR Args)
{
    Engine engine(Client);
    ULONG status = 0;
    engine.Control->GetExecutionStatus(&status);
    engine.Control->Output(DEBUG_OUTPUT_NORMAL, "status %u, accessible %u, args '%s'\n", status, Accessible, Args);
    return S_OK;
}

// !run COMMAND: of the engine.
extern "C" HRESULT CALLBACK run(PDEBUG_CLIENT Client, PCSTR Args)
{
    Engine engine(Client);
    return engine.Control->Execute(DEBUG_OUTCTL_THIS_CLIENT, Args, DEBUG_EXECUTE_DEFAULT);
}

extern "C" HRESULT CALLBACK decline(PDEBUG_CLIENT, PCSTR)
{
    return DEBUG_EXTENSION_CONTINUE_SEARCH;
}

extern "C" HRESULT CALLBACK quit(PDEBUG_CLIENT, PCSTR)
{
    std::abort();
}

extern "C" HRESULT CALLBACK _EFN_sum(ULONG a, ULONG b)
{
    return static_cast<HRESULT>(a + b);
}
