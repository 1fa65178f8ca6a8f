/* SPDX-License-Identifier: MIT */
/* script.h: the scripted sessions, by name or all of them. */
#ifndef KDIO_SIM_SCRIPT_H
#define KDIO_SIM_SCRIPT_H

/* 0 when all ran; NULL for all. A failure ends the process. */
int sim_script(const char *name);

#endif
