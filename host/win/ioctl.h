/* SPDX-License-Identifier: MIT */
/* ioctl.h: the Ioctl routine of wdbgexts.h: every code that does something, with Windows' structures. */
#ifndef KDIO_HOST_WIN_IOCTL_H
#define KDIO_HOST_WIN_IOCTL_H

#include "host/win/client.h"

/* Returns 1 when it was done, else 0. Touches nothing beyond `size`. A NULL client means that no target is attached. */
ULONG kdio_win_ioctl(struct kdio_win_client *client, USHORT code, PVOID data, ULONG size);

/* Evaluates the beginning of the text; *remainder is what follows. Both are unchanged on failure. */
HRESULT kdio_win_get_expression(struct kdio_win_client *client, PCSTR text, ULONG64 *value, PCSTR *remainder);

#endif
