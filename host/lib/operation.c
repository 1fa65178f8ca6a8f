/* SPDX-License-Identifier: MIT */
/* operation.c: single operations. Each is a program of one, whose results go where the caller wants them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/lib/target.h"

#define TEXT_PIECE 64u  /* Bytes of text an operation, so that a bad line repeats little. */
#define RESULTS_MAX 256u /* More than the results of any operation without a table. */
#define PATTERN_MAX 255u

/* What was asked for is no operation at all. */
static enum kdio_status refuse(struct kdio_target *target, enum kdio_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum kdio_status refuse(struct kdio_target *target, enum kdio_status status, const char *format, ...)
{
    char what[96];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s; nothing was sent", what);
}

enum kdio_status kdio_run_one(struct kdio_target *target, struct kdio_operation *operation, const void *bytes,
                              uint8_t *results)
{
    struct kdio_program program = {
        .operations = operation, .count = 1, .bytes = bytes, .results = results,
        .results_size = kdio_operation_results_size(operation),
        .capabilities = operation->row->capability, .changes = operation->row->changes,
    };

    return kdio_run_program(target, &program, KDIO_CUT_FULL);
}

/* One without a table among its operands and results. */
static enum kdio_status run_fixed(struct kdio_target *target, uint8_t opcode, uint64_t first, uint64_t second,
                                  uint8_t results[RESULTS_MAX])
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make(&operation, opcode, (uint64_t[KDIO_OP_OPERANDS_MAX]){ first, second });

    return status == KDIO_DONE ? kdio_run_one(target, &operation, NULL, results) : status;
}

/* ---- Ports ---- */

static enum kdio_status refuse_port(struct kdio_target *target, enum kdio_status status, const char *word,
                                    uint64_t port, unsigned width)
{
    refuse(target, status, "%s at port %llx, %u bytes: %s", word, (unsigned long long)port, width,
           kdio_status_text(status));
    target->error.port = port > UINT32_MAX ? UINT32_MAX : (uint32_t)port;
    target->error.width = width;
    return status;
}

KDIO_API enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_port(&operation, KDIO_OP_OUT8, port, width, (uint64_t[]){ value, 0 });

    return status == KDIO_DONE ? kdio_run_one(target, &operation, NULL, NULL)
                               : refuse_port(target, status, "out", port, width);
}

KDIO_API enum kdio_status kdio_in(struct kdio_target *target, uint64_t port, unsigned width, uint32_t *value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_make_port(&operation, KDIO_OP_IN8, port, width, (uint64_t[]){ 0, 0 });
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, width);

    if (status != KDIO_DONE)
        return refuse_port(target, status, "in", port, width);
    status = kdio_run_one(target, &operation, NULL, results);
    if (status == KDIO_DONE)
        *value = (uint32_t)kdio_read_uint(&reader, width);
    return status;
}

/* ---- The stub ---- */

KDIO_API enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats)
{
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = run_fixed(target, KDIO_OP_STATS, 0, 0, results);
    uint32_t *const fields[] = {
        &stats->frames, &stats->bad_frames, &stats->repeated, &stats->overruns, &stats->console_lost, &stats->requests,
        &stats->operations, &stats->atomic_us_max, &stats->interrupts, &stats->uart_base, &stats->uptime_ms,
    };

    for (size_t i = 0; status == KDIO_DONE && i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = kdio_read_u32(&reader);
    return status;
}

/* ---- The processor ---- */

KDIO_API enum kdio_status kdio_rdmsr(struct kdio_target *target, uint32_t msr, uint64_t *value)
{
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = run_fixed(target, KDIO_OP_RDMSR, msr, 0, results);

    if (status == KDIO_DONE)
        *value = kdio_read_uint(&reader, 8);
    return status;
}

KDIO_API enum kdio_status kdio_wrmsr(struct kdio_target *target, uint32_t msr, uint64_t value)
{
    return run_fixed(target, KDIO_OP_WRMSR, msr, value, NULL);
}

KDIO_API enum kdio_status kdio_cpuid(struct kdio_target *target, uint32_t leaf, uint32_t subleaf,
                                     struct kdio_cpuid *result)
{
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = run_fixed(target, KDIO_OP_CPUID, leaf, subleaf, results);
    uint32_t *const fields[] = { &result->eax, &result->ebx, &result->ecx, &result->edx };

    for (size_t i = 0; status == KDIO_DONE && i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = kdio_read_u32(&reader);
    return status;
}

static void read_registers(struct kdio_reader *reader, struct kdio_registers *r)
{
    uint64_t *const wide[] = {
        &r->cr0, &r->cr2, &r->cr3, &r->cr4, &r->cr8, &r->dr0, &r->dr1, &r->dr2, &r->dr3, &r->dr6, &r->dr7, &r->efer,
        &r->fs_base, &r->gs_base, &r->kernel_gs_base, &r->gdtr_base, &r->idtr_base, &r->rflags,
    };
    uint16_t *const narrow[] = {
        &r->gdtr_limit, &r->idtr_limit, &r->tr, &r->ldtr, &r->cs, &r->ss, &r->ds, &r->es, &r->fs, &r->gs,
    };

    r->cpu = kdio_read_u32(reader);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        *wide[i] = kdio_read_uint(reader, 8);
    for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++)
        *narrow[i] = kdio_read_u16(reader);
}

KDIO_API enum kdio_status kdio_registers(struct kdio_target *target, struct kdio_registers *registers)
{
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = run_fixed(target, KDIO_OP_REGISTERS, 0, 0, results);

    if (status == KDIO_DONE)
        read_registers(&reader, registers);
    return status;
}

/* ---- Memory ---- */

static const char *space_text(enum kdio_space space)
{
    return space == KDIO_SPACE_PHYSICAL ? "physical" : "virtual";
}

/* A stretch that is none; the statuses' own texts speak of ports. */
static const char *stretch_text(enum kdio_status status, unsigned unit, size_t size)
{
    if (status == KDIO_BAD_WIDTH)
        return "the unit is not 1, 2, 4 or 8 bytes";
    if (status == KDIO_MISALIGNED)
        return "the address is not a multiple of the unit";
    if (status == KDIO_BAD_OPERAND && unit && size % unit)
        return "the length is not a multiple of the unit";
    return status == KDIO_BAD_OPERAND ? "it passes the end of the addresses" : kdio_status_text(status);
}

static enum kdio_status refuse_memory(struct kdio_target *target, enum kdio_status status, const char *word,
                                      enum kdio_space space, uint64_t address, unsigned unit, size_t size)
{
    return refuse(target, status, "%s of %zu bytes at %llx (%s): %s", word, size, (unsigned long long)address,
                  space_text(space), stretch_text(status, unit, size));
}

/* After a run: all, or what the error says. */
static size_t bytes_done(const struct kdio_target *target, enum kdio_status status, unsigned unit, size_t size)
{
    return status == KDIO_DONE ? size : (size_t)target->error.units_done * (unit ? unit : 1);
}

KDIO_API enum kdio_status kdio_read(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                                    void *buffer, size_t size, size_t *done)
{
    struct kdio_operation operation;
    enum kdio_status status = size ? kdio_make_memory(&operation, false, space, address, unit, size) : KDIO_DONE;
    size_t ignored;

    *(done ? done : &ignored) = 0;
    if (status != KDIO_DONE)
        return refuse_memory(target, status, "read", space, address, unit, size);
    if (size)
        status = kdio_run_one(target, &operation, NULL, buffer);
    *(done ? done : &ignored) = bytes_done(target, status, unit, size);
    return status;
}

KDIO_API enum kdio_status kdio_write(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                                     const void *buffer, size_t size, size_t *done)
{
    struct kdio_operation operation;
    enum kdio_status status = size ? kdio_make_memory(&operation, true, space, address, unit, size) : KDIO_DONE;
    size_t ignored;

    *(done ? done : &ignored) = 0;
    if (status != KDIO_DONE)
        return refuse_memory(target, status, "write", space, address, unit, size);
    if (size)
        status = kdio_run_one(target, &operation, buffer, NULL);
    *(done ? done : &ignored) = bytes_done(target, status, unit, size);
    return status;
}

/* A search or a fill, whose pattern goes with it. */
static enum kdio_status check_pattern(uint64_t address, uint64_t length, unsigned step, size_t size)
{
    if (!size || size > PATTERN_MAX || !step || step > 8 || step & (step - 1) || address + length - 1 < address)
        return KDIO_BAD_OPERAND;
    return KDIO_DONE;
}

static enum kdio_status refuse_pattern(struct kdio_target *target, enum kdio_status status, const char *word,
                                       enum kdio_space space, uint64_t address, uint64_t length, size_t size)
{
    const char *why = "it passes the end of the addresses, or its step is not 1, 2, 4 or 8";

    if (!size || size > PATTERN_MAX)
        why = "the pattern is not of 1 to 255 bytes";

    return refuse(target, status, "%s of %llu bytes at %llx (%s): %s", word, (unsigned long long)length,
                  (unsigned long long)address, space_text(space),
                  status == KDIO_BAD_OPERAND ? why : kdio_status_text(status));
}

KDIO_API enum kdio_status kdio_search(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                      uint64_t length, unsigned step, const void *pattern, size_t size, uint64_t *found)
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { address, length, step, size };
    enum kdio_status status = length ? check_pattern(address, length, step, size) : KDIO_NOT_FOUND;
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    struct kdio_operation operation;
    uint8_t inverted[PATTERN_MAX];

    if (status != KDIO_DONE)
        return refuse_pattern(target, status, "search", space, address, length, size);
    status = kdio_make(&operation, space == KDIO_SPACE_PHYSICAL ? KDIO_OP_PSEARCH : KDIO_OP_VSEARCH, operand);
    for (size_t i = 0; i < size; i++)
        inverted[i] = (uint8_t)~((const uint8_t *)pattern)[i];
    if (status == KDIO_DONE)
        status = kdio_run_one(target, &operation, inverted, results);
    if (status == KDIO_DONE)
        *found = kdio_read_uint(&reader, 8);
    return status;
}

KDIO_API enum kdio_status kdio_fill(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                    uint64_t length, const void *pattern, size_t size, uint64_t *done)
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { address, length, size };
    enum kdio_status status = length ? check_pattern(address, length, 1, size) : KDIO_DONE;
    struct kdio_operation operation;
    uint64_t ignored;

    *(done ? done : &ignored) = 0;
    if (status != KDIO_DONE)
        return refuse_pattern(target, status, "fill", space, address, length, size);
    if (length)
        status = kdio_make(&operation, space == KDIO_SPACE_PHYSICAL ? KDIO_OP_PFILL : KDIO_OP_VFILL, operand);
    if (length && status == KDIO_DONE)
        status = kdio_run_one(target, &operation, pattern, NULL);
    *(done ? done : &ignored) = status == KDIO_DONE ? length : target->error.units_done;
    return status;
}

#define LEVELS_MIN 4u
#define LEVELS_MAX 5u

/* Intel SDM volume 3, 4.5: a table at the lowest level has pages of 4 KiB; each level above, 512 times that. */
static uint64_t page_size(const struct kdio_translation *translation)
{
    unsigned above = translation->levels - translation->walked;

    return (uint64_t)4096 << 9 * (above < 4 ? above : 0);
}

KDIO_API enum kdio_status kdio_translate(struct kdio_target *target, uint64_t address,
                                         struct kdio_translation *translation)
{
    uint8_t results[RESULTS_MAX];
    struct kdio_reader reader = kdio_reader_on(results, sizeof results);
    enum kdio_status status = run_fixed(target, KDIO_OP_TRANSLATE, address, 0, results);

    if (status != KDIO_DONE)
        return status;
    *translation = (struct kdio_translation){ .levels = kdio_read_u8(&reader), .walked = kdio_read_u8(&reader) };
    translation->physical = kdio_read_uint(&reader, 8);
    for (unsigned i = 0; i < sizeof translation->entry / sizeof translation->entry[0]; i++)
        translation->entry[i] = kdio_read_uint(&reader, 8);
    translation->present = translation->physical != UINT64_MAX;
    if (translation->levels < LEVELS_MIN || translation->levels > LEVELS_MAX ||
        translation->walked > translation->levels)
        return kdio_fail(target, KDIO_BAD_REPLY, KDIO_OUTCOME_DONE, "%s: no such page tables",
                         kdio_status_text(KDIO_BAD_REPLY));
    if (translation->present)
        translation->page_size = page_size(translation);
    return KDIO_DONE;
}

/* ---- PCI configuration ---- */

static enum kdio_status refuse_pci(struct kdio_target *target, enum kdio_status status, const char *word,
                                   struct kdio_pci_address function, uint32_t offset, size_t size)
{
    return refuse(target, status, "%s of %zu bytes of PCI %04x:%02x:%02x.%x at %x: %s", word, size, function.segment,
                  function.bus, function.device, function.function, offset,
                  status == KDIO_BAD_WIDTH    ? "the unit is not 1, 2 or 4 bytes"
                  : status == KDIO_MISALIGNED ? "the offset is not a multiple of the unit"
                                              : kdio_status_text(status));
}

KDIO_API enum kdio_status kdio_pci_read(struct kdio_target *target, struct kdio_pci_address function, uint32_t offset,
                                        unsigned unit, void *buffer, size_t size, size_t *done)
{
    struct kdio_operation operation;
    enum kdio_status status = size ? kdio_make_pci(&operation, false, function, offset, unit, size) : KDIO_DONE;
    size_t ignored;

    *(done ? done : &ignored) = 0;
    if (status != KDIO_DONE)
        return refuse_pci(target, status, "read", function, offset, size);
    if (size)
        status = kdio_run_one(target, &operation, NULL, buffer);
    *(done ? done : &ignored) = bytes_done(target, status, unit, size);
    return status;
}

KDIO_API enum kdio_status kdio_pci_write(struct kdio_target *target, struct kdio_pci_address function, uint32_t offset,
                                         unsigned unit, const void *buffer, size_t size, size_t *done)
{
    struct kdio_operation operation;
    enum kdio_status status = size ? kdio_make_pci(&operation, true, function, offset, unit, size) : KDIO_DONE;
    size_t ignored;

    *(done ? done : &ignored) = 0;
    if (status != KDIO_DONE)
        return refuse_pci(target, status, "write", function, offset, size);
    if (size)
        status = kdio_run_one(target, &operation, buffer, NULL);
    *(done ? done : &ignored) = bytes_done(target, status, unit, size);
    return status;
}

/* ---- Text to the kernel ---- */

static enum kdio_status split_text(struct kdio_target *target, struct kdio_program *program, size_t size)
{
    size_t max = kdio_host_link_program_max(&target->link);
    size_t piece = max > TEXT_PIECE + 2 ? TEXT_PIECE : max - 2;
    struct kdio_operation operation;
    enum kdio_status status = max > 2 ? KDIO_DONE : KDIO_TOO_LARGE;

    for (size_t at = 0; status == KDIO_DONE && at < size; at += piece) {
        uint64_t operand[KDIO_OP_OPERANDS_MAX] = { size - at < piece ? size - at : piece };

        status = kdio_make(&operation, KDIO_OP_TEXT, operand);
        if (status == KDIO_DONE)
            status = kdio_program_append(program, &operation, NULL, 0);
        if (status == KDIO_DONE)
            program->operations[program->count - 1].bytes_at = at;
    }
    return status;
}

KDIO_API enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size)
{
    struct kdio_program *program = kdio_program_new();
    enum kdio_status status = kdio_session_ensure(target);

    if (status == KDIO_DONE)
        status = program ? split_text(target, program, size) : KDIO_NO_MEMORY;
    if (status == KDIO_NO_MEMORY)
        kdio_fail(target, KDIO_NO_MEMORY, KDIO_OUTCOME_NOT_DONE, "out of memory; nothing was sent");
    if (program)
        program->bytes = (const uint8_t *)text; /* Not copied. */
    if (status == KDIO_DONE)
        status = kdio_run_program(target, program, KDIO_CUT_FULL);
    kdio_program_free(program);
    return status;
}
