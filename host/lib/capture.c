/* SPDX-License-Identifier: MIT */
/*
 * capture.c: writes what goes over the line into a pcapng file, a packet for each frame and for each run of text.
 *
 * The file is valid at any time: a packet is one write, and one that fails halfway is taken back. Nothing here waits:
 * a pipe whose reader does not keep up ends the capture, as a full disk does, and the line goes on.
 */
#include "host/lib/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/lib/target.h"
#include "proto/cursor.h"

#define NS_PER_S 1000000000u

#define BLOCK_SECTION    0x0a0d0d0au
#define BLOCK_INTERFACE  1u
#define BLOCK_PACKET     6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define VERSION_MAJOR    1u
#define VERSION_MINOR    0u
#define SIZE_UNKNOWN     UINT64_MAX /* Of the section. */
#define BLOCK_SIZE_AT    4u

#define OPTION_END       0u
#define OPTION_USER_APPL 4u /* Of the section. */
#define OPTION_IF_NAME   2u
#define OPTION_IF_TSRESOL 9u
#define OPTION_EPB_FLAGS 2u
#define TSRESOL_NS       9u /* 10^-9 s. */
#define FLAGS_INBOUND    1u
#define FLAGS_OUTBOUND   2u

#define NAME_MAX_SIZE 255u
#define PSEUDO_SIZE   2u
#define WIRE_MAX      KDIO_FRAME_WIRE_MAX(KDIO_PAYLOAD_MAX)
#define BLOCK_MAX     (WIRE_MAX + 64u) /* The longest: a packet. Names are shorter. */

/* One direction of the line. */
struct half {
    uint8_t bytes[WIRE_MAX]; /* Of the frame or text that has not ended. */
    size_t size;
    bool inside;             /* They are of a frame. */
    bool overlong;           /* The frame's beginning is in the file already. */
    uint64_t last_ns;        /* When the last of them came. */
};

struct kdio_capture {
    int fd;
    int error;      /* errno of the write that ended the capture, or 0. */
    off_t size;     /* Of what is whole in the file. */
    uint64_t offset_ns; /* What turns monotonic time into the time of day: the clock being set disturbs no interval. */
    struct half halves[2];
    uint8_t block[BLOCK_MAX];
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* ---- Blocks ---- */

static struct kdio_writer begin_block(struct kdio_capture *capture, uint32_t type)
{
    struct kdio_writer writer = kdio_writer_on(capture->block, sizeof capture->block);

    kdio_write_uint(&writer, 4, type);
    kdio_write_uint(&writer, 4, 0); /* The size, when it is known. */
    return writer;
}

static void write_padded(struct kdio_capture *capture, struct kdio_writer *writer, const void *bytes, size_t size)
{
    kdio_write_bytes(writer, bytes, size);
    while ((size_t)(writer->at - capture->block) % 4)
        kdio_write_uint(writer, 1, 0);
}

static void write_option(struct kdio_capture *capture, struct kdio_writer *writer, unsigned code, const void *bytes,
                         size_t size)
{
    kdio_write_uint(writer, 2, code);
    kdio_write_uint(writer, 2, size);
    write_padded(capture, writer, bytes, size);
}

/* All of it or nothing. */
static int write_whole(struct kdio_capture *capture, size_t size)
{
    ssize_t written;

    do
        written = write(capture->fd, capture->block, size);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)size) {
        capture->size += written;
        return 0;
    }
    capture->error = written < 0 ? errno : ENOSPC;
    (void)!ftruncate(capture->fd, capture->size); /* Fails on a pipe, where nothing can be taken back. */
    return capture->error;
}

static void end_block(struct kdio_capture *capture, struct kdio_writer *writer)
{
    size_t size = (size_t)(writer->at - capture->block) + 4;
    struct kdio_writer size_writer = kdio_writer_on(capture->block + BLOCK_SIZE_AT, 4);

    kdio_write_uint(writer, 4, size);
    kdio_write_uint(&size_writer, 4, size);
    if (!capture->error)
        (void)write_whole(capture, size);
}

static void write_section(struct kdio_capture *capture)
{
    struct kdio_writer writer = begin_block(capture, BLOCK_SECTION);

    kdio_write_uint(&writer, 4, BYTE_ORDER_MAGIC);
    kdio_write_uint(&writer, 2, VERSION_MAJOR);
    kdio_write_uint(&writer, 2, VERSION_MINOR);
    kdio_write_uint(&writer, 8, SIZE_UNKNOWN);
    write_option(capture, &writer, OPTION_USER_APPL, kdio_version(), strlen(kdio_version()));
    write_option(capture, &writer, OPTION_END, NULL, 0);
    end_block(capture, &writer);
}

static void write_interface(struct kdio_capture *capture, const char *name)
{
    struct kdio_writer writer = begin_block(capture, BLOCK_INTERFACE);
    const uint8_t resolution = TSRESOL_NS;

    kdio_write_uint(&writer, 2, CAPTURE_LINK_TYPE);
    kdio_write_uint(&writer, 2, 0);
    kdio_write_uint(&writer, 4, 0); /* Packets are never cut. */
    write_option(capture, &writer, OPTION_IF_NAME, name, strnlen(name, NAME_MAX_SIZE));
    write_option(capture, &writer, OPTION_IF_TSRESOL, &resolution, 1);
    write_option(capture, &writer, OPTION_END, NULL, 0);
    end_block(capture, &writer);
}

static void write_packet(struct kdio_capture *capture, enum capture_sender sender, enum capture_kind kind)
{
    const struct half *half = &capture->halves[sender];
    const uint8_t flags[4] = { sender == CAPTURE_HOST ? FLAGS_OUTBOUND : FLAGS_INBOUND };
    uint64_t time_ns = half->last_ns + capture->offset_ns;
    struct kdio_writer writer = begin_block(capture, BLOCK_PACKET);

    kdio_write_uint(&writer, 4, 0); /* The interface. */
    kdio_write_uint(&writer, 4, time_ns >> 32);
    kdio_write_uint(&writer, 4, time_ns);
    kdio_write_uint(&writer, 4, PSEUDO_SIZE + half->size);
    kdio_write_uint(&writer, 4, PSEUDO_SIZE + half->size);
    kdio_write_uint(&writer, 1, sender);
    kdio_write_uint(&writer, 1, kind);
    write_padded(capture, &writer, half->bytes, half->size);
    write_option(capture, &writer, OPTION_EPB_FLAGS, flags, sizeof flags);
    write_option(capture, &writer, OPTION_END, NULL, 0);
    end_block(capture, &writer);
}

/* ---- Bytes ---- */

static void end_run(struct kdio_capture *capture, enum capture_sender sender, enum capture_kind kind)
{
    struct half *half = &capture->halves[sender];

    if (half->size)
        write_packet(capture, sender, kind);
    half->size = 0;
}

static void cut(struct kdio_capture *capture, enum capture_sender sender)
{
    struct half *half = &capture->halves[sender];

    end_run(capture, sender, half->inside ? CAPTURE_CUT : CAPTURE_TEXT);
    half->inside = half->overlong = false;
}

static void keep(struct kdio_capture *capture, enum capture_sender sender, uint8_t byte)
{
    struct half *half = &capture->halves[sender];

    if (half->size == sizeof half->bytes) {
        half->overlong = half->inside;
        end_run(capture, sender, half->inside ? CAPTURE_CUT : CAPTURE_TEXT);
    }
    half->bytes[half->size++] = byte;
}

/* SPEC.md F3: a frame is from a MARK to the next delimiter; delimiters outside frames say nothing. */
static void take(struct kdio_capture *capture, enum capture_sender sender, uint8_t byte)
{
    struct half *half = &capture->halves[sender];

    if (half->inside) {
        keep(capture, sender, byte);
        if (byte == KDIO_FRAME_DELIMITER) {
            end_run(capture, sender, half->overlong ? CAPTURE_CUT : CAPTURE_FRAME);
            half->inside = half->overlong = false;
        }
    } else if (byte == KDIO_FRAME_MARK) {
        end_run(capture, sender, CAPTURE_TEXT);
        half->inside = true;
        keep(capture, sender, byte);
    } else if (byte != KDIO_FRAME_DELIMITER) {
        keep(capture, sender, byte);
    }
}

/* ---- The public part ---- */

KDIO_API enum kdio_status kdio_capture_open(struct kdio_capture **capture, const char *path, const char *line)
{
    struct kdio_capture *made = calloc(1, sizeof *made);

    *capture = NULL;
    if (!made)
        return KDIO_NO_MEMORY;
    made->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    made->offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
    if (made->fd >= 0) {
        write_section(made);
        write_interface(made, line);
    } else {
        made->error = errno;
    }
    if (made->error) {
        errno = kdio_capture_close(made);
        return KDIO_SYSTEM;
    }
    *capture = made;
    return KDIO_DONE;
}

KDIO_API void kdio_capture_wire(struct kdio_capture *capture, bool from_host, const uint8_t *bytes, size_t size)
{
    enum capture_sender sender = from_host ? CAPTURE_HOST : CAPTURE_STUB;
    struct half *half = &capture->halves[sender];
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    if (!size || (half->inside && now_ns - half->last_ns > KDIO_FRAME_GAP_US * 1000u))
        cut(capture, sender);
    half->last_ns = now_ns;
    for (size_t i = 0; i < size; i++)
        take(capture, sender, bytes[i]);
    if (!half->inside)
        end_run(capture, sender, CAPTURE_TEXT);
}

KDIO_API int kdio_capture_close(struct kdio_capture *capture)
{
    int error;

    if (!capture)
        return 0;
    cut(capture, CAPTURE_HOST);
    cut(capture, CAPTURE_STUB);
    error = capture->error;
    if (capture->fd >= 0 && close(capture->fd) && !error)
        error = errno;
    free(capture);
    return error;
}
