/* SPDX-License-Identifier: MIT */
/* error.c: one line that says what happened, where, and whether anything was done. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/lib/target.h"

static const char *outcome_words(enum kdio_outcome outcome)
{
    switch (outcome) {
    case KDIO_OUTCOME_DONE:
        return "done";
    case KDIO_OUTCOME_NOT_DONE:
        return "not done";
    default:
        return "whether it was done is unknown";
    }
}

enum kdio_status kdio_fail(struct kdio_target *target, enum kdio_status status, enum kdio_outcome outcome,
                           const char *format, ...)
{
    struct kdio_error *error = &target->error;
    bool system = kdio_status_class(status) == KDIO_CLASS_SYSTEM || status == KDIO_NO_CONNECTION;
    va_list arguments;

    *error = (struct kdio_error){
        .status = status,
        .error_class = kdio_status_class(status),
        .outcome = outcome,
        .port = UINT32_MAX,
        .system_errno = system && target->transport ? kdio_transport_errno(target->transport) : 0,
    };
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

/* "od cf8 80000000" */
static void operation_text(const struct kdio_operation *operation, char *text, size_t size)
{
    const struct kdio_op_row *row = kdio_op_find(operation->opcode);
    unsigned width = row ? kdio_op_width(row) : 0;

    if (!width)
        snprintf(text, size, "%s", kdio_op_word(operation->opcode));
    else if (kdio_op_writes(row))
        snprintf(text, size, "%s %" PRIx64 " %0*" PRIx64, kdio_op_word(operation->opcode), operation->operand[0],
                 (int)width * 2, operation->operand[1]);
    else
        snprintf(text, size, "%s %" PRIx64, kdio_op_word(operation->opcode), operation->operand[0]);
}

void kdio_fail_operation(struct kdio_target *target, const struct kdio_operation *operation, uint32_t index,
                         uint32_t done_count)
{
    struct kdio_error *error = &target->error;
    const struct kdio_op_row *row = kdio_op_find(operation->opcode);
    char what[64];
    char why[sizeof error->text];

    operation_text(operation, what, sizeof what);
    memcpy(why, error->text, sizeof why);
    snprintf(error->text, sizeof error->text, "%s: %.150s; %s", what, why, outcome_words(error->outcome));
    error->index = index;
    error->done_count = done_count;
    error->width = row ? kdio_op_width(row) : 0;
    error->port = error->width ? (uint32_t)operation->operand[0] : UINT32_MAX;
}

KDIO_API const struct kdio_error *kdio_target_error(const struct kdio_target *target)
{
    static const struct kdio_error no_target = {
        .status = KDIO_NO_MEMORY, .error_class = KDIO_CLASS_SYSTEM, .outcome = KDIO_OUTCOME_NOT_DONE,
        .port = UINT32_MAX, .text = "out of memory; nothing was done",
    };

    return target ? &target->error : &no_target;
}

KDIO_API const char *kdio_version(void)
{
    return "kdio " KDIO_VERSION_STRING;
}
