/* SPDX-License-Identifier: MIT */
/*
 * console.h: the kernel's text on its way to the stub. It waits here until the stub takes it, so that a burst arrives
 * whole; text that does not fit here either is dropped and counted. For the idle loop alone, and for the panic, which
 * never returns to it.
 */
#ifndef KDIO_BOOT_CONSOLE_H
#define KDIO_BOOT_CONSOLE_H

#include <kdio_stub.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_write(const char *bytes, size_t size);

/* Bytes that can be written now without loss. */
size_t console_room(void);

/* Hands the stub what it has room for. Returns whether text is left. */
bool console_pump(struct kdio_stub *stub);

/* Takes up to `size` bytes of the waiting text itself; for when there is no stub to take it. */
size_t console_take(char *bytes, size_t size);

#endif
