/* SPDX-License-Identifier: MIT */
/*
 * kernel.h: a kernel that a host debugs over the link: the machine of world.h with debug registers, a stack, code that
 * a small processor executes, and a host's end of the link.
 *
 * The kernel has a stack of its own. kdio_stub_trap spins there, and each time it finds the line silent the test goes
 * on; so a test is one sequence of what the host asks and what the kernel does.
 */
#ifndef KDIO_TEST_STUB_SPACES_KERNEL_H
#define KDIO_TEST_STUB_SPACES_KERNEL_H

#include "tests/stub_spaces/world.h"

/* Pages of memory; those before hold the tables, by which memory is also seen at WORLD_DIRECT. */
#define KERNEL_CODE_AT  (8 * WORLD_PAGE)
#define KERNEL_STACK_AT (10 * WORLD_PAGE) /* It grows down from there. */
#define KERNEL_CODE     (WORLD_VIRTUAL + KERNEL_CODE_AT)
#define KERNEL_STACK    (WORLD_VIRTUAL + KERNEL_STACK_AT)
#define KERNEL_ALIAS    (WORLD_DIRECT + WORLD_PHYSICAL(KERNEL_CODE_AT))

#define FLAG_TF 0x100u
#define FLAG_IF 0x200u
#define FLAG_RF 0x10000u

#define DR6_NONE 0xffff0ff0u
#define DR6_BS   0x4000u
#define DR6_BD   0x2000u
#define DR7_GD   0x2000u
#define CR4_DE   0x8u

/* Places in the machine's registers. */
enum { PLACE_CR3 = 2, PLACE_CR4 = 3, PLACE_DR0 = 5, PLACE_DR6 = 9, PLACE_DR7 = 10, PLACE_FS_BASE = 12, PLACE_DS = 24 };

struct kernel {
    struct world world;
    struct kdio_trap_frame frame;
    bool standing;          /* In kdio_stub_trap. */
    bool answered;          /* What it returned last, */
    bool told;              /* and that the host had its answer by then. */
    unsigned result;        /* What kdio_stub_poll returned last. */
    unsigned executed;      /* Instructions. */
    uint64_t rflags_before; /* The last of them, */
    bool held_before;       /* when the stub was held. */
    uint64_t msrs[3];       /* Bases of FS, GS, KERNEL_GS. */
    uint8_t fpu[512];
    unsigned pair_asked;    /* How often the pair lock was, */
    bool pair_held;         /* which the kernel holds. */
    bool mute_lsr;          /* The transmitter has no room. */
    unsigned open_accesses; /* Of the UART, while interrupts could come in; */
    unsigned open_reads;    /* those that took a byte. */
};

/* A kernel with a session; KERNEL_CODE holds nothing but NOPs. The first without one. */
void kernel_reset(struct kernel *kernel);
void kernel_start(struct kernel *kernel);
void kernel_open(struct kernel *kernel);

/* Puts code at KERNEL_CODE, and RIP on it. */
void kernel_load(struct kernel *kernel, const uint8_t *code, size_t size);

/* An exception; true when the kernel stands still then. */
bool kernel_trap(struct kernel *kernel, unsigned vector);
/* A debug exception, with bits of DR6. */
bool kernel_trap_debug(struct kernel *kernel, uint64_t dr6);

/* The processor executes one instruction, and what exception comes of it is the stub's. */
void kernel_execute(struct kernel *kernel);

/* The program written with ADD goes over the line, and is answered; instructions that are stepped are executed. */
enum kdio_status kernel_ask(struct kernel *kernel);
enum kdio_status kernel_ask_atomic(struct kernel *kernel);
/* Hands it over alone. */
void kernel_submit(struct kernel *kernel);

/* The host has its say, and the kernel goes on a bit. */
void kernel_round(struct kernel *kernel);
/* Round and round until nothing more comes of it: instructions that are stepped are executed. */
void kernel_settle(struct kernel *kernel);
/* The same for a time. */
void kernel_wait(struct kernel *kernel, unsigned ms);

/* EVENTs that the host has got so far. */
unsigned kernel_events(void);

/* A value of the last results. */
uint64_t kernel_result(size_t at, unsigned size);
size_t kernel_results_size(void);
const struct kdio_failure *kernel_failure(void);

#endif
