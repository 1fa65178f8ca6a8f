/* SPDX-License-Identifier: MIT */
/* machine.c: the fake machine of world.h. What the stub's contract says of a call is checked here, at each access. */
#include "tests/fuzz/world.h"

#include <string.h>

#include "stub/stub.h"

#define UART_DATA 0u
#define UART_IER  1u
#define UART_LCR  3u
#define UART_LSR  5u
#define LCR_DLAB  0x80u
#define LSR_DR    0x01u
#define LSR_THRE  0x20u
#define LSR_TEMT  0x40u
#define FIFO      16u

/* Emptying the UART between two operations of a program: two accesses a byte and one that finds it empty. */
#define DRAIN_ACCESSES (2 * FIFO + 1)
#define PROGRAM_OPERATIONS_MAX 1024u
#define SETTLE_CALLS 20000u
#define NO_DELIMITER 0xffu
#define PATIENCE_CALLS 200u /* Then a program is cancelled: a search of all memory takes years. */
#define SETTLE_US    (1u << 22) /* What a program that waits is given at a time, when nothing else happens. */
#define CALL_US_MAX  20000u
#define PREEMPTING_TEXT "between\n"

enum option {
    OPTION_LARGE = 1,
    OPTION_IRQ = 2,
    OPTION_DEFER = 4,
    OPTION_READ_ONLY = 8,
    OPTION_SAFE = 16,
    OPTION_TIME = 32,
    OPTION_NO_TEXT = 64,
    OPTION_SPACES = 128, /* Processor, memory; what was written to port 70. */
};

static struct call *running(struct machine *machine)
{
    FUZZ_REQUIRE(machine->depth, "the machine is touched within calls only");
    return &machine->calls[machine->depth - 1];
}

/* ---- Preemption: another entry between two accesses ---- */

static void maybe_preempt(struct world *world)
{
    struct machine *machine = &world->machine;

    if (!machine->preempt_in || --machine->preempt_in || machine->depth == MACHINE_DEPTH_MAX)
        return;
    running(machine)->preempted = true;
    (void)machine_call(world, machine->preempt_by, (const uint8_t *)PREEMPTING_TEXT, sizeof PREEMPTING_TEXT - 1);
}

/* ---- The UART ---- */

static uint8_t read_lsr(struct machine *machine)
{
    if (machine->tx_slow)
        machine->tx_slow--;
    else
        machine->tx_fifo = 0;
    return (uint8_t)((machine->rx_at < machine->rx_size ? LSR_DR : 0) | (machine->tx_fifo ? 0 : LSR_THRE | LSR_TEMT));
}

/* A frame that cannot be remembered does not end, nor does any after it. */
static uint8_t read_data(struct world *world)
{
    struct machine *machine = &world->machine;
    uint8_t byte;

    if (machine->rx_at == machine->rx_size)
        return 0;
    byte = machine->rx[machine->rx_at++];
    client_given(world, byte);
    return world->client.full ? NO_DELIMITER : byte;
}

static void write_data(struct world *world, uint8_t byte)
{
    FUZZ_REQUIRE(world->machine.tx_fifo < FIFO, "the transmitter is never overrun");
    world->machine.tx_fifo++;
    client_hears(world, byte);
}

static void touch_uart(struct machine *machine, unsigned number)
{
    struct call *call = running(machine);

    call->accesses++;
    machine->now_us += machine->access_us;
    FUZZ_REQUIRE(!machine->suspended || call->entry == ENTRY_RESUME, "a suspended stub leaves the UART alone");
    FUZZ_REQUIRE(!(machine->lcr & LCR_DLAB) || number == UART_LCR ||
                 (number <= UART_IER && machine->depth == machine->own_dlab),
                 "while DLAB is set, nothing but LCR is touched, and the divisor by who set it");
}

static uint32_t uart_in(struct world *world, unsigned number)
{
    touch_uart(&world->machine, number);
    if (number == UART_DATA)
        return read_data(world);
    if (number == UART_LSR)
        return read_lsr(&world->machine);
    return number == UART_LCR ? world->machine.lcr : number == UART_IER ? world->machine.ier : 0;
}

/* The rate is another when all that was sent before has left. */
static void write_lcr(struct machine *machine, uint8_t value)
{
    FUZZ_REQUIRE(!(value & LCR_DLAB) || !machine->tx_fifo || running(machine)->entry == ENTRY_RESUME,
                 "the divisor is for what is sent from now on");
    FUZZ_REQUIRE(value & LCR_DLAB || !machine->own_dlab || machine->divisor, "a divisor of 0 is no rate");
    machine->lcr = value;
    machine->own_dlab = value & LCR_DLAB ? machine->depth : 0;
}

static void write_divisor(struct machine *machine, unsigned number, uint8_t value)
{
    unsigned shift = number == UART_DATA ? 0 : 8;

    machine->divisor = (uint16_t)((machine->divisor & ~(0xffu << shift)) | (unsigned)value << shift);
}

static void uart_out(struct world *world, unsigned number, uint8_t value)
{
    struct machine *machine = &world->machine;

    touch_uart(machine, number);
    if (number == UART_LCR)
        write_lcr(machine, value);
    else if (machine->lcr & LCR_DLAB)
        write_divisor(machine, number, value);
    else if (number == UART_DATA)
        write_data(world, value);
    else if (number == UART_IER)
        machine->ier = value;
}

/* ---- Operations ---- */

/* Between two operations of a program the UART may be emptied; that is the program's own. */
static void begin_operation(struct machine *machine)
{
    struct call *call = running(machine);

    if (call->executed)
        call->accesses = call->before;
    call->before = call->accesses;
    call->executed = true;
    FUZZ_REQUIRE(call->entry == ENTRY_POLL || (call->entry == ENTRY_HANDLE && !machine->defer),
                 "programs run from poll, and from handle unless deferred");
    FUZZ_REQUIRE(machine->stub_holds_pair && !machine->kernel_holds_pair, "a program runs with the pair lock held");
}

static bool covers(uint16_t port, unsigned width, unsigned first, unsigned count)
{
    return port + width > first && port < first + count;
}

/* The profile `safe`: CONFIG_ADDRESS, of 32 bits, is no access to the reset register inside it. */
static bool resets(uint16_t port, unsigned width, bool write, uint32_t value)
{
    return covers(port, width, 0x92, 1) || covers(port, width, 0xb2, 1) ||
           (covers(port, width, 0xcf9, 1) && !(port == 0xcf8 && width == 4)) ||
           (write && port == 0x64 && (value & 0xff) == 0xfe);
}

static bool allowed(const struct machine *machine, const struct touch *touch)
{
    uint16_t port = (uint16_t)touch->at;
    unsigned width = touch->width;

    /* cf8 is written and written back to read PCI configuration. */
    if (touch->write && machine->read_only && !(port == 0xcf8 && width == 4))
        return false;
    return !covers(port, width, WORLD_UART_BASE, WORLD_UART_PORTS) && !covers(port, width, WORLD_DENIED_PORT, 1) &&
           !(machine->safe && resets(port, width, touch->write, (uint32_t)touch->value)) && port % width == 0 &&
           port + width <= 0x10000;
}

static uint64_t operation(struct world *world, const struct touch *touch)
{
    struct machine *machine = &world->machine;
    uint64_t result;

    begin_operation(machine);
    if (touch->kind == TOUCH_PORT)
        FUZZ_REQUIRE(allowed(machine, touch), "the policy holds for every access");
    else
        FUZZ_REQUIRE(!touch->write || !machine->read_only, "read-only mode holds for every access");
    machine->now_us += machine->access_us;
    result = client_access(world, touch);
    maybe_preempt(world);
    return result;
}

static bool is_uart(uint16_t port, unsigned width)
{
    return width == 1 && port >= WORLD_UART_BASE && port < WORLD_UART_BASE + WORLD_UART_PORTS;
}

static uint32_t port_in(void *context, uint16_t port, unsigned width)
{
    struct world *world = context;
    uint32_t value;

    if (!is_uart(port, width))
        return (uint32_t)operation(world, &(struct touch){ .kind = TOUCH_PORT, .at = port, .width = width });
    value = uart_in(world, port - WORLD_UART_BASE);
    maybe_preempt(world);
    return value;
}

static void port_out(void *context, uint16_t port, unsigned width, uint32_t value)
{
    struct world *world = context;

    if (!is_uart(port, width)) {
        (void)operation(world, &(struct touch){ .kind = TOUCH_PORT, .at = port, .width = width, .write = true,
                                                .value = value });
        return;
    }
    uart_out(world, port - WORLD_UART_BASE, (uint8_t)value);
    maybe_preempt(world);
}

static void take_text(void *context, const char *bytes, size_t size)
{
    struct world *world = context;

    begin_operation(&world->machine);
    client_typed(world, (const uint8_t *)bytes, size);
    maybe_preempt(world);
}

/* ---- The rest of the machine ---- */

/* A look at the clock takes time too, so that who waits for a time sees it pass. */
static uint64_t time_us(void *context)
{
    return ((struct world *)context)->machine.now_us++;
}

static uint64_t stamp(void *context)
{
    return operation(context, &(struct touch){ .kind = TOUCH_STAMP });
}

/* Differs at each call; once it is the number that no challenge may be. */
static uint64_t entropy(void *context)
{
    uint64_t draw = ((struct world *)context)->machine.draws++;

    return draw == 2 ? 0 : 100 + draw;
}

static uintptr_t interrupts_off(void *context)
{
    struct machine *machine = &((struct world *)context)->machine;
    bool were_off = machine->interrupts_off;

    machine->interrupts_off = true;
    return were_off;
}

static void interrupts_restore(void *context, uintptr_t state)
{
    ((struct world *)context)->machine.interrupts_off = state;
}

/* ---- Processor and memory ---- */

static struct touch touch_of(enum kdio_access what, uint64_t at, uint64_t value)
{
    bool msr = what >= KDIO_ACCESS_RDMSR;

    return (struct touch){
        .kind = msr ? TOUCH_MSR : TOUCH_MEMORY, .at = at, .width = msr ? 0 : 1u << (what & 3), .value = value,
        .write = msr ? what == KDIO_ACCESS_WRMSR : what >= KDIO_ACCESS_STORE,
    };
}

static bool access_space(void *context, enum kdio_access what, uint64_t at, uint64_t *value,
                         struct kdio_stub_fault *fault)
{
    struct touch touch = touch_of(what, at, *value);
    struct world *world = context;
    uint64_t read;

    if (touch.kind == TOUCH_MSR ? world_has_msr(at) : world_has_memory(at, touch.width, touch.write)) {
        read = operation(world, &touch);
        *value = touch.write ? *value : read;
        return true;
    }
    begin_operation(&world->machine);
    FUZZ_REQUIRE(!touch.write || !world->machine.read_only, "read-only mode holds for every access");
    *fault = (struct kdio_stub_fault){ .vector = touch.kind == TOUCH_MSR ? 13 : 14, .code = touch.write ? 2 : 0 };
    client_faults(world, &touch, fault->vector, fault->code, at);
    return false;
}

static void ask_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t result[4])
{
    world_cpuid(leaf, subleaf, result);
    (void)operation(context, &(struct touch){ .kind = TOUCH_CPUID, .at = (uint64_t)leaf << 32 | subleaf });
}

static void read_registers(void *context, uint64_t values[KDIO_REGISTERS])
{
    struct world *world = context;

    for (unsigned i = 0; i < KDIO_REGISTERS; i++)
        values[i] = world_register(i, world->machine.levels_5);
    (void)operation(world, &(struct touch){ .kind = TOUCH_REGISTERS });
}

static void *map(void *context, uint64_t physical, uint64_t *size)
{
    const struct touch touch = { .kind = TOUCH_MAP, .at = PHYSICAL_AT(physical) };
    uint64_t at = world_map(physical, size);

    client_maps(context, physical);
    if (!at)
        client_faults(context, &touch, 0, 0, physical);
    return (void *)(uintptr_t)at;
}

/* ---- The kernel's lock ---- */

static bool pair_trylock(void *context)
{
    struct machine *machine = &((struct world *)context)->machine;

    FUZZ_REQUIRE(!machine->stub_holds_pair, "the pair lock is taken once");
    machine->stub_holds_pair = !machine->kernel_holds_pair;
    return machine->stub_holds_pair;
}

static void pair_unlock(void *context)
{
    struct machine *machine = &((struct world *)context)->machine;

    FUZZ_REQUIRE(machine->stub_holds_pair, "only a lock that is held is given back");
    machine->stub_holds_pair = false;
}

/* ---- Life and calls ---- */

static struct kdio_stub_config make_config(struct world *world, const struct kdio_machine *table, uint8_t options)
{
    static const struct kdio_port_range deny[] = { { WORLD_DENIED_PORT, WORLD_DENIED_PORT } };
    static const struct kdio_ecam ecam[] = { { WORLD_ECAM, 0, WORLD_ECAM_BUS, WORLD_ECAM_BUS } };

    return (struct kdio_stub_config){
        .size = sizeof(struct kdio_stub_config), .machine = table, .context = world,
        .uart = { .base = WORLD_UART_BASE, .stride = 1, .irq = (options & OPTION_IRQ) != 0,
                  .baud = options & OPTION_IRQ ? WORLD_BAUD : 0 },
        .deny = deny, .deny_count = FUZZ_COUNT(deny), .deny_safe = world->machine.safe,
        .cmos_index = world->machine.cmos_given ? &world->machine.cmos : NULL,
        .faults = world->machine.spaces, .map = map, .ecam = ecam, .ecam_count = FUZZ_COUNT(ecam),
        .defer = world->machine.defer, .read_only = world->machine.read_only,
        .pair_trylock = pair_trylock, .pair_unlock = pair_unlock,
        .text = options & OPTION_NO_TEXT ? NULL : take_text,
    };
}

void machine_start(struct world *world, uint8_t options)
{
    const struct kdio_machine table = {
        .context = world, .port_in = port_in, .port_out = port_out, .time_us = time_us, .stamp = stamp,
        .entropy = entropy,
        .interrupts_off = interrupts_off, .interrupts_restore = interrupts_restore,
        .access = access_space, .cpuid = ask_cpuid, .registers = read_registers,
    };
    struct machine *machine = &world->machine;
    struct kdio_stub_config config;
    size_t size = options & OPTION_LARGE ? KDIO_STUB_MEMORY : KDIO_STUB_MEMORY_MIN;

    *machine = (struct machine){
        .defer = (options & OPTION_DEFER) != 0, .read_only = (options & OPTION_READ_ONLY) != 0,
        .safe = (options & OPTION_SAFE) != 0, .spaces = (options & OPTION_SPACES) != 0,
        .cmos_given = (options & OPTION_SPACES) != 0, .cmos = options & OPTION_DEFER ? 0x8f : 0x0f,
        .levels_5 = (options & OPTION_LARGE) != 0, .access_us = options & OPTION_TIME ? 1 : 0, .lcr = 3,
    };
    machine->calls[machine->depth++] = (struct call){ .entry = ENTRY_RESUME };
    config = make_config(world, &table, options);
    FUZZ_REQUIRE(kdio_stub_init(machine->memory, size, &config, &machine->stub) == KDIO_STUB_OK, "the stub starts");
    machine->depth--;
}

static unsigned console(struct world *world, const uint8_t *text, size_t size)
{
    struct client *client = &world->client;
    size_t at = client->text_sent_size;
    size_t taken;

    /* Its place is that of the call: what preempts it comes after it. */
    for (size_t i = 0; i < size; i++)
        client->text_sent[client->text_sent_size++] = text[i] == 0 || text[i] == KDIO_FRAME_MARK ? '?' : text[i];
    taken = kdio_stub_console(world->machine.stub, (const char *)text, size);
    FUZZ_REQUIRE(taken == size || taken == 0, "console text is taken whole or not at all");
    if (taken != size) {
        memmove(client->text_sent + at, client->text_sent + at + size, client->text_sent_size - at - size);
        client->text_sent_size -= size;
        client->text_dropped += size;
    }
    return 0;
}

static unsigned enter(struct world *world, enum entry entry, const uint8_t *text, size_t size)
{
    struct machine *machine = &world->machine;

    switch (entry) {
    case ENTRY_POLL:
        return kdio_stub_poll(machine->stub);
    case ENTRY_HANDLE:
        return kdio_stub_handle(machine->stub);
    case ENTRY_CONSOLE:
        return size + world->client.text_sent_size <= CLIENT_TEXT_MAX ? console(world, text, size) : 0;
    case ENTRY_SUSPEND:
        machine->suspended = kdio_stub_suspend(machine->stub) || machine->suspended;
        return 0;
    default:
        if (machine->suspended)
            kdio_stub_resume(machine->stub);
        machine->suspended = false;
        return 0;
    }
}

/* How many accesses the bound grows by: emptying the UART between operations that do not show. */
static unsigned hidden_drains(bool executes)
{
    return executes ? PROGRAM_OPERATIONS_MAX * DRAIN_ACCESSES : 0;
}

/* A plain program gives way inside what takes long, an atomic one is bounded; what preempts has time of its own. */
static void check_call_time(const struct machine *machine, const struct call *call)
{
    FUZZ_REQUIRE(call->preempted || machine->now_us - call->from_us <= CALL_US_MAX, "no call takes long");
}

unsigned machine_call(struct world *world, enum entry entry, const uint8_t *text, size_t size)
{
    struct machine *machine = &world->machine;
    uint32_t requests = machine->stub->link.stats.requests;
    bool running = machine->stub->running;
    uint64_t alive_us = machine->stub->attention.alive_us;
    uint32_t ops = world->client.run_ops;
    struct call *call = &machine->calls[machine->depth++];
    unsigned result;

    *call = (struct call){ .entry = entry, .from_us = machine->now_us };
    result = enter(world, entry, text, size);
    if (machine->stub->attention.alive_us != alive_us)
        client_alive(world, ops < world->client.run_ops ? ops : world->client.run_ops);
    running |= machine->stub->running || machine->stub->link.stats.requests != requests;
    FUZZ_REQUIRE(call->accesses <= KDIO_STUB_ACCESSES_MAX + hidden_drains(running),
                 "a call keeps within its bound of UART accesses");
    check_call_time(machine, call);
    machine->depth--;
    FUZZ_REQUIRE(machine->depth || !machine->interrupts_off, "interrupts are as they were");
    FUZZ_REQUIRE(machine->depth || !machine->stub_holds_pair, "the pair lock is given back");
    return result;
}

void machine_send(struct world *world, const uint8_t *bytes, size_t size)
{
    struct machine *machine = &world->machine;

    memmove(machine->rx, machine->rx + machine->rx_at, machine->rx_size - machine->rx_at);
    machine->rx_size -= machine->rx_at;
    machine->rx_at = 0;
    for (size_t i = 0; i < size && machine->rx_size < MACHINE_RX_MAX; i++)
        machine->rx[machine->rx_size++] = bytes[i];
}

void machine_settle(struct world *world)
{
    unsigned calls = 0;

    while (machine_call(world, ENTRY_POLL, NULL, 0) || world->machine.rx_at != world->machine.rx_size) {
        if (world->machine.stub->running && world->machine.rx_at == world->machine.rx_size)
            world->machine.now_us += SETTLE_US;
        if (calls % PATIENCE_CALLS == PATIENCE_CALLS - 1)
            world->machine.stub->run.cancelled = true;
        FUZZ_REQUIRE(++calls < SETTLE_CALLS, "the stub comes to rest when nothing comes");
    }
}
