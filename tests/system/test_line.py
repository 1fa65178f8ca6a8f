# SPDX-License-Identifier: MIT
"""test_line.py: lines that lose, damage and interrupt, between the real library and the real kernel.

The trace tells what the target did: each write once and in order, or, after a break, exactly as many as the library
says.
"""
import random
import time

from harness import BOOT_S, Hub, Line, Machine, SystemTest

SEED = 20261120
COUNT = 300


class Lines(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.machine = cls.use_for_class(Machine())
        cls.machine.poke().close()

    def setUp(self):
        self.mark = self.machine.trace.mark()

    def line(self, damage=None):
        return self.use(Line(self.machine.path(f"line{id(self)}"), self.machine.path("com1"), damage))

    def written(self):
        return self.machine.trace.accesses(self.mark, "io")

    def test_a_cable_pulled_in_the_middle(self):
        """Wherever the request is cut, the library connects again and each write happens once."""
        for cut in range(1, 40, 3):
            with self.subTest(cut=cut):
                self.mark = self.machine.trace.mark()
                line = self.line()
                client = self.poke(target=line.target)
                client.done("out 0xd00 1 0")
                line.cut_after = line.carried + cut
                values = list(range(1, 20))
                replies = [client.call(f"out 0xd00 1 {value}") for value in values]
                self.assertEqual({reply["status"] for reply in replies}, {"DONE"}, replies)
                client.close()
                line.close()
                self.assertEqual(line.connections, 2)
                self.assert_accesses(self.written(), [("write", 0xd00, 1, value) for value in [0, *values]])

    def test_a_line_that_no_longer_listens(self):
        """Writing to a socket whose other end is closed is a broken line, and no signal kills the host's program."""
        line = self.line()
        client = self.poke(target=line.target)
        line.deaf = True
        client.all_done([f"out 0xd00 2 {n}" for n in range(3)])
        self.assertEqual(line.connections, 2)
        self.assert_accesses(self.written(), [("write", 0xd00, 2, n) for n in range(3)])

    def test_a_cable_pulled_and_left_out(self):
        """The outcome is unknown until the line is back; then it is known, and it is the truth."""
        for cut in 1, 8, 200, 700:
            with self.subTest(cut=cut):
                self.mark = self.machine.trace.mark()
                line = self.line()
                client = self.poke(target=line.target)
                line.plugged = False  # No further connection after this one.
                line.cut_after = line.carried + cut
                reply = client.program([f"out 0xd00 2 {n}" for n in range(COUNT)])
                self.assertEqual((reply["class"], reply["outcome"]), (2, "unknown"), reply)
                line.close()
                again = self.line()
                resolved = client.call("resolve")
                self.assertEqual(resolved["status"], "DONE", resolved)
                done = resolved["done_count"]
                self.assertGreaterEqual(done, reply["done"])
                self.assert_accesses(self.written(), [("write", 0xd00, 2, n) for n in range(done)], f"cut at {cut}")
                client.done("out 0xd00 1 7")
                client.close()
                again.close()

    def test_a_second_host_takes_the_line_over(self):
        """The first is told, and what it asks from then on is never done."""
        for switch in False, True:
            with self.subTest(switch=switch):
                self.mark = self.machine.trace.mark()
                self.take_over(self.use(Hub(self.machine.path(f"hub{switch}"), self.machine.path("com1"), switch)))

    def take_over(self, hub):
        first = self.poke(target=hub.target)
        first.done("out 0xd00 2 1")
        second = self.poke(target=hub.target)
        second.done("out 0xd00 2 2")
        start = time.monotonic()
        reply = first.call("out 0xd00 2 3")
        self.assertEqual((reply["status"], reply["class"]), ("TAKEN", 2), reply)
        self.assertLess(time.monotonic() - start, 2, "the stub tells at once; silence would take longer")
        second.all_done([f"out 0xd00 2 {n}" for n in range(4, 10)])
        values = [1, 2, *range(4, 10)]
        self.assert_accesses(self.written(), [("write", 0xd00, 2, n) for n in values])
        hub.close()
        first.close()
        second.close()

    def damaged(self, rate, damage):
        """Writes over a line on which `damage` happens to a byte with chance `rate`, from a seed."""
        draw = random.Random(SEED)

        def pass_on(data, _):
            return b"".join(damage(byte, draw) if draw.random() < rate else bytes((byte,)) for byte in data)

        line = self.line(pass_on)
        client = self.poke(target=line.target)
        for first in range(0, COUNT, 50):
            lines = [f"out 0xd00 2 {n}" for n in range(first, first + 50)]
            if first % 100:
                self.assertEqual(client.program(lines, seconds=BOOT_S)["status"], "DONE")
            else:
                self.assertEqual({client.call(one)["status"] for one in lines}, {"DONE"})
        link = client.done("link")
        self.assert_accesses(self.written(), [("write", 0xd00, 2, n) for n in range(COUNT)], f"(seed {SEED})")
        self.assertGreater(link["retransmitted"], 0, "nothing was damaged")

    def test_bytes_lost(self):
        self.damaged(0.002, lambda byte, draw: b"")

    def test_bytes_altered(self):
        self.damaged(0.002, lambda byte, draw: bytes((byte ^ 1 << draw.randrange(8),)))

    def test_bytes_repeated(self):
        self.damaged(0.002, lambda byte, draw: bytes((byte, byte)))

    def test_noise_inserted(self):
        self.damaged(0.002, lambda byte, draw: bytes((byte,)) + draw.randbytes(draw.randrange(1, 20)))
