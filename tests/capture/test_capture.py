# SPDX-License-Identifier: MIT
"""Captures of the real stub's sessions: what kdio --capture writes, and what proto/kdio.lua makes of it in tshark.

The judge is tests/spec/decoder.py, which was written from SPEC.md alone: it reads the same packets and must find the
same frames intact, with the same numbers, operations, operands and results. $KDIO is the command, $KDIO_LIBRARY the
shared library, $KDIO_LINE the line to the stub (line.c).
"""

import ctypes
import os
import random
import re
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import pcapng
from pcapng import CUT, FRAME, HOST, STUB, TEXT, Packet

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "spec"))
import decoder  # noqa: E402
import encoder  # noqa: E402
import spec_text  # noqa: E402
import test_tables as tables  # noqa: E402

KDIO, LINE, LIBRARY = os.environ["KDIO"], os.environ["KDIO_LINE"], os.environ["KDIO_LIBRARY"]
LUA = ROOT / "proto" / "kdio.lua"
LIMIT_S = 20
OPEN_SIZE = 15
DONE, REFUSED, LINK, SYSTEM = 0, 1, 3, 5
START_NS = 10 ** 18
KERNEL_LINE = "kernel: one whole line"
TO_OR_IN_PROGRAMS = ("PLAIN", "ATOMIC", "REPLY", "FAILED")
REPEATED = TO_OR_IN_PROGRAMS + ("OPEN", "ANSWER")
# What the decoder calls the fields of a body: what the dissector does.
BODY_FIELDS = {"lowest": "version_min", "highest": "version_max", "boot": "boot_id", "payload": "frame_max",
               "results": "results_max", "operations": "program_max", "frames": "frame_window",
               "previous": "previous_session", "uart_port": "link_port", "uart_ports": "link_ports"}
OTHER_NAMES = {"REFUSE": {"unknown": "unknown_header"}, "ALIVE": {"operations": "done"},
               "UNSUPPORTED": {"type": "unknown_note"}, "OPEN": {}, "HELLO": {}, "ANSWER": {}, "FAILED": {}}
LUA_TEXT = LUA.read_text(encoding="utf-8")


def lua_table(name):
    return re.search(rf"^local {name} = {{\n(.*?)^}}", LUA_TEXT, re.MULTILINE | re.DOTALL).group(1)


def lua_names(name):
    """A table of lists of names, by operation without its width."""
    return {stem: re.findall(r'"(\w+)"', names) for stem, names in
            re.findall(r"^    (\w+) = {(.*?)},$", lua_table(name), re.MULTILINE | re.DOTALL)}


OPERAND_NAMES, RESULT_NAMES = lua_names("OPERAND_NAMES"), lua_names("RESULT_NAMES")


def stem(operation):
    return operation.rstrip("0123456789")


def hex_units(values, width):
    """How the dissector shows a table."""
    return " ".join(f"{value:0{2 * width}x}" for value in values)


def plain(letter, value, width, is_text):
    """An operand or a result as tshark shows it."""
    if letter == "t":
        return hex_units(value, width)
    return value if letter != "s" or is_text else hex_units(value, 1)


def operand_fields(program):
    """The fields kdio.op.NAME of a program: their values in the order of its operations."""
    fields = {}
    for name, *operands in program:
        row = decoder.BY_NAME[name]
        for label, letter, value in zip(OPERAND_NAMES.get(stem(name), []), row["operands"], operands, strict=True):
            if stem(name).endswith("SEARCH") and letter == "s":  # P13: it travels with every bit inverted.
                value = bytes(0xFF - byte for byte in value)
            fields.setdefault("op." + label, []).append(plain(letter, value, row["width"], label == "text"))
    return fields


def result_fields(program, results):
    """Those of the results: kdio.OPERATION.NAME, kdio.op.result and kdio.op.results."""
    fields = {}
    for (name, *_), values in zip(program, results):
        row = decoder.BY_NAME[name]
        names = [f"{stem(name).lower()}.{label}" for label in RESULT_NAMES.get(stem(name), [])]
        names = names or ["op.results" if row["results"] == "t" else "op.result"] * len(values)
        for label, letter, value in zip(names, row["results"], values, strict=True):
            fields.setdefault(label, []).append(plain(letter, value, row["width"], False))
    return fields


OPERAND_FIELDS = {"op." + label for names in OPERAND_NAMES.values() for label in names}
RESULT_FIELDS = {"op.result", "op.results"} | {f"{name.lower()}.{label}" for name, names in RESULT_NAMES.items()
                                               for label in names}


def body_columns(name):
    """(name in the decoder, field of the dissector, size)"""
    for column in decoder.BODIES[name].split():
        plain, size = column.split(":")
        yield plain, OTHER_NAMES[name].get(plain, BODY_FIELDS.get(plain, plain)), int(size)


LUA_ERRORS = "_ws.expert.message"
FIELDS = sorted({LUA_ERRORS} | {f"kdio.{field}" for name in decoder.BODIES for _, field, _ in body_columns(name)} |
                {"kdio." + name for name in OPERAND_FIELDS | RESULT_FIELDS} |
                {"kdio." + name for name in (
                    "sender captured text kind header seq_low seq session crc crc.status surplus request_in "
                    "response_in time retransmission_of damage note op_count op.index op.opcode op.name op.word "
                    "op.width op.done op.status").split()} |
                {"kdio.expert." + name for name in
                 "bad_crc damaged retransmission expect failed reset taken".split()})


class Shown(dict):
    """What tshark shows of a packet: field to its values, in the order of the tree."""

    def one(self, field):
        values = self["kdio." + field]
        return values[0] if len(values) == 1 else None if not values else values

    def numbers(self, field):
        return [int(value, 0) for value in self["kdio." + field]]

    def number(self, field):
        value = self.one(field)
        return None if value is None else int(value, 0)


def tshark(path, *arguments):
    with tempfile.TemporaryDirectory() as home:
        result = subprocess.run(["tshark", "-n", "-X", f"lua_script:{LUA}", "-r", str(path), *arguments],
                                capture_output=True, text=True, timeout=LIMIT_S, check=False,
                                env=dict(os.environ, HOME=home, XDG_CONFIG_HOME=home))
    errors = [line for line in result.stderr.splitlines() if "Running as user" not in line]
    if result.returncode or errors or "Lua Error" in result.stdout:
        raise AssertionError(f"tshark: {result.returncode} {errors} {result.stdout[:2000]}")
    return result.stdout


def dissect(path):
    columns = [word for field in FIELDS for word in ("-e", field)]
    text = tshark(path, "-2", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", *columns)
    if "Lua Error" in text:
        raise AssertionError(re.search(r"Lua Error[^\t|]*", text).group(0))
    rows = (zip(FIELDS, line.split("\t"), strict=True) for line in text.split("\n")[:-1])
    return [Shown((field, cell.split("|") if cell else []) for field, cell in row) for row in rows]


# ---- The judge ----

def judge(packets):
    """What decoder.py reads in each packet: a message, or None for what is no intact frame."""
    reader = decoder.Decoder()
    messages = []
    for packet in packets:
        try:
            if packet.kind != FRAME:
                raise decoder.Rejected("no frame")
            messages.append(reader.read(decoder.cobs_decode(packet.wire[1:-1])))
        except decoder.Rejected:
            messages.append(None)
    return messages


class Judged(unittest.TestCase):
    """A capture, by tshark and by the judge."""

    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.file = self.directory / "line.pcapng"

    def judged(self, path=None):
        """(packets, what tshark shows, messages), after they were found to agree."""
        _, packets = pcapng.read(path or self.file)
        shown, messages = dissect(path or self.file), judge(packets)
        self.assertEqual(len(shown), len(packets))
        for number, (packet, view, message) in enumerate(zip(packets, shown, messages), 1):
            with self.subTest(packet=number, kind=view.one("kind")):
                self.agree(packet, view, message)
        self.judge_links(packets, shown, messages)
        return packets, shown, messages

    def agree(self, packet, view, message):
        self.assertEqual((view.number("sender"), view.number("captured")), (packet.sender, packet.kind))
        if packet.kind == TEXT:
            self.assertEqual(view.one("kind"), "text")
        elif message is None:
            self.assertTrue(view.number("crc.status") != 1 or view.one("damage"), view)
            self.assertIsNone(view.one("retransmission_of"))
        else:
            self.agree_on_message(packet, view, message)

    def agree_on_message(self, packet, view, message):
        self.assertEqual((view.one("kind"), view.number("crc.status"), view.one("damage"), view.number("seq")),
                         (message["name"], 1, None, message.get("seq")))
        self.assertEqual(packet.sender, HOST if message["sender"] == "host" else STUB)
        if message["name"] in decoder.BODIES:
            for plain, field, _ in body_columns(message["name"]):
                self.assertEqual(view.number(field), message[plain], field)
        if message["name"] in ("PLAIN", "ATOMIC"):
            self.agree_on_program(view, message["program"])

    def agree_on_program(self, view, program):
        names = [name for name, *_ in program]
        self.assertEqual(view["kdio.op.name"], names)
        self.assertEqual(view.number("op_count"), len(program))
        self.assertEqual(view.numbers("op.index"), list(range(len(program))))
        self.agree_on_fields(view, OPERAND_FIELDS - {"op.text"}, operand_fields(program))
        widths = [decoder.BY_NAME[name]["width"] for name in names]
        self.assertEqual(view.numbers("op.width"), [width for width in widths if width])

    def agree_on_fields(self, view, names, expected):
        """That these fields are shown so often, with these values, in this order."""
        for name in names:
            values = expected.get(name, [])
            shown = view["kdio." + name] if values and isinstance(values[0], str) else view.numbers(name)
            self.assertEqual(shown, values, name)

    def judge_links(self, packets, shown, messages):
        """Replies and repetitions, by the bytes: equal frames of one session are one message sent again."""
        first_of, requests, replies = {}, {}, {}
        for number, (packet, view, message) in enumerate(zip(packets, shown, messages), 1):
            if message is None or message["name"] not in REPEATED:
                continue
            with self.subTest(packet=number):
                first = first_of.setdefault((packet.sender, packet.wire), number)
                self.assertEqual(view.number("retransmission_of"), None if first == number else first)
                self.assertEqual(bool(view.one("expert.retransmission")), first != number)
                key = (view.one("session"), message.get("seq"))
                if message["name"] in ("PLAIN", "ATOMIC"):
                    requests.setdefault(key, (number, message["program"]))
                elif message["name"] in ("REPLY", "FAILED") and key in requests:
                    replies.setdefault(key, (number, message))
                    self.judge_reply(packets, view, message, requests[key], number)
        self.judge_requests(shown, messages, replies)
        self.judge_opens(packets, shown, messages)

    def judge_opens(self, packets, shown, messages):
        """An ANSWER goes with the first OPEN with the nonce that its check starts from."""
        opens, answers = {}, {}
        for number, (packet, view, message) in enumerate(zip(packets, shown, messages), 1):
            if message and message["name"] == "OPEN":
                opens.setdefault(message["nonce"], number)
            elif message and message["name"] == "ANSWER":
                payload = decoder.cobs_decode(packet.wire[1:-1])
                nonce = next(nonce for nonce in opens if decoder.intact(payload, decoder.mix(nonce)))
                answers.setdefault(nonce, number)
                self.assertEqual((view.number("request_in"), bool(view.one("time"))), (opens[nonce], True))
        for view, message in zip(shown, messages):
            if message and message["name"] == "OPEN":
                self.assertEqual(view.number("response_in"), answers.get(message["nonce"]))

    def judge_reply(self, packets, view, message, request, number):
        self.assertEqual(view.number("request_in"), request[0])
        elapsed = (packets[number - 1].time_ns - packets[request[0] - 1].time_ns) / pcapng.NS_PER_S
        self.assertAlmostEqual(float(view.one("time")), elapsed, delta=1e-6)
        self.agree_on_program(view, request[1])
        self.judge_results(view, request[1], message)

    def judge_results(self, view, program, message):
        results = message["results"]
        done = message.get("done", len(program))
        self.agree_on_fields(view, RESULT_FIELDS, result_fields(program, results))
        self.assertEqual(view["kdio.op.done"], ["1"] * done + ["0"] * (len(program) - done))
        if message["name"] == "FAILED":
            stopped = [message["status"]] if message["index"] < len(program) else []
            self.assertEqual((view.numbers("op.status"), bool(view.one("expert.failed"))), (stopped, True))

    def judge_requests(self, shown, messages, replies):
        for view, message in zip(shown, messages):
            if message and message["name"] in ("PLAIN", "ATOMIC"):
                reply = replies.get((view.one("session"), message["seq"]))
                self.assertEqual(view.number("response_in"), reply[0] if reply else None)
                if reply:
                    self.judge_results_of_request(view, message["program"], reply[1])

    def judge_results_of_request(self, view, program, reply):
        self.agree_on_fields(view, RESULT_FIELDS, result_fields(program, reply["results"]))


# ---- Lines ----

class Line:
    """The real stub behind a UNIX socket."""

    def __init__(self, test):
        self.process = subprocess.Popen([LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        test.addCleanup(self.end)
        self.gensio = self.answer().strip()
        self.path = self.gensio.split(",")[1]

    def answer(self):
        if not select.select([self.process.stdout], [], [], LIMIT_S)[0]:
            raise AssertionError("the line does not answer")
        return self.process.stdout.readline()

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        *words, ok = self.answer().split()
        if ok != "ok":
            raise AssertionError(f"{word}: {words}")
        return words

    def end(self):
        self.process.communicate("end\n", timeout=LIMIT_S)


class Noise:
    """Forwards a connection and alters bytes in both directions, from a seed, after the first ones."""

    SPARED, ONE_IN, FLIP = 120, 220, 0x10

    def __init__(self, test, directory, to):
        self.path = directory / "noise"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.to = to
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        test.addCleanup(self.end)

    def serve(self):
        host, _ = self.listener.accept()
        stub = socket.socket(socket.AF_UNIX)
        stub.connect(self.to)
        ends = {host: (stub, random.Random(1), [0]), stub: (host, random.Random(2), [0])}
        while True:
            for source in select.select(list(ends), [], [])[0]:
                data = source.recv(4096)
                if not data:
                    host.close()
                    stub.close()
                    return
                target, numbers, seen = ends[source]
                target.sendall(bytes(self.alter(byte, numbers, seen) for byte in data))

    def alter(self, byte, numbers, seen):
        seen[0] += 1
        hit = numbers.randrange(self.ONE_IN) == 0
        return byte ^ self.FLIP if hit and seen[0] > self.SPARED else byte

    def end(self):
        self.thread.join(LIMIT_S)
        self.listener.close()


def kdio(target, *words, text=None, **options):
    return subprocess.run([KDIO, "--target", target, *map(str, words)], input=text, capture_output=True, text=True,
                          timeout=LIMIT_S, check=False, **options)


# ---- Tests ----

class Sessions(Judged):
    """The command's own captures."""

    def capture(self, target, *words, status=DONE, **options):
        result = kdio(target, "--capture", self.file, *words, **options)
        self.assertEqual((result.returncode, result.stderr if status == DONE else ""), (status, ""), result.stderr)
        return result

    def clean_session(self, *extra, status=DONE):
        line = Line(self)
        script = "ob 80 55; ow d02 beef; od d04 deadbeef; ib 71; iw d08; id d0c; { ; ob 70 a; ib 71; }"
        return line, self.capture(line.gensio, "-c", "; ".join((script, *extra)), status=status)

    def test_a_clean_session(self):
        line, result = self.clean_session("ob 666 1", status=REFUSED)
        self.assertEqual(pcapng.read(self.file)[0], line.gensio)
        packets, shown, messages = self.judged()
        self.assertEqual([message["name"] for message in messages], [
            "OPEN", "ANSWER", "PLAIN", "REPLY", "PLAIN", "REPLY", "ATOMIC", "REPLY", "PLAIN", "FAILED"])
        self.assertEqual(shown[4]["kdio.op.word"], ["ob", "ow", "od", "ib", "iw", "id"])
        self.assertEqual(shown[4].numbers("op.value"), [0x55, 0xBEEF, 0xDEADBEEF])
        self.assertEqual(shown[6].numbers("op.port"), [0x70, 0x71])
        printed = [int(row.split(": ")[1], 16) for row in result.stdout.splitlines()]
        self.assertEqual(shown[5].numbers("op.result") + shown[7].numbers("op.result"), printed)
        self.assertEqual(shown[9].numbers("op.status"), [0x06])
        times = [packet.time_ns for packet in packets]
        self.assertEqual(times, sorted(times))
        self.assertAlmostEqual(times[-1] / pcapng.NS_PER_S, time.time(), delta=LIMIT_S)

    def test_filters_find_an_access_by_its_port(self):
        self.clean_session()
        for expression, frames in (
                ("kdio.op.port == 0x80", ["5", "6"]), ('kdio.op.name == "OUT8"', ["5", "6", "7", "8"]),
                ("kdio.kind == ATOMIC", ["7"]), ("kdio.op.result && kdio.request_in == 7", ["8"]),
                ("kdio.op.value == 0xdeadbeef", ["5", "6"]), ("kdio.crc.status != 1", [])):
            found = tshark(self.file, "-2", "-Y", expression, "-T", "fields", "-e", "frame.number").split()
            self.assertEqual(found, frames, expression)

    def test_counters_by_name(self):
        line = Line(self)
        self.capture(line.gensio, "info")
        _, shown, _ = self.judged()
        self.assertEqual((shown[-1].number("stats.uart_base"), shown[-1].one("op.name")), (0x3F8, "STATS"))

    def test_damage_in_the_file_is_flagged(self):
        self.clean_session()
        _, packets = pcapng.read(self.file)
        numbers = random.Random(3)
        for index, name in ((1, "ANSWER"), (4, "PLAIN"), (5, "REPLY"), (7, "REPLY")):
            wire = bytearray(packets[index].wire)
            wire[numbers.randrange(1, len(wire) - 1)] ^= 0x80
            path = self.directory / f"{index}.pcapng"
            pcapng.write(path, packets[:index] + [packets[index]._replace(wire=bytes(wire))] + packets[index + 1:])
            with self.subTest(damaged=name, at=index):
                _, shown, _ = self.judged(path)
                view = shown[index]
                self.assertTrue(view.one("expert.bad_crc") or view.one("expert.damaged"))
                self.assertEqual([bool(v.one("expert.bad_crc")) for v in shown[:index]], [False] * index)

    def test_a_capture_that_begins_late_is_not_called_damaged(self):
        self.clean_session()
        late = self.directory / "late.pcapng"
        pcapng.write(late, pcapng.read(self.file)[1][2:])
        _, shown, _ = self.judged(late)
        self.assertEqual({view.number("crc.status") for view in shown}, {2})
        self.assertFalse(any(view.one("expert.bad_crc") for view in shown))

    def test_a_line_with_faults(self):
        line = Line(self)
        noise = Noise(self, self.directory, line.path)
        script = "\n".join(f"{{\nod d00 {i:x}\nid d04\n}}" for i in range(150))
        result = self.capture(f"unix,{noise.path}", "run", "-", text=script)
        _, shown, messages = self.judged()
        written = [value for view, message in zip(shown, messages)
                   if message and message["name"] == "ATOMIC" and not view.one("retransmission_of")
                   for value in view.numbers("op.value")]
        self.assertEqual(written, list(range(150)))
        read = [value for view, message in zip(shown, messages)
                if message and message["name"] == "REPLY" and not view.one("retransmission_of")
                for value in view.numbers("op.result")]
        self.assertEqual(read, [int(row.split(": ")[1], 16) for row in result.stdout.splitlines()])
        for expert in ("retransmission", "expect", "bad_crc"):
            self.assertGreater(sum(bool(view.one("expert." + expert)) for view in shown), 2, expert)

    # ---- What ends a session ----

    def console(self, line):
        """A running `kdio console` in a session, proved by a line of the kernel's."""
        process = subprocess.Popen([KDIO, "--target", line.gensio, "--capture", str(self.file), "console"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        end = time.monotonic() + LIMIT_S
        line.tell("say")
        while not select.select([process.stdout], [], [], 0.1)[0]:  # What it said before somebody listened is lost.
            self.assertLess(time.monotonic(), end)
            line.tell("say")
        self.assertEqual(process.stdout.readline(), KERNEL_LINE + "\n")
        return process

    def test_text_both_ways(self):
        line = Line(self)
        process = self.console(line)
        process.communicate("typed, \xe9\n", timeout=LIMIT_S)
        self.assertEqual(process.returncode, DONE)
        _, shown, _ = self.judged()
        said = "".join(value for view in shown for value in view["kdio.text"])
        self.assertIn(KERNEL_LINE, said)
        typed = [value for view in shown if view.one("kind") == "PLAIN" for value in view["kdio.op.text"]]
        self.assertIn("typed, \xe9\\n", "".join(typed))

    def test_a_reset(self):
        line = Line(self)
        process = self.console(line)
        line.tell("reset")
        self.assertEqual(process.wait(LIMIT_S), LINK)
        _, shown, _ = self.judged()
        boots = {view.one("boot_id") for view in shown} - {None}
        self.assertEqual(len(boots), 2)
        flagged = [view for view in shown if view.one("expert.reset")]
        self.assertEqual([view.one("kind") for view in flagged], ["HELLO"])

    def test_a_killed_command_leaves_a_whole_file(self):
        line = Line(self)
        process = self.console(line)
        process.kill()
        process.wait(LIMIT_S)
        _, shown, _ = self.judged()
        self.assertIn(KERNEL_LINE, "".join(value for view in shown for value in view["kdio.text"]))

    def test_a_connection_that_is_cut(self):
        line = Line(self)
        process = self.console(line)
        line.tell("cut")  # After the request was executed: the reply is lost with the connection.
        process.communicate("typed\n", timeout=LIMIT_S)
        self.assertEqual(process.returncode, DONE)
        _, shown, _ = self.judged()
        again = [view for view in shown if view.one("retransmission_of") and view.one("op.name") == "TEXT"]
        self.assertEqual(len(again), 1)

    # ---- Files ----

    def test_a_full_disk_does_not_disturb_the_pokes(self):
        line = Line(self)
        script = "\n".join("{\nod d00 1\n}" for _ in range(200))
        result = kdio(line.gensio, "--capture", self.file, "run", "-", text=script, restore_signals=False,
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertEqual(result.returncode, DONE)
        self.assertRegex(result.stderr, rf"\Akdio: {self.file}: .*the capture is not complete\n\Z")
        self.assertEqual(line.tell("accesses"), ["200"])
        packets, _, _ = self.judged()
        self.assertGreater(len(packets), 20)

    def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(self):
        line = Line(self)
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)  # Nobody reads it: opening it would wait for ever.
        for path in (self.directory / "none" / "x", self.directory, "/dev/full", pipe):
            result = kdio(line.gensio, "--capture", path, "ob", "80", "1")
            self.assertEqual((result.returncode, result.stdout), (SYSTEM, ""))
            self.assertIn(str(path), result.stderr)
        self.assertEqual(line.tell("accesses"), ["0"])


class Strange(Judged):
    """Bytes that no stub sends."""

    def capture_bytes(self, *pieces):
        """Sends a piece each time the command has sent an OPEN, twice a second; then the line goes away."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.settimeout(LIMIT_S)
        listener.bind(str(self.directory / "strange"))
        listener.listen()
        process = subprocess.Popen([KDIO, "--target", f"unix,{self.directory}/strange", "--capture", str(self.file),
                                    "ob", "80", "1"], stderr=subprocess.PIPE)
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        connection.settimeout(LIMIT_S)
        for piece in pieces:
            connection.recv(OPEN_SIZE, socket.MSG_WAITALL)
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, LINK)
        packets, self.shown, _ = self.judged()
        return [packet for packet in packets if packet.sender == STUB]

    def kinds(self, packets):
        return [(packet.kind, packet.wire) for packet in packets]

    def joined(self, packets, kind):
        return b"".join(packet.wire for packet in packets if packet.kind == kind)

    def test_a_frame_that_the_end_of_the_line_cuts(self):
        packets = self.capture_bytes(b"boot\n\0\0\xf5\x05ab")
        self.assertEqual(self.kinds(packets), [(TEXT, b"boot\n"), (CUT, b"\xf5\x05ab")])
        self.assertEqual([view.one("damage") for view in self.shown if view.one("expert.damaged")],
                         ["the frame has no end"])

    def test_a_frame_that_silence_cuts(self):
        packets = self.capture_bytes(b"\xf5\x05ab", b"text")
        self.assertEqual(self.kinds(packets), [(CUT, b"\xf5\x05ab"), (TEXT, b"text")])

    def test_frames_that_are_damaged(self):
        packets = self.capture_bytes(b"\xf5\0\xf5\x09ab\0\xf5\x03ab\0end")
        self.assertEqual(self.kinds(packets), [(FRAME, b"\xf5\0"), (FRAME, b"\xf5\x09ab\0"), (FRAME, b"\xf5\x03ab\0"),
                                               (TEXT, b"end")])

    def test_a_frame_longer_than_any(self):
        packets = self.capture_bytes(b"\xf5" + b"A" * 150000 + b"\0text")
        self.assertEqual(self.joined(packets, CUT), b"\xf5" + b"A" * 150000 + b"\0")
        self.assertEqual(self.joined(packets, TEXT), b"text")
        self.assertFalse([packet for packet in packets if packet.kind == FRAME])


class Library(Judged):
    """kdio_capture_* by themselves."""

    def captured(self, *calls):
        """calls: (from the host, bytes)"""
        library, handle = ctypes.CDLL(os.path.abspath(LIBRARY)), ctypes.c_void_p()
        library.kdio_capture_wire.argtypes = [ctypes.c_void_p, ctypes.c_bool, ctypes.c_char_p, ctypes.c_size_t]
        library.kdio_capture_close.argtypes = [ctypes.c_void_p]
        self.assertEqual(library.kdio_capture_open(ctypes.byref(handle), str(self.file).encode(), b"a line"), 0)
        for from_host, data in calls:
            library.kdio_capture_wire(handle, from_host, data, len(data))
        self.assertEqual(library.kdio_capture_close(handle), 0)
        name, packets = pcapng.read(self.file)
        self.assertEqual(name, "a line")
        return [packet[:3] for packet in packets]

    def test_each_direction_is_taken_apart_by_itself(self):
        frame = b"\xf5\x03ab\0"
        calls = [(i % 2 == 0, frame[i // 2:i // 2 + 1]) for i in range(2 * len(frame))]
        self.assertEqual(self.captured(*calls), [(HOST, FRAME, frame), (STUB, FRAME, frame)])

    def test_text_and_frames_in_one_piece(self):
        self.assertEqual(self.captured((False, b"one\0\xf5ab\0two\xf5cd\0\xf5ef\0\0three")),
                         [(STUB, TEXT, b"one"), (STUB, FRAME, b"\xf5ab\0"), (STUB, TEXT, b"two"),
                          (STUB, FRAME, b"\xf5cd\0"), (STUB, FRAME, b"\xf5ef\0"), (STUB, TEXT, b"three")])

    def test_a_new_connection_ends_a_frame(self):
        self.assertEqual(self.captured((True, b"\xf5ab"), (False, b"\xf5cd"), (False, b""), (False, b"text"),
                                       (True, b"\0")),
                         [(STUB, CUT, b"\xf5cd"), (STUB, TEXT, b"text"), (HOST, FRAME, b"\xf5ab\0")])

    def test_what_is_under_way_at_the_end_is_kept(self):
        self.assertEqual(self.captured((True, b"\xf5ab"), (False, b"\xf5cd")),
                         [(HOST, CUT, b"\xf5ab"), (STUB, CUT, b"\xf5cd")])


class Text(Judged):
    def test_text_of_any_bytes_is_shown(self):
        lines = [bytes([byte]) + b"A\xe5 \xc0\x80\xed\xa0\x80\xf4\x90\x80\x80" + bytes([byte])
                 for byte in range(1, 256)]
        lines.append("gr\xfc\xdf".encode())
        pcapng.write(self.file, [Packet(STUB, TEXT, line) for line in lines])
        _, shown, _ = self.judged()
        self.assertEqual(shown[-1].one("text"), "gr\xfc\xdf")
        self.assertTrue(all("A\ufffd \ufffd" in "|".join(view["kdio.text"]) for view in shown[:0x7f]))


class Made(Judged):
    """Frames made by tests/spec from SPEC.md, of every kind there is."""

    KEY = (0xA0A0A0A5, 0x12345678)

    def make(self, frames):
        """frames: (sender, whole frame with both delimiters), a microsecond apart"""
        pcapng.write(self.file, [Packet(sender, FRAME, wire[1:], START_NS + 1000 * i)
                                 for i, (sender, wire) in enumerate(frames)])

    def dissected(self, frames):
        self.make(frames)
        return self.judged()[1:]

    def test_the_examples_of_the_specification(self):
        examples = spec_text.examples()
        from_host = ("OPEN", "SESSION", "OUT8", "CMOS", "POLL8", "VREAD32")
        frames = [(HOST if label.startswith(from_host) else STUB, wire) for label, wire in examples]
        shown, messages = self.dissected(frames)
        self.assertNotIn(None, messages)
        self.assertEqual([view.one("kind") for view in shown], [message["name"] for message in messages])
        self.assertTrue(any(view.one("expert.expect") for view in shown))

    def opening(self):
        wires = dict(spec_text.examples())
        return [(HOST, wires["OPEN"]), (STUB, wires["ANSWER"])]

    def frame(self, sender, kind, seq, body=b""):
        name = "host" if sender == HOST else "stub"
        return sender, encoder.frame(encoder.in_session(self.KEY, name, kind, seq, body))

    def of_all_letters(self, row, letters, count):
        """Fields of the letters whose bytes differ; `n` is count."""
        fields = {"n": count.to_bytes(2, "little"), "s": b"\xfe" + bytes(range(1, 255)),
                  "t": bytes(at % 251 for at in range(count * row["width"])),
                  "v": bytes(range(0xF1, 0xF1 + row["width"]))}
        return b"".join(fields[letter] if letter in fields else bytes(range(0xE1, 0xE1 + decoder.WIDTHS[letter]))
                        for letter in letters)

    def every_operation(self):
        """(row, program, results): each alone, those with tables with one unit and with many; behind a port (P8)."""
        for row in spec_text.operations():
            for count in (1, 50) if "n" in row["operands"] else (1,):
                program = bytes([row["opcode"]]) + self.of_all_letters(row, row["operands"], count)
                yield row, b"\x10\x70\0" + program, b"\x37" + self.of_all_letters(row, row["results"], count)

    def test_every_operation(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        for seq, (_, program, results) in enumerate(self.every_operation(), 1):
            frames.append(self.frame(HOST, "ATOMIC", seq, program))
            frames.append(self.frame(STUB, "REPLY", seq, results))
        shown, messages = self.dissected(frames)
        self.assertNotIn(None, messages)
        opcodes = {view.numbers("op.opcode")[1] for view in shown[4:]}
        self.assertEqual(opcodes, {row["opcode"] for row in spec_text.operations()})

    def test_every_operation_that_stops(self):
        """P17: what it gives until then."""
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        for seq, (row, program, results) in enumerate(self.every_operation(), 1):
            status = b"\x0c" if row["operation"].startswith("POLL") else b"\x0b"
            partial = results[1:] if status == b"\x0c" else results[1:-row["width"]] if row["results"] == "t" else b""
            body = status + b"\1\0\1\0" + b"\x0e\2\0" + bytes(range(0xD1, 0xD9)) + b"\x37" + partial
            frames.append(self.frame(HOST, "PLAIN", seq, program))
            frames.append(self.frame(STUB, "FAILED", seq, body))
        shown, messages = self.dissected(frames)
        self.assertNotIn(None, messages)
        self.assertEqual({view.number("detail") for view in shown[5::2]}, {0xD8D7D6D5D4D3D2D1})
        self.assertTrue(any("op.results" in field and values for view in shown[4:] for field, values in view.items()))

    def test_partial_results_that_do_not_fit(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        read = b"\x51" + bytes(8) + b"\2\0"
        for seq, (status, results) in enumerate(((0x0B, b"1"), (0x0B, b"1234"), (0x0D, b"123"), (0x0D, b"12")), 1):
            frames += [self.frame(HOST, "PLAIN", seq, read),
                       self.frame(STUB, "FAILED", seq, bytes([status]) + bytes(15) + results)]
        self.make(frames)
        damage = [view.one("damage") for view in dissect(self.file)[5::2]]
        self.assertEqual(damage, ["the reply does not fit its program"] * 3 + [None])

    def test_short_forms_without_a_port(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12)),
                                   self.frame(HOST, "PLAIN", 1, b"\x41\x18\x55")]
        self.make(frames)
        view = dissect(self.file)[-1]
        self.assertEqual((view["kdio.op.name"], view.one("damage")),
                         (["RDTSC"], "a short form without a port before it"))

    NAMED = [  # program, results, and fields by their names
        ("22 f801 01000000 02000000", "03000000 04000000",
         {"op.port": 0x1F8, "op.kept": 1, "op.set": 2, "rmw.old": 3, "rmw.new": 4}),
        ("24 f601 80 08 10270000", "58 e7030000", {"op.port": 0x1F6, "op.mask": 0x80, "op.value": 8,
                                                   "op.limit_us": 10000, "poll.value": 0x58, "poll.took_us": 999}),
        ("29 0f00 0300", "", {"op.mask": 15, "op.value": 3}),
        ("31 c403 05 02000000 c603 3412", "", {"op.index_port": 0x3C4, "op.index_flags": 5, "op.index_value": 2,
                                              "op.port": 0x3C6, "op.value": 0x1234}),
        ("40 e8030000", "", {"op.time_us": 1000}),
        ("06 00c20100", "00c20100", {"op.rate": 115200, "op.result": 115200}),
        ("45 77020000 0600070000000600", "", {"op.msr": 0x277, "op.value": 0x6000000070006}),
        ("46 07000000 01000000", "01000000 02000000 03000000 04000000",
         {"op.leaf": 7, "op.subleaf": 1, "cpuid.eax": 1, "cpuid.ebx": 2, "cpuid.ecx": 3, "cpuid.edx": 4}),
        ("4d 08000000 0400 0100 0300", "", {"op.function": 8, "op.offset": 4, "op.count": 1, "op.values": "0003"}),
        ("70 0010000000000000 0020000000000000 04 02 9e9d", "0018000000000000",
         {"op.address": 0x1000, "op.length": 0x2000, "op.step": 4, "op.pattern": "61 62", "op.result": 0x1800}),
        ("74 0010000000000000", "04 03 0070000000000000" + "".join(f"0{n}00000000000000" for n in range(1, 6)),
         {"op.address": 0x1000, "translate.levels": 4, "translate.entries": 3, "translate.physical": 0x7000,
          "translate.entry_1": 1, "translate.entry_2": 2, "translate.entry_5": 5}),
        ("07", "0e" + "".join(f"0{n}00000000000000" for n in range(1, 4)),
         {"fault.vector": 14, "fault.rip": 1, "fault.address": 2, "fault.code": 3})]

    def test_fields_have_the_names_of_what_they_are(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        for seq, (program, results, _) in enumerate(self.NAMED, 1):
            frames += [self.frame(HOST, "PLAIN", seq, bytes.fromhex(program)),
                       self.frame(STUB, "REPLY", seq, bytes.fromhex(results))]
        shown, _ = self.dissected(frames)
        for (program, _, named), view in zip(self.NAMED, shown[5::2], strict=True):
            for field, value in named.items():
                found = view.one(field) if isinstance(value, str) else view.number(field)
                self.assertEqual(found, value, (program, field))

    def test_what_is_read_at_a_glance(self):
        """The summary and the tree, as a person sees them."""
        program = bytes.fromhex("15f001beef 1d1234 68 0010000000000000 0a00 4a f8000100 1000 0100")
        results = bytes(range(10)) + bytes.fromhex("86802229")
        self.make(self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(HOST, "PLAIN", 1, program),
                                    self.frame(STUB, "REPLY", 1, results)])
        text = tshark(self.file, "-2", "-V")
        for line in ("OUT16 01f0 efbe; OUT16 01f2 3412; PGET 0000000000001000 000a -> 00 01 02 03 04 05 06 07 ... "
                     "(10 units); PCI_READ32 000100f8 0010 0001 -> 29228086",
                     "Function: 0x000100f8 (0001:00:1f.0)", "Results: 00 01 02 03 04 05 06 07 08 09", "Count: 10"):
            self.assertIn(line, text)

    def test_every_message_and_what_is_unknown(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        frames += [self.frame(HOST if row["from"] == "host" else STUB, "note", 1, bytes([number]) + b"\x08\1\0\0")
                   for number, row in decoder.NOTES.items()]
        frames += [(STUB, encoder.frame(encoder.seal(b"\xf3\x08\xf9"))), (STUB, encoder.frame(encoder.seal(b"\xf9??"))),
                   self.frame(HOST, "PLAIN", 1, b"\x14\x80\0\x55\x10\x80\0\x7f"),
                   self.frame(STUB, "FAILED", 1, b"\x08\2\0\2\0" + bytes(11) + b"\x37")]
        shown = self.dissected_with_unknown(frames)
        self.assertEqual({view.one("kind") for view in shown},
                         {"OPEN", "ANSWER", "PLAIN", "REPLY", "FAILED", "REFUSE", "unknown"} |
                         {row["name"] for row in decoder.NOTES.values()})
        self.assertEqual(shown[-2].one("damage"), "unknown opcode 7f")
        self.assertTrue(any(view.one("expert.taken") for view in shown))

    def dissected_with_unknown(self, frames):
        """The program with an unknown opcode and its reply are judged by the test itself."""
        self.dissected(frames[:-2])
        self.make(frames)
        return dissect(self.file)

    def test_a_reply_that_is_sent_again(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        frames += [self.frame(HOST, "PLAIN", 1, b"\x10\x80\0"), self.frame(STUB, "REPLY", 1, b"\x37")]
        shown, _ = self.dissected(frames + frames[-2:] + frames[:2])
        self.assertEqual([view.number("retransmission_of") for view in shown[6:]], [5, 6, 1, 2])

    def test_replies_that_do_not_fit_their_programs(self):
        frames = self.opening() + [self.frame(HOST, "PLAIN", 0, b"\1"), self.frame(STUB, "REPLY", 0, bytes(12))]
        for seq, results in enumerate((b"", b"\x37\x38"), 1):
            frames += [self.frame(HOST, "PLAIN", seq, b"\x10\x80\0"), self.frame(STUB, "REPLY", seq, results)]
        self.make(frames)
        shown, misfit = dissect(self.file), "the reply does not fit its program"
        self.assertEqual([view.one("damage") for view in shown], [None] * 5 + [misfit, None, misfit])
        self.assertEqual([view.number("request_in") for view in shown[4:]], [None, 5, None, 7])

    def test_numbers_go_on_beyond_six_bits_and_across_losses(self):
        frames = self.opening()
        for seq in range(300):
            frames.append(self.frame(HOST, "PLAIN", seq, b"\1" if seq == 0 else b"\x10\x80\0"))
            if seq % 31 == 30:
                frames += [self.frame(STUB, "REPLY", n, b"\x99") for n in range(seq - 29, seq + 1) if n]
                frames.append(self.frame(STUB, "note", seq + 1, b"\1"))
        shown, messages = self.dissected(frames)
        self.assertNotIn(None, messages)
        self.assertEqual(max(view.number("seq") or 0 for view in shown), 299)


class Tables(unittest.TestCase):
    """kdio.lua's tables are those that the programs are compiled from."""

    def lua_numbers(self, name):
        return {word: int(number, 16) for number, word in
                re.findall(r"\[0x([0-9a-f]+)\] = \"(\w+)\",", lua_table(name))}

    def defined(self, path, pattern):
        return {name: int(number, 0) for name, number in
                re.findall(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)}

    def test_operations(self):
        rows = []
        for opcode, name, word, operands, results, widths in re.findall(
                r'{ 0x([0-9a-f]+), "(\w+)", "([!.\w]+)", "(\w*)", "(\w*)"(?:, ([34]))? },', lua_table("OPERATIONS")):
            several = [(str(8 << index), "bwdq"[index]) for index in range(int(widths or 0))] or [("", "")]
            rows += [(int(opcode, 16) + index, name + digits, word + letter, operands, results)
                     for index, (digits, letter) in enumerate(several)]
        compiled = [(int(opcode, 16), name, word, operands, results) for name, opcode, word, operands, results, *_ in
                    tables.compiled_rows()]
        self.assertEqual(rows, compiled)

    def test_every_operand_and_result_has_a_name(self):
        for row in spec_text.operations():
            name = stem(row["operation"])
            self.assertEqual(len(OPERAND_NAMES.get(name, "")), len(row["operands"]), name)
            self.assertIn(len(RESULT_NAMES.get(name, "")), (len(row["results"]), 0 if len(row["results"]) < 2 else -1))

    def test_the_names_of_registers_and_counters_are_the_specifications(self):
        for name in ("REGISTERS", "STATS"):
            words = re.search(rf" {name}: (.*?)\. ", spec_text.prose(5)).group(1)
            self.assertEqual(len(RESULT_NAMES[name]), len(words.split(", ")))
            if name == "REGISTERS":
                self.assertEqual(RESULT_NAMES[name], words.replace(" (its APIC id)", "").split(", "))

    def test_statuses(self):
        compiled = {name: number for name, number, *_ in tables.compiled_statuses() if number < tables.HOST_ONLY}
        self.assertEqual(self.lua_numbers("STATUSES"), compiled)

    def test_notes_and_messages_of_no_session(self):
        pattern = r"^#define KDIO_{}_([A-Z]+) +0x([0-9a-f]+)u"
        header = (ROOT / "proto" / "message.h").read_text(encoding="utf-8")
        for name, group in (("NOTES", "NOTE"), ("FREE_TYPES", "FREE")):
            defined = re.findall(pattern.format(group), header, re.MULTILINE)
            self.assertEqual(self.lua_numbers(name), {word: int(number, 16) for word, number in defined})

    def test_bodies(self):
        _, *parts = re.split(r"^    ([A-Z]+) = ", lua_table("BODIES"), flags=re.MULTILINE)
        bodies = {name: [(field, int(size)) for field, size in re.findall(r'{ "(\w+)", (\d) }', columns)]
                  for name, columns in zip(parts[::2], parts[1::2])}
        specified = {name: [(field, size) for _, field, size in body_columns(name)] for name in decoder.BODIES}
        self.assertEqual(bodies, specified)

    def test_the_counters_are_those_of_the_library(self):
        header = (ROOT / "host" / "include" / "kdio.h").read_text(encoding="utf-8")
        members = re.search(r"struct kdio_stub_stats {(.*?)^};", header, re.MULTILINE | re.DOTALL).group(1)
        self.assertEqual(re.findall(r"uint32_t (\w+);", members), RESULT_NAMES["STATS"])

    def test_the_pseudo_header(self):
        compiled = self.defined("host/lib/capture.h", r"\bCAPTURE_(HOST|STUB|FRAME|CUT|TEXT) = (\d)")
        self.assertEqual(compiled, {"HOST": HOST, "STUB": STUB, "FRAME": FRAME, "CUT": CUT, "TEXT": TEXT})
        self.assertIn(f"local HOST, STUB = {HOST}, {STUB}\nlocal FRAME, CUT, TEXT = {FRAME}, {CUT}, {TEXT}\n",
                      LUA_TEXT)


if __name__ == "__main__":
    unittest.main()
