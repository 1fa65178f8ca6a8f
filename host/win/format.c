/* SPDX-License-Identifier: MIT */
/*
 * format.c: reads each conversion by Windows' rules, takes an argument of Windows' size, and prints it with the host's
 * printf in the widest form. An unknown conversion is printed as it stands and takes no argument.
 *
 * Not handled: %n takes its argument and stores nothing. Strings and symbols of the target (%ma, %mu, %msa, %msu, %y,
 * %ly) print the address: no memory of the target is read.
 */
#include "host/win/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kdio/win/windows.h>

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_WIDE, LENGTH_64 };

struct conversion {
    char flags[8];
    int width;     /* Negative means to the left, as with *. */
    int precision; /* Negative for none. */
    enum length length;
    char letter;
};

/* A va_list may be an array, which a pointer parameter would lose. */
struct arguments {
    va_list list;
};

static const struct {
    const char *text;
    enum length length;
} lengths[] = {
    { "I64", LENGTH_64 }, { "I32", LENGTH_INT }, { "I", LENGTH_64 }, { "hh", LENGTH_CHAR }, { "h", LENGTH_SHORT },
    { "ll", LENGTH_64 },  { "l", LENGTH_LONG },  { "w", LENGTH_WIDE }, { "z", LENGTH_64 },  { "j", LENGTH_64 },
    { "t", LENGTH_64 },
};

/* The debugger's own conversions: all take a 64-bit address of the target. */
static const char *const addresses[] = { "p", "N", "ma", "mu", "msa", "msu", "y", "ly" };

/* ---- Reading a conversion ---- */

static const char *read_number(const char *at, struct arguments *args, int *number)
{
    if (*at == '*') {
        *number = va_arg(args->list, int);
        return at + 1;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        *number = *number < 4096 ? *number * 10 + (*at - '0') : *number;
    return at;
}

static const char *read_length(const char *at, enum length *length)
{
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        if (strncmp(at, lengths[i].text, strlen(lengths[i].text)) == 0) {
            *length = lengths[i].length;
            return at + strlen(lengths[i].text);
        }
    }
    return at;
}

/* An address conversion becomes the letter 'p'. Returns NULL when there is none at `at`. */
static const char *read_address(const char *at, struct conversion *conversion)
{
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (strncmp(at, addresses[i], strlen(addresses[i])) == 0) {
            conversion->letter = 'p';
            return at + strlen(addresses[i]);
        }
    }
    return NULL;
}

/* From behind the percent sign to behind the letter. */
static const char *read_conversion(const char *at, struct arguments *args, struct conversion *conversion)
{
    size_t flags = strspn(at, "-+ #0");
    *conversion = (struct conversion){ .precision = -1 };
    memcpy(conversion->flags, at, flags < sizeof(conversion->flags) ? flags : sizeof(conversion->flags) - 1);
    at = read_number(at + flags, args, &conversion->width);
    if (*at == '.') {
        conversion->precision = 0;
        at = read_number(at + 1, args, &conversion->precision);
    }
    const char *after = read_address(at, conversion);
    if (after != NULL)
        return after;
    at = read_length(at, &conversion->length);
    conversion->letter = *at;
    return *at != '\0' ? at + 1 : at;
}

/* ---- Printing ---- */

#define PRINT(out, conversion, letters, value) \
    do { \
        char spec[24]; \
        (void)snprintf(spec, sizeof(spec), "%%%s*.*" letters, (conversion)->flags); \
        (void)fprintf(out, spec, (conversion)->width, (conversion)->precision, value); \
    } while (0)

static void print_signed(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    long long value = conversion->length == LENGTH_64 ? va_arg(args->list, long long) : va_arg(args->list, int);
    if (conversion->length == LENGTH_CHAR)
        value = (signed char)value;
    if (conversion->length == LENGTH_SHORT)
        value = (short)value;
    PRINT(out, conversion, "lld", value);
}

static void print_unsigned(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    bool wide = conversion->length == LENGTH_64;
    unsigned long long value = wide ? va_arg(args->list, unsigned long long) : va_arg(args->list, unsigned);
    if (conversion->length == LENGTH_CHAR)
        value = (unsigned char)value;
    if (conversion->length == LENGTH_SHORT)
        value = (unsigned short)value;
    switch (conversion->letter) {
    case 'o':
        PRINT(out, conversion, "llo", value);
        break;
    case 'x':
        PRINT(out, conversion, "llx", value);
        break;
    case 'X':
        PRINT(out, conversion, "llX", value);
        break;
    default:
        PRINT(out, conversion, "llu", value);
        break;
    }
}

static void print_double(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    double value = va_arg(args->list, double);
    switch (conversion->letter | 0x20) {
    case 'e':
        PRINT(out, conversion, "e", value);
        break;
    case 'f':
        PRINT(out, conversion, "f", value);
        break;
    default:
        PRINT(out, conversion, "g", value);
        break;
    }
}

/* One code point as UTF-8; returns the bytes, at most 4. */
static size_t encode_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    out[0] = (char)(lead[tail] | (code >> (6 * tail)));
    for (size_t i = 1; i <= tail; i++)
        out[i] = (char)(0x80 | ((code >> (6 * (tail - i))) & 0x3f));
    return tail + 1;
}

/* Takes one code point of UTF-16; a surrogate without its twin becomes U+FFFD. */
static uint32_t take_utf16(const WCHAR **at)
{
    uint32_t first = *(*at)++;
    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first > 0xdbff || **at < 0xdc00 || **at > 0xdfff)
        return 0xfffd;
    return 0x10000 + ((first - 0xd800) << 10) + (*(*at)++ - 0xdc00u);
}

/* Width is ignored for wide strings, as the host's printf cannot count them; precision counts characters. */
static void print_wide(FILE *out, const struct conversion *conversion, const WCHAR *text)
{
    char bytes[4];
    for (int left = conversion->precision; left != 0 && *text != 0; left -= left > 0)
        (void)fwrite(bytes, 1, encode_utf8(take_utf16(&text), bytes), out);
}

static bool is_wide(const struct conversion *conversion)
{
    bool capital = conversion->letter == 'S' || conversion->letter == 'C';
    if (conversion->length == LENGTH_LONG || conversion->length == LENGTH_WIDE)
        return true;
    return capital && conversion->length != LENGTH_SHORT;
}

static void print_string(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    const void *text = va_arg(args->list, const void *);
    if (text == NULL)
        PRINT(out, conversion, "s", "(null)");
    else if (is_wide(conversion))
        print_wide(out, conversion, text);
    else
        PRINT(out, conversion, "s", (const char *)text);
}

static void print_character(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    WCHAR wide[2] = { (WCHAR)va_arg(args->list, int), 0 };
    char narrow[2] = { (char)wide[0], '\0' };
    if (is_wide(conversion))
        print_wide(out, conversion, wide);
    else
        PRINT(out, conversion, "s", narrow);
}

static void print_address(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    struct conversion digits = *conversion;
    digits.precision = 16;
    PRINT(out, &digits, "llx", va_arg(args->list, unsigned long long));
}

static void print_percent(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    (void)conversion;
    (void)args;
    (void)fputc('%', out);
}

static void skip(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    (void)out;
    (void)conversion;
    (void)va_arg(args->list, void *);
}

static const struct {
    const char *letters;
    void (*print)(FILE *out, const struct conversion *conversion, struct arguments *args);
} printers[] = {
    { "di", print_signed }, { "ouxX", print_unsigned }, { "eEfFgG", print_double }, { "sS", print_string },
    { "cC", print_character }, { "p", print_address },  { "%", print_percent },     { "n", skip },
};

/* Returns false when the letter is unknown. */
static bool print(FILE *out, const struct conversion *conversion, struct arguments *args)
{
    for (size_t i = 0; i < sizeof(printers) / sizeof(printers[0]); i++) {
        if (conversion->letter != '\0' && strchr(printers[i].letters, conversion->letter) != NULL) {
            printers[i].print(out, conversion, args);
            return true;
        }
    }
    return false;
}

static void print_all(FILE *out, const char *at, struct arguments *args)
{
    while (*at != '\0') {
        struct conversion conversion;
        size_t plain = strcspn(at, "%");
        (void)fwrite(at, 1, plain, out);
        at += plain;
        if (*at == '\0')
            break;
        const char *after = read_conversion(at + 1, args, &conversion);
        if (!print(out, &conversion, args))
            (void)fwrite(at, 1, (size_t)(after - at), out);
        at = after;
    }
}

char *kdio_win_format(const char *format, va_list args)
{
    char *text = NULL;
    size_t size = 0;
    struct arguments copy;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    va_copy(copy.list, args);
    print_all(out, format, &copy);
    va_end(copy.list);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
