/* SPDX-License-Identifier: MIT */
/* world.c: see world.h. */
#include "tests/stub_spaces/world.h"

#include "tests/unit/unit.h"

#define VECTOR_GP 13u
#define VECTOR_PF 14u
#define PF_PRESENT 1u
#define PF_WRITE   2u

uint32_t world_draw(struct world *world)
{
    world->drawn = world->drawn * 6364136223846793005u + 1442695040888963407u; /* Knuth, volume 2, 3.3.4, MMIX. */
    return (uint32_t)(world->drawn >> 33);
}

/* ---- Memory ---- */

static bool strike(struct kdio_stub_fault *fault, uint32_t vector, uint32_t code)
{
    *fault = (struct kdio_stub_fault){ .vector = vector, .code = code };
    return false;
}

/* The offset in memory of a virtual address; WORLD_SIZE when it faults. */
static uint64_t find(const struct world *world, uint64_t at, bool store, struct kdio_stub_fault *fault)
{
    uint64_t offset = at - WORLD_VIRTUAL, physical = at - WORLD_DIRECT;

    if (physical < WORLD_SIZE / 2)
        return physical;
    if (physical >= WORLD_HIGH && physical < WORLD_HIGH + WORLD_SIZE / 2)
        return physical - WORLD_HIGH + WORLD_SIZE / 2;
    if (at >> 47 && at >> 47 != 0x1ffff) {
        (void)strike(fault, VECTOR_GP, 0);
        return WORLD_SIZE;
    }
    if (offset < WORLD_SIZE && !world->absent[offset / WORLD_PAGE] &&
        !(store && world->read_only[offset / WORLD_PAGE]))
        return offset;
    (void)strike(fault, VECTOR_PF, (store ? PF_WRITE : 0) |
               (offset < WORLD_SIZE && !world->absent[offset / WORLD_PAGE] ? PF_PRESENT : 0));
    return WORLD_SIZE;
}

static bool access_memory(struct world *world, enum kdio_access what, uint64_t at, uint64_t *value,
                          struct kdio_stub_fault *fault)
{
    bool store = what >= KDIO_ACCESS_STORE;
    unsigned width = 1u << (what & 3);
    uint64_t offset = find(world, at, store, fault);

    assert_int_equal(at % width, 0);
    if (offset == WORLD_SIZE)
        return false;
    for (unsigned i = 0; i < width; i++)
        (store ? world->writes : world->reads)[offset + i]++;
    if (store) {
        memcpy(world->memory + offset, value, width);
        return true;
    }
    *value = 0;
    memcpy(value, world->memory + offset, width);
    return true;
}

static bool access_msr(struct world *world, enum kdio_access what, uint64_t msr, uint64_t *value,
                       struct kdio_stub_fault *fault)
{
    bool write = what == KDIO_ACCESS_WRMSR;

    if (msr >= WORLD_MSRS || (write && msr == WORLD_MSRS - 1))
        return strike(fault, VECTOR_GP, 0);
    if (write)
        world->msrs[msr] = *value;
    else
        *value = world->msrs[msr];
    return true;
}

static bool access(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault *fault)
{
    struct world *world = context;

    world->target.now_ns += 100;
    world->target.touched = true;
    assert_true(world->log_count < WORLD_LOG_SIZE);
    world->log[world->log_count++] = (struct world_access){ what, at, *value };
    if (world->log_count == world->fault_at)
        return strike(fault, VECTOR_PF, PF_PRESENT);
    return what >= KDIO_ACCESS_RDMSR ? access_msr(world, what, at, value, fault)
                                     : access_memory(world, what, at, value, fault);
}

static void *map(void *context, uint64_t physical, uint64_t *size)
{
    struct world *world = context;
    uint64_t page = physical & -(uint64_t)WORLD_PAGE;

    assert_in_range(*size, 1, 8);
    if (page == world->unmapped || (physical >= WORLD_SIZE / 2 && physical < WORLD_HIGH) ||
        physical >= WORLD_HIGH + WORLD_SIZE / 2)
        return NULL;
    *size = page + WORLD_PAGE - physical;
    if (world->map_size && *size > world->map_size)
        *size = world->map_size;
    return (void *)(uintptr_t)(WORLD_DIRECT + physical);
}

/* ---- The processor ---- */

static void cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    const struct world *world = context;

    for (uint32_t i = 0; i < 4; i++)
        result[i] = leaf && leaf == world->empty_leaf ? 0 : leaf << 24 | subleaf << 8 | (i + 1);
    if (!leaf)
        result[0] = world->leaf_max;
}

static void registers(void *context, uint64_t values[KDIO_REGISTERS])
{
    memcpy(values, ((struct world *)context)->registers, sizeof ((struct world *)context)->registers);
}

/* ---- Life ---- */

void world_reset(struct world *world)
{
    struct target *target = &world->target;

    memset(world, 0, sizeof *world);
    target_reset(target);
    target->machine.access = access;
    target->machine.cpuid = cpuid;
    target->machine.registers = registers;
    target->config.faults = true;
    target->config.map = map;
    target->config.context = world;
    world->unmapped = UINT64_MAX;
    for (unsigned i = 0; i < WORLD_SIZE; i++)
        world->memory[i] = (uint8_t)world_draw(world);
}

void world_start(struct world *world)
{
    target_start(&world->target);
    (void)target_log(&world->target);
}

void world_forget(struct world *world)
{
    memset(world->reads, 0, sizeof world->reads);
    memset(world->writes, 0, sizeof world->writes);
    world->log_count = 0;
}

void world_assert_touched(const struct world *world, uint64_t offset, uint64_t size, unsigned reads, unsigned writes)
{
    for (uint64_t i = 0; i < WORLD_SIZE; i++) {
        bool inside = i >= offset && i - offset < size;

        assert_int_equal(world->reads[i], inside ? reads : 0);
        assert_int_equal(world->writes[i], inside ? writes : 0);
    }
}

void world_assert_fault(const struct world *world, unsigned vector, unsigned code, uint64_t detail)
{
    const struct kdio_failure *failure = &world->target.run.failure;

    assert_int_equal(failure->status, KDIO_FAULT);
    assert_int_equal(failure->vector, vector);
    assert_int_equal(failure->code, code);
    assert_int_equal(failure->detail | (uint64_t)failure->detail_high << 32, detail);
}
