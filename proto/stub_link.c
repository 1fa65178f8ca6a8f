/* SPDX-License-Identifier: MIT */
/* stub_link.c: see stub_link.h. Verify, then apply: no field of a frame is looked at for effect before its CRC is right. */
#include "proto/stub_link.h"

#include "proto/status.h"

enum { FREE_DUE_HELLO = 1, FREE_DUE_ANSWER = 2, FREE_DUE_REFUSE = 4 };
enum { NOTE_DUE_EXPECT = 1, NOTE_DUE_EXPECT_CANDIDATE = 2, NOTE_DUE_TAKEN = 4, NOTE_DUE_UNSUPPORTED = 8 };

#define SENDING_NO_REPLY 0xffu

/* Room in front of the results: the header and, in FAILED, what precedes them. */
#define REPLY_LEAD (KDIO_HEADER_SIZE + KDIO_FAILED_SIZE)

_Static_assert(KDIO_SEQ_MASK + 1 == 64, "replies_due has a bit for each sequence number on the wire");
_Static_assert(KDIO_WINDOW_MAX <= (KDIO_SEQ_MASK + 1) / 2, "an old sequence number cannot be taken for a new one");

void kdio_stub_link_init(struct kdio_stub_link *link, const struct kdio_stub_link_config *config, uint64_t now_us)
{
    *link = (struct kdio_stub_link){ .config = *config, .hello_due_us = now_us };
    kdio_frame_decoder_init(&link->decoder, config->frame, config->frame_size);
}

static bool is_open(const struct kdio_stub_session *session)
{
    return session->key.challenge != 0;
}

static size_t reply_span(const struct kdio_stub_link *link)
{
    return REPLY_LEAD + link->config.results_max + KDIO_CRC32C_SIZE;
}

/* ---- Receiving ---- */

/* L3: the host is told at once which request is wanted. Where no session is, it learns that (L5). */
static void answer_bad_frame(struct kdio_stub_link *link)
{
    link->stats.bad_frames++;
    if (is_open(&link->current))
        link->notes_due |= NOTE_DUE_EXPECT;
    if (is_open(&link->candidate))
        link->notes_due |= NOTE_DUE_EXPECT_CANDIDATE;
    if (!is_open(&link->current) && !is_open(&link->candidate))
        link->free_due |= FREE_DUE_HELLO;
}

static bool challenge_in_use(const struct kdio_stub_link *link, uint32_t challenge)
{
    return challenge == 0 || challenge == link->current.key.challenge || challenge == link->candidate.key.challenge ||
           challenge == link->former.key.challenge;
}

static bool version_common(const struct kdio_stub_link *link)
{
    return link->versions[0] <= KDIO_PROTOCOL_VERSION && link->versions[1] >= KDIO_PROTOCOL_VERSION;
}

/* L4: a repeated OPEN, of the session in force or of the one that waits, gets the same answer and changes nothing. */
static void take_open(struct kdio_stub_link *link, uint32_t nonce, uint32_t challenge)
{
    bool known = (is_open(&link->current) && link->current.key.nonce == nonce) ||
                 (is_open(&link->candidate) && link->candidate.key.nonce == nonce);

    link->answer_nonce = nonce;
    link->free_due |= FREE_DUE_ANSWER;
    if (known || !version_common(link))
        return;
    while (challenge_in_use(link, challenge))
        challenge++;
    link->candidate = (struct kdio_stub_session){ .key = { .nonce = nonce, .challenge = challenge } };
}

static void take_free_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    const uint8_t *payload = link->decoder.buffer;
    uint32_t nonce;

    if (!kdio_message_intact(payload, link->decoder.size, KDIO_CRC32C_PLAIN)) {
        answer_bad_frame(link);
        return;
    }
    link->stats.frames++;
    if (payload[0] == KDIO_FREE_OPEN &&
        kdio_open_read(payload, link->decoder.size - KDIO_CRC32C_SIZE, &link->versions[0], &link->versions[1], &nonce)) {
        take_open(link, nonce, draw(draw_context));
    } else if (payload[0] != KDIO_FREE_HELLO && payload[0] != KDIO_FREE_ANSWER && payload[0] != KDIO_FREE_REFUSE) {
        link->unknown_type = payload[0];
        link->free_due |= FREE_DUE_REFUSE;
    }
}

/* The full number that the low bits on the wire stand for: at most half the space away from the one expected. */
static uint32_t full_seq(const struct kdio_stub_session *session, uint8_t header)
{
    uint32_t ahead = (header - session->expected) & KDIO_SEQ_MASK;

    return ahead < (KDIO_SEQ_MASK + 1) / 2 ? session->expected + ahead
                                           : session->expected + ahead - (KDIO_SEQ_MASK + 1);
}

static bool intact_in(const struct kdio_stub_link *link, const struct kdio_stub_session *session, uint32_t seq)
{
    return is_open(session) && kdio_message_intact(link->decoder.buffer, link->decoder.size,
                                                   kdio_session_start(session->key, seq));
}

/* L4: the first request of the session that waits confirms it, and ends the one in force. */
static void confirm_candidate(struct kdio_stub_link *link)
{
    if (is_open(&link->current))
        link->former = link->current;
    link->current = link->candidate;
    link->candidate = (struct kdio_stub_session){ 0 };
    link->replies_due = 0;
    link->notes_due = 0;
    link->opened = true;
    for (unsigned i = 0; i <= KDIO_SEQ_MASK; i++)
        link->cache[i].size = 0;
}

/* L3: answered from the cache, without touching a device. */
static void repeat_reply(struct kdio_stub_link *link, uint32_t seq)
{
    unsigned slot = seq & KDIO_SEQ_MASK;

    if (!link->cache[slot].size) {
        link->notes_due |= NOTE_DUE_EXPECT;
        return;
    }
    link->stats.repeated++;
    link->replies_due |= (uint64_t)1 << slot;
}

static void take_note(struct kdio_stub_link *link, uint32_t seq)
{
    /* Notes of the host concern a program that is running; while one runs, none is read here, so it is over. */
    if (link->decoder.size > KDIO_MESSAGE_MIN && link->decoder.buffer[1] == KDIO_NOTE_CANCEL)
        return;
    link->unknown_type = link->decoder.buffer[1];
    link->unsupported_seq = seq;
    link->notes_due |= NOTE_DUE_UNSUPPORTED;
}

/* A frame that is intact under the current session and number `seq`. True when it is the request to execute now. */
static bool take_session_frame(struct kdio_stub_link *link, uint32_t seq)
{
    link->stats.frames++;
    if ((link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_NOTE) {
        take_note(link, seq);
        return false;
    }
    if (seq == link->current.expected)
        return true;
    if ((int32_t)(seq - link->current.expected) > 0)
        link->notes_due |= NOTE_DUE_EXPECT;
    else
        repeat_reply(link, seq);
    return false;
}

/* True when the frame in the decoder is the request to execute now. */
static bool take_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    uint8_t header = link->decoder.buffer[0];
    uint32_t seq = full_seq(&link->current, header);

    if ((header & KDIO_KIND_MASK) == KDIO_KIND_FREE) {
        take_free_frame(link, draw, draw_context);
        return false;
    }
    if (intact_in(link, &link->current, seq))
        return take_session_frame(link, seq);
    if ((header & KDIO_SEQ_MASK) == 0 && intact_in(link, &link->candidate, 0)) {
        confirm_candidate(link);
        return take_session_frame(link, 0);
    }
    seq = full_seq(&link->former, header);
    if (intact_in(link, &link->former, seq)) {
        link->taken_seq = seq;
        link->notes_due |= NOTE_DUE_TAKEN;
        return false;
    }
    answer_bad_frame(link);
    return false;
}

static void hand_out(struct kdio_stub_link *link, struct kdio_stub_request *request)
{
    *request = (struct kdio_stub_request){
        .program = link->decoder.buffer + KDIO_HEADER_SIZE,
        .size = link->decoder.size - KDIO_MESSAGE_MIN,
        .atomic = (link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_ATOMIC,
    };
}

size_t kdio_stub_link_rx(struct kdio_stub_link *link, const uint8_t *bytes, size_t size, uint64_t now_us,
                         kdio_draw_fn *draw, void *draw_context, struct kdio_stub_request *request, bool *ready)
{
    size_t taken = 0;
    size_t text_at;
    enum kdio_frame_event event;

    *ready = false;
    if (size && kdio_frame_gap(&link->decoder, now_us))
        link->stats.bad_frames++;
    while (taken < size && !*ready) {
        taken += kdio_frame_push(&link->decoder, bytes + taken, size - taken, now_us, &event, &text_at);
        if (event == KDIO_FRAME_BAD)
            answer_bad_frame(link);
        else if (event == KDIO_FRAME_DONE)
            *ready = take_frame(link, draw, draw_context);
    }
    if (*ready)
        hand_out(link, request);
    return taken;
}

/* ---- Replying ---- */

/* A slot whose memory is about to be used again no longer holds a reply. */
static void forget_overlapped(struct kdio_stub_link *link, size_t from, size_t to)
{
    for (unsigned i = 0; i <= KDIO_SEQ_MASK; i++) {
        struct kdio_cached_reply *reply = &link->cache[i];

        if (reply->size && reply->at < to && (size_t)reply->at + reply->size > from) {
            reply->size = 0;
            link->replies_due &= ~((uint64_t)1 << i);
        }
    }
}

/* Replies lie in one piece: one that would pass the end starts at the beginning. What lies there is older than anything
 * the host may still ask for, as the reply window is smaller than the memory by one largest reply. */
uint8_t *kdio_stub_link_results(struct kdio_stub_link *link)
{
    if (link->reply_at + reply_span(link) > link->config.replies_size)
        link->reply_at = 0;
    forget_overlapped(link, link->reply_at, link->reply_at + reply_span(link));
    return link->config.replies + link->reply_at + REPLY_LEAD;
}

/* Files the payload that begins `lead` bytes before the results, and only now counts the request as executed. */
static void file_reply(struct kdio_stub_link *link, size_t lead, size_t results_size, uint8_t kind, uint32_t operations)
{
    uint32_t seq = link->current.expected;
    size_t from = link->reply_at + REPLY_LEAD - lead;
    uint8_t *payload = link->config.replies + from;
    size_t size;

    payload[0] = (uint8_t)(kind | (seq & KDIO_SEQ_MASK));
    size = kdio_message_seal(payload, lead + results_size, kdio_session_reply_start(link->current.key, seq));
    link->cache[seq & KDIO_SEQ_MASK] = (struct kdio_cached_reply){ (uint16_t)from, (uint16_t)size };
    link->reply_at = from + size;
    link->replies_due |= (uint64_t)1 << (seq & KDIO_SEQ_MASK);
    link->current.expected = seq + 1;
    link->current.operations += operations;
    link->stats.requests++;
    link->stats.operations += operations;
    link->current.last_failed = kind == KDIO_KIND_FAILED;
}

void kdio_stub_link_done(struct kdio_stub_link *link, size_t results_size, uint32_t operations)
{
    file_reply(link, KDIO_HEADER_SIZE, results_size, KDIO_KIND_REPLY, operations);
}

void kdio_stub_link_failed(struct kdio_stub_link *link, size_t results_size, const struct kdio_failure *failure,
                           uint32_t operations)
{
    kdio_failure_write(link->config.replies + link->reply_at + KDIO_HEADER_SIZE, failure);
    file_reply(link, REPLY_LEAD, results_size, KDIO_KIND_FAILED, operations);
}

/* ---- Sending ---- */

static void write_answer(struct kdio_stub_link *link, struct kdio_answer *answer)
{
    const struct kdio_stub_link_config *config = &link->config;
    bool repeated = link->current.key.nonce == link->answer_nonce && is_open(&link->current);
    const struct kdio_stub_session *session = repeated ? &link->current : &link->candidate;
    const struct kdio_stub_session *previous = repeated ? &link->former : &link->current;
    bool common = version_common(link);

    *answer = (struct kdio_answer){
        .status = common ? KDIO_DONE : KDIO_VERSION,
        .version = common ? KDIO_PROTOCOL_VERSION : 0,
        .version_min = KDIO_PROTOCOL_VERSION,
        .version_max = KDIO_PROTOCOL_VERSION,
        .boot_id = config->boot_id,
        .challenge = common ? session->key.challenge : 0,
        .frame_max = (uint16_t)config->frame_size,
        .request_window = config->request_window,
        .reply_window = (uint16_t)(config->replies_size - 2 * reply_span(link)),
        .results_max = config->results_max,
        .program_max = config->program_max,
        .frame_window = KDIO_WINDOW_MAX,
        .burst = config->burst,
        .capabilities = config->capabilities,
        .previous_session = previous->key.challenge,
        .previous_requests = previous->expected,
        .previous_operations = previous->operations,
        .link_port = config->link_port,
        .link_ports = config->link_ports,
    };
}

static size_t write_free(struct kdio_stub_link *link, uint8_t due)
{
    struct kdio_hello hello = { KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION, link->config.boot_id };
    struct kdio_answer answer;

    if (due == FREE_DUE_ANSWER) {
        write_answer(link, &answer);
        return kdio_answer_write(link->control, &answer, link->answer_nonce);
    }
    if (due == FREE_DUE_HELLO)
        return kdio_hello_write(link->control, &hello);
    link->control[0] = KDIO_FREE_REFUSE;
    link->control[1] = KDIO_UNSUPPORTED;
    link->control[2] = link->unknown_type;
    return kdio_message_seal(link->control, 3, KDIO_CRC32C_PLAIN);
}

static size_t write_note(struct kdio_stub_link *link, struct kdio_session_key key, uint32_t seq, uint8_t type)
{
    size_t size = 2;

    link->control[0] = (uint8_t)(KDIO_KIND_NOTE | (seq & KDIO_SEQ_MASK));
    link->control[1] = type;
    if (type == KDIO_NOTE_UNSUPPORTED)
        link->control[size++] = link->unknown_type;
    return kdio_message_seal(link->control, size, kdio_session_reply_start(key, seq));
}

static size_t write_due_note(struct kdio_stub_link *link, uint8_t due)
{
    switch (due) {
    case NOTE_DUE_EXPECT:
        return write_note(link, link->current.key, link->current.expected, KDIO_NOTE_EXPECT);
    case NOTE_DUE_EXPECT_CANDIDATE:
        return write_note(link, link->candidate.key, 0, KDIO_NOTE_EXPECT);
    case NOTE_DUE_TAKEN:
        return write_note(link, link->former.key, link->taken_seq, KDIO_NOTE_TAKEN);
    default:
        return write_note(link, link->current.key, link->unsupported_seq, KDIO_NOTE_UNSUPPORTED);
    }
}

static uint8_t lowest_bit(uint8_t bits)
{
    return (uint8_t)(bits & -bits);
}

/* The oldest reply that is due: the slots go round, so the search starts at the oldest number in the window. */
static uint8_t next_reply(struct kdio_stub_link *link)
{
    for (unsigned i = 0; i <= KDIO_SEQ_MASK; i++) {
        unsigned slot = (link->current.expected + i) & KDIO_SEQ_MASK;

        if (link->replies_due >> slot & 1) {
            link->replies_due &= ~((uint64_t)1 << slot);
            return (uint8_t)slot;
        }
    }
    return SENDING_NO_REPLY;
}

/* Starts the next frame that is due: answers first, then replies, then notes about what is missing behind them. */
static void start_frame(struct kdio_stub_link *link)
{
    const struct kdio_cached_reply *reply;
    uint8_t due;
    size_t size;

    link->sending_slot = SENDING_NO_REPLY;
    if (link->free_due) {
        due = lowest_bit(link->free_due);
        link->free_due &= (uint8_t)~due;
        size = write_free(link, due);
        kdio_frame_encoder_start(&link->encoder, link->control, size, false);
        return;
    }
    if (link->replies_due) {
        link->sending_slot = next_reply(link);
        reply = &link->cache[link->sending_slot];
        kdio_frame_encoder_start(&link->encoder, link->config.replies + reply->at, reply->size, false);
        return;
    }
    due = lowest_bit(link->notes_due);
    link->notes_due &= (uint8_t)~due;
    size = write_due_note(link, due);
    kdio_frame_encoder_start(&link->encoder, link->control, size, false);
}

/* L5: HELLO when the stub starts and each second until the first OPEN. */
static void tick_hello(struct kdio_stub_link *link, uint64_t now_us)
{
    if (link->opened || is_open(&link->candidate) || now_us < link->hello_due_us)
        return;
    link->hello_due_us = now_us + KDIO_HELLO_PERIOD_US;
    link->free_due |= FREE_DUE_HELLO;
}

static bool frame_due(const struct kdio_stub_link *link)
{
    return link->free_due || link->replies_due || link->notes_due;
}

size_t kdio_stub_link_tx(struct kdio_stub_link *link, uint8_t *out, size_t capacity, uint64_t now_us,
                         const uint8_t *text, size_t *text_size)
{
    size_t count = 0;
    size_t used = 0;

    tick_hello(link, now_us);
    while (count < capacity) {
        if (!kdio_frame_encoder_idle(&link->encoder)) {
            count += kdio_frame_emit(&link->encoder, out + count, capacity - count);
            link->text_turn = kdio_frame_encoder_idle(&link->encoder) ? KDIO_TEXT_TURN : 0;
        } else if (used < *text_size && (link->text_turn || !frame_due(link))) {
            out[count++] = text[used++];
            link->encoder.delimited = false;
            link->text_turn -= link->text_turn != 0;
        } else if (frame_due(link)) {
            start_frame(link);
        } else {
            break;
        }
    }
    *text_size = used;
    return count;
}

bool kdio_stub_link_abort_tx(struct kdio_stub_link *link)
{
    if (kdio_frame_encoder_idle(&link->encoder))
        return false;
    link->encoder = (struct kdio_frame_encoder){ .delimited = true };
    if (link->sending_slot != SENDING_NO_REPLY && link->cache[link->sending_slot].size)
        link->replies_due |= (uint64_t)1 << link->sending_slot;
    return true;
}

bool kdio_stub_link_mid_frame(const struct kdio_stub_link *link)
{
    return !kdio_frame_encoder_idle(&link->encoder);
}

bool kdio_stub_link_tx_pending(const struct kdio_stub_link *link, uint64_t now_us)
{
    return !kdio_frame_encoder_idle(&link->encoder) || frame_due(link) ||
           (!link->opened && !is_open(&link->candidate) && now_us >= link->hello_due_us);
}

void kdio_stub_link_set_burst(struct kdio_stub_link *link, uint8_t burst, uint32_t capabilities)
{
    link->config.burst = burst;
    link->config.capabilities = capabilities;
}
