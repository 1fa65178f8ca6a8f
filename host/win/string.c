/* SPDX-License-Identifier: MIT */
/*
 * string.c: strings in the target's memory, up to their NUL, converted between UTF-16 and Windows' code pages.
 *
 * Memory is read page by page, so that a string may end right before memory that is absent. The C library converts;
 * what it cannot becomes U+FFFD, or a question mark where the code page has none.
 */
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/win/access.h"

#define PAGE_MASK 0xfffull
#define CODEPAGE_ACP 0    /* Windows' default in most of the world is 1252. */
#define CODEPAGE_OEM 1
#define CODEPAGE_MAC 2
#define CODEPAGE_THREAD 3

struct bytes {
    UCHAR *data;
    size_t size, room;
};

/* ---- Reading up to the NUL ---- */

static bool grow(struct bytes *bytes, size_t size)
{
    if (bytes->size + size <= bytes->room)
        return true;
    size_t room = 2 * bytes->room + size;
    UCHAR *data = realloc(bytes->data, room);
    if (data == NULL)
        return false;
    bytes->data = data;
    bytes->room = room;
    return true;
}

/* Where the NUL ends in the bytes, looking from `from` on; 0 when it is not there yet. */
static size_t find_end(const struct bytes *bytes, size_t from, size_t unit)
{
    for (size_t at = from - from % unit; at + unit <= bytes->size; at += unit)
        if (bytes->data[at] == 0 && bytes->data[at + unit - 1] == 0)
            return at + unit;
    return 0;
}

/* Reads up to the end of a page. E_INVALIDARG when the memory ends before the NUL. */
static HRESULT read_part(struct kdio_win_client *client, ULONG64 address, ULONG max, struct bytes *bytes)
{
    ULONG64 at = address + bytes->size;
    ULONG part = (ULONG)(PAGE_MASK + 1 - (at & PAGE_MASK)), got = 0;
    if (part > max - bytes->size)
        part = max - (ULONG)bytes->size;
    if (!grow(bytes, part))
        return E_OUTOFMEMORY;
    HRESULT result = kdio_win_memory_read(client, KDIO_SPACE_VIRTUAL, at, bytes->data + bytes->size, part, &got);
    if (result == KDIO_WIN_READ_FAULT && bytes->size > 0)
        return E_INVALIDARG;
    bytes->size += got;
    return result;
}

/* The string with its NUL. */
static HRESULT read_string(struct kdio_win_client *client, ULONG64 address, ULONG max, size_t unit, struct bytes *bytes)
{
    size_t end = 0;
    while (end == 0 && bytes->size + unit <= max) {
        size_t before = bytes->size;
        HRESULT result = read_part(client, address, max, bytes);
        if (result != S_OK)
            return result;
        end = find_end(bytes, before, unit);
    }
    bytes->size = end;
    return end != 0 ? S_OK : E_INVALIDARG;
}

/* ---- Converting ---- */

static bool encoding_of(const struct kdio_win_text *text, char *name, size_t size)
{
    static const char *const special[] = {
        [CODEPAGE_ACP] = "CP1252", [CODEPAGE_OEM] = "CP437", [CODEPAGE_MAC] = "MACINTOSH", [CODEPAGE_THREAD] = "CP1252",
    };
    static const struct {
        ULONG codepage;
        const char *name;
    } known[] = {
        { 1200, "UTF-16LE" }, { 20127, "ASCII" }, { 28591, "ISO-8859-1" }, { 65000, "UTF-7" }, { 65001, "UTF-8" },
    };
    if (text->wide)
        return snprintf(name, size, "UTF-16LE") > 0;
    if (text->codepage < sizeof(special) / sizeof(special[0]))
        return snprintf(name, size, "%s", special[text->codepage]) > 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].codepage == text->codepage)
            return snprintf(name, size, "%s", known[i].name) > 0;
    return snprintf(name, size, "CP%u", (unsigned)text->codepage) > 0;
}

static void append_replacement(bool wide, char **out)
{
    if (wide) {
        *(*out)++ = (char)0xfd;
        *(*out)++ = (char)0xff;
    } else {
        *(*out)++ = '?';
    }
}

/* Each byte of the source gives at most four of the result. */
static void convert_all(iconv_t converter, const struct bytes *from, size_t unit, bool to_wide, struct bytes *to)
{
    char *in = (char *)from->data, *out = (char *)to->data;
    size_t in_left = from->size;
    while (in_left > 0) {
        size_t out_left = to->room - (size_t)(out - (char *)to->data);
        if (iconv(converter, &in, &in_left, &out, &out_left) != (size_t)-1 || in_left == 0)
            break;
        append_replacement(to_wide, &out);
        size_t skipped = in_left < unit ? in_left : unit;
        in += skipped;
        in_left -= skipped;
    }
    to->size = (size_t)(out - (char *)to->data);
}

static HRESULT convert(const struct bytes *from, const struct kdio_win_text *from_text,
                       const struct kdio_win_text *to_text, struct bytes *to)
{
    char from_name[32], to_name[32];
    if (!encoding_of(from_text, from_name, sizeof(from_name)) || !encoding_of(to_text, to_name, sizeof(to_name)))
        return E_INVALIDARG;
    iconv_t converter = iconv_open(to_name, from_name);
    if (converter == (iconv_t)-1)
        return E_INVALIDARG;
    bool enough = grow(to, 4 * from->size + 8);
    if (enough)
        convert_all(converter, from, from_text->wide ? 2 : 1, to_text->wide, to);
    (void)iconv_close(converter);
    return enough ? S_OK : E_OUTOFMEMORY;
}

/* Gives what fits, with a NUL at the end where there is room for one character at all. */
static HRESULT give(const struct bytes *text, size_t unit, PVOID buffer, ULONG size)
{
    size_t room = (size_t)size * unit;
    if (buffer == NULL)
        return S_OK;
    if (text->size <= room) {
        memcpy(buffer, text->data, text->size);
        return S_OK;
    }
    if (room > 0) {
        memcpy(buffer, text->data, room - unit);
        memset((char *)buffer + room - unit, 0, unit);
    }
    return S_FALSE;
}

static bool is_same(const struct kdio_win_text *from, const struct kdio_win_text *to)
{
    return from->wide == to->wide && (from->wide || from->codepage == to->codepage);
}

HRESULT kdio_win_string(struct kdio_win_client *client, ULONG64 address, ULONG max, const struct kdio_win_text *from,
                        const struct kdio_win_text *to, PVOID buffer, ULONG size, PULONG bytes)
{
    struct bytes read = { 0 }, converted = { 0 };
    if (bytes != NULL)
        *bytes = 0;
    HRESULT result = read_string(client, address, max, from->wide ? 2 : 1, &read);
    if (result == S_OK && !is_same(from, to))
        result = convert(&read, from, to, &converted);
    if (result == S_OK) {
        if (bytes != NULL)
            *bytes = (ULONG)read.size;
        result = give(is_same(from, to) ? &read : &converted, to->wide ? 2 : 1, buffer, size);
    }
    free(read.data);
    free(converted.data);
    return result;
}
