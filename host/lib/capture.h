/* SPDX-License-Identifier: MIT */
/* capture.h: what a capture file looks like; its functions are public (kdio.h). proto/kdio.lua reads these numbers. */
#ifndef KDIO_HOST_CAPTURE_H
#define KDIO_HOST_CAPTURE_H

/*
 * pcapng (draft-ietf-opsawg-pcapng), link type USER0. A packet is two bytes, who sent it and what it is, and then the
 * bytes as they were on the wire: a frame from its MARK to its closing delimiter, or a run of text.
 */
#define CAPTURE_LINK_TYPE 147u

enum capture_sender { CAPTURE_HOST = 0, CAPTURE_STUB = 1 };

enum capture_kind {
    CAPTURE_FRAME = 0,
    CAPTURE_CUT = 1, /* A frame without its end: silence, the end of the connection, or longer than any frame. */
    CAPTURE_TEXT = 2,
};

#endif
