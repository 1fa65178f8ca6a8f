/* SPDX-License-Identifier: MIT */
/*
 * hexdump.h: memory as WinDbg shows it: 16 bytes a line in units of 1, 2, 4 or 8 bytes, question marks for a unit of
 * which a byte is not known, and for bytes their characters at the end.
 */
#ifndef KDIO_CMD_HEXDUMP_H
#define KDIO_CMD_HEXDUMP_H

#include "host/cmd/output.h"

#define HEXDUMP_LABEL_SIZE 32
#define HEXDUMP_LINE       16u /* Bytes. */

struct hexdump {
    unsigned width;
    bool characters; /* With bytes: their characters too. */
    const char *gap; /* Between the units and the characters. */
    uint64_t base;   /* For the label. */
    /* Writes what stands before the units of the line for `address`. */
    void (*label)(uint64_t base, uint64_t address, char text[static HEXDUMP_LABEL_SIZE]);
};

/* "fffff800`12345678  " and "#    1000 " */
extern const struct hexdump hexdump_virtual, hexdump_physical;

/* known[] says which bytes are; NULL: all. `size` is a multiple of the width. */
void hexdump_print(const struct hexdump *hexdump, uint64_t address, const uint8_t *bytes, const bool *known,
                   size_t size, struct output *output);

#endif
