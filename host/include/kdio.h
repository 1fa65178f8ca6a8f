/* SPDX-License-Identifier: MIT */
/*
 * kdio.h: reaches the hardware of a target whose kernel carries a kdio stub, over a serial line: I/O ports, the
 * processor, memory, PCI configuration.
 *
 * Contract
 *   Exactly once  Each operation happens once, or is reported as not done or as unknown (struct kdio_error says which);
 *                 never twice, whatever the line does. That holds for reads too.
 *   Large ones    What is larger than a request travels in several, without a change of its meaning: no location is
 *                 accessed twice, and an operation of which a part is done counts as not done, with struct kdio_error's
 *                 units_done.
 *   Order         Operations happen in the order of the calls; in a program, in its order, up to the first failure.
 *   Threads       A target belongs to one thread at a time. Different targets are independent.
 *   Signals       The library touches none. A signal that interrupts a wait does not end it, unless options.interrupted
 *                 says so.
 *   Memory        What the library returns by pointer belongs to the target and lives until the next call on it.
 *   Output        The library never prints and never exits.
 *   Waiting       Every wait is bounded: an operation on a dead line fails within options.dead_ms of the last progress
 *                 (5 s at most by default), opening within options.open_ms.
 *   Retries       Damaged and lost frames are repeated by the link without the operation being repeated. After a cable
 *                 pull the next call reconnects in the same session, so that what was unknown is resolved
 *                 (kdio_target_resolve).
 *   Units         Widths and sizes in bytes, times in milliseconds or microseconds as the name says.
 *
 * The command's target `qemu` is the command's own: start `qemu/run --socket /tmp/pc.sock` and open that. Statuses and
 * who must act on each are in <kdio/status.h>.
 *
 * A first poke:
 *     struct kdio_target *target;
 *     if (kdio_target_open(&target, "unix,/tmp/pc.sock", NULL) != KDIO_DONE ||
 *         kdio_out8(target, 0x80, 0x55) != KDIO_DONE)
 *         fprintf(stderr, "%s\n", kdio_target_error(target)->text);
 *     kdio_target_close(target);
 */
#ifndef KDIO_H
#define KDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kdio/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KDIO_MUST_CHECK __attribute__((warn_unused_result))

struct kdio_target;
struct kdio_program;

/* What became of an operation that was asked for. */
enum kdio_outcome {
    KDIO_OUTCOME_DONE,     /* It happened, once. */
    KDIO_OUTCOME_NOT_DONE, /* It did not happen, and will not. */
    KDIO_OUTCOME_UNKNOWN,  /* It happened once, or not at all; kdio_target_resolve may tell. */
};

/* The detail of the last failure on a target. */
struct kdio_error {
    enum kdio_status status;
    enum kdio_class error_class;
    enum kdio_outcome outcome; /* Of the operation at `index`. Those before it are done. */
    uint32_t index;            /* Operation within the program that failed, from 0. */
    uint32_t done_count;       /* Operations of the program known to be done, whole. */
    uint32_t port;             /* Port of that operation, or UINT32_MAX. */
    uint32_t width;            /* Width of that operation in bytes, or 0. */
    uint32_t vector;           /* With FAULT: of the exception (13, 14, ...); 0 where the target has no memory. */
    uint32_t code;             /* With FAULT: the exception's error code. */
    uint64_t address;          /* With FAULT: the address or MSR; with NO_MATCH the value last read. */
    uint64_t units_done;       /* Of that operation's count (bytes, or accesses of its width): how many are done. Where the
                                * outcome is unknown, or a write was interrupted, at least so many. */
    int system_errno;          /* errno, for class SYSTEM and failed connections; else 0. */
    char text[256];            /* One line, no full stop: what happened, where, and whether anything was done. */
};

struct kdio_port_span {
    uint16_t first;
    uint16_t last;
};

/* Zero-initialise, set `size`, then set what matters; 0 or NULL means the default. */
struct kdio_options {
    uint32_t size;    /* sizeof(struct kdio_options) */
    uint32_t open_ms; /* Longest time to find the stub; default 4500. */
    uint32_t dead_ms; /* Time without progress, while an answer is owed, that ends an operation; default 4500, at least 500. */
    uint32_t wait_ms; /* kdio_target_open keeps trying for so long, for a target that is still off; default 0. */
    bool read_only;   /* Refuse output on the host, before anything is sent. */
    const struct kdio_port_span *deny; /* Ports refused on the host. Copied. */
    uint32_t deny_count;
    bool deny_safe;   /* Adds the profile `safe`: cf9, 92, b2, and command FE to port 64. */
    /* Console text of the target's kernel, as it arrives. May not call back into the library. */
    void (*console)(void *context, const char *text, size_t size);
    /* Asked at least each 50 ms during a wait; true ends it with KDIO_INTERRUPTED. */
    bool (*interrupted)(void *context);
    /* Every byte that goes out or comes in, as it does; kdio_capture_wire takes the same. Size 0: the connection begins
     * anew, and what was under way in that direction is cut. May not call back into the library, but for that
     * function. */
    void (*wire)(void *context, bool from_host, const uint8_t *bytes, size_t size);
    void *context;
    /* The rate that each session is moved to once it is open (kdio_target_baud); 0 leaves it. A session that cannot be
     * moved is not opened. */
    uint32_t baud;
};

/* What the stub told at the start of the session. */
struct kdio_info {
    uint32_t protocol_version;
    uint32_t boot_id;           /* Differs at each boot of the target. */
    uint32_t session_id;        /* Differs at each session. */
    uint32_t frame_max;         /* Largest frame the stub takes, bytes before framing. */
    uint32_t request_window;    /* Bytes of requests that may be under way. */
    uint32_t reply_window;      /* Bytes of replies the stub keeps for repetition. */
    uint32_t frame_window;      /* Requests that may be under way. */
    uint32_t program_max;       /* Operations in a program. */
    uint32_t burst;             /* Bytes per exchange on a polled stub; 0 when there is no such limit. */
    uint32_t capabilities;      /* KDIO_CAP_* */
    uint32_t previous_session;  /* The session before this one in the same boot; 0 if none. */
    uint32_t previous_requests; /* Requests executed in it. */
    uint32_t previous_operations; /* Operations executed in it. */
    uint32_t link_port;         /* First port of the link's own UART; accesses to it are refused. */
    uint32_t link_ports;        /* Number of them; 0 for a UART in memory. */
};

#define KDIO_CAP_PORT      0x00000001u /* in and out */
#define KDIO_CAP_TEXT      0x00000002u /* text to the kernel */
#define KDIO_CAP_PROGRAM   0x00000004u /* operations that decide, wait, repeat */
#define KDIO_CAP_BAUD      0x00000008u /* changes of the baud rate */
#define KDIO_CAP_PROCESSOR 0x00000010u /* MSRs, CPUID, registers */
#define KDIO_CAP_VIRTUAL   0x00000020u /* memory by virtual address */
#define KDIO_CAP_PHYSICAL  0x00000040u /* memory by physical address, and translation */
#define KDIO_CAP_PCI       0x00000080u /* PCI configuration */
#define KDIO_CAP_RUN       0x00000400u /* run control */
#define KDIO_CAP_POLLED    0x00000100u /* no UART interrupt reaches the stub */
#define KDIO_CAP_READ_ONLY 0x00000200u /* the stub refuses output */

/* The stub's own counters and state (kdio_target_stub_stats). */
struct kdio_stub_stats {
    uint32_t frames;          /* Good frames received. */
    uint32_t bad_frames;      /* Frames whose check failed, too long or cut short. */
    uint32_t repeated;        /* Requests answered from the reply cache. */
    uint32_t overruns;        /* Times the UART reported a receive overrun. */
    uint32_t console_lost;    /* Bytes of console text dropped. */
    uint32_t requests;        /* Requests executed since boot. */
    uint32_t operations;      /* Operations executed since boot. */
    uint32_t atomic_us_max;   /* Longest time with interrupts off seen. */
    uint32_t interrupts;      /* Calls of the interrupt entry. */
    uint32_t uart_base;       /* Port or low 32 bits of the address of the link's UART. */
    uint32_t uptime_ms;
};

/* The host's view of the line since kdio_target_open. */
struct kdio_link_stats {
    uint64_t tx_bytes, rx_bytes;   /* On the wire, everything. */
    uint64_t tx_frames, rx_frames; /* Good ones. */
    uint64_t retransmitted;        /* Request frames sent again. */
    uint64_t bad_frames;           /* Received, check failed or cut short. */
    uint64_t console_bytes;        /* Received outside frames. */
    uint64_t requests, operations; /* Answered. */
    uint64_t sessions;             /* Opened. */
    uint32_t rtt_us_min, rtt_us_mean, rtt_us_max; /* Of requests sent once. */
};

/* ---- Opening ---- */

/*
 * Connects through gensio ("unix,PATH", "tcp,HOST,PORT", "serialdev,/dev/ttyUSB0,115200n81", ...), finds the stub and
 * starts a session. A session of another host on the same line ends; that host is told.
 * Returns KDIO_DONE, or why not: NO_CONNECTION, NO_ANSWER, NOT_KDIO, VERSION, SYSTEM, ... In every case but NO_MEMORY
 * *target is a target that kdio_target_error can ask and kdio_target_close must close.
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio,
                                                  const struct kdio_options *options);

/* Ends the connection. Accepts NULL. The stub's session stays for a later host to read out. */
void kdio_target_close(struct kdio_target *target);

/* ---- Single operations: exactly one in or out instruction of `width` bytes on the target ---- */

/* Checked before a byte is sent: width 1, 2 or 4; port + width at most 0x10000; port a multiple of width; value
 * fits. */
KDIO_MUST_CHECK enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value);

/* *value is unchanged on failure. */
KDIO_MUST_CHECK enum kdio_status kdio_in(struct kdio_target *target, uint64_t port, unsigned width, uint32_t *value);

KDIO_MUST_CHECK static inline enum kdio_status kdio_out8(struct kdio_target *target, uint16_t port, uint8_t value)
{
    return kdio_out(target, port, 1, value);
}
KDIO_MUST_CHECK static inline enum kdio_status kdio_out16(struct kdio_target *target, uint16_t port, uint16_t value)
{
    return kdio_out(target, port, 2, value);
}
KDIO_MUST_CHECK static inline enum kdio_status kdio_out32(struct kdio_target *target, uint16_t port, uint32_t value)
{
    return kdio_out(target, port, 4, value);
}

/* Types text into the target's kernel, in order, in checked frames only. */
KDIO_MUST_CHECK enum kdio_status kdio_type(struct kdio_target *target, const char *text, size_t size);

/* The checks of kdio_out and kdio_in alone, including deny list and read-only mode; without a target (NULL), those of
 * the operands. Sends nothing. */
KDIO_MUST_CHECK enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width);

/* ---- The processor ---- */

/* An MSR that the processor does not have, or a value that it does not take, is KDIO_FAULT with vector 13. *value is
 * unchanged on failure. */
KDIO_MUST_CHECK enum kdio_status kdio_rdmsr(struct kdio_target *target, uint32_t msr, uint64_t *value);
KDIO_MUST_CHECK enum kdio_status kdio_wrmsr(struct kdio_target *target, uint32_t msr, uint64_t value);

struct kdio_cpuid {
    uint32_t eax, ebx, ecx, edx;
};
KDIO_MUST_CHECK enum kdio_status kdio_cpuid(struct kdio_target *target, uint32_t leaf, uint32_t subleaf,
                                            struct kdio_cpuid *result);

/* Of the CPU that executes the operation, while it does. Segment bases are 0 where the processor has none. */
struct kdio_registers {
    uint32_t cpu; /* APIC identifier. */
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t dr0, dr1, dr2, dr3, dr6, dr7;
    uint64_t efer, fs_base, gs_base, kernel_gs_base;
    uint64_t gdtr_base, idtr_base, rflags;
    uint16_t gdtr_limit, idtr_limit, tr, ldtr, cs, ss, ds, es, fs, gs;
};
KDIO_MUST_CHECK enum kdio_status kdio_registers(struct kdio_target *target, struct kdio_registers *registers);

/* ---- Memory ---- */

enum kdio_space {
    KDIO_SPACE_VIRTUAL,  /* As the CPU that executes the operation sees it. */
    KDIO_SPACE_PHYSICAL,
};

/*
 * Reads or writes `size` bytes at `address`. `unit` 1, 2, 4 or 8: each access is one instruction of that width, for
 * devices; address and size are multiples of it. `unit` 0: whatever moves memory best, aligned 8 bytes with single
 * bytes at the edges. No location is accessed twice, none outside the stretch. *done (NULL allowed) is the bytes read
 * or written: all, or those before the access that faulted (KDIO_FAULT; kdio_target_error has the address), and those
 * are in the buffer. A size of 0 does nothing. BAD_OPERAND when the stretch passes the end of the addresses.
 */
KDIO_MUST_CHECK enum kdio_status kdio_read(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                           unsigned unit, void *buffer, size_t size, size_t *done);
KDIO_MUST_CHECK enum kdio_status kdio_write(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                            unsigned unit, const void *buffer, size_t size, size_t *done);

/*
 * Finds the first place at `address` + a multiple of `step` (1, 2, 4, 8) where `pattern` (1 to 255 bytes) lies whole
 * within `length` bytes; runs on the target, which reads no location twice. NOT_FOUND when there is none. *found is
 * unchanged on failure.
 */
KDIO_MUST_CHECK enum kdio_status kdio_search(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                             uint64_t length, unsigned step, const void *pattern, size_t size,
                                             uint64_t *found);

/* Writes `pattern` (1 to 255 bytes) again and again until `length` bytes are filled; runs on the target. *done (NULL
 * allowed) is the bytes written, after an interruption at least. A length of 0 does nothing. */
KDIO_MUST_CHECK enum kdio_status kdio_fill(struct kdio_target *target, enum kdio_space space, uint64_t address,
                                           uint64_t length, const void *pattern, size_t size, uint64_t *done);

/* How a virtual address becomes a physical one, by the page tables that CR3 names. */
struct kdio_translation {
    unsigned levels;     /* 4 or 5: of the tables in force. */
    unsigned walked;     /* Entries read: entry[0] is the topmost. The last is the page's, or the one that is not present. */
    uint64_t entry[5];
    bool present;
    uint64_t page_size;  /* 4096, 2 MiB, 1 GiB; with `present`. */
    uint64_t physical;   /* Of the address; with `present`. */
};
KDIO_MUST_CHECK enum kdio_status kdio_translate(struct kdio_target *target, uint64_t address,
                                                struct kdio_translation *translation);

/* ---- PCI configuration ---- */

struct kdio_pci_address {
    uint16_t segment;
    uint8_t bus, device, function;
};

/*
 * Reads or writes `size` bytes of a function's configuration space at `offset`, in accesses of `unit` bytes (1, 2, 4),
 * of which offset and size are multiples; offset + size is at most 4096, and 256 where the target has no ECAM for the
 * bus (UNSUPPORTED). A function that is not there reads as all ones. *done as in kdio_read.
 */
KDIO_MUST_CHECK enum kdio_status kdio_pci_read(struct kdio_target *target, struct kdio_pci_address function,
                                               uint32_t offset, unsigned unit, void *buffer, size_t size, size_t *done);
KDIO_MUST_CHECK enum kdio_status kdio_pci_write(struct kdio_target *target, struct kdio_pci_address function,
                                                uint32_t offset, unsigned unit, const void *buffer, size_t size,
                                                size_t *done);

/* ---- Programs: operations that run on the target in one request ---- */

/* An empty program; NULL when memory is out. Programs belong to no target and can be run on several. */
struct kdio_program *kdio_program_new(void);
void kdio_program_free(struct kdio_program *program);
void kdio_program_clear(struct kdio_program *program);
size_t kdio_program_count(const struct kdio_program *program);

/*
 * Append one operation. On failure (BAD_WIDTH, BAD_PORT, MISALIGNED, BAD_VALUE for one that is wider than the access,
 * BAD_OPERAND for a count of 0 and for what passes the end of its space, NO_MEMORY) the program is unchanged. What a
 * pointer points to is copied.
 */
KDIO_MUST_CHECK enum kdio_status kdio_program_out(struct kdio_program *program, uint64_t port, unsigned width, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_program_in(struct kdio_program *program, uint64_t port, unsigned width);

/* new = old & and_mask | or_mask: one in, one out. */
KDIO_MUST_CHECK enum kdio_status kdio_program_rmw(struct kdio_program *program, uint64_t port, unsigned width,
                                                  uint64_t and_mask, uint64_t or_mask);
/* Reads until (value & mask) == wanted, for at most limit_us (at least once): else NO_MATCH. */
KDIO_MUST_CHECK enum kdio_status kdio_program_poll(struct kdio_program *program, uint64_t port, unsigned width,
                                                   uint64_t mask, uint64_t wanted, uint32_t limit_us);
/* Waits on the target. */
KDIO_MUST_CHECK enum kdio_status kdio_program_delay(struct kdio_program *program, uint32_t us);
/* Fails (NO_MATCH) unless (last & mask) == wanted, `last` being the value read last by an operation of this session;
 * width 1, 2, 4, 8. */
KDIO_MUST_CHECK enum kdio_status kdio_program_check(struct kdio_program *program, unsigned width, uint64_t mask,
                                                    uint64_t wanted);

/* An index port and the data port beside it: CMOS 70/71, Super I/O 2e/2f, VGA 3d4/3d5, PCI cf8/cfc. */
struct kdio_index {
    uint16_t port;
    uint8_t width;      /* Of the access to the index port. */
    bool restore;       /* Read the index port first, and put back what it held. For those that are known to give back their
                         * index (cf8 by 4 bytes; 3c4, 3ce, 3d4, 3b4 by 1) that is done in any case. */
    uint32_t value;     /* The index. */
    uint16_t data_port;
};
KDIO_MUST_CHECK enum kdio_status kdio_program_index_in(struct kdio_program *program, const struct kdio_index *index,
                                                       unsigned width);
KDIO_MUST_CHECK enum kdio_status kdio_program_index_out(struct kdio_program *program, const struct kdio_index *index,
                                                        unsigned width, uint64_t value);

/* `count` (any number but 0) accesses of `width` bytes to one port; the values lie packed, little-endian. */
KDIO_MUST_CHECK enum kdio_status kdio_program_ins(struct kdio_program *program, uint64_t port, unsigned width,
                                                  size_t count);
KDIO_MUST_CHECK enum kdio_status kdio_program_outs(struct kdio_program *program, uint64_t port, unsigned width,
                                                   const void *values, size_t count);
KDIO_MUST_CHECK enum kdio_status kdio_program_repeat(struct kdio_program *program, uint64_t port, unsigned width,
                                                     size_t count, uint64_t value);
/* The time-stamp counter. */
KDIO_MUST_CHECK enum kdio_status kdio_program_rdtsc(struct kdio_program *program);
KDIO_MUST_CHECK enum kdio_status kdio_program_rdmsr(struct kdio_program *program, uint32_t msr);
KDIO_MUST_CHECK enum kdio_status kdio_program_wrmsr(struct kdio_program *program, uint32_t msr, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_program_cpuid(struct kdio_program *program, uint32_t leaf, uint32_t subleaf);
/* As kdio_read, kdio_write, kdio_pci_read and kdio_pci_write, but a size of 0 is BAD_OPERAND. */
KDIO_MUST_CHECK enum kdio_status kdio_program_read(struct kdio_program *program, enum kdio_space space, uint64_t address,
                                                   unsigned unit, size_t size);
KDIO_MUST_CHECK enum kdio_status kdio_program_write(struct kdio_program *program, enum kdio_space space,
                                                    uint64_t address, unsigned unit, const void *bytes, size_t size);
KDIO_MUST_CHECK enum kdio_status kdio_program_pci_read(struct kdio_program *program, struct kdio_pci_address function,
                                                       uint32_t offset, unsigned unit, size_t size);
KDIO_MUST_CHECK enum kdio_status kdio_program_pci_write(struct kdio_program *program, struct kdio_pci_address function,
                                                        uint32_t offset, unsigned unit, const void *bytes, size_t size);

/*
 * Plain: runs in order, interrupts as they were; split over several requests where it is larger than one. It may take
 * as long as it likes: while the stub says that it is alive, nothing times out. It is cancelled when
 * options.interrupted says so: INTERRUPTED, with the number done.
 * Before a byte of it is sent: UNSUPPORTED where one of its operations needs a capability that the stub does not have,
 * and the host's policy (read_only, deny).
 * Atomic: one request, interrupts off; KDIO_TOO_LARGE when it does not fit the stub, KDIO_TOO_LONG when it may take
 * longer than the stub allows, and nothing is done.
 * Returns KDIO_DONE when every operation is done. Results up to the first failure are kept, what the failed operation
 * gave among them.
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_run(struct kdio_target *target, struct kdio_program *program, bool atomic);

/*
 * As a plain run, but with one operation in each request, as many requests on their way as the stub's window takes.
 * Costs three times the bytes. For lines so bad that anything longer is lost, and for measuring.
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_run_singly(struct kdio_target *target, struct kdio_program *program);

size_t kdio_program_done_count(const struct kdio_program *program);

/*
 * Results of operation `index` after a run; 0 and empty where it was not done.
 *   value   what it read: IN, POLL (also when it failed), INDEX_IN, RDTSC, RDMSR; of RMW the old value
 *   other   RMW: the new value; POLL: the time taken in microseconds; 0 for the rest
 *   bytes   INS, reads of memory and PCI: what was read, *size bytes, so far as it went; CPUID: eax, ebx, ecx, edx.
 *           Lives until the program is run or changed again.
 */
uint64_t kdio_program_value(const struct kdio_program *program, size_t index);
uint64_t kdio_program_other(const struct kdio_program *program, size_t index);
const uint8_t *kdio_program_bytes(const struct kdio_program *program, size_t index, size_t *size);

/* ---- Run control: stopping the kernel, looking at it, going on ---- */

enum kdio_stop_reason {
    KDIO_STOP_NONE,       /* It runs. */
    KDIO_STOP_BREAK,      /* Asked for. */
    KDIO_STOP_STEP,       /* One instruction is done. */
    KDIO_STOP_BREAKPOINT, /* Before the instruction at a breakpoint; behind an int3 of the kernel's own. */
    KDIO_STOP_WATCHPOINT, /* Behind an access that a breakpoint watches. */
    KDIO_STOP_EXCEPTION,  /* One that the kernel would have died of. */
};

struct kdio_stop {
    enum kdio_stop_reason reason;
    uint32_t count;      /* Stops since boot: tells one from the next. */
    uint32_t cpu;        /* APIC identifier. */
    uint32_t vector;     /* Of the exception. */
    uint32_t breakpoint; /* That it stopped at; KDIO_BREAKPOINT_NONE for none. */
    uint64_t code;       /* The exception's error code. */
    uint64_t dr6;        /* As the processor left it. */
    uint64_t rip;
};
#define KDIO_BREAKPOINT_NONE 0xffu

/* Whether the kernel is stopped, and why. */
KDIO_MUST_CHECK enum kdio_status kdio_stop_state(struct kdio_target *target, struct kdio_stop *stop);
/* Stops the kernel, at the next interrupt of the UART's or poll. DONE with reason NONE when it did not stop within
 * `ms`: a kernel that keeps interrupts off cannot be stopped over a UART. */
KDIO_MUST_CHECK enum kdio_status kdio_halt(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop);
/* Lets a stopped kernel run. NOT_STOPPED when it does already. */
KDIO_MUST_CHECK enum kdio_status kdio_go(struct kdio_target *target);
/* One instruction of a stopped kernel, and stopped again. */
KDIO_MUST_CHECK enum kdio_status kdio_step(struct kdio_target *target, struct kdio_stop *stop);
/* Waits at most `ms` for a stop; DONE with reason NONE when there was none. */
KDIO_MUST_CHECK enum kdio_status kdio_wait_stop(struct kdio_target *target, uint32_t ms, struct kdio_stop *stop);

/* Of the stopped kernel. The order of the fields is that of kdio_set_register's numbers. */
enum kdio_register {
    KDIO_RAX, KDIO_RBX, KDIO_RCX, KDIO_RDX, KDIO_RSI, KDIO_RDI, KDIO_RBP, KDIO_RSP,
    KDIO_R8, KDIO_R9, KDIO_R10, KDIO_R11, KDIO_R12, KDIO_R13, KDIO_R14, KDIO_R15,
    KDIO_RIP, KDIO_RFLAGS, KDIO_CS, KDIO_SS, KDIO_DS, KDIO_ES, KDIO_FS, KDIO_GS,
    KDIO_FS_BASE, KDIO_GS_BASE, KDIO_KERNEL_GS_BASE,
    KDIO_REGISTER_COUNT,
};
#define KDIO_FPU_SIZE 512u /* Bytes of an FXSAVE area (SDM volume 2, FXSAVE). */
KDIO_MUST_CHECK enum kdio_status kdio_get_registers(struct kdio_target *target, uint64_t registers[KDIO_REGISTER_COUNT]);
/* kdio_step, and with it the registers behind the instruction: one round trip for a debugger's step. The registers mean
 * nothing where the reason is NONE. */
KDIO_MUST_CHECK enum kdio_status kdio_step_registers(struct kdio_target *target, struct kdio_stop *stop,
                                                     uint64_t registers[KDIO_REGISTER_COUNT]);
KDIO_MUST_CHECK enum kdio_status kdio_set_register(struct kdio_target *target, enum kdio_register which, uint64_t value);
KDIO_MUST_CHECK enum kdio_status kdio_get_fpu(struct kdio_target *target, uint8_t area[KDIO_FPU_SIZE]);
KDIO_MUST_CHECK enum kdio_status kdio_set_fpu(struct kdio_target *target, uint32_t offset, const void *bytes, size_t size);

enum kdio_breakpoint_kind {
    KDIO_BREAK_SOFTWARE, /* int3, in place of the instruction's first byte. */
    KDIO_BREAK_EXECUTE,  /* The others are the processor's debug registers: four in all. */
    KDIO_BREAK_WRITE,
    KDIO_BREAK_IO,       /* Of an I/O port. */
    KDIO_BREAK_ACCESS,   /* Read or write. */
    KDIO_BREAK_FREE = 0xff,
};
struct kdio_breakpoint {
    enum kdio_breakpoint_kind kind;
    uint32_t length;  /* 1, 2, 4, 8; 1 for execution. */
    uint64_t address; /* Virtual, a multiple of the length; or a port. */
};
#define KDIO_BREAKPOINTS_MAX 16u /* 0 to 3 are the debug registers. */
/* A breakpoint stays when the host ends. *id is unchanged on failure. */
KDIO_MUST_CHECK enum kdio_status kdio_set_breakpoint(struct kdio_target *target, const struct kdio_breakpoint *breakpoint,
                                                     uint32_t *id);
KDIO_MUST_CHECK enum kdio_status kdio_clear_breakpoint(struct kdio_target *target, uint32_t id);
KDIO_MUST_CHECK enum kdio_status kdio_get_breakpoint(struct kdio_target *target, uint32_t id,
                                                     struct kdio_breakpoint *breakpoint);

/* ---- After a failure ---- */

/* Detail of the last call that failed on this target; never NULL. */
const struct kdio_error *kdio_target_error(const struct kdio_target *target);

/*
 * Resolves an unknown outcome: reconnects if need be, asks the stub what it executed, and makes sure that what was not
 * done never will be. Returns KDIO_DONE when it is known (*done_count operations of the failed call are done, the rest
 * are not, but that of the first of these part may be, where it has a count, fills or waits: kdio_target_error has
 * units_done of it, at least); RESET or TAKEN when nobody can know any more; a link status when the line is still dead
 * (try again later).
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_resolve(struct kdio_target *target, uint32_t *done_count);

/* ---- Waiting and asking ---- */

/* Waits at most `ms` for console text or the end of the connection, delivering text to options.console.
 * Returns DONE when the time is over, or LOST, RESET, TAKEN. */
KDIO_MUST_CHECK enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms);

/*
 * Moves both ends of a serial line to another rate, and back: the rate of the gensio string is the default, and behind
 * "telnet(rfc2217),tcp,HOST,PORT" the one at which the server has its device. *given (NULL allowed) is what the stub's
 * divisor makes of it. UNSUPPORTED for a stub that leaves its rate alone, BAD_OPERAND
 * for a rate that its clock does not give within 3 %, BAD_ARGUMENT for a line without a rate (a socket), NO_ANSWER when
 * nothing gets through at the new rate: both ends are then at the default again, within 7 s, and the session goes on.
 * While the rate is another one the stub wants to hear something at least each 5 s, and else goes back. Calls on the
 * target see to that; a caller that makes none for longer (kdio_target_service is one) finds the session at the default
 * rate again. kdio_target_close brings the stub back. A host that died leaves it to itself: it is found 5 s later.
 */
KDIO_MUST_CHECK enum kdio_status kdio_target_baud(struct kdio_target *target, uint32_t baud, uint32_t *given);

const struct kdio_info *kdio_target_info(const struct kdio_target *target);
void kdio_target_link_stats(const struct kdio_target *target, struct kdio_link_stats *stats);
KDIO_MUST_CHECK enum kdio_status kdio_target_stub_stats(struct kdio_target *target, struct kdio_stub_stats *stats);

/* ---- Captures: what goes over the line, in a file for Wireshark and proto/kdio.lua ---- */

struct kdio_capture;

/*
 * Creates or empties a pcapng file, in which `line` is the name of the interface. KDIO_DONE, NO_MEMORY, or SYSTEM with
 * errno set; *capture is NULL on failure. A packet is a frame or a run of console text, as it was on the wire, with its
 * direction and time. `path` may be a pipe that has a reader; SIGPIPE is then the caller's.
 */
KDIO_MUST_CHECK enum kdio_status kdio_capture_open(struct kdio_capture **capture, const char *path, const char *line);

/* Takes what options.wire takes. Each packet is in the file as soon as it is whole. A write that fails ends the
 * capture, with the packets before it whole in the file; nothing else notices before kdio_capture_close. */
void kdio_capture_wire(struct kdio_capture *capture, bool from_host, const uint8_t *bytes, size_t size);

/* Writes what is left and closes the file. Returns 0, or the errno that ended the capture early. Accepts NULL. */
int kdio_capture_close(struct kdio_capture *capture);

/* "kdio 0.1.0" */
const char *kdio_version(void);

#ifdef __cplusplus
}
#endif
#endif
