/* SPDX-License-Identifier: MIT */
/* execute.c: implements execute.h with the interpreter of the kdio command. */
#include "host/win/execute.h"

#include <stdio.h>
#include <stdlib.h>

#include "host/cmd/interpret.h"
#include "host/win/access.h"
#include "host/win/loader.h"

/* ---- The commands of kdio ---- */

struct printing {
    struct kdio_win_client *client;
    bool quiet;
};

static void print(void *context, bool error, const char *text, size_t size)
{
    struct printing *printing = context;
    if (printing->quiet)
        return;
    kdio_win_output_piece(printing->client, error ? DEBUG_OUTPUT_ERROR : DEBUG_OUTPUT_NORMAL, text, size);
    if (error)
        kdio_win_output_piece(printing->client, DEBUG_OUTPUT_ERROR, "\n", 1);
}

static bool is_stopped(void *context)
{
    return kdio_win_stopped(((struct printing *)context)->client);
}

/* The interpreter cannot say whether a command changes the target, so a hold stops them all. */
static HRESULT interpret_line(struct kdio_win_client *client, PCSTR command, bool quiet)
{
    struct printing printing = { client, quiet };
    struct interpreter interpreter = { .target = client->target, .target_name = "the target",
                                       .read_only = client->held != S_OK, .print = print,
                                       .interrupted = is_stopped, .context = &printing };
    enum kdio_status status = KDIO_DONE;
    kdio_win_stoppable(client);
    enum exit_status result = interpret(&interpreter, command, &status);
    kdio_win_unstoppable(client);
    if (result == EXIT_STATUS_DONE)
        return S_OK;
    if (status == KDIO_READ_ONLY && client->held != S_OK)
        return client->held;
    return status == KDIO_DONE ? E_FAIL : kdio_win_result(client, status, KDIO_WIN_NO_DEVICE);
}

/* ---- The commands of extensions ---- */

#define NAME_SIZE 256

/* Cuts "!MODULE.NAME ARGUMENTS" up. Returns the arguments, or NULL when a name is too long. */
static const char *split(const char *text, char *module, char *name)
{
    size_t size = strcspn(text, " \t");
    const char *dot = memchr(text, '.', size);
    size_t module_size = dot != NULL ? (size_t)(dot - text) : 0;
    size_t skipped = dot != NULL ? module_size + 1 : 0;
    if (module_size >= NAME_SIZE || size - skipped >= NAME_SIZE)
        return NULL;
    (void)snprintf(module, NAME_SIZE, "%.*s", (int)module_size, text);
    (void)snprintf(name, NAME_SIZE, "%.*s", (int)(size - skipped), text + skipped);
    return text + size + strspn(text + size, " \t");
}

/* S_FALSE: no extension has that command. */
static HRESULT call_extension(struct kdio_win_client *client, const char *text)
{
    char module[NAME_SIZE], name[NAME_SIZE];
    ULONG64 handle = 0;
    HRESULT returned = S_OK;
    const char *arguments = split(text, module, name);
    if (arguments == NULL)
        return E_INVALIDARG;
    if (module[0] != '\0' && kdio_win_extension_by_path(client, module, &handle) != S_OK)
        return S_FALSE;
    HRESULT result = kdio_win_extension_call(client, handle, name, arguments, &returned);
    return result == HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND) && handle == 0 ? S_FALSE : result;
}

HRESULT kdio_win_execute(struct kdio_win_client *client, PCSTR command, bool quiet)
{
    const char *text = command + strspn(command, " \t");
    if (*text == '!') {
        HRESULT result = call_extension(client, text + 1);
        if (result != S_FALSE)
            return result;
    }
    return KDIO_WIN_ACCESS(client, interpret_line(client, command, quiet));
}

/* ---- Files ---- */

HRESULT kdio_win_execute_file(struct kdio_win_client *client, PCSTR path, bool quiet)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    HRESULT result = file != NULL ? S_OK : HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    while (result == S_OK && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        result = kdio_win_execute(client, line, quiet);
    }
    free(line);
    if (file != NULL)
        (void)fclose(file);
    return result;
}
