/* SPDX-License-Identifier: MIT */
/*
 * methods.h: turns a list of dbgeng_methods.h into functions and table entries.
 *
 * A source defines INTERFACE and KDIO_WIN_PREFIX, expands its lists with KDIO_WIN_FUNCTION, which declares every method
 * and defines the absent ones with their true signatures, writes the working ones, and expands the lists again with
 * KDIO_WIN_ENTRY. A working method that is not written, or an absent one that is, does not compile.
 */
#ifndef KDIO_HOST_WIN_METHODS_H
#define KDIO_HOST_WIN_METHODS_H

#include "host/win/client.h"

#define KDIO_WIN_JOIN(prefix, name) prefix##name
#define KDIO_WIN_NAME(prefix, name) KDIO_WIN_JOIN(prefix, name)

#define KDIO_WIN_FUNCTION(slot, name, does, params) \
    static HRESULT STDMETHODCALLTYPE KDIO_WIN_NAME(KDIO_WIN_PREFIX, name) params KDIO_WIN_##does
#define KDIO_WIN_ENTRY(slot, name, does, params) .name = KDIO_WIN_NAME(KDIO_WIN_PREFIX, name),

#define KDIO_WIN_WORKS ;
#define KDIO_WIN_ABSENT \
    { \
        return E_NOTIMPL; \
    }
#define KDIO_WIN_ABSENT_1(out) \
    { \
        if (out != NULL) \
            *out = 0; \
        return E_NOTIMPL; \
    }
#define KDIO_WIN_ABSENT_2(first, second) \
    { \
        if (first != NULL) \
            *first = 0; \
        if (second != NULL) \
            *second = 0; \
        return E_NOTIMPL; \
    }

/* The three methods of IUnknown, of the interface that is `member` of the client. */
#define KDIO_WIN_UNKNOWN(iface, member) \
    static HRESULT STDMETHODCALLTYPE KDIO_WIN_NAME(KDIO_WIN_PREFIX, QueryInterface)(iface * This, REFIID iid, \
                                                                                    PVOID * out) \
    { \
        return kdio_win_client_query(KDIO_WIN_CLIENT(This, member), iid, out); \
    } \
    static ULONG STDMETHODCALLTYPE KDIO_WIN_NAME(KDIO_WIN_PREFIX, AddRef)(iface * This) \
    { \
        return kdio_win_client_hold(KDIO_WIN_CLIENT(This, member)); \
    } \
    static ULONG STDMETHODCALLTYPE KDIO_WIN_NAME(KDIO_WIN_PREFIX, Release)(iface * This) \
    { \
        return kdio_win_client_drop(KDIO_WIN_CLIENT(This, member)); \
    }
#define KDIO_WIN_UNKNOWN_ENTRIES \
    .QueryInterface = KDIO_WIN_NAME(KDIO_WIN_PREFIX, QueryInterface), \
    .AddRef = KDIO_WIN_NAME(KDIO_WIN_PREFIX, AddRef), .Release = KDIO_WIN_NAME(KDIO_WIN_PREFIX, Release)

/* Absent methods use none of their parameters, or one. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#endif
