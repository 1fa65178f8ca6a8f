/* SPDX-License-Identifier: MIT */
/* rehearsal.h: takes memory away from under the stub, so that it faults where nobody counts on it. */
#ifndef KDIO_BOOT_REHEARSAL_H
#define KDIO_BOOT_REHEARSAL_H

/* Takes away the page in which the stub keeps what it receives. */
void rehearsal_start(void);

/* The page is back. From the exception handler, before the stub is asked. */
void rehearsal_end(void);

#endif
