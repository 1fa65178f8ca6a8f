/* SPDX-License-Identifier: MIT */
/*
 * pci_op.c: operations on PCI configuration space: through memory where the kernel has told of a window (PCI Express,
 * 7.2.2), else through ports cf8 and cfc (PCI 3.0, 3.2.2.3.2). Each unit is one access of its width.
 */
#include "stub/space.h"
#include "stub/stub.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA    0xcfcu
#define CONFIG_ENABLE  0x80000000u

#define FUNCTION_SHIFT 12u /* Configuration space in memory has 4 KiB for each function. */

uint64_t kdio_pci_window(const struct kdio_stub *stub, uint32_t function)
{
    const struct kdio_ecam *ecam = stub->config.ecam;
    uint32_t bus = function >> 8 & 0xff;

    if (!(kdio_space_capabilities(stub) & KDIO_CAPABILITY_PHYSICAL))
        return 0;
    for (uint32_t i = 0; i < stub->config.ecam_count; i++)
        if (ecam[i].segment == function >> 16 && bus >= ecam[i].bus_first && bus <= ecam[i].bus_last)
            return ecam[i].base + ((uint64_t)(function & 0xffff) << FUNCTION_SHIFT);
    return 0;
}

/* The address register gets back what it held. */
static void use_ports(struct kdio_stub *stub, const struct kdio_op *op, uint32_t offset, uint64_t *value)
{
    uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));
    struct kdio_quiet quiet = kdio_quiet_begin(stub);
    uint32_t address = kdio_machine_in(&stub->machine, CONFIG_ADDRESS, 4);

    kdio_machine_out(&stub->machine, CONFIG_ADDRESS, 4,
                     CONFIG_ENABLE | (uint32_t)op->operand[0] << 8 | (offset & 0xfc));
    if (op->row->changes)
        kdio_machine_out(&stub->machine, port, op->width, (uint32_t)*value);
    else
        *value = kdio_machine_in(&stub->machine, port, op->width);
    kdio_machine_out(&stub->machine, CONFIG_ADDRESS, 4, address);
    kdio_quiet_end(stub, quiet);
}

/* One unit. */
enum kdio_status kdio_pci_op(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint32_t done = run->op_units * op->width, offset = (uint32_t)op->operand[1] + done;
    uint64_t window = kdio_pci_window(stub, (uint32_t)op->operand[0]);
    uint64_t value = op->row->changes ? kdio_space_operand(op, done, op->width) : 0;
    enum kdio_status status = KDIO_DONE;

    if (window)
        status = kdio_space_memory(stub, run, kdio_space_direction(&run->op), true, window + offset, op->width, &value);
    else
        use_ports(stub, op, offset, &value);
    if (status != KDIO_DONE)
        return status;
    if (!op->row->changes)
        kdio_runner_give(stub, run, op->width, value);
    return ++run->op_units < op->count ? KDIO_OP_GOES_ON : KDIO_DONE;
}
