/* SPDX-License-Identifier: MIT */
/*
 * check.c: what can be refused on the host is refused here, before a byte is sent: the host's own policy (DESIGN
 * section 6), and what the stub of this session is known not to do.
 */
#include "host/lib/target.h"
#include "proto/policy.h"

#define WIDTH_MAX 4u /* Of an access to a port. */

static bool denied(const struct kdio_target *target, const struct kdio_port_access *access)
{
    for (uint32_t i = 0; i < target->options.deny_count; i++)
        if (kdio_port_in_range(access->port, access->width, target->deny[i].first, target->deny[i].last))
            return true;
    return target->options.deny_safe && kdio_safe_denies(access->port, access->width, access->write, access->value);
}

static bool is_link_port(const struct kdio_target *target, uint64_t port, unsigned width)
{
    const struct kdio_info *info = &target->info;

    return info->link_ports && port < info->link_port + info->link_ports && port + width > info->link_port;
}

/* As the stub checks it: the link's own UART comes before read-only, what is denied after it. */
static enum kdio_status check_accesses(const struct kdio_target *target, const struct kdio_operation *operation,
                                       bool own_uart)
{
    struct kdio_op op = { .row = operation->row, .width = kdio_op_width(operation->row) };
    struct kdio_port_access access;

    for (unsigned i = 0; i < KDIO_OP_OPERANDS_MAX; i++)
        op.operand[i] = operation->operand[i];
    for (unsigned i = 0; kdio_op_access(&op, i, &access); i++) {
        if (own_uart && is_link_port(target, access.port, access.width))
            return KDIO_LINK_UART;
        if (!own_uart && denied(target, &access))
            return KDIO_DENIED;
    }
    return KDIO_DONE;
}

static enum kdio_status check_own_uart(const struct kdio_target *target, const struct kdio_operation *operation)
{
    if (operation->row->operands[1] == 'b')
        return check_accesses(target, operation, true);
    return is_link_port(target, operation->operand[0], kdio_op_width(operation->row)) ? KDIO_LINK_UART : KDIO_DONE;
}

static bool is_read_only(const struct kdio_target *target)
{
    return target->options.read_only || target->info.capabilities & KDIO_CAPABILITY_READ_ONLY;
}

enum kdio_status kdio_operation_check(struct kdio_target *target, const struct kdio_operation *operation)
{
    const struct kdio_op_row *row = operation->row;
    bool restricted = target->options.deny_count || target->options.deny_safe;

    /* What another stub lacked says nothing about one that is to be found yet. */
    if (kdio_session_ready(target) && row->capability & ~target->info.capabilities)
        return KDIO_UNSUPPORTED;
    if (kdio_op_is_port(row) && check_own_uart(target, operation) != KDIO_DONE)
        return KDIO_LINK_UART;
    if (row->changes && is_read_only(target))
        return KDIO_READ_ONLY;
    return kdio_op_is_port(row) && restricted ? check_accesses(target, operation, false) : KDIO_DONE;
}

/* Nothing but ports of the link's own UART could be refused: no look at each operation finds anything else. */
static bool is_free(const struct kdio_target *target, const struct kdio_program *program)
{
    bool restricted = target->options.deny_count || target->options.deny_safe;
    bool lacks = kdio_session_ready(target) && program->capabilities & ~target->info.capabilities;

    return !restricted && !lacks && !(program->changes && is_read_only(target));
}

/* By its first port alone, and as if it were as wide as can be. */
static bool may_touch_uart(const struct kdio_target *target, const struct kdio_operation *operation)
{
    uint32_t first = target->info.link_port;

    return operation->row->operands[1] == 'b' ||
           (operation->operand[0] < first + target->info.link_ports && operation->operand[0] + WIDTH_MAX > first);
}

enum kdio_status kdio_program_check_all(struct kdio_target *target, const struct kdio_program *program, size_t *index)
{
    enum kdio_status status = KDIO_DONE;
    bool all = !is_free(target, program);

    for (size_t i = 0; status == KDIO_DONE && i < program->count; i++) {
        *index = i;
        if (all || may_touch_uart(target, &program->operations[i]))
            status = kdio_operation_check(target, &program->operations[i]);
    }
    return status;
}

const char *kdio_capability_text(uint32_t capability)
{
    static const struct {
        uint32_t capability;
        const char *text;
    } rows[] = {
        { KDIO_CAPABILITY_PORT, "ports" },
        { KDIO_CAPABILITY_TEXT, "text to the kernel" },
        { KDIO_CAPABILITY_PROGRAM, "programs that decide, wait and repeat" },
        { KDIO_CAPABILITY_BAUD, "changes of the baud rate" },
        { KDIO_CAPABILITY_PROCESSOR, "the processor" },
        { KDIO_CAPABILITY_VIRTUAL, "virtual memory" },
        { KDIO_CAPABILITY_PHYSICAL, "physical memory" },
        { KDIO_CAPABILITY_PCI, "PCI configuration" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].capability == capability)
            return rows[i].text;
    return NULL;
}

/* ---- The public checks ---- */

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

    return check(target, kdio_make_port(&operation, KDIO_OP_OUT8, port, width, (uint64_t[]){ value, 0 }), &operation);
}

KDIO_API enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width)
{
    struct kdio_operation operation;

    return check(target, kdio_make_port(&operation, KDIO_OP_IN8, port, width, (uint64_t[]){ 0, 0 }), &operation);
}
