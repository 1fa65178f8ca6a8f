/* SPDX-License-Identifier: MIT */
/*
 * expression.h: numbers, registers and memory of the target in an expression, as in WinDbg's default (MASM) syntax.
 *
 * Known: numbers in the radix, or with 0x 0n 0t 0y or a trailing h, a backtick anywhere after the first digit;
 * registers as @name or name; ( ) + - * / % << >> & ^ | and mod xor or, unary + - ~ not, == != < > <= >=, and by(a)
 * wo(a) dwo(a) qwo(a) poi(a), which read memory (with $p in front: physical). All values have 64 bits and no sign.
 * Numbers are never sign-extended, unlike those of WinDbg in kernel mode. Symbols are unknown.
 */
#ifndef KDIO_HOST_WIN_EXPRESSION_H
#define KDIO_HOST_WIN_EXPRESSION_H

#include "host/win/client.h"

/*
 * Evaluates up to the first character that cannot belong to the expression, whose offset goes to *end. Between
 * kdio_win_begin and kdio_win_end where there is a target; without one, registers and memory fail with E_UNEXPECTED.
 * E_FAIL when the text is no expression. *value is unchanged on failure.
 */
HRESULT kdio_win_evaluate(struct kdio_win_client *client, PCSTR text, ULONG64 *value, ULONG *end);

#endif
