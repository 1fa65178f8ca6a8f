/* SPDX-License-Identifier: MIT */
/* run_control.c: implements run_control.h. Symbols and backtraces are gdb's job (gdbserver). */
#include "host/cmd/run_control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/number.h"

#define BREAK_MS        2000u
#define OVER_MS         5000u /* For what `p` steps over to come back. */
#define US_PER_MS       1000u
#define COUNT_DEFAULT   1u
#define RESET_CONTROL   0xcf9u
#define RESET_FULL      0x06u
#define INSTRUCTION_MAX 15u
#define DEBUG_REGISTERS 4u

static enum exit_status finish(struct session *session, enum kdio_status status)
{
    if (status == KDIO_DONE)
        return EXIT_STATUS_DONE;
    if (status == KDIO_NOT_STOPPED)
        return failure_status(session->failure, status, "the kernel is running (`.break` stops it); nothing was done");
    return session_failure(session, status);
}

/* ---- What a stop is said to be ---- */

const char *run_control_reason(const struct kdio_stop *stop)
{
    static const char *const words[] = { "running", "break", "step", "breakpoint", "watchpoint", "exception" };

    return stop->reason < sizeof(words) / sizeof(words[0]) ? words[stop->reason] : "stopped";
}

void run_control_text(const struct kdio_stop *stop, char text[RUN_CONTROL_TEXT_SIZE])
{
    int used = snprintf(text, RUN_CONTROL_TEXT_SIZE, "%s", run_control_reason(stop));

    if (stop->reason != KDIO_STOP_NONE)
        (void)snprintf(text + used, RUN_CONTROL_TEXT_SIZE - (size_t)used, " at %08" PRIx64 "`%08" PRIx64,
                       stop->rip >> 32, stop->rip & UINT32_MAX);
}

static void print_stop_object(const struct statement *statement, const struct kdio_stop *stop, struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_string(object, "reason", run_control_reason(stop));
    output_wide(object, "rip", stop->rip);
    if (stop->breakpoint != KDIO_BREAKPOINT_NONE)
        output_number(object, "breakpoint", stop->breakpoint);
    if (stop->reason == KDIO_STOP_EXCEPTION) {
        output_number(object, "vector", stop->vector);
        output_wide(object, "error", stop->code);
    }
    output_number(object, "cpu", stop->cpu);
    output_print_object(output, object);
}

static void print_stop(const struct statement *statement, const struct kdio_stop *stop, struct output *output)
{
    if (output->json) {
        print_stop_object(statement, stop, output);
        return;
    }
    if (stop->reason == KDIO_STOP_NONE) {
        output_text(output, "running\n");
        return;
    }
    output_text(output, "%s", run_control_reason(stop));
    if (stop->breakpoint != KDIO_BREAKPOINT_NONE)
        output_text(output, " %u", stop->breakpoint);
    if (stop->reason == KDIO_STOP_EXCEPTION)
        output_text(output, " %u, error %" PRIx64, stop->vector, stop->code);
    output_text(output, " at %08" PRIx64 "`%08" PRIx64 "\n", stop->rip >> 32, stop->rip & UINT32_MAX);
}

/* ---- Stopping and going ---- */

enum exit_status break_execute(const struct statement *statement, struct session *session)
{
    struct kdio_stop stop;
    enum kdio_status status = kdio_halt(session->target, BREAK_MS, &stop);

    if (status != KDIO_DONE)
        return session_failure(session, status);
    if (stop.reason == KDIO_STOP_NONE)
        return failure_status(session->failure, KDIO_TIMEOUT,
                              "not stopping within %u s: the kernel keeps interrupts off, or does not look; it stops "
                              "when it does", BREAK_MS / 1000);
    print_stop(statement, &stop, session->output);
    return EXIT_STATUS_DONE;
}

enum exit_status go_execute(const struct statement *statement, struct session *session)
{
    uint32_t ms = (uint32_t)(statement->operands[0] / US_PER_MS);
    struct kdio_stop stop;
    enum kdio_status status = kdio_go(session->target);

    if (status == KDIO_DONE && statement->operand_count != 0) {
        status = kdio_wait_stop(session->target, ms, &stop);
        if (status == KDIO_DONE)
            print_stop(statement, &stop, session->output);
    }
    return finish(session, status);
}

static uint64_t count_of(const struct statement *statement)
{
    return statement->operand_count != 0 ? statement->operands[0] : COUNT_DEFAULT;
}

/* Anything but the end of a step ends the rest of them. */
static enum exit_status repeat(const struct statement *statement, struct session *session,
                               enum kdio_status (*step)(struct kdio_target *target, struct kdio_stop *stop))
{
    enum kdio_status status = KDIO_DONE;
    struct kdio_stop stop = { .reason = KDIO_STOP_STEP };

    for (uint64_t n = count_of(statement); n != 0 && status == KDIO_DONE && stop.reason == KDIO_STOP_STEP; n--) {
        if (session_interrupted(session))
            return failure_status(session->failure, KDIO_INTERRUPTED, "interrupted; the kernel is stopped");
        status = step(session->target, &stop);
        if (status == KDIO_DONE)
            print_stop(statement, &stop, session->output);
    }
    return finish(session, status);
}

enum exit_status trace_execute(const struct statement *statement, struct session *session)
{
    return repeat(statement, session, kdio_step);
}

/* ---- Stepping over: what calls comes back behind itself, a repeated string instruction ends there ---- */

static bool is_prefix(uint8_t byte)
{
    return (byte & 0xf0) == 0x40 || memchr("\x66\x67\x2e\x36\x3e\x26\x64\x65", byte, 8) != NULL;
}

/* Bytes of an operand in memory or a register, ModRM included (SDM volume 2, 2.1.5). */
static unsigned modrm_size(const uint8_t *code)
{
    unsigned mod = code[0] >> 6, rm = code[0] & 7;
    unsigned size = mod == 1 ? 2 : mod == 2 || (mod == 0 && rm == 5) ? 5 : 1;

    if (mod != 3 && rm == 4)
        size += mod == 0 && (code[1] & 7) == 5 ? 5 : 1;
    return size;
}

static bool is_string(uint8_t opcode)
{
    return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
           (opcode >= 0xaa && opcode <= 0xaf);
}

/* Bytes of an instruction that is stepped over; 0 for one that is stepped. */
static unsigned over_size(const uint8_t code[INSTRUCTION_MAX])
{
    bool repeated = false;
    unsigned at = 0;

    while (at < INSTRUCTION_MAX - 8 && (is_prefix(code[at]) || code[at] == 0xf2 || code[at] == 0xf3)) {
        repeated |= code[at] == 0xf2 || code[at] == 0xf3;
        at++;
    }
    if (code[at] == 0xe8)
        return at + 5;
    if (code[at] == 0xcd || (code[at] == 0x0f && code[at + 1] == 0x05)) /* INT n and SYSCALL, which cannot be stepped. */
        return at + 2;
    if (code[at] == 0xff && (code[at + 1] >> 3 & 7) == 2)
        return at + 1 + modrm_size(code + at + 1);
    return repeated && is_string(code[at]) ? at + 1 : 0;
}

static enum kdio_status go_and_wait(struct kdio_target *target, struct kdio_stop *stop)
{
    enum kdio_status status = kdio_go(target);

    return status == KDIO_DONE ? kdio_wait_stop(target, OVER_MS, stop) : status;
}

static bool has_breakpoint(struct kdio_target *target, uint64_t address)
{
    struct kdio_breakpoint found = { .kind = KDIO_BREAK_FREE };
    enum kdio_status status = KDIO_DONE;
    bool there = false;

    for (uint32_t id = 0; status == KDIO_DONE && !there && id < KDIO_BREAKPOINTS_MAX; id++) {
        status = kdio_get_breakpoint(target, id, &found);
        there = status == KDIO_DONE && found.kind == KDIO_BREAK_SOFTWARE && found.address == address;
    }
    return there;
}

/* Where a breakpoint is already, that one stops it, and stays. */
static enum kdio_status run_to(struct kdio_target *target, uint64_t address, struct kdio_stop *stop)
{
    const struct kdio_breakpoint breakpoint = { .kind = KDIO_BREAK_SOFTWARE, .length = 1, .address = address };
    uint32_t id;
    enum kdio_status status;

    status = kdio_set_breakpoint(target, &breakpoint, &id);
    if (kdio_status_class(status) == KDIO_CLASS_REFUSED && has_breakpoint(target, address))
        return go_and_wait(target, stop);
    if (status != KDIO_DONE)
        return status;
    status = go_and_wait(target, stop);
    if (status == KDIO_INTERRUPTED)
        (void)!kdio_clear_breakpoint(target, id); /* The kernel runs on, as before. */
    if (status != KDIO_DONE)
        return status;
    if (stop->breakpoint == id) {
        stop->reason = KDIO_STOP_STEP;
        stop->breakpoint = KDIO_BREAKPOINT_NONE;
    }
    return kdio_clear_breakpoint(target, id);
}

static enum kdio_status step_over(struct kdio_target *target, struct kdio_stop *stop)
{
    uint8_t code[INSTRUCTION_MAX] = { 0 };
    enum kdio_status status = kdio_stop_state(target, stop);
    unsigned size;

    if (status != KDIO_DONE || stop->reason == KDIO_STOP_NONE)
        return status == KDIO_DONE ? kdio_step(target, stop) : status;
    (void)!kdio_read(target, KDIO_SPACE_VIRTUAL, stop->rip, 0, code, sizeof(code), NULL);
    size = over_size(code);
    return size != 0 ? run_to(target, stop->rip + size, stop) : kdio_step(target, stop);
}

enum exit_status step_over_execute(const struct statement *statement, struct session *session)
{
    return repeat(statement, session, step_over);
}

/* ---- Registers ---- */

static const struct {
    const char *name;
    enum kdio_register number;
    int digits;
    bool ends_line;
} registers[] = {
    { "rax", KDIO_RAX, 16, false }, { "rbx", KDIO_RBX, 16, false }, { "rcx", KDIO_RCX, 16, true },
    { "rdx", KDIO_RDX, 16, false }, { "rsi", KDIO_RSI, 16, false }, { "rdi", KDIO_RDI, 16, true },
    { "rip", KDIO_RIP, 16, false }, { "rsp", KDIO_RSP, 16, false }, { "rbp", KDIO_RBP, 16, true },
    { "r8", KDIO_R8, 16, false },   { "r9", KDIO_R9, 16, false },   { "r10", KDIO_R10, 16, true },
    { "r11", KDIO_R11, 16, false }, { "r12", KDIO_R12, 16, false }, { "r13", KDIO_R13, 16, true },
    { "r14", KDIO_R14, 16, false }, { "r15", KDIO_R15, 16, true },
    { "cs", KDIO_CS, 4, false },    { "ss", KDIO_SS, 4, false },    { "ds", KDIO_DS, 4, false },
    { "es", KDIO_ES, 4, false },    { "fs", KDIO_FS, 4, false },    { "gs", KDIO_GS, 4, false },
    { "efl", KDIO_RFLAGS, 8, true },
    { "fs_base", KDIO_FS_BASE, 16, false }, { "gs_base", KDIO_GS_BASE, 16, false },
    { "kernel_gs_base", KDIO_KERNEL_GS_BASE, 16, true },
};

#define REGISTER_ROWS (sizeof(registers) / sizeof(registers[0]))

/* Rows from `first` to before `end`. */
static void print_registers(const struct statement *statement, const uint64_t *values, size_t first, size_t end,
                            struct output *output)
{
    cJSON *object = output->json ? output_object(output, statement) : NULL;

    for (size_t i = first; i < end; i++) {
        uint64_t value = values[registers[i].number];
        if (output->json)
            output_wide(object, registers[i].name, value);
        else
            output_text(output, "%3s=%0*" PRIx64 "%s", registers[i].name, registers[i].digits, value,
                        registers[i].ends_line || i + 1 == end ? "\n" : " ");
    }
    if (output->json)
        output_print_object(output, object);
}

static enum exit_status show_registers(const struct statement *statement, struct session *session, size_t first,
                                       size_t end)
{
    uint64_t values[KDIO_REGISTER_COUNT];
    enum kdio_status status = kdio_get_registers(session->target, values);

    if (status == KDIO_DONE)
        print_registers(statement, values, first, end, session->output);
    return finish(session, status);
}

/* The row of the name that ends at `end`; REGISTER_ROWS for none. */
static size_t find_register(const char *name, size_t length)
{
    size_t i = 0;

    while (i < REGISTER_ROWS &&
           (strlen(registers[i].name) != length || strncasecmp(registers[i].name, name, length) != 0))
        i++;
    return i;
}

static enum exit_status set_register(const char *text, size_t row, struct session *session)
{
    enum kdio_status status;
    uint64_t value;

    if (number_parse(text, &value) != NUMBER_OK)
        return failure_usage(session->failure, "r: '%s' is not a number; nothing was sent", text);
    status = kdio_set_register(session->target, registers[row].number, value);
    if (status == KDIO_UNSUPPORTED)
        return failure_status(session->failure, status, "r: %s is only shown; nothing was done", registers[row].name);
    return finish(session, status);
}

enum exit_status r_execute(const struct statement *statement, struct session *session)
{
    const char *text = statement->tail != NULL ? statement->tail->text : NULL;
    size_t length = text != NULL ? strcspn(text, "=") : 0;
    size_t row = find_register(text, length);

    if (text == NULL)
        return show_registers(statement, session, 0, REGISTER_ROWS);
    if (row == REGISTER_ROWS)
        return failure_usage(session->failure, "r: no register '%.*s' (`kdio help r`); nothing was sent", (int)length,
                             text);
    if (text[length] == '=')
        return set_register(text + length + 1, row, session);
    return show_registers(statement, session, row, row + 1);
}

/* ---- Breakpoints ---- */

static const struct {
    const char *word, *meaning;
    enum kdio_breakpoint_kind kind;
} kinds[] = {
    { "bp", "software", KDIO_BREAK_SOFTWARE },
    { "e", "execute", KDIO_BREAK_EXECUTE },
    { "w", "write", KDIO_BREAK_WRITE },
    { "i", "I/O", KDIO_BREAK_IO },
    { "r", "read/write", KDIO_BREAK_ACCESS },
};

static void fill_breakpoint(cJSON *object, uint32_t id, const struct kdio_breakpoint *breakpoint)
{
    output_number(object, "id", id);
    output_string(object, "kind", kinds[breakpoint->kind].meaning);
    output_number(object, "length", breakpoint->length);
    output_wide(object, "address", breakpoint->address);
}

static void print_breakpoint(uint32_t id, const struct kdio_breakpoint *breakpoint, struct output *output)
{
    output_text(output, "%u %s %u %08" PRIx64 "`%08" PRIx64 "\n", id, kinds[breakpoint->kind].meaning,
                breakpoint->length, breakpoint->address >> 32, breakpoint->address & UINT32_MAX);
}

static void print_new_breakpoint(const struct statement *statement, uint32_t id,
                                 const struct kdio_breakpoint *breakpoint, struct output *output)
{
    cJSON *object;

    if (!output->json) {
        print_breakpoint(id, breakpoint, output);
        return;
    }
    object = output_object(output, statement);
    fill_breakpoint(object, id, breakpoint);
    output_print_object(output, object);
}

/* The stub says that there can be none; why, its list tells. */
static enum exit_status refuse_breakpoint(struct session *session, const struct kdio_breakpoint *wanted)
{
    bool software = wanted->kind == KDIO_BREAK_SOFTWARE;
    uint32_t first = software ? DEBUG_REGISTERS : 0, end = software ? KDIO_BREAKPOINTS_MAX : DEBUG_REGISTERS, used = 0;
    const char *command = software ? "bp" : "ba";
    struct kdio_breakpoint other;

    for (uint32_t id = first; id < end; id++) {
        if (kdio_get_breakpoint(session->target, id, &other) != KDIO_DONE)
            return session_failure(session, KDIO_NO_BREAKPOINT);
        if (software && other.kind == KDIO_BREAK_SOFTWARE && other.address == wanted->address)
            return failure_status(session->failure, KDIO_NO_BREAKPOINT, "bp: breakpoint %u is there; nothing was done",
                                  id);
        used += other.kind != KDIO_BREAK_FREE;
    }
    if (used == end - first)
        return failure_status(session->failure, KDIO_NO_BREAKPOINT,
                              "%s: all %u are in use: `bl` shows them, `bc` clears; nothing was done", command, used);
    return failure_status(session->failure, KDIO_NO_BREAKPOINT,
                          "%s: none can be there: the address is not mapped, is the stub's own code, or has one by "
                          "another address; nothing was done", command);
}

static enum exit_status set_breakpoint(const struct statement *statement, struct session *session,
                                       enum kdio_breakpoint_kind kind, uint64_t length, uint64_t address)
{
    const struct kdio_breakpoint breakpoint = { .kind = kind, .length = (uint32_t)length, .address = address };
    uint32_t id;
    enum kdio_status status = kdio_set_breakpoint(session->target, &breakpoint, &id);

    if (status == KDIO_DONE)
        print_new_breakpoint(statement, id, &breakpoint, session->output);
    if (status == KDIO_NO_BREAKPOINT)
        return refuse_breakpoint(session, &breakpoint);
    return finish(session, status);
}

enum exit_status bp_execute(const struct statement *statement, struct session *session)
{
    return set_breakpoint(statement, session, KDIO_BREAK_SOFTWARE, 1, statement->operands[0]);
}

/* The option is the kind, in the order of kinds from the second on. */
enum exit_status ba_execute(const struct statement *statement, struct session *session)
{
    uint64_t length = statement->operands[0];

    if (statement->option == 0)
        return failure_usage(session->failure, "ba: e, r, w or i must be said (`kdio help ba`); nothing was sent");
    if (length != 1 && length != 2 && length != 4 && length != 8)
        return failure_usage(session->failure, "ba: SIZE is 1, 2, 4 or 8; nothing was sent");
    return set_breakpoint(statement, session, kinds[statement->option].kind, length, statement->operands[1]);
}

/* Into the array where there is one, else as text. */
static enum kdio_status list_breakpoints(struct session *session, cJSON *array)
{
    struct kdio_breakpoint breakpoint;
    enum kdio_status status = KDIO_DONE;

    for (uint32_t id = 0; status == KDIO_DONE && id < KDIO_BREAKPOINTS_MAX; id++) {
        status = kdio_get_breakpoint(session->target, id, &breakpoint);
        if (status != KDIO_DONE || breakpoint.kind == KDIO_BREAK_FREE)
            continue;
        if (array != NULL) {
            cJSON *object = cJSON_CreateObject();
            fill_breakpoint(object, id, &breakpoint);
            (void)cJSON_AddItemToArray(array, object);
        } else {
            print_breakpoint(id, &breakpoint, session->output);
        }
    }
    return status;
}

enum exit_status bl_execute(const struct statement *statement, struct session *session)
{
    cJSON *object = session->output->json ? output_object(session->output, statement) : NULL;
    cJSON *array = object != NULL ? cJSON_AddArrayToObject(object, "breakpoints") : NULL;
    enum kdio_status status = list_breakpoints(session, array);

    if (status == KDIO_DONE && object != NULL)
        output_print_object(session->output, object);
    else
        cJSON_Delete(object);
    return finish(session, status);
}

static enum kdio_status clear_all(struct kdio_target *target)
{
    struct kdio_breakpoint breakpoint;
    enum kdio_status status = KDIO_DONE;

    for (uint32_t id = 0; status == KDIO_DONE && id < KDIO_BREAKPOINTS_MAX; id++) {
        status = kdio_get_breakpoint(target, id, &breakpoint);
        if (status == KDIO_DONE && breakpoint.kind != KDIO_BREAK_FREE)
            status = kdio_clear_breakpoint(target, id);
    }
    return status;
}

enum exit_status bc_execute(const struct statement *statement, struct session *session)
{
    const char *text = statement->tail->text;
    enum kdio_status status;
    uint64_t id;

    if (strcmp(text, "*") == 0)
        return finish(session, clear_all(session->target));
    if (number_parse_decimal(text, &id) != NUMBER_OK || id >= KDIO_BREAKPOINTS_MAX)
        return failure_usage(session->failure, "bc: '%s' is no number of a breakpoint, nor *; nothing was sent", text);
    status = kdio_clear_breakpoint(session->target, (uint32_t)id);
    if (status == KDIO_BAD_OPERAND)
        return failure_status(session->failure, status, "bc: there is no breakpoint %u; nothing was done",
                              (unsigned)id);
    return finish(session, status);
}

/* ---- The end ---- */

/* That the target is gone is what was asked for. */
enum exit_status reboot_execute(const struct statement *statement, struct session *session)
{
    enum kdio_status status = kdio_out8(session->target, RESET_CONTROL, RESET_FULL);

    (void)statement;
    if (status != KDIO_DONE && !session_lost(status))
        return session_failure(session, status);
    return session_lost(status) ? EXIT_STATUS_DONE : session_await_loss(session);
}
