/* SPDX-License-Identifier: MIT */
/*
 * kdio_win.h: what kdio adds to the Windows names: the result of the last access, and the hold after an unknown one.
 *
 * Contract
 *   Why        WriteIoSpace64 and its kin return nothing, and a count of 0 says "not written" of a write whose outcome
 *              is unknown. A caller that sees it and tries again could write twice. So:
 *   The hold   When the outcome of an access is unknown (no answer in time, connection lost, target reset), further
 *              writes through that client fail at once with the same HRESULT and are not sent. Reads go on. The hold
 *              ends when kdio_win_last_hresult or kdio_win_client_hresult has told about it, or when the line is
 *              reopened (EndSession, AttachKernel).
 *   Threads    kdio_win_last_hresult speaks of the calling thread's accesses. A client belongs to one thread at a time.
 */
#ifndef KDIO_WIN_KDIO_WIN_H
#define KDIO_WIN_KDIO_WIN_H

#include <kdio/win/windows.h>

/* Where another windows.h came first, as in a check by another compiler's headers. */
#ifndef KDIO_WIN_API
#define KDIO_WIN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Result of this thread's last port access through any of the Windows names: the HRESULT that WriteIo would have
 * returned, or S_OK when there was none. While that client holds writes, it is the HRESULT of the access whose outcome
 * is unknown, and the hold ends. Checks that fail before an access (a NULL buffer, say) count as accesses.
 */
KDIO_WIN_API HRESULT kdio_win_last_hresult(void);

/*
 * The same of one client, given by any of its interfaces, whichever thread made the access. E_INVALIDARG when `client`
 * is no live object of this library.
 */
KDIO_WIN_API HRESULT kdio_win_client_hresult(const void *client);

/*
 * Turns the hold of one client off (FALSE) or on (TRUE, as it is from the start). Off also ends a present hold. Returns
 * S_OK, or E_INVALIDARG and changes nothing when `client` is no live object of this library.
 */
KDIO_WIN_API HRESULT kdio_win_set_hold(const void *client, BOOL hold);

#ifdef __cplusplus
}
#endif
#endif
