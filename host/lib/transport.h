/* SPDX-License-Identifier: MIT */
/*
 * transport.h: a byte stream through gensio, with bounded waits.
 *
 * gensio knows the transports (serial devices, UNIX and TCP sockets, RFC 2217, TLS, subprocesses); here is only what a
 * single-threaded user of it needs: one buffer each way and a wait that ends.
 */
#ifndef KDIO_HOST_TRANSPORT_H
#define KDIO_HOST_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kdio.h>

struct kdio_transport;

/* NULL when memory is out. `gensio` is copied. */
struct kdio_transport *kdio_transport_new(const char *gensio);
void kdio_transport_free(struct kdio_transport *transport);

/* What options->interrupted says (NULL allowed, and options too), and how often it is asked in a wait. */
#define KDIO_INTERRUPTED_US 50000u
bool kdio_is_interrupted(const struct kdio_options *options);

/*
 * Connects, within `limit_us`, while options->interrupted (NULL allowed, and options too) says nothing else. DONE,
 * NO_CONNECTION, BAD_ARGUMENT for a string that gensio does not understand, INTERRUPTED, or NO_MEMORY.
 * kdio_transport_reason tells more.
 */
enum kdio_status kdio_transport_connect(struct kdio_transport *transport, const struct kdio_options *options,
                                        uint64_t limit_us);
void kdio_transport_disconnect(struct kdio_transport *transport);
bool kdio_transport_connected(const struct kdio_transport *transport);

/* True when connecting again would make a new peer (a subprocess) instead of finding the old one. */
bool kdio_transport_is_subprocess(const struct kdio_transport *transport);

/* True for a UNIX or TCP socket without layers. */
bool kdio_transport_is_socket(const struct kdio_transport *transport);

const char *kdio_transport_name(const struct kdio_transport *transport);
/* Why the last connection failed or ended, in words; and its errno, or 0. */
const char *kdio_transport_reason(const struct kdio_transport *transport);
int kdio_transport_errno(const struct kdio_transport *transport);

/* Bytes that can be queued now; queues `size` of them (at most that many) and sends what the line takes. */
size_t kdio_transport_room(const struct kdio_transport *transport);
uint8_t *kdio_transport_tx_buffer(struct kdio_transport *transport);
void kdio_transport_send(struct kdio_transport *transport, size_t size);

/* Waits for received bytes, for the end of the connection or for `limit_us`, whichever comes first. */
void kdio_transport_wait(struct kdio_transport *transport, uint64_t limit_us);

/* Lets `limit_us` pass without a connection. */
void kdio_transport_pause(struct kdio_transport *transport, uint64_t limit_us);

/* What was received; valid until the next wait. kdio_transport_rx_taken empties it. */
const uint8_t *kdio_transport_rx(struct kdio_transport *transport, size_t *size);
void kdio_transport_rx_taken(struct kdio_transport *transport);

/* Sets the rate of a serial line; *baud 0 asks for the present one. *baud is then what it is. False where the line has
 * none, or does not take it. */
bool kdio_transport_rate(struct kdio_transport *transport, uint32_t *baud, uint64_t limit_us);

/* Bytes since kdio_transport_new. */
uint64_t kdio_transport_tx_bytes(const struct kdio_transport *transport);
uint64_t kdio_transport_rx_bytes(const struct kdio_transport *transport);

uint64_t kdio_time_us(void);

#endif
