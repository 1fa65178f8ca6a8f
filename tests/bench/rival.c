/* SPDX-License-Identifier: MIT */
/* rival.c: see rival.h. */
#include "tests/bench/rival.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/client.h"

#define MONITOR_COMMAND "o /b 0x80 0x41\n"
#define MONITOR_PROMPT  "(qemu) "
#define QTEST_COMMAND   "outb 0x80 0x41\n"
#define QTEST_ANSWER    "OK\n"
#define LIMIT_MS        10000
#define BATCH           64u /* Commands in one write. */

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int made = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (made < 0 || connect(made, (const struct sockaddr *)&address, sizeof address) != 0)
        bench_die(path, "cannot connect");
    return made;
}

/* ---- The monitor ---- */

/* The prompt ends what the monitor says; what is typed comes back before it and holds no prompt. */
static void wait_prompt(int monitor)
{
    static const size_t prompt_size = sizeof MONITOR_PROMPT - 1;
    struct pollfd ready = { .fd = monitor, .events = POLLIN };
    char text[4096];
    size_t size = 0;

    while (size < prompt_size || memcmp(text + size - prompt_size, MONITOR_PROMPT, prompt_size) != 0) {
        ssize_t got = poll(&ready, 1, LIMIT_MS) == 1 ? read(monitor, text + size, sizeof text - size) : 0;

        if (got <= 0)
            bench_die("monitor", "no prompt");
        size += (size_t)got;
    }
}

int rival_monitor_open(const char *path)
{
    int monitor = connect_to(path);

    wait_prompt(monitor);
    return monitor;
}

void rival_monitor_write(int monitor)
{
    static const char command[] = MONITOR_COMMAND;

    if (write(monitor, command, sizeof command - 1) != (ssize_t)sizeof command - 1)
        bench_die("monitor", "cannot write");
    wait_prompt(monitor);
}

/* ---- qtest ---- */

int rival_qtest_open(const char *path)
{
    int qtest = connect_to(path);

    rival_qtest_stream(qtest, 1);
    return qtest;
}

static size_t take_answers(int qtest)
{
    char text[4096];
    ssize_t got = recv(qtest, text, sizeof text, MSG_DONTWAIT);

    if (got <= 0)
        bench_die("qtest", "no answer");
    return (size_t)got;
}

static size_t send_commands(int qtest, size_t at, size_t end)
{
    static char commands[BATCH * (sizeof QTEST_COMMAND - 1)];
    size_t begin = at % (sizeof QTEST_COMMAND - 1);
    size_t size = sizeof commands - begin < end - at ? sizeof commands - begin : end - at;
    ssize_t sent;

    for (unsigned i = 0; !commands[sizeof commands - 1] && i < BATCH; i++)
        memcpy(commands + i * (sizeof QTEST_COMMAND - 1), QTEST_COMMAND, sizeof QTEST_COMMAND - 1);
    sent = send(qtest, commands + begin, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
        bench_die("qtest", "cannot write");
    return (size_t)sent;
}

void rival_qtest_stream(int qtest, unsigned count)
{
    size_t sent = 0, to_send = (size_t)count * (sizeof QTEST_COMMAND - 1);
    size_t got = 0, to_get = (size_t)count * (sizeof QTEST_ANSWER - 1);

    while (got < to_get) {
        struct pollfd ready = { .fd = qtest, .events = (short)(POLLIN | (sent < to_send ? POLLOUT : 0)) };

        if (poll(&ready, 1, LIMIT_MS) != 1)
            bench_die("qtest", "stands still");
        if (ready.revents & POLLIN)
            got += take_answers(qtest);
        if (ready.revents & POLLOUT)
            sent += send_commands(qtest, sent, to_send);
    }
}
