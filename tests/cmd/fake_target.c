/* SPDX-License-Identifier: MIT */
/*
 * fake_target.c: the functions of kdio.h that the command uses, with no line behind them, so that what the command does
 * with an outcome can be tested for outcomes that are hard to bring about on a real target.
 *
 * Everything that would reach a target is a line in $KDIO_FAKE_LOG. Reads of ports give the port's digits, repeated; of
 * MSRs the number in both halves; of memory the low byte of each address. The pages 10000 to 11fff are absent, and so
 * is MSR dead; the only PCI functions are 0.0.0, 0.1.0 (a bridge to bus 1), 0.1.1 and 1.2.0. The time-stamp counter
 * moves by 100 an operation. The environment says what goes wrong, and what the stub tells:
 *     KDIO_FAKE_OPEN=STATUS         opening fails; the error names the line
 *     KDIO_FAKE_FAIL=N:STATUS:DONE  operation N (from 0) fails; DONE is "not" or "unknown"
 *     KDIO_FAKE_BLOCK=N             operation N waits for the interruption
 *     KDIO_FAKE_RESOLVE=N           after a failure, N operations of it turn out to be done; unset: nobody knows
 *     KDIO_FAKE_LOSS=STATUS         what asking the target gives after everything was done
 *     KDIO_FAKE_PROGRAM_MAX=N       larger atomic programs are refused
 *     KDIO_FAKE_STATS=STATUS        what the stub's statistics give; asking for them is noted then
 *     KDIO_FAKE_BURST=N             the burst limit
 *     KDIO_FAKE_PREVIOUS=N          the previous session
 *     KDIO_FAKE_WALKED=N            how many entries are there to read for an absent page
 *     KDIO_FAKE_STOPPED=N           the kernel is stopped, for the Nth time
 *     KDIO_FAKE_FINDING=N           what an examination finds, as a number of enum kdio_finding
 */
#include <kdio.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/examine.h"

#define BLOCK_LIMIT_MS 20000
#define BLOCK_TURN_MS  10
#define PORTS          0x10000u
#define ALL_DONE       UINT32_MAX
#define LINK_FIRST     0x3f8u
#define LINK_LAST      0x3ffu

#define HOLE_FIRST     0x10000u
#define HOLE_END       0x12000u
#define ABSENT_MSR     0xdeadu
#define TEXT_SIZE      256
#define PAGE_FAULT     14u
#define PROTECTION     13u
#define TSC_STEP       100u

struct kdio_operation_fake {
    char text[TEXT_SIZE]; /* For the log. */
    uint64_t value, other;
    uint8_t *bytes; /* What it gives, when done. */
    size_t size;
    size_t done;
    uint64_t address; /* Of memory: faults are looked for. */
    uint64_t mask, wanted; /* Of POLL and CHECK. */
    uint32_t port, width;
    enum { OPERATION_PLAIN, OPERATION_MEMORY, OPERATION_MSR, OPERATION_TSC, OPERATION_PCI, OPERATION_POLL,
           OPERATION_CHECK } kind;
};

struct kdio_program {
    struct kdio_operation_fake *operations;
    size_t count, done;
};

struct kdio_target {
    struct kdio_options options;
    struct kdio_error error;
    struct kdio_info info;
    uint32_t executed;
    uint64_t tsc, last;
    uint32_t index; /* Of the operation in its program. */
};

/* ---- The list of statuses ---- */

static const struct {
    enum kdio_status status;
    enum kdio_class error_class;
    const char *name, *text;
} statuses[] = {
#define X(name, number, class, text) { KDIO_##name, KDIO_CLASS_##class, #name, text },
    KDIO_STATUS_TABLE(X)
#undef X
};

#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]))

static size_t status_index(enum kdio_status status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i].status == status)
            return i;
    }
    abort();
}

enum kdio_class kdio_status_class(enum kdio_status status)
{
    return statuses[status_index(status)].error_class;
}

const char *kdio_status_name(enum kdio_status status)
{
    return statuses[status_index(status)].name;
}

const char *kdio_status_text(enum kdio_status status)
{
    return statuses[status_index(status)].text;
}

/* ---- What the environment says ---- */

static enum kdio_status status_named(const char *name, size_t length)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (strlen(statuses[i].name) == length && strncmp(statuses[i].name, name, length) == 0)
            return statuses[i].status;
    }
    abort();
}

static enum kdio_status status_from(const char *variable)
{
    const char *name = getenv(variable);

    return name != NULL ? status_named(name, strlen(name)) : KDIO_DONE;
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    const char *path = getenv("KDIO_FAKE_LOG");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    va_list arguments;

    if (file == NULL)
        return;
    va_start(arguments, format);
    (void)vfprintf(file, format, arguments);
    va_end(arguments);
    (void)fclose(file);
}

static enum kdio_status fail(struct kdio_target *target, enum kdio_status status, enum kdio_outcome outcome)
{
    target->error = (struct kdio_error){ .status = status, .outcome = outcome, .index = target->index };
    target->error.error_class = kdio_status_class(status);
    (void)snprintf(target->error.text, sizeof(target->error.text), "fake: %s; %s", kdio_status_text(status),
                   outcome == KDIO_OUTCOME_UNKNOWN ? "outcome unknown" : "not done");
    return status;
}

/* ---- Opening ---- */

enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio, const struct kdio_options *options)
{
    enum kdio_status status = status_from("KDIO_FAKE_OPEN");

    *target = calloc(1, sizeof(**target));
    if (*target == NULL)
        return KDIO_NO_MEMORY;
    (*target)->options = *options;
    (*target)->info.capabilities = KDIO_CAP_PORT | KDIO_CAP_POLLED;
    if (getenv("KDIO_FAKE_STOPPED") != NULL)
        (*target)->info.capabilities |= KDIO_CAP_RUN;
    (*target)->info.burst = number_from("KDIO_FAKE_BURST", 0);
    (*target)->info.previous_session = number_from("KDIO_FAKE_PREVIOUS", 0);
    note("open %s wait %u open %u\n", gensio, (unsigned)options->wait_ms, (unsigned)options->open_ms);
    if (options->baud != 0)
        note("baud %u\n", (unsigned)options->baud);
    options->console(options->context, "hello \xff\n", 8);
    if (status == KDIO_DONE)
        return KDIO_DONE;
    (void)fail(*target, status, KDIO_OUTCOME_NOT_DONE);
    (void)snprintf((*target)->error.text, sizeof((*target)->error.text), "%s: %s; nothing was done", gensio,
                   kdio_status_text(status));
    return status;
}

void kdio_target_close(struct kdio_target *target)
{
    if (target != NULL)
        note("close\n");
    free(target);
}

const struct kdio_error *kdio_target_error(const struct kdio_target *target)
{
    return &target->error;
}

/* ---- Checks and programs ---- */

static enum kdio_status check_port(uint64_t port, unsigned width)
{
    if (width != 1 && width != 2 && width != 4)
        return KDIO_BAD_WIDTH;
    if (port > PORTS - width)
        return KDIO_BAD_PORT;
    return port % width == 0 ? KDIO_DONE : KDIO_MISALIGNED;
}

enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width)
{
    enum kdio_status status = check_port(port, width);

    if (status == KDIO_DONE && target != NULL && port <= LINK_LAST && port + width > LINK_FIRST)
        status = KDIO_LINK_UART;
    return status;
}

enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_in(target, port, width);

    if (status == KDIO_DONE && value >> (width * 8) != 0)
        status = KDIO_BAD_VALUE;
    return status;
}

struct kdio_program *kdio_program_new(void)
{
    return calloc(1, sizeof(struct kdio_program));
}

void kdio_program_free(struct kdio_program *program)
{
    for (size_t i = 0; program != NULL && i < program->count; i++)
        free(program->operations[i].bytes);
    if (program != NULL)
        free(program->operations);
    free(program);
}

size_t kdio_program_count(const struct kdio_program *program)
{
    return program->count;
}

__attribute__((format(printf, 3, 4))) static enum kdio_status append(struct kdio_program *program,
                                                                     struct kdio_operation_fake operation,
                                                                     const char *format, ...)
{
    struct kdio_operation_fake *grown = realloc(program->operations, (program->count + 1) * sizeof(*grown));
    va_list arguments;

    if (grown == NULL)
        return KDIO_NO_MEMORY;
    va_start(arguments, format);
    (void)vsnprintf(operation.text, sizeof(operation.text), format, arguments);
    va_end(arguments);
    operation.bytes = calloc(1, operation.size + 1);
    program->operations = grown;
    program->operations[program->count++] = operation;
    return KDIO_DONE;
}

static uint64_t port_value(uint64_t port, unsigned width)
{
    return port * 0x0101010101010101u & (width == 8 ? UINT64_MAX : (1ull << width * 8) - 1);
}

/* An operation on a port, which gives `value`. */
static struct kdio_operation_fake on_port(uint64_t port, unsigned width, uint64_t value)
{
    return (struct kdio_operation_fake){ .port = (uint32_t)port, .width = width, .value = value };
}

static unsigned long long ull(uint64_t number)
{
    return number;
}

enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_out(NULL, port, width, value);

    if (status != KDIO_DONE)
        return status;
    return append(program, on_port(port, width, 0), "out%u %llx %llx", width * 8, ull(port), ull(value));
}

enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width)
{
    enum kdio_status status = kdio_check_in(NULL, port, width);
    uint64_t value = port_value(port, width);

    if (status != KDIO_DONE)
        return status;
    return append(program, on_port(port, width, value), "in%u %llx %llx", width * 8, ull(port), ull(value));
}

enum kdio_status kdio_program_rmw(struct kdio_program *program, uint64_t port, unsigned width, uint64_t and_mask,
                                  uint64_t or_mask)
{
    struct kdio_operation_fake operation = on_port(port, width, port_value(port, width));

    operation.other = (operation.value & and_mask) | or_mask;
    return append(program, operation, "rmw%u %llx %llx %llx", width * 8, ull(port), ull(and_mask), ull(or_mask));
}

enum kdio_status kdio_program_poll(struct kdio_program *program, uint64_t port, unsigned width, uint64_t mask,
                                   uint64_t wanted, uint32_t limit_us)
{
    struct kdio_operation_fake operation = on_port(port, width, port_value(port, width));

    operation.kind = OPERATION_POLL;
    operation.mask = mask;
    operation.wanted = wanted;
    operation.other = (operation.value & mask) == wanted ? 3 : limit_us;
    return append(program, operation, "poll%u %llx %llx %llx %u", width * 8, ull(port), ull(mask), ull(wanted),
                  (unsigned)limit_us);
}

enum kdio_status kdio_program_check(struct kdio_program *program, unsigned width, uint64_t mask, uint64_t wanted)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_CHECK, .mask = mask, .wanted = wanted },
                  "check%u %llx %llx", width * 8, ull(mask), ull(wanted));
}

enum kdio_status kdio_program_delay(struct kdio_program *program, uint32_t us)
{
    return append(program, on_port(0, 0, 0), "delay %u", (unsigned)us);
}

enum kdio_status kdio_program_index_in(struct kdio_program *program, const struct kdio_index *index, unsigned width)
{
    return append(program, on_port(index->data_port, width, port_value(index->value, width)),
                  "xi%u %x/%u%s %x %x", width * 8, index->port, index->width * 8, index->restore ? "r" : "",
                  (unsigned)index->value, index->data_port);
}

enum kdio_status kdio_program_index_out(struct kdio_program *program, const struct kdio_index *index, unsigned width,
                                        uint64_t value)
{
    return append(program, on_port(index->data_port, width, 0), "xo%u %x/%u%s %x %x %llx", width * 8, index->port,
                  index->width * 8, index->restore ? "r" : "", (unsigned)index->value, index->data_port, ull(value));
}

enum kdio_status kdio_program_ins(struct kdio_program *program, uint64_t port, unsigned width, size_t count)
{
    struct kdio_operation_fake operation = on_port(port, width, 0);

    operation.size = count * width;
    return append(program, operation, "ins%u %llx %zu", width * 8, ull(port), count);
}

/* The first bytes of what is written, for the log. */
static const char *hex(const void *bytes, size_t size)
{
    static char text[65];

    text[0] = '\0';
    for (size_t i = 0; i < size && i < sizeof(text) / 2; i++)
        (void)snprintf(text + i * 2, 3, "%02x", ((const uint8_t *)bytes)[i]);
    return text;
}

enum kdio_status kdio_program_outs(struct kdio_program *program, uint64_t port, unsigned width, const void *values,
                                   size_t count)
{
    return append(program, on_port(port, width, 0), "outs%u %llx %zu %s", width * 8, ull(port), count,
                  hex(values, count * width));
}

enum kdio_status kdio_program_repeat(struct kdio_program *program, uint64_t port, unsigned width, size_t count,
                                     uint64_t value)
{
    return append(program, on_port(port, width, 0), "rep%u %llx %zu %llx", width * 8, ull(port), count, ull(value));
}

enum kdio_status kdio_program_rdtsc(struct kdio_program *program)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_TSC }, "rdtsc");
}

enum kdio_status kdio_program_rdmsr(struct kdio_program *program, uint32_t msr)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_MSR, .address = msr,
                                                         .value = msr * 0x100000001u },
                  "rdmsr %x", (unsigned)msr);
}

enum kdio_status kdio_program_wrmsr(struct kdio_program *program, uint32_t msr, uint64_t value)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_MSR, .address = msr }, "wrmsr %x %llx",
                  (unsigned)msr, ull(value));
}

enum kdio_status kdio_program_cpuid(struct kdio_program *program, uint32_t leaf, uint32_t subleaf)
{
    return append(program, (struct kdio_operation_fake){ .size = 16 }, "cpuid %x %x", (unsigned)leaf,
                  (unsigned)subleaf);
}

static char space_letter(enum kdio_space space)
{
    return space == KDIO_SPACE_PHYSICAL ? 'p' : 'v';
}

enum kdio_status kdio_program_read(struct kdio_program *program, enum kdio_space space, uint64_t address,
                                   unsigned unit, size_t size)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_MEMORY, .address = address, .size = size },
                  "read%c %llx %u %zu", space_letter(space), ull(address), unit, size);
}

enum kdio_status kdio_program_write(struct kdio_program *program, enum kdio_space space, uint64_t address,
                                    unsigned unit, const void *bytes, size_t size)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_MEMORY, .address = address, .size = size },
                  "write%c %llx %u %zu %s", space_letter(space), ull(address), unit, size, hex(bytes, size));
}

static unsigned function_number(struct kdio_pci_address function)
{
    return (unsigned)(function.segment << 16 | function.bus << 8 | function.device << 3 | function.function);
}

enum kdio_status kdio_program_pci_write(struct kdio_program *program, struct kdio_pci_address function,
                                        uint32_t offset, unsigned unit, const void *bytes, size_t size)
{
    return append(program, (struct kdio_operation_fake){ .kind = OPERATION_PLAIN }, "pciwrite %x %x %u %zu %s",
                  function_number(function), (unsigned)offset, unit, size, hex(bytes, size));
}

enum kdio_status kdio_program_pci_read(struct kdio_program *program, struct kdio_pci_address function,
                                       uint32_t offset, unsigned unit, size_t size)
{
    uint64_t address = (uint64_t)function_number(function) << 32 | offset;

    return append(program, (struct kdio_operation_fake){ .size = size, .kind = OPERATION_PCI, .address = address },
                  "pciread %x %x %u %zu", function_number(function), (unsigned)offset, unit, size);
}

uint64_t kdio_program_value(const struct kdio_program *program, size_t index)
{
    return program->operations[index].value;
}

uint64_t kdio_program_other(const struct kdio_program *program, size_t index)
{
    return program->operations[index].other;
}

const uint8_t *kdio_program_bytes(const struct kdio_program *program, size_t index, size_t *size)
{
    *size = program->operations[index].done;
    return program->operations[index].bytes;
}

size_t kdio_program_done_count(const struct kdio_program *program)
{
    return program->done;
}

/* ---- Running ---- */

static enum kdio_status block(struct kdio_target *target)
{
    note("blocked\n");
    for (int waited_ms = 0; waited_ms < BLOCK_LIMIT_MS; waited_ms += BLOCK_TURN_MS) {
        if (target->options.interrupted(target->options.context))
            return fail(target, KDIO_INTERRUPTED, KDIO_OUTCOME_UNKNOWN);
        (void)poll(NULL, 0, BLOCK_TURN_MS);
    }
    return fail(target, KDIO_TIMEOUT, KDIO_OUTCOME_UNKNOWN);
}

/* What is to happen to the operation that comes next. */
static enum kdio_status fate(struct kdio_target *target)
{
    const char *text = getenv("KDIO_FAKE_FAIL");
    char *rest = NULL;

    if (target->executed == number_from("KDIO_FAKE_BLOCK", ALL_DONE))
        return block(target);
    if (text == NULL || strtoul(text, &rest, 10) != target->executed)
        return KDIO_DONE;
    return fail(target, status_named(rest + 1, strcspn(rest + 1, ":")),
                strstr(rest, ":unknown") != NULL ? KDIO_OUTCOME_UNKNOWN : KDIO_OUTCOME_NOT_DONE);
}

static enum kdio_status fault(struct kdio_target *target, uint64_t address, unsigned vector)
{
    (void)fail(target, KDIO_FAULT, KDIO_OUTCOME_NOT_DONE);
    target->error.vector = vector;
    target->error.address = address;
    return KDIO_FAULT;
}

/* The bytes of a stretch that come before the hole. */
static size_t before_hole(uint64_t address, size_t size)
{
    if (address >= HOLE_END || address + size <= HOLE_FIRST)
        return size;
    return address >= HOLE_FIRST ? 0 : (size_t)(HOLE_FIRST - address);
}

static void fill_bytes(uint8_t *bytes, uint64_t address, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(address + i);
}

/* Type 0 and type 1 headers, with the identifiers 8086:1000 and up by function number; a capability at 40. */
static void fill_pci(uint8_t *bytes, uint64_t address, size_t size)
{
    uint32_t function = (uint32_t)(address >> 32);
    bool bridge = function == 8;
    bool known = function == 0 || bridge || function == 9 || function == 0x110;

    for (size_t i = 0; i < size; i++) {
        uint32_t offset = (uint32_t)address + (uint32_t)i;
        const uint8_t header[] = { 0x86, 0x80, (uint8_t)function, 0x10, 7, 0, 0x10, 0, 2, 0, bridge ? 4 : 0,
                                   bridge ? 6 : 2, 0, 0, bridge ? 0x81 : 0, 0 };
        bytes[i] = !known ? 0xff : offset < sizeof(header) ? header[offset] : bridge && offset == 0x19 ? 1
                   : offset == 0x34 ? 0x40 : offset == 0x40 ? 5 : 0;
    }
}

static enum kdio_status judge(struct kdio_target *target, const struct kdio_operation_fake *operation)
{
    if (operation->kind == OPERATION_POLL || (operation->kind == OPERATION_PLAIN && operation->width != 0))
        target->last = operation->value;
    if (operation->kind != OPERATION_POLL && operation->kind != OPERATION_CHECK)
        return KDIO_DONE;
    return (target->last & operation->mask) == operation->wanted ? KDIO_DONE
                                                                  : fail(target, KDIO_NO_MATCH, KDIO_OUTCOME_NOT_DONE);
}

static enum kdio_status give(struct kdio_target *target, struct kdio_operation_fake *operation)
{
    enum kdio_status status = judge(target, operation);

    if (status != KDIO_DONE)
        return status;
    operation->done = operation->size;
    if (operation->kind == OPERATION_MSR && operation->address == ABSENT_MSR)
        return fault(target, ABSENT_MSR, PROTECTION);
    if (operation->kind == OPERATION_TSC)
        operation->value = target->tsc;
    if (operation->kind == OPERATION_MEMORY)
        operation->done = before_hole(operation->address, operation->size);
    if (operation->kind == OPERATION_PCI)
        fill_pci(operation->bytes, operation->address, operation->done);
    else
        fill_bytes(operation->bytes, operation->address, operation->done);
    if (operation->done < operation->size)
        return fault(target, operation->address + operation->done, PAGE_FAULT);
    return KDIO_DONE;
}

static enum kdio_status execute(struct kdio_target *target, struct kdio_operation_fake *operation)
{
    note("%s\n", operation->text);
    target->executed++;
    target->tsc += TSC_STEP;
    return give(target, operation);
}

enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic)
{
    enum kdio_status status = KDIO_DONE;

    program->done = 0;
    note("run %s %u\n", atomic ? "atomic" : "plain", (unsigned)program->count);
    if (atomic && program->count > number_from("KDIO_FAKE_PROGRAM_MAX", ALL_DONE))
        return fail(target, KDIO_TOO_LARGE, KDIO_OUTCOME_NOT_DONE);
    for (size_t i = 0; status == KDIO_DONE && i < program->count; i++) {
        target->index = (uint32_t)i;
        status = fate(target);
        if (status == KDIO_DONE)
            status = execute(target, &program->operations[i]);
        program->done += status == KDIO_DONE;
    }
    return status;
}

enum kdio_status kdio_target_resolve(struct kdio_target *target, uint32_t *done_count)
{
    note("resolve\n");
    if (getenv("KDIO_FAKE_RESOLVE") == NULL)
        return fail(target, KDIO_NO_CONNECTION, KDIO_OUTCOME_UNKNOWN);
    *done_count = number_from("KDIO_FAKE_RESOLVE", 0);
    return KDIO_DONE;
}

/* ---- Memory, and what has no place in programs ---- */

static enum kdio_status move(struct kdio_target *target, const char *what, enum kdio_space space, uint64_t address,
                             unsigned unit, size_t size, size_t *done)
{
    enum kdio_status status = fate(target);

    *done = 0;
    if (status != KDIO_DONE)
        return status;
    note("%s%c %llx %u %zu\n", what, space_letter(space), ull(address), unit, size);
    target->executed++;
    *done = before_hole(address, size);
    return *done == size ? KDIO_DONE : fault(target, address + *done, PAGE_FAULT);
}

enum kdio_status kdio_read(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                           void *buffer, size_t size, size_t *done)
{
    enum kdio_status status = move(target, "read", space, address, unit, size, done);

    fill_bytes(buffer, address, *done);
    return status;
}

enum kdio_status kdio_write(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                            const void *buffer, size_t size, size_t *done)
{
    (void)buffer;
    return move(target, "write", space, address, unit, size, done);
}

enum kdio_status kdio_fill(struct kdio_target *target, enum kdio_space space, uint64_t address, uint64_t length,
                           const void *pattern, size_t size, uint64_t *done)
{
    size_t moved = 0;
    enum kdio_status status;

    note("pattern %s\n", hex(pattern, size));
    status = move(target, "fill", space, address, 0, (size_t)length, &moved);
    *done = moved;
    return status;
}

/* The pattern lies at each address whose low byte is its first, for all that the fake knows. */
enum kdio_status kdio_search(struct kdio_target *target, enum kdio_space space, uint64_t address, uint64_t length,
                             unsigned step, const void *pattern, size_t size, uint64_t *found)
{
    uint8_t first = *(const uint8_t *)pattern;
    size_t done;
    enum kdio_status status = move(target, "search", space, address, step, (size_t)length, &done);

    if (status != KDIO_DONE && status != KDIO_FAULT)
        return status;
    for (uint64_t i = 0; i + size <= done; i += step) {
        if ((uint8_t)(address + i) == first) {
            *found = address + i;
            return KDIO_DONE;
        }
    }
    return status == KDIO_DONE ? fail(target, KDIO_NOT_FOUND, KDIO_OUTCOME_DONE) : status;
}

/* Pages of 4 KiB at physical addresses 1000000 up, but for the hole, whose PTE is not present. */
enum kdio_status kdio_translate(struct kdio_target *target, uint64_t address, struct kdio_translation *translation)
{
    enum kdio_status status = fate(target);

    note("translate %llx\n", ull(address));
    *translation = (struct kdio_translation){ .levels = 4, .walked = 4,
                                              .entry = { 0x2063, 0x3063, 0x4063,
                                                         0x8000000001000163 + (address & ~0xfffull) },
                                              .present = true, .page_size = 4096, .physical = 0x1000000 + address };
    if (before_hole(address, 1) == 0) {
        translation->walked = number_from("KDIO_FAKE_WALKED", 4);
        translation->entry[translation->walked - 1] = 0;
        translation->present = false;
    }
    return status;
}

enum kdio_status kdio_registers(struct kdio_target *target, struct kdio_registers *registers)
{
    enum kdio_status status = fate(target);

    note("registers\n");
    *registers = (struct kdio_registers){ .cpu = 2, .cr0 = 0x80010033, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0xd01,
                                          .gs_base = 0xffffffff80123456, .gdtr_base = 0xffff800000001000,
                                          .gdtr_limit = 0x37, .rflags = 0x202, .cs = 8, .ss = 0x10 };
    return status;
}

enum kdio_status kdio_pci_read(struct kdio_target *target, struct kdio_pci_address function, uint32_t offset,
                               unsigned unit, void *buffer, size_t size, size_t *done)
{
    enum kdio_status status = fate(target);

    note("pciread %x %x %u %zu\n", function_number(function), (unsigned)offset, unit, size);
    fill_pci(buffer, (uint64_t)function_number(function) << 32 | offset, size);
    *done = size;
    return status;
}

/* ---- Run control: the fake is stopped from the beginning, or cannot be ---- */

static enum kdio_status cannot(struct kdio_target *target, const char *what)
{
    note("%s\n", what);
    return fail(target, KDIO_UNSUPPORTED, KDIO_OUTCOME_NOT_DONE);
}

enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    note("out%u %llx %llx\n", width * 8, ull(port), ull(value));
    return fate(target);
}

enum kdio_status kdio_stop_state(struct kdio_target *target, struct kdio_stop *stop)
{
    *stop = (struct kdio_stop){ .reason = KDIO_STOP_BREAKPOINT, .count = number_from("KDIO_FAKE_STOPPED", 0),
                                .rip = 0x123456789 };
    if (stop->count == 0)
        return cannot(target, "stop");
    note("stop\n");
    return KDIO_DONE;
}

enum kdio_status kdio_halt(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    (void)ms;
    *stop = (struct kdio_stop){ .reason = KDIO_STOP_NONE };
    return cannot(target, "halt");
}

enum kdio_status kdio_go(struct kdio_target *target)
{
    return cannot(target, "go");
}

enum kdio_status kdio_step(struct kdio_target *target, struct kdio_stop *stop)
{
    *stop = (struct kdio_stop){ .reason = KDIO_STOP_NONE };
    return cannot(target, "step");
}

enum kdio_status kdio_wait_stop(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    (void)ms;
    *stop = (struct kdio_stop){ .reason = KDIO_STOP_NONE };
    return cannot(target, "wait");
}

enum kdio_status kdio_get_registers(struct kdio_target *target, uint64_t registers[KDIO_REGISTER_COUNT])
{
    memset(registers, 0, KDIO_REGISTER_COUNT * sizeof(registers[0]));
    return cannot(target, "get registers");
}

enum kdio_status kdio_set_register(struct kdio_target *target, enum kdio_register which, uint64_t value)
{
    (void)which;
    (void)value;
    return cannot(target, "set register");
}

enum kdio_status kdio_set_breakpoint(struct kdio_target *target, const struct kdio_breakpoint *breakpoint, uint32_t *id)
{
    (void)breakpoint;
    *id = 0;
    return cannot(target, "set breakpoint");
}

enum kdio_status kdio_clear_breakpoint(struct kdio_target *target, uint32_t id)
{
    (void)id;
    return cannot(target, "clear breakpoint");
}

enum kdio_status kdio_get_breakpoint(struct kdio_target *target, uint32_t id, struct kdio_breakpoint *breakpoint)
{
    (void)id;
    *breakpoint = (struct kdio_breakpoint){ .address = 0 };
    return cannot(target, "get breakpoint");
}

/* ---- The rest ---- */

enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size)
{
    (void)target;
    note("type %.*s", (int)size, text);
    return KDIO_DONE;
}

enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms)
{
    enum kdio_status status = status_from("KDIO_FAKE_LOSS");

    (void)poll(NULL, 0, (int)ms);
    return status == KDIO_DONE ? KDIO_DONE : fail(target, status, KDIO_OUTCOME_NOT_DONE);
}

const struct kdio_info *kdio_target_info(const struct kdio_target *target)
{
    return &target->info;
}

void kdio_target_link_stats(const struct kdio_target *target, struct kdio_link_stats *stats)
{
    *stats = (struct kdio_link_stats){ .operations = target->executed, .rtt_us_min = 857, .rtt_us_mean = 1117,
                                        .rtt_us_max = 1377 };
}

enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats)
{
    enum kdio_status status = status_from("KDIO_FAKE_LOSS");

    if (getenv("KDIO_FAKE_STATS") != NULL) {
        note("stats\n");
        status = status_from("KDIO_FAKE_STATS");
    }
    *stats = (struct kdio_stub_stats){ .uart_base = 0x3f8 };
    return status == KDIO_DONE ? KDIO_DONE : fail(target, status, KDIO_OUTCOME_NOT_DONE);
}

enum kdio_status kdio_examine(const char *gensio, const struct kdio_options *options,
                              struct kdio_examination *examination)
{
    (void)options;
    *examination = (struct kdio_examination){ .finding = (enum kdio_finding)number_from("KDIO_FAKE_FINDING", 0) };
    note("examine %s\n", gensio);
    return status_from("KDIO_FAKE_OPEN");
}

const char *kdio_version(void)
{
    return "kdio fake";
}
