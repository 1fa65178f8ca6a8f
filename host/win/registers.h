/* SPDX-License-Identifier: MIT */
/* registers.h: the registers that a running target can tell, by Windows' names. */
#ifndef KDIO_HOST_WIN_REGISTERS_H
#define KDIO_HOST_WIN_REGISTERS_H

#include "host/win/client.h"

/* The register of that name, in any case of letters; false when there is none. */
bool kdio_win_register_find(const char *name, size_t size, ULONG *index);

/* Its value now, between kdio_win_begin and kdio_win_end. E_INVALIDARG for an index beyond the last. */
HRESULT kdio_win_register_read(struct kdio_win_client *client, ULONG index, ULONG64 *value);

#endif
