/* SPDX-License-Identifier: MIT */
/*
 * search.c: searching the target's virtual memory. The target searches by itself; the host skips what is not there (and
 * for DEBUG_VSEARCH_WRITABLE_ONLY what is not writable), steps that the target does not know, and compares the end of
 * patterns that are longer than the target takes.
 *
 * Invariant: a match lies whole in one stretch of memory that qualifies, so that it is as Windows' page describes it.
 */
#include <stdlib.h>
#include <string.h>

#include "host/win/access.h"

#define PATTERN_MAX 255u
#define STEP_MAX 8u

/* The largest step of the target's that the granularity is a multiple of. */
static unsigned step_of(ULONG granularity)
{
    unsigned step = STEP_MAX;
    while (granularity % step != 0)
        step /= 2;
    return step;
}

static HRESULT check(const struct kdio_win_search *search, ULONG flags, const ULONG64 *found)
{
    if (search->pattern == NULL || found == NULL || search->pattern_size == 0 || search->granularity == 0 ||
        search->pattern_size % search->granularity != 0 || (flags & ~(ULONG)DEBUG_VSEARCH_WRITABLE_ONLY) != 0)
        return E_INVALIDARG;
    if (search->length > 0 && search->address + (search->length - 1) < search->address)
        return E_INVALIDARG;
    return search->length < search->pattern_size ? KDIO_WIN_NOT_FOUND : S_OK;
}

/* Whether the bytes behind the first PATTERN_MAX match too. */
static HRESULT compare_rest(struct kdio_win_client *client, const struct kdio_win_search *search, ULONG64 at)
{
    ULONG size = search->pattern_size > PATTERN_MAX ? search->pattern_size - PATTERN_MAX : 0;
    if (size == 0)
        return S_OK;
    UCHAR *rest = malloc(size);
    if (rest == NULL)
        return E_OUTOFMEMORY;
    HRESULT result = kdio_win_memory_read_all(client, KDIO_SPACE_VIRTUAL, at + PATTERN_MAX, rest, size);
    if (result == S_OK && memcmp(rest, search->pattern + PATTERN_MAX, size) != 0)
        result = S_FALSE;
    free(rest);
    return result;
}

/* S_FALSE: no match at this candidate. */
static HRESULT judge(struct kdio_win_client *client, const struct kdio_win_search *search, ULONG64 at)
{
    return (at - search->address) % search->granularity == 0 ? compare_rest(client, search, at) : S_FALSE;
}

/*
 * The first match from *first to `last`; KDIO_WIN_NOT_FOUND when there is none. On KDIO_WIN_READ_FAULT *first is
 * where it was.
 */
static HRESULT search_stretch(struct kdio_win_client *client, const struct kdio_win_search *search, ULONG64 *first,
                              ULONG64 last, PULONG64 found)
{
    ULONG prefix = search->pattern_size < PATTERN_MAX ? search->pattern_size : PATTERN_MAX;
    unsigned step = step_of(search->granularity);
    HRESULT result = S_FALSE;
    for (ULONG64 at = *first; result == S_FALSE; at = *found + step) {
        if (last < at || at < *first || last - at < search->pattern_size - 1)
            return KDIO_WIN_NOT_FOUND;
        ULONG64 length = last - at + 1 - (search->pattern_size - prefix);
        enum kdio_status status = kdio_search(client->target, KDIO_SPACE_VIRTUAL, at, length, step, search->pattern,
                                              prefix, found);
        if (status == KDIO_DONE && *found - at >= length)
            return E_UNEXPECTED;
        if (status == KDIO_FAULT)
            *first = kdio_target_error(client->target)->address;
        result = status == KDIO_DONE ? judge(client, search, *found)
                                     : kdio_win_result(client, status, KDIO_WIN_READ_FAULT);
    }
    return result;
}

/* The first address from `at` on that is a multiple of the granularity away from the start. */
static ULONG64 in_phase(const struct kdio_win_search *search, ULONG64 at)
{
    ULONG64 over = (at - search->address) % search->granularity;
    return over == 0 ? at : at + (search->granularity - over);
}

/* Moves *at past all that is absent there; a page that is there and faults all the same ends the search. */
static HRESULT skip_hole(struct kdio_win_client *client, ULONG64 *at, ULONG64 last)
{
    struct kdio_win_page page;
    for (bool moved = false;; moved = true) {
        HRESULT result = kdio_win_stopped(client) ? KDIO_WIN_STOPPED : kdio_win_page_at(client, *at, &page);
        if (result == S_OK && page.present)
            return moved ? S_OK : KDIO_WIN_READ_FAULT;
        if (result != S_OK)
            return result == E_NOTIMPL ? KDIO_WIN_READ_FAULT : result;
        if (page.last >= last)
            return KDIO_WIN_NOT_FOUND;
        *at = page.last + 1;
    }
}

static HRESULT search_present(struct kdio_win_client *client, const struct kdio_win_search *search, PULONG64 found)
{
    ULONG64 at = search->address, last = search->address + (search->length - 1);
    for (;;) {
        ULONG64 where = at;
        HRESULT result = search_stretch(client, search, &where, last, found);
        if (result == KDIO_WIN_READ_FAULT && where >= at)
            result = skip_hole(client, &where, last);
        else
            return result;
        if (result != S_OK)
            return result;
        at = in_phase(search, where);
        if (at < where)
            return KDIO_WIN_NOT_FOUND;
    }
}

/* The next stretch of pages that are all writable, at or after *first; KDIO_WIN_NOT_FOUND when there is none. */
static HRESULT next_writable(struct kdio_win_client *client, ULONG64 *first, ULONG64 last, ULONG64 *end)
{
    struct kdio_win_page page;
    bool begun = false;
    for (ULONG64 at = *first;; at = page.last + 1) {
        HRESULT result = kdio_win_stopped(client) ? KDIO_WIN_STOPPED : kdio_win_page_at(client, at, &page);
        if (result != S_OK)
            return result;
        if (page.writable && !begun)
            *first = at;
        if (!page.writable && begun)
            return S_OK;
        begun = page.writable;
        *end = page.last < last ? page.last : last;
        if (page.last >= last)
            return begun ? S_OK : KDIO_WIN_NOT_FOUND;
    }
}

static HRESULT search_writable(struct kdio_win_client *client, const struct kdio_win_search *search, PULONG64 found)
{
    ULONG64 last = search->address + (search->length - 1);
    ULONG64 at = search->address, end = 0;
    for (;;) {
        HRESULT result = next_writable(client, &at, last, &end);
        if (result != S_OK)
            return result;
        ULONG64 first = in_phase(search, at);
        result = first < at ? KDIO_WIN_NOT_FOUND : search_stretch(client, search, &first, end, found);
        if (result != KDIO_WIN_NOT_FOUND || end >= last)
            return result;
        at = end + 1;
    }
}

HRESULT kdio_win_search(struct kdio_win_client *client, const struct kdio_win_search *search, ULONG flags,
                        PULONG64 found)
{
    ULONG64 match = 0;
    HRESULT result = check(search, flags, found);
    if (result != S_OK)
        return result;
    kdio_win_stoppable(client);
    result = flags & DEBUG_VSEARCH_WRITABLE_ONLY ? search_writable(client, search, &match)
                                                 : search_present(client, search, &match);
    kdio_win_unstoppable(client);
    if (result == S_OK)
        *found = match;
    return result;
}
