/* SPDX-License-Identifier: MIT */
/* part.h: the parts of `measure`; each has its arguments behind its name. */
#ifndef KDIO_BENCH_PART_H
#define KDIO_BENCH_PART_H

/* wire GENSIO: bytes on the line, exactly. */
void part_wire(char **arguments);

/* writes GENSIO MONITOR QTEST BLOCKS: single writes, programs, and the rivals beside them, in turns. */
void part_writes(char **arguments);

/* growth GENSIO: the time of 1 to 100,000 writes. */
void part_growth(char **arguments);

/* paced GENSIO: 1,000 writes in programs, and single ones, on a line that takes its time. */
void part_paced(char **arguments);

/* disk GENSIO: IDENTIFY of the first IDE disk, by string input and by single reads. */
void part_disk(char **arguments);

/* memory GENSIO ADDRESS FILE: physical memory that holds what is in the file, read back. */
void part_memory(char **arguments);

/* pci GENSIO: the configuration space of every function that can be. */
void part_pci(char **arguments);

/* count GENSIO single|program COUNT: writes alone, all in one function, for callgrind. */
void part_count(char **arguments);

#endif
