/* SPDX-License-Identifier: MIT */
/* check.c: what can be refused on the host is refused here, before a byte is sent (DESIGN section 6). */
#include "host/lib/target.h"
#include "proto/policy.h"

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

static bool denied(const struct kdio_target *target, const struct kdio_operation *operation, unsigned width, bool write)
{
    uint16_t port = (uint16_t)operation->operand[0];

    for (uint32_t i = 0; i < target->options.deny_count; i++)
        if (kdio_port_in_range(port, width, target->deny[i].first, target->deny[i].last))
            return true;
    return target->options.deny_safe && kdio_safe_denies(port, width, write, (uint32_t)operation->operand[1]);
}

static bool is_link_port(const struct kdio_target *target, uint64_t port, unsigned width)
{
    const struct kdio_info *info = &target->info;

    return info->link_ports && port < info->link_port + info->link_ports && port + width > info->link_port;
}

enum kdio_status kdio_operation_check(struct kdio_target *target, const struct kdio_operation *operation)
{
    const struct kdio_op_row *row = kdio_op_find(operation->opcode);
    unsigned width = kdio_op_width(row);
    bool write = kdio_op_writes(row);

    if (!width)
        return KDIO_DONE;
    if (is_link_port(target, operation->operand[0], width))
        return KDIO_LINK_UART;
    if (target->options.read_only && write)
        return KDIO_READ_ONLY;
    return denied(target, operation, width, write) ? KDIO_DENIED : KDIO_DONE;
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
