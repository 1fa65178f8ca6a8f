# SPDX-License-Identifier: MIT
"""The other way round, as far as the tests need it: payloads with a check, and their frames."""

from decoder import DELIMITER, MARK, ONES, crc_register, session_start

KINDS = {"PLAIN": 0x00, "ATOMIC": 0x40, "REPLY": 0x00, "FAILED": 0x40, "note": 0x80}


def cobs_encode(payload):
    """F1, from its definition: the payload and a zero, cut into blocks; no empty one behind a full one at the end."""
    data, wire, full = payload + b"\0", b"", False
    while data and not (full and data == b"\0"):
        length = data.index(0)
        full = length > 253
        wire += b"\xff" + data[:254] if full else bytes([length + 1]) + data[:length]
        data = data[254 if full else length + 1:]
    return wire


def frame(payload):
    return bytes([DELIMITER, MARK]) + cobs_encode(payload) + bytes([DELIMITER])


def seal(data, start=ONES):
    """K1: with its check behind it."""
    return data + (crc_register(start, data) ^ ONES).to_bytes(4, "little")


def in_session(key, sender, kind, seq, body=b""):
    return seal(bytes([KINDS[kind] | seq % 64]) + body, session_start(*key, seq, sender))
