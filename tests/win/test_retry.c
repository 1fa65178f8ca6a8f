/* SPDX-License-Identifier: MIT */
/*
 * test_retry.c: a client that retries blindly never writes twice. The real library and the real stub, with a line
 * between them that is cut after each possible number of bytes, in either direction, and is not there until the client
 * has seen a failure. With the hold of kdio_win.h off, some cut makes the same client write twice: so the test would
 * see it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KDEXT_64BIT
#include <kdio/win/windows.h>
#include <kdio/win/initguid.h>
#include <kdio/win/wdbgexts.h>
#include <kdio/win/dbgeng.h>

#include "host/cmd/interpret.h"
#include "tests/lib/peer.h"

WINDBG_EXTENSION_APIS ExtensionApis;

/* The client executes no commands. */
enum exit_status interpret(const struct interpreter *interpreter, const char *line, enum kdio_status *status)
{
    (void)interpreter;
    (void)line;
    (void)status;
    return EXIT_STATUS_USAGE;
}

#define PORT 0xd00
#define VALUES 6     /* Written one after the other, each tried again until it is told to be written. */
#define TRIES_MAX 3
#define CUTS_MAX 4000
#define NEVER (-1)
#define CUT (-2) /* What cut_after is from the cut until the connection is closed. */

/* ---- A line that is cut once ---- */

/* Shared with the process that carries the bytes. */
struct line {
    long cut_after[2];         /* Bytes until the cut; [0] to the target, [1] from it; negative for never. */
    atomic_long carried[2];
    atomic_bool attached;      /* Before that a cut line is back at once. */
    atomic_bool gone;          /* Until it is repaired. */
    int repair[2];             /* A socket pair: a byte repairs the line, the answer tells that it is. */
    char path[100];
    const char *target_path;
    pid_t pid;
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (end < 0 || connect(end, (struct sockaddr *)&address, sizeof(address)) != 0)
        _exit(2);
    return end;
}

/* Carries what is there in one direction; false at an end of file or at the cut. */
static bool carry(struct line *line, int direction, int from, int to)
{
    char bytes[512];
    size_t room = sizeof(bytes);
    long left = line->cut_after[direction] - line->carried[direction];
    if (line->cut_after[direction] >= 0 && left < (long)room)
        room = (size_t)left;
    ssize_t got = read(from, bytes, room > 0 ? room : 1);
    if (got <= 0)
        return false;
    if (room == 0 || send(to, bytes, (size_t)got, MSG_NOSIGNAL) != got) {
        line->cut_after[direction] = CUT;
        return false;
    }
    line->carried[direction] += got;
    return true;
}

/* Returns whether the line is gone afterwards. */
static bool serve_one(struct line *line, int host)
{
    int target = connect_to(line->target_path);
    bool up = true;
    while (up) {
        struct pollfd ends[2] = { { .fd = host, .events = POLLIN }, { .fd = target, .events = POLLIN } };
        (void)poll(ends, 2, -1);
        if (ends[0].revents != 0)
            up = carry(line, 0, host, target);
        if (up && ends[1].revents != 0)
            up = carry(line, 1, target, host);
    }
    /* The line must be gone before the host can notice. */
    bool gone = line->attached && (line->cut_after[0] == CUT || line->cut_after[1] == CUT);
    line->gone = gone;
    if (gone)
        (void)unlink(line->path);
    for (int i = 0; i < 2; i++)
        line->cut_after[i] = line->cut_after[i] == CUT ? NEVER : line->cut_after[i];
    (void)close(target);
    (void)close(host);
    return gone;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listening, 4) != 0)
        _exit(2);
    return listening;
}

/* The line is gone until the client asks for its repair. */
static int await_repair(struct line *line)
{
    char byte;
    (void)unlink(line->path);
    if (read(line->repair[1], &byte, 1) != 1)
        _exit(2);
    int listening = listen_at(line->path);
    if (write(line->repair[1], &byte, 1) != 1)
        _exit(2);
    return listening;
}

_Noreturn static void serve(struct line *line, int listening)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int host = accept(listening, NULL, NULL);
        if (host < 0)
            _exit(2);
        if (serve_one(line, host)) {
            (void)close(listening);
            listening = await_repair(line);
        }
    }
}

static struct line *line_start(const struct peer *peer, int direction, long cut_after)
{
    struct line *line = mmap(NULL, sizeof(*line), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(line != MAP_FAILED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line->repair), 0);
    line->cut_after[0] = line->cut_after[1] = NEVER;
    line->cut_after[direction] = cut_after;
    line->target_path = peer->path;
    (void)snprintf(line->path, sizeof(line->path), "%s/cut", peer->directory);
    int listening = listen_at(line->path);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        serve(line, listening);
    line->pid = pid;
    (void)close(listening);
    return line;
}

/* Returns the bytes that were carried in that direction. */
static long line_end(struct line *line, int direction)
{
    (void)kill(line->pid, SIGKILL);
    (void)waitpid(line->pid, NULL, 0);
    long carried = line->carried[direction];
    (void)unlink(line->path);
    (void)close(line->repair[0]);
    (void)close(line->repair[1]);
    (void)munmap(line, sizeof(*line));
    return carried;
}

/* ---- The client ---- */

/* Once, after the first failure. */
static void repair(struct line *line)
{
    char byte = 0;
    if (!line->gone)
        return;
    line->gone = false;
    assert_int_equal(write(line->repair[0], &byte, 1), 1);
    assert_int_equal(read(line->repair[0], &byte, 1), 1);
}

static void write_blindly(struct line *line, ULONG value)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        ULONG size = 4;
        WriteIoSpace64(PORT, value, &size);
        if (size == 4)
            return;
        repair(line);
    }
}

static void be_client(struct line *line, BOOL hold, ULONG first_value)
{
    void *client_out = NULL, *control_out = NULL;
    char options[256];
    assert_int_equal(DebugCreate(&IID_IDebugClient, &client_out), S_OK);
    IDebugClient *client = client_out;
    assert_int_equal(client->lpVtbl->QueryInterface(client, &IID_IDebugControl, &control_out), S_OK);
    IDebugControl *control = control_out;
    ExtensionApis.nSize = sizeof(ExtensionApis);
    assert_int_equal(control->lpVtbl->GetWindbgExtensionApis64(control, &ExtensionApis), S_OK);
    assert_int_equal(kdio_win_set_hold(client, hold), S_OK);
    (void)snprintf(options, sizeof(options), "com:pipe,port=%s", line->path);
    HRESULT attached = client->lpVtbl->AttachKernel(client, DEBUG_ATTACH_KERNEL_CONNECTION, options);
    line->attached = attached == S_OK;
    for (ULONG i = 0; attached == S_OK && i < VALUES; i++)
        write_blindly(line, first_value + i);
    control->lpVtbl->Release(control);
    client->lpVtbl->Release(client);
}

/* ---- Every cut ---- */

static struct peer peer;

static ULONG runs; /* Each writes values of its own: what was sent in one may be executed during the next. */

/* Runs the client once; returns the bytes carried in that direction. */
static long run_client(int direction, long cut_after, BOOL hold)
{
    struct line *line = line_start(&peer, direction, cut_after);
    be_client(line, hold, runs++ * VALUES);
    return line_end(line, direction);
}

/* How many values were written more than once, of all runs. */
static unsigned count_doubles(void)
{
    unsigned char *counts = calloc(runs, VALUES);
    unsigned doubles = 0;
    assert_non_null(counts);
    assert_in_range(peer.page->access_count, VALUES, PEER_ACCESSES_MAX);
    for (unsigned i = 0; i < peer.page->access_count; i++) {
        const struct peer_access *access = &peer.page->accesses[i];
        if (!access->write || access->port != PORT)
            continue;
        assert_in_range(access->value, 0, runs * VALUES - 1);
        doubles += ++counts[access->value] == 2;
    }
    free(counts);
    return doubles;
}

static unsigned sweep(int direction, BOOL hold)
{
    runs = 0;
    long total = run_client(direction, NEVER, hold);
    assert_in_range(total, VALUES, CUTS_MAX);
    for (long cut = 0; cut < total && (hold || count_doubles() == 0); cut++)
        (void)run_client(direction, cut, hold);
    (void)run_client(direction, NEVER, hold);
    return count_doubles();
}

static void test_cut_to_the_target(void **state)
{
    (void)state;
    assert_int_equal(sweep(0, TRUE), 0);
}

static void test_cut_from_the_target(void **state)
{
    (void)state;
    assert_int_equal(sweep(1, TRUE), 0);
}

static void test_the_hold_is_why(void **state)
{
    (void)state;
    assert_int_not_equal(sweep(1, FALSE), 0);
}

static int start_peer(void **state)
{
    (void)state;
    peer_start(&peer, PEER_STUB);
    return 0;
}

static int end_peer(void **state)
{
    (void)state;
    peer_end(&peer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut_to_the_target, start_peer, end_peer),
        cmocka_unit_test_setup_teardown(test_cut_from_the_target, start_peer, end_peer),
        cmocka_unit_test_setup_teardown(test_the_hold_is_why, start_peer, end_peer),
    };
    return cmocka_run_group_tests_name("win/retry", tests, NULL, NULL);
}
