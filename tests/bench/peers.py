# SPDX-License-Identifier: MIT
"""What one 8-bit write to port 80 costs others, in bytes on the wire, computed from their public protocols.

Each peer is a list of what travels, in order, as (what, bytes), and the number of times its host waits for an answer
before it sends on: nothing lost, nothing repeated, one write at a time, as none of them sends more than one.
"""
import collections

BITS_PER_BYTE, BAUD, LATENCY_S = 10, 115200, 0.016
PORT_TEXT, VALUE_TEXT = "80", "23"

Peer = collections.namedtuple("Peer", "parts waits")


def gdb_packet(text):
    """$text#cc, the answer's + and the packet $OK#9a, the + for that."""
    return [("packet", len("$" + text + "#cc")), ("its +", 1), ("$OK#9a", 6), ("its +", 1)]


def kd_packet(way):
    """A data packet of Windows KD over a serial line, answered by a control packet, which is a header alone."""
    return [(way + " header", 16), (way + " state", 56), (way + " trailer", 1), (way + " acknowledged", 16)]


def serialice():
    """The host waits for the echo of each character; the last of them and the prompt come together."""
    command = "*wi00" + PORT_TEXT + ".b=" + VALUE_TEXT
    return Peer([("command", len(command)), ("echo", len(command)), ("prompt", len("\r\n> "))], len(command))


def monitor_command():
    return "o /b 0x" + PORT_TEXT + " 0x" + VALUE_TEXT


PEERS = {
    "edk2 SourceLevelDebug": Peer([("header", 6), ("address", 8), ("width", 1), ("value", 1),
                                   ("acknowledgement", 6)], 1),
    "gdb, M packet (memory stands in)": Peer(gdb_packet("Mfed000" + PORT_TEXT + ",1:" + VALUE_TEXT), 1),
    "SerialICE": serialice(),
    "gdb to QEMU's monitor, qRcmd": Peer(gdb_packet("qRcmd," + monitor_command().encode().hex()), 1),
    "m1n1, WRITE8 (memory stands in)": Peer([("request", 64), ("reply", 36)], 1),
    "Windows KD, serial": Peer(kd_packet("request") + kd_packet("reply"), 1),
}


def write_bytes(peer):
    return sum(size for _, size in peer.parts)


def seconds(size, waits):
    """Of a line with so many bytes to carry, at which a host waits so often for what an adapter holds back."""
    return size * BITS_PER_BYTE / BAUD + waits * LATENCY_S


def formula(peer):
    return " + ".join(f"{size} {what}" for what, size in peer.parts)
