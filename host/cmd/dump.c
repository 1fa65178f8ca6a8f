/* SPDX-License-Identifier: MIT */
/*
 * dump.c: implements dump.h. A dump is there whole or not at all: it grows under another name in the same directory,
 * and takes its name when it is complete.
 */
#include "host/cmd/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/cmd/memory.h"
#include "host/cmd/session.h"

#define CHUNK_MIN      4096u
#define CHUNK_MAX      (1u << 20)
#define CHUNK_FAST_NS  1000000000ll /* A chunk that is done sooner doubles the next. */
#define NS_PER_S       1000000000ll
#define TEMPORARY_SIZE (PATH_MAX + 32)
#define FILE_MODE      0666u

/* Memory on its way to or from a file. */
struct transfer {
    struct session *session;
    enum kdio_space space;
    uint64_t address, size, done;
    size_t chunk;
    FILE *file;
    uint8_t *buffer; /* CHUNK_MAX bytes. */
};

static const char *file_of(const struct statement *statement)
{
    return statement->tail->text;
}

/* The only option is /p. */
static enum kdio_space space_of(const struct statement *statement)
{
    return statement->option != 0 ? KDIO_SPACE_PHYSICAL : KDIO_SPACE_VIRTUAL;
}

static enum exit_status check_stretch(const struct statement *statement, uint64_t size, struct failure *failure)
{
    const char *why = size == 0 ? "the length is 0" : "the stretch passes the end of the addresses";

    if (size != 0 && size - 1 <= UINT64_MAX - statement->operands[0])
        return EXIT_STATUS_DONE;
    return failure_status(failure, KDIO_BAD_OPERAND, "%s %" PRIx64 ": %s", statement->command->name,
                          statement->operands[0], why);
}

static int64_t now_ns(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- Moving chunk by chunk ---- */

static bool transfer_begin(struct transfer *transfer, const struct statement *statement, struct session *session)
{
    *transfer = (struct transfer){ .session = session, .space = space_of(statement), .address = statement->operands[0],
                                   .chunk = CHUNK_MIN, .buffer = malloc(CHUNK_MAX) };
    return transfer->buffer != NULL;
}

/*
 * Moves all of it with `step`, which moves `size` bytes at transfer->done. The chunks grow with the speed of the line,
 * so that the bar moves and a fast line is not kept waiting.
 */
static enum exit_status move_all(struct transfer *transfer, const char *label,
                                 enum exit_status (*step)(struct transfer *transfer, size_t size))
{
    enum exit_status result = EXIT_STATUS_DONE;

    progress_start_bar(&transfer->session->progress, label, transfer->size);
    while (result == EXIT_STATUS_DONE && transfer->done < transfer->size) {
        uint64_t left = transfer->size - transfer->done;
        int64_t start_ns = now_ns();
        result = step(transfer, left < transfer->chunk ? (size_t)left : transfer->chunk);
        if (now_ns() - start_ns < CHUNK_FAST_NS && transfer->chunk < CHUNK_MAX)
            transfer->chunk *= 2;
        progress_set(&transfer->session->progress, transfer->done);
    }
    progress_stop(&transfer->session->progress);
    return result;
}

static enum kdio_status interruption(const struct transfer *transfer)
{
    return session_interrupted(transfer->session) ? KDIO_INTERRUPTED : KDIO_DONE;
}

static void print_object(const struct statement *statement, uint64_t size, struct output *output)
{
    cJSON *object;

    if (!output->json)
        return;
    object = output_object(output, statement);
    output_wide(object, "address", statement->operands[0]);
    output_wide(object, "length", size);
    output_string(object, "file", file_of(statement));
    output_print_object(output, object);
}

/* ---- Memory to file ---- */

/* An existing file is replaced; what is no file, a device say, is left alone. */
enum exit_status dump_prepare(const struct statement *statement, struct failure *failure)
{
    const char *path = file_of(statement);
    struct stat found;

    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        return failure_refused(failure, "%s: %s is no regular file", statement->command->name, path);
    return check_stretch(statement, statement->operands[1], failure);
}

/* How far it came, and where what cannot be accessed begins. */
static enum exit_status step_failure(const struct transfer *transfer, enum kdio_status status, const char *done_word)
{
    struct failure *failure = transfer->session->failure;
    uint64_t hole = transfer->address + transfer->done;

    (void)memory_failure(transfer->session, status, done_word, transfer->done);
    if (status == KDIO_FAULT)
        failure_append(failure, ", up to %08" PRIx64 "`%08" PRIx64 ", which cannot be %s", hole >> 32,
                       hole & UINT32_MAX, done_word);
    return failure->exit;
}

static enum exit_status dump_step(struct transfer *transfer, size_t size)
{
    struct session *session = transfer->session;
    size_t done = 0;
    enum kdio_status status = interruption(transfer);

    if (status == KDIO_INTERRUPTED)
        return failure_status(session->failure, status, "interrupted");
    status = kdio_read(session->target, transfer->space, transfer->address + transfer->done, 0, transfer->buffer, size,
                       &done);
    transfer->done += done;
    if (status != KDIO_DONE)
        return step_failure(transfer, status, "read");
    if (fwrite(transfer->buffer, 1, size, transfer->file) != size)
        return failure_system(session->failure, "cannot write the file");
    return EXIT_STATUS_DONE;
}

/* A name that no other run of kdio uses at the moment. */
static FILE *create(const char *path, char temporary[static TEMPORARY_SIZE])
{
    int fd;
    FILE *file;

    (void)snprintf(temporary, TEMPORARY_SIZE, "%s.%ld.part", path, (long)getpid());
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return NULL;
    file = fdopen(fd, "wb");
    if (file == NULL) {
        (void)unlink(temporary);
        (void)close(fd);
    }
    return file;
}

static enum exit_status finish(struct transfer *transfer, const char *temporary, const char *path,
                               enum exit_status result)
{
    struct failure *failure = transfer->session->failure;
    bool flushed = fflush(transfer->file) == 0 && fsync(fileno(transfer->file)) == 0;

    if (result == EXIT_STATUS_DONE && !flushed)
        result = failure_system(failure, "cannot write the file");
    (void)fclose(transfer->file);
    if (result == EXIT_STATUS_DONE && rename(temporary, path) != 0)
        result = failure_system(failure, "cannot write the file");
    if (result != EXIT_STATUS_DONE) {
        (void)unlink(temporary);
        failure_append(failure, "; nothing was written: %s was not made", path);
    }
    return result;
}

static enum exit_status dump_to(struct transfer *transfer, const char *path)
{
    char temporary[TEMPORARY_SIZE];

    transfer->file = create(path, temporary);
    if (transfer->file == NULL)
        return failure_system(transfer->session->failure, "cannot write %s", path);
    return finish(transfer, temporary, path, move_all(transfer, "reading memory", dump_step));
}

enum exit_status dump_execute(const struct statement *statement, struct session *session)
{
    char resolved[PATH_MAX];
    struct transfer transfer;
    const char *path = file_of(statement);
    enum exit_status result;

    if (!transfer_begin(&transfer, statement, session))
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    transfer.size = statement->operands[1];
    if (realpath(path, resolved) != NULL)
        path = resolved;
    result = dump_to(&transfer, path);
    if (result == EXIT_STATUS_DONE)
        print_object(statement, transfer.size, session->output);
    free(transfer.buffer);
    return result;
}

/* ---- File to memory ---- */

static enum exit_status file_size(const char *path, uint64_t *size, struct failure *failure)
{
    struct stat found;

    if (access(path, R_OK) != 0 || stat(path, &found) != 0)
        return failure_system(failure, "cannot read %s", path);
    if (!S_ISREG(found.st_mode))
        return failure_refused(failure, ".restore: %s is no regular file", path);
    *size = (uint64_t)found.st_size;
    return EXIT_STATUS_DONE;
}

enum exit_status restore_prepare(const struct statement *statement, struct failure *failure)
{
    uint64_t size = 0;
    enum exit_status result = file_size(file_of(statement), &size, failure);

    if (result == EXIT_STATUS_DONE && size == 0)
        return failure_refused(failure, ".restore: %s is empty", file_of(statement));
    return result == EXIT_STATUS_DONE ? check_stretch(statement, size, failure) : result;
}

static enum exit_status restore_step(struct transfer *transfer, size_t size)
{
    struct session *session = transfer->session;
    size_t done = 0;
    enum kdio_status status = interruption(transfer);

    errno = 0;
    if (status == KDIO_DONE && fread(transfer->buffer, 1, size, transfer->file) != size) {
        (void)failure_system(session->failure, "cannot read the file");
        failure_append(session->failure, "; %" PRIu64 " bytes written", transfer->done);
        return session->failure->exit;
    }
    if (status == KDIO_DONE)
        status = kdio_write(session->target, transfer->space, transfer->address + transfer->done, 0, transfer->buffer,
                            size, &done);
    transfer->done += done;
    return status == KDIO_DONE ? EXIT_STATUS_DONE : step_failure(transfer, status, "written");
}

enum exit_status restore_execute(const struct statement *statement, struct session *session)
{
    struct transfer transfer;
    enum exit_status result = EXIT_STATUS_DONE;

    if (!transfer_begin(&transfer, statement, session))
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    result = file_size(file_of(statement), &transfer.size, session->failure);
    transfer.file = result == EXIT_STATUS_DONE ? fopen(file_of(statement), "rb") : NULL;
    if (result == EXIT_STATUS_DONE && transfer.file == NULL)
        result = failure_system(session->failure, "cannot read %s", file_of(statement));
    if (result == EXIT_STATUS_DONE)
        result = move_all(&transfer, "writing memory", restore_step);
    if (result == EXIT_STATUS_DONE)
        print_object(statement, transfer.size, session->output);
    if (transfer.file != NULL)
        (void)fclose(transfer.file);
    free(transfer.buffer);
    return result;
}
