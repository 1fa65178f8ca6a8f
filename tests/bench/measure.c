/* SPDX-License-Identifier: MIT */
/* measure.c: measures one running target through libkdio; see part.h for what it can measure, client.h for how. */
#include <string.h>

#include "tests/bench/client.h"
#include "tests/bench/part.h"

static const struct part {
    const char *name;
    int argument_count;
    void (*measure)(char **arguments);
} parts[] = {
    { "wire", 1, part_wire },
    { "writes", 4, part_writes },
    { "growth", 1, part_growth },
    { "paced", 1, part_paced },
    { "disk", 1, part_disk },
    { "memory", 3, part_memory },
    { "pci", 1, part_pci },
    { "count", 3, part_count },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(argv[1], parts[i].name) != 0 || argc - 2 != parts[i].argument_count)
            continue;
        parts[i].measure(argv + 2);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    bench_die("usage", "measure PART ARGUMENT..., see tests/bench/part.h");
}
