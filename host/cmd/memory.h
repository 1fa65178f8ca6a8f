/* SPDX-License-Identifier: MIT */
/* memory.h: the commands that show, change, search and fill memory: db to dq, eb to eq, s, f, by either address. */
#ifndef KDIO_CMD_MEMORY_H
#define KDIO_CMD_MEMORY_H

#include "host/cmd/output.h"
#include "host/cmd/statement.h"

/* What a command's addresses are. */
enum kdio_space memory_space(const struct statement *statement);

/* db, dw, dd, dq: [-m] RANGE. Question marks stand for what cannot be read; in a program that is a failure. */
enum kdio_status display_check(const struct statement *statement, const struct policy *policy,
                               struct kdio_target *target);
enum kdio_status display_append(const struct statement *statement, struct kdio_program *program);
void display_print(const struct statement *statement, const struct results *results, struct output *output);
enum exit_status display_execute(const struct statement *statement, struct session *session);

/* eb, ew, ed, eq: ADDRESS VALUE... */
enum exit_status edit_prepare(const struct statement *statement, struct failure *failure);
enum kdio_status edit_append(const struct statement *statement, struct kdio_program *program);
void edit_print(const struct statement *statement, const struct results *results, struct output *output);

/* s: [-b|-w|-d|-q|-a] RANGE PATTERN */
enum exit_status pattern_prepare(const struct statement *statement, struct failure *failure);
enum exit_status search_execute(const struct statement *statement, struct session *session);

/* f: RANGE PATTERN */
enum exit_status fill_execute(const struct statement *statement, struct session *session);

/* The end of a failure: how many bytes were moved before it. */
enum exit_status memory_failure(struct session *session, enum kdio_status status, const char *done_word,
                                uint64_t done);

#endif
