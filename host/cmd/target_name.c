/* SPDX-License-Identifier: MIT */
/*
 * target_name.c: implements target_name.h. A gensio string has a comma between a layer and what that connects to, so a
 * name without one is a slip of the pen, and is refused before anything is opened.
 */
#include "host/cmd/target_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "host/cmd/qemu_target.h"

#define QEMU_NAME     "qemu"
#define WINDBG_PREFIX  "com:"

bool target_name_is_qemu(const char *name)
{
    return strcmp(name, QEMU_NAME) == 0;
}

static bool is_path(const char *name)
{
    return name[0] == '/' || strncmp(name, "./", 2) == 0;
}

static bool is_windbg(const char *name)
{
    return strncasecmp(name, WINDBG_PREFIX, strlen(WINDBG_PREFIX)) == 0;
}

static enum exit_status refuse(const char *name, struct failure *failure)
{
    return failure_status(failure, KDIO_BAD_ARGUMENT,
                          "%s: no target string: write unix,PATH or tcp,HOST,PORT or "
                          "serialdev,/dev/ttyUSB0,115200n81 (gensio(5) lists all%s)",
                          *name != '\0' ? name : "''",
                          is_windbg(name) ? "; WinDbg's com:... belongs to AttachKernel" : "");
}

static enum exit_status absent(const char *name, struct failure *failure)
{
    return failure_status(failure, KDIO_NO_CONNECTION,
                          "%s: no such socket or device (--wait waits for unix,PATH and serialdev,PATH,115200n81)",
                          name);
}

static enum exit_status make(const char *layer, const char *name, const char *settings, char **gensio,
                             struct failure *failure)
{
    size_t size = strlen(layer) + strlen(name) + strlen(settings) + 1;
    char *made = malloc(size);

    if (made == NULL)
        return failure_status(failure, KDIO_NO_MEMORY, "out of memory");
    (void)snprintf(made, size, "%s%s%s", layer, name, settings);
    *gensio = made;
    return EXIT_STATUS_DONE;
}

static enum exit_status resolve_path(const char *name, char **gensio, struct failure *failure)
{
    struct stat found;

    if (stat(name, &found) != 0)
        return absent(name, failure);
    if (S_ISSOCK(found.st_mode))
        return make("unix,", name, "", gensio, failure);
    if (S_ISCHR(found.st_mode))
        return make("serialdev,", name, ",115200n81", gensio, failure);
    return refuse(name, failure);
}

enum exit_status target_name_resolve(const char *name, char **gensio, struct failure *failure)
{
    if (target_name_is_qemu(name))
        return qemu_target_string(gensio, failure);
    if (is_path(name))
        return resolve_path(name, gensio, failure);
    if (is_windbg(name) || strchr(name, ',') == NULL)
        return refuse(name, failure);
    return make("", name, "", gensio, failure);
}
