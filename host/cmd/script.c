/* SPDX-License-Identifier: MIT */
/* script.c: implements script.h. Nothing here knows a target: a script is only read and checked. */
#include "host/cmd/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16
#define BLANKS " \t\r\v\f"
#define CAPACITY_FIRST 64
#define STATEMENT_TEXT 160 /* Two numbers of 64 binary digits. */
#define HINT_TEXT 80

/* Where the reader of a text is. */
struct reader {
    struct script *script;
    struct failure *failure;
    uint32_t line;
    uint32_t group; /* Line of the open `{`, or 0. */
    char separator;
};

static enum exit_status push(struct script *script, const struct statement *statement, struct failure *failure)
{
    if (script->count == script->capacity) {
        size_t capacity = script->capacity ? script->capacity * 2 : CAPACITY_FIRST;
        struct statement *grown = realloc(script->statements, capacity * sizeof(*grown));
        if (grown == NULL)
            return failure_system(failure, "cannot read the commands");
        script->statements = grown;
        script->capacity = capacity;
    }
    script->statements[script->count++] = *statement;
    return EXIT_STATUS_DONE;
}

/* Up to the `#` of a comment. */
static bool holds_separator_of_c(const char *text)
{
    return text[strcspn(text, "#;")] == ';';
}

static size_t split_words(char *text, char **words)
{
    size_t count = 0;
    char *rest = NULL;

    text[strcspn(text, "#")] = '\0';
    for (char *word = strtok_r(text, BLANKS, &rest); word != NULL; word = strtok_r(NULL, BLANKS, &rest)) {
        if (count < WORDS_MAX)
            words[count++] = word;
    }
    return count;
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
    result = statement_parse(&statement, words, count, reader->failure);
    if (result != EXIT_STATUS_DONE)
        return result;
    if (statement.group != 0 && command->append == NULL)
        return failure_usage(reader->failure, "'%s' cannot be part of an atomic program", command->name);
    return push(reader->script, &statement, reader->failure);
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

static enum exit_status read_line(struct reader *reader, const char *text, size_t length)
{
    char *words[WORDS_MAX];
    char *copy = NULL;
    enum exit_status result;

    if (memchr(text, '\0', length) != NULL)
        return failure_usage(reader->failure, "a zero byte: this is not a text of commands");
    copy = strndup(text, length);
    if (copy == NULL)
        return failure_system(reader->failure, "cannot read the commands");
    if (reader->separator != ';' && holds_separator_of_c(copy))
        result = failure_usage(reader->failure, "one command a line (';' is for -c)");
    else
        result = read_words(reader, words, split_words(copy, words));
    free(copy);
    return result;
}

static size_t line_length(const char *text, size_t size, char separator)
{
    size_t length = 0;

    while (length < size && text[length] != '\n' && text[length] != separator)
        length++;
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

static enum exit_status check_statement(const struct statement *statement, const struct policy *policy,
                                        struct kdio_target *target, struct failure *failure)
{
    char text[STATEMENT_TEXT];
    char hint[HINT_TEXT];
    enum kdio_status status = KDIO_DONE;

    if (statement->command->check != NULL)
        status = statement->command->check(statement, policy, target);
    if (status == KDIO_DONE)
        return EXIT_STATUS_DONE;
    statement_format(statement, text, sizeof(text));
    statement_hint(statement, status, hint, sizeof(hint));
    return failure_status(failure, status, "%s: %s%s", text, kdio_status_text(status), hint);
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
    free(script->statements);
    *script = (struct script){ .name = NULL };
}
