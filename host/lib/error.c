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

/* True where the count is a lower bound: a stub that is lost or cancelled does not tell what the last request wrote. */
static bool is_lower_bound(const struct kdio_error *error, const struct kdio_operation *operation)
{
    return error->outcome == KDIO_OUTCOME_UNKNOWN || (error->status == KDIO_INTERRUPTED && operation->row->changes);
}

/* "16 of 64 bytes done" where an operation stopped on its way; nothing where a read value says all there is to say. */
static void outcome_text(const struct kdio_error *error, const struct kdio_operation *operation, char *text,
                         size_t size)
{
    uint64_t units = kdio_operation_units(operation);
    bool bound = is_lower_bound(error, operation);

    if (units && (error->units_done || (bound && error->outcome != KDIO_OUTCOME_UNKNOWN)))
        snprintf(text, size, "; %s%" PRIu64 " of %" PRIu64 " %s done", bound ? "at least " : "", error->units_done,
                 units, kdio_operation_unit(operation));
    else if (error->status == KDIO_NO_MATCH || error->status == KDIO_NOT_FOUND)
        snprintf(text, size, "%s", "");
    else
        snprintf(text, size, "; %s", outcome_words(error->outcome));
}

void kdio_fail_operation(struct kdio_target *target, const struct kdio_operation *operation, size_t index,
                         size_t done_count)
{
    struct kdio_error *error = &target->error;
    char what[96];
    char outcome[64];
    char why[sizeof error->text];

    kdio_operation_text(operation, what, sizeof what);
    outcome_text(error, operation, outcome, sizeof outcome);
    memcpy(why, error->text, sizeof why);
    snprintf(error->text, sizeof error->text, "%s: %.90s%s", what, why, outcome);
    error->index = (uint32_t)index;
    error->done_count = (uint32_t)done_count;
    error->width = kdio_op_width(operation->row);
    error->port = kdio_op_is_port(operation->row) ? (uint32_t)operation->operand[0] : UINT32_MAX;
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
