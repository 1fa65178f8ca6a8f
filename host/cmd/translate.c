/* SPDX-License-Identifier: MIT */
/*
 * translate.c: implements translate.h. Entries and their bits carry the names of Intel's Software Developer's Manual,
 * volume 3, section 4.5.
 */
#include "host/cmd/translate.h"

#include <inttypes.h>
#include <string.h>

#include "host/cmd/session.h"

#define LEVELS_MAX  5u
#define INDEX_BITS  9u
#define INDEX_MASK  0x1ffu
#define PAGE_SHIFT  12u
#define UNIT        1024u
#define PTE_PRESENT 1u

/* Topmost of five levels first. */
static const char *const level_names[LEVELS_MAX] = { "PML5E", "PML4E", "PDPTE", "PDE", "PTE" };

static const struct {
    uint64_t bit;
    const char *set, *clear; /* NULL: nothing is said. */
} attributes[] = {
    { 1u << 1, "writable", "read-only" }, { 1u << 2, "user", "supervisor" },      { 1u << 3, "write-through", NULL },
    { 1u << 4, "uncached", NULL },        { 1u << 5, "accessed", NULL },          { 1u << 6, "dirty", NULL },
    { 1u << 8, "global", NULL },          { 1ull << 63, "no-execute", NULL },
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

/* Which of the five levels entry `index` of the walk is. */
static unsigned level_of(const struct kdio_translation *translation, unsigned index)
{
    return LEVELS_MAX - translation->levels + index;
}

static unsigned table_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + (LEVELS_MAX - 1 - level) * INDEX_BITS)) & INDEX_MASK;
}

/* Dirty and global mean something in the entry of a page alone. */
static bool is_page(const struct kdio_translation *translation, unsigned index)
{
    return translation->present && index + 1 == translation->walked;
}

static const char *attribute(const struct kdio_translation *translation, unsigned index, size_t number)
{
    bool of_pages = attributes[number].bit == 1u << 6 || attributes[number].bit == 1u << 8;

    if (of_pages && !is_page(translation, index))
        return NULL;
    return (translation->entry[index] & attributes[number].bit) != 0 ? attributes[number].set
                                                                     : attributes[number].clear;
}

static void print_entry(const struct kdio_translation *translation, unsigned index, uint64_t address,
                        struct output *output)
{
    unsigned level = level_of(translation, index);
    uint64_t entry = translation->entry[index];

    output_text(output, "%s[%03x]%*s %08" PRIx64 "`%08" PRIx64 " ", level_names[level], table_index(address, level),
                (int)(sizeof("PML5E") - 1 - strlen(level_names[level])), "", entry >> 32, entry & UINT32_MAX);
    if ((entry & PTE_PRESENT) == 0)
        output_text(output, " not present");
    for (size_t i = 0; (entry & PTE_PRESENT) != 0 && i < ATTRIBUTE_COUNT; i++) {
        const char *word = attribute(translation, index, i);
        if (word != NULL)
            output_text(output, " %s", word);
    }
    output_text(output, "\n");
}

/* "4 KiB" */
static void print_size(uint64_t size, struct output *output)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
    size_t unit = 0;

    for (; size >= UNIT && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        size /= UNIT;
    output_text(output, "%" PRIu64 " %s\n", size, units[unit]);
}

static void print_text(const struct kdio_translation *translation, uint64_t address, struct output *output)
{
    uint64_t physical = translation->physical;

    for (unsigned i = 0; i < translation->walked; i++)
        print_entry(translation, i, address, output);
    if (!translation->present)
        return;
    output_text(output, "%08" PRIx64 "`%08" PRIx64 " is physical %08" PRIx64 "`%08" PRIx64 ", in a page of ",
                address >> 32, address & UINT32_MAX, physical >> 32, physical & UINT32_MAX);
    print_size(translation->page_size, output);
}

static void print_json(const struct kdio_translation *translation, const struct statement *statement,
                       struct output *output)
{
    cJSON *object = output_object(output, statement);
    cJSON *entries;

    output_wide(object, "address", statement->operands[0]);
    output_boolean(object, "present", translation->present);
    output_number(object, "levels", translation->levels);
    entries = cJSON_AddArrayToObject(object, "entries");
    for (unsigned i = 0; i < translation->walked; i++)
        output_add_wide(entries, translation->entry[i]);
    if (translation->present) {
        output_wide(object, "physical", translation->physical);
        output_wide(object, "page_size", translation->page_size);
    }
    output_print_object(output, object);
}

static enum exit_status not_present(const struct kdio_translation *translation, uint64_t address,
                                    struct failure *failure)
{
    unsigned last = translation->walked > 0 ? translation->walked - 1 : 0;

    (void)failure_refused(failure, "!vtop %" PRIx64 ": no page: the %s is not present", address,
                          level_names[level_of(translation, last)]);
    failure->outcome = KDIO_OUTCOME_DONE;
    return failure->exit;
}

enum exit_status translate_execute(const struct statement *statement, struct session *session)
{
    struct kdio_translation translation;
    uint64_t address = statement->operands[0];
    enum kdio_status status = kdio_translate(session->target, address, &translation);

    if (status != KDIO_DONE)
        return session_failure(session, status);
    if (session->output->json)
        print_json(&translation, statement, session->output);
    else
        print_text(&translation, address, session->output);
    return translation.present ? EXIT_STATUS_DONE : not_present(&translation, address, session->failure);
}
