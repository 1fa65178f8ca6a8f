/* SPDX-License-Identifier: MIT */
/* help.c: implements help.h. The page of `kdio --help` fits a screen of 24 lines of 80. */
#include "host/cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "host/cmd/output.h"

#define HEADING_SIZE 64

static const char options_text[] =
    "Options:\n"
    "  --target TARGET     a gensio string: unix,PATH; serialdev,/dev/ttyS0,115200n81\n"
    "                      or qemu, which boots one; default: $KDIO_TARGET, else qemu\n"
    "  --json              print one JSON object a result, and errors too\n"
    "  --wait[=SECONDS]    wait for a target that is still off\n"
    "  --expect-reset      the last command makes the target go: its loss is success\n"
    "  --deny PORT[-PORT]  refuse ports; commas between several; `safe`: a profile\n"
    "  --read-only         refuse every output\n"
    "  --console FILE      put the kernel's text there (-: standard error)\n"
    "  --capture FILE      put everything on the line there, for Wireshark\n"
    "  -v, --verbose       at the end, print the line's statistics on standard error\n"
    "  --version, --help   print the version; print help, also of a COMMAND\n"
    "Numbers are hexadecimal; 0n10 is decimal, 0t17 octal, 0y101 binary.\n"
    "Exit status: 0 done, 1 refused, 2 usage, 3 link, 4 protocol, 5 system.\n";

/* Rows that follow each other with the same summary share a line: the name of each, then the arguments. */
static const struct command *print_row(struct output *output, const struct command *row)
{
    char heading[HEADING_SIZE] = "";
    const char *summary = row->summary;
    const char *arguments = row->arguments;

    for (; row->name != NULL && strcmp(row->summary, summary) == 0; row++) {
        size_t used = strlen(heading);
        (void)snprintf(heading + used, sizeof(heading) - used, "%s ", row->name);
    }
    (void)strncat(heading, arguments, sizeof(heading) - strlen(heading) - 1);
    output_text(output, "  %-22s %s\n", heading, summary);
    return row;
}

void help_print(struct output *output)
{
    const struct command *row = command_first();

    output_text(output, "usage: kdio [OPTION...] COMMAND [ARGUMENT...]\n"
                        "       kdio [OPTION...] -c 'COMMAND; COMMAND; ...'\n"
                        "Reads and writes I/O ports of a machine whose kernel carries a stub. Commands:\n");
    while (row->name != NULL)
        row = print_row(output, row);
    output_text(output, "%s", options_text);
}

void help_print_command(struct output *output, const struct command *command)
{
    output_text(output, "usage: kdio [OPTION...] %s%s%s\n\n%s", command->name, *command->arguments ? " " : "",
                command->arguments, command->details);
    if (command->append != NULL)
        output_text(output, "Numbers are hexadecimal; 0n, 0t and 0y make them decimal, octal and binary; 0x,\n"
                            "a trailing h and a backtick are accepted.\n");
}
