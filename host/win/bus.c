/* SPDX-License-Identifier: MIT */
/* bus.c: PCI configuration by Windows' bus and slot numbers. Other kinds of bus data are of machines of the past. */
#include <kdio/win/wdm.h>

#include "host/win/access.h"

#define CONFIGURATION_SIZE 4096u
#define CONFIGURATION_SIZE_OLD 256u /* What there is without ECAM. */
#define SEGMENT_MAX 0xffffu
#define SLOT_MAX 0xffu /* Device in bits 0 to 4, function in bits 5 to 7. */

/* Stores how many bytes there are at all, at most `size`. */
static HRESULT locate(const struct kdio_win_bus *bus, LPCVOID buffer, ULONG size, struct kdio_pci_address *function,
                      ULONG *present)
{
    if (bus->type != PCIConfiguration || buffer == NULL || bus->bus >> 8 > SEGMENT_MAX || bus->slot > SLOT_MAX ||
        bus->offset >= CONFIGURATION_SIZE)
        return E_INVALIDARG;
    *function = (struct kdio_pci_address){ .segment = (uint16_t)(bus->bus >> 8),
                                           .bus = (uint8_t)bus->bus,
                                           .device = bus->slot & 0x1f,
                                           .function = (uint8_t)(bus->slot >> 5) };
    *present = size < CONFIGURATION_SIZE - bus->offset ? size : CONFIGURATION_SIZE - bus->offset;
    return S_OK;
}

/* The widest access that offset and size are multiples of: no byte outside the stretch is touched. */
static unsigned unit_of(ULONG offset, ULONG size)
{
    return ((offset | size) & 1) != 0 ? 1 : ((offset | size) & 2) != 0 ? 2 : 4;
}

/* The part within the first 256 bytes, for a refusal of more; 0 when that is all or nothing. */
static ULONG old_part(ULONG offset, ULONG size)
{
    bool crosses = offset < CONFIGURATION_SIZE_OLD && size > CONFIGURATION_SIZE_OLD - offset;
    return crosses ? CONFIGURATION_SIZE_OLD - offset : 0;
}

/* Of `moved` bytes; a part that was moved before a fault is the result. */
static HRESULT finish(struct kdio_win_client *client, enum kdio_status status, size_t moved, PULONG count)
{
    HRESULT result = status == KDIO_FAULT && moved > 0 ? S_OK : kdio_win_result(client, status, KDIO_WIN_NO_DEVICE);
    if (count != NULL)
        *count = result == S_OK ? (ULONG)moved : 0;
    return result;
}

HRESULT kdio_win_bus_read(struct kdio_win_client *client, const struct kdio_win_bus *bus, PVOID buffer, ULONG size,
                          PULONG count)
{
    struct kdio_pci_address function;
    ULONG part = 0;
    size_t moved = 0;
    HRESULT result = locate(bus, buffer, size, &function, &part);
    if (count != NULL)
        *count = 0;
    if (result != S_OK)
        return result;
    enum kdio_status status = kdio_pci_read(client->target, function, bus->offset, unit_of(bus->offset, part), buffer,
                                            part, &moved);
    part = old_part(bus->offset, part);
    if (status == KDIO_UNSUPPORTED && part != 0) {
        ULONG first = (ULONG)moved, offset = bus->offset + first;
        status = kdio_pci_read(client->target, function, offset, unit_of(offset, part - first), (PUCHAR)buffer + first,
                               part - first, &moved);
        moved += first;
    }
    return finish(client, status, moved, count);
}

HRESULT kdio_win_bus_write(struct kdio_win_client *client, const struct kdio_win_bus *bus, LPCVOID buffer, ULONG size,
                           PULONG count)
{
    struct kdio_pci_address function;
    ULONG part = 0;
    size_t moved = 0;
    HRESULT result = locate(bus, buffer, size, &function, &part);
    if (count != NULL)
        *count = 0;
    if (result != S_OK)
        return result;
    if (client->held != S_OK)
        return client->held;
    enum kdio_status status = kdio_pci_write(client->target, function, bus->offset, unit_of(bus->offset, part), buffer,
                                             part, &moved);
    part = old_part(bus->offset, part);
    if (status == KDIO_UNSUPPORTED && part != 0) { /* What was written in several requests is not written again. */
        ULONG first = (ULONG)moved, offset = bus->offset + first;
        status = kdio_pci_write(client->target, function, offset, unit_of(offset, part - first),
                                (const UCHAR *)buffer + first, part - first, &moved);
        moved += first;
    }
    return finish(client, status, moved, count);
}
