/* SPDX-License-Identifier: MIT */
/*
 * stub_link.h: the stub's end of the link (SPEC.md, sections 3 and 6).
 *
 * Takes bytes and a time, yields requests to execute and bytes to send. It never waits, reads a clock or allocates, and
 * keeps all state in its structure and the memory that comes with it. The invariants: a request is handed out only
 * after its whole frame was verified under the session's key and its full sequence number; in order; once. A request
 * that was executed is answered from the reply cache ever after.
 *
 * Use: kdio_stub_link_take until it hands out a request; execute it into the memory of kdio_stub_link_results; then
 * kdio_stub_link_answer. kdio_stub_link_next whenever the line takes bytes. While a request takes long, the bytes
 * that come are kept for later, and kdio_stub_link_scan looks through them for what cannot wait.
 */
#ifndef KDIO_PROTO_STUB_LINK_H
#define KDIO_PROTO_STUB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/session.h"

#define KDIO_HELLO_PERIOD_US 1000000u

/* L8: console text that may go between two frames of a busy session: 6 ms at 115200 baud. */
#define KDIO_TEXT_TURN 64u

/*
 * Memory and limits, from the caller; the limits are the fields of the answer to OPEN and are told as they stand
 * here. The caller sets boot_id, request_window, results_max, program_max, burst, capabilities, link_port and
 * link_ports; the link the others.
 */
struct kdio_stub_link_config {
    union {
        struct {
            KDIO_ANSWER_FIELDS(KDIO_FIELD_MEMBER)
        };
        struct kdio_answer answer;
    };
    uint32_t frame_size;
    uint32_t replies_size; /* At least 4 * results_max + 128. */
    uint8_t *frame;        /* Holds one payload. */
    uint8_t *replies;      /* The reply cache. */
};

/* A session as the stub knows it. */
struct kdio_stub_session {
    struct kdio_session_key key; /* challenge 0: there is none. */
    uint32_t expected;           /* Full sequence number of the next request; so many are executed. */
    uint32_t operations;         /* Operations executed that are not the link's own. */
};

/* Sessions move on from one place to the next. */
enum kdio_stub_role {
    KDIO_STUB_CANDIDATE, /* Answered OPEN, waiting for its first request. */
    KDIO_STUB_CURRENT,   /* Its requests are executed. Once there is one, there is one for ever. */
    KDIO_STUB_FORMER,    /* Ended by the current one. */
    KDIO_STUB_ROLES,
};

/* A cached reply: a payload in `replies`. */
struct kdio_cached_reply {
    uint16_t at;
    uint16_t size; /* 0: none. */
};

struct kdio_stub_link_stats {
    uint32_t frames, bad_frames, repeated, requests, operations;
};

/* Longest payload that kdio_stub_link_scan looks at: OPEN, the notes and the first request of a session are shorter. */
#define KDIO_SCAN_SIZE 16u

/* A verified request, valid until kdio_stub_link_answer. */
struct kdio_stub_request {
    const uint8_t *program;
    size_t size;
    bool atomic;
};

/* What is used most stands first, within reach of a one-byte offset. */
struct kdio_stub_link {
    struct kdio_frame_decoder decoder;
    struct kdio_frame_encoder encoder;
    uint64_t replies_due;               /* Bit per cached reply to send. */
    uint64_t hello_due_us;
    uint16_t due;                       /* DUE_*: other messages to send. */
    uint8_t version;                    /* In common with the last OPEN; 0: none. */
    uint8_t unknown_type;               /* What REFUSE or UNSUPPORTED names. */
    uint8_t sending_slot;               /* Of the reply being sent; SENDING_NO_REPLY for other frames. */
    uint8_t text_turn;                  /* Text bytes that may go before the next frame. */
    bool last_failed;                   /* The last request of the current session stopped before its end. */
    uint32_t answer_nonce;
    uint32_t note_seqs[2];              /* Of the frames that TAKEN and UNSUPPORTED answer. */
    uint32_t operations_done;           /* What ALIVE says. */
    uint32_t reply_at;                  /* Where the next reply goes. */
    union {
        struct {
            struct kdio_stub_session candidate, current, former; /* As in enum kdio_stub_role. */
        };
        struct kdio_stub_session sessions[KDIO_STUB_ROLES];
    };
    struct kdio_stub_link_stats stats;
    struct kdio_stub_link_config config;
    struct kdio_frame_decoder scanner;  /* Runs ahead of `decoder` while a request is out. */
    uint8_t scanned[KDIO_SCAN_SIZE];
    struct kdio_cached_reply cache[KDIO_SEQ_MASK + 1]; /* By the low bits of the sequence number. */
    uint8_t control[KDIO_CONTROL_SIZE]; /* The message being sent that is no reply. */
};

/* A challenge for the answer to OPEN: any number; the link sees to it that it is new in this boot. */
typedef uint32_t kdio_draw_fn(void *context);

void kdio_stub_link_init(struct kdio_stub_link *link, const struct kdio_stub_link_config *config, uint64_t now_us);

/*
 * Takes one byte. True when it completes the request to execute now, which kdio_stub_link_request hands out. `draw`
 * is called at most once.
 */
bool kdio_stub_link_take(struct kdio_stub_link *link, uint8_t byte, uint64_t now_us, kdio_draw_fn *draw,
                         void *draw_context);

static inline void kdio_stub_link_request(const struct kdio_stub_link *link, struct kdio_stub_request *request)
{
    request->program = link->decoder.buffer + KDIO_HEADER_SIZE;
    request->size = link->decoder.size - KDIO_MESSAGE_MIN;
    request->atomic = (link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_ATOMIC;
}

/* Memory for config.results_max bytes of results of the request that is out. To be called once for each request. */
uint8_t *kdio_stub_link_results(struct kdio_stub_link *link);

/*
 * The request that is out is answered, with so many bytes of results, and counts as executed; `operations` of it
 * count as the user's. `failure` is NULL when all of it is done; else failure->done operations are.
 */
void kdio_stub_link_answer(struct kdio_stub_link *link, size_t results_size, const struct kdio_failure *failure,
                           uint32_t operations);

/* What a byte completes, for which the request that is out need not be waited for. */
enum kdio_stub_scan {
    KDIO_SCAN_NOTHING, /* Nothing, or a frame that can wait. */
    KDIO_SCAN_SETTLED, /* A frame that has had its effect, and must not be taken again. */
    KDIO_SCAN_CANCEL,  /* The same: the request that is out is to stop. */
    KDIO_SCAN_CONFIRM, /* Another host takes the line over: that request is to stop, and the frame is to be taken. */
};

/* While a request is out: begins at the byte that kdio_stub_link_take is to take next. */
void kdio_stub_link_scan_start(struct kdio_stub_link *link);
/* Looks at the next byte, which kdio_stub_link_take takes later. `draw` is called at most once. */
enum kdio_stub_scan kdio_stub_link_scan(struct kdio_stub_link *link, uint8_t byte, uint64_t now_us, kdio_draw_fn *draw,
                                        void *draw_context);

/* The request that is out is being executed, and so many of its operations are done: a sign of life is sent. */
/* L11: something waits to be fetched. A hint, to be given again until it was. */
void kdio_stub_link_event(struct kdio_stub_link *link);

void kdio_stub_link_alive(struct kdio_stub_link *link, uint32_t operations_done);

/* Bytes were received and had to be dropped: the host is told what is wanted next. */
void kdio_stub_link_dropped(struct kdio_stub_link *link);

static inline void kdio_stub_link_done(struct kdio_stub_link *link, size_t results_size, uint32_t operations)
{
    kdio_stub_link_answer(link, results_size, NULL, operations);
}

/* What kdio_stub_link_next returns beside bytes. */
enum {
    KDIO_STUB_LINK_TEXT = -1, /* A byte of text is to go next. */
    KDIO_STUB_LINK_IDLE = -2, /* Nothing. */
};

/* The next byte for the line, which is sent. Between frames, text goes when it waits and has its turn. */
int kdio_stub_link_next(struct kdio_stub_link *link, bool text_waits, uint64_t now_us);

/* Gives up the frame that is being sent; it is sent again if it was a reply. True when there was one: the line needs a
 * delimiter, after which kdio_stub_link_next goes on. */
bool kdio_stub_link_abort_tx(struct kdio_stub_link *link);

/* True while a frame is being sent. */
bool kdio_stub_link_mid_frame(const struct kdio_stub_link *link);

/* True while frames wait to be sent. */
bool kdio_stub_link_tx_pending(const struct kdio_stub_link *link, uint64_t now_us);

/* Takes effect with the next answer to OPEN. The one function that may be called while another is at work. */
void kdio_stub_link_set_burst(struct kdio_stub_link *link, uint8_t burst, uint32_t capabilities);

#endif
