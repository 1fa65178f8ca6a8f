/* SPDX-License-Identifier: MIT */
/* policy.c: implements policy.h. Which bytes an access touches, and what is safe, is proto/policy.h's to say. */
#include "host/cmd/policy.h"

#include <string.h>

#include "host/cmd/number.h"
#include "proto/policy.h"

#define PORT_LAST 0xffffu

#define ITEM_SIZE 48 /* Longer than any range. */

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

static bool listed(const struct policy *policy, uint16_t port, unsigned width)
{
    for (size_t i = 0; i < policy->span_count; i++) {
        if (kdio_port_in_range(port, width, policy->spans[i].first, policy->spans[i].last))
            return true;
    }
    return false;
}

static enum kdio_status check_lists(const struct policy *policy, uint64_t port, unsigned width, bool write,
                                    uint64_t value)
{
    if (listed(policy, (uint16_t)port, width))
        return KDIO_DENIED;
    if (policy->safe && kdio_safe_denies((uint16_t)port, width, write, (uint32_t)value))
        return KDIO_DENIED;
    return KDIO_DONE;
}

enum kdio_status policy_check_out(const struct policy *policy, struct kdio_target *target, uint64_t port,
                                  unsigned width, uint64_t value)
{
    enum kdio_status status = kdio_check_out(target, port, width, value);

    if (status == KDIO_DONE && policy->read_only)
        status = KDIO_READ_ONLY;
    return status == KDIO_DONE ? check_lists(policy, port, width, true, value) : status;
}

enum kdio_status policy_check_in(const struct policy *policy, struct kdio_target *target, uint64_t port,
                                 unsigned width)
{
    enum kdio_status status = kdio_check_in(target, port, width);

    return status == KDIO_DONE ? check_lists(policy, port, width, false, 0) : status;
}
