/* SPDX-License-Identifier: MIT */
/* rival.h: what a user of QEMU would otherwise pick, over UNIX sockets of QEMU's. */
#ifndef KDIO_BENCH_RIVAL_H
#define KDIO_BENCH_RIVAL_H

/* QEMU's monitor for people, on the same running machine. */
int rival_monitor_open(const char *path);

/* One 8-bit write, to its prompt. */
void rival_monitor_write(int monitor);

/* QEMU's protocol for its own tests, in a machine whose processor does not run. */
int rival_qtest_open(const char *path);

/* So many 8-bit writes, sent as fast as they are taken, to the last answer. */
void rival_qtest_stream(int qtest, unsigned count);

#endif
