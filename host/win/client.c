/* SPDX-License-Identifier: MIT */
/*
 * client.c: DebugCreate, the identity and life of a client, and IDebugClient: sessions and output callbacks.
 *
 * Invariant: QueryInterface leads from each interface to each, and to the same IUnknown from all of them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "host/win/access.h"
#include "host/win/hresult.h"
#include "host/win/loader.h"
#include "host/win/methods.h"
#include "host/win/options.h"

#define INTERFACE IDebugClient
#define KDIO_WIN_PREFIX client_
KDIO_DEBUG_CLIENT_METHODS(KDIO_WIN_FUNCTION)
KDIO_WIN_UNKNOWN(IDebugClient, client)

const IDebugClientVtbl kdio_win_client_methods = { KDIO_WIN_UNKNOWN_ENTRIES,
                                                   KDIO_DEBUG_CLIENT_METHODS(KDIO_WIN_ENTRY) };

/* All but the engine's chatter. */
#define OUTPUT_MASK_DEFAULT (0x3ff & ~DEBUG_OUTPUT_VERBOSE)
#define RADIX_DEFAULT 16

static struct {
    pthread_mutex_t lock;
    struct kdio_win_client *first;
    ULONG64 number_last;
} clients = { PTHREAD_MUTEX_INITIALIZER, NULL, 0 };

/* ---- Life ---- */

struct kdio_win_client *kdio_win_client_create(void)
{
    struct kdio_win_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    client->client.lpVtbl = &kdio_win_client_methods;
    client->control.lpVtbl = &kdio_win_control_methods;
    client->spaces.lpVtbl = &kdio_win_spaces_methods;
    client->registers.lpVtbl = &kdio_win_registers_methods;
    client->system.lpVtbl = &kdio_win_system_methods;
    client->references = 1;
    client->hold_writes = true;
    client->output_mask = OUTPUT_MASK_DEFAULT;
    client->radix = RADIX_DEFAULT;
    pthread_mutex_lock(&clients.lock);
    client->number = ++clients.number_last;
    client->next = clients.first;
    clients.first = client;
    pthread_mutex_unlock(&clients.lock);
    return client;
}

static void client_free(struct kdio_win_client *client)
{
    kdio_win_extensions_unload(client);
    kdio_win_client_detach(client);
    if (client->output != NULL)
        client->output->lpVtbl->Release(client->output);
    free(client);
}

/* Under the lock. */
static void client_unlink(struct kdio_win_client *client)
{
    struct kdio_win_client **link = &clients.first;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
}

ULONG kdio_win_client_hold(struct kdio_win_client *client)
{
    pthread_mutex_lock(&clients.lock);
    ULONG references = ++client->references;
    pthread_mutex_unlock(&clients.lock);
    return references;
}

ULONG kdio_win_client_drop(struct kdio_win_client *client)
{
    if (client == NULL)
        return 0;
    pthread_mutex_lock(&clients.lock);
    ULONG references = --client->references;
    if (references == 0)
        client_unlink(client);
    pthread_mutex_unlock(&clients.lock);
    if (references == 0)
        client_free(client);
    return references;
}

static bool has_interface(const struct kdio_win_client *client, const void *any_interface)
{
    return any_interface == &client->client || any_interface == &client->control || any_interface == &client->spaces ||
           any_interface == &client->registers || any_interface == &client->system;
}

/* By number, or where that is 0 by interface. */
static struct kdio_win_client *find(ULONG64 number, const void *any_interface)
{
    pthread_mutex_lock(&clients.lock);
    struct kdio_win_client *client = clients.first;
    while (client != NULL && (number != 0 ? client->number != number : !has_interface(client, any_interface)))
        client = client->next;
    if (client != NULL)
        client->references++;
    pthread_mutex_unlock(&clients.lock);
    return client;
}

struct kdio_win_client *kdio_win_client_find(ULONG64 number)
{
    return number != 0 ? find(number, NULL) : NULL;
}

struct kdio_win_client *kdio_win_client_of(const void *any_interface)
{
    return find(0, any_interface);
}

bool kdio_win_client_enter(struct kdio_win_client *client)
{
    if (client->busy)
        return false;
    client->busy = true;
    kdio_win_client_hold(client);
    return true;
}

void kdio_win_client_leave(struct kdio_win_client *client)
{
    client->busy = false;
    kdio_win_client_drop(client);
}

/* ---- Identity ---- */

#define IID_INDEX(iface, ...) INDEX_##iface,
#define IID_ENTRY(iface, a, b, c, ...) { a, b, c, { __VA_ARGS__ } },
enum { KDIO_DEBUG_IIDS(IID_INDEX) };
static const IID iids[] = { KDIO_DEBUG_IIDS(IID_ENTRY) };

/* One table serves IDebugDataSpaces to 4: each begins with the one before, and all functions take the same object. */
static const struct {
    int iid_index;
    size_t offset;
} interfaces[] = {
    { INDEX_IUnknown, offsetof(struct kdio_win_client, client) },
    { INDEX_IDebugClient, offsetof(struct kdio_win_client, client) },
    { INDEX_IDebugControl, offsetof(struct kdio_win_client, control) },
    { INDEX_IDebugDataSpaces, offsetof(struct kdio_win_client, spaces) },
    { INDEX_IDebugDataSpaces2, offsetof(struct kdio_win_client, spaces) },
    { INDEX_IDebugDataSpaces3, offsetof(struct kdio_win_client, spaces) },
    { INDEX_IDebugDataSpaces4, offsetof(struct kdio_win_client, spaces) },
    { INDEX_IDebugRegisters, offsetof(struct kdio_win_client, registers) },
    { INDEX_IDebugSystemObjects, offsetof(struct kdio_win_client, system) },
};

HRESULT kdio_win_client_query(struct kdio_win_client *client, REFIID iid, PVOID *interface_out)
{
    if (interface_out == NULL)
        return E_INVALIDARG;
    *interface_out = NULL;
    if (iid == NULL)
        return E_INVALIDARG;
    for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
        if (!IsEqualIID(iid, &iids[interfaces[i].iid_index]))
            continue;
        kdio_win_client_hold(client);
        *interface_out = (char *)client + interfaces[i].offset;
        return S_OK;
    }
    return E_NOINTERFACE;
}

HRESULT DebugCreate(REFIID InterfaceId, PVOID *Interface)
{
    if (Interface == NULL)
        return E_INVALIDARG;
    *Interface = NULL;
    struct kdio_win_client *client = kdio_win_client_create();
    if (client == NULL)
        return E_OUTOFMEMORY;
    HRESULT result = kdio_win_client_query(client, InterfaceId, Interface);
    kdio_win_client_drop(client);
    return result;
}

HRESULT DebugConnect(PCSTR RemoteOptions, REFIID InterfaceId, PVOID *Interface)
{
    if (Interface != NULL)
        *Interface = NULL;
    return E_NOTIMPL;
}

/* ---- Sessions ---- */

static bool interrupted(void *context)
{
    struct kdio_win_client *client = context;
    return (client->waiting && atomic_load(&client->wake)) || kdio_win_stopped(client);
}

static HRESULT open_target(struct kdio_win_client *client, const char *gensio)
{
    struct kdio_options options = {
        .size = sizeof(options), .console = kdio_win_output_console, .interrupted = interrupted, .context = client
    };
    struct kdio_target *target = NULL;
    client->waiting = true;
    enum kdio_status status = kdio_target_open(&target, gensio, &options);
    client->waiting = false;
    if (status == KDIO_DONE) {
        client->target = target;
    } else {
        kdio_win_output_error(client, "AttachKernel", target != NULL ? kdio_target_error(target)->text : "no memory");
        kdio_target_close(target);
    }
    return kdio_win_hresult(status);
}

static HRESULT attach(struct kdio_win_client *client, PCSTR text)
{
    char *gensio = NULL;
    if (client->target != NULL)
        return E_UNEXPECTED;
    HRESULT result = kdio_win_options_translate(text, &gensio);
    if (FAILED(result))
        return result;
    char *options = strdup(text);
    result = options == NULL ? E_OUTOFMEMORY : open_target(client, gensio);
    free(gensio);
    if (FAILED(result)) {
        free(options);
        return result;
    }
    client->options = options;
    client->event_due = true;
    kdio_win_extensions_notify(client, true);
    return S_OK;
}

HRESULT kdio_win_client_lend(struct kdio_win_client *client, struct kdio_target *target,
                             bool (*interrupted_source)(void))
{
    if (target == NULL) {
        kdio_win_client_detach(client);
        return S_OK;
    }
    if (client->target != NULL)
        return E_UNEXPECTED;
    client->target = target;
    client->borrowed = true;
    client->interrupt_source = interrupted_source;
    client->event_due = true;
    kdio_win_extensions_notify(client, true);
    return S_OK;
}

static HRESULT client_AttachKernel(IDebugClient *This, ULONG Flags, PCSTR ConnectOptions)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, client);
    if (Flags == DEBUG_ATTACH_LOCAL_KERNEL || Flags == DEBUG_ATTACH_EXDI_DRIVER)
        return E_NOTIMPL;
    if (Flags != DEBUG_ATTACH_KERNEL_CONNECTION)
        return E_INVALIDARG;
    if (!kdio_win_client_enter(client))
        return E_UNEXPECTED;
    HRESULT result = attach(client, ConnectOptions);
    kdio_win_client_leave(client);
    return result;
}

/* A reopened line has no unknown outcome behind it, so the hold goes with the session. */
void kdio_win_client_detach(struct kdio_win_client *client)
{
    if (client->target != NULL)
        kdio_win_extensions_notify(client, false);
    if (!client->borrowed)
        kdio_target_close(client->target);
    client->target = NULL;
    client->borrowed = false;
    client->interrupt_source = NULL;
    free(client->options);
    client->options = NULL;
    client->event_due = false;
    client->held = S_OK;
}

static HRESULT client_EndSession(IDebugClient *This, ULONG Flags)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, client);
    if (Flags > DEBUG_END_DISCONNECT)
        return E_INVALIDARG;
    if (client->target == NULL || !kdio_win_client_enter(client))
        return E_UNEXPECTED;
    kdio_win_client_detach(client);
    kdio_win_client_leave(client);
    return S_OK;
}

/* The size counts the final NUL; a buffer that is too small gets what fits, and S_FALSE. */
static HRESULT client_GetKernelConnectionOptions(IDebugClient *This, PSTR Buffer, ULONG BufferSize, PULONG OptionsSize)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, client);
    if (OptionsSize != NULL)
        *OptionsSize = 0;
    if (client->options == NULL)
        return E_UNEXPECTED;
    size_t size = strlen(client->options) + 1;
    if (OptionsSize != NULL)
        *OptionsSize = (ULONG)size;
    if (Buffer == NULL || BufferSize == 0)
        return BufferSize == 0 ? S_FALSE : S_OK;
    size_t copied = size <= BufferSize ? size : BufferSize;
    memcpy(Buffer, client->options, copied);
    Buffer[copied - 1] = '\0';
    return copied == size ? S_OK : S_FALSE;
}

/* ---- Output callbacks ---- */

static HRESULT client_GetOutputCallbacks(IDebugClient *This, PDEBUG_OUTPUT_CALLBACKS *Callbacks)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, client);
    if (Callbacks == NULL)
        return E_INVALIDARG;
    *Callbacks = client->output;
    if (client->output != NULL)
        client->output->lpVtbl->AddRef(client->output);
    return S_OK;
}

static HRESULT client_SetOutputCallbacks(IDebugClient *This, PDEBUG_OUTPUT_CALLBACKS Callbacks)
{
    struct kdio_win_client *client = KDIO_WIN_CLIENT(This, client);
    PDEBUG_OUTPUT_CALLBACKS old = client->output;
    if (Callbacks != NULL)
        Callbacks->lpVtbl->AddRef(Callbacks);
    client->output = Callbacks;
    if (old != NULL)
        old->lpVtbl->Release(old);
    return S_OK;
}

static HRESULT client_GetOutputMask(IDebugClient *This, PULONG Mask)
{
    if (Mask == NULL)
        return E_INVALIDARG;
    *Mask = KDIO_WIN_CLIENT(This, client)->output_mask;
    return S_OK;
}

static HRESULT client_SetOutputMask(IDebugClient *This, ULONG Mask)
{
    KDIO_WIN_CLIENT(This, client)->output_mask = Mask;
    return S_OK;
}

/* Text is never kept back. */
static HRESULT client_FlushCallbacks(IDebugClient *This)
{
    return S_OK;
}
