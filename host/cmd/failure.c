/* SPDX-License-Identifier: MIT */
/* failure.c: implements failure.h. Texts that do not fit are cut, never overrun. */
#include "host/cmd/failure.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void text_append(struct failure *failure, const char *format, va_list arguments)
{
    size_t used = strlen(failure->text);
    (void)vsnprintf(failure->text + used, sizeof(failure->text) - used, format, arguments);
}

static void failure_start(struct failure *failure, enum exit_status exit, enum kdio_status status)
{
    failure->exit = exit;
    failure->status = status;
    failure->outcome = KDIO_OUTCOME_NOT_DONE;
    failure->text[0] = '\0';
}

enum exit_status failure_usage(struct failure *failure, const char *format, ...)
{
    va_list arguments;

    failure_start(failure, EXIT_STATUS_USAGE, KDIO_DONE);
    va_start(arguments, format);
    text_append(failure, format, arguments);
    va_end(arguments);
    return failure->exit;
}

enum exit_status failure_status(struct failure *failure, enum kdio_status status, const char *format, ...)
{
    va_list arguments;

    failure_start(failure, exit_status_of(status), status);
    va_start(arguments, format);
    text_append(failure, format, arguments);
    va_end(arguments);
    return failure->exit;
}

enum exit_status failure_refused(struct failure *failure, const char *format, ...)
{
    va_list arguments;

    failure_start(failure, EXIT_STATUS_REFUSED, KDIO_DONE);
    va_start(arguments, format);
    text_append(failure, format, arguments);
    va_end(arguments);
    return failure->exit;
}

enum exit_status failure_system(struct failure *failure, const char *format, ...)
{
    int error = errno;
    va_list arguments;

    failure_start(failure, EXIT_STATUS_SYSTEM, KDIO_SYSTEM);
    va_start(arguments, format);
    text_append(failure, format, arguments);
    va_end(arguments);
    failure_append(failure, ": %s", strerror(error));
    return failure->exit;
}

void failure_append(struct failure *failure, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_append(failure, format, arguments);
    va_end(arguments);
}

/* What a person typed is quoted in errors; it must not break the line. */
static void drop_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if (iscntrl((unsigned char)*text))
            *text = '?';
    }
}

void failure_line(const struct failure *failure, char line[static FAILURE_LINE_SIZE])
{
    char where[FAILURE_LINE_SIZE - 1024] = "";
    char resume[64] = "";

    if (failure->file != NULL && failure->line != 0)
        (void)snprintf(where, sizeof(where), "%s:%u: ", failure->file, (unsigned)failure->line);
    if (failure->resume_line != 0)
        (void)snprintf(resume, sizeof(resume), "; first line not known to be done: %u", (unsigned)failure->resume_line);
    (void)snprintf(line, FAILURE_LINE_SIZE, "%s%s%s", where, failure->text, resume);
    drop_controls(line);
}

enum exit_status exit_status_of(enum kdio_status status)
{
    static const enum exit_status by_class[] = {
        [KDIO_CLASS_NONE] = EXIT_STATUS_DONE,         [KDIO_CLASS_REFUSED] = EXIT_STATUS_REFUSED,
        [KDIO_CLASS_LINK] = EXIT_STATUS_LINK,         [KDIO_CLASS_PROTOCOL] = EXIT_STATUS_PROTOCOL,
        [KDIO_CLASS_SYSTEM] = EXIT_STATUS_SYSTEM,
    };

    return by_class[kdio_status_class(status)];
}

const char *exit_status_word(enum exit_status status)
{
    static const char *const words[] = { "done", "refused", "usage", "link", "protocol", "system" };

    return words[status];
}

const char *outcome_word(enum kdio_outcome outcome)
{
    static const char *const words[] = {
        [KDIO_OUTCOME_DONE] = "done",
        [KDIO_OUTCOME_NOT_DONE] = "not done",
        [KDIO_OUTCOME_UNKNOWN] = "unknown",
    };

    return words[outcome];
}
