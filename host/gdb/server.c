/* SPDX-License-Identifier: MIT */
/*
 * server.c: the packets as gdb 13 speaks them, one small function each, found by the table at the end. Names are those
 * of the GDB manual, appendix E.
 */
#include "host/gdb/server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/gdb/backlog.h"

#define HALT_MS        2000u
#define MEMORY_MAX     (GDB_PACKET_MAX / 2 - 16) /* Bytes of one m or M: two digits each. */
#define SIGINT_NUMBER  2 /* gdb's own numbers. */
#define SIGILL_NUMBER  4
#define SIGTRAP_NUMBER 5
#define SIGFPE_NUMBER  8
#define SIGSEGV_NUMBER 11
#define EIO_NUMBER     5
#define EFAULT_NUMBER  14
#define RESET_CONTROL  0xcf9u
#define RESET_FULL     0x06u

/*
 * A breakpoint that gdb has set. gdb takes all of its own out at each stop, and sets them anew before the kernel goes
 * on: one that is to go is cleared when the kernel does go on, or when somebody else looks.
 */
struct own_breakpoint {
    struct kdio_breakpoint is; /* Of kind FREE where there is none. */
    bool leaving;
    bool sure; /* Nobody else may have cleared it since. */
};

struct gdb_server {
    struct kdio_target *target;
    struct gdb_server_io io;
    enum gdb_server_state state;
    bool no_ack;
    bool interrupted;   /* gdb's ^C, which no stop has answered yet. */
    struct kdio_stop stop;
    struct gdb_cpu cpu;
    bool known[GDB_PART_COUNT]; /* That part of `cpu` is of the present stop. */
    struct own_breakpoint own[KDIO_BREAKPOINTS_MAX]; /* By number. */
    struct gdb_backlog backlog; /* What the kernel says while gdb is at its prompt. */
    struct gdb_reader reader;
    struct gdb_writer writer;
    char xml[2 * GDB_PACKET_MAX];
    uint8_t memory[GDB_PACKET_MAX];
};

/* ---- Answers ---- */

static void send_packet(struct gdb_server *server)
{
    if (server->writer.full) {
        gdb_writer_begin(&server->writer);
        gdb_writer_text(&server->writer, "E.the answer is too long");
    }
    gdb_writer_end(&server->writer);
    server->io.send(server->io.context, server->writer.bytes, server->writer.size);
}

static void answer(struct gdb_server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void answer(struct gdb_server *server, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gdb_writer_begin(&server->writer);
    gdb_writer_binary(&server->writer, text, strlen(text));
    send_packet(server);
}

/* `monitor` may have cleared gdb's breakpoints, and their numbers be somebody else's by now; and behind a failure
 * another host may have had the line. */
static void doubt_breakpoints(struct gdb_server *server)
{
    for (uint32_t id = 0; id < KDIO_BREAKPOINTS_MAX; id++)
        server->own[id].sure = false;
}

/* What gdb shows as it is: "E." and words. */
static void answer_failure(struct gdb_server *server)
{
    doubt_breakpoints(server);
    answer(server, "E.%s", kdio_target_error(server->target)->text);
}

/* To packets of registers and memory, whose answers gdb takes for hexadecimal digits: an errno. */
static void answer_number(struct gdb_server *server)
{
    bool fault = kdio_target_error(server->target)->status == KDIO_FAULT;

    doubt_breakpoints(server);
    answer(server, "E%02x", fault ? EFAULT_NUMBER : EIO_NUMBER);
}

static void answer_status(struct gdb_server *server, enum kdio_status status)
{
    if (status == KDIO_DONE)
        answer(server, "OK");
    else
        answer_failure(server);
}

static void answer_malformed(struct gdb_server *server)
{
    answer(server, "E.malformed packet");
}

/* By O packets, which gdb takes while it waits for a stop or for the end of a `monitor`. */
static void print_for_gdb(void *context, const char *text, size_t size)
{
    struct gdb_server *server = context;

    for (size_t at = 0, piece; at < size; at += piece) {
        piece = size - at < MEMORY_MAX ? size - at : MEMORY_MAX;
        gdb_writer_begin(&server->writer);
        gdb_writer_text(&server->writer, "O");
        gdb_writer_hex(&server->writer, text + at, piece);
        send_packet(server);
    }
}

static void show_backlog(struct gdb_server *server)
{
    gdb_backlog_drain(&server->backlog, print_for_gdb, server);
}

static int signal_of(const struct kdio_stop *stop)
{
    if (stop->reason == KDIO_STOP_BREAK)
        return SIGINT_NUMBER;
    if (stop->reason != KDIO_STOP_EXCEPTION)
        return SIGTRAP_NUMBER;
    if (stop->vector == 0 || stop->vector == 16 || stop->vector == 19)
        return SIGFPE_NUMBER;
    return stop->vector == 6 ? SIGILL_NUMBER : stop->vector == 1 ? SIGTRAP_NUMBER : SIGSEGV_NUMBER;
}

/* The kind of a breakpoint as gdb names it in a stop reply. Only of gdb's own: told of one that it does not know, gdb
 * lets the kernel go on without a word. */
static void say_reason(struct gdb_server *server, char *text, size_t size)
{
    const struct kdio_breakpoint none = { .kind = KDIO_BREAK_FREE };
    uint32_t id = server->stop.breakpoint;
    const struct kdio_breakpoint *breakpoint = id < KDIO_BREAKPOINTS_MAX ? &server->own[id].is : &none;

    text[0] = '\0';
    if (breakpoint->kind == KDIO_BREAK_SOFTWARE)
        (void)snprintf(text, size, "swbreak:;");
    else if (breakpoint->kind == KDIO_BREAK_EXECUTE)
        (void)snprintf(text, size, "hwbreak:;");
    else if (breakpoint->kind == KDIO_BREAK_WRITE)
        (void)snprintf(text, size, "watch:%" PRIx64 ";", breakpoint->address);
    else if (breakpoint->kind == KDIO_BREAK_ACCESS)
        (void)snprintf(text, size, "awatch:%" PRIx64 ";", breakpoint->address);
}

/* ---- Registers ---- */

/* What is known of the processor: nothing, once the kernel has run or somebody else may have changed it. */
static void forget_cpu(struct gdb_server *server)
{
    for (unsigned part = 0; part < GDB_PART_COUNT; part++)
        server->known[part] = false;
}

static enum kdio_status fetch(struct gdb_server *server, enum gdb_part part)
{
    enum kdio_status status = KDIO_DONE;

    if (server->known[part])
        return status;
    if (part == GDB_GENERAL)
        status = kdio_get_registers(server->target, server->cpu.general);
    else if (part == GDB_FPU)
        status = kdio_get_fpu(server->target, server->cpu.fpu);
    else
        status = kdio_registers(server->target, &server->cpu.system);
    server->known[part] = status == KDIO_DONE;
    return status;
}

static void write_register(struct gdb_server *server, unsigned number)
{
    uint8_t bytes[16];

    gdb_register_get(&server->cpu, number, bytes);
    gdb_writer_hex(&server->writer, bytes, gdb_register_size(number));
}

/* With the registers that gdb needs to know where the kernel stands: it asks for no others while it steps. Where they
 * do not come it asks, and hears why. gdb waits for a stop that ends c or s, and so takes text: what the kernel said
 * before it stopped comes first. */
static void answer_stop(struct gdb_server *server, bool awaited)
{
    static const unsigned shown[] = { GDB_RBP, GDB_RSP, GDB_RIP };
    bool known = fetch(server, GDB_GENERAL) == KDIO_DONE;
    char reason[64];

    if (awaited)
        show_backlog(server);
    say_reason(server, reason, sizeof reason);
    gdb_writer_begin(&server->writer);
    gdb_writer_text(&server->writer, "T%02x%sthread:1;", (unsigned)signal_of(&server->stop), reason);
    for (unsigned i = 0; known && i < sizeof shown / sizeof shown[0]; i++) {
        gdb_writer_text(&server->writer, "%02x:", shown[i]);
        write_register(server, shown[i]);
        gdb_writer_text(&server->writer, ";");
    }
    send_packet(server);
}

/* The core alone: the others are known by more requests, and are asked for by p. */
static void take_g(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    if (fetch(server, GDB_GENERAL) != KDIO_DONE) {
        answer_number(server);
        return;
    }
    gdb_writer_begin(&server->writer);
    for (unsigned i = 0; i < GDB_CORE_COUNT; i++)
        write_register(server, i);
    send_packet(server);
}

static void answer_set(struct gdb_server *server, enum kdio_status status)
{
    if (status == KDIO_UNSUPPORTED)
        answer(server, "E.this register is only shown");
    else
        answer_status(server, status);
}

/* Nothing is written unless all are there. Only what differs is, so that registers which are only shown do no harm. */
static void take_G(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint8_t bytes[GDB_CORE_SIZE];
    enum kdio_status status;
    size_t at = 0;

    if (gdb_read_hex(cursor, bytes, sizeof bytes) != sizeof bytes || cursor->at != cursor->end) {
        answer_malformed(server);
        return;
    }
    status = fetch(server, GDB_GENERAL);
    for (unsigned i = 0; status == KDIO_DONE && i < GDB_CORE_COUNT; at += gdb_register_size(i++))
        status = gdb_register_set(server->target, &server->cpu, i, bytes + at);
    answer_set(server, status);
}

static void take_p(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t number = gdb_read_number(cursor);

    if (cursor->failed || number >= gdb_register_count()) {
        answer(server, "E01");
        return;
    }
    if (fetch(server, gdb_register_part((unsigned)number)) != KDIO_DONE) {
        answer_number(server);
        return;
    }
    gdb_writer_begin(&server->writer);
    write_register(server, (unsigned)number);
    send_packet(server);
}

static void take_P(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t number = gdb_read_number(cursor);
    uint8_t bytes[16];
    enum kdio_status status;

    if (cursor->failed || number >= gdb_register_count() || !gdb_read_text(cursor, "=") ||
        gdb_read_hex(cursor, bytes, sizeof bytes) != gdb_register_size((unsigned)number) || cursor->at != cursor->end) {
        answer_malformed(server);
        return;
    }
    status = fetch(server, gdb_register_part((unsigned)number));
    if (status == KDIO_DONE)
        status = gdb_register_set(server->target, &server->cpu, (unsigned)number, bytes);
    answer_set(server, status);
}

/* ---- Memory ---- */

/* ADDR,LENGTH; false when they are not there. */
static bool read_stretch(struct gdb_cursor *cursor, uint64_t *address, uint64_t *length)
{
    *address = gdb_read_number(cursor);
    if (!gdb_read_text(cursor, ","))
        return false;
    *length = gdb_read_number(cursor);
    return !cursor->failed;
}

/* A part is an answer: gdb asks for the rest, and hears why there is none. */
static void take_m(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t address, length;
    enum kdio_status status;
    size_t done = 0;

    if (!read_stretch(cursor, &address, &length) || cursor->at != cursor->end) {
        answer(server, "E01");
        return;
    }
    if (length > MEMORY_MAX)
        length = MEMORY_MAX;
    status = kdio_read(server->target, KDIO_SPACE_VIRTUAL, address, 0, server->memory, (size_t)length, &done);
    if (status != KDIO_DONE && done == 0) {
        answer_number(server);
        return;
    }
    gdb_writer_begin(&server->writer);
    gdb_writer_hex(&server->writer, server->memory, done);
    send_packet(server);
}

static void write_memory(struct gdb_server *server, uint64_t address, uint64_t length, const void *bytes, size_t size)
{
    if (size != length) {
        answer(server, "E01");
        return;
    }
    if (kdio_write(server->target, KDIO_SPACE_VIRTUAL, address, 0, bytes, size, NULL) == KDIO_DONE)
        answer(server, "OK");
    else
        answer_number(server);
}

static void take_M(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t address, length;
    size_t size;

    if (!read_stretch(cursor, &address, &length) || !gdb_read_text(cursor, ":")) {
        answer_malformed(server);
        return;
    }
    size = gdb_read_hex(cursor, server->memory, sizeof server->memory);
    if (cursor->at != cursor->end)
        answer_malformed(server);
    else
        write_memory(server, address, length, server->memory, size);
}

/* The reader has taken the escapes out. */
static void take_X(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t address, length;

    if (!read_stretch(cursor, &address, &length) || !gdb_read_text(cursor, ":")) {
        answer_malformed(server);
        return;
    }
    write_memory(server, address, length, cursor->at, (size_t)(cursor->end - cursor->at));
}

/* ---- Breakpoints: Z and z, TYPE,ADDRESS,KIND ---- */

/* A read watchpoint is one of reads and writes: the processor has no other (SDM volume 3, 17.2.4). */
static bool read_breakpoint(struct gdb_cursor *cursor, struct kdio_breakpoint *breakpoint)
{
    static const enum kdio_breakpoint_kind kinds[] = { KDIO_BREAK_SOFTWARE, KDIO_BREAK_EXECUTE, KDIO_BREAK_WRITE,
                                                       KDIO_BREAK_ACCESS, KDIO_BREAK_ACCESS };
    uint64_t type = gdb_read_number(cursor), length;

    if (!gdb_read_text(cursor, ",") || type >= sizeof kinds / sizeof kinds[0] ||
        !read_stretch(cursor, &breakpoint->address, &length) || length > 8 || cursor->at != cursor->end)
        return false;
    breakpoint->kind = kinds[type];
    breakpoint->length = type < 2 ? 1 : (uint32_t)length;
    return true;
}

static bool is_same(const struct kdio_breakpoint *one, const struct kdio_breakpoint *other)
{
    return one->kind == other->kind && one->length == other->length && one->address == other->address;
}

/* Makes sure that gdb's breakpoint `id` is there: else it is FREE now. */
static enum kdio_status look_for(struct gdb_server *server, uint32_t id)
{
    struct own_breakpoint *own = &server->own[id];
    struct kdio_breakpoint found;
    enum kdio_status status;

    if (own->sure || own->is.kind == KDIO_BREAK_FREE)
        return KDIO_DONE;
    status = kdio_get_breakpoint(server->target, id, &found);
    own->sure = status == KDIO_DONE && is_same(&found, &own->is);
    if (status == KDIO_DONE && !own->sure)
        own->is.kind = KDIO_BREAK_FREE;
    return status;
}

static enum kdio_status clear_breakpoint(struct gdb_server *server, uint32_t id)
{
    enum kdio_status status = look_for(server, id);

    if (status == KDIO_DONE && server->own[id].is.kind != KDIO_BREAK_FREE)
        status = kdio_clear_breakpoint(server->target, id);
    if (status == KDIO_DONE)
        server->own[id] = (struct own_breakpoint){ .is.kind = KDIO_BREAK_FREE };
    return status;
}

/* Those that are to go, or all. The first failure ends it: where the line is dead, each more would wait as long. */
static enum kdio_status clear_breakpoints(struct gdb_server *server, bool all)
{
    enum kdio_status status = KDIO_DONE;

    for (uint32_t id = 0; status == KDIO_DONE && id < KDIO_BREAKPOINTS_MAX; id++)
        if (all || server->own[id].leaving)
            status = clear_breakpoint(server, id);
    return status;
}

/* gdb's own breakpoint of that sort, its number in *id; KDIO_BREAKPOINTS_MAX when there is none. */
static enum kdio_status find_breakpoint(struct gdb_server *server, const struct kdio_breakpoint *wanted, uint32_t *id)
{
    enum kdio_status status = KDIO_DONE;

    for (*id = 0; status == KDIO_DONE && *id < KDIO_BREAKPOINTS_MAX; (*id)++) {
        if (is_same(&server->own[*id].is, wanted))
            status = look_for(server, *id);
        if (is_same(&server->own[*id].is, wanted))
            break;
    }
    return status;
}

static enum kdio_status set_breakpoint(struct gdb_server *server, const struct kdio_breakpoint *breakpoint)
{
    enum kdio_status status = clear_breakpoints(server, false); /* They may take the room. */
    uint32_t id = KDIO_BREAKPOINTS_MAX;

    if (status == KDIO_DONE)
        status = kdio_set_breakpoint(server->target, breakpoint, &id);
    if (status == KDIO_DONE && id < KDIO_BREAKPOINTS_MAX)
        server->own[id] = (struct own_breakpoint){ .is = *breakpoint, .sure = true };
    return status;
}

/* The protocol wants it idempotent. */
static void take_Z(struct gdb_server *server, struct gdb_cursor *cursor)
{
    struct kdio_breakpoint breakpoint;
    enum kdio_status status;
    uint32_t id;

    if (!read_breakpoint(cursor, &breakpoint)) {
        answer_malformed(server);
        return;
    }
    status = find_breakpoint(server, &breakpoint, &id);
    if (status == KDIO_DONE && id == KDIO_BREAKPOINTS_MAX)
        status = set_breakpoint(server, &breakpoint);
    else if (status == KDIO_DONE)
        server->own[id].leaving = false;
    answer_status(server, status);
}

static void take_z(struct gdb_server *server, struct gdb_cursor *cursor)
{
    struct kdio_breakpoint breakpoint;
    enum kdio_status status;
    uint32_t id;

    if (!read_breakpoint(cursor, &breakpoint)) {
        answer_malformed(server);
        return;
    }
    status = find_breakpoint(server, &breakpoint, &id);
    if (status == KDIO_DONE && id < KDIO_BREAKPOINTS_MAX)
        server->own[id].leaving = true;
    answer_status(server, status);
}

/* ---- Running ---- */

/* A ^C that came while the kernel stood, as it does whenever gdb looks at a breakpoint's condition, or that lost the
 * race with a breakpoint: the kernel does not run on. */
static bool stop_instead(struct gdb_server *server)
{
    if (!server->interrupted)
        return false;
    server->interrupted = false;
    server->stop.reason = KDIO_STOP_BREAK;
    server->stop.breakpoint = KDIO_BREAKPOINT_NONE;
    answer_stop(server, true);
    return true;
}

/* False, and answered, when the kernel is not to go on. */
static bool prepare_to_go(struct gdb_server *server)
{
    if (stop_instead(server))
        return false;
    if (clear_breakpoints(server, false) != KDIO_DONE) {
        answer_failure(server);
        return false;
    }
    forget_cpu(server);
    show_backlog(server);
    return true;
}

static void go(struct gdb_server *server)
{
    if (!prepare_to_go(server))
        return;
    server->state = GDB_SERVER_RUNNING; /* What the kernel says before the answer comes is shown too. */
    if (kdio_go(server->target) == KDIO_DONE)
        return;
    server->state = GDB_SERVER_STOPPED;
    answer_failure(server);
}

/* A step that is not at its end is waited for as any stop is. */
static void step(struct gdb_server *server)
{
    if (!prepare_to_go(server))
        return;
    if (kdio_step_registers(server->target, &server->stop, server->cpu.general) != KDIO_DONE) {
        answer_failure(server);
        return;
    }
    server->known[GDB_GENERAL] = server->stop.reason != KDIO_STOP_NONE;
    if (server->known[GDB_GENERAL]) {
        answer_stop(server, true);
        return;
    }
    show_backlog(server);
    server->state = GDB_SERVER_RUNNING;
}

/* c and s may carry an address to go on at. */
static bool move_rip(struct gdb_server *server, struct gdb_cursor *cursor)
{
    uint64_t address;

    if (cursor->at == cursor->end)
        return true;
    address = gdb_read_number(cursor);
    if (cursor->failed || cursor->at != cursor->end) {
        answer_malformed(server);
        return false;
    }
    forget_cpu(server);
    if (kdio_set_register(server->target, KDIO_RIP, address) == KDIO_DONE)
        return true;
    answer_failure(server);
    return false;
}

static void take_c(struct gdb_server *server, struct gdb_cursor *cursor)
{
    if (move_rip(server, cursor))
        go(server);
}

static void take_s(struct gdb_server *server, struct gdb_cursor *cursor)
{
    if (move_rip(server, cursor))
        step(server);
}

/* There is one thread, so the first action is the one. Signals to pass on mean nothing to a kernel. */
static void take_vCont(struct gdb_server *server, struct gdb_cursor *cursor)
{
    if (gdb_read_text(cursor, "c") || gdb_read_text(cursor, "C"))
        go(server);
    else if (gdb_read_text(cursor, "s") || gdb_read_text(cursor, "S"))
        step(server);
    else
        answer_malformed(server);
}

static void take_stop_query(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    answer_stop(server, false);
}

/* ---- The end ---- */

/* Whatever is known of the kernel: it may have stopped since, or be about to. */
enum kdio_status gdb_server_detach(struct gdb_server *server)
{
    enum kdio_status status = clear_breakpoints(server, true), gone = KDIO_DONE;

    if (status == KDIO_DONE || kdio_status_class(status) == KDIO_CLASS_REFUSED)
        gone = kdio_go(server->target);
    if (gone == KDIO_NOT_STOPPED)
        gone = KDIO_DONE;
    server->state = GDB_SERVER_ENDED;
    return status == KDIO_DONE ? gone : status;
}

static void take_D(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    answer_status(server, gdb_server_detach(server));
}

/* The machine is reset; that it is gone then is what was asked for. False when that is refused. */
static bool reset_machine(struct gdb_server *server)
{
    enum kdio_status status = kdio_out8(server->target, RESET_CONTROL, RESET_FULL);

    if (kdio_status_class(status) == KDIO_CLASS_REFUSED)
        return false;
    server->state = GDB_SERVER_ENDED;
    return true;
}

/* Nothing is answered to this one: where there is no reset the kernel is let go. */
static void take_k(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    if (!reset_machine(server))
        (void)!gdb_server_detach(server);
}

static void take_vKill(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    if (reset_machine(server))
        answer(server, "OK");
    else
        answer_failure(server);
}

/* ---- Queries ---- */

static void take_qSupported(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    answer(server, "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;"
                   "swbreak+;hwbreak+", GDB_PACKET_MAX);
}

static void take_no_ack(struct gdb_server *server, struct gdb_cursor *cursor)
{
    (void)cursor;
    answer(server, "OK");
    server->no_ack = true;
}

/* OFFSET,LENGTH of a document: m and a part, l and the last one. */
static void answer_part(struct gdb_server *server, struct gdb_cursor *cursor, const char *text, size_t size)
{
    uint64_t offset, length;

    if (!read_stretch(cursor, &offset, &length)) {
        answer_malformed(server);
        return;
    }
    if (offset > size)
        offset = size;
    if (length > GDB_PACKET_MAX - 1)
        length = GDB_PACKET_MAX - 1;
    gdb_writer_begin(&server->writer);
    gdb_writer_text(&server->writer, offset + length < size ? "m" : "l");
    gdb_writer_binary(&server->writer, text + offset, (size_t)(length < size - offset ? length : size - offset));
    send_packet(server);
}

static void take_features(struct gdb_server *server, struct gdb_cursor *cursor)
{
    size_t size = gdb_target_xml(server->xml, sizeof server->xml);

    answer_part(server, cursor, server->xml, size);
}

/* All addresses are memory of the kernel's, so that gdb asks, and hears of what is not there by a fault. */
static void take_memory_map(struct gdb_server *server, struct gdb_cursor *cursor)
{
    static const char map[] = "<?xml version=\"1.0\"?><!DOCTYPE memory-map PUBLIC "
                              "\"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
                              "\"http://sourceware.org/gdb/gdb-memory-map.dtd\"><memory-map>"
                              "<memory type=\"ram\" start=\"0x0\" length=\"0xffffffffffffffff\"/></memory-map>";

    answer_part(server, cursor, map, sizeof map - 1);
}

/* ---- monitor ---- */

static void take_qRcmd(struct gdb_server *server, struct gdb_cursor *cursor)
{
    size_t size = gdb_read_hex(cursor, server->memory, sizeof server->memory - 1);

    if (cursor->failed || cursor->at != cursor->end || memchr(server->memory, '\0', size)) {
        answer_malformed(server);
        return;
    }
    server->memory[size] = '\0';
    if (clear_breakpoints(server, false) != KDIO_DONE) {
        answer_failure(server);
        return;
    }
    forget_cpu(server); /* It may change registers. */
    doubt_breakpoints(server);
    server->io.monitor(server->io.context, (const char *)server->memory, print_for_gdb, server);
    answer(server, "OK");
}

/* ---- The table: the first row whose name begins the packet ---- */

static const struct {
    const char *name;
    void (*take)(struct gdb_server *server, struct gdb_cursor *cursor);
    const char *answer; /* Where take is NULL: what is answered always. */
} packets[] = {
    { "qSupported", take_qSupported, NULL },
    { "QStartNoAckMode", take_no_ack, NULL },
    { "qXfer:features:read:target.xml:", take_features, NULL },
    { "qXfer:memory-map:read::", take_memory_map, NULL },
    { "qRcmd,", take_qRcmd, NULL },
    { "qfThreadInfo", NULL, "m1" },
    { "qsThreadInfo", NULL, "l" },
    { "qAttached", NULL, "1" },
    { "qCRC:", NULL, "" },
    { "qC", NULL, "QC1" },
    { "vCont?", NULL, "vCont;c;C;s;S" },
    { "vCont;", take_vCont, NULL },
    { "vKill", take_vKill, NULL },
    { "q", NULL, "" },
    { "Q", NULL, "" },
    { "v", NULL, "" },
    { "?", take_stop_query, NULL },
    { "H", NULL, "OK" },
    { "T", NULL, "OK" },
    { "g", take_g, NULL },
    { "G", take_G, NULL },
    { "p", take_p, NULL },
    { "P", take_P, NULL },
    { "m", take_m, NULL },
    { "M", take_M, NULL },
    { "X", take_X, NULL },
    { "Z", take_Z, NULL },
    { "z", take_z, NULL },
    { "c", take_c, NULL },
    { "s", take_s, NULL },
    { "D", take_D, NULL },
    { "k", take_k, NULL },
    { "", NULL, "" },
};

static void take_packet(struct gdb_server *server)
{
    struct gdb_cursor cursor = gdb_cursor_on(server->reader.data, server->reader.size);
    size_t i = 0;

    while (!gdb_read_text(&cursor, packets[i].name))
        i++;
    if (packets[i].take)
        packets[i].take(server, &cursor);
    else
        answer(server, "%s", packets[i].answer);
}

/* gdb's ^C. The stop is told by gdb_server_wait, as any other. */
static void take_break(struct gdb_server *server)
{
    struct kdio_stop stop;
    enum kdio_status status;

    server->interrupted = true;
    if (server->state != GDB_SERVER_RUNNING)
        return;
    status = kdio_halt(server->target, HALT_MS, &stop);
    if (status != KDIO_DONE)
        doubt_breakpoints(server); /* The session may have ended, and be another's. */
    else if (stop.reason == KDIO_STOP_NONE)
        print_for_gdb(server, "kdio: not stopping: the kernel keeps interrupts off\n", 52);
}

static void take_event(struct gdb_server *server, enum gdb_event event)
{
    if (!server->no_ack && (event == GDB_PACKET || event == GDB_DAMAGED))
        server->io.send(server->io.context, event == GDB_PACKET ? "+" : "-", 1);
    if (event == GDB_PACKET && server->state == GDB_SERVER_STOPPED)
        take_packet(server);
    else if (event == GDB_NACK && !server->no_ack)
        server->io.send(server->io.context, server->writer.bytes, server->writer.size);
    else if (event == GDB_BREAK)
        take_break(server);
}

/* ---- Life ---- */

struct gdb_server *gdb_server_new(struct kdio_target *target, const struct gdb_server_io *io)
{
    struct gdb_server *server = calloc(1, sizeof *server);

    if (!server)
        return NULL;
    server->target = target;
    server->io = *io;
    for (uint32_t id = 0; id < KDIO_BREAKPOINTS_MAX; id++)
        server->own[id].is.kind = KDIO_BREAK_FREE;
    return server;
}

void gdb_server_free(struct gdb_server *server)
{
    free(server);
}

enum gdb_server_state gdb_server_state(const struct gdb_server *server)
{
    return server->state;
}

enum kdio_status gdb_server_attach(struct gdb_server *server)
{
    enum kdio_status status = kdio_halt(server->target, HALT_MS, &server->stop);
    bool stopped = status == KDIO_DONE && server->stop.reason != KDIO_STOP_NONE;

    server->state = stopped ? GDB_SERVER_STOPPED : GDB_SERVER_RUNNING;
    return status;
}

void gdb_server_print(struct gdb_server *server, const char *text, size_t size)
{
    if (server->state == GDB_SERVER_RUNNING)
        print_for_gdb(server, text, size);
    else
        gdb_backlog_add(&server->backlog, text, size);
}

void gdb_server_take(struct gdb_server *server, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && server->state != GDB_SERVER_ENDED; i++)
        take_event(server, gdb_reader_take(&server->reader, bytes[i]));
}

enum kdio_status gdb_server_wait(struct gdb_server *server, uint32_t ms)
{
    enum kdio_status status = kdio_wait_stop(server->target, ms, &server->stop);

    if (status != KDIO_DONE || server->stop.reason == KDIO_STOP_NONE)
        return status;
    server->state = GDB_SERVER_STOPPED;
    server->interrupted &= server->stop.reason != KDIO_STOP_BREAK;
    answer_stop(server, true);
    return KDIO_DONE;
}
