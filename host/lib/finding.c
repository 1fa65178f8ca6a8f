/* SPDX-License-Identifier: MIT */
/* finding.c: implements finding.h: lookups in the one table. */
#include "host/lib/finding.h"

#include <stddef.h>

static const struct {
    enum kdio_finding_whose whose;
    const char *name;
    const char *text;
    const char *advice[KDIO_FINDING_ADVICE_COUNT];
} findings[] = {
#define X(name, whose, text, advice, more) { KDIO_FINDING_OF_##whose, #name, text, { advice, more } },
    KDIO_FINDING_TABLE(X)
#undef X
};

enum kdio_finding_whose kdio_finding_whose(enum kdio_finding finding)
{
    return findings[finding].whose;
}

const char *kdio_finding_name(enum kdio_finding finding)
{
    return findings[finding].name;
}

const char *kdio_finding_text(enum kdio_finding finding)
{
    return findings[finding].text;
}

const char *kdio_finding_advice(enum kdio_finding finding, unsigned index)
{
    const char *advice = index < KDIO_FINDING_ADVICE_COUNT ? findings[finding].advice[index] : "";

    return *advice ? advice : NULL;
}
