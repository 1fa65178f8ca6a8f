/* SPDX-License-Identifier: MIT */
/*
 * loader.h: WinDbg extensions: shared objects compiled from source written for Windows, of either kind.
 *
 * A WdbgExts extension has WinDbgExtensionDllInit and ExtensionApiVersion, perhaps CheckVersion; its commands come
 * from DECLARE_API. A DbgEng extension has DebugExtensionInitialize, perhaps DebugExtensionNotify and
 * DebugExtensionUninitialize; its commands take a client and a string. What is wrong with a file is told to the
 * client's output callbacks, as an error.
 */
#ifndef KDIO_HOST_WIN_LOADER_H
#define KDIO_HOST_WIN_LOADER_H

#include "host/win/client.h"

struct kdio_win_extension;

/*
 * Loads the file, or finds it loaded, and stores its handle. W(FILE_NOT_FOUND); W(BAD_EXE_FORMAT) for what is no
 * shared object of this machine, or needs what is not there; W(PROC_NOT_FOUND) without the entry points of either
 * kind; what DebugExtensionInitialize returned, when that is not S_OK.
 */
HRESULT kdio_win_extension_load(struct kdio_win_client *client, PCSTR path, ULONG64 *handle);
HRESULT kdio_win_extension_unload(struct kdio_win_client *client, ULONG64 handle);
/* The loaded one of that path, or whose file is so called, with or without `.so`. E_NOINTERFACE when there is none. */
HRESULT kdio_win_extension_by_path(struct kdio_win_client *client, PCSTR path, ULONG64 *handle);

/*
 * Calls a command of the extension with that handle; with handle 0, of the first that has it, the latest loaded
 * first, and on from one that answers DEBUG_EXTENSION_CONTINUE_SEARCH. *result is what the command returned, S_OK
 * where its kind returns nothing. W(PROC_NOT_FOUND) when none has the command.
 */
HRESULT kdio_win_extension_call(struct kdio_win_client *client, ULONG64 handle, PCSTR command, PCSTR arguments,
                                HRESULT *result);

/* Whether the extension has that command. */
bool kdio_win_extension_has(struct kdio_win_client *client, ULONG64 handle, PCSTR command);

/* A function of the extension by its name; NULL when there is none. */
FARPROC kdio_win_extension_function(struct kdio_win_client *client, ULONG64 handle, PCSTR name);

/* Tells those that want to know that a session begins or ends. */
void kdio_win_extensions_notify(struct kdio_win_client *client, bool active);
void kdio_win_extensions_unload(struct kdio_win_client *client);

#endif
