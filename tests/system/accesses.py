# SPDX-License-Identifier: MIT
"""accesses.py: what must be true of the port accesses of any machine, as tests for classes that boot one.

QEMU's trace is the witness: it has a line for each access that reached a device, with port, width and value.
"""
import datetime
import random
import re
import time

from harness import REPLY_S, Deadline, Failed, Machine, SystemTest

WORDS = {1: "b", 2: "w", 4: "d"}
SEED = 20261120
RANDOM_COUNT = 1000
BURST_LINES = 128
CONSOLE_LINES = 100
TICKS_A_SECOND = 100
TICKS_SPAN_S = 2.5  # Long enough for a tick to be a small part of the tenth that is allowed.

KERNEL_LINE = re.compile(r"burst: \d{3} of 128 \.{12}|kernel: line \d+, \d+ ticks|kernel: busy|"
                         r"kernel: \d+ ticks, \d+ made up")
CR0_WP = 1 << 16
EFER_NXE = 1 << 11

# Ports that nobody owns on q35 and pc: the trace has them as region `io`, whatever the width.
UNOWNED = [(0xd00, 0x1fff), (0xe000, 0xefff)]
CMOS_SECONDS, CMOS_MINUTES, CMOS_HOURS, CMOS_DAY, CMOS_MONTH, CMOS_YEAR, CMOS_CENTURY = 0, 2, 4, 7, 8, 9, 0x32


def random_write(draw):
    """(port, width, value): mostly a port that nobody owns, sometimes 0x80 or pc-testdev."""
    width = draw.choice((1, 2, 4))
    value = draw.getrandbits(8 * width)
    kind = draw.randrange(10)
    if kind == 0:
        return 0x80, 1, value & 0xff
    if kind == 1:
        return 0xe0, width, value
    first, last = draw.choice(UNOWNED)
    return draw.randrange(first, last + 1, width) // width * width, width, value


def cut(writes, draw):
    """The writes in stretches of various lengths."""
    while writes:
        size = draw.choice((1, 7, 40, 100, 200))
        yield writes[:size]
        writes = writes[size:]


def pci_devices(text):
    """((bus, device, function), vendor, device id) of each device in the monitor's `info pci`."""
    pattern = r"Bus +(\d+), device +(\d+), function (\d+):\s+[^\n]*PCI device (\w{4}):(\w{4})"
    return [((int(m[1]), int(m[2]), int(m[3])), int(m[4], 16), int(m[5], 16)) for m in re.finditer(pattern, text)]


def from_bcd(value):
    return (value >> 4) * 10 + (value & 15)

# What the boot target's stub has, in the words of `kdio info`.
CAPABILITIES = ["port", "program", "processor", "virtual", "physical", "pci", "text", "run", "baud"]


class BootedTest(SystemTest):
    """Tests on one machine, booted once for the class."""

    options = ()
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.machine = cls.use_for_class(Machine(*cls.options, **cls.more))
        cls.machine.poke().close()  # From here on it answers.

    def setUp(self):
        self.mark = self.machine.trace.mark()

    def accesses(self, *regions):
        return self.machine.trace.accesses(self.mark, *(regions or ("io", "ioport80", "pc-testdev-ioport")))

    def script(self, *lines, **options):
        """The objects that the command prints for these lines."""
        return self.command("--json", "run", "-", text="\n".join(lines) + "\n", **options).objects


class Accesses:
    """Widths, witnesses and the order of many writes."""

    atomic_max = 50  # Half a millisecond by the operation table, which is allowed.

    @staticmethod
    def group(*lines):
        """Lines that the kernel shall not come between."""
        return ("{", *lines, "}")

    def test_writes_of_each_width(self):
        writes = [(port, width, value)
                  for width in (1, 2, 4) for port in (0xd00, 0xd04, 0x2000 - width, 0xe000, 0xf000 - width)
                  for value in (0, 1, 0x89abcdef & (1 << 8 * width) - 1, (1 << 8 * width) - 1)]
        writes += [(0xd01, 1, 0x55), (0xd03, 1, 0xaa), (0xd02, 2, 0x1234), (0x80, 1, 0x41)]
        writes += [(0xe0, width, 0x12345678 & (1 << 8 * width) - 1) for width in (1, 2, 4)]
        self.script(*(f"o{WORDS[width]} {port:x} {value:x}" for port, width, value in writes))
        self.assert_accesses(self.accesses(), [("write", *write) for write in writes])

    def test_reads_of_each_width(self):
        self.script("od e0 89abcdef")
        reads = [(port, width) for width in (1, 2, 4) for port in (0xd00, 0x1ffc, 0xe000)]
        reads += [(0xe0 + offset, width) for width in (1, 2, 4) for offset in range(0, 4, width)]
        self.mark = self.machine.trace.mark()
        with self.machine.trace.reads():
            objects = self.script(*(f"i{WORDS[width]} {port:x}" for port, width in reads))
        expected = [("read", port, width, self.readable(port, width)) for port, width in reads]
        self.assert_accesses(self.accesses(), expected)
        self.assertEqual([("read", o["port"], o["width"], o["value"]) for o in objects], expected)

    @staticmethod
    def readable(port, width):
        """What a read gives: ones where nobody answers, what pc-testdev was told before."""
        content = 0x89abcdef >> 8 * (port - 0xe0) if 0xe0 <= port < 0xe4 else ~0
        return content & (1 << 8 * width) - 1

    def test_text_of_a_read_has_the_digits_of_its_width(self):
        self.script("od e0 89abcdef")
        for word, text in ("ib", "000000e0: ef"), ("iw", "000000e0: cdef"), ("id", "000000e0: 89abcdef"):
            self.assertEqual(self.command(word, "e0").output, text + "\n")

    def test_debug_console(self):
        sentence = "kdio writes to the debug console\n"
        before = self.debug_console()
        self.script(*(f"ob e9 {ord(letter):x}" for letter in sentence))
        self.assertEqual(self.debug_console()[len(before):], sentence)

    def debug_console(self):
        self.machine.trace.mark()  # QEMU writes the file from its own thread; after an answer it is written.
        with open(self.machine.path("debugcon"), encoding="latin-1") as file:
            return file.read()

    def test_cmos_clock(self):
        registers = (CMOS_SECONDS, CMOS_MINUTES, CMOS_HOURS, CMOS_DAY, CMOS_MONTH, CMOS_YEAR, CMOS_CENTURY)
        lines = [line for register in registers for line in (f"ob 70 {register:x}", "ib 71")]
        before = datetime.datetime.now(datetime.timezone.utc)
        for _ in range(3):  # Two readings agree unless the second changes in between.
            readings = [self.script(*self.group(*lines)), self.script(*self.group(*lines))]
            readings = [[from_bcd(o["value"]) for o in r if o["command"] == "ib"] for r in readings]
            if readings[0] == readings[1]:
                break
        after = datetime.datetime.now(datetime.timezone.utc)
        second, minute, hour, day, month, year, century = readings[1]
        clock = datetime.datetime(century * 100 + year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc)
        slack = datetime.timedelta(seconds=2)
        self.assertTrue(before - slack <= clock <= after + slack, f"{clock} is not from {before} to {after}")

    def test_pci_identifiers(self):
        devices = pci_devices(self.machine.monitor.human("info pci"))
        self.assertGreaterEqual(len(devices), 3)
        addresses = [0x80000000 | bus << 16 | device << 11 | function << 8 for (bus, device, function), _, _ in devices]
        objects = self.script(*(line for address in addresses
                                for line in self.group(f"od cf8 {address:x}", "id cfc")))
        values = [o["value"] for o in objects if o["command"] == "id"]
        self.assertEqual([(value & 0xffff, value >> 16) for value in values], [device[1:] for device in devices])
        writes = self.accesses("pci-conf-idx", "lpc-reset-control")
        self.assert_accesses(writes, [("write", 0xcf8, 4, address) for address in addresses])

    def test_refused_accesses_do_nothing_and_end_their_script(self):
        link = self.poke()
        info = link.done("info")
        last = info["link_port"] + info["link_ports"] - 1
        link.close()
        with self.machine.trace.reads():
            for line in f"ob {last:x} 5a", f"ow {last - 1:x} 5a5a", f"od {last - 3:x} 5a5a5a5a", f"ib {last:x}":
                result = self.command("run", "-", status=1, text=f"ob d00 1\n{line}\nob d00 2\n")
                self.assertIn("link", result.errors)
        # The scratch register is the last of a 16550's; the stub leaves it alone.
        self.assertEqual([a.key() for a in self.accesses("serial") if a.port == last or a.width != 1], [])

    def test_a_stub_refuses_its_own_uart_by_itself(self):
        client = self.poke()
        info = client.done("info")
        first, last = info["link_port"], info["link_port"] + info["link_ports"] - 1
        refused = [f"out {last} 1 0x5a", f"out {last - 1} 2 0x5a5a", f"out {last - 3} 4 0x5a5a5a5a", f"in {last} 1",
                   f"in {first} 4", f"out {first} 1 0x55"]
        for line in refused:
            self.assertEqual(client.call(line)["outcome"], "not done")
        client.done("forget-uart")
        with self.machine.trace.reads():
            for line in refused:
                reply = client.call(line)
                self.assertEqual((reply["status"], reply["outcome"]), ("LINK_UART", "not done"), reply)
            reply = client.program(["out 0xd00 1 1", refused[0], "out 0xd00 1 2"])
        # A request is looked at whole before anything of it is executed; a program of several stops where it must.
        done = 1 if info["burst"] else 0
        self.assertEqual((reply["status"], reply["index"], reply["done"]), ("LINK_UART", 1, done), reply)
        self.assert_accesses(self.accesses(), [("write", 0xd00, 1, 1)] * done)
        self.assertEqual([a.key() for a in self.accesses("serial") if a.port == last or a.width != 1], [])
        # Its neighbours are nobody's.
        client.done(f"in {first - 1} 1")
        client.done(f"in {last + 1} 1")

    def test_random_writes_in_order_while_the_kernel_talks(self):
        draw = random.Random(SEED)
        writes = [random_write(draw) for _ in range(RANDOM_COUNT)]
        client = self.poke()
        self.ticks(client)  # What the kernel said before is over with this.
        start = len(client.console)
        stretches = list(cut(writes, draw))
        for index, stretch in enumerate(stretches):
            self.wait_lines(client, start, CONSOLE_LINES * index // (len(stretches) - 1))
            last = self.write_stretch(client, draw, stretch)
        client.done("type quiet")
        client.done("type ticks")
        client.wait_console(r"^kernel: \d+ ticks, \d+ made up\r\n", start)
        client.done("type loud")
        self.assert_accesses(self.accesses(), [("write", *write) for write in writes], f"(seed {SEED})")
        self.assert_console_whole(client.console[start:], last - start)
        self.assertEqual(client.done("stats")["console_lost"], 0)

    @staticmethod
    def wait_lines(client, start, count):
        """Waits for so many console lines, so that they and the writes are spread over each other."""
        deadline = Deadline(REPLY_S, f"{count} console lines")
        while client.console[start:].count("\n") < count:
            deadline.left()
            client.done("service 20")

    def write_stretch(self, client, draw, stretch):
        """Does the writes, one by one or as a program; returns how much console text had come after the last."""
        lines = [f"out {port} {width} {value}" for port, width, value in stretch]
        client.done("type burst")
        kind = draw.choice(("single", "plain", "atomic" if len(stretch) <= self.atomic_max else "plain"))
        if kind == "single":
            return client.all_done(lines)[-1]["console_size"]
        reply = client.program(lines, kind)
        if reply["status"] != "DONE":
            raise Failed(f"a program of {len(lines)}: {reply}")
        return reply["console_size"]

    def assert_console_whole(self, text, size_at_last_write):
        """Every line is one of the kernel's, whole and in order; a hundred of them came before the last write."""
        lines = text.split("\r\n")
        self.assertEqual(lines.pop(), "", "the last line is whole")
        strange = [line for line in lines if not KERNEL_LINE.fullmatch(line)]
        self.assertEqual(strange, [])
        bursts = [line for line in lines if line.startswith("burst: ")]
        expected = [f"burst: {n % BURST_LINES + 1:03} of {BURST_LINES} ............" for n in range(len(bursts))]
        self.assertEqual(bursts, expected)
        numbers = [int(m[1]) for line in lines if (m := re.match(r"kernel: line (\d+)", line))]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))) if numbers else [])
        before = text[:size_at_last_write].count("\r\n")
        self.assertGreaterEqual(before, CONSOLE_LINES, "console lines between the writes")

    def test_the_processor_protects_the_kernel(self):
        """Write protection holds for the kernel too, and data cannot be executed (SDM volume 3, 2.5 and 2.2.1)."""
        text = self.machine.monitor.human("info registers")
        cr0, efer = (int(re.search(rf"{name}=(\w+)", text)[1], 16) for name in ("CR0", "EFER"))
        self.assertTrue(cr0 & CR0_WP, f"CR0 {cr0:x}")
        self.assertTrue(efer & EFER_NXE, f"EFER {efer:x}")

    def test_ticks_as_the_wall_clock(self):
        client = self.poke()
        first, start = self.ticks(client)
        while time.monotonic() - start < TICKS_SPAN_S:
            client.done("out 0x80 1 0x55")
            client.done("service 100")
        last, end = self.ticks(client)
        rate = (last - first) / (end - start)
        self.assertTrue(0.9 * TICKS_A_SECOND <= rate <= 1.1 * TICKS_A_SECOND, f"{rate:.1f} ticks a second")

    @staticmethod
    def ticks(client):
        start = len(client.console)
        client.done("type ticks")
        match = client.wait_console(r"kernel: (\d+) ticks, \d+ made up\r\n", start)
        return int(match[1]), time.monotonic()
