/* SPDX-License-Identifier: MIT */
/*
 * control.c: IDebugControl: waiting, interrupts, output, expressions, commands, extensions, and what there is to say
 * about the target: one x86-64 processor that is always accessible.
 */
#include "host/win/access.h"
#include "host/win/execute.h"
#include "host/win/expression.h"
#include "host/win/hresult.h"
#include "host/win/loader.h"
#include "host/win/methods.h"
#include "host/win/value.h"

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
    return kdio_win_take_interrupt(KDIO_WIN_CLIENT(This, control)) ? S_OK : S_FALSE;
}

/* The target cannot be stopped, so an active interrupt only ends the wait, or a long read. */
static HRESULT control_SetInterrupt(IDebugControl *This, ULONG Flags)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, control);
    if (Flags > DEBUG_INTERRUPT_EXIT)
        return E_INVALIDARG;
    atomic_store(&client->interrupt, true);
    if (Flags != DEBUG_INTERRUPT_PASSIVE) {
        atomic_store(&client->stop, true);
        atomic_store(&client->wake, true);
    }
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

static HRESULT control_ControlledOutputVaList(IDebugControl *This, ULONG OutputControl, ULONG Mask, PCSTR Format,
                                              va_list Args)
{
    return kdio_win_output_is_for_nobody(OutputControl) ? S_OK : control_OutputVaList(This, Mask, Format, Args);
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

static HRESULT control_GetWindbgExtensionApis32(IDebugControl *This, PWINDBG_EXTENSION_APIS32 Api)
{
    return kdio_win_extension_apis32(KDIO_WIN_CLIENT(This, control), Api);
}

/* ---- Expressions ---- */

static HRESULT control_GetRadix(IDebugControl *This, PULONG Radix)
{
    if (Radix == NULL)
        return E_INVALIDARG;
    *Radix = KDIO_WIN_CLIENT(This, control)->radix;
    return S_OK;
}

static HRESULT control_SetRadix(IDebugControl *This, ULONG Radix)
{
    if (Radix != 8 && Radix != 10 && Radix != 16)
        return E_INVALIDARG;
    KDIO_WIN_CLIENT(This, control)->radix = Radix;
    return S_OK;
}

/* Registers and memory want a target, numbers do not. */
static HRESULT evaluate(struct kdio_win_client *client, PCSTR expression, ULONG64 *value, ULONG *end)
{
    if (client->target == NULL)
        return kdio_win_evaluate(client, expression, value, end);
    return KDIO_WIN_ACCESS(client, kdio_win_evaluate(client, expression, value, end));
}

/* Without RemainderIndex the expression is all there may be. */
static HRESULT control_Evaluate(IDebugControl *This, PCSTR Expression, ULONG DesiredType, PDEBUG_VALUE Value,
                                PULONG RemainderIndex)
{
    DEBUG_VALUE value = { .Type = DEBUG_VALUE_INT64 };
    ULONG end = 0;
    if (Expression == NULL || Value == NULL)
        return E_INVALIDARG;
    HRESULT result = evaluate(KDIO_WIN_CLIENT(This, control), Expression, &value.I64, &end);
    if (result == S_OK && RemainderIndex == NULL && Expression[end + strspn(Expression + end, " \t")] != '\0')
        result = E_FAIL;
    if (result == S_OK)
        result = kdio_win_coerce(&value, DesiredType == DEBUG_VALUE_INVALID ? DEBUG_VALUE_INT64 : DesiredType, Value);
    if (result == S_OK && RemainderIndex != NULL)
        *RemainderIndex = end;
    return result;
}

static HRESULT control_CoerceValue(IDebugControl *This, PDEBUG_VALUE In, ULONG OutType, PDEBUG_VALUE Out)
{
    return kdio_win_coerce(In, OutType, Out);
}

static HRESULT control_CoerceValues(IDebugControl *This, ULONG Count, PDEBUG_VALUE In, PULONG OutTypes,
                                    PDEBUG_VALUE Out)
{
    HRESULT result = In != NULL && OutTypes != NULL && Out != NULL ? S_OK : E_INVALIDARG;
    for (ULONG i = 0; result == S_OK && i < Count; i++)
        result = kdio_win_coerce(&In[i], OutTypes[i], &Out[i]);
    return result;
}

/* ---- Commands ---- */

#define EXECUTE_FLAGS (DEBUG_EXECUTE_ECHO | DEBUG_EXECUTE_NOT_LOGGED | DEBUG_EXECUTE_NO_REPEAT)

static HRESULT control_Execute(IDebugControl *This, ULONG OutputControl, PCSTR Command, ULONG Flags)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, control);
    bool quiet = kdio_win_output_is_for_nobody(OutputControl);
    if (Command == NULL || (Flags & ~(ULONG)EXECUTE_FLAGS) != 0)
        return E_INVALIDARG;
    if ((Flags & DEBUG_EXECUTE_ECHO) != 0 && !quiet)
        kdio_win_output_text(client, DEBUG_OUTPUT_PROMPT, "%s\n", Command);
    return kdio_win_execute(client, Command, quiet);
}

static HRESULT control_ExecuteCommandFile(IDebugControl *This, ULONG OutputControl, PCSTR CommandFile, ULONG Flags)
{
    if (CommandFile == NULL || (Flags & ~(ULONG)EXECUTE_FLAGS) != 0)
        return E_INVALIDARG;
    return kdio_win_execute_file(KDIO_WIN_CLIENT(This, control), CommandFile,
                                 kdio_win_output_is_for_nobody(OutputControl));
}

/* ---- Extensions ---- */

static HRESULT control_AddExtension(IDebugControl *This, PCSTR Path, ULONG Flags, PULONG64 Handle)
{
    if (Flags != 0)
        return E_INVALIDARG;
    return kdio_win_extension_load(KDIO_WIN_CLIENT(This, control), Path, Handle);
}

static HRESULT control_RemoveExtension(IDebugControl *This, ULONG64 Handle)
{
    return kdio_win_extension_unload(KDIO_WIN_CLIENT(This, control), Handle);
}

static HRESULT control_GetExtensionByPath(IDebugControl *This, PCSTR Path, PULONG64 Handle)
{
    return kdio_win_extension_by_path(KDIO_WIN_CLIENT(This, control), Path, Handle);
}

/* What the command returned is not the result, as on Windows, unless it wants the search to go on. */
static HRESULT control_CallExtension(IDebugControl *This, ULONG64 Handle, PCSTR Function, PCSTR Arguments)
{
    HRESULT returned = S_OK;
    HRESULT result = kdio_win_extension_call(KDIO_WIN_CLIENT(This, control), Handle, Function, Arguments, &returned);
    return result == S_OK && returned == DEBUG_EXTENSION_CONTINUE_SEARCH ? returned : result;
}

static HRESULT control_GetExtensionFunction(IDebugControl *This, ULONG64 Handle, PCSTR FuncName, FARPROC *Function)
{
    char name[256];
    if (FuncName == NULL || Function == NULL || snprintf(name, sizeof(name), "_EFN_%s", FuncName) >= (int)sizeof(name))
        return E_INVALIDARG;
    *Function = kdio_win_extension_function(KDIO_WIN_CLIENT(This, control), Handle, name);
    return *Function != NULL ? S_OK : E_NOINTERFACE;
}
