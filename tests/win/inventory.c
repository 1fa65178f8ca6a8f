/* SPDX-License-Identifier: MIT */
/*
 * inventory.c: a kernel debugger client as Windows programmers write them: it takes stock of a machine and leaves a
 * mark. The same file compiles with mingw-w64's headers for Windows and with kdio's here.
 *
 * Usage: inventory OPTIONS SCRATCH
 * OPTIONS are AttachKernel's; SCRATCH (hexadecimal) is a page of physical memory that nothing uses.
 * Prints one fact a line. Exits with 0 only if every call returned what it should.
 */
#include <windows.h>

#include <initguid.h>

#include <dbgeng.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_CONFIGURATION 4 /* BUS_DATA_TYPE PCIConfiguration */
#define INTERFACE_ISA 1
#define ADDRESS_SPACE_IO 1
#define CONTROL_SPECIAL_REGISTERS 2

#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080

/* Headers before mingw-w64 12 end with IDebugDataSpaces3. */
#ifdef DEBUG_PHYSICAL_DEFAULT
typedef IDebugDataSpaces4 DataSpaces;
#define IID_DataSpaces IID_IDebugDataSpaces4
#else
typedef IDebugDataSpaces3 DataSpaces;
#define IID_DataSpaces IID_IDebugDataSpaces3
#endif

static IDebugClient *Client;
static IDebugControl *Control;
static IDebugRegisters *Registers;
static IDebugSystemObjects *System;
static DataSpaces *Spaces;
static int Failures;

static BOOL Check(HRESULT Status, HRESULT Expected, const char *What)
{
    if (Status == Expected)
        return TRUE;
    printf("FAILED %s: 0x%08lx, not 0x%08lx\n", What, (unsigned long)Status, (unsigned long)Expected);
    Failures++;
    return FALSE;
}

/* ---- Output callbacks ---- */

static HRESULT STDMETHODCALLTYPE OutputQuery(IDebugOutputCallbacks *This, REFIID Iid, PVOID *Out)
{
    (void)Iid;
    *Out = This;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE OutputCount(IDebugOutputCallbacks *This)
{
    (void)This;
    return 1;
}

static HRESULT STDMETHODCALLTYPE OutputText(IDebugOutputCallbacks *This, ULONG Mask, PCSTR Text)
{
    (void)This;
    if (Mask & DEBUG_OUTPUT_NORMAL)
        printf("output %s", Text);
    return S_OK;
}

static IDebugOutputCallbacksVtbl OutputMethods = { OutputQuery, OutputCount, OutputCount, OutputText };
static IDebugOutputCallbacks Output = { &OutputMethods };

/* ---- Session ---- */

static void *Query(const IID *Iid)
{
    void *Out = NULL;
    Check(Client->lpVtbl->QueryInterface(Client, Iid, &Out), S_OK, "QueryInterface");
    return Out;
}

static BOOL Attach(const char *Options)
{
    if (!Check(DebugCreate(&IID_IDebugClient, (PVOID *)&Client), S_OK, "DebugCreate"))
        return FALSE;
    Control = (IDebugControl *)Query(&IID_IDebugControl);
    Registers = (IDebugRegisters *)Query(&IID_IDebugRegisters);
    System = (IDebugSystemObjects *)Query(&IID_IDebugSystemObjects);
    Spaces = (DataSpaces *)Query(&IID_DataSpaces);
    Check(Client->lpVtbl->SetOutputCallbacks(Client, &Output), S_OK, "SetOutputCallbacks");
    return Check(Client->lpVtbl->AttachKernel(Client, DEBUG_ATTACH_KERNEL_CONNECTION, Options), S_OK, "AttachKernel") &&
           Check(Control->lpVtbl->WaitForEvent(Control, DEBUG_WAIT_DEFAULT, INFINITE), S_OK, "WaitForEvent");
}

static void Detach(void)
{
    Check(Client->lpVtbl->EndSession(Client, DEBUG_END_ACTIVE_DETACH), S_OK, "EndSession");
    Client->lpVtbl->SetOutputCallbacks(Client, NULL);
    Spaces->lpVtbl->Release(Spaces);
    System->lpVtbl->Release(System);
    Registers->lpVtbl->Release(Registers);
    Control->lpVtbl->Release(Control);
    Client->lpVtbl->Release(Client);
}

/* ---- Processor ---- */

static void ShowProcessor(void)
{
    DEBUG_PROCESSOR_IDENTIFICATION_ALL Id;
    ULONG Type = 0, Number = 0, Thread = 9, Mhz = 0, Size = 0;
    Check(Control->lpVtbl->GetActualProcessorType(Control, &Type), S_OK, "GetActualProcessorType");
    Check(Control->lpVtbl->GetNumberProcessors(Control, &Number), S_OK, "GetNumberProcessors");
    Check(System->lpVtbl->GetCurrentThreadId(System, &Thread), S_OK, "GetCurrentThreadId");
    memset(&Id, 0, sizeof(Id));
    Check(Spaces->lpVtbl->ReadProcessorSystemData(Spaces, 0, DEBUG_DATA_PROCESSOR_IDENTIFICATION, &Id, sizeof(Id),
                                                  &Size), S_OK, "ReadProcessorSystemData");
    Check(Spaces->lpVtbl->ReadProcessorSystemData(Spaces, 0, DEBUG_DATA_PROCESSOR_SPEED, &Mhz, sizeof(Mhz), NULL),
          S_OK, "ReadProcessorSystemData(speed)");
    printf("processor type %lx number %lu thread %lu %s family %lu model %lu stepping %lu\n", (unsigned long)Type,
           (unsigned long)Number, (unsigned long)Thread, Id.Amd64.VendorString, (unsigned long)Id.Amd64.Family,
           (unsigned long)Id.Amd64.Model, (unsigned long)Id.Amd64.Stepping);
    Check(Mhz > 0 ? S_OK : E_FAIL, S_OK, "speed");
}

static void ShowMsr(ULONG Msr)
{
    ULONG64 Value = 0;
    if (Check(Spaces->lpVtbl->ReadMsr(Spaces, Msr, &Value), S_OK, "ReadMsr"))
        printf("msr %lx %llx\n", (unsigned long)Msr, (unsigned long long)Value);
}

static void ShowRegister(const char *Name)
{
    DEBUG_VALUE Value;
    ULONG Index = 0;
    if (Check(Registers->lpVtbl->GetIndexByName(Registers, Name, &Index), S_OK, "GetIndexByName") &&
        Check(Registers->lpVtbl->GetValue(Registers, Index, &Value), S_OK, "GetValue"))
        printf("register %s %llx\n", Name, (unsigned long long)Value.I64);
}

static void ShowRegisters(void)
{
    ULONG64 Block[27];
    ULONG Read = 0;
    ShowMsr(MSR_EFER);
    ShowMsr(MSR_APIC_BASE);
    ShowRegister("cr0");
    ShowRegister("cr3");
    ShowRegister("cr4");
    ShowRegister("gdtr");
    ShowRegister("idtr");
    if (Check(Spaces->lpVtbl->ReadControl(Spaces, 0, CONTROL_SPECIAL_REGISTERS, Block, sizeof(Block), &Read), S_OK,
              "ReadControl"))
        printf("control %lu cr3 %llx\n", (unsigned long)Read, (unsigned long long)Block[2]);
}

/* ---- PCI ---- */

static void ShowFunction(ULONG Bus, ULONG Device, ULONG Function)
{
    USHORT Id[2] = { 0xffff, 0xffff };
    ULONG Slot = Device | Function << 5, Read = 0;
    if (Check(Spaces->lpVtbl->ReadBusData(Spaces, PCI_CONFIGURATION, Bus, Slot, 0, Id, sizeof(Id), &Read), S_OK,
              "ReadBusData") && Id[0] != 0xffff)
        printf("pci %lu %lu %lu %04x:%04x\n", (unsigned long)Bus, (unsigned long)Device, (unsigned long)Function, Id[0],
               Id[1]);
}

static void ShowPci(void)
{
    for (ULONG Device = 0; Device < 32; Device++)
        for (ULONG Function = 0; Function < 8; Function++)
            ShowFunction(0, Device, Function);
}

/* ---- Memory ---- */

static void UsePhysical(ULONG64 Scratch)
{
    static const char Text[] = "the quick brown fox";
    char Back[sizeof(Text)] = "";
    ULONG Count = 0;
    Check(Spaces->lpVtbl->FillPhysical(Spaces, Scratch, 4096, (PVOID) "\xde\xad\xbe\xef", 4, &Count), S_OK,
          "FillPhysical");
    Check(Count == 4096 ? S_OK : E_FAIL, S_OK, "filled");
    Check(Spaces->lpVtbl->WritePhysical(Spaces, Scratch + 0x123, (PVOID)Text, sizeof(Text), &Count), S_OK,
          "WritePhysical");
    Check(Spaces->lpVtbl->ReadPhysical(Spaces, Scratch + 0x123, Back, sizeof(Back), &Count), S_OK, "ReadPhysical");
    printf("physical %lu '%s'\n", (unsigned long)Count, Back);
}

/* The interrupt descriptor table, by either address. */
static void UseVirtual(void)
{
    DEBUG_VALUE Idt;
    ULONG64 Offsets[6], Physical = 0, Virtual = 0;
    ULONG64 ByVirtual = 0, ByPhysical = 1;
    ULONG Levels = 0, Index = 0;
    Check(Registers->lpVtbl->GetIndexByName(Registers, "idtr", &Index), S_OK, "GetIndexByName");
    Check(Registers->lpVtbl->GetValue(Registers, Index, &Idt), S_OK, "GetValue");
    Virtual = Idt.I64;
    Check(Spaces->lpVtbl->VirtualToPhysical(Spaces, Virtual, &Physical), S_OK, "VirtualToPhysical");
    Check(Spaces->lpVtbl->GetVirtualTranslationPhysicalOffsets(Spaces, Virtual, Offsets, 6, &Levels), S_OK,
          "GetVirtualTranslationPhysicalOffsets");
    Check(Levels >= 3 && Offsets[Levels - 1] == Physical ? S_OK : E_FAIL, S_OK, "levels");
    Check(Spaces->lpVtbl->ReadVirtual(Spaces, Virtual, &ByVirtual, sizeof(ByVirtual), NULL), S_OK, "ReadVirtual");
    Check(Spaces->lpVtbl->ReadPhysical(Spaces, Physical, &ByPhysical, sizeof(ByPhysical), NULL), S_OK, "ReadPhysical");
    Check(ByVirtual == ByPhysical ? S_OK : E_FAIL, S_OK, "the same by either address");
    printf("translation %llx %llx base %llx\n", (unsigned long long)Virtual, (unsigned long long)Physical,
           (unsigned long long)Offsets[0]);
    Check(Spaces->lpVtbl->SearchVirtual(Spaces, Virtual, 16, &ByVirtual, 8, 8, &Offsets[0]), S_OK, "SearchVirtual");
    Check(Offsets[0] == Virtual ? S_OK : E_FAIL, S_OK, "found");
    Check(Spaces->lpVtbl->SearchVirtual(Spaces, Virtual, 8, (PVOID) "absent!?", 8, 8, &Offsets[0]),
          HRESULT_FROM_NT(0x8000001A), "SearchVirtual of what is absent");
    Check(Spaces->lpVtbl->ReadVirtual(Spaces, 0x123456789000ull, &ByVirtual, 8, NULL),
          HRESULT_FROM_WIN32(ERROR_READ_FAULT), "ReadVirtual of what is absent");
}

/* ---- Ports ---- */

static void WritePort(ULONG64 Port, ULONG Value, ULONG Size)
{
    ULONG Written = 0;
    Check(Spaces->lpVtbl->WriteIo(Spaces, INTERFACE_ISA, 0, ADDRESS_SPACE_IO, Port, &Value, Size, &Written), S_OK,
          "WriteIo");
    Check(Written == Size ? S_OK : E_FAIL, S_OK, "written");
}

static void LeaveMark(void)
{
    WritePort(0xd40, 0x4d, 1);
    WritePort(0xd42, 0x4b52, 2);
    WritePort(0xd44, 0x214b524d, 4);
}

/* ---- The engine ---- */

static void UseEngine(void)
{
    DEBUG_VALUE Value;
    Check(Control->lpVtbl->Evaluate(Control, "@cr0 & 1 + 0n41", DEBUG_VALUE_INT32, &Value, NULL), S_OK, "Evaluate");
    Check(Control->lpVtbl->Execute(Control, DEBUG_OUTCTL_THIS_CLIENT, "ob d48 7e", DEBUG_EXECUTE_DEFAULT), S_OK,
          "Execute(ob)");
    Check(Control->lpVtbl->Execute(Control, DEBUG_OUTCTL_THIS_CLIENT, "rdmsr c0000080", DEBUG_EXECUTE_DEFAULT), S_OK,
          "Execute(rdmsr)");
    Check(Control->lpVtbl->Execute(Control, DEBUG_OUTCTL_THIS_CLIENT, "nonsense", DEBUG_EXECUTE_DEFAULT), E_FAIL,
          "Execute(nonsense)");
    Check(Control->lpVtbl->Output(Control, DEBUG_OUTPUT_NORMAL, "done %x\n", 1), S_OK, "Output");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: inventory OPTIONS SCRATCH\n");
        return 2;
    }
    if (!Attach(argv[1]))
        return 1;
    ShowProcessor();
    ShowRegisters();
    ShowPci();
    UsePhysical(strtoull(argv[2], NULL, 16));
    UseVirtual();
    LeaveMark();
    UseEngine();
    Detach();
    printf("%d failures\n", Failures);
    return Failures == 0 ? 0 : 1;
}
