# SPDX-License-Identifier: MIT
"""The vectors of tests/unit, read by the decoder that was made from SPEC.md alone."""

import unittest

import spec_text
from decoder import (BODIES, BY_NAME, NOTES, ONES, OPERATIONS, STATUSES, WIDTHS, Decoder, Rejected, Session, Splitter,
                     cobs_decode, count_of, mix, parse_program, session_start)
from encoder import frame, seal

VECTORS = spec_text.ROOT / "tests" / "unit" / "vectors"
NAMES = {  # of the fields of ANSWER and its kin: there and here
    "version_min": "lowest", "version_max": "highest", "boot_id": "boot", "frame_max": "payload",
    "results_max": "results", "program_max": "operations", "frame_window": "frames",
    "previous_session": "previous", "link_port": "uart_port", "link_ports": "uart_ports"}


def vectors(name):
    """(label, fields) of each line of a file."""
    for line in (VECTORS / name).read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            label, *fields = line.split()
            yield label, dict(field.split("=") for field in fields)


def number(text):
    return int(text, 16)


def numbers(fields, *names):
    return [number(fields[name]) for name in names]


class Vectors(unittest.TestCase):
    def each(self, name, check):
        lines = list(vectors(name))
        self.assertNotEqual(lines, [], name)
        for label, fields in lines:
            with self.subTest(label):
                check(fields)

    def test_every_file_is_read_here(self):
        self.assertEqual({path.name for path in VECTORS.glob("*.txt")},
                         {"crc32c.txt", "frame.txt", "session.txt", "message.txt", "program.txt"})

    def test_crc32c(self):
        self.each("crc32c.txt", self.crc32c)

    def crc32c(self, fields):
        data = bytes.fromhex(fields["input"])
        self.assertEqual(seal(data)[len(data):], number(fields["check"]).to_bytes(4, "little"))

    def test_frame(self):
        self.each("frame.txt", self.frame)

    def frame(self, fields):
        payload, wire = bytes.fromhex(fields["payload"]), bytes.fromhex(fields["wire"])
        self.assertEqual(list(Splitter().push(wire)), [("frame", payload)])
        self.assertEqual(frame(payload), wire)

    def test_session(self):
        self.each("session.txt", self.session)

    def session(self, fields):
        key = numbers(fields, "nonce", "challenge", "seq")
        self.assertEqual([session_start(*key, "host"), session_start(*key, "stub"), mix(key[0])],
                         numbers(fields, "start", "reply", "answer"))

    def test_message(self):
        self.each("message.txt", self.message)

    def message(self, fields):
        wire, payload = bytes.fromhex(fields["wire"]), bytes.fromhex(fields["payload"])
        self.assertEqual((frame(payload), cobs_decode(wire[2:-1])), (wire, payload))
        check = self.in_session if "seq" in fields else self.of_no_session
        check(fields, payload)

    def of_no_session(self, fields, payload):
        decoder = Decoder()
        not_in_it = {"type", "payload", "wire"}
        if fields["type"] == "answer":
            decoder.nonces = [number(fields["nonce"])]
            not_in_it.add("nonce")
        message = decoder.read(payload)
        self.assertEqual(message["name"], fields["type"].upper())
        for name in fields.keys() - not_in_it:
            self.assertEqual(message[NAMES.get(name, name)], number(fields[name]), name)

    def in_session(self, fields, payload):
        seq = number(fields["seq"])
        session = Session(*numbers(fields, "nonce", "challenge"), seq)
        sender = "host" if fields["type"] == "request" else "stub"
        self.assertEqual(session.identify(payload), (sender, seq))
        getattr(self, fields["type"])(fields, lambda: session.read(sender, seq, payload))

    def request(self, fields, read):
        self.assertEqual(read(), {"name": "ATOMIC" if number(fields["atomic"]) else "PLAIN",
                                  "program": parse_program(bytes.fromhex(fields["program"]))})

    def reply(self, fields, read):
        self.assertEqual(read(), {"name": "REPLY", "results": bytes.fromhex(fields["results"])})

    def failed(self, fields, read):
        names = ("status", "index", "done", "vector", "code", "detail")
        self.assertEqual(read(), {"name": "FAILED", **dict(zip(names, numbers(fields, *names))),
                                  "results": bytes.fromhex(fields["results"])})

    def note(self, fields, read):
        row, extra = NOTES[number(fields["note"])], bytes.fromhex(fields["extra"])
        size = sum(int(field.split(":")[1]) for field in BODIES.get(row["name"], "").split())
        if len(extra) < size:  # M8
            self.assertRaises(Rejected, read)
        else:
            message = read()
            self.assertEqual(message.pop("name"), row["name"])
            self.assertEqual(list(message.values()), [int.from_bytes(extra[:size], "little")] if size else [])

    def test_program(self):
        self.each("program.txt", self.program)

    def program(self, fields):
        status, bad_index = numbers(fields, "status", "bad_index")
        expected = numbers(fields, "count", "results", "worst") if STATUSES[status] == "DONE" else [bad_index]
        self.assertEqual(self.check(bytes.fromhex(fields["program"])), (STATUSES[status], *expected))

    def check(self, data):
        """P4, without limits and policy: DONE, operations, bytes of results and time, or a status and an index."""
        if not data:
            return "MALFORMED", 0
        try:
            program = parse_program(data)
        except Rejected:
            return self.first_unreadable(data)
        for index, operation in enumerate(program):
            status = refused(*operation)
            if status:
                return status, index
        results = sum(results_size(operation) for operation in program)
        return "DONE", len(program), results, min(ONES, sum(map(longest, program)))

    def first_unreadable(self, data):
        """The operation at which the longest readable beginning ends."""
        for size in range(len(data) - 1, -1, -1):
            try:
                index = len(parse_program(data[:size]))
            except Rejected:
                continue
            return ("MALFORMED" if data[size] in OPERATIONS else "UNSUPPORTED"), index
        return None


def fields_of(operation):
    name, *operands = operation
    return list(zip(BY_NAME[name]["operands"], operands))


def results_size(operation):
    row = BY_NAME[operation[0]]
    sizes = WIDTHS | {"v": row["width"], "t": row["width"] * count_of(operation)}
    return sum(sizes[letter] for letter in row["results"])


def longest(operation):
    """P1: in microseconds."""
    row = BY_NAME[operation[0]]
    each = int(row["each, us"])
    times = {"n": lambda value: value * each, "l": lambda value: (value // 64 + 1) * each, "u": lambda value: value}
    more = (times[letter](value) for letter, value in fields_of(operation) if letter in times)
    return int(row["longest, us"]) + sum(more)


def refused_port(port, width):
    """P3."""
    if port + width > 0x10000:
        return "BAD_PORT"
    return "MISALIGNED" if port % width else None


def refused_index(width, port, flags, index, data_port):
    """P11."""
    index_width = 1 << (flags & 3)
    if flags > 7 or index_width > 4 or index >> 8 * index_width:
        return "BAD_OPERAND"
    return refused_port(port, index_width) or refused_port(data_port, width)


def refused_memory(width, address, size):
    """P12, P13."""
    if not size or address + size > 1 << 64:
        return "BAD_OPERAND"
    return "MISALIGNED" if width and address % width else None


def refused_pci(width, offset, count):
    """P14."""
    if offset % width:
        return "MISALIGNED"
    return "BAD_OPERAND" if not count or offset + count * width > 0x1000 else None


def refused(name, *operands):
    """P3, P11 to P14: what is wrong with an operation by itself."""
    width, letters = BY_NAME[name]["width"], BY_NAME[name]["operands"]
    if name.startswith("INDEX"):
        return refused_index(width, *operands[:4])
    if letters.startswith("p"):
        return refused_port(operands[0], width) or ("BAD_OPERAND" if "n" in letters and not operands[1] else None)
    if name.startswith("PCI"):
        return refused_pci(width, *operands[1:3])
    if letters.startswith("qn"):
        return refused_memory(width, operands[0], operands[1] * width)
    if letters.startswith("ql"):
        step = operands[2] if "b" in letters else 1
        return "BAD_OPERAND" if step not in (1, 2, 4, 8) or not operands[-1] else refused_memory(0, *operands[:2])
    return None


if __name__ == "__main__":
    unittest.main()
