/* SPDX-License-Identifier: MIT */
/* hresult.h: the HRESULT that Windows programs see for a status of kdio. dbgeng.h tells them the same list in words. */
#ifndef KDIO_HOST_WIN_HRESULT_H
#define KDIO_HOST_WIN_HRESULT_H

#include <kdio.h>
#include <kdio/win/windows.h>

/* Total: E_FAIL for a number that is no status. Only KDIO_DONE gives a success. */
HRESULT kdio_win_hresult(enum kdio_status status);

#endif
