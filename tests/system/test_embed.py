# SPDX-License-Identifier: MIT
"""test_embed.py: the second embedding (tests/embed): the stub in a kernel that shares nothing with the boot target.

What it shows is written at the head of tests/embed/main.c.
"""
import os
import re

from accesses import pci_devices
from harness import BUILD, Deadline, Machine, SystemTest

KERNEL = os.path.join(BUILD, "tests", "embed", "kernel.elf")
SECOND = r"^embed (\d+): clock (\d{12}) ticks (\d+) reads (\d+) skipped (\d+) torn (\d+) strays (\d+)\r\n"
CMOS_REPETITIONS = 200


class Embedded(SystemTest):
    @classmethod
    def boot_kernel(cls):
        return Machine(images=None, qemu=("-kernel", KERNEL, "-chardev", Machine.chardev("com2"),
                                          "-serial", "chardev:com2"))

    def setUp(self):
        self.machine = self.use(self.boot_kernel())
        self.client = self.poke()
        self.mark = self.machine.trace.mark()

    def wait_own_console(self, pattern, seconds=10):
        """The match of `pattern` on the kernel's own console, COM2."""
        deadline = Deadline(seconds, f"COM2 text like {pattern!r}")
        while not (match := re.compile(pattern, re.M).search(self.machine.line("com2"))):
            deadline.left()
            self.client.done("service 50")
        return match

    def test_it_starts_and_counts(self):
        for pattern in r"^embed: started\r\n", r"^embed: tsc \d{6,} kHz\r\n", r"^embed: stub ready\r\n":
            self.wait_own_console(pattern)
        first = self.client.wait_console(SECOND)
        second = self.client.wait_console(SECOND, first.end())
        self.assertEqual(int(second[1]), int(first[1]) + 1)
        self.assertTrue(900 <= int(second[3]) - int(first[3]) <= 1100, "ticks in a second")
        self.assertEqual((second[6], second[7]), ("0", "0"), "torn readings, strays")
        self.wait_own_console(re.escape(second[0].strip()))

    def test_accesses(self):
        writes = [(0xd00 + 4 * n, width, (0x9abcdef0 + n) & (1 << 8 * width) - 1)
                  for n in range(50) for width in (1, 2, 4)]
        lines = [f"out {port} {width} {value}" for port, width, value in writes]
        self.client.all_done(lines)
        self.assertEqual(self.client.program(lines)["status"], "DONE")
        self.assertEqual(self.client.program(lines[:50], "atomic")["status"], "DONE")
        self.assert_accesses(self.machine.trace.accesses(self.mark, "io"),
                             [("write", *write) for write in writes + writes + writes[:50]])
        devices = pci_devices(self.machine.monitor.human("info pci"))
        for (bus, device, function), vendor, number in devices:
            address = 0x80000000 | bus << 16 | device << 11 | function << 8
            reply = self.client.program([f"out 0xcf8 4 {address}", "in 0xcfc 4"])
            self.assertEqual(reply["values"][1], number << 16 | vendor)

    def test_index_and_data_are_never_torn(self):
        """The kernel moves the CMOS index each millisecond; the host's pairs and the kernel's stay whole."""
        first = self.client.wait_console(SECOND)
        status_b = self.client.program(["out 0x70 1 0x0b", "in 0x71 1"])["values"][1]
        pairs = [f"{what}" for _ in range(20) for what in ("out 0x70 1 0x0b", "in 0x71 1")]
        for _ in range(CMOS_REPETITIONS // 20):
            values = self.client.program(pairs)["values"]
            self.assertEqual(set(values[1::2]), {status_b})
        second = self.client.wait_console(SECOND, first.end() if first.end() < len(self.client.console) else 0)
        last = self.client.wait_console(SECOND, len(self.client.console))
        self.assertEqual((last[6], last[7]), ("0", "0"), "torn readings, strays")
        self.assertGreater(int(last[4]), int(second[4]) - 1)

    def test_typed_text(self):
        self.client.done("type hello there")
        self.client.wait_console(r"^embed: heard hello there\r\n")
        self.wait_own_console(r"^embed: heard hello there\r\n")
        self.client.done("type 0123456789012345678901234567890123456789")
        self.client.wait_console(r"^embed: heard 0123456789012345678901234567890\r\n")

    def test_interrupts_are_used(self):
        self.client.all_done(["out 0xd00 1 1"] * 20)
        self.client.done("type interrupts")
        self.assertGreater(int(self.client.wait_console(r"^embed: interrupts (\d+)\r\n")[1]), 0)

    def test_a_panic_borrows_the_line_and_the_session_goes_on(self):
        session = self.client.done("info")["session_id"]
        self.client.done("type panic")
        self.client.wait_console(r"^embed: panic rehearsal on COM1\r\n")
        self.wait_own_console(r"^embed: stub suspended\r\n")
        self.wait_own_console(r"^embed: stub resumed\r\n")
        lines = [f"out 0xd00 2 {n}" for n in range(100)]
        self.client.all_done(lines)
        self.assertEqual(self.client.done("info")["session_id"], session)
        self.assertEqual(self.client.done("link")["sessions"], 1)
        self.assert_accesses(self.machine.trace.accesses(self.mark, "io"), [("write", 0xd00, 2, n) for n in range(100)])

    def test_a_stopped_kernel_can_still_be_asked(self):
        self.client.done("type fault")
        self.wait_own_console(r"^embed: fault 14 error 0000 at ffffffff8\w{7} address 0{16}\r\n")
        self.client.all_done([f"out 0xd00 2 {n}" for n in range(100)])
        self.assert_accesses(self.machine.trace.accesses(self.mark, "io"), [("write", 0xd00, 2, n) for n in range(100)])

    def test_the_stub_refuses_what_the_kernel_denies(self):
        for port in 0xcf9, 0x92, 0xb2:
            reply = self.client.call(f"out {port} 1 6")
            self.assertEqual((reply["status"], reply["outcome"]), ("DENIED", "not done"), reply)
        self.assertEqual(self.client.call("out 0x3f8 1 0x41")["status"], "LINK_UART")
        self.assertEqual(self.machine.trace.accesses(self.mark, "lpc-reset-control"), [])
        self.client.done("out 0xcf8 4 0x80000000")
