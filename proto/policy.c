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
