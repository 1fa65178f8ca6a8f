/* SPDX-License-Identifier: MIT */
/* unit.h: what each unit test includes first: cmocka and the headers that it needs before its own. */
#ifndef KDIO_TEST_UNIT_H
#define KDIO_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
