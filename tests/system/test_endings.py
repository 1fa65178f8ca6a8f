# SPDX-License-Identifier: MIT
"""test_endings.py: targets that end or start again, wanted or not, between commands and in the middle of one."""
import time

from harness import REPLY_S, Command, Deadline, SystemTest, kdio

AT_ONCE_S = 2.0  # A lost connection is known by its end; a reset by the new kernel's first word, which is a boot away.
BOOT_AGAIN_S = 6.0
LONG = "".join(f"ob 80 {n & 0xff:x}\n" for n in range(300_000))  # Many seconds of work for any target.


class Endings(SystemTest):
    def start(self, *options):
        self.boot(*options)
        self.poke().close()

    def test_exit_status_by_isa_debug_exit(self):
        for value in 0, 1, 0x2a:
            with self.subTest(value=value):
                self.start()
                self.command("--expect-reset", "od", "f4", f"{value:x}")
                self.assertEqual(self.machine.wait_exit(), value << 1 | 1)
                self.machine.close()

    def test_the_launchers_debug_console(self):
        self.boot("--debugcon", "@/console", testdev=False)
        self.poke().close()
        self.command("-c", "ob e9 68; ob e9 69; ob e9 a")
        self.machine.trace.mark()
        with open(self.machine.path("console"), "rb") as file:
            self.assertEqual(file.read(), b"hi\n")

    def test_an_end_that_is_not_expected(self):
        self.start()
        result = kdio(self.machine.target, "od", "f4", "1")
        self.assertEqual((result.status, self.machine.wait_exit()), (3, 3), result)
        self.assertIn("unknown", result.errors)
        self.assertLess(result.seconds, AT_ONCE_S)

    def test_a_reset_that_is_expected(self):
        self.start()
        self.command("--expect-reset", "ob", "cf9", "6")
        self.assertIsNone(self.machine.process.poll())
        self.poke().done("out 0x80 1 1")

    def test_waiting_is_for_the_start_only(self):
        """--wait is for a target that is still off; one that goes away in mid-command is missed at once."""
        self.boot()
        result = self.command("--wait=12", "--expect-reset", "od", "f4", "1")
        self.machine.wait_exit()
        self.assertLess(result.seconds, 6)

    def test_expect_reset_wants_one(self):
        self.start()
        self.assertNotEqual(kdio(self.machine.target, "--expect-reset", "ob", "80", "1").status, 0)

    def start_long_command(self):
        """A command in the middle of its work: the trace has seen some of its writes."""
        self.start()
        mark = self.machine.trace.mark()
        command = self.use(Command(self.machine.target, "--json", "run", "-", text=LONG))
        deadline = Deadline(REPLY_S, "a hundred writes of a long command")
        while len(self.machine.trace.accesses(mark, "ioport80")) < 100:
            deadline.left()
            self.assertIsNone(command.process.poll(), "the command ended by itself")
        return command

    def check_unknown(self, command, seconds):
        start = time.monotonic()
        result = command.result()
        took = time.monotonic() - start
        error = result.objects[-1]["error"]
        self.assertEqual((result.status, error["exit"]), (3, 3), result.errors)
        self.assertEqual(error["outcome"], "unknown", error)
        self.assertIn("unknown", result.errors)
        self.assertLess(took, seconds)
        # The lines reported as done are done, and the first that is not is named.
        self.assertEqual(error["resume_line"], len(result.objects))
        return error

    def test_killed_in_mid_command(self):
        command = self.start_long_command()
        self.machine.process.kill()
        self.check_unknown(command, AT_ONCE_S)

    def test_reset_in_mid_command(self):
        command = self.start_long_command()
        self.machine.monitor.execute("system_reset")
        self.assertEqual(self.check_unknown(command, BOOT_AGAIN_S)["status"], "RESET")

    def stopped_in_mid_operation(self, *arguments):
        """A client whose write is on its way to a machine that does not run."""
        self.boot()
        client = self.poke(*arguments)
        self.mark = self.machine.trace.mark()
        client.done("out 0xd00 1 1")
        self.machine.monitor.execute("stop")
        client.send("out 0xd00 1 2")
        return client

    def test_killed_before_an_operation_is_answered(self):
        client = self.stopped_in_mid_operation()
        self.machine.process.kill()
        reply = client.reply(AT_ONCE_S)
        self.assertEqual(reply["outcome"], "unknown", reply)
        self.assertEqual(reply["class"], 2, reply)

    def test_reset_before_an_operation_is_answered(self):
        client = self.stopped_in_mid_operation()
        self.machine.monitor.execute("system_reset")
        self.machine.monitor.execute("cont")
        reply = client.reply(BOOT_AGAIN_S)
        self.assertEqual((reply["status"], reply["outcome"]), ("RESET", "unknown"), reply)
        # What the old kernel was sent is never executed by the new one.
        self.assertEqual(client.call("resolve")["status"], "RESET")
        client.done("out 0xd00 1 3")
        found = [access for access in self.machine.trace.accesses(self.mark, "io") if access.port == 0xd00]
        self.assert_accesses(found, [("write", 0xd00, 1, 1), ("write", 0xd00, 1, 3)])

    def test_a_target_that_falls_silent(self):
        client = self.stopped_in_mid_operation("--dead", "1000")
        start = time.monotonic()
        reply = client.reply(5)
        self.assertEqual((reply["status"], reply["outcome"]), ("TIMEOUT", "unknown"), reply)
        self.assertLess(time.monotonic() - start, 3)
        self.machine.monitor.execute("cont")
        reply = client.call("resolve")
        self.assertEqual(reply["status"], "DONE", reply)
        done = self.machine.trace.accesses(self.mark, "io")
        self.assert_accesses(done, [("write", 0xd00, 1, n) for n in range(1, reply["done_count"] + 2)])
