/* SPDX-License-Identifier: MIT */
/* pages.h: pages of every kind that a debugger's access may meet, and nobody's otherwise. */
#ifndef KDIO_BOOT_PAGES_H
#define KDIO_BOOT_PAGES_H

#include "stub/boot/memory.h"

/* Makes the pages. What there is no memory for is left out. */
void pages_start(struct memory_map *memory);

/* Prints each page: `kernel: page NAME VIRTUAL PHYSICAL`, both hexadecimal, physical `-` where nothing is mapped. */
void pages_tell(void);

#endif
