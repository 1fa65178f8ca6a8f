/* SPDX-License-Identifier: MIT */
/* form.c: operations from what a caller asks for. What is wrong with one by itself is found here, before all else. */
#include <string.h>

#include "host/lib/target.h"

#define PCI_CONFIG_SIZE 4096u

static unsigned width_bits(unsigned width)
{
    return width == 8 ? 3 : width == 4 ? 2 : width - 1;
}

static bool is_width(unsigned width, unsigned max)
{
    return width && width <= max && !(width & (width - 1));
}

/* Values are as wide as the access; operations without a width have none. */
static enum kdio_status check_values(const struct kdio_operation *operation)
{
    uint64_t most = UINT64_MAX >> (64 - (8u << (operation->row->opcode & 3)));

    for (unsigned i = 0; operation->row->operands[i]; i++)
        if (operation->row->operands[i] == 'v' && operation->operand[i] > most)
            return KDIO_BAD_VALUE;
    return KDIO_DONE;
}

enum kdio_status kdio_make(struct kdio_operation *operation, uint8_t opcode, const uint64_t *operand)
{
    operation->row = kdio_op_find(opcode);
    memcpy(operation->operand, operand, sizeof operation->operand);
    operation->bytes_at = operation->results_at = 0;
    return check_values(operation);
}

enum kdio_status kdio_make_port(struct kdio_operation *operation, uint8_t opcode, uint64_t port, unsigned width,
                                const uint64_t more[2])
{
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { port, more[0], more[1] };
    enum kdio_status status = kdio_port_check(port, width);

    return status == KDIO_DONE ? kdio_make(operation, (uint8_t)(opcode + width_bits(width)), operand) : status;
}

/* A stretch of memory does not pass the end of the addresses; each of its units is accessed where it lies whole. */
enum kdio_status kdio_make_memory(struct kdio_operation *operation, bool write, enum kdio_space space, uint64_t address,
                                  unsigned unit, size_t size)
{
    static const uint8_t blocks[2][2] = { { KDIO_OP_VGET, KDIO_OP_VPUT }, { KDIO_OP_PGET, KDIO_OP_PPUT } };
    static const uint8_t units[2][2] = { { KDIO_OP_VREAD8, KDIO_OP_VWRITE8 }, { KDIO_OP_PREAD8, KDIO_OP_PWRITE8 } };
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { address, unit ? size / unit : size };
    bool physical = space == KDIO_SPACE_PHYSICAL;

    if (space != KDIO_SPACE_VIRTUAL && !physical)
        return KDIO_BAD_ARGUMENT;
    if (unit && !is_width(unit, 8))
        return KDIO_BAD_WIDTH;
    if (unit && address % unit)
        return KDIO_MISALIGNED;
    if (!size || (unit && size % unit) || address + size - 1 < address)
        return KDIO_BAD_OPERAND;
    return kdio_make(operation, (uint8_t)(unit ? units[physical][write] + width_bits(unit) : blocks[physical][write]),
                     operand);
}

enum kdio_status kdio_make_pci(struct kdio_operation *operation, bool write, struct kdio_pci_address function,
                               uint32_t offset, unsigned unit, size_t size)
{
    uint32_t name = (uint32_t)function.segment << 16 | (uint32_t)function.bus << 8 |
                    (uint32_t)function.device << 3 | function.function;
    const uint64_t operand[KDIO_OP_OPERANDS_MAX] = { name, offset, unit ? size / unit : 0 };

    if (!is_width(unit, 4))
        return KDIO_BAD_WIDTH;
    if (offset % unit)
        return KDIO_MISALIGNED;
    if (function.device > 31 || function.function > 7 || !size || size % unit || offset >= PCI_CONFIG_SIZE ||
        size > PCI_CONFIG_SIZE - offset)
        return KDIO_BAD_OPERAND;
    return kdio_make(operation, (uint8_t)((write ? KDIO_OP_PCI_WRITE8 : KDIO_OP_PCI_READ8) + width_bits(unit)),
                     operand);
}

unsigned kdio_count_place(const struct kdio_op_row *row)
{
    return row->operands[1] == 'n' ? 1 : row->operands[1] && row->operands[2] == 'n' ? 2 : 0;
}

size_t kdio_operation_results_size(const struct kdio_operation *operation)
{
    const struct kdio_op_row *row = operation->row;
    size_t units = row->results_table ? (size_t)operation->operand[kdio_count_place(row)] : 0;

    if (!row->results_values && !units)
        return row->results_size;
    return row->results_size + (row->results_values + units) * kdio_op_width(row);
}
