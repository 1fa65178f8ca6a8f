/* SPDX-License-Identifier: MIT */
/* execute.h: commands as text, for IDebugControl::Execute: the kdio command's, and `!` those of extensions. */
#ifndef KDIO_HOST_WIN_EXECUTE_H
#define KDIO_HOST_WIN_EXECUTE_H

#include "host/win/client.h"

/*
 * One line. `!NAME ARGUMENTS` and `!MODULE.NAME ARGUMENTS` call a command of an extension that is loaded, where there
 * is one of that name; anything else goes to the interpreter of the kdio command. What is printed goes to the output
 * callbacks, unless `quiet`. E_UNEXPECTED without a target; E_FAIL for what is no command; W(PROC_NOT_FOUND) for a
 * module that has no such command; the HRESULT of the first failure of an access.
 */
HRESULT kdio_win_execute(struct kdio_win_client *client, PCSTR command, bool quiet);

/* The lines of a file, up to the first failure. W(FILE_NOT_FOUND) when it cannot be read. */
HRESULT kdio_win_execute_file(struct kdio_win_client *client, PCSTR path, bool quiet);

#endif
