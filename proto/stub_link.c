/* SPDX-License-Identifier: MIT */
/* stub_link.c: see stub_link.h. Verify, then apply: no field of a frame is looked at for effect before its CRC is
 * right. */
#include "proto/stub_link.h"

/* Programs of ports alone end soon: none is cancelled. */
#ifndef KDIO_OPS_PORTS_ONLY
#define KDIO_OPS_PORTS_ONLY 0
#endif

#include "proto/status.h"

/* Messages to send, in the order of their bits; replies go where DUE_REPLY is. */
enum {
    DUE_HELLO = 0x01,
    DUE_ANSWER = 0x02,
    DUE_REFUSE = 0x04,
    DUE_REPLY = 0x08,
    DUE_EXPECT = 0x10,
    DUE_EXPECT_CANDIDATE = 0x20,
    DUE_ALIVE = 0x40,
    DUE_EVENT = 0x80,
    DUE_TAKEN = 0x100,
    DUE_UNSUPPORTED = 0x200,
};

#define SENDING_NO_REPLY 0xffu

/* The notes, in the order of their bits. The first four carry the number that their session expects, which is that of
 * the request that runs; the others that of the frame that they answer. */
static const struct {
    uint8_t role, type;
} notes[] = {
    { KDIO_STUB_CURRENT, KDIO_NOTE_EXPECT },
    { KDIO_STUB_CANDIDATE, KDIO_NOTE_EXPECT },
    { KDIO_STUB_CURRENT, KDIO_NOTE_ALIVE },
    { KDIO_STUB_CURRENT, KDIO_NOTE_EVENT },
    { KDIO_STUB_FORMER, KDIO_NOTE_TAKEN },
    { KDIO_STUB_CURRENT, KDIO_NOTE_UNSUPPORTED },
};
enum { NOTE_ALIVE = 2, NOTE_TAKEN = 4, NOTE_UNSUPPORTED = 5 };

/* Room in front of the results: the header and, in FAILED, what precedes them. */
#define REPLY_LEAD (KDIO_HEADER_SIZE + KDIO_FAILED_SIZE)

_Static_assert(KDIO_SEQ_MASK + 1 == 64, "replies_due has a bit for each sequence number on the wire");
_Static_assert(KDIO_WINDOW_MAX <= (KDIO_SEQ_MASK + 1) / 2, "an old sequence number cannot be taken for a new one");

static uint32_t reply_span(const struct kdio_stub_link *link)
{
    return REPLY_LEAD + link->config.results_max + KDIO_CRC32C_SIZE;
}

void kdio_stub_link_init(struct kdio_stub_link *link, const struct kdio_stub_link_config *config, uint64_t now_us)
{
    *link = (struct kdio_stub_link){ .hello_due_us = now_us };
    link->config = *config;
    link->config.version_min = KDIO_PROTOCOL_VERSION;
    link->config.version_max = KDIO_PROTOCOL_VERSION;
    link->config.frame_max = config->frame_size;
    link->config.frame_window = KDIO_WINDOW_MAX;
    link->config.reply_window = config->replies_size - 2 * reply_span(link);
    kdio_frame_decoder_init(&link->decoder, config->frame, config->frame_size);
}

static bool is_open(const struct kdio_stub_session *session)
{
    return session->key.challenge != 0;
}

/* Where the check of frame `seq` of a session starts: the host's. */
static __attribute__((noinline)) uint32_t start_of(const struct kdio_stub_session *session, uint32_t seq)
{
    return kdio_session_start(session->key, seq);
}

/* ---- Receiving ---- */

/* L3: the host is told at once which request is wanted. Where no session is, it learns that (L5). */
static void answer_bad_frame(struct kdio_stub_link *link)
{
    uint16_t due = 0;

    if (is_open(&link->current))
        due |= DUE_EXPECT;
    if (is_open(&link->candidate))
        due |= DUE_EXPECT_CANDIDATE;
    link->due |= due ? due : DUE_HELLO;
    link->stats.bad_frames++;
}

static bool challenge_in_use(const struct kdio_stub_link *link, uint32_t challenge)
{
    for (unsigned role = 0; role < KDIO_STUB_ROLES; role++)
        if (challenge == link->sessions[role].key.challenge)
            return true;
    return challenge == 0;
}

/* The session that an OPEN with this nonce has opened or is to open. */
static struct kdio_stub_session *find_opened(struct kdio_stub_link *link, uint32_t nonce)
{
    struct kdio_stub_session *session = &link->current;

    return is_open(session) && session->key.nonce == nonce ? session : &link->candidate;
}

/* L4: a repeated OPEN, of the session in force or of the one that waits, gets the same answer and changes nothing. */
static void take_open(struct kdio_stub_link *link, uint32_t nonce, uint32_t challenge)
{
    struct kdio_stub_session *session = find_opened(link, nonce);

    link->answer_nonce = nonce;
    link->due |= DUE_ANSWER;
    if (!link->version || (is_open(session) && session->key.nonce == nonce))
        return;
    while (challenge_in_use(link, challenge))
        challenge++;
    *session = (struct kdio_stub_session){ .key = { .nonce = nonce, .challenge = challenge } };
    link->hello_due_us = UINT64_MAX; /* L5 */
}

/* M8: an OPEN that is too short is a bad frame. */
static void take_open_frame(struct kdio_stub_link *link, const struct kdio_frame_decoder *decoder, kdio_draw_fn *draw,
                            void *draw_context)
{
    uint8_t version_min, version_max;
    uint32_t nonce;

    if (!kdio_open_read(decoder->buffer, decoder->size - KDIO_CRC32C_SIZE, &version_min, &version_max, &nonce)) {
        answer_bad_frame(link);
        return;
    }
    link->version = version_min <= KDIO_PROTOCOL_VERSION && version_max >= KDIO_PROTOCOL_VERSION
                        ? KDIO_PROTOCOL_VERSION : 0;
    take_open(link, nonce, draw(draw_context));
}

static void take_free_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    uint8_t type = link->decoder.buffer[0];

    if (!kdio_message_intact(link->decoder.buffer, link->decoder.size, KDIO_CRC32C_PLAIN)) {
        answer_bad_frame(link);
        return;
    }
    link->stats.frames++;
    if (type == KDIO_FREE_OPEN) {
        take_open_frame(link, &link->decoder, draw, draw_context);
    } else if (type != KDIO_FREE_HELLO && type != KDIO_FREE_ANSWER && type != KDIO_FREE_REFUSE) {
        link->unknown_type = type;
        link->due |= DUE_REFUSE;
    }
}

/* The full number that the low bits on the wire stand for: at most half the space away from the one expected. */
static uint32_t full_seq(const struct kdio_stub_session *session, uint8_t header)
{
    const uint32_t half = (KDIO_SEQ_MASK + 1) / 2;

    return session->expected - half + ((header - session->expected + half) & KDIO_SEQ_MASK);
}

/* L4: the first request of the session that waits confirms it, and ends the one in force. */
static void confirm_candidate(struct kdio_stub_link *link)
{
    link->former = link->current;
    link->current = link->candidate;
    link->candidate = (struct kdio_stub_session){ 0 };
    link->last_failed = false;
    link->replies_due = 0;
    link->due &= DUE_HELLO | DUE_REFUSE; /* An ANSWER still due is to a session that is over, or was heard. */
    for (unsigned i = 0; i <= KDIO_SEQ_MASK; i++)
        link->cache[i].size = 0;
}

/* L3: answered from the cache, without touching a device. */
static void repeat_reply(struct kdio_stub_link *link, uint32_t seq)
{
    unsigned slot = seq & KDIO_SEQ_MASK;

    if (!link->cache[slot].size) {
        link->due |= DUE_EXPECT;
        return;
    }
    link->stats.repeated++;
    link->replies_due |= (uint64_t)1 << slot;
}

/* CANCEL concerns a program that is running, and while one runs none is read here: it is over. KEEP was heard, which is
 * all it is for. */
static void take_note(struct kdio_stub_link *link, uint32_t seq)
{
    uint8_t type = link->decoder.buffer[1];

    if (link->decoder.size == KDIO_MESSAGE_MIN) {
        answer_bad_frame(link); /* M8: its type is missing. */
        return;
    }
    if (type == KDIO_NOTE_CANCEL || type == KDIO_NOTE_KEEP)
        return;
    link->unknown_type = type;
    link->note_seqs[NOTE_UNSUPPORTED - NOTE_TAKEN] = seq;
    link->due |= DUE_UNSUPPORTED;
}

/* A frame that is intact under the current session and number `seq`. True when it is the request to execute now. */
static bool take_current(struct kdio_stub_link *link, uint32_t seq)
{
    uint32_t expected = link->current.expected;

    link->stats.frames++;
    if ((link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_NOTE) {
        take_note(link, seq);
        return false;
    }
    if ((int32_t)(seq - expected) > 0)
        link->due |= DUE_EXPECT;
    else if (seq != expected)
        repeat_reply(link, seq);
    return seq == expected;
}

/* A frame that is intact under a session and number `seq`. */
static bool take_session_frame(struct kdio_stub_link *link, enum kdio_stub_role role, uint32_t seq)
{
    if (role == KDIO_STUB_FORMER) {
        link->note_seqs[0] = seq;
        link->due |= DUE_TAKEN;
        return false;
    }
    if (role == KDIO_STUB_CANDIDATE) {
        if (seq) {
            answer_bad_frame(link);
            return false;
        }
        confirm_candidate(link);
    }
    return take_current(link, seq);
}

/* The session under whose key the frame in a decoder is intact, and its number there; KDIO_STUB_ROLES: none. */
static unsigned find_role(const struct kdio_stub_link *link, const struct kdio_frame_decoder *decoder, uint32_t *seq)
{
    unsigned role;

    for (role = 0; role < KDIO_STUB_ROLES; role++) {
        const struct kdio_stub_session *session = &link->sessions[role];

        *seq = full_seq(session, decoder->buffer[0]);
        if (is_open(session) && kdio_message_intact(decoder->buffer, decoder->size, start_of(session, *seq)))
            break;
    }
    return role;
}

/* True when the frame in the decoder is the request to execute now. */
static bool take_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    unsigned role;
    uint32_t seq;

    if ((link->decoder.buffer[0] & KDIO_KIND_MASK) == KDIO_KIND_FREE) {
        take_free_frame(link, draw, draw_context);
        return false;
    }
    role = find_role(link, &link->decoder, &seq);
    if (role != KDIO_STUB_ROLES)
        return take_session_frame(link, role, seq);
    answer_bad_frame(link);
    return false;
}

bool kdio_stub_link_take(struct kdio_stub_link *link, uint8_t byte, uint64_t now_us, kdio_draw_fn *draw,
                         void *draw_context)
{
    enum kdio_frame_event event;

    if (kdio_frame_gap(&link->decoder, now_us))
        link->stats.bad_frames++;
    link->decoder.last_us = now_us;
    event = kdio_frame_take(&link->decoder, byte);
    if (event == KDIO_FRAME_BAD)
        answer_bad_frame(link);
    return event == KDIO_FRAME_DONE && take_frame(link, draw, draw_context);
}

/* ---- Looking ahead, while a request is out (S13) ---- */

void kdio_stub_link_scan_start(struct kdio_stub_link *link)
{
    kdio_frame_decoder_init(&link->scanner, link->scanned, sizeof link->scanned);
}

/* An OPEN changes nothing of the session that is on, so it is answered at once (S2). */
static enum kdio_stub_scan judge_free_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    const struct kdio_frame_decoder *scanner = &link->scanner;

    if (scanner->buffer[0] != KDIO_FREE_OPEN ||
        !kdio_message_intact(scanner->buffer, scanner->size, KDIO_CRC32C_PLAIN))
        return KDIO_SCAN_NOTHING;
    link->stats.frames++;
    take_open_frame(link, scanner, draw, draw_context);
    return KDIO_SCAN_SETTLED;
}

/* CANCEL stops the request that it names, and no other. */
static enum kdio_stub_scan judge_note(struct kdio_stub_link *link, uint32_t seq)
{
    uint8_t type = link->scanner.size > KDIO_MESSAGE_MIN ? link->scanner.buffer[1] : 0;

    if (type != KDIO_NOTE_CANCEL && type != KDIO_NOTE_KEEP)
        return KDIO_SCAN_NOTHING;
    link->stats.frames++;
    return type == KDIO_NOTE_CANCEL && seq == link->current.expected ? KDIO_SCAN_CANCEL : KDIO_SCAN_SETTLED;
}

static enum kdio_stub_scan judge_frame(struct kdio_stub_link *link, kdio_draw_fn *draw, void *draw_context)
{
    uint8_t kind = link->scanner.buffer[0] & KDIO_KIND_MASK;
    unsigned role;
    uint32_t seq;

    if (kind == KDIO_KIND_FREE)
        return judge_free_frame(link, draw, draw_context);
    role = find_role(link, &link->scanner, &seq);
    if (role == KDIO_STUB_CURRENT && kind == KDIO_KIND_NOTE)
        return judge_note(link, seq);
    return role == KDIO_STUB_CANDIDATE && !seq && kind != KDIO_KIND_NOTE ? KDIO_SCAN_CONFIRM : KDIO_SCAN_NOTHING;
}

enum kdio_stub_scan kdio_stub_link_scan(struct kdio_stub_link *link, uint8_t byte, uint64_t now_us, kdio_draw_fn *draw,
                                        void *draw_context)
{
    if (KDIO_OPS_PORTS_ONLY)
        return KDIO_SCAN_NOTHING;
    (void)kdio_frame_gap(&link->scanner, now_us);
    link->scanner.last_us = now_us;
    if (kdio_frame_take(&link->scanner, byte) != KDIO_FRAME_DONE)
        return KDIO_SCAN_NOTHING;
    return judge_frame(link, draw, draw_context);
}

void kdio_stub_link_alive(struct kdio_stub_link *link, uint32_t operations_done)
{
    link->operations_done = operations_done;
    link->due |= DUE_ALIVE;
}

void kdio_stub_link_event(struct kdio_stub_link *link)
{
    if (is_open(&link->current))
        link->due |= DUE_EVENT;
}

void kdio_stub_link_dropped(struct kdio_stub_link *link)
{
    link->due |= DUE_EXPECT;
}

/* ---- Replying ---- */

/* A slot whose memory is about to be used again no longer holds a reply. Replies follow one another, so the first
 * of those that lie here begins here. */
static void forget_overlapped(struct kdio_stub_link *link, uint32_t span)
{
    for (unsigned i = 0; i <= KDIO_SEQ_MASK; i++) {
        if (link->cache[i].at - link->reply_at >= span)
            continue;
        link->cache[i].size = 0;
        link->replies_due &= ~((uint64_t)1 << i);
    }
}

/* Replies lie in one piece: one that would pass the end starts at the beginning. What lies there is older than anything
 * the host may still ask for, as the reply window is smaller than the memory by one largest reply; if the rest of a
 * reply that is being sent lies there, its frame ends here, and the host drops it. */
uint8_t *kdio_stub_link_results(struct kdio_stub_link *link)
{
    uint32_t span = reply_span(link);
    uint8_t *reply;

    if (link->reply_at + span > link->config.replies_size)
        link->reply_at = 0;
    forget_overlapped(link, span);
    reply = link->config.replies + link->reply_at;
    if ((uintptr_t)link->encoder.payload - (uintptr_t)reply < span)
        kdio_frame_cut(&link->encoder);
    return reply + REPLY_LEAD;
}

/* The payload begins just before the results; only now does the request count as executed. */
void kdio_stub_link_answer(struct kdio_stub_link *link, size_t results_size, const struct kdio_failure *failure,
                           uint32_t operations)
{
    struct kdio_stub_session *session = &link->current;
    uint32_t seq = session->expected++;
    uint32_t slot = seq & KDIO_SEQ_MASK;
    uint32_t lead = failure ? REPLY_LEAD : KDIO_HEADER_SIZE;
    uint8_t *payload = link->config.replies + (link->reply_at += REPLY_LEAD - lead);

    link->last_failed = failure != NULL;
    link->due &= (uint16_t)~DUE_ALIVE;
    if (failure)
        kdio_failure_write(payload + KDIO_HEADER_SIZE, failure);
    payload[0] = (uint8_t)(slot | (failure ? KDIO_KIND_FAILED : KDIO_KIND_REPLY));
    link->cache[slot].at = (uint16_t)link->reply_at;
    link->cache[slot].size = (uint16_t)kdio_message_seal(payload, lead + results_size,
                                                         ~start_of(session, seq));
    link->reply_at += link->cache[slot].size;
    link->replies_due |= (uint64_t)1 << slot;
    session->operations += operations;
    link->stats.requests++;
    link->stats.operations += operations;
}

/* ---- Sending ---- */

static size_t write_answer(struct kdio_stub_link *link)
{
    const struct kdio_stub_session *session = find_opened(link, link->answer_nonce);
    const struct kdio_stub_session *previous = session + 1;
    struct kdio_stub_link_config *config = &link->config;

    config->version = link->version;
    config->status = link->version ? KDIO_DONE : KDIO_VERSION;
    config->challenge = link->version ? session->key.challenge : 0;
    config->previous_session = previous->key.challenge;
    config->previous_requests = previous->expected;
    config->previous_operations = previous->operations;
    return kdio_answer_write(link->control, &config->answer, link->answer_nonce);
}

static size_t write_hello(struct kdio_stub_link *link)
{
    return kdio_message_write(link->control, KDIO_FREE_HELLO, KDIO_HELLO_LETTERS, &link->config.version_min,
                              KDIO_CRC32C_PLAIN);
}

static size_t write_refuse(struct kdio_stub_link *link)
{
    const uint32_t fields[] = { KDIO_UNSUPPORTED, link->unknown_type };

    return kdio_message_write(link->control, KDIO_FREE_REFUSE, "bb", fields, KDIO_CRC32C_PLAIN);
}

/* ALIVE and UNSUPPORTED alone have a second field. */
static const char *note_letters(unsigned note)
{
    if (note == NOTE_ALIVE)
        return "bd";
    return note == NOTE_UNSUPPORTED ? "bb" : "b";
}

static size_t write_note(struct kdio_stub_link *link, unsigned note)
{
    const struct kdio_stub_session *session = &link->sessions[notes[note].role];
    const uint32_t fields[] = { notes[note].type, note == NOTE_ALIVE ? link->operations_done : link->unknown_type };
    uint32_t seq = note < NOTE_TAKEN ? session->expected : link->note_seqs[note - NOTE_TAKEN];

    return kdio_message_write(link->control, (uint8_t)(KDIO_KIND_NOTE | (seq & KDIO_SEQ_MASK)), note_letters(note),
                              fields, ~start_of(session, seq));
}

static size_t write_due(struct kdio_stub_link *link, unsigned due)
{
    if (due == DUE_HELLO)
        return write_hello(link);
    if (due == DUE_ANSWER)
        return write_answer(link);
    if (due == DUE_REFUSE)
        return write_refuse(link);
    return write_note(link, (unsigned)__builtin_ctz(due / DUE_EXPECT));
}

/* The oldest reply that is due: the slots go round, so the search starts at the oldest number in the window. */
static uint8_t next_reply(const struct kdio_stub_link *link)
{
    uint32_t slot = link->current.expected;

    while (!(link->replies_due >> (slot & KDIO_SEQ_MASK) & 1))
        slot++;
    return slot & KDIO_SEQ_MASK;
}

/* Starts the next frame that is due: answers first, then replies, then notes about what is missing behind them. */
static void start_frame(struct kdio_stub_link *link)
{
    unsigned due = link->due | (link->replies_due ? DUE_REPLY : 0u);
    const uint8_t *payload = link->control;
    uint8_t slot = SENDING_NO_REPLY;
    size_t size;

    due &= -due;
    if (due == DUE_REPLY) {
        slot = next_reply(link);
        link->replies_due &= ~((uint64_t)1 << slot);
        payload = link->config.replies + link->cache[slot].at;
        size = link->cache[slot].size;
    } else {
        link->due &= (uint16_t)~due;
        size = write_due(link, due);
    }
    link->sending_slot = slot;
    kdio_frame_encoder_start(&link->encoder, payload, size, false);
}

static bool frame_due(const struct kdio_stub_link *link)
{
    return link->due || link->replies_due;
}

/* L5: when the stub starts and each second until the first OPEN. */
static bool hello_due(const struct kdio_stub_link *link, uint64_t now_us)
{
    return now_us >= link->hello_due_us;
}

/* Between frames: whether text is to go, or else a frame is begun. */
static int next_between(struct kdio_stub_link *link, bool text_waits, uint64_t now_us)
{
    if (hello_due(link, now_us)) {
        link->hello_due_us = now_us + KDIO_HELLO_PERIOD_US;
        link->due |= DUE_HELLO;
    }
    if (text_waits && (link->text_turn || !frame_due(link))) {
        link->text_turn -= link->text_turn != 0;
        link->encoder.delimited = false;
        return KDIO_STUB_LINK_TEXT;
    }
    if (!frame_due(link))
        return KDIO_STUB_LINK_IDLE;
    start_frame(link);
    return 0;
}

int kdio_stub_link_next(struct kdio_stub_link *link, bool text_waits, uint64_t now_us)
{
    int next = kdio_frame_encoder_idle(&link->encoder) ? next_between(link, text_waits, now_us) : 0;

    if (next < 0)
        return next;
    next = kdio_frame_next(&link->encoder);
    link->text_turn = kdio_frame_encoder_idle(&link->encoder) ? KDIO_TEXT_TURN : 0;
    return next;
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
    return !kdio_frame_encoder_idle(&link->encoder) || frame_due(link) || hello_due(link, now_us);
}

void kdio_stub_link_set_burst(struct kdio_stub_link *link, uint8_t burst, uint32_t capabilities)
{
    __atomic_store_n(&link->config.burst, burst, __ATOMIC_RELAXED);
    __atomic_store_n(&link->config.capabilities, capabilities, __ATOMIC_RELAXED);
}
