/* SPDX-License-Identifier: MIT */
/*
 * line.c: the peer of tests/lib as a process that a script drives. Prints its gensio string, then obeys a word a line
 * and answers "ok" when it has happened: reset, say, cut, accesses (prints their number), end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/lib/peer.h"

#define TURN_NS 1000000

static struct peer peer;

/* The peer takes a one-shot back when it has happened. */
static void await(atomic_bool *shot)
{
    const struct timespec turn = { .tv_nsec = TURN_NS };

    *shot = true;
    while (*shot)
        nanosleep(&turn, NULL);
}

static void obey(const char *word)
{
    if (!strcmp(word, "reset\n"))
        await(&peer.page->reset);
    else if (!strcmp(word, "say\n"))
        await(&peer.page->say);
    else if (!strcmp(word, "cut\n"))
        peer.page->cut_after = true;
    else if (!strcmp(word, "accesses\n"))
        printf("%u ", peer.page->access_count);
    else
        abort();
    printf("ok\n");
    fflush(stdout);
}

int main(void)
{
    char word[64];

    peer_start(&peer, PEER_STUB);
    printf("%s\n", peer.gensio);
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && strcmp(word, "end\n"))
        obey(word);
    peer_end(&peer);
    return 0;
}
