/* SPDX-License-Identifier: MIT */
/* breakpoint.c: implements breakpoint.h. DR7 and CR4 as in SDM volume 3, 17.2. */
#include "stub/breakpoint.h"

#include "stub/space.h"
#include "stub/stub.h"

#define DR7          7u
#define CR4          4u /* As debug_set of struct kdio_machine has it. */
#define REGISTER_CR4 3u /* Among what the machine tells. */
#define REGISTER_DR7 10u
#define CR4_DE       0x8u
#define DR7_ENABLE(n)     (2u << 2 * (n)) /* Global. */
#define DR7_CONDITION(n)  (16u + 4 * (n)) /* Where R/W and LEN are. */

/* R/W of DR7 by kind. */
static unsigned condition_of(uint8_t kind)
{
    return kind - 1u;
}

/* LEN of DR7: 1, 2, 8, 4 bytes are 0, 1, 2, 3. */
static unsigned length_code(uint8_t length)
{
    return length == 8 ? 2 : length - 1u;
}

static bool is_software(uint8_t id)
{
    return id >= KDIO_HARDWARE_BREAKPOINTS;
}

static uint8_t find_free(const struct kdio_stub *stub, uint8_t first, uint8_t end)
{
    while (first < end && stub->breakpoints.slots[first].used)
        first++;
    return first < end ? first : KDIO_BREAKPOINT_NONE;
}

/* ---- Debug registers ---- */

static void write_dr7(struct kdio_stub *stub, uint8_t id, const struct kdio_breakpoint *slot)
{
    uint64_t dr7 = kdio_stop_system_register(stub, REGISTER_DR7);

    dr7 &= ~((uint64_t)15 << DR7_CONDITION(id) | 3u << 2 * id);
    if (slot->used)
        dr7 |= DR7_ENABLE(id) | (uint64_t)(condition_of(slot->kind) | length_code(kdio_breakpoint_length(slot)) << 2)
                                    << DR7_CONDITION(id);
    kdio_stop_debug_set(stub, DR7, dr7);
}

static unsigned io_count(const struct kdio_stub *stub)
{
    unsigned count = 0;

    for (unsigned i = 0; i < KDIO_HARDWARE_BREAKPOINTS; i++)
        count += stub->breakpoints.slots[i].used && stub->breakpoints.slots[i].kind == KDIO_BREAKPOINT_IO;
    return count;
}

/* I/O breakpoints need CR4.DE, which goes back to what it was with the last of them. */
static void update_de(struct kdio_stub *stub)
{
    uint64_t cr4 = kdio_stop_system_register(stub, REGISTER_CR4);
    unsigned count = io_count(stub);

    if (count && !(cr4 & CR4_DE)) {
        stub->breakpoints.own_de = true;
        kdio_stop_debug_set(stub, CR4, cr4 | CR4_DE);
    } else if (!count && stub->breakpoints.own_de) {
        stub->breakpoints.own_de = false;
        kdio_stop_debug_set(stub, CR4, cr4 & ~(uint64_t)CR4_DE);
    }
}

/* ---- int3 ---- */

uint8_t kdio_breakpoint_at(const struct kdio_stub *stub, uint64_t address)
{
    for (uint8_t id = KDIO_HARDWARE_BREAKPOINTS; id < KDIO_BREAKPOINT_COUNT; id++)
        if (stub->breakpoints.slots[id].used && stub->breakpoints.slots[id].address == address)
            return id;
    return KDIO_BREAKPOINT_NONE;
}

uint8_t kdio_breakpoint_under(struct kdio_stub *stub, uint64_t address)
{
    uint8_t id = kdio_breakpoint_at(stub, address);
    uint64_t physical;

    if (id != KDIO_BREAKPOINT_NONE || !stub->breakpoints.software)
        return id;
    physical = kdio_translate_address(stub, &stub->run, address);
    for (id = KDIO_HARDWARE_BREAKPOINTS; id < KDIO_BREAKPOINT_COUNT; id++)
        if (stub->breakpoints.slots[id].used && stub->breakpoints.slots[id].physical == physical)
            return id;
    return KDIO_BREAKPOINT_NONE;
}

static bool physical_byte(struct kdio_stub *stub, uint64_t physical, bool store, uint64_t *byte)
{
    return kdio_space_memory(stub, &stub->run, store ? KDIO_ACCESS_STORE : KDIO_ACCESS_LOAD, true, physical, 1, byte) ==
           KDIO_DONE;
}

/* What the kernel itself has written over the int3 stays. */
void kdio_breakpoint_lift(struct kdio_stub *stub, uint8_t id)
{
    struct kdio_breakpoint *slot = &stub->breakpoints.slots[id];
    uint64_t byte = 0, original = slot->byte;

    if (physical_byte(stub, slot->physical, false, &byte) && byte == KDIO_INT3)
        (void)physical_byte(stub, slot->physical, true, &original);
}

/* What is there now is what the int3 replaces: it may have been written while the int3 was out. */
void kdio_breakpoint_put(struct kdio_stub *stub, uint8_t id)
{
    struct kdio_breakpoint *slot = &stub->breakpoints.slots[id];
    uint64_t byte = 0, int3 = KDIO_INT3;

    if (!physical_byte(stub, slot->physical, false, &byte))
        return;
    slot->byte = (uint8_t)byte;
    (void)physical_byte(stub, slot->physical, true, &int3);
}

uintptr_t kdio_breakpoints_lift(struct kdio_stub *stub)
{
    uintptr_t state = 0;

    if (!stub->breakpoints.software)
        return state;
    state = kdio_machine_interrupts_off(&stub->machine);
    for (uint8_t id = KDIO_HARDWARE_BREAKPOINTS; id < KDIO_BREAKPOINT_COUNT; id++)
        if (stub->breakpoints.slots[id].used)
            kdio_breakpoint_lift(stub, id);
    return state;
}

void kdio_breakpoints_put(struct kdio_stub *stub, uintptr_t state)
{
    if (!stub->breakpoints.software)
        return;
    for (uint8_t id = KDIO_HARDWARE_BREAKPOINTS; id < KDIO_BREAKPOINT_COUNT; id++)
        if (stub->breakpoints.slots[id].used)
            kdio_breakpoint_put(stub, id);
    kdio_machine_interrupts_restore(&stub->machine, state);
}

static enum kdio_status set_software(struct kdio_stub *stub, struct kdio_breakpoint *slot, uint8_t id)
{
    uint64_t byte = 0;
    uint64_t physical = kdio_translate_address(stub, &stub->run, slot->address);

    if (physical == UINT64_MAX || !physical_byte(stub, physical, false, &byte))
        return KDIO_NO_BREAKPOINT;
    slot->physical = physical & ((1ull << 52) - 1);
    stub->breakpoints.software++;
    kdio_breakpoint_put(stub, id);
    return KDIO_DONE;
}

static enum kdio_status set_hardware(struct kdio_stub *stub, const struct kdio_breakpoint *slot, uint8_t id)
{
    kdio_stop_debug_set(stub, id, slot->address);
    update_de(stub);
    write_dr7(stub, id, slot);
    return KDIO_DONE;
}

/* ---- The public ones ---- */

/* As in library.lds. All that is between: an int3 on an access that may fault would strike when it is taken out. */
extern const char __attribute__((visibility("hidden"))) kdio_stub_text_start[], kdio_stub_text_end[];

static bool is_inside_stub(uint64_t address)
{
    return KDIO_STUB_HAS_ACCESSES &&
           address - (uintptr_t)kdio_stub_text_start < (uint64_t)(kdio_stub_text_end - kdio_stub_text_start);
}

static bool length_fits(uint8_t kind, uint8_t length, uint64_t address)
{
    if (kind == KDIO_BREAKPOINT_SOFTWARE || kind == KDIO_BREAKPOINT_EXECUTE)
        return length == 1;
    if (!length || length > 8 || length & (length - 1) || address & (length - 1u))
        return false;
    return kind != KDIO_BREAKPOINT_IO || (length < 8 && address <= 0x10000u - length);
}

enum kdio_status kdio_breakpoint_set(struct kdio_stub *stub, uint8_t kind, uint8_t length, uint64_t address,
                                     uint8_t *id)
{
    bool software = kind == KDIO_BREAKPOINT_SOFTWARE;
    bool executes = software || kind == KDIO_BREAKPOINT_EXECUTE;
    struct kdio_breakpoint *slot;
    enum kdio_status status;

    if (kind >= KDIO_BREAKPOINT_KINDS || !length_fits(kind, length, address))
        return KDIO_BAD_OPERAND;
    *id = software ? find_free(stub, KDIO_HARDWARE_BREAKPOINTS, KDIO_BREAKPOINT_COUNT)
                   : find_free(stub, 0, KDIO_HARDWARE_BREAKPOINTS);
    if (*id == KDIO_BREAKPOINT_NONE || (executes && is_inside_stub(address)) ||
        (software && kdio_breakpoint_under(stub, address) != KDIO_BREAKPOINT_NONE))
        return KDIO_NO_BREAKPOINT;
    stub->stop.holder = kdio_step_processor(stub);
    slot = &stub->breakpoints.slots[*id];
    *slot = (struct kdio_breakpoint){ .address = address, .used = true, .kind = kind & 7, .byte = length };
    status = software ? set_software(stub, slot, *id) : set_hardware(stub, slot, *id);
    slot->used = status == KDIO_DONE;
    stub->breakpoints.count += slot->used;
    return status;
}

static void forget(struct kdio_stub *stub, uint8_t id)
{
    stub->breakpoints.slots[id].used = false;
    stub->breakpoints.count--;
    stub->breakpoints.software -= is_software(id);
}

enum kdio_status kdio_breakpoint_clear(struct kdio_stub *stub, uint8_t id)
{
    if (id >= KDIO_BREAKPOINT_COUNT || !stub->breakpoints.slots[id].used)
        return KDIO_BAD_OPERAND;
    forget(stub, id);
    if (is_software(id)) {
        kdio_breakpoint_lift(stub, id);
    } else {
        write_dr7(stub, id, &stub->breakpoints.slots[id]);
        update_de(stub);
    }
    return KDIO_DONE;
}

bool kdio_breakpoint_drop(struct kdio_stub *stub, uint8_t id)
{
    const struct kdio_breakpoint *slot = &stub->breakpoints.slots[id];
    uint64_t byte = slot->byte;

    if (!kdio_space_try(stub, KDIO_ACCESS_STORE, slot->address, &byte))
        return false;
    forget(stub, id);
    return true;
}
