/* SPDX-License-Identifier: MIT */
/* output.c: implements output.h. Write errors stick, and are looked at by output_flush. */
#include "host/cmd/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/statement.h"

#define WIDE_TEXT_SIZE 21 /* 64 bits in decimal. */

static void note_error(struct output *output, bool failed)
{
    if (failed && output->system_errno == 0)
        output->system_errno = errno;
}

__attribute__((format(printf, 2, 0))) static void write_sink(struct output *output, const char *format,
                                                             va_list arguments)
{
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);

    note_error(output, length < 0);
    if (length >= 0) {
        output->write(output->context, text, (size_t)length);
        free(text);
    }
}

void output_text(struct output *output, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (output->write != NULL)
        write_sink(output, format, arguments);
    else
        note_error(output, vprintf(format, arguments) < 0);
    va_end(arguments);
}

void output_kernel_text(struct output *output, const char *text, size_t size)
{
    if (output->terminal.stream == NULL)
        terminal_init(&output->terminal, stdout);
    note_error(output, !terminal_write(&output->terminal, text, size));
}

void output_kernel_text_end(struct output *output)
{
    if (output->terminal.stream != NULL)
        note_error(output, !terminal_end(&output->terminal));
}

void output_number(cJSON *object, const char *name, double value)
{
    (void)cJSON_AddNumberToObject(object, name, value);
}

/* How many bytes a character of UTF-8 has here (RFC 3629); 0 when it is none. */
static size_t character_size(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, low, high; /* The first byte, and the second. */
        unsigned char size;
    } rows[] = {
        { 0x01, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    size_t row = 0, size;

    while (row < sizeof(rows) / sizeof(rows[0]) && (text[0] < rows[row].first || text[0] > rows[row].last))
        row++;
    if (row == sizeof(rows) / sizeof(rows[0]) || text[1] < rows[row].low || text[1] > rows[row].high)
        return 0;
    for (size = 1; size < rows[row].size && (size == 1 || (text[size] & 0xc0) == 0x80); size++)
        ;
    return size == rows[row].size ? size : 0;
}

/* JSON is UTF-8: what is not (a file's name, text cut in a character) is U+FFFD. */
void output_string(cJSON *object, const char *name, const char *value)
{
    char *text = malloc(3 * strlen(value) + 1), *at = text;

    if (text == NULL)
        return;
    while (*value != '\0') {
        size_t size = character_size((const unsigned char *)value);
        memcpy(at, size != 0 ? value : "\xef\xbf\xbd", size != 0 ? size : 3);
        at += size != 0 ? size : 3;
        value += size != 0 ? size : 1;
    }
    *at = '\0';
    (void)cJSON_AddStringToObject(object, name, text);
    free(text);
}

void output_boolean(cJSON *object, const char *name, bool value)
{
    (void)cJSON_AddBoolToObject(object, name, value);
}

void output_wide(cJSON *object, const char *name, uint64_t value)
{
    char text[WIDE_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    (void)cJSON_AddRawToObject(object, name, text);
}

void output_add_wide(cJSON *array, uint64_t value)
{
    char text[WIDE_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    (void)cJSON_AddItemToArray(array, cJSON_CreateRaw(text));
}

/* Adds one number, or null. */
static void add_unit(cJSON *array, const uint8_t *bytes, const bool *known, unsigned width)
{
    uint64_t value = 0;
    bool whole = true;

    for (unsigned i = 0; i < width; i++) {
        whole = whole && (known == NULL || known[i]);
        value |= (uint64_t)bytes[i] << (i * 8);
    }
    if (whole)
        output_add_wide(array, value);
    else
        (void)cJSON_AddItemToArray(array, cJSON_CreateNull());
}

void output_units(cJSON *object, const char *name, const uint8_t *bytes, const bool *known, size_t size,
                  unsigned width)
{
    cJSON *array = cJSON_GetObjectItem(object, name);

    if (array == NULL)
        array = cJSON_AddArrayToObject(object, name);
    for (size_t i = 0; i + width <= size; i += width)
        add_unit(array, bytes + i, known != NULL ? known + i : NULL, width);
}

void output_string_bytes(cJSON *object, const char *name, const char *bytes, size_t size)
{
    char *text = malloc(size * 2 + 1);
    size_t used = 0;

    if (text == NULL)
        return;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 0x80) {
            text[used++] = (char)(0xc0 | byte >> 6);
            byte = (unsigned char)(0x80 | (byte & 0x3f));
        }
        text[used++] = (char)byte;
    }
    text[used] = '\0';
    output_string(object, name, text);
    free(text);
}

cJSON *output_object(const struct output *output, const struct statement *statement)
{
    cJSON *object = cJSON_CreateObject();

    if (output->lines)
        output_number(object, "line", statement->line);
    output_string(object, "command", statement->command->name);
    return object;
}

void output_print_object(struct output *output, cJSON *object)
{
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;

    if (text == NULL)
        errno = ENOMEM;
    note_error(output, text == NULL);
    if (text != NULL)
        output_text(output, "%s\n", text);
    cJSON_free(text);
    cJSON_Delete(object);
}

bool output_flush(struct output *output)
{
    if (output->write == NULL)
        note_error(output, fflush(stdout) != 0);
    return output->system_errno == 0;
}

static void print_failure_object(struct output *output, const struct failure *failure)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(object, "error");

    output_string(error, "class", exit_status_word(failure->exit));
    output_number(error, "exit", failure->exit);
    if (failure->status != KDIO_DONE)
        output_string(error, "status", kdio_status_name(failure->status));
    output_string(error, "outcome", outcome_word(failure->outcome));
    if (failure->file != NULL)
        output_string(error, "file", failure->file);
    if (failure->line != 0)
        output_number(error, "line", failure->line);
    if (failure->resume_line != 0)
        output_number(error, "resume_line", failure->resume_line);
    output_string(error, "text", failure->text);
    output_print_object(output, object);
}

void output_failure(struct output *output, const struct failure *failure)
{
    char line[FAILURE_LINE_SIZE];

    if (output->json)
        print_failure_object(output, failure);
    (void)fflush(stdout);
    failure_line(failure, line);
    (void)fprintf(stderr, "kdio: %s\n", line);
}
