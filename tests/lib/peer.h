/* SPDX-License-Identifier: MIT */
/*
 * peer.h: the real stub in a process of its own behind a UNIX socket, for tests of the host library.
 *
 * The machine is a fake: its UART is the socket's bytes, its other ports record each access. What a test wants to go
 * wrong it writes into the shared page, which the peer reads before each step. Several hosts may connect: they share
 * the line.
 */
#ifndef KDIO_TESTS_LIB_PEER_H
#define KDIO_TESTS_LIB_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_ACCESSES_MAX 65536
#define PEER_MEMORY       8192u /* What a stub has when nothing else is said. */
#define PEER_MEMORY_MAX   65536u

/* The target's memory: so many bytes, at a virtual and at a physical address. */
#define PEER_RAM_SIZE     0x80000u
#define PEER_RAM_VIRTUAL  0xffff800000000000u
#define PEER_RAM_PHYSICAL 0x100000000u
#define PEER_CR3          (PEER_RAM_PHYSICAL + 0x1000)
#define PEER_MSR          0x10u /* The only one. */

struct peer_access {
    uint32_t port;
    uint32_t value;
    uint8_t width;
    bool write;
};

enum peer_kind {
    PEER_STUB,
    PEER_STUB_BARE, /* Ports alone: its kernel offers it no faults. */
    PEER_STUB_MMIO,  /* Its UART is in memory, registers a byte wide and a byte apart. */
    PEER_STUB_MMIO4, /* Registers of 32 bits, four bytes apart. */
    PEER_SILENT,  /* Takes bytes and says nothing. */
    PEER_TEXT,    /* Repeats a line of text. */
    PEER_NOISE,
    PEER_ENDLESS, /* Text as fast as the socket takes it. */
    PEER_ECHO,
    PEER_OTHER_VERSION,
};

struct peer_page {
    /* Set by the test; one-shot ones go back to 0 when they have happened. */
    atomic_bool stop;
    atomic_bool reset;             /* One-shot: another boot of the stub. */
    atomic_bool cut_before;        /* One-shot: at the next bytes received, drop them and the connection. */
    atomic_bool cut_after;         /* One-shot: take the next bytes, execute, drop what would be sent and the connection. */
    atomic_bool mute;              /* Execute, but send nothing (it is lost). */
    atomic_uint mute_after;        /* One-shot: mute when so many accesses are made; 0: never. */
    atomic_uint reset_after;       /* One-shot: reset then; 0: never. */
    atomic_bool deaf;              /* Drop what is received. */
    atomic_bool absent;            /* Connections are refused: the socket is not there. */
    atomic_bool say;               /* One-shot: the kernel prints a line. */
    atomic_uint eat;               /* 0x100 + a byte value that never arrives; 0 for none. */
    atomic_uint lose_each;         /* Every so many-th byte received is lost; 0 for none. */
    /* Set by the peer. */
    atomic_uint connections;       /* Accepted so far. */
    atomic_uint resets;
    atomic_uint access_count;
    struct peer_access accesses[PEER_ACCESSES_MAX];
    uint8_t ram[PEER_RAM_SIZE];
    uint8_t touched[PEER_RAM_SIZE]; /* How often each byte of it was accessed. */
    atomic_uint ram_accesses;
    atomic_uint absent_from, absent_to;       /* Offsets of the bytes of it that fault, */
    atomic_uint read_only_from, read_only_to; /* and of those that fault when written. */
    atomic_uint ram_delay_us;      /* What an access to it takes. */
    uint64_t msr;
    atomic_uint typed_count;
    char typed[4096];
};

struct peer {
    struct peer_page *page;
    pid_t pid;
    char directory[64];
    char path[96];
    char gensio[128];
};

/* Starts a peer; it listens when this returns. Ends the test program on failure. */
void peer_start(struct peer *peer, enum peer_kind kind);
/* With a stub that has so many bytes of memory. */
void peer_start_sized(struct peer *peer, enum peer_kind kind, size_t memory);
void peer_end(struct peer *peer);

#endif
