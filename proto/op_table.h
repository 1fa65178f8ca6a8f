/* SPDX-License-Identifier: MIT */
/*
 * op_table.h: the one table of operations. Everything that knows an operation comes from it or is tested against it:
 * encoders, decoders, the stub's dispatcher, the host's library, SPEC.md.
 *
 * X(NAME, opcode, word, operands, results, worst_us, capability)
 *   word        how people write it; WinDbg's command where there is one
 *   operands,
 *   results     one letter a field (cursor.h), in wire order, little-endian:
 *               b w d q   unsigned, 1 2 4 8 bytes
 *               p         I/O port, 2 bytes; the access width is 1 << (opcode & 3) bytes
 *               s         a count byte and so many bytes
 *   worst_us    longest time the operation takes on the target, in microseconds: an ISA bus access takes about 1 us, a
 *               slow device or a trap to firmware a few more
 *   capability  bit of the capabilities in the answer to OPEN that says the stub has it
 */
#ifndef KDIO_PROTO_OP_TABLE_H
#define KDIO_PROTO_OP_TABLE_H

#define KDIO_CAPABILITY_LINK      0x00000000u /* Always there. */
#define KDIO_CAPABILITY_PORT      0x00000001u
#define KDIO_CAPABILITY_TEXT      0x00000002u
#define KDIO_CAPABILITY_POLLED    0x00000100u /* State: no UART interrupt reaches the stub. */
#define KDIO_CAPABILITY_READ_ONLY 0x00000200u /* State: output is refused. */

#define KDIO_OP_TABLE(X) \
    X(SESSION, 0x01, "session", "", "ddd", 1, LINK) \
    X(STATS, 0x02, "stats", "", "ddddddddddd", 1, LINK) \
    X(TEXT, 0x03, "text", "s", "", 100, TEXT) \
    X(CHAIN, 0x04, "chain", "", "", 1, LINK) \
    X(ECHO, 0x05, "echo", "q", "q", 1, LINK) \
    X(IN8, 0x10, "ib", "p", "b", 10, PORT) \
    X(IN16, 0x11, "iw", "p", "w", 10, PORT) \
    X(IN32, 0x12, "id", "p", "d", 10, PORT) \
    X(OUT8, 0x14, "ob", "pb", "", 10, PORT) \
    X(OUT16, 0x15, "ow", "pw", "", 10, PORT) \
    X(OUT32, 0x16, "od", "pd", "", 10, PORT)

#define KDIO_OP_OPERANDS_MAX 2u /* Fields in operands. */
#define KDIO_OP_RESULTS_MAX  11u /* Fields in results. */
#define KDIO_OP_SIZE_MAX     257u /* Bytes of an encoded operation, opcode included: the longest text. */

enum kdio_opcode {
#define X(name, opcode, word, operands, results, worst_us, capability) KDIO_OP_##name = opcode,
    KDIO_OP_TABLE(X)
#undef X
};

#endif
