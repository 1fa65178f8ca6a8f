/* SPDX-License-Identifier: MIT */
/*
 * op_table.h: the one table of operations. Everything that knows an operation comes from it or is tested against it:
 * encoders, decoders, the stub's dispatcher, the host's library, SPEC.md.
 *
 * X(NAME, opcode, word, operands, results, worst_us, each_us, effect, capability)
 *   opcode      from 10 on, the lower two bits of an operation with a width tell it: 1 << (opcode & 3) bytes
 *   word        how people write it; WinDbg's or Intel's name where there is one
 *   operands,
 *   results     one letter a field (cursor.h), in wire order, little-endian:
 *               b w d q   unsigned, 1 2 4 8 bytes
 *               p         I/O port, 2 bytes
 *               v         a value of the operation's width
 *               u         a time in microseconds, 4 bytes
 *               n         a count of units of the operation's width, 2 bytes
 *               l         a length in bytes, 8 bytes
 *               s         a count byte and so many bytes
 *               t         a table of n units of the operation's width; the last of the operands or results
 *   worst_us    longest time the operation takes on the target, in microseconds: an ISA bus access takes about 1 us, a
 *               slow device or a trap to firmware a few more
 *   each_us     what it takes more for each of n, for each 64 bytes of l; `u` adds itself
 *   effect      CHANGES for what read-only mode refuses, else READS
 *   capability  bit of the capabilities in the answer to OPEN that says the stub has it
 */
#ifndef KDIO_PROTO_OP_TABLE_H
#define KDIO_PROTO_OP_TABLE_H

#define KDIO_CAPABILITY_LINK      0x00000000u /* Always there. */
#define KDIO_CAPABILITY_PORT      0x00000001u
#define KDIO_CAPABILITY_TEXT      0x00000002u
#define KDIO_CAPABILITY_PROGRAM   0x00000004u /* Operations that decide, wait, repeat: RMW to RDTSC. */
#define KDIO_CAPABILITY_BAUD      0x00000008u
#define KDIO_CAPABILITY_PROCESSOR 0x00000010u /* MSRs, CPUID, registers. */
#define KDIO_CAPABILITY_VIRTUAL   0x00000020u /* Memory by virtual address. */
#define KDIO_CAPABILITY_PHYSICAL  0x00000040u /* By physical address, and translation. */
#define KDIO_CAPABILITY_PCI       0x00000080u
#define KDIO_CAPABILITY_RUN       0x00000400u /* Run control. */
#define KDIO_CAPABILITY_POLLED    0x00000100u /* State: no UART interrupt reaches the stub. */
#define KDIO_CAPABILITY_READ_ONLY 0x00000200u /* State: what changes the target is refused. */

#define KDIO_OP_WIDTHS_3(X, name, opcode, word, ...) \
    X(name##8, opcode, word "b", __VA_ARGS__) \
    X(name##16, opcode + 1, word "w", __VA_ARGS__) \
    X(name##32, opcode + 2, word "d", __VA_ARGS__)
#define KDIO_OP_WIDTHS_4(X, name, opcode, word, ...) \
    KDIO_OP_WIDTHS_3(X, name, opcode, word, __VA_ARGS__) \
    X(name##64, opcode + 3, word "q", __VA_ARGS__)

/* What the smallest stub has. */
#define KDIO_OP_TABLE_PORTS(X) \
    X(SESSION, 0x01, "session", "", "ddd", 1, 0, READS, LINK) \
    X(CHAIN, 0x04, "chain", "", "", 1, 0, READS, LINK) \
    X(ECHO, 0x05, "echo", "q", "q", 1, 0, READS, LINK) \
    KDIO_OP_WIDTHS_3(X, IN, 0x10, "i", "p", "v", 10, 0, READS, PORT) \
    KDIO_OP_WIDTHS_3(X, OUT, 0x14, "o", "pv", "", 10, 0, CHANGES, PORT)

#define KDIO_OP_TABLE_REST(X) \
    X(STATS, 0x02, "stats", "", "ddddddddddd", 1, 0, READS, LINK) \
    X(TEXT, 0x03, "text", "s", "", 100, 0, READS, TEXT) \
    X(BAUD, 0x06, "baud", "d", "d", 1, 0, READS, BAUD) \
    X(FAULT, 0x07, "fault", "", "bqqq", 1, 0, READS, LINK) \
    KDIO_OP_WIDTHS_3(X, OUT_SAME, 0x18, "same.o", "v", "", 10, 0, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, OUT_NEXT, 0x1c, "next.o", "v", "", 10, 0, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, RMW, 0x20, "rmw", "pvv", "vv", 20, 0, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, POLL, 0x24, "poll", "pvvu", "vd", 20, 0, READS, PROGRAM) \
    KDIO_OP_WIDTHS_4(X, CHECK, 0x28, "check", "vv", "", 1, 0, READS, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, INDEX_IN, 0x2c, "xi", "pbdp", "v", 40, 0, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, INDEX_OUT, 0x30, "xo", "pbdpv", "", 40, 0, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, INS, 0x34, "ins", "pn", "t", 10, 2, READS, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, OUTS, 0x38, "outs", "pnt", "", 10, 2, CHANGES, PROGRAM) \
    KDIO_OP_WIDTHS_3(X, REPEAT, 0x3c, "rep", "pnv", "", 10, 2, CHANGES, PROGRAM) \
    X(DELAY, 0x40, "delay", "u", "", 1, 0, READS, PROGRAM) \
    X(RDTSC, 0x41, "rdtsc", "", "q", 1, 0, READS, PROGRAM) \
    X(RDMSR, 0x44, "rdmsr", "d", "q", 20, 0, READS, PROCESSOR) \
    X(WRMSR, 0x45, "wrmsr", "dq", "", 20, 0, CHANGES, PROCESSOR) \
    X(CPUID, 0x46, "cpuid", "dd", "dddd", 50, 0, READS, PROCESSOR) \
    X(REGISTERS, 0x47, "registers", "", "dqqqqqqqqqqqqqqqqqqwwwwwwwwww", 50, 0, READS, PROCESSOR) \
    KDIO_OP_WIDTHS_3(X, PCI_READ, 0x48, "!pci.read.", "dwn", "t", 10, 30, READS, PCI) \
    KDIO_OP_WIDTHS_3(X, PCI_WRITE, 0x4c, "!pci.write.", "dwnt", "", 10, 30, CHANGES, PCI) \
    KDIO_OP_WIDTHS_4(X, VREAD, 0x50, "read.", "qn", "t", 10, 2, READS, VIRTUAL) \
    KDIO_OP_WIDTHS_4(X, VWRITE, 0x54, "write.", "qnt", "", 10, 2, CHANGES, VIRTUAL) \
    KDIO_OP_WIDTHS_4(X, PREAD, 0x58, "!read.", "qn", "t", 10, 2, READS, PHYSICAL) \
    KDIO_OP_WIDTHS_4(X, PWRITE, 0x5c, "!write.", "qnt", "", 10, 2, CHANGES, PHYSICAL) \
    X(VGET, 0x60, "get", "qn", "t", 10, 1, READS, VIRTUAL) \
    X(VPUT, 0x64, "put", "qnt", "", 10, 1, CHANGES, VIRTUAL) \
    X(PGET, 0x68, "!get", "qn", "t", 10, 1, READS, PHYSICAL) \
    X(PPUT, 0x6c, "!put", "qnt", "", 10, 1, CHANGES, PHYSICAL) \
    X(VSEARCH, 0x70, "search", "qlbs", "q", 10, 64, READS, VIRTUAL) \
    X(PSEARCH, 0x71, "!search", "qlbs", "q", 10, 64, READS, PHYSICAL) \
    X(VFILL, 0x72, "fill", "qls", "", 10, 64, CHANGES, VIRTUAL) \
    X(PFILL, 0x73, "!fill", "qls", "", 10, 64, CHANGES, PHYSICAL) \
    X(TRANSLATE, 0x74, "!vtop", "q", "bbqqqqqq", 50, 0, READS, PHYSICAL)

#define KDIO_OP_TABLE_RUN(X) \
    X(HALT, 0x80, "halt", "", "", 1, 0, CHANGES, RUN) \
    X(STATE, 0x81, "state", "", "bbddbqqqb", 1, 0, READS, RUN) \
    X(GET_REGISTERS, 0x82, "r", "", "qqqqqqqqqqqqqqqqqqwwwwwwqqq", 50, 0, READS, RUN) \
    X(SET_REGISTER, 0x83, "r.set", "bq", "", 50, 0, CHANGES, RUN) \
    X(GET_FPU, 0x84, "fpu", "wn", "t", 50, 0, READS, RUN) \
    X(SET_FPU, 0x88, "fpu.set", "wnt", "", 50, 0, CHANGES, RUN) \
    X(RESUME, 0x8c, "resume", "b", "", 50, 0, CHANGES, RUN) \
    X(SET_BREAKPOINT, 0x8d, "ba", "bbq", "b", 50, 0, CHANGES, RUN) \
    X(CLEAR_BREAKPOINT, 0x8e, "bc", "b", "", 50, 0, CHANGES, RUN) \
    X(GET_BREAKPOINT, 0x8f, "bl", "b", "bbq", 1, 0, READS, RUN)

#define KDIO_OP_TABLE(X) KDIO_OP_TABLE_PORTS(X) KDIO_OP_TABLE_REST(X) KDIO_OP_TABLE_RUN(X)

#define KDIO_OP_OPERANDS_MAX 5u /* Fields in operands. */
#define KDIO_OP_RESULTS_MAX  29u /* Fields in results. */
#define KDIO_OP_SIZE_MAX     274u /* Bytes of an encoded operation without a table: the longest search. */

enum kdio_opcode {
#define X(name, opcode, ...) KDIO_OP_##name = opcode,
    KDIO_OP_TABLE(X)
#undef X
};

#endif
