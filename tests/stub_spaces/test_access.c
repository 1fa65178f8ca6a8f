/* SPDX-License-Identifier: MIT */
/*
 * test_access.c: the accesses that may fault, on the processor that runs this: the signal of a fault stands for the
 * kernel's exception handler. What only a kernel may do faults here, which is what it is wanted for.
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/stub/target.h"

#define PAGE 4096u
#define NON_CANONICAL 0x0000900000000000u

static struct target first, second;
static uint8_t *pages; /* Writable, read-only, absent. */
static unsigned faults_left; /* For the kernel's own handler. */
static sigjmp_buf kernel;

static void handle(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct kdio_stub_fault fault = {
        .vector = (uint32_t)registers[REG_TRAPNO], .code = (uint32_t)registers[REG_ERR],
        .address = (uint64_t)registers[REG_CR2], .rip = (uint64_t)registers[REG_RIP],
        .rsp = (uint64_t)registers[REG_RSP],
    };

    (void)number;
    (void)info;
    if (kdio_stub_fault(NULL, &fault) || kdio_stub_fault(second.stub, &fault) || !kdio_stub_fault(first.stub, &fault)) {
        faults_left++;
        siglongjmp(kernel, 1);
    }
    registers[REG_RIP] = (greg_t)fault.rip;
}

/* Within the test: its framework handles signals too, from the test's beginning on. */
static void be_kernel(void)
{
    const struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

    assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
    assert_int_equal(sigaction(SIGBUS, &action, NULL), 0);
}

static int start(void **state)
{
    (void)state;
    target_reset(&first);
    target_start(&first);
    target_reset(&second);
    target_start(&second);
    faults_left = 0;
    pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    memcpy(pages + PAGE, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_READ), 0);
    assert_int_equal(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(pages, 3 * PAGE);
}

static bool make(unsigned what, const void *at, uint64_t *value, struct kdio_stub_fault *fault)
{
    struct kdio_machine_x86_64 *machine = &first.stub->machine_state;
    bool done;

    be_kernel();
    done = kdio_x86_64_access(machine, (enum kdio_access)what, (uintptr_t)at, value, fault);
    assert_int_equal(machine->access_rsp, 0);
    return done;
}

static void loads_and_stores(void **state)
{
    const uint64_t whole = 0x1122334455667788;

    (void)state;
    for (unsigned power = 0; power < 4; power++) {
        uint64_t mask = UINT64_MAX >> (64 - (8u << power)), value = UINT64_MAX;
        struct kdio_stub_fault fault;

        assert_true(make(KDIO_ACCESS_LOAD + power, pages + PAGE, &value, &fault));
        assert_int_equal(value, whole & mask);
        memset(pages, 0xcc, 16);
        value = whole;
        assert_true(make(KDIO_ACCESS_STORE + power, pages + 8, &value, &fault));
        assert_int_equal(value, whole);
        memcpy(&value, pages + 8, 8);
        assert_int_equal(value, (whole & mask) | (0xcccccccccccccccc & ~mask));
        assert_int_equal(pages[7], 0xcc);
    }
}

static void assert_faults(unsigned what, const void *at, unsigned vector, unsigned code, unsigned code_mask)
{
    uint64_t value = 0xa5a5a5a5a5a5a5a5;
    struct kdio_stub_fault fault;

    assert_false(make(what, at, &value, &fault));
    assert_int_equal(value, 0xa5a5a5a5a5a5a5a5);
    assert_int_equal(fault.vector, vector);
    assert_int_equal(fault.code & code_mask, code);
    if (vector == 14)
        assert_int_equal(fault.address, (uintptr_t)at);
}

/* Error code of a page fault: bit 1, a write. */
static void each_access_faults_and_goes_on(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 1000; round++)
        for (unsigned power = 0; power < 4; power++) {
            assert_faults(KDIO_ACCESS_LOAD + power, pages + 2 * PAGE + 16, 14, 0, 2);
            assert_faults(KDIO_ACCESS_STORE + power, pages + 2 * PAGE + 16, 14, 2, 2);
            assert_faults(KDIO_ACCESS_STORE + power, pages + PAGE, 14, 2, 2);
            assert_faults(KDIO_ACCESS_LOAD + power, (void *)NON_CANONICAL, 13, 0, UINT32_MAX);
            assert_faults(KDIO_ACCESS_STORE + power, (void *)NON_CANONICAL, 13, 0, UINT32_MAX);
        }
    assert_faults(KDIO_ACCESS_RDMSR, (void *)0x10, 13, 0, UINT32_MAX);
    assert_faults(KDIO_ACCESS_WRMSR, (void *)0x10, 13, 0, UINT32_MAX);
    assert_int_equal(first.stub->fault.rip, 0);
    assert_int_equal(second.stub->fault.rip, 0);
    assert_int_equal(faults_left, 0);
}

/* The instruction is an access, but not this stub's present one. */
static void an_access_of_somebody_else(void **state)
{
    struct kdio_machine_x86_64 *machine = &first.stub->machine_state;
    struct kdio_stub_fault fault = { .vector = 14, .rsp = 0x1000 }, told = { 0 };

    (void)state;
    machine->access_fault = &told;
    for (unsigned offset = 0; offset < 256; offset++) {
        fault.rip = (uintptr_t)kdio_x86_64_access + offset;
        assert_false(kdio_x86_64_recover(machine, &fault));
    }
    machine->access_rsp = 0x1000;
    for (unsigned offset = 0, found = 0; offset < 256; offset++) {
        fault.rip = (uintptr_t)kdio_x86_64_access + offset;
        found += kdio_x86_64_recover(machine, &fault);
        if (offset == 255)
            assert_int_equal(found, 10);
    }
    machine->access_rsp = 0;
}

static void exceptions_that_are_the_kernels(void **state)
{
    static const uint8_t left_alone[] = { 1, 2, 3, 18, 32, 255 };

    (void)state;
    for (unsigned i = 0; i < sizeof left_alone; i++) {
        struct kdio_stub_fault fault = { .vector = left_alone[i], .rip = (uintptr_t)kdio_stub_poll };

        assert_false(kdio_stub_fault(first.stub, &fault));
    }
    assert_int_equal(first.stub->fault.rip, 0);
}

static void code_that_is_not_the_stubs(void **state)
{
    struct kdio_stub_fault fault = { .vector = 14, .rip = (uintptr_t)handle };

    (void)state;
    assert_false(kdio_stub_fault(first.stub, &fault));
    assert_int_equal(first.stub->fault.rip, 0);
}

/* ---- The stub's own ---- */

static void assert_stopped(uint64_t rip)
{
    ADD(&first, OUT8, 0x80, 1);
    assert_int_equal(target_run(&first), KDIO_STUB_FAULT);
    assert_int_equal(first.run.failure.vector, 14);
    assert_int_equal(first.run.failure.detail | (uint64_t)first.run.failure.detail_high << 32, rip);
    assert_string_equal(target_log(&first), "");
    ADD(&first, ECHO, 5);
    ADD(&first, FAULT);
    assert_int_equal(target_run(&first), KDIO_DONE);
    assert_int_equal(target_result(&first, 0, 8), 5);
    assert_int_equal(target_result(&first, 8, 1), 14);
    assert_int_equal(target_result(&first, 9, 8), rip);
    assert_int_equal(target_result(&first, 17, 8), (uintptr_t)pages + 2 * PAGE);
}

static void its_memory_is_taken_away(void **state)
{
    uint64_t rip;

    (void)state;
    first.lcr = 0;
    (void)target_log(&first);
    first.stub->rx.bytes = pages + 2 * PAGE; /* Absent: the first byte received has no place. */
    first.byte_ns = 1;
    be_kernel();
    if (!sigsetjmp(kernel, 1))
        (void)kdio_stub_poll(first.stub);
    assert_int_equal(faults_left, 1);
    rip = first.stub->fault.rip;
    assert_true(rip != 0);
    assert_false(first.stub->busy);
    assert_false(first.stub->draining);
    first.interrupts_off = false; /* They were, where it faulted; the kernel goes on elsewhere. */
    (void)target_log(&first);
    assert_stopped(rip);
    assert_int_equal(second.stub->fault.rip, rip); /* Both have this code; the second was asked first. */
}

static void the_first_fault_is_kept_and_another_stack_gives_nothing_back(void **state)
{
    struct kdio_stub_fault fault = {
        .vector = 14, .address = (uintptr_t)pages + 2 * PAGE, .rip = (uintptr_t)kdio_stub_poll,
    };

    (void)state;
    (void)target_log(&first);
    first.stub->busy = true;
    first.stub->entered_rsp = 0x10000;
    fault.rsp = 0x8000;
    assert_false(kdio_stub_fault(first.stub, &fault));
    assert_true(first.stub->busy);
    fault.rip++;
    assert_false(kdio_stub_fault(first.stub, &fault));
    assert_stopped((uintptr_t)kdio_stub_poll);
}

static void a_fault_in_the_middle_of_a_program(void **state)
{
    struct kdio_stub_fault fault = {
        .vector = 14, .address = (uintptr_t)pages + 2 * PAGE, .rip = (uintptr_t)kdio_stub_poll,
    };

    (void)state;
    ADD(&first, OUT8, 0x80, 1);
    ADD(&first, DELAY, 5000);
    ADD(&first, OUT8, 0x80, 2);
    assert_int_equal(target_begin(&first, false), KDIO_DONE);
    assert_false(target_go(&first));
    first.stub->run = first.run; /* The runner's state is the caller's: here, not in the stub. */
    assert_false(kdio_stub_fault(first.stub, &fault));
    first.run = first.stub->run;
    assert_true(target_go(&first));
    assert_int_equal(first.run.failure.status, KDIO_STUB_FAULT);
    assert_int_equal(first.run.failure.done, 1);
    assert_int_equal(first.run.failure.detail | (uint64_t)first.run.failure.detail_high << 32, fault.rip);
}

/* ---- Breakpoints ---- */

extern const char __attribute__((visibility("hidden"))) kdio_stub_text_start[], kdio_stub_text_end[];

static void none_is_inside_the_stub(void **state)
{
    const uintptr_t from = (uintptr_t)kdio_stub_text_start, size = (uintptr_t)kdio_stub_text_end - from;
    uint8_t id;

    (void)state;
    assert_in_range((uintptr_t)kdio_x86_64_access - from, 0, size - 1);
    for (uintptr_t i = 0; i < size; i++) {
        assert_int_equal(kdio_breakpoint_set(first.stub, KDIO_BREAKPOINT_EXECUTE, 1, from + i, &id),
                         KDIO_NO_BREAKPOINT);
        assert_int_equal(kdio_breakpoint_set(first.stub, KDIO_BREAKPOINT_SOFTWARE, 1, from + i, &id),
                         KDIO_NO_BREAKPOINT);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loads_and_stores),
        TEST(each_access_faults_and_goes_on),
        TEST(an_access_of_somebody_else),
        TEST(exceptions_that_are_the_kernels),
        TEST(code_that_is_not_the_stubs),
        TEST(its_memory_is_taken_away),
        TEST(the_first_fault_is_kept_and_another_stack_gives_nothing_back),
        TEST(a_fault_in_the_middle_of_a_program),
        TEST(none_is_inside_the_stub),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
