/* SPDX-License-Identifier: MIT */
/*
 * registers.c: IDebugRegisters. The target runs: it has no general registers that would keep a value, so there are the
 * control, debug, descriptor table and segment registers of the processor that the stub runs on.
 */
#include "host/win/registers.h"

#include <strings.h>

#include "host/win/access.h"
#include "host/win/methods.h"

#define INTERFACE IDebugRegisters
#define KDIO_WIN_PREFIX registers_
KDIO_DEBUG_REGISTERS_METHODS(KDIO_WIN_FUNCTION)
KDIO_WIN_UNKNOWN(IDebugRegisters, registers)

const IDebugRegistersVtbl kdio_win_registers_methods = { KDIO_WIN_UNKNOWN_ENTRIES,
                                                         KDIO_DEBUG_REGISTERS_METHODS(KDIO_WIN_ENTRY) };

#define WIDE(name, member) { name, DEBUG_VALUE_INT64, offsetof(struct kdio_registers, member) }
#define SMALL(name, member) { name, DEBUG_VALUE_INT16, offsetof(struct kdio_registers, member) }

/* Names as WinDbg has them; those from `efer` on are kdio's own, for what WinDbg shows as MSRs. */
static const struct {
    const char *name;
    ULONG type;
    size_t offset;
} registers[] = {
    SMALL("cs", cs),        SMALL("ds", ds),        SMALL("es", es),        SMALL("fs", fs),
    SMALL("gs", gs),        SMALL("ss", ss),        WIDE("efl", rflags),     WIDE("dr0", dr0),
    WIDE("dr1", dr1),        WIDE("dr2", dr2),        WIDE("dr3", dr3),        WIDE("dr6", dr6),
    WIDE("dr7", dr7),        WIDE("cr0", cr0),        WIDE("cr2", cr2),        WIDE("cr3", cr3),
    WIDE("cr4", cr4),        WIDE("cr8", cr8),        WIDE("gdtr", gdtr_base), SMALL("gdtl", gdtr_limit),
    WIDE("idtr", idtr_base), SMALL("idtl", idtr_limit), SMALL("tr", tr),     SMALL("ldtr", ldtr),
    WIDE("efer", efer),      WIDE("fsbase", fs_base), WIDE("gsbase", gs_base), WIDE("kgsbase", kernel_gs_base),
};
#define REGISTER_COUNT ((ULONG)(sizeof(registers) / sizeof(registers[0])))

bool kdio_win_register_find(const char *name, size_t size, ULONG *index)
{
    for (ULONG i = 0; i < REGISTER_COUNT; i++) {
        if (strlen(registers[i].name) == size && strncasecmp(registers[i].name, name, size) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static HRESULT read_all(struct kdio_win_client *client, struct kdio_registers *values)
{
    return kdio_win_result(client, kdio_registers(client->target, values), E_FAIL);
}

static ULONG64 pick(const struct kdio_registers *values, ULONG index)
{
    ULONG64 wide = 0;
    memcpy(&wide, (const char *)values + registers[index].offset, registers[index].type == DEBUG_VALUE_INT64 ? 8 : 2);
    return wide;
}

HRESULT kdio_win_register_read(struct kdio_win_client *client, ULONG index, ULONG64 *value)
{
    struct kdio_registers values;
    if (index >= REGISTER_COUNT)
        return E_INVALIDARG;
    HRESULT result = read_all(client, &values);
    if (result == S_OK)
        *value = pick(&values, index);
    return result;
}

/* ---- The interface ---- */

static HRESULT registers_GetNumberRegisters(IDebugRegisters *This, PULONG Number)
{
    if (Number == NULL)
        return E_INVALIDARG;
    *Number = REGISTER_COUNT;
    return S_OK;
}

static HRESULT registers_GetDescription(IDebugRegisters *This, ULONG Register, PSTR NameBuffer, ULONG NameBufferSize,
                                        PULONG NameSize, PDEBUG_REGISTER_DESCRIPTION Desc)
{
    if (Register >= REGISTER_COUNT)
        return E_INVALIDARG;
    if (Desc != NULL)
        *Desc = (DEBUG_REGISTER_DESCRIPTION){ .Type = registers[Register].type };
    const char *name = registers[Register].name;
    HRESULT result = kdio_win_give(name, (ULONG)strlen(name) + 1, NameBuffer, NameBufferSize, NameSize);
    if (result == S_FALSE && NameBufferSize > 0)
        NameBuffer[NameBufferSize - 1] = '\0';
    return result;
}

static HRESULT registers_GetIndexByName(IDebugRegisters *This, PCSTR Name, PULONG Index)
{
    if (Name == NULL || Index == NULL)
        return E_INVALIDARG;
    return kdio_win_register_find(Name, strlen(Name), Index) ? S_OK : E_NOINTERFACE;
}

static void store(const struct kdio_registers *values, ULONG index, PDEBUG_VALUE value)
{
    memset(value, 0, sizeof(*value));
    value->I64 = pick(values, index);
    value->Type = registers[index].type;
}

static HRESULT get_values(struct kdio_win_client *client, ULONG count, const ULONG *indices, ULONG start,
                          PDEBUG_VALUE values)
{
    struct kdio_registers all;
    if (values == NULL)
        return E_INVALIDARG;
    for (ULONG i = 0; i < count; i++)
        if ((indices != NULL ? indices[i] : (ULONG64)start + i) >= REGISTER_COUNT)
            return E_INVALIDARG;
    HRESULT result = read_all(client, &all);
    for (ULONG i = 0; result == S_OK && i < count; i++)
        store(&all, indices != NULL ? indices[i] : start + i, &values[i]);
    return result;
}

static HRESULT registers_GetValues(IDebugRegisters *This, ULONG Count, PULONG Indices, ULONG Start,
                                   PDEBUG_VALUE Values)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, registers);
    return KDIO_WIN_ACCESS(client, get_values(client, Count, Indices, Start, Values));
}

static HRESULT registers_GetValue(IDebugRegisters *This, ULONG Register, PDEBUG_VALUE Value)
{
    return registers_GetValues(This, 1, NULL, Register, Value);
}

static HRESULT print(struct kdio_win_client *client)
{
    struct kdio_registers all;
    HRESULT result = read_all(client, &all);
    for (ULONG i = 0; result == S_OK && i < REGISTER_COUNT; i++)
        kdio_win_output_text(client, DEBUG_OUTPUT_NORMAL, "%s=%0*llx\n", registers[i].name,
                             registers[i].type == DEBUG_VALUE_INT64 ? 16 : 4, (unsigned long long)pick(&all, i));
    return result;
}

static HRESULT registers_OutputRegisters(IDebugRegisters *This, ULONG OutputControl, ULONG Flags)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, registers);
    if ((Flags & ~(ULONG)DEBUG_REGISTERS_ALL) != 0)
        return E_INVALIDARG;
    return kdio_win_output_is_for_nobody(OutputControl) ? S_OK : KDIO_WIN_ACCESS(client, print(client));
}
