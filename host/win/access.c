/* SPDX-License-Identifier: MIT */
/*
 * access.c: what every access of a target has in common: the client's turn, the rule about unknown outcomes
 * (kdio_win.h), and telling the caller.
 *
 * Invariant: while a client holds writes, nothing that changes the target is sent.
 */
#include "host/win/access.h"
#include "host/win/hresult.h"

/* This thread's last access. The client may be gone by the time it is asked about. */
static _Thread_local struct {
    ULONG64 client_number; /* 0 for none. */
    HRESULT result;
} last_access;

/* ---- Round an access ---- */

bool kdio_win_begin(struct kdio_win_client *client)
{
    last_access.client_number = 0;
    last_access.result = E_UNEXPECTED;
    if (client == NULL || !kdio_win_client_enter(client))
        return false;
    last_access.client_number = client->number;
    if (client->target != NULL)
        return true;
    client->last = E_UNEXPECTED;
    kdio_win_client_leave(client);
    return false;
}

HRESULT kdio_win_end(struct kdio_win_client *client, HRESULT result)
{
    last_access.result = result;
    client->last = result;
    kdio_win_client_leave(client);
    return result;
}

HRESULT kdio_win_result(struct kdio_win_client *client, enum kdio_status status, HRESULT fault)
{
    HRESULT result = status == KDIO_FAULT ? fault : kdio_win_hresult(status);
    if (status == KDIO_DONE || status == KDIO_INTERRUPTED || !client->hold_writes)
        return result;
    const struct kdio_error *error = kdio_target_error(client->target);
    if (error->status == status && error->outcome == KDIO_OUTCOME_UNKNOWN)
        client->held = result;
    return result;
}

/* ---- Long accesses ---- */

void kdio_win_stoppable(struct kdio_win_client *client)
{
    if (client->stoppable++ == 0)
        atomic_store(&client->stop, false);
}

void kdio_win_unstoppable(struct kdio_win_client *client)
{
    client->stoppable--;
}

bool kdio_win_stopped(const struct kdio_win_client *client)
{
    return client->stoppable > 0 && atomic_load(&client->stop);
}

/* ---- Telling the caller ---- */

/* The hold ends once its reason is told; asked again, the answer is the same. */
static HRESULT tell(struct kdio_win_client *client)
{
    if (client->held != S_OK)
        client->last = client->held;
    client->held = S_OK;
    return client->last;
}

HRESULT kdio_win_last_hresult(void)
{
    struct kdio_win_client *client = kdio_win_client_find(last_access.client_number);
    HRESULT result = client != NULL ? tell(client) : last_access.result;
    kdio_win_client_drop(client);
    return result;
}

HRESULT kdio_win_client_hresult(const void *client)
{
    struct kdio_win_client *found = kdio_win_client_of(client);
    HRESULT result = found != NULL ? tell(found) : E_INVALIDARG;
    kdio_win_client_drop(found);
    return result;
}

HRESULT kdio_win_set_hold(const void *client, BOOL hold)
{
    struct kdio_win_client *found = kdio_win_client_of(client);
    if (found == NULL)
        return E_INVALIDARG;
    found->hold_writes = hold;
    if (!hold)
        found->held = S_OK;
    kdio_win_client_drop(found);
    return S_OK;
}
