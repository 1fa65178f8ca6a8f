/* SPDX-License-Identifier: MIT */
/* doctor.h: `kdio doctor`: what is the matter with a line, in plain words, with the next thing to try. */
#ifndef KDIO_CMD_DOCTOR_H
#define KDIO_CMD_DOCTOR_H

#include "host/cmd/statement.h"

enum exit_status doctor_execute(const struct statement *statement, struct session *session);

#endif
