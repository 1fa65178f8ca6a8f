/* SPDX-License-Identifier: MIT */
/*
 * poke.c: a client of kdio.h that does what it is told on standard input, one command a line, for the system tests.
 *
 * Usage: poke [--wait MS] [--dead MS] TARGET
 * The target is opened first. Then, numbers in C's notation:
 *     out PORT WIDTH VALUE | in PORT WIDTH     one operation; between begin and end, one of the program
 *     begin ... end plain|atomic               a program
 *     rdmsr MSR | wrmsr MSR VALUE
 *     read SPACE ADDRESS UNIT SIZE | write SPACE ADDRESS UNIT HEX      SPACE v or p; UNIT 0: as memory moves best
 *     type TEXT                                types the text and a line end into the kernel
 *     service MS | resolve | info | stats | link
 *     forget-uart                              from here on this host does not know which ports the link uses
 * Each line of output is a JSON object: the reply to the opening, the reply to each command (to `end` for a program,
 * none to the lines of it), and {"console": TEXT} whenever the kernel says something. A reply has "status"; a failure
 * also what kdio_target_error tells.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "host/lib/target.h"

#define LINE_SIZE 1024u
#define BYTES_MAX 8192u

struct poke {
    struct kdio_target *target;
    struct kdio_program *program; /* Being written, or NULL. */
};

static void print(cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);

    if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
        exit(EXIT_FAILURE);
    cJSON_free(text);
    cJSON_Delete(object);
}

/* Each byte becomes the character of its number, so that JSON can hold any. */
static void take_console(void *context, const char *text, size_t size)
{
    cJSON *object = cJSON_CreateObject();
    char *wide = malloc(2 * size + 1), *at = wide;

    (void)context;
    if (!wide)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte >= 0x80)
            *at++ = (char)(0xc0 | byte >> 6);
        *at++ = byte >= 0x80 ? (char)(0x80 | (byte & 0x3f)) : (char)byte;
    }
    *at = '\0';
    cJSON_AddStringToObject(object, "console", wide);
    free(wide);
    print(object);
}

static void add_number(cJSON *object, const char *name, double value)
{
    cJSON_AddNumberToObject(object, name, value);
}

static void add_error(cJSON *object, const struct kdio_error *error)
{
    static const char *const outcomes[] = { "done", "not done", "unknown" };

    cJSON_AddStringToObject(object, "outcome", outcomes[error->outcome]);
    add_number(object, "class", error->error_class);
    add_number(object, "index", error->index);
    add_number(object, "done", error->done_count);
    cJSON_AddStringToObject(object, "text", error->text);
}

static cJSON *reply_to(struct poke *poke, enum kdio_status status)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "status", kdio_status_name(status));
    if (status != KDIO_DONE && poke->target)
        add_error(object, kdio_target_error(poke->target));
    return object;
}

static void answer(struct poke *poke, enum kdio_status status)
{
    print(reply_to(poke, status));
}

static uint64_t number(char **rest)
{
    return strtoull(*rest, rest, 0);
}

static void run_out(struct poke *poke, char *rest)
{
    uint64_t port = number(&rest), width = number(&rest), value = number(&rest);

    if (!poke->program) {
        answer(poke, kdio_out(poke->target, port, (unsigned)width, value));
        return;
    }
    if (kdio_program_out(poke->program, port, (unsigned)width, value) != KDIO_DONE)
        exit(EXIT_FAILURE);
}

static void run_in(struct poke *poke, char *rest)
{
    uint64_t port = number(&rest), width = number(&rest);
    uint32_t value = 0;
    cJSON *reply;

    if (poke->program) {
        if (kdio_program_in(poke->program, port, (unsigned)width) != KDIO_DONE)
            exit(EXIT_FAILURE);
        return;
    }
    reply = reply_to(poke, kdio_in(poke->target, port, (unsigned)width, &value));
    add_number(reply, "value", value);
    print(reply);
}

/* ---- Processor and memory ---- */

/* As text: JSON's numbers do not hold 64 bits. */
static void add_hex(cJSON *object, const char *name, uint64_t value)
{
    char text[20];

    snprintf(text, sizeof text, "%" PRIx64, value);
    cJSON_AddStringToObject(object, name, text);
}

static void print_access(struct poke *poke, cJSON *reply, enum kdio_status status)
{
    const struct kdio_error *error = kdio_target_error(poke->target);

    if (status != KDIO_DONE) {
        add_number(reply, "vector", error->vector);
        add_number(reply, "code", error->code);
        add_hex(reply, "address", error->address);
    }
    print(reply);
}

static void run_rdmsr(struct poke *poke, char *rest)
{
    uint64_t value = 0;
    enum kdio_status status = kdio_rdmsr(poke->target, (uint32_t)number(&rest), &value);
    cJSON *reply = reply_to(poke, status);

    add_hex(reply, "value", value);
    print_access(poke, reply, status);
}

static void run_wrmsr(struct poke *poke, char *rest)
{
    uint32_t msr = (uint32_t)number(&rest);
    enum kdio_status status = kdio_wrmsr(poke->target, msr, number(&rest));

    print_access(poke, reply_to(poke, status), status);
}

static enum kdio_space space(char **rest)
{
    char letter = *(*rest)++;

    return letter == 'p' ? KDIO_SPACE_PHYSICAL : KDIO_SPACE_VIRTUAL;
}

static void run_read(struct poke *poke, char *rest)
{
    static uint8_t bytes[BYTES_MAX];
    static char hex[2 * BYTES_MAX + 1];
    enum kdio_space where = space(&rest);
    uint64_t address = number(&rest), unit = number(&rest), size = number(&rest);
    size_t done = 0;
    enum kdio_status status;
    cJSON *reply;

    status = kdio_read(poke->target, where, address, (unsigned)unit, bytes, size < BYTES_MAX ? size : BYTES_MAX, &done);
    for (size_t i = 0; i < done; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    hex[2 * done] = '\0';
    reply = reply_to(poke, status);
    cJSON_AddStringToObject(reply, "bytes", hex);
    print_access(poke, reply, status);
}

static void run_write(struct poke *poke, char *rest)
{
    uint8_t bytes[LINE_SIZE];
    enum kdio_space where = space(&rest);
    uint64_t address = number(&rest), unit = number(&rest);
    size_t size = 0, done = 0;
    enum kdio_status status;
    cJSON *reply;

    for (rest += strspn(rest, " "); sscanf(rest, "%2hhx", &bytes[size]) == 1; rest += 2)
        size++;
    status = kdio_write(poke->target, where, address, (unsigned)unit, bytes, size, &done);
    reply = reply_to(poke, status);
    add_number(reply, "written", (double)done);
    print_access(poke, reply, status);
}

/* ---- Programs ---- */

static void run_begin(struct poke *poke, char *rest)
{
    (void)rest;
    poke->program = kdio_program_new();
    if (!poke->program)
        exit(EXIT_FAILURE);
}

static void run_end(struct poke *poke, char *rest)
{
    bool atomic = strcmp(rest, "atomic") == 0;
    cJSON *reply = reply_to(poke, kdio_target_run(poke->target, poke->program, atomic));
    cJSON *values = cJSON_AddArrayToObject(reply, "values");
    size_t done = kdio_program_done_count(poke->program);

    for (size_t i = 0; i < done; i++)
        cJSON_AddItemToArray(values, cJSON_CreateNumber(kdio_program_value(poke->program, i)));
    print(reply);
    kdio_program_free(poke->program);
    poke->program = NULL;
}

static void run_type(struct poke *poke, char *rest)
{
    size_t size = strlen(rest);

    rest[size] = '\n'; /* In the place of the terminator, which nobody needs any more. */
    answer(poke, kdio_type(poke->target, rest, size + 1));
}

static void run_service(struct poke *poke, char *rest)
{
    answer(poke, kdio_target_service(poke->target, (uint32_t)number(&rest)));
}

static void run_resolve(struct poke *poke, char *rest)
{
    uint32_t done = 0;
    cJSON *reply = reply_to(poke, kdio_target_resolve(poke->target, &done));

    (void)rest;
    add_number(reply, "done_count", done);
    print(reply);
}

static void run_info(struct poke *poke, char *rest)
{
    const struct kdio_info *info = kdio_target_info(poke->target);
    cJSON *reply = reply_to(poke, KDIO_DONE);

    (void)rest;
    add_number(reply, "boot_id", info->boot_id);
    add_number(reply, "session_id", info->session_id);
    add_number(reply, "program_max", info->program_max);
    add_number(reply, "burst", info->burst);
    add_number(reply, "capabilities", info->capabilities);
    add_number(reply, "link_port", info->link_port);
    add_number(reply, "link_ports", info->link_ports);
    add_number(reply, "previous_session", info->previous_session);
    add_number(reply, "previous_operations", info->previous_operations);
    print(reply);
}

static void run_stats(struct poke *poke, char *rest)
{
    struct kdio_stub_stats stats = { 0 };
    cJSON *reply = reply_to(poke, kdio_target_stub_stats(poke->target, &stats));

    (void)rest;
    add_number(reply, "console_lost", stats.console_lost);
    add_number(reply, "overruns", stats.overruns);
    add_number(reply, "operations", stats.operations);
    add_number(reply, "interrupts", stats.interrupts);
    add_number(reply, "uart_base", stats.uart_base);
    add_number(reply, "bad_frames", stats.bad_frames);
    add_number(reply, "repeated", stats.repeated);
    print(reply);
}

static void run_link(struct poke *poke, char *rest)
{
    struct kdio_link_stats stats;
    cJSON *reply = reply_to(poke, KDIO_DONE);

    (void)rest;
    kdio_target_link_stats(poke->target, &stats);
    add_number(reply, "retransmitted", (double)stats.retransmitted);
    add_number(reply, "bad_frames", (double)stats.bad_frames);
    add_number(reply, "console_bytes", (double)stats.console_bytes);
    add_number(reply, "sessions", (double)stats.sessions);
    add_number(reply, "tx_bytes", (double)stats.tx_bytes);
    add_number(reply, "rx_bytes", (double)stats.rx_bytes);
    print(reply);
}

/* What is left is the stub's own check. */
static void run_forget_uart(struct poke *poke, char *rest)
{
    (void)rest;
    poke->target->info.link_ports = 0;
    answer(poke, KDIO_DONE);
}

static const struct {
    const char *name;
    void (*run)(struct poke *poke, char *rest);
} commands[] = {
    { "out", run_out },   { "in", run_in },       { "begin", run_begin },       { "end", run_end },
    { "type", run_type }, { "stats", run_stats }, { "service", run_service },   { "resolve", run_resolve },
    { "info", run_info }, { "link", run_link },   { "forget-uart", run_forget_uart },
    { "read", run_read }, { "write", run_write }, { "rdmsr", run_rdmsr },       { "wrmsr", run_wrmsr },
};

static void obey(struct poke *poke, char *line)
{
    size_t length = strcspn(line, " ");
    char *rest = line + length + (line[length] == ' ');

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strlen(commands[i].name) == length && memcmp(commands[i].name, line, length) == 0) {
            commands[i].run(poke, rest);
            return;
        }
    }
    fprintf(stderr, "poke: unknown command '%s'\n", line);
    exit(EXIT_FAILURE);
}

static const char *parse_options(struct kdio_options *options, int argc, char **argv)
{
    int i = 1;

    for (; i + 2 < argc; i += 2) {
        uint32_t ms = (uint32_t)strtoul(argv[i + 1], NULL, 0);

        if (strcmp(argv[i], "--wait") == 0)
            options->wait_ms = ms;
        else if (strcmp(argv[i], "--dead") == 0)
            options->dead_ms = ms;
        else
            break;
    }
    return i + 1 == argc ? argv[i] : NULL;
}

int main(int argc, char **argv)
{
    struct kdio_options options = { .size = sizeof options, .console = take_console };
    const char *where = parse_options(&options, argc, argv);
    struct poke poke = { NULL, NULL };
    static char line[LINE_SIZE];

    if (!where) {
        fprintf(stderr, "usage: poke [--wait MS] [--dead MS] TARGET\n");
        return 2;
    }
    answer(&poke, kdio_target_open(&poke.target, where, &options));
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(&poke, line);
    }
    kdio_target_close(poke.target);
    return 0;
}
