/* SPDX-License-Identifier: MIT */
/* spaces.c: IDebugDataSpaces to 4, one table for the four: ReadIo and WriteIo work. */
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

static HRESULT spaces_ReadIo(IDebugDataSpaces4 *This, ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace,
                             ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesRead)
{
    struct kdio_win_port port = { InterfaceType, BusNumber, AddressSpace, Offset };
    return kdio_win_port_read(KDIO_WIN_CLIENT(This, spaces), &port, Buffer, BufferSize, BytesRead);
}

static HRESULT spaces_WriteIo(IDebugDataSpaces4 *This, ULONG InterfaceType, ULONG BusNumber, ULONG AddressSpace,
                              ULONG64 Offset, PVOID Buffer, ULONG BufferSize, PULONG BytesWritten)
{
    struct kdio_win_port port = { InterfaceType, BusNumber, AddressSpace, Offset };
    return kdio_win_port_write(KDIO_WIN_CLIENT(This, spaces), &port, Buffer, BufferSize, BytesWritten);
}
