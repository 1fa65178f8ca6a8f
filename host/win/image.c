/* SPDX-License-Identifier: MIT */
/* image.c: the headers of a PE image in the target's memory, as those of 64 bits. UEFI's programs are such images. */
#include <string.h>

#include "host/win/access.h"

#define LFANEW_OFFSET 0x3c /* Where the DOS header tells the offset of the NT headers. */

/* The optional header of a 32-bit image, of which only some fields are wider in that of 64 bits. */
struct optional_header32 {
    BYTE same_start[24]; /* Magic to BaseOfCode. */
    DWORD base_of_data;
    DWORD image_base;
    BYTE same_middle[40]; /* SectionAlignment to DllCharacteristics. */
    DWORD stack_reserve, stack_commit, heap_reserve, heap_commit;
    BYTE same_end[8 + 8 * IMAGE_NUMBEROF_DIRECTORY_ENTRIES]; /* LoaderFlags to DataDirectory. */
};
_Static_assert(sizeof(struct optional_header32) == 224, "the 32-bit optional header has 224 bytes");
_Static_assert(sizeof(IMAGE_OPTIONAL_HEADER64) == 240, "the 64-bit optional header has 240 bytes");

static void widen(const struct optional_header32 *from, IMAGE_OPTIONAL_HEADER64 *to)
{
    memcpy(to, from->same_start, sizeof(from->same_start));
    to->ImageBase = from->image_base;
    memcpy(&to->SectionAlignment, from->same_middle, sizeof(from->same_middle));
    to->SizeOfStackReserve = from->stack_reserve;
    to->SizeOfStackCommit = from->stack_commit;
    to->SizeOfHeapReserve = from->heap_reserve;
    to->SizeOfHeapCommit = from->heap_commit;
    memcpy(&to->LoaderFlags, from->same_end, sizeof(from->same_end));
}

static HRESULT read_at(struct kdio_win_client *client, ULONG64 address, PVOID data, ULONG size)
{
    return kdio_win_memory_read_all(client, KDIO_SPACE_VIRTUAL, address, data, size);
}

/* The address of the NT headers; E_INVALIDARG where no DOS header leads to them. */
static HRESULT find_headers(struct kdio_win_client *client, ULONG64 base, ULONG64 *headers)
{
    WORD signature = 0;
    LONG offset = 0;
    DWORD nt_signature = 0;
    HRESULT result = read_at(client, base, &signature, sizeof(signature));
    if (result == S_OK && signature != IMAGE_DOS_SIGNATURE)
        return E_INVALIDARG;
    if (result == S_OK)
        result = read_at(client, base + LFANEW_OFFSET, &offset, sizeof(offset));
    if (result == S_OK && offset <= 0)
        return E_INVALIDARG;
    *headers = base + (ULONG)offset;
    if (result == S_OK)
        result = read_at(client, *headers, &nt_signature, sizeof(nt_signature));
    return result == S_OK && nt_signature != IMAGE_NT_SIGNATURE ? E_INVALIDARG : result;
}

static HRESULT read_optional(struct kdio_win_client *client, ULONG64 address, IMAGE_OPTIONAL_HEADER64 *header)
{
    struct optional_header32 narrow;
    WORD magic = 0;
    HRESULT result = read_at(client, address, &magic, sizeof(magic));
    if (result != S_OK)
        return result;
    if (magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return read_at(client, address, header, sizeof(*header));
    if (magic != IMAGE_NT_OPTIONAL_HDR32_MAGIC)
        return E_INVALIDARG;
    result = read_at(client, address, &narrow, sizeof(narrow));
    if (result == S_OK)
        widen(&narrow, header);
    return result;
}

HRESULT kdio_win_image_headers(struct kdio_win_client *client, ULONG64 base, PIMAGE_NT_HEADERS64 headers)
{
    IMAGE_NT_HEADERS64 found;
    ULONG64 address = 0;
    if (headers == NULL)
        return E_INVALIDARG;
    memset(&found, 0, sizeof(found));
    HRESULT result = find_headers(client, base, &address);
    if (result == S_OK)
        result = read_at(client, address, &found, offsetof(IMAGE_NT_HEADERS64, OptionalHeader));
    if (result == S_OK)
        result = read_optional(client, address + offsetof(IMAGE_NT_HEADERS64, OptionalHeader), &found.OptionalHeader);
    if (result == S_OK)
        *headers = found;
    return result;
}
