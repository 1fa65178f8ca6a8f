/* SPDX-License-Identifier: MIT */
/* port.h: the port commands ob, ow, od, ib, iw and id; one statement is one operation of a program. */
#ifndef KDIO_CMD_PORT_H
#define KDIO_CMD_PORT_H

#include "host/cmd/output.h"
#include "host/cmd/statement.h"

enum kdio_status port_check_out(const struct statement *statement, const struct policy *policy,
                                struct kdio_target *target);
enum kdio_status port_check_in(const struct statement *statement, const struct policy *policy,
                               struct kdio_target *target);
enum kdio_status port_append_out(const struct statement *statement, struct kdio_program *program);
enum kdio_status port_append_in(const struct statement *statement, struct kdio_program *program);
void port_print_out(const struct statement *statement, const struct results *results, struct output *output);
void port_print_in(const struct statement *statement, const struct results *results, struct output *output);

/* For all commands that access ports: ends a line of results, with the cycles that a timed access took. */
void port_end(const struct results *results, struct output *output);
/* The same for JSON: an object with port and width, the first operand and the command's. */
cJSON *port_object(const struct statement *statement, const struct results *results, const struct output *output);

#endif
