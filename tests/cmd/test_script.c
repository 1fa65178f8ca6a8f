/* SPDX-License-Identifier: MIT */
/* test_script.c: scripts are read as a whole, with the line of each command; bad ones are refused by their line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cmd/policy.h"
#include "host/cmd/script.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MANY 5000u

struct row {
    const char *name;
    uint32_t line, group;
    uint64_t operands[2];
};

/* The text is copied without its end, so that a read beyond it is seen. */
static enum exit_status parse_bytes(struct script *script, const char *text, size_t size, char separator,
                                    struct failure *failure)
{
    char *copy = malloc(size > 0 ? size : 1);
    enum exit_status result;

    assert_non_null(copy);
    memcpy(copy, text, size);
    *failure = (struct failure){ .exit = EXIT_STATUS_DONE };
    result = script_parse(script, "FILE", copy, size, separator, failure);
    free(copy);
    return result;
}

static void assert_rows(const char *text, char separator, const struct row *rows, size_t count)
{
    struct script script;
    struct failure failure;

    assert_int_equal(parse_bytes(&script, text, strlen(text), separator, &failure), EXIT_STATUS_DONE);
    assert_int_equal(script.count, count);
    for (size_t i = 0; i < count; i++) {
        const struct statement *statement = &script.statements[i];
        assert_string_equal(statement->command->name, rows[i].name);
        assert_int_equal(statement->line, rows[i].line);
        assert_int_equal(statement->group, rows[i].group);
        assert_true(statement->operands[0] == rows[i].operands[0]);
        assert_true(statement->operands[1] == rows[i].operands[1]);
    }
    script_free(&script);
}

static void a_file_is_one_command_a_line(void **state)
{
    static const struct row rows[] = {
        { "ob", 2, 0, { 0x80, 0x55 } }, { "ow", 5, 4, { 0xcf8, 0xffff } }, { "id", 6, 4, { 0xcfc, 0 } },
        { "ib", 9, 0, { 71, 0 } },      { "info", 10, 0, { 0, 0 } },
    };

    (void)state;
    assert_rows("# a comment\n  OB\t80  55#x\n\n{ # open\now cf8 0xffff\r\nid cfc\n }\n#\nib 0n71\ninfo", '\n', rows,
                COUNT(rows));
}

static void commands_of_c_end_at_semicolons(void **state)
{
    static const struct row rows[] = {
        { "ob", 1, 1, { 0x70, 0 } }, { "ib", 2, 1, { 0x71, 0 } }, { "ib", 4, 0, { 0x80, 0 } },
    };

    (void)state;
    assert_rows("{ ob 70 0; ib 71 };; ib 80", ';', rows, COUNT(rows));
}

static void braces_may_share_a_line_with_a_command(void **state)
{
    static const struct row rows[] = {
        { "ib", 1, 1, { 0x71, 0 } },
        { "ib", 3, 2, { 0x72, 0 } },
    };

    (void)state;
    assert_rows("{ ib 71 }\n{\nib 72 }", '\n', rows, COUNT(rows));
}

static void texts_without_commands_are_empty(void **state)
{
    static const char *const texts[] = { "", "\n", "#", "# ob 80 55; ib 80", " \t \n\n", "{\n}\n", "{ }" };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_rows(texts[i], '\n', NULL, 0);
}

static const struct {
    const char *text;
    uint32_t line;
    const char *part; /* Of the message. */
} bad_texts[] = {
    { "ob 80 55\nxx 1\n", 2, "unknown command 'xx'" },
    { "ob 80", 1, "missing argument" },
    { "\n\nib 80 1", 3, "surplus argument '1'" },
    { "ob 80 5g", 1, "'5g' is not a number" },
    { "ib 80\nob 80 55;", 2, "one command a line (';' is for -c)" },
    { "ib 80; ib 81 # two", 1, "one command a line" },
    { "inb 80", 1, "unknown command 'inb' (did you mean ib?)" },
    { "ob 80 10000000000000000", 1, "does not fit in 64 bits" },
    { "info 1", 1, "surplus argument '1'" },
    { "run x", 1, "'run' cannot stand" },
    { "ib 80\nhelp", 2, "'help' cannot stand" },
    { "console", 1, "'console' cannot stand" },
    { "{\nib 80\n{\n}\n}", 3, "'{' inside the '{' of line 1" },
    { "}", 1, "'}' without '{'" },
    { "ib 80\n{\nib 80\n", 2, "'{' is never closed" },
    { "{\ninfo\n}", 2, "'info' cannot be part of an atomic program" },
    { "ib { 80", 1, "'{' is not a number" },
    { "ob 80 \"55", 1, "a text in quotes ends with a quote" },
    { "ob 80 \"55\"x", 1, "a text in quotes ends with a quote" },
    { "ob 1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15", 1, "surplus argument '3'" },
    { "--help", 1, "unknown command '--help'" },
};

static void bad_lines_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        struct script script;
        struct failure failure;
        print_message("%s\n", bad_texts[i].part);
        assert_int_equal(parse_bytes(&script, bad_texts[i].text, strlen(bad_texts[i].text), '\n', &failure),
                         EXIT_STATUS_USAGE);
        assert_int_equal(failure.line, bad_texts[i].line);
        assert_string_equal(failure.file, "FILE");
        assert_non_null(strstr(failure.text, bad_texts[i].part));
        script_free(&script);
    }
}

static void a_zero_byte_is_no_text(void **state)
{
    struct script script;
    struct failure failure;

    (void)state;
    assert_int_equal(parse_bytes(&script, "ib 80\nib 8\0001\n", 13, '\n', &failure), EXIT_STATUS_USAGE);
    assert_int_equal(failure.line, 2);
    script_free(&script);
}

/* Every start of a good text is read, or refused, without reading beyond it. */
static void every_prefix_of_a_text_is_judged(void **state)
{
    static const char text[] = "ob 80 0n55 # c\n{\now cf8 `1\n} ib 71\r\nid 0xcfc`h\n";

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        struct script script;
        struct failure failure;
        (void)parse_bytes(&script, text, size, '\n', &failure);
        script_free(&script);
    }
}

static void long_scripts_grow(void **state)
{
    char *text = malloc(MANY * 6);
    struct script script;
    struct failure failure;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < MANY; i++)
        memcpy(text + i * 6, "ib 80\n", 6);
    assert_int_equal(parse_bytes(&script, text, MANY * 6, '\n', &failure), EXIT_STATUS_DONE);
    assert_int_equal(script.count, MANY);
    assert_int_equal(script.statements[MANY - 1].line, MANY);
    script_free(&script);
    free(text);
}

static void a_refused_line_is_found_from_the_given_line_on(void **state)
{
    static const char text[] = "ob 80 1\nob 80 100\nib 80\now 81 1\n";
    struct policy policy = { .read_only = false };
    struct script script;
    struct failure failure;

    (void)state;
    assert_int_equal(parse_bytes(&script, text, strlen(text), '\n', &failure), EXIT_STATUS_DONE);
    assert_int_equal(script_check(&script, 0, &policy, NULL, &failure), EXIT_STATUS_REFUSED);
    assert_int_equal(failure.line, 2);
    assert_int_equal(failure.status, KDIO_BAD_VALUE);
    assert_int_equal(script_check(&script, 3, &policy, NULL, &failure), EXIT_STATUS_REFUSED);
    assert_int_equal(failure.line, 4);
    assert_int_equal(failure.status, KDIO_MISALIGNED);
    assert_int_equal(script_check(&script, 5, &policy, NULL, &failure), EXIT_STATUS_DONE);
    script_free(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_one_command_a_line),
        cmocka_unit_test(commands_of_c_end_at_semicolons),
        cmocka_unit_test(braces_may_share_a_line_with_a_command),
        cmocka_unit_test(texts_without_commands_are_empty),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(a_zero_byte_is_no_text),
        cmocka_unit_test(every_prefix_of_a_text_is_judged),
        cmocka_unit_test(long_scripts_grow),
        cmocka_unit_test(a_refused_line_is_found_from_the_given_line_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
