/* SPDX-License-Identifier: MIT */
/* stop_op.c: the operations of run control. Those that need the stopped kernel's frame are refused while it runs. */
#include "stub/stop.h"

#include "stub/stub.h"

#define FPU_SIZE 512u

#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

/* Numbers of the registers, as in GET_REGISTERS. */
enum { REGISTER_RIP = 16, REGISTER_RFLAGS, REGISTER_CS, REGISTER_SS, REGISTER_FS_BASE = 24, REGISTER_COUNT = 27 };

static void state(const struct kdio_stub *stub, struct kdio_writer *results)
{
    const struct kdio_stop *stop = &stub->stop;
    const struct kdio_trap_frame *frame = stop->frame;

    kdio_write_uint(results, 1, frame != NULL);
    kdio_write_uint(results, 1, frame ? stop->reason : KDIO_STOP_NONE);
    kdio_write_uint(results, 4, stop->count);
    kdio_write_uint(results, 4, kdio_machine_cpu(&stub->machine));
    kdio_write_uint(results, 1, frame ? frame->vector : 0);
    kdio_write_uint(results, 8, frame ? frame->error_code : 0);
    kdio_write_uint(results, 8, frame ? stop->dr6 : 0);
    kdio_write_uint(results, 8, frame ? frame->rip : 0);
    kdio_write_uint(results, 1, frame ? stop->breakpoint : KDIO_BREAKPOINT_NONE);
}

/* Where a register of the frame lies; NULL for those that are elsewhere. */
static uint64_t *in_frame(struct kdio_trap_frame *frame, unsigned number)
{
    uint64_t *const places[] = {
        &frame->rax, &frame->rbx, &frame->rcx, &frame->rdx, &frame->rsi, &frame->rdi, &frame->rbp, &frame->rsp,
        &frame->r8, &frame->r9, &frame->r10, &frame->r11, &frame->r12, &frame->r13, &frame->r14, &frame->r15,
        &frame->rip, &frame->rflags, &frame->cs, &frame->ss,
    };

    return number < sizeof places / sizeof places[0] ? places[number] : NULL;
}

/* ---- Registers ---- */

static enum kdio_status get_registers(struct kdio_stub *stub, struct kdio_writer *results)
{
    struct kdio_trap_frame *frame = stub->stop.frame;
    uint16_t segments[KDIO_DATA_SEGMENTS];
    uint64_t base = 0;

    for (unsigned i = 0; i <= REGISTER_RFLAGS; i++)
        kdio_write_uint(results, 8, *in_frame(frame, i));
    kdio_write_uint(results, 2, frame->cs);
    kdio_write_uint(results, 2, frame->ss);
    kdio_machine_segments(&stub->machine, segments);
    for (unsigned i = 0; i < KDIO_DATA_SEGMENTS; i++)
        kdio_write_uint(results, 2, segments[i]);
    for (uint32_t msr = MSR_FS_BASE; msr <= MSR_KERNEL_GS_BASE; msr++) {
        (void)kdio_machine_msr_read(&stub->machine, msr, &base);
        kdio_write_uint(results, 8, base);
    }
    return KDIO_DONE;
}

/* DS to GS are what the stopped kernel will go on with, but loading one may fault: they are shown, not set. */
static enum kdio_status set_register(struct kdio_stub *stub, const struct kdio_op *op)
{
    uint64_t number = op->operand[0], value = op->operand[1];
    uint64_t *place = in_frame(stub->stop.frame, (unsigned)number);

    if (number >= REGISTER_COUNT)
        return KDIO_BAD_OPERAND;
    if (number >= REGISTER_FS_BASE)
        return kdio_machine_msr_write(&stub->machine, MSR_FS_BASE + (uint32_t)(number - REGISTER_FS_BASE), value)
                   ? KDIO_BAD_OPERAND : KDIO_DONE;
    if (!place)
        return KDIO_UNSUPPORTED;
    *place = value;
    return KDIO_DONE;
}

/* ---- The FXSAVE area: of the kernel, as nothing in the stub touches it ---- */

static enum kdio_status access_fpu(struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t offset = run->op.operand[0];
    uint8_t *area = stub->stop.fpu;

    if (offset + run->op.count > FPU_SIZE)
        return KDIO_BAD_OPERAND;
    kdio_machine_fpu_save(&stub->machine, area);
    if (!run->op.row->changes) {
        kdio_write_bytes(&run->results, area + offset, run->op.count);
        return KDIO_DONE;
    }
    for (uint32_t i = 0; i < run->op.count; i++)
        area[offset + i] = run->op.bytes[i];
    kdio_machine_fpu_restore(&stub->machine, area);
    return KDIO_DONE;
}

/* ---- Going on ---- */

/* A step is at its end when the kernel has stopped again; until then the program gives way to it. */
static enum kdio_status step(struct kdio_stub *stub, struct kdio_run *run)
{
    struct kdio_stop *stop = &stub->stop;

    if (run->op_units && stop->count != (uint32_t)run->op_at)
        return KDIO_DONE;
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

static enum kdio_status set_breakpoint(struct kdio_stub *stub, struct kdio_run *run)
{
    const uint64_t *operand = run->op.operand;
    uint8_t id;
    enum kdio_status status = kdio_breakpoint_set(stub, (uint8_t)operand[0], (uint8_t)operand[1], operand[2], &id);

    if (status == KDIO_DONE)
        kdio_write_uint(&run->results, 1, id);
    return status;
}

static enum kdio_status get_breakpoint(const struct kdio_stub *stub, struct kdio_run *run)
{
    uint64_t id = run->op.operand[0];
    const struct kdio_breakpoint *slot = &stub->breakpoints.slots[id];

    if (id >= KDIO_BREAKPOINT_COUNT)
        return KDIO_BAD_OPERAND;
    kdio_write_uint(&run->results, 1, slot->used ? slot->kind : KDIO_BREAKPOINT_FREE);
    kdio_write_uint(&run->results, 1, slot->used ? slot->length : 0);
    kdio_write_uint(&run->results, 8, slot->used ? slot->address : 0);
    return KDIO_DONE;
}

/* ---- Which is which ---- */

/* Those that a running kernel allows; NOT_STOPPED for the others. */
static enum kdio_status running_op(struct kdio_stub *stub, struct kdio_run *run)
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
        kdio_stub_link_event(&stub->link, false); /* L11: fetched. */
    if (run->op_goes_on)
        return resume(stub, run);
    if (!stub->stop.frame)
        return running_op(stub, run);
    if (opcode == KDIO_OP_GET_REGISTERS)
        return get_registers(stub, &run->results);
    if (opcode == KDIO_OP_SET_REGISTER)
        return set_register(stub, &run->op);
    if (opcode == KDIO_OP_GET_FPU || opcode == KDIO_OP_SET_FPU)
        return access_fpu(stub, run);
    return opcode == KDIO_OP_RESUME ? resume(stub, run) : running_op(stub, run);
}
