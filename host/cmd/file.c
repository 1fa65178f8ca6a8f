/* SPDX-License-Identifier: MIT */
/* file.c: implements file.h. A signal ends the wait for standard input. */
#include "host/cmd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cmd/signals.h"

#define CHUNK_SIZE 65536u
#define FILE_MAX   (64u << 20) /* Keeps an endless input from taking all memory: a million commands fit. */

struct buffer {
    char *text;
    size_t size;
    size_t capacity;
};

static bool grow(struct buffer *buffer)
{
    char *text = realloc(buffer->text, buffer->capacity + CHUNK_SIZE);

    if (text == NULL)
        return false;
    buffer->text = text;
    buffer->capacity += CHUNK_SIZE;
    return true;
}

/* Bytes read, 0 at the end, -1 with errno. */
static ssize_t read_some(int fd, struct buffer *buffer)
{
    ssize_t size;

    if (buffer->capacity - buffer->size < CHUNK_SIZE / 2 && !grow(buffer))
        return -1;
    if (buffer->size > FILE_MAX) {
        errno = EFBIG;
        return -1;
    }
    do {
        size = read(fd, buffer->text + buffer->size, buffer->capacity - buffer->size);
    } while (size < 0 && errno == EINTR && signals_caught() == 0);
    buffer->size += size > 0 ? (size_t)size : 0;
    return size;
}

static enum exit_status read_all(int fd, const char *path, struct buffer *buffer, struct failure *failure)
{
    ssize_t size;

    do {
        size = read_some(fd, buffer);
    } while (size > 0);
    if (size == 0)
        return EXIT_STATUS_DONE;
    if (signals_caught() != 0)
        return failure_status(failure, KDIO_INTERRUPTED, "interrupted while reading %s", path);
    return failure_system(failure, "cannot read %s", path);
}

enum exit_status file_read(const char *path, char **text, size_t *size, struct failure *failure)
{
    struct buffer buffer = { .text = NULL };
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum exit_status result;

    if (fd < 0)
        return failure_system(failure, "cannot read %s", path);
    result = read_all(fd, standard_input ? "standard input" : path, &buffer, failure);
    if (!standard_input)
        (void)close(fd);
    if (result != EXIT_STATUS_DONE) {
        free(buffer.text);
        return result;
    }
    *text = buffer.text;
    *size = buffer.size;
    return EXIT_STATUS_DONE;
}
