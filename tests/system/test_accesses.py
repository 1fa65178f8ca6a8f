# SPDX-License-Identifier: MIT
"""test_accesses.py: port accesses on machines that start the kernel directly, in each way that the kernel can idle."""
from accesses import CAPABILITIES, Accesses, BootedTest
from harness import kdio


class Halting(Accesses, BootedTest):
    """q35; the kernel halts when nothing is to do, and the UART's interrupt wakes it."""

    def test_info(self):
        info = self.script("info")[0]
        self.assertEqual(info["stub"]["capabilities"], CAPABILITIES)
        self.assertEqual(info["stub"]["burst"], 0)
        self.assertEqual(info["counters"]["uart_base"], 0x3f8)
        self.assertGreater(info["counters"]["interrupts"], 0)


class Spinning(Accesses, BootedTest):
    """q35; the kernel never halts."""

    options = ("--append", "mode=spin")

    def test_banner(self):
        self.assertIn("spins", self.machine.line())


class Polled(Accesses, BootedTest):
    """q35; the UART's interrupt is not used: a timer looks after the UART, and the host is told."""

    options = ("--append", "poll=1")
    atomic_max = 1  # One request holds what fits the FIFO.

    @staticmethod
    def group(*lines):
        return lines

    def test_an_atomic_program_that_does_not_fit_is_refused(self):
        result = self.command("run", "-", text="{\nod d00 1\nod d00 2\n}\n", status=1)
        self.assertIn("larger than the stub's limit", result.errors)
        self.assert_accesses(self.accesses(), [])

    def test_info_says_so(self):
        info = self.script("info")[0]
        self.assertIn("polled", info["stub"]["capabilities"])
        self.assertGreater(info["stub"]["burst"], 0)
        self.assertEqual(info["counters"]["interrupts"], 0)
        self.assertEqual(info["counters"]["overruns"], 0)
        self.assertIn("polled", self.command("info").output)


class MachinePc(Accesses, BootedTest):
    """The PC of 1996: other chipset, other interrupt routing."""

    options = ("--machine", "pc")


class Denying(BootedTest):
    """A stub that was told what to refuse."""

    options = ("--append", "deny=safe")

    def test_profile_safe(self):
        for line in "ob cf9 6", "ob 92 1", "ob b2 0", "ob 64 fe", "od cf8 80000000":
            with self.subTest(line=line):
                result = kdio(self.machine.target, *line.split())
                self.assertEqual(result.status, 0 if line.startswith("od") else 1, result)
        self.assertEqual(self.accesses("lpc-reset-control"), [])

    def test_the_rest_is_allowed(self):
        self.command("ob", "64", "20")
        self.command("ob", "80", "5")
        self.assert_accesses(self.accesses(), [("write", 0x80, 1, 5)])


class ReadOnly(BootedTest):
    """A stub that refuses every output."""

    options = ("--append", "readonly=1")

    def test_output_is_refused_and_input_is_not(self):
        for word in "ob", "ow", "od":
            result = self.command(word, "d00", "1", status=1)
            self.assertIn("read-only", result.errors)
        self.assertEqual(self.command("id", "d00").output, "00000d00: ffffffff\n")
        self.assert_accesses(self.accesses(), [])
        self.assertIn("read-only", self.script("info")[0]["stub"]["capabilities"])
