/* SPDX-License-Identifier: MIT */
/* main.c: the kdio command. Everything that can be refused is refused before the target is touched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/connection.h"
#include "host/cmd/console.h"
#include "host/cmd/doctor.h"
#include "host/cmd/execute.h"
#include "host/cmd/ext.h"
#include "host/cmd/file.h"
#include "host/cmd/gdbserver.h"
#include "host/cmd/help.h"
#include "host/cmd/signals.h"

/* One run of the command. */
struct run {
    struct cmd_options options;
    struct output output;
    struct failure failure;
    struct script script;
    char *text; /* Of the script, when it came from a file. */
};

/* --wait takes its number behind a `=` only: a number in the next word becomes a word of the command. */
static enum exit_status say_wait(struct run *run)
{
    if (run->options.wait_word != NULL)
        failure_append(&run->failure, " (did you mean --wait=%s, with =?)", run->options.wait_word);
    return run->failure.exit;
}

/* The commands that are not for scripts, but those that main itself is. */
static const struct {
    const char *name;
    enum exit_status (*execute)(const struct statement *statement, struct session *session);
} own_commands[] = {
    { "console", console_execute },
    { "doctor", doctor_execute },
    { "gdbserver", gdbserver_execute },
    { "ext", ext_execute },
};

static enum exit_status check_words(struct run *run, const struct command **command)
{
    const struct cmd_options *options = &run->options;
    struct statement statement = { .line = 1 };
    enum exit_status result = EXIT_STATUS_DONE;

    if (options->word_count == 0)
        return failure_usage(&run->failure, "no command (`kdio --help` shows how)");
    *command = command_find(options->words[0]);
    if (*command == NULL)
        result = command_unknown(options->words[0], &run->failure);
    else if (!options->help)
        result = statement_parse(&statement, options->words, options->word_count, &run->failure);
    statement_free(&statement);
    return result == EXIT_STATUS_DONE ? result : say_wait(run);
}

static enum exit_status read_script_file(struct run *run, const char *path)
{
    size_t size = 0;
    enum exit_status result = file_read(path, &run->text, &size, &run->failure);

    run->output.lines = true;
    if (result != EXIT_STATUS_DONE)
        return result;
    return script_parse(&run->script, path, run->text, size, '\n', &run->failure);
}

static enum exit_status read_command_option(struct run *run)
{
    const char *commands = run->options.commands;
    enum exit_status result;

    if (run->options.word_count != 0) {
        (void)failure_usage(&run->failure, "surplus argument '%s' after -c", run->options.words[0]);
        return say_wait(run);
    }
    run->output.lines = true;
    result = script_parse(&run->script, "-c", commands, strlen(commands), ';', &run->failure);
    if (result == EXIT_STATUS_DONE && run->script.count == 0)
        return failure_usage(&run->failure, "-c: no command (`kdio --help` shows how)");
    return result;
}

static enum exit_status read_script(struct run *run, const struct command *command)
{
    struct cmd_options *options = &run->options;

    if (options->commands != NULL)
        return read_command_option(run);
    if (strcmp(command->name, "run") == 0)
        return read_script_file(run, options->words[1]);
    if (options->from != 0)
        return failure_usage(&run->failure, "--from goes with run and -c only");
    return script_of_words(&run->script, options->words, options->word_count, &run->failure);
}

/* The counter that is read after a timed access would be the value that a check looks at. */
static enum exit_status check_cycles(struct run *run)
{
    const struct script *script = &run->script;

    for (size_t i = 0; run->options.cycles && i < script->count; i++) {
        if (script->statements[i].command->uses_last)
            return failure_usage(&run->failure, "--cycles and %s exclude each other",
                                 script->statements[i].command->name);
    }
    return EXIT_STATUS_DONE;
}

static enum exit_status check_from(struct run *run)
{
    const struct script *script = &run->script;
    uint32_t last = script->count > 0 ? script->statements[script->count - 1].line : 0;

    if (run->options.from > last)
        return failure_usage(&run->failure, "--from: there is no command in line %u or after it",
                             (unsigned)run->options.from);
    if (check_cycles(run) != EXIT_STATUS_DONE)
        return run->failure.exit;
    return script_check(script, run->options.from, &run->options.policy, NULL, &run->failure);
}

static bool interrupted(void *context)
{
    (void)context;
    return signals_caught() != 0;
}

static enum exit_status execute_own(struct session *session, const struct statement *statement, size_t index)
{
    enum exit_status result = own_commands[index].execute(statement, session);
    bool expects_loss = session->options->expect_reset;

    if (result != EXIT_STATUS_DONE)
        return expects_loss && session_lost(session->failure->status) ? EXIT_STATUS_DONE : result;
    return expects_loss ? session_await_loss(session) : EXIT_STATUS_DONE;
}

static enum exit_status execute_script(struct session *session, const struct script *script, uint32_t from)
{
    for (size_t i = 0; i < sizeof(own_commands) / sizeof(own_commands[0]); i++) {
        if (strcmp(script->statements[0].command->name, own_commands[i].name) == 0)
            return execute_own(session, &script->statements[0], i);
    }
    return script_execute(session, script, from);
}

static enum exit_status execute(struct run *run)
{
    struct session session = { .options = &run->options, .output = &run->output, .failure = &run->failure,
                               .interrupted = interrupted, .progress.allowed = true };
    enum exit_status result = EXIT_STATUS_DONE;

    if (run->script.count > 0) {
        result = run->script.statements[0].command->connects ? EXIT_STATUS_DONE : connection_open(&session);
        if (result == EXIT_STATUS_DONE)
            result = execute_script(&session, &run->script, run->options.from);
        if (run->options.verbose)
            connection_print_statistics(&session);
    }
    connection_close(&session);
    return result;
}

static enum exit_status print_help(struct run *run, const char *name)
{
    const struct command *command = name != NULL ? command_find(name) : NULL;

    if (name == NULL)
        help_print(&run->output);
    else if (command != NULL)
        help_print_command(&run->output, command);
    else if (!help_print_group(&run->output, name))
        return failure_usage(&run->failure, "no help for '%s' (`kdio help` lists the commands)", name);
    return EXIT_STATUS_DONE;
}

/* What needs no target. *answered tells whether that was it. */
static enum exit_status answer_at_once(struct run *run, const struct command *command, bool *answered)
{
    const struct cmd_options *options = &run->options;

    *answered = true;
    if (options->version) {
        output_text(&run->output, "%s\n", kdio_version());
        return EXIT_STATUS_DONE;
    }
    if (options->help)
        return print_help(run, command != NULL ? command->name : NULL);
    if (command != NULL && strcmp(command->name, "help") == 0)
        return print_help(run, options->word_count > 1 ? options->words[1] : NULL);
    *answered = false;
    return EXIT_STATUS_DONE;
}

static bool needs_command(const struct cmd_options *options)
{
    bool informs = options->version || options->help;

    return options->commands == NULL && !(informs && options->word_count == 0);
}

/* Everything before the target is touched. *answered: there is nothing left to execute. */
static enum exit_status prepare(struct run *run, int argc, char **argv, bool *answered)
{
    const struct command *command = NULL;
    enum exit_status result = options_parse(&run->options, argc, argv, &run->failure);

    run->output.json = run->options.json;
    if (result == EXIT_STATUS_DONE && needs_command(&run->options))
        result = check_words(run, &command);
    if (result == EXIT_STATUS_DONE)
        result = answer_at_once(run, command, answered);
    if (result != EXIT_STATUS_DONE || *answered)
        return result;
    result = read_script(run, command);
    return result == EXIT_STATUS_DONE ? check_from(run) : result;
}

static enum exit_status run_command(struct run *run, int argc, char **argv)
{
    bool answered = false;
    enum exit_status result = prepare(run, argc, argv, &answered);

    if (result != EXIT_STATUS_DONE)
        failure_append(&run->failure, "; nothing was sent");
    return result == EXIT_STATUS_DONE && !answered ? execute(run) : result;
}

static enum exit_status finish(struct run *run, enum exit_status result)
{
    if (result != EXIT_STATUS_DONE) {
        output_failure(&run->output, &run->failure);
    } else if (!output_flush(&run->output)) {
        errno = run->output.system_errno;
        result = failure_system(&run->failure, "everything is done, but the results cannot be written");
        run->failure.outcome = KDIO_OUTCOME_DONE;
        output_failure(&run->output, &run->failure);
    }
    script_free(&run->script);
    free(run->text);
    return result;
}

int main(int argc, char **argv)
{
    static struct run run;
    enum exit_status result;

    signals_install();
    result = finish(&run, run_command(&run, argc, argv));
    if (signals_caught() != 0)
        signals_die(signals_caught());
    return (int)result;
}
