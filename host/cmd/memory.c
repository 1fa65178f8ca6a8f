/* SPDX-License-Identifier: MIT */
/*
 * memory.c: implements memory.h.
 *
 * No location is read twice: after a fault it goes on behind what is absent, a page or all that an absent table entry
 * would map; and what a search found is shown as the pattern that was asked for.
 */
#include "host/cmd/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/hexdump.h"
#include "host/cmd/session.h"

#define PAGE_SIZE   4096u
#define WINDOW_SIZE 65536u /* Read at a time and printed: a multiple of a line. */
#define PATTERN_MAX 255u
#define TABLE_BITS  9u /* Each level of the page tables. */

enum kdio_space memory_space(const struct statement *statement)
{
    return statement->command->physical ? KDIO_SPACE_PHYSICAL : KDIO_SPACE_VIRTUAL;
}

static struct hexdump hexdump_of(const struct statement *statement)
{
    struct hexdump hexdump = statement->command->physical ? hexdump_physical : hexdump_virtual;

    hexdump.width = statement_width(statement);
    return hexdump;
}

/* The only option is -m. */
static unsigned display_unit(const struct statement *statement)
{
    return statement->option != 0 ? statement->command->width : 0;
}

enum exit_status memory_failure(struct session *session, enum kdio_status status, const char *done_word,
                                uint64_t done)
{
    (void)session_failure(session, status);
    failure_append(session->failure, "; %" PRIu64 " bytes %s", done, done_word);
    return session->failure->exit;
}

/* ---- What cannot be read ---- */

static bool is_unreadable(enum kdio_status status)
{
    return status == KDIO_FAULT;
}

/* What an entry of the page tables maps, `left` levels above the pages. */
static uint64_t mapped_size(unsigned left)
{
    return (uint64_t)PAGE_SIZE << (TABLE_BITS * left);
}

/*
 * Bytes from an address that faulted to where it is worth while to read again: the end of its page, or of all that the
 * entry that is not present would map. The tables are read, not the memory.
 */
static uint64_t hole_size(struct kdio_target *target, enum kdio_space space, uint64_t address)
{
    struct kdio_translation translation;
    uint64_t size = PAGE_SIZE;

    if (space == KDIO_SPACE_VIRTUAL && kdio_translate(target, address, &translation) == KDIO_DONE &&
        !translation.present && translation.walked >= 1 && translation.walked <= translation.levels)
        size = mapped_size(translation.levels - translation.walked);
    return size - address % size;
}

static enum exit_status nothing_readable(struct session *session, const struct kdio_error *fault)
{
    (void)failure_status(session->failure, KDIO_FAULT, "%s", fault->text);
    failure_append(session->failure, "; nothing of the range can be read");
    return session->failure->exit;
}

/* ---- Showing ---- */

static uint64_t display_size(const struct statement *statement)
{
    return statement->operands[1] * statement->command->width;
}

enum kdio_status display_check(const struct statement *statement, const struct policy *policy,
                               struct kdio_target *target)
{
    (void)policy;
    (void)target;
    return display_unit(statement) != 0 && statement->operands[0] % display_unit(statement) != 0 ? KDIO_MISALIGNED
                                                                                                : KDIO_DONE;
}

enum kdio_status display_append(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_read(program, memory_space(statement), statement->operands[0], display_unit(statement),
                             (size_t)display_size(statement));
}

static cJSON *memory_object(const struct statement *statement, const struct output *output)
{
    cJSON *object = output_object(output, statement);

    output_wide(object, "address", statement->operands[0]);
    output_number(object, "width", statement_width(statement));
    return object;
}

void display_print(const struct statement *statement, const struct results *results, struct output *output)
{
    struct hexdump hexdump = hexdump_of(statement);
    size_t size = 0;
    const uint8_t *bytes = kdio_program_bytes(results->program, results->index, &size);

    size -= size % hexdump.width;
    if (output->json) {
        cJSON *object = memory_object(statement, output);
        output_units(object, "values", bytes, NULL, size, hexdump.width);
        output_print_object(output, object);
    } else {
        hexdump_print(&hexdump, statement->operands[0], bytes, NULL, size, output);
    }
}

/* A stretch that is being shown. */
struct display {
    struct session *session;
    const struct statement *statement;
    uint64_t address, left;
    uint64_t known_count; /* Bytes that could be read so far. */
    struct kdio_error first_fault; /* What was in the way the first time. */
    uint8_t bytes[WINDOW_SIZE];
    bool known[WINDOW_SIZE];
    cJSON *object; /* With --json. */
};

/* Where to go on after byte `done` of the window could not be read. */
static size_t behind_hole(const struct display *display, size_t done, size_t size)
{
    uint64_t rest = hole_size(display->session->target, memory_space(display->statement), display->address + done);

    return rest < size - done ? done + (size_t)rest : size;
}

static enum kdio_status read_window(struct display *display, size_t size)
{
    size_t start = 0;
    enum kdio_status status = KDIO_DONE;

    memset(display->known, 0, sizeof(display->known));
    while (start < size && (status == KDIO_DONE || is_unreadable(status))) {
        size_t done = 0;
        status = kdio_read(display->session->target, memory_space(display->statement), display->address + start,
                           display_unit(display->statement), display->bytes + start, size - start, &done);
        memset(display->known + start, 1, done);
        display->known_count += done;
        if (is_unreadable(status) && display->first_fault.status == KDIO_DONE)
            display->first_fault = *kdio_target_error(display->session->target);
        start = is_unreadable(status) ? behind_hole(display, start + done, size) : size;
    }
    return is_unreadable(status) ? KDIO_DONE : status;
}

static void show_window(struct display *display, size_t size)
{
    struct hexdump hexdump = hexdump_of(display->statement);
    struct output *output = display->session->output;

    if (output->json)
        output_units(display->object, "values", display->bytes, display->known, size, hexdump.width);
    else
        hexdump_print(&hexdump, display->address, display->bytes, display->known, size, output);
}

static enum kdio_status show_windows(struct display *display)
{
    enum kdio_status status = KDIO_DONE;

    while (display->left > 0 && status == KDIO_DONE) {
        size_t size = display->left < WINDOW_SIZE ? (size_t)display->left : WINDOW_SIZE;
        status = session_interrupted(display->session) ? KDIO_INTERRUPTED : read_window(display, size);
        if (status == KDIO_DONE)
            show_window(display, size);
        display->address += size;
        display->left -= size;
    }
    return status;
}

static enum exit_status display_failure(const struct display *display, enum kdio_status status)
{
    struct session *session = display->session;

    if (status != KDIO_DONE)
        return session_failure(session, status);
    return display->known_count > 0 ? EXIT_STATUS_DONE : nothing_readable(session, &display->first_fault);
}

static enum exit_status display_all(struct display *display)
{
    struct session *session = display->session;
    enum kdio_status status;

    if (session->output->json)
        display->object = memory_object(display->statement, session->output);
    progress_start_late(&session->progress, "reading");
    status = show_windows(display);
    progress_stop(&session->progress);
    if (display->object != NULL && status == KDIO_DONE)
        output_print_object(session->output, display->object);
    else
        cJSON_Delete(display->object);
    return display_failure(display, status);
}

enum exit_status display_execute(const struct statement *statement, struct session *session)
{
    struct display *display = calloc(1, sizeof(*display));
    enum exit_status result;

    if (display == NULL)
        return failure_status(session->failure, KDIO_NO_MEMORY, "out of memory");
    display->session = session;
    display->statement = statement;
    display->address = statement->operands[0];
    display->left = display_size(statement);
    result = display_all(display);
    free(display);
    return result;
}

/* ---- Changing ---- */

enum exit_status edit_prepare(const struct statement *statement, struct failure *failure)
{
    uint64_t size = statement->tail->count * statement->command->width;

    if (size - 1 <= UINT64_MAX - statement->operands[0])
        return EXIT_STATUS_DONE;
    return failure_status(failure, KDIO_BAD_OPERAND, "%s %" PRIx64 ": the values pass the end of the addresses",
                          statement->command->name, statement->operands[0]);
}

/* Each value is one instruction where its address allows that. */
enum kdio_status edit_append(const struct statement *statement, struct kdio_program *program)
{
    unsigned width = statement->command->width;
    unsigned unit = statement->operands[0] % width == 0 ? width : 0;
    size_t size = 0;
    uint8_t *bytes = statement_units(statement, width, &size);
    enum kdio_status status;

    if (bytes == NULL)
        return KDIO_NO_MEMORY;
    status = kdio_program_write(program, memory_space(statement), statement->operands[0], unit, bytes, size);
    free(bytes);
    return status;
}

void edit_print(const struct statement *statement, const struct results *results, struct output *output)
{
    cJSON *object;
    size_t size = 0;
    uint8_t *bytes;

    (void)results;
    if (!output->json)
        return;
    object = memory_object(statement, output);
    bytes = statement_units(statement, statement->command->width, &size);
    if (bytes != NULL)
        output_units(object, "values", bytes, NULL, size, statement->command->width);
    free(bytes);
    output_print_object(output, object);
}

/* ---- Patterns ---- */

static size_t pattern_size(const struct statement *statement)
{
    const struct statement_tail *tail = statement->tail;

    return tail->text != NULL ? strlen(tail->text) : tail->count * statement_width(statement);
}

enum exit_status pattern_prepare(const struct statement *statement, struct failure *failure)
{
    size_t size = pattern_size(statement);

    if (size >= 1 && size <= PATTERN_MAX)
        return EXIT_STATUS_DONE;
    return failure_status(failure, KDIO_BAD_OPERAND, "%s: a pattern has 1 to %u bytes, and this one %zu",
                          statement->command->name, PATTERN_MAX, size);
}

/* The bytes of the pattern. It was seen to fit. */
static size_t pattern_bytes(const struct statement *statement, uint8_t pattern[static PATTERN_MAX])
{
    unsigned width = statement_width(statement);
    size_t size = pattern_size(statement);

    for (size_t i = 0; i < size; i++)
        pattern[i] = statement->tail->text != NULL ? (uint8_t)statement->tail->text[i]
                                                   : (uint8_t)(statement->tail->numbers[i / width] >> i % width * 8);
    return size;
}

/* ---- Searching ---- */

/* A search that goes on after what it found. */
struct search {
    struct session *session;
    const struct statement *statement;
    uint64_t address, left;
    uint8_t pattern[PATTERN_MAX];
    size_t size;
    bool read;                     /* Something could be read. */
    struct kdio_error first_fault; /* What was in the way the first time. */
    cJSON *matches; /* With --json. */
};

static void show_match(const struct search *search, uint64_t found)
{
    struct hexdump hexdump = hexdump_of(search->statement);
    size_t shown = search->size < HEXDUMP_LINE ? search->size : HEXDUMP_LINE;

    if (search->matches != NULL)
        output_add_wide(search->matches, found);
    else
        hexdump_print(&hexdump, found, search->pattern, NULL, shown, search->session->output);
}

/* On by some bytes, but not beyond the end. */
static void skip(struct search *search, uint64_t size)
{
    uint64_t gone = size < search->left ? size : search->left;

    search->address += gone;
    search->left -= gone;
}

/* The next match starts one step after this one. */
static void after_match(struct search *search, uint64_t found)
{
    search->read = true;
    show_match(search, found);
    skip(search, found - search->address + statement_width(search->statement));
}

/* Places stay multiples of the step from the start: a page is one of any step, but the start need not be. */
static void after_fault(struct search *search)
{
    struct kdio_target *target = search->session->target;
    const struct kdio_error fault = *kdio_target_error(target);
    unsigned step = statement_width(search->statement);
    uint64_t at = fault.address - search->address < search->left ? fault.address : search->address;
    uint64_t gone = at - search->address;

    if (search->first_fault.status == KDIO_DONE)
        search->first_fault = fault;
    search->read = search->read || gone > 0;
    gone += hole_size(target, memory_space(search->statement), at);
    skip(search, gone + (step - gone % step) % step);
}

static enum kdio_status search_all(struct search *search)
{
    enum kdio_status status = KDIO_DONE;

    while ((status == KDIO_DONE || is_unreadable(status)) && search->left >= search->size) {
        uint64_t found = 0;
        status = kdio_search(search->session->target, memory_space(search->statement), search->address, search->left,
                             statement_width(search->statement), search->pattern, search->size, &found);
        if (status == KDIO_DONE)
            after_match(search, found);
        else if (is_unreadable(status))
            after_fault(search);
        if (session_interrupted(search->session))
            status = KDIO_INTERRUPTED;
    }
    search->read = search->read || status == KDIO_NOT_FOUND;
    return status == KDIO_NOT_FOUND || is_unreadable(status) ? KDIO_DONE : status;
}

static enum exit_status search_failure(const struct search *search, enum kdio_status status)
{
    if (status != KDIO_DONE)
        return session_failure(search->session, status);
    return search->read || search->first_fault.status == KDIO_DONE
        ? EXIT_STATUS_DONE : nothing_readable(search->session, &search->first_fault);
}

enum exit_status search_execute(const struct statement *statement, struct session *session)
{
    struct search search = { .session = session, .statement = statement, .address = statement->operands[0],
                             .left = statement->operands[1] };
    cJSON *object = session->output->json ? memory_object(statement, session->output) : NULL;
    enum kdio_status status;

    search.size = pattern_bytes(statement, search.pattern);
    search.matches = object != NULL ? cJSON_AddArrayToObject(object, "matches") : NULL;
    progress_start_late(&session->progress, "searching");
    status = search_all(&search);
    progress_stop(&session->progress);
    if (object != NULL)
        output_print_object(session->output, object);
    return search_failure(&search, status);
}

/* ---- Filling ---- */

enum exit_status fill_execute(const struct statement *statement, struct session *session)
{
    uint8_t pattern[PATTERN_MAX];
    size_t size = pattern_bytes(statement, pattern);
    uint64_t done = 0;
    enum kdio_status status;

    progress_start_late(&session->progress, "filling");
    status = kdio_fill(session->target, memory_space(statement), statement->operands[0], statement->operands[1],
                       pattern, size, &done);
    progress_stop(&session->progress);
    if (status != KDIO_DONE)
        return session_failure(session, status);
    if (session->output->json) {
        cJSON *object = memory_object(statement, session->output);
        output_wide(object, "filled", done);
        output_print_object(session->output, object);
    } else {
        output_text(session->output, "Filled 0x%" PRIx64 " bytes\n", done);
    }
    return EXIT_STATUS_DONE;
}
