/* SPDX-License-Identifier: MIT */
/*
 * pci_op.c: operations on PCI configuration space: through memory where the kernel has told of a window (PCI Express, 7.2.2), else
 * through ports cf8 and cfc (PCI 3.0, 3.2.2.3.2). Each unit is one access of its width.
 */
#include "stub/space.h"
#include "stub/stub.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA    0xcfcu
#define CONFIG_ENABLE  0x80000000u

#define FUNCTION_SHIFT 12u /* Configuration space in memory has 4 KiB for each function. */

/* Units in one step; those through ports take two accesses each, with interrupts off. */
#define WINDOW_UNITS 16u
#define PORT_UNITS   4u

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

static uint32_t offset_now(const struct kdio_run *run)
{
    return (uint32_t)run->op.operand[1] + run->op_units * run->op.width;
}

static uint64_t value_now(const struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;

    return op->row->changes ? kdio_space_operand(op, run->op_units * op->width, op->width) : 0;
}

static void note_done(struct kdio_stub *stub, struct kdio_run *run, uint64_t value)
{
    run->op_units++;
    if (!run->op.row->changes)
        kdio_runner_give(stub, run, run->op.width, value);
}

static enum kdio_status use_window(struct kdio_stub *stub, struct kdio_run *run, uint64_t physical)
{
    const struct kdio_op *op = &run->op;

    for (unsigned n = 0; n < WINDOW_UNITS && run->op_units < op->count; n++) {
        uint64_t value = value_now(run), size = op->width, name = physical + offset_now(run);
        uint64_t at = kdio_space_map(stub, run, name, op->width, &size);
        enum kdio_status status = KDIO_FAULT;

        if (at)
            status = kdio_space_access(stub, run, kdio_space_memory(op->row->changes, op->width), at, name, &value);
        if (status != KDIO_DONE)
            return status;
        note_done(stub, run, value);
    }
    return KDIO_DONE;
}

static void use_ports_once(struct kdio_stub *stub, struct kdio_run *run)
{
    const struct kdio_op *op = &run->op;
    uint32_t offset = offset_now(run);
    uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));
    uint64_t value = value_now(run);

    kdio_machine_out(&stub->machine, CONFIG_ADDRESS, 4,
                     CONFIG_ENABLE | (uint32_t)op->operand[0] << 8 | (offset & 0xfc));
    if (op->row->changes)
        kdio_machine_out(&stub->machine, port, op->width, (uint32_t)value);
    else
        value = kdio_machine_in(&stub->machine, port, op->width);
    note_done(stub, run, value);
}

/* The address register gets back what it held. */
static void use_ports(struct kdio_stub *stub, struct kdio_run *run)
{
    struct kdio_quiet quiet = kdio_quiet_begin(stub);
    uint32_t address = kdio_machine_in(&stub->machine, CONFIG_ADDRESS, 4);

    for (unsigned n = 0; n < PORT_UNITS && run->op_units < run->op.count; n++)
        use_ports_once(stub, run);
    kdio_machine_out(&stub->machine, CONFIG_ADDRESS, 4, address);
    kdio_quiet_end(stub, quiet);
}

enum kdio_status kdio_pci_op(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t window = kdio_pci_window(stub, (uint32_t)run->op.operand[0]);
    enum kdio_status status = KDIO_DONE;

    if (window)
        status = use_window(stub, run, window);
    else
        use_ports(stub, run);
    return status == KDIO_DONE && run->op_units < run->op.count ? KDIO_OP_GOES_ON : status;
}
