/* SPDX-License-Identifier: MIT */
/*
 * client_c.c: pokes a target's ports as a Windows debugger client in C does, with Windows' headers and nothing else.
 *
 * Usage: client_c OPTIONS [LINK-PORT]
 * OPTIONS are AttachKernel's. LINK-PORT (hexadecimal), where given, is a port of the link's UART: it must be refused.
 * Prints each call. Exits with 0 only if every HRESULT, count and value is right; the bytes that reach the target's
 * ports are for the caller to witness: 0xd00 to 0xd0f (WriteIo), 0xd10 to 0xd1f (WriteIoSpace and its kin), 0x80.
 */
#define KDEXT_64BIT

#include <windows.h>

#include <initguid.h>
#include <wdbgexts.h>

#include <dbgeng.h>

#include <stdio.h>
#include <stdlib.h>

#define INTERFACE_ISA 1
#define INTERFACE_PCI 5
#define ADDRESS_SPACE_IO 1

#define MSR_EFER 0xc0000080

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000

WINDBG_EXTENSION_APIS ExtensionApis;

static IDebugClient *client;
static IDebugControl *control;
static IDebugDataSpaces4 *spaces;
static int failures;

static void expect(const char *what, ULONG actual, ULONG expected)
{
    printf("%s: 0x%08lx%s\n", what, (unsigned long)actual, actual == expected ? "" : " WRONG");
    if (actual == expected)
        return;
    printf("    expected 0x%08lx\n", (unsigned long)expected);
    failures++;
}

/* ---- WriteIo and ReadIo ---- */

static void write_io(ULONG64 port, ULONG value, ULONG size)
{
    ULONG written = 99;
    HRESULT hr = spaces->lpVtbl->WriteIo(spaces, INTERFACE_ISA, 0, ADDRESS_SPACE_IO, port, &value, size, &written);
    printf("port 0x%lx, value 0x%lx\n", (unsigned long)port, (unsigned long)value);
    expect("  WriteIo", hr, S_OK);
    expect("  BytesWritten", written, size);
}

static ULONG read_io(ULONG64 port, ULONG size)
{
    ULONG value = 0, got = 99;
    HRESULT hr = spaces->lpVtbl->ReadIo(spaces, INTERFACE_ISA, 0, ADDRESS_SPACE_IO, port, &value, size, &got);
    printf("port 0x%lx reads as 0x%lx\n", (unsigned long)port, (unsigned long)value);
    expect("  ReadIo", hr, S_OK);
    expect("  BytesRead", got, size);
    return value;
}

static void poke(void)
{
    write_io(0xd00, 0xa1, 1);
    write_io(0xd02, 0xb2a1, 2);
    write_io(0xd04, 0xd4c3b2a1, 4);
    write_io(0x80, 0x42, 1);
}

/* The first PCI device's identity, read in three widths that must agree. */
static void read_back(void)
{
    write_io(PCI_ADDRESS, PCI_ENABLE, 4);
    expect("configuration address", read_io(PCI_ADDRESS, 4), PCI_ENABLE);
    ULONG identity = read_io(PCI_DATA, 4);
    expect("a device answers", identity != 0xffffffff && identity != 0, 1);
    expect("low half", read_io(PCI_DATA, 2), identity & 0xffff);
    expect("high half", read_io(PCI_DATA + 2, 2), identity >> 16);
    expect("low byte", read_io(PCI_DATA, 1), identity & 0xff);
}

/* ---- Errors ---- */

struct bad_call {
    const char *what;
    ULONG interface_type, bus_number, address_space;
    ULONG64 port;
    ULONG size;
    int no_buffer;
    ULONG expected;
};

static const struct bad_call bad_calls[] = {
    { "no buffer", INTERFACE_ISA, 0, 1, 0x80, 1, 1, 0x80070057 },
    { "size 3", INTERFACE_ISA, 0, 1, 0x80, 3, 0, 0x80070057 },
    { "size 0", INTERFACE_ISA, 0, 1, 0x80, 0, 0, 0x80070057 },
    { "size 8", INTERFACE_ISA, 0, 1, 0x80, 8, 0, 0x80070057 },
    { "address space 0", INTERFACE_ISA, 0, 0, 0x80, 1, 0, 0x80070057 },
    { "PCIBus", INTERFACE_PCI, 0, 1, 0x80, 1, 0, 0x80070057 },
    { "bus 1", INTERFACE_ISA, 1, 1, 0x80, 1, 0, 0x80070057 },
    { "port 0x10000", INTERFACE_ISA, 0, 1, 0x10000, 1, 0, 0x80070057 },
    { "port 0xfffe, size 4", INTERFACE_ISA, 0, 1, 0xfffe, 4, 0, 0x80070057 },
    { "misaligned", INTERFACE_ISA, 0, 1, 0xcf9, 4, 0, 0x90000002 },
};

static void call_badly(const struct bad_call *call)
{
    UCHAR buffer[8] = { 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee };
    PVOID given = call->no_buffer ? NULL : buffer;
    ULONG count = 99;
    HRESULT hr = spaces->lpVtbl->WriteIo(spaces, call->interface_type, call->bus_number, call->address_space,
                                         call->port, given, call->size, &count);
    printf("%s\n", call->what);
    expect("  WriteIo", hr, call->expected);
    expect("  BytesWritten", count, 0);
    count = 99;
    hr = spaces->lpVtbl->ReadIo(spaces, call->interface_type, call->bus_number, call->address_space, call->port, given,
                                call->size, &count);
    expect("  ReadIo", hr, call->expected);
    expect("  BytesRead", count, 0);
    expect("  buffer", buffer[0] & buffer[7], 0xee);
}

static void check_errors(const char *link_port)
{
    for (size_t i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++)
        call_badly(&bad_calls[i]);
    if (link_port != NULL) {
        struct bad_call link = { "the link's UART", INTERFACE_ISA, 0, 1, 0, 1, 0, 0x80070005 };
        link.port = strtoul(link_port, NULL, 16);
        call_badly(&link);
    }
    ULONG64 value = 7;
    expect("ReadMsr", spaces->lpVtbl->ReadMsr(spaces, MSR_EFER, &value), S_OK);
    ULONG got = 99;
    expect("ReadPhysical", spaces->lpVtbl->ReadPhysical(spaces, 0x1000, &value, 8, &got), S_OK);
    expect("  BytesRead", got, 8);
}

static void check_no_target(void)
{
    UCHAR byte = 0xee;
    ULONG count = 99;
    printf("no target\n");
    expect("  WriteIo", spaces->lpVtbl->WriteIo(spaces, INTERFACE_ISA, 0, 1, 0x80, &byte, 1, &count), E_UNEXPECTED);
    expect("  BytesWritten", count, 0);
    count = 99;
    expect("  ReadIo", spaces->lpVtbl->ReadIo(spaces, INTERFACE_ISA, 0, 1, 0x80, &byte, 1, &count), E_UNEXPECTED);
    expect("  BytesRead", count, 0);
}

/* ---- The helpers of wdbgexts.h ---- */

static void write_io_space(ULONG64 port, ULONG value, ULONG size, ULONG expected)
{
    ULONG written = size;
    WriteIoSpace64(port, value, &written);
    printf("WriteIoSpace64(0x%lx, 0x%lx, %lu)\n", (unsigned long)port, (unsigned long)value, (unsigned long)size);
    expect("  size", written, expected);
}

static void use_helpers(void)
{
    ULONG size, value = 0;
    write_io_space(0xd10, 0x11, 1, 1);
    write_io_space(0xd12, 0x2211, 2, 2);
    write_io_space(0xd14, 0x44332211, 4, 4);
    write_io_space(0xd18, 1, 3, 0);
    write_io_space(0xd19, 1, 2, 0);
    write_io_space(0x10000, 1, 1, 0);
    WriteIoSpace(0xd18, 0x55, (size = 1, &size));
    expect("WriteIoSpace", size, 1);
    WriteIoSpaceEx64(0xd1c, 0x88776655, (size = 4, &size), INTERFACE_ISA, 0, ADDRESS_SPACE_IO);
    expect("WriteIoSpaceEx64", size, 4);
    WriteIoSpaceEx64(0xd1c, 0, (size = 4, &size), INTERFACE_PCI, 0, ADDRESS_SPACE_IO);
    expect("WriteIoSpaceEx64 with PCIBus", size, 0);
    ReadIoSpace64(PCI_ADDRESS, &value, (size = 4, &size));
    expect("ReadIoSpace64", value, PCI_ENABLE);
    expect("  size", size, 4);
    ReadIoSpaceEx64(PCI_ADDRESS, &value, (size = 4, &size), INTERFACE_ISA, 0, ADDRESS_SPACE_IO);
    expect("ReadIoSpaceEx64", value, PCI_ENABLE);
    expect("IsPtr64", IsPtr64(), 1);
}

/* ---- A session ---- */

static void open_interfaces(void)
{
    expect("DebugCreate", DebugCreate(&IID_IDebugClient, (PVOID *)&client), S_OK);
    expect("IDebugControl", client->lpVtbl->QueryInterface(client, &IID_IDebugControl, (PVOID *)&control), S_OK);
    expect("IDebugDataSpaces4", client->lpVtbl->QueryInterface(client, &IID_IDebugDataSpaces4, (PVOID *)&spaces), S_OK);
    ExtensionApis.nSize = sizeof(ExtensionApis);
    expect("GetWindbgExtensionApis64", control->lpVtbl->GetWindbgExtensionApis64(control, &ExtensionApis), S_OK);
}

static int attach(const char *options)
{
    ULONG status = 99;
    expect("AttachKernel(nonsense)", client->lpVtbl->AttachKernel(client, 0, "com:nonsense"), E_INVALIDARG);
    HRESULT hr = client->lpVtbl->AttachKernel(client, DEBUG_ATTACH_KERNEL_CONNECTION, options);
    expect("AttachKernel", hr, S_OK);
    if (FAILED(hr))
        return 0;
    expect("WaitForEvent", control->lpVtbl->WaitForEvent(control, DEBUG_WAIT_DEFAULT, INFINITE), S_OK);
    expect("GetExecutionStatus", control->lpVtbl->GetExecutionStatus(control, &status), S_OK);
    expect("  status", status, DEBUG_STATUS_BREAK);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: client_c OPTIONS [LINK-PORT]\n");
        return 2;
    }
    open_interfaces();
    check_no_target();
    if (attach(argv[1])) {
        poke();
        read_back();
        use_helpers();
        check_errors(argc == 3 ? argv[2] : NULL);
        expect("EndSession", client->lpVtbl->EndSession(client, DEBUG_END_ACTIVE_DETACH), S_OK);
    }
    check_no_target();
    spaces->lpVtbl->Release(spaces);
    control->lpVtbl->Release(control);
    expect("Release", client->lpVtbl->Release(client), 0);
    printf(failures == 0 ? "all right\n" : "%d wrong\n", failures);
    return failures == 0 ? 0 : 1;
}
