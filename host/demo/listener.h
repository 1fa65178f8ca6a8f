/* SPDX-License-Identifier: MIT */
/* listener.h: an IDebugOutputCallbacks that keeps what the target's kernel says on its console. */
#ifndef KDIO_HOST_DEMO_LISTENER_H
#define KDIO_HOST_DEMO_LISTENER_H

#define KDEXT_64BIT
#include <kdio/win/windows.h>
#include <kdio/win/wdbgexts.h>
#include <kdio/win/dbgeng.h>

/* One in the process, never freed. */
IDebugOutputCallbacks *listener_callbacks(void);

/* Bytes of console text so far. */
ULONG64 listener_bytes(void);

/* The last whole line that starts with `prefix`, without its end; "" when there was none. */
const char *listener_last_line(const char *prefix);

#endif
