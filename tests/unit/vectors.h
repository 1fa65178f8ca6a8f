/* SPDX-License-Identifier: MIT */
/*
 * vectors.h: reads the test vectors in tests/unit/vectors: a line is "name field=hex field=hex ...".
 *
 * A vector that lacks a field, or a file without vectors, fails the test that asked for it.
 */
#ifndef KDIO_TEST_VECTORS_H
#define KDIO_TEST_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#define VECTOR_BYTES_MAX 1024u

struct vector {
    const char *line;
};

/* The name and the fields of the vector as a text. */
typedef void vector_fn(const struct vector *vector);

/* Calls `check` for each vector of a file; the name of each is printed when it fails. */
void vectors_each(const char *file, vector_fn *check);

/* Value of a field. `bytes` holds VECTOR_BYTES_MAX. */
uint64_t vector_number(const struct vector *vector, const char *field);
size_t vector_bytes(const struct vector *vector, const char *field, uint8_t *bytes);
int vector_is(const struct vector *vector, const char *field, const char *text);

#endif
