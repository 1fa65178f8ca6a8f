/* SPDX-License-Identifier: MIT */
/*
 * qemu_target.h: the target `qemu`: the boot target in a QEMU of its own, for as long as kdio lives.
 *
 * The line is the standard input and output of the launcher, so no socket, file or directory is made that could stay
 * behind; and the launcher's QEMU dies with kdio, however kdio ends.
 */
#ifndef KDIO_CMD_QEMU_TARGET_H
#define KDIO_CMD_QEMU_TARGET_H

#include "host/cmd/failure.h"

/* What the gensio string begins with: the launcher's input and output, but not its standard error, are the line. */
#define LAUNCH_STRING_START "stdio(noredir-stderr),"

/*
 * Makes the gensio string that starts the launcher; the caller frees it. The launcher is $KDIO_LAUNCH, else the one
 * beside the running program; KDIO_QEMU_BOOT chooses "efi" (the default) or "kernel". *gensio is unchanged on failure.
 */
enum exit_status qemu_target_string(char **gensio, struct failure *failure);

#endif
