/* SPDX-License-Identifier: MIT */
/*
 * fake_interpret.h: the interpreter of the kdio command, faked: `nonsense` is no command, `refused` faults, read-only
 * mode refuses everything, and anything else prints two lines.
 */
#ifndef KDIO_TESTS_WIN_FAKE_INTERPRET_H
#define KDIO_TESTS_WIN_FAKE_INTERPRET_H

#include <stdbool.h>

struct fake_interpreter {
    unsigned calls;
    char line[128];
    bool read_only;
};

extern struct fake_interpreter fake_interpreter;

#endif
