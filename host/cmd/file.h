/* SPDX-License-Identifier: MIT */
/* file.h: reads a whole file of commands, so that all of it is checked before any of it is executed. */
#ifndef KDIO_CMD_FILE_H
#define KDIO_CMD_FILE_H

#include <stddef.h>

#include "host/cmd/failure.h"

/* Reads `path`, or standard input for "-", to its end. *text is the caller's to free; unchanged on failure. */
enum exit_status file_read(const char *path, char **text, size_t *size, struct failure *failure);

#endif
