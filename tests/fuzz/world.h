/* SPDX-License-Identifier: MIT */
/*
 * world.h: the real stub on a fake machine, with a client on the other end of the line that seals what it sends with
 * the key of a session which the stub itself answered.
 *
 * machine.c is the target: UART, clock, other entries that preempt, and the rules of the stub's contract.
 * model.c is what SPEC.md says of each operation: its accesses, one after the other, and its results.
 * client.c is the host's end: it knows every whole frame that the stub was given, so it can tell of each access whether
 * it was asked for, and it understands every byte that the stub sends.
 * judge.c tells of each answer whether it says what was done, and whether the refusal is the right one.
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
#define WORLD_BAUD        115200u /* Where the stub sets its rate: the highest, with a divisor of 1. */

/* What operations reach, beside ports. Physical memory lies at PHYSICAL_AT. */
#define WORLD_MEMORY           0x1000u
#define WORLD_MEMORY_READ_ONLY 0x3000u /* A page. */
#define WORLD_MEMORY_TOP       0xfffffffffffff000u
#define WORLD_TABLES           0x100000u /* Physical: the tables of pages, and two pages more. */
#define WORLD_ECAM             0x10000000u
#define WORLD_ECAM_BUS         0x40u
#define WORLD_APIC_ID          0x12345678u
#define WORLD_LEVELS_MAX       5u
#define PHYSICAL_AT(address)   (0x550000000000u + (uint64_t)(address))

/* At most, by the stub's config. */
#define WORLD_ATOMIC_US 1000u
#define WORLD_SLICE_US  1000u

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
    bool executed;       /* It made an access for an operation. */
    bool preempted;
    uint64_t from_us;
};

struct machine {
    _Alignas(16) uint8_t memory[KDIO_STUB_MEMORY];
    struct kdio_stub *stub;
    uint8_t rx[MACHINE_RX_MAX]; /* What the line holds for the UART. */
    size_t rx_at, rx_size;
    uint8_t lcr, ier;
    uint16_t divisor;
    unsigned own_dlab;        /* Depth of the call that set DLAB; 0: the kernel did, or nobody. */
    unsigned tx_fifo;         /* Bytes in the transmitter. */
    unsigned tx_slow;         /* LSR reads until it is empty. */
    uint64_t now_us;
    unsigned access_us;       /* Time that an access of the UART takes. */
    uint64_t draws;
    bool defer, read_only, safe, spaces, cmos_given, levels_5;
    uint8_t cmos;             /* What the kernel wrote to port 70 last. */
    bool kernel_holds_pair, stub_holds_pair;
    bool interrupts_off;
    bool suspended;
    struct call calls[MACHINE_DEPTH_MAX];
    unsigned depth;           /* Calls that run. */
    unsigned preempt_in;      /* Accesses until another entry comes between; 0: none. */
    enum entry preempt_by;
    unsigned uart_accesses;   /* Since the start of the run: for the preemption. */
};

/* An access that the stub makes for an operation. */
enum touch_kind {
    TOUCH_PORT,
    TOUCH_MEMORY,
    TOUCH_MAP,       /* Asks where physical memory is, of an access to come. */
    TOUCH_MSR,
    TOUCH_STAMP,     /* The time-stamp counter. */
    TOUCH_CPUID,
    TOUCH_REGISTERS,
    TOUCH_TEXT,
};

struct touch {
    enum touch_kind kind;
    uint64_t at;
    unsigned width;
    bool write;
    uint64_t value; /* Of a write. */
};

/* An operation that is being executed. */
struct model {
    struct kdio_op op;
    bool begun, faulted;
    bool spaces, cmos_given, levels_5; /* As the machine is. */
    uint8_t cmos;
    unsigned count;      /* Accesses made. */
    uint32_t units;      /* Of its count, accessed. */
    uint64_t place;      /* Of a fill or search: bytes done. Of a translation: the table. */
    uint64_t former;     /* What the index port held. */
    uint64_t value;      /* What was read last. */
    enum { PCI_LOOK, PCI_ADDRESS, PCI_DATA, PCI_RESTORE } stage;
    unsigned levels, read;
    uint64_t entries[WORLD_LEVELS_MAX];
    bool ended;          /* A translation has come to its end. */
};

/* A request that the client sealed. */
struct client_request {
    uint32_t seq;
    bool atomic, replied;
    size_t size;              /* Of the program. */
    size_t wire_cost, reply_cost;
    unsigned executed;        /* Operations that showed: that made an access. */
    bool unfinished;          /* The latest of them asks for more. */
    bool faulted;             /* The latest access failed, so: */
    uint32_t vector, code;
    uint64_t detail;
    size_t reads_size, reply_size;
    uint8_t program[CLIENT_PROGRAM_MAX];
    uint8_t reads[CLIENT_READS_MAX]; /* Results, as its accesses gave them. */
    uint8_t reply[CLIENT_REPLY_MAX]; /* The first one. */
};

struct client_session {
    struct kdio_session_key key;
    struct kdio_answer answer;
    uint32_t next, base;      /* Next number to give; oldest without a reply. */
    uint32_t judged;          /* Number behind the latest reply. */
    uint64_t last;            /* P10, after that. */
    bool last_known;
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
    struct model run_model;
    uint64_t run_us, run_delay_us; /* When its latest access was; what its DELAYs take since. */
    bool run_timed;
    uint32_t run_ops;              /* Begun, as far as accesses show. */
    uint32_t alive_ops[2];         /* When the latest signs of life were made. */
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

/* The stub makes an access. Ends the run unless it is the next one of the request that is due. The value read. */
uint64_t client_access(struct world *world, const struct touch *touch);
void client_typed(struct world *world, const uint8_t *text, size_t size);

/* A sign of life is made: so many operations had begun. */
void client_alive(struct world *world, uint32_t ops);

/* The stub asks where physical memory is, for its next access. */
void client_maps(struct world *world, uint64_t physical);

/* An access fails, or, with TOUCH_MAP, has no memory. */
void client_faults(struct world *world, const struct touch *touch, uint32_t vector, uint32_t code, uint64_t detail);

/* An intact reply to a request: the first one. */
void judge_reply(const struct world *world, struct client_session *session, struct client_request *request,
                 const uint8_t *payload, size_t size);

/* ---- model.c ---- */

/* What is at an address, of `width` bytes; whether anything is. */
uint64_t world_load(uint64_t at, unsigned width);
bool world_has_memory(uint64_t at, unsigned width, bool write);
uint64_t world_map(uint64_t physical, uint64_t *size);
bool world_has_msr(uint64_t msr);
uint64_t world_msr(uint64_t msr);
void world_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t result[4]);
uint64_t world_register(unsigned index, bool levels_5);

/* The operation in model->op begins. */
void model_begin(struct model *model);

/* The next access that it asks for; false when it asks for none. */
bool model_wants(const struct model *model, struct touch *touch);
bool model_agrees(const struct model *model, const struct touch *wanted, const struct touch *made);

/* That access was made and gave `value`; results go to the request, if any. */
void model_took(struct model *model, const struct touch *touch, uint64_t value, struct client_request *request);

bool model_is_search(const struct model *model);
bool model_op_is_search(const struct kdio_op *op);
bool model_asks_identity(const struct model *model);
bool model_is_quiet(const struct model *model);
bool model_uses_window(const struct model *model);

/* ---- The end ---- */

/* All text has arrived as it was printed. */
void client_check_text(struct world *world);

#endif
