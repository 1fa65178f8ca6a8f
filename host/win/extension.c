/* SPDX-License-Identifier: MIT */
/*
 * extension.c: the routines behind wdbgexts.h.
 *
 * Invariant: they reach a client by its number, never by a kept pointer, and hold a reference while they use it. Ioctl
 * writes only within the size it was given, and Length of a port request always.
 */
#include <stdatomic.h>
#include <string.h>

#include <kdio/win/wdm.h>

#include "host/win/client.h"

/* The client that was last asked for the routines; 0 for none. */
static atomic_ullong extension_client_number;

static struct kdio_win_client *extension_client(void)
{
    return kdio_win_client_find(atomic_load(&extension_client_number));
}

/* ---- Ioctl: port accesses ---- */

/* `length` and `data` are members of the caller's structure. On success a read stores all of `data`. */
static ULONG transfer(USHORT code, const struct kdio_win_port *port, ULONG *length, ULONG *data)
{
    struct kdio_win_client *client = extension_client();
    ULONG value = 0;
    HRESULT result;
    if (code == IG_READ_IO_SPACE || code == IG_READ_IO_SPACE_EX) {
        result = kdio_win_port_read(client, port, &value, *length, length);
        if (result == S_OK)
            *data = value;
    } else {
        result = kdio_win_port_write(client, port, data, *length, length);
    }
    kdio_win_client_drop(client);
    return result == S_OK;
}

static ULONG io_space32(USHORT code, void *data)
{
    IOSPACE32 *request = data;
    struct kdio_win_port port = { Isa, 0, 1, request->Address };
    return transfer(code, &port, &request->Length, &request->Data);
}

static ULONG io_space64(USHORT code, void *data)
{
    IOSPACE64 *request = data;
    struct kdio_win_port port = { Isa, 0, 1, request->Address };
    return transfer(code, &port, &request->Length, &request->Data);
}

static ULONG io_space_ex32(USHORT code, void *data)
{
    IOSPACE_EX32 *request = data;
    struct kdio_win_port port = { request->InterfaceType, request->BusNumber, request->AddressSpace, request->Address };
    return transfer(code, &port, &request->Length, &request->Data);
}

static ULONG io_space_ex64(USHORT code, void *data)
{
    IOSPACE_EX64 *request = data;
    struct kdio_win_port port = { request->InterfaceType, request->BusNumber, request->AddressSpace, request->Address };
    return transfer(code, &port, &request->Length, &request->Data);
}

/* ---- Ioctl: what is known without the target ---- */

static bool is_attached(void)
{
    struct kdio_win_client *client = extension_client();
    bool attached = client != NULL && client->target != NULL;
    kdio_win_client_drop(client);
    return attached;
}

static ULONG kd_context(USHORT code, void *data)
{
    (void)code;
    bool attached = is_attached();
    *(PROCESSORINFO *)data = (PROCESSORINFO){ .Processor = 0, .NumberProcessors = attached ? 1 : 0 };
    return attached;
}

static ULONG is_ptr64(USHORT code, void *data)
{
    (void)code;
    ULONG is64 = is_attached();
    memcpy(data, &is64, sizeof(is64));
    return is64;
}

static const struct {
    USHORT code;
    ULONG size; /* Exactly; it tells the 32-bit structure from the 64-bit one. */
    ULONG (*handle)(USHORT code, void *data);
} handlers[] = {
    { IG_READ_IO_SPACE, sizeof(IOSPACE32), io_space32 },
    { IG_READ_IO_SPACE, sizeof(IOSPACE64), io_space64 },
    { IG_WRITE_IO_SPACE, sizeof(IOSPACE32), io_space32 },
    { IG_WRITE_IO_SPACE, sizeof(IOSPACE64), io_space64 },
    { IG_READ_IO_SPACE_EX, sizeof(IOSPACE_EX32), io_space_ex32 },
    { IG_READ_IO_SPACE_EX, sizeof(IOSPACE_EX64), io_space_ex64 },
    { IG_WRITE_IO_SPACE_EX, sizeof(IOSPACE_EX32), io_space_ex32 },
    { IG_WRITE_IO_SPACE_EX, sizeof(IOSPACE_EX64), io_space_ex64 },
    { IG_KD_CONTEXT, sizeof(PROCESSORINFO), kd_context },
    { IG_IS_PTR64, sizeof(ULONG), is_ptr64 },
};

/* ---- Ioctl: what is absent ---- */

#define OUTPUT(code, type, member) { code, sizeof(type), offsetof(type, member), sizeof(((type *)0)->member) }

/* Outputs that helpers pass on whatever Ioctl returned: they become 0, which says that nothing was moved or found. */
static const struct {
    USHORT code;
    ULONG size_min;
    size_t offset;
    size_t size;
} absent_outputs[] = {
    OUTPUT(IG_READ_MSR, READ_WRITE_MSR, Value),
    OUTPUT(IG_READ_PHYSICAL, PHYSICAL, BufLen),
    OUTPUT(IG_WRITE_PHYSICAL, PHYSICAL, BufLen),
    OUTPUT(IG_READ_PHYSICAL_WITH_FLAGS, PHYSICAL_WITH_FLAGS, BufLen),
    OUTPUT(IG_WRITE_PHYSICAL_WITH_FLAGS, PHYSICAL_WITH_FLAGS, BufLen),
    OUTPUT(IG_GET_BUS_DATA, BUSDATA, Length),
    OUTPUT(IG_SET_BUS_DATA, BUSDATA, Length),
    OUTPUT(IG_SEARCH_MEMORY, SEARCHMEMORY, FoundAddress),
    OUTPUT(IG_POINTER_SEARCH_PHYSICAL, POINTER_SEARCH_PHYSICAL, MatchOffsetsCount),
};

static void clear_outputs(USHORT code, void *data, ULONG size)
{
    for (size_t i = 0; i < sizeof(absent_outputs) / sizeof(absent_outputs[0]); i++)
        if (absent_outputs[i].code == code && size >= absent_outputs[i].size_min)
            memset((char *)data + absent_outputs[i].offset, 0, absent_outputs[i].size);
}

static ULONG WDBGAPI ioctl_routine(USHORT code, PVOID data, ULONG size)
{
    if (data == NULL)
        return 0;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (handlers[i].code == code && handlers[i].size == size)
            return handlers[i].handle(code, data);
    clear_outputs(code, data, size);
    return 0;
}

/* ---- The other routines ---- */

static VOID WDBGAPIV output(PCSTR format, ...)
{
    struct kdio_win_client *client = extension_client();
    va_list args;
    va_start(args, format);
    if (client != NULL)
        (void)kdio_win_output(client, DEBUG_OUTPUT_NORMAL, format, args);
    va_end(args);
    kdio_win_client_drop(client);
}

static ULONG WDBGAPI check_control_c(VOID)
{
    struct kdio_win_client *client = extension_client();
    bool interrupt = client != NULL && atomic_exchange(&client->interrupt, false);
    kdio_win_client_drop(client);
    return interrupt;
}

static ULONG64 WDBGAPI get_expression(PCSTR expression)
{
    (void)expression;
    return 0;
}

static VOID WDBGAPI get_symbol(ULONG64 offset, PCHAR buffer, PULONG64 displacement)
{
    if (buffer != NULL)
        *buffer = '\0';
    if (displacement != NULL)
        *displacement = offset;
}

static ULONG WDBGAPI disasm(PULONG64 offset, PCSTR buffer, ULONG show_effective_address)
{
    (void)offset;
    (void)buffer;
    (void)show_effective_address;
    return 0;
}

static ULONG WDBGAPI read_memory(ULONG64 offset, PVOID buffer, ULONG size, PULONG moved)
{
    (void)offset;
    (void)buffer;
    (void)size;
    if (moved != NULL)
        *moved = 0;
    return 0;
}

static ULONG WDBGAPI write_memory(ULONG64 offset, LPCVOID buffer, ULONG size, PULONG moved)
{
    (void)offset;
    (void)buffer;
    (void)size;
    if (moved != NULL)
        *moved = 0;
    return 0;
}

static ULONG WDBGAPI thread_context(ULONG processor, PCONTEXT context, ULONG size)
{
    (void)processor;
    (void)context;
    (void)size;
    return 0;
}

static ULONG WDBGAPI stack_trace(ULONG64 frame, ULONG64 stack, ULONG64 program, PEXTSTACKTRACE64 frames, ULONG count)
{
    (void)frame;
    (void)stack;
    (void)program;
    (void)frames;
    (void)count;
    return 0;
}

HRESULT kdio_win_extension_apis(struct kdio_win_client *client, PWINDBG_EXTENSION_APIS64 apis)
{
    if (apis == NULL || apis->nSize != sizeof(*apis))
        return E_INVALIDARG;
    *apis = (WINDBG_EXTENSION_APIS64){
        .nSize = sizeof(*apis),
        .lpOutputRoutine = output,
        .lpGetExpressionRoutine = get_expression,
        .lpGetSymbolRoutine = get_symbol,
        .lpDisasmRoutine = disasm,
        .lpCheckControlCRoutine = check_control_c,
        .lpReadProcessMemoryRoutine = read_memory,
        .lpWriteProcessMemoryRoutine = write_memory,
        .lpGetThreadContextRoutine = thread_context,
        .lpSetThreadContextRoutine = thread_context,
        .lpIoctlRoutine = ioctl_routine,
        .lpStackTraceRoutine = stack_trace,
    };
    atomic_store(&extension_client_number, client->number);
    return S_OK;
}
