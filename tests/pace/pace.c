/* SPDX-License-Identifier: MIT */
/*
 * pace.c: a line with a baud rate, a USB adapter's latency and a UART's FIFO, on real time, between a host and a target
 * whose UART is a UNIX socket (QEMU's).
 *
 *     pace [--baud RATE] [--latency MS] [--fifo BYTES] LISTEN TARGET
 *
 * Towards the target each byte takes its time on the line, then falls into a FIFO that the target's reads empty; a byte
 * that finds the FIFO full is dropped and counted, as a 16550 does. Towards the host each byte takes its time, then
 * waits in the adapter, which hands over what it holds so many milliseconds after the first byte came in. No byte is
 * ever early: a proxy that is itself scheduled late slows the line down, and crowds no FIFO for it.
 *
 * With a FIFO of 0 bytes nothing is lost, and the line waits for its target. It also waits for a host that does not
 * read.
 *
 * Says "ready" when hosts can connect, and "to-target N lost N to-host N" when one has gone; one host at a time. Ends
 * with the target's connection or with its own standard input, so that nothing of it outlives who started it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BITS_PER_BYTE 10u
#define NS_PER_S      1000000000u
#define NS_PER_MS     1000000u
#define NEVER         UINT64_MAX
#define DEFAULT_BAUD  115200u
#define DEFAULT_LATENCY_MS 16u
#define DEFAULT_FIFO  16u
#define FIFO_MAX      128u /* A socket takes some 200 bytes that are written one by one. */
/* Bytes that are handed to the target in one go, so that a fast line does not need a wake-up a byte. */
#define TOGETHER      4u
#define READ_MAX      64u
#define HELD_SIZE     0x10000u /* 16 ms of 30 Mbaud; a power of two. */

struct pending {
    uint8_t bytes[READ_MAX];
    unsigned at, size;
};

struct held_byte {
    uint64_t at_ns; /* When the line has brought it. */
    uint8_t byte;
};

struct pace {
    uint64_t byte_ns, latency_ns;
    int fifo_size, unread_unit;
    int listener, host, target;
    bool host_ended;          /* It sends no more. */
    struct pending to_target;
    uint64_t to_target_ns;    /* When the byte before the next one was through. */
    struct held_byte held[HELD_SIZE];
    unsigned head, tail;
    uint64_t to_host_ns;      /* When the line from the target is free. */
    uint64_t sent, lost, received;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "pace: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void must(int result, const char *what)
{
    if (result < 0)
        die(what);
}

/* The bytes that went: fewer when the other side, or who started this program, is gone. */
static size_t send_all(int to, const uint8_t *bytes, size_t size)
{
    struct pollfd ends[] = { { .fd = to, .events = POLLOUT }, { .fd = STDIN_FILENO, .events = POLLIN } };
    size_t done = 0;

    while (done < size) {
        ssize_t sent = send(to, bytes + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && (errno != EAGAIN || poll(ends, 2, -1) < 0 || ends[1].revents))
            break;
        done += sent > 0 ? (size_t)sent : 0;
    }
    return done;
}

/* ---- Towards the target ---- */

static int unread_size(int socket)
{
    int size;

    must(ioctl(socket, SIOCOUTQ, &size), "unread bytes");
    return size;
}

/* A UNIX socket counts what its peer has not read in memory, not in bytes: as much for each byte written alone. */
static int measure_unit(void)
{
    int pair[2], unit;

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    must((int)write(pair[0], "", 1), "write");
    unit = unread_size(pair[0]);
    close(pair[0]);
    close(pair[1]);
    return unit;
}

static void fall_into_fifo(struct pace *pace, uint8_t byte)
{
    bool full = pace->fifo_size && unread_size(pace->target) / pace->unread_unit >= pace->fifo_size;

    if (full || !send_all(pace->target, &byte, 1))
        pace->lost++;
    else
        pace->sent++;
}

/* The end of the next few bytes: all that are there, if they are few. */
static uint64_t to_target_due(const struct pace *pace)
{
    unsigned count = pace->to_target.size - pace->to_target.at;

    if (!count)
        return NEVER;
    return pace->to_target_ns + pace->byte_ns * (count < TOGETHER ? count : TOGETHER);
}

static void deliver_to_target(struct pace *pace, uint64_t now)
{
    struct pending *pending = &pace->to_target;

    if (now < to_target_due(pace))
        return;
    if (pace->to_target_ns + 2 * TOGETHER * pace->byte_ns < now)
        pace->to_target_ns = now - 2 * TOGETHER * pace->byte_ns;
    while (pending->at < pending->size && pace->to_target_ns + pace->byte_ns <= now) {
        fall_into_fifo(pace, pending->bytes[pending->at++]);
        pace->to_target_ns += pace->byte_ns;
    }
}

static void take_from_host(struct pace *pace, uint64_t now)
{
    ssize_t got = recv(pace->host, pace->to_target.bytes, READ_MAX, MSG_DONTWAIT);

    pace->to_target.at = pace->to_target.size = 0;
    if (got > 0)
        pace->to_target.size = (unsigned)got;
    else if (got == 0 || errno != EAGAIN)
        pace->host_ended = true;
    /* A line that was idle is on time again. One that was not may be late by what the last bytes took too long. */
    if (pace->to_target_ns + 2 * TOGETHER * pace->byte_ns < now)
        pace->to_target_ns = now;
}

/* ---- Towards the host ---- */

static bool take_from_target(struct pace *pace, uint64_t now)
{
    uint8_t bytes[READ_MAX];
    ssize_t got = recv(pace->target, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    if (pace->to_host_ns < now)
        pace->to_host_ns = now;
    for (ssize_t i = 0; i < got; i++) {
        pace->to_host_ns += pace->byte_ns;
        pace->held[pace->head++ % HELD_SIZE] = (struct held_byte){ pace->to_host_ns, bytes[i] };
    }
    return true;
}

/* Of what the adapter holds now. */
static uint64_t to_host_due(const struct pace *pace)
{
    if (pace->head == pace->tail)
        return NEVER;
    return pace->held[pace->tail % HELD_SIZE].at_ns + pace->latency_ns;
}

static void send_to_host(struct pace *pace, const uint8_t *bytes, size_t size)
{
    if (pace->host >= 0)
        pace->received += send_all(pace->host, bytes, size);
}

static void deliver_to_host(struct pace *pace, uint64_t now)
{
    uint64_t until_ns = to_host_due(pace);
    uint8_t bytes[READ_MAX];
    size_t size = 0;

    if (now < until_ns)
        return;
    while (pace->head != pace->tail && pace->held[pace->tail % HELD_SIZE].at_ns <= until_ns) {
        bytes[size++] = pace->held[pace->tail++ % HELD_SIZE].byte;
        if (size == sizeof bytes) {
            send_to_host(pace, bytes, size);
            size = 0;
        }
    }
    send_to_host(pace, bytes, size);
}

/* ---- Connections ---- */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    memcpy(address.sun_path, path, strlen(path));
    return address;
}

static int unix_socket(void)
{
    int made = socket(AF_UNIX, SOCK_STREAM, 0);

    must(made, "socket");
    return made;
}

static void open_ends(struct pace *pace, const char *listen_path, const char *target_path)
{
    struct sockaddr_un listen_address = address_of(listen_path), target_address = address_of(target_path);

    pace->target = unix_socket();
    must(connect(pace->target, (struct sockaddr *)&target_address, sizeof target_address), target_path);
    pace->listener = unix_socket();
    must(bind(pace->listener, (struct sockaddr *)&listen_address, sizeof listen_address), listen_path);
    must(listen(pace->listener, 1), listen_path);
}

static void say_counts(const struct pace *pace)
{
    printf("to-target %" PRIu64 " lost %" PRIu64 " to-host %" PRIu64 "\n", pace->sent, pace->lost, pace->received);
    fflush(stdout);
}

/* What the target has sent in answer belongs to a host that is gone, and is lost with it. */
static void let_host_go(struct pace *pace)
{
    say_counts(pace);
    close(pace->host);
    pace->host = -1;
    pace->host_ended = false;
    pace->sent = pace->lost = pace->received = 0;
    pace->tail = pace->head;
}

/* ---- The loop ---- */

enum { STDIN_END, HOST_END, TARGET_END, ENDS };

static void wait_until(uint64_t due_ns, struct pollfd *ends, uint64_t now)
{
    uint64_t left_ns = due_ns > now ? due_ns - now : 0;
    struct timespec left = { (time_t)(left_ns / NS_PER_S), (long)(left_ns % NS_PER_S) };

    if (ppoll(ends, ENDS, due_ns == NEVER ? NULL : &left, NULL) < 0 && errno != EINTR)
        die("poll");
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What is to be read, and when it is time for something else. */
static void wait_for_work(const struct pace *pace, struct pollfd *ends, uint64_t now)
{
    bool host_wanted = !pace->host_ended && pace->to_target.at == pace->to_target.size;
    bool target_wanted = pace->to_host_ns <= now && pace->head - pace->tail <= HELD_SIZE - READ_MAX;
    uint64_t due_ns = earlier(to_target_due(pace), to_host_due(pace));

    if (!target_wanted)
        due_ns = earlier(due_ns, pace->to_host_ns);
    ends[STDIN_END] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    ends[HOST_END] = (struct pollfd){ .fd = pace->host < 0 ? pace->listener : host_wanted ? pace->host : -1,
                                      .events = POLLIN };
    ends[TARGET_END] = (struct pollfd){ .fd = target_wanted ? pace->target : -1, .events = POLLIN };
    wait_until(due_ns, ends, now);
}

static void run(struct pace *pace)
{
    struct pollfd ends[ENDS];
    bool running = true;

    while (running) {
        wait_for_work(pace, ends, now_ns());
        if (ends[HOST_END].revents && pace->host >= 0)
            take_from_host(pace, now_ns());
        else if (ends[HOST_END].revents)
            must(pace->host = accept(pace->listener, NULL, NULL), "accept");
        if (ends[TARGET_END].revents)
            running = take_from_target(pace, now_ns());
        deliver_to_target(pace, now_ns());
        deliver_to_host(pace, now_ns());
        if (pace->host_ended && pace->to_target.at == pace->to_target.size)
            let_host_go(pace);
        running = running && !ends[STDIN_END].revents;
    }
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value > UINT32_MAX) {
        fprintf(stderr, "pace: %s is no number\n", text);
        exit(2);
    }
    return (unsigned)value;
}

static void read_options(int argc, char **argv, unsigned *baud, unsigned *latency_ms, unsigned *fifo)
{
    static const struct option names[] = {
        { "baud", required_argument, NULL, 'b' },
        { "latency", required_argument, NULL, 'l' },
        { "fifo", required_argument, NULL, 'f' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'b')
            *baud = number(optarg);
        else if (option == 'l')
            *latency_ms = number(optarg);
        else if (option == 'f')
            *fifo = number(optarg);
        else
            exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct pace pace = { .host = -1 };
    unsigned baud = DEFAULT_BAUD, latency_ms = DEFAULT_LATENCY_MS, fifo_size = DEFAULT_FIFO;

    read_options(argc, argv, &baud, &latency_ms, &fifo_size);
    if (argc - optind != 2 || !baud || fifo_size > FIFO_MAX) {
        fprintf(stderr, "usage: pace [--baud RATE] [--latency MS] [--fifo BYTES] LISTEN TARGET\n");
        return 2;
    }
    pace.byte_ns = ((uint64_t)BITS_PER_BYTE * NS_PER_S + baud - 1) / baud;
    pace.latency_ns = (uint64_t)latency_ms * NS_PER_MS;
    pace.fifo_size = (int)fifo_size;
    pace.unread_unit = measure_unit();
    /* Otherwise the kernel may wake the proxy 50 us late: half a byte. */
    must(prctl(PR_SET_TIMERSLACK, 1UL), "timer slack");
    open_ends(&pace, argv[optind], argv[optind + 1]);
    puts("ready");
    fflush(stdout);
    run(&pace);
    if (pace.host >= 0)
        say_counts(&pace);
    return 0;
}
