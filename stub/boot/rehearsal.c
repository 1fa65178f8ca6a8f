/* SPDX-License-Identifier: MIT */
/* rehearsal.c: implements rehearsal.h. Only the stub's first page must be there for it to take note of a fault. */
#include "stub/boot/rehearsal.h"

#include "stub/boot/console.h"
#include "stub/boot/kernel.h"
#include "stub/boot/paging.h"

static uint64_t taken_page;

void rehearsal_start(void)
{
    uint64_t page = (uintptr_t)kernel.stub + PAGE_SIZE;

    if (kernel.boot->config.memory_size < 2 * PAGE_SIZE) {
        console_print("kernel: the stub has one page\r\n");
        return;
    }
    taken_page = page;
    (void)paging_unmap((const void *)(uintptr_t)page);
}

void rehearsal_end(void)
{
    if (taken_page)
        (void)paging_map_page(taken_page, taken_page, PAGE_SIZE, PAGING_RAM);
    taken_page = 0;
}
