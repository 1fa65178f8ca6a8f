/* SPDX-License-Identifier: MIT */
/*
 * kdio.h: reaches the I/O ports of a target whose kernel carries a kdio stub, over a serial line.
 *
 * Contract
 *   Exactly once  Each operation happens once, or is reported as not done or as unknown (struct kdio_error says which);
 *                 never twice, whatever the line does. That holds for reads too.
 *   Order         Operations happen in the order of the calls; in a program, in its order, up to the first failure.
 *   Threads       A target belongs to one thread at a time. Different targets are independent.
 *   Signals       The library touches none. A signal that interrupts a wait does not end it, unless options.interrupted
 *                 says so.
 *   Memory        What the library returns by pointer belongs to the target and lives until the next call on it.
 *   Output        The library never prints and never exits.
 *   Waiting       Every wait is bounded: an operation on a dead line fails within options.dead_ms of the last progress
 *                 (5 s at most by default), opening within options.open_ms.
 *   Retries       Damaged and lost frames are repeated by the link without the operation being repeated. After a cable
 *                 pull the next call reconnects in the same session, so that what was unknown is resolved
 *                 (kdio_target_resolve).
 *   Units         Widths and sizes in bytes, times in milliseconds or microseconds as the name says.
 *
 * The command's target `qemu` is the command's own: start `qemu/run --socket /tmp/pc.sock` and open that. Statuses and who
 * must act on each are in <kdio/status.h>.
 *
 * A first poke:
 *     struct kdio_target *target;
 *     if (kdio_target_open(&target, "unix,/tmp/pc.sock", NULL) != KDIO_DONE || kdio_out8(target, 0x80, 0x55) != KDIO_DONE)
 *         fprintf(stderr, "%s\n", kdio_target_error(target)->text);
 *     kdio_target_close(target);
 */
#ifndef KDIO_H
#define KDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kdio/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDIO_MUST_CHECK __attribute__((warn_unused_result))

struct kdio_target;
struct kdio_program;

/* What became of an operation that was asked for. */
enum kdio_outcome {
    KDIO_OUTCOME_DONE,     /* It happened, once. */
    KDIO_OUTCOME_NOT_DONE, /* It did not happen, and will not. */
    KDIO_OUTCOME_UNKNOWN,  /* It happened once, or not at all; kdio_target_resolve may tell. */
};

/* The detail of the last failure on a target. */
struct kdio_error {
    enum kdio_status status;
    enum kdio_class error_class;
    enum kdio_outcome outcome; /* Of the operation at `index`. Those before it are done. */
    uint32_t index;            /* Operation within the program that failed, from 0. */
    uint32_t done_count;       /* Operations of the program known to be done. */
    uint32_t port;             /* Port of that operation, or UINT32_MAX. */
    uint32_t width;            /* Width of that operation in bytes, or 0. */
    int system_errno;          /* errno, for class SYSTEM and failed connections; else 0. */
    char text[256];            /* One line, no full stop: what happened, where, and whether anything was done. */
};

struct kdio_port_span {
    uint16_t first;
    uint16_t last;
};

/* Zero-initialise, set `size`, then set what matters; 0 or NULL means the default. */
struct kdio_options {
    uint32_t size;    /* sizeof(struct kdio_options) */
    uint32_t open_ms; /* Longest time to find the stub; default 4500. */
    uint32_t dead_ms; /* Time without progress, while an answer is owed, that ends an operation; default 4500, at least 500. */
    uint32_t wait_ms; /* kdio_target_open keeps trying for so long, for a target that is still off; default 0. */
    bool read_only;   /* Refuse output on the host, before anything is sent. */
    const struct kdio_port_span *deny; /* Ports refused on the host. Copied. */
    uint32_t deny_count;
    bool deny_safe;   /* Adds the profile `safe`: cf9, 92, b2, and command FE to port 64. */
    /* Console text of the target's kernel, as it arrives. May not call back into the library. */
    void (*console)(void *context, const char *text, size_t size);
    /* Asked at least each 50 ms during a wait; true ends it with KDIO_INTERRUPTED. */
    bool (*interrupted)(void *context);
    /* Every byte that goes out or comes in, as it does; kdio_capture_wire takes the same. Size 0: the connection begins
     * anew, and what was under way in that direction is cut. May not call back into the library, but for that function. */
    void (*wire)(void *context, bool from_host, const uint8_t *bytes, size_t size);
    void *context;
};

/* What the stub told at the start of the session. */
struct kdio_info {
    uint32_t protocol_version;
    uint32_t boot_id;           /* Differs at each boot of the target. */
    uint32_t session_id;        /* Differs at each session. */
    uint32_t frame_max;         /* Largest frame the stub takes, bytes before framing. */
    uint32_t request_window;    /* Bytes of requests that may be under way. */
    uint32_t reply_window;      /* Bytes of replies the stub keeps for repetition. */
    uint32_t frame_window;      /* Requests that may be under way. */
    uint32_t program_max;       /* Operations in a program. */
    uint32_t burst;             /* Bytes per exchange on a polled stub; 0 when there is no such limit. */
    uint32_t capabilities;      /* KDIO_CAP_* */
    uint32_t previous_session;  /* The session before this one in the same boot; 0 if none. */
    uint32_t previous_requests; /* Requests executed in it. */
    uint32_t previous_operations; /* Operations executed in it. */
    uint32_t link_port;         /* First port of the link's own UART; accesses to it are refused. */
    uint32_t link_ports;        /* Number of them; 0 for a UART in memory. */
};

#define KDIO_CAP_PORT      0x00000001u /* in and out */
#define KDIO_CAP_TEXT      0x00000002u /* text to the kernel */
#define KDIO_CAP_POLLED    0x00000100u /* no UART interrupt reaches the stub */
#define KDIO_CAP_READ_ONLY 0x00000200u /* the stub refuses output */

/* The stub's own counters and state (kdio_target_stub_stats). */
struct kdio_stub_stats {
    uint32_t frames;          /* Good frames received. */
    uint32_t bad_frames;      /* Frames whose check failed, too long or cut short. */
    uint32_t repeated;        /* Requests answered from the reply cache. */
    uint32_t overruns;        /* Times the UART reported a receive overrun. */
    uint32_t console_lost;    /* Bytes of console text dropped. */
    uint32_t requests;        /* Requests executed since boot. */
    uint32_t operations;      /* Operations executed since boot. */
    uint32_t atomic_us_max;   /* Longest time with interrupts off seen. */
    uint32_t interrupts;      /* Calls of the interrupt entry. */
    uint32_t uart_base;       /* Port or low 32 bits of the address of the link's UART. */
    uint32_t uptime_ms;
};

/* The host's view of the line since kdio_target_open. */
struct kdio_link_stats {
    uint64_t tx_bytes, rx_bytes;   /* On the wire, everything. */
    uint64_t tx_frames, rx_frames; /* Good ones. */
    uint64_t retransmitted;        /* Request frames sent again. */
    uint64_t bad_frames;           /* Received, check failed or cut short. */
    uint64_t console_bytes;        /* Received outside frames. */
    uint64_t requests, operations; /* Answered. */
    uint64_t sessions;             /* Opened. */
    uint32_t rtt_us_min, rtt_us_mean, rtt_us_max; /* Of requests sent once. */
};

/* ---- Opening ---- */

/*
 * Connects through gensio ("unix,PATH", "tcp,HOST,PORT", "serialdev,/dev/ttyUSB0,115200n81", ...), finds the stub and
 * starts a session. A session of another host on the same line ends; that host is told.
 * Returns KDIO_DONE, or why not: NO_CONNECTION, NO_ANSWER, NOT_KDIO, VERSION, SYSTEM, ... In every case but NO_MEMORY
 * *target is a target that kdio_target_error can ask and kdio_target_close must close.
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio,
                                                  const struct kdio_options *options);

/* Ends the connection. Accepts NULL. The stub's session stays for a later host to read out. */
void kdio_target_close(struct kdio_target *target);

/* ---- Single operations: exactly one in or out instruction of `width` bytes on the target ---- */

/* Checked before a byte is sent: width 1, 2 or 4; port + width at most 0x10000; port a multiple of width; value fits. */
KDIO_MUST_CHECK enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value);

/* *value is unchanged on failure. */
KDIO_MUST_CHECK enum kdio_status kdio_in(struct kdio_target *target, uint64_t port, unsigned width, uint32_t *value);

KDIO_MUST_CHECK static inline enum kdio_status kdio_out8(struct kdio_target *target, uint16_t port, uint8_t value)
{
    return kdio_out(target, port, 1, value);
}
KDIO_MUST_CHECK static inline enum kdio_status kdio_out16(struct kdio_target *target, uint16_t port, uint16_t value)
{
    return kdio_out(target, port, 2, value);
}
KDIO_MUST_CHECK static inline enum kdio_status kdio_out32(struct kdio_target *target, uint16_t port, uint32_t value)
{
    return kdio_out(target, port, 4, value);
}

/* Types text into the target's kernel, in order, in checked frames only. */
KDIO_MUST_CHECK enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size);

/* The checks of kdio_out and kdio_in alone, including deny list and read-only mode; sends nothing. */
KDIO_MUST_CHECK enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width);

/* ---- Programs: operations that run on the target in one request ---- */

/* An empty program; NULL when memory is out. Programs belong to no target and can be run on several. */
struct kdio_program *kdio_program_new(void);
void kdio_program_free(struct kdio_program *program);
void kdio_program_clear(struct kdio_program *program);
size_t kdio_program_count(const struct kdio_program *program);

/* Append one operation. On failure (bad operand, no memory) the program is unchanged. */
KDIO_MUST_CHECK enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width);

/*
 * Plain: runs in order, interrupts as they were; split over several requests where it is larger than one.
 * Atomic: one request, interrupts off; KDIO_TOO_LARGE when it does not fit the stub, and nothing is done.
 * Returns KDIO_DONE when every operation is done. Results up to the first failure are kept (kdio_program_value).
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic);

/* Result of operation `index` after a run: the value read, 0 for output. Valid for index < kdio_program_done_count. */
uint32_t kdio_program_value(const struct kdio_program *program, size_t index);
size_t kdio_program_done_count(const struct kdio_program *program);

/* ---- After a failure ---- */

/* Detail of the last call that failed on this target; never NULL. */
const struct kdio_error *kdio_target_error(const struct kdio_target *target);

/*
 * Resolves an unknown outcome: reconnects if need be, asks the stub what it executed, and makes sure that what was not
 * done never will be. Returns KDIO_DONE when it is known (*done_count operations of the failed call are done, the rest are
 * not); RESET or TAKEN when nobody can know any more; a link status when the line is still dead (try again later).
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_resolve(struct kdio_target *target, uint32_t *done_count);

/* ---- Waiting and asking ---- */

/* Waits at most `ms` for console text or the end of the connection, delivering text to options.console.
 * Returns DONE when the time is over, or LOST, RESET, TAKEN. */
KDIO_MUST_CHECK enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms);

const struct kdio_info *kdio_target_info(const struct kdio_target *target);
void kdio_target_link_stats(const struct kdio_target *target, struct kdio_link_stats *stats);
KDIO_MUST_CHECK enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats);

/* ---- Captures: what goes over the line, in a file for Wireshark and proto/kdio.lua ---- */

struct kdio_capture;

/*
 * Creates or empties a pcapng file, in which `line` is the name of the interface. KDIO_DONE, NO_MEMORY, or SYSTEM with errno
 * set; *capture is NULL on failure. A packet is a frame or a run of console text, as it was on the wire, with its direction
 * and time. `path` may be a pipe that has a reader; SIGPIPE is then the caller's.
 */
KDIO_MUST_CHECK enum kdio_status kdio_capture_open(struct kdio_capture **capture, const char *path, const char *line);

/* Takes what options.wire takes. Each packet is in the file as soon as it is whole. A write that fails ends the capture,
 * with the packets before it whole in the file; nothing else notices before kdio_capture_close. */
void kdio_capture_wire(struct kdio_capture *capture, bool from_host, const uint8_t *bytes, size_t size);

/* Writes what is left and closes the file. Returns 0, or the errno that ended the capture early. Accepts NULL. */
int kdio_capture_close(struct kdio_capture *capture);

/* "kdio 0.1.0" */
const char *kdio_version(void);

#ifdef __cplusplus
}
#endif
#endif
