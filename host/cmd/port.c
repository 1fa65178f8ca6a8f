/* SPDX-License-Identifier: MIT */
/* port.c: implements port.h. Operands: the port, then the value. */
#include "host/cmd/port.h"

#include <inttypes.h>

#include "host/cmd/output.h"
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

static void print_object(const struct statement *statement, uint64_t value, struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_number(object, "port", (double)statement->operands[0]);
    output_number(object, "width", statement->command->width);
    output_number(object, "value", (double)value);
    output_print_object(output, object);
}

void port_print_out(const struct statement *statement, uint32_t value, struct output *output)
{
    (void)value;
    if (output->json)
        print_object(statement, statement->operands[1], output);
}

void port_print_in(const struct statement *statement, uint32_t value, struct output *output)
{
    int digits = (int)statement->command->width * 2;

    if (output->json)
        print_object(statement, value, output);
    else
        output_text(output, "%08" PRIx64 ": %0*" PRIx32 "\n", statement->operands[0], digits, value);
}
