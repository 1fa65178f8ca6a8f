/* SPDX-License-Identifier: MIT */
/*
 * fake_kdio.h: the part of kdio.h that the Windows surface uses, without a line: the test says what each call answers
 * and sees what was asked. The checks of kdio_check_in and kdio_check_out are real, in the documented order.
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
    enum kdio_status service_status;
    void (*during_call)(void); /* Runs inside open, in, out and service; NULL for nothing. */

    /* What was asked. */
    unsigned opens;
    unsigned closes;
    char gensio[512];
    struct kdio_options options;
    unsigned accesses;
    struct fake_access last;
    unsigned services;
    uint64_t service_ms;
};

extern struct fake_kdio fake;

/* Everything succeeds, nothing was asked. */
void fake_reset(void);

#endif
