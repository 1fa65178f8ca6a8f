/* SPDX-License-Identifier: MIT */
/*
 * port.c: one port access on behalf of WriteIo, ReadIo and Ioctl, and the rule about unknown outcomes (kdio_win.h).
 *
 * Invariant: nothing is sent unless every check before it passed, and no write is sent while a client holds writes.
 */
#include <string.h>

#include <kdio/win/wdm.h>

#include "host/win/client.h"
#include "host/win/hresult.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "buffers hold the low byte first");

#define ADDRESS_SPACE_IO 1

/* This thread's last access. The client may be gone by the time it is asked about. */
static _Thread_local struct {
    ULONG64 client_number; /* 0 for none. */
    HRESULT result;
} last_access;

/* ---- The access ---- */

struct access {
    const struct kdio_win_port *port;
    ULONG size;
    bool write;
    uint32_t value;
};

static HRESULT check_arguments(const struct kdio_win_port *port, LPCVOID buffer, ULONG size)
{
    if (buffer == NULL || (size != 1 && size != 2 && size != 4))
        return E_INVALIDARG;
    if (port->address_space != ADDRESS_SPACE_IO || port->interface_type != Isa || port->bus_number != 0)
        return E_INVALIDARG;
    return S_OK;
}

/* The library's own checks: range, alignment, policy. */
static enum kdio_status check_access(struct kdio_target *target, const struct access *access)
{
    uint64_t offset = access->port->offset;
    return access->write ? kdio_check_out(target, offset, access->size, access->value)
                         : kdio_check_in(target, offset, access->size);
}

static HRESULT perform(struct kdio_win_client *client, struct access *access)
{
    uint64_t offset = access->port->offset;
    enum kdio_status status = check_access(client->target, access);
    if (status != KDIO_DONE)
        return kdio_win_hresult(status);
    if (access->write && client->held != S_OK)
        return client->held;
    status = access->write ? kdio_out(client->target, offset, access->size, access->value)
                           : kdio_in(client->target, offset, access->size, &access->value);
    HRESULT result = kdio_win_hresult(status);
    if (status != KDIO_DONE && client->hold_writes &&
        kdio_target_error(client->target)->outcome == KDIO_OUTCOME_UNKNOWN)
        client->held = result;
    return result;
}

/* `in` is what a write writes, `out` is where a read goes; the other is NULL. */
static HRESULT access_attached(struct kdio_win_client *client, struct access *access, LPCVOID in, PVOID out)
{
    HRESULT result = check_arguments(access->port, access->write ? in : out, access->size);
    if (FAILED(result))
        return result;
    if (access->write)
        memcpy(&access->value, in, access->size);
    result = perform(client, access);
    if (result == S_OK && !access->write)
        memcpy(out, &access->value, access->size);
    return result;
}

static HRESULT access_client(struct kdio_win_client *client, struct access *access, LPCVOID in, PVOID out)
{
    if (client == NULL || !kdio_win_client_enter(client))
        return E_UNEXPECTED;
    HRESULT result = client->target != NULL ? access_attached(client, access, in, out) : E_UNEXPECTED;
    client->last = result;
    last_access.client_number = client->number;
    kdio_win_client_leave(client);
    return result;
}

static HRESULT run(struct kdio_win_client *client, struct access access, LPCVOID in, PVOID out, PULONG count)
{
    last_access.client_number = 0;
    last_access.result = access_client(client, &access, in, out);
    if (count != NULL)
        *count = last_access.result == S_OK ? access.size : 0;
    return last_access.result;
}

HRESULT kdio_win_port_read(struct kdio_win_client *client, const struct kdio_win_port *port, PVOID buffer, ULONG size,
                           PULONG count)
{
    return run(client, (struct access){ .port = port, .size = size, .write = false }, NULL, buffer, count);
}

HRESULT kdio_win_port_write(struct kdio_win_client *client, const struct kdio_win_port *port, LPCVOID buffer,
                            ULONG size, PULONG count)
{
    return run(client, (struct access){ .port = port, .size = size, .write = true }, buffer, NULL, count);
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
