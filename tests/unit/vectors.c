/* SPDX-License-Identifier: MIT */
/* vectors.c: see vectors.h. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/vectors.h"

#define LINE_MAX_SIZE 8192

static void check_line(char *line, const char *file, vector_fn *check)
{
    struct vector vector = { .line = line };

    line[strcspn(line, "\n")] = 0;
    /* The name is what a reader looks for when the next assertion fails. */
    print_message("    %s: %.*s\n", file, (int)strcspn(line, " "), line);
    check(&vector);
}

void vectors_each(const char *file, vector_fn *check)
{
    char path[256], line[LINE_MAX_SIZE];
    unsigned count = 0;
    FILE *stream;

    (void)snprintf(path, sizeof path, "%s/%s", VECTORS_DIRECTORY, file);
    stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream)) {
        if (line[0] == '#')
            continue;
        check_line(line, file, check);
        count++;
    }
    (void)fclose(stream);
    assert_true(count > 0);
}

static const char *find(const struct vector *vector, const char *field)
{
    size_t size = strlen(field);

    for (const char *at = strchr(vector->line, ' '); at; at = strchr(at + 1, ' '))
        if (!strncmp(at + 1, field, size) && at[1 + size] == '=')
            return at + size + 2;
    fail_msg("no field %s in: %.60s", field, vector->line);
    return NULL;
}

uint64_t vector_number(const struct vector *vector, const char *field)
{
    return strtoull(find(vector, field), NULL, 16);
}

size_t vector_bytes(const struct vector *vector, const char *field, uint8_t *bytes)
{
    const char *text = find(vector, field);
    size_t count = strcspn(text, " ") / 2;

    assert_true(count <= VECTOR_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        const char digits[] = { text[2 * i], text[2 * i + 1], 0 };

        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return count;
}

int vector_is(const struct vector *vector, const char *field, const char *text)
{
    const char *value = find(vector, field);
    size_t size = strcspn(value, " ");

    return size == strlen(text) && !strncmp(value, text, size);
}
