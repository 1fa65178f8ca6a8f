/* SPDX-License-Identifier: MIT */
/* port.c: implements port.h. Operands: the port, then the value. */
#include "host/cmd/port.h"

#include <inttypes.h>

#include "host/cmd/policy.h"

enum kdio_status port_check_out(const struct statement *statement, const struct policy *policy,
                                struct kdio_target *target)
{
    return policy_check_out(policy, target, statement->operands[0], statement->command->width,
                            statement->operands[1]);
}

enum kdio_status port_check_in(const struct statement *statement, const struct policy *policy,
                               struct kdio_target *target)
{
    return policy_check_in(policy, target, statement->operands[0], statement->command->width);
}

enum kdio_status port_append_out(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_out(program, statement->operands[0], statement->command->width, statement->operands[1]);
}

enum kdio_status port_append_in(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_in(program, statement->operands[0], statement->command->width);
}

void port_end(const struct results *results, struct output *output)
{
    if (results->timed)
        output_text(output, "  %" PRIu64 " cycles\n", results->cycles);
    else
        output_text(output, "\n");
}

cJSON *port_object(const struct statement *statement, const struct results *results, const struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_number(object, "port", (double)statement->operands[0]);
    output_number(object, "width", statement->command->width);
    if (results->timed)
        output_wide(object, "cycles", results->cycles);
    return object;
}

static void print_object(const struct statement *statement, const struct results *results, uint64_t value,
                         struct output *output)
{
    cJSON *object = port_object(statement, results, output);

    output_wide(object, "value", value);
    output_print_object(output, object);
}

static void print_value(const struct statement *statement, const struct results *results, uint64_t value,
                        struct output *output)
{
    int digits = (int)statement->command->width * 2;

    output_text(output, "%08" PRIx64 ": %0*" PRIx64, statement->operands[0], digits, value);
    port_end(results, output);
}

/* A write has nothing to say but how long it took. */
void port_print_out(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t value = statement->operands[1];

    if (output->json)
        print_object(statement, results, value, output);
    else if (results->timed)
        print_value(statement, results, value, output);
}

void port_print_in(const struct statement *statement, const struct results *results, struct output *output)
{
    uint64_t value = kdio_program_value(results->program, results->index);

    if (output->json)
        print_object(statement, results, value, output);
    else
        print_value(statement, results, value, output);
}
