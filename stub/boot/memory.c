/* SPDX-License-Identifier: MIT */
/*
 * memory.c: implements memory.h, and brings the four memory functions that compilers call on their own.
 */
#include "stub/boot/memory.h"

#define POOL_LIMIT 0x100000000ull /* 4 GiB. */
#define POOL_START 0x100000ull    /* Below 1 MiB lives the firmware. */

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *at, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* String instructions, so that no compiler turns a loop back into a call of the function it stands in. */
void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *at = (char *)to + size - 1;
    const char *source = (const char *)from + size - 1;

    if ((uintptr_t)to <= (uintptr_t)from || (uintptr_t)to >= (uintptr_t)from + size)
        return memcpy(to, from, size);
    __asm__ volatile("std; rep movsb; cld" : "+D"(at), "+S"(source), "+c"(size) : : "memory", "cc");
    return to;
}

void *memset(void *at, int byte, size_t size)
{
    void *to = at;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return at;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;

    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

void memory_add(struct memory_map *map, uint64_t base, uint64_t size, enum memory_kind kind)
{
    struct memory_range *last = map->count ? &map->ranges[map->count - 1] : NULL;

    if (!size)
        return;
    if (last && last->kind == kind && last->base + last->size == base) {
        last->size += size;
        return;
    }
    if (map->count == MEMORY_RANGES_MAX) {
        map->cut = true;
        return;
    }
    map->ranges[map->count++] = (struct memory_range){ base, size, kind };
}

static void pool_consider(struct memory_map *map, uint64_t base, uint64_t end, uint64_t image_end)
{
    if (base < POOL_START)
        base = POOL_START;
    if (base < image_end && image_end < end)
        base = image_end;
    if (end > POOL_LIMIT)
        end = POOL_LIMIT;
    base = (base + PAGE_SIZE - 1) & -(uint64_t)PAGE_SIZE;
    end &= -(uint64_t)PAGE_SIZE;
    if (base < end && end - base > map->pool_end - map->pool_next) {
        map->pool_next = base;
        map->pool_end = end;
    }
}

void memory_pool_init(struct memory_map *map, uint64_t image_end)
{
    map->pool_next = map->pool_end = 0;
    for (unsigned i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];

        if (range->kind == MEMORY_FREE)
            pool_consider(map, range->base, range->base + range->size, image_end);
    }
}

void *memory_pages(struct memory_map *map, size_t count)
{
    void *pages = (void *)(uintptr_t)map->pool_next;

    if (count > (map->pool_end - map->pool_next) / PAGE_SIZE)
        return NULL;
    map->pool_next += count * PAGE_SIZE;
    return memset(pages, 0, count * PAGE_SIZE);
}
