/* SPDX-License-Identifier: MIT */
/* test_links.c: both link machines in one process over a line without delay: what a request costs on the wire (L7,
 * L10), and what each end makes of single frames. */
#include "tests/unit/unit.h"

#include "proto/host_link.h"
#include "proto/op_table.h"
#include "proto/status.h"
#include "proto/stub_link.h"

#define FRAME_SIZE   1200u
#define REPLIES_SIZE 2048u
#define RESULTS_MAX  256u
#define NONCE        0xa0c4d2efu

static const uint8_t out8[] = { KDIO_OP_OUT8, 0x80, 0x00, 0x55 };

/* A host, a stub, and a count of what passes between them. */
struct pair {
    struct kdio_host_link host;
    struct kdio_stub_link stub;
    uint8_t host_rx[FRAME_SIZE], host_tx[FRAME_SIZE], stub_frame[FRAME_SIZE], replies[REPLIES_SIZE];
    uint64_t now_us;
    size_t to_stub, to_host; /* Bytes on the wire. */
    unsigned executed;
    uint8_t executed_bytes[FRAME_SIZE];
    size_t executed_size;
    size_t results_size;     /* Of each reply. */
    struct kdio_host_event last;
    unsigned replied, opened;
};

static uint32_t draw(void *context)
{
    (void)context;
    return 0x01020304;
}

static void start(struct pair *pair, uint8_t burst)
{
    struct kdio_host_link_config host = {
        .rx_frame = pair->host_rx, .rx_frame_size = FRAME_SIZE, .tx_frame = pair->host_tx, .tx_frame_size = FRAME_SIZE,
        .dead_us = 4500000,
    };
    struct kdio_stub_link_config stub = {
        .frame = pair->stub_frame, .frame_size = FRAME_SIZE, .replies = pair->replies, .replies_size = REPLIES_SIZE,
        .results_max = RESULTS_MAX, .request_window = 2048, .program_max = 512, .burst = burst,
        .capabilities = KDIO_CAPABILITY_PORT, .boot_id = 0x12345679, .link_port = 0x3f8, .link_ports = 8,
    };

    memset(pair, 0, sizeof *pair);
    kdio_host_link_init(&pair->host, &host);
    kdio_stub_link_init(&pair->stub, &stub, 0);
}

static void execute(struct pair *pair, const struct kdio_stub_request *request)
{
    uint8_t *results = kdio_stub_link_results(&pair->stub);
    size_t size = pair->results_size;

    if (request->program[0] == KDIO_OP_SESSION)
        size = 12;
    else
        pair->executed++;
    memset(results, 0, size);
    memcpy(pair->executed_bytes, request->program, request->size);
    pair->executed_size = request->size;
    kdio_stub_link_done(&pair->stub, size, 1);
}

static void stub_takes(struct pair *pair, const uint8_t *bytes, size_t size)
{
    struct kdio_stub_request request;

    for (size_t at = 0; at < size; at++) {
        if (!kdio_stub_link_take(&pair->stub, bytes[at], pair->now_us, draw, NULL))
            continue;
        kdio_stub_link_request(&pair->stub, &request);
        execute(pair, &request);
    }
}

static void host_takes(struct pair *pair, const uint8_t *bytes, size_t size)
{
    struct kdio_host_event event;

    for (size_t at = 0; at < size;) {
        at += kdio_host_link_rx(&pair->host, bytes + at, size - at, pair->now_us, &event);
        if (event.type != KDIO_HOST_NONE)
            pair->last = event;
        pair->replied += event.type == KDIO_HOST_REPLY;
        pair->opened += event.type == KDIO_HOST_OPENED;
    }
}

static size_t stub_says(struct pair *pair, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    int next;

    while (count < capacity &&
           (next = kdio_stub_link_next(&pair->stub, false, pair->now_us)) != KDIO_STUB_LINK_IDLE)
        bytes[count++] = (uint8_t)next;
    return count;
}

/* Until both are silent. */
static void talk(struct pair *pair)
{
    uint8_t bytes[4 * FRAME_SIZE];
    size_t up, down;

    do {
        up = kdio_host_link_tx(&pair->host, bytes, sizeof bytes, pair->now_us);
        pair->to_stub += up;
        stub_takes(pair, bytes, up);
        down = stub_says(pair, bytes, sizeof bytes);
        pair->to_host += down;
        host_takes(pair, bytes, down);
        pair->now_us += 100;
    } while (up || down);
}

static void open_session(struct pair *pair)
{
    assert_true(kdio_host_nonce_fits(NONCE));
    kdio_host_link_open(&pair->host, NONCE, false, pair->now_us);
    talk(pair);
    assert_int_equal(pair->opened, 1);
    assert_int_equal(pair->host.state, KDIO_HOST_READY);
}

/* Wire bytes, both ways, of one request by itself. */
static size_t cost_of(struct pair *pair, const uint8_t *program, size_t size, size_t results_size, size_t *up)
{
    struct kdio_host_request request = { .program = program, .size = size, .results_max = (uint32_t)results_size };
    unsigned replied = pair->replied;

    pair->to_stub = pair->to_host = 0;
    pair->results_size = results_size;
    assert_true(kdio_host_link_submit(&pair->host, &request, pair->now_us));
    talk(pair);
    assert_int_equal(pair->replied, replied + 1);
    assert_int_equal(pair->executed_size, size);
    assert_memory_equal(pair->executed_bytes, program, size);
    if (up)
        *up = pair->to_stub;
    return pair->to_stub + pair->to_host;
}

static void one_write_costs_20_bytes(void **state)
{
    struct pair pair;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(cost_of(&pair, out8, sizeof out8, 0, NULL), 20);
    assert_int_equal(pair.executed, 1000);
}

static void a_program_costs_4_bytes_an_out(void **state)
{
    uint8_t program[200 * sizeof out8];
    struct pair pair;
    size_t one, many;

    (void)state;
    for (size_t i = 0; i < sizeof program; i++)
        program[i] = out8[i % sizeof out8];
    start(&pair, 0);
    open_session(&pair);
    one = cost_of(&pair, program, sizeof out8, 0, NULL);
    many = cost_of(&pair, program, sizeof program, 0, NULL);
    /* COBS adds a byte for each 254 without a zero; these have zeros. */
    assert_int_equal(many - one, 199 * sizeof out8);
}

/* With a delimiter of its own, as after a doubt. */
static void every_port_request_fits_a_fifo(void **state)
{
    static const uint8_t programs[][8] = {
        { KDIO_OP_IN8, 0xff, 0xff }, { KDIO_OP_IN16, 0xfe, 0xff }, { KDIO_OP_IN32, 0xfc, 0xff },
        { KDIO_OP_OUT8, 0xff, 0xff, 1 }, { KDIO_OP_OUT16, 0xfe, 0xff, 1, 2 }, { KDIO_OP_OUT32, 0xfc, 0xff, 1, 2, 3, 4 },
        { KDIO_OP_SESSION }, { KDIO_OP_STATS },
    };
    static const size_t sizes[] = { 3, 3, 3, 4, 5, 7, 1, 1 };
    static const size_t results[] = { 1, 2, 4, 0, 0, 0, 12, 44 };
    struct pair pair;
    size_t up;

    (void)state;
    start(&pair, 16);
    open_session(&pair);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_true(sizes[i] <= kdio_host_link_program_max(&pair.host));
        pair.host.force_delimiter = true;
        (void)cost_of(&pair, programs[i], sizes[i], results[i], &up);
        assert_true(up <= 16);
    }
}

static void open_fits_a_fifo(void **state)
{
    struct pair pair;
    uint8_t bytes[64];

    (void)state;
    start(&pair, 16);
    kdio_host_link_open(&pair.host, NONCE, false, 0);
    assert_int_equal(kdio_host_link_tx(&pair.host, bytes, sizeof bytes, 0), 15);
}

/* On a polled stub one exchange at a time, however much is handed over. */
static void burst_limits_to_one_request(void **state)
{
    struct kdio_host_request requests[2] = { { .program = out8, .size = sizeof out8 },
                                             { .program = out8, .size = sizeof out8 } };
    struct pair pair;

    (void)state;
    start(&pair, 16);
    open_session(&pair);
    assert_true(kdio_host_link_submit(&pair.host, &requests[0], pair.now_us));
    assert_false(kdio_host_link_submit(&pair.host, &requests[1], pair.now_us));
    talk(&pair);
    assert_true(kdio_host_link_submit(&pair.host, &requests[1], pair.now_us));
}

/* L7: requests and replies under way keep within what the stub told, and within half of the sequence space. */
static void the_window_is_kept(void **state)
{
    static const struct {
        uint32_t results_max;
        unsigned count;
    } cases[] = { { 0, 32 }, { 200, 6 } };
    struct kdio_host_request requests[40];
    struct pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned count = 0;

        start(&pair, 0);
        open_session(&pair);
        for (;;) {
            requests[count] = (struct kdio_host_request){ .program = out8, .size = sizeof out8,
                                                          .results_max = cases[i].results_max };
            if (!kdio_host_link_submit(&pair.host, &requests[count], pair.now_us))
                break;
            count++;
        }
        assert_int_equal(count, cases[i].count);
        assert_true(count * KDIO_REPLY_COST(cases[i].results_max) <= pair.host.answer.reply_window);
    }
}

/* ---- Single frames at the stub ---- */

static size_t request_wire(const struct pair *pair, uint32_t seq, const uint8_t *program, size_t size, uint8_t *wire)
{
    struct kdio_frame_encoder encoder = { 0 };
    uint8_t payload[FRAME_SIZE];

    payload[0] = (uint8_t)(seq & KDIO_SEQ_MASK);
    memcpy(payload + 1, program, size);
    size = kdio_message_seal(payload, 1 + size, kdio_session_start(pair->host.key, seq));
    kdio_frame_encoder_start(&encoder, payload, size, true);
    return kdio_frame_emit(&encoder, wire, FRAME_SIZE);
}

static void numbers_out_of_order_are_not_executed(void **state)
{
    uint8_t wire[FRAME_SIZE], answer[FRAME_SIZE];
    struct pair pair;
    size_t size;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    for (uint32_t ahead = 2; ahead < 200; ahead++) {
        size = request_wire(&pair, ahead, out8, sizeof out8, wire);
        stub_takes(&pair, wire, size);
    }
    assert_int_equal(pair.executed, 0);
    assert_true(stub_says(&pair, answer, sizeof answer) > 0);
    size = request_wire(&pair, 1, out8, sizeof out8, wire);
    stub_takes(&pair, wire, size);
    assert_int_equal(pair.executed, 1);
}

/* L3: the same reply, byte for byte, however often it is asked for, and nothing executed again. */
static void a_repeated_request_is_answered_from_memory(void **state)
{
    uint8_t wire[FRAME_SIZE], first[FRAME_SIZE], again[FRAME_SIZE];
    struct pair pair;
    size_t size, first_size;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    pair.results_size = 5;
    size = request_wire(&pair, 1, out8, sizeof out8, wire);
    stub_takes(&pair, wire, size);
    first_size = stub_says(&pair, first, sizeof first);
    for (unsigned i = 0; i < 50; i++) {
        stub_takes(&pair, wire, size);
        assert_int_equal(stub_says(&pair, again, sizeof again), first_size);
        assert_memory_equal(again, first, first_size);
    }
    assert_int_equal(pair.executed, 1);
    assert_int_equal(pair.stub.stats.repeated, 50);
}

/* A number 64 or more later looks alike on the wire. */
static void an_earlier_round_is_never_executed(void **state)
{
    uint8_t old[FRAME_SIZE], wire[FRAME_SIZE], answer[FRAME_SIZE];
    struct pair pair;
    size_t old_size;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    old_size = request_wire(&pair, 1, out8, sizeof out8, old);
    for (uint32_t seq = 1; seq < 300; seq++) {
        stub_takes(&pair, wire, request_wire(&pair, seq, out8, sizeof out8, wire));
        assert_int_equal(pair.executed, seq);
        stub_takes(&pair, old, old_size);
        assert_int_equal(pair.executed, seq);
        (void)stub_says(&pair, answer, sizeof answer);
    }
}

/* L2: any damage of one bit, or a byte less, and nothing is executed. */
static void a_damaged_request_is_not_executed(void **state)
{
    uint8_t wire[FRAME_SIZE], bad[FRAME_SIZE], answer[FRAME_SIZE];
    struct pair pair;
    size_t size;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    size = request_wire(&pair, 1, out8, sizeof out8, wire);
    for (size_t bit = 8; bit < 8 * (size - 1); bit++) {
        memcpy(bad, wire, size);
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        stub_takes(&pair, bad, size);
        assert_int_equal(pair.executed, 0);
    }
    for (size_t lost = 1; lost < size - 1; lost++) {
        stub_takes(&pair, wire, lost);
        stub_takes(&pair, wire + lost + 1, size - lost - 1);
        stub_takes(&pair, (const uint8_t *)"", 1);
        assert_int_equal(pair.executed, 0);
    }
    (void)stub_says(&pair, answer, sizeof answer);
    stub_takes(&pair, wire, size);
    assert_int_equal(pair.executed, 1);
}

/* L9 */
static void unknown_frames_are_answered(void **state)
{
    static const uint8_t types[] = { 0xc0, 0xd5, 0xf4, 0xff };
    struct kdio_frame_encoder encoder;
    uint8_t wire[FRAME_SIZE], payload[16];
    struct pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        encoder = (struct kdio_frame_encoder){ 0 };
        start(&pair, 0);
        open_session(&pair);
        payload[0] = types[i];
        kdio_frame_encoder_start(&encoder, payload, kdio_message_seal(payload, 1, KDIO_CRC32C_PLAIN), true);
        stub_takes(&pair, wire, kdio_frame_emit(&encoder, wire, sizeof wire));
        assert_true(stub_says(&pair, wire, sizeof wire) > 0);
        assert_int_equal(pair.stub.control[0], KDIO_FREE_REFUSE);
        assert_int_equal(pair.stub.control[1], KDIO_UNSUPPORTED);
        assert_int_equal(pair.stub.control[2], types[i]);
    }
}

static void a_version_not_in_common_is_said(void **state)
{
    struct kdio_frame_encoder encoder = { 0 };
    uint8_t wire[FRAME_SIZE], payload[KDIO_OPEN_SIZE];
    struct kdio_answer answer;
    struct pair pair;

    (void)state;
    start(&pair, 0);
    (void)kdio_open_write(payload, 2, 3, NONCE);
    kdio_frame_encoder_start(&encoder, payload, sizeof payload, true);
    stub_takes(&pair, wire, kdio_frame_emit(&encoder, wire, sizeof wire));
    assert_true(stub_says(&pair, wire, sizeof wire) > 0);
    assert_true(kdio_answer_read(pair.stub.control, KDIO_ANSWER_SIZE - KDIO_CRC32C_SIZE, &answer));
    assert_int_equal(answer.status, KDIO_VERSION);
    assert_int_equal(answer.version, 0);
    assert_int_equal(answer.version_max, KDIO_PROTOCOL_VERSION);
    assert_int_equal(answer.challenge, 0);
}

/* ---- Single frames at the host ---- */

/* With a full window executed and every reply lost, the number wanted lies as far ahead as it can: it must be
 * understood, or the loss costs a timeout (L3). */
static void a_note_for_a_full_window_is_understood(void **state)
{
    struct kdio_host_request requests[KDIO_WINDOW_MAX];
    uint8_t bytes[4 * FRAME_SIZE];
    struct pair pair;
    size_t size;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    for (unsigned i = 0; i < KDIO_WINDOW_MAX; i++) {
        requests[i] = (struct kdio_host_request){ .program = out8, .size = sizeof out8 };
        assert_true(kdio_host_link_submit(&pair.host, &requests[i], pair.now_us));
    }
    stub_takes(&pair, bytes, kdio_host_link_tx(&pair.host, bytes, sizeof bytes, pair.now_us));
    assert_int_equal(pair.executed, KDIO_WINDOW_MAX);
    (void)stub_says(&pair, bytes, sizeof bytes); /* Lost. */
    stub_takes(&pair, (const uint8_t *)"\0\xf5\x05" "bad\0", 7);
    size = stub_says(&pair, bytes, sizeof bytes);
    assert_true(size > 0);
    host_takes(&pair, bytes, size);
    assert_int_equal(pair.host.stats.bad_frames, 0);
    talk(&pair);
    assert_int_equal(pair.replied, KDIO_WINDOW_MAX);
    assert_int_equal(pair.executed, KDIO_WINDOW_MAX);
}

/* A reply that is intact but longer or shorter than the request's results makes no sense. */
static void a_reply_of_a_wrong_size_ends_the_session(void **state)
{
    struct kdio_host_request request = { .program = out8, .size = sizeof out8, .results_max = 2 };
    struct pair pair;

    (void)state;
    for (size_t size = 0; size < 4; size++) {
        start(&pair, 0);
        open_session(&pair);
        pair.results_size = size;
        assert_true(kdio_host_link_submit(&pair.host, &request, pair.now_us));
        talk(&pair);
        assert_int_equal(pair.last.type, size == 2 ? KDIO_HOST_REPLY : KDIO_HOST_BAD);
    }
}

static void text_is_handed_on_at_once(void **state)
{
    struct kdio_host_event event;
    struct pair pair;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    assert_int_equal(kdio_host_link_rx(&pair.host, (const uint8_t *)"panic\n", 6, pair.now_us, &event), 6);
    assert_int_equal(event.type, KDIO_HOST_TEXT);
    assert_int_equal(event.text_size, 6);
    assert_memory_equal(event.text, "panic\n", 6);
}

/* A line that answers nothing: TIMEOUT at dead_us, no sooner, no later, whatever is repeated meanwhile. */
static void a_dead_line_is_bounded(void **state)
{
    struct kdio_host_request request = { .program = out8, .size = sizeof out8 };
    struct kdio_host_event event = { .type = KDIO_HOST_NONE };
    uint8_t bytes[FRAME_SIZE];
    struct pair pair;
    uint64_t from_us;

    (void)state;
    start(&pair, 0);
    open_session(&pair);
    from_us = pair.now_us;
    assert_true(kdio_host_link_submit(&pair.host, &request, from_us));
    while (event.type == KDIO_HOST_NONE) {
        (void)kdio_host_link_tx(&pair.host, bytes, sizeof bytes, pair.now_us);
        assert_true(kdio_host_link_deadline(&pair.host) <= from_us + 4500000);
        pair.now_us = kdio_host_link_deadline(&pair.host);
        kdio_host_link_tick(&pair.host, pair.now_us, &event);
    }
    assert_int_equal(event.type, KDIO_HOST_TIMEOUT);
    assert_int_equal(pair.now_us, from_us + 4500000);
    assert_int_equal(pair.host.state, KDIO_HOST_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_write_costs_20_bytes),
        cmocka_unit_test(a_program_costs_4_bytes_an_out),
        cmocka_unit_test(every_port_request_fits_a_fifo),
        cmocka_unit_test(open_fits_a_fifo),
        cmocka_unit_test(burst_limits_to_one_request),
        cmocka_unit_test(the_window_is_kept),
        cmocka_unit_test(numbers_out_of_order_are_not_executed),
        cmocka_unit_test(a_repeated_request_is_answered_from_memory),
        cmocka_unit_test(an_earlier_round_is_never_executed),
        cmocka_unit_test(a_damaged_request_is_not_executed),
        cmocka_unit_test(unknown_frames_are_answered),
        cmocka_unit_test(a_version_not_in_common_is_said),
        cmocka_unit_test(a_note_for_a_full_window_is_understood),
        cmocka_unit_test(a_reply_of_a_wrong_size_ends_the_session),
        cmocka_unit_test(text_is_handed_on_at_once),
        cmocka_unit_test(a_dead_line_is_bounded),
    };

    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
