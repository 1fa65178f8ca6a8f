/* SPDX-License-Identifier: MIT */
/*
 * format.h: printf as Windows and its debugger mean it, where the host's differs: %lx takes 32 bits, %I64x 64, %S and
 * %ls 16-bit characters, %p and its debugger-only kin a target's address in 64 bits.
 */
#ifndef KDIO_HOST_WIN_FORMAT_H
#define KDIO_HOST_WIN_FORMAT_H

#include <stdarg.h>

/* The text, for the caller to free, or NULL when memory is out. */
char *kdio_win_format(const char *format, va_list args);

#endif
