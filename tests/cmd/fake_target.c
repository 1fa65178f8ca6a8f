/* SPDX-License-Identifier: MIT */
/*
 * fake_target.c: the functions of kdio.h that the command uses, with no line behind them, so that what the command does
 * with an outcome can be tested for outcomes that are hard to bring about on a real target.
 *
 * Everything that would reach a target is a line in $KDIO_FAKE_LOG. Reads give the port's digits, repeated. The
 * environment says what goes wrong, and what the stub tells:
 *     KDIO_FAKE_OPEN=STATUS         opening fails; the error names the line
 *     KDIO_FAKE_FAIL=N:STATUS:DONE  operation N (from 0) fails; DONE is "not" or "unknown"
 *     KDIO_FAKE_BLOCK=N             operation N waits for the interruption
 *     KDIO_FAKE_RESOLVE=N           after a failure, N operations of it turn out to be done; unset: nobody knows
 *     KDIO_FAKE_LOSS=STATUS         what asking the target gives after everything was done
 *     KDIO_FAKE_PROGRAM_MAX=N       larger atomic programs are refused
 *     KDIO_FAKE_STATS=STATUS        what the stub's statistics give; asking for them is noted then
 *     KDIO_FAKE_BURST=N             the burst limit
 *     KDIO_FAKE_PREVIOUS=N          the previous session
 *     KDIO_FAKE_FINDING=N           what an examination finds, as a number of enum kdio_finding
 */
#include <kdio.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/examine.h"

#define BLOCK_LIMIT_MS 20000
#define BLOCK_TURN_MS  10
#define PORTS          0x10000u
#define ALL_DONE       UINT32_MAX
#define LINK_FIRST     0x3f8u
#define LINK_LAST      0x3ffu

struct operation {
    uint32_t port, width, value;
    bool out;
};

struct kdio_program {
    struct operation *operations;
    size_t count, done;
};

struct kdio_target {
    struct kdio_options options;
    struct kdio_error error;
    struct kdio_info info;
    uint32_t executed;
    uint32_t index; /* Of the operation in its program. */
};

/* ---- The list of statuses ---- */

static const struct {
    enum kdio_status status;
    enum kdio_class error_class;
    const char *name, *text;
} statuses[] = {
#define X(name, number, class, text) { KDIO_##name, KDIO_CLASS_##class, #name, text },
    KDIO_STATUS_TABLE(X)
#undef X
};

#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]))

static size_t status_index(enum kdio_status status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i].status == status)
            return i;
    }
    abort();
}

enum kdio_class kdio_status_class(enum kdio_status status)
{
    return statuses[status_index(status)].error_class;
}

const char *kdio_status_name(enum kdio_status status)
{
    return statuses[status_index(status)].name;
}

const char *kdio_status_text(enum kdio_status status)
{
    return statuses[status_index(status)].text;
}

/* ---- What the environment says ---- */

static enum kdio_status status_named(const char *name, size_t length)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (strlen(statuses[i].name) == length && strncmp(statuses[i].name, name, length) == 0)
            return statuses[i].status;
    }
    abort();
}

static enum kdio_status status_from(const char *variable)
{
    const char *name = getenv(variable);

    return name != NULL ? status_named(name, strlen(name)) : KDIO_DONE;
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    const char *path = getenv("KDIO_FAKE_LOG");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    va_list arguments;

    if (file == NULL)
        return;
    va_start(arguments, format);
    (void)vfprintf(file, format, arguments);
    va_end(arguments);
    (void)fclose(file);
}

static enum kdio_status fail(struct kdio_target *target, enum kdio_status status, enum kdio_outcome outcome)
{
    target->error = (struct kdio_error){ .status = status, .outcome = outcome, .index = target->index };
    target->error.error_class = kdio_status_class(status);
    (void)snprintf(target->error.text, sizeof(target->error.text), "fake: %s; %s", kdio_status_text(status),
                   outcome == KDIO_OUTCOME_UNKNOWN ? "outcome unknown" : "not done");
    return status;
}

/* ---- Opening ---- */

enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio, const struct kdio_options *options)
{
    enum kdio_status status = status_from("KDIO_FAKE_OPEN");

    *target = calloc(1, sizeof(**target));
    if (*target == NULL)
        return KDIO_NO_MEMORY;
    (*target)->options = *options;
    (*target)->info.capabilities = KDIO_CAP_PORT | KDIO_CAP_POLLED;
    (*target)->info.burst = number_from("KDIO_FAKE_BURST", 0);
    (*target)->info.previous_session = number_from("KDIO_FAKE_PREVIOUS", 0);
    note("open %s wait %u open %u\n", gensio, (unsigned)options->wait_ms, (unsigned)options->open_ms);
    options->console(options->context, "hello \xff\n", 8);
    if (status == KDIO_DONE)
        return KDIO_DONE;
    (void)fail(*target, status, KDIO_OUTCOME_NOT_DONE);
    (void)snprintf((*target)->error.text, sizeof((*target)->error.text), "%s: %s; nothing was done", gensio,
                   kdio_status_text(status));
    return status;
}

void kdio_target_close(struct kdio_target *target)
{
    if (target != NULL)
        note("close\n");
    free(target);
}

const struct kdio_error *kdio_target_error(const struct kdio_target *target)
{
    return &target->error;
}

/* ---- Checks and programs ---- */

static enum kdio_status check_port(uint64_t port, unsigned width)
{
    if (width != 1 && width != 2 && width != 4)
        return KDIO_BAD_WIDTH;
    if (port > PORTS - width)
        return KDIO_BAD_PORT;
    return port % width == 0 ? KDIO_DONE : KDIO_MISALIGNED;
}

enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width)
{
    enum kdio_status status = check_port(port, width);

    if (status == KDIO_DONE && target != NULL && port <= LINK_LAST && port + width > LINK_FIRST)
        status = KDIO_LINK_UART;
    return status;
}

enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_in(target, port, width);

    if (status == KDIO_DONE && value >> (width * 8) != 0)
        status = KDIO_BAD_VALUE;
    return status;
}

struct kdio_program *kdio_program_new(void)
{
    return calloc(1, sizeof(struct kdio_program));
}

void kdio_program_free(struct kdio_program *program)
{
    free(program->operations);
    free(program);
}

static enum kdio_status append(struct kdio_program *program, struct operation operation)
{
    struct operation *grown = realloc(program->operations, (program->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return KDIO_NO_MEMORY;
    program->operations = grown;
    program->operations[program->count++] = operation;
    return KDIO_DONE;
}

enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_out(NULL, port, width, value);

    if (status != KDIO_DONE)
        return status;
    return append(program, (struct operation){ (uint32_t)port, width, (uint32_t)value, true });
}

enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width)
{
    enum kdio_status status = kdio_check_in(NULL, port, width);

    if (status != KDIO_DONE)
        return status;
    return append(program, (struct operation){ (uint32_t)port, width, 0, false });
}

uint64_t kdio_program_value(const struct kdio_program *program, size_t index)
{
    return program->operations[index].value;
}

size_t kdio_program_done_count(const struct kdio_program *program)
{
    return program->done;
}

/* ---- Running ---- */

static enum kdio_status block(struct kdio_target *target)
{
    note("blocked\n");
    for (int waited_ms = 0; waited_ms < BLOCK_LIMIT_MS; waited_ms += BLOCK_TURN_MS) {
        if (target->options.interrupted(target->options.context))
            return fail(target, KDIO_INTERRUPTED, KDIO_OUTCOME_UNKNOWN);
        (void)poll(NULL, 0, BLOCK_TURN_MS);
    }
    return fail(target, KDIO_TIMEOUT, KDIO_OUTCOME_UNKNOWN);
}

/* What is to happen to the operation that comes next. */
static enum kdio_status fate(struct kdio_target *target)
{
    const char *text = getenv("KDIO_FAKE_FAIL");
    char *rest = NULL;

    if (target->executed == number_from("KDIO_FAKE_BLOCK", ALL_DONE))
        return block(target);
    if (text == NULL || strtoul(text, &rest, 10) != target->executed)
        return KDIO_DONE;
    return fail(target, status_named(rest + 1, strcspn(rest + 1, ":")),
                strstr(rest, ":unknown") != NULL ? KDIO_OUTCOME_UNKNOWN : KDIO_OUTCOME_NOT_DONE);
}

static void execute(struct kdio_target *target, struct operation *operation)
{
    uint32_t mask = operation->width == 4 ? UINT32_MAX : (1u << (operation->width * 8)) - 1;

    if (!operation->out)
        operation->value = (operation->port * 0x01010101u) & mask;
    note("%s%u %x %x\n", operation->out ? "out" : "in", (unsigned)operation->width * 8, (unsigned)operation->port,
         (unsigned)operation->value);
    target->executed++;
}

enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    enum kdio_status status = KDIO_DONE;

    program->done = 0;
    note("run %s %u\n", atomic ? "atomic" : "plain", (unsigned)program->count);
    if (atomic && program->count > number_from("KDIO_FAKE_PROGRAM_MAX", ALL_DONE))
        return fail(target, KDIO_TOO_LARGE, KDIO_OUTCOME_NOT_DONE);
    for (size_t i = 0; status == KDIO_DONE && i < program->count; i++) {
        target->index = (uint32_t)i;
        status = fate(target);
        if (status == KDIO_DONE) {
            execute(target, &program->operations[i]);
            program->done++;
        }
    }
    return status;
}

enum kdio_status kdio_target_resolve(struct kdio_target *target, uint32_t *done_count)
{
    note("resolve\n");
    if (getenv("KDIO_FAKE_RESOLVE") == NULL)
        return fail(target, KDIO_NO_CONNECTION, KDIO_OUTCOME_UNKNOWN);
    *done_count = number_from("KDIO_FAKE_RESOLVE", 0);
    return KDIO_DONE;
}

/* ---- The rest ---- */

enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size)
{
    (void)target;
    note("type %.*s", (int)size, text);
    return KDIO_DONE;
}

enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms)
{
    enum kdio_status status = status_from("KDIO_FAKE_LOSS");

    (void)poll(NULL, 0, (int)ms);
    return status == KDIO_DONE ? KDIO_DONE : fail(target, status, KDIO_OUTCOME_NOT_DONE);
}

const struct kdio_info *kdio_target_info(const struct kdio_target *target)
{
    return &target->info;
}

void kdio_target_link_stats(const struct kdio_target *target, struct kdio_link_stats *stats)
{
    *stats = (struct kdio_link_stats){ .operations = target->executed, .rtt_us_min = 857, .rtt_us_mean = 1117,
                                        .rtt_us_max = 1377 };
}

enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats)
{
    enum kdio_status status = status_from("KDIO_FAKE_LOSS");

    if (getenv("KDIO_FAKE_STATS") != NULL) {
        note("stats\n");
        status = status_from("KDIO_FAKE_STATS");
    }
    *stats = (struct kdio_stub_stats){ .uart_base = 0x3f8 };
    return status == KDIO_DONE ? KDIO_DONE : fail(target, status, KDIO_OUTCOME_NOT_DONE);
}

enum kdio_status kdio_examine(const char *gensio, const struct kdio_options *options,
                              struct kdio_examination *examination)
{
    (void)options;
    *examination = (struct kdio_examination){ .finding = (enum kdio_finding)number_from("KDIO_FAKE_FINDING", 0) };
    note("examine %s\n", gensio);
    return status_from("KDIO_FAKE_OPEN");
}

const char *kdio_version(void)
{
    return "kdio fake";
}
