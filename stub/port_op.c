/* SPDX-License-Identifier: MIT */
/* port_op.c: operations on I/O ports. Each access is one instruction of the operation's width. */
#include "stub/stub.h"

static uint32_t port_in(const struct kdio_stub *stub, const struct kdio_op *op)
{
    return kdio_machine_in(&stub->machine, (uint16_t)op->operand[0], op->width);
}

static void port_out(const struct kdio_stub *stub, const struct kdio_op *op, uint64_t value)
{
    kdio_machine_out(&stub->machine, (uint16_t)op->operand[0], op->width, (uint32_t)value);
}

enum kdio_status kdio_port_op(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;

    if (op->row->changes)
        port_out(stub, op, op->operand[1]);
    else
        kdio_write_uint(&run->results, op->width, port_in(stub, op));
    return KDIO_DONE;
}
