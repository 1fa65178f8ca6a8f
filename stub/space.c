/* SPDX-License-Identifier: MIT */
/* space.c: see space.h. */
#include "stub/space.h"

#include "stub/stub.h"

#define UART_REGISTERS  8u
#define CF8_CONFIG_SIZE 256u /* Bytes of a function's space that cf8 reaches. */

uint32_t kdio_space_capabilities(const struct kdio_stub *stub)
{
    uint32_t capabilities = KDIO_CAPABILITY_PCI;

    if (!stub->config.faults || !stub->machine.access)
        return capabilities;
    capabilities |= KDIO_CAPABILITY_PROCESSOR | KDIO_CAPABILITY_VIRTUAL;
    return stub->config.map ? capabilities | KDIO_CAPABILITY_PHYSICAL : capabilities;
}

/* The link's UART has registers among these bytes of virtual memory. */
static bool has_uart(const struct kdio_stub *stub, uint64_t at, uint64_t size)
{
    const struct kdio_uart_config *uart = &stub->uart.config;
    uint64_t last = uart->base + UART_REGISTERS * uart->stride - 1;

    return uart->space == KDIO_UART_MMIO && at <= last && at + size - 1 >= uart->base;
}

/* Operations with a count have a width; the others have a length. */
uint64_t kdio_space_size(const struct kdio_op *op)
{
    return op->width ? (uint64_t)op->count * op->width : op->operand[1];
}

enum kdio_status kdio_space_check(const struct kdio_stub *stub, const struct kdio_op *op)
{
    uint64_t size = kdio_space_size(op), operand = op->operand[0];

    if (op->row->capability == KDIO_CAPABILITY_VIRTUAL && has_uart(stub, operand, size))
        return KDIO_LINK_UART;
    if (op->row->capability == KDIO_CAPABILITY_PCI && !kdio_pci_window(stub, (uint32_t)operand) &&
        (operand >> 16 || op->operand[1] + size > CF8_CONFIG_SIZE))
        return KDIO_UNSUPPORTED;
    return KDIO_DONE;
}

uint64_t kdio_space_operand(const struct kdio_op *op, uint64_t offset, unsigned width)
{
    uint64_t size = op->width ? kdio_space_size(op) : op->operand[2], value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)op->bytes[(offset + i) % size] << 8 * i;
    return value;
}

static enum kdio_status fault_at(struct kdio_run *run, uint64_t name)
{
    run->failure.detail = (uint32_t)name;
    run->failure.detail_high = (uint32_t)(name >> 32);
    return KDIO_FAULT;
}

enum kdio_status kdio_space_access(struct kdio_stub *stub, struct kdio_run *run, unsigned what, uint64_t at,
                                   uint64_t name, uint64_t *value)
{
    struct kdio_stub_fault fault;

    if (stub->machine.access(stub->machine.context, (enum kdio_access)what, at, value, &fault))
        return KDIO_DONE;
    run->failure.vector = fault.vector;
    run->failure.code = fault.code;
    return fault_at(run, name);
}

/* Apart, so that it is not on the stack while the kernel stands still. */
bool __attribute__((noinline)) kdio_space_try(const struct kdio_stub *stub, unsigned what, uint64_t at, uint64_t *value)
{
    struct kdio_stub_fault fault;

    return stub->machine.access(stub->machine.context, (enum kdio_access)what, at, value, &fault);
}

/* A vector of 0 says that no memory is there; nothing else has it, as no access divides. */
enum kdio_status kdio_space_memory(struct kdio_stub *stub, struct kdio_run *run, unsigned what, bool physical,
                                   uint64_t address, unsigned width, uint64_t *value)
{
    uint64_t at = address, size = width;

    if (physical) {
        at = (uintptr_t)stub->config.map(stub->config.context, address, &size);
        if (!at || size < width)
            return fault_at(run, address);
        if (has_uart(stub, at, width))
            return KDIO_LINK_UART;
    }
    return kdio_space_access(stub, run, what + (unsigned)__builtin_ctz(width), at, address, value);
}
