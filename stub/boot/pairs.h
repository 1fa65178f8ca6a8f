/* SPDX-License-Identifier: MIT */
/*
 * pairs.h: the kernel's own use of two index/data pairs, the CMOS memory's and PCI configuration's, and the lock that
 * keeps them whole: the pair lock of the stub's contract.
 */
#ifndef KDIO_BOOT_PAIRS_H
#define KDIO_BOOT_PAIRS_H

#include <stdbool.h>

/* The stub's hooks. */
bool pairs_trylock(void *context);
void pairs_unlock(void *context);

/* The index that the kernel wrote last to 70h. */
extern volatile unsigned char pairs_cmos_index;

/* The exercise, toggled from the shell: the idle loop and the timer's interrupt read both pairs again and again, and
 * count the values that are not what they must be. Without the lock it shows what the lock is for. */
void pairs_toggle(bool locked);
void pairs_tell(void);
void pairs_idle(void);
void pairs_tick(void);

#endif
