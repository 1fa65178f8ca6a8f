/* SPDX-License-Identifier: MIT */
/*
 * profile.h: what a build of the stub holds. There are three: everything; with KDIO_STUB_PROFILE_ACCESS defined as 1
 * everything but run control; with KDIO_STUB_PROFILE_PORTS defined as 1 ports and the link alone, the smallest.
 *
 * The conditions are constants in ordinary code, so every line is compiled in every profile, and the compiler and
 * the linker leave out what cannot be reached.
 */
#ifndef KDIO_STUB_PROFILE_H
#define KDIO_STUB_PROFILE_H

#ifndef KDIO_STUB_PROFILE_PORTS
#define KDIO_STUB_PROFILE_PORTS 0
#endif

#ifndef KDIO_STUB_PROFILE_ACCESS
#define KDIO_STUB_PROFILE_ACCESS 0
#endif

/* The assembly is of the library alone: tests that run on a host give machines of their own. */
#ifndef KDIO_STUB_ASSEMBLY
#define KDIO_STUB_ASSEMBLY (!__STDC_HOSTED__)
#endif

enum {
    KDIO_STUB_HAS_CONSOLE = !KDIO_STUB_PROFILE_PORTS,
    KDIO_STUB_HAS_TEXT = !KDIO_STUB_PROFILE_PORTS,
    KDIO_STUB_HAS_STATS = !KDIO_STUB_PROFILE_PORTS,
    KDIO_STUB_HAS_POLICY = !KDIO_STUB_PROFILE_PORTS,  /* Deny list, profile `safe`, read-only. */
    KDIO_STUB_HAS_PROGRAMS = !KDIO_STUB_PROFILE_PORTS, /* Operations that decide, wait, repeat. */
    KDIO_STUB_HAS_SPACES = !KDIO_STUB_PROFILE_PORTS, /* Processor, memory, PCI, and the faults that come with them. */
    KDIO_STUB_HAS_ACCESSES = KDIO_STUB_ASSEMBLY && !KDIO_STUB_PROFILE_PORTS, /* This x86-64's that may fault. */
    KDIO_STUB_HAS_RUN = !KDIO_STUB_PROFILE_PORTS && !KDIO_STUB_PROFILE_ACCESS, /* Run control. */
    KDIO_STUB_HAS_MMIO = !KDIO_STUB_PROFILE_PORTS,    /* UARTs in memory, or with a stride. */
    KDIO_STUB_HAS_SUSPEND = !KDIO_STUB_PROFILE_PORTS, /* Handing the UART over. */
    KDIO_STUB_HAS_MACHINE = !KDIO_STUB_PROFILE_PORTS, /* Reaches the machine through struct kdio_machine. */
};

#endif
