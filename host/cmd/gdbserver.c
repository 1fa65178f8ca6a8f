/* SPDX-License-Identifier: MIT */
/*
 * gdbserver.c: implements gdbserver.h. It waits for gdb and for the target in turn, a short time each; the kernel's text goes
 * to gdb as its inferior's output.
 */
#include "host/cmd/gdbserver.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/cmd/execute.h"
#include "host/cmd/number.h"
#include "host/cmd/script.h"
#include "host/gdb/server.h"

#define TURN_MS    20u   /* Longest time that gdb's ^C waits. */
#define SERVICE_MS 1000  /* A stopped target is looked after so often. */
#define PORT_MAX   65535u
#define INPUT_SIZE 4096

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

static void send_all(void *context, const char *bytes, size_t size)
{
    struct client *client = context;

    while (size != 0 && !client->gone) {
        ssize_t written = write(client->out, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        client->gone = written <= 0;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
}

static void print_result(void *context, const char *text, size_t size)
{
    struct client *client = context;

    client->print(client->print_context, text, size);
}

static void print_failure(struct client *client, const struct failure *failure)
{
    client->print(client->print_context, "kdio: ", strlen("kdio: "));
    client->print(client->print_context, failure->text, strlen(failure->text));
    client->print(client->print_context, "\n", 1);
}

/* The command's own parser and table, with its output on its way to gdb. */
static bool execute_line(void *context, const char *line,
                         void (*print)(void *print_context, const char *text, size_t size), void *print_context)
{
    struct client *client = context;
    struct failure failure = { 0 };
    struct output output = { .lines = true, .write = print_result, .context = client };
    struct session session = *client->session;
    struct script script;
    enum exit_status result;

    client->print = print;
    client->print_context = print_context;
    session.output = &output;
    session.failure = &failure;
    result = script_parse(&script, "monitor", line, strlen(line), ';', &failure);
    if (result == EXIT_STATUS_DONE)
        result = script_check(&script, 0, &session.options->policy, session.target, &failure);
    if (result == EXIT_STATUS_DONE)
        result = script_execute(&session, &script, 0);
    (void)output_flush(&output);
    if (result != EXIT_STATUS_DONE)
        print_failure(client, &failure);
    script_free(&script);
    return result == EXIT_STATUS_DONE;
}

/* ---- Serving one gdb ---- */

/* Takes what gdb has sent within `ms`. */
static void take_input(struct client *client, int ms)
{
    struct pollfd input = { .fd = client->in, .events = POLLIN };
    uint8_t bytes[INPUT_SIZE];
    ssize_t size;

    if (poll(&input, 1, ms) <= 0)
        return;
    size = read(client->in, bytes, sizeof(bytes));
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    client->gone = size <= 0;
    if (size > 0)
        gdb_server_take(client->server, bytes, (size_t)size);
}

/* A target that ended while gdb waits: gdb hears it by the end of the connection. */
static enum kdio_status serve_turn(struct client *client)
{
    enum kdio_status status = KDIO_DONE;
    bool running = gdb_server_state(client->server) == GDB_SERVER_RUNNING;

    if (running)
        status = gdb_server_wait(client->server, TURN_MS);
    if (status == KDIO_DONE)
        take_input(client, running ? 0 : SERVICE_MS);
    return status == KDIO_INTERRUPTED ? KDIO_DONE : status;
}

static void show_text(struct session *session, const char *text, size_t size)
{
    struct client *client = session->context;

    gdb_server_print(client->server, text, size);
}

static enum kdio_status serve(struct client *client)
{
    enum kdio_status status = gdb_server_attach(client->server);

    while (status == KDIO_DONE && !client->gone && gdb_server_state(client->server) != GDB_SERVER_ENDED &&
           !session_interrupted(client->session))
        status = serve_turn(client);
    if (status == KDIO_DONE && gdb_server_state(client->server) != GDB_SERVER_ENDED)
        gdb_server_detach(client->server);
    return status;
}

static enum exit_status serve_client(struct session *session, int in, int out)
{
    struct client client = { .session = session, .in = in, .out = out };
    const struct gdb_server_io io = { .context = &client, .send = send_all, .monitor = execute_line };
    void *context = session->context;
    enum kdio_status status;

    client.server = gdb_server_new(session->target, &io);
    if (client.server == NULL)
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    session->context = &client;
    session->console = show_text;
    status = serve(&client);
    session->console = NULL;
    session->context = context;
    gdb_server_free(client.server);
    return status == KDIO_DONE ? EXIT_STATUS_DONE : session_failure(session, status);
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

/* The target is looked after while nobody is there; -1 at an interruption or when the target is gone (*status). */
static int accept_gdb(struct session *session, int listener, enum kdio_status *status)
{
    struct pollfd waiting = { .fd = listener, .events = POLLIN };

    *status = KDIO_DONE;
    while (*status == KDIO_DONE && !session_interrupted(session)) {
        if (poll(&waiting, 1, TURN_MS) > 0)
            return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        *status = kdio_target_service(session->target, 0);
    }
    return -1;
}

static enum exit_status serve_listener(struct session *session, int listener)
{
    enum exit_status result = EXIT_STATUS_DONE;
    enum kdio_status status = KDIO_DONE;

    output_text(session->output, "gdb: target remote localhost:%u\n", port_of(listener));
    (void)output_flush(session->output);
    while (result == EXIT_STATUS_DONE && !session_interrupted(session)) {
        int connection = accept_gdb(session, listener, &status);
        if (connection < 0)
            break;
        result = serve_client(session, connection, connection);
        (void)close(connection);
    }
    return status == KDIO_DONE || status == KDIO_INTERRUPTED ? result : session_failure(session, status);
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
