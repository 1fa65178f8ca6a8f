# SPDX-License-Identifier: MIT
"""What one 8-bit write to port 80 costs others, in bytes on the wire, computed from their public protocols.

Each peer is a list of what travels, in order, as (what, bytes): nothing lost, nothing repeated, one write at a time.
"""

PORT_TEXT, VALUE_TEXT = "80", "23"


def gdb_packet(text):
    """$text#cc, the answer's + and the packet $OK#9a, the + for that."""
    return [("packet", len("$" + text + "#cc")), ("+", 1), ("$OK#9a", 6), ("+", 1)]


def kd_packet(way):
    """A data packet of Windows KD over a serial line, answered by a control packet, which is a header alone."""
    return [(way + " header", 16), (way + " state", 56), (way + " trailer", 1), (way + " acknowledged", 16)]


def serialice():
    command = "*wi00" + PORT_TEXT + ".b=" + VALUE_TEXT
    return [("command", len(command)), ("echo", len(command)), ("prompt", len("\r\n> "))]


def monitor_command():
    return "o /b 0x" + PORT_TEXT + " 0x" + VALUE_TEXT


PEERS = {
    "edk2 SourceLevelDebug": [("header", 6), ("address", 8), ("width", 1), ("value", 1), ("acknowledgement", 6)],
    "gdb, M packet (memory stands in)": gdb_packet("Mfed000" + PORT_TEXT + ",1:" + VALUE_TEXT),
    "SerialICE": serialice(),
    "gdb to QEMU's monitor, qRcmd": gdb_packet("qRcmd," + monitor_command().encode().hex()),
    "m1n1, WRITE8 (memory stands in)": [("request", 64), ("reply", 36)],
    "Windows KD, serial": kd_packet("request") + kd_packet("reply"),
}


def write_bytes(parts):
    return sum(size for _, size in parts)
