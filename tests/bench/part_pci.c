/* SPDX-License-Identifier: MIT */
/*
 * part_pci.c: a scan of all of segment 0: 256 buses of 32 devices, and the functions beyond the first where the header
 * type says that there are some (PCI Local Bus 3.0, 6.2.1).
 */
#include "tests/bench/client.h"
#include "tests/bench/part.h"

#define BUSES     256u
#define DEVICES   32u
#define FUNCTIONS 8u
#define PCI_ID    0x00u
#define PCI_HEADER_TYPE   0x0eu
#define PCI_MULTIFUNCTION 0x80u
#define PCI_ABSENT 0xffffu
#define RUNS 3u

static struct kdio_program *device_program(unsigned bus)
{
    struct kdio_program *program = kdio_program_new();
    struct kdio_pci_address address = { .bus = (uint8_t)bus };

    for (unsigned device = 0; program && device < DEVICES; device++) {
        address.device = (uint8_t)device;
        if (kdio_program_pci_read(program, address, PCI_ID, 4, 4) != KDIO_DONE ||
            kdio_program_pci_read(program, address, PCI_HEADER_TYPE, 1, 1) != KDIO_DONE)
            bench_die("pci", "the program cannot be built");
    }
    if (!program)
        bench_die("pci", "no memory");
    return program;
}

static bool present(const struct kdio_program *program, size_t index)
{
    size_t size;
    const uint8_t *id = kdio_program_bytes(program, index, &size);

    return size == 4 && (id[0] | id[1] << 8) != PCI_ABSENT;
}

static bool has_more(const struct kdio_program *program, size_t index)
{
    size_t size;
    const uint8_t *type = kdio_program_bytes(program, index + 1, &size);

    return present(program, index) && size == 1 && (type[0] & PCI_MULTIFUNCTION);
}

static unsigned scan_functions(struct kdio_target *target, unsigned bus, unsigned device)
{
    struct kdio_pci_address address = { .bus = (uint8_t)bus, .device = (uint8_t)device };
    struct kdio_program *program = kdio_program_new();
    unsigned found = 0;

    for (unsigned function = 1; program && function < FUNCTIONS; function++) {
        address.function = (uint8_t)function;
        if (kdio_program_pci_read(program, address, PCI_ID, 4, 4) != KDIO_DONE)
            bench_die("pci", "the program cannot be built");
    }
    if (!program)
        bench_die("pci", "no memory");
    bench_must(target, kdio_target_run(target, program, false));
    for (unsigned i = 0; i < FUNCTIONS - 1; i++)
        found += present(program, i);
    kdio_program_free(program);
    return found;
}

/* Functions found; -1 where the stub has no PCI. */
static int scan_bus(struct kdio_target *target, unsigned bus)
{
    struct kdio_program *program = device_program(bus);
    bool there = bench_there(target, kdio_target_run(target, program, false));
    int found = there ? 0 : -1;

    for (unsigned device = 0; there && device < DEVICES; device++) {
        found += present(program, 2 * device);
        if (has_more(program, 2 * device))
            found += (int)scan_functions(target, bus, device);
    }
    kdio_program_free(program);
    return found;
}

void part_pci(char **arguments)
{
    struct kdio_target *target = bench_open(arguments[0]);

    for (unsigned run = 0; run < RUNS; run++) {
        double start_us = bench_now_us();
        int total = 0, found = 0;

        for (unsigned bus = 0; found >= 0 && bus < BUSES; bus++) {
            found = scan_bus(target, bus);
            total += found;
        }
        if (found >= 0)
            printf("scan_us %.0f\nscan_found %d\n", bench_now_us() - start_us, total);
    }
    kdio_target_close(target);
}
