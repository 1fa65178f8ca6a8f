/* SPDX-License-Identifier: MIT */
/* access.h: where access.S finds the fields of struct kdio_machine_x86_64. */
#ifndef KDIO_STUB_ACCESS_H
#define KDIO_STUB_ACCESS_H

#define ACCESS_RSP   16
#define ACCESS_FAULT 24

#endif
