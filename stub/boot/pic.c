/* SPDX-License-Identifier: MIT */
/* pic.c: implements pic.h. Names from the 8259A and 8254 data sheets. */
#include "stub/boot/pic.h"

#include "stub/boot/interrupts.h"
#include "stub/boot/x86.h"

#define PIC1_COMMAND 0x20u
#define PIC1_DATA    0x21u
#define PIC2_COMMAND 0xa0u
#define PIC2_DATA    0xa1u
#define PIC_CASCADE  2u

#define ICW1_INIT_ICW4 0x11u
#define ICW4_8086      0x01u
#define OCW2_EOI       0x20u
#define OCW3_READ_ISR  0x0bu

#define PIT_CHANNEL0  0x40u
#define PIT_CHANNEL2  0x42u
#define PIT_COMMAND   0x43u
#define PIT_0_MODE2   0x34u /* Channel 0, low then high byte, rate generator. */
#define PIT_2_MODE0   0xb0u /* Channel 2, low then high byte, count down once. */
#define PIT_2_LATCH   0x80u
#define PORT_B        0x61u
#define PORT_B_GATE2  0x01u
#define PORT_B_SPEAKER 0x02u

static void controller_init(uint16_t command, uint16_t data, uint8_t vector, uint8_t cascade)
{
    port_out8(command, ICW1_INIT_ICW4);
    port_out8(data, vector);
    port_out8(data, cascade);
    port_out8(data, ICW4_8086);
    port_out8(data, 0xff);
}

void pic_start(void)
{
    controller_init(PIC1_COMMAND, PIC1_DATA, VECTOR_PIC, 1u << PIC_CASCADE);
    controller_init(PIC2_COMMAND, PIC2_DATA, VECTOR_PIC + 8, PIC_CASCADE);
}

static void mask_change(uint8_t irq, bool masked)
{
    uint16_t port = irq < 8 ? PIC1_DATA : PIC2_DATA;
    uint8_t bit = (uint8_t)(1u << (irq & 7)), mask = port_in8(port);

    port_out8(port, (uint8_t)(masked ? mask | bit : mask & ~bit));
}

void pic_unmask(uint8_t irq)
{
    if (irq >= 8)
        mask_change(PIC_CASCADE, false);
    mask_change(irq, false);
}

void pic_mask(uint8_t irq)
{
    mask_change(irq, true);
}

bool pic_is_spurious(uint8_t irq)
{
    uint16_t port = irq < 8 ? PIC1_COMMAND : PIC2_COMMAND;

    if ((irq & 7) != 7)
        return false;
    port_out8(port, OCW3_READ_ISR);
    return !(port_in8(port) & 0x80);
}

void pic_end(uint8_t irq)
{
    if (irq >= 8)
        port_out8(PIC2_COMMAND, OCW2_EOI);
    port_out8(PIC1_COMMAND, OCW2_EOI);
}

void pit_timer_start(uint32_t hz)
{
    uint16_t divisor = (uint16_t)((PIT_HZ + hz / 2) / hz);

    port_out8(PIT_COMMAND, PIT_0_MODE2);
    port_out8(PIT_CHANNEL0, (uint8_t)divisor);
    port_out8(PIT_CHANNEL0, (uint8_t)(divisor >> 8));
}

void pit_count_start(void)
{
    port_out8(PORT_B, (uint8_t)((port_in8(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    port_out8(PIT_COMMAND, PIT_2_MODE0);
    port_out8(PIT_CHANNEL2, 0xff);
    port_out8(PIT_CHANNEL2, 0xff);
}

uint16_t pit_count(void)
{
    uint8_t low;

    port_out8(PIT_COMMAND, PIT_2_LATCH);
    low = port_in8(PIT_CHANNEL2);
    return (uint16_t)(port_in8(PIT_CHANNEL2) << 8 | low);
}
