# SPDX-License-Identifier: MIT
"""Reads and writes the files of kdio's captures by the draft of pcapng; a file that breaks its rules is an error."""

import struct
from typing import NamedTuple

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
MAGIC, LINK_TYPE, IF_NAME, IF_TSRESOL, FLAGS = 0x1A2B3C4D, 147, 2, 9, 2
HOST, STUB = 0, 1
FRAME, CUT, TEXT = 0, 1, 2
DIRECTIONS = {HOST: 2, STUB: 1}  # outbound, inbound: epb_flags
NS_PER_S = 1000000000


class Packet(NamedTuple):
    sender: int
    kind: int
    wire: bytes
    time_ns: int = 0


class Broken(Exception):
    """Not a capture of kdio's."""


def require(condition, what):
    if not condition:
        raise Broken(what)


def blocks(data):
    while data:
        require(len(data) >= 12, "a block is cut short")
        kind, size = struct.unpack_from("<II", data)
        require(size % 4 == 0 and 12 <= size <= len(data), "the size of a block")
        require(struct.unpack_from("<I", data, size - 4)[0] == size, "the size at the end of a block")
        yield kind, data[8:size - 4]
        data = data[size:]


def options(data):
    found = {}
    while data:
        code, size = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4:4 + size]
        require(len(found[code]) == size, "an option is cut short")
        data = data[4 + (size + 3) // 4 * 4:]
    return found


def packet(body):
    interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
    data = body[20:20 + captured]
    require(interface == 0 and captured == original == len(data) >= 2, "a packet's size")
    flags = options(body[20 + (captured + 3) // 4 * 4:])[FLAGS]
    require(int.from_bytes(flags, "little") == DIRECTIONS[data[0]], "a packet's direction")
    return Packet(data[0], data[1], data[2:], high << 32 | low)


def read(path):
    """(name of the interface, packets)"""
    found = list(blocks(path.read_bytes()))
    require([kind for kind, _ in found[:2]] == [SECTION, INTERFACE], "the first two blocks")
    require(struct.unpack_from("<IHH", found[0][1]) == (MAGIC, 1, 0), "the section's header")
    require(struct.unpack_from("<H", found[1][1])[0] == LINK_TYPE, "the link type")
    require(all(kind == PACKET for kind, _ in found[2:]), "a block that is no packet")
    described = options(found[1][1][8:])
    require(described[IF_TSRESOL] == b"\x09", "the unit of time")
    return described.get(IF_NAME, b"").decode(), [packet(body) for _, body in found[2:]]


def block(kind, body):
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size


def padded(data):
    return data + bytes(-len(data) % 4)


def write(path, packets):
    out = block(SECTION, struct.pack("<IHHq", MAGIC, 1, 0, -1))
    out += block(INTERFACE, struct.pack("<HHIHHB3xI", LINK_TYPE, 0, 0, IF_TSRESOL, 1, 9, 0))
    for sender, kind, wire, time_ns in packets:
        data = bytes([sender, kind]) + wire
        header = struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
        flags = struct.pack("<HHIHH", FLAGS, 4, DIRECTIONS[sender], 0, 0)
        out += block(PACKET, header + padded(data) + flags)
    path.write_bytes(out)
