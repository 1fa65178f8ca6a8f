/* SPDX-License-Identifier: MIT */
/* machine_x86_64.h: the machine the stub runs on: one instruction for each access. */
#ifndef KDIO_STUB_MACHINE_X86_64_H
#define KDIO_STUB_MACHINE_X86_64_H

#include <kdio_stub.h>

struct kdio_machine_x86_64 {
    uint64_t tsc_khz;
    uint64_t seed;
    bool rdrand;
};

/* Fills *machine, with `state` as its context. tsc_khz 0: see kdio_stub.h. */
void kdio_machine_x86_64_init(struct kdio_machine *machine, struct kdio_machine_x86_64 *state, uint32_t tsc_khz,
                              uint64_t boot_entropy);

#endif
