/* SPDX-License-Identifier: MIT */
/*
 * machine.c: implements machine.h. The process listens on COM1's socket before QEMU starts and hands the listener down,
 * so that a connection never comes too early.
 */
#include "host/demo/machine.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_LENGTH_MAX 256
#define NAME_SIZE 64

struct machine {
    char directory[NAME_SIZE];
    char line[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char console[NAME_SIZE + 16];
    char trace[NAME_SIZE + 16];
    volatile pid_t qemu; /* 0 while there is none. */
    long trace_begin;
};

static struct machine machine;

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

#define ENDING_SIGNAL_COUNT (sizeof(ending_signals) / sizeof(ending_signals[0]))

/* ---- The end ---- */

/* Async-signal-safe (signal-safety(7)). */
static void clean(void)
{
    if (machine.qemu > 0) {
        (void)kill(machine.qemu, SIGKILL);
        (void)waitpid(machine.qemu, NULL, 0);
    }
    if (machine.directory[0] == '\0')
        return;
    (void)unlink(machine.line);
    (void)unlink(machine.console);
    (void)unlink(machine.trace);
    (void)rmdir(machine.directory);
}

static void on_ending_signal(int number)
{
    clean();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void handle_ending_signals(void)
{
    for (size_t i = 0; i < ENDING_SIGNAL_COUNT; i++)
        (void)signal(ending_signals[i], on_ending_signal);
    (void)atexit(clean);
}

/* ---- The start ---- */

static bool make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    char name[NAME_SIZE];
    int length;

    if (parent == NULL || *parent == '\0')
        parent = "/tmp";
    length = snprintf(name, sizeof name, "%s/kdio-demo-XXXXXX", parent);
    if (length >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (mkdtemp(name) == NULL)
        return false;
    (void)snprintf(machine.line, sizeof machine.line, "%s/com1", name);
    (void)snprintf(machine.console, sizeof machine.console, "%s/port-e9", name);
    (void)snprintf(machine.trace, sizeof machine.trace, "%s/trace", name);
    (void)snprintf(machine.directory, sizeof machine.directory, "%s", name);
    return true;
}

static int listen_on_line(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, machine.line, sizeof machine.line);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0)
        return -1;
    return listener;
}

static _Noreturn void become_qemu(const char *launch, int listener, const sigset_t *mask)
{
    char serial[NAME_SIZE], parent[16];

    (void)snprintf(serial, sizeof serial, "socket,fd=%d,server=on,wait=off", listener);
    (void)snprintf(parent, sizeof parent, "%ld", (long)getppid());
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    (void)execl(launch, launch, "--efi", "--serial", serial, "--debugcon", machine.console, "--trace", machine.trace,
                "--parent", parent, (char *)NULL);
    perror(launch);
    _exit(127);
}

/* Ending signals wait until the process number is known. */
static bool start_qemu(const char *launch, int listener)
{
    sigset_t ending, before;
    pid_t qemu;

    (void)sigemptyset(&ending);
    for (size_t i = 0; i < ENDING_SIGNAL_COUNT; i++)
        (void)sigaddset(&ending, ending_signals[i]);
    (void)sigprocmask(SIG_BLOCK, &ending, &before);
    qemu = fork();
    if (qemu == 0)
        become_qemu(launch, listener, &before);
    machine.qemu = qemu;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return qemu > 0;
}

bool machine_start(const char *launch)
{
    int listener;
    bool started;

    handle_ending_signals();
    if (!make_directory())
        return false;
    listener = listen_on_line();
    started = listener >= 0 && start_qemu(launch, listener);
    (void)close(listener);
    return started;
}

const char *machine_line(void)
{
    return machine.line;
}

/* ---- The exit status ---- */

/* QEMU stays a zombie until clean, so that clean never kills another process of that number. */
static bool wait_ended(int limit_ms)
{
    struct pollfd ended = { .fd = pidfd_open(machine.qemu, 0), .events = POLLIN };
    bool result = ended.fd >= 0 && poll(&ended, 1, limit_ms) == 1;

    (void)close(ended.fd);
    return result;
}

bool machine_ended(void)
{
    return wait_ended(0);
}

int machine_wait_status(int limit_ms)
{
    siginfo_t info = { 0 };

    if (!wait_ended(limit_ms) || waitid(P_PID, (id_t)machine.qemu, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return -1;
    return info.si_code == CLD_EXITED ? info.si_status : -1;
}

/* ---- Witnesses ---- */

size_t machine_debug_console(char *bytes, size_t size)
{
    FILE *file = fopen(machine.console, "rb");
    size_t count = file != NULL ? fread(bytes, 1, size, file) : 0;

    if (file != NULL)
        (void)fclose(file);
    return count;
}

void machine_post_codes_begin(void)
{
    FILE *file = fopen(machine.trace, "rb");

    if (file == NULL)
        return;
    if (fseek(file, 0, SEEK_END) == 0)
        machine.trace_begin = ftell(file);
    (void)fclose(file);
}

/* "memory_region_ops_write cpu 0 mr 0x... addr 0x80 value 0x41 size 1 name 'ioport80'" */
static bool parse_post_code(const char *line, uint8_t *code)
{
    const char *access = strstr(line, " addr 0x80 value 0x");
    unsigned value, size;

    if (access == NULL || strstr(access, "'ioport80'") == NULL ||
        sscanf(access, " addr 0x80 value 0x%x size %u", &value, &size) != 2 || size != 1 || value > UINT8_MAX)
        return false;
    *code = (uint8_t)value;
    return true;
}

size_t machine_post_codes(uint8_t *codes, size_t count)
{
    FILE *file = fopen(machine.trace, "rb");
    char line[LINE_LENGTH_MAX];
    size_t found = 0;

    if (file == NULL)
        return 0;
    (void)fseek(file, machine.trace_begin, SEEK_SET);
    while (found < count && fgets(line, sizeof line, file) != NULL)
        found += parse_post_code(line, &codes[found]);
    (void)fclose(file);
    return found;
}
