/* SPDX-License-Identifier: MIT */
/*
 * signals.h: how kdio takes SIGINT, SIGTERM, SIGHUP, SIGPIPE and SIGXFSZ.
 *
 * The first of INT, TERM and HUP is only noted, so that the target can be closed and what is known be said; the same
 * one again ends kdio at once. SIGPIPE and SIGXFSZ are caught, not ignored: a write then fails with EPIPE or
 * EFBIG, and a child that kdio starts has the default again.
 */
#ifndef KDIO_CMD_SIGNALS_H
#define KDIO_CMD_SIGNALS_H

/* Signals that are ignored when kdio starts (nohup) stay ignored. */
void signals_install(void);

/* The signal that asked kdio to end, or 0. */
int signals_caught(void);

/* Ends the process by that signal, as if it had never been caught, so that the caller's shell sees it. */
_Noreturn void signals_die(int number);

#endif
