/* SPDX-License-Identifier: MIT */
/*
 * execute.c: implements execute.h.
 *
 * Operations that follow each other travel together in one program, which fills the line; a batch is small enough that
 * results and ^C are not kept waiting. With --expect-reset the last command goes alone, so that every one before it is
 * known to be done when the target goes.
 */
#include "host/cmd/execute.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH_MAX    1024    /* A third of a second at 115200 baud. */
#define BATCH_MAX_US 300000u /* The same for what waits, and for what moves many bytes. */
#define BYTE_US      87u     /* At that rate. */

/* Statements `first` to `first + count - 1` of a script: one request of the user. */
struct batch {
    const struct script *script;
    size_t first;
    size_t count;
    bool atomic;
    bool program;  /* The statements are operations; else there is one, which runs alone. */
    size_t *starts; /* Of a program: the first operation of each statement, and the number of all. */
};

static const struct statement *batch_statement(const struct batch *batch, size_t index)
{
    return &batch->script->statements[batch->first + index];
}

/* In an atomic program everything is an operation. */
static bool is_operation(const struct statement *statement)
{
    const struct command *command = statement->command;

    return command->append != NULL && (command->execute == NULL || statement->group != 0);
}

static bool joins(const struct statement *first, const struct statement *next)
{
    return is_operation(next) && next->group == first->group;
}

/* How long a statement may keep those after it waiting, beyond what any one does. */
static uint64_t patience_us(const struct statement *statement)
{
    const struct operand_form *form = statement->command->forms;
    uint64_t bytes = statement->tail != NULL ? statement->tail->count * statement->command->width : 0;
    uint64_t us = 0;

    for (unsigned slot = 0; form->name != NULL && slot < statement->operand_count; form++, slot++) {
        if (form->kind == OPERAND_TIME)
            us += statement->operands[slot];
        if (form->kind == OPERAND_REPEATS)
            bytes += statement->operands[slot] * statement->command->width;
    }
    return us + bytes * BYTE_US;
}

/* An atomic program is taken whole, whatever its size: the stub's limit decides about it. */
static void batch_take(struct batch *batch, bool last_alone)
{
    const struct script *script = batch->script;
    const struct statement *first = &script->statements[batch->first];
    size_t rest = script->count - batch->first;
    size_t limit = first->group != 0 ? rest : rest < BATCH_MAX ? rest : BATCH_MAX;

    batch->atomic = first->group != 0;
    batch->program = is_operation(first);
    batch->count = 1;
    for (uint64_t us = patience_us(first); batch->program && batch->count < limit; batch->count++) {
        const struct statement *next = batch_statement(batch, batch->count);
        us += patience_us(next);
        if (!joins(first, next) || (us > BATCH_MAX_US && !batch->atomic))
            break;
    }
    if (last_alone && !batch->atomic && batch->count == rest && batch->count > 1)
        batch->count--;
}

/* The first line not known to be done, when `done` statements of the batch are. */
static uint32_t resume_line(const struct batch *batch, size_t done)
{
    size_t index = batch->first + done;

    return index < batch->script->count ? batch->script->statements[index].line : 0;
}

static void locate(struct session *session, const struct batch *batch, size_t failed, size_t done)
{
    size_t index = failed < batch->count ? failed : batch->count - 1;

    if (!session->output->lines)
        return;
    session->failure->file = batch->script->name;
    session->failure->line = batch_statement(batch, index)->line;
    session->failure->resume_line = resume_line(batch, done);
}

/*
 * After a lost connection the stub may still know what it executed. A private QEMU is gone with its connection. Counts
 * are of operations.
 */
static size_t resolve(struct session *session, const struct batch *batch, enum kdio_status status, size_t done)
{
    struct failure *failure = session->failure;
    uint32_t known = 0;

    if (status != KDIO_LOST || failure->outcome != KDIO_OUTCOME_UNKNOWN || session->private_qemu ||
        session_interrupted(session) || kdio_target_resolve(session->target, &known) != KDIO_DONE ||
        known > batch->starts[batch->count])
        return done;
    failure->outcome = known > done ? KDIO_OUTCOME_DONE : KDIO_OUTCOME_NOT_DONE;
    failure_append(failure, "; asked again after reconnecting: %s", known > done ? "it was done" : "it was not done");
    return known > done ? known : done;
}

/* The statement that operation `index` belongs to: statements whose operations all come before it are done. */
static size_t statement_of(const struct batch *batch, size_t index)
{
    size_t statement = 0;

    while (statement < batch->count && batch->starts[statement + 1] <= index)
        statement++;
    return statement;
}

/* The library's text is about the operation that was interrupted, not about the commands. */
static void say_how_far(struct session *session, const struct batch *batch, size_t done)
{
    if (session->failure->status == KDIO_INTERRUPTED && batch->count > 1)
        failure_append(session->failure, "; %zu of %zu commands done", done, batch->count);
}

static enum exit_status batch_failure(struct session *session, const struct batch *batch, enum kdio_status status,
                                      size_t operations_done)
{
    size_t failed = statement_of(batch, kdio_target_error(session->target)->index);
    size_t done = statement_of(batch, operations_done);

    (void)session_failure(session, status);
    say_how_far(session, batch, done);
    operations_done = resolve(session, batch, status, operations_done);
    locate(session, batch, failed, statement_of(batch, operations_done));
    return session->failure->exit;
}

static bool is_timed(const struct session *session, const struct statement *statement)
{
    return session->options->cycles && statement->command->accesses_ports;
}

/* A timed access stands between two readings of the time-stamp counter. */
static struct results results_of(const struct session *session, const struct batch *batch,
                                 const struct kdio_program *program, size_t index)
{
    struct results results = { .program = program, .index = batch->starts[index] };

    results.timed = is_timed(session, batch_statement(batch, index));
    if (results.timed) {
        results.cycles = kdio_program_value(program, results.index + 2) - kdio_program_value(program, results.index);
        results.index++;
    }
    return results;
}

/* What was executed, and how it failed, has something to show: what it had read by then. */
static void print_failed(struct session *session, const struct batch *batch, const struct kdio_program *program,
                         size_t index)
{
    const struct statement *statement = batch_statement(batch, index);
    struct results results = results_of(session, batch, program, index);

    results.failed = true;
    results.timed = false;
    if (statement->command->shows_failure)
        statement->command->print(statement, &results, session->output);
}

static void print_results(struct session *session, const struct batch *batch, const struct kdio_program *program,
                          enum kdio_status status)
{
    size_t done = statement_of(batch, kdio_program_done_count(program));

    for (size_t i = 0; i < batch->count && i < done; i++) {
        const struct statement *statement = batch_statement(batch, i);
        struct results results = results_of(session, batch, program, i);
        statement->command->print(statement, &results, session->output);
    }
    if (done < batch->count && (status == KDIO_NO_MATCH || status == KDIO_FAULT))
        print_failed(session, batch, program, done);
}

static enum kdio_status append_one(const struct session *session, const struct statement *statement,
                                   struct kdio_program *program)
{
    bool timed = is_timed(session, statement);
    enum kdio_status status = timed ? kdio_program_rdtsc(program) : KDIO_DONE;

    if (status == KDIO_DONE)
        status = statement->command->append(statement, program);
    if (status == KDIO_DONE && timed)
        status = kdio_program_rdtsc(program);
    return status;
}

static enum exit_status append_failure(struct session *session, const struct batch *batch, size_t index,
                                       enum kdio_status status)
{
    (void)statement_refused(batch_statement(batch, index), status, session->failure);
    failure_append(session->failure, "; nothing of it was sent");
    locate(session, batch, index, 0);
    return session->failure->exit;
}

static enum exit_status append_all(struct session *session, const struct batch *batch, struct kdio_program *program)
{
    for (size_t i = 0; i < batch->count; i++) {
        enum kdio_status status;
        batch->starts[i] = kdio_program_count(program);
        status = append_one(session, batch_statement(batch, i), program);
        if (status != KDIO_DONE)
            return append_failure(session, batch, i, status);
    }
    batch->starts[batch->count] = kdio_program_count(program);
    return EXIT_STATUS_DONE;
}

static enum exit_status run_program(struct session *session, const struct batch *batch, struct kdio_program *program)
{
    enum exit_status result = append_all(session, batch, program);
    enum kdio_status status;

    if (result != EXIT_STATUS_DONE)
        return result;
    progress_start_late(&session->progress, "executing");
    status = kdio_target_run(session->target, program, batch->atomic);
    progress_stop(&session->progress);
    print_results(session, batch, program, status);
    return status == KDIO_DONE ? EXIT_STATUS_DONE
                               : batch_failure(session, batch, status, kdio_program_done_count(program));
}

static enum exit_status run_operations(struct session *session, struct batch *batch)
{
    struct kdio_program *program = kdio_program_new();
    enum exit_status result;

    batch->starts = malloc((batch->count + 1) * sizeof(*batch->starts));
    if (program != NULL && batch->starts != NULL)
        result = run_program(session, batch, program);
    else
        result = failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    free(batch->starts);
    kdio_program_free(program);
    return result;
}

static enum exit_status run_other(struct session *session, const struct batch *batch)
{
    const struct statement *statement = batch_statement(batch, 0);
    enum exit_status result = statement->command->execute(statement, session);

    if (result != EXIT_STATUS_DONE)
        locate(session, batch, 0, session->failure->outcome == KDIO_OUTCOME_DONE ? 1 : 0);
    return result;
}

static enum exit_status flush_results(struct session *session, const struct batch *batch)
{
    if (output_flush(session->output))
        return EXIT_STATUS_DONE;
    errno = session->output->system_errno;
    (void)failure_system(session->failure, "cannot write results, but what was asked so far is done");
    session->failure->outcome = KDIO_OUTCOME_DONE;
    locate(session, batch, batch->count, batch->count);
    return session->failure->exit;
}

static enum exit_status run_batch(struct session *session, struct batch *batch)
{
    enum exit_status result;

    if (session_interrupted(session)) {
        (void)failure_status(session->failure, KDIO_INTERRUPTED, "interrupted; nothing of this line was sent");
        locate(session, batch, 0, 0);
        return session->failure->exit;
    }
    result = batch->program ? run_operations(session, batch) : run_other(session, batch);
    return result == EXIT_STATUS_DONE ? flush_results(session, batch) : result;
}

/* The loss that --expect-reset asks for is one in the last batch. */
static bool is_expected_loss(const struct session *session, const struct batch *batch)
{
    return session->options->expect_reset && batch->first + batch->count == batch->script->count &&
           session_lost(session->failure->status);
}

static enum exit_status check_with_target(struct session *session, const struct script *script, uint32_t from)
{
    enum exit_status result =
        script_check(script, from, &session->options->policy, session->target, session->failure);

    if (result != EXIT_STATUS_DONE)
        failure_append(session->failure, "; nothing was done");
    return result;
}

enum exit_status script_execute(struct session *session, const struct script *script, uint32_t from)
{
    struct batch batch = { .script = script };
    enum exit_status result = check_with_target(session, script, from);

    if (result != EXIT_STATUS_DONE)
        return result;
    while (batch.first < script->count && script->statements[batch.first].line < from)
        batch.first++;
    while (batch.first < script->count) {
        batch_take(&batch, session->options->expect_reset);
        result = run_batch(session, &batch);
        if (result != EXIT_STATUS_DONE)
            return is_expected_loss(session, &batch) ? EXIT_STATUS_DONE : result;
        batch.first += batch.count;
    }
    return session->options->expect_reset ? session_await_loss(session) : EXIT_STATUS_DONE;
}
