/* SPDX-License-Identifier: MIT */
/*
 * client_cpp.cpp: pokes a target's ports as a Windows debugger client in C++ does: __uuidof, output callbacks of its
 * own, methods called as methods. Usage and exit status are those of client_c.c; the ports are 0xd20 to 0xd3f and 0x80.
 */
#define KDEXT_64BIT

#include <windows.h>

#include <wdbgexts.h>

#include <dbgeng.h>

#include <cstdio>
#include <cstdlib>
#include <string>

WINDBG_EXTENSION_APIS ExtensionApis;

namespace {

constexpr ULONG interface_isa = 1;
constexpr ULONG interface_pci = 5;
constexpr ULONG address_space_io = 1;
constexpr ULONG pci_address = 0xcf8;
constexpr ULONG pci_data = 0xcfc;
constexpr ULONG pci_enable = 0x80000000;

int failures;

void expect(const char *what, ULONG actual, ULONG expected)
{
    std::printf("%s: 0x%08lx%s\n", what, (unsigned long)actual, actual == expected ? "" : " WRONG");
    if (actual == expected)
        return;
    std::printf("    expected 0x%08lx\n", (unsigned long)expected);
    failures++;
}

void expect(const char *what, HRESULT actual, HRESULT expected)
{
    expect(what, static_cast<ULONG>(actual), static_cast<ULONG>(expected));
}

/* Keeps what the engine says. */
class Collector final : public IDebugOutputCallbacks {
public:
    STDMETHOD(QueryInterface)(REFIID iid, PVOID *out) override
    {
        *out = nullptr;
        if (iid != __uuidof(IUnknown) && iid != __uuidof(IDebugOutputCallbacks))
            return E_NOINTERFACE;
        *out = this;
        AddRef();
        return S_OK;
    }
    STDMETHOD_(ULONG, AddRef)() override
    {
        return ++references;
    }
    STDMETHOD_(ULONG, Release)() override
    {
        return --references;
    }
    STDMETHOD(Output)(ULONG mask, PCSTR piece) override
    {
        if (mask & DEBUG_OUTPUT_DEBUGGEE)
            console += piece;
        else
            text += piece;
        return S_OK;
    }
    std::string text, console;
    ULONG references = 0;
};

struct Interfaces {
    IDebugClient *client = nullptr;
    IDebugControl *control = nullptr;
    IDebugDataSpaces4 *spaces = nullptr;
};

void open_interfaces(Interfaces &debug)
{
    expect("DebugCreate", DebugCreate(__uuidof(IDebugClient), (PVOID *)&debug.client), S_OK);
    expect("IDebugControl", debug.client->QueryInterface(__uuidof(IDebugControl), (PVOID *)&debug.control), S_OK);
    expect("IDebugDataSpaces4", debug.control->QueryInterface(IID_PPV_ARGS(&debug.spaces)), S_OK);
    ExtensionApis.nSize = sizeof(ExtensionApis);
    expect("GetWindbgExtensionApis64", debug.control->GetWindbgExtensionApis64(&ExtensionApis), S_OK);
}

bool attach(Interfaces &debug, const char *options)
{
    ULONG status = 99;
    HRESULT hr = debug.client->AttachKernel(DEBUG_ATTACH_KERNEL_CONNECTION, options);
    expect("AttachKernel", hr, S_OK);
    if (FAILED(hr))
        return false;
    expect("WaitForEvent", debug.control->WaitForEvent(DEBUG_WAIT_DEFAULT, INFINITE), S_OK);
    expect("GetExecutionStatus", debug.control->GetExecutionStatus(&status), S_OK);
    expect("  status", status, ULONG(DEBUG_STATUS_BREAK));
    expect("IsPointer64Bit", debug.control->IsPointer64Bit(), S_OK);
    return true;
}

void poke(IDebugDataSpaces *spaces, ULONG64 port, ULONG value, ULONG size)
{
    ULONG written = 99;
    std::printf("port 0x%lx, value 0x%lx\n", (unsigned long)port, (unsigned long)value);
    expect("  WriteIo", spaces->WriteIo(interface_isa, 0, address_space_io, port, &value, size, &written), S_OK);
    expect("  BytesWritten", written, size);
}

ULONG peek(IDebugDataSpaces *spaces, ULONG64 port, ULONG size)
{
    ULONG value = 0, got = 99;
    expect("ReadIo", spaces->ReadIo(interface_isa, 0, address_space_io, port, &value, size, &got), S_OK);
    expect("  BytesRead", got, size);
    return value;
}

void access_ports(IDebugDataSpaces4 *spaces)
{
    poke(spaces, 0xd20, 0xa1, 1);
    poke(spaces, 0xd22, 0xb2a1, 2);
    poke(spaces, 0xd24, 0xd4c3b2a1, 4);
    poke(spaces, 0x80, 0x43, 1);
    poke(spaces, pci_address, pci_enable, 4);
    expect("configuration address", peek(spaces, pci_address, 4), pci_enable);
    ULONG identity = peek(spaces, pci_data, 4);
    expect("a device answers", ULONG(identity != 0 && identity != 0xffffffff), 1u);
    expect("low half", peek(spaces, pci_data, 2), identity & 0xffff);
    expect("low byte", peek(spaces, pci_data, 1), identity & 0xff);
}

void use_helpers()
{
    ULONG size = 4, value = 0;
    WriteIoSpace64(0xd30, 0x44332211, &size);
    expect("WriteIoSpace64", size, 4u);
    WriteIoSpace64(0xd30, 1, &(size = 3));
    expect("WriteIoSpace64 of 3 bytes", size, 0u);
    WriteIoSpace64(0xd31, 1, &(size = 2));
    expect("WriteIoSpace64 misaligned", size, 0u);
    ReadIoSpace64(pci_address, &value, &(size = 4));
    expect("ReadIoSpace64", value, pci_enable);
    expect("  size", size, 4u);
    dprintf("%s %lx %I64x\n", "dprintf", (ULONG)-1, (ULONG64)1 << 32);
}

void refuse(IDebugDataSpaces4 *spaces, const char *what, ULONG interface_type, ULONG address_space, ULONG64 port,
            PVOID buffer, ULONG size, ULONG expected)
{
    ULONG count = 99;
    std::printf("%s\n", what);
    expect("  WriteIo", (ULONG)spaces->WriteIo(interface_type, 0, address_space, port, buffer, size, &count), expected);
    expect("  BytesWritten", count, 0u);
    expect("  ReadIo", (ULONG)spaces->ReadIo(interface_type, 0, address_space, port, buffer, size, &(count = 99)),
           expected);
    expect("  BytesRead", count, 0u);
}

void check_errors(IDebugDataSpaces4 *spaces, const char *link_port)
{
    UCHAR buffer[8] = {};
    refuse(spaces, "no buffer", interface_isa, 1, 0x80, nullptr, 1, 0x80070057);
    refuse(spaces, "size 3", interface_isa, 1, 0x80, buffer, 3, 0x80070057);
    refuse(spaces, "address space 0", interface_isa, 0, 0x80, buffer, 1, 0x80070057);
    refuse(spaces, "PCIBus", interface_pci, 1, 0x80, buffer, 1, 0x80070057);
    refuse(spaces, "port 0x10000", interface_isa, 1, 0x10000, buffer, 1, 0x80070057);
    refuse(spaces, "misaligned", interface_isa, 1, 0x81, buffer, 2, 0x90000002);
    if (link_port != nullptr)
        refuse(spaces, "the link's UART", interface_isa, 1, std::strtoul(link_port, nullptr, 16), buffer, 1,
               0x80070005);
    expect("CheckLowMemory", spaces->CheckLowMemory(), S_OK);
    ULONG got = 99;
    expect("ReadPhysical2", spaces->ReadPhysical2(0x1000, DEBUG_PHYSICAL_DEFAULT, buffer, 8, &got), S_OK);
    expect("  BytesRead", got, 8u);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        std::fprintf(stderr, "usage: client_cpp OPTIONS [LINK-PORT]\n");
        return 2;
    }
    Interfaces debug;
    Collector output;
    open_interfaces(debug);
    refuse(debug.spaces, "no target", interface_isa, 1, 0x80, &failures, 1, 0x8000ffff);
    expect("SetOutputCallbacks", debug.client->SetOutputCallbacks(&output), S_OK);
    if (attach(debug, argv[1])) {
        access_ports(debug.spaces);
        use_helpers();
        check_errors(debug.spaces, argc == 3 ? argv[2] : nullptr);
        expect("EndSession", debug.client->EndSession(DEBUG_END_ACTIVE_DETACH), S_OK);
        expect("what dprintf said", ULONG(output.text == "dprintf ffffffff 100000000\n"), 1u);
    }
    debug.spaces->Release();
    debug.control->Release();
    expect("Release", debug.client->Release(), 0u);
    expect("references to the callbacks", output.references, 0u);
    std::printf("%s, %lu bytes of console text\n", failures == 0 ? "all right" : "WRONG",
                (unsigned long)output.console.size());
    return failures == 0 ? 0 : 1;
}
