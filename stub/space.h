/* SPDX-License-Identifier: MIT */
/* space.h: what the operations on the processor, on memory and on PCI have in common. */
#ifndef KDIO_STUB_SPACE_H
#define KDIO_STUB_SPACE_H

#include <kdio_stub.h>

#include "stub/runner.h"

/* Capabilities that the config and the machine give, of those whose operations are here. */
uint32_t kdio_space_capabilities(const struct kdio_stub *stub);

/*
 * What this stub refuses of an operation before it runs: UNSUPPORTED for configuration space that it cannot reach, LINK_UART
 * for memory that is the link's own UART.
 */
enum kdio_status kdio_space_check(const struct kdio_stub *stub, const struct kdio_op *op);

/* The link's UART has registers among these bytes of virtual memory. */
bool kdio_space_has_uart(const struct kdio_stub *stub, uint64_t at, uint64_t size);

/* `width` bytes of the operation's operand `t`. */
uint64_t kdio_space_operand(const struct kdio_op *op, uint32_t offset, unsigned width);

/* The enum kdio_access of a load or store of a width. */
static inline enum kdio_access kdio_space_memory(bool store, unsigned width)
{
    return (enum kdio_access)((store ? KDIO_ACCESS_STORE : KDIO_ACCESS_LOAD) + __builtin_ctz(width));
}

/* One access at `at`, which the host knows as `name`: DONE, or FAULT, which run->failure then tells. */
enum kdio_status kdio_space_access(struct kdio_stub *stub, struct kdio_run *run, enum kdio_access what, uint64_t at,
                                   uint64_t name, uint64_t *value);

/*
 * The virtual address of physical memory, of which the next `wanted` bytes matter; *size (at least `unit`, a power of two to
 * whose multiple `physical` belongs) are there from it on. 0: there is none, which run->failure tells as FAULT.
 */
uint64_t kdio_space_map(struct kdio_stub *stub, struct kdio_run *run, uint64_t physical, unsigned unit, uint64_t *size);

/* PCI configuration space of a function through memory: its physical address, or 0. */
uint64_t kdio_pci_window(const struct kdio_stub *stub, uint32_t function);

/* The physical address; all ones where there is none. */
uint64_t kdio_translate_address(struct kdio_stub *stub, struct kdio_run *run, uint64_t address);

/* The APIC identifier of this CPU. */
uint32_t kdio_processor_apic_id(const struct kdio_stub *stub);

/* Translation of the operation's address by the page tables of this CPU. */
enum kdio_status kdio_translate_op(struct kdio_stub *stub, struct kdio_run *run);

#endif
