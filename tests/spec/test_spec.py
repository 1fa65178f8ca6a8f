# SPDX-License-Identifier: MIT
"""SPEC.md against itself: a decoder made from its text reads its examples, and its numbers are what it says."""

import random
import re
import unittest

import spec_text
from decoder import (BODIES, BY_NAME, DELIMITER, MARK, ONES, SEQ_SPAN, WIDTHS, Decoder, Rejected, Session, Splitter,
                     cobs_decode, describe, intact, mix, nearest, parse_program, session_start)
from encoder import cobs_encode, frame, in_session, seal

EXAMPLES = spec_text.examples()
NONCE, CHALLENGE, BOOT = (int(number, 16) for number in re.search(
    r"nonce `(\w+)`, challenge `(\w+)`, boot identifier `(\w+)`", spec_text.prose(9)).groups())
KEY = (NONCE, CHALLENGE)


def of_session(sender, seq, name, **rest):
    return {"sender": sender, "seq": seq, "name": name} | rest


MEANINGS = {
    "OPEN": {"name": "OPEN", "sender": "host", "header": 0xF0, "lowest": 1, "highest": 1, "nonce": NONCE},
    "HELLO": {"name": "HELLO", "sender": "stub", "header": 0xF1, "lowest": 1, "highest": 1, "boot": BOOT},
    "ANSWER": {
        "name": "ANSWER", "sender": "stub", "header": 0xF2, "status": 0, "version": 1, "lowest": 1, "highest": 1,
        "boot": BOOT, "challenge": CHALLENGE, "payload": 0x416, "request_window": 0x1000, "reply_window": 0x3F4,
        "results": 0x105, "operations": 0x400, "frames": 32, "burst": 0, "capabilities": 0x27, "previous": 0,
        "previous_requests": 0, "previous_operations": 0, "uart_port": 0x3F8, "uart_ports": 8},
    "SESSION 0": of_session("host", 0, "PLAIN", program=[("SESSION",)]),
    "REPLY 0": of_session("stub", 0, "REPLY", results=[[0, 0, 0]]),
    "OUT8 80 55, 1": of_session("host", 1, "PLAIN", program=[("OUT8", 0x80, 0x55)]),
    "REPLY 1": of_session("stub", 1, "REPLY", results=[[]]),
    "CMOS 0, atomic": of_session("host", 2, "ATOMIC", program=[("OUT8", 0x70, 0), ("IN8", 0x71)]),
    "REPLY 2: 37": of_session("stub", 2, "REPLY", results=[[], [0x37]]),
    "OUT8 3f8 0, 3": of_session("host", 3, "PLAIN", program=[("OUT8", 0x3F8, 0)]),
    "FAILED 3": of_session("stub", 3, "FAILED", status=5, index=0, done=0, vector=0, code=0,
                           detail=0, results=[]),
    "EXPECT 4": of_session("stub", 4, "EXPECT"),
    "CMOS a, 4": of_session("host", 4, "ATOMIC", program=[
        ("INDEX_IN8", 0x70, 0, 0x0A, 0x71), ("CHECK8", 0x80, 0), ("OUT8", 0x80, 0x55), ("OUT8", 0x81, 0x56)]),
    "REPLY 4: 26": of_session("stub", 4, "REPLY", results=[[0x26], [], [], []]),
    "POLL8 1f7, 5": of_session("host", 5, "PLAIN", program=[("IN8", 0x80), ("POLL8", 0x1F7, 0x80, 0, 1000)]),
    "FAILED 5: d0": of_session("stub", 5, "FAILED", status=12, index=1, done=1, vector=0, code=0, detail=0xD0,
                               results=[[0x37], [0xD0, 1001]]),
    "VREAD32, 6": of_session("host", 6, "PLAIN", program=[("VREAD32", 0xFFFFFFFFFFFFEFF8, 4)]),
    "FAILED 6": of_session("stub", 6, "FAILED", status=11, index=0, done=0, vector=14, code=0,
                           detail=0xFFFFFFFFFFFFF000, results=[[(0x04030201, 0x08070605)]]),
}


class Line:
    """A receiver of both directions."""

    def __init__(self, *frames):
        self.splitter, self.decoder = Splitter(), Decoder()
        self.push(b"".join(frames))

    def push(self, data):
        """What the bytes bring: messages, and reasons for what is no message; text is put together."""
        messages, bad, text = [], [], b""
        for kind, value in self.splitter.push(data):
            if kind == "text":
                text += value
            elif kind == "bad":
                bad.append(value)
            else:
                self._read(value, messages, bad)
        return messages, bad, text

    def _read(self, payload, messages, bad):
        try:
            messages.append(self.decoder.read(payload))
        except Rejected as reason:
            bad.append(str(reason))


def with_session(wanted=0):
    line = Line()
    line.decoder.sessions = [Session(*KEY, wanted)]
    return line


def payload_of(wire):
    return cobs_decode(wire[2:-1])


def example(label):
    return dict(EXAMPLES)[label]


class Rules(unittest.TestCase):
    RULES = re.findall(r"^- \*\*([A-Z])(\d+)\*\* ", spec_text.TEXT, re.MULTILINE)

    def test_the_rules_of_each_letter_count_from_one(self):
        for letter in {letter for letter, _ in self.RULES}:
            numbers = [int(number) for rule, number in self.RULES if rule == letter]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)), letter)

    def test_every_rule_that_is_referred_to_exists(self):
        letters = "".join(sorted({letter for letter, _ in self.RULES}))
        for rule in re.findall(rf"\b([{letters}])(\d+)\b", spec_text.TEXT):
            self.assertIn(rule, self.RULES)


class Examples(unittest.TestCase):
    def test_each_example_means_what_its_label_says(self):
        line = Line()
        for label, wire in EXAMPLES:
            with self.subTest(label):
                self.assertEqual(line.push(wire), ([MEANINGS[label]], [], b""))

    def test_every_meaning_has_its_example(self):
        self.assertEqual([label for label, _ in EXAMPLES], list(MEANINGS))

    def test_each_line_is_the_one_encoding_of_its_payload(self):
        for label, wire in EXAMPLES:
            with self.subTest(label):
                self.assertEqual(frame(payload_of(wire)), wire)

    def test_the_words_under_the_examples(self):
        (answer,), _, _ = Line(example("OPEN")).push(example("ANSWER"))
        last_port = answer["uart_port"] + answer["uart_ports"] - 1
        words = (f"version {answer['version']}, payloads up to `{answer['payload']:x}` ({answer['payload']}) bytes, "
                 f"request window `{answer['request_window']:x}`, reply window `{answer['reply_window']:x}`, "
                 f"results up to `{answer['results']:x}`, `{answer['operations']:x}` operations, "
                 f"{answer['frames']} frames, no burst limit, ports, text, programs and virtual memory, no previous "
                 "session, "
                 f"UART at ports `{answer['uart_port']:x}` to `{last_port:x}`.")
        self.assertIn(words, spec_text.prose(9))
        (failed,), _, _ = with_session(3).push(example("FAILED 3"))
        self.assertIn(f"FAILED 3 says {describe({'status': failed['status']})[7:]} at operation {failed['index']}, "
                      "none done.", spec_text.prose(9))

    def test_P7_capabilities_of_the_answer(self):
        self.assertIn("bit 0 ports, bit 1 text, bit 2 programs,", spec_text.prose(5))
        self.assertIn("bit 5 virtual,", spec_text.prose(5))

    def test_a_decoder_that_missed_the_opening_reads_no_frame_of_the_session(self):
        messages, bad, text = Line().push(b"".join(wire for _, wire in EXAMPLES[2:]))
        self.assertEqual((messages, set(bad), text), ([], {"check"}, b""))


class Damage(unittest.TestCase):
    """Each kind of damage at each position of each example; the frame sent again behind it is always read."""

    def damaged(self, change):
        """Label, position, bytes, and the messages in change(wire, position) with the intact frame behind it."""
        for index, (label, wire) in enumerate(EXAMPLES):
            line = Line(*(before for _, before in EXAMPLES[:index]))
            for at in range(len(wire)):
                for damaged in change(wire, at):
                    yield label, at, damaged, line.push(damaged + wire)[0]

    def check(self, change, times):
        for label, at, damaged, messages in self.damaged(change):
            length = len(example(label))
            expected = [MEANINGS[label]] * times(at, length, damaged)
            self.assertEqual(messages, expected, f"{label}, byte {at}: {damaged.hex(' ')}")

    def test_every_altered_byte(self):
        def altered(wire, at):
            return (wire[:at] + bytes([byte]) + wire[at + 1:] for byte in range(256) if byte != wire[at])

        # F3: the MARK enters a frame without the delimiter before it, but not when a MARK has come before.
        self.check(altered, lambda at, _length, damaged: 2 if at == 0 and damaged[0] != MARK else 1)

    def test_every_missing_byte(self):
        # F2, F3: the opening delimiter can be missing, and the closing one when a frame with an opening one follows.
        self.check(lambda wire, at: [wire[:at] + wire[at + 1:]],
                   lambda at, length, _: 2 if at in (0, length - 1) else 1)

    def test_every_inserted_byte(self):
        def inserted(wire, at):
            return (wire[:at] + bytes([byte]) + wire[at:] for byte in range(256))

        def times(at, length, damaged):
            outside = at == 0 or (at == 1 and damaged[1] != MARK) or (at == length - 1 and damaged[at] == DELIMITER)
            return 2 if outside else 1

        self.check(inserted, times)

    def test_every_cut(self):
        self.check(lambda wire, at: [wire[:at]], lambda at, length, _: 2 if at == length - 1 else 1)

    def test_every_cut_at_the_front(self):
        self.check(lambda wire, at: [wire[at + 1:]], lambda at, _length, _damaged: 2 if at == 0 else 1)


class Frames(unittest.TestCase):
    def test_F1_what_the_blocks_stand_for(self):
        full = bytes(range(1, 255))
        for payload, wire in ((b"", b"\1"), (b"\0", b"\1\1"), (b"a", b"\2a"), (b"a\0", b"\2a\1"), (b"\0a", b"\1\2a"),
                              (full[:253], b"\xfe" + full[:253]), (full, b"\xff" + full),
                              (full + b"\0", b"\xff" + full + b"\1\1"), (full + b"a", b"\xff" + full + b"\2a")):
            self.assertEqual((cobs_encode(payload), cobs_decode(wire)), (wire, payload))
        self.assertEqual(cobs_decode(b"\xff" + full + b"\1"), full)

    def test_F1_random_payloads_come_back(self):
        draw = random.Random(1)
        for _ in range(400):
            payload = bytes(draw.choice((0, 1, MARK, 255)) for _ in range(draw.randrange(1200)))
            wire = cobs_encode(payload)
            self.assertNotIn(0, wire)
            self.assertEqual(cobs_decode(wire), payload)

    def test_F2_one_delimiter_between_two_frames(self):
        shared = b"".join(wire[1:] for _, wire in EXAMPLES)
        self.assertEqual(Line().push(shared), (list(MEANINGS.values()), [], b""))

    def test_F3_the_same_in_any_slices(self):
        stream = b"boot\n" + b"".join(wire + label.encode() for label, wire in EXAMPLES)
        whole = Line().push(stream)
        self.assertEqual((whole[0], whole[1]), (list(MEANINGS.values()), []))
        self.assertEqual(whole[2], b"boot\n" + "".join(MEANINGS).encode())
        for at in range(len(stream)):
            line = Line()
            first, second = line.push(stream[:at]), line.push(stream[at:])
            self.assertEqual(tuple(a + b for a, b in zip(first, second)), whole)

    def test_F3_text_comes_at_once(self):
        line = Line()
        for byte in set(range(256)) - {0, MARK}:
            self.assertEqual(line.push(bytes([byte])), ([], [], bytes([byte])))
        self.assertEqual(line.push(b"\0\0"), ([], [], b""))

    def test_F3_a_mark_enters_a_frame_right_behind_text(self):
        self.assertEqual(Line().push(b"login: " + example("OPEN")[1:]), ([MEANINGS["OPEN"]], [], b"login: "))

    def test_F3_a_mark_inside_a_frame_is_data(self):
        payload = b"\xf5\xf5a\xf5"
        self.assertEqual(list(Splitter().push(b"\xf5" + cobs_encode(payload) + b"\0")), [("frame", payload)])
        code = bytes([1] * 0xF4)
        self.assertEqual(cobs_encode(code)[0], MARK)
        self.assertEqual(list(Splitter().push(frame(code))), [("frame", code)])

    def test_F4_what_is_dropped_is_not_text(self):
        for wire, reason in ((b"\0\xf5\0", "empty"), (b"\xf5\5ab\0", "COBS cut short"),
                             (b"\xf5\xff" + b"a" * 253 + b"\0", "COBS cut short"), (b"\xf5\1\0", "empty")):
            self.assertEqual(list(Splitter().push(wire)), [("bad", reason)])

    def test_F4_longer_than_the_limit(self):
        for size, kind in ((10, "frame"), (11, "bad")):
            self.assertEqual([event[0] for event in Splitter(10).push(frame(b"a" * size))], [kind])

    def test_F4_a_gap_ends_a_frame(self):
        splitter = Splitter()
        self.assertEqual(splitter.gap(), [])
        self.assertEqual(list(splitter.push(example("OPEN")[:5])), [])
        self.assertEqual(splitter.gap(), [("bad", "gap")])
        self.assertEqual(list(splitter.push(b"ok")), [("text", b"o"), ("text", b"k")])

    def test_F6_most_bytes_on_the_wire(self):
        self.assertIn("at most n + n / 254 (rounded down) + 4 bytes", spec_text.prose(2))
        for size in range(1, 1100):
            most = size + size // 254 + 4
            self.assertEqual(len(frame(b"a" * size)), most - (size % 254 == 0))
            self.assertLessEqual(len(frame(b"a" * (size // 2) + b"\0" + b"a" * (size - size // 2 - 1))), most)

    def test_F7_too_short_for_header_and_check(self):
        for size in range(1, 5):
            self.assertEqual(Line().push(frame(seal(b"")[:size]))[:2], ([], ["no room for header and check"]))


class Keys(unittest.TestCase):
    def test_K1_without_a_key_it_is_CRC32C(self):
        self.assertEqual(seal(b"123456789")[-4:], (0xE3069283).to_bytes(4, "little"))

    def test_K1_mix_is_one_to_one(self):
        def back(x):
            x = (x ^ x >> 16) * pow(0xC2B2AE35, -1, 1 << 32) & ONES
            x = (x ^ x >> 13 ^ x >> 26) * pow(0x85EBCA6B, -1, 1 << 32) & ONES
            return x ^ x >> 16

        draw = random.Random(2)
        for x in [0, 1, ONES, 1 << 31] + [draw.getrandbits(32) for _ in range(10000)]:
            self.assertEqual(back(mix(x)), x)

    def test_K2_the_starts_of_a_session_differ(self):
        starts = {session_start(*KEY, seq, "host") for seq in range(20000)}
        self.assertEqual(len(starts), 20000)

    def test_K2_sessions_that_differ_in_one_word(self):
        for other in range(1, 2000):
            for key in ((NONCE ^ other, CHALLENGE), (NONCE, CHALLENGE ^ other)):
                self.assertNotEqual(session_start(*key, 7, "host"), session_start(*KEY, 7, "host"))

    def test_K2_a_frame_of_an_earlier_round_fails(self):
        payload = payload_of(example("OUT8 80 55, 1"))
        self.assertEqual(Session(*KEY, 1).identify(payload), ("host", 1))
        for earlier in range(1, 50):
            self.assertIsNone(Session(*KEY, 1 + earlier * SEQ_SPAN).identify(payload))

    def test_K2_the_nearest_number(self):
        words = re.search(r"wants request n takes the one from n - (\d+) to n \+ (\d+); the host whose oldest "
                          r"unanswered request is n, the one from n - (\d+) to n \+ (\d+), and tries", spec_text.prose(3))
        behind, ahead, host_behind, host_ahead = map(int, words.groups())
        self.assertEqual([behind + ahead + 1, host_behind + host_ahead + 1], [SEQ_SPAN, SEQ_SPAN])
        # With the whole window under way: the oldest may be asked for again, and EXPECT may be one behind the newest.
        self.assertEqual((behind, host_ahead), (MEANINGS["ANSWER"]["frames"],) * 2)
        for wanted in (0, 1, 31, 32, 33, 63, 64, 1000, ONES - 20, ONES):
            for low, back, forth in ((nearest, behind, ahead),
                                     (lambda low, n: nearest(low, n, host_behind), host_behind, host_ahead)):
                for distance in range(-back, forth + 1):
                    seq = (wanted + distance) & ONES
                    self.assertEqual(low(seq % SEQ_SPAN, wanted), seq)

    def test_K2_who_hears_both_ends_follows_a_full_window(self):
        line = with_session()
        for first in range(0, 200, 32):
            window = range(first, first + 32)
            for seq in window:
                line.push(frame(in_session(KEY, "host", "PLAIN", seq, b"\1")))
            heard = [("stub", "note", first + 32, b"\1"), ("stub", "note", first, b"\1")]
            heard += [("host", "PLAIN", seq, b"\1") for seq in window]
            heard += [("stub", "REPLY", seq, bytes(12)) for seq in window]
            for sender, kind, seq, body in heard:
                (message,), _, _ = line.push(frame(in_session(KEY, sender, kind, seq, body)))
                self.assertEqual((message["sender"], message["seq"]), (sender, seq))

    def test_K1_what_the_host_sent_is_never_taken_for_the_stubs(self):
        for seq in range(200):
            for sender, other in (("host", "stub"), ("stub", "host")):
                payload = in_session(KEY, sender, "PLAIN", seq)
                self.assertEqual(Session(*KEY, seq).identify(payload), (sender, seq))
                self.assertFalse(intact(payload, session_start(*KEY, seq, other)))

    def test_K1_answer_is_bound_to_its_nonce(self):
        other = frame(seal(b"\xf0\xa1\xa1" + (NONCE + 1).to_bytes(4, "little")))
        self.assertEqual(Line(other).push(example("ANSWER")), ([], ["check"], b""))
        self.assertEqual(Line(example("OPEN"), other).push(example("ANSWER"))[0], [MEANINGS["ANSWER"]])


class Messages(unittest.TestCase):
    def test_M4_results_of_the_operations_done(self):
        line = with_session()
        line.push(frame(in_session(KEY, "host", "PLAIN", 0, bytes.fromhex("107100 14800055 11f001"))))
        body = bytes.fromhex("0d 0200 0200 00 0000 0000000000000000 99")
        (message,), _, _ = line.push(frame(in_session(KEY, "stub", "FAILED", 0, body)))
        self.assertEqual(message, of_session("stub", 0, "FAILED", status=13, index=2, done=2, vector=0,
                                             code=0, detail=0, results=[[0x99], []]))

    def failed(self, program, body):
        """What FAILED says of a program, or why it does not fit it."""
        line = with_session()
        line.push(frame(in_session(KEY, "host", "PLAIN", 0, bytes.fromhex(program))))
        messages, bad, _ = line.push(frame(in_session(KEY, "stub", "FAILED", 0, bytes.fromhex(body))))
        return (messages[0]["results"], messages[0]) if messages else (bad[0], None)

    def test_P17_a_poll_that_did_not_match(self):
        poll = "107100 25f60180000000e8030000"
        results, message = self.failed(poll, "0c 0100 0100 00 0000 5000000000000000 99 5000 e9030000")
        self.assertEqual((results, message["detail"]), ([[0x99], [0x50, 1001]], 0x50))
        for results in ("99", "99 5000", "99 5000 e9030000 00"):
            self.assertIn(self.failed(poll, "0c 0100 0100 00 0000 5000000000000000" + results)[0],
                          ("cut short", "surplus results"))
        self.assertEqual(self.failed(poll, "0d 0100 0100 00 0000 0000000000000000 99")[0], [[0x99]])

    def test_P17_the_whole_units_before_a_fault(self):
        read = "51 feef000000000000 0400"
        for units, expected in (("", []), ("1122", [[(0x2211,)]]), ("1122 3344 5566", [[(0x2211, 0x4433, 0x6655)]])):
            results, message = self.failed(read, "0b 0000 0000 0e 0000 00f0000000000000" + units)
            self.assertEqual((results, message["vector"], message["detail"]), (expected, 14, 0xF000))
        for units in ("11", "112233", "1122334455667788"):
            self.assertEqual(self.failed(read, "0b 0000 0000 0e 0000 00f0000000000000" + units)[0], "surplus results")

    def test_P17_nothing_of_what_is_refused_or_writes(self):
        for program, status in (("2c 7000 00 00000000 7100", "05"), ("55 feef000000000000 0100 1122", "0b")):
            body = status + "0000 0000 00 0000 0000000000000000"
            self.assertEqual(self.failed(program, body)[0], [])
            self.assertEqual(self.failed(program, body + "1122")[0], "surplus results")

    def test_P4_a_malformed_program_has_a_number_and_an_answer(self):
        line = with_session()
        (request,), _, _ = line.push(frame(in_session(KEY, "host", "ATOMIC", 0, b"\x14\x80")))
        self.assertEqual(request, of_session("host", 0, "ATOMIC", malformed="cut short", program=b"\x14\x80"))
        (reply,), _, _ = line.push(frame(in_session(KEY, "stub", "FAILED", 0, b"\x20" + bytes(15))))
        self.assertEqual(describe({"status": reply["status"]}), "status=MALFORMED")
        self.assertEqual(line.decoder.sessions[0].wanted, 1)

    def test_S2_an_answer_repeated_changes_nothing(self):
        line = Line(example("OPEN"), example("ANSWER"), example("SESSION 0"))
        self.assertEqual(line.push(example("OPEN") + example("ANSWER") + example("REPLY 0"))[0],
                         [MEANINGS["OPEN"], MEANINGS["ANSWER"], MEANINGS["REPLY 0"]])

    def test_M5_each_note(self):
        for row in spec_text.notes():
            size = sum(int(n) for n in re.findall(r":(\d)", BODIES.get(row["name"], "")))
            self.assertEqual(size, sum(map(int, re.findall(r"argument\D*(\d)\)", row["meaning"]))), row["name"])
            body = bytes([int(row["type"], 16)]) + bytes(size)
            (message,), bad, _ = with_session().push(frame(in_session(KEY, row["from"], "note", 0, body)))
            self.assertEqual((message["name"], message["sender"], bad), (row["name"], row["from"], []))

    def test_M5_a_note_from_the_wrong_side(self):
        for row in spec_text.notes():
            wrong = {"host": "stub", "stub": "host"}[row["from"]]
            payload = in_session(KEY, wrong, "note", 0, bytes([int(row["type"], 16)]))
            self.assertEqual(with_session().push(frame(payload))[:2], ([], ["unknown note"]))

    def test_M6_sizes_of_the_bodies(self):
        for row in spec_text.of_no_session():
            if row["body"] != "below":
                said = sum(int(n) for n in re.findall(r"\d", " ".join(re.findall(r"\(([\d, ]+)\)", row["body"]))))
                self.assertEqual(sum(int(n) for n in re.findall(r":(\d)", BODIES[row["name"]])), said, row["name"])

    def test_M7_sizes_of_answer(self):
        words = re.search(r"\*\*M7\*\* .*? - \*\*M8", spec_text.prose(4)).group(0)
        said = [int(n) for group in re.findall(r"\((\d(?:, \d)*)[):]", words) for n in group.split(", ")]
        self.assertEqual([int(n) for n in re.findall(r":(\d)", BODIES["ANSWER"])], said)

    def test_M8_surplus_is_ignored_and_missing_is_not(self):
        for label in ("OPEN", "HELLO", "ANSWER", "EXPECT 4"):
            start = {"ANSWER": mix(NONCE), "EXPECT 4": session_start(*KEY, 4, "stub")}.get(label, ONES)
            body = payload_of(example(label))[:-4]
            line = with_session(4)
            line.push(example("OPEN"))
            self.assertEqual(line.push(frame(seal(body + b"more", start))), ([MEANINGS[label]], [], b""))
            for size in range(1, len(body)):
                self.assertEqual(line.push(frame(seal(body[:size], start)))[0], [], label)

    def test_M3_M4_replies_that_do_not_fit_their_program(self):
        fields = bytes.fromhex("0d 0100 0100 00 0000 0000000000000000")
        for kind, body, reason in (("REPLY", b"", "cut short"), ("REPLY", b"abc", "surplus results"),
                                   ("FAILED", fields, "cut short"), ("FAILED", fields + b"ab", "surplus results"),
                                   ("FAILED", fields[:-1], "bytes are missing")):
            line = with_session()
            line.push(frame(in_session(KEY, "host", "PLAIN", 0, bytes.fromhex("107100 107100"))))
            self.assertEqual(line.push(frame(in_session(KEY, "stub", kind, 0, body)))[:2], ([], [reason]))

    def test_S9_an_unknown_header_is_found_intact(self):
        (message,), _, _ = Line().push(frame(seal(b"\xc5")))
        self.assertEqual((message["name"], message["header"]), ("unknown", 0xC5))
        (refused,), _, _ = Line().push(frame(seal(b"\xf3\x08\xc5")))
        self.assertEqual((refused["name"], describe({"status": refused["status"]})), ("REFUSE", "status=UNSUPPORTED"))

    def test_P1_stats_has_a_name_for_each_counter(self):
        row = next(row for row in spec_text.operations() if row["operation"] == "STATS")
        names = re.search(r"STATS: (.*?)\. REGISTERS", spec_text.prose(5)).group(1).split(", ")
        self.assertEqual(row["results"], "d" * len(names))

    def test_P1_registers_has_a_name_for_each_result(self):
        words = re.search(r"REGISTERS: (.*?)\. - \*\*P2", spec_text.prose(5)).group(1).replace(" (its APIC id)", "")
        letters = BY_NAME["REGISTERS"]["results"]
        self.assertEqual(len(words.split(", ")), len(letters))
        sizes = dict(zip(words.split(", "), letters))
        self.assertEqual([sizes[name] for name in ("cpu", "cr0", "rflags", "gdtr_limit", "gs")], list("dqqww"))

    def test_P1_every_operation_cut_short(self):
        before = bytes.fromhex("107000")  # P8
        for row in spec_text.operations():
            program = program_of(row)
            name = re.sub("OUT_[A-Z]+", "OUT", row["operation"])
            self.assertEqual(parse_program(before + program)[1][0], name)
            for size in range(1, len(program)):
                with self.assertRaises(Rejected):
                    parse_program(before + program[:size])

    def test_P1_every_operation_has_its_operands(self):
        values = {"n": 2, "s": b"hi", "t": (0x6161616161616161,) * 2}
        for row in spec_text.operations():
            _, *operands = parse_program(bytes.fromhex("107000") + program_of(row, 0x61))[1]
            expected = []
            for letter in row["operands"]:
                size = WIDTHS.get(letter, row["width"])
                most = (1 << 8 * size) - 1
                value = values.get(letter, 0x6161616161616161)
                expected.append(tuple(unit & most for unit in value) if letter == "t" else value if letter == "s" else
                                value & most)
            port = {"OUT_SAME": [0x70], "OUT_NEXT": [0x70 + row["width"]]}.get(row["operation"][:8], [])
            self.assertEqual(operands, port + expected, row["operation"])

    def test_P8_short_forms_count_from_the_last_port(self):
        program = parse_program(bytes.fromhex("14800001 1c02 1d0304 41 1805 2c700000 8a000000 7100 1806 1a0708090a"))
        self.assertEqual([operation for operation in program if operation[0].startswith("OUT")],
                         [("OUT8", 0x80, 1), ("OUT8", 0x81, 2), ("OUT16", 0x83, 0x403), ("OUT8", 0x83, 5),
                          ("OUT8", 0x71, 6), ("OUT32", 0x71, 0x0A090807)])
        for alone in ("1801", "41 1c01", "50 7000000000000000 0100 1801"):
            with self.assertRaises(Rejected):
                parse_program(bytes.fromhex(alone))


def program_of(row, fill=0xFF):
    """One operation with operands that have no zeros: the most bytes on the wire. Counts are two."""
    fields = {"s": b"\x02hi", "n": b"\2\0", "t": bytes([fill]) * 2 * row["width"], "v": bytes([fill]) * row["width"]}
    operands = b"".join(fields.get(letter) or bytes([fill]) * WIDTHS[letter] for letter in row["operands"])
    return bytes([row["opcode"]]) + operands


class Sizes(unittest.TestCase):
    def test_one_write_costs_12_bytes_and_8_back(self):
        out, back = re.search(r"8-bit port write costs (\d+) bytes out and (\d+) back", spec_text.prose(1)).groups()
        self.assertEqual(len(example("OUT8 80 55, 1")) - 1, int(out))
        self.assertEqual(len(example("REPLY 1")) - 1, int(back))
        for seq in range(1, 200):
            for fill in (0, 1, 0xFF):
                request = in_session(KEY, "host", "PLAIN", seq, b"\x14" + bytes([fill]) * 3)
                self.assertEqual(len(frame(request)) - 1, int(out))
            self.assertEqual(len(frame(in_session(KEY, "stub", "REPLY", seq))) - 1, int(back))

    def test_H3_what_fits_a_burst(self):
        most = int(re.search(r"OPEN and every request of one port operation take (\d+) at most", spec_text.prose(7))
                   .group(1))
        self.assertLessEqual(len(example("OPEN")), most)
        sizes = {row["operation"]: len(frame(in_session(KEY, "host", kind, 1, program_of(row))))
                 for row in spec_text.operations() if row["operands"] in ("p", "pv") for kind in ("PLAIN", "ATOMIC")}
        self.assertEqual(len(sizes), 6)
        self.assertEqual(max(sizes.values()), most)

    def test_H1_open_has_no_low_byte(self):
        wire = example("OPEN")
        self.assertEqual((wire[0], wire[2], wire[-1]), (0x00, 0x0C, 0x00))
        self.assertGreaterEqual(min(wire[1:2] + wire[3:-1]), 0xA0)

    def test_H3_the_windows_of_the_answer_carry_one_of_the_largest(self):
        answer = MEANINGS["ANSWER"]
        self.assertLessEqual(answer["payload"] + answer["payload"] // 254 + 4, answer["request_window"])
        cost = int(re.search(r"A reply with n bytes of results costs n \+ (\d+)", spec_text.prose(6)).group(1))
        self.assertEqual(cost, 1 + sum(int(n) for n in re.findall(r":(\d)", BODIES["FAILED"])) + 4 + 2)
        self.assertLessEqual(answer["results"] + cost, answer["reply_window"])

    def test_K2_the_window_of_the_answer_is_told_apart_by_six_bits(self):
        most = int(re.search(r"window in frames \(1: at most (\d+)\)", spec_text.prose(4)).group(1))
        self.assertLessEqual(MEANINGS["ANSWER"]["frames"], most)
        self.assertLessEqual(most, SEQ_SPAN // 2)


class Arithmetic(unittest.TestCase):
    WORDS = re.compile(r"chance of 2\^-(\d+) means: a line at (\d+) baud that carries nothing but damaged frames of "
                       r"(\d+) bytes, (\d+) a second, lets one pass in (\d+) days; at one damaged frame a second it is "
                       r"one in (\d+) years")

    def test_a_damaged_frame_passes(self):
        bits, baud, size, rate, days, years = map(int, self.WORDS.search(spec_text.prose(8)).groups())
        self.assertEqual(baud / 10 / size, rate)  # eight bits, a start and a stop bit
        self.assertEqual(round(2 ** bits / rate / 86400), days)
        self.assertEqual(round(2 ** bits / (365.25 * 86400)), years)
        self.assertEqual(size, len(example("OUT8 80 55, 1")) - 1)

    def test_waits(self):
        wait = {row["wait"]: row["bound"] for row in spec_text.table("wait", "bound", "where")}
        gap = int(re.search(r"no byte comes for (\d+) ms", spec_text.prose(2)).group(1))
        repetition, each_byte = re.search(r"doubled each time up to (\d+) s, plus ([\d.]+) ms for each byte",
                                          spec_text.prose(7)).groups()
        dead = re.search(r"dead time \(([\d.]+) s by default\)", spec_text.prose(7)).group(1)
        flows = next(bound for name, bound in wait.items() if name.startswith("after the last fault"))
        bound, window = re.match(r"([\d.]+) s: .* a window of (\d+) KiB full", flows).groups()
        slowest = gap / 1000 + int(repetition) + float(each_byte) / 1000 * int(window) * 1024
        self.assertEqual(wait["inside a frame"], f"{gap} ms")
        self.assertEqual(int(window) * 1024, MEANINGS["ANSWER"]["request_window"])
        self.assertLessEqual(slowest, float(bound))
        self.assertTrue(wait["for an answer, from the last progress"].startswith(f"{dead} s"))


if __name__ == "__main__":
    unittest.main()
