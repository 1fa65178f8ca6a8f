/* SPDX-License-Identifier: MIT */
/*
 * host_link.h: the host's end of the link (SPEC.md, sections 3 and 6).
 *
 * Takes bytes and a time, yields bytes to send, events and the next deadline. It never waits, reads a clock or
 * allocates; its state is in the structure and in the memory that comes with it, and a request belongs to the caller
 * and lies still from kdio_host_link_submit to its event.
 *
 * The invariants: a request keeps its sequence number however often it is sent; replies are taken in order; a request
 * without a reply when the session ends is left to the caller as unknown, and is never sent again in another session.
 *
 * Use: init, open, then round and round: kdio_host_link_tx while it gives bytes, kdio_host_link_rx for each slice
 * received, kdio_host_link_tick at kdio_host_link_deadline; act on each event.
 */
#ifndef KDIO_PROTO_HOST_LINK_H
#define KDIO_PROTO_HOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/session.h"

/* Times of SPEC.md, section 7, in microseconds. */
#define KDIO_OPEN_PERIOD_US   500000u /* L13: at most two probes a second. */
#define KDIO_RETRY_FIRST_US   300000u /* Before a round trip was measured. */
#define KDIO_RETRY_MIN_US     40000u
#define KDIO_RETRY_POLLED_US  120000u /* A polled stub says 16 bytes at a time, text among them. */
#define KDIO_RETRY_MAX_US     1000000u
#define KDIO_ALIVE_WAIT_US    500000u /* Two periods of ALIVE: silence is no loss while a program may run so long. */
#define KDIO_NEVER_US         UINT64_MAX

enum kdio_host_state {
    KDIO_HOST_CLOSED,  /* No session; nothing is sent. */
    KDIO_HOST_OPENING, /* OPEN is sent until it is answered. */
    KDIO_HOST_CONFIRMING, /* The first request is under way. */
    KDIO_HOST_READY,
};

enum kdio_host_event_type {
    KDIO_HOST_NONE,
    KDIO_HOST_TEXT,     /* Console text: text, text_size: part of the slice given to rx. */
    KDIO_HOST_OPENED,   /* The session is there: link->answer. */
    KDIO_HOST_REFUSED,  /* OPEN was answered, but no version is in common: link->answer. */
    KDIO_HOST_REPLY,    /* request is answered: all of it done, or failure. */
    KDIO_HOST_EVENT,    /* L11: something is to be fetched. */
    KDIO_HOST_RESET,    /* Another boot of the target: the session is over. */
    KDIO_HOST_TAKEN,    /* Another host has the line: the session is over. */
    KDIO_HOST_TIMEOUT,  /* No progress for too long: the session is over. */
    KDIO_HOST_BAD,      /* An intact reply that makes no sense: the session is over. */
};

/* A request under way. The caller fills the first part. */
struct kdio_host_request {
    const uint8_t *program;
    size_t size;
    uint32_t results_max; /* Bytes of results when all operations are done. */
    bool atomic;
    uint32_t worst_us;   /* Longest time that the program may take on the target; 0: less than matters. */

    uint32_t seq; /* The link's. */
    bool sent;
    bool resent;
    bool alive;          /* The stub said that it was running, */
    uint32_t alive_done; /* and that so many operations of it were done. */
    uint64_t sent_us;
};

struct kdio_host_event {
    enum kdio_host_event_type type;
    const uint8_t *text;
    size_t text_size;
    struct kdio_host_request *request;
    struct kdio_failure failure; /* status KDIO_DONE when all is done. */
    const uint8_t *results;      /* Valid until the next call of rx. */
    size_t results_size;
};

struct kdio_host_link_config {
    uint8_t *rx_frame; /* Holds one payload from the stub. */
    size_t rx_frame_size;
    uint8_t *tx_frame; /* Holds one payload to the stub. */
    size_t tx_frame_size;
    uint32_t dead_us;  /* Time without progress, with an answer owed, that ends the session. */
};

struct kdio_host_link_stats {
    uint64_t tx_frames, rx_frames, retransmitted, bad_frames, text_bytes, hellos;
    uint64_t rtt_count, rtt_sum_us;
    uint32_t rtt_min_us, rtt_max_us;
};

struct kdio_host_link {
    struct kdio_host_link_config config;
    struct kdio_frame_decoder decoder;
    struct kdio_frame_encoder encoder;
    enum kdio_host_state state;
    struct kdio_session_key key;
    struct kdio_answer answer;  /* Of the session. */
    uint32_t own_boot;          /* Of the last session that was confirmed. */
    uint32_t own_session;
    bool continuing;            /* The session to open follows that one, and takes the line from no other host. */
    bool unsettled;             /* Since the last call of open no session was confirmed. */
    uint32_t open_nonce;        /* Of the OPEN that is unanswered: a new session, or a probe of the present one. */
    uint32_t spare_nonce;       /* For the next probe; 0 when used up. */
    bool probing;               /* OPEN asks, within a session, whether the target is still the same. */
    uint64_t open_due_us;
    uint64_t open_sent_us;
    struct kdio_host_request *slots[KDIO_WINDOW_MAX];
    uint32_t base_seq;          /* Oldest request without a reply. */
    uint32_t send_seq;          /* Next request to put on the wire. */
    uint32_t next_seq;          /* Next number to give. */
    bool force_delimiter;       /* The next frame follows something doubtful. */
    uint64_t progress_us;       /* H7: last reply in order or ALIVE, or when an answer was first owed after it. */
    uint64_t retry_us;          /* When to send again. */
    uint64_t goback_us;         /* When the last repetition began. */
    uint32_t rto_us;
    uint32_t srtt_us, rttvar_us;
    uint32_t retries;           /* Since the last progress. */
    uint32_t send_limit;        /* Requests to have on the wire: one after a repetition by time, one more with each reply. */
    uint32_t frame_limit;       /* L12: payload bytes to fill at most. */
    uint32_t good_run;          /* Replies since the last loss. */
    bool cancelling;            /* CANCEL is sent, */
    uint32_t cancel_seq;        /* of this request, until it is answered. */
    uint64_t cancel_due_us;
    uint64_t keep_period_us;    /* Something is sent that often; 0: only what there is. */
    uint64_t keep_due_us;
    struct kdio_host_request confirm; /* The first request of each session. */
    struct kdio_host_link_stats stats;
};

void kdio_host_link_init(struct kdio_host_link *link, const struct kdio_host_link_config *config);

/*
 * Starts a session. With `again`, one that follows the last one: when another host has had the line since, the event is
 * TAKEN and nothing is changed. `nonce` must be one for which kdio_host_nonce_fits holds, new each time; it is left
 * unused while an earlier such attempt is not settled. Requests of an earlier session are forgotten: the caller has
 * dealt with them.
 */
void kdio_host_link_open(struct kdio_host_link *link, uint32_t nonce, bool again, uint64_t now_us);
bool kdio_host_nonce_fits(uint32_t nonce);

/* A nonce that the link may use to ask whether the target is still the same. To be given whenever link->spare_nonce is
 * 0. */
void kdio_host_link_give_nonce(struct kdio_host_link *link, uint32_t nonce);

/* Hands over a request; false when the window has no room for it now, or there is no session. */
bool kdio_host_link_submit(struct kdio_host_link *link, struct kdio_host_request *request, uint64_t now_us);

/* Largest program, in bytes, that one request carries in this session; and how much of it L12 advises to fill now. */
size_t kdio_host_link_program_max(const struct kdio_host_link *link);
size_t kdio_host_link_program_advised(const struct kdio_host_link *link);

/* Asks the stub to stop the program that is running, the oldest without a reply; what is chained to it does not run
 * then. All of them are answered as ever. */
void kdio_host_link_cancel(struct kdio_host_link *link, uint64_t now_us);

/* Within a session, sends something at least that often, as the stub gives up a rate at which it hears nothing; 0: no
 * more. */
void kdio_host_link_keep(struct kdio_host_link *link, uint64_t period_us, uint64_t now_us);

/* Requests without a reply. */
uint32_t kdio_host_link_outstanding(const struct kdio_host_link *link);

/* Takes bytes up to the first event and returns how many. */
size_t kdio_host_link_rx(struct kdio_host_link *link, const uint8_t *bytes, size_t size, uint64_t now_us,
                         struct kdio_host_event *event);

/* Acts on time; may give TIMEOUT. */
void kdio_host_link_tick(struct kdio_host_link *link, uint64_t now_us, struct kdio_host_event *event);

/* When tick must be called next; KDIO_NEVER_US for no such time. */
uint64_t kdio_host_link_deadline(const struct kdio_host_link *link);

/* Writes up to `capacity` bytes for the line and returns how many. */
size_t kdio_host_link_tx(struct kdio_host_link *link, uint8_t *out, size_t capacity, uint64_t now_us);

/* The line has another rate within the session: what is unanswered is sent again at once, and has its time anew. */
void kdio_host_link_rate_changed(struct kdio_host_link *link, uint64_t now_us);

/* The line was connected anew within the session: what is unanswered is sent again at once. */
void kdio_host_link_reconnected(struct kdio_host_link *link, uint64_t now_us);

#endif
