/* SPDX-License-Identifier: MIT */
/*
 * target.h: the stub's runner on a machine in memory: what it does to the ports is written down, and time passes only
 * as accesses and looks at the clock take it.
 */
#ifndef KDIO_TEST_STUB_TARGET_H
#define KDIO_TEST_STUB_TARGET_H

#include "stub/stub.h"

#define TARGET_UART_PORT    0x3f8u
#define TARGET_COUNTER_PORT 0x300u /* Each read gives the next number, from 1 on. */
#define TARGET_STATUS_PORT  0x310u /* 80 until ready_at_us, then 40. Other ports hold what was written. */

#define TARGET_LOG_SIZE 0x40000u

struct target {
    struct kdio_stub *stub;
    struct kdio_run run;
    struct kdio_stub_config config;
    struct kdio_machine machine;

    /* The program that is being written, and its results. */
    uint8_t program[0x8000];
    struct kdio_writer writer;
    uint8_t results[0x4000];

    /* The machine. */
    uint64_t now_ns;
    uint32_t access_ns; /* What an access to a port takes. */
    uint32_t clock_ns;  /* What a look at the clock takes. */
    bool interrupts_off;
    bool touched;     /* Something but the UART was accessed meanwhile, or else it is not in the log. */
    size_t log_before; /* How much was in it. */
    uint64_t ready_at_us;
    uint32_t counter;
    uint8_t ports[0x10000 + 4];
    uint8_t cmos_index;
    char log[TARGET_LOG_SIZE]; /* "in8(80)=55 off out16(1f0,abcd) on". */
    size_t log_size;

    /* The line: a byte each so often, from the beginning on; 0 for none. */
    uint32_t byte_ns;
    uint64_t next_byte_ns;
    unsigned fifo_count, overruns, received;
    uint8_t lcr;

    uint8_t memory[KDIO_STUB_MEMORY] __attribute__((aligned(16)));
};

/* A stub with a config of its own; target_start with what was changed in target->config after target_reset. */
void target_reset(struct target *target);
void target_start(struct target *target);

/* Writes one more operation. `bytes` is what a table or string holds. */
void target_add(struct target *target, uint8_t opcode, const uint64_t *operand, const uint8_t *bytes);
#define OPERANDS(...) ((const uint64_t[KDIO_OP_OPERANDS_MAX]){ __VA_ARGS__ })
#define ADD(target, name, ...) target_add(target, KDIO_OP_##name, OPERANDS(__VA_ARGS__), NULL)
#define ADD_TABLE(target, name, table, ...) target_add(target, KDIO_OP_##name, OPERANDS(__VA_ARGS__), table)

/* Checks the program that was written, and lets the next one begin. */
enum kdio_status target_begin(struct target *target, bool atomic);
/* Runs it for a slice: true when it has ended, as target->run tells. */
bool target_go(struct target *target);
/* All of it, however many slices: the status. */
enum kdio_status target_run(struct target *target);
enum kdio_status target_run_atomic(struct target *target);

/* A value of the results, from byte `at` on. */
uint64_t target_result(const struct target *target, size_t at, unsigned size);
size_t target_results_size(const struct target *target);

/* What happened since the last call, without the link's UART. */
const char *target_log(struct target *target);

#endif
