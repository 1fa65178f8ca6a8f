/* SPDX-License-Identifier: MIT */
/*
 * memory.c: this kernel's memory functions.
 *
 * They carry the C library's names and differ from it in what they return, as a kernel's may. The debug stub must not
 * come to depend on them: a call out of its code is counted, and the count is part of the line each second.
 */
#include "tests/embed/kernel.h"

extern const char stub_text_start[], stub_text_end[]; /* kernel.ld */

unsigned memory_stray_count;

static void count_stray(const void *caller)
{
    uintptr_t address = (uintptr_t)caller;

    if (address >= (uintptr_t)stub_text_start && address < (uintptr_t)stub_text_end)
        memory_stray_count++;
}

void *memcpy(void *to, const void *from, size_t size)
{
    count_stray(__builtin_return_address(0));
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t size)
{
    count_stray(__builtin_return_address(0));
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return to;
}
