/* SPDX-License-Identifier: MIT */
/* value.h: DEBUG_VALUE, from one type to another. */
#ifndef KDIO_HOST_WIN_VALUE_H
#define KDIO_HOST_WIN_VALUE_H

#include "host/win/client.h"

/* Integers are cut or extended by zeros, floats rounded. E_INVALIDARG for other types; *out is then unchanged. */
HRESULT kdio_win_coerce(const DEBUG_VALUE *in, ULONG type, DEBUG_VALUE *out);

#endif
