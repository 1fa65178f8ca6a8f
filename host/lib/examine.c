/* SPDX-License-Identifier: MIT */
/*
 * examine.c: implements examine.h.
 *
 * A line that eats a byte stops a session for good at the first frame that has it, as what is repeated is the same. So
 * each request here has a limit of its own, and where bytes are sought it has a session of its own too, whose key gives
 * it another check, and whose numbers and counts are 0, 1 and 2 alone: the seventeenth request would have an XON in its
 * header, and the ANSWER after it one in its count. How many requests the former session executed tells which way a
 * loss was (SESSION).
 */
#include "host/lib/examine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/lib/target.h"

#define GROUP_SIZE      8u   /* Values that one ECHO carries. */
#define GROUP_COUNT     (256u / GROUP_SIZE)
#define REQUEST_GROUPS  8u   /* ECHOs in one request, while nothing is lost. */
#define TRIES           3u   /* A value that fails so often, in so many sessions, never comes through. */
#define SUSPECTS_MAX    10u  /* More groups than that, and it is the line as a whole. */
#define OPEN_TRIES      10u
#define TRY_FIRST_US    450000u /* Less than the period of OPEN: one a try. */
#define TRY_MIN_US      150000u
#define TRY_MAX_US      3000000u /* A round trip at 1200 baud takes 0.3 s. */
#define TRY_ROUND_TRIPS 8u
#define PROBE_US        15000000u
#define SAMPLES         128u
#define SAMPLING_US     2000000u
#define SAMPLE_US       2500000u
#define STREAM_ECHOES   64u
#define STATS_SIZE      44u /* Bytes of results of STATS. */
#define STREAM_US       500000u
#define HEAVY_PERCENT   3u

/* What became of a request. */
enum fate {
    ANSWERED,
    UNANSWERED, /* In time; the session is no good any more. */
    WRONG,      /* The stub refused, or echoed something else. */
    OVER,       /* There is no session, and there will be none: examiner.status tells. */
};

struct examiner {
    struct kdio_target *target;
    struct kdio_examination *result;
    enum kdio_status status;
    uint64_t probe_end_us;
    uint32_t requests;  /* Answered in this session, its first one included. */
    bool lost_outward;  /* Of the last request that went unanswered: it did not reach the stub, */
    bool lost_inward;   /* or its reply did not come back. Neither when nobody knows. */
};

/* How long to wait for what may never come: the less, the quicker the line is. */
static uint64_t patience_us(const struct examiner *examiner)
{
    uint64_t round_trip_us = examiner->target->link.srtt_us;
    uint64_t limit_us = TRY_MIN_US + TRY_ROUND_TRIPS * round_trip_us;

    if (!round_trip_us)
        return TRY_FIRST_US;
    return limit_us < TRY_MAX_US ? limit_us : TRY_MAX_US;
}

/* ---- Sessions ---- */

static bool draw_nonce(uint32_t *nonce)
{
    do {
        if (getrandom(nonce, sizeof *nonce, 0) != (ssize_t)sizeof *nonce)
            return false;
    } while (!kdio_host_nonce_fits(*nonce));
    return true;
}

/* Asks for a session on the connection that is there. Each try has another nonce: what the line eats may stand in one
 * answer and not in the next. What is asked is known to be a stub, so that the pace of L13 does not matter. */
static bool open_session(struct examiner *examiner)
{
    struct kdio_target *target = examiner->target;
    uint64_t end_us;
    uint32_t nonce;

    for (unsigned i = 0; i < OPEN_TRIES && kdio_transport_connected(target->transport) && draw_nonce(&nonce); i++) {
        end_us = kdio_time_us() + patience_us(examiner);
        target->session_end = KDIO_DONE;
        examiner->status = KDIO_DONE;
        kdio_host_link_open(&target->link, nonce, false, kdio_time_us());
        while (examiner->status == KDIO_DONE && target->link.state != KDIO_HOST_READY && kdio_time_us() < end_us)
            examiner->status = kdio_session_step(target, end_us - kdio_time_us());
        examiner->requests = 1;
        if (target->link.state == KDIO_HOST_READY || examiner->status != KDIO_DONE)
            return examiner->status == KDIO_DONE;
    }
    examiner->status = KDIO_NO_ANSWER;
    return false;
}

/* Begins a session after this one. Where a request was under way, what the stub counted tells which way it got lost. */
static enum fate begin_anew(struct examiner *examiner)
{
    uint32_t session = examiner->target->info.session_id;
    uint32_t requests = examiner->requests;
    const struct kdio_info *info = &examiner->target->info;

    if (!open_session(examiner))
        return OVER;
    examiner->lost_inward = info->previous_session == session && info->previous_requests > requests;
    examiner->lost_outward = info->previous_session == session && info->previous_requests <= requests;
    return ANSWERED;
}

/* ---- Requests ---- */

static bool encode(struct kdio_flight *flight, const struct kdio_program *program)
{
    size_t size_max = program->count * KDIO_OP_SIZE_MAX;
    uint8_t *bytes = realloc(flight->bytes, size_max);
    struct kdio_writer writer = kdio_writer_on(bytes, size_max);

    if (!bytes)
        return false;
    flight->bytes = bytes;
    flight->capacity = size_max;
    for (size_t i = 0; i < program->count; i++)
        kdio_op_write(&writer, program->operations[i].row, program->operations[i].operand, NULL);
    flight->stretch = (struct kdio_stretch){ .count = program->count };
    flight->results_at = 0;
    flight->chained = flight->answered = false;
    flight->request = (struct kdio_host_request){
        .program = bytes, .size = (size_t)(writer.at - bytes), .results_max = (uint32_t)program->results_size,
    };
    return true;
}

/* One request, with a limit that the link does not have while a stub says again and again that it got it damaged. */
static enum fate request(struct examiner *examiner, struct kdio_program *program, uint64_t limit_us)
{
    struct kdio_target *target = examiner->target;
    struct kdio_flight *flight = &target->flights[0];
    uint64_t end_us = kdio_time_us() + limit_us;

    if (!encode(flight, program) || !kdio_host_link_submit(&target->link, &flight->request, kdio_time_us())) {
        examiner->status = KDIO_NO_MEMORY;
        return OVER;
    }
    flight->in_use = true;
    target->running = program;
    target->failed = NULL;
    while (examiner->status == KDIO_DONE && !flight->answered && kdio_time_us() < end_us)
        examiner->status = kdio_session_step(target, end_us - kdio_time_us());
    target->running = NULL;
    flight->in_use = false;
    if (flight->answered) {
        examiner->requests++;
        return flight->failure.status == KDIO_DONE ? ANSWERED : WRONG;
    }
    return examiner->status != KDIO_DONE || begin_anew(examiner) == OVER ? OVER : UNANSWERED;
}

/* A program of as many operations with 8 bytes of results each; `results` has room for them. */
static struct kdio_program program_of(struct kdio_operation *operations, size_t count, uint8_t *results)
{
    for (size_t i = 0; i < count; i++)
        operations[i].results_at = i * GROUP_SIZE;
    return (struct kdio_program){ .operations = operations, .count = count, .results = results,
                                  .results_size = count * GROUP_SIZE };
}

static void make_echo(struct kdio_operation *operation, const uint8_t values[GROUP_SIZE])
{
    struct kdio_reader reader = kdio_reader_on(values, GROUP_SIZE);

    (void)kdio_make(operation, KDIO_OP_ECHO, (uint64_t[KDIO_OP_OPERANDS_MAX]){ kdio_read_uint(&reader, GROUP_SIZE) });
}

/* `count` groups of eight values in one request. */
static enum fate echo(struct examiner *examiner, const uint8_t *values, size_t count, uint64_t limit_us)
{
    struct kdio_operation operations[REQUEST_GROUPS];
    uint8_t results[REQUEST_GROUPS * GROUP_SIZE] = { 0 };
    struct kdio_program program;
    enum fate fate;

    for (size_t i = 0; i < count; i++)
        make_echo(&operations[i], values + i * GROUP_SIZE);
    program = program_of(operations, count, results);
    fate = request(examiner, &program, limit_us);
    return fate == ANSWERED && memcmp(results, values, count * GROUP_SIZE) != 0 ? WRONG : fate;
}

/* ---- Bytes that never come through ---- */

/* As most lines eat nothing, four requests are all it takes. */
static enum fate try_all(struct examiner *examiner)
{
    uint8_t values[REQUEST_GROUPS * GROUP_SIZE];
    enum fate fate = ANSWERED;

    for (unsigned first = 0; fate == ANSWERED && first < 256; first += sizeof values) {
        for (unsigned i = 0; i < sizeof values; i++)
            values[i] = (uint8_t)(first + i);
        fate = echo(examiner, values, REQUEST_GROUPS, patience_us(examiner));
    }
    return fate;
}

/* As echo, and the session of its own that it had is over. */
static enum fate echo_alone(struct examiner *examiner, const uint8_t values[GROUP_SIZE])
{
    enum fate fate = echo(examiner, values, 1, patience_us(examiner));

    if ((fate == ANSWERED || fate == WRONG) && begin_anew(examiner) == OVER)
        return OVER;
    return fate;
}

static bool is_late(const struct examiner *examiner)
{
    return kdio_time_us() > examiner->probe_end_us;
}

/* Which of the groups may hold one. OVER also when they are so many that it is the line as a whole. */
static enum fate find_suspects(struct examiner *examiner, unsigned *groups, unsigned *count)
{
    uint8_t values[GROUP_SIZE];
    enum fate fate;

    *count = 0;
    for (unsigned group = 0; group < GROUP_COUNT; group++) {
        for (unsigned i = 0; i < GROUP_SIZE; i++)
            values[i] = (uint8_t)(group * GROUP_SIZE + i);
        fate = echo_alone(examiner, values);
        if (fate == OVER || *count == SUSPECTS_MAX || is_late(examiner))
            return OVER;
        if (fate != ANSWERED)
            groups[(*count)++] = group;
    }
    return ANSWERED;
}

/* A value that fails is in the set of the way on which it was lost more often. */
static enum fate try_value(struct examiner *examiner, unsigned value)
{
    unsigned outward = 0, inward = 0;
    uint8_t values[GROUP_SIZE];
    enum fate fate;

    memset(values, (int)value, sizeof values);
    for (unsigned i = 0; i < TRIES; i++) {
        fate = echo_alone(examiner, values);
        if (fate != UNANSWERED)
            return fate;
        outward += examiner->lost_outward;
        inward += examiner->lost_inward;
    }
    kdio_byte_set_add(inward > outward ? &examiner->result->eaten_in : &examiner->result->eaten_out, value);
    return UNANSWERED;
}

/* Tries the values of the suspect groups. 00 is no value on the wire, but the delimiter without which nothing came. */
static enum fate try_values(struct examiner *examiner, const unsigned *groups, unsigned group_count, unsigned *eaten)
{
    unsigned value;
    enum fate fate;

    for (unsigned i = 0; i < group_count * GROUP_SIZE; i++) {
        value = groups[i / GROUP_SIZE] * GROUP_SIZE + i % GROUP_SIZE;
        fate = value ? try_value(examiner, value) : ANSWERED;
        *eaten += fate == UNANSWERED;
        if (fate == OVER || is_late(examiner))
            return OVER;
    }
    return ANSWERED;
}

/* How many values never come through. The status is not DONE when the examination cannot go on. */
static unsigned probe_bytes(struct examiner *examiner)
{
    unsigned groups[GROUP_COUNT];
    unsigned group_count, eaten = 0;
    enum fate fate = try_all(examiner);

    examiner->result->probed = fate == ANSWERED;
    examiner->probe_end_us = kdio_time_us() + PROBE_US;
    if (fate == WRONG)
        fate = begin_anew(examiner);
    if (examiner->result->probed || fate == OVER || find_suspects(examiner, groups, &group_count) == OVER)
        return 0;
    examiner->result->probed = try_values(examiner, groups, group_count, &eaten) == ANSWERED;
    return eaten;
}

/* ---- Loss, time and speed ---- */

static enum fate ask_stats(struct examiner *examiner, uint8_t results[STATS_SIZE])
{
    struct kdio_operation operation;
    struct kdio_program program = { .operations = &operation, .count = 1, .results = results,
                                    .results_size = STATS_SIZE };

    (void)kdio_make(&operation, KDIO_OP_STATS, (uint64_t[KDIO_OP_OPERANDS_MAX]){ 0 });
    return request(examiner, &program, SAMPLE_US);
}

/* One small request: an ECHO of values that differ each time, or STATS where the stub's burst holds no ECHO. */
static enum fate sample(struct examiner *examiner, uint32_t number)
{
    uint8_t values[GROUP_SIZE], results[STATS_SIZE];

    if (examiner->target->info.burst)
        return ask_stats(examiner, results);
    for (unsigned i = 0; i < GROUP_SIZE; i++)
        values[i] = (uint8_t)(number * 151u + i * 29u);
    return echo(examiner, values, 1, SAMPLE_US);
}

static enum kdio_status stub_stats(struct examiner *examiner, struct kdio_stub_stats *stats)
{
    uint8_t results[STATS_SIZE] = { 0 };
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum fate fate = ask_stats(examiner, results);

    if (fate == OVER)
        return examiner->status;
    *stats = (struct kdio_stub_stats){ .frames = kdio_read_u32(&reader) };
    stats->bad_frames = kdio_read_u32(&reader);
    stats->repeated = kdio_read_u32(&reader);
    stats->overruns = kdio_read_u32(&reader);
    return fate == ANSWERED ? KDIO_DONE : KDIO_TIMEOUT;
}

static enum fate take_samples(struct examiner *examiner)
{
    uint64_t end_us = kdio_time_us() + SAMPLING_US;
    enum fate fate = ANSWERED;
    uint32_t *frames = &examiner->result->frames;

    while (fate == ANSWERED && *frames < SAMPLES && kdio_time_us() < end_us)
        fate = sample(examiner, (*frames)++);
    return fate;
}

/* As fast as the window allows, for half a second or one program. A stub that refuses leaves it unmeasured. */
static void measure_throughput(struct examiner *examiner)
{
    struct kdio_target *target = examiner->target;
    struct kdio_operation operations[STREAM_ECHOES];
    uint8_t values[GROUP_SIZE], results[STREAM_ECHOES * GROUP_SIZE];
    struct kdio_program program;
    uint64_t start_us = kdio_time_us(), bytes = kdio_transport_tx_bytes(target->transport), spent_us;

    for (unsigned i = 0; i < STREAM_ECHOES; i++) {
        memset(values, (int)i, sizeof values);
        make_echo(&operations[i], values);
    }
    program = program_of(operations, STREAM_ECHOES, results);
    do {
        examiner->status = kdio_run_program(target, &program, KDIO_CUT_FULL);
        spent_us = kdio_time_us() - start_us;
    } while (examiner->status == KDIO_DONE && spent_us < STREAM_US);
    bytes = kdio_transport_tx_bytes(target->transport) - bytes;
    if (examiner->status == KDIO_DONE)
        examiner->result->throughput = (uint32_t)(bytes * 1000000u / spent_us);
    else if (kdio_status_class(examiner->status) == KDIO_CLASS_REFUSED)
        examiner->status = KDIO_DONE;
}

/* Of the requests that were sent again, those whose first reply came too: late, and nothing was lost. What the host got
 * beyond a reply a request is that, and what the stub says of damaged frames. */
static uint32_t late(const struct kdio_examination *result, const struct kdio_stub_stats *before,
                     const struct kdio_stub_stats *after, uint64_t received)
{
    uint32_t repeated = after->repeated - before->repeated;
    uint64_t expected = (uint64_t)result->frames + result->damaged_out;
    uint64_t extra = received > expected ? received - expected : 0;

    return extra < repeated ? (uint32_t)extra : repeated;
}

static bool is_heavy(const struct kdio_examination *result)
{
    return result->repeated > 1 && result->repeated * 100u >= result->frames * HEAVY_PERCENT;
}

static void measure(struct examiner *examiner)
{
    const struct kdio_host_link_stats *stats = &examiner->target->link.stats;
    struct kdio_examination *result = examiner->result;
    struct kdio_stub_stats before, after;
    struct kdio_host_link_stats start;
    enum fate fate;

    if (stub_stats(examiner, &before) != KDIO_DONE)
        return;
    examiner->target->link.stats.rtt_count = examiner->target->link.stats.rtt_sum_us = 0;
    examiner->target->link.stats.rtt_max_us = 0;
    start = *stats;
    fate = take_samples(examiner);
    if (fate == OVER)
        return;
    result->repeated = (uint32_t)(stats->retransmitted - start.retransmitted);
    result->damaged_in = (uint32_t)(stats->bad_frames - start.bad_frames);
    result->rtt_us_min = stats->rtt_min_us;
    result->rtt_us_max = stats->rtt_max_us;
    result->rtt_us_mean = stats->rtt_count ? (uint32_t)(stats->rtt_sum_us / stats->rtt_count) : 0;
    if (stub_stats(examiner, &after) != KDIO_DONE)
        return;
    result->damaged_out = after.bad_frames - before.bad_frames;
    result->overruns = after.overruns - before.overruns;
    if (fate == ANSWERED) /* All in one session. The last frame was STATS's. */
        result->late = late(result, &before, &after, stats->rx_frames - start.rx_frames - 1);
    result->repeated -= result->late < result->repeated ? result->late : result->repeated;
    result->measured = true;
    if (fate == ANSWERED && !is_heavy(result) && !examiner->target->info.burst)
        measure_throughput(examiner);
}

/* ---- What it comes to ---- */

static void detail(struct kdio_examination *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void detail(struct kdio_examination *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result->detail, sizeof result->detail, format, arguments);
    va_end(arguments);
}

static void append_set(char *text, size_t size, const char *lead, const struct kdio_byte_set *set)
{
    size_t used = strlen(text);
    const char *before = used ? "; " : "";

    for (unsigned value = 0; value < 256 && used < size; value++) {
        if (!kdio_byte_set_has(set, value))
            continue;
        used += (size_t)snprintf(text + used, size - used, "%s%s %02x", before, lead, value);
        lead = before = "";
    }
}

static void judge_eaten(struct kdio_examination *result)
{
    result->finding = KDIO_FINDING_EATEN;
    append_set(result->detail, sizeof result->detail, "to the target", &result->eaten_out);
    append_set(result->detail, sizeof result->detail, "from the target", &result->eaten_in);
}

static void judge_measures(struct kdio_examination *result)
{
    result->finding = !result->measured || is_heavy(result) ? KDIO_FINDING_LOSSY : KDIO_FINDING_WELL;
    if (result->measured && is_heavy(result))
        detail(result, "%u of %u frames were sent again (%u %%)", result->repeated, result->frames + result->repeated,
               result->repeated * 100u / (result->frames + result->repeated));
}

static enum kdio_finding finding_of_connection(const struct kdio_error *error)
{
    switch (error->system_errno) {
    case ENOENT:
    case EHOSTDOWN:
        return KDIO_FINDING_NO_DEVICE;
    case EPERM:
        return KDIO_FINDING_NO_PERMISSION;
    case EBUSY:
        return KDIO_FINDING_HELD;
    case ECONNREFUSED:
        return KDIO_FINDING_NOBODY_LISTENS;
    default:
        return KDIO_FINDING_NO_CONNECTION;
    }
}

static void judge_version(const struct examiner *examiner)
{
    const struct kdio_answer *answer = &examiner->target->link.answer;

    detail(examiner->result, "the stub %u to %u, this host %u", answer->version_min, answer->version_max,
           KDIO_PROTOCOL_VERSION);
}

/* Why there is no session, or none any more. DONE when that is a finding. */
static enum kdio_status judge_end(const struct examiner *examiner)
{
    struct kdio_examination *result = examiner->result;
    const struct kdio_target *target = examiner->target;

    switch (examiner->status) {
    case KDIO_NO_CONNECTION:
        result->finding = finding_of_connection(&target->error);
        detail(result, "%s", kdio_transport_reason(target->transport));
        break;
    case KDIO_BAD_ARGUMENT:
        result->finding = KDIO_FINDING_BAD_TARGET;
        detail(result, "%s", kdio_transport_reason(target->transport));
        break;
    case KDIO_LOST:
        result->finding = KDIO_FINDING_CLOSED;
        detail(result, "%s", kdio_transport_reason(target->transport));
        break;
    case KDIO_VERSION:
        result->finding = KDIO_FINDING_VERSION;
        judge_version(examiner);
        break;
    case KDIO_TAKEN:
        result->finding = KDIO_FINDING_TAKEN;
        break;
    case KDIO_RESET:
        result->finding = KDIO_FINDING_RESET;
        break;
    case KDIO_NO_ANSWER:
    case KDIO_NOT_KDIO:
    case KDIO_TIMEOUT:
    case KDIO_BAD_REPLY:
        result->finding = result->answered ? KDIO_FINDING_LOSSY : kdio_observation_judge(&target->observation);
        break;
    default:
        return examiner->status;
    }
    return KDIO_DONE;
}

/* A kernel that stands looks healthy from everywhere else: the stub serves as ever. Where the line is in trouble that
 * is to be told first. */
static enum kdio_status look_at_kernel(struct examiner *examiner)
{
    struct kdio_examination *result = examiner->result;

    if (result->finding != KDIO_FINDING_WELL || !(examiner->target->info.capabilities & KDIO_CAP_RUN))
        return KDIO_DONE;
    examiner->status = kdio_stop_state(examiner->target, &result->stop);
    if (examiner->status == KDIO_STUB_FAULT) {
        result->finding = KDIO_FINDING_STUB_FAULT;
        detail(result, "at %llx", (unsigned long long)kdio_target_error(examiner->target)->address);
    }
    if (kdio_status_class(examiner->status) == KDIO_CLASS_REFUSED)
        return KDIO_DONE;
    if (examiner->status != KDIO_DONE)
        return judge_end(examiner);
    result->looked = true;
    if (result->stop.reason == KDIO_STOP_NONE)
        return KDIO_DONE;
    result->finding = KDIO_FINDING_STOPPED;
    detail(result, "at %08x`%08x", (unsigned)(result->stop.rip >> 32), (unsigned)result->stop.rip);
    return KDIO_DONE;
}

static enum kdio_status examine_session(struct examiner *examiner)
{
    unsigned eaten = 0;

    examiner->result->answered = true;
    examiner->result->info = examiner->target->info;
    examiner->requests = 1;
    if (!examiner->target->info.burst)
        eaten = probe_bytes(examiner);
    if (eaten) {
        judge_eaten(examiner->result);
        return KDIO_DONE;
    }
    if (examiner->status == KDIO_DONE)
        measure(examiner);
    if (examiner->status != KDIO_DONE)
        return judge_end(examiner);
    judge_measures(examiner->result);
    return look_at_kernel(examiner);
}

/* A stub that is there and does not get through may have one unlucky answer: another nonce makes another. */
static bool is_worth_another_try(const struct examiner *examiner)
{
    return examiner->status == KDIO_NO_ANSWER && examiner->target->observation.rx_bytes != 0;
}

static enum kdio_status examine(struct examiner *examiner)
{
    struct kdio_observation *observation = &examiner->target->observation;
    struct kdio_examination *result = examiner->result;

    if (is_worth_another_try(examiner))
        (void)open_session(examiner);
    if (examiner->status == KDIO_DONE)
        return examine_session(examiner);
    result->heard_bytes = observation->rx_bytes;
    kdio_observation_last_line(observation, result->heard, sizeof result->heard);
    return judge_end(examiner);
}

enum kdio_status kdio_examine(const char *gensio, const struct kdio_options *options,
                              struct kdio_examination *examination)
{
    struct examiner examiner = { .result = examination };
    enum kdio_status status;

    memset(examination, 0, sizeof *examination);
    examiner.status = kdio_target_open(&examiner.target, gensio, options);
    status = examiner.target ? examine(&examiner) : examiner.status;
    kdio_target_close(examiner.target);
    return status;
}
