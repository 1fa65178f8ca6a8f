/* SPDX-License-Identifier: MIT */
/*
 * interrupts.c: descriptor tables, the pair of 8259 interrupt controllers, and dispatch.
 *
 * Requests are edge-triggered and acknowledged before their handler runs: an edge that comes meanwhile is remembered.
 * A device that still asks when its handler returns makes no new edge, so the timer looks after it within a tick.
 */
#include "tests/embed/cpu.h"
#include "tests/embed/kernel.h"

enum {
    PIC_COMMAND_1 = 0x20,
    PIC_DATA_1 = 0x21,
    PIC_COMMAND_2 = 0xa0,
    PIC_DATA_2 = 0xa1,
};

/* Initialisation and operation command words of the 8259A data sheet. */
#define PIC_ICW1_START       0x11u /* cascade, edge-triggered, ICW4 follows */
#define PIC_ICW3_CASCADE     (1u << IRQ_CASCADE)
#define PIC_ICW4_8086        0x01u
#define PIC_OCW2_END         0x20u
#define PIC_OCW3_IN_SERVICE  0x0bu
#define PIC_LINES            8u
#define PIC_SPURIOUS         7u

#define VECTOR_COUNT 48u
#define VECTOR_IRQ0  32u
#define VECTOR_BYTES 16u

#define SELECTOR_CODE  0x08u
#define GATE_INTERRUPT 0x8eu /* present, ring 0, interrupts off on entry */

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "a gate of the 64-bit IDT has 16 bytes");
_Static_assert(sizeof(struct table_register) == 10, "LGDT and LIDT read 10 bytes");
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "vectors.S pushes 15 registers and 2 words over the processor's 5");

extern const char vectors[]; /* vectors.S */
void segments_load(const struct table_register *gdt);

static struct gate gates[VECTOR_COUNT];

/* Null, 64-bit code, data. In mapped memory of the upper half: the one of entry.S goes with the identity mapping. */
static const uint64_t segments[] = { 0, 0x00af9a000000ffff, 0x00cf92000000ffff };

static void (*const irq_handlers[2 * PIC_LINES])(void) = {
    [IRQ_TIMER] = clock_tick,
    [IRQ_COM1] = debugger_interrupt,
};

static void set_gate(struct gate *gate, uintptr_t offset)
{
    gate->offset_low = (uint16_t)offset;
    gate->offset_middle = (uint16_t)(offset >> 16);
    gate->offset_high = (uint32_t)(offset >> 32);
    gate->selector = SELECTOR_CODE;
    gate->type = GATE_INTERRUPT;
}

static void load_tables(void)
{
    const struct table_register gdt = { sizeof(segments) - 1, (uintptr_t)segments };
    const struct table_register idt = { sizeof(gates) - 1, (uintptr_t)gates };

    memset(gates, 0, sizeof(gates));
    for (unsigned i = 0; i < VECTOR_COUNT; i++)
        set_gate(&gates[i], (uintptr_t)vectors + VECTOR_BYTES * i);
    segments_load(&gdt);
    __asm__ volatile("lidt %0" : : "m"(idt));
}

void interrupts_start(void)
{
    load_tables();
    cpu_out8(PIC_COMMAND_1, PIC_ICW1_START);
    cpu_out8(PIC_COMMAND_2, PIC_ICW1_START);
    cpu_out8(PIC_DATA_1, VECTOR_IRQ0);
    cpu_out8(PIC_DATA_2, VECTOR_IRQ0 + PIC_LINES);
    cpu_out8(PIC_DATA_1, PIC_ICW3_CASCADE);
    cpu_out8(PIC_DATA_2, IRQ_CASCADE);
    cpu_out8(PIC_DATA_1, PIC_ICW4_8086);
    cpu_out8(PIC_DATA_2, PIC_ICW4_8086);
    cpu_out8(PIC_DATA_1, 0xff);
    cpu_out8(PIC_DATA_2, 0xff);
}

void interrupts_unmask(enum interrupt_request irq)
{
    uint16_t data = irq < PIC_LINES ? PIC_DATA_1 : PIC_DATA_2;

    cpu_out8(data, (uint8_t)(cpu_in8(data) & ~(1u << irq % PIC_LINES)));
}

/* A request that went away before it was taken shows as the controller's last line, which then is not in service. */
static bool spurious(unsigned irq)
{
    uint16_t command = irq < PIC_LINES ? PIC_COMMAND_1 : PIC_COMMAND_2;

    if (irq % PIC_LINES != PIC_SPURIOUS)
        return false;
    cpu_out8(command, PIC_OCW3_IN_SERVICE);
    return (cpu_in8(command) >> PIC_SPURIOUS & 1) == 0;
}

static void handle_request(unsigned irq)
{
    bool false_alarm = spurious(irq);

    if (irq >= PIC_LINES && !false_alarm)
        cpu_out8(PIC_COMMAND_2, PIC_OCW2_END);
    if (irq >= PIC_LINES || !false_alarm)
        cpu_out8(PIC_COMMAND_1, PIC_OCW2_END);
    if (!false_alarm && irq_handlers[irq] != NULL)
        irq_handlers[irq]();
}

static void report_fault(const struct trap_frame *frame)
{
    struct line line;

    line.size = 0;
    line_text(&line, "embed: fault ");
    line_decimal(&line, frame->vector);
    line_text(&line, " error ");
    line_hex(&line, frame->error, 4);
    line_text(&line, " at ");
    line_hex(&line, frame->rip, 16);
    line_text(&line, " address ");
    line_hex(&line, cpu_fault_address(), 16);
    console_line(&line);
}

void interrupts_trap(struct trap_frame *frame)
{
    if (frame->vector >= VECTOR_IRQ0) {
        handle_request((unsigned)(frame->vector - VECTOR_IRQ0));
        return;
    }
    if (debugger_fault(frame))
        return;
    report_fault(frame);
    debugger_stay();
}
