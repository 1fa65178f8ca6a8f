/* SPDX-License-Identifier: MIT */
/* processor.h: the commands rdmsr, wrmsr, cpuid and registers. */
#ifndef KDIO_CMD_PROCESSOR_H
#define KDIO_CMD_PROCESSOR_H

#include "host/cmd/output.h"
#include "host/cmd/statement.h"

enum kdio_status rdmsr_append(const struct statement *statement, struct kdio_program *program);
void rdmsr_print(const struct statement *statement, const struct results *results, struct output *output);
enum kdio_status wrmsr_append(const struct statement *statement, struct kdio_program *program);
void wrmsr_print(const struct statement *statement, const struct results *results, struct output *output);
enum kdio_status cpuid_append(const struct statement *statement, struct kdio_program *program);
void cpuid_print(const struct statement *statement, const struct results *results, struct output *output);
enum exit_status registers_execute(const struct statement *statement, struct session *session);

#endif
