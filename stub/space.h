/* SPDX-License-Identifier: MIT */
/* space.h: what the operations on the processor, on memory and on PCI have in common. */
#ifndef KDIO_STUB_SPACE_H
#define KDIO_STUB_SPACE_H

#include <kdio_stub.h>

#include "stub/runner.h"

/* Capabilities that the config and the machine give, of those whose operations are here. */
uint32_t kdio_space_capabilities(const struct kdio_stub *stub);

/*
 * What this stub refuses of an operation before it runs: UNSUPPORTED for configuration space that it cannot reach,
 * LINK_UART for memory that is the link's own UART.
 */
enum kdio_status kdio_space_check(const struct kdio_stub *stub, const struct kdio_op *op);

/* Bytes of memory or of configuration space that the operation names. */
uint64_t kdio_space_size(const struct kdio_op *op);

/* `width` bytes from `offset` on of what the operation writes: its table, or its pattern again and again. */
uint64_t kdio_space_operand(const struct kdio_op *op, uint64_t offset, unsigned width);

/* One access at `at`, which the host knows as `name`: DONE, or FAULT, which run->failure then tells. */
enum kdio_status kdio_space_access(struct kdio_stub *stub, struct kdio_run *run, unsigned what, uint64_t at,
                                   uint64_t name, uint64_t *value);

/* The same of memory; `what` is KDIO_ACCESS_LOAD or KDIO_ACCESS_STORE. LINK_UART for registers of the link's UART. */
enum kdio_status kdio_space_memory(struct kdio_stub *stub, struct kdio_run *run, unsigned what, bool physical,
                                   uint64_t address, unsigned width, uint64_t *value);

/* One access that is nobody's operation; `what` has its width. False when it faults. */
bool kdio_space_try(const struct kdio_stub *stub, unsigned what, uint64_t at, uint64_t *value);

static inline unsigned kdio_space_direction(const struct kdio_op *op)
{
    return op->row->changes ? KDIO_ACCESS_STORE : KDIO_ACCESS_LOAD;
}

/* PCI configuration space of a function through memory: its physical address, or 0. */
uint64_t kdio_pci_window(const struct kdio_stub *stub, uint32_t function);

/* The physical address; all ones where there is none. */
uint64_t kdio_translate_address(struct kdio_stub *stub, struct kdio_run *run, uint64_t address);

/* The APIC identifier of this CPU. */
uint32_t kdio_processor_apic_id(const struct kdio_stub *stub);

/* Translation of the operation's address by the page tables of this CPU. */
enum kdio_status kdio_translate_op(struct kdio_stub *stub, struct kdio_run *run);

#endif
