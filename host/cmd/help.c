/* SPDX-License-Identifier: MIT */
/* help.c: implements help.h: an overview of all commands by their groups, a group's commands, a command. */
#include "host/cmd/help.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/cmd/output.h"

#define HEADING_SIZE (COMMAND_USAGE_SIZE + 32)
#define LINE_SIZE    79
#define NAMES_COLUMN 13
#define SUMMARY_COLUMN 30 /* After two blanks. */

#define NUMBERS_TEXT "Numbers are hexadecimal; 0n10 is decimal, 0t17 octal, 0y101 binary.\n"

static const char options_text[] =
    "Options:\n"
    "  -t, --target TARGET a gensio string: unix,PATH; serialdev,/dev/ttyS0,115200n81\n"
    "                      or tcp,HOST,PORT or 'telnet(rfc2217),tcp,HOST,PORT'\n"
    "                      or qemu, which boots one; default: $KDIO_TARGET, else qemu\n"
    "  --json              print one JSON object a result, and errors too\n"
    "  --cycles            show the time-stamp counter's cycles of each port access\n"
    "  --baud RATE         move a serial line to another rate while kdio runs\n"
    "  --wait[=SECONDS]    wait for a target that is still off\n"
    "  --expect-reset      the last command makes the target go: its loss is success\n"
    "  --deny PORT[-PORT]  refuse ports; commas between several; `safe`: a profile\n"
    "  --read-only         refuse what changes the target\n"
    "  --console FILE      put the kernel's text there (-: standard error)\n"
    "  --capture FILE      put everything on the line there, for Wireshark\n"
    "  -v, --verbose       at the end, print the line's statistics on standard error\n"
    "  --version, --help   print the version; print help, also of a COMMAND\n"
    NUMBERS_TEXT
    "Exit status: 0 done, 1 refused, 2 usage, 3 link, 4 protocol, 5 system.\n";

static void print_names(struct output *output, enum command_group group, bool in_scripts)
{
    size_t column = NAMES_COLUMN;

    output_text(output, "  %-*s", NAMES_COLUMN - 2, command_group_name(group));
    for (const struct command *row = command_first(); row->name != NULL; row++) {
        if (row->group != group || (in_scripts && !row->in_scripts))
            continue;
        if (column + strlen(row->name) + 1 > LINE_SIZE) {
            output_text(output, "\n%*s", NAMES_COLUMN, "");
            column = NAMES_COLUMN;
        }
        output_text(output, "%s%s", column > NAMES_COLUMN ? " " : "", row->name);
        column += strlen(row->name) + 1;
    }
    output_text(output, "\n");
}

void help_print(struct output *output)
{
    output_text(output, "usage: kdio [OPTION...] COMMAND [ARGUMENT...]\n"
                        "       kdio [OPTION...] -c 'COMMAND; COMMAND; ...'\n"
                        "Reaches a machine whose kernel carries a stub: ports, memory, PCI, processor.\n"
                        "Commands; `kdio help` tells more about each, and about each group:\n");
    for (enum command_group group = 0; group < GROUP_COUNT; group++)
        print_names(output, group, false);
    output_text(output, "%s", options_text);
}

void help_print_monitor(struct output *output)
{
    output_text(output, "kdio's commands; `monitor help` tells more about each, and about each group:\n");
    for (enum command_group group = 0; group < GROUP_COUNT; group++)
        print_names(output, group, true);
    output_text(output, NUMBERS_TEXT
                        "Several commands stand in one line between `;`.\n");
}

/* Rows that follow each other with the same summary share a line: the name of each, then the arguments. */
static const struct command *print_row(struct output *output, const struct command *row)
{
    char heading[HEADING_SIZE] = "";
    char usage[COMMAND_USAGE_SIZE];
    const char *summary = row->summary;
    size_t used = 0;

    command_usage(row, usage);
    for (; row->name != NULL && strcmp(row->summary, summary) == 0; row++)
        used += (size_t)snprintf(heading + used, sizeof(heading) - used, "%s ", row->name);
    (void)snprintf(heading + used, sizeof(heading) - used, "%s", usage);
    if (strlen(heading) + 1 > SUMMARY_COLUMN)
        output_text(output, "  %s\n  %*s", heading, SUMMARY_COLUMN, "");
    else
        output_text(output, "  %-*s", SUMMARY_COLUMN, heading);
    output_text(output, "%s\n", summary);
    return row;
}

bool help_print_group(struct output *output, const char *name)
{
    const struct command *row = command_first();

    while (row->name != NULL && strcasecmp(command_group_name(row->group), name) != 0)
        row++;
    if (row->name == NULL)
        return false;
    while (row->name != NULL && strcasecmp(command_group_name(row->group), name) == 0)
        row = print_row(output, row);
    return true;
}

/* Words fill lines; a line that starts with blanks is an example, and stays as it is. */
static void print_details(struct output *output, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        if (*text == ' ' && text[1] == ' ') {
            length = strcspn(text, "\n");
            output_text(output, "%s%.*s\n", column > 0 ? "\n" : "", (int)length, text);
            column = 0;
        } else if (length > 0) {
            bool fits = column > 0 && column + 1 + length <= LINE_SIZE;
            output_text(output, "%s%.*s", column == 0 ? "" : fits ? " " : "\n", (int)length, text);
            column = fits ? column + 1 + length : length;
        }
        text += length;
        text += *text == '\n' || (length > 0 && *text == ' ');
    }
    output_text(output, "%s", column > 0 ? "\n" : "");
}

/* A word of a shell that would do something else with it. */
static bool needs_quotes(const char *name)
{
    return name[0] == '!';
}

void help_print_command(struct output *output, const struct command *command)
{
    char usage[COMMAND_USAGE_SIZE];

    command_usage(command, usage);
    output_text(output, "usage: kdio [OPTION...] %s%s%s\n\n", command->name, *usage ? " " : "", usage);
    print_details(output, command->details);
    if (needs_quotes(command->name))
        output_text(output, "In a shell, write '%s' in quotes.\n", command->name);
    if (command->in_scripts && command->forms[0].name != NULL)
        output_text(output, "Numbers are hexadecimal; 0n, 0t and 0y make them decimal, octal and binary; 0x,\n"
                            "a trailing h and a backtick are accepted.\n");
}
