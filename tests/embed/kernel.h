/* SPDX-License-Identifier: MIT */
/*
 * kernel.h: what the files of this kernel offer one another, file by file.
 *
 * The kernel runs on one CPU with a single stack. Interrupt handlers run on that stack with interrupts off, but for
 * the timer's work, which turns them on again.
 */
#ifndef TESTS_EMBED_KERNEL_H
#define TESTS_EMBED_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory.c: the kernel's own memory functions, which are not the C library's ---- */

/* Unlike the C library's, both return the end of what they wrote. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

/* How often the debug stub's code called one of the two. It has its own, so this stays 0. */
extern unsigned memory_stray_count;

/* ---- line.c: builds one line of text; what does not fit is cut off ---- */

struct line {
    size_t size;
    char text[112];
};

void line_text(struct line *line, const char *text);
void line_decimal(struct line *line, uint64_t value);
void line_hex(struct line *line, uint64_t value, unsigned digits);

/* ---- serial.c: polled serial ports ---- */

enum serial_port {
    SERIAL_COM1 = 0x3f8, /* The debug stub's, but for a panic. */
    SERIAL_COM2 = 0x2f8, /* This kernel's console. */
};

void serial_start(enum serial_port port);
void serial_write(enum serial_port port, const char *text, size_t size);
void serial_drain(enum serial_port port); /* Returns when the last bit is out, or a time limit has passed. */

void console_print(const char *text); /* One line on COM2; adds the end of line. */
void console_line(const struct line *line);

/* ---- interrupts.c, vectors.S: descriptor tables, the 8259 pair, dispatch ---- */

enum interrupt_request {
    IRQ_TIMER = 0,
    IRQ_CASCADE = 2,
    IRQ_COM1 = 4,
};

/* As vectors.S lays it on the stack: its own pushes, then the processor's. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

void interrupts_start(void); /* All requests masked; interrupts stay off. */
void interrupts_unmask(enum interrupt_request irq);
void interrupts_trap(struct trap_frame *frame); /* Called by vectors.S alone. */

/* ---- paging.c ---- */

#define KERNEL_BASE 0xffffffff80000000u /* Physical memory is seen from here on, */
#define MAPPED_SIZE 0x40000000u         /* so much of it. */

void paging_drop_identity(void);

/* ---- clock.c: the PIT's tick and the CMOS clock ---- */

#define CLOCK_TICKS_PER_SECOND 1000u

extern volatile uint64_t clock_tick_count;

void clock_start(void);               /* Starts the PIT and sets the marks that prove whole accesses to the CMOS. */
uint32_t clock_measure_tsc(void);     /* Time-stamp counts in a millisecond. Takes 50 ticks, with interrupts on. */
void clock_wait(uint32_t wait_us);    /* After clock_measure_tsc. */
void clock_tick(void);                /* IRQ 0. */
uint64_t clock_date(void);            /* Date and time as hexadecimal digits: yymmddhhmmss. 0: the pair is held. */
void clock_report(struct line *line); /* Appends the time and the counts of the pair 70/71. */

/* The lock of the index/data pair 70/71. Any code that touches either port holds it. Never waits. */
bool clock_pair_trylock(void);
void clock_pair_unlock(void);

/* ---- debugger.c: the debug stub's place in this kernel ---- */

bool debugger_start(uint32_t tsc_khz);
void debugger_interrupt(void); /* IRQ 4. */
void debugger_second(void);    /* The numbered line each second. Called from the timer's work. */
void debugger_poll(void);      /* Any context. */
bool debugger_fault(struct trap_frame *frame); /* An exception was the stub's to handle; its frame goes on elsewhere. */
bool debugger_busy(void);      /* Traffic is under way: poll again instead of halting. */
void debugger_command(void);   /* Obeys the lines that were typed. Idle loop only. */
void debugger_stay(void) __attribute__((noreturn)); /* After a fault: serves the line for ever. */

#endif
