/* SPDX-License-Identifier: MIT */
/* target.h: a target as the library's own files see it. */
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
    uint8_t opcode;
    uint64_t operand[KDIO_OP_OPERANDS_MAX];
    const uint8_t *bytes; /* Of a text; belongs to the caller. */
    uint64_t result[KDIO_OP_RESULTS_MAX];
};

struct kdio_program {
    struct kdio_operation *operations;
    size_t count;
    size_t capacity;
    size_t done_count;
};

/* A request under way: a stretch of a program. */
struct kdio_flight {
    struct kdio_host_request request;
    uint8_t *bytes;      /* The encoded stretch. */
    size_t first, count; /* Of the program's operations. */
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
    uint32_t session_operations;  /* The user's operations answered in this session. */
    uint64_t sessions, requests, operations;

    bool unresolved;              /* The last call left operations whose outcome is unknown. */
    uint32_t unresolved_boot;
    uint32_t unresolved_session;
    uint32_t unresolved_from;     /* session_operations when that call began. */
    bool resolved;
    uint32_t resolved_count;

    struct kdio_observation observation; /* Of the search for a stub. */
    uint8_t rx_frame[KDIO_PAYLOAD_MAX];
    uint8_t tx_frame[KDIO_PAYLOAD_MAX];
};

/* error.c */

/* Fills target->error from a format and returns `status`. The outcome is of the operation at `index`. */
enum kdio_status kdio_fail(struct kdio_target *target, enum kdio_status status, enum kdio_outcome outcome,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Names the operation that target->error is about. */
void kdio_fail_operation(struct kdio_target *target, const struct kdio_operation *operation, uint32_t index,
                         uint32_t done_count);

/* session.c */

/* There is a session when DONE is returned: the present one, or a new one after the connection was lost. */
enum kdio_status kdio_session_ensure(struct kdio_target *target);
/* Moves bytes and time on until something happened or `limit_us` passed. DONE, or INTERRUPTED, or why the session ended. */
enum kdio_status kdio_session_step(struct kdio_target *target, uint64_t limit_us);

/* check.c: the rules of the request itself and the host's policy. */
enum kdio_status kdio_operation_check(struct kdio_target *target, const struct kdio_operation *operation);
enum kdio_status kdio_operation_make_out(struct kdio_operation *operation, uint64_t port, unsigned width,
                                         uint64_t value);
enum kdio_status kdio_operation_make_in(struct kdio_operation *operation, uint64_t port, unsigned width);

/* run.c */
enum kdio_status kdio_run_program(struct kdio_target *target, struct kdio_program *program, bool atomic);

#endif
