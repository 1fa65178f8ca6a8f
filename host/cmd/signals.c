/* SPDX-License-Identifier: MIT */
/* signals.c: implements signals.h. The handlers only store a number: everything else happens outside them. */
#include "host/cmd/signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#define EXIT_BY_SIGNAL 128

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

static void note_nothing(int number)
{
    (void)number;
}

/* Without SA_RESTART, so that a read of standard input ends; SA_RESETHAND makes the second signal final. */
static void catch_ending(int number)
{
    struct sigaction action = { .sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND };
    struct sigaction before;

    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        (void)sigaction(number, &action, NULL);
}

void signals_install(void)
{
    struct sigaction pipe_action = { .sa_handler = note_nothing, .sa_flags = SA_RESTART };

    catch_ending(SIGINT);
    catch_ending(SIGTERM);
    catch_ending(SIGHUP);
    (void)sigaction(SIGPIPE, &pipe_action, NULL);
    (void)sigaction(SIGXFSZ, &pipe_action, NULL);
}

int signals_caught(void)
{
    return caught;
}

void signals_die(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    exit(EXIT_BY_SIGNAL + number);
}
