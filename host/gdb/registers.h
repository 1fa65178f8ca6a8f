/* SPDX-License-Identifier: MIT */
/*
 * registers.h: the registers as gdb numbers and lays them out, by the target description that the server gives it, and
 * where each is found on the target.
 */
#ifndef KDIO_GDB_REGISTERS_H
#define KDIO_GDB_REGISTERS_H

#include <stddef.h>

#include <kdio.h>

#define GDB_REGISTERS_SIZE 608u /* Bytes of all of them. */

/* All that gdb may ask for at a stop. */
struct gdb_cpu {
    uint64_t general[KDIO_REGISTER_COUNT];
    uint8_t fpu[KDIO_FPU_SIZE];
    struct kdio_registers system;
};

/* The target description; its bytes, without the zero behind them. They are at most `size` - 1. */
size_t gdb_target_xml(char *text, size_t size);

unsigned gdb_register_count(void);
/* Bytes of register `number`, below the count. */
unsigned gdb_register_size(unsigned number);

/* Register `number` as gdb has it, little-endian. */
void gdb_register_get(const struct gdb_cpu *cpu, unsigned number, uint8_t *bytes);

/* Writes register `number` to the target; UNSUPPORTED for those that are only shown. */
KDIO_MUST_CHECK enum kdio_status gdb_register_set(struct kdio_target *target, struct gdb_cpu *cpu, unsigned number,
                                                  const uint8_t *bytes);

#endif
