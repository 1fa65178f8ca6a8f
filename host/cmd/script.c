/* SPDX-License-Identifier: MIT */
/* script.c: implements script.h. Nothing here knows a target: a script is only read and checked. */
#include "host/cmd/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/policy.h"

#define BLANKS " \t\r\v\f"
#define CAPACITY_FIRST 64

/* Where the reader of a text is. */
struct reader {
    struct script *script;
    struct failure *failure;
    uint32_t line;
    uint32_t group; /* Line of the open `{`, or 0. */
    char separator;
};

static enum exit_status push(struct script *script, struct statement *statement, struct failure *failure)
{
    if (script->count == script->capacity) {
        size_t capacity = script->capacity ? script->capacity * 2 : CAPACITY_FIRST;
        struct statement *grown = realloc(script->statements, capacity * sizeof(*grown));
        if (grown == NULL) {
            statement_free(statement);
            return failure_system(failure, "cannot read the commands");
        }
        script->statements = grown;
        script->capacity = capacity;
    }
    script->statements[script->count++] = *statement;
    return EXIT_STATUS_DONE;
}

/* What a character of a line belongs to: a quote opens at the start of a word, and `#` starts a comment outside one. */
struct scan {
    bool quoted, comment, in_word;
};

/* Takes the next character. True when it stands by itself, neither in a quoted text nor in a comment. */
static bool scan_step(struct scan *scan, char character)
{
    bool plain = !scan->quoted && !scan->comment;

    if (scan->quoted)
        scan->quoted = character != '"';
    else if (plain && character == '"' && !scan->in_word)
        scan->quoted = true;
    else if (plain && character == '#')
        scan->comment = true;
    scan->in_word = scan->quoted || strchr(BLANKS, character) == NULL;
    return plain;
}

static bool holds_separator_of_c(const char *text)
{
    struct scan scan = { .quoted = false };

    for (; *text != '\0'; text++) {
        if (scan_step(&scan, *text) && *text == ';')
            return true;
    }
    return false;
}

/* The end of the word at `text`; NULL for a quoted one that does not end as it should. */
static char *word_end(char *text)
{
    char *end;

    if (*text != '"')
        return text + strcspn(text, BLANKS "#");
    end = strchr(text + 1, '"');
    return end != NULL && strchr(BLANKS "#", end[1]) != NULL ? end : NULL;
}

/* Cuts the text into words, in place. words[] has room for half as many as there are characters. */
static enum exit_status split_words(char *text, char **words, size_t *count, struct failure *failure)
{
    *count = 0;
    for (text += strspn(text, BLANKS); *text != '\0' && *text != '#'; text += strspn(text, BLANKS)) {
        char *end = word_end(text);
        bool last = end != NULL && (*end == '\0' || *end == '#');
        if (end == NULL)
            return failure_usage(failure, "a text in quotes ends with a quote and a blank");
        words[(*count)++] = text + (*text == '"');
        *end = '\0';
        text = last ? end : end + 1;
    }
    return EXIT_STATUS_DONE;
}

static enum exit_status open_group(struct reader *reader)
{
    if (reader->group != 0)
        return failure_usage(reader->failure, "'{' inside the '{' of line %u", (unsigned)reader->group);
    reader->group = reader->line;
    return EXIT_STATUS_DONE;
}

static enum exit_status close_group(struct reader *reader)
{
    if (reader->group == 0)
        return failure_usage(reader->failure, "'}' without '{'");
    reader->group = 0;
    return EXIT_STATUS_DONE;
}

static enum exit_status read_command(struct reader *reader, char *const *words, size_t count)
{
    struct statement statement = { .line = reader->line, .group = reader->group };
    const struct command *command = command_find(words[0]);
    enum exit_status result;

    if (command != NULL && !command->in_scripts)
        return failure_usage(reader->failure, "'%s' cannot stand among commands that are executed in turn",
                             command->name);
    if (reader->group != 0 && command != NULL && command->append == NULL)
        return failure_usage(reader->failure, "'%s' cannot be part of an atomic program", command->name);
    result = statement_parse(&statement, words, count, reader->failure);
    return result == EXIT_STATUS_DONE ? push(reader->script, &statement, reader->failure) : result;
}

static bool is_word(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

/* `{` may open a line and `}` end one, or stand alone. */
static enum exit_status read_words(struct reader *reader, char **words, size_t count)
{
    enum exit_status result = EXIT_STATUS_DONE;
    bool closes;

    if (count > 0 && is_word(words[0], "{")) {
        result = open_group(reader);
        words++;
        count--;
    }
    closes = count > 0 && is_word(words[count - 1], "}");
    count -= closes;
    if (result == EXIT_STATUS_DONE && count > 0)
        result = read_command(reader, words, count);
    if (result == EXIT_STATUS_DONE && closes)
        result = close_group(reader);
    return result;
}

static enum exit_status read_copy(struct reader *reader, char *copy, char **words)
{
    size_t count = 0;
    enum exit_status result;

    if (reader->separator != ';' && holds_separator_of_c(copy))
        return failure_usage(reader->failure, "one command a line (';' is for -c)");
    result = split_words(copy, words, &count, reader->failure);
    return result == EXIT_STATUS_DONE ? read_words(reader, words, count) : result;
}

static enum exit_status read_line(struct reader *reader, const char *text, size_t length)
{
    char *copy = NULL;
    char **words = NULL;
    enum exit_status result;

    if (memchr(text, '\0', length) != NULL)
        return failure_usage(reader->failure, "a zero byte: this is not a text of commands");
    copy = strndup(text, length);
    words = malloc((length / 2 + 1) * sizeof(*words));
    if (copy == NULL || words == NULL)
        result = failure_system(reader->failure, "cannot read the commands");
    else
        result = read_copy(reader, copy, words);
    free(words);
    free(copy);
    return result;
}

static size_t line_length(const char *text, size_t size, char separator)
{
    struct scan scan = { .quoted = false };
    size_t length = 0;

    while (length < size && text[length] != '\n' && (text[length] != separator || scan.quoted))
        (void)scan_step(&scan, text[length++]);
    return length;
}

static enum exit_status read_lines(struct reader *reader, const char *text, size_t size)
{
    enum exit_status result = EXIT_STATUS_DONE;

    while (result == EXIT_STATUS_DONE && size > 0) {
        size_t length = line_length(text, size, reader->separator);
        size_t step = length < size ? length + 1 : length;
        reader->line++;
        result = read_line(reader, text, length);
        text += step;
        size -= step;
    }
    if (result == EXIT_STATUS_DONE && reader->group != 0) {
        reader->line = reader->group;
        result = failure_usage(reader->failure, "'{' is never closed");
    }
    return result;
}

enum exit_status script_parse(struct script *script, const char *name, const char *text, size_t size, char separator,
                              struct failure *failure)
{
    struct reader reader = { .script = script, .failure = failure, .separator = separator };
    enum exit_status result;

    *script = (struct script){ .name = name };
    result = read_lines(&reader, text, size);
    if (result != EXIT_STATUS_DONE) {
        failure->file = name;
        failure->line = reader.line;
    }
    return result;
}

enum exit_status script_of_words(struct script *script, char *const *words, size_t count, struct failure *failure)
{
    struct statement statement = { .line = 1 };
    enum exit_status result = statement_parse(&statement, words, count, failure);

    *script = (struct script){ .name = NULL };
    if (result != EXIT_STATUS_DONE)
        return result;
    return push(script, &statement, failure);
}

/* Without a target everything that needs none is looked at. */
static enum exit_status check_statement(const struct statement *statement, const struct policy *policy,
                                        struct kdio_target *target, struct failure *failure)
{
    const struct command *command = statement->command;
    enum kdio_status status = KDIO_DONE;
    enum exit_status result = EXIT_STATUS_DONE;

    if (command->check != NULL)
        status = command->check(statement, policy, target);
    if (status == KDIO_DONE && command->changes && policy->read_only)
        status = KDIO_READ_ONLY;
    if (status != KDIO_DONE)
        return statement_refused(statement, status, failure);
    if (target == NULL)
        result = statement_check(statement, failure);
    if (result == EXIT_STATUS_DONE && target == NULL && command->prepare != NULL)
        result = command->prepare(statement, failure);
    return result;
}

enum exit_status script_check(const struct script *script, uint32_t from, const struct policy *policy,
                              struct kdio_target *target, struct failure *failure)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct statement *statement = &script->statements[i];
        enum exit_status result = EXIT_STATUS_DONE;

        if (statement->line >= from)
            result = check_statement(statement, policy, target, failure);
        if (result != EXIT_STATUS_DONE) {
            failure->file = script->name;
            failure->line = statement->line;
            return result;
        }
    }
    return EXIT_STATUS_DONE;
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        statement_free(&script->statements[i]);
    free(script->statements);
    *script = (struct script){ .name = NULL };
}
