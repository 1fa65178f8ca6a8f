/* SPDX-License-Identifier: MIT */
/*
 * test_space.c: processor, memory and PCI through the library, against the real stub: each byte of memory is touched
 * once, in requests of every size, and a fault tells how far it came.
 */
#include "tests/lib/fixture.h"

#define AT(offset) (PEER_RAM_VIRTUAL + (offset))
#define PHYSICAL(offset) (PEER_RAM_PHYSICAL + (offset))
#define KIB 1024u

static uint8_t buffer[PEER_RAM_SIZE];

static void fill_ram(void)
{
    uint32_t state = 1;

    for (size_t i = 0; i < PEER_RAM_SIZE; i++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes. */
        peer.page->ram[i] = (uint8_t)(state >> 24);
    }
}

static void forget_touches(void)
{
    memset(peer.page->touched, 0, sizeof peer.page->touched);
}

/* Bytes from..to were touched once, all others never. */
static void assert_touched(size_t from, size_t to)
{
    for (size_t i = 0; i < PEER_RAM_SIZE; i++)
        if (peer.page->touched[i] != (i >= from && i < to))
            fail_msg("byte %zx was touched %u times", i, peer.page->touched[i]);
}

/* ---- Processor ---- */

static void model_specific_registers(void **state)
{
    const struct kdio_error *error = kdio_target_error(target);
    uint64_t value = 7;

    (void)state;
    peer.page->msr = 0x123456789abcdef0;
    assert_int_equal(kdio_rdmsr(target, PEER_MSR, &value), KDIO_DONE);
    assert_true(value == 0x123456789abcdef0);
    assert_int_equal(kdio_wrmsr(target, PEER_MSR, 0xfedcba9876543210), KDIO_DONE);
    assert_true(peer.page->msr == 0xfedcba9876543210);
    assert_int_equal(kdio_rdmsr(target, 0xc0000099, &value), KDIO_FAULT);
    assert_true(value == 0x123456789abcdef0);
    assert_int_equal(error->vector, 13);
    assert_true(error->address == 0xc0000099);
    assert_text("rdmsr c0000099: the access faulted: general protection (vector 13, error 0); not done");
    assert_int_equal(kdio_wrmsr(target, 0xc0000099, 5), KDIO_FAULT);
    assert_text("wrmsr c0000099 5: the access faulted");
}

static void cpuid_and_registers(void **state)
{
    struct kdio_registers registers;
    struct kdio_cpuid result;
    const uint8_t *bytes;
    size_t size;

    (void)state;
    assert_int_equal(kdio_cpuid(target, 0x80000001, 2, &result), KDIO_DONE);
    assert_int_equal(result.eax, 0x80000021);
    assert_int_equal(result.edx, 0x80000321);
    assert_int_equal(kdio_registers(target, &registers), KDIO_DONE);
    assert_int_equal(registers.cr0, 100);
    assert_true(registers.cr3 == PEER_CR3);
    assert_int_equal(registers.rflags, 117);
    assert_int_equal(registers.gdtr_limit, 118);
    assert_int_equal(registers.gs, 127);
    ADD(kdio_program_cpuid(program, 1, 0));
    ADD(kdio_program_rdmsr(program, PEER_MSR));
    ADD(kdio_program_check(program, 8, UINT64_MAX, peer.page->msr));
    ADD(kdio_program_wrmsr(program, PEER_MSR, 5));
    RUN(KDIO_DONE);
    bytes = kdio_program_bytes(program, 0, &size);
    assert_int_equal(size, 16);
    assert_int_equal(bytes[4] | bytes[5] << 8, 0x101);
    assert_int_equal(peer.page->msr, 5);
}

/* ---- Memory ---- */

/* Sizes and alignments round the edges of words and requests; each once. */
static void blocks_of_every_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 7, 8, 9, 15, 16, 17, 200, 255, 256, 257, 258, 259, 260, 261, 262, 263, 511,
                                    522, 523, 785, 1000, 4096, 10001 };
    size_t done;

    (void)state;
    fill_ram();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t at = 0x2000; at < 0x2009; at += 3) {
            enum kdio_space space = i % 2 ? KDIO_SPACE_PHYSICAL : KDIO_SPACE_VIRTUAL;

            forget_touches();
            memset(buffer, 0, sizes[i] + 1);
            assert_int_equal(kdio_read(target, space, (i % 2 ? PHYSICAL(at) : AT(at)), 0, buffer, sizes[i], &done),
                             KDIO_DONE);
            assert_int_equal(done, sizes[i]);
            assert_memory_equal(buffer, peer.page->ram + at, sizes[i]);
            assert_int_equal(buffer[sizes[i]], 0);
            assert_touched(at, at + sizes[i]);
        }
}

/* Cut between words, a block takes no more accesses than its words and edges. */
static void blocks_take_few_accesses(void **state)
{
    (void)state;
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(0x2000), 0, buffer, 0x4000, NULL), KDIO_DONE);
    assert_int_equal(peer.page->ram_accesses, 0x4000 / 8);
    peer.page->ram_accesses = 0;
    assert_int_equal(kdio_write(target, KDIO_SPACE_VIRTUAL, AT(0x2003), 0, buffer, 0x4000, NULL), KDIO_DONE);
    assert_int_equal(peer.page->ram_accesses, 0x4000 / 8 - 1 + 8);
}

static void blocks_are_written_whole(void **state)
{
    static const size_t sizes[] = { 1, 8, 13, 1000, 1023, 1024, 1029, 1030, 1031, 5000, 40000 };
    size_t done;

    (void)state;
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = (uint8_t)(i * 31 + i / 256 + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t at = 0x3000; at < 0x3006; at += 5) {
            memset(peer.page->ram, 0, PEER_RAM_SIZE);
            forget_touches();
            assert_int_equal(kdio_write(target, KDIO_SPACE_VIRTUAL, AT(at), 0, buffer, sizes[i], &done), KDIO_DONE);
            assert_int_equal(done, sizes[i]);
            assert_memory_equal(buffer, peer.page->ram + at, sizes[i]);
            assert_touched(at, at + sizes[i]);
        }
}

static void units_are_accessed_whole(void **state)
{
    size_t done;

    (void)state;
    fill_ram();
    for (unsigned unit = 1; unit <= 8; unit *= 2) {
        forget_touches();
        ADD(kdio_read(target, KDIO_SPACE_PHYSICAL, PHYSICAL(0x8000), unit, buffer, 3000, &done));
        assert_memory_equal(buffer, peer.page->ram + 0x8000, 3000);
        assert_touched(0x8000, 0x8000 + 3000);
        ADD(kdio_write(target, KDIO_SPACE_PHYSICAL, PHYSICAL(0x18000), unit, buffer, 3000, &done));
        assert_memory_equal(buffer, peer.page->ram + 0x18000, 3000);
    }
}

/* At every place round a page: what lies before it arrives, and nothing behind it is touched. */
static void a_fault_tells_how_far_it_came(void **state)
{
    const struct kdio_error *error = kdio_target_error(target);
    size_t done;

    (void)state;
    fill_ram();
    peer.page->absent_from = 0x5000;
    peer.page->absent_to = 0x6000;
    for (unsigned before = 0; before < 600; before += before < 20 ? 1 : 29) {
        forget_touches();
        memset(buffer, 0, 4096);
        assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(0x5000 - before), 0, buffer, 4096, &done),
                         KDIO_FAULT);
        assert_int_equal(done, before);
        assert_memory_equal(buffer, peer.page->ram + 0x5000 - before, before);
        assert_int_equal(buffer[before], 0);
        assert_int_equal(error->vector, 14);
        assert_int_equal(error->code, 0);
        assert_true(error->address == AT(0x5000));
        assert_int_equal(error->units_done, before);
        assert_touched(0x5000 - before, 0x5000);
    }
    assert_text("read of 4096 bytes at ffff800000004");
    assert_text("(virtual): the access faulted: page fault (vector 14, error 0) at ffff800000005000; ");
    assert_text(" of 4096 bytes done");
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(0x5000), 4, buffer, 16, &done), KDIO_FAULT);
    assert_text("read of 16 bytes in units of 4 at ffff800000005000 (virtual): the access faulted: page fault "
                "(vector 14, error 0); not done");
}

static void a_write_that_faults_tells_how_far_it_came(void **state)
{
    size_t done;

    (void)state;
    peer.page->read_only_from = 0x5000;
    peer.page->read_only_to = 0x6000;
    memset(buffer, 0xee, sizeof buffer);
    for (unsigned before = 0; before < 4000; before += before < 20 ? 1 : 293) {
        forget_touches();
        assert_int_equal(kdio_write(target, KDIO_SPACE_VIRTUAL, AT(0x5000 - before), 0, buffer, 5000, &done),
                         KDIO_FAULT);
        assert_int_equal(done, before);
        assert_int_equal(kdio_target_error(target)->code, 3);
        assert_touched(0x5000 - before, 0x5000);
        assert_int_equal(peer.page->ram[0x5000], 0);
    }
    assert_int_equal(kdio_write(target, KDIO_SPACE_VIRTUAL, AT(0x4f00), 4, buffer, 0x200, &done), KDIO_FAULT);
    assert_int_equal(done, 0x100);
    assert_int_equal(kdio_target_error(target)->units_done, 0x40);
}

static void where_no_memory_is(void **state)
{
    uint32_t value = 7;
    size_t done;

    (void)state;
    assert_int_equal(kdio_read(target, KDIO_SPACE_PHYSICAL, 0x10, 4, &value, 4, &done), KDIO_FAULT);
    assert_int_equal(kdio_target_error(target)->vector, 0);
    assert_text("read of 4 bytes in units of 4 at 10 (physical): the access faulted: no memory and no device is there; "
                "not done");
    assert_int_equal(kdio_read(target, KDIO_SPACE_PHYSICAL, PHYSICAL(PEER_RAM_SIZE - 8), 0, buffer, 16, &done),
                     KDIO_FAULT);
    assert_int_equal(done, 8);
    assert_int_equal(value, 7);
}

static void stretches_that_are_none(void **state)
{
    struct wire before = wire_bytes();
    size_t done = 7;
    uint64_t found = 7, filled;

    (void)state;
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, 0, 0, NULL, 0, &done), KDIO_DONE);
    assert_int_equal(done, 0);
    assert_int_equal(kdio_write(target, KDIO_SPACE_VIRTUAL, 0, 8, NULL, 0, NULL), KDIO_DONE);
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, UINT64_MAX - 6, 0, buffer, 8, &done), KDIO_BAD_OPERAND);
    assert_text("read of 8 bytes at fffffffffffffff9 (virtual): it passes the end of the addresses; nothing was sent");
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(2), 4, buffer, 8, &done), KDIO_MISALIGNED);
    assert_text("the address is not a multiple of the unit; nothing was sent");
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(4), 4, buffer, 9, &done), KDIO_BAD_OPERAND);
    assert_text("the length is not a multiple of the unit");
    assert_int_equal(kdio_write(target, KDIO_SPACE_PHYSICAL, 0, 16, buffer, 16, &done), KDIO_BAD_WIDTH);
    assert_text("the unit is not 1, 2, 4 or 8 bytes");
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0), 0, 1, "a", 1, &found), KDIO_NOT_FOUND);
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0), 10, 3, "a", 1, &found), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0), 10, 1, "a", 0, &found), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0), 10, 1, buffer, 256, &found), KDIO_BAD_OPERAND);
    assert_text("the pattern is not of 1 to 255 bytes");
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, UINT64_MAX, 2, 1, "a", 1, &found), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_fill(target, KDIO_SPACE_VIRTUAL, UINT64_MAX, 2, "a", 1, &filled), KDIO_BAD_OPERAND);
    assert_int_equal(kdio_fill(target, KDIO_SPACE_VIRTUAL, AT(0), 0, "a", 1, &filled), KDIO_DONE);
    assert_int_equal(filled, 0);
    assert_int_equal(found, 7);
    assert_wire(before, 0);
}

static void search_and_fill(void **state)
{
    uint64_t found = 0, filled = 0;

    (void)state;
    assert_int_equal(kdio_fill(target, KDIO_SPACE_PHYSICAL, PHYSICAL(0x4003), 1000, "abc", 3, &filled), KDIO_DONE);
    assert_int_equal(filled, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(peer.page->ram[0x4003 + i], "abc"[i % 3]);
    assert_touched(0x4003, 0x4003 + 1000);
    memcpy(peer.page->ram + 0x7ffd, "needle", 6);
    forget_touches();
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0x4000), 0x8000, 1, "needle", 6, &found), KDIO_DONE);
    assert_true(found == AT(0x7ffd));
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0x4000), 0x8000, 2, "needle", 6, &found),
                     KDIO_NOT_FOUND);
    assert_text("search of 32768 bytes at ffff800000004000 (virtual): not found");
    peer.page->absent_from = 0x5000;
    peer.page->absent_to = 0x6000;
    assert_int_equal(kdio_fill(target, KDIO_SPACE_VIRTUAL, AT(0x4f80), 1000, "xy", 2, &filled), KDIO_FAULT);
    assert_int_equal(filled, 0x80);
    assert_text("fill of 1000 bytes at ffff800000004f80 (virtual): the access faulted: page fault (vector 14, error 2) "
                "at ffff800000005000; 128 of 1000 bytes done");
    assert_int_equal(kdio_search(target, KDIO_SPACE_VIRTUAL, AT(0x4f80), 1000, 1, "needle", 6, &found), KDIO_FAULT);
}

/* Tables with a page of each size, and an entry that is not present. */
static void put_entry(uint32_t table, unsigned index, uint64_t entry)
{
    memcpy(peer.page->ram + table + 8 * index, &entry, 8);
}

static void translation(void **state)
{
    struct kdio_translation walk;

    (void)state;
    put_entry(0x1000, 0, PHYSICAL(0x2000) | 7);
    put_entry(0x2000, 0, PHYSICAL(0x3000) | 7);
    put_entry(0x2000, 1, 0x40000000 | 0x87); /* A page of 1 GiB. */
    put_entry(0x3000, 0, PHYSICAL(0x4000) | 7);
    put_entry(0x3000, 1, 0x200000 | 0x87);   /* 2 MiB. */
    put_entry(0x4000, 5, 0x12345000 | 1);
    assert_int_equal(kdio_translate(target, 0x5678, &walk), KDIO_DONE);
    assert_true(walk.present && walk.physical == 0x12345678 && walk.page_size == 4096);
    assert_int_equal(walk.levels, 4);
    assert_int_equal(walk.walked, 4);
    assert_true(walk.entry[3] == (0x12345000 | 1) && walk.entry[4] == 0);
    assert_int_equal(kdio_translate(target, 0x345678, &walk), KDIO_DONE);
    assert_true(walk.present && walk.physical == 0x345678 && walk.page_size == 0x200000 && walk.walked == 3);
    assert_int_equal(kdio_translate(target, 0x45678901, &walk), KDIO_DONE);
    assert_true(walk.present && walk.physical == 0x45678901 && walk.page_size == 0x40000000 && walk.walked == 2);
    assert_int_equal(kdio_translate(target, 0x6000, &walk), KDIO_DONE);
    assert_true(!walk.present && walk.walked == 4 && walk.entry[3] == 0 && walk.page_size == 0);
}

static void memory_in_programs(void **state)
{
    const uint8_t *bytes;
    size_t size;

    (void)state;
    fill_ram();
    ADD(kdio_program_write(program, KDIO_SPACE_VIRTUAL, AT(0x9000), 0, "hello", 5));
    ADD(kdio_program_read(program, KDIO_SPACE_PHYSICAL, PHYSICAL(0x9000), 0, 3000));
    ADD(kdio_program_read(program, KDIO_SPACE_PHYSICAL, PHYSICAL(0x9000), 4, 4));
    ADD(kdio_program_check(program, 4, 0xffffffff, 0x6c6c6568));
    ADD(kdio_program_read(program, KDIO_SPACE_VIRTUAL, AT(PEER_RAM_SIZE - 500), 0, 1000));
    RUN(KDIO_FAULT);
    assert_int_equal(kdio_program_done_count(program), 4);
    bytes = kdio_program_bytes(program, 1, &size);
    assert_int_equal(size, 3000);
    assert_memory_equal(bytes, "hello", 5);
    assert_memory_equal(bytes, peer.page->ram + 0x9000, 3000);
    bytes = kdio_program_bytes(program, 4, &size);
    assert_int_equal(size, 500);
    assert_memory_equal(bytes, peer.page->ram + PEER_RAM_SIZE - 500, 500);
    assert_int_equal(kdio_target_error(target)->units_done, 500);
}

/* ---- The wire ---- */

static void assert_efficient(size_t size)
{
    struct wire before = wire_bytes();

    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(0), 0, buffer, size, NULL), KDIO_DONE);
    assert_memory_equal(buffer, peer.page->ram, size);
    assert_wire(before, size + size / 50);
}

/* At most 1.02 bytes on the wire for each byte read, from 4 KiB on, in a new session too. */
static void reads_cost_little_more_than_what_they_give(void **state)
{
    (void)state;
    fill_ram();
    for (size_t size = 4 * KIB; size <= PEER_RAM_SIZE; size *= 2)
        assert_efficient(size);
    assert_efficient(5000);
}

/* With 8 KiB of memory there are several replies on their way, and the cost is what the stub's limits make of it. */
static void a_small_stub_streams_too(void **state)
{
    struct kdio_link_stats stats;
    struct wire before;

    (void)state;
    fill_ram();
    before = wire_bytes();
    assert_int_equal(kdio_read(target, KDIO_SPACE_VIRTUAL, AT(0), 0, buffer, 64 * KIB, NULL), KDIO_DONE);
    assert_wire(before, 64 * KIB * 125 / 100);
    kdio_target_link_stats(target, &stats);
    assert_int_equal(stats.retransmitted, 0);
    assert_true(kdio_target_info(target)->reply_window / 3 >= (wire_bytes().in - before.in) / (stats.requests - 1));
}

static void a_long_fill_can_be_cancelled(void **state)
{
    uint64_t start_ms = now_ms(), filled = 0;

    (void)state;
    peer.page->ram_delay_us = 100;
    interrupt_ms = start_ms + 500;
    assert_int_equal(kdio_fill(target, KDIO_SPACE_VIRTUAL, AT(0), PEER_RAM_SIZE, "a", 1, &filled), KDIO_INTERRUPTED);
    assert_in_range(now_ms() - start_ms, 500, 1400);
    assert_text("fill of 524288 bytes at ffff800000000000 (virtual): interrupted; at least 0 of 524288 bytes done");
    interrupt_ms = 0;
    peer.page->ram_delay_us = 0;
    assert_int_equal(kdio_out8(target, 0x80, 1), KDIO_DONE);
}

/* ---- PCI configuration ---- */

static void pci_through_ports(void **state)
{
    const struct kdio_pci_address function = { .bus = 2, .device = 3, .function = 1 }, far = { .segment = 1 };
    uint32_t values[2];
    size_t done = 7;

    (void)state;
    assert_int_equal(kdio_pci_read(target, function, 0x10, 4, values, 8, &done), KDIO_DONE);
    assert_int_equal(done, 8);
    assert_access(1, 0xcf8, 4, true, 0x80021910);
    assert_access(2, 0xcfc, 4, false, 0);
    assert_int_equal(values[0], 2);
    assert_int_equal(kdio_pci_write(target, function, 6, 2, "\x34\x12", 2, &done), KDIO_DONE);
    assert_int_equal(done, 2);
    assert_int_equal(kdio_pci_read(target, function, 0x100, 4, values, 4, &done), KDIO_UNSUPPORTED);
    assert_int_equal(done, 0);
    assert_text("read of 4 bytes in units of 4 of PCI 0000:02:03.1 at 100: refused by the stub: the target has no ECAM "
                "for it; not done");
    assert_int_equal(kdio_pci_read(target, far, 0, 4, values, 4, &done), KDIO_UNSUPPORTED);
    assert_int_equal(kdio_pci_read(target, function, 2, 4, values, 4, &done), KDIO_MISALIGNED);
    assert_text("PCI 0000:02:03.1 at 2: the offset is not a multiple of the unit; nothing was sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_LINE(model_specific_registers),
        ON_A_LINE(cpuid_and_registers),
        ON_A_LINE(blocks_of_every_size),
        ON_A_LINE(blocks_take_few_accesses),
        ON_A_LINE(blocks_are_written_whole),
        ON_A_LINE(units_are_accessed_whole),
        ON_A_LINE(a_fault_tells_how_far_it_came),
        ON_A_LINE(a_write_that_faults_tells_how_far_it_came),
        ON_A_LINE(where_no_memory_is),
        ON_A_LINE(stretches_that_are_none),
        ON_A_LINE(search_and_fill),
        ON_A_LINE(translation),
        ON_A_LINE(memory_in_programs),
        ON_A_LARGE_STUB(reads_cost_little_more_than_what_they_give),
        ON_A_LINE(a_small_stub_streams_too),
        ON_A_LINE(a_long_fill_can_be_cancelled),
        ON_A_LINE(pci_through_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
