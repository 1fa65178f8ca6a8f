/* SPDX-License-Identifier: MIT */
/*
 * speed.c: the figures that depend on nothing but the protocol, the link and the line: bytes on the wire, and times on
 * a line with a rate and with the latency of a USB-serial adapter, 16 ms on everything from the stub to the host.
 *
 * The host packs as the library does: programs as large as the link advises, chained while another is under way.
 */
#include "tests/sim/speed.h"

#include <stdio.h>

#include "stub/stub.h"
#include "tests/sim/sim.h"

#define LATENCY_NS (16 * SIM_MS)
#define LIMIT_NS   (600 * SIM_S)
#define PORT       0x1000u

/* ---- What is asked for ---- */

struct packer {
    struct sim_host *host;
    struct sim_request *made;
    struct kdio_writer writer;
};

static struct packer begin(struct sim_host *host, struct sim_request *made)
{
    struct packer packer = { host, made, kdio_writer_on(made->program, sizeof made->program) };

    made->chained = kdio_host_link_outstanding(&host->link) != 0;
    if (made->chained)
        kdio_write_uint(&packer.writer, 1, KDIO_OP_CHAIN);
    return packer;
}

static size_t size_of(const struct packer *packer)
{
    return (size_t)(packer->writer.at - packer->made->program);
}

static void add(struct packer *packer, uint8_t opcode, const uint64_t *operand, const uint8_t *bytes)
{
    const struct kdio_op_row *row = kdio_op_find(opcode);
    bool counted = row->results_table || row->operands[1] == 'n';

    kdio_op_write(&packer->writer, row, operand, bytes);
    packer->made->request.size = size_of(packer);
    packer->made->request.results_max += (uint32_t)kdio_op_results_size(row, counted ? (uint32_t)operand[1] : 0);
}

static bool room_for(const struct packer *packer, size_t more)
{
    const struct kdio_answer *answer = &packer->host->link.answer;

    return size_of(packer) + more <= kdio_host_link_program_advised(&packer->host->link) &&
           packer->made->count + packer->made->chained < answer->program_max;
}

/* Byte writes to ports that differ, so that each is written out in full. */
static void many_ports(const struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    struct packer packer = begin(host, made);

    (void)sim;
    while (made->count < host->to_ask && room_for(&packer, 4)) {
        uint32_t number = host->to_ask - made->count;
        const uint64_t operand[] = { PORT + number * 7 % 0x4000, number & 0xff };

        add(&packer, KDIO_OP_OUT8, operand, NULL);
        made->count++;
    }
}

static void single_writes(const struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    struct packer packer = { host, made, kdio_writer_on(made->program, sizeof made->program) };
    const uint64_t operand[] = { PORT + (host->to_ask & 0xff), host->to_ask & 0xff };

    (void)sim;
    add(&packer, KDIO_OP_OUT8, operand, NULL);
    made->count = 1;
}

/* A table of values for one port; host->to_ask counts values. */
static void one_port(const struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    static uint8_t values[SIM_PROGRAM_MAX];
    struct packer packer = begin(host, made);
    uint64_t room = kdio_host_link_program_advised(&host->link) - size_of(&packer) - 5;
    const uint64_t operand[] = { PORT, room < host->to_ask ? room : host->to_ask };

    (void)sim;
    for (uint32_t i = 0; i < operand[1]; i++)
        values[i] = (uint8_t)(host->to_ask - i);
    add(&packer, KDIO_OP_OUTS8, operand, values);
    made->count = (uint32_t)operand[1];
}

/* Blocks of 4 KiB, as memory is read: what a block reads is results alone. host->to_ask counts bytes. */
static void blocks(const struct sim *sim, struct sim_host *host, struct sim_request *made)
{
    struct packer packer = begin(host, made);
    uint32_t block = host->to_ask % 4096 ? host->to_ask % 4096 : 4096;
    uint32_t most = host->link.answer.results_max;
    const uint64_t operand[] = { PORT, block < most ? block : most };

    (void)sim;
    add(&packer, KDIO_OP_INS8, operand, NULL);
    made->count = (uint32_t)operand[1];
}

/* ---- How long it takes ---- */

struct figures {
    double seconds;
    uint64_t up_bytes, down_bytes;
    /* Time that the requests' bytes take on the wire, of the time until the last access, and until the last reply. */
    double wire_part, wire_part_told;
};

struct line {
    uint32_t baud;
    uint32_t memory_size;
    uint64_t latency_ns;
};

static struct figures measure(struct line line, uint32_t count,
                              void (*source)(const struct sim *, struct sim_host *, struct sim_request *))
{
    struct sim_config config = sim_config_default();
    struct figures figures;
    struct sim *sim;
    uint64_t from_ns;

    config.baud = line.baud;
    config.memory_size = line.memory_size;
    config.latency_ns = line.latency_ns;
    config.source = source;
    sim = sim_new(&config, "make sim-speed");
    sim->to_stub.latency_ns = 0;
    sim_host_start(sim, &sim->hosts[0]);
    sim_run_until_open(sim, &sim->hosts[0], SIM_S);
    sim_run(sim, SIM_S / 2);
    from_ns = sim->now_ns;
    sim->to_stub.count = sim->to_host.count = 0;
    sim->hosts[0].to_ask = count;
    sim_host_step(sim, &sim->hosts[0]);
    sim_run_until_idle(sim, &sim->hosts[0], LIMIT_NS);
    if (sim->executed != count)
        sim_fail(sim, "%u accesses instead of %u", sim->executed, count);
    if (sim->hosts[0].link.stats.retransmitted || sim->target.uart.rx_lost)
        sim_fail(sim, "%llu requests were sent twice, %llu bytes lost",
                 (unsigned long long)sim->hosts[0].link.stats.retransmitted,
                 (unsigned long long)sim->target.uart.rx_lost);
    figures.seconds = (double)(sim->now_ns - from_ns) / 1e9;
    figures.up_bytes = sim->to_stub.count;
    figures.down_bytes = sim->to_host.count;
    figures.wire_part_told = (double)(sim->to_stub.count * sim->to_stub.byte_ns) / (double)(sim->now_ns - from_ns);
    figures.wire_part = (double)(sim->to_stub.count * sim->to_stub.byte_ns) / (double)(sim->executed_ns - from_ns);
    sim_free(sim);
    return figures;
}

/* ---- Saying so ---- */

static bool all_met = true;

static void say(const char *name, double value, const char *unit, int sign, double required)
{
    bool met = !sign || (sign < 0 ? value <= required : value >= required);

    if (sign)
        (void)printf("%-40s %10.4f %-8s required %s %g%s\n", name, value, unit, sign < 0 ? "<=" : ">=", required,
                     met ? "" : " MISSED");
    else
        (void)printf("%-40s %10.4f %s\n", name, value, unit);
    all_met = all_met && met;
}

static const struct line slow = { 115200, KDIO_STUB_MEMORY, LATENCY_NS };

static void say_bytes(void)
{
    struct figures one = measure(slow, 1, single_writes);
    struct figures many = measure(slow, 1000, many_ports);
    struct figures table = measure(slow, 1000, one_port);

    say("write_bytes", (double)(one.up_bytes + one.down_bytes), "bytes", -1, 20);
    say("writes_1000_bytes", (double)(many.up_bytes + many.down_bytes), "bytes", -1, 4150);
    say("values_1000_bytes", (double)(table.up_bytes + table.down_bytes), "bytes", -1, 1100);
    say("writes_1000_seconds", many.seconds, "s", -1, 0.40);
    say("singles_1000_seconds", measure(slow, 1000, single_writes).seconds, "s", -1, 1.25);
}

static void say_line_rates(void)
{
    static const struct line lines[] = {
        { 115200, KDIO_STUB_MEMORY, LATENCY_NS },
        { 921600, KDIO_STUB_MEMORY, LATENCY_NS },
        { 3000000, 3 * KDIO_STUB_MEMORY, LATENCY_NS },
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct figures figures = measure(lines[i], 10000, many_ports);
        char name[64];

        (void)snprintf(name, sizeof name, "line_rate_%u", lines[i].baud);
        say(name, figures.wire_part, "", 1, 0.95);
        (void)snprintf(name, sizeof name, "line_rate_told_%u", lines[i].baud);
        say(name, figures.wire_part_told, "", 0, 0);
        (void)snprintf(name, sizeof name, "operation_part_%u", lines[i].baud);
        say(name, 40000.0 / (double)figures.up_bytes, "", 1, 0.97);
        (void)snprintf(name, sizeof name, "writes_per_second_%u", lines[i].baud);
        say(name, 10000 / figures.seconds, "/s", 0, 0);
    }
}

static void say_blocks(void)
{
    static const uint32_t sizes[] = { 8192, 16384, 32768, 65536 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct figures figures = measure((struct line){ 921600, sizes[i], LATENCY_NS }, 65536, blocks);
        char name[64];

        (void)snprintf(name, sizeof name, "read_bytes_per_byte_%u_KiB", sizes[i] / 1024);
        say(name, (double)(figures.up_bytes + figures.down_bytes) / 65536, "", sizes[i] >= 32768 ? -1 : 0, 1.02);
        (void)snprintf(name, sizeof name, "read_line_rate_%u_KiB", sizes[i] / 1024);
        say(name, (double)figures.down_bytes * 10 / 921600 / figures.seconds, "", 0, 0);
    }
}

static void say_growth(void)
{
    for (uint32_t count = 1; count <= 100000; count *= 10) {
        char name[64];

        (void)snprintf(name, sizeof name, "writes_%u_seconds", count);
        say(name, measure(slow, count, many_ports).seconds, "s", 0, 0);
    }
}

int sim_speed(void)
{
    say_bytes();
    say_line_rates();
    say_blocks();
    say_growth();
    return all_met ? 0 : 1;
}
