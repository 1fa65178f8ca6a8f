/* SPDX-License-Identifier: MIT */
/* policy.c: ports as in Intel's ICH and PCH data sheets: reset control, system control A, SMI command, 8042 command. */
#include "proto/policy.h"

#define PCI_CONFIG_ADDRESS    0xcf8u
#define RESET_CONTROL         0xcf9u
#define SYSTEM_CONTROL_A      0x92u
#define SMI_COMMAND           0xb2u
#define KEYBOARD_COMMAND      0x64u
#define KEYBOARD_PULSE_RESET  0xfeu

bool kdio_port_in_range(uint16_t port, unsigned width, uint16_t first, uint16_t last)
{
    if (port == PCI_CONFIG_ADDRESS && width == 4)
        width = 1;
    return port <= last && port + width > first;
}

bool kdio_safe_denies(uint16_t port, unsigned width, bool write, uint32_t value)
{
    static const uint16_t ports[] = { RESET_CONTROL, SYSTEM_CONTROL_A, SMI_COMMAND };

    for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (kdio_port_in_range(port, width, ports[i], ports[i]))
            return true;
    return write && port == KEYBOARD_COMMAND && (value & 0xff) == KEYBOARD_PULSE_RESET;
}

/* Of INDEX_IN and INDEX_OUT: the index port is written, whatever becomes of the data port; what is put back there is
 * not known before. */
static void index_access(const struct kdio_op *op, struct kdio_port_access *access)
{
    access->port = (uint16_t)op->operand[KDIO_INDEX_PORT];
    access->width = 1u << (op->operand[KDIO_INDEX_FLAG_BITS] & KDIO_INDEX_WIDTH);
    access->write = true;
    access->value = op->operand[KDIO_INDEX_FLAG_BITS] & KDIO_INDEX_RESTORE ? KDIO_ANY_VALUE
                                                                         : (uint32_t)op->operand[KDIO_INDEX_VALUE];
}

static void data_access(const struct kdio_op *op, struct kdio_port_access *access)
{
    access->port = (uint16_t)op->operand[KDIO_INDEX_DATA_PORT];
    access->write = op->row->operands[KDIO_INDEX_DATA_VALUE] == 'v';
    access->value = (uint32_t)op->operand[KDIO_INDEX_DATA_VALUE];
}

static void plain_access(const struct kdio_op *op, struct kdio_port_access *access)
{
    const char *operands = op->row->operands;
    bool counted = operands[1] == 'n';

    access->port = (uint16_t)op->operand[0];
    access->value = operands[1 + counted] == 'v' && !operands[2 + counted] ? (uint32_t)op->operand[1 + counted]
                                                                           : KDIO_ANY_VALUE;
}

bool kdio_op_access(const struct kdio_op *op, unsigned index, struct kdio_port_access *access)
{
    bool indexed = op->row->operands[1] == 'b';

    if (!kdio_op_is_port(op->row) || index > indexed)
        return false;
    access->width = op->width;
    access->write = kdio_op_writes(op->row);
    if (!indexed)
        plain_access(op, access);
    else if (!index)
        index_access(op, access);
    else
        data_access(op, access);
    return true;
}
