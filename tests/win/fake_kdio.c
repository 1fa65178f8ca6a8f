/* SPDX-License-Identifier: MIT */
/* fake_kdio.c: one target at a time exists; a call on another aborts the test. */
#include "tests/win/fake_kdio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kdio_target {
    struct kdio_error error;
};

struct fake_kdio fake;

static unsigned char ports[0x10000];

void fake_fill(void)
{
    for (size_t i = 0; i < sizeof(fake.memory); i++)
        fake.memory[i] = (uint8_t)(i ^ i >> 8);
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.scripted = true;
    fake.denied_port = FAKE_NO_PORT;
    fake.access_outcome = KDIO_OUTCOME_NOT_DONE;
    fake_fill();
    for (size_t i = 0; i < sizeof(fake.pci); i++)
        fake.pci[i] = (uint8_t)(i ^ i >> 8);
    for (size_t i = 0; i < FAKE_MSR_COUNT; i++)
        fake.msr[i] = 0x1111111100000000u * (i + 1) + i;
}

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fake_kdio: %s\n", what);
        abort();
    }
}

static void during_call(void)
{
    if (fake.during_call != NULL)
        fake.during_call();
}

enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio, const struct kdio_options *options)
{
    require(fake.opens - fake.closes == 0, "opened twice");
    require(options->size == sizeof(*options), "size of the options");
    fake.options = *options;
    (void)snprintf(fake.gensio, sizeof(fake.gensio), "%s", gensio);
    during_call();
    if (fake.open_without_target)
        return KDIO_NO_MEMORY;
    fake.opens++;
    *target = calloc(1, sizeof(**target));
    require(*target != NULL, "no memory");
    (*target)->error.status = fake.open_status;
    (void)snprintf((*target)->error.text, sizeof((*target)->error.text), "cannot open %s", gensio);
    return fake.open_status;
}

void kdio_target_close(struct kdio_target *target)
{
    if (target == NULL)
        return;
    fake.closes++;
    free(target);
}

static enum kdio_status check(uint64_t port, unsigned width, bool write)
{
    if (width != 1 && width != 2 && width != 4)
        return KDIO_BAD_WIDTH;
    if (port > 0x10000 - width)
        return KDIO_BAD_PORT;
    if (port % width != 0)
        return KDIO_MISALIGNED;
    if (fake.scripted && port == fake.denied_port)
        return KDIO_DENIED;
    return write && fake.read_only ? KDIO_READ_ONLY : KDIO_DONE;
}

enum kdio_status kdio_check_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    (void)target;
    (void)value;
    return check(port, width, true);
}

enum kdio_status kdio_check_in(struct kdio_target *target, uint64_t port, unsigned width)
{
    (void)target;
    return check(port, width, false);
}

static enum kdio_status run_machine(const struct fake_access *access)
{
    uint32_t identity = FAKE_PCI_IDENTITY;
    if (access->port == FAKE_LINK_PORT)
        return KDIO_LINK_UART;
    if (access->write)
        memcpy(ports + access->port, &access->value, access->width);
    memcpy(ports + FAKE_PCI_DATA, &identity, sizeof(identity));
    fake.value = 0;
    memcpy(&fake.value, ports + access->port, access->width);
    return KDIO_DONE;
}

static enum kdio_status run(struct kdio_target *target, struct fake_access access)
{
    require(target != NULL && fake.opens - fake.closes == 1, "access without a target");
    fake.accesses++;
    fake.last = access;
    during_call();
    if (!fake.scripted)
        fake.access_status = run_machine(&access);
    target->error.status = fake.access_status;
    target->error.outcome = fake.access_outcome;
    return fake.access_status;
}

enum kdio_status fake_step(struct kdio_target *target, bool write)
{
    require(target != NULL && fake.opens - fake.closes == 1, "access without a target");
    fake.accesses++;
    fake.last = (struct fake_access){ .write = write };
    during_call();
    if (!fake.scripted)
        return KDIO_DONE;
    if (fake.options.interrupted != NULL && fake.options.interrupted(fake.options.context))
        fake.access_status = KDIO_INTERRUPTED;
    target->error.status = fake.access_status;
    target->error.outcome = fake.access_outcome;
    if (fake.access_status == KDIO_DONE && write && fake.read_only)
        return KDIO_READ_ONLY;
    return fake.access_status;
}

enum kdio_status fake_fault(struct kdio_target *target, uint64_t address, uint32_t vector)
{
    target->error.status = KDIO_FAULT;
    target->error.outcome = KDIO_OUTCOME_NOT_DONE;
    target->error.address = address;
    target->error.vector = vector;
    return KDIO_FAULT;
}

enum kdio_status kdio_out(struct kdio_target *target, uint64_t port, unsigned width, uint64_t value)
{
    return run(target, (struct fake_access){ true, port, width, value });
}

enum kdio_status kdio_in(struct kdio_target *target, uint64_t port, unsigned width, uint32_t *value)
{
    enum kdio_status status = run(target, (struct fake_access){ false, port, width, 0 });
    if (status == KDIO_DONE)
        *value = fake.value;
    return status;
}

enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms)
{
    require(target != NULL, "service without a target");
    fake.services++;
    fake.service_ms += ms;
    during_call();
    if (fake.options.interrupted != NULL && fake.options.interrupted(fake.options.context))
        return KDIO_INTERRUPTED;
    return fake.service_status;
}

const struct kdio_error *kdio_target_error(const struct kdio_target *target)
{
    require(target != NULL, "error without a target");
    return &target->error;
}
