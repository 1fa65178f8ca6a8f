/* SPDX-License-Identifier: MIT */
/* interpret.c: implements interpret.h, with the script of one line and a session round the caller's target. */
#include "host/cmd/interpret.h"

#include <string.h>

#include "host/cmd/execute.h"
#include "host/cmd/policy.h"
#include "host/cmd/script.h"

static void print_result(void *context, const char *text, size_t size)
{
    const struct interpreter *interpreter = context;

    interpreter->print(interpreter->context, false, text, size);
}

static bool is_interrupted(void *context)
{
    const struct interpreter *interpreter = context;

    return interpreter->interrupted != NULL && interpreter->interrupted(interpreter->context);
}

static bool has_command(const struct script *script, const char *name)
{
    for (size_t i = 0; i < script->count; i++)
        if (strcmp(script->statements[i].command->name, name) == 0)
            return true;
    return false;
}

static enum exit_status check_stands(const struct script *script, struct failure *failure)
{
    if (has_command(script, "t"))
        return failure_usage(failure, "t: the debugger would not know that the kernel ran: use its stepi");
    if (has_command(script, "p"))
        return failure_usage(failure, "p: the debugger would not know that the kernel ran: use its nexti");
    return EXIT_STATUS_DONE;
}

static void tell_of_go(const struct interpreter *interpreter, const struct script *script)
{
    static const char text[] = "the kernel runs, which the debugger does not know: `.break` stops it again\n";

    if (interpreter->stands && has_command(script, "g"))
        interpreter->print(interpreter->context, false, text, sizeof(text) - 1);
}

static enum exit_status execute(const struct interpreter *interpreter, struct session *session,
                                const struct script *script)
{
    enum exit_status result =
        script_check(script, 0, &session->options->policy, NULL, session->failure);

    if (result == EXIT_STATUS_DONE && interpreter->stands)
        result = check_stands(script, session->failure);

    if (result != EXIT_STATUS_DONE)
        failure_append(session->failure, "; nothing was sent");
    return result == EXIT_STATUS_DONE ? script_execute(session, script, 0) : result;
}

/* A line of one command is not counted in messages. */
static void print_failure(const struct interpreter *interpreter, const struct script *script, struct failure *failure)
{
    char line[FAILURE_LINE_SIZE];

    failure->resume_line = 0;
    if (script->count <= 1)
        failure->file = NULL;
    failure_line(failure, line);
    interpreter->print(interpreter->context, true, line, strlen(line));
}

enum exit_status interpret(const struct interpreter *interpreter, const char *line, enum kdio_status *status)
{
    struct cmd_options options = { .target = interpreter->target_name, .policy.read_only = interpreter->read_only };
    struct output output = { .lines = true, .write = print_result, .context = (void *)interpreter };
    struct failure failure = { .exit = EXIT_STATUS_DONE };
    struct session session = { .options = &options, .output = &output, .failure = &failure,
                               .target = interpreter->target, .interrupted = is_interrupted,
                               .context = (void *)interpreter };
    struct script script;
    enum exit_status result = script_parse(&script, "command", line, strlen(line), ';', &failure);

    if (result == EXIT_STATUS_DONE)
        result = execute(interpreter, &session, &script);
    if (result == EXIT_STATUS_DONE)
        tell_of_go(interpreter, &script);
    if (result != EXIT_STATUS_DONE)
        print_failure(interpreter, &script, &failure);
    *status = failure.status;
    script_free(&script);
    return result;
}
