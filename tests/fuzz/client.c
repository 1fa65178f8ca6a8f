/* SPDX-License-Identifier: MIT */
/*
 * client.c: the host's end in world.h. An access is asked for when a whole frame that was on the line, intact under the
 * session's key and number, holds it as its next operation; each number is executed once and in order.
 */
#include "tests/fuzz/world.h"

#include <string.h>

#include "proto/status.h"
#include "stub/stub.h"

#define FRAME_MAX 2048u
#define LOST_BEGIN "\n[kdio: "
#define LOST_END " bytes of console text lost]\n"

/* ---- Sending ---- */

void client_start(struct world *world)
{
    struct client *client = &world->client;

    client->session_count = client->nonce_count = client->frame_count = client->ended_count = client->accesses = 0;
    client->candidate_count = 0;
    client->candidate = (struct kdio_session_key){ 0 };
    client->boot_id = 0;
    client->version_unusual = client->late = client->full = client->run_any = false;
    client->segment_size = client->arena_size = 0;
    client->text_sent_size = client->text_heard_size = client->text_dropped = 0;
    client->run_request = NULL;
    kdio_frame_decoder_init(&client->decoder, client->heard_frame, sizeof client->heard_frame);
}

void client_send(struct world *world, const uint8_t *body, size_t size, uint32_t start)
{
    uint8_t payload[FRAME_MAX], wire[KDIO_FRAME_WIRE_MAX(FRAME_MAX)];
    struct kdio_frame_encoder encoder = { 0 };

    FUZZ_REQUIRE(size + KDIO_CRC32C_SIZE <= sizeof payload, "the target sends what fits");
    memcpy(payload, body, size);
    size = kdio_message_seal(payload, size, start);
    kdio_frame_encoder_start(&encoder, payload, size, true);
    machine_send(world, wire, kdio_frame_emit(&encoder, wire, sizeof wire));
}

/* Found once: one number in fifty makes a frame that keeps L13. */
static uint32_t nonce_by_index(unsigned index)
{
    static uint32_t found[FUZZ_COUNT(((struct client *)0)->nonces)];
    uint8_t payload[KDIO_OPEN_SIZE];
    uint32_t nonce = 0xa0a0a0a0u;

    for (unsigned i = 0; !found[index] && i < FUZZ_COUNT(found); found[i++] = nonce)
        do
            nonce++;
        while (!kdio_open_write(payload, KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION, nonce));
    return found[index];
}

void client_open(struct world *world, unsigned nonce_index, uint8_t version_min, uint8_t version_max)
{
    struct client *client = &world->client;
    uint8_t payload[KDIO_OPEN_SIZE];
    unsigned i = 0;
    uint32_t nonce = nonce_by_index(nonce_index);

    while (i < client->nonce_count && client->nonces[i] != nonce)
        i++;
    if (i == FUZZ_COUNT(client->nonces))
        return;
    client->nonces[i] = nonce;
    client->nonce_count += i == client->nonce_count;
    (void)kdio_open_write(payload, version_min, version_max, nonce);
    client_send(world, payload, KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE, KDIO_CRC32C_PLAIN);
}

struct client_session *client_session(struct world *world, unsigned age)
{
    struct client *client = &world->client;

    return age < client->session_count ? &client->sessions[client->session_count - 1 - age] : NULL;
}

static struct client_request *request_of(struct client_session *session, uint32_t seq)
{
    return &session->requests[seq & KDIO_SEQ_MASK];
}

/* H2, H3. */
static bool has_room(struct client_session *session, const struct client_request *request)
{
    size_t wire = request->wire_cost, replies = request->reply_cost;
    uint32_t count = session->next - session->base;

    for (uint32_t seq = session->base; seq != session->next; seq++) {
        wire += request_of(session, seq)->wire_cost;
        replies += request_of(session, seq)->reply_cost;
    }
    if (!count)
        return true;
    return session->base && count < session->answer.frame_window && wire <= session->answer.request_window &&
           replies <= session->answer.reply_window;
}

static void send_request(struct world *world, const struct client_session *session,
                         const struct client_request *request)
{
    uint8_t body[KDIO_HEADER_SIZE + CLIENT_PROGRAM_MAX];

    body[0] = (uint8_t)((request->atomic ? KDIO_KIND_ATOMIC : KDIO_KIND_PLAIN) | (request->seq & KDIO_SEQ_MASK));
    memcpy(body + KDIO_HEADER_SIZE, request->program, request->size);
    client_send(world, body, KDIO_HEADER_SIZE + request->size, kdio_session_start(session->key, request->seq));
}

/* What a reply may cost: results of all operations, or of those that fit. */
static size_t results_of(const struct client_session *session, const uint8_t *program, size_t size)
{
    struct kdio_program_summary summary;

    if (kdio_program_verify(program, size, &summary) != KDIO_DONE || summary.results_size > session->answer.results_max)
        return 0;
    return summary.results_size;
}

void client_request(struct world *world, struct client_session *session, const uint8_t *program, size_t size,
                    bool atomic)
{
    struct client_request made = { .seq = session->next, .atomic = atomic };
    struct client_request *request = request_of(session, session->next);

    made.size = size < CLIENT_PROGRAM_MAX ? size : CLIENT_PROGRAM_MAX;
    made.wire_cost = KDIO_FRAME_WIRE_MAX(made.size + KDIO_MESSAGE_MIN);
    made.reply_cost = KDIO_REPLY_COST(results_of(session, program, made.size));
    if (!has_room(session, &made))
        return;
    memcpy(request, &made, offsetof(struct client_request, program));
    memcpy(request->program, program, request->size);
    session->next++;
    send_request(world, session, request);
}

void client_repeat(struct world *world, struct client_session *session, uint32_t seq)
{
    struct client_request *request = request_of(session, seq);

    if (seq >= session->next || request->seq != seq)
        return;
    world->client.late = true;
    send_request(world, session, request);
}

/* ---- What the stub was given ---- */

static void remember_frame(struct client *client, const uint8_t *bytes, size_t size)
{
    struct client_frame *frame = &client->frames[client->frame_count];
    uint8_t *payload = client->arena + client->arena_size;

    if (client->frame_count == CLIENT_FRAMES_MAX || client->arena_size + size > CLIENT_ARENA_MAX) {
        client->full = true;
        return;
    }
    if (!fuzz_unstuff(bytes, size, payload, &frame->size) || frame->size < KDIO_MESSAGE_MIN || (payload[0] & 0x80))
        return;
    frame->at = (uint32_t)client->arena_size;
    client->arena_size += frame->size;
    client->frame_count++;
}

/* A silence may have ended a frame at any byte, so the stub may have entered one at each MARK. */
void client_given(struct world *world, uint8_t byte)
{
    struct client *client = &world->client;

    if (byte != KDIO_FRAME_DELIMITER) {
        if (client->segment_size < sizeof client->segment)
            client->segment[client->segment_size++] = byte;
        return;
    }
    for (size_t i = 0; i < client->segment_size; i++)
        if (client->segment[i] == KDIO_FRAME_MARK)
            remember_frame(client, client->segment + i + 1, client->segment_size - i - 1);
    client->segment_size = 0;
}

/* ---- What is executed ---- */

static const struct client_frame *find_frame(const struct client *client, uint32_t start)
{
    for (unsigned i = client->frame_count; i-- > 0;)
        if (kdio_message_intact(client->arena + client->frames[i].at, client->frames[i].size, start))
            return &client->frames[i];
    return NULL;
}

static void check_order(struct client *client, uint32_t challenge, uint32_t seq)
{
    if (client->run_any && challenge == client->run_challenge)
        FUZZ_REQUIRE(seq > client->run_seq, "numbers are executed in order, each once");
    else if (client->run_any && client->ended_count < FUZZ_COUNT(client->ended))
        client->ended[client->ended_count++] = client->run_challenge;
    for (unsigned i = 0; i < client->ended_count; i++)
        FUZZ_REQUIRE(client->ended[i] != challenge, "a session that has ended executes nothing");
}

static void find_request(struct client *client)
{
    client->run_request = NULL;
    for (unsigned i = 0; i < client->session_count; i++) {
        struct client_request *request = request_of(&client->sessions[i], client->run_seq);

        if (client->sessions[i].key.challenge == client->run_challenge && request->seq == client->run_seq &&
            client->run_seq < client->sessions[i].next)
            client->run_request = request;
    }
}

/* A program begins: the frame that carries it was on the line, whole. */
static void begin_program(struct world *world, const struct kdio_stub_session *session)
{
    const struct machine *machine = &world->machine;
    struct client *client = &world->client;
    const struct client_frame *frame = find_frame(client, kdio_session_start(session->key, session->expected));
    const uint8_t *payload;

    FUZZ_REQUIRE(frame, "nothing is executed but what a whole intact frame asks for");
    check_order(client, session->key.challenge, session->expected);
    payload = client->arena + frame->at;
    client->run_any = true;
    client->run_challenge = session->key.challenge;
    client->run_seq = session->expected;
    client->run_atomic = (payload[0] & KDIO_KIND_MASK) == KDIO_KIND_ATOMIC;
    client->run_program = kdio_reader_on(payload + KDIO_HEADER_SIZE, frame->size - KDIO_MESSAGE_MIN);
    client->run_timed = false;
    client->run_delay_us = client->run_ops = client->alive_ops[0] = client->alive_ops[1] = 0;
    client->run_model = (struct model){ .spaces = machine->spaces, .cmos_given = machine->cmos_given,
                                        .cmos = machine->cmos, .levels_5 = machine->levels_5 };
    find_request(client);
    if (client->run_request)
        client->run_request->executed = 0;
}

/* To the next operation of the program. */
static void next_op(struct client *client)
{
    struct model *model = &client->run_model;

    FUZZ_REQUIRE(!model->faulted, "nothing is executed behind an access that failed");
    FUZZ_REQUIRE(client->run_program.left, "no operation beyond those of the program");
    FUZZ_REQUIRE(kdio_op_read(&client->run_program, &model->op) == KDIO_DONE, "the program is well-formed");
    model_begin(model);
    client->run_ops++;
    if (model->op.row->opcode == KDIO_OP_DELAY)
        client->run_delay_us += model->op.operand[0];
}

/* A search alone may end before it has read all it could. */
static void find_op(struct client *client, const struct touch *touch)
{
    struct touch wanted;

    for (;; next_op(client)) {
        if (!model_wants(&client->run_model, &wanted))
            continue;
        if (model_agrees(&client->run_model, &wanted, touch))
            return;
        FUZZ_REQUIRE(model_is_search(&client->run_model),
                     "each access is the next one of the program, unaltered");
    }
}

static void check_time(struct world *world)
{
    struct client *client = &world->client;

    FUZZ_REQUIRE(!client->run_timed || world->machine.now_us - client->run_us >= client->run_delay_us,
                 "DELAY waits for so long, and no less");
    client->run_timed = true;
    client->run_us = world->machine.now_us;
    client->run_delay_us = 0;
}

/* The program that is due, at the operation that makes this access. */
static void find_access(struct world *world, const struct touch *touch)
{
    struct client *client = &world->client;
    const struct kdio_stub_session *session = &world->machine.stub->link.current;

    if (!client->run_any || session->key.challenge != client->run_challenge || session->expected != client->run_seq)
        begin_program(world, session);
    find_op(client, touch);
    FUZZ_REQUIRE(world->machine.interrupts_off == (client->run_atomic || model_is_quiet(&client->run_model)),
                 "interrupts are off in atomic programs, and where accesses belong together");
    check_time(world);
}

static uint64_t device_value(struct client *client, const struct touch *touch)
{
    uint64_t value = client->accesses * 0x9e3779b97f4a7c15u >> 32;

    if (touch->kind == TOUCH_STAMP)
        return client->accesses * 0x9e3779b97f4a7c15u;
    return touch->width == 4 ? value : value & ((1u << 8 * touch->width) - 1);
}

static uint64_t value_of(struct client *client, const struct touch *touch)
{
    if (touch->write)
        return 0;
    if (touch->kind == TOUCH_MEMORY)
        return world_load(touch->at, touch->width);
    return touch->kind == TOUCH_MSR ? world_msr(touch->at) : device_value(client, touch);
}

uint64_t client_access(struct world *world, const struct touch *touch)
{
    struct client *client = &world->client;
    struct client_request *request;
    struct touch more;
    uint64_t value;

    find_access(world, touch);
    if (touch->kind == TOUCH_CPUID && model_asks_identity(&client->run_model))
        return 0;
    request = client->run_request;
    client->accesses++;
    if (request && !client->run_model.count)
        request->executed++;
    value = value_of(client, touch);
    model_took(&client->run_model, touch, value, request);
    if (request)
        request->unfinished = !model_is_search(&client->run_model) && model_wants(&client->run_model, &more);
    return value;
}

void client_typed(struct world *world, const uint8_t *text, size_t size)
{
    const struct touch touch = { .kind = TOUCH_TEXT };
    const struct kdio_op *op = &world->client.run_model.op;

    (void)client_access(world, &touch);
    FUZZ_REQUIRE(op->operand[0] == size && (!size || !memcmp(op->bytes, text, size)),
                 "what is typed is what the program says");
}

void client_maps(struct world *world, uint64_t physical)
{
    const struct touch touch = { .kind = TOUCH_MAP, .at = PHYSICAL_AT(physical) };

    find_access(world, &touch);
    FUZZ_REQUIRE(world->client.run_model.op.row->capability == KDIO_CAPABILITY_PHYSICAL ||
                 model_uses_window(&world->client.run_model), "physical memory is looked for by who asks for it");
}

void client_faults(struct world *world, const struct touch *touch, uint32_t vector, uint32_t code, uint64_t detail)
{
    struct client *client = &world->client;
    struct client_request *request;

    find_access(world, touch);
    request = client->run_request;
    client->run_model.faulted = true;
    if (!request)
        return;
    request->executed += !client->run_model.count;
    request->faulted = request->unfinished = true;
    request->vector = vector;
    request->code = code;
    request->detail = detail;
}

/* ---- What the stub says ---- */

static void add_session(struct client *client, uint32_t nonce, const struct kdio_answer *answer)
{
    struct client_session *session;

    for (unsigned i = 0; i < client->session_count; i++)
        if (client->sessions[i].key.challenge == answer->challenge) {
            FUZZ_REQUIRE(client->sessions[i].key.nonce == nonce, "K3: a challenge is new for each new OPEN");
            return;
        }
    FUZZ_REQUIRE(answer->challenge, "K3: a challenge is not 0");
    if (client->session_count == CLIENT_SESSIONS_MAX) {
        client->full = true;
        return;
    }
    session = &client->sessions[client->session_count++];
    session->key = (struct kdio_session_key){ nonce, answer->challenge };
    session->answer = *answer;
    session->next = session->base = session->judged = 0;
    session->last_known = true;
    session->last = 0;
}

/* False for one that belongs to no OPEN. */
static bool hear_answer(struct client *client, const uint8_t *payload, size_t size)
{
    struct kdio_answer answer;
    unsigned i = 0;

    while (i < client->nonce_count && !kdio_message_intact(payload, size, kdio_session_answer_start(client->nonces[i])))
        i++;
    if (i == client->nonce_count)
        return false;
    FUZZ_REQUIRE(kdio_answer_read(payload, size - KDIO_CRC32C_SIZE, &answer), "an ANSWER is whole");
    FUZZ_REQUIRE(answer.frame_window <= KDIO_WINDOW_MAX, "M7");
    FUZZ_REQUIRE(!client->boot_id || client->boot_id == answer.boot_id, "one boot has one identifier");
    client->boot_id = answer.boot_id;
    if (answer.status == KDIO_DONE)
        add_session(client, client->nonces[i], &answer);
    else
        FUZZ_REQUIRE(client->version_unusual && !answer.challenge && answer.status == KDIO_VERSION, "S2");
    return true;
}

static bool hear_free(struct client *client, const uint8_t *payload, size_t size)
{
    if (payload[0] == KDIO_FREE_ANSWER)
        return hear_answer(client, payload, size);
    return (payload[0] == KDIO_FREE_HELLO || payload[0] == KDIO_FREE_REFUSE) &&
           kdio_message_intact(payload, size, KDIO_CRC32C_PLAIN);
}

static bool has_chain(const struct client_request *request)
{
    struct kdio_reader program = kdio_reader_on(request->program, request->size);
    struct kdio_op op;

    while (program.left && kdio_op_read(&program, &op) == KDIO_DONE)
        if (op.row->opcode == KDIO_OP_CHAIN)
            return true;
    return false;
}

/* Replies come in order, so that of the request before is known. */
static void check_chain(struct client_session *session, const struct client_request *request, const uint8_t *payload)
{
    const struct client_request *before = request_of(session, request->seq - 1);
    bool failed = request->seq && before->seq == request->seq - 1 && before->replied &&
                  (before->reply[0] & KDIO_KIND_MASK) == KDIO_KIND_FAILED;

    FUZZ_REQUIRE(!failed || (payload[0] & KDIO_KIND_MASK) == KDIO_KIND_FAILED || !has_chain(request),
                 "CHAIN stops behind a request that did not run to its end");
}

static void hear_reply(struct world *world, struct client_session *session, uint32_t seq, const uint8_t *payload,
                       size_t size)
{
    struct client_request *request = request_of(session, seq);

    FUZZ_REQUIRE(seq < session->next && request->seq == seq, "a reply belongs to a request");
    FUZZ_REQUIRE(size <= CLIENT_REPLY_MAX, "replies keep to the limits");
    if (request->replied) {
        FUZZ_REQUIRE(request->reply_size == size && !memcmp(request->reply, payload, size),
                     "a reply that is sent again is the same");
        return;
    }
    judge_reply(world, session, request, payload, size);
    check_chain(session, request, payload);
    request->replied = true;
    request->reply_size = size;
    memcpy(request->reply, payload, size);
    while (session->base != session->next && request_of(session, session->base)->replied)
        session->base++;
}

/* The session and number under which a frame of the stub is intact. */
static struct client_session *find_session(struct client *client, const uint8_t *payload, size_t size, uint32_t *seq)
{
    for (unsigned i = 0; i < client->session_count; i++) {
        struct client_session *session = &client->sessions[i];
        uint32_t first = session->next - 2 * (KDIO_SEQ_MASK + 1);

        *seq = first + ((payload[0] - first) & KDIO_SEQ_MASK);
        for (unsigned round = 0; round < 4; round++, *seq += KDIO_SEQ_MASK + 1)
            if (kdio_message_intact(payload, size, kdio_session_reply_start(session->key, *seq)))
                return session;
    }
    return NULL;
}

/* A candidate whose ANSWER was cut, or gave way to that of a later OPEN: the client never heard of it. */
static bool is_unheard(const struct client *client, const uint8_t *payload, size_t size)
{
    for (unsigned i = 0; i < client->candidate_count && i < FUZZ_COUNT(client->candidates); i++)
        if (kdio_message_intact(payload, size, kdio_session_reply_start(client->candidates[i], 0)))
            return payload[0] == KDIO_KIND_NOTE;
    return false;
}

void client_sees_candidate(struct world *world)
{
    const struct kdio_session_key key = world->machine.stub->link.candidate.key;
    struct client *client = &world->client;

    if (client->candidate.challenge == key.challenge)
        return;
    client->candidate = key;
    client->candidates[client->candidate_count++ % FUZZ_COUNT(client->candidates)] = key;
}

/* A second copy of a reply that was heard, asked for by a late copy or by bytes that the line repeated: what is left of
 * it is given up when its memory is needed. Which it is only the stub knows while no byte of it was heard. */
static bool is_needless(const struct world *world)
{
    const struct client *client = &world->client;
    uint8_t number = client->decoder.size ? client->heard_frame[0] : world->machine.stub->link.sending_slot;

    return client->sessions[0].requests[number & KDIO_SEQ_MASK].replied || (client->late && !client->decoder.size);
}

/* Frames that may be bad: one that suspend cuts short, and one that nobody waits for any more, as it answers a late
 * copy or belongs to a session that has ended. */
static bool may_cut(struct world *world)
{
    return world->machine.calls[world->machine.depth - 1].entry == ENTRY_SUSPEND ||
           world->client.session_count > 1 || is_needless(world);
}

/* It waits for the transmitter, and says what was done when it, or the one before it, was made. Operations behind the
 * latest access may be done too: a DELAY, a CHECK. */
static void hear_alive(const struct client *client, const struct client_session *session, uint32_t seq,
                       const uint8_t *payload, size_t size)
{
    const struct client_request *request = &session->requests[seq & KDIO_SEQ_MASK];
    struct kdio_reader reader = kdio_reader_on(payload + 2, size - KDIO_MESSAGE_MIN - 1);
    uint32_t done = kdio_read_u32(&reader);

    FUZZ_REQUIRE(!reader.failed && !reader.left, "ALIVE has the number of operations done");
    if (request->seq != seq || !client->run_any || client->run_request != request || request->replied)
        return;
    FUZZ_REQUIRE(done + 1 >= client->alive_ops[1] && done <= request->size, "which are those before the latest access");
}

void client_alive(struct world *world, uint32_t ops)
{
    world->client.alive_ops[1] = world->client.alive_ops[0];
    world->client.alive_ops[0] = ops;
}

static void hear_note(const struct client *client, const struct client_session *session, uint32_t seq,
                      const uint8_t *payload, size_t size)
{
    uint8_t type = size > KDIO_MESSAGE_MIN ? payload[1] : 0;

    FUZZ_REQUIRE(type == KDIO_NOTE_EXPECT || type == KDIO_NOTE_TAKEN || type == KDIO_NOTE_UNSUPPORTED ||
                 type == KDIO_NOTE_ALIVE || type == KDIO_NOTE_EVENT, "notes are of a known type");
    if (type == KDIO_NOTE_ALIVE)
        hear_alive(client, session, seq, payload, size);
}

/* False for a frame that is not intact. */
static bool hear_frame(struct world *world, const uint8_t *payload, size_t size)
{
    struct client *client = &world->client;
    struct client_session *session;
    uint32_t seq;

    if (size < KDIO_MESSAGE_MIN)
        return false;
    if ((payload[0] & KDIO_KIND_MASK) == KDIO_KIND_FREE)
        return hear_free(client, payload, size);
    session = find_session(client, payload, size, &seq);
    if (!session)
        return client->full || is_unheard(client, payload, size);
    if ((payload[0] & KDIO_KIND_MASK) != KDIO_KIND_NOTE)
        hear_reply(world, session, seq, payload, size);
    else
        hear_note(client, session, seq, payload, size);
    return true;
}

void client_hears(struct world *world, uint8_t byte)
{
    struct client *client = &world->client;
    enum kdio_frame_event event;
    size_t text_at;

    client_sees_candidate(world);
    (void)kdio_frame_push(&client->decoder, &byte, 1, 0, &event, &text_at);
    if (event == KDIO_FRAME_TEXT && client->text_heard_size < CLIENT_TEXT_MAX)
        client->text_heard[client->text_heard_size++] = byte;
    else if (event == KDIO_FRAME_BAD)
        FUZZ_REQUIRE(may_cut(world), "the stub sends whole frames");
    else if (event == KDIO_FRAME_DONE && !hear_frame(world, client->decoder.buffer, client->decoder.size))
        FUZZ_REQUIRE(may_cut(world), "the stub sends intact frames");
}

/* ---- Text ---- */

/* The length of a line about lost text at the beginning of what was heard; 0 where there is none. */
static size_t lost_line(const uint8_t *text, size_t size, size_t *lost)
{
    size_t at = sizeof LOST_BEGIN - 1;
    size_t count = 0;

    if (size < at || memcmp(text, LOST_BEGIN, at))
        return 0;
    while (at < size && text[at] >= '0' && text[at] <= '9')
        count = count * 10 + text[at++] - '0';
    if (size - at < sizeof LOST_END - 1 || memcmp(text + at, LOST_END, sizeof LOST_END - 1))
        return 0;
    *lost += count;
    return at + sizeof LOST_END - 1;
}

void client_check_text(struct world *world)
{
    const struct client *client = &world->client;
    size_t lost = 0;
    size_t sent_at = 0;

    for (size_t at = 0; at < client->text_heard_size;) {
        size_t skip = lost_line(client->text_heard + at, client->text_heard_size - at, &lost);

        FUZZ_REQUIRE(skip || (sent_at < client->text_sent_size && client->text_heard[at] == client->text_sent[sent_at]),
                     "console text arrives as it was printed, and nothing else");
        sent_at += skip ? 0 : 1;
        at += skip ? skip : 1;
    }
    FUZZ_REQUIRE(sent_at == client->text_sent_size, "all text that was taken arrives");
    FUZZ_REQUIRE(lost == client->text_dropped, "each byte that was not taken is told of");
}
