/* SPDX-License-Identifier: MIT */
/*
 * fake_kdio.h: the part of kdio.h that the Windows surface uses, without a line: the test says what each call answers
 * and sees what was asked. The checks of kdio_check_in and kdio_check_out are real, in the documented order.
 *
 * Memory, translation, MSRs, CPUID, registers and PCI are a small machine (fake_machine.c): see FAKE_* below.
 *
 * Before the first fake_reset it is a machine for the client programs: ports keep what is written, FAKE_PCI_DATA reads
 * as a device's identity, and FAKE_LINK_PORT belongs to the link.
 */
#ifndef KDIO_TESTS_WIN_FAKE_KDIO_H
#define KDIO_TESTS_WIN_FAKE_KDIO_H

#include <kdio.h>

struct fake_access {
    bool write;
    uint64_t port;
    unsigned width;
    uint64_t value;
};

#define FAKE_NO_PORT UINT64_MAX
#define FAKE_PCI_DATA 0xcfc
#define FAKE_PCI_IDENTITY 0x29c08086
#define FAKE_LINK_PORT 0x2e8

/* Physical memory, from 0. */
#define FAKE_MEMORY_SIZE 0x20000u

/* Virtual memory: pages of 4 KiB, and one of 2 MiB of which the first FAKE_MEMORY_SIZE bytes are memory. */
#define FAKE_RW 0x10000u       /* Four pages, on physical 0x1000 to 0x4fff. */
#define FAKE_RW_END 0x14000u   /* One page absent. */
#define FAKE_RO 0x15000u       /* Read-only, on 0x6000. */
#define FAKE_RW2 0x16000u      /* No-execute, on 0x7000; then nothing up to FAKE_LARGE. */
#define FAKE_RW2_END 0x17000u
#define FAKE_LARGE 0x40000000u
#define FAKE_HIGH 0xffffffff80000000u /* One page on 0x8000. */

#define FAKE_MSR 0xc0000080u /* The only ones: from here, FAKE_MSR_COUNT. */
#define FAKE_MSR_COUNT 5u
#define FAKE_CR3 0x9000u

struct fake_kdio {
    bool scripted;

    /* What the next calls answer. */
    enum kdio_status open_status;
    bool open_without_target; /* As when memory is out. */
    enum kdio_status access_status;
    enum kdio_outcome access_outcome;
    uint32_t value; /* Of each input. */
    uint64_t denied_port;
    bool read_only;
    bool no_ecam;
    size_t pci_part;    /* What a write of more than there is does before it is refused; 0 for nothing. */
    size_t pci_written; /* Bytes so far. */
    bool no_frequency; /* CPUID does not tell it. */
    enum kdio_status service_status;
    void (*during_call)(void); /* Runs inside open, service and each access; NULL for nothing. */

    /* What was asked. */
    unsigned opens;
    unsigned closes;
    char gensio[512];
    struct kdio_options options;
    unsigned accesses;
    struct fake_access last;
    unsigned last_unit; /* Of memory or PCI configuration. */
    unsigned services;
    uint64_t service_ms;

    /* The machine. */
    uint8_t memory[FAKE_MEMORY_SIZE];
    uint64_t msr[FAKE_MSR_COUNT];
    uint8_t pci[4096]; /* Of segment 1, bus 2, device 3, function 4; and of 0:0:0.0. */
};

extern struct fake_kdio fake;

/* Everything succeeds, nothing was asked, memory and configuration hold their addresses' low bytes. */
void fake_reset(void);

/* Memory as it is after fake_reset. */
void fake_fill(void);

/* For fake_machine.c: notes an access, and gives the scripted answer. */
enum kdio_status fake_step(struct kdio_target *target, bool write);
enum kdio_status fake_fault(struct kdio_target *target, uint64_t address, uint32_t vector);

#endif
