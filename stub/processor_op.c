/* SPDX-License-Identifier: MIT */
/* processor_op.c: operations on the CPU that runs the program. */
#include "stub/space.h"
#include "stub/stub.h"

/* CPUID leaves (SDM volume 2). */
#define LEAF_MAX          0x00u /* EAX */
#define LEAF_FEATURES     0x01u /* EBX bits 24 to 31: the APIC identifier, as far as it fits. */
#define LEAF_TOPOLOGY     0x0bu /* EDX: all of it, where EBX is not 0. */
#define INITIAL_APIC_SHIFT 24u

static void ask_cpuid(const struct kdio_stub *stub, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    stub->machine.cpuid(stub->machine.context, leaf, subleaf, result);
}

uint32_t kdio_processor_apic_id(const struct kdio_stub *stub)
{
    uint32_t r[4];

    ask_cpuid(stub, LEAF_MAX, 0, r);
    if (r[0] >= LEAF_TOPOLOGY) {
        ask_cpuid(stub, LEAF_TOPOLOGY, 0, r);
        if (r[1])
            return r[3];
    }
    ask_cpuid(stub, LEAF_FEATURES, 0, r);
    return r[1] >> INITIAL_APIC_SHIFT;
}

static void run_registers(struct kdio_stub *stub, struct kdio_writer *results)
{
    uint64_t values[KDIO_REGISTERS];

    kdio_write_uint(results, 4, kdio_processor_apic_id(stub));
    stub->machine.registers(stub->machine.context, values);
    for (unsigned i = 0; i < KDIO_REGISTERS; i++)
        kdio_write_uint(results, i < KDIO_REGISTERS_64 ? 8 : 2, values[i]);
}

static void run_cpuid(struct kdio_stub *stub, struct kdio_run *run)
{
    uint32_t result[4];

    ask_cpuid(stub, (uint32_t)run->op.operand[0], (uint32_t)run->op.operand[1], result);
    kdio_write_fields(&run->results, "dddd", result);
}

static enum kdio_status run_msr(struct kdio_stub *stub, struct kdio_run *run, bool write)
{
    uint64_t msr = run->op.operand[0], value = run->op.operand[1];
    unsigned what = write ? KDIO_ACCESS_WRMSR : KDIO_ACCESS_RDMSR;
    enum kdio_status status = kdio_space_access(stub, run, what, msr, msr, &value);

    if (status == KDIO_DONE && !write)
        kdio_runner_give(stub, run, 8, value);
    return status;
}

enum kdio_status kdio_processor_op(struct kdio_stub *stub, struct kdio_run *run)
{
    uint8_t family = run->op.row->family;

    if (family == KDIO_OP_CPUID)
        run_cpuid(stub, run);
    else if (family == KDIO_OP_REGISTERS)
        run_registers(stub, &run->results);
    else
        return run_msr(stub, run, family == KDIO_OP_WRMSR);
    return KDIO_DONE;
}
