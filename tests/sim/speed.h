/* SPDX-License-Identifier: MIT */
/* speed.h: what a line carries, in exact figures on virtual time. */
#ifndef KDIO_SIM_SPEED_H
#define KDIO_SIM_SPEED_H

/* Prints one figure a line, `NAME VALUE UNIT` and what is required of it, if anything; 1 when a figure misses that. */
int sim_speed(void);

#endif
