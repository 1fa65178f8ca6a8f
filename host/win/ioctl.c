/* SPDX-License-Identifier: MIT */
/*
 * ioctl.c: implements ioctl.h as a table: code, least or exact size, handler.
 *
 * Invariant: outputs that the helpers of wdbgexts.h pass on whatever Ioctl returned (lengths, values, addresses
 * found) are stored always, and are 0 on failure; so a caller that cannot see a failure takes nothing for something.
 */
#include "host/win/ioctl.h"

#include <stdlib.h>
#include <string.h>

#include <kdio/win/wdm.h>

#include "host/win/access.h"
#include "host/win/expression.h"

struct request {
    struct kdio_win_client *client; /* NULL for none. */
    USHORT code;
    void *data;
    ULONG size;
};

#define ACCESS(request, action) KDIO_WIN_ACCESS((request)->client, action)

/* ---- Ports ---- */

/* `length` and `data` are members of the caller's structure. On success a read stores all of `data`. */
static ULONG transfer(const struct request *request, const struct kdio_win_port *port, ULONG *length, ULONG *data)
{
    struct kdio_win_client *client = request->client;
    ULONG value = 0, size = *length;
    HRESULT result;
    *length = 0;
    if (request->code == IG_READ_IO_SPACE || request->code == IG_READ_IO_SPACE_EX) {
        result = ACCESS(request, kdio_win_port_read(client, port, &value, size, length));
        if (result == S_OK)
            *data = value;
    } else {
        result = ACCESS(request, kdio_win_port_write(client, port, data, size, length));
    }
    return result == S_OK;
}

static ULONG io_space32(const struct request *request)
{
    IOSPACE32 *io = request->data;
    struct kdio_win_port port = { Isa, 0, 1, io->Address };
    return transfer(request, &port, &io->Length, &io->Data);
}

static ULONG io_space64(const struct request *request)
{
    IOSPACE64 *io = request->data;
    struct kdio_win_port port = { Isa, 0, 1, io->Address };
    return transfer(request, &port, &io->Length, &io->Data);
}

static ULONG io_space_ex32(const struct request *request)
{
    IOSPACE_EX32 *io = request->data;
    struct kdio_win_port port = { io->InterfaceType, io->BusNumber, io->AddressSpace, io->Address };
    return transfer(request, &port, &io->Length, &io->Data);
}

static ULONG io_space_ex64(const struct request *request)
{
    IOSPACE_EX64 *io = request->data;
    struct kdio_win_port port = { io->InterfaceType, io->BusNumber, io->AddressSpace, io->Address };
    return transfer(request, &port, &io->Length, &io->Data);
}

/* ---- MSRs ---- */

static ULONG read_msr(const struct request *request)
{
    READ_WRITE_MSR *msr = request->data;
    ULONG64 value = 0;
    HRESULT result = ACCESS(request, kdio_win_msr_read(request->client, msr->Msr, &value));
    msr->Value = (LONG64)value;
    return result == S_OK;
}

static ULONG write_msr(const struct request *request)
{
    READ_WRITE_MSR *msr = request->data;
    return ACCESS(request, kdio_win_msr_write(request->client, msr->Msr, (ULONG64)msr->Value)) == S_OK;
}

/* ---- Physical memory ---- */

/* `length` is a member of the caller's structure, with `room` bytes from `buffer` to its end. */
static ULONG physical(const struct request *request, ULONG64 address, ULONG flags, ULONG *length, PVOID buffer,
                      size_t room)
{
    struct kdio_win_client *client = request->client;
    bool write = request->code == IG_WRITE_PHYSICAL || request->code == IG_WRITE_PHYSICAL_WITH_FLAGS;
    ULONG size = *length;
    *length = 0;
    if (size == 0 || size > room || flags > PHYS_FLAG_WRITE_COMBINED)
        return 0;
    const enum kdio_space space = KDIO_SPACE_PHYSICAL;
    if (write)
        return ACCESS(request, kdio_win_memory_write(client, space, address, buffer, size, length)) == S_OK;
    return ACCESS(request, kdio_win_memory_read(client, space, address, buffer, size, length)) == S_OK;
}

static ULONG physical_plain(const struct request *request)
{
    PHYSICAL *memory = request->data;
    size_t room = request->size - offsetof(PHYSICAL, Buf);
    return physical(request, memory->Address, PHYS_FLAG_DEFAULT, &memory->BufLen, memory->Buf, room);
}

static ULONG physical_with_flags(const struct request *request)
{
    PHYSICAL_WITH_FLAGS *memory = request->data;
    size_t room = request->size - offsetof(PHYSICAL_WITH_FLAGS, Buf);
    return physical(request, memory->Address, memory->Flags, &memory->BufLen, memory->Buf, room);
}

/* Tells pointers into a range from other values, as flags 0 of this request; Windows' flags are not documented. */
static ULONG pointer_search(const struct request *request)
{
    POINTER_SEARCH_PHYSICAL *search = request->data;
    ULONG64 pointer = 0;
    HRESULT result = S_OK;
    search->MatchOffsetsCount = 0;
    if (search->Flags != 0 || search->MatchOffsets == NULL || search->Offset % sizeof(pointer) != 0)
        return 0;
    for (ULONG64 at = 0; at + sizeof(pointer) <= search->Length && search->MatchOffsetsCount < search->MatchOffsetsSize;
         at += sizeof(pointer)) {
        result = ACCESS(request, kdio_win_memory_read_all(request->client, KDIO_SPACE_PHYSICAL, search->Offset + at,
                                                          &pointer, sizeof(pointer)));
        if (result != S_OK)
            break;
        if (pointer >= search->PointerMin && pointer <= search->PointerMax)
            search->MatchOffsets[search->MatchOffsetsCount++] = search->Offset + at;
    }
    return search->MatchOffsetsCount > 0;
}

/* ---- Control space ---- */

/* One code has two structures: the one whose length fits the size it came with. */
static bool is_control64(const struct request *request)
{
    const READCONTROLSPACE64 *wide = request->data;
    const READCONTROLSPACE32 *narrow = request->data;
    if (request->size < sizeof(*wide))
        return false;
    bool fits_wide = wide->BufLen == request->size - sizeof(*wide);
    bool fits_narrow = narrow->BufLen == request->size - sizeof(*narrow);
    return fits_wide && (wide->BufLen > 0 || !fits_narrow);
}

static ULONG control(const struct request *request, USHORT processor, ULONG64 address, ULONG *length, PVOID buffer,
                     size_t room)
{
    struct kdio_win_client *client = request->client;
    ULONG size = *length;
    *length = 0;
    if (size == 0 || size > room)
        return 0;
    if (request->code == IG_WRITE_CONTROL_SPACE)
        return ACCESS(request, kdio_win_control_write(client, processor, address, buffer, size, length)) == S_OK;
    return ACCESS(request, kdio_win_control_read(client, processor, address, buffer, size, length)) == S_OK;
}

static ULONG control_space(const struct request *request)
{
    if (is_control64(request)) {
        READCONTROLSPACE64 *wide = request->data;
        return control(request, wide->Processor, wide->Address, &wide->BufLen, wide->Buf,
                       request->size - offsetof(READCONTROLSPACE64, Buf));
    }
    READCONTROLSPACE32 *narrow = request->data;
    return control(request, narrow->Processor, narrow->Address, &narrow->BufLen, narrow->Buf,
                   request->size - offsetof(READCONTROLSPACE32, Buf));
}

/* ---- Bus data ---- */

static ULONG bus_data(const struct request *request)
{
    BUSDATA *data = request->data;
    struct kdio_win_client *client = request->client;
    struct kdio_win_bus bus = { data->BusDataType, data->BusNumber, data->SlotNumber, data->Offset };
    ULONG size = data->Length;
    data->Length = 0;
    if (request->code == IG_SET_BUS_DATA)
        return ACCESS(request, kdio_win_bus_write(client, &bus, data->Buffer, size, &data->Length)) == S_OK;
    return ACCESS(request, kdio_win_bus_read(client, &bus, data->Buffer, size, &data->Length)) == S_OK;
}

/* ---- Searching and translating ---- */

static ULONG search_memory(const struct request *request)
{
    SEARCHMEMORY *memory = request->data;
    struct kdio_win_search search = { memory->SearchAddress, memory->SearchLength, memory->Pattern,
                                      memory->PatternLength, 1 };
    ULONG64 found = 0;
    HRESULT result = ACCESS(request, kdio_win_search(request->client, &search, DEBUG_VSEARCH_DEFAULT, &found));
    memory->FoundAddress = found;
    return result == S_OK;
}

static ULONG translate(const struct request *request)
{
    TRANSLATE_VIRTUAL_TO_PHYSICAL *translation = request->data;
    ULONG64 physical_address = 0;
    HRESULT result = ACCESS(request, kdio_win_translate(request->client, translation->Virtual, &physical_address));
    if (result == S_OK)
        translation->Physical = physical_address;
    return result == S_OK;
}

/* ---- What is known without an access ---- */

static bool is_attached(const struct request *request)
{
    return request->client != NULL && request->client->target != NULL;
}

static ULONG kd_context(const struct request *request)
{
    bool attached = is_attached(request);
    *(PROCESSORINFO *)request->data = (PROCESSORINFO){ .Processor = 0, .NumberProcessors = attached ? 1 : 0 };
    return attached;
}

static ULONG is_ptr64(const struct request *request)
{
    ULONG is64 = is_attached(request);
    memcpy(request->data, &is64, sizeof(is64));
    return is64;
}

/* TRUE: nothing is corrupt (IDebugDataSpaces::CheckLowMemory). */
static ULONG low_memory(const struct request *request)
{
    return is_attached(request);
}

HRESULT kdio_win_get_expression(struct kdio_win_client *client, PCSTR text, ULONG64 *value, PCSTR *remainder)
{
    ULONG end = 0;
    HRESULT result = client->target == NULL ? kdio_win_evaluate(client, text, value, &end)
                                            : KDIO_WIN_ACCESS(client, kdio_win_evaluate(client, text, value, &end));
    if (result == S_OK)
        *remainder = text + end;
    return result;
}

static ULONG get_expression(const struct request *request)
{
    GET_EXPRESSION_EX *expression = request->data;
    ULONG64 value = 0;
    if (request->client == NULL || expression->Expression == NULL ||
        kdio_win_get_expression(request->client, expression->Expression, &value, &expression->Remainder) != S_OK)
        return 0;
    expression->Value = value;
    return 1;
}

/* ---- The table ---- */

static const struct {
    USHORT code;
    ULONG size;
    bool more; /* The size may be larger; else it is exact, and tells the 32-bit structure from the 64-bit one. */
    ULONG (*handle)(const struct request *request);
} handlers[] = {
    { IG_KD_CONTEXT, sizeof(PROCESSORINFO), false, kd_context },
    { IG_READ_CONTROL_SPACE, sizeof(READCONTROLSPACE32), true, control_space },
    { IG_WRITE_CONTROL_SPACE, sizeof(READCONTROLSPACE32), true, control_space },
    { IG_READ_IO_SPACE, sizeof(IOSPACE32), false, io_space32 },
    { IG_READ_IO_SPACE, sizeof(IOSPACE64), false, io_space64 },
    { IG_WRITE_IO_SPACE, sizeof(IOSPACE32), false, io_space32 },
    { IG_WRITE_IO_SPACE, sizeof(IOSPACE64), false, io_space64 },
    { IG_READ_PHYSICAL, offsetof(PHYSICAL, Buf) + 1, true, physical_plain },
    { IG_WRITE_PHYSICAL, offsetof(PHYSICAL, Buf) + 1, true, physical_plain },
    { IG_READ_IO_SPACE_EX, sizeof(IOSPACE_EX32), false, io_space_ex32 },
    { IG_READ_IO_SPACE_EX, sizeof(IOSPACE_EX64), false, io_space_ex64 },
    { IG_WRITE_IO_SPACE_EX, sizeof(IOSPACE_EX32), false, io_space_ex32 },
    { IG_WRITE_IO_SPACE_EX, sizeof(IOSPACE_EX64), false, io_space_ex64 },
    { IG_READ_MSR, sizeof(READ_WRITE_MSR), false, read_msr },
    { IG_WRITE_MSR, sizeof(READ_WRITE_MSR), false, write_msr },
    { IG_IS_PTR64, sizeof(ULONG), false, is_ptr64 },
    { IG_GET_BUS_DATA, sizeof(BUSDATA), false, bus_data },
    { IG_SET_BUS_DATA, sizeof(BUSDATA), false, bus_data },
    { IG_SEARCH_MEMORY, sizeof(SEARCHMEMORY), false, search_memory },
    { IG_GET_EXPRESSION_EX, sizeof(GET_EXPRESSION_EX), false, get_expression },
    { IG_TRANSLATE_VIRTUAL_TO_PHYSICAL, sizeof(TRANSLATE_VIRTUAL_TO_PHYSICAL), false, translate },
    { IG_READ_PHYSICAL_WITH_FLAGS, offsetof(PHYSICAL_WITH_FLAGS, Buf) + 1, true, physical_with_flags },
    { IG_WRITE_PHYSICAL_WITH_FLAGS, offsetof(PHYSICAL_WITH_FLAGS, Buf) + 1, true, physical_with_flags },
    { IG_POINTER_SEARCH_PHYSICAL, sizeof(POINTER_SEARCH_PHYSICAL), false, pointer_search },
};

ULONG kdio_win_ioctl(struct kdio_win_client *client, USHORT code, PVOID data, ULONG size)
{
    struct request request = { client, code, data, size };
    if (code == IG_LOWMEM_CHECK)
        return low_memory(&request);
    if (data == NULL)
        return 0;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (handlers[i].code == code &&
            (handlers[i].more ? size >= handlers[i].size : size == handlers[i].size))
            return handlers[i].handle(&request);
    return 0;
}
