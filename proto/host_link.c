/* SPDX-License-Identifier: MIT */
/* host_link.c: see host_link.h. Repetition is go-back-N: replies are taken in order, and what is repeated is answered
 * from the stub's cache. */
#include "proto/host_link.h"

#include "proto/cursor.h"
#include "proto/op_table.h"
#include "proto/status.h"

#define OPEN_RETRIES        1u   /* Repetitions of the first request before OPEN is asked again. */
#define PROBE_RETRIES       2u   /* Repetitions without progress before the target is asked whether it is the same. */
#define FRAME_LIMIT_FIRST   1024u /* L12: where frames start, how far they shrink, and what makes them grow. */
#define FRAME_LIMIT_MIN     16u
#define GOOD_RUN_TO_GROW    4u
#define WINDOW_FRAMES       8u   /* Programs that fill a window, */
#define FRAME_SMALL         768u /* if they are at least so large. */
#define SLOW_BYTE_US        100u /* A byte at 115200 baud takes 87 us: a queue of bytes delays its answer as much. */
#define FRAME_OVERHEAD      4u
#define HELLO_TO_OPEN_US    100000u /* The answer of a stub that a timer of 100 Hz polls takes 40 ms. */

#define SESSION_RESULTS_SIZE 12u

static const uint8_t confirm_program[] = { KDIO_OP_SESSION };

void kdio_host_link_init(struct kdio_host_link *link, const struct kdio_host_link_config *config)
{
    *link = (struct kdio_host_link){ .config = *config, .force_delimiter = true };
    kdio_frame_decoder_init(&link->decoder, config->rx_frame, config->rx_frame_size);
}

bool kdio_host_nonce_fits(uint32_t nonce)
{
    uint8_t payload[KDIO_OPEN_SIZE];

    return kdio_open_write(payload, KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION, nonce);
}

void kdio_host_link_give_nonce(struct kdio_host_link *link, uint32_t nonce)
{
    link->spare_nonce = nonce;
}

static bool in_session(const struct kdio_host_link *link)
{
    return link->state == KDIO_HOST_CONFIRMING || link->state == KDIO_HOST_READY;
}

uint32_t kdio_host_link_outstanding(const struct kdio_host_link *link)
{
    return in_session(link) ? link->next_seq - link->base_seq : 0;
}

static struct kdio_host_request **slot(struct kdio_host_link *link, uint32_t seq)
{
    return &link->slots[seq % KDIO_WINDOW_MAX];
}

static void end_session(struct kdio_host_link *link)
{
    link->state = KDIO_HOST_CLOSED;
    link->probing = false;
    link->cancelling = false;
    link->retry_us = KDIO_NEVER_US;
}

void kdio_host_link_open(struct kdio_host_link *link, uint32_t nonce, bool again, uint64_t now_us)
{
    end_session(link);
    /* An attempt that was given up may have been confirmed, its reply lost: by its nonce the stub knows it again. */
    if (!again || !link->unsettled)
        link->open_nonce = nonce;
    link->unsettled = true;
    link->continuing = again;
    link->state = KDIO_HOST_OPENING;
    link->open_due_us = now_us;
    link->encoder = (struct kdio_frame_encoder){ 0 };
    link->force_delimiter = true;
}

/* ---- Windows (L7) ---- */

static size_t wire_size(size_t program_size)
{
    return KDIO_FRAME_WIRE_MAX(program_size + KDIO_MESSAGE_MIN);
}

static bool window_has_room(struct kdio_host_link *link, const struct kdio_host_request *request)
{
    const struct kdio_answer *answer = &link->answer;
    size_t requests_size = wire_size(request->size);
    size_t replies_size = KDIO_REPLY_COST(request->results_max);
    uint32_t count = kdio_host_link_outstanding(link);

    if (!count)
        return true;
    if (answer->burst || count >= answer->frame_window || count >= KDIO_WINDOW_MAX)
        return false;
    for (uint32_t seq = link->base_seq; seq != link->next_seq; seq++) {
        requests_size += wire_size((*slot(link, seq))->size);
        replies_size += KDIO_REPLY_COST((*slot(link, seq))->results_max);
    }
    return requests_size <= answer->request_window && replies_size <= answer->reply_window;
}

static void enqueue(struct kdio_host_link *link, struct kdio_host_request *request, uint64_t now_us)
{
    if (!kdio_host_link_outstanding(link)) {
        link->progress_us = now_us;
        link->retries = 0;
    }
    request->seq = link->next_seq++;
    request->sent = false;
    request->resent = false;
    request->alive = false;
    request->alive_done = 0;
    *slot(link, request->seq) = request;
}

bool kdio_host_link_submit(struct kdio_host_link *link, struct kdio_host_request *request, uint64_t now_us)
{
    if (link->state != KDIO_HOST_READY || !window_has_room(link, request))
        return false;
    enqueue(link, request, now_us);
    return true;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t kdio_host_link_program_max(const struct kdio_host_link *link)
{
    size_t payload = smaller(link->answer.frame_max, link->config.tx_frame_size);
    size_t window = link->answer.request_window;

    /* COBS adds a byte in 254 to what FRAME_OVERHEAD covers. */
    payload = smaller(payload, window - window / 254u - FRAME_OVERHEAD);
    if (link->answer.burst)
        payload = smaller(payload, link->answer.burst - FRAME_OVERHEAD);
    return payload > KDIO_MESSAGE_MIN ? payload - KDIO_MESSAGE_MIN : 0;
}

/* A window of a few large frames stands still while one is executed and its reply comes; below FRAME_SMALL what a frame
 * costs by itself begins to tell. */
size_t kdio_host_link_program_advised(const struct kdio_host_link *link)
{
    size_t part = link->answer.request_window / WINDOW_FRAMES;

    return smaller(smaller(kdio_host_link_program_max(link), link->frame_limit),
                   part > FRAME_SMALL ? part : FRAME_SMALL);
}

/* L12: halved at a loss, doubled after a run of replies without one. */
static void shrink_frames(struct kdio_host_link *link)
{
    link->good_run = 0;
    link->frame_limit = link->frame_limit / 2 < FRAME_LIMIT_MIN ? FRAME_LIMIT_MIN : link->frame_limit / 2;
}

static void count_good(struct kdio_host_link *link)
{
    if (++link->good_run < GOOD_RUN_TO_GROW)
        return;
    link->good_run = 0;
    if (link->frame_limit < kdio_host_link_program_max(link))
        link->frame_limit *= 2;
}

/* ---- Repetition (L3, L6) ---- */

/* All requests under way, and the reply to the oldest: the next ones have their time when it is there. */
static uint64_t queue_delay_us(struct kdio_host_link *link)
{
    uint64_t bytes = link->next_seq != link->base_seq ? (*slot(link, link->base_seq))->results_max : 0;

    for (uint32_t seq = link->base_seq; seq != link->next_seq; seq++)
        bytes += wire_size((*slot(link, seq))->size);
    return bytes * SLOW_BYTE_US;
}

/* What the programs under way may take, as far as that goes without ALIVE. */
static uint64_t run_delay_us(struct kdio_host_link *link)
{
    uint64_t worst_us = 0;

    for (uint32_t seq = link->base_seq; seq != link->next_seq; seq++)
        worst_us += (*slot(link, seq))->worst_us;
    return worst_us < KDIO_ALIVE_WAIT_US ? worst_us : KDIO_ALIVE_WAIT_US;
}

static void arm_retry_after(struct kdio_host_link *link, uint64_t now_us, uint64_t delay_us)
{
    link->retry_us = kdio_host_link_outstanding(link) ? now_us + link->rto_us + queue_delay_us(link) + delay_us
                                                      : KDIO_NEVER_US;
}

static void arm_retry(struct kdio_host_link *link, uint64_t now_us)
{
    arm_retry_after(link, now_us, run_delay_us(link));
}

static void set_rto(struct kdio_host_link *link)
{
    uint64_t rto_us = link->srtt_us + 4u * (uint64_t)link->rttvar_us;
    uint64_t least_us = link->answer.burst ? KDIO_RETRY_POLLED_US : KDIO_RETRY_MIN_US;

    if (!link->srtt_us)
        rto_us = KDIO_RETRY_FIRST_US;
    if (rto_us < least_us)
        rto_us = least_us;
    link->rto_us = rto_us > KDIO_RETRY_MAX_US ? KDIO_RETRY_MAX_US : (uint32_t)rto_us;
}

/* Jacobson's estimator (RFC 6298), for requests that were sent once (Karn) whose programs take no time of their own. */
static void measure(struct kdio_host_link *link, const struct kdio_host_request *request, uint64_t now_us)
{
    uint32_t rtt_us = (uint32_t)(now_us - request->sent_us);
    uint32_t off_us = rtt_us > link->srtt_us ? rtt_us - link->srtt_us : link->srtt_us - rtt_us;
    struct kdio_host_link_stats *stats = &link->stats;

    if (request->resent)
        return; /* Which of the two was answered? The longer time of the repetition stays until it is known. */
    if (request->alive || request->worst_us >= KDIO_RETRY_MIN_US)
        return;
    if (!link->srtt_us) {
        link->srtt_us = rtt_us | 1;
        link->rttvar_us = rtt_us / 2;
    } else {
        link->rttvar_us = (3 * link->rttvar_us + off_us) / 4;
        link->srtt_us = ((7 * link->srtt_us + rtt_us) / 8) | 1;
    }
    if (!stats->rtt_count || rtt_us < stats->rtt_min_us)
        stats->rtt_min_us = rtt_us;
    if (rtt_us > stats->rtt_max_us)
        stats->rtt_max_us = rtt_us;
    stats->rtt_count++;
    stats->rtt_sum_us += rtt_us;
    set_rto(link);
}

static void go_back(struct kdio_host_link *link, uint64_t now_us)
{
    link->send_seq = link->base_seq;
    link->goback_us = now_us;
    link->force_delimiter = true;
    shrink_frames(link);
    arm_retry(link, now_us);
}

/* The stub, or a gap in its replies, says that something is missing. Frames that were on their way when the last
 * repetition began say so again, for one round trip. */
static void go_back_once(struct kdio_host_link *link, uint64_t now_us)
{
    uint64_t round_trip_us = link->srtt_us ? link->srtt_us + link->rttvar_us : KDIO_RETRY_MIN_US;
    bool recent = link->goback_us && now_us - link->goback_us < round_trip_us;

    if (kdio_host_link_outstanding(link) && link->send_seq != link->base_seq && !recent)
        go_back(link, now_us);
}

/* It may have been the reply that is waited for: asking again costs a round trip and not a timeout. But it may as well
 * belong to another session, and what is asked under a key that the stub does not know brings the next: the timeout
 * stands. */
static void take_bad_frame(struct kdio_host_link *link, uint64_t now_us)
{
    uint64_t retry_us = link->retry_us;

    link->stats.bad_frames++;
    go_back_once(link, now_us);
    link->retry_us = retry_us;
}

/* Asks by an OPEN, which changes nothing until it is confirmed, whether target and session are the same (L5). */
static void start_probe(struct kdio_host_link *link, uint64_t now_us)
{
    if (link->state != KDIO_HOST_READY || link->probing || !link->spare_nonce)
        return;
    link->open_nonce = link->spare_nonce;
    link->spare_nonce = 0;
    link->probing = true;
    link->open_due_us = now_us;
}

static void open_again(struct kdio_host_link *link, uint64_t now_us)
{
    link->state = KDIO_HOST_OPENING;
    link->open_due_us = now_us;
    link->retry_us = KDIO_NEVER_US;
}

static void retry(struct kdio_host_link *link, uint64_t now_us)
{
    link->retries++;
    if (link->state == KDIO_HOST_CONFIRMING && link->retries > OPEN_RETRIES) {
        open_again(link, now_us);
        return;
    }
    if (link->retries >= PROBE_RETRIES)
        start_probe(link, now_us);
    link->rto_us = link->rto_us * 2 > KDIO_RETRY_MAX_US ? KDIO_RETRY_MAX_US : link->rto_us * 2;
    /* On a line slower than was thought a window of repetitions would only stand in its own way. */
    link->send_limit = 1;
    go_back(link, now_us);
}

static void restart_line(struct kdio_host_link *link, uint64_t now_us)
{
    link->encoder = (struct kdio_frame_encoder){ 0 };
    link->force_delimiter = true;
    link->open_due_us = now_us;
    kdio_frame_decoder_init(&link->decoder, link->config.rx_frame, link->config.rx_frame_size);
    if (kdio_host_link_outstanding(link))
        go_back(link, now_us);
}

void kdio_host_link_reconnected(struct kdio_host_link *link, uint64_t now_us)
{
    restart_line(link, now_us);
    start_probe(link, now_us);
}

void kdio_host_link_rate_changed(struct kdio_host_link *link, uint64_t now_us)
{
    link->progress_us = now_us;
    link->retries = 0;
    set_rto(link);
    restart_line(link, now_us);
}

void kdio_host_link_cancel(struct kdio_host_link *link, uint64_t now_us)
{
    if (link->state != KDIO_HOST_READY || !kdio_host_link_outstanding(link))
        return;
    link->cancelling = true;
    link->cancel_seq = link->base_seq;
    link->cancel_due_us = now_us;
    for (uint32_t seq = link->base_seq; seq != link->next_seq; seq++)
        if ((*slot(link, seq))->alive)
            link->cancel_seq = seq;
}

void kdio_host_link_keep(struct kdio_host_link *link, uint64_t period_us, uint64_t now_us)
{
    link->keep_period_us = period_us;
    link->keep_due_us = now_us + period_us;
}

/* ---- Receiving ---- */

static void adopt(struct kdio_host_link *link, const struct kdio_answer *answer, uint64_t now_us)
{
    link->answer = *answer;
    link->key = (struct kdio_session_key){ .nonce = link->open_nonce, .challenge = answer->challenge };
    link->state = KDIO_HOST_CONFIRMING;
    link->base_seq = link->send_seq = link->next_seq = 0;
    link->goback_us = 0;
    link->frame_limit = FRAME_LIMIT_FIRST;
    link->send_limit = KDIO_WINDOW_MAX;
    link->good_run = 0;
    link->keep_due_us = now_us + link->keep_period_us;
    set_rto(link);
    link->confirm = (struct kdio_host_request){
        .program = confirm_program,
        .size = sizeof confirm_program,
        .results_max = SESSION_RESULTS_SIZE,
    };
    enqueue(link, &link->confirm, now_us);
    link->retries = 0;
}

/* What the stub says to OPEN while a session is on. */
static enum kdio_host_event_type judge_probe(struct kdio_host_link *link, const struct kdio_answer *answer)
{
    link->probing = false;
    if (answer->boot_id == link->answer.boot_id && answer->previous_session == link->key.challenge)
        return KDIO_HOST_NONE;
    end_session(link);
    return answer->boot_id != link->answer.boot_id ? KDIO_HOST_RESET : KDIO_HOST_TAKEN;
}

static enum kdio_host_event_type take_answer(struct kdio_host_link *link, uint64_t now_us)
{
    const uint8_t *payload = link->decoder.buffer;
    size_t size = link->decoder.size;
    struct kdio_answer answer;

    if (!kdio_message_intact(payload, size, kdio_session_answer_start(link->open_nonce)) ||
        !kdio_answer_read(payload, size - KDIO_CRC32C_SIZE, &answer)) {
        link->stats.bad_frames++;
        return KDIO_HOST_NONE;
    }
    link->stats.rx_frames++;
    if (link->state != KDIO_HOST_OPENING && !link->probing)
        return KDIO_HOST_NONE; /* To a repetition of the OPEN that is answered. */
    if (link->probing)
        return judge_probe(link, &answer);
    if (answer.status != KDIO_DONE) {
        link->answer = answer;
        end_session(link);
        return KDIO_HOST_REFUSED;
    }
    if (link->continuing && link->own_boot == answer.boot_id && link->own_session != answer.previous_session) {
        end_session(link);
        return KDIO_HOST_TAKEN;
    }
    adopt(link, &answer, now_us);
    return KDIO_HOST_NONE;
}

/* A stub is there: OPEN need not wait for its period. But one that was just sent may be on its way, and the FIFO of a
 * polled stub holds no two (L7). */
static void open_soon(struct kdio_host_link *link, uint64_t now_us)
{
    uint64_t soonest_us = link->open_sent_us + HELLO_TO_OPEN_US;

    if (soonest_us < now_us)
        soonest_us = now_us;
    if (link->open_due_us > soonest_us)
        link->open_due_us = soonest_us;
}

static void take_hello(struct kdio_host_link *link, uint64_t now_us)
{
    struct kdio_hello hello;

    if (!kdio_message_intact(link->decoder.buffer, link->decoder.size, KDIO_CRC32C_PLAIN) ||
        !kdio_hello_read(link->decoder.buffer, link->decoder.size - KDIO_CRC32C_SIZE, &hello)) {
        link->stats.bad_frames++;
        return;
    }
    link->stats.rx_frames++;
    link->stats.hellos++;
    if (link->state == KDIO_HOST_OPENING)
        open_soon(link, now_us);
    else if (link->state == KDIO_HOST_CONFIRMING && hello.boot_id != link->answer.boot_id)
        open_again(link, now_us);
    else if (link->state == KDIO_HOST_READY && hello.boot_id != link->answer.boot_id)
        start_probe(link, now_us);
}

static enum kdio_host_event_type take_free_frame(struct kdio_host_link *link, uint64_t now_us)
{
    if (link->decoder.buffer[0] == KDIO_FREE_ANSWER)
        return take_answer(link, now_us);
    if (link->decoder.buffer[0] == KDIO_FREE_HELLO)
        take_hello(link, now_us);
    else if (kdio_message_intact(link->decoder.buffer, link->decoder.size, KDIO_CRC32C_PLAIN))
        link->stats.rx_frames++; /* An echo of our OPEN, or a type of a later version. */
    else
        link->stats.bad_frames++;
    return KDIO_HOST_NONE;
}

static bool intact_as(const struct kdio_host_link *link, uint32_t seq)
{
    return kdio_message_intact(link->decoder.buffer, link->decoder.size, kdio_session_reply_start(link->key, seq));
}

/* Finds the full number under which the frame in the decoder is intact (K2). Behind a full window of requests, all
 * executed, the stub wants the one that is half the space ahead; a second copy of the oldest reply is half the space
 * behind. */
static bool find_seq(const struct kdio_host_link *link, uint32_t *seq)
{
    uint32_t first = link->base_seq - (KDIO_SEQ_MASK + 1) / 2 + 1;

    *seq = first + ((link->decoder.buffer[0] - first) & KDIO_SEQ_MASK);
    if (intact_as(link, *seq))
        return true;
    *seq -= KDIO_SEQ_MASK + 1;
    return link->base_seq - *seq == (KDIO_SEQ_MASK + 1) / 2 && intact_as(link, *seq);
}

static bool read_reply(struct kdio_host_link *link, struct kdio_host_event *event)
{
    const uint8_t *body = link->decoder.buffer + KDIO_HEADER_SIZE;
    size_t size = link->decoder.size - KDIO_MESSAGE_MIN;
    bool failed = (link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_FAILED;

    event->failure = (struct kdio_failure){ .status = KDIO_DONE };
    if (failed && (!kdio_failure_read(body, size, &event->failure) || event->failure.status == KDIO_DONE))
        return false;
    event->results = failed ? body + KDIO_FAILED_SIZE : body;
    event->results_size = failed ? size - KDIO_FAILED_SIZE : size;
    return failed ? event->results_size <= event->request->results_max
                  : event->results_size == event->request->results_max;
}

static void finish_confirm(struct kdio_host_link *link, struct kdio_host_event *event)
{
    struct kdio_reader reader = kdio_reader_on(event->results, event->results_size);

    link->answer.previous_session = kdio_read_u32(&reader);
    link->answer.previous_requests = kdio_read_u32(&reader);
    link->answer.previous_operations = kdio_read_u32(&reader);
    link->state = KDIO_HOST_READY;
    link->own_boot = link->answer.boot_id;
    link->own_session = link->key.challenge;
    link->unsettled = false;
    event->request = NULL;
    event->type = KDIO_HOST_OPENED;
}

/* The reply that is next in order. */
static void take_reply(struct kdio_host_link *link, uint64_t now_us, struct kdio_host_event *event)
{
    event->request = *slot(link, link->base_seq);
    if (!read_reply(link, event) || (event->request == &link->confirm && event->failure.status != KDIO_DONE)) {
        end_session(link);
        event->type = KDIO_HOST_BAD;
        return;
    }
    measure(link, event->request, now_us);
    link->progress_us = now_us;
    link->retries = 0;
    link->send_limit++;
    link->base_seq++;
    if ((int32_t)(link->base_seq - link->cancel_seq) > 0)
        link->cancelling = false;
    if ((int32_t)(link->send_seq - link->base_seq) < 0)
        link->send_seq = link->base_seq;
    count_good(link);
    arm_retry(link, now_us);
    event->type = KDIO_HOST_REPLY;
    if (event->request == &link->confirm)
        finish_confirm(link, event);
}

/* The stub is at request `seq`. A reply before it that was lost is asked for when its own comes: until then the stub
 * takes nothing in. */
static void take_alive(struct kdio_host_link *link, uint32_t seq, uint64_t now_us)
{
    struct kdio_host_request *request = *slot(link, seq);
    const uint8_t *done = link->decoder.buffer + KDIO_HEADER_SIZE + 1;
    struct kdio_reader reader = kdio_reader_on(done, link->decoder.size - KDIO_MESSAGE_MIN - 1);

    if (seq - link->base_seq >= kdio_host_link_outstanding(link) || !request->sent)
        return;
    request->alive = true;
    request->alive_done = kdio_read_u32(&reader);
    link->progress_us = now_us;
    link->retries = 0;
    link->goback_us = 0;
    if (link->send_seq - link->base_seq <= seq - link->base_seq)
        link->send_seq = seq + 1; /* It was heard: a repetition that has begun goes on behind it. */
    if (link->cancelling && (int32_t)(seq - link->cancel_seq) > 0)
        link->cancel_seq = seq;
    arm_retry_after(link, now_us, KDIO_ALIVE_WAIT_US);
}

static void take_note(struct kdio_host_link *link, uint32_t seq, uint64_t now_us, struct kdio_host_event *event)
{
    uint8_t type = link->decoder.size > KDIO_MESSAGE_MIN ? link->decoder.buffer[1] : 0;

    if (type == KDIO_NOTE_EXPECT) {
        go_back_once(link, now_us);
    } else if (type == KDIO_NOTE_TAKEN) {
        end_session(link);
        event->type = KDIO_HOST_TAKEN;
    } else if (type == KDIO_NOTE_ALIVE) {
        take_alive(link, seq, now_us);
    } else if (type == KDIO_NOTE_EVENT) {
        event->type = KDIO_HOST_EVENT;
    }
}

static void take_session_frame(struct kdio_host_link *link, uint64_t now_us, struct kdio_host_event *event)
{
    uint8_t kind = link->decoder.buffer[0] & KDIO_KIND_MASK;
    uint32_t seq;

    if (!in_session(link) || !find_seq(link, &seq)) {
        take_bad_frame(link, now_us);
        return;
    }
    link->stats.rx_frames++;
    if (kind == KDIO_KIND_NOTE)
        take_note(link, seq, now_us, event);
    else if (seq == link->base_seq && seq != link->next_seq && (*slot(link, seq))->sent)
        take_reply(link, now_us, event);
    else if ((int32_t)(seq - link->base_seq) > 0)
        go_back_once(link, now_us); /* The reply before it is lost. */
}

static void take_frame(struct kdio_host_link *link, uint64_t now_us, struct kdio_host_event *event)
{
    if ((link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_FREE)
        event->type = take_free_frame(link, now_us);
    else
        take_session_frame(link, now_us, event);
}

size_t kdio_host_link_rx(struct kdio_host_link *link, const uint8_t *bytes, size_t size, uint64_t now_us,
                         struct kdio_host_event *event)
{
    enum kdio_frame_event frame = KDIO_FRAME_NONE;
    size_t taken = 0;
    size_t text_at = 0;
    size_t from;

    *event = (struct kdio_host_event){ .type = KDIO_HOST_NONE };
    if (size && kdio_frame_gap(&link->decoder, now_us))
        take_bad_frame(link, now_us);
    while (taken < size && event->type == KDIO_HOST_NONE) {
        from = taken;
        taken += kdio_frame_push(&link->decoder, bytes + taken, size - taken, now_us, &frame, &text_at);
        if (frame == KDIO_FRAME_BAD) {
            take_bad_frame(link, now_us);
        } else if (frame == KDIO_FRAME_DONE) {
            take_frame(link, now_us, event);
        } else if (frame == KDIO_FRAME_TEXT) {
            event->type = KDIO_HOST_TEXT;
            event->text = bytes + from + text_at;
            event->text_size = taken - from - text_at;
            link->stats.text_bytes += event->text_size;
        }
    }
    return taken;
}

/* ---- Time ---- */

void kdio_host_link_tick(struct kdio_host_link *link, uint64_t now_us, struct kdio_host_event *event)
{
    *event = (struct kdio_host_event){ .type = KDIO_HOST_NONE };
    if (kdio_frame_gap(&link->decoder, now_us))
        take_bad_frame(link, now_us);
    if (!kdio_host_link_outstanding(link))
        return;
    if (link->state == KDIO_HOST_READY && now_us - link->progress_us >= link->config.dead_us) {
        end_session(link);
        event->type = KDIO_HOST_TIMEOUT;
    } else if (now_us >= link->retry_us) {
        retry(link, now_us);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When a note that is due at a time may be sent: see may_send_note. */
static uint64_t note_due(const struct kdio_host_link *link, uint64_t due_us)
{
    uint64_t clear_us = 0;

    if (link->answer.burst && kdio_host_link_outstanding(link))
        clear_us = link->slots[link->base_seq % KDIO_WINDOW_MAX]->sent_us + HELLO_TO_OPEN_US;
    return due_us > clear_us ? due_us : clear_us;
}

uint64_t kdio_host_link_deadline(const struct kdio_host_link *link)
{
    uint64_t deadline_us = KDIO_NEVER_US;

    if (link->state == KDIO_HOST_OPENING || link->probing)
        deadline_us = link->open_due_us;
    if (kdio_host_link_outstanding(link)) {
        deadline_us = earlier(deadline_us, link->retry_us);
        if (link->state == KDIO_HOST_READY)
            deadline_us = earlier(deadline_us, link->progress_us + link->config.dead_us);
        if (link->cancelling && link->slots[link->cancel_seq % KDIO_WINDOW_MAX]->sent)
            deadline_us = earlier(deadline_us, note_due(link, link->cancel_due_us));
    }
    if (link->state == KDIO_HOST_READY && link->keep_period_us)
        deadline_us = earlier(deadline_us, note_due(link, link->keep_due_us));
    if (kdio_frame_inside(&link->decoder))
        deadline_us = earlier(deadline_us, link->decoder.last_us + KDIO_FRAME_GAP_US + 1);
    return deadline_us;
}

/* ---- Sending ---- */

static void start(struct kdio_host_link *link, size_t size, bool force, uint64_t now_us)
{
    link->keep_due_us = now_us + link->keep_period_us;
    kdio_frame_encoder_start(&link->encoder, link->config.tx_frame, size, force || link->force_delimiter);
    link->force_delimiter = false;
    link->stats.tx_frames++;
}

static void start_open(struct kdio_host_link *link, uint64_t now_us)
{
    (void)kdio_open_write(link->config.tx_frame, KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION, link->open_nonce);
    link->open_sent_us = now_us;
    link->open_due_us = now_us + KDIO_OPEN_PERIOD_US;
    start(link, KDIO_OPEN_SIZE, true, now_us);
}

static void start_request(struct kdio_host_link *link, uint64_t now_us)
{
    struct kdio_host_request *request = *slot(link, link->send_seq);
    struct kdio_writer writer = kdio_writer_on(link->config.tx_frame, link->config.tx_frame_size);

    kdio_write_uint(&writer, KDIO_HEADER_SIZE,
                    (request->atomic ? KDIO_KIND_ATOMIC : KDIO_KIND_PLAIN) | (request->seq & KDIO_SEQ_MASK));
    kdio_write_bytes(&writer, request->program, request->size);
    link->stats.retransmitted += request->sent;
    request->resent = request->sent;
    request->sent = true;
    request->sent_us = now_us;
    start(link, kdio_message_seal(link->config.tx_frame, KDIO_HEADER_SIZE + request->size,
                                  kdio_session_start(link->key, request->seq)), request->resent, now_us);
    link->send_seq++;
    if (link->retry_us == KDIO_NEVER_US || (link->send_seq == link->base_seq + 1 && !request->resent))
        arm_retry(link, now_us);
}

/* A polled stub's FIFO holds an OPEN or a request, not both (L7): while it is asked, requests wait. */
static bool may_send_request(const struct kdio_host_link *link)
{
    return in_session(link) && link->send_seq != link->next_seq && !(link->probing && link->answer.burst) &&
           link->send_seq - link->base_seq < link->send_limit;
}

static void start_note(struct kdio_host_link *link, uint32_t type, uint32_t seq, uint64_t now_us)
{
    size_t size = kdio_message_write(link->config.tx_frame, (uint8_t)(KDIO_KIND_NOTE | (seq & KDIO_SEQ_MASK)), "b",
                                     &type, kdio_session_start(link->key, seq));

    start(link, size, true, now_us);
}

static void start_cancel(struct kdio_host_link *link, uint64_t now_us)
{
    link->cancel_due_us = now_us + link->rto_us;
    if (link->answer.burst && link->retry_us < now_us + HELLO_TO_OPEN_US)
        link->retry_us = now_us + HELLO_TO_OPEN_US; /* The request would overrun what the note leaves. */
    start_note(link, KDIO_NOTE_CANCEL, link->cancel_seq, now_us);
}

/* A polled stub has had the time to take in what was sent last (L7). */
static bool may_send_note(struct kdio_host_link *link, uint64_t now_us)
{
    return in_session(link) && !(link->answer.burst && kdio_host_link_outstanding(link) &&
                                 now_us - (*slot(link, link->base_seq))->sent_us < HELLO_TO_OPEN_US);
}

/* What is not sent yet is not asked to stop. */
static bool cancel_due(struct kdio_host_link *link, uint64_t now_us)
{
    return link->cancelling && now_us >= link->cancel_due_us && (*slot(link, link->cancel_seq))->sent;
}

static bool keep_due(const struct kdio_host_link *link, uint64_t now_us)
{
    return link->state == KDIO_HOST_READY && link->keep_period_us && now_us >= link->keep_due_us;
}

static bool start_next(struct kdio_host_link *link, uint64_t now_us)
{
    bool asking = link->state == KDIO_HOST_OPENING || link->probing;

    if (asking && now_us >= link->open_due_us)
        start_open(link, now_us);
    else if (cancel_due(link, now_us) && may_send_note(link, now_us))
        start_cancel(link, now_us);
    else if (may_send_request(link))
        start_request(link, now_us);
    else if (keep_due(link, now_us) && may_send_note(link, now_us))
        start_note(link, KDIO_NOTE_KEEP, link->base_seq, now_us);
    else
        return false;
    return true;
}

size_t kdio_host_link_tx(struct kdio_host_link *link, uint8_t *out, size_t capacity, uint64_t now_us)
{
    size_t count = 0;

    while (count < capacity && (!kdio_frame_encoder_idle(&link->encoder) || start_next(link, now_us)))
        count += kdio_frame_emit(&link->encoder, out + count, capacity - count);
    return count;
}
