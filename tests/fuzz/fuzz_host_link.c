/* SPDX-License-Identifier: MIT */
/*
 * fuzz_host_link.c: the host's end of the link against any stub, any times and any order of calls; frames are sealed
 * with the key of the session where the input says so.
 *
 * Whatever comes: a request is answered at most once, in order, and by an intact reply of its session and number; a
 * session ends by an event and nothing is carried over to another; windows hold; what is sent is what was asked for;
 * and the link never asks to be called at a time that is past.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "proto/host_link.h"
#include "proto/op_table.h"
#include "proto/status.h"

#define ACTIONS_MAX  512u
#define FRAME_SIZE   512u
#define PROGRAM_MAX  (FRAME_SIZE - KDIO_MESSAGE_MIN)
#define POOL         64u
#define NONCES       32u
#define KEYS         8u
#define NUMBERS_LATE (UINT32_MAX - 20u)

struct entry {
    struct kdio_host_request request;
    struct kdio_session_key key; /* Of the session that it was submitted in. */
    uint8_t program[PROGRAM_MAX];
};

static struct {
    struct kdio_host_link link;
    uint8_t rx_frame[FRAME_SIZE], tx_frame[FRAME_SIZE];
    uint64_t now_us;
    bool late;                  /* Sessions begin shortly before the numbers wrap. */
    unsigned nonce_count;
    struct entry pool[POOL];
    unsigned pool_next;
    struct entry *pending[KDIO_WINDOW_MAX]; /* Submitted and not answered, the oldest first. */
    unsigned pending_count;
    bool ready;                 /* Between OPENED and the event that ends the session. */
    uint64_t sign_us;           /* When the stub gave a sign of life, or an answer was first owed after it. */
    struct kdio_session_key keys[KEYS]; /* Of the latest sessions, a ring. */
    unsigned key_count;
    struct kdio_frame_decoder ears; /* Hears what the link is given, */
    uint8_t ears_frame[FRAME_SIZE];
    struct kdio_frame_decoder wire; /* and what it sends. */
    uint8_t wire_frame[2 * FRAME_SIZE];
    bool cut;                   /* A frame that was being sent was given up. */
    bool cancelled, kept;       /* CANCEL, KEEP were asked for. */
    uint8_t damage;             /* Of the next frame of the stub. */
} world;

/* The link as it was before a call. */
struct before {
    enum kdio_host_state state;
    struct kdio_session_key key;
    uint32_t base_seq, outstanding, open_nonce;
    bool probing;
};

static struct before look(void)
{
    const struct kdio_host_link *link = &world.link;

    return (struct before){ link->state, link->key, link->base_seq, kdio_host_link_outstanding(link), link->open_nonce,
                            link->probing };
}

/* Found once: one number in fifty makes a frame that keeps L13. */
static uint32_t nonce_by_index(unsigned index)
{
    static uint32_t found[NONCES];
    uint32_t nonce = 0xa0a0a0a0u;

    for (unsigned i = 0; !found[index] && i < NONCES; found[i++] = nonce)
        do
            nonce++;
        while (!kdio_host_nonce_fits(nonce));
    return found[index];
}

/* ---- The state that must hold between calls ---- */

static void end_session(void)
{
    world.ready = false;
    world.pending_count = 0;
}

static void check_state(void)
{
    const struct kdio_host_link *link = &world.link;
    uint32_t confirming = link->state == KDIO_HOST_CONFIRMING;

    FUZZ_REQUIRE((link->state == KDIO_HOST_READY) == world.ready, "a session begins and ends by an event");
    FUZZ_REQUIRE(kdio_host_link_outstanding(link) == world.pending_count + confirming, "each request is known");
    for (unsigned i = 0; i < world.pending_count; i++)
        FUZZ_REQUIRE(world.pending[i]->request.seq == link->base_seq + i, "a request keeps its number");
}

/* H3. */
static void check_windows(void)
{
    const struct kdio_answer *answer = &world.link.answer;
    size_t wire = 0, replies = 0;

    for (unsigned i = 0; i < world.pending_count; i++) {
        wire += KDIO_FRAME_WIRE_MAX(world.pending[i]->request.size + KDIO_MESSAGE_MIN);
        replies += KDIO_REPLY_COST(world.pending[i]->request.results_max);
    }
    FUZZ_REQUIRE(world.pending_count <= KDIO_WINDOW_MAX, "at most 32 requests");
    FUZZ_REQUIRE(world.pending_count <= 1 || (world.pending_count <= answer->frame_window && !answer->burst &&
                 wire <= answer->request_window && replies <= answer->reply_window), "the stub's windows hold");
}

static void remember_key(void)
{
    struct kdio_session_key key = world.link.key;
    struct kdio_session_key last = world.keys[(world.key_count + KEYS - 1) % KEYS];

    if (key.nonce != last.nonce || key.challenge != last.challenge)
        world.keys[world.key_count++ % KEYS] = key;
}

/* ---- What the host sends ---- */

static bool is_open_of_ours(const uint8_t *payload, size_t size)
{
    uint8_t low, high;
    uint32_t nonce;

    if (payload[0] != KDIO_FREE_OPEN || size != KDIO_OPEN_SIZE ||
        !kdio_open_read(payload, size - KDIO_CRC32C_SIZE, &low, &high, &nonce))
        return false;
    for (unsigned i = 0; i < world.nonce_count; i++)
        if (nonce == nonce_by_index(i))
            return kdio_message_intact(payload, size, KDIO_CRC32C_PLAIN);
    return false;
}

static bool is_entry(const struct entry *entry, const uint8_t *payload, size_t size)
{
    const struct kdio_host_request *request = &entry->request;
    uint8_t header = (uint8_t)((request->atomic ? KDIO_KIND_ATOMIC : KDIO_KIND_PLAIN) | (request->seq & KDIO_SEQ_MASK));

    return payload[0] == header && size == request->size + KDIO_MESSAGE_MIN &&
           (!request->size || !memcmp(payload + KDIO_HEADER_SIZE, entry->program, request->size)) &&
           kdio_message_intact(payload, size, kdio_session_start(entry->key, request->seq));
}

static bool is_confirm(const uint8_t *payload, size_t size)
{
    if (payload[0] != KDIO_KIND_PLAIN || size != KDIO_MESSAGE_MIN + 1 || payload[1] != KDIO_OP_SESSION)
        return false;
    for (unsigned i = 0; i < KEYS; i++)
        if (kdio_message_intact(payload, size, kdio_session_start(world.keys[i], 0)))
            return true;
    return false;
}

/* A note about a request of its own, or about none. */
static bool is_note(const uint8_t *payload, size_t size)
{
    if ((payload[0] & KDIO_KIND_MASK) != KDIO_KIND_NOTE || size != KDIO_MESSAGE_MIN + 1)
        return false;
    if (payload[1] == KDIO_NOTE_CANCEL)
        for (unsigned i = 0; i < POOL && world.cancelled; i++)
            if (kdio_message_intact(payload, size, kdio_session_start(world.pool[i].key, world.pool[i].request.seq)))
                return true;
    if (payload[1] == KDIO_NOTE_KEEP && world.kept)
        for (uint32_t seq = world.link.base_seq - 64; seq != world.link.base_seq + 1; seq++)
            for (unsigned i = 0; i < KEYS; i++)
                if (kdio_message_intact(payload, size, kdio_session_start(world.keys[i], seq)))
                    return true;
    return false;
}

static bool is_ours(const uint8_t *payload, size_t size)
{
    if (is_note(payload, size))
        return true;
    for (unsigned i = 0; i < POOL; i++)
        if (is_entry(&world.pool[i], payload, size))
            return true;
    return is_confirm(payload, size) || is_open_of_ours(payload, size);
}

static void hear_host(const uint8_t *bytes, size_t size)
{
    enum kdio_frame_event event;
    size_t text_at;

    while (size) {
        size_t taken = kdio_frame_push(&world.wire, bytes, size, 0, &event, &text_at);

        FUZZ_REQUIRE(event != KDIO_FRAME_TEXT, "the host sends frames and nothing else");
        if (event == KDIO_FRAME_BAD || event == KDIO_FRAME_DONE) {
            bool whole = event == KDIO_FRAME_DONE && is_ours(world.wire_frame, world.wire.size);

            FUZZ_REQUIRE(whole || world.cut, "each frame is one that was asked for, in its own session");
            world.cut = false;
        }
        bytes += taken;
        size -= taken;
    }
}

static size_t transmit(size_t capacity)
{
    uint8_t out[4096];
    size_t count = kdio_host_link_tx(&world.link, out, capacity, world.now_us);

    FUZZ_REQUIRE(count <= capacity, "a call gives what there is room for");
    hear_host(out, count);
    return count;
}

static void flush(void)
{
    size_t most = (kdio_host_link_outstanding(&world.link) + 3) * (size_t)KDIO_FRAME_WIRE_MAX(FRAME_SIZE);
    size_t sent = 0;
    size_t count;

    while ((count = transmit(64)) > 0)
        FUZZ_REQUIRE((sent += count) <= most, "what is sent at one time is bounded");
}

/* ---- What the host is told ---- */

static void take_reply(const struct kdio_host_event *event)
{
    struct entry *entry = world.pending[0];

    FUZZ_REQUIRE(world.pending_count && event->request == &entry->request,
                 "replies come in order, to what is owed one");
    FUZZ_REQUIRE(entry->request.sent, "what was never sent has no reply");
    FUZZ_REQUIRE(event->failure.status == KDIO_DONE ? event->results_size == entry->request.results_max
                                                    : event->results_size <= entry->request.results_max, "M9");
    world.pending_count--;
    memmove(world.pending, world.pending + 1, world.pending_count * sizeof world.pending[0]);
}

static void take_event(const struct kdio_host_event *event)
{
    switch (event->type) {
    case KDIO_HOST_OPENED:
        FUZZ_REQUIRE(!world.ready, "a session opens once");
        world.ready = true;
        if (world.late)
            world.link.base_seq = world.link.send_seq = world.link.next_seq = NUMBERS_LATE;
        break;
    case KDIO_HOST_REPLY:
        take_reply(event);
        break;
    case KDIO_HOST_NONE:
    case KDIO_HOST_TEXT:
    case KDIO_HOST_EVENT:
        break;
    default:
        end_session();
        break;
    }
}

/* ---- What the host hears ---- */

static bool in_session(const struct before *before)
{
    return before->state == KDIO_HOST_CONFIRMING || before->state == KDIO_HOST_READY;
}

/* The number, from half the space behind to half the space ahead, under which the frame is intact in the session. */
static bool find_seq(const struct before *before, const uint8_t *payload, size_t size, uint32_t *seq)
{
    for (*seq = before->base_seq - 32; *seq != before->base_seq + 33; ++*seq)
        if ((*seq & KDIO_SEQ_MASK) == (payload[0] & KDIO_SEQ_MASK) &&
            kdio_message_intact(payload, size, kdio_session_reply_start(before->key, *seq)))
            return in_session(before);
    return false;
}

static bool is_answer(const struct before *before, const uint8_t *payload, size_t size)
{
    return payload[0] == KDIO_FREE_ANSWER && (before->state == KDIO_HOST_OPENING || before->probing) &&
           size >= KDIO_ANSWER_SIZE &&
           kdio_message_intact(payload, size, kdio_session_answer_start(before->open_nonce));
}

static void check_nothing_happened(const struct before *before, const struct kdio_host_event *event)
{
    FUZZ_REQUIRE(event->type == KDIO_HOST_NONE, "nothing happens without an intact frame");
    FUZZ_REQUIRE(world.link.base_seq == before->base_seq, "nothing is answered without one");
    FUZZ_REQUIRE(world.link.state == before->state ||
                 (before->state == KDIO_HOST_CONFIRMING && world.link.state == KDIO_HOST_OPENING),
                 "and no session begins or ends");
}

static void judge_session_frame(const struct before *before, uint32_t seq, const struct kdio_host_event *event)
{
    const uint8_t *payload = world.ears_frame;
    bool note = (payload[0] & KDIO_KIND_MASK) == KDIO_KIND_NOTE;
    bool due = !note && before->outstanding && seq == before->base_seq;

    world.sign_us = world.now_us;
    switch (event->type) {
    case KDIO_HOST_REPLY:
    case KDIO_HOST_OPENED:
    case KDIO_HOST_BAD:
        FUZZ_REQUIRE(due, "a request is answered by the reply with its number, in order");
        break;
    case KDIO_HOST_TAKEN:
        FUZZ_REQUIRE(note && payload[1] == KDIO_NOTE_TAKEN, "the stub says that the line is taken");
        break;
    case KDIO_HOST_EVENT:
        FUZZ_REQUIRE(note && payload[1] == KDIO_NOTE_EVENT, "something is to be fetched when the stub says so");
        break;
    default:
        check_nothing_happened(before, event);
        break;
    }
}

static void judge_frame(const struct before *before, const struct kdio_host_event *event)
{
    const uint8_t *payload = world.ears_frame;
    size_t size = world.ears.size;
    uint32_t seq;

    if ((payload[0] & KDIO_KIND_MASK) != KDIO_KIND_FREE && find_seq(before, payload, size, &seq)) {
        judge_session_frame(before, seq, event);
    } else if (is_answer(before, payload, size)) {
        world.sign_us = world.now_us;
        FUZZ_REQUIRE(event->type == KDIO_HOST_NONE || event->type == KDIO_HOST_REFUSED ||
                     event->type == KDIO_HOST_TAKEN || event->type == KDIO_HOST_RESET,
                     "an ANSWER opens, refuses or ends");
        FUZZ_REQUIRE(!before->probing || event->type != KDIO_HOST_NONE || world.link.base_seq == before->base_seq,
                     "a probe changes nothing");
    } else {
        check_nothing_happened(before, event);
    }
}

/* One event of the decoder at a time, so that it is known what each call of the link was about. */
static void receive(const uint8_t *bytes, size_t size)
{
    while (size) {
        struct before before = look();
        struct kdio_host_event event;
        enum kdio_frame_event frame;
        size_t text_at = 0;
        size_t count, taken;

        (void)kdio_frame_gap(&world.ears, world.now_us);
        count = kdio_frame_push(&world.ears, bytes, size, world.now_us, &frame, &text_at);
        taken = kdio_host_link_rx(&world.link, bytes, count, world.now_us, &event);
        FUZZ_REQUIRE(taken == count, "a call takes bytes up to the first event");
        FUZZ_REQUIRE((event.type == KDIO_HOST_TEXT) == (frame == KDIO_FRAME_TEXT), "text is text");
        if (frame == KDIO_FRAME_TEXT)
            FUZZ_REQUIRE(event.text == bytes + text_at && event.text_size == count - text_at, "all of it");
        else if (frame == KDIO_FRAME_DONE)
            judge_frame(&before, &event);
        else
            check_nothing_happened(&before, &event);
        take_event(&event);
        remember_key();
        check_state();
        bytes += count;
        size -= count;
    }
}

/* ---- What a stub says ---- */

static void say(uint8_t *payload, size_t size, uint32_t start)
{
    uint8_t wire[KDIO_FRAME_WIRE_MAX(2 * FRAME_SIZE)];
    struct kdio_frame_encoder encoder = { 0 };
    size_t count;

    size = kdio_message_seal(payload, size, start);
    kdio_frame_encoder_start(&encoder, payload, size, true);
    count = kdio_frame_emit(&encoder, wire, sizeof wire);
    if (world.damage)
        wire[world.damage % count] ^= (uint8_t)(1u << world.damage % 8);
    world.damage = 0;
    receive(wire, count);
}

static void say_answer(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    uint8_t payload[KDIO_CONTROL_SIZE];
    struct kdio_answer answer = {
        .status = KDIO_DONE, .version = 1, .version_min = 1, .version_max = 1, .boot_id = 1 + (choice & 1u),
        .challenge = 1 + world.key_count, .frame_max = 400, .request_window = 2048, .reply_window = 1015,
        .results_max = 262, .program_max = 1024, .frame_window = 32,
        .previous_session = choice & 2 ? 0 : world.link.key.challenge, .previous_requests = 3, .previous_operations = 2,
    };

    if (choice & 4)
        answer.burst = fuzz_u8(input);
    if (choice & 8) {
        answer.frame_max = fuzz_u16(input);
        answer.request_window = fuzz_u16(input);
        answer.reply_window = fuzz_u16(input);
        answer.frame_window = fuzz_u8(input);
    }
    if ((choice & 0x70) == 0x70)
        answer.status = fuzz_u8(input);
    (void)kdio_answer_write(payload, &answer, 0);
    say(payload, KDIO_ANSWER_SIZE - KDIO_CRC32C_SIZE, kdio_session_answer_start(world.link.open_nonce));
}

static void say_hello(struct fuzz_input *input)
{
    uint8_t payload[KDIO_CONTROL_SIZE];
    struct kdio_hello hello = { 1, 1, 1 + (fuzz_u8(input) & 1u) };

    (void)kdio_hello_write(payload, &hello);
    say(payload, KDIO_HELLO_SIZE - KDIO_CRC32C_SIZE, KDIO_CRC32C_PLAIN);
}

/* The reply that the oldest request waits for. */
static void say_reply(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    uint32_t seq = world.link.base_seq;
    uint8_t payload[2 * FRAME_SIZE] = { 0 };
    struct kdio_failure failure = { .status = KDIO_FAULT, .index = 1, .done = 1 };
    size_t results = world.pending_count ? world.pending[0]->request.results_max : 12;
    size_t lead = KDIO_HEADER_SIZE;

    payload[0] = (uint8_t)(seq & KDIO_SEQ_MASK);
    if (choice & 1) {
        payload[0] |= KDIO_KIND_FAILED;
        kdio_failure_write(payload + lead, &failure);
        lead += KDIO_FAILED_SIZE;
        results = choice % (results + 1);
    }
    if (choice >= 0xf0)
        results ^= 1;
    say(payload, lead + results, kdio_session_reply_start(world.link.key, seq));
}

/* Sealed by the session's key: any kind, any number, any body. */
static void say_odd(struct fuzz_input *input)
{
    uint8_t payload[2 * FRAME_SIZE];
    uint32_t seq = world.link.base_seq + (uint32_t)(int8_t)fuzz_u8(input);
    const uint8_t *bytes;
    size_t size;

    payload[0] = (uint8_t)((fuzz_u8(input) & KDIO_KIND_MASK) | (seq & KDIO_SEQ_MASK));
    size = fuzz_bytes(input, fuzz_u8(input) % 80, &bytes);
    if (size)
        memcpy(payload + 1, bytes, size);
    say(payload, 1 + size, kdio_session_reply_start(world.link.key, seq));
}

static void say_note(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    uint32_t seq = world.link.base_seq + (choice >> 4);
    uint8_t payload[6 + KDIO_CRC32C_SIZE] = { (uint8_t)(KDIO_KIND_NOTE | (seq & KDIO_SEQ_MASK)), choice % 7, choice };

    say(payload, payload[1] == KDIO_NOTE_ALIVE ? 6 : 2, kdio_session_reply_start(world.link.key, seq));
}

static void say_raw(struct fuzz_input *input)
{
    const uint8_t *bytes;
    size_t size = fuzz_bytes(input, fuzz_u8(input), &bytes);

    receive(bytes, size);
}

static void set_damage(struct fuzz_input *input)
{
    world.damage = fuzz_u8(input);
}

/* ---- What the caller does ---- */

static void submit(struct fuzz_input *input)
{
    struct entry *entry = &world.pool[world.pool_next % POOL];
    size_t most = kdio_host_link_program_max(&world.link);
    uint16_t choice = fuzz_u16(input);
    bool taken;

    if (!world.ready || !most || (world.pending_count && world.pending[0] == entry))
        return;
    FUZZ_REQUIRE(most <= PROGRAM_MAX, "a program fits the frame");
    *entry = (struct entry){ .key = world.link.key };
    entry->request = (struct kdio_host_request){
        .program = entry->program, .size = 1 + choice % (choice & 0x8000 ? most : 8 < most ? 8 : most),
        .results_max = (choice >> 8) & 0x3f, .atomic = choice & 0x80, .worst_us = choice & 0x40 ? 3000000 : 0,
    };
    memset(entry->program, 1 + (int)(world.pool_next % 255), entry->request.size);
    taken = kdio_host_link_submit(&world.link, &entry->request, world.now_us);
    FUZZ_REQUIRE(taken || world.pending_count, "one request may always be under way");
    if (!taken)
        return;
    world.sign_us = world.pending_count ? world.sign_us : world.now_us;
    world.pending[world.pending_count++] = entry;
    world.pool_next++;
    check_windows();
    check_state();
}

static void call_tx(struct fuzz_input *input)
{
    (void)transmit(fuzz_u8(input));
}

static void call_tick(void)
{
    struct before before = look();
    struct kdio_host_event event;

    (void)kdio_frame_gap(&world.ears, world.now_us);
    kdio_host_link_tick(&world.link, world.now_us, &event);
    if (event.type == KDIO_HOST_TIMEOUT)
        FUZZ_REQUIRE(before.outstanding, "a timeout needs an answer that is owed");
    else
        check_nothing_happened(&before, &event);
    take_event(&event);
    check_state();
    FUZZ_REQUIRE(!world.ready || !world.pending_count || world.now_us - world.sign_us < world.link.config.dead_us,
                 "H7: a dead line is not waited for longer");
}

/* All that is due is done, so the next time is to come. */
static void call_all(struct fuzz_input *input)
{
    (void)input;
    call_tick();
    flush();
    FUZZ_REQUIRE(kdio_host_link_deadline(&world.link) > world.now_us, "the next deadline lies ahead");
    FUZZ_REQUIRE(!kdio_host_link_outstanding(&world.link) || kdio_host_link_deadline(&world.link) != KDIO_NEVER_US,
                 "an answer that is owed has a deadline");
}

static void pass_time(struct fuzz_input *input)
{
    static const uint32_t steps_us[] = { 1, 1000, 40000, KDIO_FRAME_GAP_US, KDIO_FRAME_GAP_US + 1, 500000, 1000000,
                                         4500000 };
    uint8_t choice = fuzz_u8(input);
    uint64_t deadline_us = kdio_host_link_deadline(&world.link);

    if (choice & 0x80 && deadline_us != KDIO_NEVER_US && deadline_us > world.now_us)
        world.now_us = deadline_us;
    else
        world.now_us += steps_us[choice % FUZZ_COUNT(steps_us)];
}

static void open_session(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    if (world.nonce_count == NONCES)
        return;
    world.cut |= !kdio_frame_encoder_idle(&world.link.encoder);
    kdio_host_link_open(&world.link, nonce_by_index(world.nonce_count++), choice & 1, world.now_us);
    end_session();
    check_state();
}

/* What was under way on the line is gone. */
static void begin_line(void)
{
    kdio_frame_decoder_init(&world.ears, world.ears_frame, sizeof world.ears_frame);
    kdio_frame_decoder_init(&world.wire, world.wire_frame, sizeof world.wire_frame);
    world.cut = false;
}

static void reconnect(struct fuzz_input *input)
{
    struct before before = look();

    (void)input;
    kdio_host_link_reconnected(&world.link, world.now_us);
    begin_line();
    FUZZ_REQUIRE(world.link.base_seq == before.base_seq && world.link.state == before.state, "the session goes on");
    check_state();
}

static void cancel(struct fuzz_input *input)
{
    (void)input;
    kdio_host_link_cancel(&world.link, world.now_us);
    world.cancelled = true;
    check_state();
}

static void keep(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    kdio_host_link_keep(&world.link, choice * 10000u, world.now_us);
    world.kept |= choice != 0;
    check_state();
}

static void change_rate(struct fuzz_input *input)
{
    (void)input;
    kdio_host_link_rate_changed(&world.link, world.now_us);
    begin_line();
    world.sign_us = world.now_us;
    check_state();
}

static void give_nonce(struct fuzz_input *input)
{
    (void)input;
    if (!world.link.spare_nonce && world.nonce_count < NONCES)
        kdio_host_link_give_nonce(&world.link, nonce_by_index(world.nonce_count++));
}

typedef void action_fn(struct fuzz_input *input);

static action_fn *const actions[] = {
    call_all, submit, say_reply, say_answer, call_tx, pass_time, say_note, say_odd, say_hello, say_raw, set_damage,
    open_session, reconnect, give_nonce, submit, say_reply, cancel, keep, change_rate,
};

static void start(uint8_t options)
{
    const struct kdio_host_link_config config = {
        .rx_frame = world.rx_frame, .rx_frame_size = sizeof world.rx_frame, .tx_frame = world.tx_frame,
        .tx_frame_size = sizeof world.tx_frame, .dead_us = options & 1 ? 500000 : 4500000,
    };

    memset(&world, 0, sizeof world);
    world.late = options & 2;
    world.now_us = 1000;
    kdio_host_link_init(&world.link, &config);
    kdio_frame_decoder_init(&world.ears, world.ears_frame, sizeof world.ears_frame);
    kdio_frame_decoder_init(&world.wire, world.wire_frame, sizeof world.wire_frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };

    start(fuzz_u8(&input));
    open_session(&input);
    for (unsigned i = 0; i < ACTIONS_MAX && input.left; i++)
        actions[fuzz_u8(&input) % FUZZ_COUNT(actions)](&input);
    call_all(&input);
    return 0;
}
