/* SPDX-License-Identifier: MIT */
/*
 * gdbserver.c: implements gdbserver.h. It waits for gdb and for the target in turn, a short time each; the kernel's
 * text goes to gdb as its inferior's output. One gdb is served at a time: another one that connects waits for its end.
 */
#include "host/cmd/gdbserver.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/cmd/help.h"
#include "host/cmd/interpret.h"
#include "host/cmd/number.h"
#include "host/gdb/server.h"

#define TURN_MS        100u /* The stub is asked once a turn; so long at most ^C waits, and a gdb that connects. */
#define LOOK_MS        20u  /* A stopped target is looked after so long, */
#define SERVICE_MS     1000 /* so often. */
#define PORT_MAX       65535u
#define INPUT_SIZE     4096
#define HELP_WORD_SIZE 32

enum { OPTION_NONE, OPTION_STDIO, OPTION_PORT };

/* One gdb. */
struct client {
    struct session *session;
    struct gdb_server *server;
    int in, out;
    bool gone;
    void (*print)(void *context, const char *text, size_t size); /* Of the monitor command under way. */
    void *print_context;
};

/* ---- What the server needs ---- */

/* A gdb that does not read may do so for long: its user looks at a page. An interruption ends the wait. */
static bool await_room(struct client *client)
{
    struct pollfd output = { .fd = client->out, .events = POLLOUT };
    int ready;

    do
        ready = poll(&output, 1, SERVICE_MS);
    while (ready <= 0 && !session_interrupted(client->session));
    return ready > 0;
}

/* No more than PIPE_BUF at once: so much is written without a wait where there is room. */
static void send_all(void *context, const char *bytes, size_t size)
{
    struct client *client = context;

    while (size != 0 && !client->gone) {
        ssize_t written = await_room(client) ? write(client->out, bytes, size < PIPE_BUF ? size : PIPE_BUF) : 0;
        if (written < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        client->gone = written <= 0;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
}

/* What kdio prints for a line of `monitor`; the line of a failure is marked. */
static void print_result(void *context, bool error, const char *text, size_t size)
{
    struct client *client = context;

    if (error)
        client->print(client->print_context, "kdio: ", strlen("kdio: "));
    client->print(client->print_context, text, size);
    if (error)
        client->print(client->print_context, "\n", 1);
}

static void print_help_text(void *context, const char *text, size_t size)
{
    print_result(context, false, text, size);
}

static void print_help(struct client *client, const char *name)
{
    struct output output = { .write = print_help_text, .context = client };
    const struct command *command = command_find(name);
    struct failure failure = { .exit = EXIT_STATUS_DONE };

    if (name[0] == '\0')
        help_print_monitor(&output);
    else if (command != NULL)
        help_print_command(&output, command);
    else if (!help_print_group(&output, name))
        (void)failure_usage(&failure, "no help for '%s' (`monitor help` lists the commands)", name);
    (void)output_flush(&output);
    if (failure.exit != EXIT_STATUS_DONE)
        print_result(client, true, failure.text, strlen(failure.text));
}

/* `help [NAME]`: prints it, and true; false when the line is another command. */
static bool answer_help(struct client *client, const char *line)
{
    char word[HELP_WORD_SIZE] = "", name[HELP_WORD_SIZE] = "", more[2] = "";

    if (sscanf(line, "%31s %31s %1s", word, name, more) < 1 || strcasecmp(word, "help") != 0 || more[0] != '\0')
        return false;
    print_help(client, name);
    return true;
}

/* A gdb that has gone does not wait for the rest of a line. */
static bool is_over(void *context)
{
    struct client *client = context;
    struct pollfd input = { .fd = client->in, .events = POLLRDHUP };

    return client->gone || session_interrupted(client->session) || poll(&input, 1, 0) > 0;
}

/* A line of `monitor`. */
static void execute_line(void *context, const char *line,
                         void (*print)(void *print_context, const char *text, size_t size), void *print_context)
{
    struct client *client = context;
    const struct cmd_options *options = client->session->options;
    const struct interpreter interpreter = { .target = client->session->target, .target_name = options->target,
                                             .read_only = options->policy.read_only, .stands = true,
                                             .print = print_result,
                                             .interrupted = is_over, .context = client };
    enum kdio_status status;

    client->print = print;
    client->print_context = print_context;
    if (!answer_help(client, line))
        (void)interpret(&interpreter, line, &status);
}

/* ---- Serving one gdb ---- */

/* Takes what gdb has sent within `ms`; false when there was nothing. */
static bool take_input(struct client *client, int ms)
{
    struct pollfd input = { .fd = client->in, .events = POLLIN };
    uint8_t bytes[INPUT_SIZE];
    ssize_t size;

    if (poll(&input, 1, ms) <= 0)
        return false;
    size = read(client->in, bytes, sizeof(bytes));
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    client->gone = size <= 0;
    if (size > 0)
        gdb_server_take(client->server, bytes, (size_t)size);
    return true;
}

/* A target that ended, running or stopped: gdb hears it by the end of the connection. */
static enum kdio_status serve_turn(struct client *client)
{
    enum kdio_status status = KDIO_DONE;

    if (gdb_server_state(client->server) == GDB_SERVER_RUNNING) {
        status = gdb_server_wait(client->server, TURN_MS);
        if (status == KDIO_DONE)
            (void)take_input(client, 0);
    } else if (!take_input(client, SERVICE_MS)) {
        status = kdio_target_service(client->session->target, LOOK_MS);
    }
    return status == KDIO_INTERRUPTED ? KDIO_DONE : status;
}

static void show_text(struct session *session, const char *text, size_t size)
{
    struct client *client = session->context;

    gdb_server_print(client->server, text, size);
}

static bool has_ended(struct client *client)
{
    return client->gone || gdb_server_state(client->server) == GDB_SERVER_ENDED ||
           session_interrupted(client->session);
}

/* What interrupted the service does not keep the kernel from going on. */
static enum kdio_status detach(struct client *client)
{
    bool (*interrupted)(void *) = client->session->interrupted;
    enum kdio_status status;

    client->session->interrupted = NULL;
    status = gdb_server_detach(client->server);
    client->session->interrupted = interrupted;
    return status;
}

/* Of a kernel that was started anew gdb knows nothing, whatever the call was in which it came up. */
static enum exit_status serve(struct client *client)
{
    struct session *session = client->session;
    uint32_t boot_id = kdio_target_info(session->target)->boot_id;
    enum kdio_status status = KDIO_DONE;
    bool ended = false, reset = false;

    while (status == KDIO_DONE && !ended && !reset) {
        status = serve_turn(client);
        ended = has_ended(client);
        reset = !ended && kdio_target_info(session->target)->boot_id != boot_id;
    }
    if (reset)
        return failure_status(session->failure, KDIO_RESET, "the target was reset while gdb was connected");
    if (status == KDIO_DONE && gdb_server_state(client->server) != GDB_SERVER_ENDED)
        status = detach(client);
    return status == KDIO_DONE ? EXIT_STATUS_DONE : session_failure(session, status);
}

static enum exit_status attach_and_serve(struct client *client)
{
    struct session *session = client->session;
    enum kdio_status status = gdb_server_attach(client->server);
    enum exit_status result;

    if (status == KDIO_DONE && gdb_server_state(client->server) == GDB_SERVER_STOPPED)
        return serve(client);
    result = status != KDIO_DONE ? session_failure(session, status)
                                 : failure_status(session->failure, KDIO_TIMEOUT, "the kernel does not stop: it keeps "
                                                  "interrupts off, or does not look");
    (void)!gdb_server_detach(client->server); /* It is not to stop when nobody is there. */
    return result;
}

static enum exit_status serve_client(struct session *session, int in, int out)
{
    struct client client = { .session = session, .in = in, .out = out };
    const struct gdb_server_io io = { .context = &client, .send = send_all, .monitor = execute_line };
    void *context = session->context;
    enum exit_status result;

    client.server = gdb_server_new(session->target, &io);
    if (client.server == NULL)
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    session->context = &client;
    session->console = show_text;
    result = attach_and_serve(&client);
    session->console = NULL;
    session->context = context;
    gdb_server_free(client.server);
    return result;
}

/* ---- Waiting for gdb ---- */

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (listener < 0)
        return -1;
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 1) == 0)
        return listener;
    (void)close(listener);
    return -1;
}

static uint16_t port_of(int listener)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    return getsockname(listener, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port) : 0;
}

/* One that went before it was served is none. */
static bool is_passing(int error)
{
    return error == EINTR || error == EAGAIN || error == ECONNABORTED;
}

/* *connection is gdb's, or stays -1 at an interruption. The target is looked after, and its text taken, meanwhile. */
static enum exit_status accept_gdb(struct session *session, int listener, int *connection)
{
    struct pollfd waiting = { .fd = listener, .events = POLLIN };
    enum kdio_status status = KDIO_DONE;

    while (status == KDIO_DONE && !session_interrupted(session)) {
        if (poll(&waiting, 1, 0) > 0) {
            *connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (*connection >= 0)
                return EXIT_STATUS_DONE;
            if (!is_passing(errno))
                return failure_system(session->failure, "cannot accept a connection");
        }
        status = kdio_target_service(session->target, TURN_MS);
    }
    return status == KDIO_DONE || status == KDIO_INTERRUPTED ? EXIT_STATUS_DONE : session_failure(session, status);
}

static enum exit_status serve_listener(struct session *session, int listener)
{
    enum exit_status result = EXIT_STATUS_DONE;
    int on = 1;

    output_text(session->output, "gdb: target remote localhost:%u\n", port_of(listener));
    (void)output_flush(session->output);
    while (result == EXIT_STATUS_DONE && !session_interrupted(session)) {
        int connection = -1;
        result = accept_gdb(session, listener, &connection);
        if (connection < 0)
            break;
        (void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        result = serve_client(session, connection, connection);
        (void)close(connection);
    }
    return result;
}

/* 0 means any that is free. */
static enum exit_status read_port(const struct statement *statement, uint16_t *port, struct failure *failure)
{
    const char *text = statement->tail != NULL ? statement->tail->text : NULL;
    uint64_t number = 0;

    if (text != NULL && (number_parse_decimal(text, &number) != NUMBER_OK || number > PORT_MAX))
        return failure_usage(failure, "gdbserver: '%s' is not a TCP port", text);
    if (text == NULL && statement->option == OPTION_PORT)
        return failure_usage(failure, "gdbserver: --port lacks its number");
    *port = (uint16_t)number;
    return EXIT_STATUS_DONE;
}

enum exit_status gdbserver_execute(const struct statement *statement, struct session *session)
{
    enum exit_status result;
    uint16_t port = 0;
    int listener;

    if (statement->option == OPTION_STDIO) {
        if (statement->tail != NULL)
            return failure_usage(session->failure, "gdbserver: surplus argument '%s'; --stdio has no port",
                                 statement->tail->text);
        (void)signal(SIGINT, SIG_IGN); /* A terminal's ^C is gdb's, which sends its own. */
        return serve_client(session, STDIN_FILENO, STDOUT_FILENO);
    }
    result = read_port(statement, &port, session->failure);
    if (result != EXIT_STATUS_DONE)
        return result;
    listener = listen_on(port);
    if (listener < 0)
        return failure_system(session->failure, "cannot listen on port %u", port);
    result = serve_listener(session, listener);
    (void)close(listener);
    return result;
}
