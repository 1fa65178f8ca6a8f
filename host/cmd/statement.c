/* SPDX-License-Identifier: MIT */
/* statement.c: implements statement.h. What each kind of operand means is said here, once. */
#include "host/cmd/statement.h"

#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/number.h"

#define PORT_LAST      0xffffu
#define RANGE_MAX      0x10000000u /* Bytes, unless L? lifts it: more is a slip of the pen, as WinDbg has it. */
#define STATEMENT_TEXT 160 /* Two numbers of 64 binary digits. */
#define HINT_TEXT      96

#define SEGMENT_MAX  0xffffu
#define BUS_MAX      0xffu
#define DEVICE_MAX   0x1fu
#define FUNCTION_MAX 7u

/* ---- Reading ---- */

/* Where the reader of a line is. */
struct parse {
    struct statement *statement;
    const struct operand_form *form;
    char *const *words;
    size_t left;
    struct failure *failure;
};

static enum exit_status missing(const struct parse *parse)
{
    char usage[COMMAND_USAGE_SIZE];
    const char *name = parse->statement->command->name;

    command_usage(parse->statement->command, usage);
    return failure_usage(parse->failure, "%s: missing argument (usage: kdio %s %s)", name, name, usage);
}

static enum exit_status surplus(const struct parse *parse)
{
    char usage[COMMAND_USAGE_SIZE];
    const char *name = parse->statement->command->name;

    command_usage(parse->statement->command, usage);
    return failure_usage(parse->failure, "%s: surplus argument '%s' (usage: kdio %s%s%s)", name, parse->words[0], name,
                         *usage ? " " : "", usage);
}

static void push_number(struct statement *statement, uint64_t number, unsigned base)
{
    statement->operands[statement->operand_count] = number;
    statement->bases[statement->operand_count++] = (uint8_t)base;
}

static enum exit_status read_number(const struct parse *parse, const char *word, uint64_t *number)
{
    const char *name = parse->statement->command->name;

    switch (number_parse(word, number)) {
    case NUMBER_OK:
        return EXIT_STATUS_DONE;
    case NUMBER_OVERFLOW:
        return failure_usage(parse->failure, "%s: '%s' does not fit in 64 bits", name, word);
    default:
        return failure_usage(parse->failure, "%s: '%s' is not a number", name, word);
    }
}

static const char *next_word(struct parse *parse)
{
    parse->left--;
    return *parse->words++;
}

static enum exit_status parse_number(struct parse *parse)
{
    const char *word;
    uint64_t number = 0;
    enum exit_status result;

    if (parse->left == 0)
        return missing(parse);
    word = next_word(parse);
    result = read_number(parse, word, &number);
    push_number(parse->statement, number, number_base(word));
    return result;
}

static const struct {
    const char *unit;
    uint32_t us;
} time_units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };

/* Decimal digits and a unit; false when it is something else. */
static bool read_time(const char *word, uint64_t *us)
{
    size_t digits = strspn(word, "0123456789");
    char text[NUMBER_TEXT_SIZE];
    uint64_t number;

    if (digits == 0 || digits >= sizeof(text))
        return false;
    memcpy(text, word, digits);
    text[digits] = '\0';
    for (size_t i = 0; i < sizeof(time_units) / sizeof(time_units[0]); i++) {
        if (strcasecmp(word + digits, time_units[i].unit) != 0)
            continue;
        if (number_parse_decimal(text, &number) != NUMBER_OK || __builtin_mul_overflow(number, time_units[i].us, us))
            *us = UINT64_MAX;
        return true;
    }
    return false;
}

static enum exit_status parse_time(struct parse *parse)
{
    uint64_t us = 0;

    if (parse->left == 0)
        return missing(parse);
    if (!read_time(parse->words[0], &us)) {
        if (number_parse(parse->words[0], &us) == NUMBER_GARBAGE)
            return failure_usage(parse->failure, "%s: '%s' is not a time such as 10us, 5ms or 2s",
                                 parse->statement->command->name, parse->words[0]);
        return parse_number(parse);
    }
    (void)next_word(parse);
    push_number(parse->statement, us, STATEMENT_BASE_TIME);
    return EXIT_STATUS_DONE;
}

/* A range counts in the command's units, or in bytes where it has none. */
static unsigned range_unit(const struct statement *statement)
{
    return statement->command->width != 0 ? statement->command->width : 1;
}

/* L, L? or the two with the number in the same word. */
static enum exit_status parse_count(struct parse *parse)
{
    const char *word = next_word(parse) + 1;
    unsigned lifted = *word == '?' ? STATEMENT_LIFTED : 0;
    uint64_t number = 0;
    enum exit_status result;

    word += lifted != 0;
    if (*word == '\0' && parse->left == 0)
        return missing(parse);
    if (*word == '\0')
        word = next_word(parse);
    result = read_number(parse, word, &number);
    push_number(parse->statement, number, number_base(word) | lifted);
    return result;
}

static bool is_count(const struct parse *parse)
{
    return parse->left > 0 && (parse->words[0][0] == 'L' || parse->words[0][0] == 'l');
}

static enum exit_status parse_last_address(struct parse *parse)
{
    struct statement *statement = parse->statement;
    uint64_t first = statement->operands[statement->operand_count - 1];
    const char *word = next_word(parse);
    uint64_t last = 0;
    enum exit_status result = read_number(parse, word, &last);

    if (result == EXIT_STATUS_DONE && last < first)
        return failure_usage(parse->failure, "%s: '%s' lies before the first address (L and a number counts)",
                             statement->command->name, word);
    push_number(statement, (last - first) / range_unit(statement) + 1, 0);
    return result;
}

static enum exit_status parse_optional_count(struct parse *parse)
{
    if (is_count(parse))
        return parse_count(parse);
    push_number(parse->statement, parse->statement->command->count, 0);
    return EXIT_STATUS_DONE;
}

static enum exit_status parse_range(struct parse *parse)
{
    enum exit_status result;

    if (parse->left == 0)
        return missing(parse);
    result = parse_number(parse);
    if (result != EXIT_STATUS_DONE)
        return result;
    if (parse->left == 0 && !parse->form->optional)
        return missing(parse);
    return parse->left == 0 || is_count(parse) ? parse_optional_count(parse) : parse_last_address(parse);
}

static const struct {
    unsigned shift;
    uint64_t max;
} function_parts[] = { { 16, SEGMENT_MAX }, { 8, BUS_MAX }, { 3, DEVICE_MAX }, { 0, FUNCTION_MAX } };

/* SEGMENT:BUS.DEV.FN cut into its parts, in place; the segment is "0" where it is left out. */
static bool cut_function(char *text, const char *parts[static 4])
{
    char *colon = strchr(text, ':');
    char *rest = NULL;

    parts[0] = "0";
    if (colon != NULL) {
        *colon = '\0';
        parts[0] = text;
        text = colon + 1;
    }
    parts[1] = strtok_r(text, ".", &rest);
    parts[2] = strtok_r(NULL, ".", &rest);
    parts[3] = rest;
    return parts[1] != NULL && parts[2] != NULL && rest != NULL && *rest != '\0';
}

static bool pack_function(const char *const parts[static 4], uint64_t *function)
{
    *function = 0;
    for (size_t i = 0; i < 4; i++) {
        uint64_t number;
        if (number_parse(parts[i], &number) != NUMBER_OK || number > function_parts[i].max)
            return false;
        *function |= number << function_parts[i].shift;
    }
    return true;
}

static enum exit_status bad_function(const struct parse *parse, const char *word)
{
    return failure_usage(parse->failure, "%s: '%s' is no function: BUS.DEV.FN, at most ff.1f.7",
                         parse->statement->command->name, word);
}

static enum exit_status parse_function_word(struct parse *parse, uint64_t *function)
{
    const char *word = next_word(parse);
    char text[4 * NUMBER_TEXT_SIZE];
    const char *parts[4];

    if (strlen(word) >= sizeof(text))
        return bad_function(parse, word);
    memcpy(text, word, strlen(word) + 1);
    return cut_function(text, parts) && pack_function(parts, function) ? EXIT_STATUS_DONE : bad_function(parse, word);
}

static enum exit_status parse_function(struct parse *parse)
{
    uint64_t function = 0;
    enum exit_status result = EXIT_STATUS_DONE;

    if (parse->left == 0)
        return missing(parse);
    if (strchr(parse->words[0], '.') != NULL) {
        result = parse_function_word(parse, &function);
    } else if (parse->left < 3) {
        return missing(parse);
    } else {
        const char *const parts[] = { "0", parse->words[0], parse->words[1], parse->words[2] };
        if (!pack_function(parts, &function))
            result = bad_function(parse, parse->words[0]);
        parse->words += 3;
        parse->left -= 3;
    }
    push_number(parse->statement, function, 0);
    return result;
}

static struct statement_tail *new_tail(size_t numbers, size_t text_size)
{
    struct statement_tail *tail = calloc(1, sizeof(*tail) + numbers * (sizeof(uint64_t) + 1) + text_size);

    if (tail == NULL)
        return NULL;
    tail->bases = (uint8_t *)(tail->numbers + numbers);
    tail->count = numbers;
    return tail;
}

static enum exit_status parse_list(struct parse *parse)
{
    struct statement_tail *tail;
    enum exit_status result = EXIT_STATUS_DONE;

    if (parse->left == 0)
        return missing(parse);
    tail = parse->statement->tail = new_tail(parse->left, 0);
    if (tail == NULL)
        return failure_system(parse->failure, "cannot read the commands");
    for (size_t i = 0; result == EXIT_STATUS_DONE && i < tail->count; i++) {
        const char *word = next_word(parse);
        result = read_number(parse, word, &tail->numbers[i]);
        tail->bases[i] = (uint8_t)number_base(word);
    }
    return result;
}

static enum exit_status parse_text(struct parse *parse)
{
    const char *word;
    struct statement_tail *tail;

    if (parse->left == 0)
        return missing(parse);
    word = next_word(parse);
    tail = parse->statement->tail = new_tail(0, strlen(word) + 1);
    if (tail == NULL)
        return failure_system(parse->failure, "cannot read the commands");
    tail->text = (char *)tail->bases;
    memcpy(tail->text, word, strlen(word) + 1);
    return EXIT_STATUS_DONE;
}

static enum exit_status parse_words(struct parse *parse)
{
    if (parse->left == 0)
        return missing(parse);
    parse->words += parse->left;
    parse->left = 0;
    return EXIT_STATUS_DONE;
}

/* The letter of the option that was given, or 0. */
static char option_letter(const struct statement *statement)
{
    const char *option = statement->command->option;

    for (unsigned i = 1; i < statement->option; i++)
        option = strchr(option, '|') + 1;
    return statement->option != 0 ? option[1] : '\0';
}

static enum exit_status parse_pattern(struct parse *parse)
{
    return option_letter(parse->statement) == 'a' ? parse_text(parse) : parse_list(parse);
}

static enum exit_status (*const parsers[])(struct parse *parse) = {
    [OPERAND_NUMBER] = parse_number,     [OPERAND_PORT] = parse_number, [OPERAND_REPEATS] = parse_number,
    [OPERAND_TIME] = parse_time,
    [OPERAND_RANGE] = parse_range,       [OPERAND_COUNT] = parse_optional_count,
    [OPERAND_FUNCTION] = parse_function, [OPERAND_LIST] = parse_list,   [OPERAND_PATTERN] = parse_pattern,
    [OPERAND_TEXT] = parse_text,         [OPERAND_WORDS] = parse_words,
};

static enum exit_status parse_forms(struct parse *parse)
{
    enum exit_status result = EXIT_STATUS_DONE;

    for (parse->form = parse->statement->command->forms; parse->form->name != NULL; parse->form++) {
        bool left_out = parse->form->optional && parse->left == 0 && parse->form->kind != OPERAND_RANGE &&
                        parse->form->kind != OPERAND_COUNT;
        if (!left_out)
            result = parsers[parse->form->kind](parse);
        if (result != EXIT_STATUS_DONE)
            return result;
    }
    return parse->left == 0 ? EXIT_STATUS_DONE : surplus(parse);
}

enum exit_status statement_parse(struct statement *statement, char *const *words, size_t count,
                                 struct failure *failure)
{
    struct parse parse = { .statement = statement, .words = words + 1, .left = count - 1, .failure = failure };
    enum exit_status result;

    statement->command = command_find(words[0]);
    if (statement->command == NULL)
        return command_unknown(words[0], failure);
    if (parse.left > 0)
        statement->option = (uint8_t)command_option(statement->command, parse.words[0]);
    if (statement->option != 0)
        (void)next_word(&parse);
    result = parse_forms(&parse);
    if (result != EXIT_STATUS_DONE)
        statement_free(statement);
    return result;
}

void statement_free(struct statement *statement)
{
    free(statement->tail);
    statement->tail = NULL;
}

unsigned statement_width(const struct statement *statement)
{
    if (statement->command->width != 0)
        return statement->command->width;
    switch (option_letter(statement)) {
    case 'w':
        return 2;
    case 'd':
        return 4;
    case 'q':
        return 8;
    default:
        return 1;
    }
}

uint8_t *statement_units(const struct statement *statement, unsigned width, size_t *size)
{
    const struct statement_tail *tail = statement->tail;
    uint8_t *bytes = malloc(tail->count * width);

    *size = tail->count * width;
    for (size_t i = 0; bytes != NULL && i < *size; i++)
        bytes[i] = (uint8_t)(tail->numbers[i / width] >> i % width * 8);
    return bytes;
}

/* ---- Writing ---- */

/* Text that is cut where its room ends. */
struct text {
    char *start;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length = 0;

    va_start(arguments, format);
    if (text->used < text->size)
        length = vsnprintf(text->start + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    text->used += length > 0 ? (size_t)length : 0;
}

static void add_number(struct text *text, const char *before, uint64_t number, unsigned base)
{
    char digits[NUMBER_TEXT_SIZE];

    number_format(number, base & ~STATEMENT_LIFTED, digits);
    add(text, " %s%s", before, digits);
}

static void add_count(struct text *text, const struct statement *statement, unsigned slot)
{
    bool lifted = (statement->bases[slot] & STATEMENT_LIFTED) != 0;

    add_number(text, lifted ? "L?" : "L", statement->operands[slot], statement->bases[slot]);
}

static void add_time(struct text *text, uint64_t us, unsigned base)
{
    if (base == STATEMENT_BASE_TIME)
        add(text, " %" PRIu64 "us", us);
    else
        add_number(text, "", us, base);
}

static void add_function(struct text *text, uint64_t function)
{
    add(text, " ");
    if (function >> 16 != 0)
        add(text, "%" PRIx64 ":", function >> 16);
    add(text, "%" PRIx64 ".%" PRIx64 ".%" PRIx64, function >> 8 & BUS_MAX, function >> 3 & DEVICE_MAX,
        function & FUNCTION_MAX);
}

static void add_tail(struct text *text, const struct statement_tail *tail)
{
    if (tail->text == NULL) {
        for (size_t i = 0; i < tail->count; i++)
            add_number(text, "", tail->numbers[i], tail->bases[i]);
    } else if (tail->text[strcspn(tail->text, " \t\r\v\f\n#;")] != '\0' || tail->text[0] == '\0') {
        add(text, " \"%s\"", tail->text);
    } else {
        add(text, " %s", tail->text);
    }
}

/* Writes one operand, whose first number is in `slot`; the slot of the next. */
static unsigned add_operand(struct text *text, const struct statement *statement, enum operand_kind kind, unsigned slot)
{
    switch (kind) {
    case OPERAND_RANGE:
        add_number(text, "", statement->operands[slot], statement->bases[slot]);
        add_count(text, statement, slot + 1);
        return slot + 2;
    case OPERAND_COUNT:
        add_count(text, statement, slot);
        return slot + 1;
    case OPERAND_TIME:
        add_time(text, statement->operands[slot], statement->bases[slot]);
        return slot + 1;
    case OPERAND_FUNCTION:
        add_function(text, statement->operands[slot]);
        return slot + 1;
    default:
        add_number(text, "", statement->operands[slot], statement->bases[slot]);
        return slot + 1;
    }
}

static void add_option(struct text *text, const struct statement *statement)
{
    const char *option = statement->command->option;

    if (statement->option == 0)
        return;
    for (unsigned i = 1; i < statement->option; i++)
        option = strchr(option, '|') + 1;
    add(text, " %.*s", (int)strcspn(option, "|"), option);
}

void statement_format(const struct statement *statement, char *start, size_t size)
{
    struct text text = { .start = start, .size = size };
    unsigned slot = 0;

    add(&text, "%s", statement->command->name);
    add_option(&text, statement);
    for (const struct operand_form *form = statement->command->forms;
         form->name != NULL && slot < statement->operand_count; form++)
        slot = add_operand(&text, statement, (enum operand_kind)form->kind, slot);
    if (statement->tail != NULL)
        add_tail(&text, statement->tail);
}

/* ---- Refusals ---- */

/* The first operand that is wider than it may be. */
struct wide {
    const struct operand_form *form;
    uint64_t number, max;
    unsigned base;
};

static uint64_t form_max(const struct statement *statement, const struct operand_form *form)
{
    unsigned bits = form->bits == OPERAND_BITS_WIDTH ? statement_width(statement) * 8 : form->bits;

    if (form->kind == OPERAND_PORT)
        return PORT_LAST;
    return bits == 0 || bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static bool is_wide(struct wide *wide, const struct statement *statement, const struct operand_form *form,
                    uint64_t number, unsigned base)
{
    *wide = (struct wide){ form, number, form_max(statement, form), base };
    return number > wide->max;
}

static bool find_wide_in_tail(const struct statement *statement, const struct operand_form *form, struct wide *wide)
{
    const struct statement_tail *tail = statement->tail;

    for (size_t i = 0; i < tail->count; i++) {
        if (is_wide(wide, statement, form, tail->numbers[i], tail->bases[i]))
            return true;
    }
    return false;
}

static bool is_tail(const struct operand_form *form)
{
    return form->kind == OPERAND_LIST || form->kind == OPERAND_PATTERN || form->kind == OPERAND_TEXT ||
           form->kind == OPERAND_WORDS;
}

static bool find_wide(const struct statement *statement, struct wide *wide)
{
    unsigned slot = 0;

    for (const struct operand_form *form = statement->command->forms; form->name != NULL; form++) {
        if (is_tail(form)) {
            if (statement->tail != NULL && find_wide_in_tail(statement, form, wide))
                return true;
        } else if (slot < statement->operand_count) {
            if (is_wide(wide, statement, form, statement->operands[slot], statement->bases[slot]))
                return true;
            slot += form->kind == OPERAND_RANGE ? 2 : 1;
        }
    }
    return false;
}

static void decimal_hint(const struct wide *wide, char text[static HINT_TEXT])
{
    text[0] = '\0';
    if (wide->base == 0 && number_seems_decimal(wide->number, wide->max))
        (void)snprintf(text, HINT_TEXT, " (numbers are hexadecimal; 0n%" PRIx64 " is decimal)", wide->number);
}

static enum exit_status refuse(const struct statement *statement, enum kdio_status status, const char *why,
                               const char *hint, struct failure *failure)
{
    char text[STATEMENT_TEXT];

    statement_format(statement, text, sizeof(text));
    return failure_status(failure, status, "%s: %s%s", text, why, hint);
}

/* The library's words for these are those of a port access. */
static const char *refusal_text(const struct statement *statement, enum kdio_status status)
{
    bool ports = statement->command->accesses_ports;

    if (status == KDIO_MISALIGNED && !ports)
        return "the address is not a multiple of the width";
    return kdio_status_text(status);
}

enum exit_status statement_refused(const struct statement *statement, enum kdio_status status,
                                   struct failure *failure)
{
    struct wide wide;
    char hint[HINT_TEXT] = "";

    if ((status == KDIO_BAD_VALUE || status == KDIO_BAD_PORT) && find_wide(statement, &wide))
        decimal_hint(&wide, hint);
    return refuse(statement, status, refusal_text(statement, status), hint, failure);
}

static enum exit_status check_wide(const struct statement *statement, struct failure *failure)
{
    struct wide wide;
    char hint[HINT_TEXT];
    char why[HINT_TEXT];

    if (!find_wide(statement, &wide))
        return EXIT_STATUS_DONE;
    decimal_hint(&wide, hint);
    if (wide.form->bits == OPERAND_BITS_WIDTH)
        return refuse(statement, KDIO_BAD_VALUE, kdio_status_text(KDIO_BAD_VALUE), hint, failure);
    (void)snprintf(why, sizeof(why), "%s is at most %" PRIx64, wide.form->name, wide.max);
    if (wide.form->kind == OPERAND_TIME)
        (void)snprintf(why, sizeof(why), "%s is at most %" PRIu64 " s", wide.form->name, wide.max / 1000000);
    return refuse(statement, KDIO_BAD_OPERAND, why, hint, failure);
}

static enum exit_status check_range(const struct statement *statement, unsigned slot, struct failure *failure)
{
    uint64_t address = statement->operands[slot];
    uint64_t count = statement->operands[slot + 1];
    bool lifted = (statement->bases[slot + 1] & STATEMENT_LIFTED) != 0;
    uint64_t size;
    uint64_t last;

    if (count == 0)
        return refuse(statement, KDIO_BAD_OPERAND, "the length is 0", "", failure);
    if (__builtin_mul_overflow(count, (uint64_t)range_unit(statement), &size) ||
        __builtin_add_overflow(address, size - 1, &last))
        return refuse(statement, KDIO_BAD_OPERAND, "the range passes the end of the addresses", "", failure);
    if (size > RANGE_MAX && !lifted)
        return refuse(statement, KDIO_BAD_OPERAND, "more than 256 MiB; L? instead of L means it", "", failure);
    return EXIT_STATUS_DONE;
}

enum exit_status statement_check(const struct statement *statement, struct failure *failure)
{
    enum exit_status result = check_wide(statement, failure);
    unsigned slot = 0;

    for (const struct operand_form *form = statement->command->forms;
         result == EXIT_STATUS_DONE && form->name != NULL && !is_tail(form) && slot < statement->operand_count;
         form++) {
        if (form->kind == OPERAND_RANGE)
            result = check_range(statement, slot, failure);
        if (form->kind == OPERAND_COUNT && statement->operands[slot] == 0)
            result = refuse(statement, KDIO_BAD_OPERAND, "the count is 0", "", failure);
        slot += form->kind == OPERAND_RANGE ? 2 : 1;
    }
    return result;
}
