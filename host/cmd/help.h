/* SPDX-License-Identifier: MIT */
/* help.h: the texts of --help, `kdio help COMMAND` and --version. */
#ifndef KDIO_CMD_HELP_H
#define KDIO_CMD_HELP_H

#include "host/cmd/command.h"

void help_print(struct output *output);
void help_print_command(struct output *output, const struct command *command);

#endif
