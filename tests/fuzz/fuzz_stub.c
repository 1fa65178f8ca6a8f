/* SPDX-License-Identifier: MIT */
/*
 * fuzz_stub.c: the stub's dispatcher, whole: bytes on its line, frames sealed with the key of a session that it
 * answered, calls into its entries in any order and within one another.
 *
 * Whatever the input: no access without a whole intact frame that holds it, each once and in order; every byte that the
 * stub sends makes sense; each call keeps within its bound; and in the end a new session works at once (world.h).
 */
#include "tests/fuzz/world.h"

#include <string.h>

#include "proto/status.h"

#define ACTIONS_MAX   512u
#define OPS_MAX       24u
#define NONCES        6u
#define TEXT_MAX      400u
#define PREEMPT_MAX   96u

static struct world world;

static const uint32_t steps_us[] = { 1, 10, 16, 1000, KDIO_FRAME_GAP_US, KDIO_FRAME_GAP_US + 1, 1000000, 5000000 };

/* ---- What a host sends ---- */

static void send_raw(struct fuzz_input *input)
{
    const uint8_t *bytes;
    size_t size = fuzz_bytes(input, fuzz_u8(input), &bytes);

    machine_send(&world, bytes, size);
}

static void send_open(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    uint8_t version = choice < 0xc0 ? KDIO_PROTOCOL_VERSION : fuzz_u8(input);

    world.client.version_unusual |= version != KDIO_PROTOCOL_VERSION;
    client_open(&world, choice % NONCES, version, choice & 0x20 ? (uint8_t)(version + 1) : version);
}

static const uint16_t ports[] = { 0x80, 0x70, 0x71, 0xcf8, 0xcfc, WORLD_UART_BASE, WORLD_UART_BASE - 4,
                                  WORLD_DENIED_PORT, 0xffff, 0xfffc, 0xcf9, 0 };

/* One access, or one of the link's own. */
static void append_plain_op(struct fuzz_input *input, uint8_t choice, struct kdio_writer *writer)
{
    static const uint8_t opcodes[] = { KDIO_OP_OUT8, KDIO_OP_OUT16, KDIO_OP_OUT32, KDIO_OP_IN8, KDIO_OP_IN16,
                                       KDIO_OP_IN32, KDIO_OP_CHAIN, KDIO_OP_TEXT, KDIO_OP_STATS, KDIO_OP_SESSION };
    const struct kdio_op_row *row = kdio_op_find(opcodes[choice % FUZZ_COUNT(opcodes)]);
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { ports[(choice >> 4) % FUZZ_COUNT(ports)] };
    const uint8_t *bytes = NULL;

    if (choice % 32 == 31)
        operand[0] = fuzz_u16(input);
    if (row->opcode == KDIO_OP_TEXT)
        operand[0] = fuzz_bytes(input, fuzz_u8(input) % 40, &bytes);
    else if (kdio_op_writes(row))
        operand[1] = (uint32_t)(choice * 0x01020408u) & (UINT32_MAX >> (32 - 8 * kdio_op_width(row)));
    kdio_op_write(writer, row, operand, bytes);
}

static const uint64_t addresses[] = { WORLD_MEMORY, WORLD_MEMORY_READ_ONLY - 16, WORLD_MEMORY_READ_ONLY,
                                      WORLD_MEMORY_READ_ONLY + 0xff0, WORLD_MEMORY_TOP, UINT64_MAX - 15,
                                      WORLD_TABLES, WORLD_TABLES + 0x1ff8, WORLD_TABLES + 0x3ff0, WORLD_ECAM, 0,
                                      0x0000800000000000, 0xffff800000000000, 0x123456789abc, PHYSICAL_AT(0x1000) };
static const uint64_t lengths[] = { 1, 7, 8, 64, 0x100, 0x800, 0x2000, 0x100000, UINT64_MAX, 0 };
static const uint32_t times_us[] = { 0, 1, 50, 900, 3000, 300000, 2000000, UINT32_MAX };
static const uint32_t words[] = { 0, 1, 0x10, 0x277, 0xc0000080, 0x1d, 0x0b, WORLD_ECAM_BUS << 8,
                                  WORLD_ECAM_BUS << 8 | 7, WORLD_ECAM_BUS << 8 | 8, 0x80000000, 0x1f << 3, 57600, 0x8f,
                                  0x0a, 9600 };

/* A field from the input: rather what is in range, and now and then anything. */
static uint64_t draw_operand(struct fuzz_input *input, char letter)
{
    uint8_t choice = fuzz_u8(input);

    if (choice >= 0xf0)
        return fuzz_u32(input) | (uint64_t)fuzz_u32(input) << 32;
    switch (letter) {
    case 'p': return ports[choice % FUZZ_COUNT(ports)];
    case 'q': return addresses[choice % FUZZ_COUNT(addresses)] + choice / FUZZ_COUNT(addresses) % 8;
    case 'l': return lengths[choice % FUZZ_COUNT(lengths)];
    case 'u': return times_us[choice % FUZZ_COUNT(times_us)];
    case 'd': return words[choice % FUZZ_COUNT(words)];
    case 'w': return choice % 16 * 4u + (choice & 0x80 ? 0xf0 : 0);
    case 'b': return choice & 7;
    case 'n': return choice % 24u + (choice > 0xe0 ? 100 : 0);
    case 's': return choice % 6u;
    default: return choice & 0x80 ? choice * 0x0101010101010101u : choice & 3;
    }
}

static uint64_t within(uint64_t value, size_t size)
{
    return size < 8 ? value & (((uint64_t)1 << 8 * size) - 1) : value;
}

/* Any row of the table; its bytes are of the input, then letters of which memory is made. */
static void append_any_op(struct fuzz_input *input, struct kdio_writer *writer)
{
#define X(name, opcode, ...) opcode,
    static const uint8_t opcodes[] = { KDIO_OP_TABLE(X) };
#undef X
    const struct kdio_op_row *row = kdio_op_find(opcodes[fuzz_u8(input) % FUZZ_COUNT(opcodes)]);
    uint64_t operand[KDIO_OP_OPERANDS_MAX] = { 0 };
    uint8_t bytes[CLIENT_PROGRAM_MAX];
    const uint8_t *given;
    size_t size, wanted = 0;

    for (unsigned i = 0; row->operands[i] && row->operands[i] != 't'; i++) {
        size = kdio_op_letter_size(row->operands[i], kdio_op_width(row));
        operand[i] = within(draw_operand(input, row->operands[i]), size);
        if (row->operands[i] == 's' || row->operands[i] == 'n')
            wanted = row->operands[i + (row->operands[i] == 'n')] ? operand[i] : 0;
    }
    memset(bytes, 'a', sizeof bytes);
    size = fuzz_bytes(input, wanted % 16, &given);
    for (size_t i = 0; i < size; i++)
        bytes[i] = given[i] & 0x80 ? given[i] : 'a' + (given[i] & 1);
    if (kdio_op_size(row, operand) <= writer->left)
        kdio_op_write(writer, row, operand, bytes);
}

static void append_op(struct fuzz_input *input, struct kdio_writer *writer)
{
    uint8_t choice = fuzz_u8(input);

    if (choice < 0xa0)
        append_plain_op(input, choice, writer);
    else
        append_any_op(input, writer);
}

static size_t make_program(struct fuzz_input *input, uint8_t *program)
{
    struct kdio_writer writer = kdio_writer_on(program, CLIENT_PROGRAM_MAX);
    unsigned count = 1 + fuzz_u8(input) % OPS_MAX;
    const uint8_t *bytes;
    size_t size;

    if (count == OPS_MAX) {
        size = fuzz_bytes(input, fuzz_u8(input), &bytes);
        if (size)
            memcpy(program, bytes, size);
        return size;
    }
    for (unsigned i = 0; i < count; i++)
        append_op(input, &writer);
    return CLIENT_PROGRAM_MAX - writer.left;
}

static struct client_session *choose_session(uint8_t choice)
{
    return client_session(&world, choice & 0x80 ? (choice >> 5) & 3 : 0);
}

static void send_request(struct fuzz_input *input)
{
    static const uint8_t confirm[] = { KDIO_OP_SESSION };
    uint8_t program[CLIENT_PROGRAM_MAX];
    uint8_t choice = fuzz_u8(input);
    struct client_session *session = choose_session(choice);

    if (!session)
        return;
    if (session->next)
        client_request(&world, session, program, make_program(input, program), choice & 1);
    else
        client_request(&world, session, confirm, sizeof confirm, false);
}

/* The one that is running is told to stop, or another one. */
static void send_cancel(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    struct client_session *session = choose_session(choice);
    uint32_t seq = session ? session->base + (choice & 3) : 0;
    uint8_t body[] = { (uint8_t)(KDIO_KIND_NOTE | (seq & KDIO_SEQ_MASK)), KDIO_NOTE_CANCEL };

    if (session)
        client_send(&world, body, sizeof body, kdio_session_start(session->key, seq));
}

/* From an old one, which a line may deliver late, to all that have no reply. */
static void send_again(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    struct client_session *session = choose_session(choice);
    uint32_t seq;

    if (!session)
        return;
    if (choice & 0x40) {
        client_repeat(&world, session, session->next - 1 - (choice & 0x1f) * 2u);
        return;
    }
    for (seq = session->base; seq != session->next; seq++)
        client_repeat(&world, session, seq);
}

/* Sealed by the session's key, but not what the client would send: a number ahead or behind, or a note. */
static void send_odd(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    struct client_session *session = choose_session(choice);
    uint8_t body[1 + 64];
    const uint8_t *bytes;
    size_t size;
    uint32_t seq;

    if (!session)
        return;
    seq = session->next + (uint32_t)(int8_t)fuzz_u8(input);
    body[0] = (uint8_t)((choice & 2 ? KDIO_KIND_NOTE : choice & 1 ? KDIO_KIND_ATOMIC : KDIO_KIND_PLAIN) |
                        (seq & KDIO_SEQ_MASK));
    /* The number that is due carries the client's own requests only. */
    if (!(choice & 2) && seq - session->base <= session->next - session->base)
        return;
    size = fuzz_bytes(input, fuzz_u8(input) % 64, &bytes);
    if (size)
        memcpy(body + 1, bytes, size);
    client_send(&world, body, 1 + size, kdio_session_start(session->key, seq));
}

static void send_free(struct fuzz_input *input)
{
    uint8_t body[1 + 32];
    const uint8_t *bytes;
    size_t size;

    body[0] = KDIO_KIND_FREE | fuzz_u8(input);
    size = fuzz_bytes(input, fuzz_u8(input) % 32, &bytes);
    if (size)
        memcpy(body + 1, bytes, size);
    if (body[0] != KDIO_FREE_OPEN || size < KDIO_OPEN_SIZE - KDIO_CRC32C_SIZE - 1)
        client_send(&world, body, 1 + size, KDIO_CRC32C_PLAIN);
}

/* The line alters, loses or repeats a byte that is under way. */
static void damage(struct fuzz_input *input)
{
    struct machine *machine = &world.machine;
    size_t waiting = machine->rx_size - machine->rx_at;
    uint8_t how = fuzz_u8(input);
    uint8_t *byte;

    if (!waiting)
        return;
    byte = machine->rx + machine->rx_at + fuzz_u16(input) % waiting;
    if (how & 1)
        *byte ^= (uint8_t)(1u << (how >> 5));
    else if (how & 2)
        machine->rx_size = (size_t)(byte - machine->rx);
    else
        *byte = how;
}

/* ---- What the kernel does ---- */

static void call_poll(struct fuzz_input *input)
{
    for (unsigned i = fuzz_u8(input) % 8 + 1; i > 0; i--)
        (void)machine_call(&world, ENTRY_POLL, NULL, 0);
}

static void call_handle(struct fuzz_input *input)
{
    (void)input;
    (void)machine_call(&world, ENTRY_HANDLE, NULL, 0);
}

static void call_console(struct fuzz_input *input)
{
    uint8_t text[TEXT_MAX];
    const uint8_t *bytes;
    size_t size = fuzz_u8(input);
    size_t given = fuzz_bytes(input, size & 7, &bytes);

    /* The stub's own line about lost text begins with a bracket. */
    for (size_t i = 0; i < size; i++)
        text[i] = i < given && bytes[i] != '[' ? bytes[i] : (uint8_t)('a' + i % 26);
    (void)machine_call(&world, ENTRY_CONSOLE, text, size);
}

static void call_suspend(struct fuzz_input *input)
{
    (void)machine_call(&world, fuzz_u8(input) & 1 ? ENTRY_SUSPEND : ENTRY_RESUME, NULL, 0);
}

static void call_prompt(struct fuzz_input *input)
{
    kdio_stub_prompt(world.machine.stub, fuzz_u8(input) & 1);
}

static void pass_time(struct fuzz_input *input)
{
    world.machine.now_us += steps_us[fuzz_u8(input) % FUZZ_COUNT(steps_us)];
}

/* Another driver is inside the UART, or the kernel inside an index/data pair. */
static void hold(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    if (choice & 1)
        world.machine.lcr ^= 0x80;
    else
        world.machine.kernel_holds_pair = !world.machine.kernel_holds_pair;
}

static void slow_down(struct fuzz_input *input)
{
    world.machine.tx_slow = fuzz_u8(input);
}

static void preempt(struct fuzz_input *input)
{
    world.machine.preempt_in = 1 + fuzz_u8(input) % PREEMPT_MAX;
    world.machine.preempt_by = (enum entry)(fuzz_u8(input) % ENTRY_SUSPEND);
}

typedef void action_fn(struct fuzz_input *input);

static action_fn *const actions[] = {
    call_poll, send_request, send_again, send_open, send_raw, send_odd, send_free, damage, call_handle, call_console,
    call_suspend, call_prompt, pass_time, hold, slow_down, preempt, send_cancel,
};

/* ---- The end: all faults are over ---- */

static void calm(void)
{
    static const uint8_t delimiter = KDIO_FRAME_DELIMITER;

    world.machine.lcr &= 0x7f;
    world.machine.kernel_holds_pair = false;
    world.machine.tx_slow = world.machine.preempt_in = 0;
    (void)machine_call(&world, ENTRY_RESUME, NULL, 0);
    machine_settle(&world);
    world.machine.now_us += KDIO_FRAME_GAP_US + 1;
    machine_send(&world, &delimiter, 1);
    machine_settle(&world);
}

static void check_works_again(void)
{
    static const uint8_t confirm[] = { KDIO_OP_SESSION };
    static const uint8_t program[] = { KDIO_OP_IN8, 0x80, 0 };
    unsigned before = world.client.session_count;
    struct client_session *session;

    client_open(&world, NONCES, KDIO_PROTOCOL_VERSION, KDIO_PROTOCOL_VERSION);
    machine_settle(&world);
    if (world.client.full)
        return;
    FUZZ_REQUIRE(world.client.session_count == before + 1, "an OPEN is answered");
    session = client_session(&world, 0);
    client_request(&world, session, confirm, sizeof confirm, false);
    machine_settle(&world);
    if (world.client.full)
        return;
    FUZZ_REQUIRE(session->base == 1, "the session is confirmed");
    client_request(&world, session, program, sizeof program, false);
    machine_settle(&world);
    FUZZ_REQUIRE(world.client.full || (session->base == 2 && session->requests[1].executed == 1),
                 "and executes what it is asked for");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };

    client_start(&world);
    machine_start(&world, fuzz_u8(&input));
    for (unsigned i = 0; i < ACTIONS_MAX && input.left && !world.client.full; i++)
        actions[fuzz_u8(&input) % FUZZ_COUNT(actions)](&input);
    calm();
    if (world.client.full)
        return 0;
    client_check_text(&world);
    if (world.client.session_count < CLIENT_SESSIONS_MAX)
        check_works_again();
    return 0;
}
