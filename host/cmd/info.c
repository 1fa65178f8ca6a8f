/* SPDX-License-Identifier: MIT */
/* info.c: implements info.h: one table of the numbers to show, for the text and for JSON. */
#include "host/cmd/info.h"

#include <inttypes.h>

#include "host/cmd/run_control.h"
#include "host/cmd/session.h"

enum section { SECTION_STUB, SECTION_COUNTERS, SECTION_LINK, SECTION_COUNT };

static const struct {
    const char *json;
    const char *title;
} sections[SECTION_COUNT] = {
    [SECTION_STUB] = { "stub", "stub" },
    [SECTION_COUNTERS] = { "counters", "counters of the stub" },
    [SECTION_LINK] = { "link", "link, this session" },
};

/* Everything there is to show. */
struct facts {
    struct kdio_stop stop;
    bool stub_faulted; /* Nobody knows what the kernel does. */
    struct kdio_info info;
    struct kdio_stub_stats stub;
    struct kdio_link_stats link;
};

struct fact {
    enum section section;
    const char *json;
    const char *label; /* NULL when the text shows it elsewhere. */
    const char *unit;
    size_t offset; /* In struct facts. */
    size_t size;   /* 4 or 8 bytes. */
    uint8_t hex; /* Digits at least; 0 for decimal. */
    const char *none; /* What to show for 0; NULL for 0 itself. */
};

#define FACT_OR(section, member, label, unit, hex, none) \
    { section, #member, label, unit, offsetof(struct facts, PART_##section.member), \
      sizeof(((struct facts *)0)->PART_##section.member), hex, none }
#define FACT(section, member, label, unit, hex) FACT_OR(section, member, label, unit, hex, NULL)
/* In JSON only: the text shows it together with others. */
#define FACT_UNSHOWN(section, member) FACT(section, member, NULL, "", 0)
#define PART_SECTION_STUB     info
#define PART_SECTION_COUNTERS stub
#define PART_SECTION_LINK     link

static const struct fact facts_shown[] = {
    FACT(SECTION_STUB, protocol_version, "protocol version", "", 0),
    FACT(SECTION_STUB, boot_id, "boot", "", 8),
    FACT(SECTION_STUB, session_id, "session", "", 8),
    FACT_OR(SECTION_STUB, previous_session, "previous session", "", 8, "none"),
    FACT(SECTION_STUB, previous_requests, "requests in the previous session", "", 0),
    FACT(SECTION_STUB, previous_operations, "operations in the previous session", "", 0),
    FACT(SECTION_STUB, frame_max, "largest frame", "bytes", 0),
    FACT(SECTION_STUB, request_window, "request window", "bytes", 0),
    FACT(SECTION_STUB, reply_window, "reply window", "bytes", 0),
    FACT(SECTION_STUB, frame_window, "frames under way", "", 0),
    FACT(SECTION_STUB, program_max, "largest program", "operations", 0),
    FACT_OR(SECTION_STUB, burst, "burst limit", "bytes", false, "none"),
    FACT(SECTION_STUB, link_port, "link's ports from", "", 1),
    FACT(SECTION_STUB, link_ports, "number of them", "", 0),
    FACT(SECTION_STUB, capabilities, "capabilities", "", 1),
    FACT(SECTION_COUNTERS, uart_base, "UART at", "", 1),
    FACT(SECTION_COUNTERS, uptime_ms, "running for", "ms", 0),
    FACT(SECTION_COUNTERS, frames, "good frames", "", 0),
    FACT(SECTION_COUNTERS, bad_frames, "bad frames", "", 0),
    FACT(SECTION_COUNTERS, repeated, "replies repeated", "", 0),
    FACT(SECTION_COUNTERS, overruns, "receive overruns", "", 0),
    FACT(SECTION_COUNTERS, console_lost, "console text lost", "bytes", 0),
    FACT(SECTION_COUNTERS, requests, "requests", "", 0),
    FACT(SECTION_COUNTERS, operations, "operations", "", 0),
    FACT(SECTION_COUNTERS, atomic_us_max, "interrupts off", "us at most", 0),
    FACT(SECTION_COUNTERS, interrupts, "UART interrupts", "", 0),
    FACT(SECTION_LINK, tx_bytes, "sent", "bytes", 0),
    FACT(SECTION_LINK, rx_bytes, "received", "bytes", 0),
    FACT(SECTION_LINK, tx_frames, "frames sent", "", 0),
    FACT(SECTION_LINK, rx_frames, "frames received", "", 0),
    FACT(SECTION_LINK, retransmitted, "sent again", "", 0),
    FACT(SECTION_LINK, bad_frames, "bad frames", "", 0),
    FACT(SECTION_LINK, console_bytes, "console text", "bytes", 0),
    FACT(SECTION_LINK, requests, "requests", "", 0),
    FACT(SECTION_LINK, operations, "operations", "", 0),
    FACT(SECTION_LINK, sessions, "sessions", "", 0),
    FACT_UNSHOWN(SECTION_LINK, rtt_us_min),
    FACT_UNSHOWN(SECTION_LINK, rtt_us_mean),
    FACT_UNSHOWN(SECTION_LINK, rtt_us_max),
};

#define FACT_COUNT (sizeof(facts_shown) / sizeof(facts_shown[0]))

static const struct {
    uint32_t bit;
    const char *json;
    const char *text;
} capabilities[] = {
    { KDIO_CAP_PORT, "port", "ports" },
    { KDIO_CAP_PROGRAM, "program", "programs: rmw, poll, check, delay, index/data pairs, strings, rdtsc" },
    { KDIO_CAP_PROCESSOR, "processor", "processor: MSRs, CPUID, registers" },
    { KDIO_CAP_VIRTUAL, "virtual", "memory by virtual address" },
    { KDIO_CAP_PHYSICAL, "physical", "memory by physical address, and translation" },
    { KDIO_CAP_PCI, "pci", "PCI configuration" },
    { KDIO_CAP_TEXT, "text", "text to the kernel" },
    { KDIO_CAP_RUN, "run", "run control: stops, registers, breakpoints" },
    { KDIO_CAP_BAUD, "baud", "changes of the baud rate" },
    { KDIO_CAP_POLLED, "polled", "polled: no interrupt of the UART reaches the stub" },
    { KDIO_CAP_READ_ONLY, "read-only", "read-only" },
};

#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

static uint64_t fact_value(const struct facts *facts, const struct fact *fact)
{
    const char *place = (const char *)facts + fact->offset;

    return fact->size == sizeof(uint64_t) ? *(const uint64_t *)(const void *)place
                                          : *(const uint32_t *)(const void *)place;
}

static void print_fact(const struct fact *fact, uint64_t value, struct output *output)
{
    if (value == 0 && fact->none != NULL)
        output_text(output, "  %-18s %s\n", fact->label, fact->none);
    else
        output_text(output, fact->hex ? "  %-18s %0*" PRIx64 "%s%s\n" : "  %-18s %0*" PRIu64 "%s%s\n", fact->label,
                    fact->hex, value, *fact->unit ? " " : "", fact->unit);
}

static void print_facts(const struct facts *facts, enum section section, struct output *output)
{
    output_text(output, "%s\n", sections[section].title);
    for (const struct fact *fact = facts_shown; fact < facts_shown + FACT_COUNT; fact++) {
        if (fact->section == section && fact->label != NULL)
            print_fact(fact, fact_value(facts, fact), output);
    }
}

static void print_round_trip(const struct kdio_link_stats *link, struct output *output)
{
    output_text(output, "  %-18s %" PRIu32 "/%" PRIu32 "/%" PRIu32 " us, least/mean/most\n", "round trip",
                link->rtt_us_min, link->rtt_us_mean, link->rtt_us_max);
}

static void print_capabilities(uint32_t present, struct output *output)
{
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if ((present & capabilities[i].bit) != 0)
            output_text(output, "  %-18s %s\n", "", capabilities[i].text);
    }
}

/* A kernel that stands looks healthy from everywhere else: the stub serves as ever. */
static void print_kernel(const struct facts *facts, struct output *output)
{
    char text[RUN_CONTROL_TEXT_SIZE];

    if ((facts->info.capabilities & KDIO_CAP_RUN) == 0)
        return;
    if (facts->stub_faulted) {
        output_text(output, "  %-18s unknown: %s\n", "kernel", kdio_status_text(KDIO_STUB_FAULT));
        return;
    }
    run_control_text(&facts->stop, text);
    output_text(output, "  %-18s %s%s\n", "kernel", text,
                facts->stop.reason != KDIO_STOP_NONE ? " (stopped; `g` lets it run)" : "");
}

static void print_text(const struct facts *facts, struct output *output)
{
    output_text(output, "%s\n", kdio_version());
    print_facts(facts, SECTION_STUB, output);
    print_capabilities(facts->info.capabilities, output);
    print_kernel(facts, output);
    print_facts(facts, SECTION_COUNTERS, output);
    print_facts(facts, SECTION_LINK, output);
    print_round_trip(&facts->link, output);
}

static cJSON *capability_array(uint32_t present)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if ((present & capabilities[i].bit) != 0)
            (void)cJSON_AddItemToArray(array, cJSON_CreateString(capabilities[i].json));
    }
    return array;
}

static cJSON *section_object(const struct facts *facts, enum section section)
{
    cJSON *object = cJSON_CreateObject();

    for (const struct fact *fact = facts_shown; fact < facts_shown + FACT_COUNT; fact++) {
        if (fact->section == section)
            output_number(object, fact->json, (double)fact_value(facts, fact));
    }
    return object;
}

static void print_json(const struct facts *facts, const struct statement *statement, struct output *output)
{
    cJSON *object = output_object(output, statement);
    cJSON *stub = section_object(facts, SECTION_STUB);

    output_string(object, "version", kdio_version());
    if ((facts->info.capabilities & KDIO_CAP_RUN) != 0)
        output_string(stub, "kernel", facts->stub_faulted ? "unknown" : run_control_reason(&facts->stop));
    (void)cJSON_ReplaceItemInObject(stub, "capabilities", capability_array(facts->info.capabilities));
    (void)cJSON_AddItemToObject(object, sections[SECTION_STUB].json, stub);
    for (enum section section = SECTION_COUNTERS; section < SECTION_COUNT; section++)
        (void)cJSON_AddItemToObject(object, sections[section].json, section_object(facts, section));
    output_print_object(output, object);
}

enum exit_status info_execute(const struct statement *statement, struct session *session)
{
    struct facts facts = { .info = *kdio_target_info(session->target) };
    enum kdio_status status = kdio_target_stub_stats(session->target, &facts.stub);

    if (status == KDIO_DONE && (facts.info.capabilities & KDIO_CAP_RUN) != 0)
        status = kdio_stop_state(session->target, &facts.stop);
    facts.stub_faulted = status == KDIO_STUB_FAULT;
    if (status != KDIO_DONE && !facts.stub_faulted)
        return session_failure(session, status);
    kdio_target_link_stats(session->target, &facts.link);
    if (session->output->json)
        print_json(&facts, statement, session->output);
    else
        print_text(&facts, session->output);
    return EXIT_STATUS_DONE;
}
