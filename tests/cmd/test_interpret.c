/* SPDX-License-Identifier: MIT */
/* test_interpret.c: lines that another program gives: what they print goes to its function, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kdio.h>

#include "host/cmd/interpret.h"

#define TEXT_SIZE 2048

struct printed {
    char results[TEXT_SIZE], errors[TEXT_SIZE];
    unsigned asked, interrupted_at; /* Times that interruption was asked for; the one that interrupts, or 0. */
};

static void take(void *context, bool error, const char *text, size_t size)
{
    struct printed *printed = context;
    char *place = error ? printed->errors : printed->results;

    assert_true(strlen(place) + size < TEXT_SIZE);
    strncat(place, text, size);
}

static bool interrupted(void *context)
{
    struct printed *printed = context;

    return ++printed->asked == printed->interrupted_at;
}

static void ignore_console(void *context, const char *text, size_t size)
{
    (void)context;
    (void)text;
    (void)size;
}

static enum exit_status run(const char *line, bool read_only, struct printed *printed, enum kdio_status *status)
{
    struct kdio_options options = { .size = sizeof(options), .console = ignore_console };
    struct interpreter interpreter = { .target_name = "there", .read_only = read_only, .print = take,
                                       .interrupted = interrupted, .context = printed };
    enum exit_status result;

    assert_int_equal(kdio_target_open(&interpreter.target, "fake,line", &options), KDIO_DONE);
    result = interpret(&interpreter, line, status);
    kdio_target_close(interpreter.target);
    return result;
}

static const struct {
    const char *line;
    bool read_only;
    enum exit_status exit;
    enum kdio_status status;
    const char *results, *errors;
} lines[] = {
    { "", false, EXIT_STATUS_DONE, KDIO_DONE, "", "" },
    { "ib 80", false, EXIT_STATUS_DONE, KDIO_DONE, "00000080: 80\n", "" },
    { "{ ib 80; iw 82 }; RDMSR 10", false, EXIT_STATUS_DONE, KDIO_DONE,
      "00000080: 80\n00000082: 8282\nmsr[10] = 00000010`00000010\n", "" },
    { "dd 1000 L2", false, EXIT_STATUS_DONE, KDIO_DONE, "00000000`00001000  03020100 07060504\n", "" },
    { "xx", false, EXIT_STATUS_USAGE, KDIO_DONE, "", "unknown command 'xx' (`kdio help` lists them)" },
    { "console", false, EXIT_STATUS_USAGE, KDIO_DONE, "",
      "'console' cannot stand among commands that are executed in turn" },
    { "ob 80 1f0", false, EXIT_STATUS_REFUSED, KDIO_BAD_VALUE, "",
      "ob 80 1f0: value is wider than the access; nothing was sent" },
    { "ib 80; ob 80 1", true, EXIT_STATUS_REFUSED, KDIO_READ_ONLY, "",
      "command:2: ob 80 1: the target is read-only; nothing was sent" },
    { "ib 80; rdmsr dead; ib 81", false, EXIT_STATUS_REFUSED, KDIO_FAULT, "00000080: 80\n",
      "command:2: fake: the access faulted; not done" },
};

static void lines_print_to_their_caller(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct printed printed = { .asked = 0 };
        enum kdio_status status = KDIO_SYSTEM;
        print_message("%s\n", lines[i].line);
        assert_int_equal(run(lines[i].line, lines[i].read_only, &printed, &status), lines[i].exit);
        assert_int_equal(status, lines[i].status);
        assert_string_equal(printed.results, lines[i].results);
        assert_string_equal(printed.errors, lines[i].errors);
    }
}

static void an_interruption_ends_a_line(void **state)
{
    struct printed printed = { .interrupted_at = 2 };
    enum kdio_status status = KDIO_DONE;

    (void)state;
    assert_int_equal(run("ib 80; registers; ib 81", false, &printed, &status), EXIT_STATUS_SYSTEM);
    assert_int_equal(status, KDIO_INTERRUPTED);
    assert_string_equal(printed.results, "00000080: 80\n");
    assert_non_null(strstr(printed.errors, "interrupted; nothing of this line was sent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_print_to_their_caller),
        cmocka_unit_test(an_interruption_ends_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
