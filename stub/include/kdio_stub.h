/* SPDX-License-Identifier: MIT */
/*
 * kdio_stub.h: accesses ports, memory, PCI configuration and the processor inside a kernel, on request of a kdio host
 * over a UART.
 *
 * Contract
 *   Its memory  The kernel supplies it: one block of at least KDIO_STUB_MEMORY_MIN bytes, aligned to 16, that
 *               stays mapped and writable. Every limit that the stub advertises follows from its size;
 *               KDIO_STUB_MEMORY (8 KiB) is the size to take when in doubt. The library has no data and no
 *               bss, allocates nothing and calls no libc; its memory functions have private names.
 *   Stack       At most 1 KiB below the caller's frame (`make size` prints the measured figure).
 *   Compiled    -mgeneral-regs-only -mno-red-zone -ffreestanding -fno-stack-protector -fcf-protection=none,
 *               position-independent: no SSE state is touched, it links at any address, -2 GiB included.
 *   Time        No call waits for the line. A call reads what the UART holds, executes at most one program, or a
 *               slice of a long one (slice_us), writes at most one FIFO and returns: at most
 *               KDIO_STUB_ACCESSES_MAX UART accesses beside the program's own. (A program's own are its port accesses
 *               and, as a line at 3 Mbaud fills the FIFO in 53 us, emptying the UART between its operations, at most
 *               each 16 us.) KDIO_STUB_MORE in the result asks to be called again soon.
 *   Contexts    handle, poll, console, suspend and resume may be called from any CPU and from interrupt
 *               handlers, and may preempt each other at any instruction. The first one in does the work; an
 *               entry that finds the stub busy moves the UART's bytes to memory, or queues its text, and
 *               returns. None of them may be called from an NMI or machine-check handler.
 *   Interrupts  A plain program leaves them as they are between its operations; one that makes several accesses that
 *               belong together (read-modify-write; an index and its data, at most 4 accesses) has them off
 *               meanwhile. An atomic program has them off on the CPU it runs on, for at most atomic_max_us. UART
 *               register accesses never turn them off, but with run control those that empty the FIFO do (at most
 *               24 bytes, two accesses each).
 *   Untouched   The stub touches its UART, what a request names, and nothing else: no PIC, no APIC, no timer, no BREAK.
 *               When LCR.DLAB is found set, some other driver is inside the UART, and nothing but
 *               LCR is read until it is clear again. Accesses that overlap the link's own UART are refused.
 *   Hooks       pair_trylock, pair_unlock, map and text run on the stack and in the context of the entry that called
 *               the stub, be it an interrupt handler; text may find interrupts off. They must not wait. They may call
 *               kdio_stub_console, which then queues; other entries do nothing when called from a hook.
 *   Faults      An access to memory or to a model-specific register may fault: that is an answer to the host, and the
 *               kernel goes on. For it the kernel's exception handlers call kdio_stub_fault before they do anything
 *               else, and the config says so (`faults`); without it memory, MSRs and registers are UNSUPPORTED. The
 *               stub never tries an access before it makes it, and makes none twice.
 *   Memory      Virtual addresses are as the CPU sees them that executes the program: a page that is absent, or
 *               read-only under CR0.WP, or a user's under CR4.SMAP, is a fault. Physical addresses go through the hook
 *               `map`; without it physical accesses and the walk through page tables are UNSUPPORTED.
 *   PCI         Configuration space goes through the windows `ecam` where they hold the bus, else through ports cf8
 *               and cfc, with interrupts off and with cf8 put back.
 *   Index/data  Port pairs that the kernel uses too (70/71, cf8/cfc, 2e/2f, 3c0, 3d4) would be torn if a request ran
 *               between the kernel's two accesses. Either the kernel gives pair_trylock and pair_unlock, which
 *               the stub holds round each program (a busy lock postpones the program, it never spins), or it
 *               sets `defer`: programs then run from kdio_stub_poll only, which the kernel calls where no pair
 *               is in use.
 *   Console     kdio_stub_console is the kernel's console on the same line. Text is passed on unaltered, but for
 *               the bytes 00 and F5, which are never text and become '?'. Text that does not fit is dropped and
 *               counted; the host sees a line that says how much.
 *
 *   Stopping    With `faults`, `map` and `traps` the host can stop the kernel, show and change its registers, set
 *               breakpoints and step: the kernel calls kdio_stub_trap. It stops the CPU that calls; others run on, and
 *               debug registers are those of the CPU that serves the host. While the kernel stands, programs do not
 *               wait for the pair lock.
 *               A software breakpoint is one byte, written through `map`; it is out while an operation looks at memory.
 *               While there are breakpoints a call keeps interrupts off, but between the steps of a plain program, of
 *               some 20 us each. Code that has one and runs all the same while the stub is at work on that CPU (a hook;
 *               an interrupt in such a program) does not stop there, and the breakpoint stays; another CPU waits at it
 *               until the stub is free. Keep them out of `map` and of what the handlers of #DB and #BP run. A debug
 *               register's breakpoint that strikes while another CPU has the stub is passed over.
 *
 *   Profiles    libkdiostub.a holds everything; libkdiostub-access.a everything but kdio_stub_trap. libkdiostub-ports.a
 *               is ports and the link alone, the smallest: kdio_stub_init, handle, poll and prompt; a UART at a port,
 *               with stride 1; this x86-64, with tsc_khz given. It ignores faults, map and ecam. It has no console,
 *               text hook, statistics (UNSUPPORTED to the host), refusals beyond the link's own UART, suspend or
 *               resume. A config that asks for a refusal or a machine is BAD_CONFIG there.
 *
 *   Dying       A fatal fault handler may print through kdio_stub_console and then call kdio_stub_poll for ever, with
 *               interrupts off, after releasing the pair lock if it is held: the host can still look at the machine.
 *
 * Life: kdio_stub_init, then kdio_stub_handle from the UART's interrupt and kdio_stub_poll from the idle loop and
 * from a periodic timer, for ever. The timer (100 Hz will do) is needed also where interrupts work: an edge that
 * comes while the stub is busy announces nothing again, and an entry that finds it busy turns the UART's interrupts off
 * until the next look. There is nothing to close.
 */
#ifndef KDIO_STUB_H
#define KDIO_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of the block given to kdio_stub_init, in bytes. */
#define KDIO_STUB_MEMORY_MIN 4096u /* Works; small frames. */
#define KDIO_STUB_MEMORY     8192u /* Meets every figure at 115200 and 921600 baud. */

/* UART accesses that one call makes at most, beside those of the program it executes. */
#define KDIO_STUB_ACCESSES_MAX 80u

/* What kdio_stub_handle and kdio_stub_poll report; or-ed. */
enum {
    KDIO_STUB_WORK = 1, /* Bytes moved or a program ran: traffic is under way, worth polling on. */
    KDIO_STUB_MORE = 2, /* Work is left that no interrupt announces: call kdio_stub_poll again soon. */
    KDIO_STUB_BREAK = 4, /* The host wants the kernel to stop: call kdio_stub_trap. A kernel that does not, goes on. */
};

/* What kdio_stub_init reports. */
enum kdio_stub_result {
    KDIO_STUB_OK = 0,
    KDIO_STUB_NO_MEMORY = -1,  /* Block too small, or not aligned to 16. */
    KDIO_STUB_BAD_CONFIG = -2, /* Unknown structure size, UART space, stride; a baud rate that the clock does not give;
                                * a hook without its twin; what the profile does not have. */
    KDIO_STUB_NO_UART = -3,    /* Nothing that behaves like a 16550 is there. The UART is left as it was. */
};

enum kdio_uart_space {
    KDIO_UART_PORT = 0, /* base is an I/O port. */
    KDIO_UART_MMIO = 1, /* base is the address of an uncached mapping, as seen by the kernel. */
};

struct kdio_uart_config {
    enum kdio_uart_space space;
    uint64_t base;
    uint32_t stride;   /* Bytes between registers: 1 or 4; with 4 the registers are accessed as 32 bits. */
    uint32_t clock_hz; /* Input clock; 0 means 1843200, the PC's. */
    uint32_t baud;     /* 0 leaves rate and format as the firmware set them; else 8 bits, no parity, 1 stop bit. */
    bool irq;          /* true: the kernel routes the interrupt to kdio_stub_handle, so enable it in the UART. */
};

/*
 * An exception. The kernel's handler fills it from the processor's frame: for exceptions without an error code, code is
 * 0; address is CR2 with vector 14, else anything.
 */
struct kdio_stub_fault {
    uint32_t vector;
    uint32_t code;
    uint64_t address;
    uint64_t rip, rsp; /* Of the interrupted context. */
};

/*
 * An access that may fault, and what it is of: an MSR, or memory, naturally aligned, with the logarithm of the width in
 * bytes added.
 */
enum kdio_access {
    KDIO_ACCESS_LOAD = 0,
    KDIO_ACCESS_STORE = 4,
    KDIO_ACCESS_RDMSR = 8,
    KDIO_ACCESS_WRMSR = 9,
};

/* What `registers` of struct kdio_machine fills, in this order, each in a word of its own. */
#define KDIO_REGISTERS_64 18u /* CR0 2 3 4 8; DR0 1 2 3 6 7; EFER; bases of FS, GS, KERNEL_GS, GDTR, IDTR; RFLAGS. */
#define KDIO_REGISTERS_16 10u /* Limits of GDTR, IDTR; TR, LDTR, CS, SS, DS, ES, FS, GS. */
#define KDIO_REGISTERS    (KDIO_REGISTERS_64 + KDIO_REGISTERS_16)

/* Ports first..last are refused. */
struct kdio_port_range {
    uint16_t first;
    uint16_t last;
};

/*
 * The machine, as the stub sees it. NULL in the config means the x86-64 the code runs on; the tests give a fake one.
 * width is 1, 2 or 4 bytes and means exactly one access of that width.
 */
struct kdio_machine {
    void *context;
    uint32_t (*port_in)(void *context, uint16_t port, unsigned width);
    void (*port_out)(void *context, uint16_t port, unsigned width, uint32_t value);
    uint32_t (*mem_in)(void *context, uint64_t address, unsigned width);
    void (*mem_out)(void *context, uint64_t address, unsigned width, uint32_t value);
    uint64_t (*time_us)(void *context); /* Monotonic, microseconds. */
    uint64_t (*stamp)(void *context); /* The time-stamp counter, in its own units. */
    uint64_t (*entropy)(void *context); /* A number that differs at each boot and at each call. */
    uintptr_t (*interrupts_off)(void *context); /* Returns what interrupts_restore takes. */
    void (*interrupts_restore)(void *context, uintptr_t state);

    /*
     * NULL, all three, where only ports can be reached. access is one instruction at the virtual address, or of the
     * MSR, `at`; it writes *value or sets it. False when it faulted: then *fault has vector and code, and *value is as
     * it was.
     */
    bool (*access)(void *context, enum kdio_access what, uint64_t at, uint64_t *value, struct kdio_stub_fault *fault);
    void (*cpuid)(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4]); /* EAX, EBX, ECX, EDX. */
    void (*registers)(void *context, uint64_t values[KDIO_REGISTERS]);

    /* For run control, NULL where there is none. debug_set writes DR0 to 3, 6 and 7, and for 4 CR4. The FXSAVE area is
     * 512 bytes, aligned to 16; CR0.TS does not matter. */
    void (*debug_set)(void *context, unsigned which, uint64_t value);
    void (*fpu_save)(void *context, uint8_t *area);
    void (*fpu_restore)(void *context, const uint8_t *area);
};

/* Memory through which PCI configuration space is accessed (PCI Express, 7.2.2), as ACPI's table MCFG gives it. */
struct kdio_ecam {
    uint64_t base;    /* Physical; where bus 0 of the segment is, or would be. */
    uint16_t segment;
    uint8_t bus_first, bus_last;
};

/*
 * Zero-initialise, set `size` and `uart`, then what matters. Copied by kdio_stub_init, but for the tables at `deny` and
 * `ecam`; those and what `context` points to must stay.
 */
struct kdio_stub_config {
    uint32_t size; /* sizeof(struct kdio_stub_config), so that later fields can be told apart. */
    struct kdio_uart_config uart;
    const struct kdio_machine *machine; /* NULL: this x86-64. Copied. */

    /* Frequency of the time-stamp counter. 0: taken from CPUID leaf 15h or 16h where the processor tells, else 1 GHz is
     * assumed, and the stub's seconds are as wrong as that: three times too fast is harmless, as frames may then pause
     * for 66 ms instead of 200 and HELLO comes three times a second. */
    uint32_t tsc_khz;

    /* Mixed into the boot identifier with the time-stamp counter. Give what the kernel has: the real-time clock,
     * RDRAND. */
    uint64_t boot_entropy;

    /* Refusals, in addition to the link's own UART. The table is not copied; NULL with 0 for none. */
    const struct kdio_port_range *deny;
    uint32_t deny_count;
    /* Refuse also the profile `safe`: resets through cf9, 92, b2 and command FE at 64, and ACPI's PM1 control
     * registers, whose ports the kernel takes from the FADT (0 where there is none). */
    bool deny_safe;
    uint16_t pm1_control[2];
    bool read_only; /* Refuse every operation that changes the target; input and text go on. */

    /* Longest time with interrupts off in an atomic program; 0 means 1000. At most 100000. A program that by the
     * protocol's table of operations may take longer is refused (TOO_LONG) before it starts. */
    uint32_t atomic_max_us;

    /*
     * Longest time that one call runs a plain program before it gives way inside an operation that takes long, such as
     * one that waits for a device for seconds; 0 means 1000. At most 100000. The next call goes on there. Short
     * operations that follow each other are never parted, nor is the pair lock let go between them.
     */
    uint32_t slice_us;

    /* Execute programs from kdio_stub_poll only. */
    bool defer;

    /*
     * What the kernel last wrote to port 70, for operations with an index port there: bit 7 (NMI disable) cannot be
     * read back on a PC. Its bit 7 is then kept while 70 selects another register, and the whole is put back. NULL: bit
     * 7 is as the request has it, and stays so.
     */
    const volatile uint8_t *cmos_index;

    /* Taken round each program when given (both or neither): returns false when the lock is held, at once. */
    bool (*pair_trylock)(void *context);
    void (*pair_unlock)(void *context);

    /* Receives text that a person types at the host: at most 255 bytes a call, not terminated, line ends as typed.
     * Called from handle or poll, never re-entered; must not wait. NULL makes the text operation unsupported. */
    void (*text)(void *context, const char *bytes, size_t size);

    /* The kernel's exception handlers call kdio_stub_fault. */
    bool faults;

    /* They call kdio_stub_trap too, and whoever gets KDIO_STUB_BREAK does; with `faults` and `map` that gives run
     * control. */
    bool traps;

    /*
     * Where the kernel sees a physical address: a pointer, and in *size how many bytes from there on; memory cached,
     * devices uncached. NULL where there is neither, or it cannot be seen: the host is told of a fault (vector 0).
     * *size comes in as the bytes of the next access, for which alone the pointer is used: a kernel may map each time
     * at the same place. The link's own UART in memory is refused where it is shown at uart.base; elsewhere it would be
     * accessed: answer NULL for it there. NULL, or `faults` not set: physical memory is UNSUPPORTED.
     */
    void *(*map)(void *context, uint64_t physical, uint64_t *size);

    /* Windows to PCI configuration space, used where `map` is. The table is not copied; NULL with 0 for none. */
    const struct kdio_ecam *ecam;
    uint32_t ecam_count;

    void *context; /* Handed to pair_trylock, pair_unlock, map and text. */
};

struct kdio_stub;

/*
 * To be called once for each UART, from one CPU, with the UART's interrupt masked at the controller until it has
 * returned and its result is where the handler finds it: the other calls do not take NULL.
 *
 * Starts a stub in `memory` (`size` bytes, aligned to 16) and programs the UART. On success *stub points into the block
 * and a HELLO goes out with the next calls. On failure *stub is unchanged, and so is the UART.
 */
enum kdio_stub_result kdio_stub_init(void *memory, size_t size, const struct kdio_stub_config *config,
                                     struct kdio_stub **stub) __attribute__((warn_unused_result));

/* The UART's interrupt. The kernel acknowledges its interrupt controller itself. */
unsigned kdio_stub_handle(struct kdio_stub *stub);

/*
 * Idle loop or timer. An idle loop that halts:
 *     for (;;) {
 *         disable interrupts;
 *         if (kdio_stub_poll(stub) & (KDIO_STUB_WORK | KDIO_STUB_MORE))
 *             enable interrupts;            go round again: bytes are moving
 *         else
 *             enable interrupts and halt;   sti; hlt, so that none comes in between
 *     }
 * MORE from kdio_stub_handle may wait for that loop.
 */
unsigned kdio_stub_poll(struct kdio_stub *stub);

/*
 * Queues console text for the line and sends what the UART takes at once. Returns the bytes queued: all, or none when
 * they do not fit; text longer than a quarter of the console's memory (128 bytes with 8 KiB) goes in pieces. Nothing is
 * converted: what a terminal needs, \r\n, is the kernel's to write.
 */
size_t kdio_stub_console(struct kdio_stub *stub, const char *text, size_t size);

/* The longest text that kdio_stub_console would queue now. A kernel that keeps text for later asks first, and
 * nothing counts as lost. */
size_t kdio_stub_console_room(const struct kdio_stub *stub);

/*
 * Tells the host side how the kernel services the UART. false: only a timer polls it, so the host must not send more
 * than a FIFO at a time; until the first interrupt arrives that is assumed. true: an interrupt, or a loop that never
 * halts, empties it in time. kdio_stub_handle implies true. Takes effect with the next session.
 */
void kdio_stub_prompt(struct kdio_stub *stub, bool prompt);

/*
 * Tells the UART whether the kernel polls without rest (true), or may halt (false, and so at first). While it polls,
 * the interrupt of the receiver waits until the FIFO is nearly full: emulators hand over more at a time then. To be
 * taken back before the kernel halts. Optional.
 */
void kdio_stub_watch(struct kdio_stub *stub, bool closely);

/*
 * For the kernel's exception handlers, as the first thing they do, with interrupts off, on the CPU and before the stack
 * of the interrupted context changes. With several stubs, each is asked until one returns true. NULL is no stub: false.
 *
 * True: it struck an access that the stub made for the host, on this CPU. fault->rip is where to go on: the handler
 * puts it into the frame and returns from the exception, with all else as it was. A page that the kernel would have
 * brought in stays out: a debugger's look changes nothing.
 * False: the kernel's own handler deals with it. If fault->rip was inside the stub, nobody counts on that (memory or a
 * UART taken away, a fault of the stub's), the stub has noted it and executes nothing more; it still answers, so that
 * the host learns vector, RIP and address. The interrupted context must not be resumed then. The UART can be served
 * further, as under "Dying".
 *
 * Which exceptions: every vector below 32 may be offered; 0, 4 to 7, 10 to 14, 16, 17, 19 to 21 should be. 1 (#DB), 2
 * (NMI), 3 (#BP) and 18 (#MC) are never the stub's: false, and nothing noted. 8 (#DF) is only noted.
 *
 * How it knows: an access is the stub's when RIP is one of ten instructions and RSP is what it was when this stub began
 * an access. So a fault on another CPU, in an interrupt handler that came between, or of a second stub is not taken for
 * it. Inside the stub is what lies in the library's text, hooks and kernel code called from there not included; with
 * several stubs, each that is asked takes note.
 */
bool kdio_stub_fault(struct kdio_stub *stub, struct kdio_stub_fault *fault);

/*
 * suspend gives the UART to the kernel (a panic message, another driver): its interrupts are off, its rate and
 * format as they were, its transmitter perhaps still sending; the stub does not touch it until resume. A frame that
 * was being sent is ended with a delimiter, so that the kernel's text is text, and sent again after resume. Returns
 * false, and changes nothing, while the stub is busy on this or another CPU, while LCR.DLAB is set, or while the
 * transmitter has no room for that delimiter (at most 16 characters' time); try again. Meanwhile kdio_stub_console
 * queues, and what the line brings is lost. resume takes the UART back and programs it anew; the kernel's last
 * characters may still be in the transmitter.
 */
bool kdio_stub_suspend(struct kdio_stub *stub) __attribute__((warn_unused_result));
void kdio_stub_resume(struct kdio_stub *stub);

/*
 * Run control. The kernel's registers at an exception, as the host sees and changes them. vector is the exception's, or
 * KDIO_TRAP_BREAK where the kernel stops because an entry reported KDIO_STUB_BREAK.
 */
struct kdio_trap_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};
#define KDIO_TRAP_BREAK 0x100u

/*
 * To be called, with interrupts off, from the handlers of #DB and #BP, of each exception that the kernel would die of
 * (when kdio_stub_fault has not handled it), and, with the frame of what was interrupted, by whoever got
 * KDIO_STUB_BREAK from kdio_stub_handle or kdio_stub_poll. While the kernel is stopped it does not return. True: go on
 * with the frame, which may have changed; a fault strikes again then while another CPU has the stub, and a stop that
 * has been had since it was told, or was taken back, is none. False: not the
 * stub's affair (no host has ever asked for anything, the stub itself is on the stack, or, while there are no
 * breakpoints, another CPU is in it: asked again soon it may have left), and nothing is changed.
 */
bool kdio_stub_trap(struct kdio_stub *stub, struct kdio_trap_frame *frame) __attribute__((warn_unused_result));

/* The UART's registers are mapped at another address from now on. For kernels that change their mappings. */
void kdio_stub_uart_moved(struct kdio_stub *stub, uint64_t base);

#ifdef __cplusplus
}
#endif
#endif
