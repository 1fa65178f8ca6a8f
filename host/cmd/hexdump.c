/* SPDX-License-Identifier: MIT */
/* hexdump.c: implements hexdump.h. */
#include "host/cmd/hexdump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE     160
#define UNIT_SIZE     20
#define HALF          (HEXDUMP_LINE / 2)
#define CHAR_FIRST    0x20
#define CHAR_LAST     0x7e

static void label_virtual(uint64_t base, uint64_t address, char text[static HEXDUMP_LABEL_SIZE])
{
    (void)base;
    (void)snprintf(text, HEXDUMP_LABEL_SIZE, "%08" PRIx64 "`%08" PRIx64 "  ", address >> 32, address & UINT32_MAX);
}

static void label_physical(uint64_t base, uint64_t address, char text[static HEXDUMP_LABEL_SIZE])
{
    (void)base;
    (void)snprintf(text, HEXDUMP_LABEL_SIZE, "#%8" PRIx64 " ", address);
}

const struct hexdump hexdump_virtual = { .width = 1, .characters = true, .gap = "  ", .label = label_virtual };
const struct hexdump hexdump_physical = { .width = 1, .characters = true, .gap = " ", .label = label_physical };

static bool all_known(const bool *known, unsigned width)
{
    for (unsigned i = 0; known != NULL && i < width; i++) {
        if (!known[i])
            return false;
    }
    return true;
}

static void unit_text(const uint8_t *bytes, const bool *known, unsigned width, char text[static UNIT_SIZE])
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << (i * 8);
    if (width == 8)
        (void)snprintf(text, UNIT_SIZE, "%08" PRIx64 "`%08" PRIx64, value >> 32, value & UINT32_MAX);
    else
        (void)snprintf(text, UNIT_SIZE, "%0*" PRIx64, (int)width * 2, value);
    for (char *digit = text; !all_known(known, width) && *digit != '\0'; digit++)
        *digit = *digit == '`' ? '`' : '?';
}

static char character(uint8_t byte, const bool *known)
{
    if (known != NULL && !*known)
        return '?';
    return byte >= CHAR_FIRST && byte <= CHAR_LAST ? (char)byte : '.';
}

static void add_characters(const struct hexdump *hexdump, char *line, size_t used, const uint8_t *bytes,
                             const bool *known, size_t size)
{
    size_t column = HEXDUMP_LINE * 3 - 1;

    used += (size_t)snprintf(line + used, LINE_SIZE - used, "%*s%s", (int)(column - (size * 3 - 1)), "", hexdump->gap);
    for (size_t i = 0; i < size; i++)
        line[used++] = character(bytes[i], known != NULL ? known + i : NULL);
    line[used] = '\0';
}

static void print_line(const struct hexdump *hexdump, uint64_t address, const uint8_t *bytes, const bool *known,
                       size_t size, struct output *output)
{
    char label[HEXDUMP_LABEL_SIZE];
    char line[LINE_SIZE] = "";
    char unit[UNIT_SIZE];
    size_t used = 0;

    hexdump->label(hexdump->base, address, label);
    for (size_t i = 0; i < size; i += hexdump->width) {
        const char *before = i == 0 ? "" : i == HALF && hexdump->width == 1 ? "-" : " ";
        unit_text(bytes + i, known != NULL ? known + i : NULL, hexdump->width, unit);
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", before, unit);
    }
    if (hexdump->characters && hexdump->width == 1)
        add_characters(hexdump, line, used, bytes, known, size);
    output_text(output, "%s%s\n", label, line);
}

void hexdump_print(const struct hexdump *hexdump, uint64_t address, const uint8_t *bytes, const bool *known,
                   size_t size, struct output *output)
{
    for (size_t i = 0; i < size; i += HEXDUMP_LINE) {
        size_t rest = size - i < HEXDUMP_LINE ? size - i : HEXDUMP_LINE;
        print_line(hexdump, address + i, bytes + i, known != NULL ? known + i : NULL, rest, output);
    }
}
