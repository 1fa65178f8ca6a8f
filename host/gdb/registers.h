/* SPDX-License-Identifier: MIT */
/*
 * registers.h: the registers as gdb numbers and lays them out, by the target description that the server gives it, and
 * where each is found on the target.
 */
#ifndef KDIO_GDB_REGISTERS_H
#define KDIO_GDB_REGISTERS_H

#include <stddef.h>

#include <kdio.h>

/* The first registers are rax to gs, which every gdb for x86-64 numbers like this. */
#define GDB_CORE_COUNT 24u
#define GDB_CORE_SIZE  164u /* Bytes of them. */
#define GDB_RBP        6u
#define GDB_RSP        7u
#define GDB_RIP        16u

/* What is fetched from the target as one. */
enum gdb_part { GDB_GENERAL, GDB_FPU, GDB_SYSTEM, GDB_PART_COUNT };

/* All that gdb may ask for at a stop. */
struct gdb_cpu {
    uint64_t general[KDIO_REGISTER_COUNT];
    uint8_t fpu[KDIO_FPU_SIZE];
    struct kdio_registers system;
};

/* The target description; its bytes, without the zero behind them. They are at most `size` - 1. */
size_t gdb_target_xml(char *text, size_t size);

unsigned gdb_register_count(void);
/* Bytes of register `number`, below the count, and the part of struct gdb_cpu that it is in. */
unsigned gdb_register_size(unsigned number);
enum gdb_part gdb_register_part(unsigned number);

/* Register `number` as gdb has it, little-endian. */
void gdb_register_get(const struct gdb_cpu *cpu, unsigned number, uint8_t *bytes);

/* Writes register `number` to the target; UNSUPPORTED for those that are only shown. */
KDIO_MUST_CHECK enum kdio_status gdb_register_set(struct kdio_target *target, struct gdb_cpu *cpu, unsigned number,
                                                  const uint8_t *bytes);

#endif
