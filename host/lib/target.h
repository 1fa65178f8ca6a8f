/* SPDX-License-Identifier: MIT */
/* target.h: a target and its programs as the library's own files see them. */
#ifndef KDIO_HOST_TARGET_H
#define KDIO_HOST_TARGET_H

#include <kdio.h>

#include "host/lib/observation.h"
#include "host/lib/transport.h"
#include "proto/host_link.h"
#include "proto/program.h"

#define KDIO_API __attribute__((visibility("default")))

#define KDIO_PAYLOAD_MAX 65535u

/* An operation that was asked for. */
struct kdio_operation {
    const struct kdio_op_row *row;
    uint64_t operand[KDIO_OP_OPERANDS_MAX]; /* In wire order. A count may be more than one of the wire holds. */
    size_t bytes_at;   /* Of the operand `s` or `t`, in the program's bytes. */
    size_t results_at; /* In the program's results. */
};

/* Results lie one after the other as they come over the wire, so that a reply is copied as one piece. */
struct kdio_program {
    struct kdio_operation *operations;
    size_t count, capacity;
    const uint8_t *bytes;  /* What the operands `s` and `t` hold; the program's own when bytes_capacity is not 0. */
    size_t bytes_size, bytes_capacity;
    uint8_t *results;      /* The program's own when results_capacity is not 0. */
    size_t results_size;   /* Of all operations. */
    size_t results_capacity;
    uint32_t capabilities; /* That its operations need. */
    bool changes;          /* One of them changes the target. */
    size_t done_count;
    size_t partial_size;   /* Bytes of results that the operation behind those gave. */
};

/*
 * A stretch of a program. An operation that is larger than a request is cut at its units: the first of a stretch may be
 * the rest of one, the last may end before it is whole. No stretch holds two pieces of the same operation.
 */
struct kdio_stretch {
    size_t first, count; /* Operations. */
    uint64_t from;       /* Units of the first that lie in earlier stretches. */
    uint64_t to;         /* Units of the last up to the end of this one; 0 when it is whole. */
};

/* A request under way. */
struct kdio_flight {
    struct kdio_host_request request;
    struct kdio_stretch stretch;
    uint8_t *bytes;      /* The encoded stretch. */
    size_t capacity;
    size_t results_at;   /* Where its results go, in the program's. */
    bool chained;        /* It begins with an operation of the link's own. */
    bool in_use;
    bool answered;
    struct kdio_failure failure;
};

struct kdio_target {
    struct kdio_options options;
    struct kdio_port_span *deny;
    struct kdio_transport *transport;
    struct kdio_host_link link;
    struct kdio_info info;
    struct kdio_error error;
    enum kdio_status session_end; /* Why the session ended; DONE while it lasts or before the first. */
    bool opened_once;
    uint64_t random;              /* State of the generator of nonces. */
    struct kdio_flight flights[KDIO_WINDOW_MAX];
    struct kdio_program *running; /* The program whose results are being taken. */
    struct kdio_flight *failed;   /* The first of its requests that did not run to its end. */
    uint32_t session_operations;  /* The user's operations of the wire answered in this session. */
    uint64_t sessions, requests, operations;
    bool event;                   /* The stub says that something is to be fetched. */

    bool unresolved;              /* The last call left operations whose outcome is unknown. */
    uint32_t unresolved_boot;
    uint32_t unresolved_session;
    uint32_t unresolved_from;     /* session_operations before them. */
    struct kdio_stretch unresolved_stretches[KDIO_WINDOW_MAX]; /* They. */
    size_t unresolved_count;
    bool resolved;
    uint32_t resolved_count;      /* Operations of the wire, of theirs, that are done. */

    uint32_t baud_default;        /* Of the line; 0: not known, or there is none. */
    uint8_t baud_program[5];      /* BAUD with it. */
    uint32_t baud;                /* What the line was moved to; 0: nothing. */
    bool changing_baud;

    struct kdio_observation observation; /* Of the search for a stub. */
    uint8_t rx_frame[KDIO_PAYLOAD_MAX];
    uint8_t tx_frame[KDIO_PAYLOAD_MAX];
};

/* error.c */

/* Fills target->error from a format and returns `status`. The outcome is of the operation at `index`. */
enum kdio_status kdio_fail(struct kdio_target *target, enum kdio_status status, enum kdio_outcome outcome,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Names the operation that target->error is about; error->units_done is known by then. */
void kdio_fail_operation(struct kdio_target *target, const struct kdio_operation *operation, size_t index,
                         size_t done_count);

/* describe.c */

/* An operation in words: "ob 80 55", "read of 8 bytes at fee00000 (physical)". */
void kdio_operation_text(const struct kdio_operation *operation, char *text, size_t size);
/* Why it failed; `failure` is what the stub said, or NULL when the host refused it. */
void kdio_failure_text(const struct kdio_operation *operation, enum kdio_status status,
                       const struct kdio_failure *failure, char *text, size_t size);
/* What the units of its count are, for "16 of 64 bytes"; and how many there are, 0 for an operation without. */
const char *kdio_operation_unit(const struct kdio_operation *operation);
uint64_t kdio_operation_units(const struct kdio_operation *operation);

/* session.c */

/* There is a session when DONE is returned: the present one, or a new one after the connection was lost. */
enum kdio_status kdio_session_ensure(struct kdio_target *target);
/* Moves bytes and time on until something happened or `limit_us` passed. DONE, or INTERRUPTED, or why the session
 * ended. */
enum kdio_status kdio_session_step(struct kdio_target *target, uint64_t limit_us);

/* rate.c */

/* A session is there: moves it to the rate of the options. */
enum kdio_status kdio_rate_raise(struct kdio_target *target);
/* Before a session is used: the stub went back to the default rate when it had heard nothing for long. */
void kdio_rate_check(struct kdio_target *target);
/* The line was connected anew, at its default rate. Within a session it goes on at the one it has. */
void kdio_rate_connected(struct kdio_target *target, bool in_session);
/* The session ends in order: the stub goes back to the default rate at once. */
void kdio_rate_leave(struct kdio_target *target);

static inline bool kdio_session_ready(const struct kdio_target *target)
{
    return target->link.state == KDIO_HOST_READY && target->session_end == KDIO_DONE;
}

/* operation.c */

/* One operation; `bytes` is what its operand `s` or `t` holds, and the results have room for all it gives. */
enum kdio_status kdio_run_one(struct kdio_target *target, struct kdio_operation *operation, const void *bytes,
                              uint8_t *results);

/* form.c: operations from what a caller asks for, or why there is no such operation. */

enum kdio_status kdio_make(struct kdio_operation *operation, uint8_t opcode, const uint64_t *operand);
/* `opcode` is that of the narrowest; `more` are the operands behind the port. */
enum kdio_status kdio_make_port(struct kdio_operation *operation, uint8_t opcode, uint64_t port, unsigned width,
                                const uint64_t more[2]);
enum kdio_status kdio_make_memory(struct kdio_operation *operation, bool write, enum kdio_space space, uint64_t address,
                                  unsigned unit, size_t size);
enum kdio_status kdio_make_pci(struct kdio_operation *operation, bool write, struct kdio_pci_address function,
                               uint32_t offset, unsigned unit, size_t size);
/* Place of the operand `n`, or 0. */
unsigned kdio_count_place(const struct kdio_op_row *row);
/* Bytes of its results when it is done. */
size_t kdio_operation_results_size(const struct kdio_operation *operation);

/* builder.c */

enum kdio_status kdio_program_append(struct kdio_program *program, const struct kdio_operation *operation,
                                     const void *bytes, size_t size);

/* check.c: the host's policy, and what a stub is known not to have. */
enum kdio_status kdio_operation_check(struct kdio_target *target, const struct kdio_operation *operation);
/* The same for all of a program; *index is the one that is refused. */
enum kdio_status kdio_program_check_all(struct kdio_target *target, const struct kdio_program *program, size_t *index);
/* What a stub has that this operation needs, in words. */
const char *kdio_capability_text(uint32_t capability);

/* cut.c */

enum kdio_cutting {
    KDIO_CUT_FULL,   /* As many operations in a request as it holds. */
    KDIO_CUT_SINGLY, /* One. */
    KDIO_CUT_NEVER,  /* All, or TOO_LARGE. */
};

/* Where the next request of a program begins. */
struct kdio_place {
    size_t index;   /* Operation. */
    uint64_t units; /* Of it, that lie before. */
};

/*
 * Encodes the next request of a program into a flight, whose bytes grow as need be, and moves the place on. `chained`
 * is taken from the flight. DONE, TOO_LARGE when the next operation does not fit (if the flight is chained, it may
 * without the lead), or NO_MEMORY.
 */
enum kdio_status kdio_cut(const struct kdio_target *target, const struct kdio_program *program,
                          enum kdio_cutting cutting, struct kdio_place *place, struct kdio_flight *flight);

/* run.c */
enum kdio_status kdio_run_program(struct kdio_target *target, struct kdio_program *program,
                                  enum kdio_cutting cutting);
/* The reply to a request: its results, and how far the program is. */
void kdio_run_reply(struct kdio_target *target, struct kdio_flight *flight, const struct kdio_host_event *event);
/* How many operations of the call that left an unknown outcome are done, now that it is resolved. */
uint32_t kdio_run_resolved(struct kdio_target *target);

#endif
