/* SPDX-License-Identifier: MIT */
/*
 * fuzz_command.c: what reads text that a person wrote: numbers, against a second reader, and scripts, which are refused
 * with a line that exists or become statements that can be printed and read again.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "host/cmd/number.h"
#include "host/cmd/script.h"

#define WORD_MAX 80u

/* ---- Numbers ---- */

static int digit_of(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = character ? strchr(digits, character | 0x20) : NULL;

    if (character >= '0' && character <= '9')
        return character - '0';
    return found && (character | 0x20) >= 'a' ? (int)(found - digits) : 99;
}

/* The sum in 128 bits, kept from wrapping by stopping well above 64. */
static enum number_result read_digits(const char *text, size_t length, int base, uint64_t *value)
{
    unsigned __int128 sum = 0;
    unsigned backticks = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '`' && i && !backticks++)
            continue;
        if (digit_of(text[i]) >= base)
            return NUMBER_GARBAGE;
        if (sum <= UINT64_MAX)
            sum = sum * (unsigned)base + (unsigned)digit_of(text[i]);
    }
    if (!length)
        return NUMBER_GARBAGE;
    if (sum > UINT64_MAX)
        return NUMBER_OVERFLOW;
    *value = (uint64_t)sum;
    return NUMBER_OK;
}

static enum number_result read_number(const char *text, uint64_t *value)
{
    static const char letters[] = "xXnNtTyY";
    static const int bases[] = { 16, 10, 8, 2 };
    size_t length = strlen(text);
    const char *prefix = length > 1 && text[0] == '0' ? strchr(letters, text[1]) : NULL;

    if (prefix)
        return read_digits(text + 2, length - 2, bases[(prefix - letters) / 2], value);
    if (length && (text[length - 1] | 0x20) == 'h')
        length--;
    return read_digits(text, length, 16, value);
}

static void check_number(const char *text)
{
    uint64_t value = 0x5a5a, expected = 0x5a5a;
    enum number_result result = number_parse(text, &value);

    FUZZ_REQUIRE(result == read_number(text, &expected), "both readers agree on what a number is");
    FUZZ_REQUIRE(value == expected, "both read the same value, and none on failure");
    value = expected = 0x5a5a;
    result = number_parse_decimal(text, &value);
    if (strchr(text, '`'))
        FUZZ_REQUIRE(result == NUMBER_GARBAGE, "counts have no backtick");
    else
        FUZZ_REQUIRE(result == read_digits(text, strlen(text), 10, &expected) && value == expected, "decimal counts");
}

static void check_first_word(const uint8_t *data, size_t size)
{
    size_t length = size < WORD_MAX ? size : WORD_MAX;
    char *word = malloc(length + 1);

    if (length)
        memcpy(word, data, length);
    word[length] = '\0';
    check_number(word);
    free(word);
}

/* ---- Scripts ---- */

static uint32_t count_lines(const char *text, size_t size, char separator)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n' || text[i] == separator;
    return lines;
}

/* A statement printed as a person would type it is the same statement. */
static void check_statement(const struct statement *statement)
{
    struct failure failure = { .exit = EXIT_STATUS_DONE };
    struct script again;
    char text[4096]; /* Longer than what any input becomes. */

    statement_format(statement, text, sizeof text);
    FUZZ_REQUIRE(script_parse(&again, "FILE", text, strlen(text), '\n', &failure) == EXIT_STATUS_DONE,
                 "what was printed is read");
    FUZZ_REQUIRE(again.count == 1 && again.statements[0].command == statement->command &&
                 !memcmp(again.statements[0].operands, statement->operands, sizeof statement->operands),
                 "read as it was printed");
    script_free(&again);
}

static void check_script(const struct script *script, uint32_t lines)
{
    uint32_t line = 0;

    for (size_t i = 0; i < script->count; i++) {
        const struct statement *statement = &script->statements[i];

        FUZZ_REQUIRE(statement->command && statement->command->in_scripts, "only commands that may stand in scripts");
        FUZZ_REQUIRE(statement->line >= 1 && statement->line <= lines && statement->line >= line, "lines rise");
        FUZZ_REQUIRE(statement->group <= statement->line, "a group begins before its statements");
        FUZZ_REQUIRE(!statement->group || statement->command->append, "groups hold port operations");
        line = statement->line;
        check_statement(statement);
    }
}

static void check_text(const uint8_t *data, size_t size, char separator)
{
    char *text = (char *)fuzz_exact_copy(data, size);
    struct failure failure = { .exit = EXIT_STATUS_DONE };
    struct script script;
    uint32_t lines = count_lines(text, size, separator);
    enum exit_status result = script_parse(&script, "FILE", text, size, separator, &failure);

    if (result == EXIT_STATUS_DONE) {
        check_script(&script, lines);
    } else {
        FUZZ_REQUIRE(result == EXIT_STATUS_USAGE && failure.exit == result, "what cannot be read is a usage error");
        FUZZ_REQUIRE(failure.line >= 1 && failure.line <= lines, "the line exists");
        FUZZ_REQUIRE(failure.text[0] && memchr(failure.text, '\0', sizeof failure.text), "and there is a reason");
    }
    script_free(&script);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_first_word(data, size);
    check_text(data, size, '\n');
    check_text(data, size, ';');
    return 0;
}
