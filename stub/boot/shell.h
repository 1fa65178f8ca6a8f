/* SPDX-License-Identifier: MIT */
/* shell.h: the kernel's few commands, typed at the host, and its numbered line each second. */
#ifndef KDIO_BOOT_SHELL_H
#define KDIO_BOOT_SHELL_H

#include <stddef.h>

/* The stub's text hook: keeps what is typed. Text beyond what fits is dropped. */
void shell_text(void *context, const char *bytes, size_t size);

/* Does what is due: finished lines, the numbered line. From the idle loop. */
void shell_step(void);

#endif
