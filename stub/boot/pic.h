/* SPDX-License-Identifier: MIT */
/*
 * pic.h: the two 8259 interrupt controllers and the 8254 timer, for machines without APICs. On the others they are set
 * up once, so that a stray interrupt has a vector of its own, and masked.
 */
#ifndef KDIO_BOOT_PIC_H
#define KDIO_BOOT_PIC_H

#include <stdbool.h>
#include <stdint.h>

#define PIC_IRQ_COUNT 16u
#define PIC_IRQ_TIMER 0u

/* Moves the interrupts to VECTOR_PIC and masks them all. */
void pic_start(void);
void pic_unmask(uint8_t irq);
void pic_mask(uint8_t irq);

/* Whether the interrupt that is being handled is none (8259A data sheet, "spurious interrupt level 7"). */
bool pic_is_spurious(uint8_t irq);
void pic_end(uint8_t irq);

/* Starts the 8254's channel 0 as a periodic timer. */
void pit_timer_start(uint32_t hz);

/* Channel 2 counts down from 65535 once, at PIT_HZ, without a sound; pit_count reads it. */
#define PIT_HZ 1193182u
void pit_count_start(void);
uint16_t pit_count(void);

#endif
