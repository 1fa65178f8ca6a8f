/* SPDX-License-Identifier: MIT */
/* help.h: the texts of --help, `kdio help COMMAND` and `kdio help GROUP`. */
#ifndef KDIO_CMD_HELP_H
#define KDIO_CMD_HELP_H

#include "host/cmd/command.h"

void help_print(struct output *output);
/* At gdb's prompt: without what is the shell's. */
void help_print_monitor(struct output *output);
void help_print_command(struct output *output, const struct command *command);
/* The commands of a group with what follows them; false when there is no such group. */
bool help_print_group(struct output *output, const char *name);

#endif
