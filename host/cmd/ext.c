/* SPDX-License-Identifier: MIT */
/*
 * ext.c: implements ext.h. The extension runs in a child process, which opens the target itself: when foreign code
 * crashes, the parent is whole and says so, and the line is as after any host that went away.
 *
 * Invariant: the extension is loaded, and found to have the command, before the target is opened.
 */
#include "host/cmd/ext.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cmd/connection.h"
#include "host/cmd/signals.h"
#include "host/win/loader.h"

#define WORD_FILE 1 /* Of the command line's words; 0 is `ext`. */
#define WORD_COMMAND 2
#define WORD_ARGUMENTS 3

/* ---- What the extension prints ---- */

struct sink {
    IDebugOutputCallbacks callbacks;
    struct output *output;
    FILE *text; /* With --json all of it is kept for one object; NULL without. */
    char error[512]; /* The last line of an error. */
};

static HRESULT sink_query(IDebugOutputCallbacks *This, REFIID iid, PVOID *out)
{
    (void)This;
    (void)iid;
    *out = NULL;
    return E_NOINTERFACE;
}

/* The sink outlives its client. */
static ULONG sink_count(IDebugOutputCallbacks *This)
{
    (void)This;
    return 1;
}

static void keep_error(struct sink *sink, const char *text)
{
    (void)snprintf(sink->error, sizeof(sink->error), "%.*s", (int)strcspn(text, "\n"), text);
}

static HRESULT sink_output(IDebugOutputCallbacks *This, ULONG mask, PCSTR text)
{
    struct sink *sink = (struct sink *)(void *)This;

    if ((mask & DEBUG_OUTPUT_ERROR) != 0)
        keep_error(sink, text);
    else if (sink->text != NULL)
        (void)fputs(text, sink->text);
    else
        output_text(sink->output, "%s", text);
    (void)fflush(stdout); /* Commands that take long show how far they are. */
    return S_OK;
}

static const IDebugOutputCallbacksVtbl sink_methods = { sink_query, sink_count, sink_count, sink_output };

/* ---- In the child: load, connect, call ---- */

struct call {
    struct session *session;
    struct kdio_win_client *client;
    struct sink sink;
    const char *file, *command;
    char *arguments;
    ULONG64 handle;
};

static bool interrupted(void)
{
    return signals_caught() != 0;
}

static enum exit_status load(struct call *call)
{
    HRESULT result = kdio_win_extension_load(call->client, call->file, &call->handle);

    if (result != S_OK)
        return failure_refused(call->session->failure, "%s; nothing was sent",
                               *call->sink.error != '\0' ? call->sink.error : call->file);
    if (!kdio_win_extension_has(call->client, call->handle, call->command))
        return failure_refused(call->session->failure, "%s: the extension has no command '%s'; nothing was sent",
                               call->file, call->command);
    return EXIT_STATUS_DONE;
}

/* What a DbgEng command returns is ignored on Windows; a script wants to know of failures. */
static enum exit_status judge(struct call *call, HRESULT returned)
{
    struct failure *failure = call->session->failure;

    if (returned == DEBUG_EXTENSION_CONTINUE_SEARCH)
        return failure_refused(failure, "%s: '%s' leaves the command to another extension, and there is none",
                               call->file, call->command);
    if (FAILED(returned))
        return failure_refused(failure, "%s: '%s' returned 0x%08x%s%s", call->file, call->command, (unsigned)returned,
                               *call->sink.error != '\0' ? ": " : "", call->sink.error);
    return EXIT_STATUS_DONE;
}

static enum exit_status run_command(struct call *call)
{
    HRESULT returned = S_OK;
    HRESULT result = kdio_win_client_lend(call->client, call->session->target, interrupted);

    if (result == S_OK)
        result = kdio_win_extension_call(call->client, call->handle, call->command, call->arguments, &returned);
    (void)kdio_win_client_lend(call->client, NULL, NULL);
    return judge(call, result != S_OK ? result : returned);
}

static enum exit_status perform(struct call *call)
{
    enum exit_status result = load(call);

    if (result == EXIT_STATUS_DONE)
        result = connection_open(call->session);
    if (result == EXIT_STATUS_DONE)
        result = run_command(call);
    return result;
}

static void print_object(struct call *call, const struct statement *statement, const char *text)
{
    cJSON *object = output_object(call->session->output, statement);

    output_string(object, "extension", call->file);
    output_string(object, "function", call->command);
    output_string(object, "text", text);
    output_print_object(call->session->output, object);
}

static enum exit_status perform_and_print(struct call *call, const struct statement *statement)
{
    char *text = NULL;
    size_t size = 0;
    enum exit_status result;

    if (call->session->output->json)
        call->sink.text = open_memstream(&text, &size);
    result = perform(call);
    if (call->sink.text != NULL && fclose(call->sink.text) == 0 && result == EXIT_STATUS_DONE)
        print_object(call, statement, text);
    free(text);
    if (*call->sink.error != '\0' && result == EXIT_STATUS_DONE)
        (void)fprintf(stderr, "%s\n", call->sink.error);
    return result;
}

/* "ARGS ..." as it was before the shell split it, but for the blanks. */
static char *join_arguments(const struct cmd_options *options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    for (size_t i = WORD_ARGUMENTS; stream != NULL && i < options->word_count; i++)
        (void)fprintf(stream, "%s%s", i > WORD_ARGUMENTS ? " " : "", options->words[i]);
    return stream != NULL && fclose(stream) == 0 ? text : NULL;
}

static enum exit_status call_extension(struct session *session, const struct statement *statement)
{
    const char *command = session->options->words[WORD_COMMAND];
    struct call call = { .session = session, .file = session->options->words[WORD_FILE],
                         .command = command + (*command == '!'), .arguments = join_arguments(session->options) };
    enum exit_status result;

    call.sink = (struct sink){ .callbacks = { &sink_methods }, .output = session->output };
    call.client = kdio_win_client_create();
    if (call.client == NULL || call.arguments == NULL)
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    call.client->output = &call.sink.callbacks;
    result = perform_and_print(&call, statement);
    (void)kdio_win_client_drop(call.client);
    free(call.arguments);
    return result;
}

/* ---- The two processes ---- */

/* A group of its own, so that ^C reaches the child once, by way of the parent; and no child without a parent. */
static void leave_group(pid_t parent)
{
    (void)setpgid(0, 0);
    (void)signal(SIGTTOU, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_STATUS_SYSTEM);
}

_Noreturn static void be_child(struct session *session, const struct statement *statement, int report, pid_t parent)
{
    enum exit_status result;

    leave_group(parent);
    result = call_extension(session, statement);
    if (session->options->verbose && session->target != NULL)
        connection_print_statistics(session);
    connection_close(session);
    if (!output_flush(session->output) && result == EXIT_STATUS_DONE) {
        errno = session->output->system_errno;
        result = failure_system(session->failure, "the command is done, but its output cannot be written");
    }
    (void)fflush(NULL);
    if (result != EXIT_STATUS_DONE && write(report, session->failure, sizeof(*session->failure)) < 0)
        _exit(EXIT_STATUS_SYSTEM);
    _exit((int)result);
}

/* Passes the first signal on; the second ends the parent, and with it the child. */
static int wait_for(pid_t child)
{
    int status = 0;
    bool told = false;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
        if (signals_caught() != 0 && !told)
            told = kill(child, signals_caught()) == 0;
    }
    return status;
}

static enum exit_status crashed(struct session *session, int number)
{
    const struct cmd_options *options = session->options;

    return failure_refused(session->failure, "%s: the extension crashed in '%s': %s; what it did on the target "
                           "before that is done", options->words[WORD_FILE], options->words[WORD_COMMAND],
                           strsignal(number));
}

static enum exit_status conclude(struct session *session, int status, int report)
{
    struct failure failure;

    if (status == -1)
        return failure_system(session->failure, "cannot wait for the extension");
    if (WIFSIGNALED(status))
        return crashed(session, WTERMSIG(status));
    if (WEXITSTATUS(status) == EXIT_STATUS_DONE)
        return EXIT_STATUS_DONE;
    if (read(report, &failure, sizeof(failure)) != (ssize_t)sizeof(failure))
        return failure_refused(session->failure, "%s: the extension ended the process, with status %d",
                               session->options->words[WORD_FILE], WEXITSTATUS(status));
    *session->failure = failure;
    return failure.exit;
}

enum exit_status ext_execute(const struct statement *statement, struct session *session)
{
    pid_t parent = getpid(), child;
    int report[2], status;
    enum exit_status result;

    if (access(session->options->words[WORD_FILE], R_OK) < 0)
        return failure_system(session->failure, "cannot read %s", session->options->words[WORD_FILE]);
    if (pipe(report) != 0)
        return failure_system(session->failure, "cannot start the extension");
    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        be_child(session, statement, report[1], parent);
    (void)close(report[1]);
    status = child > 0 ? wait_for(child) : -1;
    result = conclude(session, status, report[0]);
    (void)close(report[0]);
    return result;
}
