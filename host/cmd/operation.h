/* SPDX-License-Identifier: MIT */
/*
 * operation.h: the operations that decide, wait and repeat on the target: rmw, poll, check, delay, index/data pairs,
 * strings and the time-stamp counter. One statement is one operation of a program.
 */
#ifndef KDIO_CMD_OPERATION_H
#define KDIO_CMD_OPERATION_H

#include "host/cmd/output.h"
#include "host/cmd/statement.h"

/* PORT AND OR */
enum kdio_status rmw_check(const struct statement *statement, const struct policy *policy, struct kdio_target *target);
enum kdio_status rmw_append(const struct statement *statement, struct kdio_program *program);
void rmw_print(const struct statement *statement, const struct results *results, struct output *output);

/* PORT MASK VALUE TIME */
enum exit_status poll_prepare(const struct statement *statement, struct failure *failure);
enum kdio_status poll_append(const struct statement *statement, struct kdio_program *program);
void poll_print(const struct statement *statement, const struct results *results, struct output *output);

/* MASK VALUE */
enum exit_status check_prepare(const struct statement *statement, struct failure *failure);
enum kdio_status check_append(const struct statement *statement, struct kdio_program *program);

enum kdio_status delay_append(const struct statement *statement, struct kdio_program *program);

/* INDEXPORT INDEX DATAPORT [VALUE] */
enum kdio_status index_check_in(const struct statement *statement, const struct policy *policy,
                                struct kdio_target *target);
enum kdio_status index_check_out(const struct statement *statement, const struct policy *policy,
                                 struct kdio_target *target);
enum kdio_status index_append_in(const struct statement *statement, struct kdio_program *program);
enum kdio_status index_append_out(const struct statement *statement, struct kdio_program *program);
void index_print(const struct statement *statement, const struct results *results, struct output *output);

/* PORT COUNT, PORT VALUE..., PORT COUNT VALUE */
enum exit_status string_prepare(const struct statement *statement, struct failure *failure);
enum kdio_status outs_check(const struct statement *statement, const struct policy *policy,
                            struct kdio_target *target);
enum kdio_status repeat_check(const struct statement *statement, const struct policy *policy,
                              struct kdio_target *target);
enum kdio_status ins_append(const struct statement *statement, struct kdio_program *program);
enum kdio_status outs_append(const struct statement *statement, struct kdio_program *program);
enum kdio_status repeat_append(const struct statement *statement, struct kdio_program *program);
void ins_print(const struct statement *statement, const struct results *results, struct output *output);

enum kdio_status rdtsc_append(const struct statement *statement, struct kdio_program *program);
void rdtsc_print(const struct statement *statement, const struct results *results, struct output *output);

/* For operations that give nothing: with --json an object, with --cycles a line; else nothing. */
void quiet_print(const struct statement *statement, const struct results *results, struct output *output);

#endif
