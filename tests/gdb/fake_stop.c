/* SPDX-License-Identifier: MIT */
/* fake_stop.c: implements fake_stop.h. The target that is handed on is never looked at. */
#include "tests/gdb/fake_stop.h"

#include <string.h>

struct fake fake;
void (*fake_says)(void);

static struct kdio_error error;

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake_says = NULL;
    fake.stop = (struct kdio_stop){ .reason = KDIO_STOP_BREAK, .breakpoint = KDIO_BREAKPOINT_NONE };
    for (unsigned id = 0; id < KDIO_BREAKPOINTS_MAX; id++)
        fake.breakpoints[id].kind = KDIO_BREAK_FREE;
}

static enum kdio_status fail(enum kdio_status status)
{
    error = (struct kdio_error){ .status = status, .text = "the fake refuses #$}*; not done" };
    return status;
}

static enum kdio_status begin(bool needs_stop, bool changes)
{
    fake.calls++;
    if (fake_says)
        fake_says();
    if (fake.failing != KDIO_DONE)
        return fail(fake.failing);
    if (needs_stop && !fake.stopped)
        return fail(KDIO_NOT_STOPPED);
    fake.writes += changes;
    return KDIO_DONE;
}

const struct kdio_error *kdio_target_error(const struct kdio_target *target)
{
    (void)target;
    return &error;
}

enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    (void)target;
    fake.resets += port == 0xcf9 && width == 1 && value == 6;
    return begin(false, true);
}

/* ---- Stopping and going ---- */

static enum kdio_status give_stop(enum kdio_status status, struct kdio_stop *stop)
{
    if (status != KDIO_DONE)
        return status;
    *stop = fake.stop;
    fake.stopped = stop->reason != KDIO_STOP_NONE;
    return status;
}

enum kdio_status kdio_halt(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    (void)target;
    (void)ms;
    return give_stop(begin(false, false), stop);
}

enum kdio_status kdio_wait_stop(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop)
{
    (void)target;
    (void)ms;
    return give_stop(begin(false, false), stop);
}

enum kdio_status kdio_step_registers(struct kdio_target *target, struct kdio_stop *stop,
                                     uint64_t registers[KDIO_REGISTER_COUNT])
{
    (void)target;
    fake.registers[KDIO_RIP]++;
    memcpy(registers, fake.registers, sizeof fake.registers);
    return give_stop(begin(true, true), stop);
}

enum kdio_status kdio_go(struct kdio_target *target)
{
    enum kdio_status status = begin(true, true);

    (void)target;
    fake.stopped &= status != KDIO_DONE;
    return status;
}

/* ---- Registers ---- */

enum kdio_status kdio_get_registers(struct kdio_target *target, uint64_t registers[KDIO_REGISTER_COUNT])
{
    (void)target;
    memcpy(registers, fake.registers, sizeof fake.registers);
    return begin(true, false);
}

enum kdio_status kdio_set_register(struct kdio_target *target, enum kdio_register which, uint64_t value)
{
    enum kdio_status status = begin(true, true);

    (void)target;
    if (status == KDIO_DONE)
        fake.registers[which] = value;
    return status;
}

enum kdio_status kdio_get_fpu(struct kdio_target *target, uint8_t area[KDIO_FPU_SIZE])
{
    (void)target;
    memcpy(area, fake.fpu, sizeof fake.fpu);
    return begin(true, false);
}

enum kdio_status kdio_set_fpu(struct kdio_target *target, uint32_t offset, const void *bytes, size_t size)
{
    enum kdio_status status = begin(true, true);

    (void)target;
    if (status == KDIO_DONE)
        memcpy(fake.fpu + offset, bytes, size);
    return status;
}

enum kdio_status kdio_registers(struct kdio_target *target, struct kdio_registers *registers)
{
    (void)target;
    memset(registers, 0, sizeof *registers);
    return begin(false, false);
}

/* ---- Memory ---- */

static size_t present(uint64_t address, size_t size)
{
    if (address >= FAKE_MEMORY_SIZE)
        return 0;
    return size < FAKE_MEMORY_SIZE - address ? size : (size_t)(FAKE_MEMORY_SIZE - address);
}

enum kdio_status kdio_read(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                           void *bytes, size_t size, size_t *done)
{
    enum kdio_status status = begin(false, false);

    (void)target;
    (void)space;
    (void)unit;
    *done = status == KDIO_DONE ? present(address, size) : 0;
    if (*done)
        memcpy(bytes, fake.memory + address, *done);
    return status == KDIO_DONE && *done < size ? fail(KDIO_FAULT) : status;
}

enum kdio_status kdio_write(struct kdio_target *target, enum kdio_space space, uint64_t address, unsigned unit,
                            const void *bytes, size_t size, size_t *done)
{
    enum kdio_status status = begin(false, size != 0);

    (void)target;
    (void)space;
    (void)unit;
    (void)done;
    if (status != KDIO_DONE || present(address, size) < size)
        return status == KDIO_DONE ? fail(KDIO_FAULT) : status;
    if (size)
        memcpy(fake.memory + address, bytes, size);
    return status;
}

/* ---- Breakpoints ---- */

enum kdio_status kdio_set_breakpoint(struct kdio_target *target, const struct kdio_breakpoint *breakpoint, uint32_t *id)
{
    enum kdio_status status = begin(false, true);
    uint32_t free = 0;

    (void)target;
    while (free < KDIO_BREAKPOINTS_MAX && fake.breakpoints[free].kind != KDIO_BREAK_FREE)
        free++;
    if (status != KDIO_DONE || free == KDIO_BREAKPOINTS_MAX)
        return status == KDIO_DONE ? fail(KDIO_BAD_OPERAND) : status;
    fake.breakpoints[free] = *breakpoint;
    *id = free;
    return status;
}

enum kdio_status kdio_clear_breakpoint(struct kdio_target *target, uint32_t id)
{
    enum kdio_status status = begin(false, true);

    (void)target;
    if (status == KDIO_DONE)
        fake.breakpoints[id].kind = KDIO_BREAK_FREE;
    return status;
}

enum kdio_status kdio_get_breakpoint(struct kdio_target *target, uint32_t id, struct kdio_breakpoint *breakpoint)
{
    (void)target;
    *breakpoint = fake.breakpoints[id];
    return begin(false, false);
}
