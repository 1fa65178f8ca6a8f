/* SPDX-License-Identifier: MIT */
/* number.c: implements number.h. No locale, no errno: every character is accounted for here. */
#include "host/cmd/number.h"

#include <string.h>

#define NO_DIGIT 255u

static const struct {
    char letter;
    unsigned base;
} prefixes[] = { { 'x', 16 }, { 'n', 10 }, { 't', 8 }, { 'y', 2 } };

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

static unsigned digit_value(char character)
{
    character = lower(character);
    if (character >= '0' && character <= '9')
        return (unsigned)(character - '0');
    if (character >= 'a' && character <= 'f')
        return (unsigned)(character - 'a') + 10;
    return NO_DIGIT;
}

/* 0 when `text` starts with no prefix. */
static unsigned prefix_base(const char *text)
{
    if (text[0] != '0')
        return 0;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (lower(text[1]) == prefixes[i].letter)
            return prefixes[i].base;
    }
    return 0;
}

static bool append_digit(uint64_t *value, unsigned base, unsigned digit)
{
    return !__builtin_mul_overflow(*value, (uint64_t)base, value) &&
           !__builtin_add_overflow(*value, (uint64_t)digit, value);
}

static enum number_result parse_digits(const char *text, size_t length, unsigned base, uint64_t *value)
{
    uint64_t sum = 0;
    size_t backticks = 0;
    bool fits = true;

    for (size_t i = 0; i < length; i++) {
        unsigned digit = digit_value(text[i]);
        if (text[i] == '`' && i > 0 && backticks++ == 0)
            continue;
        if (digit >= base)
            return NUMBER_GARBAGE;
        fits = append_digit(&sum, base, digit) && fits;
    }
    if (length == 0)
        return NUMBER_GARBAGE;
    if (!fits)
        return NUMBER_OVERFLOW;
    *value = sum;
    return NUMBER_OK;
}

enum number_result number_parse(const char *text, uint64_t *value)
{
    size_t length = strlen(text);
    unsigned base = prefix_base(text);

    if (base != 0)
        return parse_digits(text + 2, length - 2, base, value);
    if (length > 0 && lower(text[length - 1]) == 'h')
        length--;
    return parse_digits(text, length, 16, value);
}

enum number_result number_parse_decimal(const char *text, uint64_t *value)
{
    if (strchr(text, '`') != NULL)
        return NUMBER_GARBAGE;
    return parse_digits(text, strlen(text), 10, value);
}

unsigned number_base(const char *text)
{
    size_t length = strlen(text);
    unsigned base = prefix_base(text);

    if (base == 0 && length > 0 && lower(text[length - 1]) == 'h')
        return 16;
    return base;
}

static size_t write_prefix(unsigned base, char *text)
{
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (prefixes[i].base != base)
            continue;
        text[0] = '0';
        text[1] = prefixes[i].letter;
        return 2;
    }
    return 0;
}

void number_format(uint64_t value, unsigned base, char text[static NUMBER_TEXT_SIZE])
{
    unsigned divisor = base != 0 ? base : 16;
    size_t end = write_prefix(base, text) + 1;

    for (uint64_t rest = value / divisor; rest != 0; rest /= divisor)
        end++;
    text[end] = '\0';
    do {
        text[--end] = "0123456789abcdef"[value % divisor];
        value /= divisor;
    } while (value != 0);
}

bool number_seems_decimal(uint64_t value, uint64_t max)
{
    char text[NUMBER_TEXT_SIZE];
    uint64_t decimal;

    number_format(value, 0, text);
    return value > max && number_parse_decimal(text, &decimal) == NUMBER_OK && decimal <= max;
}
