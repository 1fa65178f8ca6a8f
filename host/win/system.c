/* SPDX-License-Identifier: MIT */
/*
 * system.c: IDebugSystemObjects. In kernel mode a thread is a processor, and there is one process, the kernel. kdio
 * reaches one processor, the one that the stub runs on: thread 0 of process 0.
 */
#include "host/win/methods.h"

#define INTERFACE IDebugSystemObjects
#define KDIO_WIN_PREFIX system_
KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(KDIO_WIN_FUNCTION)
KDIO_WIN_UNKNOWN(IDebugSystemObjects, system)

const IDebugSystemObjectsVtbl kdio_win_system_methods = { KDIO_WIN_UNKNOWN_ENTRIES,
                                                          KDIO_DEBUG_SYSTEM_OBJECTS_METHODS(KDIO_WIN_ENTRY) };

#define THE_ID 0
#define THE_NUMBER 1

static bool is_attached(IDebugSystemObjects *This)
{
    return KDIO_WIN_CLIENT(This, system)->target != NULL;
}

static HRESULT tell(IDebugSystemObjects *This, PULONG out, ULONG fact)
{
    if (!is_attached(This))
        return E_UNEXPECTED;
    if (out == NULL)
        return E_INVALIDARG;
    *out = fact;
    return S_OK;
}

/* What Windows says of an identifier that does not exist. */
static HRESULT choose(IDebugSystemObjects *This, ULONG id)
{
    if (!is_attached(This))
        return E_UNEXPECTED;
    return id == THE_ID ? S_OK : E_NOINTERFACE;
}

/* There is no system identifier of a processor: 0. */
static HRESULT list(IDebugSystemObjects *This, ULONG start, ULONG count, PULONG ids, PULONG system_ids)
{
    if (!is_attached(This))
        return E_UNEXPECTED;
    if (start > THE_NUMBER || count > THE_NUMBER - start)
        return E_INVALIDARG;
    if (count > 0 && ids != NULL)
        *ids = THE_ID;
    if (count > 0 && system_ids != NULL)
        *system_ids = 0;
    return S_OK;
}

static HRESULT system_GetEventThread(IDebugSystemObjects *This, PULONG Id)
{
    return tell(This, Id, THE_ID);
}

static HRESULT system_GetEventProcess(IDebugSystemObjects *This, PULONG Id)
{
    return tell(This, Id, THE_ID);
}

static HRESULT system_GetCurrentThreadId(IDebugSystemObjects *This, PULONG Id)
{
    return tell(This, Id, THE_ID);
}

static HRESULT system_SetCurrentThreadId(IDebugSystemObjects *This, ULONG Id)
{
    return choose(This, Id);
}

static HRESULT system_GetCurrentProcessId(IDebugSystemObjects *This, PULONG Id)
{
    return tell(This, Id, THE_ID);
}

static HRESULT system_SetCurrentProcessId(IDebugSystemObjects *This, ULONG Id)
{
    return choose(This, Id);
}

static HRESULT system_GetNumberThreads(IDebugSystemObjects *This, PULONG Number)
{
    return tell(This, Number, THE_NUMBER);
}

static HRESULT system_GetTotalNumberThreads(IDebugSystemObjects *This, PULONG Total, PULONG LargestProcess)
{
    HRESULT result = LargestProcess != NULL ? tell(This, LargestProcess, THE_NUMBER) : S_OK;
    return result == S_OK ? tell(This, Total, THE_NUMBER) : result;
}

static HRESULT system_GetThreadIdsByIndex(IDebugSystemObjects *This, ULONG Start, ULONG Count, PULONG Ids,
                                          PULONG SysIds)
{
    return list(This, Start, Count, Ids, SysIds);
}

static HRESULT system_GetThreadIdByProcessor(IDebugSystemObjects *This, ULONG Processor, PULONG Id)
{
    HRESULT result = choose(This, Processor);
    return result == S_OK ? tell(This, Id, THE_ID) : result;
}

static HRESULT system_GetNumberProcesses(IDebugSystemObjects *This, PULONG Number)
{
    return tell(This, Number, THE_NUMBER);
}

static HRESULT system_GetProcessIdsByIndex(IDebugSystemObjects *This, ULONG Start, ULONG Count, PULONG Ids,
                                           PULONG SysIds)
{
    return list(This, Start, Count, Ids, SysIds);
}
