/* SPDX-License-Identifier: MIT */
/* policy.c: implements policy.h. An access is refused when any of its bytes is on a list. */
#include "host/cmd/policy.h"

#include <string.h>

#include "host/cmd/number.h"

#define PORT_LAST 0xffffu

/* Ports that reset or power off a PC: reset control, system control A, APM control. */
static const struct kdio_port_span safe_spans[] = { { 0xcf9, 0xcf9 }, { 0x92, 0x92 }, { 0xb2, 0xb2 } };

/* The keyboard controller's command port, and its command that pulses the processor's reset line. */
#define KBC_COMMAND_PORT 0x64u
#define KBC_PULSE_RESET  0xfeu

#define ITEM_SIZE 48

static bool parse_port(const char *text, uint16_t *port)
{
    uint64_t number;

    if (number_parse(text, &number) != NUMBER_OK || number > PORT_LAST)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool parse_span(char *text, struct kdio_port_span *span)
{
    char *dash = strchr(text, '-');

    if (dash != NULL)
        *dash = '\0';
    return parse_port(text, &span->first) && parse_port(dash != NULL ? dash + 1 : text, &span->last) &&
           span->first <= span->last;
}

static enum exit_status deny_item(struct policy *policy, const char *item, size_t length, struct failure *failure)
{
    char text[ITEM_SIZE] = "";
    struct kdio_port_span span;

    if (length < sizeof(text))
        memcpy(text, item, length);
    if (strcmp(text, "safe") == 0) {
        policy->safe = true;
        return EXIT_STATUS_DONE;
    }
    if (!parse_span(text, &span))
        return failure_usage(failure, "--deny: '%.*s' is not PORT, PORT-PORT or safe", (int)length, item);
    if (policy->span_count == POLICY_SPANS_MAX)
        return failure_usage(failure, "--deny: more than %d ports and ranges", POLICY_SPANS_MAX);
    policy->spans[policy->span_count++] = span;
    return EXIT_STATUS_DONE;
}

enum exit_status policy_deny(struct policy *policy, const char *list, struct failure *failure)
{
    enum exit_status result = EXIT_STATUS_DONE;

    for (;;) {
        size_t length = strcspn(list, ",");
        result = deny_item(policy, list, length, failure);
        if (result != EXIT_STATUS_DONE || list[length] == '\0')
            return result;
        list += length + 1;
    }
}

static bool overlaps(const struct kdio_port_span *spans, size_t count, uint64_t port, unsigned width)
{
    for (size_t i = 0; i < count; i++) {
        if (port <= spans[i].last && port + width > spans[i].first)
            return true;
    }
    return false;
}

static bool denied(const struct policy *policy, uint64_t port, unsigned width)
{
    return overlaps(policy->spans, policy->span_count, port, width) ||
           (policy->safe && overlaps(safe_spans, sizeof(safe_spans) / sizeof(safe_spans[0]), port, width));
}

static bool pulses_reset(uint64_t port, uint64_t value)
{
    return port == KBC_COMMAND_PORT && (value & 0xff) == KBC_PULSE_RESET;
}

enum kdio_status policy_check_out(const struct policy *policy, uint64_t port, unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_out(NULL, port, width, value);

    if (status != KDIO_DONE)
        return status;
    if (policy->read_only)
        return KDIO_READ_ONLY;
    if (denied(policy, port, width) || (policy->safe && pulses_reset(port, value)))
        return KDIO_DENIED;
    return KDIO_DONE;
}

enum kdio_status policy_check_in(const struct policy *policy, uint64_t port, unsigned width)
{
    enum kdio_status status = kdio_check_in(NULL, port, width);

    if (status != KDIO_DONE)
        return status;
    return denied(policy, port, width) ? KDIO_DENIED : KDIO_DONE;
}
