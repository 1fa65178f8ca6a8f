/* SPDX-License-Identifier: MIT */
/*
 * memory.c: the four functions that a compiler may call from freestanding code (GCC manual, "Standards").
 *
 * The build makes them local to the library under private names, so a kernel's own functions neither serve it nor
 * clash. noinline and the volatile pointers keep a compiler from turning each loop into a call of itself.
 */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *at, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    volatile unsigned char *out = to;
    const unsigned char *in = from;

    for (size_t i = 0; i < size; i++)
        out[i] = in[i];
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    volatile unsigned char *out = to;
    const unsigned char *in = from;

    if (out <= in)
        return memcpy(to, from, size);
    while (size--)
        out[size] = in[size];
    return to;
}

void *memset(void *at, int value, size_t size)
{
    volatile unsigned char *out = at;

    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)value;
    return at;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const volatile unsigned char *left = a;
    const volatile unsigned char *right = b;

    for (size_t i = 0; i < size; i++)
        if (left[i] != right[i])
            return left[i] - right[i];
    return 0;
}
