/* SPDX-License-Identifier: MIT */
/*
 * control.c: IDebugControl: waiting, interrupts, output, and what there is to say about the target: one x86-64
 * processor that is always accessible.
 */
#include "host/win/hresult.h"
#include "host/win/methods.h"

#define INTERFACE IDebugControl
#define KDIO_WIN_PREFIX control_
KDIO_DEBUG_CONTROL_METHODS(KDIO_WIN_FUNCTION)
KDIO_WIN_UNKNOWN(IDebugControl, control)

const IDebugControlVtbl kdio_win_control_methods = { KDIO_WIN_UNKNOWN_ENTRIES,
                                                     KDIO_DEBUG_CONTROL_METHODS(KDIO_WIN_ENTRY) };

#define PAGE_SIZE_X86 4096
#define SLICE_MS 60000u /* WaitForEvent without a limit is a row of such waits. */

/* ---- Interrupts ---- */

static HRESULT control_GetInterrupt(IDebugControl *This)
{
    return atomic_exchange(&KDIO_WIN_CLIENT(This, control)->interrupt, false) ? S_OK : S_FALSE;
}

/* The target cannot be stopped, so an active interrupt only ends the wait. */
static HRESULT control_SetInterrupt(IDebugControl *This, ULONG Flags)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, control);
    if (Flags > DEBUG_INTERRUPT_EXIT)
        return E_INVALIDARG;
    atomic_store(&client->interrupt, true);
    if (Flags != DEBUG_INTERRUPT_PASSIVE)
        atomic_store(&client->wake, true);
    return S_OK;
}

/* ---- Waiting ---- */

/* Serves the line, so that console text arrives, until the time is over (S_FALSE), an interrupt or the line's end. */
static HRESULT serve(struct kdio_win_client *client, ULONG timeout_ms)
{
    enum kdio_status status;
    do {
        if (atomic_exchange(&client->wake, false))
            return E_PENDING;
        ULONG slice_ms = timeout_ms < SLICE_MS ? timeout_ms : SLICE_MS;
        status = kdio_target_service(client->target, slice_ms);
        if (timeout_ms != INFINITE)
            timeout_ms -= slice_ms;
    } while ((status == KDIO_DONE && timeout_ms != 0) || (status == KDIO_INTERRUPTED && atomic_load(&client->wake)));
    return status == KDIO_DONE ? S_FALSE : kdio_win_hresult(status);
}

static HRESULT wait(struct kdio_win_client *client, ULONG timeout_ms)
{
    if (client->target == NULL)
        return E_UNEXPECTED;
    if (client->event_due) {
        client->event_due = false;
        return S_OK;
    }
    client->waiting = true;
    HRESULT result = serve(client, timeout_ms);
    client->waiting = false;
    return result;
}

static HRESULT control_WaitForEvent(IDebugControl *This, ULONG Flags, ULONG Timeout)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, control);
    if (Flags != DEBUG_WAIT_DEFAULT)
        return E_INVALIDARG;
    if (!kdio_win_client_enter(client))
        return E_UNEXPECTED;
    HRESULT result = wait(client, Timeout);
    kdio_win_client_leave(client);
    return result;
}

/* ---- Output ---- */

static HRESULT control_OutputVaList(IDebugControl *This, ULONG Mask, PCSTR Format, va_list Args)
{
    return kdio_win_output(KDIO_WIN_CLIENT(This, control), Mask, Format, Args);
}

static HRESULT control_Output(IDebugControl *This, ULONG Mask, PCSTR Format, ...)
{
    va_list args;
    va_start(args, Format);
    HRESULT result = control_OutputVaList(This, Mask, Format, args);
    va_end(args);
    return result;
}

/* There is one client and no log file, so these kinds of output have no one to go to. */
static bool is_for_nobody(ULONG output_control)
{
    ULONG to = output_control & DEBUG_OUTCTL_SEND_MASK;
    return output_control != DEBUG_OUTCTL_AMBIENT &&
           (to == DEBUG_OUTCTL_ALL_OTHER_CLIENTS || to == DEBUG_OUTCTL_IGNORE || to == DEBUG_OUTCTL_LOG_ONLY);
}

static HRESULT control_ControlledOutputVaList(IDebugControl *This, ULONG OutputControl, ULONG Mask, PCSTR Format,
                                              va_list Args)
{
    return is_for_nobody(OutputControl) ? S_OK : control_OutputVaList(This, Mask, Format, Args);
}

static HRESULT control_ControlledOutput(IDebugControl *This, ULONG OutputControl, ULONG Mask, PCSTR Format, ...)
{
    va_list args;
    va_start(args, Format);
    HRESULT result = control_ControlledOutputVaList(This, OutputControl, Mask, Format, args);
    va_end(args);
    return result;
}

/* ---- About the target ---- */

static bool is_attached(IDebugControl *This)
{
    return KDIO_WIN_CLIENT(This, control)->target != NULL;
}

/* Stores a fact about the target; E_UNEXPECTED, and nothing is stored, when there is none. */
static HRESULT tell(IDebugControl *This, PULONG out, ULONG fact)
{
    if (!is_attached(This))
        return E_UNEXPECTED;
    if (out == NULL)
        return E_INVALIDARG;
    *out = fact;
    return S_OK;
}

static HRESULT control_GetExecutionStatus(IDebugControl *This, PULONG Status)
{
    if (Status == NULL)
        return E_INVALIDARG;
    *Status = is_attached(This) ? DEBUG_STATUS_BREAK : DEBUG_STATUS_NO_DEBUGGEE;
    return S_OK;
}

static HRESULT control_GetDebuggeeType(IDebugControl *This, PULONG Class, PULONG Qualifier)
{
    if (Class == NULL || Qualifier == NULL)
        return E_INVALIDARG;
    *Class = is_attached(This) ? DEBUG_CLASS_KERNEL : DEBUG_CLASS_UNINITIALIZED;
    *Qualifier = is_attached(This) ? DEBUG_KERNEL_CONNECTION : 0;
    return S_OK;
}

static HRESULT control_GetActualProcessorType(IDebugControl *This, PULONG Type)
{
    return tell(This, Type, IMAGE_FILE_MACHINE_AMD64);
}

static HRESULT control_GetExecutingProcessorType(IDebugControl *This, PULONG Type)
{
    return tell(This, Type, IMAGE_FILE_MACHINE_AMD64);
}

static HRESULT control_GetEffectiveProcessorType(IDebugControl *This, PULONG Type)
{
    return tell(This, Type, IMAGE_FILE_MACHINE_AMD64);
}

/* Those that an access can be directed to: the stub runs it wherever it is called. */
static HRESULT control_GetNumberProcessors(IDebugControl *This, PULONG Number)
{
    return tell(This, Number, 1);
}

static HRESULT control_GetPageSize(IDebugControl *This, PULONG Size)
{
    return tell(This, Size, PAGE_SIZE_X86);
}

static HRESULT control_IsPointer64Bit(IDebugControl *This)
{
    return is_attached(This) ? S_OK : E_UNEXPECTED;
}

static HRESULT control_GetWindbgExtensionApis64(IDebugControl *This, PWINDBG_EXTENSION_APIS64 Api)
{
    return kdio_win_extension_apis(KDIO_WIN_CLIENT(This, control), Api);
}
