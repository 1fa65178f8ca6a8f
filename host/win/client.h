/* SPDX-License-Identifier: MIT */
/*
 * client.h: the one object behind all interfaces of a client, and the list of those alive.
 *
 * Invariant: a client is in the list from DebugCreate until its last reference goes, and references change only under
 * the list's lock. So a client is found by its number or address without dangling, from any thread.
 */
#ifndef KDIO_HOST_WIN_CLIENT_H
#define KDIO_HOST_WIN_CLIENT_H

#define NOEXTAPI

#include <stdatomic.h>
#include <stdbool.h>

#include <kdio.h>
#include <kdio/win/wdbgexts.h>
#include <kdio/win/dbgeng.h>

struct kdio_win_client {
    /* What callers hold is the address of one of these. */
    IDebugClient client;
    IDebugControl control;
    IDebugDataSpaces4 spaces;

    struct kdio_win_client *next;
    ULONG references;
    ULONG64 number; /* From 1, never used again. */

    struct kdio_target *target; /* NULL while not attached. */
    char *options;              /* As given to AttachKernel; NULL while not attached. */
    bool busy;                  /* A call is under way, so that callbacks cannot start another. */
    bool event_due;             /* The first WaitForEvent after AttachKernel has something to report. */

    HRESULT last;     /* Of the last access. */
    HRESULT held;     /* Of an access whose outcome is unknown, until the caller has been told; else S_OK. */
    bool hold_writes; /* Whether `held` is kept at all. */

    PDEBUG_OUTPUT_CALLBACKS output;
    ULONG output_mask;

    atomic_bool interrupt; /* SetInterrupt was called; GetInterrupt takes it. */
    atomic_bool wake;      /* SetInterrupt ends this or the next WaitForEvent. */
    bool waiting;          /* In WaitForEvent or AttachKernel, the calls that an interrupt ends. */
};

/* The client whose interface `This` is. */
#define KDIO_WIN_CLIENT(This, member) \
    ((struct kdio_win_client *)(void *)((char *)(This) - offsetof(struct kdio_win_client, member)))

extern const IDebugClientVtbl kdio_win_client_methods;
extern const IDebugControlVtbl kdio_win_control_methods;
extern const IDebugDataSpaces4Vtbl kdio_win_spaces_methods;

/* ---- Life ---- */

HRESULT kdio_win_client_query(struct kdio_win_client *client, REFIID iid, PVOID *interface_out);
ULONG kdio_win_client_hold(struct kdio_win_client *client);

/* Frees the client with its last reference; returns how many are left. Accepts NULL. */
ULONG kdio_win_client_drop(struct kdio_win_client *client);

/* These return a client with a reference for the caller to drop, or NULL. */
struct kdio_win_client *kdio_win_client_find(ULONG64 number);
struct kdio_win_client *kdio_win_client_of(const void *any_interface);

/*
 * Round each call that uses the target or callbacks. enter returns false, and changes nothing, when such a call is
 * under way; it holds a reference, so that a callback may drop the caller's.
 */
bool kdio_win_client_enter(struct kdio_win_client *client);
void kdio_win_client_leave(struct kdio_win_client *client);

/* Ends the session, if there is one. */
void kdio_win_client_detach(struct kdio_win_client *client);

/* ---- Port accesses (port.c) ---- */

struct kdio_win_port {
    ULONG interface_type;
    ULONG bus_number;
    ULONG address_space;
    ULONG64 offset;
};

/*
 * One access of `size` bytes with the checks and HRESULTs of dbgeng.h's opening comment. *count, where given, is always
 * stored. `buffer` is unchanged unless a read succeeds. A NULL client means that no target is attached.
 */
HRESULT kdio_win_port_read(struct kdio_win_client *client, const struct kdio_win_port *port, PVOID buffer, ULONG size,
                           PULONG count);
HRESULT kdio_win_port_write(struct kdio_win_client *client, const struct kdio_win_port *port, LPCVOID buffer,
                            ULONG size, PULONG count);

/* ---- Output (output.c) ---- */

/* Formats as Windows does (format.h) and hands the text to the output callbacks, if the mask lets it through. */
HRESULT kdio_win_output(struct kdio_win_client *client, ULONG mask, PCSTR format, va_list args);

/* kdio_options.console: hands the target's text on. The context is the client. */
void kdio_win_output_console(void *context, const char *text, size_t size);

/* Hands one line of text on. */
void kdio_win_output_error(struct kdio_win_client *client, const char *what, const char *text);

/* ---- Extension routines (extension.c) ---- */

/* Fills the routines, which act on `client` from now on. E_INVALIDARG, and nothing changes, when nSize is wrong. */
HRESULT kdio_win_extension_apis(struct kdio_win_client *client, PWINDBG_EXTENSION_APIS64 apis);

#endif
