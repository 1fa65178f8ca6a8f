/* SPDX-License-Identifier: MIT */
/* stop_op.c: the operations of run control. Those that need the stopped kernel's frame are refused while it runs. */
#include "stub/stop.h"

#include "stub/space.h"
#include "stub/stub.h"

#define FPU_SIZE      512u /* Of an FXSAVE area. */
#define FPU_ALIGNMENT 16u

/* MXCSR and its mask in it, in words; a processor that tells no mask has this one (SDM volume 1, 11.6.6). */
enum { FPU_MXCSR = 6, FPU_MXCSR_MASK };
#define MXCSR_MASK_DEFAULT 0xffbfu

#define MSR_FS_BASE 0xc0000100u /* And those of GS and KERNEL_GS behind it. */

/* Places in what the machine tells. */
enum { MACHINE_FS_BASE = 12, MACHINE_DS = 24, DATA_SEGMENTS = 4, BASES = 3 };

/* Numbers of the registers, as in GET_REGISTERS. */
enum { REGISTER_RIP = 16, REGISTER_RFLAGS, REGISTER_CS, REGISTER_SS, REGISTER_FS_BASE = 24, REGISTER_COUNT = 27 };

uint64_t kdio_stop_system_register(const struct kdio_stub *stub, unsigned number)
{
    uint64_t values[KDIO_REGISTERS];

    stub->machine.registers(stub->machine.context, values);
    return values[number];
}

void kdio_stop_debug_set(const struct kdio_stub *stub, unsigned which, uint64_t value)
{
    stub->machine.debug_set(stub->machine.context, which, value);
}

static void __attribute__((noinline)) give_byte(struct kdio_writer *results, uint8_t value)
{
    kdio_write_uint(results, 1, value);
}

static void state(const struct kdio_stub *stub, struct kdio_writer *results)
{
    const struct kdio_stop *stop = &stub->stop;
    const struct kdio_trap_frame *frame = stop->frame;

    give_byte(results, frame != NULL);
    give_byte(results, frame ? stop->reason : KDIO_STOP_NONE);
    kdio_write_uint(results, 4, stop->count);
    kdio_write_uint(results, 4, kdio_processor_apic_id(stub));
    if (!frame) {
        for (unsigned i = 0; i < 1 + 8 + 8 + 8; i++)
            give_byte(results, 0);
        give_byte(results, KDIO_BREAKPOINT_NONE);
        return;
    }
    give_byte(results, frame->vector);
    kdio_write_uint(results, 8, frame->error_code);
    kdio_write_uint(results, 8, stop->dr6);
    kdio_write_uint(results, 8, frame->rip);
    give_byte(results, stop->breakpoint);
}

/* Where a register of the frame lies; NULL for those that are elsewhere. */
static uint64_t *in_frame(struct kdio_trap_frame *frame, unsigned number)
{
#define PLACE(name) offsetof(struct kdio_trap_frame, name) / sizeof(uint64_t)
    static const uint8_t places[] = {
        PLACE(rax), PLACE(rbx), PLACE(rcx), PLACE(rdx), PLACE(rsi), PLACE(rdi), PLACE(rbp), PLACE(rsp),
        PLACE(r8), PLACE(r9), PLACE(r10), PLACE(r11), PLACE(r12), PLACE(r13), PLACE(r14), PLACE(r15),
        PLACE(rip), PLACE(rflags), PLACE(cs), PLACE(ss),
    };
#undef PLACE

    return number < sizeof places ? &frame->rax + places[number] : NULL;
}

/* ---- Registers ---- */

/* Apart, so that its stack is not under those of the others. */
static enum kdio_status __attribute__((noinline)) get_registers(struct kdio_stub *stub, struct kdio_writer *results)
{
    struct kdio_trap_frame *frame = stub->stop.frame;
    uint64_t values[KDIO_REGISTERS];

    for (unsigned i = 0; i <= REGISTER_RFLAGS; i++)
        kdio_write_uint(results, 8, *in_frame(frame, i));
    kdio_write_uint(results, 2, frame->cs);
    kdio_write_uint(results, 2, frame->ss);
    stub->machine.registers(stub->machine.context, values);
    for (unsigned i = 0; i < DATA_SEGMENTS; i++)
        kdio_write_uint(results, 2, values[MACHINE_DS + i]);
    for (unsigned i = 0; i < BASES; i++)
        kdio_write_uint(results, 8, values[MACHINE_FS_BASE + i]);
    return KDIO_DONE;
}

/* DS to GS are what the stopped kernel will go on with, but loading one may fault: they are shown, not set. */
static enum kdio_status set_register(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t number = run->op.operand[0], value = run->op.operand[1];
    uint64_t *place = in_frame(stub->stop.frame, (unsigned)number);

    if (number >= REGISTER_COUNT)
        return KDIO_BAD_OPERAND;
    if (number >= REGISTER_FS_BASE)
        return kdio_space_access(stub, run, KDIO_ACCESS_WRMSR, MSR_FS_BASE + number - REGISTER_FS_BASE, number, &value);
    if (!place)
        return KDIO_UNSUPPORTED;
    *place = value;
    return KDIO_DONE;
}

/* ---- The FXSAVE area: of the kernel, as nothing in the stub touches it ---- */

static inline __attribute__((always_inline)) void use_fpu_area(struct kdio_run *run, uint8_t *area)
{
    area += run->op.operand[0];
    if (!run->op.row->changes)
        kdio_write_bytes(&run->results, area, run->op.count);
    for (uint32_t i = 0; run->op.row->changes && i < run->op.count; i++)
        area[i] = run->op.bytes[i];
}

/* FXRSTOR would fault. */
static bool fpu_area_faults(const uint8_t *area)
{
    uint32_t mxcsr, mask;

    __builtin_memcpy(&mxcsr, area + 4 * FPU_MXCSR, sizeof mxcsr);
    __builtin_memcpy(&mask, area + 4 * FPU_MXCSR_MASK, sizeof mask);
    return mxcsr & ~(mask ? mask : MXCSR_MASK_DEFAULT);
}

static enum kdio_status __attribute__((noinline)) access_fpu(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t room[FPU_SIZE / 8 + 1]; /* The caller's stack may be aligned to 8. */
    uint8_t *area = (uint8_t *)(((uintptr_t)room + FPU_ALIGNMENT / 2) & ~(uintptr_t)(FPU_ALIGNMENT - 1));

    if (run->op.operand[0] + run->op.count > FPU_SIZE)
        return KDIO_BAD_OPERAND;
    stub->machine.fpu_save(stub->machine.context, area);
    use_fpu_area(run, area);
    if (run->op.row->changes && fpu_area_faults(area))
        return KDIO_BAD_OPERAND;
    if (run->op.row->changes)
        stub->machine.fpu_restore(stub->machine.context, area);
    return KDIO_DONE;
}

/* ---- Going on ---- */

/* A step is at its end when the kernel has stopped again; until then the program gives way to it. */
static enum kdio_status step(struct kdio_stub *stub, struct kdio_run *run)
{
    struct kdio_stop *stop = &stub->stop;

    run->gives_way = false;
    if (run->op_units && stop->count != (uint32_t)run->op_at)
        return stop->step.opcode == KDIO_OPCODE_INT ? KDIO_UNSUPPORTED : KDIO_DONE;
    run->op_units = 1;
    run->op_at = stop->count;
    run->gives_way = true;
    stop->resume = KDIO_RESUME_STEP;
    return KDIO_OP_GOES_ON;
}

/* An atomic program would keep the kernel from running. */
static enum kdio_status resume(struct kdio_stub *stub, struct kdio_run *run)
{
    if (run->op.operand[0] > 1 || run->atomic)
        return KDIO_BAD_OPERAND;
    if (run->op.operand[0])
        return step(stub, run);
    stub->stop.resume = KDIO_RESUME_GO;
    return KDIO_DONE;
}

/* ---- Breakpoints ---- */

static inline __attribute__((always_inline)) enum kdio_status set_breakpoint(struct kdio_stub *stub,
                                                                             struct kdio_run *run)
{
    const uint64_t *operand = run->op.operand;
    uint8_t id;
    enum kdio_status status = kdio_breakpoint_set(stub, (uint8_t)operand[0], (uint8_t)operand[1], operand[2], &id);

    if (status == KDIO_DONE)
        give_byte(&run->results, id);
    return status;
}

static enum kdio_status get_breakpoint(const struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t id = run->op.operand[0], address = 0;
    uint8_t kind = KDIO_BREAKPOINT_FREE, length = 0;
    const struct kdio_breakpoint *slot;

    if (id >= KDIO_BREAKPOINT_COUNT)
        return KDIO_BAD_OPERAND;
    for (slot = stub->breakpoints.slots; id; id--) /* Smaller than the product. */
        slot++;
    if (slot->used) {
        kind = slot->kind;
        length = kdio_breakpoint_length(slot);
        address = slot->address;
    }
    give_byte(&run->results, kind);
    give_byte(&run->results, length);
    kdio_write_uint(&run->results, 8, address);
    return KDIO_DONE;
}

/* ---- Which is which ---- */

/* Those that a running kernel allows; NOT_STOPPED for the others. */
static inline __attribute__((always_inline)) enum kdio_status running_op(struct kdio_stub *stub, struct kdio_run *run)
{
    uint8_t opcode = run->op.row->family;

    if (opcode == KDIO_OP_HALT)
        stub->stop.wanted = !stub->stop.frame;
    else if (opcode == KDIO_OP_STATE)
        state(stub, &run->results);
    else if (opcode == KDIO_OP_SET_BREAKPOINT)
        return set_breakpoint(stub, run);
    else if (opcode == KDIO_OP_CLEAR_BREAKPOINT)
        return kdio_breakpoint_clear(stub, (uint8_t)run->op.operand[0]);
    else if (opcode == KDIO_OP_GET_BREAKPOINT)
        return get_breakpoint(stub, run);
    else
        return KDIO_NOT_STOPPED;
    return KDIO_DONE;
}

enum kdio_status kdio_stop_op(struct kdio_stub *stub, struct kdio_run *run)
{
    uint8_t opcode = run->op.row->family;

    if (opcode == KDIO_OP_STATE)
        stub->stop.fetched = true;
    if (run->op_goes_on)
        return resume(stub, run);
    if (!stub->stop.frame) {
        stub->stop.wanted &= opcode != KDIO_OP_RESUME; /* A stop that has not come is taken back. */
        return running_op(stub, run);
    }
    if (opcode == KDIO_OP_GET_REGISTERS)
        return get_registers(stub, &run->results);
    if (opcode == KDIO_OP_SET_REGISTER)
        return set_register(stub, run);
    if (opcode == KDIO_OP_GET_FPU || opcode == KDIO_OP_SET_FPU)
        return access_fpu(stub, run);
    return opcode == KDIO_OP_RESUME ? resume(stub, run) : running_op(stub, run);
}
