/* SPDX-License-Identifier: MIT */
/*
 * loader.c: implements loader.h with the dynamic linker.
 *
 * Invariant: only functions that the file itself defines are called, never those of a library that it happens to need:
 * `!printf` is no command.
 */
#include "host/win/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#define ENGINE_MAJOR 0xf /* A free build, as opposed to a checked one. */
#define ENGINE_MINOR 0   /* Build of Windows: the target runs none. */
#define FUNCTION_NAME_MAX 256

#define W(error) HRESULT_FROM_WIN32(ERROR_##error)

struct kdio_win_extension {
    struct kdio_win_extension *next;
    char *path;
    void *object;
    ULONG64 number; /* Its handle: from 1. */
    bool is_wdbgexts;
    PDEBUG_EXTENSION_NOTIFY notify;
    PDEBUG_EXTENSION_UNINITIALIZE uninitialize;
    PWINDBG_CHECK_VERSION check_version; /* Until it was called. */
    USHORT revision;                     /* EXT_API_VERSION_NUMBER64 or 32. */
};

/* ---- Functions of the file ---- */

/* Converts to and from every other type of function without a warning. */
typedef void (*plain_function)(void);

static bool is_own_function(void *object, void *symbol)
{
    struct link_map *map = NULL;
    ElfW(Sym) *entry = NULL;
    Dl_info info;
    if (dlinfo(object, RTLD_DI_LINKMAP, &map) != 0 || dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) == 0)
        return false;
    return entry != NULL && ELF64_ST_TYPE(entry->st_info) == STT_FUNC && info.dli_saddr == symbol &&
           strcmp(info.dli_fname, map->l_name) == 0;
}

static plain_function function_of(void *object, const char *name)
{
    void *symbol = dlsym(object, name);
    plain_function function = NULL;
    if (symbol != NULL && is_own_function(object, symbol))
        memcpy(&function, &symbol, sizeof(function));
    return function;
}

static const char *const entry_points[] = {
    "WinDbgExtensionDllInit",   "ExtensionApiVersion", "CheckVersion", "DebugExtensionInitialize",
    "DebugExtensionUninitialize", "DebugExtensionNotify", "DebugExtensionCanUnload", "KnownStructOutput",
    "_init", "_fini",
};

/* A command is a function that the engine does not call for itself. */
static plain_function command_of(const struct kdio_win_extension *extension, const char *name)
{
    for (size_t i = 0; i < sizeof(entry_points) / sizeof(entry_points[0]); i++)
        if (strcmp(entry_points[i], name) == 0)
            return NULL;
    return function_of(extension->object, name);
}

/* ---- Loading ---- */

static HRESULT reject(struct kdio_win_client *client, PCSTR path, HRESULT result, const char *why)
{
    kdio_win_output_error(client, path, why);
    return result;
}

static HRESULT start_dbgeng(struct kdio_win_client *client, struct kdio_win_extension *extension, plain_function entry)
{
    ULONG version = 0, flags = 0;
    HRESULT result = ((PDEBUG_EXTENSION_INITIALIZE)entry)(&version, &flags);
    if (result != S_OK) {
        kdio_win_output_text(client, DEBUG_OUTPUT_ERROR, "%s: DebugExtensionInitialize returned 0x%08x\n",
                             extension->path, (unsigned)result);
        return FAILED(result) ? result : E_FAIL;
    }
    extension->notify = (PDEBUG_EXTENSION_NOTIFY)function_of(extension->object, "DebugExtensionNotify");
    extension->uninitialize =
        (PDEBUG_EXTENSION_UNINITIALIZE)function_of(extension->object, "DebugExtensionUninitialize");
    return S_OK;
}

/* The revision tells which form of the routines the extension was compiled for. */
static HRESULT give_routines(struct kdio_win_client *client, const struct kdio_win_extension *extension,
                             plain_function entry)
{
    WINDBG_EXTENSION_APIS64 apis = { .nSize = sizeof(apis) };
    WINDBG_EXTENSION_APIS32 apis32 = { .nSize = sizeof(apis32) };
    HRESULT result;
    if (extension->revision == EXT_API_VERSION_NUMBER64) {
        result = kdio_win_extension_apis(client, &apis);
        if (result == S_OK)
            ((PWINDBG_EXTENSION_DLL_INIT64)entry)(&apis, ENGINE_MAJOR, ENGINE_MINOR);
        return result;
    }
    result = kdio_win_extension_apis32(client, &apis32);
    if (result == S_OK)
        ((PWINDBG_EXTENSION_DLL_INIT32)entry)(&apis32, ENGINE_MAJOR, ENGINE_MINOR);
    return result;
}

static HRESULT start_wdbgexts(struct kdio_win_client *client, struct kdio_win_extension *extension,
                              plain_function entry)
{
    plain_function version_of = function_of(extension->object, "ExtensionApiVersion");
    if (version_of == NULL)
        return reject(client, extension->path, W(PROC_NOT_FOUND),
                      "the extension has WinDbgExtensionDllInit, but no ExtensionApiVersion");
    LPEXT_API_VERSION version = ((PWINDBG_EXTENSION_API_VERSION)version_of)();
    if (version == NULL ||
        (version->Revision != EXT_API_VERSION_NUMBER64 && version->Revision != EXT_API_VERSION_NUMBER32))
        return reject(client, extension->path, W(BAD_EXE_FORMAT), "ExtensionApiVersion tells an unknown revision");
    extension->is_wdbgexts = true;
    extension->revision = version->Revision;
    extension->check_version = (PWINDBG_CHECK_VERSION)function_of(extension->object, "CheckVersion");
    return give_routines(client, extension, entry);
}

static HRESULT start(struct kdio_win_client *client, struct kdio_win_extension *extension)
{
    plain_function dbgeng = function_of(extension->object, "DebugExtensionInitialize");
    plain_function wdbgexts = function_of(extension->object, "WinDbgExtensionDllInit");
    if (dbgeng != NULL)
        return start_dbgeng(client, extension, dbgeng);
    if (wdbgexts != NULL)
        return start_wdbgexts(client, extension, wdbgexts);
    return reject(client, extension->path, W(PROC_NOT_FOUND),
                  "no WinDbg extension: it has neither DebugExtensionInitialize nor WinDbgExtensionDllInit");
}

/* dlopen looks in the system's folders for a name without a slash; an extension is a file. */
static HRESULT open_object(struct kdio_win_client *client, PCSTR path, void **object)
{
    char *file = NULL;
    if (access(path, R_OK) != 0)
        return reject(client, path, errno == EACCES ? W(ACCESS_DENIED) : W(FILE_NOT_FOUND), strerror(errno));
    if (asprintf(&file, "%s%s", strchr(path, '/') != NULL ? "" : "./", path) < 0)
        return E_OUTOFMEMORY;
    *object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    free(file);
    return *object != NULL ? S_OK : reject(client, "cannot load", W(BAD_EXE_FORMAT), dlerror());
}

static void extension_free(struct kdio_win_extension *extension)
{
    if (extension->object != NULL)
        (void)dlclose(extension->object);
    free(extension->path);
    free(extension);
}

static void tell_session(const struct kdio_win_extension *extension, bool active)
{
    if (extension->notify == NULL)
        return;
    extension->notify(active ? DEBUG_NOTIFY_SESSION_ACTIVE : DEBUG_NOTIFY_SESSION_INACCESSIBLE, 0);
    extension->notify(active ? DEBUG_NOTIFY_SESSION_ACCESSIBLE : DEBUG_NOTIFY_SESSION_INACTIVE, 0);
}

static HRESULT prepare(struct kdio_win_client *client, PCSTR path, struct kdio_win_extension *extension)
{
    extension->path = strdup(path);
    if (extension->path == NULL)
        return E_OUTOFMEMORY;
    HRESULT result = open_object(client, path, &extension->object);
    return result == S_OK ? start(client, extension) : result;
}

HRESULT kdio_win_extension_load(struct kdio_win_client *client, PCSTR path, ULONG64 *handle)
{
    if (path == NULL || *path == '\0' || handle == NULL)
        return E_INVALIDARG;
    for (struct kdio_win_extension *at = client->extensions; at != NULL; at = at->next) {
        if (strcmp(at->path, path) == 0) {
            *handle = at->number;
            return S_OK;
        }
    }
    struct kdio_win_extension *extension = calloc(1, sizeof(*extension));
    HRESULT result = extension != NULL ? prepare(client, path, extension) : E_OUTOFMEMORY;
    if (result != S_OK) {
        if (extension != NULL)
            extension_free(extension);
        return result;
    }
    extension->number = client->extensions != NULL ? client->extensions->number + 1 : 1;
    extension->next = client->extensions;
    client->extensions = extension;
    *handle = extension->number;
    if (client->target != NULL)
        tell_session(extension, true);
    return S_OK;
}

/* ---- What is loaded ---- */

static struct kdio_win_extension *find(struct kdio_win_client *client, ULONG64 handle)
{
    struct kdio_win_extension *extension = client->extensions;
    while (extension != NULL && extension->number != handle)
        extension = extension->next;
    return extension;
}

static bool is_called(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    size_t size = strlen(name);
    return strcmp(path, name) == 0 ||
           (strncmp(file, name, size) == 0 && (file[size] == '\0' || strcmp(file + size, ".so") == 0));
}

HRESULT kdio_win_extension_by_path(struct kdio_win_client *client, PCSTR path, ULONG64 *handle)
{
    if (path == NULL || handle == NULL)
        return E_INVALIDARG;
    for (struct kdio_win_extension *at = client->extensions; at != NULL; at = at->next) {
        if (is_called(at->path, path)) {
            *handle = at->number;
            return S_OK;
        }
    }
    return E_NOINTERFACE;
}

static void end(struct kdio_win_client *client, struct kdio_win_extension *extension)
{
    if (client->target != NULL)
        tell_session(extension, false);
    if (extension->uninitialize != NULL)
        extension->uninitialize();
    extension_free(extension);
}

HRESULT kdio_win_extension_unload(struct kdio_win_client *client, ULONG64 handle)
{
    struct kdio_win_extension **link = &client->extensions;
    while (*link != NULL && (*link)->number != handle)
        link = &(*link)->next;
    struct kdio_win_extension *extension = *link;
    if (extension == NULL)
        return E_INVALIDARG;
    *link = extension->next;
    end(client, extension);
    return S_OK;
}

void kdio_win_extensions_unload(struct kdio_win_client *client)
{
    while (client->extensions != NULL)
        (void)kdio_win_extension_unload(client, client->extensions->number);
}

void kdio_win_extensions_notify(struct kdio_win_client *client, bool active)
{
    for (struct kdio_win_extension *at = client->extensions; at != NULL; at = at->next)
        tell_session(at, active);
}

FARPROC kdio_win_extension_function(struct kdio_win_client *client, ULONG64 handle, PCSTR name)
{
    struct kdio_win_extension *extension = find(client, handle);
    return extension != NULL ? (FARPROC)function_of(extension->object, name) : NULL;
}

bool kdio_win_extension_has(struct kdio_win_client *client, ULONG64 handle, PCSTR command)
{
    struct kdio_win_extension *extension = find(client, handle);
    return extension != NULL && command_of(extension, command) != NULL;
}

/* ---- Calling ---- */

static HRESULT call_wdbgexts(struct kdio_win_client *client, struct kdio_win_extension *extension,
                             plain_function command, PCSTR arguments)
{
    kdio_win_extension_select(client);
    if (extension->check_version != NULL) {
        (void)extension->check_version();
        extension->check_version = NULL;
    }
    if (extension->revision == EXT_API_VERSION_NUMBER64)
        ((PWINDBG_EXTENSION_ROUTINE64)command)(NULL, NULL, 0, 0, arguments);
    else
        ((PWINDBG_EXTENSION_ROUTINE32)command)(NULL, NULL, 0, 0, arguments);
    return S_OK;
}

static HRESULT call(struct kdio_win_client *client, struct kdio_win_extension *extension, plain_function command,
                    PCSTR arguments)
{
    if (extension->is_wdbgexts)
        return call_wdbgexts(client, extension, command, arguments);
    return ((PDEBUG_EXTENSION_CALL)command)(&client->client, arguments);
}

HRESULT kdio_win_extension_call(struct kdio_win_client *client, ULONG64 handle, PCSTR command, PCSTR arguments,
                                HRESULT *result)
{
    bool found = false;
    if (command == NULL || *command == '\0' || strlen(command) > FUNCTION_NAME_MAX ||
        (handle != 0 && find(client, handle) == NULL))
        return E_INVALIDARG;
    for (struct kdio_win_extension *at = client->extensions; at != NULL; at = at->next) {
        plain_function function = handle == 0 || at->number == handle ? command_of(at, command) : NULL;
        if (function == NULL)
            continue;
        found = true;
        *result = call(client, at, function, arguments != NULL ? arguments : "");
        if (*result != DEBUG_EXTENSION_CONTINUE_SEARCH)
            break;
    }
    return found ? S_OK : W(PROC_NOT_FOUND);
}
