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
    IDebugRegisters registers;
    IDebugSystemObjects system;

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
    ULONG radix; /* Of Evaluate: 8, 10 or 16. */
    struct kdio_win_extension *extensions; /* Loaded ones, the latest first. */
    bool borrowed;               /* The target belongs to the caller of kdio_win_client_lend. */
    bool (*interrupt_source)(void); /* Asked for interrupts beside SetInterrupt; NULL for none. */

    atomic_bool interrupt; /* SetInterrupt was called; GetInterrupt takes it. */
    atomic_bool wake;      /* SetInterrupt ends this or the next WaitForEvent. */
    bool waiting;          /* In WaitForEvent or AttachKernel, the calls that an interrupt ends. */
    atomic_bool stop;      /* SetInterrupt ends the long read under way. */
    unsigned stoppable;    /* How many such nest. */
};

/* The client whose interface `This` is. */
#define KDIO_WIN_CLIENT(This, member) \
    ((struct kdio_win_client *)(void *)((char *)(This) - offsetof(struct kdio_win_client, member)))

extern const IDebugClientVtbl kdio_win_client_methods;
extern const IDebugControlVtbl kdio_win_control_methods;
extern const IDebugDataSpaces4Vtbl kdio_win_spaces_methods;
extern const IDebugRegistersVtbl kdio_win_registers_methods;
extern const IDebugSystemObjectsVtbl kdio_win_system_methods;

/* ---- Life ---- */

/* A client with one reference, or NULL when memory is out. */
struct kdio_win_client *kdio_win_client_create(void);

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

/*
 * Makes the client use a target that the caller opened and will close, and whose options the caller chose.
 * `interrupted`, where given, is what CheckControlC and GetInterrupt ask beside SetInterrupt. E_UNEXPECTED when there
 * is a target already. NULL for the target takes it away.
 */
HRESULT kdio_win_client_lend(struct kdio_win_client *client, struct kdio_target *target, bool (*interrupted)(void));

/* ---- Output (output.c) ---- */

/* Formats as Windows does (format.h) and hands the text to the output callbacks, if the mask lets it through. */
HRESULT kdio_win_output(struct kdio_win_client *client, ULONG mask, PCSTR format, va_list args);

/* kdio_options.console: hands the target's text on. The context is the client. */
void kdio_win_output_console(void *context, const char *text, size_t size);

/* Hands text on as it is: of any size, or formatted as the host's printf does, up to 511 bytes. */
void kdio_win_output_piece(struct kdio_win_client *client, ULONG mask, const char *text, size_t size);
__attribute__((format(printf, 3, 4))) void kdio_win_output_text(struct kdio_win_client *client, ULONG mask,
                                                                const char *format, ...);

/* Whether an OutputControl sends the output nowhere. */
bool kdio_win_output_is_for_nobody(ULONG output_control);

/* Hands one line of an error on. */
void kdio_win_output_error(struct kdio_win_client *client, const char *what, const char *text);

/* ---- Extension routines (extension.c) ---- */

/* Makes the routines of all extensions act on `client` from now on. */
void kdio_win_extension_select(struct kdio_win_client *client);

/* Whether somebody asked for an end: SetInterrupt, once each, or the source that kdio_win_client_lend was given. */
bool kdio_win_take_interrupt(struct kdio_win_client *client);

/* Fills the routines, which act on `client` from now on. E_INVALIDARG, and nothing changes, when nSize is wrong. */
HRESULT kdio_win_extension_apis(struct kdio_win_client *client, PWINDBG_EXTENSION_APIS64 apis);

/* The same with 32-bit addresses, which mean the target's sign-extended ones. */
HRESULT kdio_win_extension_apis32(struct kdio_win_client *client, PWINDBG_EXTENSION_APIS32 apis);

#endif
