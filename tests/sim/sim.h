/* SPDX-License-Identifier: MIT */
/*
 * sim.h: the real host link and the real stub with its 16550 driver, joined by a modelled UART and line on a virtual
 * clock.
 *
 * Everything in a run follows from its configuration. The model (model.c) follows along: each operation has a port and
 * a value that no other one in flight has, so an access tells which operation it is, and the model refuses one that was
 * not asked for, is done already, is altered, comes out of order, or was reported as not done. The first failure ends
 * the process; its last line is the command that repeats it.
 */
#ifndef KDIO_SIM_SIM_H
#define KDIO_SIM_SIM_H

#include <kdio_stub.h>

#include <ucontext.h>

#include "proto/host_link.h"
#include "proto/program.h"
#include "tests/sim/line.h"
#include "tests/sim/random.h"
#include "tests/sim/uart_model.h"

#define SIM_US 1000ull
#define SIM_MS 1000000ull
#define SIM_S  1000000000ull

#define SIM_UART_BASE   0x3f8u
#define SIM_DENIED_PORT 0xcf8u
#define SIM_OPS_MAX     20000u
#define SIM_MEMORY_MAX  65536u
#define SIM_PROGRAM_MAX 8192u
#define SIM_REQUESTS    40u /* More than any window, so that a window that is too large shows. */
#define SIM_HOSTS       2u
#define SIM_TEXT_MAX    0x40000u
#define SIM_HEARD_MAX   0x400000u /* With the lines about text that had no room: on a slow line, more than the text. */
#define SIM_DEPTH_MAX   3u /* Entries into the stub that preempt one another. */
#define SIM_PROCESSORS  2u
#define SIM_STACK_SIZE  0x20000u
#define SIM_CODE_SIZE   16u
#define SIM_PLACES      2u

/* How the kernel calls the stub. */
enum sim_kernel {
    SIM_IRQ,    /* UART interrupt and a timer of 100 Hz; polls while there is work. */
    SIM_LEVEL,  /* The same with a level-triggered line. */
    SIM_SPIN,   /* A loop that never halts. */
    SIM_TIMER,  /* Timer alone: the stub tells its host to keep within a burst. */
    SIM_KERNELS,
};

/* Directions, by what the stub is. */
#define SIM_DEAF 1u
#define SIM_MUTE 2u

struct sim;
struct sim_host;
struct sim_request;

struct sim_config {
    uint64_t seed;
    uint32_t baud;
    uint64_t latency_ns;    /* Each way. */
    uint64_t access_ns;     /* A port access takes so long. */
    enum sim_kernel kernel;
    uint32_t memory_size;   /* Of the stub. */
    uint32_t preempt_part;  /* Parts of 1000: an access of the stub at which another entry comes between. */
    uint64_t console_ns;    /* Mean time between console lines; 0: none. */
    uint64_t second_ns;     /* Mean time between the second processor's entries into the stub; 0: there is none. */
    uint32_t stall_part;    /* Parts of 1000: a timer tick after which the kernel forgets the stub for a while. */
    uint32_t dead_us;       /* The host's. */
    uint32_t in_flight_max; /* Requests a host keeps under way. */
    uint32_t program_part;  /* Parts of 100: requests with more than one operation, */
    uint32_t program_ops;   /* at most so many. */
    uint32_t fill_part;     /* Parts of 100: programs as large as the link advises. */
    uint32_t refused_part;  /* Parts of 100: requests that the stub must refuse. */
    uint32_t memory_part;   /* Of operations: loads and stores. */
    uint32_t stop_part;     /* The same: run control. */
    uint32_t delay_part;    /* Parts of 100: requests with a pause in them, */
    uint64_t delay_ns;      /* at most so long, at least half of it. */
    uint32_t cancel_part;   /* Parts of 1000: steps of a host at which it cancels what is under way. */
    uint64_t think_ns;      /* Mean pause between requests. */
    uint32_t rate_part;     /* Parts of 1000: steps of an idle host at which it changes the rate. */
    unsigned rate_fails;    /* SIM_DEAF, SIM_MUTE: what does not get through at another rate than the default. */
    uint8_t opcode;         /* Of every operation; 0: any. */
    bool fill;              /* Only programs as large as the link advises, and no other kinds of requests. */
    /* Makes the next request of `host->to_ask` operations, in place of the host's own drawing, and sets made->count to
     * those it takes; the model does not follow then. */
    void (*source)(const struct sim *sim, struct sim_host *host, struct sim_request *made);
};

/* ---- Operations, as the model knows them ---- */

enum sim_outcome { SIM_PENDING, SIM_DONE, SIM_NOT_DONE, SIM_UNKNOWN };

struct sim_op {
    uint8_t opcode;
    uint8_t outcome;   /* What the host was told. */
    uint8_t executed;  /* Times. */
    bool resumed;      /* The kernel went on by it. */
    bool refused;      /* The stub must not execute it. */
    bool final;        /* Its session is over: not executed by now, never. */
    uint16_t port;
    uint32_t value;    /* Written, or read. */
    uint32_t boot, challenge; /* Of the session it was asked for in, */
    uint32_t seq, index; /* and its place there: the request, and the operation in it. */
};

/* A request under way: a stretch of operations. */
struct sim_request {
    struct kdio_host_request request;
    uint8_t program[SIM_PROGRAM_MAX];
    uint32_t first, count;
    bool chained;
    bool delayed;       /* It has a pause. */
    bool cancel_asked;
    uint32_t limit;     /* Operations at most. */
    uint32_t refused_at; /* Behind so many, one that the stub must refuse. */
    uint8_t status;     /* What the stub must answer. */
    uint16_t bad_index;
    bool in_use;
};

/* ---- A host: the link and a policy on top like the library's ---- */

enum sim_rate_state { SIM_RATE_SETTLED, SIM_RATE_ASKED, SIM_RATE_LOWERING, SIM_RATE_TRIED, SIM_RATE_RETURNING };

struct sim_host {
    bool alive;
    bool mute;          /* Its requests stop; what is under way goes on. */
    struct kdio_host_link link;
    uint8_t rx_frame[0x2000], tx_frame[0x2000];
    struct sim_request requests[SIM_REQUESTS];
    struct sim_random random;
    uint64_t tx_free_ns; /* When its own UART is free. */
    uint64_t byte_ns;    /* A character, at its present rate. */
    enum sim_rate_state rate_state;
    struct sim_request rate_request; /* BAUD, or the SESSION that settles the rate. */
    uint32_t rate_factor; /* Of the default, that is asked for. */
    uint64_t rate_end_ns, rate_again_ns, rate_lowered_ns;
    unsigned rates, rates_failed; /* Changes that were settled, and that were not. */
    uint64_t think_ns;   /* Until when it makes no request. */
    uint64_t opening_ns; /* Since when it looks for the stub. */
    uint64_t rest_ns;    /* Until when it leaves the line alone. */
    bool opened_once;
    bool before_failed;  /* The request before in this session stops before its end. */
    bool answered_failed; /* The one answered last did. */
    bool cancels;        /* It has cancelled something in this session. */
    unsigned cancelled;  /* Requests answered as such, */
    unsigned lively;     /* and those of which a sign of life came. */
    uint32_t to_ask;     /* Operations still to be asked for. */
    uint32_t ready_boot, ready_challenge; /* Of its last session, */
    uint32_t asked, answered; /* and the requests in it. */
    unsigned opened, timeouts, resets, taken, events; /* Events; the last are EVENT's. */
    uint64_t opened_ns;
};

/* ---- The target ---- */

/* A processor has a stack of its own, and runs between its accesses as long as none is due before. */
struct sim_processor {
    ucontext_t context;
    bool active;          /* It is in the midst of what it was started for, */
    uint64_t at_ns;       /* and goes on then. */
    uint64_t gave_ns;     /* When the others last had their turn. */
    bool idle;            /* When a byte comes, too. */
    bool standing;        /* In kdio_stub_trap. */
    unsigned depth;       /* Entries that run, */
    unsigned accesses;    /* UART accesses of the innermost. */
    bool in_program;      /* An operation was executed in it, */
    unsigned accesses_before; /* after so many accesses. */
    bool in_irq;
    bool atomic;          /* Interrupts are off. */
    struct kdio_trap_frame frame;
    uint64_t debug[8];    /* DR0 to DR7. */
    uint8_t stack[SIM_STACK_SIZE];
};

struct sim_target {
    _Alignas(16) uint8_t memory[SIM_MEMORY_MAX];
    struct kdio_stub *stub;
    struct sim_uart uart;
    bool running;
    uint64_t boot_ns;        /* When it runs again. */
    unsigned boots;
    uint64_t reset_ns;       /* When it is reset. */
    uint64_t timer_ns, poll_ns, console_ns, masked_ns, second_ns;
    bool irq_line, irq_latched;
    unsigned accesses_max;   /* UART accesses of an entry, most seen. */
    unsigned line_number;
    unsigned stops, steps;   /* Of the kernel by the host. */
    uint8_t code[SIM_CODE_SIZE]; /* Of the kernel, where breakpoints may be. */
    ucontext_t scheduler;
    struct sim_processor processors[SIM_PROCESSORS];
    struct sim_processor *processor; /* That runs; NULL: none. */
};

struct sim {
    struct sim_config config;
    const char *recipe;      /* The command that repeats this run. */
    uint64_t now_ns;
    uint64_t default_byte_ns; /* A character, at the default rate. */
    struct sim_random random;
    struct sim_line to_stub, to_host;
    struct sim_target target;
    struct sim_host hosts[SIM_HOSTS];
    uint64_t hosts_ns;       /* When they last had a turn. */
    uint32_t op_count;
    uint32_t next_to_execute; /* Operations below this are not to be executed any more: order. */
    uint32_t executed, done, refused, unknown;
    uint64_t executed_ns;    /* When the last access was made, where a source makes the requests. */
    struct kdio_frame_decoder listener; /* Hears what arrives at the hosts' end. */
    uint8_t listener_frame[0x2000];
    size_t text_sent_size, text_heard_size;
    /* Nothing before its first use, each. */
    struct sim_op ops[SIM_OPS_MAX];
    char text_sent[SIM_TEXT_MAX], text_heard[SIM_HEARD_MAX];
};

static inline uint64_t sim_earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* ---- sim.c ---- */

/* A world at rest: the target has just started, no host is there. `recipe` is kept. */
struct sim *sim_new(const struct sim_config *config, const char *recipe);
void sim_free(struct sim *sim);
struct sim_config sim_config_default(void);

/* Moves the virtual clock on, and everything with it. */
void sim_run(struct sim *sim, uint64_t for_ns);

/* Until every operation that host was to ask for has an outcome; fails when that takes longer than limit_ns. */
void sim_run_until_idle(struct sim *sim, struct sim_host *host, uint64_t limit_ns);
/* Until one more operation has an outcome. */
void sim_run_until_told(struct sim *sim, struct sim_host *host, uint64_t limit_ns);
void sim_run_until_open(struct sim *sim, struct sim_host *host, uint64_t limit_ns);
/* Until a change of the rate has come to its end. */
void sim_run_until_settled(struct sim *sim, struct sim_host *host, uint64_t limit_ns);

/* Moves bytes only: for the time that an access takes. */
void sim_advance(struct sim *sim, uint64_t to_ns);

/* Ends the process, saying what is wrong and how to see it again. */
void sim_fail(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* ---- target.c ---- */

void sim_target_start(struct sim *sim);
void sim_target_reset(struct sim *sim, uint64_t boot_ns);
void sim_target_step(struct sim *sim);
uint64_t sim_target_next_ns(const struct sim *sim);
uint32_t sim_target_boot_id(const struct sim *sim); /* 0 while it is reset. */
/* The kernel prints; what the stub takes is expected at the other end. */
void sim_target_print(struct sim *sim, const char *text, size_t size);

/* ---- processor.c ---- */

/* All of them at rest; each will do `run` whenever it is started. */
void sim_processors_reset(struct sim *sim, void (*run)(struct sim *sim));
/* Starts it, or lets it go on: until it has done all, or waits for its time. */
void sim_processor_go(struct sim *sim, struct sim_processor *processor);
/* The one that runs lets so much time pass. A reset does not let it go on. */
void sim_processor_pass(struct sim *sim, uint64_t for_ns);
/* The same until that time, with all else going on. */
void sim_processor_wait(struct sim *sim, uint64_t until_ns);
/* The one that runs, or else the first. */
struct sim_processor *sim_processor_current(struct sim *sim);

/* ---- debugged.c ---- */

/* What the stub reads and writes of the processor that runs, for run control. */
void sim_debugged_machine(struct kdio_machine *machine);
/* A processor starts, all zeros: its kernel is at the first instruction. */
void sim_debugged_reset(struct sim_processor *processor);
/* A kernel starts. */
void sim_debugged_boot(struct sim *sim);
void sim_debugged_config(struct kdio_stub_config *config);
/* The stub's accesses to code, and to physical memory; false for those of the hosts' operations. */
bool sim_debugged_access(struct sim *sim, enum kdio_access what, uint64_t at, uint64_t *value);
/* The kernel was asked to stop: it calls the stub, and executes what it is told to. */
void sim_debugged_break(struct sim *sim);
/* It executes what breakpoints may be at. */
void sim_debugged_tick(struct sim *sim);
/* In its code are the int3s of breakpoints and no others. */
void sim_debugged_check(struct sim *sim);
/* The first of SIM_PLACES for breakpoints. */
uint64_t sim_debugged_place(void);

/* ---- host.c ---- */

void sim_host_start(struct sim *sim, struct sim_host *host);
/* Its process is killed: nobody is told anything. */
void sim_host_kill(struct sim *sim, struct sim_host *host);
void sim_host_receive(struct sim *sim, struct sim_host *host, const uint8_t *bytes, size_t size);
void sim_host_step(struct sim *sim, struct sim_host *host);
/* It asks the stub to stop what runs. */
void sim_host_cancel(struct sim *sim, struct sim_host *host);
uint64_t sim_host_next_ns(const struct sim *sim, const struct sim_host *host);
bool sim_host_idle(const struct sim_host *host);

/* Its line has another rate from now on, in multiples of the default: asks the stub. Only while nothing is under
 * way. */
void sim_host_change_rate(struct sim *sim, struct sim_host *host, uint32_t factor);

/* ---- model.c ---- */

/* The next operation: its number, port and value. */
struct sim_op *sim_model_ask(struct sim *sim, uint8_t opcode);
/* An access at the target; the value read. */
uint32_t sim_model_access(struct sim *sim, uint16_t port, unsigned width, bool write, uint32_t value);
void sim_model_typed(struct sim *sim, uint32_t number);
/* The kernel goes on, for one instruction or for good. */
void sim_model_resumed(struct sim *sim, bool step);
/* One that makes no access, and counts all the same. */
bool sim_model_unseen(const struct sim_op *op);
void sim_model_tell(struct sim *sim, struct sim_op *op, enum sim_outcome outcome);
/* A session was confirmed that followed `challenge`, of which it is said to have executed so many. */
void sim_model_succeeded(struct sim *sim, uint32_t boot, uint32_t challenge, uint32_t operations);
/* Nothing may be pending; every operation told as done was done. Console text arrived if `text`. */
void sim_model_check_end(struct sim *sim, bool text);

#endif
