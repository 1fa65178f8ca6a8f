# SPDX-License-Identifier: MIT
"""test_programs.py: what programs do, on the devices that QEMU has: each operation, and pairs that the kernel uses too."""
import os
import re
import signal
import time

from harness import Command, SystemTest

REALLY_LONG_S = 90
PAIR_COUNT = 100_000
LINES_OF_A_SCRIPT = 20_000


def values(result, word=None):
    return [line["value"] for line in result.objects if word is None or line["command"] == word]


class Devices(SystemTest):
    def ask(self, *lines, **options):
        """What the commands print, as JSON objects."""
        return self.command("--json", "-c", "; ".join(lines), **options)

    def test_pit_counts_down(self):
        self.boot()
        counts = values(self.ask(*["{ ob 43 0", "ib 40", "ib 40 }"] * 2), "ib")
        self.assertEqual(len(counts), 4)
        self.assertNotEqual(counts[:2], counts[2:])

    def test_cmos_by_index(self):
        self.boot(qemu=("-rtc", "base=2031-07-19T03:04:05,clock=vm"))
        date = values(self.ask("xib 70 7 71", "xib 70 8 71", "xib 70 9 71", "xib 70 32 71"))
        self.assertEqual(date, [0x19, 0x07, 0x31, 0x20])

    def test_rmw_is_one_in_and_one_out(self):
        self.boot(qemu=("-serial", "null"))
        self.poke().close()
        mark = self.machine.trace.mark()
        with self.machine.trace.reads():
            changed = self.ask("ob 2ff 35", "rmwb 2ff f0 8", "ib 2ff").objects
        self.assertEqual((changed[1]["old"], changed[1]["new"], changed[2]["value"]), (0x35, 0x38, 0x38))
        scratch = [access for access in self.machine.trace.accesses(mark, "serial") if access.port == 0x2ff]
        self.assertEqual([(access.kind, access.value) for access in scratch],
                         [("write", 0x35), ("read", 0x35), ("write", 0x38), ("read", 0x38)])

    def test_poll_waits_for_the_clock_to_be_at_rest(self):
        self.boot()
        polled = self.ask("ob 70 a", "pollb 71 80 0 1000ms").objects[-1]
        self.assertEqual(polled["value"] & 0x80, 0)

    def test_poll_that_never_comes_true(self):
        self.boot()
        result = self.command("-c", "ob d00 1; pollb 80 ff 12 50ms; ob d00 2", status=1)
        self.assertRegex(result.errors, "ff was read last")
        mark = self.machine.trace.mark()
        self.command("ob", "d00", "3")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 1, 3)])

    def test_check_stops_a_program(self):
        self.boot()
        self.poke().close()
        mark = self.machine.trace.mark()
        result = self.command("-c", "{ ib 80; checkb ff ff; ob d00 1; checkb ff 0; ob d00 2 }", status=1)
        self.assertRegex(result.errors, "checkb")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 1, 1)])

    def test_ide_identify(self):
        def disk(directory):
            with open(os.path.join(directory, "disk"), "wb") as file:
                file.truncate(1 << 20)

        self.boot("--machine", "pc", prepare=disk, qemu=("-drive", "file=@/disk,format=raw,if=ide"))
        result = self.ask("ob 1f6 a0", "ob 1f7 ec", "pollb 1f7 88 8 1000ms", "insw 1f0 0n256")
        words = result.objects[-1]["values"]
        self.assertEqual(len(words), 256)
        model = b"".join(word.to_bytes(2, "big") for word in words[27:47])
        self.assertEqual(model.decode().strip(), "QEMU HARDDISK")

    def test_vga_index_register_is_put_back(self):
        self.boot(qemu=("-device", "VGA"))
        result = self.ask("ob 3d4 5", "xob 3d4 f 3d5 77", "xib 3d4 f 3d5", "ib 3d4")
        self.assertEqual(values(result)[-2:], [0x77, 0x05])

    def test_pci_by_its_pair(self):
        self.boot()
        result = self.ask("od cf8 8000f800", "xid cf8 80000000 cfc", "id cf8")
        self.assertEqual(values(result)[-2:], [0x29c08086, 0x8000f800])

    def test_strings_and_repetitions(self):
        self.boot()
        mark = None
        text = "".join(f" {byte:02x}" for byte in b"Hello, world")
        self.command("-c", f"outsb e9{text}; repb e9 5 21")
        self.machine.monitor.execute("query-status")
        with open(self.machine.path("debugcon"), "rb") as file:
            self.assertEqual(file.read()[-17:], b"Hello, world!!!!!")
        mark = self.machine.trace.mark()
        self.command("-c", "outsd d00 12345678 9abcdef0; repw d10 3 beef")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"),
                             [("write", 0xd00, 4, 0x12345678), ("write", 0xd00, 4, 0x9abcdef0)] +
                             [("write", 0xd10, 2, 0xbeef)] * 3)

    def test_a_long_string_is_cut_and_whole(self):
        self.boot()
        self.poke().close()
        numbers = [n * 7919 & 0xffff for n in range(3000)]
        mark = self.machine.trace.mark()
        self.command("run", "-", text="".join(f"outsw d00 {' '.join(f'{n:x}' for n in numbers[at:at + 500])}\n"
                                              for at in range(0, 3000, 500)))
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [("write", 0xd00, 2, n) for n in numbers])

    def test_delay_and_the_time_stamp_counter(self):
        self.boot()
        before, after = values(self.ask("rdtsc", "delay 20ms", "rdtsc"), "rdtsc")
        self.assertGreater(after - before, 20_000)

    def test_the_longest_time_with_interrupts_off_is_told(self):
        self.boot()
        self.ask("{ delay 500us }")
        info = self.command("--json", "info").objects[0]
        self.assertTrue(500 <= info["counters"]["atomic_us_max"] <= 100_000, info)

    def test_an_atomic_program_that_takes_too_long_is_refused(self):
        self.boot()
        self.poke().close()
        mark = self.machine.trace.mark()
        result = self.command("-c", "{ ob d00 1; delay 2ms }", status=1)
        self.assertIn("longer", result.errors)
        self.assert_accesses(self.machine.trace.accesses(mark, "io"), [])


class Long(SystemTest):
    """Programs that take long: they can be cancelled, and a host that died with one does not hold the line."""

    def start_long(self):
        self.boot()
        self.poke().close()
        mark = self.machine.trace.mark()
        command = self.use(Command(self.machine.target, "run", "-", text="ob d00 1\ndelay 3s\nob d00 2\n"
                                                                         "pollb 80 ff 12 600s\nob d00 3\n"))
        self.wait_written(mark, [("write", 0xd00, 1, 1), ("write", 0xd00, 1, 2)])
        return mark, command

    def wait_written(self, mark, keys):
        end = time.monotonic() + REALLY_LONG_S
        while [access.key() for access in self.machine.trace.accesses(mark, "io")] != keys:
            self.assertLess(time.monotonic(), end, "the program goes on")

    def test_control_c_cancels(self):
        mark, command = self.start_long()
        command.process.send_signal(signal.SIGINT)
        result = command.result()
        self.assertLess(result.seconds, REALLY_LONG_S)
        self.assertRegex(result.errors, r"-:4: .*(interrupted|cancelled)")
        self.command("ob", "d00", "4")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"),
                             [("write", 0xd00, 1, 1), ("write", 0xd00, 1, 2), ("write", 0xd00, 1, 4)])

    def test_a_host_that_dies_does_not_keep_the_next_one_out(self):
        mark, command = self.start_long()
        command.process.kill()
        self.command("ob", "d00", "5")
        self.assert_accesses(self.machine.trace.accesses(mark, "io"),
                             [("write", 0xd00, 1, 1), ("write", 0xd00, 1, 2), ("write", 0xd00, 1, 5)])

    def test_a_reset_in_the_middle(self):
        _, command = self.start_long()
        self.machine.monitor.execute("system_reset")
        result = command.result()
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.errors, r"-:4: .*reset.*unknown")
        self.command("ob", "d00", "6")


class Pairs(SystemTest):
    """The kernel's idle loop and its timer interrupt use 70/71 and cf8/cfc while the stub does."""

    def counts(self, client, kinds=("main", "timer")):
        start = len(client.console)
        client.done("type pairs-count")
        found = {}
        for kind in kinds:
            match = client.wait_console(rf"^kernel: pairs of {kind}: (\d+) done, (\d+) torn", start)
            found[kind] = int(match[1]), int(match[2])
        return found

    def shell(self, word):
        client = self.poke()
        client.done(f"type {word}")
        client.wait_console(r"^kernel: pairs o")
        client.close()

    def read_pairs(self, count):
        """Wrong values among `count` reads of both pairs by the stub."""
        expected = [0x5a ^ index for index in range(0x50, 0x60)]
        self.command("-c", "; ".join(f"xob 70 {index:x} 71 {0x5a ^ index:x}" for index in range(0x50, 0x60)))
        bridge, lpc = values(self.command("--json", "-c", "xid cf8 80000000 cfc; xid cf8 8000f800 cfc"))
        script = "".join(f"xib 70 {0x50 + n % 16:x} 71\nxid cf8 8000f800 cfc\n" for n in range(LINES_OF_A_SCRIPT // 2))
        self.assertNotEqual(bridge, lpc)
        wrong = 0
        for _ in range(count // LINES_OF_A_SCRIPT):
            result = self.command("run", "-", text=script, seconds=REALLY_LONG_S)
            read = [int(value, 16) for value in re.findall(r": (\w+)$", result.output, re.M)]
            self.assertEqual(len(read), LINES_OF_A_SCRIPT)
            wrong += sum(value != expected[n % 16] for n, value in enumerate(read[::2]))
            wrong += sum(value != lpc for value in read[1::2])
        return wrong

    @staticmethod
    def least_done(counts):
        return min(done for done, _ in counts.values())

    def kernel_counts_after(self, least):
        client = self.poke()
        while self.least_done(found := self.counts(client)) < least:
            client.done("service 200")
        client.close()
        return found

    def test_neither_tears_the_other(self):
        self.boot()
        self.shell("pairs")
        wrong = self.read_pairs(PAIR_COUNT)
        found = self.kernel_counts_after(PAIR_COUNT)
        self.assertEqual((wrong, [torn for _, torn in found.values()]), (0, [0, 0]))

    def test_without_the_lock_they_tear(self):
        """What shows that the test above can fail."""
        self.boot()
        self.shell("pairs-unlocked")
        wrong = self.read_pairs(LINES_OF_A_SCRIPT * 2)
        torn = sum(torn for _, torn in self.kernel_counts_after(1).values())
        self.assertGreater(wrong + torn, 0)
