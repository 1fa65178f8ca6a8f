/* SPDX-License-Identifier: MIT */
/*
 * spaces.c: IDebugDataSpaces to 4, one table for the four. Each method takes its turn on the target and does one of the
 * accesses of access.h; dbgeng.h has the table of what they return.
 */
#include "host/win/access.h"
#include "host/win/methods.h"

#define INTERFACE IDebugDataSpaces4
#define KDIO_WIN_PREFIX spaces_
KDIO_DEBUG_DATA_SPACES_METHODS(KDIO_WIN_FUNCTION)
KDIO_DEBUG_DATA_SPACES2_METHODS(KDIO_WIN_FUNCTION)
KDIO_DEBUG_DATA_SPACES3_METHODS(KDIO_WIN_FUNCTION)
KDIO_DEBUG_DATA_SPACES4_METHODS(KDIO_WIN_FUNCTION)
KDIO_WIN_UNKNOWN(IDebugDataSpaces4, spaces)

const IDebugDataSpaces4Vtbl kdio_win_spaces_methods = {
    KDIO_WIN_UNKNOWN_ENTRIES,
    KDIO_DEBUG_DATA_SPACES_METHODS(KDIO_WIN_ENTRY)
    KDIO_DEBUG_DATA_SPACES2_METHODS(KDIO_WIN_ENTRY)
    KDIO_DEBUG_DATA_SPACES3_METHODS(KDIO_WIN_ENTRY)
    KDIO_DEBUG_DATA_SPACES4_METHODS(KDIO_WIN_ENTRY)
};

/* The client, with the count 0 for when there is no access at all. */
static struct kdio_win_client *client_of(IDebugDataSpaces4 *This, PULONG count)
{
    if (count != NULL)
        *count = 0;
    return KDIO_WIN_CLIENT(This, spaces);
}

/* ---- Virtual memory ---- */

static HRESULT spaces_ReadVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                  PULONG BytesRead)
{
    struct kdio_win_client *client = client_of(This, BytesRead);
    return KDIO_WIN_ACCESS(client, kdio_win_memory_read(client, KDIO_SPACE_VIRTUAL, Offset, Buffer, BufferSize,
                                                        BytesRead));
}

static HRESULT spaces_WriteVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                   PULONG BytesWritten)
{
    struct kdio_win_client *client = client_of(This, BytesWritten);
    return KDIO_WIN_ACCESS(client, kdio_win_memory_write(client, KDIO_SPACE_VIRTUAL, Offset, Buffer, BufferSize,
                                                         BytesWritten));
}

static HRESULT spaces_ReadVirtualUncached(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                          PULONG BytesRead)
{
    return spaces_ReadVirtual(This, Offset, Buffer, BufferSize, BytesRead);
}

static HRESULT spaces_WriteVirtualUncached(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                           PULONG BytesWritten)
{
    return spaces_WriteVirtual(This, Offset, Buffer, BufferSize, BytesWritten);
}

static HRESULT spaces_SearchVirtual2(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG64 Length, ULONG Flags,
                                     PVOID Pattern, ULONG PatternSize, ULONG PatternGranularity, PULONG64 MatchOffset)
{
    struct kdio_win_client *client = client_of(This, NULL);
    struct kdio_win_search search = { Offset, Length, Pattern, PatternSize, PatternGranularity };
    return KDIO_WIN_ACCESS(client, kdio_win_search(client, &search, Flags, MatchOffset));
}

static HRESULT spaces_SearchVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG64 Length, PVOID Pattern,
                                    ULONG PatternSize, ULONG PatternGranularity, PULONG64 MatchOffset)
{
    return spaces_SearchVirtual2(This, Offset, Length, DEBUG_VSEARCH_DEFAULT, Pattern, PatternSize, PatternGranularity,
                                 MatchOffset);
}

static HRESULT spaces_FillVirtual(IDebugDataSpaces4 *This, ULONG64 Start, ULONG Size, PVOID Pattern, ULONG PatternSize,
                                  PULONG Filled)
{
    struct kdio_win_client *client = client_of(This, Filled);
    return KDIO_WIN_ACCESS(client, kdio_win_memory_fill(client, KDIO_SPACE_VIRTUAL, Start, Size, Pattern, PatternSize,
                                                        Filled));
}

/* ---- Pointers: all of them, or a failure ---- */

#define POINTER_SIZE 8u
#define POINTERS_MAX (UINT32_MAX / POINTER_SIZE)

static HRESULT read_pointers(struct kdio_win_client *client, ULONG count, ULONG64 offset, PULONG64 pointers)
{
    if (pointers == NULL || count > POINTERS_MAX)
        return E_INVALIDARG;
    return kdio_win_memory_read_all(client, KDIO_SPACE_VIRTUAL, offset, pointers, count * POINTER_SIZE);
}

static HRESULT write_pointers(struct kdio_win_client *client, ULONG count, ULONG64 offset, const ULONG64 *pointers)
{
    ULONG written = 0;
    if (pointers == NULL || count > POINTERS_MAX)
        return E_INVALIDARG;
    HRESULT result = kdio_win_memory_write(client, KDIO_SPACE_VIRTUAL, offset, pointers, count * POINTER_SIZE,
                                           &written);
    return result == S_OK && written < count * POINTER_SIZE ? KDIO_WIN_WRITE_FAULT : result;
}

static HRESULT spaces_ReadPointersVirtual(IDebugDataSpaces4 *This, ULONG Count, ULONG64 Offset, PULONG64 Ptrs)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, read_pointers(client, Count, Offset, Ptrs));
}

static HRESULT spaces_WritePointersVirtual(IDebugDataSpaces4 *This, ULONG Count, ULONG64 Offset, PULONG64 Ptrs)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, write_pointers(client, Count, Offset, Ptrs));
}

/* ---- Strings ---- */

static HRESULT read_text(IDebugDataSpaces4 *This, ULONG64 offset, ULONG max, struct kdio_win_text from,
                         struct kdio_win_text to, PVOID buffer, ULONG size, PULONG bytes)
{
    struct kdio_win_client *client = client_of(This, bytes);
    return KDIO_WIN_ACCESS(client, kdio_win_string(client, offset, max, &from, &to, buffer, size, bytes));
}

#define WIDE ((struct kdio_win_text){ .wide = true })
#define NARROW(page) ((struct kdio_win_text){ .codepage = (page) })

static HRESULT spaces_ReadMultiByteStringVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG MaxBytes, PSTR Buffer,
                                                 ULONG BufferSize, PULONG StringBytes)
{
    return read_text(This, Offset, MaxBytes, NARROW(0), NARROW(0), Buffer, BufferSize, StringBytes);
}

static HRESULT spaces_ReadMultiByteStringVirtualWide(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG MaxBytes,
                                                     ULONG CodePage, PWSTR Buffer, ULONG BufferSize,
                                                     PULONG StringBytes)
{
    return read_text(This, Offset, MaxBytes, NARROW(CodePage), WIDE, Buffer, BufferSize, StringBytes);
}

static HRESULT spaces_ReadUnicodeStringVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG MaxBytes, ULONG CodePage,
                                               PSTR Buffer, ULONG BufferSize, PULONG StringBytes)
{
    return read_text(This, Offset, MaxBytes, WIDE, NARROW(CodePage), Buffer, BufferSize, StringBytes);
}

static HRESULT spaces_ReadUnicodeStringVirtualWide(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG MaxBytes,
                                                   PWSTR Buffer, ULONG BufferSize, PULONG StringBytes)
{
    return read_text(This, Offset, MaxBytes, WIDE, WIDE, Buffer, BufferSize, StringBytes);
}

/* ---- Physical memory ---- */

/* How memory is cached is for the target's kernel to say, where it maps it: the flags are only checked. */
static HRESULT read_physical(struct kdio_win_client *client, ULONG64 offset, ULONG flags, PVOID buffer, ULONG size,
                             PULONG count)
{
    if (flags > DEBUG_PHYSICAL_WRITE_COMBINED)
        return E_INVALIDARG;
    return kdio_win_memory_read(client, KDIO_SPACE_PHYSICAL, offset, buffer, size, count);
}

static HRESULT write_physical(struct kdio_win_client *client, ULONG64 offset, ULONG flags, LPCVOID buffer, ULONG size,
                              PULONG count)
{
    if (flags > DEBUG_PHYSICAL_WRITE_COMBINED)
        return E_INVALIDARG;
    return kdio_win_memory_write(client, KDIO_SPACE_PHYSICAL, offset, buffer, size, count);
}

static HRESULT spaces_ReadPhysical2(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG Flags, PVOID Buffer,
                                    ULONG BufferSize, PULONG BytesRead)
{
    struct kdio_win_client *client = client_of(This, BytesRead);
    return KDIO_WIN_ACCESS(client, read_physical(client, Offset, Flags, Buffer, BufferSize, BytesRead));
}

static HRESULT spaces_WritePhysical2(IDebugDataSpaces4 *This, ULONG64 Offset, ULONG Flags, PVOID Buffer,
                                     ULONG BufferSize, PULONG BytesWritten)
{
    struct kdio_win_client *client = client_of(This, BytesWritten);
    return KDIO_WIN_ACCESS(client, write_physical(client, Offset, Flags, Buffer, BufferSize, BytesWritten));
}

static HRESULT spaces_ReadPhysical(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                   PULONG BytesRead)
{
    return spaces_ReadPhysical2(This, Offset, DEBUG_PHYSICAL_DEFAULT, Buffer, BufferSize, BytesRead);
}

static HRESULT spaces_WritePhysical(IDebugDataSpaces4 *This, ULONG64 Offset, PVOID Buffer, ULONG BufferSize,
                                    PULONG BytesWritten)
{
    return spaces_WritePhysical2(This, Offset, DEBUG_PHYSICAL_DEFAULT, Buffer, BufferSize, BytesWritten);
}

static HRESULT spaces_FillPhysical(IDebugDataSpaces4 *This, ULONG64 Start, ULONG Size, PVOID Pattern,
                                   ULONG PatternSize, PULONG Filled)
{
    struct kdio_win_client *client = client_of(This, Filled);
    return KDIO_WIN_ACCESS(client, kdio_win_memory_fill(client, KDIO_SPACE_PHYSICAL, Start, Size, Pattern, PatternSize,
                                                        Filled));
}

/* Only a kernel of Windows that was booted for this check has pages that could be found changed. */
static HRESULT spaces_CheckLowMemory(IDebugDataSpaces4 *This)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, S_OK);
}

/* ---- Ports, MSRs, control space, bus data ---- */

static HRESULT spaces_ReadIo(IDebugDataSpaces4 *This, ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace,
                             ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)
{
    struct kdio_win_client *client = client_of(This, BytesRead);
    struct kdio_win_port port = { InterfaceType, BusNumber, AddressSpace, Offset };
    return KDIO_WIN_ACCESS(client, kdio_win_port_read(client, &port, Buffer, BufferSize, BytesRead));
}

static HRESULT spaces_WriteIo(IDebugDataSpaces4 *This, ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace,
                              ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)
{
    struct kdio_win_client *client = client_of(This, BytesWritten);
    struct kdio_win_port port = { InterfaceType, BusNumber, AddressSpace, Offset };
    return KDIO_WIN_ACCESS(client, kdio_win_port_write(client, &port, Buffer, BufferSize, BytesWritten));
}

static HRESULT spaces_ReadMsr(IDebugDataSpaces4 *This, ULONG Msr, PULONG64 Value)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_msr_read(client, Msr, Value));
}

static HRESULT spaces_WriteMsr(IDebugDataSpaces4 *This, ULONG Msr, ULONG64 Value)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_msr_write(client, Msr, Value));
}

static HRESULT spaces_ReadControl(IDebugDataSpaces4 *This, ULONG Processor, ULONG64 Offset, PVOID Buffer,
                                  ULONG BufferSize, PULONG BytesRead)
{
    struct kdio_win_client *client = client_of(This, BytesRead);
    return KDIO_WIN_ACCESS(client, kdio_win_control_read(client, Processor, Offset, Buffer, BufferSize, BytesRead));
}

static HRESULT spaces_WriteControl(IDebugDataSpaces4 *This, ULONG Processor, ULONG64 Offset, PVOID Buffer,
                                   ULONG BufferSize, PULONG BytesWritten)
{
    struct kdio_win_client *client = client_of(This, BytesWritten);
    return KDIO_WIN_ACCESS(client, kdio_win_control_write(client, Processor, Offset, Buffer, BufferSize, BytesWritten));
}

static HRESULT spaces_ReadBusData(IDebugDataSpaces4 *This, ULONG BusDataType, ULONG BusNumber, ULONG SlotNumber,
                                  ULONG Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)
{
    struct kdio_win_client *client = client_of(This, BytesRead);
    struct kdio_win_bus bus = { BusDataType, BusNumber, SlotNumber, Offset };
    return KDIO_WIN_ACCESS(client, kdio_win_bus_read(client, &bus, Buffer, BufferSize, BytesRead));
}

static HRESULT spaces_WriteBusData(IDebugDataSpaces4 *This, ULONG BusDataType, ULONG BusNumber, ULONG SlotNumber,
                                   ULONG Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)
{
    struct kdio_win_client *client = client_of(This, BytesWritten);
    struct kdio_win_bus bus = { BusDataType, BusNumber, SlotNumber, Offset };
    return KDIO_WIN_ACCESS(client, kdio_win_bus_write(client, &bus, Buffer, BufferSize, BytesWritten));
}

/* ---- What the engine knows ---- */

static HRESULT spaces_ReadDebuggerData(IDebugDataSpaces4 *This, ULONG Index, PVOID Buffer, ULONG BufferSize,
                                       PULONG DataSize)
{
    struct kdio_win_client *client = client_of(This, DataSize);
    return KDIO_WIN_ACCESS(client, kdio_win_debugger_data(Index, Buffer, BufferSize, DataSize));
}

static HRESULT spaces_ReadProcessorSystemData(IDebugDataSpaces4 *This, ULONG Processor, ULONG Index, PVOID Buffer,
                                              ULONG BufferSize, PULONG DataSize)
{
    struct kdio_win_client *client = client_of(This, DataSize);
    return KDIO_WIN_ACCESS(client, kdio_win_system_data(client, Processor, Index, Buffer, BufferSize, DataSize));
}

static HRESULT spaces_ReadImageNtHeaders(IDebugDataSpaces4 *This, ULONG64 ImageBase, PIMAGE_NT_HEADERS64 Headers)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_image_headers(client, ImageBase, Headers));
}

/* Handles are of processes, and the target is a kernel. */
static HRESULT spaces_ReadHandleData(IDebugDataSpaces4 *This, ULONG64 Handle, ULONG DataType, PVOID Buffer,
                                     ULONG BufferSize, PULONG DataSize)
{
    struct kdio_win_client *client = client_of(This, DataSize);
    return KDIO_WIN_ACCESS(client, E_UNEXPECTED);
}

/* ---- Tagged data: only dump files have some, so a live target has an empty list ---- */

#define TAGGED_HANDLE 1

static HRESULT spaces_ReadTagged(IDebugDataSpaces4 *This, LPGUID Tag, ULONG Offset, PVOID Buffer, ULONG BufferSize,
                                 PULONG TotalSize)
{
    struct kdio_win_client *client = client_of(This, TotalSize);
    return KDIO_WIN_ACCESS(client, Tag != NULL ? E_NOINTERFACE : E_INVALIDARG);
}

static HRESULT start_tagged(PULONG64 handle)
{
    if (handle == NULL)
        return E_INVALIDARG;
    *handle = TAGGED_HANDLE;
    return S_OK;
}

static HRESULT spaces_StartEnumTagged(IDebugDataSpaces4 *This, PULONG64 Handle)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, start_tagged(Handle));
}

static HRESULT spaces_GetNextTagged(IDebugDataSpaces4 *This, ULONG64 Handle, LPGUID Tag, PULONG Size)
{
    struct kdio_win_client *client = client_of(This, NULL);
    bool good = Handle == TAGGED_HANDLE && Tag != NULL && Size != NULL;
    return KDIO_WIN_ACCESS(client, good ? S_FALSE : E_INVALIDARG);
}

static HRESULT spaces_EndEnumTagged(IDebugDataSpaces4 *This, ULONG64 Handle)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, Handle == TAGGED_HANDLE ? S_OK : E_INVALIDARG);
}

/* ---- Translation, and what is where ---- */

static HRESULT spaces_VirtualToPhysical(IDebugDataSpaces4 *This, ULONG64 Virtual, PULONG64 Physical)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_translate(client, Virtual, Physical));
}

static HRESULT spaces_GetVirtualTranslationPhysicalOffsets(IDebugDataSpaces4 *This, ULONG64 Virtual, PULONG64 Offsets,
                                                           ULONG OffsetsSize, PULONG Levels)
{
    struct kdio_win_client *client = client_of(This, Levels);
    return KDIO_WIN_ACCESS(client, kdio_win_translate_levels(client, Virtual, Offsets, OffsetsSize, Levels));
}

static HRESULT source_of(struct kdio_win_client *client, ULONG64 address, PVOID buffer, ULONG size, PULONG info_size)
{
    struct kdio_win_page page;
    HRESULT result = kdio_win_page_at(client, address, &page);
    if (result != S_OK)
        return result;
    ULONG source = page.present ? DEBUG_VSOURCE_DEBUGGEE : DEBUG_VSOURCE_INVALID;
    return kdio_win_give(&source, sizeof(source), buffer, size, info_size);
}

static HRESULT spaces_GetOffsetInformation(IDebugDataSpaces4 *This, ULONG Space, ULONG Which, ULONG64 Offset,
                                           PVOID Buffer, ULONG BufferSize, PULONG InfoSize)
{
    struct kdio_win_client *client = client_of(This, InfoSize);
    bool good = Space == DEBUG_DATA_SPACE_VIRTUAL && Which == DEBUG_OFFSINFO_VIRTUAL_SOURCE;
    return KDIO_WIN_ACCESS(client, good ? source_of(client, Offset, Buffer, BufferSize, InfoSize) : E_INVALIDARG);
}

static HRESULT spaces_GetNextDifferentlyValidOffsetVirtual(IDebugDataSpaces4 *This, ULONG64 Offset,
                                                           PULONG64 NextOffset)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_next_change(client, Offset, NextOffset));
}

static HRESULT spaces_GetValidRegionVirtual(IDebugDataSpaces4 *This, ULONG64 Base, ULONG Size, PULONG64 ValidBase,
                                            PULONG ValidSize)
{
    struct kdio_win_client *client = client_of(This, ValidSize);
    return KDIO_WIN_ACCESS(client, kdio_win_valid_region(client, Base, Size, ValidBase, ValidSize));
}

static HRESULT spaces_QueryVirtual(IDebugDataSpaces4 *This, ULONG64 Offset, PMEMORY_BASIC_INFORMATION64 Info)
{
    struct kdio_win_client *client = client_of(This, NULL);
    return KDIO_WIN_ACCESS(client, kdio_win_query(client, Offset, Info));
}
