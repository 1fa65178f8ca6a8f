/* SPDX-License-Identifier: MIT */
/*
 * port.c: one port access on behalf of WriteIo, ReadIo and Ioctl.
 *
 * Invariant: nothing is sent unless every check before it passed.
 */
#include <string.h>

#include <kdio/win/wdm.h>

#include "host/win/access.h"
#include "host/win/hresult.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "buffers hold the low byte first");

#define ADDRESS_SPACE_IO 1

static HRESULT check_arguments(const struct kdio_win_port *port, LPCVOID buffer, ULONG size)
{
    if (buffer == NULL || (size != 1 && size != 2 && size != 4))
        return E_INVALIDARG;
    if (port->address_space != ADDRESS_SPACE_IO || port->interface_type != Isa || port->bus_number != 0)
        return E_INVALIDARG;
    return S_OK;
}

static HRESULT finish(struct kdio_win_client *client, enum kdio_status status, ULONG size, PULONG count)
{
    if (status == KDIO_DONE && count != NULL)
        *count = size;
    return kdio_win_result(client, status, KDIO_WIN_NO_DEVICE);
}

HRESULT kdio_win_port_read(struct kdio_win_client *client, const struct kdio_win_port *port, PVOID buffer, ULONG size,
                           PULONG count)
{
    uint32_t value = 0;
    HRESULT result = check_arguments(port, buffer, size);
    if (count != NULL)
        *count = 0;
    if (result != S_OK)
        return result;
    enum kdio_status status = kdio_check_in(client->target, port->offset, size);
    if (status != KDIO_DONE)
        return kdio_win_hresult(status);
    status = kdio_in(client->target, port->offset, size, &value);
    if (status == KDIO_DONE)
        memcpy(buffer, &value, size);
    return finish(client, status, size, count);
}

HRESULT kdio_win_port_write(struct kdio_win_client *client, const struct kdio_win_port *port, LPCVOID buffer,
                            ULONG size, PULONG count)
{
    uint32_t value = 0;
    HRESULT result = check_arguments(port, buffer, size);
    if (count != NULL)
        *count = 0;
    if (result != S_OK)
        return result;
    memcpy(&value, buffer, size);
    enum kdio_status status = kdio_check_out(client->target, port->offset, size, value);
    if (status != KDIO_DONE)
        return kdio_win_hresult(status);
    if (client->held != S_OK)
        return client->held;
    return finish(client, kdio_out(client->target, port->offset, size, value), size, count);
}
