/* SPDX-License-Identifier: MIT */
/*
 * pci.c: implements pci.h. Offsets and bits are those of the PCI Local Bus Specification 3.0, chapter 6, and of the
 * PCI-to-PCI Bridge Architecture Specification 1.2, chapter 3. Nothing here writes, but for !ecb to !ecd.
 */
#include "host/cmd/pci.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cmd/hexdump.h"
#include "host/cmd/pci_names.h"
#include "host/cmd/session.h"

#define CONFIGURATION_SIZE 4096u
#define BASIC_SIZE         256u /* What is reached without ECAM. */
#define HEADER_SIZE        64u
#define LISTED_SIZE        16u /* What a list shows of each function. */
#define UNIT               4u
#define BUSES              256u
#define DEVICES            32u
#define FUNCTIONS          8u
#define VENDOR_NONE        0xffffu

enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND_REGISTER = 0x04,
    PCI_STATUS_REGISTER = 0x06,
    PCI_REVISION = 0x08,
    PCI_PROGRAMMING = 0x09,
    PCI_CLASS = 0x0a,
    PCI_HEADER = 0x0e,
    PCI_BAR = 0x10,
    PCI_BUSES = 0x18, /* Of a bridge: primary, secondary and subordinate bus. */
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT = 0x3c,
};

#define HEADER_TYPE         0x7fu
#define HEADER_MULTI        0x80u
#define HEADER_DEVICE       0u
#define HEADER_BRIDGE       1u
#define DEVICE_BARS         6u
#define BRIDGE_BARS         2u
#define BAR_PORTS           0x1u
#define BAR_PORT_FLAGS      0x3u
#define BAR_TYPE            0x6u
#define BAR_WIDE            0x4u
#define BAR_PREFETCH        0x8u
#define BAR_MEMORY_FLAGS    0xfu
#define STATUS_CAPABILITIES 0x10u
#define CAPABILITY_ALIGN    0x3u
#define CAPABILITIES_MAX    48u /* A list that is longer runs in a circle. */

static struct kdio_pci_address address_of(uint64_t number)
{
    return (struct kdio_pci_address){ .segment = (uint16_t)(number >> 16), .bus = (uint8_t)(number >> 8),
                                      .device = (uint8_t)(number >> 3 & (DEVICES - 1)),
                                      .function = (uint8_t)(number & (FUNCTIONS - 1)) };
}

static uint16_t word_at(const uint8_t *bytes, unsigned offset)
{
    return (uint16_t)(bytes[offset] | bytes[offset + 1] << 8);
}

static uint32_t dword_at(const uint8_t *bytes, unsigned offset)
{
    return word_at(bytes, offset) | (uint32_t)word_at(bytes, offset + 2) << 16;
}

/* ---- One register, or some ---- */

static uint64_t read_size(const struct statement *statement)
{
    return statement->operands[2] * statement->command->width;
}

/* The third operand is a count or a value. */
enum kdio_status pci_check(const struct statement *statement, const struct policy *policy, struct kdio_target *target)
{
    unsigned width = statement->command->width;
    uint64_t offset = statement->operands[1];
    uint64_t units = statement->command->changes ? 1 : statement->operands[2];

    (void)policy;
    (void)target;
    if (offset >= CONFIGURATION_SIZE || units > (CONFIGURATION_SIZE - offset) / width)
        return KDIO_BAD_OPERAND;
    return offset % width == 0 ? KDIO_DONE : KDIO_MISALIGNED;
}

enum kdio_status pci_append_read(const struct statement *statement, struct kdio_program *program)
{
    return kdio_program_pci_read(program, address_of(statement->operands[0]), (uint32_t)statement->operands[1],
                                 statement->command->width, (size_t)read_size(statement));
}

enum kdio_status pci_append_write(const struct statement *statement, struct kdio_program *program)
{
    uint8_t bytes[sizeof(uint32_t)];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(statement->operands[2] >> (i * 8));
    return kdio_program_pci_write(program, address_of(statement->operands[0]), (uint32_t)statement->operands[1],
                                  statement->command->width, bytes, statement->command->width);
}

#define PLACE_SIZE 24

/* "00:1f.0", after the segment where that is not 0; as lspci has it. */
static void place_text(uint64_t number, char text[static PLACE_SIZE])
{
    struct kdio_pci_address address = address_of(number);
    int used = address.segment != 0 ? snprintf(text, PLACE_SIZE, "%04x:", address.segment) : 0;

    (void)snprintf(text + used, PLACE_SIZE - (size_t)used, "%02x:%02x.%x", address.bus, address.device,
                   address.function);
}

static void label(uint64_t base, uint64_t offset, char text[static HEXDUMP_LABEL_SIZE])
{
    char place[PLACE_SIZE];

    place_text(base, place);
    (void)snprintf(text, HEXDUMP_LABEL_SIZE, "%s %03" PRIx64 ": ", place, offset);
}

static void add_place(cJSON *object, uint64_t number)
{
    struct kdio_pci_address address = address_of(number);

    output_number(object, "segment", address.segment);
    output_number(object, "bus", address.bus);
    output_number(object, "device", address.device);
    output_number(object, "function", address.function);
}

static cJSON *register_object(const struct statement *statement, const struct output *output)
{
    cJSON *object = output_object(output, statement);

    add_place(object, statement->operands[0]);
    output_wide(object, "offset", statement->operands[1]);
    output_number(object, "width", statement->command->width);
    return object;
}

void pci_print_read(const struct statement *statement, const struct results *results, struct output *output)
{
    struct hexdump hexdump = { .width = statement->command->width, .base = statement->operands[0], .label = label };
    size_t size = 0;
    const uint8_t *bytes = kdio_program_bytes(results->program, results->index, &size);

    if (output->json) {
        cJSON *object = register_object(statement, output);
        output_units(object, "values", bytes, NULL, size, hexdump.width);
        output_print_object(output, object);
    } else {
        hexdump_print(&hexdump, statement->operands[1], bytes, NULL, size, output);
    }
}

void pci_print_write(const struct statement *statement, const struct results *results, struct output *output)
{
    cJSON *object;

    (void)results;
    if (!output->json)
        return;
    object = register_object(statement, output);
    output_wide(object, "value", statement->operands[2]);
    output_print_object(output, object);
}

/* ---- What is there ---- */

/* Looks through buses from the first on, each once. */
struct scan {
    struct session *session;
    struct pci_names *names;
    cJSON *functions; /* With --json. */
    bool wanted[BUSES], seen[BUSES];
    uint32_t read_count; /* Functions asked for in the program. */
    uint32_t read[DEVICES * FUNCTIONS];
};

/* "00:02.0 VGA compatible controller [0300]: Red Hat, Inc. QXL [1b36:0100] (rev 05)"; numbers alone without names. */
static void print_function(const struct scan *scan, uint32_t number, const uint8_t *header)
{
    char place[PLACE_SIZE];
    char class_name[PCI_NAME_SIZE];
    char name[PCI_NAME_SIZE];
    uint16_t vendor = word_at(header, PCI_VENDOR);
    uint16_t device = word_at(header, PCI_DEVICE_ID);

    place_text(number, place);
    pci_names_class(scan->names, word_at(header, PCI_CLASS), class_name);
    pci_names_device(scan->names, vendor, device, name);
    output_text(scan->session->output, "%s %s%s[%04x]: %s%s[%04x:%04x] (rev %02x)\n", place, class_name,
                *class_name ? " " : "", word_at(header, PCI_CLASS), name, *name ? " " : "", vendor, device,
                header[PCI_REVISION]);
}

static void add_name(cJSON *object, const char *member, const char *name)
{
    if (*name != '\0')
        output_string(object, member, name);
}

static void add_identity(const struct scan *scan, cJSON *object, uint32_t number, const uint8_t *header)
{
    char name[PCI_NAME_SIZE];

    add_place(object, number);
    output_number(object, "vendor_id", word_at(header, PCI_VENDOR));
    output_number(object, "device_id", word_at(header, PCI_DEVICE_ID));
    output_number(object, "class", word_at(header, PCI_CLASS));
    output_number(object, "programming_interface", header[PCI_PROGRAMMING]);
    output_number(object, "revision", header[PCI_REVISION]);
    output_number(object, "header_type", header[PCI_HEADER]);
    pci_names_class(scan->names, word_at(header, PCI_CLASS), name);
    add_name(object, "class_name", name);
    pci_names_device(scan->names, word_at(header, PCI_VENDOR), word_at(header, PCI_DEVICE_ID), name);
    add_name(object, "name", name);
}

static void show_function(struct scan *scan, uint32_t number, const uint8_t *header)
{
    if (scan->functions != NULL) {
        cJSON *object = cJSON_CreateObject();
        add_identity(scan, object, number, header);
        (void)cJSON_AddItemToArray(scan->functions, object);
    } else {
        print_function(scan, number, header);
    }
}

static enum kdio_status ask(struct scan *scan, struct kdio_program *program, uint32_t number, size_t size)
{
    scan->read[scan->read_count++] = number;
    return kdio_program_pci_read(program, address_of(number), 0, UNIT, size);
}

static enum kdio_status run(struct scan *scan, struct kdio_program *program)
{
    return session_interrupted(scan->session) ? KDIO_INTERRUPTED
                                              : kdio_target_run(scan->session->target, program, false);
}

static enum kdio_status read_first_functions(struct scan *scan, struct kdio_program *program, unsigned bus)
{
    enum kdio_status status = KDIO_DONE;

    scan->read_count = 0;
    for (uint32_t device = 0; status == KDIO_DONE && device < DEVICES; device++)
        status = ask(scan, program, bus << 8 | device << 3, LISTED_SIZE);
    return status == KDIO_DONE ? run(scan, program) : status;
}

static const uint8_t *header_of(const struct kdio_program *program, uint32_t index)
{
    size_t size = 0;
    const uint8_t *header = kdio_program_bytes(program, index, &size);

    return size >= LISTED_SIZE && word_at(header, PCI_VENDOR) != VENDOR_NONE ? header : NULL;
}

/* Of each device that is there: all functions where there can be several, else its one again, now with the buses of a
 * bridge. */
static enum kdio_status read_all_functions(struct scan *scan, struct kdio_program *first, struct kdio_program *program,
                                           unsigned bus)
{
    enum kdio_status status = KDIO_DONE;

    scan->read_count = 0;
    for (uint32_t device = 0; device < DEVICES; device++) {
        const uint8_t *header = header_of(first, device);
        uint32_t functions = header == NULL ? 0 : (header[PCI_HEADER] & HEADER_MULTI) != 0 ? FUNCTIONS : 1;
        for (uint32_t function = 0; status == KDIO_DONE && function < functions; function++)
            status = ask(scan, program, bus << 8 | device << 3 | function, PCI_BUSES + UNIT);
    }
    return status == KDIO_DONE && scan->read_count > 0 ? run(scan, program) : status;
}

static void show_bus(struct scan *scan, struct kdio_program *program)
{
    for (uint32_t i = 0; i < scan->read_count; i++) {
        const uint8_t *header = header_of(program, i);
        if (header == NULL)
            continue;
        show_function(scan, scan->read[i], header);
        if ((header[PCI_HEADER] & HEADER_TYPE) == HEADER_BRIDGE)
            scan->wanted[header[PCI_BUSES + 1]] = true;
    }
}

static enum kdio_status scan_bus_with(struct scan *scan, unsigned bus, struct kdio_program *first,
                                      struct kdio_program *program)
{
    enum kdio_status status = read_first_functions(scan, first, bus);

    if (status == KDIO_DONE)
        status = read_all_functions(scan, first, program, bus);
    if (status == KDIO_DONE && scan->read_count > 0)
        show_bus(scan, program);
    return status;
}

static enum kdio_status scan_bus(struct scan *scan, unsigned bus)
{
    struct kdio_program *first = kdio_program_new();
    struct kdio_program *program = kdio_program_new();
    enum kdio_status status = KDIO_NO_MEMORY;

    scan->seen[bus] = true;
    if (first != NULL && program != NULL)
        status = scan_bus_with(scan, bus, first, program);
    kdio_program_free(first);
    kdio_program_free(program);
    return status;
}

static unsigned next_bus(const struct scan *scan)
{
    unsigned bus = 0;

    while (bus < BUSES && (!scan->wanted[bus] || scan->seen[bus]))
        bus++;
    return bus;
}

static enum kdio_status scan_buses(struct scan *scan)
{
    enum kdio_status status = KDIO_DONE;

    for (unsigned bus = next_bus(scan); status == KDIO_DONE && bus < BUSES; bus = next_bus(scan))
        status = scan_bus(scan, bus);
    return status;
}

/* Bus 0 and what bridges lead to; with -a every bus, for roots that no bridge leads to. */
static enum exit_status list(struct scan *scan, const struct statement *statement)
{
    struct session *session = scan->session;
    cJSON *object = session->output->json ? output_object(session->output, statement) : NULL;
    enum kdio_status status;

    scan->functions = object != NULL ? cJSON_AddArrayToObject(object, "functions") : NULL;
    scan->wanted[0] = true;
    if (statement->option != 0)
        memset(scan->wanted, 1, sizeof(scan->wanted));
    progress_start_late(&session->progress, "looking at PCI");
    status = scan_buses(scan);
    progress_stop(&session->progress);
    if (object != NULL)
        output_print_object(session->output, object);
    return status == KDIO_DONE ? EXIT_STATUS_DONE : session_failure(session, status);
}

/* ---- One function ---- */

static const struct {
    uint8_t id;
    const char *name;
} capability_names[] = {
    { 0x01, "power management" }, { 0x02, "AGP" },      { 0x03, "vital product data" }, { 0x04, "slot identification" },
    { 0x05, "MSI" },              { 0x07, "PCI-X" },    { 0x08, "HyperTransport" },     { 0x09, "vendor specific" },
    { 0x0a, "debug port" },       { 0x0c, "hot plug" }, { 0x0d, "subsystem" },          { 0x10, "PCI Express" },
    { 0x11, "MSI-X" },            { 0x12, "SATA" },     { 0x13, "advanced features" },
};

static const char *capability_name(uint8_t id)
{
    for (size_t i = 0; i < sizeof(capability_names) / sizeof(capability_names[0]); i++) {
        if (capability_names[i].id == id)
            return capability_names[i].name;
    }
    return "unknown";
}

/* The base address in register `index`, and whether it takes the next register too. */
static bool print_bar(const uint8_t *bytes, unsigned index, bool last, struct output *output)
{
    uint32_t bar = dword_at(bytes, PCI_BAR + index * UNIT);
    bool ports = (bar & BAR_PORTS) != 0;
    bool wide = !ports && !last && (bar & BAR_TYPE) == BAR_WIDE;
    uint64_t high = wide ? dword_at(bytes, PCI_BAR + (index + 1) * UNIT) : 0;
    uint64_t base = high << 32 | (bar & ~(ports ? BAR_PORT_FLAGS : BAR_MEMORY_FLAGS));

    if (bar != 0 || high != 0)
        output_text(output, "  bar %u         %08" PRIx32 " %s at %" PRIx64 "%s%s\n", index, bar,
                    ports ? "ports" : "memory", base, wide ? ", 64 bits" : "",
                    !ports && (bar & BAR_PREFETCH) != 0 ? ", prefetchable" : "");
    return wide;
}

static void print_bars(const uint8_t *bytes, unsigned count, struct output *output)
{
    for (unsigned i = 0; i < count; i++)
        i += print_bar(bytes, i, i + 1 == count, output);
}

static void print_kind(const uint8_t *bytes, struct output *output)
{
    switch (bytes[PCI_HEADER] & HEADER_TYPE) {
    case HEADER_DEVICE:
        print_bars(bytes, DEVICE_BARS, output);
        output_text(output, "  subsystem     %04x:%04x\n", word_at(bytes, PCI_SUBSYSTEM_VENDOR),
                    word_at(bytes, PCI_SUBSYSTEM_VENDOR + 2));
        break;
    case HEADER_BRIDGE:
        print_bars(bytes, BRIDGE_BARS, output);
        output_text(output, "  buses         primary %02x, secondary %02x, subordinate %02x\n", bytes[PCI_BUSES],
                    bytes[PCI_BUSES + 1], bytes[PCI_BUSES + 2]);
        break;
    default:
        break;
    }
}

/* The first one after 0; 0 after the last. */
static uint8_t next_capability(const uint8_t *bytes, uint8_t at)
{
    bool listed = (word_at(bytes, PCI_STATUS_REGISTER) & STATUS_CAPABILITIES) != 0;
    uint8_t next = at != 0 ? bytes[at + 1] : listed ? bytes[PCI_CAPABILITIES] : 0;

    return (uint8_t)(next & ~CAPABILITY_ALIGN);
}

static void print_capabilities(const uint8_t *bytes, struct output *output)
{
    uint8_t at = next_capability(bytes, 0);

    for (unsigned i = 0; at >= HEADER_SIZE && i < CAPABILITIES_MAX; i++, at = next_capability(bytes, at))
        output_text(output, "  capability    %02x %s, at %02x\n", bytes[at], capability_name(bytes[at]), at);
}

static void print_detail(const struct scan *scan, uint32_t number, const uint8_t *bytes)
{
    struct output *output = scan->session->output;
    struct hexdump hexdump = { .width = 1, .base = number, .label = label };

    print_function(scan, number, bytes);
    output_text(output, "  command       %04x\n  status        %04x\n  header        %02x\n",
                word_at(bytes, PCI_COMMAND_REGISTER), word_at(bytes, PCI_STATUS_REGISTER), bytes[PCI_HEADER]);
    print_kind(bytes, output);
    output_text(output, "  interrupt     line %02x, pin %02x\n", bytes[PCI_INTERRUPT], bytes[PCI_INTERRUPT + 1]);
    print_capabilities(bytes, output);
    hexdump_print(&hexdump, 0, bytes, NULL, BASIC_SIZE, output);
}

static void add_capabilities(cJSON *object, const uint8_t *bytes)
{
    cJSON *array = cJSON_AddArrayToObject(object, "capabilities");
    uint8_t at = next_capability(bytes, 0);

    for (unsigned i = 0; at >= HEADER_SIZE && i < CAPABILITIES_MAX; i++, at = next_capability(bytes, at)) {
        cJSON *item = cJSON_CreateObject();
        output_number(item, "id", bytes[at]);
        output_number(item, "offset", at);
        (void)cJSON_AddItemToArray(array, item);
    }
}

static void print_detail_object(const struct scan *scan, const struct statement *statement, uint32_t number,
                                const uint8_t *bytes)
{
    struct output *output = scan->session->output;
    cJSON *object = output_object(output, statement);

    add_identity(scan, object, number, bytes);
    output_number(object, "command_register", word_at(bytes, PCI_COMMAND_REGISTER));
    output_number(object, "status_register", word_at(bytes, PCI_STATUS_REGISTER));
    add_capabilities(object, bytes);
    output_units(object, "configuration", bytes, NULL, BASIC_SIZE, 1);
    output_print_object(output, object);
}

static enum exit_status show_one(struct scan *scan, const struct statement *statement)
{
    struct session *session = scan->session;
    uint32_t number = (uint32_t)statement->operands[0];
    uint8_t bytes[BASIC_SIZE];
    size_t done = 0;
    enum kdio_status status = kdio_pci_read(session->target, address_of(number), 0, UNIT, bytes, sizeof(bytes), &done);

    if (status != KDIO_DONE)
        return session_failure(session, status);
    if (word_at(bytes, PCI_VENDOR) == VENDOR_NONE) {
        (void)failure_refused(session->failure, "!pci: there is no such function");
        session->failure->outcome = KDIO_OUTCOME_DONE;
        return session->failure->exit;
    }
    if (session->output->json)
        print_detail_object(scan, statement, number, bytes);
    else
        print_detail(scan, number, bytes);
    return EXIT_STATUS_DONE;
}

enum exit_status pci_execute(const struct statement *statement, struct session *session)
{
    struct scan scan = { .session = session, .names = pci_names_open() };
    enum exit_status result = statement->operand_count > 0 ? show_one(&scan, statement) : list(&scan, statement);

    pci_names_close(scan.names);
    return result;
}
