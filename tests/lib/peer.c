/* SPDX-License-Identifier: MIT */
/* peer.c: one process, one poll loop; time is the monotonic clock, as for the library on the other side. */
#include "tests/lib/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <kdio_stub.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/message.h"
#include "proto/status.h"

#define UART_BASE  0x3f8
#define MMIO_BASE  0xfe030000u
#define LINES_MAX  4
#define BUFFER     65536
#define UART_LSR   5
#define LSR_DR     0x01
#define LSR_THRE   0x20
#define UART_LCR   3
#define UART_IER   1
#define UART_REGISTERS 8
#define STEP_MS    1

struct line {
    struct peer_page *page;
    enum peer_kind kind;
    const char *path;
    int listener;
    int hosts[LINES_MAX];
    uint8_t in[BUFFER];
    size_t in_at, in_size;
    uint8_t out[BUFFER];
    size_t out_size;
    uint8_t lcr, ier;
    unsigned received;
    uint64_t said_us;
    uint32_t noise; /* State of a generator (Numerical Recipes). */
    struct kdio_stub *stub;
    size_t memory_size;
    uint8_t memory[PEER_MEMORY_MAX] __attribute__((aligned(16)));
};

static uint64_t time_us(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static uint64_t stamp(void *context)
{
    return time_us(context);
}

static uint64_t entropy(void *context)
{
    static uint64_t state;

    state = state * 6364136223846793005u + time_us(context) + (uint64_t)getpid();
    return state ^ state >> 29;
}

static uint32_t uart_read(struct line *line, unsigned number)
{
    if (number == 0 && !(line->lcr & 0x80))
        return line->in_at < line->in_size ? line->in[line->in_at++] : 0;
    if (number == UART_LSR)
        return (uint32_t)(LSR_THRE | (line->in_at < line->in_size ? LSR_DR : 0));
    return number == UART_LCR ? line->lcr : number == UART_IER ? line->ier : 0;
}

static void uart_write(struct line *line, unsigned number, uint32_t value)
{
    if (number == UART_LCR)
        line->lcr = (uint8_t)value;
    else if (number == UART_IER && !(line->lcr & 0x80))
        line->ier = (uint8_t)value;
    else if (number == 0 && !(line->lcr & 0x80) && line->out_size < BUFFER)
        line->out[line->out_size++] = (uint8_t)value;
}

static uint32_t record(struct line *line, uint16_t port, unsigned width, uint32_t value, bool write)
{
    unsigned index = atomic_fetch_add(&line->page->access_count, 1);

    if (index < PEER_ACCESSES_MAX)
        line->page->accesses[index] = (struct peer_access){ port, value, (uint8_t)width, write };
    return index;
}

static bool in_memory(const struct line *line)
{
    return line->kind == PEER_STUB_MMIO || line->kind == PEER_STUB_MMIO4;
}

static bool is_uart_port(const struct line *line, uint16_t port)
{
    return !in_memory(line) && port >= UART_BASE && port < UART_BASE + UART_REGISTERS;
}

/* A read gives the number of the access: a device that changes at each read. */
static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct line *line = context;
    uint32_t mask = width == 4 ? UINT32_MAX : (1u << 8 * width) - 1;

    if (is_uart_port(line, port))
        return uart_read(line, port - UART_BASE);
    return record(line, port, width, 0, false) & mask;
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    struct line *line = context;

    if (is_uart_port(line, port))
        uart_write(line, port - UART_BASE, value);
    else
        record(line, port, width, value, true);
}

/* The UART in memory: any other address, width or place between registers is a mistake of the driver. */
static unsigned mmio_register(const struct line *line, uint64_t address, unsigned width)
{
    unsigned stride = line->kind == PEER_STUB_MMIO4 ? 4 : 1;

    if (address < MMIO_BASE || width != stride || (address - MMIO_BASE) % stride ||
        (address - MMIO_BASE) / stride >= UART_REGISTERS)
        abort();
    return (unsigned)((address - MMIO_BASE) / stride);
}

static uint32_t mem_in(void *context, uint64_t address, unsigned width)
{
    return uart_read(context, mmio_register(context, address, width));
}

static void mem_out(void *context, uint64_t address, unsigned width, uint32_t value)
{
    uart_write(context, mmio_register(context, address, width), value);
}

/* ---- Memory and processor ---- */

#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT         14
#define PAGE_FAULT_PRESENT        0x1
#define PAGE_FAULT_WRITE          0x2

static bool fault(struct kdio_stub_fault *fault, uint32_t vector, uint32_t code)
{
    fault->vector = vector;
    fault->code = code;
    return false;
}

static bool access_msr(struct line *line, enum kdio_access what, uint64_t at, uint64_t *value,
                       struct kdio_stub_fault *failure)
{
    if (at != PEER_MSR)
        return fault(failure, VECTOR_GENERAL_PROTECTION, 0);
    if (what == KDIO_ACCESS_RDMSR)
        *value = line->page->msr;
    else
        line->page->msr = *value;
    return true;
}

/* By virtual address, or by where the hook `map` said that it is. */
static uint64_t ram_offset(const struct line *line, uint64_t at)
{
    uint64_t mapped = at - (uint64_t)(uintptr_t)line->page->ram;

    return mapped < PEER_RAM_SIZE ? mapped : at - PEER_RAM_VIRTUAL;
}

static void wait_us(uint32_t us)
{
    uint64_t end_us = time_us(NULL) + us;

    while (us && time_us(NULL) < end_us)
        ;
}

static bool within(uint64_t offset, unsigned from, unsigned to)
{
    return offset >= from && offset < to;
}

static bool access_ram(struct line *line, bool store, unsigned width, uint64_t at, uint64_t *value,
                       struct kdio_stub_fault *failure)
{
    struct peer_page *page = line->page;
    uint64_t offset = ram_offset(line, at);
    uint32_t code = store ? PAGE_FAULT_WRITE : 0;

    if (offset > PEER_RAM_SIZE - width || within(offset, page->absent_from, page->absent_to))
        return fault(failure, VECTOR_PAGE_FAULT, code);
    if (store && within(offset, page->read_only_from, page->read_only_to))
        return fault(failure, VECTOR_PAGE_FAULT, code | PAGE_FAULT_PRESENT);
    wait_us(page->ram_delay_us);
    page->ram_accesses++;
    for (unsigned i = 0; i < width; i++)
        page->touched[offset + i]++;
    if (!store)
        *value = 0;
    if (store)
        memcpy(page->ram + offset, value, width);
    else
        memcpy(value, page->ram + offset, width);
    return true;
}

static bool machine_access(void *context, enum kdio_access what, uint64_t at, uint64_t *value,
                           struct kdio_stub_fault *failure)
{
    if (what == KDIO_ACCESS_RDMSR || what == KDIO_ACCESS_WRMSR)
        return access_msr(context, what, at, value, failure);
    return access_ram(context, what >= KDIO_ACCESS_STORE, 1u << (what % KDIO_ACCESS_STORE), at, value, failure);
}

static void machine_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    (void)context;
    for (unsigned i = 0; i < 4; i++)
        result[i] = leaf + subleaf * 16 + i * 256;
}

/* Each has its own number; the tables are where they say, and have four levels. */
static void machine_registers(void *context, uint64_t values[KDIO_REGISTERS])
{
    (void)context;
    for (unsigned i = 0; i < KDIO_REGISTERS; i++)
        values[i] = 100 + i;
    values[2] = PEER_CR3;
    values[3] = 0x20;
}

static void *map(void *context, uint64_t physical, uint64_t *size)
{
    struct peer_page *page = context;
    uint64_t offset = physical - PEER_RAM_PHYSICAL;

    *size = PEER_RAM_SIZE - offset;
    return offset < PEER_RAM_SIZE ? page->ram + offset : NULL;
}

static struct kdio_uart_config uart_of(const struct line *line)
{
    if (!in_memory(line))
        return (struct kdio_uart_config){ .base = UART_BASE, .stride = 1 };
    return (struct kdio_uart_config){ .space = KDIO_UART_MMIO, .base = MMIO_BASE,
                                      .stride = line->kind == PEER_STUB_MMIO4 ? 4 : 1 };
}

static uintptr_t interrupts_off(void *context)
{
    (void)context;
    return 0;
}

static void interrupts_restore(void *context, uintptr_t state)
{
    (void)context;
    (void)state;
}

static void take_text(void *context, const char *bytes, size_t size)
{
    struct peer_page *page = context;

    for (size_t i = 0; i < size && page->typed_count < sizeof page->typed; i++)
        page->typed[page->typed_count++] = bytes[i];
}

static void start_stub(struct line *line)
{
    static const struct kdio_port_range deny[] = { { 0x666, 0x666 } };
    const struct kdio_machine machine = {
        .context = line, .port_in = port_in, .port_out = port_out, .mem_in = mem_in, .mem_out = mem_out,
        .time_us = time_us, .stamp = stamp, .entropy = entropy, .access = machine_access, .cpuid = machine_cpuid,
        .registers = machine_registers,
        .interrupts_off = interrupts_off, .interrupts_restore = interrupts_restore,
    };
    struct kdio_stub_config config = {
        .size = sizeof config, .machine = &machine, .deny = deny, .deny_count = 1, .text = take_text,
        .context = line->page, .uart = uart_of(line), .faults = line->kind != PEER_STUB_BARE, .map = map,
    };

    if (kdio_stub_init(line->memory, line->memory_size, &config, &line->stub) != KDIO_STUB_OK)
        abort();
    kdio_stub_prompt(line->stub, true);
    line->in_at = line->in_size = line->out_size = 0;
}

static void listen_on(struct line *line)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof address.sun_path, "%s", line->path);
    unlink(line->path);
    line->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(line->listener, (struct sockaddr *)&address, sizeof address) || listen(line->listener, LINES_MAX))
        abort();
}

static void hang_up(struct line *line)
{
    for (int i = 0; i < LINES_MAX; i++)
        if (line->hosts[i] >= 0) {
            close(line->hosts[i]);
            line->hosts[i] = -1;
        }
    line->out_size = 0;
}

static void accept_host(struct line *line)
{
    int host = line->listener >= 0 ? accept4(line->listener, NULL, NULL, SOCK_NONBLOCK) : -1;

    for (int i = 0; host >= 0 && i < LINES_MAX; i++)
        if (line->hosts[i] < 0) {
            line->hosts[i] = host;
            atomic_fetch_add(&line->page->connections, 1);
            return;
        }
}

static void take_bytes(struct line *line, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        line->received++;
        if (line->page->eat == 0x100u + bytes[i])
            continue;
        if (line->page->lose_each && line->received % line->page->lose_each == 0)
            continue;
        if (line->in_size < BUFFER)
            line->in[line->in_size++] = bytes[i];
    }
}

static void receive(struct line *line, int i)
{
    uint8_t bytes[4096];
    ssize_t size = read(line->hosts[i], bytes, sizeof bytes);

    if (size == 0 || (size < 0 && errno != EAGAIN)) {
        close(line->hosts[i]);
        line->hosts[i] = -1;
    } else if (size > 0 && atomic_exchange(&line->page->cut_before, false)) {
        hang_up(line);
    } else if (size > 0 && !line->page->deaf) {
        memmove(line->in, line->in + line->in_at, line->in_size - line->in_at);
        line->in_size -= line->in_at;
        line->in_at = 0;
        take_bytes(line, bytes, (size_t)size);
    }
}

static void transmit(struct line *line)
{
    for (int i = 0; i < LINES_MAX && !line->page->mute; i++)
        if (line->hosts[i] >= 0 && line->out_size)
            (void)!send(line->hosts[i], line->out, line->out_size, MSG_NOSIGNAL);
    line->out_size = 0;
}

static bool anything_pending(const struct line *line)
{
    return line->in_at < line->in_size;
}

/* True once, when so many accesses are made as the test has written there. */
static bool reached(const struct line *line, atomic_uint *count)
{
    bool now = *count && line->page->access_count >= *count;

    if (now)
        *count = 0;
    return now;
}

static void run_stub(struct line *line)
{
    bool cut = anything_pending(line) && line->page->cut_after;

    if (reached(line, &line->page->mute_after))
        line->page->mute = true;
    if (reached(line, &line->page->reset_after))
        line->page->reset = true;
    if (atomic_exchange(&line->page->reset, false)) {
        start_stub(line);
        atomic_fetch_add(&line->page->resets, 1);
    }
    if (atomic_exchange(&line->page->say, false))
        (void)kdio_stub_console(line->stub, "kernel: one whole line\n", 23);
    for (int i = 0; i < 64; i++)
        if (!(kdio_stub_poll(line->stub) & (KDIO_STUB_MORE | KDIO_STUB_WORK)))
            break;
    if (cut) {
        line->page->cut_after = false;
        hang_up(line);
    }
}

static void say_strange(struct line *line)
{
    static const char text[] = "Welcome to some other firmware\r\n";
    uint64_t now_us = time_us(NULL);
    uint8_t noise[64];

    if (line->kind == PEER_ECHO) {
        memcpy(line->out, line->in, line->in_size);
        line->out_size = line->in_size;
    } else if (line->kind == PEER_TEXT && now_us - line->said_us > 100000) {
        memcpy(line->out, text, sizeof text - 1);
        line->out_size = sizeof text - 1;
        line->said_us = now_us;
    } else if (line->kind == PEER_ENDLESS) {
        for (line->out_size = 0; line->out_size + sizeof text < 8192; line->out_size += sizeof text - 1)
            memcpy(line->out + line->out_size, text, sizeof text - 1);
    } else if (line->kind == PEER_NOISE && now_us - line->said_us > 10000) {
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(0x80 | (line->noise = line->noise * 1664525u + 1013904223u) >> 24);
        memcpy(line->out, noise, line->out_size = sizeof noise);
        line->said_us = now_us;
    }
    line->in_at = line->in_size = 0;
}

/* A stub of a later protocol, which answers what it is asked in the one way that all versions share. */
static void answer_other_version(struct line *line)
{
    struct kdio_answer answer = { .status = KDIO_VERSION, .version_min = 7, .version_max = 9, .boot_id = 1 };
    struct kdio_frame_encoder encoder = { 0 };
    struct kdio_frame_decoder decoder;
    enum kdio_frame_event event;
    uint8_t frame[64], payload[KDIO_CONTROL_SIZE];
    uint8_t low, high;
    uint32_t nonce;
    size_t text_at;

    kdio_frame_decoder_init(&decoder, frame, sizeof frame);
    (void)kdio_frame_push(&decoder, line->in, line->in_size, 0, &event, &text_at);
    if (event == KDIO_FRAME_DONE && kdio_open_read(frame, decoder.size, &low, &high, &nonce)) {
        kdio_frame_encoder_start(&encoder, payload, kdio_answer_write(payload, &answer, nonce), true);
        line->out_size = kdio_frame_emit(&encoder, line->out, BUFFER);
    }
    line->in_at = line->in_size = 0;
}

static void step(struct line *line)
{
    struct pollfd fds[LINES_MAX + 1] = { { .fd = line->listener, .events = POLLIN } };

    for (int i = 0; i < LINES_MAX; i++)
        fds[i + 1] = (struct pollfd){ .fd = line->hosts[i], .events = POLLIN };
    (void)poll(fds, LINES_MAX + 1, STEP_MS);
    if (line->page->absent && line->listener >= 0) {
        close(line->listener);
        line->listener = -1;
        unlink(line->path);
    } else if (!line->page->absent && line->listener < 0) {
        listen_on(line);
    }
    accept_host(line);
    for (int i = 0; i < LINES_MAX; i++)
        if (line->hosts[i] >= 0)
            receive(line, i);
    if (line->stub)
        run_stub(line);
    else if (line->kind == PEER_OTHER_VERSION)
        answer_other_version(line);
    else
        say_strange(line);
    transmit(line);
}

static void serve(struct peer *peer, enum peer_kind kind, size_t memory, int ready)
{
    static struct line line;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    line.page = peer->page;
    line.kind = kind;
    line.memory_size = memory;
    line.path = peer->path;
    for (int i = 0; i < LINES_MAX; i++)
        line.hosts[i] = -1;
    listen_on(&line);
    if (kind == PEER_STUB || kind == PEER_STUB_BARE || in_memory(&line))
        start_stub(&line);
    (void)!write(ready, "", 1);
    while (!peer->page->stop)
        step(&line);
    _exit(0);
}

void peer_start(struct peer *peer, enum peer_kind kind)
{
    peer_start_sized(peer, kind, PEER_MEMORY);
}

void peer_start_sized(struct peer *peer, enum peer_kind kind, size_t memory)
{
    int ready[2];
    char byte;

    memset(peer, 0, sizeof *peer);
    snprintf(peer->directory, sizeof peer->directory, "/tmp/kdio-peer-XXXXXX");
    if (!mkdtemp(peer->directory) || pipe(ready))
        abort();
    snprintf(peer->path, sizeof peer->path, "%s/line", peer->directory);
    snprintf(peer->gensio, sizeof peer->gensio, "unix,%s", peer->path);
    peer->page = mmap(NULL, sizeof *peer->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    peer->pid = fork();
    if (peer->pid == 0)
        serve(peer, kind, memory, ready[1]);
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        abort();
    close(ready[0]);
}

void peer_end(struct peer *peer)
{
    peer->page->stop = true;
    waitpid(peer->pid, NULL, 0);
    unlink(peer->path);
    rmdir(peer->directory);
    munmap(peer->page, sizeof *peer->page);
}
