/* SPDX-License-Identifier: MIT */
/* processor.c: implements processor.h. */
#include "host/cmd/processor.h"

#include <inttypes.h>

#include "host/cmd/session.h"

/* ---- MSRs ---- */

enum kdio_status rdmsr_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_rdmsr(program, (uint32_t)statement->operands[0]);
}

enum kdio_status wrmsr_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_wrmsr(program, (uint32_t)statement->operands[0], statement->operands[1]);
}

static void print_msr_object(const struct statement *statement, uint64_t value, struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_wide(object, "msr", statement->operands[0]);
    output_wide(object, "value", value);
    output_print_object(output, object);
}

void rdmsr_print(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t value = kdio_program_value(results->program, results->index);

    if (output->json)
        print_msr_object(statement, value, output);
    else
        output_text(output, "msr[%" PRIx64 "] = %08" PRIx64 "`%08" PRIx64 "\n", statement->operands[0], value >> 32,
                    value & UINT32_MAX);
}

void wrmsr_print(const struct statement *statement, const struct results *results, struct output *output)
{
    (void)results;
    if (output->json)
        print_msr_object(statement, statement->operands[1], output);
}

/* ---- CPUID ---- */

static const char *const cpuid_names[] = { "eax", "ebx", "ecx", "edx" };

#define CPUID_COUNT (sizeof(cpuid_names) / sizeof(cpuid_names[0]))

enum kdio_status cpuid_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_cpuid(program, (uint32_t)statement->operands[0], (uint32_t)statement->operands[1]);
}

/* Each register is 4 bytes of the result. */
static uint32_t cpuid_value(const struct results *results, size_t index)
{
    size_t size = 0;
    const uint8_t *bytes = kdio_program_bytes(results->program, results->index, &size);
    uint32_t value = 0;

    for (size_t i = 0; i < sizeof(value) && index * sizeof(value) + i < size; i++)
        value |= (uint32_t)bytes[index * sizeof(value) + i] << (i * 8);
    return value;
}

static void print_cpuid_object(const struct statement *statement, const struct results *results, struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_wide(object, "leaf", statement->operands[0]);
    output_wide(object, "subleaf", statement->operands[1]);
    for (size_t i = 0; i < CPUID_COUNT; i++)
        output_number(object, cpuid_names[i], cpuid_value(results, i));
    output_print_object(output, object);
}

void cpuid_print(const struct statement *statement, const struct results *results, struct output *output)
{
    if (output->json) {
        print_cpuid_object(statement, results, output);
        return;
    }
    output_text(output, "cpuid[%" PRIx64 ".%" PRIx64 "]", statement->operands[0], statement->operands[1]);
    for (size_t i = 0; i < CPUID_COUNT; i++)
        output_text(output, " %s=%08" PRIx32, cpuid_names[i], cpuid_value(results, i));
    output_text(output, "\n");
}

/* ---- Registers ---- */

struct register_row {
    const char *name;
    size_t offset; /* In struct kdio_registers. */
    size_t size;
    bool ends_line;
};

#define REGISTER(name, ends) \
    { #name, offsetof(struct kdio_registers, name), sizeof(((struct kdio_registers *)0)->name), ends }

static const struct register_row register_rows[] = {
    REGISTER(cpu, true),
    REGISTER(cr0, false), REGISTER(cr2, false), REGISTER(cr3, true),
    REGISTER(cr4, false), REGISTER(cr8, false), REGISTER(efer, true),
    REGISTER(dr0, false), REGISTER(dr1, false), REGISTER(dr2, true),
    REGISTER(dr3, false), REGISTER(dr6, false), REGISTER(dr7, true),
    REGISTER(fs_base, false), REGISTER(gs_base, true), REGISTER(kernel_gs_base, false), REGISTER(rflags, true),
    REGISTER(gdtr_base, false), REGISTER(gdtr_limit, true), REGISTER(idtr_base, false), REGISTER(idtr_limit, true),
    REGISTER(cs, false), REGISTER(ss, false), REGISTER(ds, false), REGISTER(es, false), REGISTER(fs, false),
    REGISTER(gs, false), REGISTER(tr, false), REGISTER(ldtr, true),
};

#define REGISTER_COUNT (sizeof(register_rows) / sizeof(register_rows[0]))

static uint64_t register_value(const struct kdio_registers *registers, const struct register_row *row)
{
    const char *place = (const char *)registers + row->offset;

    if (row->size == sizeof(uint16_t))
        return *(const uint16_t *)(const void *)place;
    if (row->size == sizeof(uint32_t))
        return *(const uint32_t *)(const void *)place;
    return *(const uint64_t *)(const void *)place;
}

static void print_registers(const struct kdio_registers *registers, struct output *output)
{
    for (const struct register_row *row = register_rows; row < register_rows + REGISTER_COUNT; row++) {
        int digits = row->size == sizeof(uint32_t) ? 1 : (int)row->size * 2;
        output_text(output, "%s=%0*" PRIx64 "%s", row->name, digits, register_value(registers, row),
                    row->ends_line ? "\n" : " ");
    }
}

static void print_registers_object(const struct statement *statement, const struct kdio_registers *registers,
                                   struct output *output)
{
    cJSON *object = output_object(output, statement);

    for (const struct register_row *row = register_rows; row < register_rows + REGISTER_COUNT; row++)
        output_wide(object, row->name, register_value(registers, row));
    output_print_object(output, object);
}

enum exit_status registers_execute(const struct statement *statement, struct session *session)
{
    struct kdio_registers registers;
    enum kdio_status status = kdio_registers(session->target, &registers);

    if (status != KDIO_DONE)
        return session_failure(session, status);
    if (session->output->json)
        print_registers_object(statement, &registers, session->output);
    else
        print_registers(&registers, session->output);
    return EXIT_STATUS_DONE;
}
