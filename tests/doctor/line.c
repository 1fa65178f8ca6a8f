/* SPDX-License-Identifier: MIT */
/*
 * line.c: a peer of tests/lib as a process: `line KIND [LOSE]`, where every LOSE-th byte to it is lost. Prints its
 * gensio string and serves until standard input ends. A line there resets the stub.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/peer.h"

static const struct {
    const char *word;
    enum peer_kind kind;
} kinds[] = {
    { "stub", PEER_STUB }, { "version", PEER_OTHER_VERSION },
};

static enum peer_kind kind_named(const char *word)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].word, word) == 0)
            return kinds[i].kind;
    abort();
}

int main(int argc, char **argv)
{
    static struct peer peer;
    char line[16];

    if (argc < 2)
        return 2;
    peer_start(&peer, kind_named(argv[1]));
    peer.page->lose_each = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    printf("%s\n", peer.gensio);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        peer.page->reset = true;
    peer_end(&peer);
    return 0;
}
