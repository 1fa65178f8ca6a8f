/* SPDX-License-Identifier: MIT */
/* doctor.c: implements doctor.h: shows an examination. What is wrong is also the run's one line on standard error. */
#include "host/cmd/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/cmd/connection.h"
#include "host/cmd/run_control.h"
#include "host/lib/examine.h"

static enum exit_status exit_of(enum kdio_finding finding)
{
    static const enum exit_status by_whose[] = {
        [KDIO_FINDING_OF_NONE] = EXIT_STATUS_DONE,
        [KDIO_FINDING_OF_LINE] = EXIT_STATUS_LINK,
        [KDIO_FINDING_OF_TARGET] = EXIT_STATUS_REFUSED,
    };

    return by_whose[kdio_finding_whose(finding)];
}

/* ---- Text ---- */

static void print_stub(const struct kdio_examination *examination, struct output *output)
{
    const struct kdio_info *info = &examination->info;

    output_text(output, "%-12sprotocol version %" PRIu32 ", boot %" PRIx32 "%s\n", "stub", info->protocol_version,
                info->boot_id, (info->capabilities & KDIO_CAP_POLLED) != 0 ? ", polled" : "");
    if (examination->finding == KDIO_FINDING_EATEN)
        output_text(output, "%-12seaten %s%s\n", "bytes", examination->detail,
                    examination->probed ? "" : "; not all were tried");
    else
        output_text(output, "%-12s%s\n", "bytes",
                    examination->probed ? "all 256 values come through, both ways" : "not tried one by one");
}

static void print_measures(const struct kdio_examination *examination, struct output *output)
{
    output_text(output, "%-12s%" PRIu32 " us at least, %" PRIu32 " on average, %" PRIu32 " at most\n", "round trip",
                examination->rtt_us_min, examination->rtt_us_mean, examination->rtt_us_max);
    output_text(output, "%-12s%" PRIu32 " frames, %" PRIu32 " sent again; damaged: %" PRIu32 " to the target, %" PRIu32
                        " from it; %" PRIu32 " overruns\n", "loss", examination->frames, examination->repeated,
                examination->damaged_out, examination->damaged_in, examination->overruns);
    if (examination->late != 0)
        output_text(output, "%-12s%" PRIu32 " replies came only after the request was sent again\n", "late",
                    examination->late);
    if (examination->throughput != 0)
        output_text(output, "%-12s%" PRIu32 " bytes a second, each way\n", "throughput", examination->throughput);
}

static void print_kernel(const struct kdio_examination *examination, struct output *output)
{
    char text[RUN_CONTROL_TEXT_SIZE];

    run_control_text(&examination->stop, text);
    output_text(output, "%-12s%s\n", "kernel", text);
}

static void print_text(const struct kdio_examination *examination, struct output *output)
{
    const char *advice;

    if (examination->heard_bytes != 0)
        output_text(output, "%-12s%" PRIu64 " bytes%s%s\n", "received", examination->heard_bytes,
                    *examination->heard != '\0' ? ", the last line of text: " : "", examination->heard);
    if (examination->answered)
        print_stub(examination, output);
    if (examination->measured)
        print_measures(examination, output);
    if (examination->looked)
        print_kernel(examination, output);
    output_text(output, "%-12s%s\n", "finding", kdio_finding_text(examination->finding));
    for (unsigned i = 0; (advice = kdio_finding_advice(examination->finding, i)) != NULL; i++)
        output_text(output, "%-12s%s\n", "try", advice);
}

/* ---- JSON ---- */

static cJSON *byte_array(const struct kdio_byte_set *set)
{
    cJSON *array = cJSON_CreateArray();

    for (unsigned value = 0; value < 256; value++) {
        if (kdio_byte_set_has(set, value))
            (void)cJSON_AddItemToArray(array, cJSON_CreateNumber(value));
    }
    return array;
}

static cJSON *link_object(const struct kdio_examination *examination)
{
    cJSON *object = cJSON_CreateObject();

    if (examination->probed || examination->finding == KDIO_FINDING_EATEN) {
        (void)cJSON_AddItemToObject(object, "eaten_to_target", byte_array(&examination->eaten_out));
        (void)cJSON_AddItemToObject(object, "eaten_from_target", byte_array(&examination->eaten_in));
    }
    if (!examination->measured)
        return object;
    output_number(object, "frames", examination->frames);
    output_number(object, "sent_again", examination->repeated);
    output_number(object, "late", examination->late);
    output_number(object, "damaged_to_target", examination->damaged_out);
    output_number(object, "damaged_from_target", examination->damaged_in);
    output_number(object, "overruns", examination->overruns);
    output_number(object, "rtt_us_min", examination->rtt_us_min);
    output_number(object, "rtt_us_mean", examination->rtt_us_mean);
    output_number(object, "rtt_us_max", examination->rtt_us_max);
    output_number(object, "bytes_per_second", examination->throughput);
    return object;
}

static void print_json(const struct kdio_examination *examination, const struct statement *statement,
                       struct output *output)
{
    cJSON *object = output_object(output, statement);
    cJSON *advice = cJSON_AddArrayToObject(object, "advice");
    const char *text;

    output_string(object, "finding", kdio_finding_name(examination->finding));
    output_string(object, "text", kdio_finding_text(examination->finding));
    output_string(object, "detail", examination->detail);
    for (unsigned i = 0; (text = kdio_finding_advice(examination->finding, i)) != NULL; i++)
        (void)cJSON_AddItemToArray(advice, cJSON_CreateString(text));
    output_number(object, "received", (double)examination->heard_bytes);
    output_string(object, "last_line", examination->heard);
    if (examination->answered)
        (void)cJSON_AddItemToObject(object, "link", link_object(examination));
    if (examination->looked)
        output_string(object, "kernel", run_control_reason(&examination->stop));
    output_print_object(output, object);
}

/* ---- The command ---- */

static enum exit_status conclude(struct session *session, const struct kdio_examination *examination)
{
    enum exit_status result = exit_of(examination->finding);

    if (result == EXIT_STATUS_DONE)
        return result;
    (void)failure_refused(session->failure, "%s: %s", session->options->target,
                          kdio_finding_text(examination->finding));
    if (*examination->detail != '\0')
        failure_append(session->failure, ": %s", examination->detail);
    failure_append(session->failure, "; nothing was done on the target");
    session->failure->exit = result;
    return result;
}

enum exit_status doctor_execute(const struct statement *statement, struct session *session)
{
    struct kdio_examination examination;
    struct kdio_options options;
    enum kdio_status status;
    enum exit_status prepared = connection_prepare(session);

    if (prepared != EXIT_STATUS_DONE)
        return prepared;
    connection_options(session, &options);
    progress_start(&session->progress, "examining the line");
    status = kdio_examine(session->line, &options, &examination);
    progress_stop(&session->progress);
    if (status != KDIO_DONE)
        return failure_status(session->failure, status, "%s: %s; nothing was done on the target",
                              session->options->target, kdio_status_text(status));
    if (session->output->json)
        print_json(&examination, statement, session->output);
    else
        print_text(&examination, session->output);
    return conclude(session, &examination);
}
