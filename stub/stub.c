/* SPDX-License-Identifier: MIT */
/*
 * stub.c: the entries. Whoever takes `busy` works; whoever finds it taken only empties the UART into the ring. So the
 * link, the runner and the transmitter are never entered twice, and no entry ever waits.
 */
#include "stub/stub.h"

#include "proto/status.h"
#include "stub/attention.h"
#include "stub/rate.h"
#include "stub/runner.h"
#include "stub/space.h"

#define MEMORY_ALIGNMENT   16u
#define ATOMIC_US_DEFAULT  1000u
#define ATOMIC_US_MAX      100000u
#define SLICE_US_DEFAULT   1000u
#define SLICE_US_MAX       100000u
#define PROGRAM_MAX        1024u
#define FRAME_SIZE         1024u   /* Beyond, a frame grows with the memory for received bytes, */
#define RX_SIZE_LARGE      0x4000u /* of which 32 KiB have so much. */
/* The wire names sizes in 16 bits: memory beyond this is left alone. */
#define MEMORY_USED_MAX    0x10000u
#define TX_CHUNK           KDIO_UART_FIFO_SIZE
/* Bytes taken from the UART in one call: with two accesses a byte, and the transmitter's, within the bound. */
#define RX_CHUNK           24u

_Static_assert(2 * RX_CHUNK + 1 + TX_CHUNK + 4 <= KDIO_STUB_ACCESSES_MAX,
               "a call reads RX_CHUNK bytes, writes a FIFO, and touches LCR, LSR and IER, within its bound");
_Static_assert(sizeof(struct kdio_stub) <= KDIO_STUB_MEMORY_MIN / 2, "half of the smallest memory is for buffers");

uint64_t kdio_stub_now_us(const struct kdio_stub *stub)
{
    return kdio_machine_time_us(&stub->machine);
}

uint32_t kdio_stub_draw(void *stub)
{
    return (uint32_t)kdio_machine_entropy(&((struct kdio_stub *)stub)->machine);
}

/* ---- Life ---- */

/* The largest one; size is not 0. */
static uint32_t power_of_two_within(uint32_t size)
{
    return 0x80000000u >> __builtin_clz(size);
}

/* Shares what is left after the structure. Of 8 KiB, 4 are for received bytes: at 921600 baud with 16 ms of
 * latency, 1.5 KiB are under way before the first reply is back. A frame is at most an eighth of those, so that a
 * window holds many; more is for replies, as what they carry of memory decides what a block read costs. Six of the
 * largest, of which two are not in the window, keep a line busy; from 32 KiB on it is five, of more than 2 KiB. */
static void share_memory(struct kdio_stub *stub, uint32_t size, struct kdio_stub_link_config *link)
{
    uint8_t *memory = (uint8_t *)(stub + 1);
    uint32_t console_size = KDIO_STUB_HAS_CONSOLE ? power_of_two_within(size / 8) : 0;
    uint32_t rx_size = power_of_two_within(size * 21 / 32);

    if (KDIO_STUB_HAS_CONSOLE)
        kdio_console_init(&stub->console, memory, console_size);
    memory += console_size;
    stub->rx.bytes = memory;
    stub->rx.size = rx_size;
    memory += rx_size;
    size -= console_size + rx_size;
    link->request_window = rx_size - 4 * KDIO_RX_SPARE; /* A multiple of 256: ANSWER then has a zero byte here. */
    link->frame = memory;
    link->frame_size = size * 2 / 5;
    if (KDIO_STUB_HAS_SPACES && link->frame_size > FRAME_SIZE && link->frame_size > rx_size / 8)
        link->frame_size = rx_size / 8 > FRAME_SIZE ? rx_size / 8 : FRAME_SIZE;
    link->replies = memory + link->frame_size;
    link->replies_size = size - link->frame_size;
    link->results_max = link->replies_size / (!KDIO_STUB_HAS_SPACES || rx_size < RX_SIZE_LARGE ? 6 : 5);
}

static uint32_t find_capabilities(const struct kdio_stub *stub)
{
    uint32_t capabilities = KDIO_CAPABILITY_PORT;

    if (KDIO_STUB_HAS_PROGRAMS)
        capabilities |= KDIO_CAPABILITY_PROGRAM;
    if (KDIO_STUB_HAS_TEXT && stub->config.text)
        capabilities |= KDIO_CAPABILITY_TEXT;
    if (KDIO_STUB_HAS_SPACES)
        capabilities |= kdio_space_capabilities(stub);
    if (KDIO_STUB_HAS_RUN && kdio_stop_possible(stub))
        capabilities |= KDIO_CAPABILITY_RUN;
    if (KDIO_STUB_HAS_PROGRAMS && stub->config.uart.baud)
        capabilities |= KDIO_CAPABILITY_BAUD;
    if (KDIO_STUB_HAS_POLICY && stub->config.read_only)
        capabilities |= KDIO_CAPABILITY_READ_ONLY;
    return capabilities;
}

/* What a profile does not hold is an error, so that no kernel believes in a refusal that is not there. */
static bool config_valid(const struct kdio_stub_config *config)
{
    if (config->size != sizeof *config || !config->pair_trylock != !config->pair_unlock ||
        config->atomic_max_us > ATOMIC_US_MAX || !kdio_uart_config_valid(&config->uart))
        return false;
    if (KDIO_STUB_HAS_PROGRAMS && config->slice_us > SLICE_US_MAX)
        return false;
    if (!KDIO_STUB_HAS_POLICY && (config->deny_count || config->deny_safe || config->read_only))
        return false;
    if (!KDIO_STUB_HAS_MACHINE && (config->machine || !config->tsc_khz))
        return false;
    return config->deny || !config->deny_count;
}

static void zero(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = 0;
}

static void start_link(struct kdio_stub *stub, uint32_t size)
{
    struct kdio_stub_link_config link = {
        .program_max = PROGRAM_MAX,
        .boot_id = kdio_stub_draw(stub) | 1,
        .link_port = (uint16_t)stub->uart.config.base,
        .link_ports = kdio_uart_ports(&stub->uart),
    };

    share_memory(stub, size - (uint32_t)sizeof *stub, &link);
    stub->start_us = kdio_stub_now_us(stub);
    kdio_stub_link_init(&stub->link, &link, stub->start_us);
    kdio_stub_prompt(stub, false);
}

enum kdio_stub_result kdio_stub_init(void *memory, size_t size, const struct kdio_stub_config *config,
                                     struct kdio_stub **stub)
{
    struct kdio_stub *made = memory;

    if (!memory || size < KDIO_STUB_MEMORY_MIN || (uintptr_t)memory % MEMORY_ALIGNMENT)
        return KDIO_STUB_NO_MEMORY;
    if (!config || !config_valid(config))
        return KDIO_STUB_BAD_CONFIG;
    if (size > MEMORY_USED_MAX)
        size = MEMORY_USED_MAX;
    zero(memory, size);
    made->config = *config;
    if (!config->atomic_max_us)
        made->config.atomic_max_us = ATOMIC_US_DEFAULT;
    if (KDIO_STUB_HAS_PROGRAMS && !config->slice_us)
        made->config.slice_us = SLICE_US_DEFAULT;
    if (KDIO_STUB_HAS_MACHINE && config->machine)
        made->machine = *config->machine;
    else
        kdio_machine_x86_64_init(&made->machine, &made->machine_state, config->tsc_khz, config->boot_entropy);
    if (!kdio_uart_init(&made->uart, &made->machine, &config->uart))
        return KDIO_STUB_NO_UART;
    start_link(made, (uint32_t)size);
    *stub = made;
    return KDIO_STUB_OK;
}

/* ---- Receiving ---- */

static void ring_put(struct kdio_stub *stub, uint8_t byte)
{
    struct kdio_rx_ring *rx = &stub->rx;

    if (rx->head - __atomic_load_n(&rx->tail, __ATOMIC_ACQUIRE) == rx->size) {
        stub->rx_overruns++;
        return;
    }
    rx->bytes[rx->head & (rx->size - 1)] = byte;
    __atomic_store_n(&rx->head, rx->head + 1, __ATOMIC_RELEASE);
}

static bool is_suspended(const struct kdio_stub *stub)
{
    return KDIO_STUB_HAS_SUSPEND && __atomic_load_n(&stub->suspended, __ATOMIC_ACQUIRE);
}

/* An interrupt whose handler stops, here or by waiting for another processor that stands, would leave the UART to nobody.
 * Where another entry is at it, that one empties it. */
bool kdio_stub_drain(struct kdio_stub *stub, unsigned limit)
{
    uintptr_t state = KDIO_STUB_HAS_RUN ? kdio_machine_interrupts_off(&stub->machine) : 0;
    int byte = -1;

    if (kdio_stub_take(&stub->draining)) {
        if (is_suspended(stub))
            limit = 0;
        for (; limit && (byte = kdio_uart_get(&stub->uart)) >= 0; limit--) {
            ring_put(stub, (uint8_t)byte);
            stub->moved = true;
        }
        stub->drained_us = kdio_stub_now_us(stub);
        kdio_stub_release(&stub->draining);
    }
    if (KDIO_STUB_HAS_RUN)
        kdio_machine_interrupts_restore(&stub->machine, state);
    return byte < 0;
}

static bool ring_empty(const struct kdio_rx_ring *rx)
{
    return rx->tail == __atomic_load_n(&rx->head, __ATOMIC_ACQUIRE);
}

static void feed_link(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_rx_ring *rx = &stub->rx;

    while (!stub->request_ready && !ring_empty(rx)) {
        stub->request_ready = kdio_stub_link_take(&stub->link, rx->bytes[rx->tail & (rx->size - 1)], at_us, kdio_stub_draw,
                                                  stub);
        __atomic_store_n(&rx->tail, rx->tail + 1, __ATOMIC_RELEASE);
    }
}

/* ---- Executing ---- */

static void answer(struct kdio_stub *stub)
{
    const struct kdio_run *run = &stub->run;

    kdio_stub_link_answer(&stub->link, (size_t)(run->results.at - stub->results),
                          run->failure.status != KDIO_DONE ? &run->failure : NULL, run->counted);
    stub->request_ready = false;
    stub->running = false;
    if (KDIO_STUB_HAS_PROGRAMS)
        kdio_attention_end(stub);
}

/* Begins the program that waits, or goes on with it for a slice. */
static void execute_now(struct kdio_stub *stub, uint64_t at_us)
{
    struct kdio_stub_request request;

    if (!stub->running) {
        stub->results = kdio_stub_link_results(&stub->link);
        kdio_stub_link_request(&stub->link, &request);
        stub->running = kdio_runner_begin(stub, &request, stub->results, &stub->run) == KDIO_DONE;
        if (KDIO_STUB_HAS_PROGRAMS)
            kdio_attention_begin(stub, at_us);
    }
    if (!stub->running || kdio_runner_go(stub, &stub->run))
        answer(stub);
}

/* A kernel that is inside an index/data pair postpones the program, or the rest of it; it stays ready. One that stands
 * still would postpone it for ever. */
static void execute(struct kdio_stub *stub, uint64_t at_us)
{
    const struct kdio_stub_config *config = &stub->config;

    bool stopped = KDIO_STUB_HAS_RUN && stub->stop.frame;

    if (!stopped && config->pair_trylock && !config->pair_trylock(config->context))
        return;
    execute_now(stub, at_us);
    if (!stopped && config->pair_unlock)
        config->pair_unlock(config->context);
}

/* ---- Sending ---- */

/* Fills the transmitter, which has room for so much. Returns the bytes of text that went. */
static size_t fill_transmitter(struct kdio_stub *stub, uint64_t at_us, const uint8_t *text, size_t text_size)
{
    size_t used = 0;
    int next;

    for (unsigned count = 0; count < TX_CHUNK; count++) {
        next = kdio_stub_link_next(&stub->link, used < text_size, at_us);
        if (next == KDIO_STUB_LINK_IDLE)
            break;
        if (KDIO_STUB_HAS_CONSOLE && next == KDIO_STUB_LINK_TEXT)
            next = text[used++];
        kdio_uart_put(&stub->uart, (uint8_t)next);
        stub->moved = true;
    }
    return used;
}

/* True while there is more to send. */
static bool send(struct kdio_stub *stub, uint64_t at_us)
{
    const uint8_t *text = NULL;
    size_t text_size = 0;

    if (KDIO_STUB_HAS_CONSOLE) {
        kdio_console_tell_lost(&stub->console);
        text = kdio_console_peek(&stub->console, &text_size);
    }
    if ((text_size || kdio_stub_link_tx_pending(&stub->link, at_us)) && kdio_uart_room(&stub->uart)) {
        text_size = fill_transmitter(stub, at_us, text, text_size);
        if (KDIO_STUB_HAS_CONSOLE)
            text_size = kdio_console_consume(&stub->console, text_size);
    }
    text_size |= kdio_stub_link_tx_pending(&stub->link, at_us);
    kdio_uart_want_room(&stub->uart, text_size);
    return text_size;
}

/* ---- Entries ---- */

unsigned kdio_stub_work(struct kdio_stub *stub, bool may_execute)
{
    uint64_t at_us = kdio_stub_now_us(stub);
    bool more;

    if (!kdio_uart_ours(&stub->uart))
        return KDIO_STUB_MORE;
    stub->moved = false;
    more = !kdio_stub_drain(stub, RX_CHUNK);
    feed_link(stub, at_us);
    if (KDIO_STUB_HAS_PROGRAMS && stub->running)
        kdio_attention_go(stub, at_us);
    if (stub->request_ready && may_execute)
        execute(stub, at_us);
    if (KDIO_STUB_HAS_PROGRAMS && kdio_rate_go(stub, at_us))
        more = true; /* The end of a transmission is announced by nothing. */
    else if (send(stub, at_us) && !(stub->uart.config.irq && stub->interrupts))
        more = true; /* No interrupt announces the empty transmitter. */
    if (stub->request_ready || !ring_empty(&stub->rx))
        more = true;
    if (KDIO_STUB_HAS_RUN && stub->stop.wanted)
        return KDIO_STUB_BREAK | KDIO_STUB_WORK;
    return (stub->moved ? KDIO_STUB_WORK : 0) | (more ? KDIO_STUB_MORE : 0);
}

/* `busy`, for an entry; false when another one has it. */
static inline bool hold(struct kdio_stub *stub)
{
    return KDIO_STUB_HAS_RUN ? kdio_stop_hold(stub) : kdio_stub_take(&stub->busy);
}

static inline void let_go(struct kdio_stub *stub)
{
    if (KDIO_STUB_HAS_RUN)
        kdio_stop_let_go(stub);
    else
        kdio_stub_release(&stub->busy);
}

/* A stub that another entry holds, perhaps one that this entry has interrupted: its UART is emptied, its line left.
 * A level that an interrupt cannot take away, as the interrupted entry was about to, would call it again for ever, so
 * the UART's interrupts are off then until the holder, or the next entry, has looked. */
static unsigned work_beside(struct kdio_stub *stub, bool interrupt)
{
    if (!is_suspended(stub) && kdio_uart_ours(&stub->uart)) {
        (void)kdio_stub_drain(stub, RX_CHUNK);
        if (interrupt || !KDIO_STUB_HAS_CONSOLE)
            kdio_uart_quiet(&stub->uart);
    }
    return KDIO_STUB_MORE;
}

static unsigned enter(struct kdio_stub *stub, bool may_execute, bool interrupt)
{
    unsigned result = 0;

    if (!hold(stub))
        return work_beside(stub, interrupt);
    if (KDIO_STUB_HAS_SPACES)
        stub->entered_rsp = (uintptr_t)&result;
    if (!is_suspended(stub))
        result = kdio_stub_work(stub, may_execute);
    let_go(stub);
    return result;
}

unsigned kdio_stub_handle(struct kdio_stub *stub)
{
    __atomic_fetch_add(&stub->interrupts, 1, __ATOMIC_RELAXED);
    kdio_stub_prompt(stub, true);
    return enter(stub, !stub->config.defer, true);
}

unsigned kdio_stub_poll(struct kdio_stub *stub)
{
    return enter(stub, true, false);
}

#if !KDIO_STUB_PROFILE_PORTS
void kdio_stub_watch(struct kdio_stub *stub, bool closely)
{
    if (stub->watched == closely || !hold(stub))
        return;
    if (!is_suspended(stub) && kdio_uart_ours(&stub->uart)) {
        kdio_uart_watch(&stub->uart, closely);
        stub->watched = closely;
    }
    let_go(stub);
}
#endif

size_t kdio_stub_console(struct kdio_stub *stub, const char *text, size_t size)
{
    bool queued = kdio_console_write(&stub->console, text, size);

    if (!queued)
        kdio_console_drop(&stub->console, size);
    (void)enter(stub, false, false);
    return queued ? size : 0;
}

size_t kdio_stub_console_room(const struct kdio_stub *stub)
{
    return kdio_console_room(&stub->console);
}

void kdio_stub_prompt(struct kdio_stub *stub, bool prompt)
{
    uint32_t capabilities = find_capabilities(stub) | (prompt ? 0 : KDIO_CAPABILITY_POLLED);

    kdio_stub_link_set_burst(&stub->link, prompt ? 0 : KDIO_UART_FIFO_SIZE, capabilities);
}

/* With `busy` and `draining` held: false when another driver is inside the UART, or when a
 * frame is being sent and its delimiter has no room. */
static bool hand_over(struct kdio_stub *stub)
{
    if (stub->suspended)
        return true;
    if (!kdio_uart_ours(&stub->uart))
        return false;
    if (kdio_stub_link_mid_frame(&stub->link)) {
        if (!kdio_uart_room(&stub->uart))
            return false;
        (void)kdio_stub_link_abort_tx(&stub->link);
        kdio_uart_put(&stub->uart, KDIO_FRAME_DELIMITER);
    }
    kdio_uart_quiet(&stub->uart);
    __atomic_store_n(&stub->suspended, true, __ATOMIC_RELEASE);
    return true;
}

bool kdio_stub_suspend(struct kdio_stub *stub)
{
    bool handed = false;

    if (!hold(stub))
        return false;
    if (kdio_stub_take(&stub->draining)) {
        handed = hand_over(stub);
        kdio_stub_release(&stub->draining);
    }
    let_go(stub);
    return handed;
}

void kdio_stub_resume(struct kdio_stub *stub)
{
    stub->watched = false;
    kdio_uart_program(&stub->uart);
    __atomic_store_n(&stub->suspended, false, __ATOMIC_RELEASE);
}

void kdio_stub_uart_moved(struct kdio_stub *stub, uint64_t base)
{
    stub->uart.config.base = base;
}
