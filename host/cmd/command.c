/* SPDX-License-Identifier: MIT */
/* command.c: the table of command.h, and reading one line by it. A new command is a new row. */
#include "host/cmd/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/console.h"
#include "host/cmd/doctor.h"
#include "host/cmd/info.h"
#include "host/cmd/number.h"
#include "host/cmd/port.h"

#define PORT_LAST 0xffffu

enum { OPERAND_PORT, OPERAND_VALUE }; /* Of the port commands. */

#define OUT_DETAILS(bits) \
    "Executes exactly one " bits "-bit `out` instruction on the target. Prints nothing.\n" \
    "PORT is a multiple of the width, and port + width is at most 10000. A VALUE\n" \
    "wider than the access is refused, and nothing is sent.\n"

#define IN_DETAILS(bits, example) \
    "Executes exactly one " bits "-bit `in` instruction on the target, and prints:\n" \
    "    " example "\n" \
    "PORT is a multiple of the width, and port + width is at most 10000.\n"

#define OUT_ROW(word, bits, bytes) \
    { .name = word, .arguments = "PORT VALUE", .summary = "write 8, 16 or 32 bits to a port", \
      .details = OUT_DETAILS(bits), .operands_min = 2, .operands_max = 2, .width = bytes, .in_scripts = true, \
      .check = port_check_out, .append = port_append_out, .print = port_print_out }

#define IN_ROW(word, bits, bytes, example) \
    { .name = word, .arguments = "PORT", .summary = "read 8, 16 or 32 bits from a port", \
      .details = IN_DETAILS(bits, example), .operands_min = 1, .operands_max = 1, .width = bytes, \
      .in_scripts = true, .check = port_check_in, .append = port_append_in, .print = port_print_in }

static const struct command commands[] = {
    OUT_ROW("ob", "8", 1),
    OUT_ROW("ow", "16", 2),
    OUT_ROW("od", "32", 4),
    IN_ROW("ib", "8", 1, "00000080: 55"),
    IN_ROW("iw", "16", 2, "00000cfc: 8086"),
    IN_ROW("id", "32", 4, "00000cfc: 29c08086"),
    { .name = "info", .arguments = "", .summary = "show the stub's version, limits and statistics",
      .details = "Versions, identifiers, limits and capabilities as the stub told them; the\n"
                 "stub's own counters; and what this session saw of the line.\n",
      .in_scripts = true, .execute = info_execute },
    { .name = "console", .arguments = "", .summary = "show the kernel's text, and type to the kernel",
      .details = "Shows the text of the target's kernel as it arrives, and types the lines of\n"
                 "standard input to the kernel. Ends when standard input has ended and the kernel\n"
                 "has been quiet for half a second; else with ^C.\n",
      .execute = console_execute },
    { .name = "doctor", .arguments = "", .summary = "say what is wrong with the line, and what to try",
      .details = "Connects, and tells what the line looks like: no such device, held by another\n"
                 "process, silence, a wrong baud rate, an echo, a login prompt, another debugger's\n"
                 "protocol ... with the next things to try. Where a stub answers it tries all 256\n"
                 "byte values both ways, and measures round trip, loss and throughput. Touches\n"
                 "nothing on the target. Exit status: 0 all well, 1 the target's end is something\n"
                 "else, 3 the line is in trouble.\n",
      .connects = true, .execute = doctor_execute },
    { .name = "run", .arguments = "FILE|- [--from N]", .summary = "execute one command a line, over one connection",
      .details = "Reads commands from FILE, or from standard input for -: one a line; # starts a\n"
                 "comment. The whole file is checked before the first byte is sent. The lines\n"
                 "between { and } are one atomic program: one request, interrupts off on the\n"
                 "processor that executes it. Stops at the first failure and names the first line\n"
                 "not known to be done; --from N (decimal) leaves out the lines before line N.\n",
      .operands_min = 1, .operands_max = 1 },
    { .name = "help", .arguments = "[COMMAND]", .summary = "show help",
      .details = "Without COMMAND: the options and the list of commands.\n", .operands_max = 1 },
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

/* What other systems call the port commands, and what people try. */
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
    char first[sizeof("console")];
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

enum exit_status command_check_count(const struct command *command, char *const *words, size_t count,
                                     struct failure *failure)
{
    if (count - 1 < command->operands_min)
        return failure_usage(failure, "%s: missing argument (usage: kdio %s %s)", command->name,
                             command->name, command->arguments);
    if (count - 1 > command->operands_max)
        return failure_usage(failure, "%s: surplus argument '%s' (usage: kdio %s%s%s)", command->name,
                             words[command->operands_max + 1], command->name, *command->arguments ? " " : "",
                             command->arguments);
    return EXIT_STATUS_DONE;
}

static enum exit_status parse_operand(struct statement *statement, size_t index, const char *word,
                                      struct failure *failure)
{
    const char *name = statement->command->name;

    switch (number_parse(word, &statement->operands[index])) {
    case NUMBER_OK:
        statement->bases[index] = (uint8_t)number_base(word);
        return EXIT_STATUS_DONE;
    case NUMBER_OVERFLOW:
        return failure_usage(failure, "%s: '%s' does not fit in 64 bits", name, word);
    default:
        return failure_usage(failure, "%s: '%s' is not a number", name, word);
    }
}

enum exit_status statement_parse(struct statement *statement, char *const *words, size_t count,
                                 struct failure *failure)
{
    enum exit_status result;

    statement->command = command_find(words[0]);
    if (statement->command == NULL)
        return command_unknown(words[0], failure);
    result = command_check_count(statement->command, words, count, failure);
    for (size_t i = 1; result == EXIT_STATUS_DONE && i < count; i++)
        result = parse_operand(statement, i - 1, words[i], failure);
    return result;
}

void statement_format(const struct statement *statement, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", statement->command->name);

    for (unsigned i = 0; i < statement->command->operands_max && used < size; i++) {
        char number[NUMBER_TEXT_SIZE];
        number_format(statement->operands[i], statement->bases[i], number);
        used += (size_t)snprintf(text + used, size - used, " %s", number);
    }
}

void statement_hint(const struct statement *statement, enum kdio_status status, char *text, size_t size)
{
    unsigned index = status == KDIO_BAD_VALUE ? OPERAND_VALUE : OPERAND_PORT;
    uint64_t max = status == KDIO_BAD_VALUE ? (1ull << statement->command->width * 8) - 1 : PORT_LAST;
    uint64_t number = statement->operands[index];

    text[0] = '\0';
    if ((status == KDIO_BAD_VALUE || status == KDIO_BAD_PORT) && statement->bases[index] == 0 &&
        number_seems_decimal(number, max))
        (void)snprintf(text, size, " (numbers are hexadecimal; 0n%" PRIx64 " is decimal)", number);
}
