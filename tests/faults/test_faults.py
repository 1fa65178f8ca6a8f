# SPDX-License-Identifier: MIT
"""test_faults.py: the real image behind a line that damages bytes, clients that are killed, a target that is reset.

QEMU's trace is the judge: it shows what the target did, whatever anybody was told. SOAK=1 in the environment asks for the
long form. A failure names its seed; KDIO_SEED repeats it.
"""
import os
import random
import select
import socket
import time

from accesses import random_write
from damage import Damage
from harness import Deadline, Line, Machine, Poke, SystemTest

SOAK = os.environ.get("SOAK") == "1"
SEED = int(os.environ.get("KDIO_SEED", "20261120"))
SINGLE_COUNT = 10000 if SOAK else 2000
PROGRAM_COUNT = 400 if SOAK else 60
PROGRAM_BYTES = 1024
KILL_COUNT = 50 if SOAK else 10
RESET_COUNT = 10 if SOAK else 3
FLOOD_BYTES = 10_000_000 if SOAK else 300_000
TICKS_A_SECOND = 100
FAULTY_S = 120  # A reply through a line that damages it.
FIRST_PORT = 0xd00  # Firmware, after a reset, uses ports below.
REGIONS = ("io", "ioport80", "pc-testdev-ioport-loopback", "pc-testdev-ioport", "loopback")


def out(write):
    port, width, value = write
    return f"out {port:#x} {width} {value:#x}"


def unowned_write(draw):
    """A write that the trace shows as one line, whatever its width."""
    while True:
        write = random_write(draw)
        if write[0] >= FIRST_PORT:
            return write


class FaultsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.machine = cls.use_for_class(Machine("--kernel", "--append", "mode=spin"))
        cls.machine.poke().close()

    def setUp(self):
        self.mark = self.machine.trace.mark()
        self.draw = random.Random(f"{SEED} {self.id()}")

    def line(self, one_in):
        damage = Damage(f"{SEED} {self.id()} line", one_in)
        line = self.use(Line(self.machine.path(f"line-{self._testMethodName}"), self.machine.path("com1"), damage))
        return line, damage

    def client(self, line, *arguments):
        return self.use(Poke(line.target, *arguments))

    def assert_written(self, writes, why):
        self.assert_accesses(self.machine.trace.accesses(self.mark, *REGIONS),
                             [("write", port, width, value) for port, width, value in writes],
                             f"({why}, seed {SEED})")

    def replies(self, client, lines):
        """As Poke.all_done, with the patience that a bad line asks for."""
        for first in range(0, len(lines), 50):
            stretch = lines[first:first + 50]
            client.send(*stretch)
            for line in stretch:
                reply = client.reply(FAULTY_S)
                self.assertEqual(reply["status"], "DONE", f"{line}: {reply}, seed {SEED}")

    def test_single_writes_at_one_fault_in_a_hundred_bytes(self):
        line, damage = self.line(100)
        client = self.client(line)
        writes = [unowned_write(self.draw) for _ in range(SINGLE_COUNT)]
        self.replies(client, [out(write) for write in writes])
        link, stub = client.done("link", FAULTY_S), client.done("stats", FAULTY_S)
        damage.one_in = 0
        self.assert_written(writes, "single writes")
        self.assertTrue(all(damage.counts.values()), damage.counts)
        self.assertGreater(link["retransmitted"], 0)
        self.assertGreater(stub["repeated"], 0, "no reply was lost: the test shows nothing")
        print(f"    {SINGLE_COUNT} writes, faults {damage.counts}, sent again {link['retransmitted']}, "
              f"answered from memory {stub['repeated']}")

    def test_programs_at_one_fault_in_ten_thousand_bytes(self):
        line, damage = self.line(10000)
        client = self.client(line)
        written = []
        for _ in range(PROGRAM_COUNT):
            program, size = [], 0
            while size < PROGRAM_BYTES:
                program.append(unowned_write(self.draw))
                size += 3 + program[-1][1]
            reply = client.program([out(write) for write in program], seconds=FAULTY_S)
            self.assertEqual(reply["status"], "DONE", f"{reply}, seed {SEED}")
            written += program
        damage.one_in = 0
        self.assert_written(written, "programs")
        self.assertTrue(any(damage.counts.values()), damage.counts)

    def told_and_done(self, mark, writes, told):
        """What the trace has since `mark` is a beginning of `writes`, and at least what the client was told is done."""
        found = [access.key() for access in self.machine.trace.accesses(mark, *REGIONS) if access.port >= FIRST_PORT]
        self.assertEqual(found, [("write", *write) for write in writes[:len(found)]], f"seed {SEED}")
        self.assertGreaterEqual(len(found), told, f"seed {SEED}")
        return len(found)

    def test_clients_that_are_killed_tell_their_successors(self):
        line, damage = self.line(400)
        for _ in range(KILL_COUNT):
            client = self.client(line)
            mark = self.machine.trace.mark()
            writes = [unowned_write(self.draw) for _ in range(100)]
            client.send(*[out(write) for write in writes])
            told = self.draw.randrange(1, 60)
            for _ in range(told):
                self.assertEqual(client.reply(FAULTY_S)["status"], "DONE", f"seed {SEED}")
            client.process.kill()
            client.process.wait()
            session = client.opened.get("session_id")
            successor = self.client(line)
            info = successor.done("info", FAULTY_S)
            done = self.told_and_done(mark, writes, told)
            self.assertEqual(info["previous_operations"], done, f"seed {SEED}")
            if session is not None:
                self.assertEqual(info["previous_session"], session)
            successor.close()
        damage.one_in = 0

    def test_a_flood_of_garbage_never_starves_the_kernel(self):
        """Random bytes as fast as the line takes them: the tick counter keeps wall time, and the next client is served."""
        client = self.machine.poke()
        ticks = self.ticks(client)
        start = time.monotonic()
        client.close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(self.machine.path("com1"))
            line.setblocking(False)
            deadline, sent = Deadline(FAULTY_S, "the flood"), 0
            while sent < FLOOD_BYTES:
                deadline.left()
                readable, writable, _ = select.select([line], [line], [], 1)
                if readable:
                    line.recv(65536)
                if writable:
                    sent += line.send(self.draw.randbytes(4096))
        client = self.use(self.machine.poke())
        passed, wall = (self.ticks(client) - ticks) / TICKS_A_SECOND, time.monotonic() - start
        self.assertAlmostEqual(passed, wall, delta=0.1 * wall + 0.2)
        stats = client.done("stats")
        self.assertGreater(stats["bad_frames"], 100, "the flood did not reach the stub")
        write = unowned_write(self.draw)
        mark = self.machine.trace.mark()
        client.done(out(write))
        self.assertEqual(self.told_and_done(mark, [write], 1), 1)

    def ticks(self, client):
        start = len(client.console)
        client.done("type ticks")
        return int(client.wait_console(r"kernel: (\d+) ticks", start)[1])

    def test_resets_are_noticed_at_once_and_the_next_connection_works(self):
        line, _ = self.line(0)
        for _ in range(RESET_COUNT):
            client = self.client(line)
            mark = self.machine.trace.mark()
            writes = [unowned_write(self.draw) for _ in range(2000)]
            client.send("begin", *[out(write) for write in writes], "end plain")
            self.machine.monitor.human("system_reset")
            reply = client.reply(FAULTY_S)
            found = self.told_and_done(mark, writes, reply.get("done", 0))
            if reply["status"] == "DONE":
                self.assertEqual(found, len(writes))
            else:
                self.assertIn(reply["status"], ("RESET", "TIMEOUT"), reply)
                self.assertIn(reply["outcome"], ("unknown", "not done"), reply)
            client.close()
            again = self.client(line)
            write = unowned_write(self.draw)
            mark = self.machine.trace.mark()
            again.done(out(write))
            self.assertEqual(self.told_and_done(mark, [write], 1), 1)
            again.close()
