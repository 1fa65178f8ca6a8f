/* SPDX-License-Identifier: MIT */
/* operation.c: implements operation.h. Operands stand in the order that operation.h shows for each. */
#include "host/cmd/operation.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/cmd/hexdump.h"
#include "host/cmd/policy.h"
#include "host/cmd/port.h"
#include "proto/policy.h"

#define NAME_SIZE 16 /* Of an operand. */

static unsigned width_of(const struct statement *statement)
{
    return statement->command->width;
}

static uint64_t value_of(const struct results *results)
{
    return kdio_program_value(results->program, results->index);
}

static uint64_t other_of(const struct results *results)
{
    return kdio_program_other(results->program, results->index);
}

static int digits_of(const struct statement *statement)
{
    return (int)width_of(statement) * 2;
}

static bool needs_line(const struct results *results, const struct output *output)
{
    return !output->json && results->timed;
}

static void add_operand(cJSON *object, const char *name, uint64_t value)
{
    char lower[NAME_SIZE] = "";

    for (size_t i = 0; i < sizeof(lower) - 1 && name[i] != '\0'; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    output_wide(object, lower, value);
}

static void add_values(cJSON *object, const struct statement *statement)
{
    size_t size = 0;
    uint8_t *values = statement_units(statement, width_of(statement), &size);

    if (values != NULL)
        output_units(object, "values", values, NULL, size, width_of(statement));
    free(values);
}

/* The operands behind the port, by their names in the help. */
static void add_operands(cJSON *object, const struct statement *statement)
{
    unsigned slot = 0;

    for (const struct operand_form *form = statement->command->forms; form->name != NULL; form++) {
        if (form->kind == OPERAND_LIST)
            add_values(object, statement);
        else if (form->kind == OPERAND_TIME)
            output_wide(object, "us", statement->operands[slot]);
        else if (form->kind != OPERAND_PORT)
            add_operand(object, form->name, statement->operands[slot]);
        slot++;
    }
}

void quiet_print(const struct statement *statement, const struct results *results, struct output *output)
{
    if (output->json) {
        cJSON *object = statement->command->accesses_ports ? port_object(statement, results, output)
                                                           : output_object(output, statement);
        add_operands(object, statement);
        output_print_object(output, object);
    } else if (needs_line(results, output)) {
        output_text(output, "%08" PRIx64 ":", statement->operands[0]);
        port_end(results, output);
    }
}

/* ---- Read, modify, write ---- */

/* What is written depends on what is read: it is judged as any value of that width. */
enum kdio_status rmw_check(const struct statement *statement, const struct policy *policy, struct kdio_target *target)
{
    uint64_t any = KDIO_ANY_VALUE & ((1ull << width_of(statement) * 8) - 1);

    return policy_check_out(policy, target, statement->operands[0], width_of(statement), any);
}

enum kdio_status rmw_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_rmw(program, statement->operands[0], width_of(statement), statement->operands[1],
                            statement->operands[2]);
}

void rmw_print(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t old = value_of(results);
    uint64_t new = other_of(results);

    if (output->json) {
        cJSON *object = port_object(statement, results, output);
        output_wide(object, "old", old);
        output_wide(object, "new", new);
        output_print_object(output, object);
        return;
    }
    output_text(output, "%08" PRIx64 ": %0*" PRIx64 " -> %0*" PRIx64, statement->operands[0], digits_of(statement), old,
                digits_of(statement), new);
    port_end(results, output);
}

/* ---- Poll and check ---- */

static enum exit_status refuse_mask(const struct statement *statement, unsigned mask, struct failure *failure)
{
    if ((statement->operands[mask + 1] & ~statement->operands[mask]) == 0)
        return EXIT_STATUS_DONE;
    return failure_status(failure, KDIO_BAD_OPERAND,
                          "%s: VALUE %" PRIx64 " has bits that MASK %" PRIx64 " leaves out: it can never match",
                          statement->command->name, statement->operands[mask + 1], statement->operands[mask]);
}

enum exit_status poll_prepare(const struct statement *statement, struct failure *failure)
{
    return refuse_mask(statement, 1, failure);
}

enum exit_status check_prepare(const struct statement *statement, struct failure *failure)
{
    return refuse_mask(statement, 0, failure);
}

enum kdio_status poll_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_poll(program, statement->operands[0], width_of(statement), statement->operands[1],
                             statement->operands[2], (uint32_t)statement->operands[3]);
}

void poll_print(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t value = value_of(results);
    uint64_t us = other_of(results);

    if (output->json) {
        cJSON *object = port_object(statement, results, output);
        output_wide(object, "value", value);
        output_wide(object, "us", us);
        output_boolean(object, "matched", !results->failed);
        output_print_object(output, object);
        return;
    }
    output_text(output, "%08" PRIx64 ": %0*" PRIx64 "  %" PRIu64 " us%s", statement->operands[0], digits_of(statement),
                value, us, results->failed ? ", no match" : "");
    port_end(results, output);
}

enum kdio_status check_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_check(program, width_of(statement), statement->operands[0], statement->operands[1]);
}

enum kdio_status delay_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_delay(program, (uint32_t)statement->operands[0]);
}

/* ---- Index and data ports ---- */

/* Index ports of a PC that can be read back, so that what they held can be restored. */
static const struct {
    uint16_t port;
    uint8_t width;
} readable_indexes[] = { { 0xcf8, 4 }, { 0x3c4, 1 }, { 0x3ce, 1 }, { 0x3d4, 1 }, { 0x3b4, 1 } };

static struct kdio_index index_of(const struct statement *statement)
{
    struct kdio_index index = { .port = (uint16_t)statement->operands[0], .width = 1,
                                .value = (uint32_t)statement->operands[1],
                                .data_port = (uint16_t)statement->operands[2] };

    for (size_t i = 0; i < sizeof(readable_indexes) / sizeof(readable_indexes[0]); i++) {
        if (statement->operands[0] == readable_indexes[i].port) {
            index.width = readable_indexes[i].width;
            index.restore = true;
        }
    }
    return index;
}

enum kdio_status index_check_in(const struct statement *statement, const struct policy *policy,
                                struct kdio_target *target)
{
    enum kdio_status status = policy_check_out(policy, target, statement->operands[0], index_of(statement).width,
                                               statement->operands[1]);

    if (status == KDIO_DONE)
        status = policy_check_in(policy, target, statement->operands[2], width_of(statement));
    return status;
}

enum kdio_status index_check_out(const struct statement *statement, const struct policy *policy,
                                 struct kdio_target *target)
{
    enum kdio_status status = index_check_in(statement, policy, target);

    if (status == KDIO_DONE)
        status = policy_check_out(policy, target, statement->operands[2], width_of(statement), statement->operands[3]);
    return status;
}

enum kdio_status index_append_in(const struct statement *statement, struct kdio_program *program)
{
    struct kdio_index index = index_of(statement);

    return kdio_program_index_in(program, &index, width_of(statement));
}

enum kdio_status index_append_out(const struct statement *statement, struct kdio_program *program)
{
    struct kdio_index index = index_of(statement);

    return kdio_program_index_out(program, &index, width_of(statement), statement->operands[3]);
}

static void print_index_object(const struct statement *statement, const struct results *results, uint64_t value,
                               struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_wide(object, "index_port", statement->operands[0]);
    output_wide(object, "index", statement->operands[1]);
    output_wide(object, "data_port", statement->operands[2]);
    output_number(object, "width", width_of(statement));
    if (results->timed)
        output_wide(object, "cycles", results->cycles);
    output_wide(object, "value", value);
    output_print_object(output, object);
}

void index_print(const struct statement *statement, const struct results *results, struct output *output)
{
    bool writes = statement->operand_count > 3;
    uint64_t value = writes ? statement->operands[3] : value_of(results);
    int index_digits = (int)index_of(statement).width * 2;

    if (output->json) {
        print_index_object(statement, results, value, output);
    } else if (!writes || results->timed) {
        output_text(output, "%08" PRIx64 "[%0*" PRIx64 "]: %0*" PRIx64, statement->operands[2], index_digits,
                    statement->operands[1], digits_of(statement), value);
        port_end(results, output);
    }
}

/* ---- Strings ---- */

enum exit_status string_prepare(const struct statement *statement, struct failure *failure)
{
    if (statement->operands[1] != 0)
        return EXIT_STATUS_DONE;
    return failure_status(failure, KDIO_BAD_OPERAND, "%s: COUNT is 0", statement->command->name);
}

enum kdio_status outs_check(const struct statement *statement, const struct policy *policy,
                            struct kdio_target *target)
{
    enum kdio_status status = KDIO_DONE;

    for (size_t i = 0; status == KDIO_DONE && i < statement->tail->count; i++)
        status = policy_check_out(policy, target, statement->operands[0], width_of(statement),
                                  statement->tail->numbers[i]);
    return status;
}

enum kdio_status repeat_check(const struct statement *statement, const struct policy *policy,
                              struct kdio_target *target)
{
    return policy_check_out(policy, target, statement->operands[0], width_of(statement), statement->operands[2]);
}

enum kdio_status ins_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_ins(program, statement->operands[0], width_of(statement), (size_t)statement->operands[1]);
}

enum kdio_status outs_append(const struct statement *statement, struct kdio_program *program)
{
    size_t size = 0;
    uint8_t *values = statement_units(statement, width_of(statement), &size);
    enum kdio_status status;

    if (values == NULL)
        return KDIO_NO_MEMORY;
    status = kdio_program_outs(program, statement->operands[0], width_of(statement), values, statement->tail->count);
    free(values);
    return status;
}

enum kdio_status repeat_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_repeat(program, statement->operands[0], width_of(statement), (size_t)statement->operands[1],
                               statement->operands[2]);
}

static void port_label(uint64_t base, uint64_t address, char text[static HEXDUMP_LABEL_SIZE])
{
    (void)address;
    (void)snprintf(text, HEXDUMP_LABEL_SIZE, "%08" PRIx64 ": ", base);
}

void ins_print(const struct statement *statement, const struct results *results, struct output *output)
{
    struct hexdump hexdump = { .width = width_of(statement), .characters = true, .gap = "  ",
                               .base = statement->operands[0], .label = port_label };
    size_t size = 0;
    const uint8_t *bytes = kdio_program_bytes(results->program, results->index, &size);

    if (output->json) {
        cJSON *object = port_object(statement, results, output);
        output_units(object, "values", bytes, NULL, size, width_of(statement));
        output_print_object(output, object);
        return;
    }
    hexdump_print(&hexdump, 0, bytes, NULL, size, output);
    quiet_print(statement, results, output);
}

/* ---- The time-stamp counter ---- */

enum kdio_status rdtsc_append(const struct statement *statement, struct kdio_program *program)
{
    (void)statement;
    return kdio_program_rdtsc(program);
}

void rdtsc_print(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t value = value_of(results);

    if (output->json) {
        cJSON *object = output_object(output, statement);
        output_wide(object, "value", value);
        output_print_object(output, object);
        return;
    }
    output_text(output, "tsc = %08" PRIx64 "`%08" PRIx64 "\n", value >> 32, value & UINT32_MAX);
}
