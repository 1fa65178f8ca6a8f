/* SPDX-License-Identifier: MIT */
/* machine.h: how the stub reaches the machine: through struct kdio_machine, or, in a profile without it, by
 * instructions. */
#ifndef KDIO_STUB_MACHINE_H
#define KDIO_STUB_MACHINE_H

#include "stub/machine_x86_64.h"
#include "stub/profile.h"

/* Each is a choice at compile time and one call or instruction: in a function of its own it would be two. */
#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t kdio_machine_in(const struct kdio_machine *machine, uint16_t port, unsigned width)
{
    return KDIO_STUB_HAS_MACHINE ? machine->port_in(machine->context, port, width) : kdio_x86_64_in(port, width);
}

INLINE void kdio_machine_out(const struct kdio_machine *machine, uint16_t port, unsigned width, uint32_t value)
{
    if (KDIO_STUB_HAS_MACHINE)
        machine->port_out(machine->context, port, width, value);
    else
        kdio_x86_64_out(port, width, value);
}

INLINE uint64_t kdio_machine_time_us(const struct kdio_machine *machine)
{
    return KDIO_STUB_HAS_MACHINE ? machine->time_us(machine->context) : kdio_x86_64_time_us(machine->context);
}

INLINE uint64_t kdio_machine_stamp(const struct kdio_machine *machine)
{
    return KDIO_STUB_HAS_MACHINE ? machine->stamp(machine->context) : kdio_x86_64_stamp();
}

INLINE uint64_t kdio_machine_entropy(const struct kdio_machine *machine)
{
    return KDIO_STUB_HAS_MACHINE ? machine->entropy(machine->context) : kdio_x86_64_entropy(machine->context);
}

INLINE uintptr_t kdio_machine_interrupts_off(const struct kdio_machine *machine)
{
    return KDIO_STUB_HAS_MACHINE ? machine->interrupts_off(machine->context) : kdio_x86_64_interrupts_off();
}

INLINE void kdio_machine_interrupts_restore(const struct kdio_machine *machine, uintptr_t state)
{
    if (KDIO_STUB_HAS_MACHINE)
        machine->interrupts_restore(machine->context, state);
    else
        kdio_x86_64_interrupts_restore(state);
}

#undef INLINE

#endif
