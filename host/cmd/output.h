/* SPDX-License-Identifier: MIT */
/*
 * output.h: what kdio prints: results on standard output, as text or as one JSON object a line; errors as one line on
 * standard error (and, with --json, as an object on standard output too). A result that cannot be written is an error.
 */
#ifndef KDIO_CMD_OUTPUT_H
#define KDIO_CMD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "host/cmd/failure.h"
#include "host/cmd/terminal.h"

struct statement;

struct output {
    bool json;
    bool lines;       /* Results name their line: several commands are executed. */
    int system_errno; /* Of the first write that failed, or 0. */
    struct terminal terminal; /* Of the kernel's text; zero before the first of it. */
    /* Takes all results in place of standard output; NULL: standard output. */
    void (*write)(void *context, const char *text, size_t size);
    void *context;
};

__attribute__((format(printf, 2, 3))) void output_text(struct output *output, const char *format, ...);

/* The kernel's text, as terminal.h says. */
void output_kernel_text(struct output *output, const char *text, size_t size);
void output_kernel_text_end(struct output *output);

/* A JSON object that names the command (and its line); NULL when memory is out, which the others accept. */
cJSON *output_object(const struct output *output, const struct statement *statement);
void output_number(cJSON *object, const char *name, double value);
void output_string(cJSON *object, const char *name, const char *value);
void output_boolean(cJSON *object, const char *name, bool value);

/* Exact up to 64 bits: JSON has no limit, though some of its readers do. */
void output_wide(cJSON *object, const char *name, uint64_t value);

void output_add_wide(cJSON *array, uint64_t value);

/* Adds to the array of that name, which is made when it is not there: `size / width` unsigned
 * little-endian numbers; null for one with a byte for which known[] is false. known NULL: all are known. */
void output_units(cJSON *object, const char *name, const uint8_t *bytes, const bool *known, size_t size,
                  unsigned width);

/* Text as it came: each byte becomes one character, U+0000 to U+00FF. */
void output_string_bytes(cJSON *object, const char *name, const char *bytes, size_t size);

/* Prints the object on a line of its own and frees it. */
void output_print_object(struct output *output, cJSON *object);

/* Sends what was printed on its way. False when something could not be written: system_errno says why. */
bool output_flush(struct output *output);

void output_failure(struct output *output, const struct failure *failure);

#endif
