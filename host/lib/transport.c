/* SPDX-License-Identifier: MIT */
/* transport.c: gensio's event-driven interface with its own handler of the operating system, no threads, no wake
 * signal. */
#include "host/lib/transport.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <gensio/gensio.h>
#include <gensio/gensio_control.h>
#include <gensio/gensio_os_funcs_public.h>
#include <gensio/gensio_unix.h>
#include <gensio/sergensio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RX_SIZE 16384u
#define TX_SIZE 16384u
#define REASON_SIZE 160u
#define CLOSE_LIMIT_US 2000000u
#define SIGKILL_WORD "1"

struct kdio_transport {
    char *name;
    struct gensio_os_funcs *os;
    struct gensio *io;
    bool connected;
    bool opening;
    bool closing;
    bool rate_pending;
    uint32_t rate; /* What the line says that its rate is. */
    int error; /* gensio's, of the last connection. */
    char reason[REASON_SIZE];
    uint64_t tx_bytes, rx_bytes;
    size_t tx_at, tx_size; /* Queued: tx[tx_at..tx_size). */
    size_t rx_size;
    uint8_t tx[TX_SIZE];
    uint8_t rx[RX_SIZE];
};

uint64_t kdio_time_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* gensio logs through this; the reason of a failure is kept for the error text, and nothing is printed. */
static void keep_log(struct gensio_os_funcs *os, enum gensio_log_levels level, const char *format, va_list arguments)
{
    struct kdio_transport *transport = gensio_os_funcs_get_data(os);

    if (transport && (level == GENSIO_LOG_ERR || level == GENSIO_LOG_FATAL))
        vsnprintf(transport->reason, sizeof transport->reason, format, arguments);
}

/*
 * As long as the process lives, gensio calls the handler with which its first object was made. That one is never freed;
 * it is nobody's, so that targets stay independent of each other.
 */
static struct gensio_os_funcs *first_os;
static bool first_made;

static int on_first(struct gensio *io, void *context, int event, int error, unsigned char *bytes, gensiods *size,
                    const char *const *auxdata)
{
    (void)io, (void)context, (void)event, (void)error, (void)bytes, (void)size, (void)auxdata;
    return GE_NOTSUP;
}

static void make_first(void)
{
    struct gensio *io; /* Never opened. */

    if (gensio_unix_funcs_alloc(NULL, 0, &first_os) || str_to_gensio("unix,/", first_os, on_first, NULL, &io))
        return;
    gensio_free(io);
    first_made = true;
}

static bool make_os(struct gensio_os_funcs **os)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_first);
    return first_made && !gensio_unix_funcs_alloc(NULL, 0, os);
}

struct kdio_transport *kdio_transport_new(const char *gensio)
{
    struct kdio_transport *transport = calloc(1, sizeof *transport);

    if (!transport)
        return NULL;
    transport->name = strdup(gensio);
    if (!transport->name || !make_os(&transport->os)) {
        kdio_transport_free(transport);
        return NULL;
    }
    gensio_os_funcs_set_data(transport->os, transport);
    gensio_os_funcs_set_vlog(transport->os, keep_log);
    return transport;
}

void kdio_transport_free(struct kdio_transport *transport)
{
    if (!transport)
        return;
    kdio_transport_disconnect(transport);
    if (transport->os)
        gensio_os_funcs_free(transport->os);
    free(transport->name);
    free(transport);
}

/* gensio's own words are for programmers. */
static const char *words_of(int error)
{
    switch (error) {
    case GE_NOTFOUND:
        return "no such file, device or host";
    case GE_INUSE:
        return "held by another process";
    case GE_PERM:
        return "permission denied";
    case GE_CONNREFUSE:
        return "nobody listens there";
    case GE_REMCLOSE:
        return "the other side closed it";
    case GE_TIMEDOUT:
        return "not in time";
    case GE_OSERR:
        return "the system refuses it; serialdev wants a serial port";
    case GE_NAME_ERROR:
        return "no such host";
    case GE_NAME_SERVER_FAILURE:
        return "the name server does not answer";
    case GE_UNKNOWN_NAME_ERROR: /* A service of no known name too, and a form. */
    case GE_NAME_INVALID:
        return "there is no such form, or its host or port is missing";
    default:
        return gensio_err_to_str(error);
    }
}

static void lose(struct kdio_transport *transport, int error)
{
    transport->connected = false;
    transport->error = error;
    snprintf(transport->reason, sizeof transport->reason, "%s", words_of(error));
    gensio_set_read_callback_enable(transport->io, false);
    gensio_set_write_callback_enable(transport->io, false);
}

/*
 * gensio writes to sockets and pipes in the plain way, which raises SIGPIPE when the other side is gone. The signal is
 * held back round its calls and taken off again, so that the caller's own handling of it is neither needed nor touched.
 */
static void hold_sigpipe(sigset_t *before)
{
    sigset_t pipe_only;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, before);
}

static void release_sigpipe(const sigset_t *before, bool may_be_raised)
{
    const struct timespec at_once = { 0 };
    sigset_t pipe_only;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (may_be_raised && !sigismember(before, SIGPIPE))
        while (sigtimedwait(&pipe_only, NULL, &at_once) == SIGPIPE)
            ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int write_queued(struct kdio_transport *transport, gensiods *written)
{
    sigset_t before;
    int error;

    hold_sigpipe(&before);
    error = gensio_write(transport->io, written, transport->tx + transport->tx_at,
                         transport->tx_size - transport->tx_at, NULL);
    release_sigpipe(&before, error != 0);
    return error;
}

static void flush(struct kdio_transport *transport)
{
    gensiods written = 0;
    int error = 0;

    if (transport->connected && transport->tx_at < transport->tx_size)
        error = write_queued(transport, &written);
    transport->tx_at += written;
    if (transport->tx_at == transport->tx_size)
        transport->tx_at = transport->tx_size = 0;
    if (error)
        lose(transport, error);
    else if (transport->connected)
        gensio_set_write_callback_enable(transport->io, transport->tx_size != 0);
}

static void receive(struct kdio_transport *transport, const unsigned char *bytes, gensiods *size)
{
    size_t room = RX_SIZE - transport->rx_size;

    if (*size > room)
        *size = room;
    memcpy(transport->rx + transport->rx_size, bytes, *size);
    transport->rx_size += *size;
    transport->rx_bytes += *size;
    if (transport->rx_size == RX_SIZE)
        gensio_set_read_callback_enable(transport->io, false);
}

static int on_event(struct gensio *io, void *context, int event, int error, unsigned char *bytes, gensiods *size,
                    const char *const *auxdata)
{
    struct kdio_transport *transport = context;

    (void)io;
    (void)auxdata;
    if (event == GENSIO_EVENT_READ && error)
        lose(transport, error);
    else if (event == GENSIO_EVENT_READ)
        receive(transport, bytes, size);
    else if (event == GENSIO_EVENT_WRITE_READY)
        flush(transport);
    else
        return GE_NOTSUP;
    return 0;
}

static void on_open(struct gensio *io, int error, void *context)
{
    struct kdio_transport *transport = context;

    (void)io;
    transport->opening = false;
    transport->error = error;
    transport->connected = error == 0;
}

static void on_close(struct gensio *io, void *context)
{
    struct kdio_transport *transport = context;

    (void)io;
    transport->closing = false;
}

static void service(struct kdio_transport *transport, uint64_t limit_us)
{
    gensio_time timeout = { (int64_t)(limit_us / 1000000u), (int32_t)(limit_us % 1000000u * 1000u) };
    sigset_t before;

    hold_sigpipe(&before);
    (void)gensio_os_funcs_service(transport->os, &timeout);
    release_sigpipe(&before, !transport->connected);
}

static enum kdio_status connection_status(struct kdio_transport *transport)
{
    if (!transport->error)
        return KDIO_DONE;
    if (!transport->reason[0])
        snprintf(transport->reason, sizeof transport->reason, "%s", words_of(transport->error));
    kdio_transport_disconnect(transport);
    if (transport->error == GE_INTERRUPTED)
        return KDIO_INTERRUPTED;
    return transport->error == GE_NOMEM ? KDIO_NO_MEMORY : KDIO_NO_CONNECTION;
}

/* The string is well, and its host has no address. */
static bool is_unnamed(int error)
{
    return error == GE_NAME_ERROR || error == GE_NAME_SERVER_FAILURE;
}

bool kdio_is_interrupted(const struct kdio_options *options)
{
    return options && options->interrupted && options->interrupted(options->context);
}

enum kdio_status kdio_transport_connect(struct kdio_transport *transport, const struct kdio_options *options,
                                        uint64_t limit_us)
{
    uint64_t end_us = kdio_time_us() + limit_us;
    uint64_t now_us;
    bool interrupted = false;

    kdio_transport_disconnect(transport);
    transport->reason[0] = 0;
    transport->error = str_to_gensio(transport->name, transport->os, on_event, transport, &transport->io);
    if (transport->error) {
        (void)connection_status(transport);
        return is_unnamed(transport->error) ? KDIO_NO_CONNECTION : KDIO_BAD_ARGUMENT;
    }
    transport->opening = true;
    transport->error = gensio_open(transport->io, on_open, transport);
    if (transport->error)
        transport->opening = false;
    while (transport->opening && (now_us = kdio_time_us()) < end_us && !(interrupted = kdio_is_interrupted(options)))
        service(transport, end_us - now_us < KDIO_INTERRUPTED_US ? end_us - now_us : KDIO_INTERRUPTED_US);
    if (transport->opening)
        transport->error = interrupted ? GE_INTERRUPTED : GE_TIMEDOUT;
    if (!transport->error)
        gensio_set_read_callback_enable(transport->io, true);
    return connection_status(transport);
}

void kdio_transport_disconnect(struct kdio_transport *transport)
{
    uint64_t end_us = kdio_time_us() + CLOSE_LIMIT_US;
    char how[4] = SIGKILL_WORD;
    gensiods how_size = sizeof SIGKILL_WORD - 1;

    transport->connected = false;
    transport->tx_at = transport->tx_size = transport->rx_size = 0;
    if (!transport->io)
        return;
    /* A subprocess that does not end at the end of its input would keep the close waiting for ever. */
    (void)gensio_control(transport->io, GENSIO_CONTROL_DEPTH_FIRST, false, GENSIO_CONTROL_KILL_TASK, how, &how_size);
    transport->closing = gensio_close(transport->io, on_close, transport) == 0;
    while (transport->closing && kdio_time_us() < end_us)
        service(transport, CLOSE_LIMIT_US);
    gensio_free(transport->io);
    transport->io = NULL;
    transport->opening = false;
}

bool kdio_transport_connected(const struct kdio_transport *transport)
{
    return transport->connected;
}

/* A gensio string names its layers from the top, each with options in parentheses, and then the arguments of the
 * lowest, which may hold any word: a layer counts only before those. */
bool kdio_transport_is_subprocess(const struct kdio_transport *transport)
{
    static const char *const lowest[] = { "unix", "unixdgram", "unixseq", "tcp", "udp", "sctp", "serialdev", "sdev",
                                          "ipmisol", "sound", "file", "dummy" };
    const char *layer = transport->name;

    while (*layer) {
        size_t size = strcspn(layer, "(,");

        if ((size == 5 && strncmp(layer, "stdio", size) == 0) || (size == 3 && strncmp(layer, "pty", size) == 0))
            return true;
        for (size_t i = 0; i < sizeof lowest / sizeof lowest[0]; i++)
            if (strlen(lowest[i]) == size && strncmp(layer, lowest[i], size) == 0)
                return false;
        layer += size + (layer[size] == '(' ? strcspn(layer + size, ")") : 0);
        layer += strcspn(layer, ",");
        layer += *layer == ',';
    }
    return false;
}

bool kdio_transport_is_socket(const struct kdio_transport *transport)
{
    return strncmp(transport->name, "unix,", 5) == 0 || strncmp(transport->name, "tcp,", 4) == 0;
}

const char *kdio_transport_name(const struct kdio_transport *transport)
{
    return transport->name;
}

const char *kdio_transport_reason(const struct kdio_transport *transport)
{
    return transport->reason[0] ? transport->reason : "closed";
}

int kdio_transport_errno(const struct kdio_transport *transport)
{
    switch (transport->error) {
    case 0:
        return 0;
    case GE_CONNREFUSE:
        return ECONNREFUSED;
    case GE_NOTFOUND:
    case GE_NAME_ERROR:
    case GE_NAME_SERVER_FAILURE:
        return ENOENT;
    case GE_PERM:
        return EPERM;
    case GE_INUSE:
    case GE_ADDRINUSE:
        return EBUSY;
    case GE_TIMEDOUT:
        return ETIMEDOUT;
    case GE_REMCLOSE:
        return ECONNRESET;
    case GE_HOSTDOWN:
        return EHOSTDOWN;
    default:
        return EIO;
    }
}

size_t kdio_transport_room(const struct kdio_transport *transport)
{
    return transport->connected ? TX_SIZE - transport->tx_size : 0;
}

uint8_t *kdio_transport_tx_buffer(struct kdio_transport *transport)
{
    return transport->tx + transport->tx_size;
}

void kdio_transport_send(struct kdio_transport *transport, size_t size)
{
    transport->tx_size += size;
    transport->tx_bytes += size;
    flush(transport);
}

void kdio_transport_wait(struct kdio_transport *transport, uint64_t limit_us)
{
    uint64_t end_us = kdio_time_us() + limit_us;
    uint64_t now_us = end_us - limit_us;

    while (transport->connected && !transport->rx_size && now_us < end_us) {
        service(transport, end_us - now_us);
        now_us = kdio_time_us();
    }
}

void kdio_transport_pause(struct kdio_transport *transport, uint64_t limit_us)
{
    service(transport, limit_us);
}

const uint8_t *kdio_transport_rx(struct kdio_transport *transport, size_t *size)
{
    *size = transport->rx_size;
    return transport->rx;
}

void kdio_transport_rx_taken(struct kdio_transport *transport)
{
    transport->rx_size = 0;
    if (transport->connected)
        gensio_set_read_callback_enable(transport->io, true);
}

/* The answer to a change of the rate; it may come after its time. */
static void on_rate(struct sergensio *serial, int error, unsigned int baud, void *context)
{
    struct kdio_transport *transport = context;

    (void)serial;
    transport->rate_pending = false;
    transport->rate = error ? 0 : baud;
}

bool kdio_transport_rate(struct kdio_transport *transport, uint32_t *baud, uint64_t limit_us)
{
    struct sergensio *serial = transport->connected ? gensio_to_sergensio(transport->io) : NULL;
    uint64_t end_us = kdio_time_us() + limit_us;

    transport->rate = 0;
    transport->rate_pending = true;
    if (!serial || sergensio_baud(serial, *baud, on_rate, transport))
        return false;
    while (transport->rate_pending && transport->connected && kdio_time_us() < end_us)
        service(transport, end_us - kdio_time_us());
    if (transport->rate)
        *baud = transport->rate;
    return transport->rate != 0;
}

uint64_t kdio_transport_tx_bytes(const struct kdio_transport *transport)
{
    return transport->tx_bytes;
}

uint64_t kdio_transport_rx_bytes(const struct kdio_transport *transport)
{
    return transport->rx_bytes;
}
