/* SPDX-License-Identifier: MIT */
/* command.c: the table of command.h. A new command is a new row. */
#include "host/cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/info.h"
#include "host/cmd/port.h"

#define WIDTH_BITS OPERAND_BITS_WIDTH

/* ---- Rows that come in widths ---- */

/* ROW(letter, bits as text, bytes) for each width. */
#define ROWS_3(ROW) ROW("b", "8", 1), ROW("w", "16", 2), ROW("d", "32", 4)

#define PORT_FORM { "PORT", OPERAND_PORT, 0, false }
#define VALUE_FORM { "VALUE", OPERAND_NUMBER, WIDTH_BITS, false }

#define OUT_ROW(letter, bits, bytes) \
    { .name = "o" letter, .group = GROUP_PORTS, .forms = { PORT_FORM, VALUE_FORM }, .width = bytes, \
      .summary = "write 8, 16 or 32 bits to a port", \
      .details = "Executes exactly one " bits "-bit `out` instruction on the target. Prints nothing.\n" \
                 "PORT is a multiple of the width, and port + width is at most 10000. A VALUE\n" \
                 "wider than the access is refused, and nothing is sent.\n", \
      .accesses_ports = true, .changes = true, .in_scripts = true, \
      .check = port_check_out, .append = port_append_out, .print = port_print_out }

#define IN_ROW(letter, bits, bytes) \
    { .name = "i" letter, .group = GROUP_PORTS, .forms = { PORT_FORM }, .width = bytes, \
      .summary = "read 8, 16 or 32 bits from a port", \
      .details = "Executes exactly one " bits "-bit `in` instruction on the target, and prints the port\n" \
                 "in 8 digits and the value in 2, 4 or 8:\n" \
                 "    00000080: 55\n" \
                 "PORT is a multiple of the width, and port + width is at most 10000.\n", \
      .accesses_ports = true, .in_scripts = true, \
      .check = port_check_in, .append = port_append_in, .print = port_print_in }

static const struct command commands[] = {
    ROWS_3(OUT_ROW),
    ROWS_3(IN_ROW),
    { .name = "info", .group = GROUP_SESSION, .summary = "show the stub's version, limits and statistics",
      .details = "Versions, identifiers, limits and capabilities as the stub told them; the\n"
                 "stub's own counters; and what this session saw of the line.\n",
      .in_scripts = true, .execute = info_execute },
    { .name = "console", .group = GROUP_SESSION, .summary = "show the kernel's text, and type to the kernel",
      .details = "Shows the text of the target's kernel as it arrives, and types the lines of\n"
                 "standard input to the kernel. Ends when standard input has ended and the kernel\n"
                 "has been quiet for half a second; else with ^C.\n" },
    { .name = "doctor", .group = GROUP_SESSION, .summary = "say what is wrong with the line, and what to try",
      .details = "Connects, and tells what the line looks like: no such device, held by another\n"
                 "process, silence, a wrong baud rate, an echo, a login prompt, another debugger's\n"
                 "protocol ... with the next things to try. Where a stub answers it tries all 256\n"
                 "byte values both ways, and measures round trip, loss and throughput. Touches\n"
                 "nothing on the target. Exit status: 0 all well, 1 the target's end is something\n"
                 "else, 3 the line is in trouble.\n",
      .connects = true },
    { .name = "gdbserver", .group = GROUP_SESSION, .option = "--stdio|--port",
      .forms = { { "PORT", OPERAND_TEXT, 0, true } }, .summary = "serve gdb: its `target remote`",
      .details = "Stops the kernel when gdb connects, and lets it run again when gdb leaves.\n"
                 "    gdb build/kdio-kernel.debug -ex 'target remote | kdio gdbserver --stdio'\n"
                 "With --port (decimal; 0 or none: any that is free) it listens on this machine's\n"
                 "own address, prints what to type in gdb, and serves one gdb after the other\n"
                 "until ^C. gdb's `monitor` executes kdio's commands; gdb's `source kdio.py` has\n"
                 "them at its prompt, and port functions for its expressions.\n" },
    { .name = "run", .group = GROUP_SESSION, .forms = { { "FILE|-", OPERAND_TEXT, 0, false } },
      .summary = "execute one command a line, over one connection",
      .details = "Reads commands from FILE, or from standard input for -: one a line; # starts a\n"
                 "comment. The whole file is checked before the first byte is sent. The lines\n"
                 "between { and } are one atomic program: one request, interrupts off on the\n"
                 "processor that executes it. Stops at the first failure and names the first line\n"
                 "not known to be done; --from N (decimal) leaves out the lines before line N.\n" },
    { .name = "help", .group = GROUP_SESSION, .forms = { { "COMMAND", OPERAND_TEXT, 0, true } },
      .summary = "show help",
      .details = "Without COMMAND: the options and the list of commands.\n" },
    { .name = NULL },
};

const struct command *command_first(void)
{
    return commands;
}

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcasecmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

const char *command_group_name(enum command_group group)
{
    static const char *const names[] = {
        [GROUP_PORTS] = "ports",   [GROUP_PROGRAMS] = "programs", [GROUP_PROCESSOR] = "processor",
        [GROUP_MEMORY] = "memory", [GROUP_PCI] = "pci",           [GROUP_SESSION] = "session",
    };

    return names[group];
}

/* ---- Words that are none ---- */

/* What other systems call the commands, and what people try. */
static const struct {
    const char *word, *meant;
} slips[] = {
    { "in", "ib, iw or id" },   { "inb", "ib" },  { "inw", "iw" },  { "inl", "id" },  { "ind", "id" },
    { "out", "ob, ow or od" },  { "outb", "ob" }, { "outw", "ow" }, { "outl", "od" }, { "outd", "od" },
    { "version", "--version" },
};

/* A whole command in one word. */
static bool holds_command(const char *word)
{
    char first[sizeof(".restore")];
    size_t length = strcspn(word, " \t;");

    if (word[length] == '\0' || length >= sizeof(first))
        return false;
    memcpy(first, word, length);
    first[length] = '\0';
    return strcmp(first, "{") == 0 || command_find(first) != NULL;
}

enum exit_status command_unknown(const char *word, struct failure *failure)
{
    if (holds_command(word))
        return failure_usage(failure, "unknown command '%s' (for commands in one argument, use -c)", word);
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        if (strcasecmp(slips[i].word, word) == 0)
            return failure_usage(failure, "unknown command '%s' (did you mean %s?)", word, slips[i].meant);
    }
    return failure_usage(failure, "unknown command '%s' (`kdio help` lists them)", word);
}

/* ---- What may follow a name ---- */

static void append_form(const struct operand_form *form, char *text, size_t size)
{
    bool repeats = form->kind == OPERAND_LIST;
    bool brackets = form->optional && form->kind != OPERAND_RANGE;
    size_t used = strlen(text);

    (void)snprintf(text + used, size - used, "%s%s%s%s%s", used > 0 ? " " : "", brackets ? "[" : "", form->name,
                   repeats ? "..." : "", brackets ? "]" : "");
}

void command_usage(const struct command *command, char text[static COMMAND_USAGE_SIZE])
{
    text[0] = '\0';
    if (command->option != NULL)
        (void)snprintf(text, COMMAND_USAGE_SIZE, "[%s]", command->option);
    for (const struct operand_form *form = command->forms; form->name != NULL; form++)
        append_form(form, text, COMMAND_USAGE_SIZE);
}

unsigned command_option(const struct command *command, const char *word)
{
    const char *option = command->option;
    size_t length = strlen(word);

    for (unsigned number = 1; option != NULL && length > 0; number++) {
        size_t option_length = strcspn(option, "|");
        if (option_length == length && memcmp(option, word, length) == 0)
            return number;
        option = option[option_length] == '|' ? option + option_length + 1 : NULL;
    }
    return 0;
}
