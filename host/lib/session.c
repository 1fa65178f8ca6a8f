/* SPDX-License-Identifier: MIT */
/*
 * session.c: keeps a session going over a transport: connects, opens, moves bytes and time through the link, and finds
 * out after a break what the stub did.
 *
 * A transport that is lost while an operation is under way is connected again once, at once, and the session goes on
 * where it was; when that fails the session is over. The next call then opens a new one, and its answer resolves what
 * was unknown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/lib/target.h"

#define OPEN_MS_DEFAULT   4500u
#define DEAD_MS_DEFAULT   4500u
#define DEAD_MS_MIN       500u
#define RECONNECT_MS      1000u
#define NONCE_LIFE_US     1500000u
#define CONNECT_PERIOD_US 250000u /* Between attempts while waiting for a target that is off. */
#define ENDLESS_BYTES     4096u   /* More than firmware says while nobody listens for a stub. */

/* ---- Nonces ---- */

static uint32_t draw_nonce(struct kdio_target *target)
{
    uint32_t nonce;

    do {
        target->random = target->random * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX. */
        nonce = (uint32_t)(target->random >> 32);
    } while (!kdio_host_nonce_fits(nonce));
    return nonce;
}

/* ---- Events ---- */

static void take_text(struct kdio_target *target, const struct kdio_host_event *event)
{
    if (target->options.console)
        target->options.console(target->options.context, (const char *)event->text, event->text_size);
}

static struct kdio_flight *flight_of(struct kdio_host_request *request)
{
    return (struct kdio_flight *)(void *)((char *)request - offsetof(struct kdio_flight, request));
}

static void copy_info(struct kdio_target *target)
{
    const struct kdio_answer *answer = &target->link.answer;

    target->info = (struct kdio_info){
        .protocol_version = answer->version,
        .boot_id = answer->boot_id,
        .session_id = answer->challenge,
        .frame_max = answer->frame_max,
        .request_window = answer->request_window,
        .reply_window = answer->reply_window,
        .frame_window = answer->frame_window,
        .program_max = answer->program_max,
        .burst = answer->burst,
        .capabilities = answer->capabilities,
        .previous_session = answer->previous_session,
        .previous_requests = answer->previous_requests,
        .previous_operations = answer->previous_operations,
        .link_port = answer->link_port,
        .link_ports = answer->link_ports,
    };
}

/* L4: the first request of this session ended the one before it, so its count is final. */
static void resolve(struct kdio_target *target)
{
    if (!target->unresolved)
        return;
    target->resolved = target->info.boot_id == target->unresolved_boot &&
                       target->info.previous_session == target->unresolved_session;
    target->resolved_count = target->info.previous_operations - target->unresolved_from;
}

static void take_opened(struct kdio_target *target)
{
    copy_info(target);
    resolve(target);
    target->session_operations = 0;
    target->session_end = KDIO_DONE;
    target->opened_once = true;
    target->sessions++;
}

static void take_event(struct kdio_target *target, const struct kdio_host_event *event)
{
    switch (event->type) {
    case KDIO_HOST_TEXT:
        take_text(target, event);
        break;
    case KDIO_HOST_REPLY:
        kdio_run_reply(target, flight_of(event->request), event);
        break;
    case KDIO_HOST_OPENED:
        take_opened(target);
        break;
    case KDIO_HOST_REFUSED:
        target->session_end = KDIO_VERSION;
        break;
    case KDIO_HOST_RESET:
        target->session_end = KDIO_RESET;
        break;
    case KDIO_HOST_TAKEN:
        target->session_end = KDIO_TAKEN;
        break;
    case KDIO_HOST_TIMEOUT:
        target->session_end = KDIO_TIMEOUT;
        break;
    case KDIO_HOST_BAD:
        target->session_end = KDIO_BAD_REPLY;
        break;
    case KDIO_HOST_EVENT:
        target->event = true;
        break;
    case KDIO_HOST_NONE:
        break;
    }
}

/* ---- Moving bytes ---- */

static void show_wire(struct kdio_target *target, bool from_host, const uint8_t *bytes, size_t size)
{
    if (target->options.wire)
        target->options.wire(target->options.context, from_host, bytes, size);
}

static void send_due(struct kdio_target *target)
{
    struct kdio_transport *transport = target->transport;
    size_t room, size;

    while ((room = kdio_transport_room(transport)) != 0) {
        size = kdio_host_link_tx(&target->link, kdio_transport_tx_buffer(transport), room, kdio_time_us());
        if (!size)
            break;
        show_wire(target, true, kdio_transport_tx_buffer(transport), size);
        kdio_transport_send(transport, size);
    }
}

static void take_received(struct kdio_target *target)
{
    struct kdio_host_event event;
    const uint8_t *bytes;
    size_t size, taken;

    bytes = kdio_transport_rx(target->transport, &size);
    if (size)
        show_wire(target, false, bytes, size);
    if (target->link.state != KDIO_HOST_READY)
        kdio_observation_add(&target->observation, bytes, size);
    for (size_t at = 0; at < size; at += taken) {
        taken = kdio_host_link_rx(&target->link, bytes + at, size - at, kdio_time_us(), &event);
        take_event(target, &event);
    }
    if (size)
        kdio_transport_rx_taken(target->transport);
}

static uint64_t wait_limit(const struct kdio_target *target, uint64_t limit_us)
{
    uint64_t deadline_us = kdio_host_link_deadline(&target->link);
    uint64_t now_us = kdio_time_us();

    if (deadline_us < now_us + limit_us)
        limit_us = deadline_us > now_us ? deadline_us - now_us : 0;
    return target->options.interrupted && limit_us > KDIO_INTERRUPTED_US ? KDIO_INTERRUPTED_US : limit_us;
}

static enum kdio_status connect_anew(struct kdio_target *target, uint64_t limit_us)
{
    show_wire(target, true, NULL, 0);
    show_wire(target, false, NULL, 0);
    return kdio_transport_connect(target->transport, &target->options, limit_us);
}

/* Once, and at once; never a subprocess, which would be another target. */
static bool reconnect_in_session(struct kdio_target *target)
{
    if (kdio_transport_is_subprocess(target->transport) ||
        connect_anew(target, RECONNECT_MS * 1000u) != KDIO_DONE)
        return false;
    kdio_rate_connected(target, true);
    kdio_host_link_reconnected(&target->link, kdio_time_us());
    return true;
}

enum kdio_status kdio_session_step(struct kdio_target *target, uint64_t limit_us)
{
    bool was_ready = target->link.state == KDIO_HOST_READY;
    struct kdio_host_event event;

    if (kdio_is_interrupted(&target->options))
        return KDIO_INTERRUPTED;
    if (!target->link.spare_nonce)
        kdio_host_link_give_nonce(&target->link, draw_nonce(target));
    send_due(target);
    kdio_transport_wait(target->transport, wait_limit(target, limit_us));
    take_received(target);
    kdio_host_link_tick(&target->link, kdio_time_us(), &event);
    take_event(target, &event);
    if (!kdio_transport_connected(target->transport) && target->session_end == KDIO_DONE &&
        !(was_ready && reconnect_in_session(target)))
        target->session_end = KDIO_LOST;
    return target->session_end;
}

/* ---- Opening ---- */

static void forget_flights(struct kdio_target *target)
{
    for (size_t i = 0; i < KDIO_WINDOW_MAX; i++)
        target->flights[i].in_use = false;
}

/* A stub that is there and cannot be talked with gives no answer; anything else that speaks is no stub. */
static enum kdio_status status_of(enum kdio_finding finding)
{
    if (finding == KDIO_FINDING_SILENT || finding == KDIO_FINDING_ONE_WAY || finding == KDIO_FINDING_DAMAGED)
        return KDIO_NO_ANSWER;
    return KDIO_NOT_KDIO;
}

static enum kdio_status say_no_stub(struct kdio_target *target)
{
    enum kdio_finding finding = kdio_observation_judge(&target->observation);
    const char *more = finding == KDIO_FINDING_NOISE ? " (noise without end)" : " (text without end)";

    if (target->observation.rx_bytes <= ENDLESS_BYTES)
        more = "";
    if (finding == KDIO_FINDING_SILENT && kdio_transport_is_socket(target->transport))
        more = " (is another program on it? a socket of QEMU's serves one client at a time)";
    return kdio_fail(target, status_of(finding), KDIO_OUTCOME_NOT_DONE, "%s: %s%s; nothing was done",
                     kdio_transport_name(target->transport), kdio_finding_text(finding), more);
}

static enum kdio_status say_end(struct kdio_target *target, enum kdio_status status)
{
    const char *name = kdio_transport_name(target->transport);

    if (status == KDIO_VERSION)
        return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE,
                         "%s: the stub speaks protocol versions %u to %u, this host %u; nothing was done", name,
                         target->link.answer.version_min, target->link.answer.version_max, KDIO_PROTOCOL_VERSION);
    if (status == KDIO_LOST)
        return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s: connection lost: %s; nothing was done", name,
                         kdio_transport_reason(target->transport));
    return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s: %s; nothing was done", name,
                     kdio_status_text(status));
}

/* A line that eats a byte value eats every OPEN in which the nonce puts it: another nonce may get through. */
static void renew_nonce(struct kdio_target *target, uint64_t *renew_us, uint64_t now_us)
{
    if (target->link.state != KDIO_HOST_OPENING || target->opened_once || now_us < *renew_us)
        return;
    kdio_host_link_open(&target->link, draw_nonce(target), false, now_us);
    *renew_us = now_us + NONCE_LIFE_US;
}

/* Asks for a session over the connection until `end_us`. */
static enum kdio_status find_stub(struct kdio_target *target, uint64_t end_us)
{
    enum kdio_status status = KDIO_DONE;
    uint64_t now_us = kdio_time_us();
    uint64_t renew_us = now_us + NONCE_LIFE_US;

    target->session_end = KDIO_DONE;
    kdio_observation_clear(&target->observation);
    if (!target->opened_once)
        target->link.stats = (struct kdio_host_link_stats){ 0 };
    kdio_host_link_open(&target->link, draw_nonce(target), target->opened_once, now_us);
    while (status == KDIO_DONE && target->link.state != KDIO_HOST_READY && now_us < end_us) {
        status = kdio_session_step(target, end_us - now_us);
        now_us = kdio_time_us();
        renew_nonce(target, &renew_us, now_us);
    }
    if (status != KDIO_DONE)
        return say_end(target, status);
    return target->link.state == KDIO_HOST_READY ? KDIO_DONE : say_no_stub(target);
}

static enum kdio_status connect(struct kdio_target *target, uint64_t end_us)
{
    uint64_t now_us = kdio_time_us();
    enum kdio_status status;

    status = connect_anew(target, end_us > now_us ? end_us - now_us : 0);
    kdio_rate_connected(target, false);
    if (status == KDIO_DONE)
        return status;
    if (status == KDIO_INTERRUPTED)
        return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "interrupted; nothing was done");
    return kdio_fail(target, status, KDIO_OUTCOME_NOT_DONE, "%s: %s: %s; nothing was done",
                     kdio_transport_name(target->transport), kdio_status_text(status),
                     kdio_transport_reason(target->transport));
}

static bool worth_waiting(enum kdio_status status)
{
    return status == KDIO_NO_CONNECTION || status == KDIO_NO_ANSWER || status == KDIO_NOT_KDIO || status == KDIO_LOST;
}

/* A pause between attempts, ended by options.interrupted. */
static bool pause_interrupted(struct kdio_target *target)
{
    uint64_t end_us = kdio_time_us() + CONNECT_PERIOD_US;

    while (kdio_time_us() < end_us) {
        if (kdio_is_interrupted(&target->options))
            return true;
        kdio_transport_pause(target->transport, KDIO_INTERRUPTED_US);
    }
    return false;
}

/* A target that is still off is waited for; one that was there and went is not. */
static enum kdio_status open_session(struct kdio_target *target)
{
    uint64_t start_us = kdio_time_us();
    uint64_t wait_us = target->opened_once ? 0 : target->options.wait_ms * (uint64_t)1000;
    uint64_t end_us = start_us + target->options.open_ms * (uint64_t)1000;
    enum kdio_status status;

    if (end_us < start_us + wait_us)
        end_us = start_us + wait_us;
    for (;;) {
        status = connect(target, end_us);
        if (status == KDIO_DONE)
            status = find_stub(target, end_us);
        if (!worth_waiting(status) || kdio_time_us() >= start_us + wait_us)
            return status;
        if (pause_interrupted(target))
            return kdio_fail(target, KDIO_INTERRUPTED, KDIO_OUTCOME_NOT_DONE, "interrupted; nothing was done");
    }
}

static enum kdio_status open_at_rate(struct kdio_target *target)
{
    enum kdio_status status = open_session(target);

    return status == KDIO_DONE ? kdio_rate_raise(target) : status;
}

enum kdio_status kdio_session_ensure(struct kdio_target *target)
{
    if (kdio_session_ready(target))
        kdio_rate_check(target);
    if (kdio_session_ready(target))
        return KDIO_DONE;
    if (target->opened_once && kdio_transport_is_subprocess(target->transport))
        return kdio_fail(target, KDIO_LOST, KDIO_OUTCOME_NOT_DONE, "%s: the target is gone; nothing was done",
                         kdio_transport_name(target->transport));
    forget_flights(target);
    return open_at_rate(target);
}

/* ---- The public part of a target's life ---- */

static bool copy_options(struct kdio_target *target, const struct kdio_options *options)
{
    if (options)
        memcpy(&target->options, options, options->size < sizeof *options ? options->size : sizeof *options);
    if (!target->options.open_ms)
        target->options.open_ms = OPEN_MS_DEFAULT;
    if (!target->options.dead_ms)
        target->options.dead_ms = DEAD_MS_DEFAULT;
    if (target->options.dead_ms < DEAD_MS_MIN)
        target->options.dead_ms = DEAD_MS_MIN;
    if (!target->options.deny)
        target->options.deny_count = 0;
    target->deny = calloc(target->options.deny_count + 1, sizeof *target->deny);
    if (!target->deny)
        return false;
    for (uint32_t i = 0; i < target->options.deny_count; i++)
        target->deny[i] = target->options.deny[i];
    return true;
}

static void init_link(struct kdio_target *target)
{
    const struct kdio_host_link_config config = {
        .rx_frame = target->rx_frame,
        .rx_frame_size = sizeof target->rx_frame,
        .tx_frame = target->tx_frame,
        .tx_frame_size = sizeof target->tx_frame,
        .dead_us = target->options.dead_ms * 1000u,
    };

    kdio_host_link_init(&target->link, &config);
}

KDIO_API enum kdio_status kdio_target_open(struct kdio_target **target, const char *gensio,
                                           const struct kdio_options *options)
{
    struct kdio_target *made = calloc(1, sizeof *made);

    *target = NULL;
    if (!made)
        return KDIO_NO_MEMORY;
    made->transport = kdio_transport_new(gensio);
    if (!made->transport || !copy_options(made, options)) {
        kdio_target_close(made);
        return KDIO_NO_MEMORY;
    }
    *target = made;
    if (getrandom(&made->random, sizeof made->random, 0) != (ssize_t)sizeof made->random)
        return kdio_fail(made, KDIO_SYSTEM, KDIO_OUTCOME_NOT_DONE, "no random numbers; nothing was done");
    init_link(made);
    return open_at_rate(made);
}

KDIO_API void kdio_target_close(struct kdio_target *target)
{
    if (!target)
        return;
    kdio_rate_leave(target);
    kdio_transport_free(target->transport);
    for (size_t i = 0; i < KDIO_WINDOW_MAX; i++)
        free(target->flights[i].bytes);
    free(target->deny);
    free(target);
}

KDIO_API enum kdio_status kdio_target_service(struct kdio_target *target, uint32_t ms)
{
    uint64_t end_us = kdio_time_us() + ms * (uint64_t)1000;
    enum kdio_status status = kdio_session_ensure(target);
    uint64_t now_us;

    while (status == KDIO_DONE && (now_us = kdio_time_us()) < end_us)
        status = kdio_session_step(target, end_us - now_us);
    if (status == KDIO_DONE || target->error.status == status)
        return status;
    return say_end(target, status);
}

KDIO_API enum kdio_status kdio_target_resolve(struct kdio_target *target, uint32_t *done_count)
{
    enum kdio_status status;

    if (!target->unresolved)
        return kdio_fail(target, KDIO_BAD_ARGUMENT, KDIO_OUTCOME_DONE, "no outcome is unknown");
    if (!target->resolved) {
        status = kdio_session_ensure(target);
        if (status != KDIO_DONE)
            return status;
    }
    if (!target->resolved)
        return kdio_fail(target, KDIO_RESET, KDIO_OUTCOME_UNKNOWN,
                         "the target was reset since: whether it was done stays unknown");
    *done_count = kdio_run_resolved(target);
    target->unresolved = target->resolved = false;
    return KDIO_DONE;
}

KDIO_API const struct kdio_info *kdio_target_info(const struct kdio_target *target)
{
    return &target->info;
}

KDIO_API void kdio_target_link_stats(const struct kdio_target *target, struct kdio_link_stats *stats)
{
    const struct kdio_host_link_stats *link = &target->link.stats;

    *stats = (struct kdio_link_stats){
        .tx_bytes = kdio_transport_tx_bytes(target->transport),
        .rx_bytes = kdio_transport_rx_bytes(target->transport),
        .tx_frames = link->tx_frames,
        .rx_frames = link->rx_frames,
        .retransmitted = link->retransmitted,
        .bad_frames = link->bad_frames,
        .console_bytes = link->text_bytes,
        .requests = target->requests,
        .operations = target->operations,
        .sessions = target->sessions,
        .rtt_us_min = link->rtt_min_us,
        .rtt_us_mean = link->rtt_count ? (uint32_t)(link->rtt_sum_us / link->rtt_count) : 0,
        .rtt_us_max = link->rtt_max_us,
    };
}
