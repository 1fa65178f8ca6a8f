/* SPDX-License-Identifier: MIT */
/*
 * machine.h: the demo's private QEMU, and what it records of the accesses that reach its devices.
 *
 * There is one in the process. However the process ends, QEMU ends with it; the temporary directory goes too, unless
 * the process is killed by SIGKILL.
 */
#ifndef KDIO_HOST_DEMO_MACHINE_H
#define KDIO_HOST_DEMO_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Starts QEMU with the UEFI boot target through the launcher at `launch`. COM1 can be connected to at once; who answers
 * there comes later. Returns false, with errno, when there is nothing started.
 */
bool machine_start(const char *launch);

/* Path of the UNIX socket that is COM1. */
const char *machine_line(void);

/* True when QEMU has ended by itself. */
bool machine_ended(void);

/* QEMU's exit status, once it has ended by itself; -1 when it has not within `limit_ms` or was killed. */
int machine_wait_status(int limit_ms);

/* What QEMU's debug console (port e9) received so far: at most `size` bytes; returns how many. */
size_t machine_debug_console(char *bytes, size_t size);

/* From here on, machine_post_codes tells of writes that come later. */
void machine_post_codes_begin(void);

/* Values that QEMU's trace shows on port 80: at most `count`, oldest first; returns how many. */
size_t machine_post_codes(uint8_t *codes, size_t count);

#endif
