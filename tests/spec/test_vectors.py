# SPDX-License-Identifier: MIT
"""The vectors of tests/unit, read by the decoder that was made from SPEC.md alone."""

import unittest

import spec_text
from decoder import (BODIES, NOTES, OPERATIONS, STATUSES, WIDTHS, Decoder, Rejected, Session, Splitter, cobs_decode,
                     mix, parse_program, session_start)
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
        status, index, done, detail = numbers(fields, "status", "index", "done", "detail")
        self.assertEqual(read(), {"name": "FAILED", "status": status, "index": index, "done": done, "detail": detail,
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
        status, count, results, bad_index = numbers(fields, "status", "count", "results", "bad_index")
        expected = (count, results) if STATUSES[status] == "DONE" else (bad_index,)
        self.assertEqual(self.check(bytes.fromhex(fields["program"])), (STATUSES[status], *expected))

    def check(self, data):
        """P4, without limits and policy: DONE, operations and bytes of results, or a status and an index."""
        if not data:
            return "MALFORMED", 0
        try:
            program = parse_program(data)
        except Rejected:
            return self.first_unreadable(data)
        letters = {row["operation"]: (row["operands"], row["results"]) for row in OPERATIONS.values()}
        results = 0
        for index, (operation, *operands) in enumerate(program):
            takes, gives = letters[operation]
            if takes.startswith("p"):
                width = int(operation.lstrip("INOUT")) // 8
                if operands[0] + width > 0x10000 or operands[0] % width:
                    return "BAD_PORT" if operands[0] + width > 0x10000 else "MISALIGNED", index
            results += sum(WIDTHS[letter] for letter in gives)
        return "DONE", len(program), results

    def first_unreadable(self, data):
        """The operation at which the longest readable beginning ends."""
        for size in range(len(data) - 1, -1, -1):
            try:
                index = len(parse_program(data[:size]))
            except Rejected:
                continue
            return ("MALFORMED" if data[size] in OPERATIONS else "UNSUPPORTED"), index
        return None


if __name__ == "__main__":
    unittest.main()
