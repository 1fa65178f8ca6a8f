/* SPDX-License-Identifier: MIT */
/* output.c: implements output.h. Write errors stick, and are looked at by output_flush. */
#include "host/cmd/output.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/cmd/command.h"

static void note_error(struct output *output, bool failed)
{
    if (failed && output->system_errno == 0)
        output->system_errno = errno;
}

void output_text(struct output *output, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
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

void output_string(cJSON *object, const char *name, const char *value)
{
    (void)cJSON_AddStringToObject(object, name, value);
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
    note_error(output, text == NULL || printf("%s\n", text) < 0);
    cJSON_free(text);
    cJSON_Delete(object);
}

bool output_flush(struct output *output)
{
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

/* What a person typed is quoted in errors; it must not break the line. */
static void print_line(const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc(iscntrl((unsigned char)*text) ? '?' : *text, stderr);
}

void output_failure(struct output *output, const struct failure *failure)
{
    if (output->json)
        print_failure_object(output, failure);
    (void)fflush(stdout);
    (void)fputs("kdio: ", stderr);
    if (failure->file != NULL && failure->line != 0) {
        print_line(failure->file);
        (void)fprintf(stderr, ":%u: ", (unsigned)failure->line);
    }
    print_line(failure->text);
    if (failure->resume_line != 0)
        (void)fprintf(stderr, "; first line not known to be done: %u", (unsigned)failure->resume_line);
    (void)fputc('\n', stderr);
}
