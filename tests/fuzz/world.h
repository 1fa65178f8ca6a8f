/* SPDX-License-Identifier: MIT */
/*
 * world.h: the real stub on a fake machine, with a client on the other end of the line that seals what it sends with
 * the key of a session which the stub itself answered.
 *
 * machine.c is the target: UART, clock, other entries that preempt, and the rules of the stub's contract.
 * client.c is the host's end: it knows every whole frame that the stub was given, so it can tell of each access whether
 * it was asked for, and it understands every byte that the stub sends.
 * fuzz_stub.c turns the input into what happens in this world.
 */
#ifndef KDIO_FUZZ_WORLD_H
#define KDIO_FUZZ_WORLD_H

#include <kdio_stub.h>

#include "proto/frame.h"
#include "proto/message.h"
#include "proto/program.h"
#include "proto/session.h"
#include "tests/fuzz/fuzz.h"

#define WORLD_UART_BASE   0x3f8u
#define WORLD_UART_PORTS  8u
#define WORLD_DENIED_PORT 0x666u

#define MACHINE_RX_MAX    8192u
#define MACHINE_DEPTH_MAX 3u /* Entries that preempt one another. */

#define CLIENT_SESSIONS_MAX 6u
#define CLIENT_PROGRAM_MAX  320u
#define CLIENT_REPLY_MAX    2048u
#define CLIENT_READS_MAX    2048u
#define CLIENT_TEXT_MAX     65536u
#define CLIENT_ARENA_MAX    131072u
#define CLIENT_FRAMES_MAX   2048u

enum entry { ENTRY_POLL, ENTRY_HANDLE, ENTRY_CONSOLE, ENTRY_SUSPEND, ENTRY_RESUME, ENTRY_COUNT };

/* An entry into the stub that runs. */
struct call {
    enum entry entry;
    unsigned accesses;   /* Of the UART, beside those of the program. */
    unsigned before;     /* The same when the program's latest operation was executed. */
    bool executed;       /* It executed an operation that shows. */
};

struct machine {
    _Alignas(16) uint8_t memory[KDIO_STUB_MEMORY];
    struct kdio_stub *stub;
    uint8_t rx[MACHINE_RX_MAX]; /* What the line holds for the UART. */
    size_t rx_at, rx_size;
    uint8_t lcr, ier;
    unsigned tx_fifo;         /* Bytes in the transmitter. */
    unsigned tx_slow;         /* LSR reads until it is empty. */
    uint64_t now_us;
    unsigned access_us;       /* Time that an access of the UART takes. */
    uint64_t draws;
    bool defer, read_only;
    bool kernel_holds_pair, stub_holds_pair;
    bool interrupts_off;
    bool suspended;
    struct call calls[MACHINE_DEPTH_MAX];
    unsigned depth;           /* Calls that run. */
    unsigned preempt_in;      /* Accesses until another entry comes between; 0: none. */
    enum entry preempt_by;
    unsigned uart_accesses;   /* Since the start of the run: for the preemption. */
};

/* A request that the client sealed. */
struct client_request {
    uint32_t seq;
    bool atomic, replied;
    size_t size;              /* Of the program. */
    size_t wire_cost, reply_cost;
    unsigned executed;        /* Operations that showed. */
    size_t reads_size, reply_size;
    uint8_t program[CLIENT_PROGRAM_MAX];
    uint8_t reads[CLIENT_READS_MAX]; /* What the machine gave to its IN operations. */
    uint8_t reply[CLIENT_REPLY_MAX]; /* The first one. */
};

struct client_session {
    struct kdio_session_key key;
    struct kdio_answer answer;
    uint32_t next, base;      /* Next number to give; oldest without a reply. */
    struct client_request requests[KDIO_SEQ_MASK + 1];
};

/* The payload of a whole frame that was on the line: in the arena. */
struct client_frame {
    uint32_t at;
    size_t size;
};

struct client {
    struct client_session sessions[CLIENT_SESSIONS_MAX];
    unsigned session_count;
    uint32_t nonces[8];       /* Those that OPEN was sent with. */
    unsigned nonce_count;
    uint32_t boot_id;
    bool late;                /* A request was sent again. */
    bool version_unusual;     /* An OPEN was sent that has no version in common. */
    struct kdio_session_key candidate; /* That the stub had when it last said something, */
    struct kdio_session_key candidates[8]; /* and those before. */
    unsigned candidate_count;
    /* What the stub was given. */
    uint8_t segment[MACHINE_RX_MAX];
    size_t segment_size;
    uint8_t arena[CLIENT_ARENA_MAX];
    size_t arena_size;
    struct client_frame frames[CLIENT_FRAMES_MAX];
    unsigned frame_count;
    bool full;                /* No room to remember more: the run ends here. */
    /* The program that runs. */
    uint32_t run_challenge, run_seq;
    bool run_any, run_atomic;
    struct kdio_reader run_program;
    uint32_t ended[CLIENT_SESSIONS_MAX];
    unsigned ended_count;
    struct client_request *run_request;
    unsigned accesses;
    /* What the stub says. */
    struct kdio_frame_decoder decoder;
    uint8_t heard_frame[4096];
    uint8_t text_sent[CLIENT_TEXT_MAX], text_heard[CLIENT_TEXT_MAX];
    size_t text_sent_size, text_heard_size, text_dropped;
};

struct world {
    struct machine machine;
    struct client client;
};

/* ---- machine.c ---- */

/* A machine that has just started its stub; the options are bits of the input. */
void machine_start(struct world *world, uint8_t options);

/* Calls the stub, and judges the call when it returns. `text` is for ENTRY_CONSOLE. */
unsigned machine_call(struct world *world, enum entry entry, const uint8_t *text, size_t size);

/* Puts bytes on the line to the stub. */
void machine_send(struct world *world, const uint8_t *bytes, size_t size);

/* Lets the stub work until it has nothing to do. */
void machine_settle(struct world *world);

/* ---- client.c ---- */

void client_start(struct world *world);

/* OPEN with a nonce by its number. */
void client_open(struct world *world, unsigned nonce_index, uint8_t version_min, uint8_t version_max);

/* Seals the next request of a session and sends it; nothing happens where the windows (H3) have no room. */
void client_request(struct world *world, struct client_session *session, const uint8_t *program, size_t size,
                    bool atomic);

/* Sends a request again, by its number. */
void client_repeat(struct world *world, struct client_session *session, uint32_t seq);

/* Seals and sends a payload of any kind; the CRC's start is the caller's. */
void client_send(struct world *world, const uint8_t *body, size_t size, uint32_t start);

/* The session that was answered `age` answers ago; NULL where there is none. */
struct client_session *client_session(struct world *world, unsigned age);

/* The stub has taken a byte from the UART; it has sent one. */
void client_given(struct world *world, uint8_t byte);
void client_hears(struct world *world, uint8_t byte);

/* The stub's candidate, to be known whether its ANSWER was heard or not. */
void client_sees_candidate(struct world *world);

/* An operation is executed. Ends the run unless it is the next one of the request that is due. The value read. */
uint32_t client_access(struct world *world, uint16_t port, unsigned width, bool write, uint32_t value);
void client_typed(struct world *world, const uint8_t *text, size_t size);

/* All text has arrived as it was printed. */
void client_check_text(struct world *world);

#endif
