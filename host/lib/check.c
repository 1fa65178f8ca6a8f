/* SPDX-License-Identifier: MIT */
/* check.c: what can be refused on the host is refused here, before a byte is sent (DESIGN section 6). */
#include "host/lib/target.h"

#define KEYBOARD_COMMAND_PORT 0x64u
#define KEYBOARD_RESET        0xfeu

static const struct kdio_port_span safe_profile[] = { { 0xcf9, 0xcf9 }, { 0x92, 0x92 }, { 0xb2, 0xb2 } };

static unsigned width_bits(unsigned width)
{
    return width == 4 ? 2 : width - 1;
}

enum kdio_status kdio_operation_make_in(struct kdio_operation *operation, uint64_t port, unsigned width)
{
    enum kdio_status status = kdio_port_check(port, width);

    if (status == KDIO_DONE)
        *operation = (struct kdio_operation){ .opcode = (uint8_t)(KDIO_OP_IN8 + width_bits(width)), .operand = { port } };
    return status;
}

enum kdio_status kdio_operation_make_out(struct kdio_operation *operation, uint64_t port, unsigned width,
                                         uint64_t value)
{
    enum kdio_status status = kdio_port_check(port, width);

    if (status != KDIO_DONE)
        return status;
    if (width < 8 && value >> (8 * width))
        return KDIO_BAD_VALUE;
    *operation = (struct kdio_operation){ .opcode = (uint8_t)(KDIO_OP_OUT8 + width_bits(width)),
                                          .operand = { port, value } };
    return KDIO_DONE;
}

static bool on_list(const struct kdio_port_span *list, size_t count, uint64_t port, unsigned width)
{
    for (size_t i = 0; i < count; i++)
        if (port <= list[i].last && port + width > list[i].first)
            return true;
    return false;
}

static bool denied(const struct kdio_target *target, const struct kdio_operation *operation, unsigned width)
{
    const struct kdio_options *options = &target->options;
    uint64_t port = operation->operand[0];

    if (on_list(target->deny, options->deny_count, port, width))
        return true;
    if (!options->deny_safe)
        return false;
    return on_list(safe_profile, sizeof safe_profile / sizeof safe_profile[0], port, width) ||
           (operation->opcode == KDIO_OP_OUT8 && port == KEYBOARD_COMMAND_PORT &&
            operation->operand[1] == KEYBOARD_RESET);
}

enum kdio_status kdio_operation_check(struct kdio_target *target, const struct kdio_operation *operation)
{
    const struct kdio_op_row *row = kdio_op_find(operation->opcode);
    unsigned width = kdio_op_width(row);
    struct kdio_port_span link = { (uint16_t)target->info.link_port,
                                   (uint16_t)(target->info.link_port + target->info.link_ports - 1) };

    if (!width)
        return KDIO_DONE;
    if (target->info.link_ports && on_list(&link, 1, operation->operand[0], width))
        return KDIO_LINK_UART;
    if (target->options.read_only && kdio_op_writes(row))
        return KDIO_READ_ONLY;
    return denied(target, operation, width) ? KDIO_DENIED : KDIO_DONE;
}

static enum kdio_status check(struct kdio_target *target, enum kdio_status status,
                              const struct kdio_operation *operation)
{
    if (!target)
        return status;
    if (status == KDIO_DONE)
        status = kdio_operation_check(target, operation);
    if (status != KDIO_DONE)
        kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s; nothing was sent", kdio_status_text(status));
    return status;
}

KDIO_API enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_out(&operation, port, width, value);

    return check(target, status, &operation);
}

KDIO_API enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width)
{
    struct kdio_operation operation;
    enum kdio_status status = kdio_operation_make_in(&operation, port, width);

    return check(target, status, &operation);
}
