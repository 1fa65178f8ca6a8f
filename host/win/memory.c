/* SPDX-License-Identifier: MIT */
/*
 * memory.c: memory of the target, virtual and physical, for the methods and for Ioctl.
 *
 * kdio keeps no copy of the target's memory, so there is nothing that the uncached forms could bypass.
 */
#include <stdlib.h>
#include <string.h>

#include "host/win/access.h"

#define PATTERN_MAX 255u        /* What the target fills with by itself. */
#define FILL_BLOCK_SIZE 0x4000u /* Longer patterns are sent, repeated up to about this size. */

/* What fits one access is one, as a driver's READ_REGISTER would be. */
static unsigned unit_of(ULONG64 address, ULONG size)
{
    bool fits = size == 1 || size == 2 || size == 4 || size == 8;
    return fits && address % size == 0 ? size : 0;
}

/* A fault after a part makes the part the result. */
static HRESULT finish(struct kdio_win_client *client, enum kdio_status status, size_t done, HRESULT fault, PULONG count)
{
    HRESULT result = status == KDIO_FAULT && done > 0 ? S_OK : kdio_win_result(client, status, fault);
    if (count != NULL)
        *count = result == S_OK ? (ULONG)done : 0;
    return result;
}

HRESULT kdio_win_memory_read(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, PVOID buffer,
                             ULONG size, PULONG count)
{
    size_t done = 0;
    if (count != NULL)
        *count = 0;
    if (buffer == NULL && size > 0)
        return E_INVALIDARG;
    kdio_win_stoppable(client);
    enum kdio_status status = kdio_read(client->target, space, address, unit_of(address, size), buffer, size, &done);
    kdio_win_unstoppable(client);
    return finish(client, status, done, KDIO_WIN_READ_FAULT, count);
}

HRESULT kdio_win_memory_read_all(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, PVOID buffer,
                                 ULONG size)
{
    ULONG count = 0;
    HRESULT result = kdio_win_memory_read(client, space, address, buffer, size, &count);
    return result == S_OK && count < size ? KDIO_WIN_READ_FAULT : result;
}

HRESULT kdio_win_memory_write(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, LPCVOID buffer,
                              ULONG size, PULONG count)
{
    size_t done = 0;
    if (count != NULL)
        *count = 0;
    if (buffer == NULL && size > 0)
        return E_INVALIDARG;
    if (client->held != S_OK)
        return client->held;
    enum kdio_status status = kdio_write(client->target, space, address, unit_of(address, size), buffer, size, &done);
    return finish(client, status, done, KDIO_WIN_WRITE_FAULT, count);
}

/* ---- Filling ---- */

/* As many whole copies as fit about a block; NULL when memory is out. */
static UCHAR *repeat(LPCVOID pattern, ULONG pattern_size, size_t *size)
{
    size_t copies = pattern_size < FILL_BLOCK_SIZE ? FILL_BLOCK_SIZE / pattern_size : 1;
    UCHAR *block = malloc(copies * pattern_size);
    for (size_t i = 0; block != NULL && i < copies; i++)
        memcpy(block + i * pattern_size, pattern, pattern_size);
    *size = copies * pattern_size;
    return block;
}

/* Blocks, each sent once, up to the first that is not written whole. */
static enum kdio_status fill_by_writing(struct kdio_target *target, enum kdio_space space, ULONG64 address, ULONG size,
                                        LPCVOID pattern, ULONG pattern_size, uint64_t *done)
{
    size_t block_size = 0;
    UCHAR *block = repeat(pattern, pattern_size, &block_size);
    enum kdio_status status = block != NULL ? KDIO_DONE : KDIO_NO_MEMORY;
    while (status == KDIO_DONE && *done < size) {
        size_t part = size - *done < block_size ? (size_t)(size - *done) : block_size;
        size_t written = 0;
        status = kdio_write(target, space, address + *done, 0, block, part, &written);
        *done += written;
    }
    free(block);
    return status;
}

HRESULT kdio_win_memory_fill(struct kdio_win_client *client, enum kdio_space space, ULONG64 address, ULONG size,
                             LPCVOID pattern, ULONG pattern_size, PULONG filled)
{
    uint64_t done = 0;
    enum kdio_status status;
    if (filled != NULL)
        *filled = 0;
    if (pattern == NULL || pattern_size == 0 || (size > 0 && address + (size - 1) < address))
        return E_INVALIDARG;
    if (client->held != S_OK)
        return client->held;
    if (pattern_size > size)
        pattern_size = size;
    if (size == 0)
        return S_OK;
    if (pattern_size <= PATTERN_MAX)
        status = kdio_fill(client->target, space, address, size, pattern, pattern_size, &done);
    else
        status = fill_by_writing(client->target, space, address, size, pattern, pattern_size, &done);
    return finish(client, status, (size_t)done, KDIO_WIN_WRITE_FAULT, filled);
}
