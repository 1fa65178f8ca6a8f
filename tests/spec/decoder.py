# SPDX-License-Identifier: MIT
"""A decoder of kdio's line, written from SPEC.md alone; names and numbers come from the tables of SPEC.md itself.

    decoder.py < FILE    FILE has bytes of the line in hexadecimal, # starts a comment

Both directions may come in one stream: the check of a frame tells who sent it.
"""

import re
import sys

import spec_text

DELIMITER, MARK, ONES = 0x00, 0xF5, 0xFFFFFFFF
CHECK_SIZE, SEQ_SPAN = 4, 64
WIDTHS = {"b": 1, "w": 2, "d": 4, "q": 8, "p": 2, "u": 4, "n": 2, "l": 8}
OPERATIONS = {row["opcode"]: row for row in spec_text.operations()}
BY_NAME = {row["operation"]: row for row in OPERATIONS.values()}
STATUSES = {int(row["number"], 16): row["status"] for row in spec_text.statuses()}
NOTES = {int(row["type"], 16): row for row in spec_text.notes()}
OF_NO_SESSION = {int(row["header"], 16): row for row in spec_text.of_no_session()}
BODIES = {  # M4 to M7: names and sizes in the order of the wire
    "OPEN": "lowest:1 highest:1 nonce:4", "HELLO": "lowest:1 highest:1 boot:4", "REFUSE": "status:1 unknown:1",
    "ANSWER": "status:1 version:1 lowest:1 highest:1 boot:4 challenge:4 payload:2 request_window:2 reply_window:2 "
              "results:2 operations:2 frames:1 burst:1 capabilities:4 previous:4 previous_requests:4 "
              "previous_operations:4 uart_port:2 uart_ports:2",
    "FAILED": "status:1 index:2 done:2 vector:1 code:2 detail:8", "ALIVE": "operations:4", "UNSUPPORTED": "type:1"}


class Rejected(Exception):
    """Bytes that SPEC.md gives no meaning."""


def cobs_decode(wire):
    """F1; behind a full block at the end, the empty one may be left out."""
    data, at, code = bytearray(), 0, 0
    while at < len(wire):
        code = wire[at]
        block = wire[at + 1:at + code]
        if code == 0 or len(block) != code - 1:
            raise Rejected("COBS cut short")
        data += block + (b"" if code == 0xFF else b"\0")
        at += code
    return bytes(data) if code == 0xFF else bytes(data[:-1])


def crc_step(byte):
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)  # 1edc6f41, reflected
    return byte


CRC_STEPS = [crc_step(byte) for byte in range(256)]


def crc_register(start, data):
    for byte in data:
        start = start >> 8 ^ CRC_STEPS[(start ^ byte) & 0xFF]
    return start


def mix(x):
    x = (x ^ x >> 16) * 0x85EBCA6B & ONES
    x = (x ^ x >> 13) * 0xC2B2AE35 & ONES
    return x ^ x >> 16


def session_start(nonce, challenge, seq, sender):
    start = mix((mix((seq + nonce) & ONES) + challenge) & ONES)
    return start if sender == "host" else start ^ ONES


def intact(payload, start):
    check = int.from_bytes(payload[-CHECK_SIZE:], "little")
    return crc_register(start, payload[:-CHECK_SIZE]) ^ ONES == check


def nearest(low, wanted, behind=32):
    """K2: the number with these lower bits, from wanted - behind on. The stub looks 32 behind the request it wants."""
    first = wanted - behind
    return (first + (low - first) % SEQ_SPAN) & ONES


class Splitter:
    """F1 to F4: bytes to ("text", bytes), ("frame", payload) and ("bad", reason). The 200 ms are the caller's."""

    def __init__(self, limit=ONES):
        self.limit, self.frame = limit, None

    def push(self, data):
        for byte in data:
            if self.frame is not None and byte == DELIMITER:
                frame, self.frame = self.frame, None
                yield self._close(frame)
            elif self.frame is not None:
                self.frame.append(byte)
            elif byte == MARK:
                self.frame = bytearray()
            elif byte != DELIMITER:
                yield "text", bytes([byte])

    def gap(self):
        """No byte came for 200 ms."""
        dropped, self.frame = self.frame, None
        return [] if dropped is None else [("bad", "gap")]

    def _close(self, frame):
        try:
            payload = cobs_decode(frame)
        except Rejected as reason:
            return "bad", str(reason)
        if not payload or len(payload) > self.limit:
            return "bad", "too long" if payload else "empty"
        return "frame", payload


def take(layout, body):
    """The named integers of a body, and what follows them."""
    values, at = {}, 0
    for name, size in (field.split(":") for field in layout.split()):
        values[name] = int.from_bytes(body[at:at + int(size)], "little")
        at += int(size)
    if at > len(body):
        raise Rejected("bytes are missing")
    return values, body[at:]


def letter_size(letter, row, count, data):
    """P1: bytes of a field; those of `s` are told by its first."""
    if letter == "s":
        return 1 + (data[0] if data else 0)
    return {"v": row["width"], "t": row["width"] * count}.get(letter, WIDTHS.get(letter))


def value_of(letter, row, field):
    if letter == "s":
        return field[1:]
    if letter == "t":
        return tuple(int.from_bytes(field[at:at + row["width"]], "little") for at in range(0, len(field), row["width"]))
    return int.from_bytes(field, "little")


def take_letters(row, letters, data, count=0):
    """P1: one value for each letter, and the bytes that are left. `count` is the operand n, for results."""
    values = []
    for letter in letters:
        size = letter_size(letter, row, count, data)
        if len(data) < size:
            raise Rejected("cut short")
        values.append(value_of(letter, row, data[:size]))
        count = values[-1] if letter == "n" else count
        data = data[size:]
    return values, data


def take_operation(data, port):
    """(operation, operands ...), the bytes that are left, and the port that a short form behind it starts from (P8)."""
    row = OPERATIONS.get(data[0])
    if row is None:
        raise Rejected("unknown operation")
    name, (operands, data) = row["operation"], take_letters(row, row["operands"], data[1:])
    if name.startswith(("OUT_SAME", "OUT_NEXT")):
        if port is None:
            raise Rejected("no port before it")
        operands.insert(0, port + (row["width"] if "NEXT" in name else 0))
        name = f"OUT{8 * row['width']}"
    ports = [value for letter, value in zip(BY_NAME[name]["operands"], operands) if letter == "p"]
    return (name, *operands), data, ports[-1] if ports else port


def parse_program(data):
    """[(operation, operands ...)] of a program's bytes; the short forms of OUT are OUTs."""
    program, port = [], None
    while data:
        operation, data, port = take_operation(data, port)
        program.append(operation)
    return program


def count_of(operation):
    """The operand n; 0 without one."""
    name, *operands = operation
    return dict(zip(BY_NAME[name]["operands"], operands)).get("n", 0)


def take_results(program, data):
    """M3: the results of these operations, one list for each, and what is behind them."""
    results = []
    for operation in program:
        row = BY_NAME[operation[0]]
        values, data = take_letters(row, row["results"], data, count_of(operation))
        results.append(values)
    return results, data


def take_partial(operation, status, data):
    """P17: what the operation that stopped the program gives; nothing may be left."""
    row = BY_NAME[operation[0]]
    if status == "NO_MATCH" and row["operation"].startswith("POLL"):
        values, data = take_letters(row, row["results"], data)
    elif row["results"] == "t":
        units = min(len(data) // row["width"], count_of(operation) - 1)
        values, data = take_letters(row, "t" if units else "", data, units)
    else:
        values = []
    if data:
        raise Rejected("surplus results")
    return values


class Session:
    def __init__(self, nonce, challenge, wanted=0):
        self.key, self.wanted, self.programs = (nonce, challenge), wanted, {}

    def identify(self, payload):
        """(sender, number) of a frame of this session, None for another's.

        Who hears both ends knows the next request; neither end sends a later number, or one more than 32 before it.
        """
        seq = nearest(payload[0] & (SEQ_SPAN - 1), self.wanted)
        for sender in ("host", "stub"):
            if intact(payload, session_start(*self.key, seq, sender)):
                return sender, seq
        return None

    def read(self, sender, seq, payload):
        kind, body = payload[0] & 0xC0, payload[1:-CHECK_SIZE]
        if kind == 0x80:
            return self._note(sender, body)
        return self._request(kind, seq, body) if sender == "host" else self._reply(kind, seq, body)

    def _note(self, sender, body):
        row = NOTES.get(body[0]) if body else None
        if row is None or row["from"] != sender:
            raise Rejected("unknown note")
        return {"name": row["name"]} | take(BODIES.get(row["name"], ""), body[1:])[0]  # M8: surplus is ignored

    def _request(self, kind, seq, body):
        if (seq - self.wanted) & ONES < SEQ_SPAN // 2:
            self.wanted = (seq + 1) & ONES
        message = {"name": "ATOMIC" if kind else "PLAIN"}
        try:
            self.programs[seq] = parse_program(body)
        except Rejected as reason:  # P4: an answer is due to it all the same
            return message | {"malformed": str(reason), "program": body}
        return message | {"program": self.programs[seq]}

    def _reply(self, kind, seq, body):
        values, results = take(BODIES["FAILED"] if kind else "", body)
        if seq in self.programs:
            results = self._results(self.programs[seq], values, results)
        return {"name": "FAILED" if kind else "REPLY"} | values | {"results": results}

    @staticmethod
    def _results(program, failure, data):
        """A list for each operation done; P17: one for what the next gives, where that is anything."""
        done = failure.get("done", len(program))
        results, data = take_results(program[:done], data)
        if done < len(program):
            partial = take_partial(program[done], STATUSES.get(failure["status"]), data)
            return results + [partial] if partial else results
        if data:
            raise Rejected("surplus results")
        return results


class Decoder:
    """Payloads to messages: dictionaries with name, sender, seq (in a session) and what the body says."""

    def __init__(self):
        self.nonces, self.sessions = [], []

    def read(self, payload):
        if len(payload) <= CHECK_SIZE:
            raise Rejected("no room for header and check")
        if payload[0] & 0xC0 == 0xC0:
            return self._of_no_session(payload)
        for session in self.sessions:
            found = session.identify(payload)
            if found:
                return dict(zip(("sender", "seq"), found)) | session.read(*found, payload)
        raise Rejected("check")

    def _of_no_session(self, payload):
        row = OF_NO_SESSION.get(payload[0], {"name": "unknown", "from": "unknown"})
        nonces = self.nonces if row["name"] == "ANSWER" else [None]
        nonce = next((n for n in nonces if intact(payload, ONES if n is None else mix(n))), "none")
        if nonce == "none":
            raise Rejected("check")
        message, _ = take(BODIES.get(row["name"], ""), payload[1:-CHECK_SIZE])  # M8: surplus is ignored
        self._learn(row["name"], nonce, message)
        return {"name": row["name"], "sender": row["from"], "header": payload[0]} | message

    def _learn(self, name, nonce, message):
        if name == "OPEN":
            message["lowest"] -= 0xA0
            message["highest"] -= 0xA0
            self.nonces = [message["nonce"]] + [n for n in self.nonces if n != message["nonce"]]
        elif name == "ANSWER" and message["status"] == 0:
            key = (nonce, message["challenge"])
            if key not in (session.key for session in self.sessions):
                self.sessions.insert(0, Session(*key))


def describe(value):
    """A message on a line, numbers in hexadecimal."""
    if isinstance(value, dict):
        name = STATUSES.get(value.get("status"))
        fields = (f"{key}={name if key == 'status' and name else describe(item)}" for key, item in value.items())
        return " ".join(fields)
    if isinstance(value, (list, tuple)):
        return "(" + " ".join(describe(item) for item in value) + ")"
    return f"{value:x}" if isinstance(value, int) else value.hex() if isinstance(value, bytes) else str(value)


def main(lines):
    splitter, decoder, text = Splitter(), Decoder(), b""
    for line in lines:
        for kind, value in splitter.push(bytes.fromhex(re.sub(r"#.*", "", line))):
            if kind == "text":
                text += value
                continue
            if text:
                print("text", text)
                text = b""
            try:
                print(describe(decoder.read(value)) if kind == "frame" else f"bad: {value}")
            except Rejected as reason:
                print(f"bad: {reason}")
    if text:
        print("text", text)


if __name__ == "__main__":
    main(sys.stdin)
