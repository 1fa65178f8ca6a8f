/* SPDX-License-Identifier: MIT */
/*
 * region.c: where the target's virtual memory is, by its page tables: translation, and the edges of what is there.
 *
 * A walk over many pages asks for one translation a page or hole, and ends at SetInterrupt.
 */
#include "host/win/access.h"

#define PAGE_SHIFT 12
#define LEVEL_SHIFT 9
#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_WRITABLE (1ull << 1)
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define CANONICAL_4_LEVELS 47
#define CANONICAL_5_LEVELS 56

/* ---- One page ---- */

static HRESULT translation_of(struct kdio_win_client *client, ULONG64 address, struct kdio_translation *translation)
{
    return kdio_win_result(client, kdio_translate(client->target, address, translation), KDIO_WIN_NO_PAGE);
}

/* The addresses between the two halves that a processor takes, where bits from `bit` up are not all alike. */
static bool is_between(ULONG64 address, unsigned bit, struct kdio_win_page *page)
{
    ULONG64 upper = (ULONG64)((LONG64)address >> bit);
    if (upper == 0 || upper == UINT64_MAX)
        return false;
    *page = (struct kdio_win_page){ .first = 1ull << bit, .last = (UINT64_MAX << bit) - 1 };
    return true;
}

static void page_of(const struct kdio_translation *translation, ULONG64 address, struct kdio_win_page *page)
{
    unsigned missing = translation->levels - translation->walked;
    ULONG64 size = translation->present ? translation->page_size : 1ull << (PAGE_SHIFT + LEVEL_SHIFT * missing);
    ULONG64 all = UINT64_MAX, any = 0;
    for (unsigned i = 0; i < translation->walked; i++) {
        all &= translation->entry[i];
        any |= translation->entry[i];
    }
    *page = (struct kdio_win_page){ .first = address & ~(size - 1),
                                    .last = address | (size - 1),
                                    .present = translation->present,
                                    .writable = translation->present && (all & ENTRY_WRITABLE) != 0,
                                    .executable = translation->present && (any & ENTRY_NO_EXECUTE) == 0 };
}

HRESULT kdio_win_page_at(struct kdio_win_client *client, ULONG64 address, struct kdio_win_page *page)
{
    struct kdio_translation translation = { 0 };
    if (is_between(address, CANONICAL_5_LEVELS, page))
        return S_OK;
    enum kdio_status status = kdio_translate(client->target, address, &translation);
    bool four_levels = status == KDIO_FAULT || status == KDIO_BAD_OPERAND || translation.levels == 4;
    if (four_levels && is_between(address, CANONICAL_4_LEVELS, page))
        return S_OK;
    if (status == KDIO_DONE)
        page_of(&translation, address, page);
    return kdio_win_result(client, status, KDIO_WIN_NO_PAGE);
}

/* ---- Translation ---- */

HRESULT kdio_win_translate(struct kdio_win_client *client, ULONG64 address, PULONG64 physical)
{
    struct kdio_translation translation;
    if (physical == NULL)
        return E_INVALIDARG;
    HRESULT result = translation_of(client, address, &translation);
    if (result != S_OK)
        return result;
    if (!translation.present)
        return KDIO_WIN_NO_PAGE;
    *physical = translation.physical;
    return S_OK;
}

/* The tables in the order of the walk, the topmost first, and behind them the address itself. */
static ULONG list_levels(const struct kdio_translation *translation, ULONG64 top, ULONG64 *list)
{
    ULONG count = 0;
    list[count++] = top & ENTRY_ADDRESS;
    for (unsigned i = 0; i + 1 < translation->walked; i++)
        list[count++] = translation->entry[i] & ENTRY_ADDRESS;
    if (translation->present)
        list[count++] = translation->physical;
    return count;
}

HRESULT kdio_win_translate_levels(struct kdio_win_client *client, ULONG64 address, PULONG64 offsets, ULONG size,
                                  PULONG levels)
{
    struct kdio_translation translation;
    struct kdio_registers registers;
    ULONG64 list[6];
    if (levels != NULL)
        *levels = 0;
    HRESULT result = translation_of(client, address, &translation);
    if (result == S_OK && translation.walked <= 1 && !translation.present)
        result = KDIO_WIN_NO_PAGE;
    if (result == S_OK)
        result = kdio_win_result(client, kdio_registers(client->target, &registers), E_FAIL);
    if (result != S_OK)
        return result;
    ULONG count = list_levels(&translation, registers.cr3, list);
    for (ULONG i = 0; offsets != NULL && i < count && i < size; i++)
        offsets[i] = list[i];
    if (levels != NULL)
        *levels = count;
    return translation.present && (offsets == NULL || count <= size) ? S_OK : S_FALSE;
}

/* ---- Walks ---- */

/* Steps to the page after; false at the end of the addresses. */
static HRESULT next_page(struct kdio_win_client *client, struct kdio_win_page *page, bool *ended)
{
    *ended = page->last == UINT64_MAX;
    if (*ended)
        return S_OK;
    return kdio_win_stopped(client) ? KDIO_WIN_STOPPED : kdio_win_page_at(client, page->last + 1, page);
}

typedef bool is_like(const struct kdio_win_page *page, const struct kdio_win_page *other);

static bool is_as_valid(const struct kdio_win_page *page, const struct kdio_win_page *other)
{
    return page->present == other->present;
}

static bool is_alike(const struct kdio_win_page *page, const struct kdio_win_page *other)
{
    return page->present == other->present && page->writable == other->writable &&
           page->executable == other->executable;
}

/*
 * Finds the page of `address` and the last address of those behind it that are like it, though not of those that begin
 * beyond `limit`. *run is then the page, with its `last` moved on.
 */
static HRESULT run_at(struct kdio_win_client *client, ULONG64 address, ULONG64 limit, is_like *like,
                      struct kdio_win_page *run)
{
    struct kdio_win_page page;
    bool ended = false;
    kdio_win_stoppable(client);
    HRESULT result = kdio_win_page_at(client, address, run);
    page = *run;
    while (result == S_OK && !ended && like(&page, run)) {
        run->last = page.last;
        if (page.last >= limit)
            break;
        result = next_page(client, &page, &ended);
    }
    kdio_win_unstoppable(client);
    return result;
}

HRESULT kdio_win_next_change(struct kdio_win_client *client, ULONG64 address, PULONG64 next)
{
    struct kdio_win_page run = { 0 };
    if (next == NULL)
        return E_INVALIDARG;
    HRESULT result = run_at(client, address, UINT64_MAX, is_as_valid, &run);
    if (result != S_OK)
        return result;
    if (run.last == UINT64_MAX)
        return KDIO_WIN_NOT_FOUND;
    *next = run.last + 1;
    return S_OK;
}

HRESULT kdio_win_valid_region(struct kdio_win_client *client, ULONG64 base, ULONG size, PULONG64 valid,
                              PULONG valid_size)
{
    struct kdio_win_page run = { 0 };
    ULONG64 last = base + size - 1;
    if (valid_size != NULL)
        *valid_size = 0;
    if (valid == NULL || valid_size == NULL || (size > 0 && last < base))
        return E_INVALIDARG;
    HRESULT result = size > 0 ? run_at(client, base, last, is_as_valid, &run) : S_OK;
    if (result == S_OK && size > 0 && !run.present && run.last < last) {
        base = run.last + 1;
        result = run_at(client, base, last, is_as_valid, &run);
    }
    if (result != S_OK)
        return result;
    *valid = base;
    *valid_size = run.present ? (ULONG)((run.last < last ? run.last : last) - base + 1) : 0;
    return S_OK;
}

static ULONG protection_of(const struct kdio_win_page *page)
{
    if (!page->present)
        return PAGE_NOACCESS;
    if (page->executable)
        return page->writable ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ;
    return page->writable ? PAGE_READWRITE : PAGE_READONLY;
}

HRESULT kdio_win_query(struct kdio_win_client *client, ULONG64 address, PMEMORY_BASIC_INFORMATION64 info)
{
    struct kdio_win_page run = { 0 };
    if (info == NULL)
        return E_INVALIDARG;
    HRESULT result = run_at(client, address, UINT64_MAX, is_alike, &run);
    if (result != S_OK)
        return result;
    ULONG64 base = address & ~((1ull << PAGE_SHIFT) - 1);
    *info = (MEMORY_BASIC_INFORMATION64){ .BaseAddress = base,
                                          .AllocationBase = run.present ? run.first : 0,
                                          .AllocationProtect = run.present ? protection_of(&run) : 0,
                                          .RegionSize = run.last - base + 1,
                                          .State = run.present ? MEM_COMMIT : MEM_FREE,
                                          .Protect = protection_of(&run),
                                          .Type = run.present ? MEM_PRIVATE : 0 };
    return S_OK;
}
