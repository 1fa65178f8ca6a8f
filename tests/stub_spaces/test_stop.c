/* SPDX-License-Identifier: MIT */
/* test_stop.c: run control: stops, what is asked while the kernel stands, steps, and breakpoints. */
#include "tests/unit/unit.h"

#include "stub/stub.h"
#include "tests/stub_spaces/kernel.h"

#define REASON_BREAK      1u
#define REASON_STEP       2u
#define REASON_BREAKPOINT 3u
#define REASON_WATCHPOINT 4u
#define REASON_EXCEPTION  5u

#define SOFTWARE 0u
#define EXECUTE  1u
#define WRITE    2u
#define IO       3u
#define ACCESS   4u
#define NONE     0xffu

static struct kernel kernel;
static struct target *const target = &kernel.world.target;
static uint8_t *const code = kernel.world.memory + KERNEL_CODE_AT;

static int start(void **state)
{
    (void)state;
    kernel_reset(&kernel);
    kernel_start(&kernel);
    kernel_open(&kernel);
    return 0;
}

static void load(const uint8_t *bytes, size_t size)
{
    kernel_load(&kernel, bytes, size);
}
#define LOAD(...) load((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

#define ASK(status) assert_int_equal(kernel_ask(&kernel), KDIO_##status)

/* ---- What most tests ask ---- */

static void assert_state(unsigned reason, unsigned vector, uint64_t rip, unsigned breakpoint)
{
    ADD(target, STATE, 0);
    ASK(DONE);
    assert_int_equal(kernel_results_size(), 36);
    assert_int_equal(kernel_result(0, 1), 1);
    assert_int_equal(kernel_result(1, 1), reason);
    assert_int_equal(kernel_result(10, 1), vector);
    assert_int_equal(kernel_result(27, 8), rip);
    assert_int_equal(kernel_result(35, 1), breakpoint);
}

static uint64_t dr6_of_state(void)
{
    return kernel_result(19, 8);
}

static void halt(void)
{
    ADD(target, HALT, 0);
    ASK(DONE);
    assert_true(kernel.result & KDIO_STUB_BREAK);
    assert_true(kernel_trap(&kernel, KDIO_TRAP_BREAK));
}

/* The answer comes before the kernel has executed anything. */
static void go(void)
{
    unsigned executed = kernel.executed;

    ADD(target, GET_REGISTERS, 0); /* More than goes at once. */
    ADD(target, RESUME, 0);
    ASK(DONE);
    assert_int_equal(kernel.executed, executed);
    kernel_settle(&kernel);
    assert_true(kernel.told);
}

static void go_and_run(void)
{
    go();
    assert_false(kernel.standing);
    assert_true(kernel.answered);
}

static void step(void)
{
    ADD(target, RESUME, 1);
    ASK(DONE);
    assert_true(kernel.standing);
}

static unsigned set(unsigned kind, unsigned length, uint64_t address)
{
    ADD(target, SET_BREAKPOINT, kind, length, address);
    ASK(DONE);
    return (unsigned)kernel_result(0, 1);
}

static void assert_refused(enum kdio_status status, unsigned kind, unsigned length, uint64_t address)
{
    ADD(target, SET_BREAKPOINT, kind, length, address);
    assert_int_equal(kernel_ask(&kernel), status);
}

static void clear(unsigned id)
{
    ADD(target, CLEAR_BREAKPOINT, id);
    ASK(DONE);
}

/* The kernel executes the int3 of a breakpoint. */
static void run_into(unsigned id, uint64_t address)
{
    kernel.frame.rip = address;
    kernel_execute(&kernel);
    assert_true(kernel.standing);
    assert_state(REASON_BREAKPOINT, 3, address, id);
}

static void assert_flags(uint64_t flags)
{
    assert_int_equal(kernel.frame.rflags & (FLAG_TF | FLAG_IF), flags);
}

/* The int3 at an address is passed over: one instruction later it is there, and the flags are for the test to look at. */
static void passes(uint64_t address, uint64_t behind)
{
    kernel.frame.rip = address;
    kernel_execute(&kernel);
    assert_false(kernel.standing);
    assert_true(kernel.answered);
    assert_flags(FLAG_TF);
    kernel_execute(&kernel);
    assert_false(kernel.standing);
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, behind);
    assert_int_equal(code[address - KERNEL_CODE], 0xcc);
}

/* ---- Stopping ---- */

static void the_kernel_stops_when_asked(void **state)
{
    (void)state;
    halt();
    assert_state(REASON_BREAK, 0, KERNEL_CODE, NONE);
    assert_int_equal(kernel_result(2, 4), 1);
    ADD(target, HALT, 0);
    ASK(DONE);
    go_and_run();
    assert_false(kernel.result & KDIO_STUB_BREAK);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    halt();
    assert_state(REASON_BREAK, 0, KERNEL_CODE, NONE);
    assert_int_equal(kernel_result(2, 4), 2);
}

static void each_entry_says_that_it_is_to_stop(void **state)
{
    (void)state;
    ADD(target, HALT, 0);
    ASK(DONE);
    assert_true(kdio_stub_poll(target->stub) & KDIO_STUB_BREAK);
    assert_true(kdio_stub_handle(target->stub) & KDIO_STUB_BREAK);
    assert_true(kernel_trap(&kernel, 13)); /* A stop is a stop. */
    assert_state(REASON_EXCEPTION, 13, KERNEL_CODE, NONE);
    go_and_run();
    assert_false(kdio_stub_poll(target->stub) & KDIO_STUB_BREAK);
}

static void a_running_kernel_has_no_registers(void **state)
{
    const uint8_t bytes[2] = { 0 };

    (void)state;
    ADD(target, GET_REGISTERS, 0);
    ASK(NOT_STOPPED);
    ADD(target, SET_REGISTER, 0, 1);
    ASK(NOT_STOPPED);
    ADD(target, GET_FPU, 0, 2);
    ASK(NOT_STOPPED);
    ADD_TABLE(target, SET_FPU, bytes, 0, 2);
    ASK(NOT_STOPPED);
    ADD(target, RESUME, 0);
    ASK(NOT_STOPPED);
    ADD(target, RESUME, 1);
    ASK(NOT_STOPPED);
    ADD(target, STATE, 0);
    ASK(DONE);
    for (unsigned i = 0; i < 35; i++) /* But for the count of stops, 0 as yet, and the CPU. */
        assert_int_equal(kernel_result(i, 1), i == 6);
    assert_int_equal(kernel_result(35, 1), NONE);
}

static void registers(void **state)
{
    uint64_t *const in_frame = &kernel.frame.rax;

    (void)state;
    for (unsigned i = 0; i < 15; i++)
        in_frame[i] = 0x1111111111111111u * (i + 1);
    for (unsigned i = 0; i < 4; i++)
        kernel.world.registers[PLACE_DS + i] = 0x20 + i;
    for (unsigned i = 0; i < 3; i++)
        kernel.world.registers[PLACE_FS_BASE + i] = 0xffff000000000000 + i;
    halt();
    ADD(target, GET_REGISTERS, 0);
    ASK(DONE);
    assert_int_equal(kernel_results_size(), 180);
    for (unsigned i = 0; i < 16; i++) /* RSP is between RBP and R8. */
        assert_int_equal(kernel_result(8 * i, 8), i == 7 ? KERNEL_STACK : in_frame[i - (i > 7)]);
    assert_int_equal(kernel_result(128, 8), KERNEL_CODE);
    assert_int_equal(kernel_result(136, 8), FLAG_IF | 2);
    assert_int_equal(kernel_result(144, 2), 8);
    assert_int_equal(kernel_result(146, 2), 0x10);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(kernel_result(148 + 2 * i, 2), 0x20 + i);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(kernel_result(156 + 8 * i, 8), 0xffff000000000000 + i);
}

static void registers_are_set(void **state)
{
    (void)state;
    halt();
    for (unsigned i = 0; i < 16; i++)
        ADD(target, SET_REGISTER, i, 100 + i);
    ADD(target, SET_REGISTER, 16, KERNEL_CODE + 5);
    ADD(target, SET_REGISTER, 18, 0x33);
    ADD(target, SET_REGISTER, 26, 0x1234);
    ASK(DONE);
    ADD(target, SET_REGISTER, 20, 0);
    ASK(UNSUPPORTED);
    ADD(target, SET_REGISTER, 27, 0);
    ASK(BAD_OPERAND);
    go_and_run();
    assert_int_equal(kernel.frame.rax, 100);
    assert_int_equal(kernel.frame.rsp, 107);
    assert_int_equal(kernel.frame.r15, 115);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE + 5);
    assert_int_equal(kernel.frame.cs, 0x33);
    assert_int_equal(kernel.msrs[2], 0x1234);
}

static void the_fpu(void **state)
{
    const uint8_t bytes[3] = { 7, 8, 9 }, mxcsr[4] = { 0, 0, 1, 0 };

    (void)state;
    for (unsigned i = 0; i < 512; i++)
        kernel.fpu[i] = (uint8_t)(i * 3);
    memset(kernel.fpu + 24, 0, 8);
    halt();
    ADD(target, GET_FPU, 412, 100);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 1), (uint8_t)(412 * 3));
    assert_int_equal(kernel_result(99, 1), (uint8_t)(511 * 3));
    ADD_TABLE(target, SET_FPU, bytes, 160, 3);
    ASK(DONE);
    assert_int_equal(kernel.fpu[159], (uint8_t)(159 * 3));
    assert_memory_equal(kernel.fpu + 160, bytes, 3);
    assert_int_equal(kernel.fpu[163], (uint8_t)(163 * 3));
    ADD(target, GET_FPU, 511, 2);
    ASK(BAD_OPERAND);
    ADD_TABLE(target, SET_FPU, mxcsr, 24, 4); /* FXRSTOR would fault. */
    ASK(BAD_OPERAND);
    assert_int_equal(kernel.fpu[26], 0);
}

static void memory_and_ports_while_it_stands(void **state)
{
    const uint8_t bytes[4] = { 1, 2, 3, 4 };

    (void)state;
    kernel.pair_held = false;
    halt();
    kernel.pair_held = true; /* By the code that is stopped: never let go. */
    kernel.pair_asked = 0;
    ADD_TABLE(target, VPUT, bytes, WORLD_VIRTUAL + 6 * WORLD_PAGE, 4);
    ADD(target, PGET, 6 * WORLD_PAGE, 4);
    ADD(target, OUT8, 0x80, 0x55);
    ADD(target, IN8, 0x80);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 4), 0x04030201);
    assert_int_equal(kernel_result(4, 1), 0x55);
    assert_int_equal(kernel.pair_asked, 0);
}

static void it_is_told_until_it_is_known(void **state)
{
    (void)state;
    assert_true(kernel_trap(&kernel, 14));
    kernel_settle(&kernel);
    assert_int_equal(kernel_events(), 1);
    kernel_wait(&kernel, 600);
    assert_int_equal(kernel_events(), 3);
    ADD(target, GET_REGISTERS, 0);
    ASK(DONE);
    kernel_wait(&kernel, 300);
    assert_int_equal(kernel_events(), 4);
    assert_state(REASON_EXCEPTION, 14, KERNEL_CODE, NONE);
    kernel_wait(&kernel, 600);
    assert_int_equal(kernel_events(), 4);
    go_and_run();
    kernel_wait(&kernel, 600);
    assert_int_equal(kernel_events(), 4);
}

static void the_error_code_and_the_vector(void **state)
{
    (void)state;
    kernel.frame.error_code = 0x1234;
    assert_true(kernel_trap(&kernel, 13));
    assert_state(REASON_EXCEPTION, 13, KERNEL_CODE, NONE);
    assert_int_equal(kernel_result(11, 8), 0x1234);
}

static void without_a_session_it_is_the_kernels_affair(void **state)
{
    (void)state;
    kernel_reset(&kernel);
    kernel_start(&kernel);
    assert_false(kernel_trap(&kernel, 3));
    assert_false(kernel.answered);
    assert_false(kernel_trap(&kernel, 6));
    assert_false(kernel.answered);
    assert_false(kdio_stub_trap(NULL, &kernel.frame));
    kernel_open(&kernel);
    assert_true(kernel_trap(&kernel, 6));
}

static void a_kernel_that_calls_no_trap(void **state)
{
    (void)state;
    kernel_reset(&kernel);
    target->config.traps = false;
    kernel_start(&kernel);
    kernel_open(&kernel);
    ADD(target, HALT, 0);
    ASK(UNSUPPORTED);
    ADD(target, STATE, 0);
    ASK(UNSUPPORTED);
    assert_false(kernel_trap(&kernel, 3));
    assert_false(kernel.answered);
}

static void bad_ways_to_go_on(void **state)
{
    (void)state;
    halt();
    ADD(target, RESUME, 2);
    ASK(BAD_OPERAND);
    ADD(target, RESUME, 0);
    assert_int_equal(kernel_ask_atomic(&kernel), KDIO_BAD_OPERAND);
    ADD(target, RESUME, 1);
    assert_int_equal(kernel_ask_atomic(&kernel), KDIO_BAD_OPERAND);
    assert_true(kernel.standing);
    assert_int_equal(kernel.executed, 0);
}

/* The line takes nothing: the kernel runs all the same, if later. */
static void an_answer_that_cannot_leave(void **state)
{
    (void)state;
    halt();
    ADD(target, RESUME, 0);
    kernel_submit(&kernel);
    kernel.mute_lsr = true;
    kernel_wait(&kernel, 200);
    assert_false(kernel.standing);
    assert_false(kernel.told);
}

/* ---- Steps ---- */

static void one_instruction(void **state)
{
    (void)state;
    halt();
    step();
    assert_int_equal(kernel.executed, 1);
    assert_int_equal(kernel.rflags_before, FLAG_RF | FLAG_TF | 2); /* What is pending stays so. */
    assert_true(kernel.held_before);
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_true(dr6_of_state() & DR6_BS);
    assert_int_equal(kernel.world.registers[PLACE_DR6], DR6_NONE);
    assert_flags(FLAG_IF);
    assert_int_equal(kernel_events(), 1); /* Of the first stop alone: the answer tells of the others. */
    kernel.frame.rflags = 2;
    step();
    assert_flags(0);
    go_and_run();
    assert_int_equal(kernel.executed, 2);
}

static void steps_in_one_program(void **state)
{
    (void)state;
    halt();
    for (unsigned i = 0; i < 3; i++)
        ADD(target, RESUME, 1);
    ADD(target, GET_REGISTERS, 0);
    ASK(DONE);
    assert_int_equal(kernel.executed, 3);
    assert_int_equal(kernel_result(128, 8), KERNEL_CODE + 3);
    assert_int_equal(kernel_result(136, 8) & (FLAG_TF | FLAG_IF), FLAG_IF);
    assert_state(REASON_STEP, 1, KERNEL_CODE + 3, NONE);
    assert_int_equal(kernel_result(2, 4), 4);
}

static uint64_t on_stack(unsigned below)
{
    uint64_t value = 0;

    memcpy(&value, kernel.world.memory + KERNEL_STACK_AT - below, below < 8 ? below : 8);
    return value;
}

static void pushed_flags_do_not_tell(void **state)
{
    (void)state;
    LOAD(0x9c, 0x66, 0x9c, 0x9c);
    halt();
    step();
    assert_int_equal(on_stack(8), FLAG_IF | 2);
    step();
    assert_int_equal(on_stack(10) & 0xffff, FLAG_IF | 2);
    kernel.frame.rsp = KERNEL_STACK;
    kernel.frame.rflags = FLAG_TF | 2; /* The kernel's own. */
    step();
    assert_int_equal(on_stack(8), FLAG_TF | 2);
    assert_flags(FLAG_TF);
}

static void put_on_stack(const uint64_t *values, unsigned count)
{
    kernel.frame.rsp = KERNEL_STACK - 8 * count;
    memcpy(kernel.world.memory + KERNEL_STACK_AT - 8 * count, values, 8 * count);
}

static void popped_flags_are_as_popped(void **state)
{
    const uint64_t flags[] = { 2, FLAG_IF | 2, FLAG_TF | 2 };

    (void)state;
    LOAD(0x9d, 0x9d, 0x9d);
    halt();
    put_on_stack(flags, 3);
    step();
    assert_flags(0);
    step();
    assert_flags(FLAG_IF);
    step();
    assert_flags(FLAG_TF);
}

/* There POPF does not change RFLAGS.IF. */
static void popped_flags_of_a_user(void **state)
{
    const uint64_t flags[] = { 2 };

    (void)state;
    LOAD(0x9d);
    halt();
    kernel.frame.cs = 0x33;
    put_on_stack(flags, 1);
    step();
    assert_flags(FLAG_IF);
}

static void a_return_from_an_interrupt(void **state)
{
    const uint64_t frames[] = { KERNEL_CODE + 1, 8, 2, KERNEL_STACK - 40, 0x10,
                                KERNEL_CODE + 2, 0x33, FLAG_IF | 2, KERNEL_STACK, 0x2b };

    (void)state;
    LOAD(0xcf, 0xcf);
    halt();
    put_on_stack(frames, 10);
    step();
    assert_flags(0);
    step();
    assert_flags(FLAG_IF);
    assert_int_equal(kernel.frame.cs, 0x33);
}

static void interrupts_on_and_off(void **state)
{
    (void)state;
    LOAD(0xfa, 0x90, 0xfb, 0x90);
    halt();
    step();
    assert_flags(0);
    step();
    assert_flags(0);
    step();
    assert_flags(FLAG_IF);
    step();
    assert_flags(FLAG_IF);
}

static void waiting_for_an_interrupt(void **state)
{
    (void)state;
    LOAD(0xf4, 0x90);
    assert_true(kernel_trap(&kernel, 14));
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_true(dr6_of_state() & DR6_BS);
    assert_flags(FLAG_IF);
    assert_int_equal(kernel_result(2, 4), 2);
    assert_int_equal(kernel_events(), 1);
    assert_int_equal(kernel.executed, 0);
}

/* A host that goes away takes back what it asked for and did not get. */
static void a_stop_that_is_taken_back(void **state)
{
    (void)state;
    ADD(target, HALT, 0);
    ASK(DONE);
    assert_true(kernel.result & KDIO_STUB_BREAK);
    ADD(target, GET_REGISTERS, 0);
    ASK(NOT_STOPPED);
    assert_true(kdio_stub_poll(target->stub) & KDIO_STUB_BREAK);
    ADD(target, RESUME, 0);
    ASK(NOT_STOPPED);
    assert_false(kdio_stub_poll(target->stub) & KDIO_STUB_BREAK);
    assert_false(kernel_trap(&kernel, KDIO_TRAP_BREAK)); /* By whoever was told before. */
    assert_true(kernel.answered);
}

/* Two entries, one in the interrupt that strikes as the other ends, are told of one stop. */
static void one_stop_for_two_that_are_told(void **state)
{
    (void)state;
    ADD(target, HALT, 0);
    ASK(DONE);
    assert_true(kernel.result & KDIO_STUB_BREAK);
    assert_true(kdio_stub_handle(target->stub) & KDIO_STUB_BREAK);
    assert_true(kernel_trap(&kernel, KDIO_TRAP_BREAK));
    go_and_run();
    assert_false(kernel_trap(&kernel, KDIO_TRAP_BREAK));
    assert_true(kernel.answered);
}

/* MWAIT waits as HLT does. */
static void waiting_for_a_write(void **state)
{
    (void)state;
    LOAD(0x0f, 0x01, 0xc9, 0x90);
    halt();
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 3, NONE);
    assert_flags(FLAG_IF);
    assert_int_equal(kernel.executed, 0);
}

static const struct {
    uint8_t code[3], size;
} untraced[] = {
    { { 0xcd, 0x41 }, 2 }, { { 0x0f, 0x05 }, 2 }, { { 0x0f, 0x07 }, 2 }, { { 0x48, 0x0f, 0x07 }, 3 },
    { { 0x0f, 0x34 }, 2 }, { { 0x0f, 0x35 }, 2 },
};

/* INT n, SYSCALL, SYSRET, SYSENTER, SYSEXIT: no trap comes behind them, and the stub would wait for it. */
static void what_cannot_be_stepped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof untraced / sizeof untraced[0]; i++) {
        (void)start(NULL);
        load(untraced[i].code, untraced[i].size);
        halt();
        ADD(target, RESUME, 1);
        ASK(UNSUPPORTED);
        assert_true(kernel.standing);
        assert_int_equal(kernel.executed, 0);
        assert_state(REASON_BREAK, 0, KERNEL_CODE, NONE);
        assert_flags(FLAG_IF);
        go_and_run();
        kernel_execute(&kernel);
        assert_int_equal(kernel.frame.rip, KERNEL_CODE + untraced[i].size);
    }
}

/* An int3 there is out until the host looks at memory again. */
static void a_breakpoint_on_what_cannot_be_stepped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof untraced / sizeof untraced[0]; i++) {
        unsigned id;

        (void)start(NULL);
        load(untraced[i].code, untraced[i].size);
        id = set(SOFTWARE, 1, KERNEL_CODE);
        run_into(id, KERNEL_CODE);
        ADD(target, RESUME, 1);
        ASK(UNSUPPORTED);
        assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE, id);
        go();
        kernel_execute(&kernel);
        assert_false(kernel.standing);
        assert_int_equal(kernel.frame.rip, KERNEL_CODE + untraced[i].size);
        assert_flags(FLAG_IF);
        ADD(target, VREAD8, KERNEL_CODE, 1);
        ASK(DONE);
        assert_int_equal(kernel_result(0, 1), untraced[i].code[0]);
        run_into(id, KERNEL_CODE);
    }
}

/* The instruction faults, and the handler has a breakpoint, or faults itself: none of it is the step's end. */
static void a_handler_in_the_midst_of_a_step(void **state)
{
    struct kdio_trap_frame stepped;
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE + 8);
    halt();
    ADD(target, RESUME, 1);
    kernel_submit(&kernel);
    while (kernel.standing)
        kernel_round(&kernel);
    assert_flags(FLAG_TF);
    stepped = kernel.frame;
    kernel.frame.rflags = 2;
    passes(KERNEL_CODE + 8, KERNEL_CODE + 9);
    assert_flags(0);
    assert_false(kernel_trap(&kernel, 13));
    assert_false(kernel.answered);
    kernel.frame = stepped;
    kernel_settle(&kernel);
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_flags(FLAG_IF);
    go_and_run();
    run_into(id, KERNEL_CODE + 8);
}

static void a_fault_comes_before_the_step(void **state)
{
    (void)state;
    LOAD(0x0f, 0x0b);
    halt();
    step();
    assert_state(REASON_EXCEPTION, 6, KERNEL_CODE, NONE);
    assert_flags(FLAG_IF);
}

static void code_that_cannot_be_read(void **state)
{
    (void)state;
    halt();
    kernel.world.absent[8] = true;
    ADD(target, RESUME, 1);
    ASK(DONE);
    assert_true(kernel.standing);
}

static void an_int1_is_no_step(void **state)
{
    (void)state;
    LOAD(0xf1, 0xf1);
    kernel_execute(&kernel);
    assert_true(kernel.standing);
    assert_state(REASON_EXCEPTION, 1, KERNEL_CODE + 1, NONE);
    step();
    assert_state(REASON_EXCEPTION, 1, KERNEL_CODE + 2, NONE);
    assert_flags(FLAG_IF);
}

static void the_kernels_debug_registers(void **state)
{
    (void)state;
    kernel.world.registers[PLACE_DR7] |= DR7_GD;
    assert_true(kernel_trap_debug(&kernel, DR6_BD));
    assert_state(REASON_EXCEPTION, 1, KERNEL_CODE, NONE);
    assert_int_equal(dr6_of_state(), DR6_NONE | DR6_BD);
    assert_int_equal(kernel.world.registers[PLACE_DR6], DR6_NONE);
}

/* ---- int3 ---- */

static void an_int3_of_the_kernels_own(void **state)
{
    (void)state;
    LOAD(0xcc, 0x90, 0xcc);
    kernel_execute(&kernel);
    assert_true(kernel.standing);
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE + 1, NONE);
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 2, NONE);
    step();
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE + 3, NONE);
    assert_flags(FLAG_IF);
    go_and_run();
}

static void a_software_breakpoint(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE + 2);
    assert_int_equal(id, 4);
    assert_int_equal(code[2], 0xcc);
    run_into(id, KERNEL_CODE + 2);
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 3, NONE);
    assert_int_equal(code[2], 0xcc);
    go_and_run();
    run_into(id, KERNEL_CODE + 2);
    go_and_run();
    assert_int_equal(kernel.frame.rip, KERNEL_CODE + 3);
    assert_flags(FLAG_IF);
    assert_int_equal(code[2], 0xcc);
    clear(id);
    assert_int_equal(code[2], 0x90);
    ADD(target, CLEAR_BREAKPOINT, id);
    ASK(BAD_OPERAND);
}

/* The host does not see that step: what comes instead of it, it does. */
static void a_fault_beneath_a_breakpoint(void **state)
{
    unsigned id;

    (void)state;
    LOAD(0x0f, 0x0b);
    id = set(SOFTWARE, 1, KERNEL_CODE);
    run_into(id, KERNEL_CODE);
    go();
    assert_true(kernel.standing);
    assert_int_equal(code[0], 0xcc);
    assert_flags(FLAG_IF);
    assert_state(REASON_EXCEPTION, 6, KERNEL_CODE, NONE);
}

static void a_wait_beneath_a_breakpoint(void **state)
{
    unsigned id;

    (void)state;
    LOAD(0xf4);
    id = set(SOFTWARE, 1, KERNEL_CODE);
    run_into(id, KERNEL_CODE);
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    go_and_run();
    run_into(id, KERNEL_CODE);
    go_and_run();
    assert_int_equal(kernel.frame.rip, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    assert_int_equal(code[0], 0xcc);
}

static void an_own_int3_beneath_a_breakpoint(void **state)
{
    unsigned id;

    (void)state;
    LOAD(0xcc);
    id = set(SOFTWARE, 1, KERNEL_CODE);
    run_into(id, KERNEL_CODE);
    go();
    assert_true(kernel.standing);
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE + 1, NONE);
    clear(id);
    assert_int_equal(code[0], 0xcc);
    go_and_run();
}

static void two_breakpoints_in_a_row(void **state)
{
    unsigned first, second;

    (void)state;
    first = set(SOFTWARE, 1, KERNEL_CODE);
    second = set(SOFTWARE, 1, KERNEL_CODE + 1);
    run_into(first, KERNEL_CODE);
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    kernel.frame.rip = KERNEL_CODE;
    go_and_run();
    kernel_execute(&kernel);
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE + 1, second);
}

/* The same page elsewhere. */
static void an_int3_at_another_address(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE + 3);
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, KERNEL_ALIAS + 3);
    run_into(id, KERNEL_ALIAS + 3);
    go_and_run();
    assert_int_equal(kernel.frame.rip, KERNEL_ALIAS + 4);
    assert_int_equal(code[3], 0xcc);
}

static void memory_is_seen_without_int3(void **state)
{
    (void)state;
    LOAD(1, 2, 3, 4, 5, 6, 7, 8);
    (void)set(SOFTWARE, 1, KERNEL_CODE + 1);
    (void)set(SOFTWARE, 1, KERNEL_CODE + 6);
    ADD(target, VREAD64, KERNEL_CODE, 1);
    ADD(target, VGET, KERNEL_ALIAS, 8);
    ADD(target, PREAD8, WORLD_PHYSICAL(KERNEL_CODE_AT), 8);
    ADD(target, PGET, WORLD_PHYSICAL(KERNEL_CODE_AT + 1), 7);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 8), 0x0807060504030201);
    assert_int_equal(kernel_result(8, 8), 0x0807060504030201);
    assert_int_equal(kernel_result(16, 8), 0x0807060504030201);
    assert_int_equal(kernel_result(24, 7), 0x08070605040302);
    assert_int_equal(code[1], 0xcc);
    assert_int_equal(code[6], 0xcc);
    assert_false(target->interrupts_off);
    ADD(target, VREAD8, WORLD_VIRTUAL + WORLD_SIZE, 1); /* A fault changes nothing of it. */
    ASK(FAULT);
    assert_int_equal(code[1], 0xcc);
    assert_false(target->interrupts_off);
}

static void memory_is_written_beneath_int3(void **state)
{
    const uint8_t bytes[4] = { 0x11, 0x12, 0x13, 0xcc };
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE + 1);
    ADD_TABLE(target, VPUT, bytes, KERNEL_CODE, 4);
    ADD(target, VREAD32, KERNEL_CODE, 1);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 4), 0xcc131211);
    assert_int_equal(code[1], 0xcc);
    ADD_TABLE(target, PPUT, bytes + 1, WORLD_PHYSICAL(KERNEL_CODE_AT + 1), 1);
    ADD_TABLE(target, VPUT, bytes + 2, KERNEL_ALIAS + 1, 1);
    ASK(DONE);
    assert_int_equal(code[1], 0xcc);
    clear(id);
    assert_int_equal(code[1], 0x13);
    id = set(SOFTWARE, 1, KERNEL_CODE + 3);
    clear(id);
    assert_int_equal(code[3], 0xcc); /* What the kernel has there is the kernel's. */
}

static void what_the_kernel_writes_stays(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE);
    code[0] = 0x55;
    clear(id);
    assert_int_equal(code[0], 0x55);
    (void)target_log(target);
    ADD(target, VREAD8, KERNEL_CODE, 1);
    ASK(DONE);
    assert_string_equal(target_log(target), ""); /* Nothing is taken out: interrupts stay on. */
}

/* ---- Debug registers ---- */

static uint64_t dr7(void)
{
    return kernel.world.registers[PLACE_DR7];
}

static void hardware_breakpoints(void **state)
{
    (void)state;
    assert_int_equal(set(EXECUTE, 1, KERNEL_CODE), 0);
    assert_int_equal(set(WRITE, 4, WORLD_VIRTUAL + 4), 1);
    assert_int_equal(set(ACCESS, 8, WORLD_VIRTUAL + 8), 2);
    assert_int_equal(set(WRITE, 2, WORLD_VIRTUAL + 2), 3);
    assert_int_equal(dr7(), 0x400 | 0xaa | 0x5bd00000);
    assert_int_equal(kernel.world.registers[PLACE_DR0 + 2], WORLD_VIRTUAL + 8);
    assert_refused(KDIO_NO_BREAKPOINT, EXECUTE, 1, KERNEL_CODE + 1);
    ADD(target, GET_BREAKPOINT, 1);
    ADD(target, GET_BREAKPOINT, 15);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 1), WRITE);
    assert_int_equal(kernel_result(1, 1), 4);
    assert_int_equal(kernel_result(2, 8), WORLD_VIRTUAL + 4);
    assert_int_equal(kernel_result(10, 1), 0xff);
    clear(1);
    assert_int_equal(dr7(), 0x400 | 0xa2 | 0x5b000000);
    assert_int_equal(set(ACCESS, 1, 3), 1);
}

static void stops_of_debug_registers(void **state)
{
    (void)state;
    (void)set(EXECUTE, 1, KERNEL_CODE);
    (void)set(WRITE, 4, WORLD_VIRTUAL);
    assert_true(kernel_trap_debug(&kernel, 1));
    assert_state(REASON_BREAKPOINT, 1, KERNEL_CODE, 0);
    go_and_run();
    assert_true(kernel.frame.rflags & FLAG_RF);
    assert_true(kernel_trap_debug(&kernel, 2));
    assert_state(REASON_WATCHPOINT, 1, KERNEL_CODE, 1);
    go_and_run();
    assert_true(kernel_trap_debug(&kernel, 3)); /* Both at once: the first, and DR6 tells. */
    assert_state(REASON_BREAKPOINT, 1, KERNEL_CODE, 0);
    assert_int_equal(dr6_of_state(), DR6_NONE | 3);
    go_and_run();
    assert_true(kernel_trap_debug(&kernel, 4 | 2)); /* DR6 may name those that are not enabled. */
    assert_state(REASON_WATCHPOINT, 1, KERNEL_CODE, 1);
    go_and_run();
    assert_true(kernel_trap_debug(&kernel, 4));
    assert_state(REASON_EXCEPTION, 1, KERNEL_CODE, NONE);
}

static void io_breakpoints_have_what_they_need(void **state)
{
    unsigned first, second;

    (void)state;
    first = set(IO, 1, 0x80);
    assert_int_equal(kernel.world.registers[PLACE_CR4], CR4_DE);
    second = set(IO, 4, 0xfffc);
    clear(first);
    assert_int_equal(kernel.world.registers[PLACE_CR4], CR4_DE);
    clear(second);
    assert_int_equal(kernel.world.registers[PLACE_CR4], 0);
    kernel.world.registers[PLACE_CR4] = CR4_DE; /* The kernel's own. */
    clear(set(IO, 2, 0x80));
    assert_int_equal(kernel.world.registers[PLACE_CR4], CR4_DE);
}

static void breakpoints_that_cannot_be(void **state)
{
    const uint8_t lengths[] = { 0, 2, 3, 4, 8, 255 };

    (void)state;
    for (unsigned i = 0; i < sizeof lengths; i++) {
        assert_refused(KDIO_BAD_OPERAND, SOFTWARE, lengths[i], KERNEL_CODE);
        assert_refused(KDIO_BAD_OPERAND, EXECUTE, lengths[i], KERNEL_CODE);
    }
    assert_refused(KDIO_BAD_OPERAND, 5, 1, KERNEL_CODE);
    assert_refused(KDIO_BAD_OPERAND, 0xff, 1, KERNEL_CODE);
    for (unsigned kind = WRITE; kind <= ACCESS; kind++) {
        assert_refused(KDIO_BAD_OPERAND, kind, 0, 0x40);
        assert_refused(KDIO_BAD_OPERAND, kind, 3, 0x40);
        assert_refused(KDIO_BAD_OPERAND, kind, 16, 0x40);
        assert_refused(KDIO_BAD_OPERAND, kind, 4, 0x42);
    }
    assert_refused(KDIO_BAD_OPERAND, IO, 8, 0x80);
    assert_refused(KDIO_BAD_OPERAND, IO, 1, 0x10000);
    assert_refused(KDIO_BAD_OPERAND, IO, 4, UINT64_MAX - 3);
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, 0x1000);           /* Not mapped, */
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, 0x0000800000000000); /* no address, */
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, WORLD_DIRECT + 0x20000000); /* no memory. */
    ADD(target, GET_BREAKPOINT, 4);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 1), 0xff);
}

static void numbers_that_name_nothing(void **state)
{
    const uint8_t numbers[] = { 0, 4, 15, 16, 17, 255 };

    (void)state;
    for (unsigned i = 0; i < sizeof numbers; i++) {
        ADD(target, CLEAR_BREAKPOINT, numbers[i]);
        ASK(BAD_OPERAND);
        ADD(target, GET_BREAKPOINT, numbers[i]);
        assert_int_equal(kernel_ask(&kernel), numbers[i] < 16 ? KDIO_DONE : KDIO_BAD_OPERAND);
    }
}

static void all_software_breakpoints(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(set(SOFTWARE, 1, KERNEL_CODE + i), 4 + i);
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, KERNEL_CODE + 12);
    assert_int_equal(code[12], 0x90);
    clear(9);
    assert_refused(KDIO_NO_BREAKPOINT, SOFTWARE, 1, KERNEL_CODE);
    assert_int_equal(set(SOFTWARE, 1, KERNEL_CODE + 12), 9);
    ADD(target, VGET, KERNEL_CODE, 16);
    ASK(DONE);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(kernel_result(i, 1), 0x90);
}

static void breakpoints_outlive_sessions(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE);
    (void)set(WRITE, 1, WORLD_VIRTUAL);
    run_into(id, KERNEL_CODE);
    kernel_open(&kernel); /* Another host, while it stands. */
    assert_true(kernel.standing);
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE, id);
    ADD(target, GET_BREAKPOINT, id);
    ADD(target, GET_BREAKPOINT, 0);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 1), SOFTWARE);
    assert_int_equal(kernel_result(2, 8), KERNEL_CODE);
    assert_int_equal(kernel_result(10, 1), WRITE);
    go_and_run();
    kernel_open(&kernel);
    run_into(id, KERNEL_CODE);
}

/* ---- A stub that is at work ---- */

/* Another entry holds the stub: of this processor, or of one that goes on meanwhile. */
#define THIS_PROCESSOR  2u
#define OTHER_PROCESSOR 7u

static void held_by(uint32_t processor)
{
    target->stub->busy = true;
    target->stub->stop.holder = processor;
}

static void let_go(void)
{
    target->stub->busy = false;
    target->stub->stop.holder = KDIO_NOBODY;
}

static void a_trap_beside(void **state)
{
    (void)state;
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    assert_false(kernel_trap(&kernel, 14));
    assert_false(kernel.answered);
    kernel.frame.rip = KERNEL_CODE + 5;
    assert_false(kernel_trap(&kernel, 3));
    assert_false(kernel.answered);
    let_go();
}

static void a_breakpoint_beside_is_passed_over_and_stays(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    passes(KERNEL_CODE, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    passes(KERNEL_CODE, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    assert_int_equal(kernel.world.registers[PLACE_DR6], DR6_NONE);
    let_go();
    run_into(id, KERNEL_CODE);
    go_and_run();
    assert_int_equal(code[0], 0xcc);
}

/* What its instruction comes to is the kernel's affair, */
static void a_fault_beneath_one_that_is_passed_over(void **state)
{
    unsigned id;

    (void)state;
    LOAD(0x0f, 0x0b);
    id = set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    kernel_execute(&kernel);
    assert_true(kernel.answered);
    kernel_execute(&kernel);
    assert_false(kernel.answered);
    assert_int_equal(kernel.frame.vector, 6);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    assert_flags(FLAG_IF);
    assert_int_equal(code[0], 0xcc);
    let_go();
    run_into(id, KERNEL_CODE);
}

/* and so is an int3 of its own. A wait for an interrupt is over at once. */
static void others_beneath_one_that_is_passed_over(void **state)
{
    (void)state;
    LOAD(0xcc);
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    kernel_execute(&kernel);
    kernel_execute(&kernel);
    assert_false(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    let_go();
    clear(4);
    LOAD(0xf4);
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    kernel_execute(&kernel);
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    assert_int_equal(code[0], 0xcc);
    let_go();
}

/* The hook's own code has the breakpoint: what takes it out runs into it. */
static bool hook_strikes;
static unsigned hook_struck;
static void *(*hook_map)(void *context, uint64_t physical, uint64_t *size);

static void *map_with_breakpoint(void *context, uint64_t physical, uint64_t *size)
{
    struct kdio_trap_frame frame = { .vector = 3, .rip = KERNEL_CODE + 1, .rflags = 2, .cs = 8 };

    if (hook_strikes && code[0] == 0xcc) {
        hook_struck++;
        assert_true(kdio_stub_trap(target->stub, &frame));
        assert_int_equal(frame.rip, KERNEL_CODE);
    }
    return hook_map(context, physical, size);
}

static void a_breakpoint_on_the_way_to_memory(void **state)
{
    (void)state;
    hook_map = target->config.map;
    target->config.map = map_with_breakpoint;
    hook_strikes = false;
    kernel_start(&kernel);
    kernel_open(&kernel);
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    hook_strikes = true;
    hook_struck = 0;
    held_by(THIS_PROCESSOR);
    kernel.frame.rip = KERNEL_CODE;
    kernel_execute(&kernel);
    assert_true(kernel.answered);
    assert_int_equal(hook_struck, 1);
    assert_int_equal(code[0], 0x90);
    kernel_execute(&kernel);
    assert_true(kernel.answered);
    assert_flags(FLAG_IF);
    let_go();
    hook_strikes = false;
    ADD(target, GET_BREAKPOINT, 4);
    ASK(DONE);
    assert_int_equal(kernel_result(0, 1), 0xff);
}

/* While another processor has the stub, an int3 strikes again and again, whosever it is; then it is judged. */
static void a_breakpoint_beside_another_processor_waits(void **state)
{
    unsigned id;

    (void)state;
    id = set(SOFTWARE, 1, KERNEL_CODE);
    held_by(OTHER_PROCESSOR);
    for (unsigned i = 0; i < 3; i++) {
        kernel.frame.rip = KERNEL_CODE;
        kernel_execute(&kernel);
        assert_true(kernel.answered);
        assert_int_equal(kernel.frame.rip, KERNEL_CODE);
        assert_flags(FLAG_IF);
        assert_int_equal(code[0], 0xcc);
    }
    held_by(KDIO_NOBODY); /* It comes, or goes. */
    kernel_execute(&kernel);
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    let_go();
    run_into(id, KERNEL_CODE);
    clear(id);
    go_and_run();
    held_by(KDIO_NOBODY); /* Since before there was a breakpoint: it is the kernel's own. */
    kernel.frame.rip = KERNEL_CODE + 1;
    assert_false(kernel_trap(&kernel, 3));
    assert_false(kernel.answered);
    let_go();
}

/* So does a fault; a debug register's breakpoint is passed over. */
static void a_fault_beside_another_processor_waits(void **state)
{
    unsigned id;

    (void)state;
    id = set(EXECUTE, 1, KERNEL_CODE);
    held_by(OTHER_PROCESSOR);
    assert_false(kernel_trap(&kernel, 13));
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    assert_flags(FLAG_IF);
    assert_false(kernel_trap_debug(&kernel, 1u << id));
    assert_true(kernel.answered);
    let_go();
    assert_true(kernel_trap(&kernel, 13));
    assert_state(REASON_EXCEPTION, 13, KERNEL_CODE, NONE);
}

/* It was cleared between the exception and the stub. */
static void a_breakpoint_that_is_gone(void **state)
{
    (void)state;
    kernel.frame.rip = KERNEL_CODE + 1;
    assert_false(kernel_trap(&kernel, 3));
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    assert_flags(FLAG_IF);
    LOAD(0xcd, 0x03); /* The kernel's own, in its long form. */
    kernel.frame.rip = KERNEL_CODE + 2;
    assert_true(kernel_trap(&kernel, 3));
    assert_state(REASON_BREAKPOINT, 3, KERNEL_CODE + 2, NONE);
}

/* Another processor's traps are not the ends of this one's steps. */
static void processors_step_apart(void **state)
{
    struct kdio_trap_frame first;

    (void)state;
    kernel.world.leaf_max = 11;
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    halt();
    ADD(target, RESUME, 1);
    kernel_submit(&kernel);
    while (kernel.standing)
        kernel_round(&kernel);
    assert_flags(FLAG_TF);
    kernel.world.empty_leaf = 11; /* The processor's number comes from leaf 1 then. */
    first = kernel.frame;
    kernel.frame.rip = KERNEL_CODE + 1; /* It struck before the step took the int3 out. */
    kernel.frame.rflags ^= FLAG_TF | FLAG_IF;
    assert_false(kernel_trap(&kernel, 3));
    assert_true(kernel.answered);
    assert_int_equal(kernel.frame.rip, KERNEL_CODE);
    assert_flags(FLAG_IF);
    assert_int_equal(code[0], 0x90);
    kernel.world.empty_leaf = 0;
    kernel.frame = first;
    kernel_settle(&kernel);
    assert_true(kernel.standing);
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_flags(FLAG_IF);
    assert_int_equal(code[0], 0xcc);
    clear(4);
    assert_int_equal(code[0], 0x90);
    go_and_run();
}

/* ---- Memory that the stub itself looks at is watched ---- */

static bool (*watched_access)(void *context, enum kdio_access what, uint64_t at, uint64_t *value,
                              struct kdio_stub_fault *fault);
static uint64_t watched_at;
static unsigned watched_struck;

/* The exception comes behind the access. */
static bool access_and_strike(void *context, enum kdio_access what, uint64_t at, uint64_t *value,
                              struct kdio_stub_fault *fault)
{
    struct kdio_trap_frame frame = { .vector = 1, .rip = 0x1234, .rflags = 2, .cs = 8 };
    bool done = watched_access(context, what, at, value, fault);

    if (at == watched_at && kernel.world.registers[PLACE_DR7] & 0xff) {
        assert_true(++watched_struck < 100);
        kernel.world.registers[PLACE_DR6] |= 1;
        assert_true(kdio_stub_trap(target->stub, &frame));
        assert_int_equal(frame.rip, 0x1234);
        assert_false(frame.rflags & FLAG_TF);
    }
    return done;
}

static void start_watched(uint64_t at)
{
    watched_access = target->machine.access;
    target->machine.access = access_and_strike;
    watched_at = at;
    watched_struck = 0;
    kernel_start(&kernel);
    kernel_open(&kernel);
    (void)set(ACCESS, 1, at);
}

static void the_code_is_watched(void **state)
{
    (void)state;
    start_watched(KERNEL_CODE);
    halt();
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_int_equal(kernel.executed, 1);
    assert_true(watched_struck);
    go_and_run();
    assert_flags(FLAG_IF);
}

/* Both ends of a step over an int3, and of one that is passed over. */
static void where_an_int3_lies_is_watched(void **state)
{
    unsigned id;

    (void)state;
    start_watched(KERNEL_ALIAS);
    id = set(SOFTWARE, 1, KERNEL_CODE);
    held_by(THIS_PROCESSOR);
    passes(KERNEL_CODE, KERNEL_CODE + 1);
    assert_flags(FLAG_IF);
    let_go();
    run_into(id, KERNEL_CODE);
    step();
    assert_state(REASON_STEP, 1, KERNEL_CODE + 1, NONE);
    assert_int_equal(code[0], 0xcc);
    go_and_run();
    assert_flags(FLAG_IF);
}

/* How often the UART was accessed while interrupts could come in, since it was asked last. */
static unsigned let_in(void)
{
    unsigned count = kernel.open_accesses;

    kernel.open_accesses = 0;
    return count;
}

/* Interrupts are off while the stub works, so that it never has to pass over a breakpoint of theirs; between the steps of
 * a plain program they may come. */
static void what_has_breakpoints_is_not_let_in(void **state)
{
    unsigned id;

    (void)state;
    (void)kdio_stub_poll(target->stub);
    assert_true(let_in() > 0);
    id = set(EXECUTE, 1, KERNEL_CODE);
    (void)target_log(target);
    (void)let_in();
    (void)kdio_stub_poll(target->stub);
    assert_int_equal(let_in(), 0);
    held_by(THIS_PROCESSOR);
    (void)kdio_stub_poll(target->stub);
    assert_true(let_in() > 0);
    let_go();
    kdio_stub_watch(target->stub, true);
    assert_true(kdio_stub_suspend(target->stub));
    assert_int_equal(let_in(), 0);
    kdio_stub_resume(target->stub);
    ADD(target, OUT8, 0x80, 1);
    ADD(target, OUT8, 0x80, 2);
    ASK(DONE);
    assert_non_null(strstr(target_log(target), "off out8(80,1) on off out8(80,2) on"));
    ADD(target, OUT8, 0x80, 1);
    ADD(target, OUT8, 0x80, 2);
    assert_int_equal(kernel_ask_atomic(&kernel), KDIO_DONE);
    assert_non_null(strstr(target_log(target), "off out8(80,1) out8(80,2) on"));
    clear(id);
    (void)let_in();
    (void)kdio_stub_poll(target->stub);
    assert_true(let_in() > 0);
}

/* An interrupt whose handler stops would leave the UART to nobody. */
static void the_fifo_is_emptied_without_interrupts(void **state)
{
    (void)state;
    (void)let_in();
    for (unsigned i = 0; i < 20; i++) {
        ADD(target, OUT8, 0x80, 1);
        ASK(DONE);
    }
    assert_int_equal(kernel.open_reads, 0);
}

/* The host looks at what it watches, while the kernel stands and while it runs. */
static void a_watched_place_is_looked_at(void **state)
{
    (void)state;
    (void)set(EXECUTE, 1, KERNEL_CODE);
    (void)set(ACCESS, 4, WORLD_VIRTUAL);
    held_by(THIS_PROCESSOR);
    assert_false(kernel_trap_debug(&kernel, 2));
    assert_true(kernel.answered);
    assert_int_equal(kernel.world.registers[PLACE_DR6], DR6_NONE);
    kernel.frame.rflags &= ~(uint64_t)FLAG_RF;
    assert_false(kernel_trap_debug(&kernel, 1));
    assert_true(kernel.answered);
    assert_true(kernel.frame.rflags & FLAG_RF); /* Else it would strike again. */
    assert_false(kernel_trap_debug(&kernel, DR6_BS));
    assert_false(kernel.answered);
    let_go();
}

static void a_trap_while_the_kernel_has_the_uart(void **state)
{
    (void)state;
    (void)set(SOFTWARE, 1, KERNEL_CODE);
    assert_true(kdio_stub_suspend(target->stub));
    assert_false(kernel_trap(&kernel, 14));
    assert_false(kernel.answered);
    kernel.frame.rip = KERNEL_CODE;
    passes(KERNEL_CODE, KERNEL_CODE + 1);
    assert_flags(FLAG_IF); /* As nobody can be asked. */
    kdio_stub_resume(target->stub);
    halt();
}

#define TEST(function) cmocka_unit_test_setup(function, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_kernel_stops_when_asked), TEST(each_entry_says_that_it_is_to_stop),
        TEST(a_running_kernel_has_no_registers), TEST(registers), TEST(registers_are_set), TEST(the_fpu),
        TEST(memory_and_ports_while_it_stands), TEST(it_is_told_until_it_is_known),
        TEST(the_error_code_and_the_vector), TEST(without_a_session_it_is_the_kernels_affair),
        TEST(a_kernel_that_calls_no_trap), TEST(bad_ways_to_go_on), TEST(an_answer_that_cannot_leave),
        TEST(one_instruction), TEST(steps_in_one_program), TEST(pushed_flags_do_not_tell),
        TEST(popped_flags_are_as_popped), TEST(popped_flags_of_a_user), TEST(a_return_from_an_interrupt),
        TEST(interrupts_on_and_off), TEST(waiting_for_an_interrupt), TEST(a_fault_comes_before_the_step),
        TEST(code_that_cannot_be_read), TEST(an_int1_is_no_step), TEST(the_kernels_debug_registers),
        TEST(an_int3_of_the_kernels_own), TEST(a_software_breakpoint), TEST(a_fault_beneath_a_breakpoint),
        TEST(a_wait_beneath_a_breakpoint), TEST(an_own_int3_beneath_a_breakpoint), TEST(two_breakpoints_in_a_row),
        TEST(an_int3_at_another_address), TEST(memory_is_seen_without_int3), TEST(memory_is_written_beneath_int3),
        TEST(what_the_kernel_writes_stays), TEST(hardware_breakpoints), TEST(stops_of_debug_registers),
        TEST(io_breakpoints_have_what_they_need), TEST(breakpoints_that_cannot_be), TEST(numbers_that_name_nothing),
        TEST(all_software_breakpoints), TEST(breakpoints_outlive_sessions), TEST(a_trap_beside),
        TEST(a_breakpoint_beside_is_passed_over_and_stays), TEST(a_fault_beneath_one_that_is_passed_over),
        TEST(others_beneath_one_that_is_passed_over), TEST(a_breakpoint_on_the_way_to_memory),
        TEST(a_breakpoint_beside_another_processor_waits), TEST(a_fault_beside_another_processor_waits),
        TEST(a_stop_that_is_taken_back), TEST(one_stop_for_two_that_are_told), TEST(waiting_for_a_write), TEST(what_cannot_be_stepped), TEST(a_breakpoint_on_what_cannot_be_stepped),
        TEST(a_handler_in_the_midst_of_a_step), TEST(the_fifo_is_emptied_without_interrupts), TEST(a_breakpoint_that_is_gone),
        TEST(processors_step_apart), TEST(the_code_is_watched), TEST(where_an_int3_lies_is_watched), TEST(what_has_breakpoints_is_not_let_in),
        TEST(a_watched_place_is_looked_at), TEST(a_trap_while_the_kernel_has_the_uart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
