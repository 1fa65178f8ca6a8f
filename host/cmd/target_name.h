/* SPDX-License-Identifier: MIT */
/* target_name.h: what may be said for --target, and the gensio string that it stands for. Nothing here connects. */
#ifndef KDIO_CMD_TARGET_NAME_H
#define KDIO_CMD_TARGET_NAME_H

#include <stdbool.h>

#include "host/cmd/failure.h"

bool target_name_is_qemu(const char *name);

/*
 * Makes the gensio string for `name`; the caller frees it. A gensio string stands for itself; a path (from / or ./) for
 * the socket or device that it leads to; `qemu` for the launcher. Everything else is refused. *gensio is unchanged on
 * failure.
 */
enum exit_status target_name_resolve(const char *name, char **gensio, struct failure *failure);

#endif
