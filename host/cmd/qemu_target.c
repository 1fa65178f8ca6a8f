/* SPDX-License-Identifier: MIT */
/* qemu_target.c: implements qemu_target.h. What QEMU itself is given is the launcher's business alone. */
#include "host/cmd/qemu_target.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As seen from the directory of the program: in the build tree, and installed. */
static const char *const launch_places[] = { "../qemu/launch", "../libexec/kdio/launch" };

#define STRING_SIZE (2 * PATH_MAX + 128)

static bool program_directory(char *directory, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", directory, size - 1);
    char *slash = NULL;

    if (length <= 0)
        return false;
    directory[length] = '\0';
    slash = strrchr(directory, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

static bool find_beside_program(char *path, size_t size)
{
    char directory[PATH_MAX];

    if (!program_directory(directory, sizeof(directory)))
        return false;
    for (size_t i = 0; i < sizeof(launch_places) / sizeof(launch_places[0]); i++) {
        int length = snprintf(path, size, "%s/%s", directory, launch_places[i]);
        if (length > 0 && (size_t)length < size && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static enum exit_status find_launch(char *path, size_t size, struct failure *failure)
{
    const char *given = getenv("KDIO_LAUNCH");

    if (given == NULL || *given == '\0') {
        if (find_beside_program(path, size))
            return EXIT_STATUS_DONE;
        return failure_system(failure, "target qemu: no launcher ../qemu/launch or ../libexec/kdio/launch beside kdio");
    }
    (void)snprintf(path, size, "%s", given);
    if (access(path, X_OK) != 0)
        return failure_system(failure, "target qemu: cannot execute KDIO_LAUNCH=%s", given);
    return EXIT_STATUS_DONE;
}

static enum exit_status boot_option(const char **option, struct failure *failure)
{
    const char *boot = getenv("KDIO_QEMU_BOOT");

    if (boot == NULL || *boot == '\0' || strcmp(boot, "efi") == 0)
        *option = "--efi";
    else if (strcmp(boot, "kernel") == 0)
        *option = "--kernel";
    else
        return failure_usage(failure, "target qemu: KDIO_QEMU_BOOT=%s is not efi or kernel", boot);
    return EXIT_STATUS_DONE;
}

/* gensio splits the program's arguments as a shell would. */
static void quote(char *quoted, const char *path)
{
    *quoted++ = '"';
    for (; *path != '\0'; path++) {
        if (*path == '"' || *path == '\\')
            *quoted++ = '\\';
        *quoted++ = *path;
    }
    *quoted++ = '"';
    *quoted = '\0';
}

enum exit_status qemu_target_string(char **gensio, struct failure *failure)
{
    char launch[PATH_MAX];
    char quoted[2 * PATH_MAX + 3];
    char string[STRING_SIZE];
    const char *boot = NULL;
    char *copy = NULL;
    enum exit_status result = find_launch(launch, sizeof(launch), failure);

    if (result == EXIT_STATUS_DONE)
        result = boot_option(&boot, failure);
    if (result != EXIT_STATUS_DONE)
        return result;
    quote(quoted, launch);
    (void)snprintf(string, sizeof(string), LAUNCH_STRING_START "%s %s --serial stdio --parent %ld", quoted, boot,
                   (long)getpid());
    copy = strdup(string);
    if (copy == NULL)
        return failure_system(failure, "target qemu");
    *gensio = copy;
    return EXIT_STATUS_DONE;
}
