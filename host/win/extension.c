/* SPDX-License-Identifier: MIT */
/*
 * extension.c: the routines behind wdbgexts.h, in their 64-bit and 32-bit forms.
 *
 * Invariant: they reach a client by its number, never by a kept pointer, and hold a reference while they use it.
 * Ioctl is in ioctl.c.
 */
#include <stdatomic.h>
#include <string.h>

#include "host/win/access.h"
#include "host/win/expression.h"
#include "host/win/ioctl.h"

/* The client that was last asked for the routines; 0 for none. */
static atomic_ullong extension_client_number;

void kdio_win_extension_select(struct kdio_win_client *client)
{
    atomic_store(&extension_client_number, client->number);
}

static struct kdio_win_client *extension_client(void)
{
    return kdio_win_client_find(atomic_load(&extension_client_number));
}

static ULONG WDBGAPI ioctl_routine(USHORT code, PVOID data, ULONG size)
{
    struct kdio_win_client *client = extension_client();
    ULONG result = kdio_win_ioctl(client, code, data, size);
    kdio_win_client_drop(client);
    return result;
}

/* ---- Output and interrupts ---- */

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

bool kdio_win_take_interrupt(struct kdio_win_client *client)
{
    bool interrupt = atomic_exchange(&client->interrupt, false);
    return interrupt || (client->interrupt_source != NULL && client->interrupt_source());
}

static ULONG WDBGAPI check_control_c(VOID)
{
    struct kdio_win_client *client = extension_client();
    bool interrupt = client != NULL && kdio_win_take_interrupt(client);
    kdio_win_client_drop(client);
    return interrupt;
}

/* ---- Expressions ---- */

/* What follows the expression is ignored, as on Windows: arguments are evaluated where they stand. */
static ULONG64 WDBGAPI get_expression(PCSTR expression)
{
    struct kdio_win_client *client = extension_client();
    ULONG64 value = 0;
    PCSTR remainder = NULL;
    if (client != NULL && expression != NULL)
        (void)kdio_win_get_expression(client, expression, &value, &remainder);
    kdio_win_client_drop(client);
    return value;
}

static ULONG WDBGAPI get_expression32(PCSTR expression)
{
    return (ULONG)get_expression(expression);
}

/* ---- Memory ---- */

/* TRUE when all of it was read; what was read of it in any case is in the buffer. */
static ULONG WDBGAPI read_memory(ULONG64 offset, PVOID buffer, ULONG size, PULONG moved)
{
    struct kdio_win_client *client = extension_client();
    ULONG count = 0;
    HRESULT result = KDIO_WIN_ACCESS(client, kdio_win_memory_read(client, KDIO_SPACE_VIRTUAL, offset, buffer, size,
                                                                  &count));
    kdio_win_client_drop(client);
    if (moved != NULL)
        *moved = count;
    return result == S_OK && count == size;
}

static ULONG WDBGAPI write_memory(ULONG64 offset, LPCVOID buffer, ULONG size, PULONG moved)
{
    struct kdio_win_client *client = extension_client();
    ULONG count = 0;
    HRESULT result = KDIO_WIN_ACCESS(client, kdio_win_memory_write(client, KDIO_SPACE_VIRTUAL, offset, buffer, size,
                                                                   &count));
    kdio_win_client_drop(client);
    if (moved != NULL)
        *moved = count;
    return result == S_OK && count == size;
}

static ULONG WDBGAPI read_memory32(ULONG offset, PVOID buffer, ULONG size, PULONG moved)
{
    return read_memory(DEBUG_EXTEND64(offset), buffer, size, moved);
}

static ULONG WDBGAPI write_memory32(ULONG offset, LPCVOID buffer, ULONG size, PULONG moved)
{
    return write_memory(DEBUG_EXTEND64(offset), buffer, size, moved);
}

/* ---- What takes symbols, or a target that stands still ---- */

/* No name, so far from the address as from 0. */
static VOID WDBGAPI get_symbol(ULONG64 offset, PCHAR buffer, PULONG64 displacement)
{
    if (buffer != NULL)
        *buffer = '\0';
    if (displacement != NULL)
        *displacement = offset;
}

static VOID WDBGAPI get_symbol32(ULONG offset, PCHAR buffer, PULONG displacement)
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

static ULONG WDBGAPI disasm32(PULONG offset, PCSTR buffer, ULONG show_effective_address)
{
    (void)offset;
    (void)buffer;
    (void)show_effective_address;
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

static ULONG WDBGAPI stack_trace32(ULONG frame, ULONG stack, ULONG program, PEXTSTACKTRACE32 frames, ULONG count)
{
    (void)frame;
    (void)stack;
    (void)program;
    (void)frames;
    (void)count;
    return 0;
}

/* ---- The structures ---- */

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
    kdio_win_extension_select(client);
    return S_OK;
}

HRESULT kdio_win_extension_apis32(struct kdio_win_client *client, PWINDBG_EXTENSION_APIS32 apis)
{
    if (apis == NULL || apis->nSize != sizeof(*apis))
        return E_INVALIDARG;
    *apis = (WINDBG_EXTENSION_APIS32){
        .nSize = sizeof(*apis),
        .lpOutputRoutine = output,
        .lpGetExpressionRoutine = get_expression32,
        .lpGetSymbolRoutine = get_symbol32,
        .lpDisasmRoutine = disasm32,
        .lpCheckControlCRoutine = check_control_c,
        .lpReadProcessMemoryRoutine = read_memory32,
        .lpWriteProcessMemoryRoutine = write_memory32,
        .lpGetThreadContextRoutine = thread_context,
        .lpSetThreadContextRoutine = thread_context,
        .lpIoctlRoutine = ioctl_routine,
        .lpStackTraceRoutine = stack_trace32,
    };
    kdio_win_extension_select(client);
    return S_OK;
}
