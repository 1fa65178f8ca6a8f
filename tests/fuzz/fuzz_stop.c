/* SPDX-License-Identifier: MIT */
/*
 * fuzz_stop.c: run control, on a kernel with a small processor and a host's end of the link (tests/stub_spaces):
 * programs of run control and memory in any order, atomic or not, and a kernel that executes, traps, changes its own
 * code, hands its UART over and loses its host meanwhile.
 *
 * Whatever the input: the host sees the kernel's code without any int3 of its own; in the code there are those of its
 * breakpoints and no other; an instruction is executed for a step and for nothing else; a kernel that runs is not
 * traced; and in the end a new host can stop the kernel, clear everything and let it go, with the code as the kernel
 * wrote it.
 */
#include "tests/unit/unit.h"

#include "stub/stub.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stub_spaces/kernel.h"

#define ACTIONS_MAX 48u
#define OPS_MAX     12u
#define CODE_SIZE   32u /* What is executed, and what breakpoints are in. */
#define NO_BREAKPOINT 0xffu
#define RFLAGS      (FLAG_IF | 2u)

static struct kernel kernel;
static struct target *const target = &kernel.world.target;
static uint8_t *const code = kernel.world.memory + KERNEL_CODE_AT;
static uint8_t shadow[CODE_SIZE];   /* The code, without int3s. */
static bool overwritten[CODE_SIZE]; /* By the kernel, where there may be an int3. */

/* Without those that need a stack of their own, or change TF themselves. */
static const uint8_t opcodes[] = { 0x90, 0x90, 0x9c, 0xfa, 0xfb, 0xf4, 0xcc, 0xf1, 0x0f, 0x66 };

static const uint64_t addresses[] = {
    KERNEL_CODE, KERNEL_CODE + 1, KERNEL_CODE + 8, KERNEL_CODE + CODE_SIZE - 1, KERNEL_ALIAS, KERNEL_ALIAS + 8,
    WORLD_VIRTUAL, WORLD_VIRTUAL + WORLD_SIZE - 1, 0x80, 0xfffe, 0, UINT64_MAX, 0x8000000000000000,
};

/* ---- What the host asks ---- */

static uint64_t draw_address(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    return addresses[choice % FUZZ_COUNT(addresses)] + (choice >> 5);
}

static void add_breakpoint(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    ADD(target, SET_BREAKPOINT, choice % 6, choice & 0x80 ? choice >> 3 & 15 : 1, draw_address(input));
}

/* Registers that the kernel cannot go on with are its own affair: RIP stays in the code, RSP on the stack, CS the
 * kernel's. */
static void add_register(struct fuzz_input *input)
{
    uint8_t number = fuzz_u8(input) % 30;
    uint64_t value = fuzz_u32(input);

    if (number == 7)
        value = KERNEL_STACK - 256;
    if (number == 16)
        value = KERNEL_CODE + value % (CODE_SIZE / 2);
    if (number == 17)
        value = RFLAGS;
    if (number == 18)
        value = 8;
    ADD(target, SET_REGISTER, number, value);
}

static void add_fpu(struct fuzz_input *input)
{
    static const uint8_t bytes[64];
    uint8_t choice = fuzz_u8(input), size = choice & 63;

    if (choice & 0x80)
        ADD_TABLE(target, SET_FPU, bytes, (uint64_t)fuzz_u16(input) % 600, size);
    else
        ADD(target, GET_FPU, (uint64_t)fuzz_u16(input) % 600, size);
}

static void add_op(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);

    switch (choice % 12) {
    case 0: ADD(target, HALT, 0); break;
    case 1: ADD(target, STATE, 0); break;
    case 2: ADD(target, GET_REGISTERS, 0); break;
    case 3: add_register(input); break;
    case 4: add_fpu(input); break;
    case 5: ADD(target, RESUME, choice & 0x80 ? fuzz_u8(input) % 3 : 0); break;
    case 6: add_breakpoint(input); break;
    case 7: ADD(target, CLEAR_BREAKPOINT, choice & 0x80 ? fuzz_u8(input) : choice >> 4); break;
    case 8: ADD(target, GET_BREAKPOINT, choice >> 3); break;
    case 9: ADD(target, VGET, draw_address(input), choice >> 4 & 15); break;
    default: ADD(target, RESUME, 1); break;
    }
}

/* What the kernel may execute by the program that was written: one for each step, and one when it goes on from a
 * breakpoint. */
static unsigned count_resumes(void)
{
    struct kdio_reader reader = kdio_reader_on(target->program, (size_t)(target->writer.at - target->program));
    struct kdio_op op;
    unsigned count = 0;

    while (reader.left && kdio_op_read(&reader, &op) == KDIO_DONE)
        count += op.row->opcode == KDIO_OP_RESUME;
    return count;
}

static void ask(struct fuzz_input *input)
{
    uint8_t choice = fuzz_u8(input);
    unsigned executed = kernel.executed, resumes;

    for (unsigned i = 0; i < 1 + (choice >> 1) % OPS_MAX; i++)
        add_op(input);
    resumes = count_resumes();
    if (choice & 1)
        (void)kernel_ask_atomic(&kernel);
    else
        (void)kernel_ask(&kernel);
    kernel_settle(&kernel);
    FUZZ_REQUIRE(kernel.executed - executed <= resumes, "an instruction is executed for a step, and for nothing else");
}

/* ---- What the kernel does ---- */

/* With TF it is being stepped; HLT with interrupts off would be the end of it. */
static bool can_execute(void)
{
    uint64_t at = kernel.frame.rip - KERNEL_CODE;

    if (kernel.standing || at >= CODE_SIZE - 2 || kernel.frame.rflags & FLAG_TF)
        return false;
    if (code[at] == 0x66)
        at++;
    return code[at] != 0xf4 || kernel.frame.rflags & FLAG_IF;
}

static void execute(struct fuzz_input *input)
{
    for (unsigned i = fuzz_u8(input) % 8; i > 0 && can_execute(); i--)
        kernel_execute(&kernel);
}

static void jump(struct fuzz_input *input)
{
    if (kernel.standing || kernel.frame.rflags & FLAG_TF)
        return;
    kernel.frame.rip = KERNEL_CODE + fuzz_u8(input) % (CODE_SIZE / 2);
    kernel.frame.rsp = KERNEL_STACK - 256;
    kernel.frame.rflags = RFLAGS;
}

static void trap(struct fuzz_input *input)
{
    static const uint8_t vectors[] = { 0, 6, 13, 14, 3, 1 };
    uint8_t choice = fuzz_u8(input), vector = vectors[(choice >> 1) % FUZZ_COUNT(vectors)];

    if (kernel.standing || kernel.frame.rflags & FLAG_TF)
        return;
    if (choice & 1) {
        (void)kernel_trap_debug(&kernel, choice >> 1 & 0xf);
        return;
    }
    if (vector == 3) /* It has struck in code, and may be gone by now. */
        kernel.frame.rip++;
    (void)kernel_trap(&kernel, vector);
}

/* Another entry is at work: what strikes is passed over, or waits for another processor's. */
static void strike_beside(struct fuzz_input *input)
{
    bool here = fuzz_u8(input) & 1;

    if (kernel.standing || kernel.frame.rflags & FLAG_TF)
        return;
    target->stub->busy = true;
    target->stub->stop.holder = kdio_step_processor(target->stub) + !here;
    execute(input);
    if (kernel.frame.rflags & FLAG_TF)
        kernel_execute(&kernel);
    target->stub->busy = false;
    target->stub->stop.holder = KDIO_NOBODY;
}

static bool has_int3(unsigned at)
{
    const struct kdio_breakpoint *slots = target->stub->breakpoints.slots;
    uint64_t physical = WORLD_PHYSICAL(KERNEL_CODE_AT) + at;

    for (unsigned id = KDIO_HARDWARE_BREAKPOINTS; id < KDIO_BREAKPOINT_COUNT; id++)
        if (slots[id].used && slots[id].physical == physical)
            return true;
    return false;
}

/* The kernel writes over its own code, int3s included: those are gone then. One that it writes over one is the same. */
static void change_code(struct fuzz_input *input)
{
    uint8_t at = fuzz_u8(input) % CODE_SIZE, opcode = opcodes[fuzz_u8(input) % FUZZ_COUNT(opcodes)];

    if (kernel.standing || kernel.frame.rflags & FLAG_TF || (opcode == KDIO_INT3 && has_int3(at)))
        return;
    overwritten[at] = true;
    code[at] = shadow[at] = opcode;
}

static void hand_over(struct fuzz_input *input)
{
    if (kernel.standing || kernel.frame.rflags & FLAG_TF || !kdio_stub_suspend(target->stub))
        return;
    execute(input);
    if (kernel.frame.rflags & FLAG_TF)
        kernel_execute(&kernel);
    kdio_stub_resume(target->stub);
    kernel_settle(&kernel);
}

static void change_host(struct fuzz_input *input)
{
    (void)input;
    kernel_open(&kernel);
    kernel_settle(&kernel);
}

static void wait(struct fuzz_input *input)
{
    kernel_wait(&kernel, fuzz_u8(input));
}

/* ---- What must hold ---- */

static void check_code(void)
{
    for (unsigned at = 0; at < CODE_SIZE; at++)
        FUZZ_REQUIRE(code[at] == (has_int3(at) && !overwritten[at] ? 0xcc : shadow[at]),
                     "the code is the kernel's, but for the int3s of breakpoints");
    ADD(target, VGET, KERNEL_CODE, CODE_SIZE);
    FUZZ_REQUIRE(kernel_ask(&kernel) == KDIO_DONE, "code can be read");
    for (unsigned at = 0; at < CODE_SIZE; at++)
        FUZZ_REQUIRE(kernel_result(at, 1) == shadow[at], "and is seen without them");
    memset(overwritten, 0, sizeof overwritten); /* That has put them back. */
}

static void check_kernel(void)
{
    FUZZ_REQUIRE(kernel.standing || !(kernel.frame.rflags & FLAG_TF), "a kernel that runs is not traced");
    FUZZ_REQUIRE(!target->stub->busy || kernel.standing, "and does not hold the stub");
    FUZZ_REQUIRE(!target->interrupts_off || kernel.standing, "interrupts are as they were");
    FUZZ_REQUIRE(target->stub->breakpoints.count <= KDIO_BREAKPOINT_COUNT, "breakpoints are counted");
    (void)target_log(target);
}

typedef void action_fn(struct fuzz_input *input);

static action_fn *const actions[] = { ask, ask, ask, ask, execute, execute, jump, trap, strike_beside, change_code,
                                      hand_over, change_host, wait };

static void clear_all(void)
{
    uint8_t kinds[KDIO_BREAKPOINT_COUNT];

    for (unsigned id = 0; id < KDIO_BREAKPOINT_COUNT; id++) {
        ADD(target, GET_BREAKPOINT, id);
        FUZZ_REQUIRE(kernel_ask(&kernel) == KDIO_DONE, "breakpoints are shown");
        kinds[id] = (uint8_t)kernel_result(0, 1);
    }
    for (unsigned id = 0; id < KDIO_BREAKPOINT_COUNT; id++) {
        ADD(target, CLEAR_BREAKPOINT, id);
        FUZZ_REQUIRE(kernel_ask(&kernel) == (kinds[id] == NO_BREAKPOINT ? KDIO_BAD_OPERAND : KDIO_DONE),
                     "and cleared where there is one");
    }
}

static void check_end(void)
{
    kernel_open(&kernel);
    clear_all();
    FUZZ_REQUIRE(!memcmp(code, shadow, CODE_SIZE), "the code is as the kernel wrote it");
    FUZZ_REQUIRE(!target->stub->breakpoints.count, "no breakpoint is left");
    if (!kernel.standing) {
        ADD(target, HALT, 0);
        FUZZ_REQUIRE(kernel_ask(&kernel) == KDIO_DONE && kernel.result & KDIO_STUB_BREAK,
                     "the kernel is asked to stop");
        FUZZ_REQUIRE(kernel_trap(&kernel, KDIO_TRAP_BREAK), "and does");
    }
    ADD(target, RESUME, 0);
    FUZZ_REQUIRE(kernel_ask(&kernel) == KDIO_DONE, "and goes on");
    kernel_settle(&kernel);
    FUZZ_REQUIRE(!kernel.standing && kernel.answered, "for good");
    check_kernel();
}

static void start(struct fuzz_input *input)
{
    kernel_reset(&kernel);
    for (unsigned i = 0; i < CODE_SIZE; i++)
        shadow[i] = opcodes[fuzz_u8(input) % FUZZ_COUNT(opcodes)];
    memset(overwritten, 0, sizeof overwritten);
    kernel_load(&kernel, shadow, CODE_SIZE);
    kernel_start(&kernel);
    kernel_open(&kernel);
    kernel.frame.rsp = KERNEL_STACK - 256;
    (void)target_log(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };

    start(&input);
    for (unsigned i = 0; i < ACTIONS_MAX && input.left; i++) {
        actions[fuzz_u8(&input) % FUZZ_COUNT(actions)](&input);
        check_kernel();
        check_code();
    }
    check_end();
    return 0;
}
