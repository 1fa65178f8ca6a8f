/* SPDX-License-Identifier: MIT */
/* test_terminal.c: the kernel's text on a terminal and elsewhere, whole and split everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cmd/terminal.h"

#define TEXT_SIZE 64
#define LAST      "~" /* Written behind the text; occurs in none. */
#define LIMIT_MS  5000

static int open_terminal(int *master, tcflag_t output_flags)
{
    struct termios settings;
    int slave;

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0 && tcgetattr(slave, &settings) == 0);
    settings.c_oflag = output_flags;
    assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
    return slave;
}

static void write_split(struct terminal *terminal, const char *text, size_t split)
{
    assert_true(terminal_write(terminal, text, split));
    assert_true(terminal_write(terminal, text + split, strlen(text) - split));
    assert_true(terminal_end(terminal));
    assert_int_equal(fclose(terminal->stream), 0);
}

/* A terminal hands over what it has, in as many pieces as it likes: all is there when the last character is. */
static void read_to_last(int master, char seen[TEXT_SIZE])
{
    struct pollfd readable = { .fd = master, .events = POLLIN };
    size_t size = 0;

    do {
        ssize_t more;

        assert_int_equal(poll(&readable, 1, LIMIT_MS), 1);
        more = read(master, seen + size, TEXT_SIZE - 1 - size);
        assert_true(more > 0);
        size += (size_t)more;
    } while (seen[size - 1] != LAST[0]);
    seen[size - 1] = '\0';
}

/* What is written to a terminal with those flags shows as `shown` at its other end. */
static void assert_shown(tcflag_t output_flags, const char *text, const char *shown)
{
    for (size_t split = 0; split <= strlen(text); split++) {
        struct terminal terminal;
        char seen[TEXT_SIZE] = "";
        int master, keeper;
        int slave = open_terminal(&master, output_flags);

        keeper = dup(slave);
        terminal_init(&terminal, fdopen(slave, "w"));
        write_split(&terminal, text, split);
        assert_int_equal(write(keeper, LAST, 1), 1);
        read_to_last(master, seen);
        assert_string_equal(seen, shown);
        (void)close(keeper);
        (void)close(master);
    }
}

static void a_line_ends_in_one_cr_lf_on_a_terminal(void **state)
{
    (void)state;
    assert_shown(OPOST | ONLCR, "a\nb\r\nc", "a\r\nb\r\nc");
    assert_shown(OPOST | ONLCR, "10%\r20%\r\n", "10%\r20%\r\n");
    assert_shown(OPOST | ONLCR, "a\r\r\n\r", "a\r\n\r");
    assert_shown(OPOST | ONLCR, "a\r\n\r\n\xff", "a\r\n\r\n\xff");
}

static void a_terminal_that_adds_nothing_gets_every_byte(void **state)
{
    (void)state;
    assert_shown(0, "a\nb\r\nc\r", "a\nb\r\nc\r");
    assert_shown(OPOST, "a\r\n", "a\r\n");
}

static void a_file_gets_every_byte(void **state)
{
    static const char text[] = "a\r\nb\n\r\r\n";
    struct terminal terminal;
    int ends[2];
    char bytes[TEXT_SIZE];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    terminal_init(&terminal, fdopen(ends[1], "w"));
    write_split(&terminal, text, 2);
    assert_int_equal(read(ends[0], bytes, sizeof(bytes)), strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_ends_in_one_cr_lf_on_a_terminal),
        cmocka_unit_test(a_terminal_that_adds_nothing_gets_every_byte),
        cmocka_unit_test(a_file_gets_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
